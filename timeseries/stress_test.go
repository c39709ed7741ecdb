package timeseries_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/testkit/seed"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
)

// TestAllBesideAll has workers write to metrics that they share, each to series of its own,
// delete, drop, roll back and read, in transactions and without, beside sealers and
// checkpoints, over restarts. After each step a worker finds what it has and nothing else.
func TestAllBesideAll(t *testing.T) {
	lives, steps := 6, 400
	if testing.Short() {
		lives, steps = 2, 60 // as under the race detector, where it takes long
	}
	from := seed.Of(t)
	x := &stress{t: t, disk: vfs.NewCrashableMem()}
	for w := range 4 {
		x.workers = append(x.workers, &worker{x: x, n: w, r: rand.New(rand.NewPCG(uint64(w), from)), have: map[place]map[int64]float64{}})
	}
	for life := range lives {
		x.open()
		for _, w := range x.workers {
			w.verify()
		}
		x.live(steps)
		for _, w := range x.workers {
			w.verify()
		}
		x.close(life%2 == 0)
		if t.Failed() {
			return
		}
	}
}

type stress struct {
	t       *testing.T
	disk    *vfs.Mem
	txns    *storage.Store
	s       *timeseries.Store
	workers []*worker
}

func (x *stress) open() {
	x.t.Helper()
	var err error
	if x.txns, err = storage.Open(x.disk, "data", storage.Options{Durability: txn.DurabilitySync, BufferBytes: 8 << 20}); err != nil {
		x.t.Fatal(err)
	}
	x.s, err = timeseries.Open(x.txns.Store, timeseries.Options{OpenPoints: 2000, SealEvery: time.Millisecond, SealAge: 20 * time.Millisecond,
		Events: timeseries.Events{SealFailed: func(err error) { x.t.Errorf("seal: %v", err) }}})
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *stress) close(clean bool) {
	var problems []string
	if _, err := x.s.Check(context.Background(), func(p string) { problems = append(problems, p) }); err != nil || len(problems) > 0 {
		x.t.Errorf("check: %v %q", err, problems)
	}
	crashed := x.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(1, 2))})
	if err := errors.Join(x.s.Close(), x.txns.Close()); err != nil {
		x.t.Error(err)
	}
	if !clean {
		x.disk = crashed
	}
}

// live has the workers do so many steps.
func (x *stress) live(steps int) {
	ctx, cancel := context.WithCancel(context.Background())
	var beside, workers sync.WaitGroup
	beside.Go(func() {
		for ctx.Err() == nil {
			if _, err := x.s.Seal(ctx); err != nil && ctx.Err() == nil {
				x.t.Error(err)
			}
		}
	})
	beside.Go(func() {
		for ctx.Err() == nil {
			if _, err := x.txns.Checkpoint(ctx); err != nil && ctx.Err() == nil {
				x.t.Error(err)
			}
		}
	})
	for _, w := range x.workers {
		workers.Go(func() {
			for range steps {
				if !w.step() {
					return
				}
			}
		})
	}
	workers.Wait()
	cancel()
	beside.Wait()
}

// place is where a worker has points.
type place struct {
	metric, field string
	host          int
}

// worker is who writes, and what there should be of it.
type worker struct {
	x    *stress
	n    int
	r    *rand.Rand
	have map[place]map[int64]float64
}

// metric is one that all write to, or one of the worker's own, which it drops at times.
func (w *worker) metric() string {
	if n := w.r.IntN(6); n > 3 {
		return fmt.Sprintf("own%d_%d", w.n, n)
	}
	return fmt.Sprintf("shared%d", w.r.IntN(3))
}

func (w *worker) tags(host int) []timeseries.Tag {
	return []timeseries.Tag{{Key: "worker", Value: fmt.Sprint(w.n)}, {Key: "host", Value: fmt.Sprint(host)}}
}

// some makes points of a metric: few or many, at times that come again.
func (w *worker) some(metric string) (points []timeseries.Point) {
	n := 1 + w.r.IntN(2)
	if w.r.IntN(2) == 0 {
		n = 4 + w.r.IntN(40)
	}
	at := w.r.Int64N(2000)
	for range n {
		p := timeseries.Point{Metric: metric, Tags: w.tags(w.r.IntN(12)), Time: at + w.r.Int64N(3)}
		for _, name := range []string{"value", "other"} {
			if w.r.IntN(3) > 0 || len(p.Fields) == 0 {
				p.Fields = append(p.Fields, timeseries.Field{Name: name, Value: timeseries.FloatValue(w.r.Float64())})
			}
		}
		points = append(points, p)
	}
	return points
}

// wrote notes points.
func (w *worker) wrote(into map[place]map[int64]float64, points []timeseries.Point) {
	for _, p := range points {
		var host int
		fmt.Sscan(p.Tags[1].Value, &host)
		for _, f := range p.Fields {
			at := place{p.Metric, f.Name, host}
			if into[at] == nil {
				into[at] = map[int64]float64{}
			}
			into[at][p.Time] = f.Value.Float
		}
	}
}

// removed notes a deletion; with all it is of whole series.
func removed(from map[place]map[int64]float64, metric string, host int, low, high int64) {
	for at, points := range from {
		if at.metric == metric && (host < 0 || at.host == host) {
			for t := range points {
				if t >= low && t <= high {
					delete(points, t)
				}
			}
		}
	}
}

