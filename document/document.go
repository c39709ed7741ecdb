// Package document is the document model: collections of JSON documents, found by
// id, by filters in MongoDB's language and through indexes, on the one transaction
// of the store.
//
// It promises that an index that is ready has exactly the entries that a rebuild
// would give it, in every snapshot, since each write changes documents and entries in
// one transaction; that a unique index is never violated, whatever runs at once;
// that an answer through an index is the one that looking at every document gives;
// that a cursor neither skips nor repeats a document that stays as it is while
// others are written; and that every operation has a form with Tx in its name that
// takes the caller's transaction, so that any of them commit together, with rows
// and keys, or not at all.
//
// It owns the keys of keyspace.SpaceDocument (docs/format/document.md) and one
// goroutine, which removes what has expired or was dropped and goes on with indexes
// whose building was cut off. It has no log, file or lock of its own. Values,
// filters and updates are those of document/doc, document/match and document/update.
package document

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The limits of every store.
const (
	MaxDocumentBytes   = 16<<20 - 64<<10 // in binary form
	MaxIDBytes         = 512
	MaxCollectionBytes = 128 // of a collection's name
	MaxIndexes         = 64  // of a collection
	MaxIndexFields     = 16
	MaxIndexEntries    = 100_000 // of one document in one index
	MaxEntryBytes      = 3 << 10 // of the values of an index entry
)

// IDField is the field of a document that holds its id.
const IDField = "_id"

// defaultDatabase is the database of Open: the one that is always there.
const defaultDatabase keyspace.DatabaseID = 1

// Store is the document model of one database. Safe for concurrent use.
type Store struct {
	*core
	db keyspace.DatabaseID
	tx *txn.Tx // of the caller, where the model runs within it

	// hidden is set for the collections of the full-text indexes that stand alone, which
	// have a list of their own.
	hidden bool
}

// core is what the stores of all databases share.
type core struct {
	txns     *txn.Store
	opts     Options
	compiled sync.Map               // compiledKey → *compiled
	secret   atomic.Pointer[[]byte] // of cursors, nil until it is first used
	work     worker
	texts    texts
	tallies  tallies
	closed   atomic.Bool
}

// Options tunes the model. The zero value is good.
type Options struct {
	// SweepEvery is how often expired documents and what dropped collections left
	// are looked for. Default a second; negative never looks.
	SweepEvery time.Duration
	// TextDir is where full-text indexes are kept, which are derived data. It must be
	// this store's alone. Empty keeps them in memory, and builds them anew when they are
	// first asked for.
	TextDir string
	// Events, where set, is told what the model does. Its functions must be quick
	// and must not block.
	Events Events
}

// Events are told what the model does. Any may be nil.
type Events struct {
	// Expired is called with how many documents a pass removed.
	Expired func(documents int)
	// Failed is called when work in the background fails. It is tried again.
	Failed func(error)
}

// Validate says what is wrong with the options.
func (o Options) Validate() error { return nil }

func (o Options) withDefaults() Options {
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	return o
}

// Open returns the model of the default database on a store. Close ends it, and
// must come before the store is closed.
func Open(txns *txn.Store, opts Options) (*Store, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open document model: %w", err)
	}
	c := &core{txns: txns, opts: opts.withDefaults()}
	c.startWorker()
	return &Store{core: c, db: defaultDatabase}, nil
}

// In returns the model of another database. It is closed with the first.
func (s *Store) In(db keyspace.DatabaseID) *Store {
	return &Store{core: s.core, db: db, hidden: s.hidden}
}

// Within returns the model as a transaction sees it: every call that would make a
// transaction of its own runs in tx instead and leaves its end to the caller. A call
// that fails may have written; the caller undoes it by a savepoint. Indexes are not
// made or dropped there. Not safe for concurrent use.
func (s *Store) Within(tx *txn.Tx) *Store {
	return &Store{core: s.core, db: s.db, tx: tx, hidden: s.hidden}
}

// Close ends what runs in the background. Transactions that run can go on.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.work.stop()
	s.closeTexts()
	s.tallies.close()
	return nil
}

// View runs fn in a read-only transaction: several reads of one instant.
func (s *Store) View(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.View(ctx, fn)
}

// read is View for a function that keeps nothing of the transaction.
func (s *Store) read(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.Look(ctx, fn)
}

// Update runs fn in a transaction and commits it, again where it met a conflict.
func (s *Store) Update(ctx context.Context, fn func(tx *txn.Tx) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.txns.Update(ctx, txn.TxOptions{}, fn) // fn may use models whose caches follow commits
}

// update runs fn in a serializable transaction until it commits, and returns the
// timestamp of the commit, 0 where it wrote nothing. What was read of a collection
// is validated, so that no write passes an index by that came to be meanwhile.
func (s *Store) update(ctx context.Context, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	return s.run(ctx, txn.TxOptions{ReadUnsynced: true}, fn)
}

func (s *Store) run(ctx context.Context, opts txn.TxOptions, fn func(tx *txn.Tx) error) (txn.Timestamp, error) {
	if s.tx != nil {
		return 0, fn(s.tx)
	}
	return s.txns.Apply(ctx, opts, fn)
}

// Document is a document as it was read or written.
type Document struct {
	ID      string
	Version txn.Timestamp // of the commit that wrote it; 0 before that commit
	Created time.Time     // zero before the commit that made it
	Value   doc.Value     // with the id in its first field
}

// own makes d independent of its transaction.
func (d *Document) own() { d.Value = doc.Of(append([]byte(nil), d.Value.Bytes()...)) }

func (d *Document) committed(ts txn.Timestamp) {
	if d.Version == 0 && ts != 0 {
		d.Version = ts
		if d.Created.IsZero() {
			d.Created = ts.Time()
		}
	}
}

// invalid is a request at fault.
func invalid(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

// shorten makes a text fit for a message.
func shorten(s string) string {
	if len(s) > 64 {
		return s[:61] + "..."
	}
	return s
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}
