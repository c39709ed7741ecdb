package buffer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// TestViewIsOneOrder: whoever takes the order of a page gets one that was published, never
// parts of two.
func TestViewIsOneOrder(t *testing.T) {
	p := &page{}
	put := func(from, n int) { // the places go round from one of them
		var o order
		for i := range n {
			o[i] = uint8((from + i) % pageEntries)
		}
		p.publish(&o, n)
	}
	put(0, pageEntries)
	var seen, ended atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			defer ended.Add(1)
			for range 20_000 {
				v := p.view()
				for i := 1; i < v.n; i++ {
					if int(v.places[i]) != (int(v.places[0])+i)%pageEntries {
						t.Errorf("places %v", v.places[:v.n])
						return
					}
				}
				if want := pageEntries - int(v.places[0])%2; v.n != want {
					t.Errorf("%d entries from %d on, want %d", v.n, v.places[0], want)
					return
				}
				seen.Add(1)
			}
		})
	}
	for from := 0; ended.Load() < 2; from++ {
		put(from%pageEntries, pageEntries-from%2)
	}
	wg.Wait()
}

// TestReadersAndReclaim: pages and leaves that were replaced are used again once nobody who
// may have come to them is there, and not before: readers beside a writer who makes leaves
// and takes them away see all keys that stay, in order.
func TestReadersAndReclaim(t *testing.T) {
	p := New()
	const base, readers = 500, 3
	name := func(i int) []byte { return fmt.Appendf(nil, "%04d", i) }
	for i := range base {
		p.Put(name(i), nil, 1)
	}
	var published, epoch atomic.Uint64
	published.Store(1)
	epoch.Store(1)
	p.Epoch(1)
	var began [readers]atomic.Uint64 // the epoch of each
	var quit atomic.Bool
	var wg sync.WaitGroup
	for g := range readers {
		began[g].Store(math.MaxUint64)
		wg.Go(func() {
			for !quit.Load() {
				for at := epoch.Load(); ; at = epoch.Load() { // as a transaction that enters between two passes
					began[g].Store(at)
					if epoch.Load() == at {
						break
					}
				}
				keys := collect(p, published.Load(), g == 0)
				began[g].Store(math.MaxUint64)
				if g == 0 {
					slices.Reverse(keys)
				}
				stay := 0
				for i, k := range keys {
					if i > 0 && keys[i-1] >= k {
						t.Errorf("%q after %q", k, keys[i-1])
						quit.Store(true)
					}
					if len(k) == len("0000=") {
						stay++
					}
				}
				if stay != base {
					t.Errorf("reader %d sees %d keys that stay, want %d", g, stay, base)
					quit.Store(true)
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	ts := uint64(1)
	reused := int64(0)
	for range 60 {
		at := r.IntN(base)
		var names [][]byte
		for i := range 400 {
			names = append(names, fmt.Appendf(name(at), "~%03d", i))
		}
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, key := range names {
			ts++
			p.Put(key, nil, ts)
			if i%3 == 0 {
				published.Store(ts)
			}
		}
		for _, key := range names {
			ts++
			p.Delete(key, ts)
		}
		published.Store(ts)
		for p.Sweep(ts, 100).More { // readers that began before may miss what goes: keys that stay are not among it
		}
		done := epoch.Add(1)
		p.Epoch(done)
		for g := range began {
			done = min(done, began[g].Load())
		}
		waits := p.pages.bytes.Load()
		p.Reclaim(done, 1<<30)
		reused += waits - p.pages.bytes.Load()
		if quit.Load() {
			break
		}
	}
	quit.Store(true)
	wg.Wait()
	if err := p.tree.check(); err != nil {
		t.Error(err)
	}
	if reused == 0 {
		t.Error("no page was used again")
	}
}

// TestShorterPrefix: a key that has less in common with those of a page than they have with
// one another, wherever it comes and however full the page is.
func TestShorterPrefix(t *testing.T) {
	for n := 1; n <= 2*pageEntries; n++ {
		for length := range 8 {
			for short := 0; short <= length; short++ {
				for _, last := range []string{"", "0", "Z"} {
					p := New()
					prefix := "AAAAAAAA"[:length]
					want := map[string]bool{}
					for i := range n {
						want[fmt.Sprintf("%s%03d", prefix, i*7%n)] = true
					}
					for k := range want {
						p.Put([]byte(k), nil, 1)
					}
					odd := prefix[:short] + last
					p.Put([]byte(odd), nil, 1)
					want[odd] = true
					if err := p.tree.check(); err != nil {
						t.Fatalf("%d keys behind %q, then %q: %v", n, prefix, odd, err)
					}
					if got := collect(p, 1, true); len(got) != len(want) {
						t.Fatalf("%d keys behind %q, then %q: %d keys, want %d", n, prefix, odd, len(got), len(want))
					}
				}
			}
		}
	}
}
