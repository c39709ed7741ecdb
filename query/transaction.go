package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// Transaction is a transaction that spans calls and models. Its owner ends it, so SQL
// that begins or ends transactions is refused in it; savepoints are not. Like a Tx it
// belongs to one goroutine at a time, and must be ended by Commit or Rollback.
type Transaction struct {
	s    *Session
	last *txn.Tx // once it has ended
}

// Begin opens a transaction whose SQL runs in a database, unless a call names another.
func (e *Engine) Begin(ctx context.Context, database string, opts txn.TxOptions) (*Transaction, error) {
	db, err := e.database(ctx, database, false)
	if err != nil {
		return nil, err
	}
	s := e.session(db)
	opts.ReadOnly = opts.ReadOnly || opts.AsOf != 0
	if err := s.begin(ctx, nil, opts); err != nil {
		return nil, err
	}
	s.block, s.managed = true, true
	return &Transaction{s: s}, nil
}

// Tx is the transaction beneath, for other models.
func (t *Transaction) Tx() *txn.Tx {
	if t.s.tx == nil {
		return t.last
	}
	t.s.work.queried = true
	return t.s.tx
}

// IdleTimeout is idle_in_transaction_session_timeout; 0 where it was not set.
func (t *Transaction) IdleTimeout() time.Duration { return t.s.set.idleTimeout }

// Database is the one in which SQL runs that names no other.
func (t *Transaction) Database() string { return t.s.db.Name }

// Failed says that a statement has failed, so that all others are refused until
// ROLLBACK TO a savepoint.
func (t *Transaction) Failed() bool { return t.s.failed }

// Execute runs a request in the transaction; see Session.Execute. A request that may
// only read is held to that.
func (t *Transaction) Execute(ctx context.Context, req Request, sink Sink) error {
	if t.s.tx == nil {
		return dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", "the transaction has ended").WithHint("Begin another one.")
	}
	home := t.s.db
	if req.Database != "" && req.Database != home.Name {
		db, err := t.s.e.database(ctx, req.Database, false)
		if err != nil {
			return t.s.abort(err)
		}
		t.s.db = db
		defer func() { t.s.db = home }()
	}
	if req.ReadOnly && !t.s.set.readOnly {
		t.s.set.readOnly = true
		defer func() { t.s.set.readOnly = false }()
	}
	return t.s.Execute(ctx, req, sink)
}

// Do runs a step of another model. Where it fails, its writes are undone and the
// transaction goes on as if it had not been tried.
func (t *Transaction) Do(fn func() error) error {
	tx := t.s.tx
	if tx == nil {
		return fn() // it has ended, which fn will find out
	}
	at, rows := tx.Savepoint(), slices.Clone(t.s.work.rows)
	err := fn()
	if err == nil || t.s.failed || t.s.tx != tx {
		return err // a failed SQL statement has its own way back: its savepoints
	}
	if uerr := tx.RollbackTo(at); uerr != nil {
		t.s.failed = true
		return fmt.Errorf("%w (and the step could not be undone: %w)", err, uerr)
	}
	t.s.work.rows = rows
	return err
}

// Usable says why other models can do nothing in the transaction, or nil.
func (t *Transaction) Usable() error {
	if t.s.tx == nil {
		return dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", "the transaction has ended").WithHint("Begin another one.")
	}
	if t.s.failed {
		return dberr.SQL(dberr.StateFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block").
			WithHint("Roll it back, or go back with ROLLBACK TO SAVEPOINT.")
	}
	return nil
}

// Table describes a table as the transaction sees it; the number of its rows and its
// size are not told.
func (t *Transaction) Table(ctx context.Context, database, name string) (TableInfo, error) {
	if err := t.Usable(); err != nil {
		return TableInfo{}, err
	}
	db := t.s.db
	if database != "" {
		var err error
		if db, err = t.s.e.database(ctx, database, false); err != nil {
			return TableInfo{}, err
		}
	}
	snap, err := t.s.e.cat.At(t.s.tx, db.ID)
	if err != nil {
		return TableInfo{}, err
	}
	table, err := findTable(snap, name)
	if err != nil {
		return TableInfo{}, err
	}
	return describeTable(table, snap), nil
}

// BulkInsert is Engine.BulkInsert in the transaction. Rows that it added before it
// failed are undone.
func (t *Transaction) BulkInsert(ctx context.Context, database, table string, columns []string, next func() (*vec.Batch, error)) (rows int64, err error) {
	if err := t.Usable(); err != nil {
		return 0, err
	}
	home := t.s.db
	if database != "" && database != home.Name {
		db, err := t.s.e.database(ctx, database, false)
		if err != nil {
			return 0, err
		}
		t.s.db = db
		defer func() { t.s.db = home }()
	}
	if t.s.set.readOnly {
		return 0, dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute INSERT in a read-only transaction")
	}
	t.s.call = &Request{}
	err = t.Do(func() error {
		rows, err = t.s.bulk(ctx, table, columns, false, next)
		return err
	})
	if err != nil {
		return 0, t.s.classify(ctx, err)
	}
	return rows, nil
}

// BulkInsertBatch is Engine.BulkInsertBatch in the transaction.
func (t *Transaction) BulkInsertBatch(ctx context.Context, database, table string, columns []string, b *vec.Batch) ([]BulkRowError, error) {
	var bad []BulkRowError
	err := tryRange(b.Clone(), 0, &bad, func(part *vec.Batch) error {
		given := false
		_, err := t.BulkInsert(ctx, database, table, columns, func() (*vec.Batch, error) {
			if given {
				return nil, nil
			}
			given = true
			return part, nil
		})
		return err
	})
	return bad, err
}

// Commit ends the transaction; its writes are durable and visible once nil is
// returned. The timestamp is 0 where it wrote nothing. A transaction in which a
// statement has failed is rolled back, and the error has the SQLSTATE 25P02.
func (t *Transaction) Commit(ctx context.Context) (txn.Timestamp, error) {
	t.last = t.s.tx
	if t.s.failed {
		t.s.rollback()
		return 0, dberr.SQL(dberr.StateFailedTransaction, "a statement of the transaction has failed, so it was rolled back").
			WithHint("Begin another transaction and run all of it again.")
	}
	if err := t.s.commit(ctx); err != nil {
		return 0, err
	}
	t.s.block = false
	return t.last.CommitTimestamp(), nil
}

// Rollback ends the transaction without effect; a no-op once it has ended.
func (t *Transaction) Rollback() {
	if t.s.tx != nil {
		t.last = t.s.tx
	}
	t.s.rollback()
}

// refuseControl refuses to begin or end a transaction that belongs to its owner.
func (s *Session) refuseControl(st ast.Stmt) error {
	name := ""
	switch st.(type) {
	case *ast.Begin:
		name = "BEGIN"
	case *ast.Commit:
		name = "COMMIT"
	case *ast.Rollback:
		name = "ROLLBACK"
	default:
		return nil
	}
	e := dberr.SQL(dberr.StateActiveTransaction, "%s is not allowed in a transaction that spans requests", name).At(st.Pos()).
		WithHint("The request that opened the transaction decides how it ends; use SAVEPOINT within it.")
	e.Code = "TRANSACTION_CONTROL"
	return e
}

// findTable finds a table by name, or schema.name.
func findTable(snap *catalog.Snapshot, name string) (*catalog.Table, error) {
	rel, ok := lookupTable(snap, name)
	if !ok || rel.Table == nil || rel.Index != nil {
		return nil, dberr.SQL(dberr.StateUndefinedTable, "table %q does not exist", name)
	}
	return rel.Table, nil
}
