package fn

import (
	"math"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// folded combines integers pairwise: bool_and, bit_or and the like.
type folded struct {
	acc []int64
	any vec.Bitmap
	f   func(a, b int64) int64
}

func (a *folded) Grow(n int) {
	a.acc = grow(a.acc, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *folded) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	x, mask := args[0].I, args[0].Mask()
	notNull(n, sel, args, func(i int) {
		g, v := groups[i], x[i&mask]
		if a.any.Get(int(g)) {
			v = a.f(a.acc[g], v)
		}
		a.acc[g] = v
		a.any.Set(int(g))
	})
	return nil
}

func (a *folded) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if a.any.Get(g) {
			out.I[g-from] = a.acc[g]
		} else {
			out.SetNull(g - from)
		}
	}
	return nil
}

func (a *folded) Bytes() int64 { return int64(8*cap(a.acc) + 8*cap(a.any)) }

// intervalSum is sum and avg of intervals.
type intervalSum struct {
	sum []interval
	n   []int64
	avg bool
}

func (a *intervalSum) Grow(n int) {
	a.sum = grow(a.sum, n)
	a.n = grow(a.n, n)
}

func (a *intervalSum) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	var err error
	notNull(n, sel, args, func(i int) {
		g := groups[i]
		s, e := a.sum[g].Add(args[0].V[args[0].At(i)])
		if e != nil {
			err = e
		}
		a.sum[g] = s
		a.n[g]++
	})
	return err
}

func (a *intervalSum) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		v := a.sum[g]
		if a.n[g] == 0 {
			out.SetNull(g - from)
			continue
		}
		if a.avg {
			var err error
			if v, err = v.Div(float64(a.n[g])); err != nil {
				return err
			}
		}
		out.V[g-from] = v
	}
	return nil
}

func (a *intervalSum) Bytes() int64 { return int64(24 * cap(a.sum)) }

// textAgg builds text per group: string_agg and the JSON aggregates.
type textAgg struct {
	b     [][]byte
	any   vec.Bitmap
	held  int64
	add   func(g int32, b []byte, first bool, i int, args []*vec.Vector) ([]byte, error)
	close func(b []byte) (sqltype.Datum, error)
	// skip says that rows whose first argument is NULL do not count.
	skip bool
}

func (a *textAgg) Grow(n int) {
	a.b = grow(a.b, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *textAgg) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	for _, i := range vec.Live(n, sel) {
		if a.skip && args[0].IsNull(int(i)) {
			continue
		}
		g := groups[i]
		before := cap(a.b[g])
		b, err := a.add(g, a.b[g], !a.any.Get(int(g)), int(i), args)
		if err != nil {
			return err
		}
		a.b[g] = b
		a.any.Set(int(g))
		a.held += int64(cap(b) - before)
	}
	return nil
}

func (a *textAgg) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if !a.any.Get(g) {
			out.SetNull(g - from)
			continue
		}
		d := sqltype.Datum{}
		if a.close == nil {
			d.Str = string(a.b[g])
		} else {
			var err error
			if d, err = a.close(append([]byte(nil), a.b[g]...)); err != nil {
				return err
			}
		}
		out.Set(g-from, d)
	}
	return nil
}

func (a *textAgg) Bytes() int64 { return int64(24*cap(a.b)+8*cap(a.any)) + a.held }

func stringAgg(*Env) Aggregator {
	return &textAgg{skip: true, add: func(_ int32, b []byte, first bool, i int, args []*vec.Vector) ([]byte, error) {
		if !first && !args[1].IsNull(i) {
			b = append(b, args[1].S[args[1].At(i)]...)
		}
		return append(b, args[0].S[args[0].At(i)]...), nil
	}}
}

// jsonAgg is json_agg; strict leaves out NULLs, a group of nothing else is [].
func jsonAgg(b, strict bool) func([]sqltype.Type, sqltype.Type) func(*Env) Aggregator {
	return func(args []sqltype.Type, _ sqltype.Type) func(*Env) Aggregator {
		return func(env *Env) Aggregator {
			te := env.types()
			sep := ", "
			if args[0].ID == sqltype.Record || args[0].ID == sqltype.Array {
				sep = ", \n "
			}
			return &textAgg{
				add: func(_ int32, b []byte, first bool, i int, vs []*vec.Vector) ([]byte, error) {
					if first {
						b = append(b, '[')
					}
					if strict && vs[0].IsNull(i) {
						return b, nil
					}
					if len(b) > 1 {
						b = append(b, sep...)
					}
					return appendJSONValue(b, te, args[0], vs[0].Get(i)), nil
				},
				close: func(s []byte) (sqltype.Datum, error) { return canonical(append(s, ']'), b) },
			}
		}
	}
}

