package sqltype

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// TestCastsAsPostgres compares the cast table with pg_cast.
func TestCastsAsPostgres(t *testing.T) {
	context := map[string]CastContext{"i": CastImplicit, "a": CastAssignment, "e": CastExplicit}
	seen := map[castPair]bool{}
	golden(t, "pg15_casts.jsonl", func(row []string) {
		from, to := typeNames[row[0]], typeNames[row[1]]
		seen[castPair{from, to}] = true
		if got := CanCast(Type{ID: from}, Type{ID: to}); got != context[row[2]] {
			t.Errorf("%s to %s: got %d, want %s", row[0], row[1], got, row[2])
		}
	})
	for p := range casts {
		if !seen[p] {
			t.Errorf("%s to %s is no cast of PostgreSQL's", p.from, p.to)
		}
	}
	for _, c := range []struct {
		from, to Type
		want     CastContext
	}{
		{TInt4, TText, CastAssignment}, {TText, TInt4, CastExplicit}, {TDate, TInt4, CastNone}, {TUUID, TBytea, CastNone},
		{TUnknown, TDate, CastImplicit}, {ArrayOf(TInt4), ArrayOf(TInt8), CastImplicit}, {TBool, TInt8, CastNone},
		{ArrayOf(TInt4), TText, CastAssignment}, {TText, ArrayOf(TInt4), CastExplicit},
	} {
		if got := CanCast(c.from, c.to); got != c.want {
			t.Errorf("%s to %s: got %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

// TestEveryCastWorks casts a sample of each type to every type that CanCast
// allows: it gives a value or an error with a SQLSTATE, but not "cannot cast".
func TestEveryCastWorks(t *testing.T) {
	env := &Env{Now: time.Unix(0, 0), Location: time.UTC}
	sampleDatums(t, func(from Type, vals []Datum) {
		sampleDatums(t, func(to Type, _ []Datum) {
			for _, d := range vals {
				_, err := CastDatum(d, from, to, true, env)
				refused := dberr.As(err) != nil && dberr.As(err).SQLState == dberr.StateCannotCoerce
				if can := CanCast(from, to) != CastNone; can == refused {
					t.Fatalf("%s %s to %s: CanCast %v, error %v", from, FormatText(from, d), to, can, err)
				}
				if err != nil && dberr.As(err) == nil {
					t.Fatalf("%s to %s: error without SQLSTATE: %v", from, to, err)
				}
			}
		})
	})
}

func TestLengths(t *testing.T) {
	v3 := Type{ID: Varchar, Mod: 3}
	if _, err := CastDatum(Datum{Str: "abcd"}, TText, v3, false, nil); dberr.As(err) == nil || dberr.As(err).SQLState != "22001" {
		t.Errorf("assignment of 4 characters to varchar(3): %v", err)
	}
	if d, err := CastDatum(Datum{Str: "abc  "}, TText, v3, false, nil); err != nil || d.Str != "abc" {
		t.Errorf("assignment that loses blanks: %q, %v", d.Str, err)
	}
	if d, err := CastDatum(Datum{Str: "日本語字"}, TText, v3, true, nil); err != nil || d.Str != "日本語" {
		t.Errorf("explicit: %q, %v", d.Str, err)
	}
	if d, _ := CastDatum(Datum{Str: "é"}, TText, Type{ID: Bpchar, Mod: 3}, false, nil); d.Str != "é  " {
		t.Errorf("char(3): %q", d.Str)
	}
}

// TestNumAgainstBig compares the fast paths with big rationals.
func TestNumAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rat := func(n Num) *big.Rat { return new(big.Rat).SetFrac(n.Unscaled(), pow10Big(int(n.Scale))) }
	gen := func() Num {
		v := int64(rng.Uint64() >> rng.IntN(64))
		if rng.IntN(2) == 0 {
			v = -v
		}
		n := NumScaled(v, rng.IntN(20))
		if rng.IntN(8) == 0 {
			n = NumBig(new(big.Int).Mul(n.Unscaled(), pow10Big(rng.IntN(40))), rng.IntN(40))
		}
		return n
	}
	for range 20000 {
		a, b := gen(), gen()
		add, err1 := a.Add(b)
		sub, err2 := a.Sub(b)
		mul, err3 := a.Mul(b)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		x, y := rat(a), rat(b)
		if rat(add).Cmp(new(big.Rat).Add(x, y)) != 0 || rat(sub).Cmp(new(big.Rat).Sub(x, y)) != 0 || rat(mul).Cmp(new(big.Rat).Mul(x, y)) != 0 {
			t.Fatalf("%s and %s: %s %s %s", a, b, add, sub, mul)
		}
		if a.Cmp(b) != x.Cmp(y) {
			t.Fatalf("Cmp(%s, %s) = %d", a, b, a.Cmp(b))
		}
		if b.Sign() != 0 {
			q, err := a.Div(b)
			diff := new(big.Rat).Sub(rat(q), new(big.Rat).Quo(x, y))
			half := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(big.NewInt(2), pow10Big(int(q.Scale))))
			if err != nil || diff.Abs(diff).Cmp(half) > 0 {
				t.Fatalf("%s / %s = %s, %v", a, b, q, err)
			}
		}
		k := rng.IntN(12) - 3
		if r := rat(a.Round(k)); new(big.Rat).Abs(new(big.Rat).Sub(r, x)).Cmp(new(big.Rat).Quo(rat(NumInt(1).Round(0)), ratPow10(k, 2))) > 0 {
			t.Fatalf("round(%s, %d) = %s", a, k, a.Round(k))
		}
		if back, err := ParseNum(a.String()); err != nil || back.Cmp(a) != 0 || back.Scale != a.Scale {
			t.Fatalf("%s reads back as %s, %v", a, back, err)
		}
	}
}

// ratPow10 returns m × 10^k.
func ratPow10(k int, m int64) *big.Rat {
	r := new(big.Rat).SetInt(pow10Big(absInt(k)))
	if k < 0 {
		r.Inv(r)
	}
	return r.Mul(r, new(big.Rat).SetInt64(m))
}

// TestNumSum compares accumulators, split and merged, with one addition at a time.
func TestNumSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		var parts [3]NumSum
		want := Num{}
		n := 1 + rng.IntN(200)
		for range n {
			v := NumScaled(int64(rng.Uint64()>>rng.IntN(60)), rng.IntN(1+round%7))
			if rng.IntN(2) == 0 {
				v = v.Neg()
			}
			if rng.IntN(10) == 0 {
				v = NumInt(v.Coef)
				parts[rng.IntN(3)].AddInt64(v.Coef)
			} else {
				parts[rng.IntN(3)].Add(v)
			}
			want, _ = want.Add(v)
		}
		parts[0].Merge(&parts[1])
		parts[0].Merge(&parts[2])
		got, err := parts[0].Sum()
		if err != nil || got.String() != want.String() || parts[0].Count() != int64(n) {
			t.Fatalf("got %s of %d, %v; want %s of %d", got, parts[0].Count(), err, want, n)
		}
		avg, _ := parts[0].Avg()
		if w, _ := want.Div(NumInt(int64(n))); avg.String() != w.String() {
			t.Fatalf("average %s, want %s", avg, w)
		}
	}
	var s NumSum
	s.Add(NumInf)
	s.Add(NumInt(1))
	if v, _ := s.Sum(); v.IsInf() != 1 {
		t.Errorf("Infinity + 1 = %s", v)
	}
	s.Add(NumNegInf)
	if v, _ := s.Sum(); !v.IsNaN() {
		t.Errorf("Infinity - Infinity = %s", v)
	}
}

