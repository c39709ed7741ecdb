package window

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

// naive does what a machine does, from all events of a window each time.
type naive struct {
	c         *Config
	watermark int64
	forgotten int64
	holds     func(w *naiveWindow) bool
	windows   []*naiveWindow
	table     map[string]string // results that hold, by key and start
	log       []string          // results in their order, without those of changes
	late      int
}

type naiveWindow struct {
	Span
	key    int64
	events []Event
	closed bool
	given  []int64
}

// values computes what the events come to.
func (w *naiveWindow) values() string {
	n, sum := int64(len(w.events)), int64(0)
	least, most := int64(1<<62), int64(-1<<62)
	whole := 0
	for _, e := range w.events {
		if e.Args[1].Null {
			continue
		}
		whole++
		sum += e.Args[1].Int
		least, most = min(least, e.Args[1].Int), max(most, e.Args[1].Int)
	}
	byTime := slices.Clone(w.events)
	byTime = slices.DeleteFunc(byTime, func(e Event) bool { return e.Args[1].Null })
	slices.SortFunc(byTime, func(a, b Event) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Offset, b.Offset)) })
	if whole == 0 {
		return fmt.Sprintf("%d 0 NULL NULL NULL NULL NULL NULL", n)
	}
	avg, err := sqltype.NumInt(sum).Div(sqltype.NumInt(int64(whole)))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%d %d %d %v %d %d %d %d", n, whole, sum, avg, least, most, byTime[0].Args[1].Int, byTime[len(byTime)-1].Args[1].Int)
}

func (n *naive) give(w *naiveWindow, o Outcome) {
	holds := n.holds == nil || n.holds(w)
	for _, s := range w.given {
		if s != w.Start || !holds {
			delete(n.table, fmt.Sprint(w.key, s))
			if o != Changed {
				n.log = append(n.log, fmt.Sprint("retracted ", w.key, s))
			}
		}
	}
	if w.given = nil; !holds {
		return
	}
	w.given = []int64{w.Start}
	n.table[fmt.Sprint(w.key, w.Start)] = fmt.Sprint(w.End, " ", w.values())
	if o != Changed {
		n.log = append(n.log, fmt.Sprint(o, " ", w.key, w.Span, w.values()))
	}
}

func (n *naive) apply(e Event) {
	key := e.Keys[0].Int
	late := true
	for _, s := range n.c.Of(e.Time) {
		var into *naiveWindow
		if n.c.Kind == Session {
			whole := &naiveWindow{Span: s, key: key}
			var rest []*naiveWindow
			for _, w := range n.windows {
				if w.key == key && w.Start < s.End && s.Start < w.End {
					whole.Start, whole.End = min(whole.Start, w.Start), max(whole.End, w.End)
					whole.events = append(whole.events, w.events...)
					whole.given = append(whole.given, w.given...)
					into = whole
				} else {
					rest = append(rest, w)
				}
			}
			if into != nil {
				whole.closed = n.watermark != None && whole.End <= n.watermark
				n.windows = append(rest, whole)
			}
		} else {
			for _, w := range n.windows {
				if w.key == key && w.Span == s {
					into = w
				}
			}
		}
		if into == nil {
			if n.watermark != None && s.End+n.c.Lateness.Microseconds() <= n.watermark || s.End <= n.forgotten {
				continue
			}
			into = &naiveWindow{Span: s, key: key, closed: n.watermark != None && s.End <= n.watermark}
			n.windows = append(n.windows, into)
		}
		late = false
		into.events = append(into.events, e)
		if into.closed {
			n.give(into, Updated)
		}
	}
	if late {
		n.late++
	}
	n.advance(e.Time - n.c.Delay.Microseconds())
}

func (n *naive) advance(to int64) {
	n.watermark = max(n.watermark, to)
	slices.SortFunc(n.windows, func(a, b *naiveWindow) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.key, b.key))
	})
	var kept []*naiveWindow
	for _, w := range n.windows {
		if !w.closed && w.End <= n.watermark {
			w.closed = true
			n.give(w, Closed)
		}
		if w.End+n.c.Lateness.Microseconds() > n.watermark {
			kept = append(kept, w)
		}
	}
	n.windows = kept
}

