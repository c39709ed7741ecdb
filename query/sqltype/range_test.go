package sqltype

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// TestJSONOfQuotedText holds that values whose text has quotation marks are JSON.
func TestJSONOfQuotedText(t *testing.T) {
	RegisterEnum(77, EnumType{Name: "odd", Labels: []EnumLabel{{1, `a"b\`}}})
	for _, c := range []struct {
		typ  Type
		text string
	}{
		{Type{ID: Tsrange}, `["2024-01-01 10:00:00","2024-01-02 00:00:00")`},
		{Type{ID: Tstzmultirange}, `{["2024-01-01 10:00:00+00",)}`},
		{ArrayOf(Type{ID: Tsrange}), ""},
		{Type{ID: Enum, Mod: 77}, `a"b\`},
	} {
		in := c.text
		if in == "" {
			in = `{"[\"2024-01-01 10:00:00\",)"}`
		}
		d, err := Parse(c.typ, in)
		if err != nil {
			t.Fatal(err)
		}
		out := AppendJSON(nil, c.typ, d, JSONOptions{})
		var s string
		if !json.Valid(out) || c.text != "" && (json.Unmarshal(out, &s) != nil || s != c.text) {
			t.Errorf("%s: %s", c.typ, out)
		}
	}
}

// TestMultirangesAsSets compares the operators with sets of numbers, one bit each.
func TestMultirangesAsSets(t *testing.T) {
	const size = 20
	dice := rand.New(rand.NewPCG(1, 2))
	random := func() ([]*RangeValue, uint32) {
		var list []*RangeValue
		bits := uint32(0)
		for range dice.IntN(4) {
			lo := dice.Int64N(size)
			hi := lo + dice.Int64N(size-lo+1)
			r, err := NewRange(TInt4, RangeBound{Val: Datum{Int: lo}, Inc: true}, RangeBound{Val: Datum{Int: hi}})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
			bits |= uint32(1)<<hi - uint32(1)<<lo
		}
		return NewMultirange(TInt4, list).Ranges, bits
	}
	bitsOf := func(m *MultirangeValue) (bits uint32) {
		for i := range int64(size) {
			if SpansContainValue(m.Ranges, Datum{Int: i}) {
				bits |= 1 << i
			}
		}
		for i, r := range m.Ranges {
			if i > 0 && m.Ranges[i-1].Upper.Val.Int >= r.Lower.Val.Int {
				t.Fatalf("%s is not the fewest ranges", FormatText(Type{ID: Int4multirange}, Datum{Any: m}))
			}
		}
		return bits
	}
	for range 20000 {
		a, x := random()
		b, y := random()
		union := bitsOf(NewMultirange(TInt4, append(append([]*RangeValue(nil), a...), b...)))
		if union != x|y || bitsOf(MultirangeIntersect(TInt4, a, b)) != x&y || bitsOf(MultirangeMinus(TInt4, a, b)) != x&^y {
			t.Fatalf("%b and %b: the union is %b", x, y, union)
		}
		if SpansOverlap(a, b) != (x&y != 0) || SpansContain(a, b) != (y&^x == 0) {
			t.Fatalf("%b and %b: && is %v, @> is %v", x, y, SpansOverlap(a, b), SpansContain(a, b))
		}
	}
}
