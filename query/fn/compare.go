package fn

import (
	"cmp"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// cmpOps names the comparisons by what they are made of: equality or less-than,
// with the sides swapped or the answer negated.
var cmpOps = []struct {
	op        string
	eq        bool
	swap, neg bool
	test      func(c int) bool
}{
	{"=", true, false, false, func(c int) bool { return c == 0 }},
	{"<>", true, false, true, func(c int) bool { return c != 0 }},
	{"<", false, false, false, func(c int) bool { return c < 0 }},
	{">", false, true, false, func(c int) bool { return c > 0 }},
	{"<=", false, true, true, func(c int) bool { return c <= 0 }},
	{">=", false, false, true, func(c int) bool { return c >= 0 }},
}

// eqOrdered compares for equality, or inequality where neg is 1.
func eqOrdered[T cmp.Ordered](neg int64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := slice[T](args[0]), slice[T](args[1]), out.I
		switch {
		case sel == nil && !args[0].Const && !args[1].Const:
			x, y, o = x[:n], y[:n], o[:n]
			for i := range o {
				o[i] = b2i(x[i] == y[i]) ^ neg
			}
		case sel == nil && !args[0].Const:
			x, o = x[:n], o[:n]
			b := y[0]
			for i := range o {
				o[i] = b2i(x[i] == b) ^ neg
			}
		default:
			mx, my := args[0].Mask(), args[1].Mask()
			for _, i := range vec.Live(n, sel) {
				o[i] = b2i(x[int(i)&mx] == y[int(i)&my]) ^ neg
			}
		}
		return nil
	}
}

// ltOrdered computes x < y, y < x where swap, and the opposite where neg is 1.
func ltOrdered[T cmp.Ordered](swap bool, neg int64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		l, r := args[0], args[1]
		if swap {
			l, r = r, l
		}
		x, y, o := slice[T](l), slice[T](r), out.I
		switch {
		case sel == nil && !l.Const && !r.Const:
			x, y, o = x[:n], y[:n], o[:n]
			for i := range o {
				o[i] = b2i(x[i] < y[i]) ^ neg
			}
		case sel == nil && !l.Const:
			x, o = x[:n], o[:n]
			b := y[0]
			for i := range o {
				o[i] = b2i(x[i] < b) ^ neg
			}
		case sel == nil && !r.Const:
			y, o = y[:n], o[:n]
			a := x[0]
			for i := range o {
				o[i] = b2i(a < y[i]) ^ neg
			}
		default:
			mx, my := l.Mask(), r.Mask()
			for _, i := range vec.Live(n, sel) {
				o[i] = b2i(x[int(i)&mx] < y[int(i)&my]) ^ neg
			}
		}
		return nil
	}
}

// eqFloat and ltFloat have NaN equal to itself and above all else.
func eqFloat(a, b float64) bool { return a == b || a != a && b != b }
func ltFloat(a, b float64) bool { return a < b || b != b && a == a }

func floatCompare(eq, swap bool, neg int64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		l, r := args[0], args[1]
		if swap {
			l, r = r, l
		}
		x, y, o := l.F, r.F, out.I
		mx, my := l.Mask(), r.Mask()
		if eq {
			for _, i := range vec.Live(n, sel) {
				o[i] = b2i(eqFloat(x[int(i)&mx], y[int(i)&my])) ^ neg
			}
			return nil
		}
		for _, i := range vec.Live(n, sel) {
			o[i] = b2i(ltFloat(x[int(i)&mx], y[int(i)&my])) ^ neg
		}
		return nil
	}
}

// trimBlanks drops what does not count when char(n) values are compared.
func trimBlanks(s string) string { return strings.TrimRight(s, " ") }

func ordered[T cmp.Ordered](t *tables, l, r string) {
	for _, c := range cmpOps {
		sig := c.op + "(" + l + "," + r + ") bool total"
		if c.eq {
			t.op(sig, eqOrdered[T](b2i(c.neg)))
		} else {
			t.op(sig, ltOrdered[T](c.swap, b2i(c.neg)))
		}
	}
}

// compared registers the comparisons of two types by a three-way comparison.
func compared[A, B any](t *tables, l, r, flags string, f func(A, B) int) {
	for _, c := range cmpOps {
		test := c.test
		t.op(c.op+"("+l+","+r+") bool"+flags, p2(func(a A, b B) int64 { return b2i(test(f(a, b))) }))
	}
}

// compareInterval orders intervals by length, a month being 30 days.
func compareInterval(a, b sqltype.IntervalValue) int {
	const day = 86_400_000_000
	da, db := int64(a.Months)*30+int64(a.Days)+a.Micros/day, int64(b.Months)*30+int64(b.Days)+b.Micros/day
	ra, rb := a.Micros%day, b.Micros%day
	if ra < 0 {
		da, ra = da-1, ra+day
	}
	if rb < 0 {
		db, rb = db-1, rb+day
	}
	return cmp.Or(cmp.Compare(da, db), cmp.Compare(ra, rb))
}

func registerCompare(t *tables) {
	for _, l := range integers {
		for _, r := range integers {
			ordered[int64](t, l.name, r.name)
		}
	}
	for _, name := range []string{"bool", "oid", "tid", "date", "time", "timestamp", "timestamptz"} {
		ordered[int64](t, name, name)
	}
	for _, name := range []string{"text", "bytea", "uuid", "name", "bit", "varbit", "inet", "macaddr", "macaddr8", "char"} {
		ordered[string](t, name, name)
	}
	ordered[string](t, "name", "text")
	ordered[string](t, "text", "name")
	for _, c := range cmpOps {
		for _, sig := range []string{"(float4,float4)", "(float8,float8)", "(float4,float8)", "(float8,float4)"} {
			t.op(c.op+sig+" bool total", floatCompare(c.eq, c.swap, b2i(c.neg)))
		}
	}
	compared(t, "numeric", "numeric", " total", sqltype.Num.Cmp)
	compared(t, "interval", "interval", " total", compareInterval)
	compared(t, "bpchar", "bpchar", " total", func(a, b string) int { return strings.Compare(trimBlanks(a), trimBlanks(b)) })
}
