package buffer

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestBacklog: the writes of many commits, installed together, leave what they do one by
// one, between writes of other kinds.
func TestBacklog(t *testing.T) {
	rounds, freeze := 40, 20
	if testing.Short() {
		rounds, freeze = 11, 5
	}
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		one, many := New(), New()
		if seed%2 == 0 {
			for _, p := range []*Pool{one, many} {
				p.Back(0, seed == 0)
			}
		}
		same := samePools
		if seed == 2 { // iterators end where a page is not whole, and the pages are others
			same = func(*testing.T, *Pool, *Pool, uint64) {}
		}
		ts := uint64(1)
		var b Backlog
		for round := range rounds {
			for range rng.IntN(40) {
				ts++
				for i, key := range bulkKeys(rng) {
					value := fmt.Appendf(nil, "%d of %d", i, ts)
					deleted := rng.IntN(4) == 0
					if deleted {
						one.Delete(key, ts)
					} else {
						one.Put(key, value, ts)
					}
					b.Add(key, value, deleted, ts)
				}
			}
			if round%7 == 3 { // after all others
				ts++
				for i := range 500 {
					key := fmt.Appendf(nil, "z%05d-%05d", round, i)
					one.Put(key, nil, ts)
					b.Add(key, nil, false, ts)
				}
			}
			many.Install(&b)
			b.Reset()
			if round%5 != 0 {
				continue
			}
			many.Settle()
			if err := many.tree.check(); err != nil {
				t.Fatal(err)
			}
			same(t, one, many, ts)
			sameDirty(t, one, many)
			if a, b := one.Sweep(ts-10, 1<<30), many.Sweep(ts-10, 1<<30); a != b {
				t.Fatalf("after %d a sweep of the one drops %+v, of the other %+v", ts, a, b)
			}
			for _, p := range []*Pool{one, many} {
				p.Epoch(ts)
				p.Reclaim(ts, 1<<30)
			}
			same(t, one, many, ts)
			if round == freeze && one.Backed() {
				for _, p := range []*Pool{one, many} {
					g := p.Freeze(ts)
					g.Marked()
					p.Stored(g)
				}
			}
		}
	}
}

// sameDirty wants both pools to have the same versions to flush.
func sameDirty(t *testing.T, a, b *Pool) {
	t.Helper()
	if x, y := a.DirtyBytes(), b.DirtyBytes(); x != y {
		t.Fatalf("%d bytes to flush, together %d", x, y)
	}
	list := func(p *Pool) (all []string) {
		g := &Generation{p: p, after: p.applied.Load(), upTo: 1 << 60, nodes: p.dirty}
		g.Begin(0)
		for v, ok := g.Next(); ok; v, ok = g.Next() {
			all = append(all, fmt.Sprintf("%q %d %v %v %q", v.Key, v.TS, v.Deleted, v.New, v.Value))
		}
		return all
	}
	x, y := list(a), list(b)
	if len(x) != len(y) {
		t.Fatalf("%d versions to flush, together %d", len(x), len(y))
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("version %d to flush is %s, together %s", i, x[i], y[i])
		}
	}
}
