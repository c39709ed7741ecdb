package crypt

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// fileKey is the random key of one file.
type fileKey [32]byte

// sealing derives what a sealed file needs.
func (k fileKey) sealing() (cipher.AEAD, []byte) {
	return gcm(k.derive("weft sealed blocks", 32)), k.derive("weft sealed slots", 32)
}

// inPlace derives what a file that is written in place needs.
func (k fileKey) inPlace() *xts {
	c, err := newXTS(k.derive("weft in place", xtsKeyLen))
	if err != nil {
		panic(err) // the length is right
	}
	return c
}

func (k fileKey) derive(purpose string, n int) []byte {
	b, err := hkdf.Expand(sha256.New, k[:], purpose, n)
	if err != nil {
		panic(err) // the length is right
	}
	return b
}

func gcm(key []byte) cipher.AEAD {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the length is right
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // the block size is right
	}
	return a
}

// Provider guards the store keys with a key that it does not give away: a file, an
// environment variable, a service.
type Provider interface {
	// Wrap returns key in a form that only Unwrap of the same provider opens. The
	// form is one line of printable text without spaces.
	Wrap(ctx context.Context, key []byte) (string, error)
	// Unwrap opens what Wrap returned. Where it was wrapped under another key, the
	// error is of class dberr.ErrInvalid and says so.
	Unwrap(ctx context.Context, wrapped string) ([]byte, error)
	// String says where the key comes from, without giving it away.
	String() string
}

// storeKey wraps the keys of files.
type storeKey struct {
	id      keyID
	key     [32]byte
	wrapped string // by the provider
}

// Keyring holds the store keys. It does not change; safe for concurrent use.
type Keyring struct {
	keys []storeKey // the last one is for new files
	aead map[keyID]cipher.AEAD
}

func newKeyring(keys []storeKey) *Keyring {
	r := &Keyring{keys: keys, aead: map[keyID]cipher.AEAD{}}
	for _, k := range keys {
		r.aead[k.id] = gcm(k.key[:])
	}
	return r
}

// EphemeralKeys returns a key ring that nobody else has and that ends with the
// process: for temporary files, and for tests.
func EphemeralKeys() *Keyring {
	var k storeKey
	rand.Read(k.id[:])
	rand.Read(k.key[:])
	return newKeyring([]storeKey{k})
}

func (r *Keyring) current() *storeKey { return &r.keys[len(r.keys)-1] }

// wrap makes the header of a file.
func (r *Keyring) wrap(kind byte, fk fileKey) header {
	h := header{kind: kind, key: r.current().id}
	rand.Read(h.nonce[:])
	copy(h.wrapped[:], r.aead[h.key].Seal(nil, h.nonce[:], fk[:], h.aad()))
	return h
}

func (r *Keyring) unwrap(h header, name string) (fk fileKey, err error) {
	a, ok := r.aead[h.key]
	if !ok {
		return fk, dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_UNKNOWN", "%s is encrypted under the store key %s, which the store does not have", name, h.key).
			WithHint("restore the file %s that belongs to it", FileName)
	}
	plain, err := a.Open(nil, h.nonce[:], h.wrapped[:], h.aad())
	if err != nil || len(plain) != len(fk) {
		return fk, &dberr.CorruptError{File: name, Reason: "the key in the encryption header was changed"}
	}
	copy(fk[:], plain)
	return fk, nil
}

// FileName is the file with the wrapped store keys, in the store's directory.
const FileName = "ENCRYPTION"

const (
	fileMagic    = "weft encryption"
	fileVersion  = 1
	maxFileBytes = 1 << 20
	fileCategory = vfs.Category("weft-encryption")
)

// encodeKeys is the content of the file: text, so that a person who looks into the
// directory learns what it is.
//
//	weft encryption
//	version 1
//	key 0011223344556677 <wrapped by the provider>     one line for each, the newest last
//	check 1c2d3e4f                                      crc32c of the lines before
func encodeKeys(keys []storeKey) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nversion %d\n", fileMagic, fileVersion)
	for _, k := range keys {
		fmt.Fprintf(&b, "key %s %s\n", k.id, k.wrapped)
	}
	return fmt.Appendf(b.Bytes(), "check %08x\n", crc32.Checksum(b.Bytes(), crcTable))
}

