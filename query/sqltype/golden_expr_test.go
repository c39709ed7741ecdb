package sqltype

import (
	"strconv"
	"strings"
	"testing"
)

// exprRow is a row of testdata: an operation, its typed arguments, and what
// PostgreSQL answers.
type exprRow struct {
	op, param string
	types     []Type
	args      []Datum
	raw       string
	want      string
}

func readExpr(t *testing.T, env *Env, row []string) (e exprRow, err error) {
	e.op, e.param, _ = strings.Cut(row[0], ":")
	e.want = row[len(row)-1]
	if row[1] == "args" {
		e.raw = row[2]
		return e, nil
	}
	for i := 1; i+1 < len(row)-1; i += 2 {
		typ := typeOf(t, row[i])
		d, err := ParseEnv(env, typ, row[i+1])
		if err != nil {
			return e, err
		}
		e.types, e.args = append(e.types, typ), append(e.args, d)
	}
	return e, nil
}

// message drops what the answers in the expression files do not hold.
func message(s string) string {
	if strings.HasPrefix(s, "!") {
		s, _, _ = strings.Cut(s, " D:")
		s, _, _ = strings.Cut(s, " H:")
	}
	return s
}

func runGolden(t *testing.T, file string, eval func(env *Env, e exprRow) (Type, Datum, error, bool)) {
	env := goldenEnv(t)
	golden(t, file, func(row []string) {
		e, err := readExpr(t, env, row)
		typ, d := TText, Datum{}
		if err == nil {
			var ok bool
			if typ, d, err, ok = eval(env, e); !ok {
				t.Fatalf("unknown operation %q", row[0])
			}
		}
		if got := message(outcome(env, typ, d, err)); got != e.want {
			t.Errorf("%q\n got %s\nwant %s", row[:len(row)-1], got, e.want)
		}
	})
}

func boolDatum(b bool) Datum {
	if b {
		return Datum{Int: 1}
	}
	return Datum{}
}

func TestNumericAsPostgres(t *testing.T) {
	runGolden(t, "pg15_numeric.jsonl", func(env *Env, e exprRow) (Type, Datum, error, bool) {
		if e.op == "cast" {
			to := typeOf(t, e.param)
			if CanCast(e.types[0], to) == CastNone {
				return to, Datum{}, errCannotCast(e.types[0], to), true
			}
			d, err := CastDatum(e.args[0], e.types[0], to, true, env)
			return to, d, err, true
		}
		n, m := e.args[0].Num, Num{}
		if len(e.args) > 1 {
			m = e.args[1].Num
		}
		if e.op == "<" {
			return TBool, boolDatum(n.Cmp(m) < 0), nil, true
		}
		r, null, err, ok := evalNum(e, n, m)
		return TNumeric, Datum{Num: r, Null: null}, err, ok
	})
}

func evalNum(e exprRow, n, m Num) (r Num, null bool, err error, ok bool) {
	k, _ := strconv.Atoi(e.param)
	ok = true
	switch e.op {
	case "+":
		r, err = n.Add(m)
	case "-":
		r, err = n.Sub(m)
	case "*":
		r, err = n.Mul(m)
	case "/":
		r, err = n.Div(m)
	case "%":
		r, err = n.Mod(m)
	case "div":
		r, err = n.DivTrunc(m)
	case "power":
		r, err = n.Power(m)
	case "abs":
		r = n.Abs()
	case "ceil":
		r = n.Ceil()
	case "floor":
		r = n.Floor()
	case "sqrt":
		r, err = n.Sqrt()
	case "exp":
		r, err = n.Exp()
	case "ln":
		r, err = n.Ln()
	case "log":
		if len(e.args) == 2 {
			r, err = m.Log(n)
		} else {
			r, err = n.Log(NumInt(10))
		}
	case "round":
		r = n.Round(k)
	case "trunc":
		r = n.Trunc(k)
	case "trim_scale":
		r = n.TrimScale()
	case "sign":
		if r = NumInt(int64(n.Sign())); n.IsNaN() {
			r = NumNaN
		}
	case "scale":
		r, null = NumInt(int64(n.DScale())), !n.Finite()
	case "min_scale":
		s, finite := n.MinScale()
		r, null = NumInt(int64(s)), !finite
	default:
		ok = false
	}
	return r, null, err, ok
}

func TestDatetimeAsPostgres(t *testing.T) {
	runGolden(t, "pg15_datetime.jsonl", func(env *Env, e exprRow) (Type, Datum, error, bool) {
		switch {
		case e.raw != "":
			return evalMake(e)
		case len(e.args) == 2 && e.op != "date_bin":
			return evalDatePair(env, e)
		}
		return evalDate(t, env, e)
	})
}

