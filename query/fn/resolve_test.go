package fn

import (
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
