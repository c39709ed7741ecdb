package sqltype

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

func corpora(t *testing.T, sub string) string {
	dir := os.Getenv("WEFT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir = filepath.Join(dir, sub)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("test data %s is not here", sub)
	}
	return dir
}

// TestJSONTestSuite accepts all y_ files and refuses all n_ ones.
func TestJSONTestSuite(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpora(t, "jsontestsuite"), "test_parsing", "*.json"))
	if len(files) < 200 {
		t.Fatalf("only %d files", len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		err = ValidateJSON(string(b))
		c, berr := CanonicalJSON(string(b))
		switch name[0] {
		case 'y':
			if err != nil {
				t.Errorf("%s refused: %v", name, err)
			}
			nul := strings.Contains(string(b), `\u0000`) // jsonb cannot hold it, as in PostgreSQL
			if berr != nil && !nul {
				t.Errorf("%s refused as jsonb: %v", name, berr)
			}
		case 'n':
			if err == nil || berr == nil {
				t.Errorf("%s accepted", name)
			}
		}
		if berr == nil {
			if again, err := CanonicalJSON(c); err != nil || again != c || !json.Valid([]byte(c)) {
				t.Errorf("%s: canonical %q becomes %q, %v", name, c, again, err)
			}
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,null,true,"x\u00e9\ud83d\ude00"]}`, `[1e5,-0]`, `"\`, `{"a":1,"a":2}`, `[[[[`, "1 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := ValidateJSON(s)
		// encoding/json replaces invalid UTF-8 and bad surrogates; PostgreSQL refuses the former.
		if std := json.Valid([]byte(s)); std != (err == nil) && !(std && dberr.As(err).SQLState == "22021") {
			t.Fatalf("encoding/json says %v, we %v", std, err)
		}
		c, err := CanonicalJSON(s)
		if err != nil {
			return
		}
		if again, err := CanonicalJSON(c); err != nil || again != c {
			t.Fatalf("canonical %q becomes %q, %v", c, again, err)
		}
	})
}

func TestAppendJSON(t *testing.T) {
	berlin, err := LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	str := JSONOptions{Int64AsString: true, Location: berlin}
	for _, c := range []struct {
		typ, text, want, wantStr string
	}{
		{"bool", "t", "true", ""},
		{"int4", "-5", "-5", ""},
		{"int8", "9007199254740993", "9007199254740993", `"9007199254740993"`},
		{"float8", "0.1", "0.1", ""},
		{"float8", "1e300", "1e+300", ""},
		{"float8", "NaN", `"NaN"`, ""},
		{"float4", "-Infinity", `"-Infinity"`, ""},
		{"numeric", "1.50", `"1.50"`, ""},
		{"bytea", `\x00ff10`, `"AP8Q"`, ""},
		{"text", "a\"b\n\x01é", `"a\"b\n\u0001é"`, ""},
		{"date", "2024-02-29", `"2024-02-29"`, ""},
		{"time", "04:05:06.7", `"04:05:06.7"`, ""},
		{"timestamp", "2024-07-01 12:00:00.123", `"2024-07-01T12:00:00.123"`, ""},
		{"timestamptz", "2024-07-01 12:00:00+00", `"2024-07-01T12:00:00Z"`, `"2024-07-01T14:00:00+02:00"`},
		{"timestamptz", "infinity", `"infinity"`, ""},
		{"timestamp", "0044-03-15 12:00:00 BC", `"0044-03-15 12:00:00 BC"`, ""},
		{"interval", "1 day 02:00", `"1 day 02:00:00"`, ""},
		{"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`, ""},
		{"jsonb", `{"b":1,"a":[1]}`, `{"a": [1], "b": 1}`, ""},
		{"json", `{"b" : 1}`, `{"b" : 1}`, ""},
		{"int8[]", "{{1,2},{3,NULL}}", `[[1,2],[3,null]]`, `[["1","2"],["3",null]]`},
		{"text[]", "{}", "[]", ""},
	} {
		typ := typeOf(t, c.typ)
		d, err := Parse(typ, c.text)
		if err != nil {
			t.Fatal(err)
		}
		got := string(AppendJSON(nil, typ, d, JSONOptions{}))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s %s: got %s, want %s", c.typ, c.text, got, c.want)
		}
		want := c.wantStr
		if want == "" {
			want = c.want
		}
		if got := string(AppendJSON(nil, typ, d, str)); got != want {
			t.Errorf("%s %s with strings: got %s, want %s", c.typ, c.text, got, want)
		}
	}
	if got := string(AppendJSON(nil, TText, NullDatum, JSONOptions{})); got != "null" {
		t.Errorf("NULL: got %s", got)
	}
}