// jsonObjectAgg is json_object_agg; unique refuses keys that come twice, and strict
// leaves out NULLs, whose keys count all the same.
func jsonObjectAgg(b, unique, strict bool) func([]sqltype.Type, sqltype.Type) func(*Env) Aggregator {
	return func(args []sqltype.Type, _ sqltype.Type) func(*Env) Aggregator {
		return func(env *Env) Aggregator {
			te := env.types()
			seen := map[int32]map[string]bool{}
			check := func(g int32, key string) error {
				if seen[g][key] {
					return errDuplicateKey(key)
				}
				if seen[g] == nil {
					seen[g] = map[string]bool{}
				}
				seen[g][key] = true
				return nil
			}
			return &textAgg{
				add: func(g int32, dst []byte, first bool, i int, vs []*vec.Vector) ([]byte, error) {
					if first {
						dst = append(dst, "{ "...)
					}
					key := vs[0].Get(i)
					if key.Null {
						if b {
							return dst, errParam("field name must not be null")
						}
						return dst, dberr.SQL(stateJSONNullKey, "null value not allowed for object key")
					}
					if unique {
						if err := check(g, textOf(env, args[0], key)); err != nil {
							return dst, err
						}
					}
					if strict && vs[1].IsNull(i) {
						return dst, nil
					}
					if len(dst) > 2 {
						dst = append(dst, ", "...)
					}
					dst, err := jsonKey(dst, env, args[0], key)
					if err != nil {
						return dst, err
					}
					return appendJSONValue(append(dst, " : "...), te, args[1], vs[1].Get(i)), nil
				},
				close: func(s []byte) (sqltype.Datum, error) { return canonical(append(s, " }"...), b) },
			}
		}
	}
}

// kept holds all values of a group: array_agg and the ordered-set aggregates.
type kept struct {
	vals   [][]sqltype.Datum
	direct []sqltype.Datum // per group; of ordered-set aggregates
	n      int64
	nulls  bool // keep NULLs
	arg    int  // which argument is kept
	result func(vals []sqltype.Datum, direct sqltype.Datum) (sqltype.Datum, error)
}

func (a *kept) Grow(n int) {
	a.vals = grow(a.vals, n)
	if a.arg > 0 {
		a.direct = grow(a.direct, n)
	}
}

func (a *kept) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	v := args[a.arg]
	for _, i := range vec.Live(n, sel) {
		if !a.nulls && v.IsNull(int(i)) {
			continue
		}
		g := groups[i]
		a.vals[g] = append(a.vals[g], v.Get(int(i)))
		if a.arg > 0 {
			a.direct[g] = args[0].Get(int(i))
		}
		a.n++
	}
	return nil
}

func (a *kept) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		d := sqltype.NullDatum
		if len(a.vals[g]) > 0 {
			var direct sqltype.Datum
			if a.arg > 0 {
				direct = a.direct[g]
			}
			var err error
			if d, err = a.result(a.vals[g], direct); err != nil {
				return err
			}
		}
		out.Set(g-from, d)
	}
	return nil
}

func (a *kept) Bytes() int64 { return int64(24*cap(a.vals)) + 160*a.n }

func arrayAgg(args []sqltype.Type, ret sqltype.Type) func(*Env) Aggregator {
	return func(*Env) Aggregator {
		return &kept{nulls: true, result: func(vals []sqltype.Datum, _ sqltype.Datum) (sqltype.Datum, error) {
			if args[0].ID == sqltype.Array {
				return stackArrays(args[0].ElemType(), vals)
			}
			return sqltype.Datum{Any: newArray(args[0], vals)}, nil
		}}
	}
}

// stackArrays makes an array with one more dimension.
func stackArrays(elem sqltype.Type, vals []sqltype.Datum) (sqltype.Datum, error) {
	out := &array{Elem: elem}
	for i, v := range vals {
		if v.Null {
			return v, dberr.SQL("22004", "cannot accumulate null arrays")
		}
		a := arrayOfDatum(v)
		if len(a.Dims) == 0 {
			return v, errDims("cannot accumulate empty arrays")
		}
		if i == 0 {
			out.Dims = append([]int{len(vals)}, a.Dims...)
			out.Lower = append([]int{1}, a.Lower...)
		}
		for k, n := range a.Dims {
			if len(a.Dims) != len(out.Dims)-1 || out.Dims[k+1] != n {
				return v, errDims("cannot accumulate arrays of different dimensionality")
			}
		}
		out.Vals = append(out.Vals, a.Vals...)
	}
	return sqltype.Datum{Any: out}, nil
}

