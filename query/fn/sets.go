package fn

import (
	"strings"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// set registers a set-returning function by a signature and its output columns,
// "name type" each; without columns there is one, of the signature's type.
func (t *tables) set(sig, cols string, open func(c *call) (SetIter, error)) {
	f := signature(sig)
	s := &SetFunc{Name: f.Name, Args: f.Args, Variadic: f.Variadic, Strict: f.Strict, Volatility: f.Volatility, open: open, argNames: f.ArgNames, defaults: f.defaults}
	if cols == "" {
		s.Cols = []Column{{f.Name, f.Ret}}
	}
	for _, c := range strings.Split(cols, ",") {
		if name, typ, ok := strings.Cut(c, " "); ok {
			s.Cols = append(s.Cols, Column{name, typeWord(typ)})
		}
	}
	t.sets[f.Name] = append(t.sets[f.Name], s)
}

// listed gives rows that are known already.
type listed struct{ rows [][]sqltype.Datum }

func (l *listed) Next(out []*vec.Vector, limit int) (int, error) {
	n := min(limit, len(l.rows))
	for _, r := range l.rows[:n] {
		for k, v := range out {
			v.AppendDatum(r[k])
		}
	}
	l.rows = l.rows[n:]
	return n, nil
}

// listOf makes rows of one column.
func listOf(vals []sqltype.Datum) *listed {
	l := &listed{rows: make([][]sqltype.Datum, len(vals))}
	for i := range vals {
		l.rows[i] = vals[i : i+1]
	}
	return l
}

// stepping gives values until next has none.
type stepping struct {
	next func() (d sqltype.Datum, ok bool, err error)
}

func (s *stepping) Next(out []*vec.Vector, limit int) (int, error) {
	for n := range limit {
		d, ok, err := s.next()
		if err != nil || !ok {
			return n, err
		}
		out[0].AppendDatum(d)
	}
	return limit, nil
}

func errZeroStep() error { return errParam("step size cannot equal zero") }

// intSeries counts from one integer to another; it writes batches directly.
type intSeries struct {
	at, stop, step int64
	done           bool
}

func (s *intSeries) Next(out []*vec.Vector, limit int) (int, error) {
	v := out[0]
	n := 0
	for ; n < limit && !s.done; n++ {
		if s.step > 0 && s.at > s.stop || s.step < 0 && s.at < s.stop {
			s.done = true
			break
		}
		v.I = append(v.I, s.at)
		next := s.at + s.step
		s.done = (next > s.at) != (s.step > 0)
		s.at = next
	}
	return n, nil
}

func openIntSeries(c *call) (SetIter, error) {
	s := &intSeries{at: c.arg[0].Int, stop: c.arg[1].Int, step: 1}
	if len(c.arg) > 2 {
		s.step = c.arg[2].Int
	}
	if s.step == 0 {
		return nil, errZeroStep()
	}
	return s, nil
}

func openNumSeries(c *call) (SetIter, error) {
	at, stop, step := c.arg[0].Num, c.arg[1].Num, sqltype.NumInt(1)
	if len(c.arg) > 2 {
		step = c.arg[2].Num
	}
	for i, what := range []string{"start", "stop", "step"} {
		n := [...]sqltype.Num{at, stop, step}[i]
		if n.IsNaN() {
			return nil, errParam("%s value cannot be NaN", what)
		}
		if n.IsInf() != 0 {
			return nil, errParam("%s value cannot be infinity", what)
		}
	}
	if step.Sign() == 0 {
		return nil, errParam("step size cannot equal zero")
	}
	return &stepping{func() (sqltype.Datum, bool, error) {
		if at.Cmp(stop)*step.Sign() > 0 {
			return sqltype.NullDatum, false, nil
		}
		d := sqltype.Datum{Num: at}
		var err error
		at, err = at.Add(step)
		return d, true, err
	}}, nil
}

func openTimeSeries(zoned bool) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		at, stop, step := c.arg[0].Int, c.arg[1].Int, c.arg[2].Ivl
		env := c.env.types()
		if len(c.arg) > 3 {
			loc, err := sqltype.LoadLocation(c.arg[3].Str)
			if err != nil {
				return nil, err
			}
			env = &sqltype.Env{Location: loc}
		}
		sign := compareInterval(step, interval{})
		if sign == 0 {
			return nil, errZeroStep()
		}
		if infinite(at) && (at > 0) == (sign > 0) {
			return noRows{}, nil
		}
		return &stepping{func() (sqltype.Datum, bool, error) {
			if sign > 0 && at > stop || sign < 0 && at < stop {
				return sqltype.NullDatum, false, nil
			}
			d := sqltype.Datum{Int: at}
			var err error
			if zoned {
				at, err = sqltype.TimestampTZAdd(env, at, step)
			} else {
				at, err = sqltype.TimestampAdd(at, step)
			}
			return d, true, err
		}}, nil
	}
}

// openUnnest walks arrays in parallel; shorter ones are filled up with NULLs.
func openUnnest(c *call) (SetIter, error) {
	l := &listed{}
	for k, d := range c.arg {
		if d.Null {
			continue
		}
		for i, v := range arrayOfDatum(d).Vals {
			if i == len(l.rows) {
				row := make([]sqltype.Datum, len(c.arg))
				for j := range row {
					row[j] = sqltype.NullDatum
				}
				l.rows = append(l.rows, row)
			}
			l.rows[i][k] = v
		}
	}
	return l, nil
}

