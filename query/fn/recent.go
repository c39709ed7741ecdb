package fn

import (
	"math"
	"math/big"
	"unicode"

	"golang.org/x/text/cases"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// gammaOf is gamma and, where logarithm is set, lgamma.
func gammaOf(logarithm bool) func(v float64) (float64, error) {
	return func(v float64) (float64, error) {
		r := 0.0
		switch {
		case math.IsNaN(v):
			return v, nil
		case logarithm && math.IsInf(v, 0):
			return math.Inf(1), nil
		case logarithm:
			r, _ = math.Lgamma(v)
		case math.IsInf(v, 1):
			return v, nil
		default:
			r = math.Gamma(v)
		}
		if math.IsNaN(r) || math.IsInf(r, 0) {
			return 0, errFloatRange("overflow")
		}
		if !logarithm && r == 0 {
			return 0, errFloatRange("underflow")
		}
		return r, nil
	}
}

func randomNormal(env *Env, mean, deviation float64) (float64, error) {
	_, normal := env.chance()
	return mean + deviation*normal(), nil
}

func errBounds() error {
	return errParam("lower bound must be less than or equal to upper bound")
}

func randomInt(env *Env, lo, hi int64) (int64, error) {
	if lo > hi {
		return 0, errBounds()
	}
	below, _ := env.chance()
	if width := uint64(hi) - uint64(lo) + 1; width != 0 {
		return int64(uint64(lo) + below(width)), nil
	}
	return int64(below(1<<32)<<32 | below(1<<32)), nil
}

// randomNum gives a number of as many digits after the point as its bounds have.
func randomNum(env *Env, lo, hi sqltype.Num) (sqltype.Num, error) {
	for _, b := range []struct {
		name string
		n    sqltype.Num
	}{{"lower", lo}, {"upper", hi}} {
		if b.n.IsNaN() {
			return sqltype.Num{}, errParam("%s bound cannot be NaN", b.name)
		}
		if b.n.IsInf() != 0 {
			return sqltype.Num{}, errParam("%s bound cannot be infinity", b.name)
		}
	}
	if lo.Cmp(hi) > 0 {
		return sqltype.Num{}, errBounds()
	}
	scale := max(lo.DScale(), hi.DScale())
	x, y := lo.Round(scale).Unscaled(), hi.Round(scale).Unscaled()
	width := new(big.Int).Sub(y, x)
	width.Add(width, big.NewInt(1))
	// Enough random bits that the remainder is as good as even.
	bits := new(big.Int)
	below, _ := env.chance()
	for range width.BitLen()/32 + 3 {
		bits.Lsh(bits, 32).Or(bits, new(big.Int).SetUint64(below(1<<32)))
	}
	return sqltype.NumBig(x.Add(x, bits.Mod(bits, width)), scale), nil
}

// drawn moves n of an array's first dimension, drawn by chance, to its front.
func drawn(env *Env, a *array, n int) []sqltype.Datum {
	size, each := firstDim(a)
	order := make([]int, size)
	for i := range order {
		order[i] = i
	}
	below, _ := env.chance()
	for i := range n {
		k := i + int(below(uint64(size-i)))
		order[i], order[k] = order[k], order[i]
	}
	out := make([]sqltype.Datum, 0, n*each)
	for _, i := range order[:n] {
		out = append(out, a.Vals[i*each:(i+1)*each]...)
	}
	return out
}

func arrayShuffle(c *call) (sqltype.Datum, error) {
	out := *arrayOfDatum(c.arg[0])
	size, _ := firstDim(&out)
	out.Vals = drawn(c.env, &out, size)
	return sqltype.Datum{Any: &out}, nil
}

func arraySample(c *call) (sqltype.Datum, error) {
	out := *arrayOfDatum(c.arg[0])
	size, _ := firstDim(&out)
	if n := c.arg[1].Int; n < 0 || n > int64(size) {
		return sqltype.NullDatum, errParam("sample size must be between 0 and %d", size)
	}
	n := int(c.arg[1].Int)
	if n == 0 {
		return sqltype.Datum{Any: newArray(out.Elem, nil)}, nil
	}
	out.Vals = drawn(c.env, &out, n)
	out.Dims = append([]int{n}, out.Dims[1:]...)
	out.Lower = append([]int{1}, out.Lower[1:]...)
	return sqltype.Datum{Any: &out}, nil
}

// assigned reports whether Unicode knows all characters of a text.
func assigned(s string) int64 {
	for _, r := range s {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co) {
			return 0
		}
	}
	return 1
}

