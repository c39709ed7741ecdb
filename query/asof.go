package query

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// asOf computes the timestamp that AS OF SYSTEM TIME names: the text of a time, of an
// interval that is counted from now ('-10s'), or of nanoseconds since 1970 as commits
// have them; or an expression of a time.
func (s *Session) asOf(ctx context.Context, e ast.Expr) (ts txn.Timestamp, err error) {
	now := time.Now()
	bad := func(format string, args ...any) error {
		return dberr.SQL(dberr.StateInvalidParameterValue, "AS OF SYSTEM TIME: "+format, args...).At(e.Pos())
	}
	arg := e
	if u, ok := e.(*ast.Unary); ok && u.Op == "-" {
		return 0, bad("the time must not be negative")
	}
	if lit, ok := arg.(*ast.Literal); ok {
		text := strings.TrimSpace(lit.Text)
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return inPast(txn.Timestamp(n), now, bad)
		}
		if strings.HasPrefix(text, "-") {
			d, err := sqltype.Parse(sqltype.TInterval, text)
			if err != nil {
				return 0, bad("%s", err)
			}
			return inPast(txn.Timestamp(before(now, d.Ivl).UnixNano()), now, bad)
		}
		d, err := sqltype.ParseEnv(&sqltype.Env{Now: now, Location: s.set.zone}, sqltype.TTimestampTZ, text)
		if err != nil {
			return 0, bad("%s", err)
		}
		return inPast(stamp(d.Int), now, bad)
	}
	err = s.e.store.View(ctx, func(tx *txn.Tx) error {
		snap, err := s.e.cat.At(tx, s.db.ID)
		if err != nil {
			return err
		}
		x, err := plan.BindRowExpr(s.scope(snap, nil), nil, e, sqltype.TTimestampTZ, "AS OF SYSTEM TIME")
		if err != nil {
			return err
		}
		v := &plan.Values{Base: plan.Base{Out: []plan.Field{{Name: "time", Type: sqltype.TTimestampTZ}}}, Rows: [][]plan.Expr{{x}}}
		r := &running{s: s, ctx: ctx}
		env := r.env()
		env.Now = now
		_, err = exec.Run(&exec.Context{Ctx: ctx, Tx: tx, Env: env}, v, func(b *vec.Batch) error {
			d := b.Cols[0].Get(int(vec.Live(b.Len, b.Sel)[0]))
			if d.Null {
				return bad("the time is NULL")
			}
			ts, err = inPast(stamp(d.Int), now, bad)
			return err
		})
		return err
	})
	return ts, err
}

// stamp turns microseconds since 2000 into a timestamp of the store.
func stamp(micros int64) txn.Timestamp {
	const epoch = 946_684_800_000_000 // 2000-01-01 in microseconds since 1970
	return txn.Timestamp((micros + epoch) * 1000)
}

func before(now time.Time, d sqltype.IntervalValue) time.Time {
	return now.AddDate(0, int(d.Months), int(d.Days)).Add(time.Duration(d.Micros) * time.Microsecond)
}

func inPast(ts txn.Timestamp, now time.Time, bad func(string, ...any) error) (txn.Timestamp, error) {
	switch {
	case ts == 0 || int64(ts) < 0:
		return 0, bad("the time is before 1970 or out of range")
	case int64(ts) > now.UnixNano():
		return 0, bad("the time %v is in the future", ts.Time())
	}
	return ts, nil
}

// pasts are the transactions in which a statement reads tables as of other times.
type pasts struct {
	s   *Session
	ctx context.Context
	txs map[uint64]*txn.Tx
}

// at gives the transaction as of a time.
func (p *pasts) at(ts uint64) (*txn.Tx, error) {
	if tx := p.txs[ts]; tx != nil {
		return tx, nil
	}
	tx, err := p.s.e.store.Begin(p.ctx, txn.TxOptions{AsOf: txn.Timestamp(ts), ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read as of %v: %w", txn.Timestamp(ts).Time(), err)
	}
	if p.txs == nil {
		p.txs = map[uint64]*txn.Tx{}
	}
	p.txs[ts] = tx
	return tx, nil
}

// endPasts ends the transactions that binding has begun, also where the statement never ran.
func (r *running) endPasts() {
	if r.pasts == nil {
		return
	}
	for _, tx := range r.pasts.txs {
		tx.Rollback()
	}
	r.pasts.txs = nil
}

// reading has the plan that runs next read the other times that the statement named, until
// done is called.
func (r *running) reading() (done func()) {
	was := r.s.pasts
	r.s.pasts = r.pasts
	return func() { r.s.pasts = was }
}

// history gives the binder the catalog as of the time that an expression names.
func (r *running) history(e ast.Expr) (*catalog.Snapshot, uint64, error) {
	ts, err := r.s.asOf(r.ctx, e)
	if err != nil {
		return nil, 0, err
	}
	tx, err := r.past().at(uint64(ts))
	if err != nil {
		return nil, 0, err
	}
	snap, err := r.s.e.cat.At(tx, r.s.db.ID)
	return snap, uint64(ts), err
}

func (r *running) past() *pasts {
	if r.pasts == nil {
		r.pasts = &pasts{s: r.s, ctx: r.ctx}
	}
	return r.pasts
}

// external finds a table of another model, as of a time that history has given.
func (r *running) external(schema, name string, asOf uint64) (*catalog.Table, error) {
	if asOf == 0 {
		return r.s.external(schema, name, 0)
	}
	tx, err := r.past().at(asOf)
	if err != nil {
		return nil, err
	}
	return r.s.externalAt(tx, schema, name)
}
