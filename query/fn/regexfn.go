package fn

import (
	"math"
	"strings"

	"github.com/weftdb/weft/query/are"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

func regexMatch(flags string, neg int64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].S, args[1].S, out.I
		mx, my := args[0].Mask(), args[1].Mask()
		var re *are.Regexp
		var last string
		for _, i := range vec.Live(n, sel) {
			if p := y[int(i)&my]; re == nil || p != last {
				var err error
				if re, err = compileRegex(p, flags); err != nil {
					return err
				}
				last = p
			}
			ok, err := re.Match(x[int(i)&mx])
			if err != nil {
				return regexError(err)
			}
			o[i] = b2i(ok) ^ neg
		}
		return nil
	}
}

// group returns the text of submatch k, or NULL.
func group(s string, m []int, k int) sqltype.Datum {
	if 2*k+1 >= len(m) || m[2*k] < 0 {
		return sqltype.NullDatum
	}
	return sqltype.Datum{Str: s[m[2*k]:m[2*k+1]]}
}

// groups is what regexp_match returns for a match: the groups, or all of it where
// there are none.
func groups(s string, m []int) *sqltype.ArrayValue {
	var vals []sqltype.Datum
	for k := 1; k < len(m)/2; k++ {
		vals = append(vals, group(s, m, k))
	}
	if vals == nil {
		vals = append(vals, group(s, m, 0))
	}
	return newArray(sqltype.TText, vals)
}

// substringRegex returns the first group, or the whole match.
func substringRegex(s, p string) (string, error) {
	re, err := compileRegex(p, "")
	if err != nil {
		return "", err
	}
	m, err := firstMatch(re, s)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "", errNull
	}
	g := group(s, m, min(1, len(m)/2-1))
	if g.Null {
		return "", errNull
	}
	return g.Str, nil
}

func substringSimilar(s, p, esc string) (string, error) {
	p, err := similarTo(p, esc)
	if err != nil {
		return "", err
	}
	return substringRegex(s, p)
}

// expand appends the replacement text for a match: \1 to \9, \& and \\.
func expand(b *strings.Builder, s, repl string, m []int) {
	for i := 0; i < len(repl); i++ {
		if repl[i] != '\\' || i+1 == len(repl) {
			b.WriteByte(repl[i])
			continue
		}
		switch c := repl[i+1]; {
		case c >= '1' && c <= '9':
			b.WriteString(group(s, m, int(c-'0')).Str)
		case c == '&':
			b.WriteString(group(s, m, 0).Str)
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			continue
		}
		i++
	}
}

// regexReplace replaces match nth from character start on, or all where nth is 0.
func regexReplace(s, p, repl string, start, nth int64, flags string) (string, error) {
	if err := positive("start", start, 1); err != nil {
		return "", err
	}
	if err := positive("n", nth, 0); err != nil {
		return "", err
	}
	re, err := compileRegex(p, flags)
	if err != nil {
		return "", err
	}
	limit := int(nth)
	if nth == 0 {
		limit = -1
	}
	ms, err := allMatches(re, s, runeAt(s, start-1), limit)
	if err != nil {
		return "", err
	}
	if nth > 0 {
		if int64(len(ms)) < nth {
			return s, nil
		}
		ms = ms[nth-1:]
	}
	var b strings.Builder
	at := 0
	for _, m := range ms {
		b.WriteString(s[at:m[0]])
		expand(&b, s, repl, m)
		at = m[1]
	}
	b.WriteString(s[at:])
	return b.String(), nil
}

func positive(name string, v, least int64) error {
	if v < least {
		return errParam("invalid value for parameter \"%s\": %d", name, v)
	}
	return nil
}

// regexSplit cuts s at the matches; empty matches at either end or right after a
// match are ignored.
func regexSplit(s, p, flags string) ([]string, error) {
	if err := noGlobal("regexp_split_to_array", flags); err != nil {
		return nil, err
	}
	re, err := compileRegex(p, flags)
	if err != nil {
		return nil, err
	}
	ms, err := allMatches(re, s, 0, -1)
	if err != nil {
		return nil, err
	}
	var parts []string
	at, before := 0, 0
	for _, m := range ms {
		degenerate := m[0] >= len(s) || m[1] <= before
		before = m[1]
		if degenerate {
			continue
		}
		parts = append(parts, s[at:m[0]])
		at = m[1]
	}
	return append(parts, s[at:]), nil
}

