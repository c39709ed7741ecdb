// Package streaming is the model of channels: durable logs of messages in the order of
// their commits, on the one transaction of the store.
//
// It promises that a message is in its channel if and only if the transaction that
// published it has committed, together with whatever else that wrote; that the messages
// of a channel are numbered from 1 without a gap, in the order of commits, those of one
// transaction in the order in which they were published; that publishers never conflict
// with one another; that a message has the time of its commit; and that who subscribes
// is given every message behind the offset where it begins, once and in order, or told
// which ones retention has removed. Every operation has a form with Tx in its name that
// takes the caller's transaction.
//
// A group shares the messages of a channel among members: each is handed out, and again
// until it is acknowledged or was handed out too often. An acknowledgement in a member's
// transaction takes effect with it, or fails because the message went to another.
//
// It owns the keys of keyspace.SpaceStream (docs/format/streaming.md), and one goroutine
// that removes what retention and compaction no longer keep. It has no log, file or lock
// of its own. It buffers nothing for a subscriber that is slow: that one reads what it
// has missed from the store. It refuses messages over the limits below, to make channels
// whose names begin with "cdc.", and numbers of producers that leave one out.
//
// Those names are of feeds (feed.go): the changes of objects of all models, which are
// read, followed and shared like the messages of any channel.
package streaming

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
	MaxNameBytes        = 255 // of a channel
	MaxKeyBytes         = 1 << 10
	MaxTypeBytes        = 255 // of a type, a source, a header's name, a producer
	MaxHeaderValueBytes = 4 << 10
	MaxHeaders          = 64
	MaxDataBytes        = 1 << 20
	MaxPartitions       = 1024
	MaxBatch            = 10_000 // messages of one call
)

// defaultDatabase is the database of Open: the one that is always there.
const defaultDatabase keyspace.DatabaseID = 1

// Store is the channels of one database. Safe for concurrent use.
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
	feeds  feeds
	sweep  sweeper
	secret atomic.Pointer[[]byte]
}

// Open returns the model of the default database on a store. Close ends it, and must
// come before the store is closed.
func Open(txns *txn.Store, opts Options) (*Store, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open channels: %w", err)
	}
	c := &core{txns: txns, opts: opts.withDefaults()}
	c.hub.init(txns, &c.opts)
	c.startSweeper()
	return &Store{core: c, db: defaultDatabase}, nil
}

// In returns the model of another database. It is closed with the first.
func (s *Store) In(db keyspace.DatabaseID) *Store { return &Store{core: s.core, db: db} }

// Within returns the model as a transaction sees it: every call that would make a
// transaction of its own, but for Subscribe, runs in tx instead and leaves its end to
// the caller. A call that fails may have written; the caller undoes it by a savepoint.
// Not safe for concurrent use.
func (s *Store) Within(tx *txn.Tx) *Store { return &Store{core: s.core, db: s.db, tx: tx} }

// Close ends retention and cuts all subscribers off. Transactions that run can go on.
func (s *Store) Close() error {
	s.sweep.stop()
	s.hub.close()
	s.feeds.close()
	return nil
}

// Now is the time by the store's clock, by which messages age.
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
	_, err := s.commit(ctx, txn.Serializable, fn)
	return err
}

// commit runs fn in a transaction until it commits, and returns that transaction; or
// in the caller's, and returns nil.
func (s *Store) commit(ctx context.Context, iso txn.Isolation, fn func(tx *txn.Tx) error) (*txn.Tx, error) {
	if s.tx != nil {
		return nil, fn(s.tx)
	}
	var last *txn.Tx
	err := s.txns.Update(ctx, txn.TxOptions{Isolation: iso}, func(tx *txn.Tx) error {
		last = tx
		return fn(tx)
	})
	return last, err
}

// invalid is a request at fault.
func invalid(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

// tooLarge is a request over a limit.
func tooLarge(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrTooLarge, code, format, args...).WithField(field)
}

// shorten makes a text fit for a message.
func shorten(s string) string {
	if len(s) > 64 {
		return s[:61] + "..."
	}
	return s
}
