package fn

import (
	"math"
	"math/bits"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func errIntRange(size uint) error {
	switch size {
	case 16:
		return dberr.SQL(dberr.StateNumericOutOfRange, "smallint out of range")
	case 32:
		return dberr.SQL(dberr.StateNumericOutOfRange, "integer out of range")
	}
	return dberr.SQL(dberr.StateNumericOutOfRange, "bigint out of range")
}

func errDivZero() error { return dberr.SQL(dberr.StateDivisionByZero, "division by zero") }

// outside is 0 exactly where s is an integer of 64-shift bits.
func outside(s int64, shift uint) int64 { return s<<(shift&63)>>(shift&63) ^ s }

// addInt adds integers whose result has size bits. Overflow is collected in one
// word and looked at once per batch.
func addInt(size uint) Eval {
	shift := 64 - size
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].I, args[1].I, out.I
		var bad int64
		switch {
		case sel == nil && !args[0].Const && !args[1].Const:
			x, y, o = x[:n], y[:n], o[:n]
			for i := range o {
				a, b := x[i], y[i]
				s := a + b
				bad |= ((s^a)&(s^b))>>63 | outside(s, shift)
				o[i] = s
			}
		case sel == nil && args[1].Const && !args[0].Const:
			x, o = x[:n], o[:n]
			b := y[0]
			for i := range o {
				a := x[i]
				s := a + b
				bad |= ((s^a)&(s^b))>>63 | outside(s, shift)
				o[i] = s
			}
		default:
			mx, my := args[0].Mask(), args[1].Mask()
			for _, i := range vec.Live(n, sel) {
				a, b := x[int(i)&mx], y[int(i)&my]
				s := a + b
				bad |= ((s^a)&(s^b))>>63 | outside(s, shift)
				o[i] = s
			}
		}
		if bad != 0 {
			return errIntRange(size)
		}
		return nil
	}
}

func subInt(size uint) Eval {
	shift := 64 - size
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].I, args[1].I, out.I
		var bad int64
		if sel == nil && !args[0].Const && !args[1].Const {
			x, y, o = x[:n], y[:n], o[:n]
			for i := range o {
				a, b := x[i], y[i]
				s := a - b
				bad |= ((a^b)&(s^a))>>63 | outside(s, shift)
				o[i] = s
			}
		} else {
			mx, my := args[0].Mask(), args[1].Mask()
			for _, i := range vec.Live(n, sel) {
				a, b := x[int(i)&mx], y[int(i)&my]
				s := a - b
				bad |= ((a^b)&(s^a))>>63 | outside(s, shift)
				o[i] = s
			}
		}
		if bad != 0 {
			return errIntRange(size)
		}
		return nil
	}
}

// mul64 multiplies and reports whether the product fits.
func mul64(a, b int64) (int64, bool) {
	p := a * b
	if int64(int32(a)) == a && int64(int32(b)) == b {
		return p, true
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	h := int64(hi)
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return p, h == int64(lo)>>63
}

func mulInt(size uint) Eval {
	shift := 64 - size
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].I, args[1].I, out.I
		mx, my := args[0].Mask(), args[1].Mask()
		for _, i := range vec.Live(n, sel) {
			p, ok := mul64(x[int(i)&mx], y[int(i)&my])
			if !ok || outside(p, shift) != 0 {
				return errIntRange(size)
			}
			o[i] = p
		}
		return nil
	}
}

func divInt(size uint) Eval {
	return e2(func(a, b int64) (int64, error) {
		switch b {
		case 0:
			return 0, errDivZero()
		case -1:
			if a == -1<<(size-1) {
				return 0, errIntRange(size)
			}
			return -a, nil
		}
		return a / b, nil
	})
}

func modInt(a, b int64) (int64, error) {
	switch b {
	case 0:
		return 0, errDivZero()
	case -1:
		return 0, nil
	}
	return a % b, nil
}

// toInt checks that v has size bits.
func toInt(v int64, size uint) (int64, error) {
	if outside(v, 64-size) != 0 {
		return 0, errIntRange(size)
	}
	return v, nil
}

func errFloatRange(what string) error {
	return dberr.SQL(dberr.StateNumericOutOfRange, "value out of range: %s", what)
}

// checkFloat rounds to float4 where size is 32 and applies PostgreSQL's checks: an
// infinite result of finite operands is an overflow, a zero one of nonzero factors
// an underflow.
func checkFloat(r float64, size int, infIn, zeroIn bool) (float64, error) {
	if size == 32 {
		r = float64(float32(r))
	}
	if math.IsInf(r, 0) && !infIn {
		return 0, errFloatRange("overflow")
	}
	if r == 0 && !zeroIn {
		return 0, errFloatRange("underflow")
	}
	return r, nil
}

func inf2(a, b float64) bool { return math.IsInf(a, 0) || math.IsInf(b, 0) }

// addFloat adds, or subtracts where sign is -1.
func addFloat(size int, sign float64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].F, args[1].F, out.F
		mx, my := args[0].Mask(), args[1].Mask()
		for _, i := range vec.Live(n, sel) {
			a, b := x[int(i)&mx], y[int(i)&my]
			r := a + sign*b
			if size == 32 {
				r = float64(float32(r))
			}
			if math.IsInf(r, 0) && !inf2(a, b) {
				return errFloatRange("overflow")
			}
			o[i] = r
		}
		return nil
	}
}

