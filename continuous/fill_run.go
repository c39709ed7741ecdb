package continuous

import (
	"context"
	"errors"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// errChanged is that the record is not what a run began with.
var errChanged = errors.New("the continuous query was changed")

// attempts is how often a run that meets a conflict is begun again at once.
const attempts = 20

// run runs one window and notes that it has, in one transaction. at is the moment of
// which it saw the store.
func (t *task) run(ctx context.Context, from time.Time, again bool) (at txn.Timestamp, err error) {
	for range attempts {
		if at, err = t.once(ctx, from, again); err == nil || !dberr.RunAgain(err) || ctx.Err() != nil {
			break
		}
	}
	return at, err
}

func (t *task) once(ctx context.Context, from time.Time, again bool) (at txn.Timestamp, err error) {
	f, s, began := t.f, t.f.s, time.Now()
	x := Run{From: from, To: from.Add(t.rec.Every), At: s.now().UTC(), Again: again}
	tx, err := s.engine.Begin(ctx, f.database, txn.TxOptions{Isolation: txn.Snapshot})
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	r, err := loadFill(tx.Tx(), f.db, t.name)
	if err != nil {
		return 0, err
	}
	if r == nil || r.id != t.id || r.Paused || !again && !r.next.Equal(from) || again && !from.Before(r.next) {
		return 0, errChanged
	}
	if err := tx.Tx().Guard(fillKey(f.db, t.name)); err != nil {
		return 0, err
	}
	points, err := t.points(ctx, tx, from, x.To)
	if err != nil {
		return 0, err
	}
	if err := f.series.Within(tx.Tx()).Write(ctx, points); err != nil {
		return 0, err
	}
	x.Points, x.Took = len(points), time.Since(began)
	if !again {
		r.next = x.To
	}
	r.seen, r.tooLate = t.seenWithout(from, again), r.tooLate+t.tooLate
	r.note(x)
	if err := r.saveState(tx.Tx(), f.db); err != nil {
		return 0, err
	}
	at = tx.Tx().ReadTimestamp()
	if _, err := tx.Commit(ctx); err != nil {
		return 0, err
	}
	t.rec, t.tooLate = r, 0
	return at, nil
}

// points runs the SELECT for a window.
func (t *task) points(ctx context.Context, tx *query.Transaction, from, to time.Time) ([]timeseries.Point, error) {
	m, ok, err := t.f.series.LookupTx(tx.Tx(), t.st.target)
	if err != nil {
		return nil, err
	}
	if !ok {
		m = nil
	}
	g := &gatherer{st: t.st, metric: m, from: from, to: to}
	err = tx.Execute(ctx, query.Request{SQL: t.st.query, Params: []query.Param{moment(from), moment(to)}, MaxRows: -1, OneStatement: true, ReadOnly: true}, g)
	return g.points, err
}

func moment(t time.Time) query.Param {
	return query.Param{Type: sqltype.TTimestampTZ, Datum: sqltype.Datum{Int: sqltype.TimestampFromGo(t)}}
}

// failed notes a run that failed. Where that cannot be noted either, it is only told.
func (t *task) failed(ctx context.Context, from time.Time, again bool, began time.Time, cause error) {
	t.tell(cause)
	x := Run{From: from, To: from.Add(t.rec.Every), At: t.f.s.now().UTC(), Took: time.Since(began), Again: again, Error: sayShort(cause)}
	err := t.f.s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		r, err := loadFill(tx, t.f.db, t.name)
		if err != nil || r == nil || r.id != t.id {
			return err
		}
		if err := tx.Guard(fillKey(t.f.db, t.name)); err != nil {
			return err
		}
		r.note(x)
		t.rec.fillState = r.fillState
		return r.saveState(tx, t.f.db)
	})
	if err != nil && ctx.Err() == nil {
		t.tell(err)
	}
}

// sayShort is an error as a record has it.
func sayShort(err error) string {
	text := err.Error()
	if len(text) > 500 {
		text = text[:500] + "…"
	}
	return text
}
