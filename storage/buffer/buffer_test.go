package buffer

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// check walks the tree and says what is wrong with it.
func (t *tree) check() error {
	var leaves []addr
	var walk func(n *inner, low, high addr) error
	walk = func(n *inner, low, high addr) error {
		for i := 1; i < len(n.fences); i++ {
			if bytes.Compare(t.s.fence(n.fences[i-1]), t.s.fence(n.fences[i])) >= 0 {
				return fmt.Errorf("fences %q and %q out of order", t.s.fence(n.fences[i-1]), t.s.fence(n.fences[i]))
			}
		}
		if len(n.kids)+len(n.leaves) != len(n.fences)+1 {
			return fmt.Errorf("%d children for %d fences", len(n.kids)+len(n.leaves), len(n.fences))
		}
		for i := range len(n.fences) + 1 {
			l, h := low, high
			if i > 0 {
				l = n.fences[i-1]
			}
			if i < len(n.fences) {
				h = n.fences[i]
			}
			if n.leaves == nil {
				if err := walk(n.kids[i], l, h); err != nil {
					return err
				}
				continue
			}
			p := t.s.page(n.leaves[i])
			if l != 0 && p.leaf != l || l == 0 && t.s.fence(p.leaf) != nil || p.next != h {
				return fmt.Errorf("a page has other fences than the way to it")
			}
			leaves = append(leaves, n.leaves[i])
		}
		return nil
	}
	if err := walk(t.root.Load(), 0, 0); err != nil {
		return err
	}
	whole, blocks := int64(0), 0
	for _, l := range leaves {
		if blocks += pageBytes + footprint(leafHeader+len(t.s.fence(l))); t.s.page(l).whole {
			whole++
		}
	}
	if t.leaves.Load() != int64(len(leaves)) || t.whole.Load() != whole || t.blocks.Load() != int64(blocks) {
		return fmt.Errorf("%d leaves of %d bytes, %d of them whole: counted %d, %d and %d", len(leaves), blocks, whole, t.leaves.Load(), t.blocks.Load(), t.whole.Load())
	}
	var last []byte
	for i, l := range leaves {
		p := t.s.page(l).view()
		if p.leaf != l || int(p.used) < p.n {
			return fmt.Errorf("leaf %d of %d has a page of another, or more entries than places", i, len(leaves))
		}
		if (i+1 < len(leaves)) != (p.next != 0) || p.next != 0 && p.next != leaves[i+1] {
			return fmt.Errorf("leaf %d of %d has another neighbour", i, len(leaves))
		}
		for j := range p.n {
			key := t.s.key(p.node(j))
			if last != nil && bytes.Compare(last, key) >= 0 {
				return fmt.Errorf("key %q after %q", key, last)
			}
			if low := t.s.fence(l); bytes.Compare(key, low) < 0 || p.next != 0 && bytes.Compare(key, t.s.fence(p.next)) >= 0 {
				return fmt.Errorf("key %q is outside its page", key)
			}
			if p.head(j) != word(key, int(p.skip)) {
				return fmt.Errorf("key %q has a wrong head", key)
			}
			if _, ok := t.s.search(&p, key); !ok {
				return fmt.Errorf("key %q is not found in its page", key)
			}
			last = key
		}
	}
	return nil
}

func collect(p *Pool, ts uint64, reverse bool) (keys []string) {
	it := p.Iter(ts, reverse)
	it.Seek(nil)
	for it.Next() == Row {
		keys = append(keys, string(it.Key())+"="+string(it.Value()))
	}
	return keys
}

