package stats

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func sample() *Table {
	text := func(s string) sqltype.Datum { return sqltype.Datum{Str: s} }
	return &Table{
		Rows: 1000, Sampled: 500, At: 1700000000000000000,
		Columns: map[catalog.ColumnID]*Column{
			1: {Type: sqltype.TInt4, NDV: 1000, Width: 8, Correlation: 1, Bounds: []sqltype.Datum{{Int: 1}, {Int: 500}, {Int: 1000}}},
			3: {Type: sqltype.Type{ID: sqltype.Varchar, Mod: 20}, NullFrac: 0.25, NDV: 3, Width: 1.5, Correlation: -0.5,
				MCV: []Common{{text("a"), 0.5}, {text("bc"), 0.25}}},
		},
		Exprs:  map[string]*Column{"lower(v)": {Type: sqltype.TText, NDV: 2, MCV: []Common{{text("x"), 1}}}},
		Groups: []Group{{[]catalog.ColumnID{1, 3}, 1000}},
	}
}

// goldenHex may never change: statistics are stored so.
const goldenHex = "01408f400000000000407f4000000000008080d0e2c6bfce972f02010300000000000000000000408f40000000000040200000000000003ff00000000000000003" +
	"010102f40102e803030900283fd000000000000040080000000000003ff8000000000000bfe00000000000000201613fe00000000000000262633fd00000000000" +
	"000001086c6f77657228762908000000000000000000004000000000000000000000000000000000000000000000000101783ff00000000000000001020103408f" +
	"400000000000"

func TestGolden(t *testing.T) {
	got := hex.EncodeToString(Encode(sample()))
	if got != goldenHex {
		t.Errorf("encoding has changed:\ngot  %s\nwant %s", got, goldenHex)
	}
	back, err := Decode(Encode(sample()))
	if err != nil || !reflect.DeepEqual(back, sample()) {
		t.Errorf("decoded %+v, %v", back, err)
	}
}

// TestDamage cuts the record at every byte and flips every bit: what is accepted
// must encode back to itself.
func TestDamage(t *testing.T) {
	whole := Encode(sample())
	for n := range whole {
		if _, err := Decode(whole[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("cut at %d: error %v", n, err)
		}
		for bit := range 8 {
			b := append([]byte(nil), whole...)
			b[n] ^= 1 << bit
			if back, err := Decode(b); err == nil && string(Encode(back)) != string(b) {
				t.Errorf("bit %d of byte %d: accepted but not the same", bit, n)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(sample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Decode(b); err == nil && string(Encode(s)) != string(b) {
			t.Fatal("accepted a record that does not encode back to itself")
		}
	})
}

func TestHLL(t *testing.T) {
	for _, n := range []int{1, 10, 1000, 20_000, 300_000} {
		var ints, texts HLL
		for i := range n {
			for range 2 {
				ints.Add(sqltype.HashInt(int64(i)))
				texts.Add(sqltype.HashString(fmt.Sprint("value ", i)))
			}
		}
		for name, h := range map[string]*HLL{"integers": &ints, "texts": &texts} {
			if got := h.Count(); math.Abs(got-float64(n)) > math.Max(1, 0.03*float64(n)) {
				t.Errorf("%d %s are counted as %.0f", n, name, got)
			}
		}
	}
}

// collect makes statistics of n rows of (id, k, s) with an index on (k, s).
func collect(n int, rows float64, k func(i int) sqltype.Datum, s func(i int) string) *Table {
	tab := &catalog.Table{ID: 1, Columns: []catalog.Column{{ID: 1, Type: sqltype.TInt4}, {ID: 2, Type: sqltype.TInt4}, {ID: 4, Type: sqltype.TText}},
		Indexes: []catalog.Index{{Columns: []catalog.IndexColumn{{Column: 1}}}, {Columns: []catalog.IndexColumn{{Column: 4}, {Column: 2}}}}}
	c := NewCollector(tab, nil)
	b := vec.NewBatch([]sqltype.Type{sqltype.TInt4, sqltype.TInt4, sqltype.TText})
	for i := range n {
		b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(i)})
		b.Cols[1].AppendDatum(k(i))
		b.Cols[2].AppendDatum(sqltype.Datum{Str: s(i)})
		if b.Len++; b.Len == vec.BatchSize || i == n-1 {
			c.Add(b)
			b.Reset()
		}
	}
	return c.Finish(rows, 0)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %g, want %g ± %g", what, got, want, tolerance)
	}
}

