package fn

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

func TestResolveOp(t *testing.T) {
	for _, c := range []struct{ op, l, r, want string }{
		{"+", "int4", "int4", "+(integer, integer) integer"},
		{"+", "int2", "int8", "+(smallint, bigint) bigint"},
		{"+", "int4", "numeric", "+(numeric, numeric) numeric"},
		{"+", "int4", "float4", "+(double precision, real) double precision"},
		{"+", "numeric", "float8", "+(double precision, double precision) double precision"},
		{"+", "int4", "unknown", "+(integer, integer) integer"},
		{"=", "varchar", "unknown", "=(text, text) boolean"},
		{"=", "unknown", "unknown", "=(text, text) boolean"},
		{"<", "date", "unknown", "<(date, date) boolean"},
		{"-", "void", "int8", "-(bigint) bigint"},
		{"<>", "bpchar", "text", "<>(text, text) boolean"},
		{"||", "text", "unknown", "||(text, text) text"},
		{"+", "text", "int4", "42883 operator does not exist: text + integer"},
		{"+", "unknown", "unknown", "42725 operator is not unique: unknown + unknown"},
		{"=", "text", "int4", "42883 operator does not exist: text = integer"},
		{"-", "void", "text", "42883 operator does not exist: - text"},
	} {
		l, r := word(c.l), word(c.r)
		f, _, err := ResolveOp(c.op, l, r)
		if got := shown(f, err); got != c.want {
			t.Errorf("%s %s %s: got %s, want %s", c.l, c.op, c.r, got, c.want)
		}
	}
}

func word(w string) sqltype.Type {
	if w == "unknown" {
		return sqltype.TUnknown
	}
	return typeWord(w)
}

func shown(f *Func, err error) string {
	if err != nil {
		return dberr.As(err).SQLState + " " + err.Error()
	}
	return f.Name + "(" + typeList(f.Args) + ") " + f.Ret.Name()
}

func words(list string) []sqltype.Type {
	var ts []sqltype.Type
	for _, w := range strings.Fields(list) {
		ts = append(ts, word(w))
	}
	return ts
}

func TestResolveFunc(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"abs", "int2", "abs(smallint) smallint"},
		{"abs", "unknown", "abs(double precision) double precision"},
		{"round", "int4", "round(double precision) double precision"},
		{"round", "numeric int4", "round(numeric, integer) numeric"},
		{"length", "varchar", "length(text) integer"},
		{"length", "name", "length(text) integer"},
		{"substr", "unknown int4", "substr(text, integer) text"},
		{"concat", "int4 unknown bool", "concat(integer, text, boolean) text"},
		{"array_append", "int4[] int8", "array_append(bigint[], bigint) bigint[]"},
		{"array_length", "text[] int4", "array_length(text[], integer) integer"},
		{"greatest", "int4 numeric unknown", "greatest(numeric, numeric, numeric) numeric"},
		{"date_trunc", "unknown date", "date_trunc(text, timestamp with time zone) timestamp with time zone"},
		{"int8", "text", "cast(text) bigint"},
		{"nope", "int4 unknown", "42883 function nope(integer, unknown) does not exist"},
		{"upper", "int4", "42883 function upper(integer) does not exist"},
		{"array_length", "int4 int4", "42883 function array_length(integer, integer) does not exist"},
		{"to_json", "unknown", "42804 could not determine polymorphic type because input has type unknown"},
		{"concat", "", "42883 function concat() does not exist"},
	} {
		f, want, err := Resolve(c.name, words(c.args))
		if got := shown(f, err); got != c.want {
			t.Errorf("%s(%s): got %s, want %s", c.name, c.args, got, c.want)
		}
		if err == nil && len(want) != len(words(c.args)) {
			t.Errorf("%s(%s): %d targets", c.name, c.args, len(want))
		}
	}
}