func evalMake(e exprRow) (typ Type, d Datum, err error, ok bool) {
	var v []float64
	for _, p := range strings.Split(e.raw, ",") {
		f, _ := strconv.ParseFloat(p, 64)
		v = append(v, f)
	}
	switch e.op {
	case "make_date":
		d.Int, err = MakeDate(int(v[0]), int(v[1]), int(v[2]))
		return TDate, d, err, true
	case "make_time":
		d.Int, err = MakeTime(int(v[0]), int(v[1]), v[2])
		return TTime, d, err, true
	}
	return typ, d, nil, false
}

func evalDatePair(env *Env, e exprRow) (typ Type, d Datum, err error, ok bool) {
	a, b := e.args[0], e.args[1]
	typ = e.types[0]
	switch e.op + " " + typ.ShortName() + " " + e.types[1].ShortName() {
	case "- timestamp interval", "- timestamptz interval":
		if b.Ivl, err = b.Ivl.Neg(); err != nil {
			return typ, d, err, true
		}
		fallthrough
	case "+ timestamp interval", "+ timestamptz interval":
		if typ.ID == Timestamp {
			d.Int, err = TimestampAdd(a.Int, b.Ivl)
		} else {
			d.Int, err = TimestampTZAdd(env, a.Int, b.Ivl)
		}
		return typ, d, err, true
	case "- timestamp timestamp":
		d.Ivl, err = TimestampSub(a.Int, b.Int)
	case "age timestamp timestamp":
		d.Ivl, err = Age(a.Int, b.Int)
	case "age timestamptz timestamptz":
		d.Ivl, err = AgeTZ(env, a.Int, b.Int)
	case "+ interval interval":
		d.Ivl, err = a.Ivl.Add(b.Ivl)
	case "- interval interval":
		d.Ivl, err = a.Ivl.Sub(b.Ivl)
	case "* interval float8":
		d.Ivl, err = a.Ivl.Mul(b.Float)
	case "/ interval float8":
		d.Ivl, err = a.Ivl.Div(b.Float)
	case "< interval interval":
		return TBool, boolDatum(a.Ivl.Compare(b.Ivl) < 0), nil, true
	case "+ time interval":
		d.Int = TimeAdd(a.Int, b.Ivl)
		return typ, d, nil, true
	default:
		return typ, d, nil, false
	}
	return TInterval, d, err, true
}

func evalDate(t *testing.T, env *Env, e exprRow) (typ Type, d Datum, err error, ok bool) {
	a := e.args[0]
	typ = e.types[0]
	switch e.op {
	case "extract":
		f, err := ParseDateField(e.param, typ)
		if err != nil {
			return typ, d, err, true
		}
		n, null, err := Extract(env, f, typ, a)
		return TNumeric, Datum{Num: n, Null: null}, err, true
	case "date_trunc":
		f, err := ParseDateField(e.param, typ)
		if err != nil {
			return typ, d, err, true
		}
		switch typ.ID {
		case Timestamp:
			d.Int, err = TruncTimestamp(f, a.Int)
		case TimestampTZ:
			d.Int, err = TruncTimestampTZ(env, f, a.Int)
		default:
			d.Ivl, err = TruncInterval(f, a.Ivl)
		}
		return typ, d, err, true
	case "cast":
		to := typeOf(t, e.param)
		d, err = CastDatum(a, typ, to, true, env)
		return to, d, err, true
	case "addday":
		k, _ := strconv.Atoi(e.param)
		d.Int, err = DateAddDays(a.Int, int64(k))
	case "justify_hours":
		d.Ivl, err = a.Ivl.JustifyHours()
	case "justify_days":
		d.Ivl, err = a.Ivl.JustifyDays()
	case "justify_interval":
		d.Ivl, err = a.Ivl.JustifyInterval()
	case "neg":
		d.Ivl, err = a.Ivl.Neg()
	case "to_timestamp":
		d.Int, err = TimestampFromEpoch(a.Float)
		return TTimestampTZ, d, err, true
	case "date_bin":
		v, err := ParseInterval(e.param, "")
		if err == nil {
			d.Int, err = DateBin(v, a.Int, e.args[1].Int)
		}
		return typ, d, err, true
	case "timezone":
		loc, err := ZoneFor(e.param)
		if err != nil {
			return typ, d, err, true
		}
		if typ.ID == TimestampTZ {
			d.Int, err = TimeZoneLocal(loc, a.Int)
			return TTimestamp, d, err, true
		}
		d.Int, err = TimeZoneShift(loc, a.Int)
		return TTimestampTZ, d, err, true
	default:
		return typ, d, nil, false
	}
	return typ, d, err, true
}