func openSubscripts(c *call) (SetIter, error) {
	a, k := arrayOfDatum(c.arg[0]), c.arg[1].Int
	if k < 1 || k > int64(len(a.Dims)) {
		return noRows{}, nil
	}
	lo := int64(a.Lower[k-1])
	s := &intSeries{at: lo, stop: lo + int64(a.Dims[k-1]) - 1, step: 1}
	if len(c.arg) > 2 && c.arg[2].Int != 0 {
		s.at, s.stop, s.step = s.stop, s.at, -1
	}
	return s, nil
}

// rawDatum is a JSON piece, or its text.
func rawDatum(raw string, asText bool) sqltype.Datum {
	if asText {
		s, err := rawText(raw)
		return sqltype.Datum{Str: s, Null: err != nil}
	}
	return sqltype.Datum{Str: raw}
}

func openElements(fn string, asText bool) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		switch rawKind(c.arg[0].Str) {
		case '[':
		case '{':
			return nil, errParam("cannot call %s on a non-array", fn)
		default:
			return nil, errParam("cannot call %s on a scalar", fn)
		}
		l := &listed{}
		rawMembers(c.arg[0].Str, func(_, v string) bool {
			l.rows = append(l.rows, []sqltype.Datum{rawDatum(v, asText)})
			return true
		})
		return l, nil
	}
}

func notObject(fn, s string) error {
	switch rawKind(s) {
	case '{':
		return nil
	case '[':
		return errParam("cannot call %s on an array", fn)
	}
	return errParam("cannot call %s on a scalar", fn)
}

func openEach(fn string, asText bool) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		if notObject(fn, c.arg[0].Str) != nil {
			return nil, errParam("cannot call %s on a non-object", fn)
		}
		l := &listed{}
		rawMembers(c.arg[0].Str, func(k, v string) bool {
			l.rows = append(l.rows, []sqltype.Datum{{Str: rawString(k)}, rawDatum(v, asText)})
			return true
		})
		return l, nil
	}
}

func openKeys(fn string) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		if err := notObject(fn, c.arg[0].Str); err != nil {
			return nil, err
		}
		l := &listed{}
		rawMembers(c.arg[0].Str, func(k, _ string) bool {
			l.rows = append(l.rows, []sqltype.Datum{{Str: rawString(k)}})
			return true
		})
		return l, nil
	}
}

func openSplitRegex(c *call) (SetIter, error) {
	flags := ""
	if len(c.arg) > 2 {
		flags = c.arg[2].Str
	}
	if strings.ContainsRune(flags, 'g') {
		return nil, noGlobal("regexp_split_to_table", flags)
	}
	parts, err := regexSplit(c.arg[0].Str, c.arg[1].Str, flags)
	if err != nil {
		return nil, err
	}
	return listOf(textArray(parts).Vals), nil
}

func openRegexMatches(c *call) (SetIter, error) {
	flags, limit := "", 1
	if len(c.arg) > 2 {
		flags = c.arg[2].Str
	}
	if strings.ContainsRune(flags, 'g') {
		limit = -1
	}
	re, err := compileRegex(c.arg[1].Str, flags)
	if err != nil {
		return nil, err
	}
	ms, err := allMatches(re, c.arg[0].Str, 0, limit)
	if err != nil {
		return nil, err
	}
	var vals []sqltype.Datum
	for _, m := range ms {
		vals = append(vals, sqltype.Datum{Any: groups(c.arg[0].Str, m)})
	}
	return listOf(vals), nil
}

func registerSets(t *tables) {
	for _, typ := range []string{"int4", "int8"} {
		t.set("generate_series("+typ+","+typ+") "+typ, "", openIntSeries)
		t.set("generate_series("+typ+","+typ+","+typ+") "+typ, "", openIntSeries)
	}
	t.set("generate_series(numeric,numeric) numeric", "", openNumSeries)
	t.set("generate_series(numeric,numeric,numeric) numeric", "", openNumSeries)
	t.set("generate_series(timestamp,timestamp,interval) timestamp", "", openTimeSeries(false))
	t.set("generate_series(timestamptz,timestamptz,interval) timestamptz stable", "", openTimeSeries(true))
	t.set("generate_series(timestamptz,timestamptz,interval,text) timestamptz", "", openTimeSeries(true))
	t.set("unnest(anyarray) anyelement", "", openUnnest)
	t.set("generate_subscripts(anyarray,int4) int4", "", openSubscripts)
	t.set("generate_subscripts(anyarray,int4,bool) int4", "", openSubscripts)
	t.set("regexp_split_to_table(text,text) text", "", openSplitRegex)
	t.set("regexp_split_to_table(text,text,text) text", "", openSplitRegex)
	t.set("regexp_matches(text,text) text[]", "", openRegexMatches)
	t.set("regexp_matches(text,text,text) text[]", "", openRegexMatches)
	split := func(c *call) (SetIter, error) {
		if c.arg[0].Null {
			return noRows{}, nil
		}
		return listOf(splitText(c.arg)), nil
	}
	t.set("string_to_table(text,text) text called", "", split)
	t.set("string_to_table(text,text,text) text called", "", split)
	for _, typ := range []string{"json", "jsonb"} {
		elems, each, keys := typ+"_array_elements", typ+"_each", typ+"_object_keys"
		t.set(elems+"("+typ+") "+typ, "value "+typ, openElements(elems, false))
		t.set(elems+"_text("+typ+") text", "value text", openElements(elems+"_text", true))
		t.set(each+"("+typ+") record", "key text,value "+typ, openEach(each, false))
		t.set(each+"_text("+typ+") record", "key text,value text", openEach(each+"_text", true))
		t.set(keys+"("+typ+") text", "", openKeys(keys))
	}
}