func mulFloat(size int) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].F, args[1].F, out.F
		mx, my := args[0].Mask(), args[1].Mask()
		for _, i := range vec.Live(n, sel) {
			a, b := x[int(i)&mx], y[int(i)&my]
			r := a * b
			if size == 32 {
				r = float64(float32(r))
			}
			if r-r != 0 || r == 0 { // infinite, NaN or zero: seldom, and perhaps an error
				var err error
				if r, err = checkFloat(r, size, inf2(a, b), a == 0 || b == 0); err != nil {
					return err
				}
			}
			o[i] = r
		}
		return nil
	}
}

func divFloat(size int) Eval {
	return e2(func(a, b float64) (float64, error) {
		if b == 0 && !math.IsNaN(a) {
			return 0, errDivZero()
		}
		return checkFloat(a/b, size, math.IsInf(a, 0), a == 0 || math.IsInf(b, 0))
	})
}

// integers lists the integer types with their bits.
var integers = []struct {
	name string
	size uint
}{{"int2", 16}, {"int4", 32}, {"int8", 64}}

func registerArith(t *tables) {
	for _, l := range integers {
		for _, r := range integers {
			size, ret := l.size, l.name
			if r.size > size {
				size, ret = r.size, r.name
			}
			sig := "(" + l.name + "," + r.name + ") " + ret
			t.op("+"+sig+" total", addInt(size))
			t.op("-"+sig, subInt(size))
			t.op("*"+sig+" total", mulInt(size))
			t.op("/"+sig, divInt(size))
			if l.name == r.name {
				t.op("%"+sig, e2(modInt))
				t.def("mod"+sig, e2(modInt))
				t.op("&"+sig+" total", p2(func(a, b int64) int64 { return a & b }))
				t.op("|"+sig+" total", p2(func(a, b int64) int64 { return a | b }))
				t.op("#"+sig+" total", p2(func(a, b int64) int64 { return a ^ b }))
			}
		}
		registerIntUnary(t, l.name, l.size)
	}
	for _, f := range []struct {
		sig  string
		size int
	}{
		{"(float4,float4) float4", 32}, {"(float8,float8) float8", 64},
		{"(float4,float8) float8", 64}, {"(float8,float4) float8", 64},
	} {
		t.op("+"+f.sig+" total", addFloat(f.size, 1))
		t.op("-"+f.sig+" total", addFloat(f.size, -1))
		t.op("*"+f.sig+" total", mulFloat(f.size))
		t.op("/"+f.sig, divFloat(f.size))
	}
	for _, f := range []string{"float4", "float8"} {
		t.op("+("+f+") "+f+" total", p1(func(a float64) float64 { return a }))
		t.op("-("+f+") "+f+" total", p1(func(a float64) float64 { return -a }))
		t.op("@("+f+") "+f+" total", p1(math.Abs))
		t.def("abs("+f+") "+f+" total", p1(math.Abs))
	}
	type num = sqltype.Num
	t.op("+(numeric,numeric) numeric total", e2(num.Add))
	t.op("-(numeric,numeric) numeric total", e2(num.Sub))
	t.op("*(numeric,numeric) numeric total", e2(num.Mul))
	t.op("/(numeric,numeric) numeric", e2(num.Div))
	t.op("%(numeric,numeric) numeric", e2(num.Mod))
	t.def("mod(numeric,numeric) numeric", e2(num.Mod))
	t.def("div(numeric,numeric) numeric", e2(num.DivTrunc))
	t.op("+(numeric) numeric total", p1(func(a num) num { return a }))
	t.op("-(numeric) numeric total", p1(num.Neg))
	t.op("@(numeric) numeric total", p1(num.Abs))
	t.def("abs(numeric) numeric total", p1(num.Abs))
	t.op("^(numeric,numeric) numeric", e2(num.Power))
}

func registerIntUnary(t *tables, name string, size uint) {
	sig := "(" + name + ") " + name
	mask := int64(size - 1)
	neg := func(a int64) (int64, error) {
		if a == math.MinInt64 {
			return 0, errIntRange(64)
		}
		return toInt(-a, size)
	}
	abs := func(a int64) (int64, error) {
		if a < 0 {
			return neg(a)
		}
		return a, nil
	}
	t.op("+"+sig+" total", p1(func(a int64) int64 { return a }))
	t.op("-"+sig+" total", e1(neg))
	t.op("@"+sig+" total", e1(abs))
	t.def("abs"+sig+" total", e1(abs))
	t.op("~"+sig+" total", p1(func(a int64) int64 { return ^a }))
	shift := "(" + name + ",int4) " + name + " total"
	t.op("<<"+shift, p2(func(a, b int64) int64 { return narrow(a<<(uint64(b)&uint64(mask)), size) }))
	t.op(">>"+shift, p2(func(a, b int64) int64 { return a >> (uint64(b) & uint64(mask)) }))
}

// narrow keeps the low size bits of v as a signed integer.
func narrow(v int64, size uint) int64 { return v << (64 - size) >> (64 - size) }
