package enc

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
)

// TestGolden pins the bytes. It may only gain lines.
func TestGolden(t *testing.T) {
	big1, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"null first", AppendNull(nil, true), "05"},
		{"null last", AppendNull(nil, false), "fa"},
		{"begin", AppendBegin(nil), "58"},
		{"end", AppendEnd(nil), "0a"},
		{"false", AppendBool(nil, false), "10"},
		{"true", AppendBool(nil, true), "11"},
		{"true desc", AppendBoolDesc(nil, true), "ee"},
		{"0", AppendInt(nil, 0), "28"},
		{"1", AppendInt(nil, 1), "2901"},
		{"255", AppendInt(nil, 255), "29ff"},
		{"256", AppendInt(nil, 256), "2a0100"},
		{"-1", AppendInt(nil, -1), "27ff"},
		{"-256", AppendInt(nil, -256), "2700"},
		{"-257", AppendInt(nil, -257), "26feff"},
		{"max", AppendInt(nil, math.MaxInt64), "307fffffffffffffff"},
		{"min", AppendInt(nil, math.MinInt64), "208000000000000000"},
		{"1 desc", AppendIntDesc(nil, 1), "d6fe"},
		{"max uint", AppendUint(nil, math.MaxUint64), "30ffffffffffffffff"},
		{"1.5", AppendFloat(nil, 1.5), "34bff8000000000000"},
		{"-1.5", AppendFloat(nil, -1.5), "344007ffffffffffff"},
		{"-0.0", AppendFloat(nil, math.Copysign(0, -1)), "348000000000000000"},
		{"NaN", AppendFloat(nil, math.NaN()), "34ffffffffffffffff"},
		{"string", AppendString(nil, "a\x00b"), "446100ff620001"},
		{"string desc", AppendStringDesc(nil, "a"), "bb9efffe"},
		{"bytes", AppendBytes(nil, []byte{1, 0}), "480100ff0001"},
		{"time 0", AppendTime(nil, 0), "508000000000000000"},
		{"uuid", AppendUUID(nil, [16]byte{1, 15: 2}), "5401000000000000000000000000000002"},
		{"dec 0", AppendDecimal(nil, Decimal{Exp: -3}), "3a"},
		{"dec 12.30", AppendDecimal(nil, Decimal{Coef: 1230, Exp: -2}), "3b2902193c"},
		{"dec -12.3", AppendDecimal(nil, Decimal{Neg: true, Coef: 123, Exp: -1}), "39d6fde6c3"},
		{"dec big", AppendDecimal(nil, Decimal{Big: big1}), "3b291e1945719db51945719db51945719db4"},
		{"dec nan", AppendDecimal(nil, Decimal{Form: NaN}), "3d"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// elem is a value of some kind with its order among its kind.
type elem struct {
	enc  func(desc bool) []byte
	name string
}

func orderedElems() map[string][]elem {
	m := map[string][]elem{}
	add := func(kind, name string, f func(desc bool) []byte) { m[kind] = append(m[kind], elem{f, name}) }
	ints := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 40, -65537, -65536, -257, -256, -255, -2, -1, 0, 1, 2, 127, 128, 255, 256, 257, 65535, 65536, 1 << 40, math.MaxInt64}
	for _, v := range ints {
		add("int", fmt.Sprint(v), func(desc bool) []byte {
			if desc {
				return AppendIntDesc(nil, v)
			}
			return AppendInt(nil, v)
		})
		add("time", fmt.Sprint(v), func(desc bool) []byte {
			if desc {
				return AppendTimeDesc(nil, v)
			}
			return AppendTime(nil, v)
		})
	}
	for _, v := range []float64{math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1), math.NaN()} {
		add("float", fmt.Sprint(v), func(desc bool) []byte {
			if desc {
				return AppendFloatDesc(nil, v)
			}
			return AppendFloat(nil, v)
		})
	}
	for _, v := range []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00b", "a\x01", "aa", "ab", "b", "\xff", "\xff\x00", "\xff\xff"} {
		add("string", fmt.Sprintf("%q", v), func(desc bool) []byte {
			if desc {
				return AppendStringDesc(nil, v)
			}
			return AppendString(nil, v)
		})
	}
	for _, v := range []string{"-inf", "-1e30", "-12345678901234567891", "-12345678901234567890", "-100", "-99.99", "-10", "-9.5", "-9", "-1.01", "-1", "-0.99", "-0.1", "-0.01", "-1e-30",
		"0", "1e-30", "0.001", "0.01", "0.011", "0.1", "0.12", "0.123", "0.99", "1", "1.01", "1.1", "9", "9.5", "10", "10.001", "11", "99.99", "100", "101", "12345678901234567890", "12345678901234567891", "1e30", "inf", "nan"} {
		d := parseDecimal(v)
		add("decimal", v, func(desc bool) []byte {
			if desc {
				return AppendDecimalDesc(nil, d)
			}
			return AppendDecimal(nil, d)
		})
	}
	return m
}

