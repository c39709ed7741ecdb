package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// lockRows makes a transaction's reads of rows conflict with whoever changes them.
//
// Transactions are optimistic: the first to commit wins. A lock is therefore an
// intent to write: the row is written as it is, so that of two transactions which
// lock or change it the second to commit is refused as a conflict, under either
// isolation. Nobody ever waits, so NOWAIT and SKIP LOCKED have nothing to do: no row
// is found locked. A row that this transaction cannot find any more is passed on.
type lockRows struct {
	c  *Context
	n  *plan.LockRows
	in Operator
}

func newLockRows(c *Context, n *plan.LockRows) (Operator, error) {
	in, err := Build(c, n.Input)
	return &lockRows{c: c, n: n, in: in}, err
}

func (l *lockRows) Next(ctx context.Context) (*vec.Batch, error) {
	b, err := l.in.Next(ctx)
	if b == nil || err != nil {
		return nil, err
	}
	for _, r := range live(b) {
		for _, k := range l.n.KeySlots {
			col := b.Cols[k]
			if col.IsNull(int(r)) { // the empty side of an outer join
				continue
			}
			key := []byte(col.S[col.At(int(r))])
			value, ok, err := l.c.Tx.Get(key)
			if err == nil && ok {
				err = l.c.Tx.Put(key, value)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func (l *lockRows) Close() error { return l.in.Close() }