func text(d sqltype.Datum, t sqltype.Type) string {
	if d.Null {
		return "NULL"
	}
	return sqltype.FormatText(t, d)
}

// render writes a result as the interpreter does.
func render(c *Config, r Result) (key, values string) {
	var parts []string
	for i := range r.Values {
		t, err := c.Aggregates[i].Result()
		if err != nil {
			panic(err)
		}
		parts = append(parts, text(r.Values[i], t))
	}
	return fmt.Sprint(r.Keys[0].Int, r.Start), strings.Join(parts, " ")
}

// run is a machine with its records, as a store has them.
type run struct {
	c       *Config
	m       *Machine
	records map[string]string
	table   map[string]string
	log     []string

	forgotten int64
	finish    func(res *Result) (bool, error)
}

// alter has both go on with another lateness, delay and outcome, as a query does whose
// definition was changed: what the naive one holds no longer is forgotten for good.
func (r *run) alter(t *testing.T, n *naive, rnd *rand.Rand) {
	t.Helper()
	r.commit(t)
	c := *r.c
	if c.Lateness = time.Duration(rnd.IntN(80)) * us; c.Lateness > r.c.Lateness && n.watermark != None {
		n.forgotten = max(n.forgotten, n.watermark-r.c.Lateness.Microseconds())
	}
	c.Delay = time.Duration(rnd.IntN(30)) * us
	r.c, n.c, r.forgotten = &c, &c, n.forgotten
	r.restart(t)
}