func TestParamFromJSON(t *testing.T) {
	for _, c := range []struct{ raw, want, typ, text string }{
		{"1", "unknown", "integer", "1"},
		{"2147483648", "unknown", "bigint", "2147483648"},
		{"9223372036854775808", "unknown", "numeric", "9223372036854775808"},
		{"0.1", "unknown", "numeric", "0.1"},
		{"1.10", "unknown", "numeric", "1.10"},
		{"1e2", "unknown", "numeric", "100"},
		{`"x"`, "unknown", "unknown", "x"},
		{"true", "unknown", "boolean", "t"},
		{"null", "int4", "integer", "NULL"},
		{`{"b":1,"a":2}`, "unknown", "jsonb", `{"a": 2, "b": 1}`},
		{"[1,2]", "unknown", "jsonb", "[1, 2]"},
		{"[1,null,3]", "int4[]", "integer[]", "{1,NULL,3}"},
		{"[[1],[2]]", "int4[]", "integer[]", "{{1},{2}}"},
		{"[]", "int4[]", "integer[]", "{}"},
		{`"\u00e9"`, "text", "text", "é"},
		{"5", "text", "text", "5"},
		{"9007199254740993", "int8", "bigint", "9007199254740993"},
		{`"42"`, "int8", "bigint", "42"},
		{"0.1", "float8", "double precision", "0.1"},
		{`"AP8="`, "bytea", "bytea", `\x00ff`},
		{`"\\x00ff"`, "bytea", "bytea", `\x00ff`},
		{`"2024-01-02T03:04:05Z"`, "timestamptz", "timestamp with time zone", "2024-01-02 03:04:05+00"},
		{"5", "jsonb", "jsonb", "5"},
		{"1.5", "int4", "", "22P02"},
		{"99999999999", "int4", "", "22003"},
		{"1", "bool", "", "42804"},
		{"[[1],2]", "int4[]", "", "2202E"},
		{"[1,[2]]", "int4[]", "", "2202E"},
		{"{", "unknown", "", "22P02"},
		{"nope", "unknown", "", "22P02"},
	} {
		d, typ, err := ParamFromJSON(json.RawMessage(c.raw), typeOf(t, c.want))
		if c.typ == "" {
			if e := dberr.As(err); e == nil || e.SQLState != c.text {
				t.Errorf("%s as %s: got %v, want %s", c.raw, c.want, err, c.text)
			}
			continue
		}
		got := FormatText(typ, d)
		if d.Null {
			got = "NULL"
		}
		if err != nil || typ.String() != c.typ || got != c.text {
			t.Errorf("%s as %s: got %s %q, %v; want %s %q", c.raw, c.want, typ, got, err, c.typ, c.text)
		}
	}
}