// TestCivilRoundTrip walks days through the calendar of package time.
func TestCivilRoundTrip(t *testing.T) {
	for d := int64(-2500000); d < 4000000; d += 97 {
		y, m, day := CivilFromDays(d)
		if back := DaysFromCivil(y, m, day); back != d {
			t.Fatalf("%d → %d-%d-%d → %d", d, y, m, day, back)
		}
		g := time.Unix((d+unixEpochDays)*86400, 0).UTC()
		iy, iw := ISOWeek(d)
		gy, gw := g.ISOWeek()
		if g.Year() != y || int(g.Month()) != m || g.Day() != day || int(g.Weekday()) != Weekday(d) || gy != iy || gw != iw {
			t.Fatalf("%d is %s, not %d-%d-%d weekday %d week %d of %d", d, g, y, m, day, Weekday(d), iw, iy)
		}
	}
}

// FuzzParse holds that what is accepted is written in a form that reads back as
// the same value, and that errors carry a SQLSTATE.
func FuzzParse(f *testing.F) {
	for _, s := range samples {
		for _, x := range s.text {
			f.Add(uint8(typeOf(f, s.typ).ID), x)
		}
	}
	for _, x := range []string{"1999-01-08 04:05:06 PST", "Jan 8 1999", "P1Y2M", "1-2 3 4:5:6", "{{1,2},{3}}", "J2451187.5", "04:05 PM", "20010203T040506-08"} {
		for _, id := range []ID{Date, Timestamp, TimestampTZ, Time, TimeTZ, Interval, Array} {
			f.Add(uint8(id), x)
		}
	}
	env := &Env{Now: time.Unix(1e9, 0), Location: time.UTC}
	f.Fuzz(func(t *testing.T, id uint8, s string) {
		typ := Type{ID: ID(id) % 26}
		if typ.ID == Array {
			typ.Elem = [...]ID{Int4, Text, Numeric, TimestampTZ}[len(s)%4]
		}
		if len(s) > 2000 || strings.ContainsAny(s, "eE") && typ.ID == JSONB && len(s) > 100 {
			return
		}
		d, err := ParseEnv(env, typ, s)
		if err != nil {
			if e := dberr.As(err); e == nil || e.SQLState == "" || e.SQLState == dberr.StateInternal {
				t.Fatalf("%s %q: %v", typ, s, err)
			}
			return
		}
		text := FormatText(typ, d)
		back, err := ParseEnv(env, typ, text)
		if err != nil || FormatText(typ, back) != text {
			t.Fatalf("%s %q gives %q, which reads back as %q, %v", typ, s, text, FormatText(typ, back), err)
		}
		if v, err := DecodeValue(typ, AppendValue(nil, typ, d)); err != nil || !sameDatum(typ, v, d) {
			t.Fatalf("%s %q is stored as %q, %v", typ, text, FormatText(typ, v), err)
		}
		if !bytes.Equal(AppendKey(nil, typ, d, false, false), AppendKey(nil, typ, back, false, false)) {
			t.Fatalf("%s %q: keys differ after a round trip", typ, text)
		}
	})
}

// TestQuotientTies rounds halves away from zero on the fast and the slow path.
func TestQuotientTies(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"1", "2", "1"}, {"-1", "2", "-1"}, {"3", "2", "2"}, {"-5", "2", "-3"}, {"1", "3", "0"}, {"2", "3", "1"}, {"1.2", "0.8", "2"},
		{"15000000000000000000000", "10000000000000000000000", "2"}, {"-25000000000000000000000", "10000000000000000000000", "-3"},
	} {
		a, _ := ParseNum(c.a)
		b, _ := ParseNum(c.b)
		if got, err := a.divAt(b, 0); err != nil || got.String() != c.want {
			t.Errorf("%s / %s = %s, %v; want %s", c.a, c.b, got, err, c.want)
		}
	}
}
