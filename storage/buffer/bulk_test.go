package buffer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBulk: writes in bulk leave what the same writes do one by one.
func TestBulk(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	one, bulk := New(), New()
	for ts := uint64(1); ts < 250; ts++ {
		keys := bulkKeys(rng)
		b := bulk.Bulk(ts)
		for i, key := range keys {
			if rng.IntN(4) == 0 {
				one.Delete(key, ts)
				b.Delete(key)
				continue
			}
			value := fmt.Appendf(nil, "%d of %d", i, ts)
			one.Put(key, value, ts)
			b.Put(key, value)
		}
		if rng.IntN(2) == 0 {
			b.End()
		} else {
			b.EndBehind()
		}
		if ts%20 == 0 {
			bulk.Settle()
			if a, b := one.Sweep(ts-10, 1<<30), bulk.Sweep(ts-10, 1<<30); a != b {
				t.Fatalf("after %d a sweep of the one drops %+v, of the other %+v", ts, a, b)
			}
			for _, p := range []*Pool{one, bulk} {
				p.Epoch(ts)
				p.Reclaim(ts, 1<<30)
			}
			samePools(t, one, bulk, ts)
		}
	}
}

// bulkKeys returns a batch in order: neighbours, or keys from everywhere.
func bulkKeys(rng *rand.Rand) [][]byte {
	var keys [][]byte
	n, from := rng.IntN(300), rng.IntN(20_000)
	for i := range n {
		switch at := from + i; rng.IntN(3) {
		case 0:
			keys = append(keys, fmt.Appendf(nil, "%06d", at), fmt.Appendf(nil, "%06d-long", at))
		case 1:
			keys = append(keys, fmt.Appendf(nil, "%d", rng.IntN(30_000)))
		default:
			keys = append(keys, fmt.Appendf(nil, "%06d", at))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

func samePools(t *testing.T, a, b *Pool, ts uint64) {
	t.Helper()
	if x, y := a.Stats(), b.Stats(); x.Keys != y.Keys || x.Stale != y.Stale || x.UsedBytes != y.UsedBytes {
		t.Fatalf("at %d: %+v, in bulk %+v", ts, x, y)
	}
	for _, reverse := range []bool{false, true} {
		x, y := a.Iter(ts, reverse), b.Iter(ts, reverse)
		x.Seek(nil)
		y.Seek(nil)
		for x.Next() == Row {
			if y.Next() != Row || !bytes.Equal(x.Key(), y.Key()) || !bytes.Equal(x.Value(), y.Value()) || x.Timestamp() != y.Timestamp() {
				t.Fatalf("at %d, reverse %v: %q = %q, in bulk %q = %q", ts, reverse, x.Key(), x.Value(), y.Key(), y.Value())
			}
			if v, at, seen := b.Get(x.Key(), ts); seen != Present || at != x.Timestamp() || !bytes.Equal(v, x.Value()) {
				t.Fatalf("at %d: get %q in bulk is %q, %v", ts, x.Key(), v, seen)
			}
		}
		if y.Next() != End {
			t.Fatalf("at %d, reverse %v: in bulk there is %q too", ts, reverse, y.Key())
		}
	}
}