// regexpArgs reads the optional arguments of the regexp_ family from position k on.
type regexpArgs struct {
	start, nth, end, sub int64
	flags                string
}

func registerRegex(t *tables) {
	for _, o := range []struct {
		op, flags string
		neg       int64
	}{{"~", "", 0}, {"!~", "", 1}, {"~*", "i", 0}, {"!~*", "i", 1}} {
		t.op(o.op+"(text,text) bool", regexMatch(o.flags, o.neg))
		t.op(o.op+"(bpchar,text) bool", regexMatch(o.flags, o.neg))
	}
	t.def("similar_to_escape(text,text) text", e2(func(p, esc string) (string, error) { return similarTo(p, esc) }))
	t.def("similar_to_escape(text) text", e1(func(p string) (string, error) { return similarTo(p, `\`) }))
	t.def("substring(text,text) text", e2(substringRegex))
	t.defs("substring(text,text,text) text", e3(substringSimilar), "substr")

	for _, sig := range []struct {
		sig   string
		shape string
	}{
		{"regexp_replace(text,text,text) text", ""}, {"regexp_replace(text,text,text,text) text", "f"},
		{"regexp_replace(text,text,text,int4,int4,text) text", "snf"},
		{"regexp_replace(text,text,text,int4,int4) text", "sn"}, {"regexp_replace(text,text,text,int4) text", "s"},
	} {
		t.def(sig.sig, regexpFn(3, sig.shape, replaceRow))
	}
	for _, tail := range []struct{ types, shape string }{{"", ""}, {",int4", "s"}, {",int4,text", "sf"}} {
		t.def("regexp_count(text,text"+tail.types+") int4", regexpFn(2, tail.shape, countRow))
	}
	for _, tail := range []struct{ types, shape string }{
		{"", ""}, {",int4", "s"}, {",int4,int4", "sn"}, {",int4,int4,text", "snf"}, {",int4,int4,text,int4", "snfu"},
	} {
		t.def("regexp_substr(text,text"+tail.types+") text", regexpFn(2, tail.shape, substrRow))
	}
	for _, tail := range []struct{ types, shape string }{
		{"", ""}, {",int4", "s"}, {",int4,int4", "sn"}, {",int4,int4,int4", "sne"},
		{",int4,int4,int4,text", "snef"}, {",int4,int4,int4,text,int4", "snefu"},
	} {
		t.def("regexp_instr(text,text"+tail.types+") int4", regexpFn(2, tail.shape, instrRow))
	}
	for _, tail := range []struct{ types, shape string }{{"", ""}, {",text", "f"}} {
		t.def("regexp_like(text,text"+tail.types+") bool", regexpFn(2, tail.shape, likeRow))
		t.def("regexp_match(text,text"+tail.types+") text[]", regexpFn(2, tail.shape, matchRow))
		t.def("regexp_split_to_array(text,text"+tail.types+") text[]", regexpFn(2, tail.shape, splitRow))
	}
}

// nthByFlag stands for the first match, or, with the flag g, for all.
const nthByFlag = math.MinInt64

// regexpFn reads optional arguments by their letters: s start, n nth, e end
// option, f flags, u subexpression.
func regexpFn(fixed int, shape string, f func(c *call, a regexpArgs) (sqltype.Datum, error)) Eval {
	return rowwise(func(c *call) (sqltype.Datum, error) {
		a := regexpArgs{start: 1, nth: 1}
		if fixed == 3 && !strings.Contains(shape, "n") && !strings.Contains(shape, "s") {
			a.nth = nthByFlag
		}
		for i, ch := range shape {
			d := c.arg[fixed+i]
			switch ch {
			case 's':
				a.start = d.Int
			case 'n':
				a.nth = d.Int
			case 'e':
				a.end = d.Int
			case 'f':
				a.flags = d.Str
			case 'u':
				a.sub = d.Int
			}
		}
		if err := positive("start", a.start, 1); err != nil {
			return sqltype.NullDatum, err
		}
		return f(c, a)
	})
}

func replaceRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	if a.nth == nthByFlag && a.flags != "" && a.flags[0] >= '0' && a.flags[0] <= '9' {
		return sqltype.NullDatum, errParam("invalid regular expression option: \"%c\"", a.flags[0]).
			WithHint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.")
	}
	if a.nth == nthByFlag {
		a.nth = 1
		if strings.ContainsRune(a.flags, 'g') {
			a.nth = 0
		}
	}
	s, err := regexReplace(c.arg[0].Str, c.arg[1].Str, c.arg[2].Str, a.start, a.nth, a.flags)
	return sqltype.Datum{Str: s}, err
}

func countRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	if err := noGlobal("regexp_count", a.flags); err != nil {
		return sqltype.NullDatum, err
	}
	re, err := compileRegex(c.arg[1].Str, a.flags)
	if err != nil {
		return sqltype.NullDatum, err
	}
	s := c.arg[0].Str
	ms, err := allMatches(re, s, runeAt(s, a.start-1), -1)
	return sqltype.Datum{Int: int64(len(ms))}, err
}

// nthMatch finds the match that regexp_substr and regexp_instr look for.
func nthMatch(fn string, c *call, a regexpArgs) ([]int, error) {
	if err := noGlobal(fn, a.flags); err != nil {
		return nil, err
	}
	if err := positive("n", a.nth, 1); err != nil {
		return nil, err
	}
	if err := positive("subexpr", a.sub, 0); err != nil {
		return nil, err
	}
	re, err := compileRegex(c.arg[1].Str, a.flags)
	if err != nil {
		return nil, err
	}
	s := c.arg[0].Str
	ms, err := allMatches(re, s, runeAt(s, a.start-1), int(a.nth))
	if err != nil {
		return nil, err
	}
	if int64(len(ms)) < a.nth || a.sub >= int64(len(ms[a.nth-1])/2) {
		return nil, nil
	}
	return ms[a.nth-1], nil
}

func substrRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	m, err := nthMatch("regexp_substr", c, a)
	if m == nil || err != nil {
		return sqltype.NullDatum, err
	}
	return group(c.arg[0].Str, m, int(a.sub)), nil
}

func instrRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	if a.end != 0 && a.end != 1 {
		return sqltype.NullDatum, errParam("invalid value for parameter \"%s\": %d", "endoption", a.end)
	}
	m, err := nthMatch("regexp_instr", c, a)
	if m == nil || err != nil || m[2*a.sub] < 0 {
		return sqltype.Datum{}, err
	}
	return sqltype.Datum{Int: runeCount(c.arg[0].Str[:m[2*a.sub+a.end]]) + 1}, nil
}

func likeRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	if err := noGlobal("regexp_like", a.flags); err != nil {
		return sqltype.NullDatum, err
	}
	re, err := compileRegex(c.arg[1].Str, a.flags)
	if err != nil {
		return sqltype.NullDatum, err
	}
	ok, err := re.Match(c.arg[0].Str)
	return sqltype.Datum{Int: b2i(ok)}, regexError(err)
}

func matchRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	if strings.ContainsRune(a.flags, 'g') {
		return sqltype.NullDatum, errParam("%s does not support the \"global\" option", "regexp_match()").
			WithHint("Use the regexp_matches function instead.")
	}
	re, err := compileRegex(c.arg[1].Str, a.flags)
	if err != nil {
		return sqltype.NullDatum, err
	}
	m, err := firstMatch(re, c.arg[0].Str)
	if m == nil || err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Any: groups(c.arg[0].Str, m)}, nil
}

func splitRow(c *call, a regexpArgs) (sqltype.Datum, error) {
	parts, err := regexSplit(c.arg[0].Str, c.arg[1].Str, a.flags)
	if err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Any: textArray(parts)}, nil
}
