package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// BulkInsert adds rows to a table in one transaction, batch by batch until next
// returns nil. Columns that are not named get their defaults; values of other types are
// cast as an INSERT would. Where it fails nothing has been added. On a conflict with
// another transaction the error is retryable, but next has been used up.
func (e *Engine) BulkInsert(ctx context.Context, database, table string, columns []string, next func() (*vec.Batch, error)) (rows int64, err error) {
	db, err := e.database(ctx, database, false)
	if err != nil {
		return 0, err
	}
	s := e.session(db)
	defer s.Close()
	s.call = &Request{}
	if err := s.begin(ctx, nil, txn.TxOptions{}); err != nil {
		return 0, err
	}
	for {
		b, err := next()
		if err != nil {
			return 0, err
		}
		if b == nil {
			break
		}
		n, err := s.bulkBatch(ctx, table, columns, b)
		rows += n
		if err != nil {
			return 0, s.classify(ctx, err)
		}
	}
	return rows, s.classify(ctx, s.commit(ctx))
}

// BulkRowError says why a row of a batch was refused.
type BulkRowError struct {
	Row int // number of the row within the batch
	Err error
}

// BulkInsertBatch adds one batch in a transaction of its own. Rows that a
// constraint or a conversion refuses are left out and returned; the others are
// committed.
func (e *Engine) BulkInsertBatch(ctx context.Context, database, table string, columns []string, b *vec.Batch) ([]BulkRowError, error) {
	var bad []BulkRowError
	err := e.tryRange(ctx, database, table, columns, b.Clone(), 0, &bad)
	return bad, err
}

// tryRange inserts a batch at once and, where a row of it is refused, in halves.
func (e *Engine) tryRange(ctx context.Context, database, table string, columns []string, b *vec.Batch, first int, bad *[]BulkRowError) error {
	for attempt := 0; ; attempt++ {
		given := false
		_, err := e.BulkInsert(ctx, database, table, columns, func() (*vec.Batch, error) {
			if given {
				return nil, nil
			}
			given = true
			return b, nil
		})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, dberr.ErrConflict) && attempt < e.opts.Retries:
			if err := backoff(ctx, attempt); err != nil {
				return err
			}
			continue
		case !errors.Is(err, dberr.ErrConstraint):
			return err
		case b.Len == 1:
			*bad = append(*bad, BulkRowError{first, err})
			return nil
		}
		break
	}
	half := b.Len / 2
	if err := e.tryRange(ctx, database, table, columns, slice(b, 0, half), first, bad); err != nil {
		return err
	}
	return e.tryRange(ctx, database, table, columns, slice(b, half, b.Len), first+half, bad)
}

// slice copies rows [from, to) of a dense batch.
func slice(b *vec.Batch, from, to int) *vec.Batch {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	return (&vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}).Clone()
}

// bulkBatch inserts one batch in the session's transaction.
func (s *Session) bulkBatch(ctx context.Context, table string, columns []string, b *vec.Batch) (int64, error) {
	if len(columns) != len(b.Cols) {
		return 0, dberr.New(dberr.ErrInvalid, "COLUMN_COUNT", "%d columns are named but the batch has %d", len(columns), len(b.Cols))
	}
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return 0, err
	}
	types := make([]sqltype.Type, len(b.Cols))
	for i, c := range b.Cols {
		types[i] = c.Type
	}
	name, err := s.bulkName(snap.HasSchema, table)
	if err != nil {
		return 0, err
	}
	q, err := plan.BindBulk(s.scope(snap, nil), name, columns, types, b)
	if err != nil {
		return 0, err
	}
	source := &planSource{ctx: ctx, rows: s.e.rows, told: map[tableKey]float64{}}
	res, err := opt.Optimize(q, source, s.e.opts.Planner)
	if err != nil {
		return 0, fmt.Errorf("plan insert: %w", err)
	}
	r := &running{s: s, ctx: ctx}
	if s.work.start.IsZero() {
		s.work.start = time.Now()
	}
	return s.runPlan(ctx, &compiled{root: res.Root}, nil, r.env(), nil)
}

// bulkName reads a table's name: as it is, or schema.name.
func (s *Session) bulkName(hasSchema func(string) bool, table string) (ast.Name, error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return ast.Name{}, err
	}
	whole := ast.Name{Name: table}
	if _, err := s.lookup(snap, whole); err == nil {
		return whole, nil
	}
	n, err := plan.SplitName(table)
	if err != nil || n.Schema != "" && !hasSchema(n.Schema) {
		return whole, nil
	}
	return n, nil
}