// decodeKeys reads what encodeKeys wrote; the keys themselves are still wrapped.
func decodeKeys(name string, b []byte) ([]storeKey, error) {
	corrupt := func(reason string) error { return &dberr.CorruptError{File: name, Reason: reason} }
	lines := strings.SplitAfter(string(b), "\n")
	if len(lines) < 2 || lines[0] != fileMagic+"\n" {
		return nil, corrupt(fmt.Sprintf("it does not begin with %q", fileMagic))
	}
	if lines[1] != fmt.Sprintf("version %d\n", fileVersion) {
		return nil, dberr.New(dberr.ErrUnsupported, "ENCRYPTION_VERSION", "%s: its second line is %q, this version of weft reads version %d", name, strings.TrimSpace(lines[1]), fileVersion).
			WithHint("open the store with the version of weft that wrote it, or a newer one")
	}
	n := len(lines)
	if n < 4 || lines[n-1] != "" {
		return nil, corrupt("it is cut short")
	}
	body := strings.Join(lines[:n-2], "")
	if lines[n-2] != fmt.Sprintf("check %08x\n", crc32.Checksum([]byte(body), crcTable)) {
		return nil, corrupt("the checksum does not match")
	}
	var keys []storeKey
	for _, line := range lines[2 : n-2] {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(f) != 3 || f[0] != "key" || len(f[1]) != 16 || f[2] == "" {
			return nil, corrupt(fmt.Sprintf("there is no key in the line %q", line))
		}
		k := storeKey{wrapped: f[2]}
		if id, err := hex.DecodeString(f[1]); err != nil || hex.EncodeToString(id) != f[1] {
			return nil, corrupt(fmt.Sprintf("%q is no key id", f[1]))
		} else {
			copy(k.id[:], id)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, corrupt("it has no key")
	}
	return keys, nil
}

// Open returns the encrypted view of the store in dir, whose file of keys is read;
// where new is set, it is made. p guards the keys. Nothing is written where it
// returns an error, but for the beginnings of a new file.
func Open(ctx context.Context, fs vfs.FS, dir string, p Provider, create bool) (*FS, error) {
	keys, err := load(ctx, fs, dir, p)
	if errors.Is(err, os.ErrNotExist) && create {
		k, kerr := newStoreKey(ctx, p)
		if kerr != nil {
			return nil, fmt.Errorf("make a store key with %s: %w", p, kerr)
		}
		keys = []storeKey{k}
		err = save(fs, dir, keys)
	}
	if err != nil {
		return nil, err
	}
	return New(fs, newKeyring(keys)), nil
}

// Exists says whether the store in dir is encrypted.
func Exists(fs vfs.FS, dir string) (bool, error) {
	_, err := fs.Stat(fs.PathJoin(dir, FileName))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func newStoreKey(ctx context.Context, p Provider) (k storeKey, err error) {
	rand.Read(k.id[:])
	rand.Read(k.key[:])
	k.wrapped, err = p.Wrap(ctx, k.key[:])
	if err == nil && (k.wrapped == "" || strings.ContainsAny(k.wrapped, " \r\n")) {
		err = errors.New("what it returned is not one word")
	}
	return k, err
}

// load reads and unwraps the store keys.
func load(ctx context.Context, fs vfs.FS, dir string, p Provider) ([]storeKey, error) {
	name := fs.PathJoin(dir, FileName)
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, vfs.MapError(err))
	}
	keys, err := decodeKeys(name, b)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		plain, err := p.Unwrap(ctx, keys[i].wrapped)
		if err != nil {
			return nil, fmt.Errorf("open the store keys in %s with %s: %w", name, p, err)
		}
		if len(plain) != len(keys[i].key) {
			return nil, &dberr.CorruptError{File: name, Reason: fmt.Sprintf("the store key %s has %d bytes, want %d", keys[i].id, len(plain), len(keys[i].key))}
		}
		copy(keys[i].key[:], plain)
	}
	return keys, nil
}

// save writes the file so that after a crash it is there as before or as after.
func save(fs vfs.FS, dir string, keys []storeKey) error {
	name := fs.PathJoin(dir, FileName)
	tmp := name + ".tmp"
	f, err := fs.Create(tmp, fileCategory)
	if err != nil {
		return fmt.Errorf("create %s: %w", tmp, vfs.MapError(err))
	}
	_, err = f.Write(encodeKeys(keys))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", tmp, vfs.MapError(err))
	}
	if err := fs.Rename(tmp, name); err != nil {
		return fmt.Errorf("rename %s: %w", tmp, vfs.MapError(err))
	}
	return vfs.SyncDir(fs, dir)
}