// inputError is pg_input_error_info: what would be wrong with a text as a value of a type.
func inputError(c *call) (SetIter, error) {
	typ, err := sqltype.TypeByName(c.arg[1].Str)
	if err != nil {
		return nil, err
	}
	row := []sqltype.Datum{sqltype.NullDatum, sqltype.NullDatum, sqltype.NullDatum, sqltype.NullDatum}
	if _, err = parseAs(c.env, typ, c.arg[0].Str); err != nil {
		e := dberr.As(err)
		if e == nil {
			return nil, err
		}
		for i, s := range []string{e.Message, e.Detail, e.Hint, e.SQLState} {
			if s != "" {
				row[i] = sqltype.Datum{Str: s}
			}
		}
	}
	return &listed{rows: [][]sqltype.Datum{row}}, nil
}

// stripOf is json_strip_nulls with its second argument: whether NULLs go from arrays, too.
func stripOf(binary bool) Eval {
	return e2(func(s string, arrays int64) (string, error) {
		s = string(stripRaw(nil, s, arrays != 0))
		if !binary {
			return s, nil
		}
		d, err := canonical([]byte(s), true)
		return d.Str, err
	})
}

func registerRecent(t *tables) {
	t.def("gamma(float8) float8", e1(gammaOf(false)))
	t.def("lgamma(float8) float8", e1(gammaOf(true)))
	t.def("random_normal() float8 volatile", n0(func(env *Env) (float64, error) { return randomNormal(env, 0, 1) }))
	t.def("random_normal(float8) float8 volatile", n1(func(env *Env, m float64) (float64, error) { return randomNormal(env, m, 1) }))
	t.def("random_normal(mean float8='0',stddev float8='1') float8 volatile", n2(randomNormal))
	t.def("random(min int4,max int4) int4 volatile", n2(randomInt))
	t.def("random(min int8,max int8) int8 volatile", n2(randomInt))
	t.def("random(min numeric,max numeric) numeric volatile", n2(randomNum))
	fold := cases.Fold()
	t.def("casefold(text) text", p1(fold.String))
	t.def("array_shuffle(anyarray) anyarray volatile", rowwise(arrayShuffle))
	t.def("array_sample(anyarray,int4) anyarray volatile", rowwise(arraySample))
	t.def("unicode_assigned(text) bool", p1(assigned))
	t.def("unicode_version() text", n0(func(*Env) (string, error) { return unicode.Version, nil }))
	t.def("reverse(bytea) bytea", p1(reverseBytes))
	t.set("pg_input_error_info(text,text) record stable", "message text,detail text,hint text,sql_error_code text", inputError)
	t.def("json_strip_nulls(json,bool) json", stripOf(false))
	t.def("jsonb_strip_nulls(jsonb,bool) jsonb", stripOf(true))
	t.defs("getpgusername() name stable", n0(func(env *Env) (string, error) { return env.User, nil }))
	t.def("timestamptz(date,time) timestamptz stable", n2(func(env *Env, day, us int64) (int64, error) {
		if infinite(day) {
			return day, nil
		}
		d, err := sqltype.CastDatum(sqltype.Datum{Int: day*sqltype.MicrosPerDay + us}, sqltype.TTimestamp, sqltype.TTimestampTZ, true, env.types())
		return d.Int, err
	}))
	t.def("timestamptz(date,timetz) timestamptz", e2(func(day int64, v any) (int64, error) {
		if infinite(day) {
			return day, nil
		}
		z := v.(sqltype.TimeTZValue)
		us := day*sqltype.MicrosPerDay + z.Micros - int64(z.OffsetSec)*sqltype.MicrosPerSecond
		if !sqltype.ValidTimestamp(us) {
			return 0, dberr.SQL(dberr.StateDatetimeOverflow, "timestamp out of range")
		}
		return us, nil
	}))
	t.def("timestamp(date,time) timestamp", e2(func(day, us int64) (int64, error) {
		if infinite(day) {
			return day, nil
		}
		return day*sqltype.MicrosPerDay + us, nil
	}))
	// About the connection, of which SQL knows nothing here.
	for _, sig := range []string{"inet_client_addr() inet", "inet_server_addr() inet", "inet_client_port() int4", "inet_server_port() int4"} {
		t.def(sig+" stable", rowwise(func(*call) (sqltype.Datum, error) { return sqltype.NullDatum, nil }))
	}
}

func reverseBytes(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
