package fn

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// bitwise combines bit strings of one length.
func bitwise(op string, f func(a, b byte) bool) func(a, b string) (string, error) {
	return func(a, b string) (string, error) {
		if len(a) != len(b) {
			return "", dberr.SQL("22026", "cannot %s bit strings of different sizes", op)
		}
		out := make([]byte, len(a))
		for i := range out {
			out[i] = '0' + byte(b2i(f(a[i], b[i])))
		}
		return string(out), nil
	}
}

var (
	bitAnd = bitwise("AND", func(a, b byte) bool { return a == '1' && b == '1' })
	bitOr  = bitwise("OR", func(a, b byte) bool { return a == '1' || b == '1' })
	bitXor = bitwise("XOR", func(a, b byte) bool { return a != b })
)

func bitNot(s string) string {
	return strings.Map(func(r rune) rune { return '0' + '1' - r }, s)
}

// bitShift moves digits left, or right where n is negative.
func bitShift(s string, n int64) string {
	size := int64(len(s))
	switch {
	case n >= size || n <= -size:
		return strings.Repeat("0", len(s))
	case n >= 0:
		return s[n:] + strings.Repeat("0", int(n))
	}
	return strings.Repeat("0", int(-n)) + s[:size+n]
}

func bitSubstring(s string, start, count int64) (string, error) {
	if count < 0 {
		return "", dberr.SQL(dberr.StateSubstringError, "negative substring length not allowed")
	}
	size := int64(len(s))
	from := min(max(start-1, 0), size)
	to := min(max(start-1+count, from), size)
	return s[from:to], nil
}

func bitIndex(s string, i int64) error {
	if i < 0 || i >= int64(len(s)) {
		return dberr.SQL("2202E", "bit index %d out of valid range (0..%d)", i, len(s)-1)
	}
	return nil
}

func registerBits(t *tables) {
	t.op("||(varbit,varbit) varbit", p2(func(a, b string) string { return a + b }))
	t.op("&(bit,bit) bit", e2(bitAnd))
	t.op("|(bit,bit) bit", e2(bitOr))
	t.op("#(bit,bit) bit", e2(bitXor))
	t.op("~(bit) bit", p1(bitNot))
	t.op("<<(bit,int4) bit", p2(bitShift))
	t.op(">>(bit,int4) bit", p2(func(s string, n int64) string { return bitShift(s, -n) }))
	size := p1(func(s string) int64 { return int64(len(s)) })
	t.def("length(bit) int4", size)
	t.def("bit_length(bit) int4", size)
	t.def("octet_length(bit) int4", p1(func(s string) int64 { return int64(len(s)+7) / 8 }))
	t.def("bit_count(bit) int8", p1(func(s string) int64 { return int64(strings.Count(s, "1")) }))
	t.def("position(bit,bit) int4", p2(func(s, sub string) int64 {
		if s == "" {
			return 0
		}
		return int64(strings.Index(s, sub) + 1)
	}))
	t.def("overlay(bit,bit,int4,int4) bit", e4(overlayBytes))
	t.def("overlay(bit,bit,int4) bit", e3(func(s, r string, at int64) (string, error) { return overlayBytes(s, r, at, int64(len(r))) }))
	t.def("substring(bit,int4,int4) bit", e3(bitSubstring))
	t.def("substring(bit,int4) bit", e2(func(s string, at int64) (string, error) { return bitSubstring(s, at, 1<<31) }))
	t.def("get_bit(bit,int4) int4", e2(func(s string, i int64) (int64, error) {
		if err := bitIndex(s, i); err != nil {
			return 0, err
		}
		return int64(s[i] - '0'), nil
	}))
	t.def("set_bit(bit,int4,int4) bit", e3(func(s string, i, v int64) (string, error) {
		if err := bitIndex(s, i); err != nil {
			return "", err
		}
		if v != 0 && v != 1 {
			return "", errParam("new bit must be 0 or 1")
		}
		return s[:i] + string(rune('0'+v)) + s[i+1:], nil
	}))
	for name, f := range map[string]func(a, b string) (string, error){"bit_and": bitAnd, "bit_or": bitOr, "bit_xor": bitXor} {
		t.agg(name+"(bit) bit", func(*Env) Aggregator { return &foldedText{f: f} })
	}
}

// foldedText folds the texts of each group.
type foldedText struct {
	f    func(a, b string) (string, error)
	vals []string
	set  []bool
	size int64
}

func (a *foldedText) Grow(n int) {
	for len(a.vals) < n {
		a.vals, a.set = append(a.vals, ""), append(a.set, false)
	}
}

func (a *foldedText) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	for _, i := range vec.Live(n, sel) {
		if args[0].IsNull(int(i)) {
			continue
		}
		g, s := groups[i], args[0].S[args[0].At(int(i))]
		if !a.set[g] {
			a.vals[g], a.set[g] = s, true
			a.size += int64(len(s))
			continue
		}
		v, err := a.f(a.vals[g], s)
		if err != nil {
			return err
		}
		a.vals[g] = v
	}
	return nil
}

func (a *foldedText) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		d := sqltype.Datum{Str: a.vals[g], Null: !a.set[g]}
		out.Set(g-from, d)
	}
	return nil
}

func (a *foldedText) Bytes() int64 { return a.size + 17*int64(len(a.vals)) }