func TestGoValues(t *testing.T) {
	now := time.Date(2024, 2, 29, 1, 2, 3, 456000, time.UTC)
	for _, c := range []struct {
		in   any
		typ  string
		back any
	}{
		{nil, "unknown", nil}, {true, "boolean", true}, {7, "bigint", int64(7)}, {int32(7), "integer", int64(7)},
		{uint64(1 << 63), "numeric", nil}, {1.5, "double precision", 1.5}, {"x", "unknown", "x"},
		{[]byte{0, 1}, "bytea", []byte{0, 1}}, {now, "timestamp with time zone", now},
		{time.Hour, "interval", IntervalValue{Micros: MicrosPerHour}},
		{json.RawMessage(`{"a":1}`), "jsonb", json.RawMessage(`{"a": 1}`)},
		{[]int64{1, 2}, "bigint[]", []any{int64(1), int64(2)}}, {[]string{}, "text[]", []any{}},
	} {
		d, typ, err := FromGo(c.in)
		if err != nil || typ.String() != c.typ {
			t.Errorf("%v: got type %s, %v", c.in, typ, err)
		}
		if back := ToGo(typ, d); c.back != nil && !reflect.DeepEqual(back, c.back) {
			t.Errorf("%v comes back as %#v", c.in, back)
		}
	}
	if _, _, err := FromGo(struct{}{}); err == nil {
		t.Error("a struct is accepted")
	}
	if _, _, err := FromGo("a\x00"); err == nil {
		t.Error("a string with NUL is accepted")
	}
}

func TestTypeNames(t *testing.T) {
	for _, c := range []struct {
		name string
		mods []int
		want string
		oid  uint32
		mod  int32
	}{
		{"INT", nil, "integer", 23, -1}, {"int8", nil, "bigint", 20, -1}, {"float", []int{24}, "real", 700, -1},
		{"float", []int{25}, "double precision", 701, -1}, {"decimal", []int{10, 2}, "numeric(10,2)", 1700, 655366},
		{"numeric", []int{3, -2}, "numeric(3,-2)", 1700, 198658}, {"varchar", []int{10}, "character varying(10)", 1043, 14},
		{"char", nil, "character(1)", 1042, 5}, {"bpchar", nil, "bpchar", 1042, -1}, {"timestamptz", []int{3}, "timestamp(3) with time zone", 1184, 3},
		{"time", []int{0}, "time(0) without time zone", 1083, 0}, {"int[]", nil, "integer[]", 1007, -1}, {"_text", nil, "text[]", 1009, -1},
		{"pg_catalog.int4", nil, "integer", 23, -1}, {"interval", []int{2}, "interval(2)", 1186, 2}, {"varchar[]", []int{3}, "character varying(3)[]", 1015, 7},
	} {
		typ, err := TypeByName(c.name, c.mods...)
		if err != nil || typ.String() != c.want || typ.OID() != c.oid || typ.TypMod() != c.mod {
			t.Errorf("%s%v: got %s oid %d mod %d, %v; want %s %d %d", c.name, c.mods, typ, typ.OID(), typ.TypMod(), err, c.want, c.oid, c.mod)
		}
		if back, ok := TypeByOID(c.oid); !ok || back != typ.Base() {
			t.Errorf("oid %d gives %s", c.oid, back)
		}
	}
	for _, name := range []string{"blob", "nosuch", "int3", "unknown[]", ""} {
		if _, err := TypeByName(name); err == nil || dberr.As(err).SQLState != dberr.StateUndefinedObject {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := TypeByName("numeric", 1001); err == nil {
		t.Error("numeric(1001) is accepted")
	}
}

// TestRecordText quotes fields as PostgreSQL does.
func TestRecordText(t *testing.T) {
	r := &RecordValue{Types: []Type{TInt4, TText, TText, TText}, Vals: []Datum{{Int: 1}, NullDatum, {}, {Str: `a "b", \c`}}}
	typ := Type{ID: Record}
	if got, want := FormatText(typ, Datum{Any: r}), `(1,,"","a ""b"", \\c")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	v := AppendValue(nil, typ, Datum{Any: r})
	d, err := DecodeValue(typ, v)
	if err != nil || FormatText(typ, d) != FormatText(typ, Datum{Any: r}) || !bytes.Equal(AppendValue(nil, typ, d), v) {
		t.Errorf("record comes back as %s, %v", FormatText(typ, d), err)
	}
}
