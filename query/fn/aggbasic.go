package fn

import (
	"cmp"
	"math"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// agg registers an aggregate by a signature like that of a function.
func (t *tables) agg(sig string, newAgg func(env *Env) Aggregator) {
	f := signature(sig)
	t.aggs[f.Name] = append(t.aggs[f.Name], &AggFunc{Name: f.Name, Args: f.Args, Variadic: f.Variadic, Ret: f.Ret, Strict: f.Strict, New: newAgg})
}

// aggOf registers a polymorphic aggregate.
func (t *tables) aggOf(sig string, of func(args []sqltype.Type, ret sqltype.Type) func(env *Env) Aggregator) {
	t.agg(sig, nil)
	name := signature(sig).Name
	t.aggs[name][len(t.aggs[name])-1].of = of
}

// grow extends s to n elements.
func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n <= cap(s) {
		return s[:n]
	}
	g := make([]T, n, max(n, 2*cap(s)))
	copy(g, s)
	return g
}

// notNull calls f for the live rows in which no argument is NULL.
func notNull(n int, sel []int32, args []*vec.Vector, f func(i int)) {
	var with []*vec.Vector
	for _, a := range args {
		if a.HasNulls() {
			with = append(with, a)
		}
	}
rows:
	for _, i := range vec.Live(n, sel) {
		for _, a := range with {
			if a.IsNull(int(i)) {
				continue rows
			}
		}
		f(int(i))
	}
}

// countAgg counts rows, or rows without a NULL.
type countAgg struct{ n []int64 }

func (a *countAgg) Grow(n int) { a.n = grow(a.n, n) }

func (a *countAgg) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	if len(args) == 0 || !args[0].HasNulls() {
		for _, i := range vec.Live(n, sel) {
			a.n[groups[i]]++
		}
		return nil
	}
	notNull(n, sel, args, func(i int) { a.n[groups[i]]++ })
	return nil
}

func (a *countAgg) Result(from, to int, out *vec.Vector) error {
	copy(out.I, a.n[from:to])
	return nil
}

func (a *countAgg) Bytes() int64 { return int64(8 * cap(a.n)) }

// intSum sums int2 and int4 as bigint.
type intSum struct {
	sum []int64
	any vec.Bitmap
}

func (a *intSum) Grow(n int) {
	a.sum = grow(a.sum, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *intSum) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	x, m := args[0].I, args[0].Mask()
	nulls := args[0].HasNulls()
	var bad int64
	for _, i := range vec.Live(n, sel) {
		if nulls && args[0].IsNull(int(i)) {
			continue
		}
		g, v := groups[i], x[int(i)&m]
		s := a.sum[g] + v
		bad |= (s ^ v) & (s ^ a.sum[g])
		a.sum[g] = s
		a.any.Set(int(g))
	}
	if bad < 0 {
		return errIntRange(64)
	}
	return nil
}

func (a *intSum) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if a.any.Get(g) {
			out.I[g-from] = a.sum[g]
		} else {
			out.SetNull(g - from)
		}
	}
	return nil
}

func (a *intSum) Bytes() int64 { return int64(8*cap(a.sum) + 8*cap(a.any)) }

// numSum sums bigint and numeric exactly; avg divides by the count.
type numSum struct {
	s   []sqltype.NumSum
	avg bool
}

func (a *numSum) Grow(n int) { a.s = grow(a.s, n) }

func (a *numSum) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	v := args[0]
	m, nulls := v.Mask(), v.HasNulls()
	for _, i := range vec.Live(n, sel) {
		if nulls && v.IsNull(int(i)) {
			continue
		}
		if v.N != nil {
			a.s[groups[i]].Add(v.N[int(i)&m])
		} else {
			a.s[groups[i]].AddInt64(v.I[int(i)&m])
		}
	}
	return nil
}

func (a *numSum) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if a.s[g].Count() == 0 {
			out.SetNull(g - from)
			continue
		}
		f := (*sqltype.NumSum).Sum
		if a.avg {
			f = (*sqltype.NumSum).Avg
		}
		r, err := f(&a.s[g])
		if err != nil {
			return err
		}
		out.N[g-from] = r
	}
	return nil
}

func (a *numSum) Bytes() int64 {
	size := int64(0)
	for g := range a.s {
		size += a.s[g].Bytes()
	}
	return size
}

// floatSum sums floats.
type floatSum struct {
	sum  []float64
	any  vec.Bitmap
	size int
}

