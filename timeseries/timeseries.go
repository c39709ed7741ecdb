// Package timeseries is the time-series model: metrics, whose points are told apart
// by tags into series, with one or more fields each, on the one transaction of the
// store.
//
// It promises that points come back bit by bit, in the order of time, however they
// were written; that of two points of one series and field with one timestamp the one
// that the metric's policy names is seen, which is the one written last where nothing
// else is said; that a deletion takes what was committed before it and nothing that is
// written after; that writers of one series never conflict with each other; and that
// every operation has a form with Tx in its name, or runs in the caller's transaction by
// Within, so that points commit together with rows, keys and documents or not at all.
//
// It promises that a retention policy is carried out: points that are sealed are in their
// tiers by the same commit, what is older than the policy says is removed, and what a
// query can be answered of it is answered from.
//
// It owns the keys of keyspace.SpaceSeries (docs/format/timeseries.md), and one
// goroutine that seals: it folds what was written into blocks (timeseries/block), makes
// tiers, and removes what was dropped and what is old. It refuses more series and tags than the limits allow, and
// values that a field cannot hold without loss.
package timeseries

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The limits of every store.
const (
	MaxNameBytes     = 255 // of the name of a metric, a field or a tag
	MaxTagValueBytes = 1024
	MaxTags          = 64 // of a point
	MaxTagsBytes     = 3 << 10
	MaxFields        = 256 // of a metric
	MaxTextBytes     = 64 << 10
)

// defaultDatabase is the database of Open: the one that is always there.
const defaultDatabase keyspace.DatabaseID = 1

// Options tunes the model. The zero value is good.
type Options struct {
	// MaxSeries bounds the series of one metric. Default 100,000.
	MaxSeries int
	// SealEvery is how often it is looked for what is to be sealed. Default 1 s;
	// negative never does, so that only Seal does.
	SealEvery time.Duration
	// SealAge is how long points may lie unsealed, however few they are. Default 5 min.
	SealAge time.Duration
	// OpenPoints is about how many points of batches may lie unsealed, in memory, before
	// they are sealed, however few each series has; at twice as many writers wait. Default
	// 6,000,000; a point takes what it takes in the log, 2 to 9 bytes, and once somebody
	// reads the metric 10 to 18, texts beside that.
	OpenPoints int
	// Events, where set, is told what the model does.
	Events Events
}

// Events are told what the model does in the background. Any may be nil; they must be
// quick.
type Events struct {
	// Sealed is called after each pass that sealed something.
	Sealed func(SealStats)
	// SealFailed is called where a pass failed; the next one tries again, and nothing
	// is lost meanwhile.
	SealFailed func(err error)
}

func (o Options) withDefaults() Options {
	if o.MaxSeries == 0 {
		o.MaxSeries = 100_000
	}
	if o.OpenPoints == 0 {
		o.OpenPoints = 6_000_000
	}
	if o.SealEvery == 0 {
		o.SealEvery = time.Second
	}
	if o.SealAge == 0 {
		o.SealAge = 5 * time.Minute
	}
	return o
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	var errs []error
	if o.MaxSeries < 0 {
		errs = append(errs, fmt.Errorf("MaxSeries %d is negative", o.MaxSeries))
	}
	if o.OpenPoints < 0 {
		errs = append(errs, fmt.Errorf("OpenPoints %d is negative", o.OpenPoints))
	}
	if o.SealAge < 0 {
		errs = append(errs, fmt.Errorf("SealAge %v is negative", o.SealAge))
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
}

// Store is the time-series model of one database. Safe for concurrent use.
type Store struct {
	*core
	db keyspace.DatabaseID
	tx *txn.Tx // nil: each call has a transaction of its own
}

// core is what the stores of all databases share.
type core struct {
	txns *txn.Store
	opts Options
	ids  numbers
	seen counts
	seal sealer
	head head
}

// Open returns the model of the default database on a store. Close ends it, and must
// come before the store is closed.
func Open(txns *txn.Store, opts Options) (*Store, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open time-series model: %w", err)
	}
	c := &core{txns: txns, opts: opts.withDefaults()}
	c.ids.txns = txns
	c.head.init(txns, c.opts.OpenPoints)
	c.startSealer()
	return &Store{core: c, db: defaultDatabase}, nil
}

// In returns the model of another database. It is closed with the first.
func (s *Store) In(db keyspace.DatabaseID) *Store { return &Store{core: s.core, db: db} }

// Within returns the model as a transaction sees it: every call runs in tx and leaves
// its end to the caller. A call that fails may have written; the caller undoes it by a
// savepoint. Not safe for concurrent use.
func (s *Store) Within(tx *txn.Tx) *Store { return &Store{core: s.core, db: s.db, tx: tx} }

// Close ends what runs in the background.
func (s *Store) Close() error {
	s.seal.stop()
	s.head.close()
	return nil
}

// Now is the time by the store's clock, which points without a time get.
func (s *Store) Now() time.Time { return s.now() }

func (c *core) now() time.Time { return c.txns.Clock().Now() }

// view runs fn in a read-only transaction, or in the caller's.
func (s *Store) view(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.View(ctx, fn)
}

// update runs fn until it commits, or once in the caller's transaction. Snapshot
// isolation is enough: what is written are records of their own, but for metrics and
// series that are new, and of these writers meet at the same keys.
func (s *Store) update(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, fn)
}

func invalid(code, field, format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

func tooLarge(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrTooLarge, code, format, args...).WithField(field)
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

// numbers gives out ids of metrics, series and open blocks: each once in a database,
// from a range that is reserved by a transaction of its own.
type numbers struct {
	txns *txn.Store
	mu   sync.Mutex
	left map[keyspace.DatabaseID]*[2]uint64 // next and end
}

// reserve is how many ids one transaction reserves. What is not used is lost when the
// process ends.
const reserve = 4096

func (n *numbers) take(ctx context.Context, db keyspace.DatabaseID, count uint64) (first uint64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.left[db]
	if r == nil || r[1]-r[0] < count {
		if r, err = n.reserve(ctx, db, max(count, reserve)); err != nil {
			return 0, err
		}
		if n.left == nil {
			n.left = make(map[keyspace.DatabaseID]*[2]uint64)
		}
		n.left[db] = r
	}
	first = r[0]
	r[0] += count
	return first, nil
}

func (n *numbers) reserve(ctx context.Context, db keyspace.DatabaseID, count uint64) (r *[2]uint64, err error) {
	err = n.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		key := appendObject(nil, db, objNumbers)
		next := uint64(firstID)
		v, ok, err := tx.Get(key)
		if err != nil {
			return err
		}
		if ok {
			rd := enc.NewReader(v)
			if next = rd.Uvarint(); !rd.Done() || next < uint64(firstID) {
				return corrupt("the record of the next number of time series is malformed")
			}
		}
		r = &[2]uint64{next, next + count}
		return tx.Put(key, appendUvarint(nil, r[1]))
	})
	return r, err
}
