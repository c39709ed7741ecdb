// Package weft is the database as a library: a store and the SQL engine on it,
// opened in order and closed in reverse.
//
//	db, err := weft.Open("./data", weft.Options{})
//	…
//	defer db.Close()
//	rows, err := db.Query(ctx, "SELECT name FROM city WHERE id = $1", 7)
//
// It promises what the server promises, since the server is built on it: a commit
// that is acknowledged has been synced, statements of one call are one
// transaction, and a second process that opens the same directory is refused. It
// owns no state of its own.
package weft

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/weftdb/weft/cdc"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/source/doctable"
	"github.com/weftdb/weft/query/source/kvtable"
	"github.com/weftdb/weft/query/source/streamtable"
	"github.com/weftdb/weft/query/source/tstable"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// The classes of errors: errors.Is tells which one an error is of, and with it
// what to do next.
var (
	ErrNotFound     = dberr.ErrNotFound     // the thing named is not there
	ErrExists       = dberr.ErrExists       // the thing named is there already
	ErrInvalid      = dberr.ErrInvalid      // fix the request
	ErrUnsupported  = dberr.ErrUnsupported  // a feature this version refuses
	ErrConstraint   = dberr.ErrConstraint   // the data does not allow it
	ErrConflict     = dberr.ErrConflict     // run the transaction again
	ErrUndetermined = dberr.ErrUndetermined // it may or may not have committed: look before retrying
	ErrUnavailable  = dberr.ErrUnavailable  // try again later
	ErrTooLarge     = dberr.ErrTooLarge     // make the request smaller
	ErrCanceled     = dberr.ErrCanceled     // the caller gave up
	ErrTimeout      = dberr.ErrTimeout      // the deadline passed
	ErrFull         = dberr.ErrFull         // free disk space, then retry
	ErrReadOnly     = dberr.ErrReadOnly     // the store or the transaction takes no writes
	ErrCorrupt      = dberr.ErrCorrupt      // stop writing, restore
	ErrLocked       = dberr.ErrLocked       // another process has the store open
)

// Error is what errors.As finds in a failure: its code, SQLSTATE, hint and
// position.
type Error = dberr.Error

// Options tunes a DB. The zero value is safe: every commit is synced.
type Options struct {
	Storage    storage.Options
	Query      query.Options
	KV         kv.Options
	Document   document.Options
	TimeSeries timeseries.Options
	Streaming  streaming.Options
	Continuous continuous.Options
	// FS is the file system of a local store. Default the machine's.
	FS vfs.FS

	onDisk bool // FS is the machine's
}

// DB is an open database. Safe for concurrent use.
type DB struct {
	store    *storage.Store
	engine   *query.Engine
	kv       *kv.Store
	docs     *document.Store
	series   *timeseries.Store
	channels *streaming.Store
	queries  *continuous.Service
}

// Open opens the store in dir, or makes one there, and starts the engine.
//
// Errors of class ErrLocked: another process has it open. ErrCorrupt: a file is
// damaged; the error names file and offset. ErrUnsupported: a newer version wrote
// it.
func Open(dir string, opts Options) (_ *DB, err error) {
	if opts.FS == nil {
		opts.FS, opts.onDisk = vfs.OS(), true
	}
	store, err := storage.Open(opts.FS, dir, opts.Storage)
	if err != nil {
		return nil, err
	}
	keys, err := kv.Open(store.Store, opts.KV)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), store.Close())
	}
	docs, err := document.Open(store.Store, opts.texts(store))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), keys.Close(), store.Close())
	}
	series, err := timeseries.Open(store.Store, opts.TimeSeries)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), docs.Close(), keys.Close(), store.Close())
	}
	if opts.Streaming.Where == nil {
		opts.Streaming.Where = match.Text
	}
	if opts.Streaming.SQL == nil {
		opts.Streaming.SQL = streamtable.Filters(query.RowPredicate)
	}
	channels, err := streaming.Open(store.Store, opts.Streaming)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), series.Close(), docs.Close(), keys.Close(), store.Close())
	}
	channels.SetChanges(cdc.New(store.Store, keys, docs, series, channels))
	opts.Query = opts.spill(store)
	opts.Query.Sources = append([]source.Source{kvtable.New(keys), doctable.New(docs), tstable.New(series), streamtable.New(channels)}, opts.Query.Sources...)
	engine, err := query.New(store.Store, opts.Query)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), channels.Close(), series.Close(), docs.Close(), keys.Close(), store.Close())
	}
	queries, err := continuous.Open(store.Store, engine, channels, series, opts.Continuous)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", dir, err), engine.Close(), channels.Close(), series.Close(), docs.Close(), keys.Close(), store.Close())
	}
	engine.SetContinuous(queries.SQL())
	return &DB{store: store, engine: engine, kv: keys, docs: docs, series: series, channels: channels, queries: queries}, nil
}

