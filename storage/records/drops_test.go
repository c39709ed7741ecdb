package records

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/storage/sorted"
)

// TestDropSet compares the set with a list that is looked through.
func TestDropSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	key := func() []byte { return fmt.Appendf(nil, "%03d", r.IntN(200)) }
	var set *dropSet
	var list []sorted.Drop
	for step := range 3000 {
		switch n := r.IntN(10); {
		case n == 0 && len(list) > 0:
			i := r.IntN(len(list))
			set = set.without(list[i].TS)
			list = append(list[:i:i], list[i+1:]...)
		case n < 3 && len(list) < 40:
			d := sorted.Drop{Lower: key(), Upper: key(), TS: uint64(step + 1)}
			if r.IntN(10) == 0 {
				d.Upper = nil
			}
			set, list = set.with(d), append(list, d)
		default:
			k, at, ts := key(), uint64(r.IntN(step+2)), uint64(r.IntN(step+2))
			want := false
			for _, d := range list {
				want = want || d.Covers(k) && at <= d.TS && d.TS <= ts
			}
			if got := set.hides(k, at, ts); got != want {
				t.Fatalf("step %d: %s at %d for %d: got %v, want %v", step, k, at, ts, got, want)
			}
		}
		if len(set.all()) != len(list) {
			t.Fatalf("step %d: %d drops, want %d", step, len(set.all()), len(list))
		}
	}
}