func (a *floatSum) Grow(n int) {
	a.sum = grow(a.sum, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *floatSum) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	x, m := args[0].F, args[0].Mask()
	nulls := args[0].HasNulls()
	for _, i := range vec.Live(n, sel) {
		if nulls && args[0].IsNull(int(i)) {
			continue
		}
		g, v := groups[i], x[int(i)&m]
		s := a.sum[g] + v
		if a.size == 32 {
			s = float64(float32(s))
		}
		if math.IsInf(s, 0) && !inf2(a.sum[g], v) {
			return errFloatRange("overflow")
		}
		a.sum[g] = s
		a.any.Set(int(g))
	}
	return nil
}

func (a *floatSum) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if a.any.Get(g) {
			out.F[g-from] = a.sum[g]
		} else {
			out.SetNull(g - from)
		}
	}
	return nil
}

func (a *floatSum) Bytes() int64 { return int64(8*cap(a.sum) + 8*cap(a.any)) }

// extreme keeps the least (or greatest) value per group.
type extreme[T any] struct {
	best []T
	any  vec.Bitmap
	// better reports whether a replaces b.
	better func(a, b T) bool
	// weigh, where not nil, gives the bytes that a value holds elsewhere.
	weigh func(T) int
	held  int64
}

func (a *extreme[T]) Grow(n int) {
	a.best = grow(a.best, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *extreme[T]) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	x, m := slice[T](args[0]), args[0].Mask()
	nulls := args[0].HasNulls()
	for _, i := range vec.Live(n, sel) {
		if nulls && args[0].IsNull(int(i)) {
			continue
		}
		g, v := groups[i], x[int(i)&m]
		if a.any.Get(int(g)) && !a.better(v, a.best[g]) {
			continue
		}
		if a.weigh != nil {
			a.held += int64(a.weigh(v) - a.weigh(a.best[g]))
		}
		a.best[g] = v
		a.any.Set(int(g))
	}
	return nil
}

func (a *extreme[T]) Result(from, to int, out *vec.Vector) error {
	o := slice[T](out)
	for g := from; g < to; g++ {
		if a.any.Get(g) {
			o[g-from] = a.best[g]
		} else {
			out.SetNull(g - from)
		}
	}
	return nil
}

func (a *extreme[T]) Bytes() int64 { return int64(24*cap(a.best)+8*cap(a.any)) + a.held }

// minMax registers both for a type whose values less orders.
func minMax[T any](t *tables, typ string, less func(a, b T) bool, weigh func(T) int) {
	sig := "(" + typ + ") " + typ
	t.agg("min"+sig, func(*Env) Aggregator { return &extreme[T]{better: less, weigh: weigh} })
	t.agg("max"+sig, func(*Env) Aggregator {
		return &extreme[T]{better: func(a, b T) bool { return less(b, a) }, weigh: weigh}
	})
}

func registerAggBasic(t *tables) {
	count := func(*Env) Aggregator { return &countAgg{} }
	t.agg("count() int8 called", count)
	t.agg("count(any) int8", count)
	sumInt := func(*Env) Aggregator { return &intSum{} }
	sumNum := func(*Env) Aggregator { return &numSum{} }
	avgNum := func(*Env) Aggregator { return &numSum{avg: true} }
	t.agg("sum(int2) int8", sumInt)
	t.agg("sum(int4) int8", sumInt)
	t.agg("sum(int8) numeric", sumNum)
	t.agg("sum(numeric) numeric", sumNum)
	t.agg("sum(float4) float4", func(*Env) Aggregator { return &floatSum{size: 32} })
	t.agg("sum(float8) float8", func(*Env) Aggregator { return &floatSum{size: 64} })
	for _, typ := range []string{"int2", "int4", "int8", "numeric"} {
		t.agg("avg("+typ+") numeric", avgNum)
	}
	for _, typ := range []string{"int2", "int4", "int8", "oid", "tid", "date", "time", "timestamp", "timestamptz"} {
		minMax(t, typ, cmp.Less[int64], nil)
	}
	minMax(t, "float4", ltFloat, nil)
	minMax(t, "float8", ltFloat, nil)
	bytes := func(s string) int { return len(s) }
	minMax(t, "text", cmp.Less[string], bytes)
	minMax(t, "bpchar", func(a, b string) bool { return trimBlanks(a) < trimBlanks(b) }, bytes)
	// of equal values that look different (1.0 and 1.00) the last is kept, as in PostgreSQL
	minMax(t, "numeric", func(a, b sqltype.Num) bool { return a.Cmp(b) <= 0 }, nil)
	minMax(t, "interval", func(a, b sqltype.IntervalValue) bool { return compareInterval(a, b) <= 0 }, nil)
}
