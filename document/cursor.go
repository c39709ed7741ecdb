package document

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// A cursor is where a query goes on: after the place of its last document. As text
// it is base64url of
//
//	version (1) · query (8) · place · mac (16)
//
// where query is a hash of the filter, of what the plan reads and in which order, so that a
// cursor is refused by another query and after an index that it needs is gone, and mac is
// keyed with a secret of the store, so that one that was made up is refused by all.

const (
	cursorVersion = 1
	queryBytes    = 8
	macBytes      = 16
	secretBytes   = 32
)

// fingerprint tells plans apart.
func (p *plan) fingerprint(collection string) []byte {
	h := sha256.New()
	put := func(b []byte) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	put([]byte(collection))
	if len(conjuncts(p.filter.Root(), nil)) > 0 {
		put(p.filter.Source())
	}
	flags := byte(0)
	if p.sorted {
		flags |= 1
	}
	if p.back {
		flags |= 2
	}
	put([]byte{flags})
	if p.sorted { // places are keys of these
		for _, sp := range p.spans {
			put(sp.lower)
			put(sp.upper)
		}
	}
	for _, o := range p.order {
		put([]byte(o.path.String()))
		if o.desc {
			put(nil)
		}
	}
	return h.Sum(nil)[:queryBytes]
}

func (s *Store) sealCursor(tx *txn.Tx, query, place []byte) (string, error) {
	secret, err := s.cursorSecret(tx)
	if err != nil {
		return "", err
	}
	b := append([]byte{cursorVersion}, query...)
	b = append(b, place...)
	return base64.RawURLEncoding.EncodeToString(append(b, mac(secret, b)...)), nil
}

func mac(secret, b []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(b)
	return h.Sum(nil)[:macBytes]
}

// openCursor finds which of some queries a cursor belongs to, and its place.
func (s *Store) openCursor(tx *txn.Tx, text string, queries ...[]byte) (which int, place []byte, err error) {
	secret, err := s.cursorSecret(tx)
	if err != nil {
		return 0, nil, err
	}
	bad := func(why string) (int, []byte, error) {
		return 0, nil, invalid("INVALID_CURSOR", "cursor", "the cursor %s", why).WithHint("begin the query again without a cursor")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 1+queryBytes+1+macBytes || b[0] != cursorVersion {
		return bad("is none of this server")
	}
	body := b[:len(b)-macBytes]
	if !hmac.Equal(mac(secret, body), b[len(body):]) {
		return bad("is none of this server")
	}
	for i, query := range queries {
		if bytes.Equal(body[1:1+queryBytes], query) {
			return i, body[1+queryBytes:], nil
		}
	}
	return bad("belongs to another query, or an index that it went along is gone")
}

// cursorSecret returns the store's secret, which came with its first collection.
func (c *core) cursorSecret(tx *txn.Tx) ([]byte, error) {
	if known := c.secret.Load(); known != nil {
		return *known, nil
	}
	v, at, ok, err := tx.GetVersion(appendObject(nil, keyspace.System, objSecret))
	if err != nil {
		return nil, err
	}
	if !ok || len(v) != secretBytes {
		return nil, damaged("the secret of cursors has %d bytes", len(v))
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

func skipTuple(b []byte) ([]byte, error) { return enc.Skip(b) }
