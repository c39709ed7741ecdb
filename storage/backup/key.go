package backup

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// KeyLen is the length of a key in bytes.
const KeyLen = 32

// Key encrypts backups with AES-256-GCM. Each backup derives a key of its own, so
// one Key serves for any number.
type Key [KeyLen]byte

// keyID names a key without telling it.
type keyID [16]byte

// ParseKey reads a key of 64 hex digits.
func ParseKey(s string) (k Key, err error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(b) != KeyLen {
		return k, invalid("INVALID_KEY", "the backup key is not %d hex digits", 2*KeyLen).
			WithHint("make one with: openssl rand -hex %d", KeyLen)
	}
	return Key(b), nil
}

// ReadKeyFile reads a key from a file of 64 hex digits, or of 32 bytes.
func ReadKeyFile(name string) (k Key, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return k, fmt.Errorf("read backup key: %w", err)
	}
	if len(b) == KeyLen {
		return Key(b), nil
	}
	if k, err = ParseKey(string(b)); err != nil {
		return k, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

func (k *Key) id() keyID {
	m := hmac.New(sha256.New, k[:])
	m.Write([]byte("weft backup key id"))
	return keyID(m.Sum(nil))
}

// ID names the key, in hex, and tells nothing of it.
func (k *Key) ID() string {
	id := k.id()
	return hex.EncodeToString(id[:])
}

// Keys finds the key to encrypt with and those that old backups need.
type Keys interface {
	// Current is the key for new backups; ok is false where there is none.
	Current() (k Key, ok bool)
	// Find returns the key of an id that Key.ID gave.
	Find(id string) (k Key, ok bool)
}

// KeyRing is a fixed set of keys, the first of which is for new backups. The zero
// value has none.
type KeyRing []Key

// Current implements Keys.
func (r KeyRing) Current() (k Key, ok bool) {
	if len(r) == 0 {
		return k, false
	}
	return r[0], true
}

// Find implements Keys.
func (r KeyRing) Find(id string) (k Key, ok bool) {
	for _, k := range r {
		if k.ID() == id {
			return k, true
		}
	}
	return k, false
}

// errNoKey is why an encrypted backup cannot be read.
func errNoKey(id string) error {
	return invalid("BACKUP_KEY_MISSING", "the backup is encrypted with key %s, which is not among those given", id).
		WithHint("give its key with backup.key_file, or --key-file")
}

// sealer encrypts and decrypts the blocks of one stream. Its key belongs to the
// stream alone, so the number of a block is its nonce.
type sealer struct {
	aead   cipher.AEAD
	stream [16]byte
}

func newSealer(k Key, stream [16]byte) (*sealer, error) {
	sub, err := hkdf.Key(sha256.New, k[:], stream[:], "weft backup stream", KeyLen)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a backup: %w", err)
	}
	c, err := aes.NewCipher(sub)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a backup: %w", err)
	}
	aead, err := cipher.NewGCM(c)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a backup: %w", err)
	}
	return &sealer{aead: aead, stream: stream}, nil
}

const tagLen = 16

func nonce(kind byte, number uint32) []byte {
	n := make([]byte, 12)
	n[0] = kind
	binary.LittleEndian.PutUint32(n[8:], number)
	return n
}

func (s *sealer) seal(dst, plain []byte, b block) []byte {
	return s.aead.Seal(dst, nonce(b.kind, b.number), plain, s.stream[:])
}

func (s *sealer) open(dst, stored []byte, b block) ([]byte, error) {
	out, err := s.aead.Open(dst, nonce(b.kind, b.number), stored, s.stream[:])
	if err != nil {
		return nil, fmt.Errorf("%w: block %d is not what the key has sealed", dberr.ErrCorrupt, b.number)
	}
	return out, nil
}

// sign makes the tag of a block that stays readable without the key.
func (s *sealer) sign(plain []byte, b block) []byte {
	return s.aead.Seal(nil, nonce(b.kind, b.number), nil, append(s.stream[:16:16], plain...))
}

func (s *sealer) checkSign(plain, tag []byte, b block) error {
	if _, err := s.aead.Open(nil, nonce(b.kind, b.number), tag, append(s.stream[:16:16], plain...)); err != nil {
		return fmt.Errorf("%w: the manifest is not what the key has sealed", dberr.ErrCorrupt)
	}
	return nil
}