// TestPool writes, deletes, sweeps and reclaims at random, in several shapes of
// keys, and compares with a map.
func TestPool(t *testing.T) {
	shapes := map[string]func(r *rand.Rand, step int) []byte{
		"random":     func(r *rand.Rand, _ int) []byte { return fmt.Appendf(nil, "%d", r.IntN(4000)) },
		"ascending":  func(r *rand.Rand, step int) []byte { return fmt.Appendf(nil, "%08d", step/2) },
		"descending": func(r *rand.Rand, step int) []byte { return fmt.Appendf(nil, "%08d", 99999999-step/2) },
		"prefixed": func(r *rand.Rand, _ int) []byte {
			return append(bytes.Repeat([]byte{byte(r.IntN(2))}, r.IntN(40)), make([]byte, r.IntN(3))...)
		},
		"queue": func(r *rand.Rand, step int) []byte { return fmt.Appendf(nil, "%08d", step-r.IntN(2)*500) },
	}
	for name, key := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			p := New()
			state := map[string]string{}
			for step := 1; step < 20000; step++ {
				k := key(r, step)
				if len(k) == 0 {
					continue
				}
				_, there := state[string(k)]
				if (name == "queue" && there) || r.IntN(3) == 0 {
					p.Delete(k, uint64(step))
					delete(state, string(k))
				} else {
					v := fmt.Sprintf("%0*d", 1+r.IntN(60), step)
					p.Put(k, []byte(v), uint64(step))
					state[string(k)] = v
				}
				if step%50 == 0 {
					p.Epoch(uint64(step))
					for p.Sweep(uint64(step-r.IntN(200)-1), 10).More {
					}
					p.Reclaim(uint64(step-100), 1000)
				}
				if step%4000 == 3999 {
					compare(t, p, state, uint64(step))
				}
			}
			for k := range state {
				p.Delete([]byte(k), 20000)
			}
			for p.Sweep(math.MaxUint64, 100).More {
			}
			if !p.Reclaim(math.MaxUint64, math.MaxInt) {
				t.Error("not all is reclaimed")
			}
			compare(t, p, nil, 20000)
			if st := p.Stats(); st.Keys != 0 || st.Stale != 0 || st.UsedBytes != 0 {
				t.Errorf("an empty pool has %+v", st)
			}
		})
	}
}

func compare(t *testing.T, p *Pool, state map[string]string, ts uint64) {
	t.Helper()
	if err := p.tree.check(); err != nil {
		t.Fatalf("at %d: %v", ts, err)
	}
	var want []string
	for k, v := range state {
		want = append(want, k+"="+v)
		if got, _, seen := p.Get([]byte(k), ts); seen != Present || string(got) != v {
			t.Fatalf("at %d: get %q: got %q %v, want %q", ts, k, got, seen, v)
		}
	}
	slices.SortFunc(want, func(a, b string) int {
		return bytes.Compare([]byte(a[:bytes.IndexByte([]byte(a), '=')]), []byte(b[:bytes.IndexByte([]byte(b), '=')]))
	})
	if got := collect(p, ts, false); !slices.Equal(got, want) {
		t.Fatalf("at %d: got %d keys, want %d", ts, len(got), len(want))
	}
	slices.Reverse(want)
	if got := collect(p, ts, true); !slices.Equal(got, want) {
		t.Fatalf("at %d, in reverse: got %d keys, want %d", ts, len(got), len(want))
	}
}

