package fn

import (
	"flag"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

var aggFile = flag.String("aggfile", "testdata/aggregates.txt", "aggregates with PostgreSQL's answers")

// TestAggregates compares with PostgreSQL. Lines read "name(types): row; row", a
// row being values separated by |, and are followed by the answer.
func TestAggregates(t *testing.T) {
	b, err := os.ReadFile(*aggFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	if *psql != "" {
		var out []string
		for _, l := range lines {
			if !strings.HasPrefix(l, "  ") {
				out = append(out, l, "  "+askAggregate(t, l))
			}
		}
		lines = out
		if err := os.WriteFile(*aggFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i+1 < len(lines); i += 2 {
		want := strings.TrimSpace(lines[i+1])
		if got := runAggregate(t, lines[i]); got != want && !nearly(got, want) {
			t.Errorf("%s\n got  %s\n want %s", lines[i], got, want)
		}
	}
}

func aggLine(t *testing.T, line string) (name string, types []string, rows [][]string) {
	call, data, ok := strings.Cut(line, "):")
	name, list, ok2 := strings.Cut(call, "(")
	if !ok || !ok2 {
		t.Fatalf("bad line %q", line)
	}
	types = strings.Split(list, ",")
	if strings.TrimSpace(data) != "" {
		for _, r := range strings.Split(data, ";") {
			row := strings.Split(r, "|")
			for k := range row {
				row[k] = strings.TrimSpace(row[k])
			}
			rows = append(rows, row)
		}
	}
	return name, types, rows
}

func askAggregate(t *testing.T, line string) string {
	name, types, rows := aggLine(t, line)
	var cols, casts, values []string
	for k, typ := range types {
		cols = append(cols, "c"+strconv.Itoa(k))
		casts = append(casts, "c"+strconv.Itoa(k)+"::"+typ)
	}
	for _, r := range rows {
		var vs []string
		for _, v := range r {
			if v == "NULL" {
				vs = append(vs, "NULL")
			} else {
				vs = append(vs, QuoteLiteral(v))
			}
		}
		values = append(values, "("+strings.Join(vs, ",")+")")
	}
	where := ""
	if len(values) == 0 {
		values, where = []string{"(" + strings.Repeat("NULL,", len(types)-1) + "NULL)"}, " WHERE false"
	}
	call := name + "(" + strings.Join(casts, ",") + ")"
	switch direct := len(types) - 1; {
	case strings.HasPrefix(name, "percentile"):
		call = name + "((min(c0))::" + types[0] + ") WITHIN GROUP (ORDER BY " + casts[direct] + ")"
		if rows == nil {
			t.Fatal("percentiles need rows")
		}
		call = strings.Replace(call, "(min(c0))", QuoteLiteral(rows[0][0]), 1)
	case name == "mode":
		call = name + "() WITHIN GROUP (ORDER BY " + casts[0] + ")"
	}
	args := append(strings.Fields(*psql), "-XAt", "-F", "\x1f", "-P", "null=\x1e", "-c",
		"SELECT pg_typeof(e), e::text FROM (SELECT "+call+" AS e FROM (VALUES "+strings.Join(values, ",")+") v("+
			strings.Join(cols, ",")+")"+where+") q")
	b, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s", line, b)
	}
	typ, val, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), "\x1f")
	if val == "\x1e" {
		return typ + " NULL"
	}
	return typ + " " + strconv.Quote(val)
}

func runAggregate(t *testing.T, line string) string {
	name, typeNames, rows := aggLine(t, line)
	types := make([]sqltype.Type, len(typeNames))
	for k, n := range typeNames {
		types[k] = typeWord(n)
	}
	f, want, err := ResolveAgg(name, types)
	if err != nil {
		return err.Error()
	}
	args := make([]*vec.Vector, len(types))
	for k, typ := range types {
		in := vec.NewVector(typ, len(rows))
		for i, r := range rows {
			if r[k] == "NULL" {
				in.SetNull(i)
				continue
			}
			d, err := sqltype.ParseEnv(testEnv.types(), typ, r[k])
			if err != nil {
				t.Fatal(err)
			}
			in.Set(i, d)
		}
		args[k] = vec.NewVector(want[k], len(rows))
		if err := Cast(typ, want[k]).Call(testEnv, len(rows), nil, []*vec.Vector{in}, args[k]); err != nil {
			t.Fatal(err)
		}
	}
	// three groups: all rows, none, and all rows again one by one
	a := f.New(testEnv)
	a.Grow(3)
	groups := make([]int32, len(rows))
	err = a.Add(len(rows), nil, groups, args)
	for i := range groups {
		groups[i] = 2
	}
	for i := 0; err == nil && i < len(rows); i++ {
		err = a.Add(len(rows), []int32{int32(i)}, groups, args)
	}
	if err != nil {
		return err.Error()
	}
	out := vec.NewVector(f.Ret, 3)
	if err := a.Result(0, 3, out); err != nil {
		return err.Error()
	}
	if !sameElem(f.Ret, out.Get(0), out.Get(2)) {
		t.Errorf("%s: row by row gives %v, at once %v", line, out.Get(2), out.Get(0))
	}
	if a.Bytes() < 0 {
		t.Errorf("%s: %d bytes", line, a.Bytes())
	}
	if out.IsNull(0) {
		return f.Ret.Name() + " NULL"
	}
	s := sqltype.AppendTextEnv(nil, testEnv.types(), f.Ret, out.Get(0))
	if f.Ret.ID == sqltype.Bool {
		s = []byte(strconv.FormatBool(out.I[0] != 0))
	}
	return f.Ret.Name() + " " + strconv.Quote(string(s))
}

func TestSetFunctions(t *testing.T) {
	for _, c := range []struct{ name, types, args, want string }{
		{"generate_series", "int4 int4", "1 3", "1;2;3"},
		{"generate_series", "int8 int8 int8", "5 1 -2", "5;3;1"},
		{"generate_series", "int4 int4 int4", "1 3 0", "step size cannot equal zero"},
		{"generate_series", "int8 int8", "9223372036854775806 9223372036854775807", "9223372036854775806;9223372036854775807"},
		{"generate_series", "numeric numeric numeric", "1.1 2 0.3", "1.1;1.4;1.7;2.0"},
		{"generate_series", "int4 numeric", "1 2.5", "1;2"},
		{"generate_series", "timestamp timestamp interval", "2024-01-31 2024-04-01 1mon", "2024-01-31 00:00:00;2024-02-29 00:00:00;2024-03-29 00:00:00"},
		{"generate_series", "timestamptz timestamptz interval", "2024-03-09T12:00-05 2024-03-11T12:00-04 1day", "2024-03-09 12:00:00-05;2024-03-10 12:00:00-04;2024-03-11 12:00:00-04"},
		{"generate_series", "int4 int4", "3 1", ""},
		{"generate_series", "int4 int4", "NULL 1", ""},
		{"unnest", "int4[]", "{{1,2},{3,NULL}}", "1;2;3;NULL"},
		{"generate_subscripts", "int4[] int4", "[3:5]={1,2,3} 1", "3;4;5"},
		{"generate_subscripts", "int4[] int4 bool", "{1,2,3} 1 t", "3;2;1"},
		{"regexp_split_to_table", "text text", "a1b22c [0-9]+", "a;b;c"},
		{"regexp_matches", "text text text", "a1b22 ([a-z])([0-9]+) g", "{a,1};{b,22}"},
		{"string_to_table", "text text text", "a,b,c , b", "a;NULL;c"},
		{"json_array_elements", "json", `[1,null,{"a":2}]`, `1;null;{"a":2}`},
		{"jsonb_array_elements_text", "jsonb", `["x",null,2]`, "x;NULL;2"},
		{"jsonb_each", "jsonb", `{"b":1,"a":[2]}`, "a,[2];b,1"},
		{"json_each_text", "json", `{"b":"x","a":null}`, "b,x;a,NULL"},
		{"jsonb_object_keys", "jsonb", `{"b":1,"a":2}`, "a;b"},
		{"json_object_keys", "json", `[1]`, "cannot call json_object_keys on an array"},
		{"json_array_elements", "json", `{"a":1}`, "cannot call json_array_elements on a non-array"},
	} {
		if got := runSet(t, c.name, strings.Fields(c.types), strings.Fields(c.args)); got != c.want {
			t.Errorf("%s(%s) of %s: got %q, want %q", c.name, c.types, c.args, got, c.want)
		}
	}
}

func runSet(t *testing.T, name string, typeNames, vals []string) string {
	types, args := make([]sqltype.Type, len(vals)), make([]sqltype.Datum, len(vals))
	for i, n := range typeNames {
		types[i] = typeWord(n)
	}
	f, want, err := ResolveSet(name, types)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vals {
		args[i] = sqltype.NullDatum
		if v != "NULL" {
			d, err := sqltype.Parse(types[i], v)
			if err != nil {
				t.Fatal(err)
			}
			if args[i], err = Cast(types[i], want[i]).CallRow(testEnv, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	it, err := f.Open(testEnv, args)
	if err != nil {
		return err.Error()
	}
	var rows []string
	for {
		out := make([]*vec.Vector, len(f.Cols))
		for k, c := range f.Cols {
			out[k] = vec.NewVector(c.Type, 0)
		}
		n, err := it.Next(out, 2)
		if err != nil {
			return err.Error()
		}
		if n == 0 {
			return strings.Join(rows, ";")
		}
		for i := range n {
			var cells []string
			for k, v := range out {
				s := "NULL"
				if !v.IsNull(i) {
					s = string(sqltype.AppendTextEnv(nil, testEnv.types(), f.Cols[k].Type, v.Get(i)))
				}
				cells = append(cells, s)
			}
			rows = append(rows, strings.Join(cells, ","))
		}
	}
}
