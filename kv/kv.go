// Package kv is the key-value model: buckets of ordered keys, each with a value
// that is JSON or raw bytes, on the one transaction of the store.
//
// It promises that keys of a bucket are read in the order of their bytes; that an
// expired key is seen by no transaction that begins to read after its expiry, swept
// or not; that a version is the timestamp of the commit that wrote it; and that
// every operation has a form with Tx in its name that takes the caller's
// transaction, so that any of them commit together, with rows and documents, or
// not at all.
//
// It owns the keys of keyspace.SpaceKV (docs/format/kv.md), and one goroutine that
// removes what has expired. It has no log, file or lock of its own. It refuses
// keys over MaxKeyBytes, values over MaxValueBytes, JSON that is none, and
// arithmetic that would lose a digit.
package kv

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The limits of every store.
const (
	MaxKeyBytes         = 4 << 10
	MaxValueBytes       = 16 << 20
	MaxBucketBytes      = 128 // of a bucket's name
	MaxContentTypeBytes = 255
)

// DefaultBucket is the bucket that an empty name means.
const DefaultBucket = "default"

// defaultDatabase is the database of Open: the one that is always there.
const defaultDatabase keyspace.DatabaseID = 1

// Store is the key-value model of one database. Safe for concurrent use.
type Store struct {
	*core
	db keyspace.DatabaseID
	tx *txn.Tx // nil: each call has a transaction of its own
}

// core is what the stores of all databases share.
type core struct {
	txns   *txn.Store
	opts   Options
	hub    hub
	sweep  sweeper
	secret atomic.Pointer[[]byte] // of cursors, nil until it is first used
}

// Open returns the model of the default database on a store. Close ends it, and
// must come before the store is closed.
func Open(txns *txn.Store, opts Options) (*Store, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open key-value model: %w", err)
	}
	c := &core{txns: txns, opts: opts.withDefaults()}
	c.hub.init(txns)
	c.startSweeper()
	return &Store{core: c, db: defaultDatabase}, nil
}

// In returns the model of another database. It is closed with the first.
func (s *Store) In(db keyspace.DatabaseID) *Store { return &Store{core: s.core, db: db} }

// Within returns the model as a transaction sees it: every call that would make a
// transaction of its own, but for Watch, runs in tx instead and leaves its end to the
// caller. A call that fails may have written; the caller undoes it by a savepoint. Not
// safe for concurrent use.
func (s *Store) Within(tx *txn.Tx) *Store { return &Store{core: s.core, db: s.db, tx: tx} }

// Close ends the removal of expired keys and cuts all watchers off. Transactions
// that run can go on.
func (s *Store) Close() error {
	s.sweep.stop()
	s.hub.close()
	return nil
}

// Now is the time by the store's clock, by which keys expire.
func (s *Store) Now() time.Time { return s.txns.Clock().Now() }

// View runs fn in a read-only transaction: several reads of one instant.
func (s *Store) View(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.View(ctx, fn)
}

// Update runs fn in a transaction and commits it, again where it met a conflict.
func (s *Store) Update(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.Update(ctx, txn.TxOptions{}, fn) // fn may use models whose caches follow commits
}

// view is View for an fn that keeps nothing of the transaction.
func (s *Store) view(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.Look(ctx, fn)
}

// update runs fn in a serializable transaction until it commits, and returns the
// timestamp of the commit, 0 where it wrote nothing.
func (s *Store) update(ctx context.Context, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	return s.commit(ctx, txn.Serializable, fn)
}

// write is update for one key that fn writes if it writes anything: then what it
// read of the key is validated by the write, and snapshot isolation is as good. Of
// the bucket it may see what was so when the transaction began: a write that meets
// the removal of its bucket takes effect before it (see dropGrace).
func (s *Store) write(ctx context.Context, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	return s.commit(ctx, txn.Snapshot, fn)
}

func (s *Store) commit(ctx context.Context, iso txn.Isolation, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	return s.run(ctx, txn.TxOptions{Isolation: iso, ReadUnsynced: true}, fn)
}

func (s *Store) run(ctx context.Context, opts txn.TxOptions, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	if s.tx != nil {
		return 0, fn(s.tx)
	}
	return s.txns.Apply(ctx, opts, fn)
}

// invalid is a request at fault.
func invalid(code, field, format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

// refused is a request that the data does not allow.
func refused(code, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrConstraint, code, format, args...)
}

// errNoKey is the failure of an operation that needs the key.
func errNoKey(bucket string, key []byte) error {
	return dberr.New(dberr.ErrNotFound, "KEY_NOT_FOUND", "there is no key %q in bucket %q", abbreviate(key), orDefault(bucket))
}

// abbreviate makes a key fit for a message.
func abbreviate(key []byte) string {
	if len(key) > 64 {
		return string(key[:61]) + "..."
	}
	return string(key)
}

func orDefault(bucket string) string {
	if bucket == "" {
		return DefaultBucket
	}
	return bucket
}