func clone(have map[place]map[int64]float64) map[place]map[int64]float64 {
	out := make(map[place]map[int64]float64, len(have))
	for at, points := range have {
		c := make(map[int64]float64, len(points))
		for t, v := range points {
			c[t] = v
		}
		out[at] = c
	}
	return out
}

func (w *worker) deletion(metric string) (d timeseries.Deletion, host int) {
	host = w.r.IntN(12)
	d = timeseries.Deletion{Metric: metric, From: math.MinInt64, To: math.MaxInt64,
		Matchers: []timeseries.Matcher{{Tag: "worker", Values: []string{fmt.Sprint(w.n)}}, {Tag: "host", Values: []string{fmt.Sprint(host)}}}}
	if w.r.IntN(2) == 0 {
		d.From = w.r.Int64N(2000)
		d.To = d.From + w.r.Int64N(500)
	}
	return d, host
}

func (w *worker) step() bool {
	ctx, t, s := w.x.t.Context(), w.x.t, w.x.s
	metric := w.metric()
	switch n := w.r.IntN(30); {
	case n == 0 && metric[0] == 'o':
		if err := s.Drop(ctx, metric); err != nil && !errors.Is(err, dberr.ErrNotFound) {
			t.Errorf("drop: %v", err)
			return false
		}
		removed(w.have, metric, -1, math.MinInt64, math.MaxInt64)
	case n < 4:
		d, host := w.deletion(metric)
		if _, err := s.Delete(ctx, d); err != nil && !errors.Is(err, dberr.ErrNotFound) {
			t.Errorf("delete: %v", err)
			return false
		}
		removed(w.have, metric, host, d.From, d.To)
	case n < 10:
		if !w.transact(metric) {
			return false
		}
	default:
		points := w.some(metric)
		if err := s.Write(ctx, points); err != nil {
			t.Errorf("write: %v", err)
			return false
		}
		w.wrote(w.have, points)
	}
	return w.holds(s, nil, metric, w.have)
}

// transact writes and deletes in a transaction, goes back to a savepoint at times, and
// commits or rolls back.
func (w *worker) transact(metric string) bool {
	ctx, t := w.x.t.Context(), w.x.t
	tx, err := w.x.txns.Begin(ctx, txn.TxOptions{Isolation: []txn.Isolation{txn.Snapshot, txn.Serializable}[w.r.IntN(2)]})
	if err != nil {
		t.Error(err)
		return false
	}
	defer tx.Rollback()
	s, pending := w.x.s.Within(tx), clone(w.have)
	conflict := func(err error) bool {
		if !errors.Is(err, dberr.ErrConflict) {
			t.Errorf("in a transaction: %v", err)
		}
		return errors.Is(err, dberr.ErrConflict)
	}
	for range 1 + w.r.IntN(3) {
		sp, before := tx.Savepoint(), clone(pending)
		if w.r.IntN(4) == 0 {
			d, host := w.deletion(metric)
			if _, err := s.Delete(ctx, d); err != nil && !errors.Is(err, dberr.ErrNotFound) {
				return conflict(err)
			}
			removed(pending, metric, host, d.From, d.To)
		} else {
			points := w.some(metric)
			if err := s.Write(ctx, points); err != nil {
				return conflict(err)
			}
			w.wrote(pending, points)
		}
		if w.r.IntN(3) == 0 {
			if err := tx.RollbackTo(sp); err != nil {
				return conflict(err)
			}
			pending = before
		}
		if !w.holds(s, tx, metric, pending) {
			return false
		}
	}
	if w.r.IntN(3) == 0 {
		return true
	}
	if err := tx.Commit(ctx); err != nil {
		return conflict(err)
	}
	w.have = pending
	return true
}

// verify looks at all metrics.
func (w *worker) verify() {
	metrics := map[string]bool{}
	for at := range w.have {
		metrics[at.metric] = true
	}
	for metric := range metrics {
		w.holds(w.x.s, nil, metric, w.have)
	}
}

// holds says whether the points of the worker in a metric are those that it has.
func (w *worker) holds(s *timeseries.Store, tx *txn.Tx, metric string, have map[place]map[int64]float64) bool {
	ctx, t := context.Background(), w.x.t
	q := timeseries.Query{Metric: metric, From: math.MinInt64, To: math.MaxInt64, Matchers: []timeseries.Matcher{{Tag: "worker", Values: []string{fmt.Sprint(w.n)}}}}
	a, err := s.Query(ctx, q)
	if err != nil && !errors.Is(err, dberr.ErrNotFound) {
		t.Errorf("query: %v", err)
		return false
	}
	type at struct {
		place
		t int64
		v float64
	}
	var got, want []at
	if err == nil {
		for _, x := range a.Series {
			var host int
			for _, tag := range x.Tags {
				if tag.Key == "host" {
					fmt.Sscan(tag.Value, &host)
				}
			}
			for _, p := range x.Samples {
				got = append(got, at{place{metric, x.Field, host}, p.Time, p.Value.Float})
			}
		}
	}
	for where, points := range have {
		if where.metric == metric {
			for at0, v := range points {
				want = append(want, at{where, at0, v})
			}
		}
	}
	order := func(a, b at) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.field, b.field), cmp.Compare(a.t, b.t))
	}
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if slices.Equal(got, want) {
		return true
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("worker %d, metric %s (in a transaction: %v): %d points, want %d; from the %dth on %v, want %v", w.n, metric, tx != nil, len(got), len(want), i,
		got[i:min(len(got), i+3)], want[i:min(len(want), i+3)])
	return false
}
