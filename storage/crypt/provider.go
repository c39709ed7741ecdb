package crypt

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// KeyBytes is the length of a master key.
const KeyBytes = 32

// local is a master key in memory.
type local struct {
	key    [KeyBytes]byte
	origin string
}

// KeyFromFile reads a master key: 64 hexadecimal digits, or 32 bytes as they are.
func KeyFromFile(name string) (Provider, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY", "the encryption key cannot be read").Wrap(err).
			WithHint("write 64 hexadecimal digits into the file: openssl rand -hex 32 > %s", name)
	}
	if len(b) == KeyBytes {
		return &local{key: [KeyBytes]byte(b), origin: "the key file " + name}, nil
	}
	return parseKey(string(b), "the key file "+name)
}

// KeyFromText takes a master key of 64 hexadecimal digits; origin says where it is
// from, such as "the environment variable X".
func KeyFromText(text, origin string) (Provider, error) { return parseKey(text, origin) }

// KeyFromBytes is a master key that the caller has.
func KeyFromBytes(key []byte, origin string) (Provider, error) {
	if len(key) != KeyBytes {
		return nil, badKey(origin, fmt.Sprintf("%d bytes", len(key)))
	}
	return &local{key: [KeyBytes]byte(key), origin: origin}, nil
}

func parseKey(text, origin string) (Provider, error) {
	text = strings.TrimSpace(text)
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != KeyBytes {
		return nil, badKey(origin, fmt.Sprintf("%d characters", len(text)))
	}
	return &local{key: [KeyBytes]byte(b), origin: origin}, nil
}

func badKey(origin, has string) error {
	return dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY", "%s does not hold an encryption key: want 64 hexadecimal digits, it has %s", origin, has).
		WithHint("make one with: openssl rand -hex 32")
}

// The wrapped form: "aes256gcm:" fingerprint of the master key ":" base64 of nonce
// and sealed key. The fingerprint is there to say which key is wanted.
const localScheme = "aes256gcm"

func (l *local) fingerprint() string {
	m := hmac.New(sha256.New, l.key[:])
	m.Write([]byte("weft master key"))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

// Wrap implements Provider.
func (l *local) Wrap(_ context.Context, key []byte) (string, error) {
	n := make([]byte, 12)
	rand.Read(n)
	return localScheme + ":" + l.fingerprint() + ":" + base64.RawStdEncoding.EncodeToString(gcm(l.key[:]).Seal(n, n, key, nil)), nil
}

// Unwrap implements Provider.
func (l *local) Unwrap(_ context.Context, wrapped string) ([]byte, error) {
	p := strings.Split(wrapped, ":")
	if len(p) != 3 || p[0] != localScheme {
		return nil, wrongKey("it was locked by another kind of key (%s)", p[0])
	}
	if p[1] != l.fingerprint() {
		return nil, wrongKey("it was locked with the key of fingerprint %s; this one has %s", p[1], l.fingerprint())
	}
	b, err := base64.RawStdEncoding.DecodeString(p[2])
	if err == nil && len(b) > 12 {
		if key, err := gcm(l.key[:]).Open(nil, b[:12], b[12:], nil); err == nil {
			return key, nil
		}
	}
	return nil, wrongKey("the stored form was changed")
}

func wrongKey(format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_WRONG", "the key does not open the store: "+format, args...).
		WithHint("configure the key that the store was made with, or that it was last rotated to")
}

// String implements Provider.
func (l *local) String() string { return l.origin }
