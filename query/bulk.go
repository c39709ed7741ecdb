package query

import (
	"context"
	"errors"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
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
	rows, err = s.bulk(ctx, table, columns, true, next)
	if err == nil {
		err = s.commit(ctx)
	}
	if err != nil {
		return 0, s.classify(ctx, err)
	}
	return rows, nil
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
	err := tryRange(dense(b), 0, &bad, func(part *vec.Batch) error { return e.insertAgain(ctx, database, table, columns, part) })
	return bad, err
}

// insertAgain inserts a batch until no other transaction is in the way.
func (e *Engine) insertAgain(ctx context.Context, database, table string, columns []string, b *vec.Batch) error {
	for attempt := 0; ; attempt++ {
		given := false
		_, err := e.BulkInsert(ctx, database, table, columns, func() (*vec.Batch, error) {
			if given {
				return nil, nil
			}
			given = true
			return b, nil
		})
		if err == nil || !errors.Is(err, dberr.ErrConflict) || attempt >= e.opts.Retries {
			return err
		}
		if err := backoff(ctx, attempt); err != nil {
			return err
		}
	}
}

// tryRange inserts a batch at once and, where a row of it is refused, in halves.
func tryRange(b *vec.Batch, first int, bad *[]BulkRowError, insert func(*vec.Batch) error) error {
	err := insert(b)
	switch {
	case err == nil || !errors.Is(err, dberr.ErrConstraint):
		return err
	case b.Len == 1:
		*bad = append(*bad, BulkRowError{first, err})
		return nil
	}
	half := b.Len / 2
	if err := tryRange(slice(b, 0, half), first, bad, insert); err != nil {
		return err
	}
	return tryRange(slice(b, half, b.Len), first+half, bad, insert)
}

// dense returns b, or its live rows.
func dense(b *vec.Batch) *vec.Batch {
	if b.Sel == nil {
		return b
	}
	return b.Clone()
}

// slice copies rows [from, to) of a dense batch.
func slice(b *vec.Batch, from, to int) *vec.Batch {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	return (&vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}).Clone()
}

// bulk inserts what next gives in the session's transaction, which does nothing else where
// alone is set.
func (s *Session) bulk(ctx context.Context, table string, columns []string, alone bool, next func() (*vec.Batch, error)) (int64, error) {
	first, err := next()
	if err != nil || first == nil {
		return 0, err
	}
	if len(columns) != len(first.Cols) {
		return 0, dberr.New(dberr.ErrInvalid, "COLUMN_COUNT", "%d columns are named but the batch has %d", len(columns), len(first.Cols))
	}
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return 0, err
	}
	types := make([]sqltype.Type, len(first.Cols))
	for i, c := range first.Cols {
		types[i] = c.Type
	}
	name, err := s.bulkName(snap, table)
	if err != nil {
		return 0, err
	}
	q, err := plan.BindBulk(s.scope(snap, nil), name, columns, types)
	if err != nil {
		return 0, err
	}
	source := s.e.newPlanSource(ctx)
	res, err := opt.Optimize(q, source, s.e.opts.Planner)
	if err != nil {
		return 0, fmt.Errorf("plan insert: %w", err)
	}
	if _, err := s.lockUsed(ctx, usedTables(q, snap)); err != nil {
		return 0, err
	}
	x, err := s.execContext(ctx, (&running{s: s, ctx: ctx}).env())
	if err != nil {
		return 0, err
	}
	x.Virtual, x.Bulk = &bulkSource{first: first, next: next}, alone
	n, err := exec.Run(x, res.Root, nil)
	if err == nil {
		s.countChanges(res.Root, n)
	}
	return n, err
}

// bulkSource gives the batches of a bulk insertion to its plan.
type bulkSource struct {
	first *vec.Batch
	next  func() (*vec.Batch, error)
	cols  []int
	out   vec.Batch
}

// OpenVirtual implements exec.VirtualSource.
func (b *bulkSource) OpenVirtual(_ context.Context, _ *exec.Context, n *plan.Virtual) (exec.Operator, error) {
	b.cols = n.Cols
	return b, nil
}

// Next implements exec.Operator.
func (b *bulkSource) Next(context.Context) (*vec.Batch, error) {
	in := b.first
	b.first = nil
	for in == nil || in.Rows() == 0 {
		var err error
		if in, err = b.next(); in == nil || err != nil {
			return nil, err
		}
	}
	b.out = vec.Batch{Len: in.Len, Sel: in.Sel, Cols: b.out.Cols[:0]}
	for _, c := range b.cols {
		b.out.Cols = append(b.out.Cols, in.Cols[c])
	}
	return &b.out, nil
}

// Close implements exec.Operator.
func (b *bulkSource) Close() error { return nil }

// bulkName reads a table's name: as it is, or schema.name.
func (s *Session) bulkName(snap *catalog.Snapshot, table string) (ast.Name, error) {
	whole := ast.Name{Name: table}
	if _, err := s.lookup(snap, whole); err == nil {
		return whole, nil
	}
	n, err := plan.SplitName(table)
	if err != nil || n.Schema != "" && !snap.HasSchema(n.Schema) {
		return whole, nil
	}
	return n, nil
}