func checkFraction(p float64) error {
	if !(p >= 0 && p <= 1) {
		return errPercentile(p)
	}
	return nil
}

func errPercentile(p float64) error {
	return errNumRange("percentile value %g is not between 0 and 1", p)
}

// fractions applies f to one fraction, or to each of an array of them.
func fractions(ret sqltype.Type, f func(vals []sqltype.Datum, p float64) (sqltype.Datum, error)) func([]sqltype.Datum, sqltype.Datum) (sqltype.Datum, error) {
	return func(vals []sqltype.Datum, direct sqltype.Datum) (sqltype.Datum, error) {
		if direct.Null {
			return direct, nil
		}
		a, many := direct.Any.(*array)
		if !many {
			if err := checkFraction(direct.Float); err != nil {
				return direct, err
			}
			return f(vals, direct.Float)
		}
		out := *a
		out.Elem, out.Vals = ret.ElemType(), make([]sqltype.Datum, len(a.Vals))
		for i, p := range a.Vals {
			if p.Null {
				out.Vals[i] = p
				continue
			}
			if err := checkFraction(p.Float); err != nil {
				return direct, err
			}
			d, err := f(vals, p.Float)
			if err != nil {
				return d, err
			}
			out.Vals[i] = d
		}
		return sqltype.Datum{Any: &out}, nil
	}
}

func discrete(vals []sqltype.Datum, p float64) (sqltype.Datum, error) {
	i := int(math.Ceil(p * float64(len(vals))))
	return vals[max(i, 1)-1], nil
}

func continuousFloat(vals []sqltype.Datum, p float64) (sqltype.Datum, error) {
	lo, hi, part := around(len(vals), p)
	a, b := vals[lo].Float, vals[hi].Float
	if lo == hi {
		return vals[lo], nil
	}
	return sqltype.Datum{Float: a + part*(b-a)}, nil
}

func continuousInterval(vals []sqltype.Datum, p float64) (sqltype.Datum, error) {
	lo, hi, part := around(len(vals), p)
	a, b := vals[lo].Ivl, vals[hi].Ivl
	diff, err := b.Sub(a)
	if err != nil {
		return vals[lo], err
	}
	if diff, err = diff.Mul(part); err != nil {
		return vals[lo], err
	}
	r, err := a.Add(diff)
	return sqltype.Datum{Ivl: r}, err
}

// around finds the two values that a fraction falls between, and how far.
func around(n int, p float64) (lo, hi int, part float64) {
	at := p * float64(n-1)
	lo, hi = int(math.Floor(at)), int(math.Ceil(at))
	return lo, hi, at - float64(lo)
}

// mode returns the most frequent of ordered values, the first among equals.
func modeOf(t sqltype.Type) func([]sqltype.Datum, sqltype.Datum) (sqltype.Datum, error) {
	return func(vals []sqltype.Datum, _ sqltype.Datum) (sqltype.Datum, error) {
		best, bestN := vals[0], 0
		for i := 0; i < len(vals); {
			j := i + 1
			for j < len(vals) && sqltype.Equal(t, vals[i], vals[j]) {
				j++
			}
			if j-i > bestN {
				best, bestN = vals[i], j-i
			}
			i = j
		}
		return best, nil
	}
}

// orderedSet registers an ordered-set aggregate.
func (t *tables) orderedSet(sig string, direct int, result func(args []sqltype.Type, ret sqltype.Type) func([]sqltype.Datum, sqltype.Datum) (sqltype.Datum, error)) {
	t.aggOf(sig, func(args []sqltype.Type, ret sqltype.Type) func(*Env) Aggregator {
		f := result(args, ret)
		return func(*Env) Aggregator { return &kept{arg: direct, result: f} }
	})
	list := t.aggs[signature(sig).Name]
	list[len(list)-1].OrderedSet, list[len(list)-1].Direct = true, direct
}

