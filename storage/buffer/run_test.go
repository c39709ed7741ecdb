package buffer

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRuns: keys that ascend in several ranges by turns fill their leaves, and so do keys in
// no order as far as splits in the middle leave them filled.
func TestRuns(t *testing.T) {
	const keys = 20_000
	p := New()
	for i := range keys {
		p.Put(fmt.Appendf(nil, "range %d: %08d", i%5, i/5), []byte("v"), uint64(i+1))
	}
	// The first leaf that a range shares with the next is split once, and a full leaf gives
	// its last entry to the next.
	if most := int64(keys/(pageEntries-1) + 3*5); p.tree.leaves.Load() > most {
		t.Errorf("%d leaves of %d entries for %d keys, want %d at most", p.tree.leaves.Load(), pageEntries, keys, most)
	}
	if err := p.tree.check(); err != nil {
		t.Error(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	p = New()
	for i := range keys {
		p.Put(fmt.Appendf(nil, "%016x", rng.Uint64()), []byte("v"), uint64(i+1))
	}
	if fill := float64(keys) / float64(p.tree.leaves.Load()*pageEntries); fill < 0.64 {
		t.Errorf("leaves of keys in no order are filled by %.2f", fill)
	}
	if err := p.tree.check(); err != nil {
		t.Error(err)
	}
}
