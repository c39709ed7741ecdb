package kv

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// cursor is where a scan goes on: after its last key. As text it is base64url of
//
//	version (1) · scan (8) · last key · mac (16)
//
// where scan is a hash of the range and the direction, so that a cursor is refused
// by another scan, and mac is keyed with a secret of the store, so that one that
// was changed or made up is refused by all.
type cursor struct {
	scan [8]byte
	last []byte
}

const (
	cursorVersion = 1
	macBytes      = 16
	secretBytes   = 32
)

// fingerprint tells scans apart. The bounds hold database and bucket.
func fingerprint(lower, upper []byte, reverse bool) (f [8]byte) {
	h := sha256.New()
	var n [9]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(lower)))
	if reverse {
		n[8] = 1
	}
	h.Write(n[:])
	h.Write(lower)
	h.Write(upper)
	copy(f[:], h.Sum(nil))
	return f
}

func (c *cursor) seal(secret []byte) string {
	b := append([]byte{cursorVersion}, c.scan[:]...)
	b = append(b, c.last...)
	return base64.RawURLEncoding.EncodeToString(append(b, mac(secret, b)...))
}

func mac(secret, b []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(b)
	return h.Sum(nil)[:macBytes]
}

// open reads a cursor of the scan of c.
func (c *cursor) open(secret []byte, text string) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 1+len(c.scan)+1+macBytes || b[0] != cursorVersion {
		return badCursor("is none of this server")
	}
	body := b[:len(b)-macBytes]
	if !hmac.Equal(mac(secret, body), b[len(body):]) {
		return badCursor("is none of this server")
	}
	if [8]byte(body[1:9]) != c.scan {
		return badCursor("belongs to another list: bucket, bounds and direction must stay as they were")
	}
	c.last = body[9:]
	return nil
}

func badCursor(why string) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_CURSOR", "the cursor %s", why).WithField("cursor").WithHint("begin the list again without a cursor")
}

func (s *Store) openCursor(tx *txn.Tx, text string, c cursor) (last []byte, err error) {
	secret, err := s.cursorSecret(tx)
	if err != nil {
		return nil, err
	}
	if err := c.open(secret, text); err != nil {
		return nil, err
	}
	return c.last, nil
}

func (s *Store) sealCursor(tx *txn.Tx, c cursor) (string, error) {
	secret, err := s.cursorSecret(tx)
	if err != nil {
		return "", err
	}
	return c.seal(secret), nil
}

// cursorSecret returns the store's secret, which came with its first bucket.
func (c *core) cursorSecret(tx *txn.Tx) ([]byte, error) {
	if known := c.secret.Load(); known != nil {
		return *known, nil
	}
	v, at, ok, err := tx.GetVersion(appendObject(nil, keyspace.System, objSecret))
	if err != nil {
		return nil, err
	}
	if !ok || len(v) != secretBytes {
		return nil, fmt.Errorf("%w: the secret of cursors has %d bytes", dberr.ErrCorrupt, len(v))
	}
	v = bytes.Clone(v)
	if at != 0 { // else the transaction made it, and may yet be rolled back
		c.secret.Store(&v)
	}
	return v, nil
}

// makeSecret makes the store's secret where there is none yet.
func makeSecret(tx *txn.Tx) error {
	key := appendObject(nil, keyspace.System, objSecret)
	_, ok, err := tx.Get(key)
	if err != nil || ok {
		return err
	}
	v := make([]byte, secretBytes)
	rand.Read(v) // never fails
	return tx.Put(key, v)
}
