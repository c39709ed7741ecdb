package exec

import (
	"context"
	"errors"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// lockRows locks rows as they come by, one at a time and each before the next is asked
// for, so that a limit above leaves the others unlocked.
//
// A row that another transaction holds is waited for, or is an error (NOWAIT), or is
// left out (SKIP LOCKED). A row that was changed after the transaction's snapshot is a
// conflict, since what was read of it is of the past, or is left out with SKIP LOCKED:
// somebody else was faster there too.
type lockRows struct {
	c    *Context
	n    *plan.LockRows
	in   Operator
	mode txn.LockMode
	wait txn.LockPolicy

	rows *vec.Batch // of the input
	at   int        // the next of its live rows
	out  vec.Batch
	sel  [1]int32
}

func newLockRows(c *Context, n *plan.LockRows) (Operator, error) {
	in, err := Build(c, n.Input)
	l := &lockRows{c: c, n: n, in: in, mode: txn.LockExclusive}
	if n.Shared {
		l.mode = txn.LockShared
	}
	switch {
	case n.NoWait:
		l.wait = txn.LockNoWait
	case n.SkipLocked:
		l.wait = txn.LockSkip
	}
	return l, err
}

func (l *lockRows) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		for l.rows == nil || l.at == l.rows.Rows() {
			b, err := l.in.Next(ctx)
			if b == nil || err != nil {
				return nil, err
			}
			l.rows, l.at = b, 0
		}
		r := l.at
		if l.rows.Sel != nil {
			r = int(l.rows.Sel[r])
		}
		l.at++
		ok, err := l.lock(ctx, r)
		if err != nil {
			return nil, err
		}
		if ok {
			l.sel[0] = int32(r)
			l.out = vec.Batch{Len: l.rows.Len, Sel: l.sel[:], Cols: l.rows.Cols}
			return &l.out, nil
		}
	}
}

// lock locks the tables' rows that row r is made of; false where it is to be left out.
func (l *lockRows) lock(ctx context.Context, r int) (bool, error) {
	from := l.c.Tx.Savepoint()
	for _, k := range l.n.KeySlots {
		col := l.rows.Cols[k]
		if col.IsNull(r) { // the empty side of an outer join
			continue
		}
		ok, err := l.lockKey(ctx, []byte(col.S[col.At(r)]))
		if l.n.SkipLocked && (!ok && err == nil || errors.Is(err, dberr.ErrConflict)) {
			return false, l.c.Tx.RollbackTo(from)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

func (l *lockRows) lockKey(ctx context.Context, key []byte) (bool, error) {
	if l.c.LockTimeout <= 0 || l.wait != txn.LockWait {
		return l.c.Tx.Lock(ctx, key, l.mode, l.wait)
	}
	limited, cancel := context.WithTimeoutCause(ctx, l.c.LockTimeout, ErrLockTimeout)
	defer cancel()
	ok, err := l.c.Tx.Lock(limited, key, l.mode, l.wait)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(limited), ErrLockTimeout) {
		return false, dberr.SQL(dberr.StateLockNotAvailable, "canceling statement due to lock timeout").
			WithHint("Another transaction held the row for longer than lock_timeout, %v.", l.c.LockTimeout)
	}
	return ok, err
}

// ErrLockTimeout is the cause with which lock_timeout ends a context. It tells that from the
// end of the statement's time.
var ErrLockTimeout = errors.New("lock timeout")

func (l *lockRows) Close() error { return l.in.Close() }
