package exec

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// heapFeed makes rows and looks at the heap now and then.
type heapFeed struct {
	rows  int
	looks int
	peak  uint64
}

func (f *heapFeed) OpenVirtual(context.Context, *Context, *plan.Virtual) (Operator, error) {
	return &heapRows{f: f}, nil
}

type heapRows struct {
	f  *heapFeed
	at int
}

func (h *heapRows) Next(context.Context) (*vec.Batch, error) {
	if h.at >= h.f.rows {
		return nil, nil
	}
	b := vec.NewBatch([]sqltype.Type{sqltype.TInt4, sqltype.TText})
	for i := range vec.BatchSize {
		at := h.at + i
		b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(at * 7919 % h.f.rows)})
		b.Cols[1].AppendDatum(sqltype.Datum{Str: strings.Repeat("0123456789", 8) + string(rune('a'+at%26))})
	}
	b.Len = vec.BatchSize
	h.at += vec.BatchSize
	if (h.at/vec.BatchSize)%12 == 0 {
		h.f.look()
	}
	return b, nil
}

func (h *heapRows) Close() error { return nil }

func (f *heapFeed) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.peak = max(f.peak, m.HeapAlloc)
	f.looks++
}

// TestHeapWithinBudget: operators over rows of many times the budget keep what is really
// on the heap near it, and say so themselves.
func TestHeapWithinBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("it collects garbage many times")
	}
	const budget = 4 << 20
	for name, n := range operators(t) {
		switch name {
		case "filter", "project", "limit", "append", "apply", "merge", "loop join":
			continue // they hold little, or compare every pair
		}
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			f := &heapFeed{rows: 128 << 10} // some 15 MB
			c := &Context{Ctx: t.Context(), Env: &fn.Env{}, Virtual: f, Memory: budget, SpillDir: t.TempDir()}
			op, err := Build(c, n)
			if err != nil {
				t.Fatal(err)
			}
			peak := int64(0)
			for k := 0; ; k++ {
				b, err := op.Next(c.Ctx)
				if err != nil {
					t.Fatal(err)
				}
				peak = max(peak, c.mem.peak)
				if b == nil {
					break
				}
				if k%12 == 0 {
					f.look()
				}
			}
			if err := firstError(op.Close(), c.dropKept(), c.closeSpill()); err != nil {
				t.Fatal(err)
			}
			if grown := int64(f.peak) - int64(m.HeapAlloc); f.looks > 0 && grown > 2*budget+2<<20 {
				t.Errorf("the heap grew by %d KiB with a budget of %d KiB", grown>>10, budget>>10)
			} else {
				t.Logf("heap %d KiB, accounted %d KiB", grown>>10, peak>>10)
			}
			if peak > budget+budget/2 {
				t.Errorf("%d KiB were accounted at once, with a budget of %d KiB", peak>>10, budget>>10)
			}
		})
	}
}