// TestCollector checks the figures of a table whose distribution is known: k is 7 for half of
// the rows, NULL for a tenth, else one of 1000 values; s is one of 20.
func TestCollector(t *testing.T) {
	const n = 100_000
	st := collect(n, n, func(i int) sqltype.Datum {
		switch {
		case i%2 == 0:
			return sqltype.Datum{Int: 7}
		case i%10 == 1:
			return sqltype.NullDatum
		}
		return sqltype.Datum{Int: int64(1000 + i*7919%1000)}
	}, func(i int) string { return fmt.Sprintf("s%02d", i%20) })
	id, k, s := st.Columns[1], st.Columns[2], st.Columns[4]
	near(t, "NDV of id", id.NDV, n, 0.02*n)
	near(t, "correlation of id", id.Correlation, 1, 1e-3)
	near(t, "NULLs of k", k.NullFrac, 0.1, 1e-9)
	if len(k.MCV) != 1 || k.MCV[0].Value.Int != 7 {
		t.Fatalf("common values of k are %v, want 7", k.MCV)
	}
	near(t, "fraction of 7", k.MCV[0].Frac, 0.5, 0.02)
	near(t, "k = 7", k.EqFrac(n, &sqltype.Datum{Int: 7}), 0.5, 0.02)
	near(t, "k = 1100", k.EqFrac(n, &sqltype.Datum{Int: 1101}), 0.4/400, 0.0005)
	near(t, "k < 1250", k.LessFrac(sqltype.Datum{Int: 1250}, false), 0.6, 0.02)
	near(t, "k < 0", k.LessFrac(sqltype.Datum{Int: 0}, false), 0, 0)
	near(t, "id < 50000", id.LessFrac(sqltype.Datum{Int: 50_000}, false), 0.5, 0.02)
	near(t, "id < 333", id.LessFrac(sqltype.Datum{Int: 333}, false), 0.00333, 0.001)
	near(t, "NDV of s", s.NDV, 20, 0.5)
	near(t, "width of s", s.Width, 3, 0)
	near(t, "s < s05", s.LessFrac(sqltype.Datum{Str: "s05"}, false), 0.25, 0.02)
	near(t, "s = nothing", s.EqFrac(n, &sqltype.Datum{Str: "zz"}), 0, 1e-5)
	g, ok := st.GroupNDV([]catalog.ColumnID{4, 2})
	if !ok {
		t.Fatal("the combinations of (s, k) were not counted")
	}
	// s and k are bound to each other: far fewer combinations than 20 × 402.
	near(t, "NDV of (s, k)", g, 10+2+400, 30)
}

// TestSampled estimates a table ten times as large as what was seen of it.
func TestSampled(t *testing.T) {
	const seen, rows = 50_000, 500_000
	st := collect(seen, rows, func(i int) sqltype.Datum { return sqltype.Datum{Int: int64(i % 300)} },
		func(i int) string { return fmt.Sprint(i) })
	near(t, "NDV of id", st.Columns[1].NDV, rows, 0.1*rows)
	near(t, "NDV of k", st.Columns[2].NDV, 300, 10)
	g, _ := st.GroupNDV([]catalog.ColumnID{2, 4})
	near(t, "NDV of (k, s)", g, rows, 0.1*rows)
	bigger := st.Scaled(2 * rows)
	near(t, "NDV of id in a larger table", bigger.Columns[1].NDV, 2*rows, 0.2*rows)
	near(t, "NDV of k in a larger table", bigger.Columns[2].NDV, 300, 10)
}

// TestWideValues leaves large values out of what is stored, but counts them.
func TestWideValues(t *testing.T) {
	big := string(make([]byte, 2*wideValue))
	st := collect(3000, 3000, func(i int) sqltype.Datum { return sqltype.Datum{Int: int64(i)} }, func(i int) string {
		if i%3 == 0 {
			return big
		}
		return fmt.Sprint("v", i%3)
	})
	s := st.Columns[4]
	near(t, "NDV", s.NDV, 3, 0.5)
	near(t, "width", s.Width, (2*wideValue+4)/3, 1)
	for _, m := range s.MCV {
		if len(m.Value.Str) > wideValue || m.Value.Str == "" {
			t.Errorf("%d bytes are a common value", len(m.Value.Str))
		}
	}
}