// commit writes down what has changed, and takes the results.
func (r *run) commit(t *testing.T) {
	t.Helper()
	err := r.m.Changes(func(k, rec []byte) error {
		r.records[string(k)] = string(rec)
		return nil
	}, func(k []byte) error {
		delete(r.records, string(k))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, rec := range r.records {
		size += len(rec)
	}
	if r.m.Windows() != len(r.records) || r.m.Bytes() != size {
		t.Fatalf("%d windows of %d bytes, and %d records of %d", r.m.Windows(), r.m.Bytes(), len(r.records), size)
	}
	for _, res := range r.m.Take() {
		key, values := render(r.c, res)
		if res.Outcome == Retract {
			delete(r.table, key)
			r.log = append(r.log, "retracted "+key)
			continue
		}
		r.table[key] = fmt.Sprint(res.End, " ", values)
		if res.Outcome != Changed {
			r.log = append(r.log, fmt.Sprint(res.Outcome, " ", res.Keys[0].Int, res.Span, values))
		}
	}
}

// restart reads the machine back.
func (r *run) restart(t *testing.T) {
	t.Helper()
	r.m = New(r.c, r.m.Watermark())
	r.m.Forget(r.forgotten)
	r.m.Finish(r.finish)
	for _, rec := range r.records {
		if err := r.m.Load([]byte(rec)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestModel holds machines against the interpreter: random events out of order, written
// down and read back anywhere, drained in pieces.
func TestModel(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		c := &Config{Keys: []sqltype.Type{sqltype.TInt8}, Aggregates: []Aggregate{
			{Function: Count}, {Count, sqltype.TInt4}, {Sum, sqltype.TInt4}, {Avg, sqltype.TInt4}, {Min, sqltype.TInt4}, {Max, sqltype.TInt4}, {First, sqltype.TInt4}, {Last, sqltype.TInt4},
		}, Delay: time.Duration(rnd.IntN(30)) * us, OnChange: rnd.IntN(2) == 0}
		switch rnd.IntN(3) {
		case 0:
			c.Spec = Spec{Kind: Tumbling, Size: time.Duration(1+rnd.IntN(40)) * us}
		case 1:
			c.Spec = Spec{Kind: Sliding, Slide: time.Duration(1+rnd.IntN(20)) * us}
			c.Size = c.Slide + time.Duration(rnd.IntN(60))*us
		case 2:
			c.Spec = Spec{Kind: Session, Gap: time.Duration(1+rnd.IntN(20)) * us}
		}
		if rnd.IntN(2) == 0 {
			c.Lateness = time.Duration(rnd.IntN(80)) * us
		}
		modelRun(t, seed, c, rnd)
	}
}

func modelRun(t *testing.T, seed uint64, c *Config, rnd *rand.Rand) {
	t.Helper()
	n := &naive{c: c, watermark: None, forgotten: None, table: map[string]string{}}
	r := &run{c: c, m: New(c, None), records: map[string]string{}, table: map[string]string{}, forgotten: None}
	if seed%4 == 1 { // results of some numbers of events do not hold
		n.holds = func(w *naiveWindow) bool { return len(w.events)%3 != 1 }
		r.finish = func(res *Result) (bool, error) { return res.Values[0].Int%3 != 1, nil }
		r.m.Finish(r.finish)
	}
	late, base := 0, int64(rnd.IntN(2000)-1000)
	for i := range 300 {
		base += int64(rnd.IntN(12))
		e := Event{Time: base - int64(rnd.IntN(60)*rnd.IntN(3)), Offset: uint64(i + 1), Keys: []sqltype.Datum{{Int: int64(rnd.IntN(3))}}}
		v := sqltype.Datum{Int: int64(rnd.IntN(100) - 50)}
		if rnd.IntN(8) == 0 {
			v = sqltype.NullDatum
		}
		e.Args = slices.Repeat([]sqltype.Datum{v}, len(c.Aggregates))
		n.apply(e)
		was, err := r.m.Apply(&e)
		if err != nil {
			t.Fatal(err)
		}
		if was {
			late++
		}
		for r.m.Due() {
			if err := r.m.Drain(1 + rnd.IntN(3)); err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(4) == 0 {
				r.commit(t)
				if rnd.IntN(2) == 0 {
					r.restart(t)
				}
			}
		}
		if c.OnChange && rnd.IntN(5) == 0 {
			if err := r.m.Flush(); err != nil {
				t.Fatal(err)
			}
			r.commit(t)
			// A commit between events loses no change, as each is flushed before it.
			if rnd.IntN(2) == 0 {
				r.restart(t)
			}
		} else if !c.OnChange && rnd.IntN(5) == 0 {
			r.commit(t)
			r.restart(t)
		}
		if seed%3 == 0 && !r.m.Due() && len(r.m.changed) == 0 && rnd.IntN(20) == 0 {
			r.alter(t, n, rnd)
			for r.m.Due() { // with less lateness windows are given up
				if err := r.m.Drain(1); err != nil {
					t.Fatal(err)
				}
			}
			n.advance(n.watermark)
		}
	}
	n.advance(1 << 50)
	r.m.Advance(1 << 50)
	if err := r.m.Drain(1 << 30); err != nil {
		t.Fatal(err)
	}
	r.commit(t)
	if late != n.late {
		t.Fatalf("seed %d: %d were late, want %d", seed, late, n.late)
	}
	if r.m.Windows() != 0 || len(r.records) != 0 || len(r.m.groups) != 0 {
		t.Fatalf("seed %d: %d windows are left at the end", seed, r.m.Windows())
	}
	compare(t, seed, c, r, n)
}

func compare(t *testing.T, seed uint64, c *Config, r *run, n *naive) {
	t.Helper()
	if len(r.table) != len(n.table) {
		t.Fatalf("seed %d %+v: %d results hold, want %d", seed, c.Spec, len(r.table), len(n.table))
	}
	for k, v := range n.table {
		if r.table[k] != v {
			t.Fatalf("seed %d %+v: window %s is %q, want %q", seed, c.Spec, k, r.table[k], v)
		}
	}
	if c.OnChange { // more is retracted, as more was given
		return
	}
	for i := range max(len(n.log), len(r.log)) {
		if i >= len(n.log) || i >= len(r.log) || n.log[i] != r.log[i] {
			t.Fatalf("seed %d %+v: result %d differs:\n got %q\nwant %q", seed, c.Spec, i, at(r.log, i), at(n.log, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}