func TestResolveAgg(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"count", "", "count() bigint"}, {"count", "json", "count(json) bigint"},
		{"sum", "int4", "sum(integer) bigint"}, {"sum", "int8", "sum(bigint) numeric"},
		{"sum", "unknown", "42725 function sum(unknown) is not unique"},
		{"min", "varchar", "min(text) text"}, {"max", "int4[]", "max(integer[]) integer[]"},
		{"array_agg", "date", "array_agg(date) date[]"},
		{"percentile_cont", "numeric int4", "percentile_cont(double precision, double precision) double precision"},
		{"sum", "text", "42883 function sum(text) does not exist"},
		{"array_agg", "unknown", "42725 function array_agg(unknown) is not unique"},
	} {
		a, _, err := ResolveAgg(c.name, words(c.args))
		f := &Func{}
		if err == nil {
			f = &Func{Name: a.Name, Args: a.Args, Ret: a.Ret}
		}
		if got := shown(f, err); got != c.want {
			t.Errorf("%s(%s): got %s, want %s", c.name, c.args, got, c.want)
		}
	}
}

func TestCommonType(t *testing.T) {
	for _, c := range []struct{ types, want string }{
		{"int4 int8 unknown", "bigint"}, {"int4 numeric", "numeric"}, {"numeric float4", "real"},
		{"unknown unknown", "text"}, {"varchar text", "character varying"}, {"text varchar", "text"}, {"date timestamp", "timestamp without time zone"},
		{"int2", "smallint"}, {"int4[] unknown", "integer[]"},
		{"int4 text", "CASE types integer and text cannot be matched"},
		{"bool int4", "CASE types boolean and integer cannot be matched"},
	} {
		typ, err := CommonType("CASE", words(c.types)...)
		got := typ.Name()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.types, got, c.want)
		}
	}
	v5 := sqltype.Type{ID: sqltype.Varchar, Mod: 5}
	if typ, err := CommonType("UNION", v5, v5); err != nil || typ != v5 {
		t.Errorf("equal modifiers are lost: %v %v", typ, err)
	}
	if typ, err := CommonType("UNION", v5, sqltype.TVarchar); err != nil || typ != sqltype.TVarchar {
		t.Errorf("a modifier that only one side has is kept: %v %v", typ, err)
	}
}

func TestCastContexts(t *testing.T) {
	for _, c := range []struct {
		from, to              string
		explicit, assign, imp bool
	}{
		{"int4", "int8", true, true, true}, {"int8", "int4", true, true, false}, {"int4", "bool", true, false, false},
		{"int4", "text", true, true, false}, {"text", "int4", true, false, false}, {"date", "int4", false, false, false},
		{"unknown", "date", true, true, true},
	} {
		from, to := word(c.from), word(c.to)
		if Cast(from, to) != nil != c.explicit || AssignCast(from, to) != nil != c.assign || ImplicitCast(from, to) != nil != c.imp {
			t.Errorf("%s to %s: explicit %v, assignment %v, implicit %v", c.from, c.to,
				Cast(from, to) != nil, AssignCast(from, to) != nil, ImplicitCast(from, to) != nil)
		}
	}
	v3 := sqltype.Type{ID: sqltype.Varchar, Mod: 3}
	if d, err := Cast(sqltype.TText, v3).CallRow(testEnv, sqltype.Datum{Str: "abcd"}); err != nil || d.Str != "abc" {
		t.Errorf("explicit cast to varchar(3): %q %v", d.Str, err)
	}
	if _, err := AssignCast(sqltype.TText, v3).CallRow(testEnv, sqltype.Datum{Str: "abcd"}); dberr.As(err) == nil || dberr.As(err).SQLState != "22001" {
		t.Errorf("assignment to varchar(3): %v", err)
	}
	if !SameValue(v3, sqltype.TText) || SameValue(sqltype.TText, v3) || SameValue(sqltype.TInt4, sqltype.TInt8) {
		t.Error("SameValue")
	}
}
