package kv

import (
	"bytes"
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// look finds a key that is there and alive. The value is in raw where it has no
// parts; load fetches it where it has.
func (s *Store) look(tx *txn.Tx, id keyspace.ObjectID, key []byte, r *record) (version txn.Timestamp, found, alive bool, err error) {
	var b buf
	v, version, ok, err := tx.GetVersion(appendDataKey(b[:0], s.db, id, key))
	if err != nil || !ok {
		return 0, false, false, err
	}
	if err := r.decode(v); err != nil {
		return 0, false, false, fmt.Errorf("read key %q: %w", abbreviate(key), err)
	}
	return version, true, r.alive(tx), nil
}

// alive says whether the record has not expired for tx.
func (r *record) alive(tx *txn.Tx) bool {
	return r.expires == 0 || r.expires > tx.ReadTime().UnixNano()
}

// load returns the value of a record, put together where it is in parts, and
// decompressed. Else it is the store's memory.
func (s *Store) load(tx *txn.Tx, id keyspace.ObjectID, r *record) ([]byte, error) {
	if r.flags&(flagParts|flagPacked) == 0 {
		return r.value, nil
	}
	if r.flags&flagParts == 0 {
		return r.unpack(r.value)
	}
	value := make([]byte, 0, r.stored)
	var b buf
	for n := 0; len(value) < r.stored; n++ {
		part, ok, err := tx.Get(appendPartKey(b[:0], s.db, id, r.parts, n))
		if err != nil {
			return nil, err
		}
		if want := min(partBytes, r.stored-len(value)); !ok || len(part) != want {
			return nil, fmt.Errorf("%w: part %d of a value has %d bytes, not %d", dberr.ErrCorrupt, n, len(part), want)
		}
		value = append(value, part...)
	}
	return r.unpack(value)
}

// get returns the entry of a key.
func (s *Store) get(tx *txn.Tx, bucket string, key []byte, e *Entry, keysOnly bool) (ok bool, err error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	b, ok, err := s.bucket(tx, bucket)
	if err != nil || !ok {
		return false, err
	}
	var r record
	version, _, alive, err := s.look(tx, b.id, key, &r)
	if err != nil || !alive {
		return false, err
	}
	e.Key = key
	e.fill(&r, version)
	if !keysOnly {
		e.Value.Data, err = s.load(tx, b.id, &r)
	}
	return true, err
}

// GetTx returns the entry of a key and whether there is one. Its value must not be
// changed and is valid until the transaction ends.
func (s *Store) GetTx(tx *txn.Tx, bucket string, key []byte) (e Entry, ok bool, err error) {
	ok, err = s.get(tx, bucket, key, &e, false)
	return e, ok, err
}

// reader returns a transaction to read in; own says that it is the caller's to end.
func (s *Store) reader(ctx context.Context) (tx *txn.Tx, own bool, err error) {
	if s.tx != nil {
		return s.tx, false, nil
	}
	tx, err = s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true})
	return tx, true, err
}

// Get returns the entry of a key and whether there is one.
func (s *Store) Get(ctx context.Context, bucket string, key []byte) (e Entry, ok bool, err error) {
	tx, own, err := s.reader(ctx)
	if err != nil {
		return e, false, err
	}
	if own {
		defer tx.Release()
	}
	if ok, err = s.get(tx, bucket, key, &e, false); ok {
		e.Value.Data = bytes.Clone(e.Value.Data)
	}
	return e, ok, err
}

// AppendValue appends the value of a key to dst: the fastest read, which allocates
// nothing where dst has room.
func (s *Store) AppendValue(ctx context.Context, dst []byte, bucket string, key []byte) (value []byte, ok bool, err error) {
	tx, own, err := s.reader(ctx)
	if err != nil {
		return dst, false, err
	}
	if own {
		defer tx.Release()
	}
	var e Entry
	if ok, err = s.get(tx, bucket, key, &e, false); ok {
		dst = append(dst, e.Value.Data...)
	}
	return dst, ok, err
}

// StatTx is GetTx without the value.
func (s *Store) StatTx(tx *txn.Tx, bucket string, key []byte) (e Entry, ok bool, err error) {
	ok, err = s.get(tx, bucket, key, &e, true)
	return e, ok, err
}

// Stat is Get without the value.
func (s *Store) Stat(ctx context.Context, bucket string, key []byte) (e Entry, ok bool, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		e, ok, err = s.StatTx(tx, bucket, key)
		return err
	})
	return e, ok, err
}

// GetManyTx returns the entries of keys that are there, in the order of keys.
func (s *Store) GetManyTx(tx *txn.Tx, bucket string, keys [][]byte) ([]Entry, error) {
	list := make([]Entry, 0, len(keys))
	for _, key := range keys {
		e, ok, err := s.GetTx(tx, bucket, key)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, e)
		}
	}
	return list, nil
}

// GetMany returns the entries of keys that are there at one instant, in the order
// of keys.
func (s *Store) GetMany(ctx context.Context, bucket string, keys [][]byte) (list []Entry, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		if list, err = s.GetManyTx(tx, bucket, keys); err != nil {
			return err
		}
		for i := range list {
			list[i].own()
		}
		return nil
	})
	return list, err
}
