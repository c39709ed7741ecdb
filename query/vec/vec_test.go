package vec

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
)

// sample has one type for each way in which values are held.
var sample = []sqltype.Type{sqltype.TInt8, sqltype.TFloat8, sqltype.TText, sqltype.TNumeric, sqltype.TInterval, sqltype.ArrayOf(sqltype.TInt4)}

// value is the i-th value of a type; every fifth is NULL.
func value(t sqltype.Type, i int) sqltype.Datum {
	if i%5 == 4 {
		return sqltype.NullDatum
	}
	switch t.Phys() {
	case sqltype.PhysInt:
		return sqltype.Datum{Int: int64(i)}
	case sqltype.PhysFloat:
		return sqltype.Datum{Float: float64(i)}
	case sqltype.PhysNumeric:
		return sqltype.Datum{Num: sqltype.NumInt(int64(i))}
	case sqltype.PhysInterval:
		return sqltype.Datum{Ivl: sqltype.IntervalValue{Days: int32(i)}}
	case sqltype.PhysAny:
		return sqltype.Datum{Any: &sqltype.ArrayValue{Elem: sqltype.TInt4, Dims: []int{1}, Lower: []int{1}, Vals: []sqltype.Datum{{Int: int64(i)}}}}
	}
	return sqltype.Datum{Str: fmt.Sprint(i)}
}

func filled(t sqltype.Type, n int) *Vector {
	v := NewVector(t, n)
	for i := range n {
		v.Set(i, value(t, i))
	}
	return v
}

func check(t *testing.T, v *Vector, row int, want sqltype.Datum) {
	t.Helper()
	if got := v.Get(row); !reflect.DeepEqual(got, want) {
		t.Errorf("%s row %d: got %v, want %v", v.Type, row, got, want)
	}
}

func TestSetGetAppend(t *testing.T) {
	for _, typ := range sample {
		v := filled(typ, 100)
		sel := []int32{3, 4, 70, 99}
		w := NewVector(typ, 0)
		w.Append(v, 100, sel)
		w.AppendRow(v, 1)
		w.AppendDatum(value(typ, 7))
		w.Append(ConstVector(typ, value(typ, 9)), 50, []int32{8, 9})
		for k, i := range []int{3, 4, 70, 99, 1, 7, 9, 9} {
			check(t, w, k, value(typ, i))
		}
		if w.Len() != 8 {
			t.Errorf("%s: %d rows", typ, w.Len())
		}
		all := NewVector(typ, 0)
		all.Append(v, 100, nil)
		all.Append(v, 100, nil)
		for i := range 100 {
			check(t, all, i, value(typ, i))
			check(t, all, 100+i, value(typ, i))
		}
		v.Reset(100)
		for i := range 100 {
			if d := v.Get(i); v.IsNull(i) || v.HasNulls() || !reflect.DeepEqual(d, sqltype.Datum{}) {
				t.Fatalf("%s: row %d is %v after Reset", typ, i, d)
			}
		}
	}
}

func TestGatherAndCopy(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, typ := range sample {
		v := filled(typ, 200)
		idx := make([]int32, 300)
		for k := range idx {
			idx[k] = int32(rng.IntN(201)) - 1
		}
		w := filled(typ, 10)
		w.Gather(v, idx)
		for k, i := range idx {
			if i < 0 {
				check(t, w, k, sqltype.NullDatum)
			} else {
				check(t, w, k, value(typ, int(i)))
			}
		}
		dst := filled(typ, 50)
		dst.CopyRows(filled(typ, 200), 50, []int32{10, 14})
		dst.CopyRows(ConstVector(typ, value(typ, 1)), 50, []int32{4})
		dst.CopyRows(ConstVector(typ, sqltype.NullDatum), 50, []int32{0})
		for i := range 50 {
			switch i {
			case 4:
				check(t, dst, i, value(typ, 1))
			case 0:
				check(t, dst, i, sqltype.NullDatum)
			default:
				check(t, dst, i, value(typ, i))
			}
		}
		c := ConstVector(typ, value(typ, 3))
		check(t, c, 999, value(typ, 3))
		c.Flatten(5)
		if c.Const || c.Len() != 5 {
			t.Errorf("%s: flattened to %d rows, const %v", typ, c.Len(), c.Const)
		}
		check(t, c, 4, value(typ, 3))
	}
}

func TestResizeForgetsNulls(t *testing.T) {
	v := NewVector(sqltype.TInt4, 130)
	v.SetNull(129)
	v.SetNull(64)
	v.Resize(65)
	v.Resize(130)
	if v.IsNull(129) || !v.IsNull(64) {
		t.Fatalf("nulls %b", v.Nulls)
	}
}

func TestBitmapAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var a, b Bitmap
	ma, mb := map[int]bool{}, map[int]bool{}
	for range 200 {
		i, j := rng.IntN(500), rng.IntN(300)
		a, b = a.With(i), b.With(j)
		ma[i], mb[j] = true, true
	}
	var seen []int
	a.Each(func(i int) { seen = append(seen, i) })
	if len(seen) != len(ma) || a.Count() != len(ma) {
		t.Fatalf("%d bits seen, %d counted, %d set", len(seen), a.Count(), len(ma))
	}
	clone := func(m Bitmap) Bitmap { return append(Bitmap(nil), m...) }
	or, and, not := clone(b).Or(a), clone(a).And(b), clone(a).AndNot(b)
	clear := a.AppendClear(nil, 500, nil)
	for i := range 520 {
		if or.Get(i) != (ma[i] || mb[i]) || and.Get(i) != (ma[i] && mb[i]) || not.Get(i) != (ma[i] && !mb[i]) {
			t.Fatalf("bit %d: or %v and %v andnot %v", i, or.Get(i), and.Get(i), not.Get(i))
		}
	}
	if len(clear) != 500-len(ma) {
		t.Fatalf("%d clear of %d", len(clear), 500-len(ma))
	}
	if f := (Bitmap)(nil).Fill(67); f.Count() != 67 || f.Get(67) {
		t.Fatalf("fill: %b", f)
	}
}

func TestBatch(t *testing.T) {
	b := &Batch{Len: 10, Sel: []int32{1, 4, 9}, Cols: []*Vector{filled(sqltype.TInt8, 10), ConstVector(sqltype.TText, value(sqltype.TText, 2))}}
	c := b.Clone()
	d := NewBatch([]sqltype.Type{sqltype.TInt8, sqltype.TText})
	d.Append(b)
	d.Append(c)
	if c.Len != 3 || c.Sel != nil || d.Len != 6 {
		t.Fatalf("clone has %d rows, appended %d", c.Len, d.Len)
	}
	for k, i := range []int{1, 4, 9, 1, 4, 9} {
		check(t, d.Cols[0], k, value(sqltype.TInt8, i))
		check(t, d.Cols[1], k, value(sqltype.TText, 2))
	}
	if got := string(d.Cols[0].AppendJSON(d.Cols[1].AppendText(nil, nil, 0), 1, sqltype.JSONOptions{})); got != "2null" {
		t.Errorf("rendered %q", got)
	}
	d.Reset()
	if d.Len != 0 || d.Cols[0].Len() != 0 || d.Cols[0].HasNulls() {
		t.Error("reset keeps rows")
	}
}
