package fn

import (
	"fmt"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func benchVector(t sqltype.Type, f func(i int) sqltype.Datum) *vec.Vector {
	v := vec.NewVector(t, vec.BatchSize)
	for i := range vec.BatchSize {
		v.Set(i, f(i))
	}
	return v
}

func benchOp(b *testing.B, op string, l, r *vec.Vector) {
	f, _, err := ResolveOp(op, l.Type, r.Type)
	if err != nil {
		b.Fatal(err)
	}
	out := vec.NewVector(f.Ret, vec.BatchSize)
	args := []*vec.Vector{l, r}
	b.SetBytes(vec.BatchSize) // rows, so that MB/s reads as million rows per second
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Call(testEnv, vec.BatchSize, nil, args, out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOperators(b *testing.B) {
	ints := benchVector(sqltype.TInt4, func(i int) sqltype.Datum { return sqltype.Datum{Int: int64(i)} })
	withNulls := benchVector(sqltype.TInt4, func(i int) sqltype.Datum { return sqltype.Datum{Int: int64(i), Null: i%7 == 0} })
	floats := benchVector(sqltype.TFloat8, func(i int) sqltype.Datum { return sqltype.Datum{Float: float64(i)} })
	nums := benchVector(sqltype.TNumeric, func(i int) sqltype.Datum { return sqltype.Datum{Num: sqltype.NumScaled(int64(i*137), 2)} })
	texts := benchVector(sqltype.TText, func(i int) sqltype.Datum { return sqltype.Datum{Str: fmt.Sprintf("customer %d of many", i)} })
	one := vec.ConstVector(sqltype.TInt4, sqltype.Datum{Int: 1})
	text := func(s string) *vec.Vector { return vec.ConstVector(sqltype.TText, sqltype.Datum{Str: s}) }
	for _, c := range []struct {
		name, op string
		l, r     *vec.Vector
	}{
		{"int4+int4", "+", ints, ints}, {"int4+const", "+", ints, one}, {"int4+int4/nulls", "+", ints, withNulls},
		{"int4<const", "<", ints, one}, {"int4/const", "/", ints, one}, {"float8*float8", "*", floats, floats},
		{"numeric+numeric", "+", nums, nums}, {"numeric*numeric", "*", nums, nums}, {"numeric<numeric", "<", nums, nums},
		{"text=const", "=", texts, text("customer 5 of many")}, {"like=prefix", "~~", texts, text("customer 1%")},
		{"like=contains", "~~", texts, text("%9 of%")}, {"like=general", "~~", texts, text("c%1_ of%m%")},
		{"regex", "~", texts, text("r [0-9]+ of")},
	} {
		b.Run("op="+c.name, func(b *testing.B) { benchOp(b, c.op, c.l, c.r) })
	}
}

func BenchmarkAggregates(b *testing.B) {
	ints := benchVector(sqltype.TInt4, func(i int) sqltype.Datum { return sqltype.Datum{Int: int64(i)} })
	nums := benchVector(sqltype.TNumeric, func(i int) sqltype.Datum { return sqltype.Datum{Num: sqltype.NumScaled(int64(i*137), 2)} })
	floats := benchVector(sqltype.TFloat8, func(i int) sqltype.Datum { return sqltype.Datum{Float: float64(i)} })
	groups := make([]int32, vec.BatchSize)
	for i := range groups {
		groups[i] = int32(i % 100)
	}
	for _, c := range []struct {
		name string
		v    *vec.Vector
	}{{"count", ints}, {"sum", ints}, {"sum", nums}, {"avg", nums}, {"min", ints}, {"sum", floats}, {"stddev", floats}, {"stddev", nums}} {
		b.Run("agg="+c.name+"/type="+c.v.Type.ShortName(), func(b *testing.B) {
			f, _, err := ResolveAgg(c.name, []sqltype.Type{c.v.Type})
			if err != nil {
				b.Fatal(err)
			}
			a := f.New(testEnv)
			a.Grow(100)
			args := []*vec.Vector{c.v}
			b.SetBytes(vec.BatchSize)
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Add(vec.BatchSize, nil, groups, args); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
