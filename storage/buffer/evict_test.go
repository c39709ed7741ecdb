package buffer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEvict writes, stores, evicts, trims, admits and sweeps at random. Whatever
// memory says must be the truth; what it does not know, the stored versions have.
func TestEvict(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 5))
		p := New()
		p.Back(0, true)
		stored := map[string][]Version{} // oldest first
		truth := map[string]string{}
		key := func() []byte { return fmt.Appendf(nil, "%04d", r.IntN(1500)) }
		for step := uint64(1); step < 20_000; step++ {
			k := key()
			switch n := r.IntN(100); {
			case n < 40:
				v := fmt.Sprint(step)
				p.Put(k, []byte(v), step)
				truth[string(k)] = v
			case n < 50:
				p.Delete(k, step)
				delete(truth, string(k))
			case n == 50:
				g := p.Freeze(step)
				g.Begin(step)
				last := []byte(nil)
				for v, ok := g.Next(); ok; v, ok = g.Next() {
					if bytes.Compare(last, v.Key) > 0 {
						t.Fatalf("generation gives %s after %s", v.Key, last)
					}
					first := !bytes.Equal(last, v.Key)
					last = v.Key
					if old := stored[string(v.Key)]; first && v.New && len(old) > 0 && !old[len(old)-1].Deleted {
						t.Fatalf("step %d: %s is new, though version %d is stored", step, v.Key, old[len(old)-1].TS)
					}
					// The newest comes first.
					at := len(stored[string(v.Key)])
					for at > 0 && stored[string(v.Key)][at-1].TS > v.TS {
						at--
					}
					s := append(stored[string(v.Key)], Version{})
					copy(s[at+1:], s[at:])
					s[at] = Version{Value: bytes.Clone(v.Value), TS: v.TS, Deleted: v.Deleted}
					stored[string(v.Key)] = s
				}
				g.Marked()
				p.Stored(g)
			case n < 56:
				p.Epoch(step)
				p.Trim(math.MaxUint64, math.MaxUint64, 1+r.IntN(30))
				p.Evict(1 + r.IntN(8))
			case n < 60:
				p.Epoch(step)
				p.Sweep(step, 1+r.IntN(50))
				p.Reclaim(step, math.MaxInt)
			case n < 65:
				if s := stored[string(k)]; len(s) > 0 && !s[len(s)-1].Deleted {
					p.Admit(k, s[len(s)-1].Value, s[len(s)-1].TS, p.Applied())
				}
			default:
				value, _, seen := p.Get(k, step)
				if seen == Elsewhere {
					seen = Absent
					if s := stored[string(k)]; len(s) > 0 && !s[len(s)-1].Deleted {
						value, seen = s[len(s)-1].Value, Present
					}
				}
				if want, there := truth[string(k)]; there != (seen == Present) || string(value) != want {
					t.Fatalf("seed %d, step %d: %s is %q %v, want %q %v", seed, step, k, value, seen, want, there)
				}
			}
			if step%500 == 0 {
				if err := p.tree.check(); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			}
		}
		if p.Gone() == 0 {
			t.Fatal("nothing was evicted")
		}
	}
}

// TestEvictDuringFlush: while a generation is read, what is evicted is used again for
// what is written, and the generation stays what it was.
func TestEvictDuringFlush(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	p := New()
	p.Back(0, true)
	value := make([]byte, 500)
	read := func(g *Generation) (all []string) {
		g.Begin(g.UpTo())
		for v, ok := g.Next(); ok; v, ok = g.Next() {
			all = append(all, fmt.Sprintf("%s@%d %v %x", v.Key, v.TS, v.Deleted, v.Value[:min(len(v.Value), 8)]))
		}
		return all
	}
	step, most := uint64(0), int64(0)
	for generation := range 20 {
		g := p.Freeze(step)
		before := read(g)
		for range 3000 {
			step++
			k := fmt.Appendf(nil, "%06d", r.IntN(100_000))
			binary.BigEndian.PutUint64(value, step)
			switch {
			case r.IntN(20) == 0:
				p.Delete(k, step)
			default:
				p.Put(k, value, step)
			}
			if step%50 == 0 {
				p.Epoch(step)
				p.Trim(math.MaxUint64, math.MaxUint64, 30)
				for range 5 {
					p.Evict(4)
				}
				p.ReclaimEvicted(step+1, math.MaxInt)
			}
		}
		if after := read(g); !slices.Equal(before, after) {
			t.Fatalf("generation %d was %d versions, and is %d other ones", generation, len(before), len(after))
		}
		most = max(most, p.Stats().UsedBytes)
		g.Marked()
		p.Stored(g)
		p.Reclaim(step+1, math.MaxInt)
	}
	// What is not stored is two generations; a third was not made room in.
	if limit := int64(3000 * 2 * 640); most > limit {
		t.Errorf("blocks took up to %d bytes, want at most %d", most, limit)
	}
}
