package weft

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// TxOptions says how a transaction runs: its isolation, durability, whether it only
// reads, and as of when. The zero value is serializable and read-write.
type TxOptions = txn.TxOptions

// Tx is a transaction over every model of the default database. It belongs to one
// goroutine and ends when the function that it was given to returns.
type Tx struct {
	t  *query.Transaction
	kv *kv.Store
	db *DB
}

// Update runs fn in a transaction and commits it. It rolls back where fn returns an
// error or panics. On a conflict with another transaction it runs fn again, so fn
// must not do what cannot be done twice; what fn returns of class ErrConflict is such
// a conflict, too.
func (db *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	return db.Run(ctx, TxOptions{}, fn)
}

// View runs fn on a snapshot that does not change; what writes is refused.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return db.Run(ctx, TxOptions{ReadOnly: true}, fn)
}

const (
	runAttempts = 100
	runBackOff  = 20 * time.Millisecond // at most
)

// Run is Update with options.
func (db *DB) Run(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	var met txn.Contended
	opts.After = &met
	for attempt := 1; ; attempt++ {
		err := db.once(ctx, opts, fn)
		if err == nil || !dberr.RunAgain(err) {
			return err
		}
		if met.Learn(err) {
			continue // it waits for the key instead of some time
		}
		if attempt == runAttempts {
			return fmt.Errorf("gave up after %d conflicts: %w", attempt, err)
		}
		pause := time.NewTimer(rand.N(min(20*time.Microsecond<<min(attempt, 20), runBackOff)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("%w (after %d conflicts: %w)", context.Cause(ctx), attempt, err)
		}
	}
}

func (db *DB) once(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	t, err := db.engine.Begin(ctx, "", opts)
	if err != nil {
		return err
	}
	defer t.Rollback()
	if err := fn(&Tx{t: t, kv: db.kv, db: db}); err != nil {
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

// Exec runs statements and returns how many rows the last of them changed. After an
// error the transaction takes no more statements, unless it goes back to a savepoint.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var sink execSink
	if err := tx.run(ctx, sql, args, &sink); err != nil {
		return 0, err
	}
	return sink.changed(), nil
}

// Query runs statements and returns the rows of the last one that gives any.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	var sink query.MemorySink
	if err := tx.run(ctx, sql, args, &sink); err != nil {
		return nil, err
	}
	return rowsOf(&sink), nil
}

func (tx *Tx) run(ctx context.Context, sql string, args []any, sink query.Sink) error {
	params, err := Params(args...)
	if err != nil {
		return err
	}
	return tx.t.Execute(ctx, query.Request{SQL: sql, Params: params, MaxRows: -1}, sink)
}

// KV is the key-value model in the transaction.
func (tx *Tx) KV() *kv.Store { return tx.kv.Within(tx.t.Tx()) }

// Documents is the document model in the transaction.
func (tx *Tx) Documents() *document.Store { return tx.db.docs.Within(tx.t.Tx()) }

// TimeSeries is the time-series model in the transaction.
func (tx *Tx) TimeSeries() *timeseries.Store { return tx.db.series.Within(tx.t.Tx()) }

// Streaming is the channels in the transaction. What is published gets its offset with
// the commit: streaming.Complete fills receipts in after it, of Txn.
func (tx *Tx) Streaming() *streaming.Store { return tx.db.channels.Within(tx.t.Tx()) }

// Try runs a step whose writes are undone where it fails; the transaction goes on.
func (tx *Tx) Try(fn func() error) error { return tx.t.Do(fn) }

// Txn is the transaction beneath: its snapshot, and the ordered key space that all
// models share.
func (tx *Tx) Txn() *txn.Tx { return tx.t.Tx() }