// spill puts temporary files where the store is: its directory is locked, and what its
// file system does to files is done to these, too.
func (o Options) spill(store *storage.Store) query.Options {
	q := o.Query
	if store.FS() == nil { // in memory
		return q
	}
	q.SpillFS = store.FS()
	if q.SpillDir == "" {
		q.SpillDir, q.SpillOwned = o.FS.PathJoin(store.Dir(), "tmp"), true
	}
	return q
}

// texts puts full-text indexes beside the store, where that is a directory of the
// machine whose files are not encrypted, and else into memory: a store in memory has
// the name of a directory, too, and leaves nothing there.
func (o Options) texts(store *storage.Store) document.Options {
	d := o.Document
	if d.TextDir == "" && store.FS() != nil && o.onDisk && o.Storage.Encryption == nil {
		id := store.ID()
		d.TextDir = filepath.Join(store.Dir(), "text", hex.EncodeToString(id[:]))
	}
	return d
}

// OpenMemory opens an empty database that keeps nothing, for tests and caches.
func OpenMemory(opts Options) (*DB, error) {
	opts.Storage.Backend = storage.BackendMemory
	return Open("", opts)
}

// Close ends what runs in the background, waits for commits, syncs the log and
// lets go of the directory. Calls that still run must have ended.
func (db *DB) Close() error {
	return errors.Join(db.queries.Close(), db.engine.Close(), db.channels.Close(), db.series.Close(), db.docs.Close(), db.kv.Close(), db.store.Close())
}

// Engine runs SQL in full: sinks that stream, sessions, parameters by type.
func (db *DB) Engine() *query.Engine { return db.engine }

// KV is the key-value model of the default database.
func (db *DB) KV() *kv.Store { return db.kv }

// KVIn is the key-value model of another database, which is made where it is
// missing and create is set.
func (db *DB) KVIn(ctx context.Context, database string, create bool) (*kv.Store, error) {
	id, err := db.engine.DatabaseID(ctx, database, create)
	if err != nil {
		return nil, err
	}
	return db.kv.In(id), nil
}

// Documents is the document model of the default database.
func (db *DB) Documents() *document.Store { return db.docs }

// DocumentsIn is the document model of another database, which is made where it is
// missing and create is set.
func (db *DB) DocumentsIn(ctx context.Context, database string, create bool) (*document.Store, error) {
	id, err := db.engine.DatabaseID(ctx, database, create)
	if err != nil {
		return nil, err
	}
	return db.docs.In(id), nil
}

// TimeSeries is the time-series model of the default database.
func (db *DB) TimeSeries() *timeseries.Store { return db.series }

// TimeSeriesIn is the time-series model of another database, which is made where it is
// missing and create is set.
func (db *DB) TimeSeriesIn(ctx context.Context, database string, create bool) (*timeseries.Store, error) {
	id, err := db.engine.DatabaseID(ctx, database, create)
	if err != nil {
		return nil, err
	}
	return db.series.In(id), nil
}

// Streaming is the channels of the default database.
func (db *DB) Streaming() *streaming.Store { return db.channels }

// StreamingIn is the channels of another database, which is made where it is missing
// and create is set.
func (db *DB) StreamingIn(ctx context.Context, database string, create bool) (*streaming.Store, error) {
	id, err := db.engine.DatabaseID(ctx, database, create)
	if err != nil {
		return nil, err
	}
	return db.channels.In(id), nil
}

// Continuous is the continuous queries of all databases: over channels, and those that
// fill metrics.
func (db *DB) Continuous() *continuous.Service { return db.queries }

// Live follows results of queries: what enters, changes and leaves them.
func (db *DB) Live() *live.Source { return live.New(db.store.Store, db.engine, db.docs) }

// Store is the transactional key space beneath.
func (db *DB) Store() *storage.Store { return db.store }

// Recovery says what Open found.
func (db *DB) Recovery() storage.Recovery { return db.store.Recovery() }

// Health is nil while the database takes reads and writes. After a failed write
// of the log it says why only reads go on.
func (db *DB) Health() error { return db.store.Err() }

// Exec runs statements as one transaction and returns how many rows the last of
// them changed. Arguments are the values of $1, $2 …
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var sink execSink
	if err := db.run(ctx, sql, args, &sink); err != nil {
		return 0, err
	}
	return sink.changed(), nil
}

// Query runs statements as one transaction and returns the rows of the last one
// that gives any, all of them in memory. Engine streams.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	var sink query.MemorySink
	if err := db.run(ctx, sql, args, &sink); err != nil {
		return nil, err
	}
	return rowsOf(&sink), nil
}

// rowsOf takes the last result that has columns.
func rowsOf(sink *query.MemorySink) *Rows {
	rows := &Rows{row: -1}
	for _, r := range sink.Results {
		if len(r.Columns) > 0 {
			rows.result = r
		}
	}
	return rows
}

func (db *DB) run(ctx context.Context, sql string, args []any, sink query.Sink) error {
	params, err := Params(args...)
	if err != nil {
		return err
	}
	return db.engine.Execute(ctx, query.Request{SQL: sql, Params: params, MaxRows: -1}, sink)
}