// TestReadersAreNotDisturbed: what a snapshot sees does not change while a writer
// inserts, deletes and sweeps around it.
func TestReadersAreNotDisturbed(t *testing.T) {
	p := New()
	const base = 2000
	var want []string
	for i := range base {
		k, v := fmt.Sprintf("%06d", i*10), fmt.Sprint("v", i)
		p.Put([]byte(k), []byte(v), uint64(i+1))
		want = append(want, k+"="+v)
	}
	back := slices.Clone(want)
	slices.Reverse(back)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				if got := collect(p, base, g == 0); !slices.Equal(got, [][]string{want, back}[1-g]) {
					t.Errorf("reader %d sees %d keys, want %d", g, len(got), base)
					return
				}
				if v, _, seen := p.Get([]byte("000100"), base); seen != Present || string(v) != "v10" {
					t.Errorf("get: %q %v", v, seen)
					return
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for ts := uint64(base + 1); ts < base+30000; ts++ {
		k := fmt.Appendf(nil, "%06d", r.IntN(base*10))
		if r.IntN(2) == 0 {
			p.Delete(k, ts)
		} else {
			p.Put(k, []byte("other"), ts)
		}
		if ts%100 == 0 {
			p.Sweep(base, 1000)
		}
		if ts%500 == 0 {
			b := p.Bulk(ts + 1)
			for i, from := 0, r.IntN(base*9); i < 300; i += 1 + r.IntN(3) {
				k := fmt.Appendf(nil, "%06d", from+i)
				if b.Put(k, []byte("many")); r.IntN(2) == 0 {
					b.Put(append(k, 'x'), nil)
				}
			}
			b.End()
			ts++
		}
	}
	close(quit)
	wg.Wait()
}

func TestClasses(t *testing.T) {
	last, lastSize := 0, 0
	for n := 1; n <= blockMax; n++ {
		c, size := class(n)
		if size < n || (n > smallMax && size-n > n/8) || size%granule != 0 && size > smallMax || c >= numClasses {
			t.Fatalf("%d bytes: class %d of %d, %d bytes", n, c, numClasses, size)
		}
		if c != last && size <= lastSize || c == last && n > 1 && size != lastSize {
			t.Fatalf("%d bytes: class %d has %d, class %d before it %d", n, c, size, last, lastSize)
		}
		last, lastSize = c, size
	}
}

// TestLargeValues: values that are chunks of their own are kept whole, and their
// memory is given back.
func TestLargeValues(t *testing.T) {
	p := New()
	for i := range 50 {
		p.Epoch(uint64(i))
		n := blockMax - 10 + i
		if i%2 == 0 {
			n = 3<<20 + i
		}
		v := bytes.Repeat([]byte{byte(i)}, n)
		p.Put([]byte("k"), v, uint64(i+1))
		if got, _, seen := p.Get([]byte("k"), uint64(i+1)); seen != Present || !bytes.Equal(got, v) {
			t.Fatalf("value of %d bytes is not what was put", len(v))
		}
		p.Sweep(uint64(i+1), 100)
		p.Reclaim(uint64(i+1), 100)
	}
	if st := p.Stats(); st.HeldBytes > 12<<20 {
		t.Errorf("%d bytes are held", st.HeldBytes)
	}
}

// TestHugeTable: a table with more slots than the tag has values.
func TestHugeTable(t *testing.T) {
	var s slabs
	var h hashIndex
	h.init(&s)
	table := make([]uint64, 2*(tagMask+1))
	for i := range 1000 {
		k := fmt.Appendf(nil, "key %d", i)
		place(table, h.hash(k), s.newNode(k))
	}
	for i := range 1000 {
		k := fmt.Appendf(nil, "key %d", i)
		if h.probe(table, h.hash(k), k) < 0 {
			t.Fatalf("%q is not found", k)
		}
	}
	if i := h.probe(table, h.hash([]byte("absent")), []byte("absent")); i >= 0 {
		t.Fatalf("an absent key is at %d", i)
	}
}

// TestHeapObjects: records are not objects of the heap.
func TestHeapObjects(t *testing.T) {
	if poison {
		t.Skip("the race detector keeps objects of its own, and chunks are on the heap")
	}
	count := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapObjects) // what other tests left may go meanwhile
	}
	const records = 200_000
	p := New()
	before := count()
	r := rand.New(rand.NewPCG(1, 1))
	for i := range uint64(records) {
		p.Put(fmt.Appendf(nil, "%016x", r.Uint64()), make([]byte, 100), i+1)
	}
	objects := float64(count()-before) / records
	t.Logf("%.3f heap objects and %d bytes held for a record", objects, p.Stats().HeldBytes/records)
	if objects > 0.02 {
		t.Errorf("%.3f heap objects for a record", objects)
	}
	runtime.KeepAlive(p)
}