func parseDecimal(s string) Decimal {
	switch s {
	case "inf":
		return Decimal{Form: Inf}
	case "-inf":
		return Decimal{Form: NegInf}
	case "nan":
		return Decimal{Form: NaN}
	}
	var d Decimal
	s, d.Neg = strings.CutPrefix(s, "-")
	s, e, _ := strings.Cut(s, "e")
	fmt.Sscan(e, &d.Exp)
	whole, frac, _ := strings.Cut(s, ".")
	d.Exp -= len(frac)
	d.Big, _ = new(big.Int).SetString(whole+frac, 10)
	return d
}

// TestOrder compares all pairs, ascending and descending, alone and with a tail
// that would give a prefix away, and with NULLs on both sides.
func TestOrder(t *testing.T) {
	for kind, elems := range orderedElems() {
		for _, desc := range []bool{false, true} {
			for i, a := range elems {
				for j, b := range elems {
					want := cmp(i, j)
					if desc {
						want = -want
					}
					x, y := append(a.enc(desc), 0xff), append(b.enc(desc), 0)
					got := bytes.Compare(x, y)
					if i == j {
						got, want = 0, 0
					}
					if got != want {
						t.Errorf("%s desc=%v: compare(%s, %s) = %d, want %d", kind, desc, a.name, b.name, got, want)
					}
				}
				x := a.enc(desc)
				if bytes.Compare(AppendNull(nil, true), x) >= 0 || bytes.Compare(AppendNull(nil, false), x) <= 0 {
					t.Errorf("%s %s desc=%v: NULL is not outside", kind, a.name, desc)
				}
				if end := AppendEnd(nil); !desc && bytes.Compare(end, x) >= 0 {
					t.Errorf("%s %s: end mark is not first", kind, a.name)
				}
				if Descending(x) != desc {
					t.Errorf("%s %s: Descending = %v", kind, a.name, !desc)
				}
				checkSkip(t, kind+" "+a.name, x)
			}
		}
	}
}

