package timeseries_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
)

// held is a snapshot, and what it ought to hold.
type held struct {
	tx   *txn.Tx // nil: as of a time
	at   txn.Timestamp
	want plain
}

func (p plain) clone() plain {
	out := make(plain, len(p))
	for name, points := range p {
		out[name] = maps.Clone(points)
	}
	return out
}

// hold keeps a snapshot to come back to.
func (l *life) hold() {
	h := held{at: l.txns.LastCommit(), want: l.want.clone()}
	if l.r.IntN(2) == 0 {
		tx, err := l.txns.Begin(l.t.Context(), txn.TxOptions{ReadOnly: true})
		l.must(err)
		h.tx = tx
	}
	l.held = append(l.held, h)
}

// checkHeld compares what an older snapshot holds, whatever was sealed since.
func (l *life) checkHeld() {
	if len(l.held) == 0 {
		return
	}
	if l.r.IntN(3) == 0 {
		timeseries.ForgetTrimmed(l.s)
	}
	i := l.r.IntN(len(l.held))
	h := l.held[i]
	tx := h.tx
	if tx == nil {
		var err error
		tx, err = l.txns.Begin(l.t.Context(), txn.TxOptions{AsOf: h.at})
		l.must(err)
	}
	if _, ok, err := l.s.LookupTx(tx, "m"); ok && err == nil {
		l.checkAs(l.s.Within(tx), h.want)
	}
	tx.Rollback()
	l.held = append(l.held[:i], l.held[i+1:]...)
}

func (l *life) letGo() {
	for _, h := range l.held {
		if h.tx != nil {
			h.tx.Rollback()
		}
	}
	l.held = nil
}

// transact writes and deletes in a transaction, which sees what it did and takes part of it
// back, and ends one way or the other.
func (l *life) transact() {
	tx, err := l.txns.Begin(l.t.Context(), txn.TxOptions{Isolation: txn.Isolation(l.r.IntN(2))})
	l.must(err)
	defer tx.Rollback()
	s, want := l.s.Within(tx), l.want.clone()
	if _, ok, err := s.LookupTx(tx, "m"); err != nil || !ok {
		return
	}
	for range 1 + l.r.IntN(4) {
		sp, before := tx.Savepoint(), want.clone()
		if l.r.IntN(4) == 0 {
			host, from, to := hosts[l.r.IntN(3)], l.at(), l.at()
			from, to = min(from, to), max(from, to)
			l.must(l.delete(s, host, from, to))
			l.unwrite(want, host, from, to)
		} else {
			points := l.draw(1 + l.r.IntN(20))
			l.writeTo(s, points)
			l.apply(want, points)
		}
		if l.r.IntN(2) == 0 {
			l.checkAs(s, want)
			l.checkAs(l.s, l.want)
		}
		if l.r.IntN(4) == 0 {
			l.must(tx.RollbackTo(sp))
			want = before
			l.checkAs(s, want)
		}
	}
	if l.r.IntN(3) > 0 {
		l.must(tx.Commit(l.t.Context()))
		l.want = want
	}
}

// TestPassCrash pulls the plug at every commit of a pass: what is there afterwards is what
// was there before, also when the pass is gone through again.
func TestPassCrash(t *testing.T) {
	defer timeseries.SetPassColumns(2)()
	defer timeseries.SetRunLimits(50, 4)()
	r := rand.New(rand.NewPCG(9, 9))
	l := &life{t: t, r: r, now: clock.NewManual(epoch), disk: vfs.NewCrashableMem(), want: make(plain)}
	l.open()
	l.register()
	for range 3 {
		for range 6 {
			l.put(2 + r.IntN(60))
		}
		l.remove()
		l.put(10)
		_, err := l.s.Seal(t.Context())
		l.must(err)
	}
	for range 6 {
		l.put(2 + r.IntN(60))
	}
	l.remove()
	l.put(1)
	var disks []*vfs.Mem
	stop := l.txns.OnCommit(func(set *txn.ChangeSet) {
		l.held = append(l.held, held{at: set.Timestamp, want: l.want})
		disks = append(disks, l.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r}))
	})
	_, err := l.s.Seal(t.Context())
	l.must(err)
	stop()
	l.check()
	timeseries.ForgetTrimmed(l.s)
	for len(l.held) > 0 {
		l.checkHeld()
	}
	l.close()
	if len(disks) < 8 {
		t.Fatalf("the pass had %d commits", len(disks))
	}
	for i, disk := range disks {
		x := &life{t: t, r: r, now: l.now, disk: disk, want: l.want.clone()}
		x.open()
		x.check()
		if i%2 == 0 { // more comes before it goes on
			x.put(30)
			x.remove()
			x.check()
		}
		_, err := x.s.Seal(t.Context())
		x.must(err)
		x.check()
		if points, _ := timeseries.OpenPoints(x.s); points != 0 {
			t.Errorf("after commit %d, %d points are left open", i, points)
		}
		x.close()
		x.open()
		x.check()
		n, err := x.s.Check(t.Context(), func(problem string) { t.Errorf("after commit %d: %s", i, problem) })
		x.must(err)
		if n.Points == 0 {
			t.Error("the check saw no points")
		}
		x.close()
	}
}

// TestRefOfRemovedSeries writes by a reference to a series that is removed: it is made
// again.
func TestRefOfRemovedSeries(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	ctx := context.Background()
	var points []timeseries.Point
	for i := range 10 {
		r, err := timeseries.NewRef("m", []timeseries.Tag{{Key: "n", Value: fmt.Sprint(i)}})
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, timeseries.Point{Ref: r, Time: 1, Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(1)}}})
	}
	for round := range 4 {
		for range 2 {
			if err := s.Write(ctx, points); err != nil {
				t.Fatal(err)
			}
		}
		a, err := s.Query(ctx, all())
		if err != nil || len(a.Series) != 10 {
			t.Fatalf("round %d: %d series, %v", round, len(a.Series), err)
		}
		if round == 2 {
			err = s.Drop(ctx, "m")
		} else {
			_, err = s.Delete(ctx, timeseries.Deletion{Metric: "m", From: math.MinInt64, To: math.MaxInt64})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