func registerAggMore(t *tables) {
	fold := func(f func(a, b int64) int64) func(*Env) Aggregator {
		return func(*Env) Aggregator { return &folded{f: f} }
	}
	and := func(a, b int64) int64 { return a & b }
	or := func(a, b int64) int64 { return a | b }
	xor := func(a, b int64) int64 { return a ^ b }
	for _, name := range []string{"bool_and", "every"} {
		t.agg(name+"(bool) bool", fold(and))
	}
	t.agg("bool_or(bool) bool", fold(or))
	for _, n := range integers {
		sig := "(" + n.name + ") " + n.name
		t.agg("bit_and"+sig, fold(and))
		t.agg("bit_or"+sig, fold(or))
		t.agg("bit_xor"+sig, fold(xor))
	}
	t.agg("sum(interval) interval", func(*Env) Aggregator { return &intervalSum{} })
	t.agg("avg(interval) interval", func(*Env) Aggregator { return &intervalSum{avg: true} })
	t.agg("string_agg(text,text) text called", stringAgg)
	t.agg("string_agg(bytea,bytea) bytea called", stringAgg)
	t.aggOf("array_agg(anynonarray) anyarray called", arrayAgg)
	t.aggOf("array_agg(anyarray) anyarray called", arrayAgg)
	t.aggOf("json_agg(anyelement) json called", jsonAgg(false, false))
	t.aggOf("jsonb_agg(anyelement) jsonb called", jsonAgg(true, false))
	t.aggOf("json_object_agg(any,any) json called", jsonObjectAgg(false, false, false))
	t.aggOf("jsonb_object_agg(any,any) jsonb called", jsonObjectAgg(true, false, false))
	for i, typ := range []string{"json", "jsonb"} {
		t.aggOf(typ+"_agg_strict(anyelement) "+typ+" called", jsonAgg(i == 1, true))
		t.aggOf(typ+"_object_agg_strict(any,any) "+typ+" called", jsonObjectAgg(i == 1, false, true))
		t.aggOf(typ+"_object_agg_unique(any,any) "+typ+" called", jsonObjectAgg(i == 1, true, false))
		t.aggOf(typ+"_object_agg_unique_strict(any,any) "+typ+" called", jsonObjectAgg(i == 1, true, true))
	}
	t.aggOf("any_value(anyelement) anyelement", func(args []sqltype.Type, _ sqltype.Type) func(*Env) Aggregator {
		return firstAgg(args[0])
	})
	for _, typ := range []string{"anyarray", "timetz", "record"} {
		for name, sign := range map[string]int{"min": -1, "max": 1} {
			t.aggOf(name+"("+typ+") "+typ, func(args []sqltype.Type, _ sqltype.Type) func(*Env) Aggregator {
				return func(*Env) Aggregator {
					return &extreme[any]{better: func(a, b any) bool {
						return sqltype.Compare(args[0], sqltype.Datum{Any: a}, sqltype.Datum{Any: b}) == sign
					}}
				}
			})
		}
	}
	t.orderedSet("mode(anyelement) anyelement", 0, func(args []sqltype.Type, _ sqltype.Type) func([]sqltype.Datum, sqltype.Datum) (sqltype.Datum, error) {
		return modeOf(args[0])
	})
	type result = func([]sqltype.Datum, sqltype.Datum) (sqltype.Datum, error)
	of := func(f func([]sqltype.Datum, float64) (sqltype.Datum, error)) func([]sqltype.Type, sqltype.Type) result {
		return func(_ []sqltype.Type, ret sqltype.Type) result { return fractions(ret, f) }
	}
	t.orderedSet("percentile_disc(float8,anyelement) anyelement", 1, of(discrete))
	t.orderedSet("percentile_disc(float8[],anyelement) anyarray", 1, of(discrete))
	t.orderedSet("percentile_cont(float8,float8) float8", 1, of(continuousFloat))
	t.orderedSet("percentile_cont(float8[],float8) float8[]", 1, of(continuousFloat))
	t.orderedSet("percentile_cont(float8,interval) interval", 1, of(continuousInterval))
	t.orderedSet("percentile_cont(float8[],interval) interval[]", 1, of(continuousInterval))
}

// firstAgg keeps the first value of a group.
func firstAgg(t sqltype.Type) func(*Env) Aggregator {
	return func(*Env) Aggregator {
		switch t.Phys() {
		case sqltype.PhysInt:
			return &extreme[int64]{better: never[int64]}
		case sqltype.PhysFloat:
			return &extreme[float64]{better: never[float64]}
		case sqltype.PhysNumeric:
			return &extreme[sqltype.Num]{better: never[sqltype.Num]}
		case sqltype.PhysInterval:
			return &extreme[interval]{better: never[interval]}
		case sqltype.PhysAny:
			return &extreme[any]{better: never[any]}
		}
		return &extreme[string]{better: never[string], weigh: func(s string) int { return len(s) }}
	}
}

func never[T any](_, _ T) bool { return false }