func cmp(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// checkSkip skips an element, and cuts it at every byte.
func checkSkip(t *testing.T, name string, x []byte) {
	t.Helper()
	rest, err := Skip(append(append([]byte(nil), x...), 0x99))
	if err != nil || !bytes.Equal(rest, []byte{0x99}) {
		t.Errorf("%s: Skip leaves %x, %v", name, rest, err)
	}
	for i := range x {
		if _, err := Skip(x[:i]); err == nil {
			t.Errorf("%s: Skip accepts %d of %d bytes", name, i, len(x))
		}
		if _, _, err := decodeAny(x[:i]); err == nil {
			t.Errorf("%s: decoder accepts %d of %d bytes", name, i, len(x))
		}
	}
}

// decodeAny decodes whatever is at the front and encodes it again.
func decodeAny(src []byte) (again, rest []byte, err error) {
	desc := Descending(src)
	switch KindOf(src) {
	case KindNull:
		_, rest := DecodeNull(src)
		return AppendNull(nil, src[0] == tagNullFirst), rest, nil
	case KindEnd:
		_, rest := DecodeEnd(src)
		again = AppendEnd(nil)
		if desc {
			invert(again)
		}
		return again, rest, nil
	case KindBegin:
		rest, err := DecodeBegin(src)
		return dir(AppendBegin(nil), desc), rest, err
	case KindBool:
		v, rest, err := DecodeBool(src)
		return dir(AppendBool(nil, v), desc), rest, err
	case KindInt:
		if v, rest, err := DecodeInt(src); err == nil {
			return dir(AppendInt(nil, v), desc), rest, nil
		}
		v, rest, err := DecodeUint(src)
		return dir(AppendUint(nil, v), desc), rest, err
	case KindFloat:
		v, rest, err := DecodeFloat(src)
		return dir(AppendFloat(nil, v), desc), rest, err
	case KindDecimal:
		v, rest, err := DecodeDecimal(src)
		if err != nil {
			return nil, nil, err
		}
		return dir(AppendDecimal(nil, v), desc), rest, nil
	case KindString:
		v, rest, err := DecodeString(src)
		return dir(AppendString(nil, v), desc), rest, err
	case KindBytes:
		v, rest, err := DecodeBytes(src)
		return dir(AppendBytes(nil, v), desc), rest, err
	case KindTime:
		v, rest, err := DecodeTime(src)
		return dir(AppendTime(nil, v), desc), rest, err
	case KindUUID:
		v, rest, err := DecodeUUID(src)
		return dir(AppendUUID(nil, v), desc), rest, err
	}
	return nil, nil, ErrFormat
}

func dir(b []byte, desc bool) []byte {
	if desc {
		invert(b)
	}
	return b
}

// FuzzDecode holds that whatever decodes encodes back to itself, and that Skip
// agrees with the decoders about its length.
func FuzzDecode(f *testing.F) {
	for _, elems := range orderedElems() {
		for _, e := range elems {
			f.Add(e.enc(false))
			f.Add(e.enc(true))
		}
	}
	f.Add([]byte{0x0a, 0xf5, 0x05, 0xfa})
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			again, rest, err := decodeAny(b)
			skipped, serr := Skip(b)
			if err != nil {
				if !errors.Is(err, ErrShort) && !errors.Is(err, ErrFormat) {
					t.Fatalf("error of no class: %v", err)
				}
				return
			}
			if serr != nil || !bytes.Equal(skipped, rest) {
				t.Fatalf("Skip leaves %x (%v), the decoder %x", skipped, serr, rest)
			}
			if !bytes.Equal(again, b[:len(b)-len(rest)]) {
				t.Fatalf("%x decodes to what encodes as %x", b[:len(b)-len(rest)], again)
			}
			b = rest
		}
	})
}

// FuzzOrder compares encodings of arbitrary pairs with the pairs.
func FuzzOrder(f *testing.F) {
	f.Add(int64(1), int64(-1), 1.5, -1.5, "a", "a\x00")
	f.Add(int64(-256), int64(-257), math.Inf(1), math.NaN(), "", "\x00\xff")
	f.Fuzz(func(t *testing.T, a, b int64, x, y float64, s, u string) {
		check := func(what string, p, q []byte, want int) {
			if got := bytes.Compare(p, q); got != want {
				t.Fatalf("%s: %x against %x gives %d, want %d", what, p, q, got, want)
			}
			if got := bytes.Compare(dir(p, true), dir(q, true)); got != -want {
				t.Fatalf("%s desc: %x against %x gives %d, want %d", what, p, q, got, -want)
			}
		}
		ci := new(big.Int).SetInt64(a).Cmp(new(big.Int).SetInt64(b))
		check("int", AppendInt(nil, a), AppendInt(nil, b), ci)
		check("time", AppendTime(nil, a), AppendTime(nil, b), ci)
		check("string", AppendString(nil, s), AppendString(nil, u), strings.Compare(s, u))
		cf := 0
		switch {
		case x < y, y != y && x == x:
			cf = -1
		case x > y, x != x && y == y:
			cf = 1
		}
		check("float", AppendFloat(nil, x), AppendFloat(nil, y), cf)
		p := new(big.Rat).SetFrac(new(big.Int).SetInt64(a), pow10(len(s)%40))
		q := new(big.Rat).SetFrac(new(big.Int).SetInt64(b), pow10(len(u)%40))
		check("decimal", AppendDecimal(nil, dec(a, -(len(s)%40))), AppendDecimal(nil, dec(b, -(len(u)%40))), p.Cmp(q))
	})
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func dec(v int64, exp int) Decimal {
	return Decimal{Neg: v < 0, Big: new(big.Int).Abs(big.NewInt(v)), Exp: exp}
}

func BenchmarkAppendInt(b *testing.B) {
	buf := make([]byte, 0, 16)
	for i := int64(0); b.Loop(); i++ {
		buf = AppendInt(buf[:0], i*7919)
	}
}

func BenchmarkDecodeInt(b *testing.B) {
	buf := AppendInt(nil, 123456789)
	for b.Loop() {
		if _, _, err := DecodeInt(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	buf := make([]byte, 0, 64)
	for b.Loop() {
		buf = AppendString(buf[:0], "a key of usual length")
	}
}
