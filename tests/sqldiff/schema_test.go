package sqldiff

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// table is one that queries may read.
type table struct {
	name string
	cols []col
	key  string // a column that is unique and not null, or ""
	rows int
}

type col struct {
	ref string // as an expression in the scope
	typ string
}

// types are those of columns and expressions, with the name that a cast uses.
var types = map[string]string{
	"int2": "smallint", "int4": "int", "int8": "bigint", "num": "numeric", "f8": "double precision",
	"text": "text", "vc": "varchar", "bpchar": "char(4)", "bool": "boolean", "date": "date",
	"ts": "timestamp", "tstz": "timestamptz", "iv": "interval", "uuid": "uuid", "jsonb": "jsonb",
	"ia": "int[]", "ta": "text[]", "bits": "varbit", "inet": "inet",
}

// simplest are what shrinking puts in place of an expression.
var simplest = map[string][]string{
	"int2": {"1::smallint"}, "int4": {"1"}, "int8": {"1::bigint"}, "num": {"1.5"}, "f8": {"1::float8"},
	"text": {"'a'"}, "vc": {"'a'"}, "bpchar": {"'a'::char(4)"}, "bool": {"true", "false"}, "date": {"date '2024-01-01'"},
	"ts": {"timestamp '2024-01-01'"}, "tstz": {"timestamptz '2024-01-01'"}, "iv": {"interval '1 day'"},
	"uuid": {"'00000000-0000-0000-0000-000000000001'::uuid"}, "jsonb": {"'1'::jsonb"},
	"ia": {"'{1}'::int[]"}, "ta": {"'{a}'::text[]"}, "bits": {"'1'::varbit"}, "inet": {"inet '::1'"},
	typQuery: {"(SELECT 1)"},
}

var tables = []table{
	{name: "t0", key: "id", rows: 18, cols: []col{
		{"id", "int4"}, {"s", "int2"}, {"i", "int4"}, {"b", "int8"}, {"n", "num"}, {"f", "f8"}, {"t", "text"}, {"v", "vc"},
		{"c", "bpchar"}, {"o", "bool"}, {"d", "date"}, {"ts", "ts"}, {"tz", "tstz"}, {"iv", "iv"}, {"u", "uuid"}, {"j", "jsonb"}}},
	{name: "t1", rows: 20, cols: []col{{"b", "int8"}, {"i", "int4"}, {"t", "text"}, {"o", "bool"}, {"d", "date"}, {"n", "num"}, {"c", "bpchar"}}},
	{name: "t2", key: "id", rows: 14, cols: []col{{"id", "int4"}, {"r", "int4"}, {"s", "int2"}, {"v", "vc"}, {"f", "f8"}, {"ts", "ts"}, {"j", "jsonb"}}},
	{name: "t3", cols: []col{{"i", "int4"}, {"t", "text"}}},
	{name: "t4", key: "id", rows: 150, cols: []col{{"id", "int4"}, {"g", "int2"}, {"n", "num"}, {"t", "text"}, {"tz", "tstz"}}},
}

const ddl = `CREATE TABLE t0 (id int PRIMARY KEY, s smallint, i int, b bigint, n numeric(12,3), f double precision, t text, v varchar(8), c char(4), o boolean, d date, ts timestamp, tz timestamptz, iv interval, u uuid, j jsonb);
CREATE INDEX t0_i ON t0 (i);
CREATE INDEX t0_t ON t0 (t, s);
CREATE TABLE t1 (b bigint, i int, t text, o boolean, d date, n numeric(12,3), c char(4));
CREATE INDEX t1_i ON t1 (i, o);
CREATE TABLE t2 (id int PRIMARY KEY, r int, s smallint NOT NULL, v varchar(10), f double precision, ts timestamp, j jsonb);
CREATE INDEX t2_r ON t2 (r);
CREATE UNIQUE INDEX t2_sv ON t2 (s, v);
CREATE TABLE t3 (i int, t text);
CREATE TABLE t4 (id int PRIMARY KEY, g smallint, n numeric(10,2) NOT NULL, t text DEFAULT 'new', tz timestamptz);
CREATE INDEX t4_g ON t4 (g, n);
CREATE TABLE w (id int PRIMARY KEY, i int, s smallint, t text DEFAULT 'new', v varchar(6), n numeric(8,2) NOT NULL DEFAULT 0, d date, o boolean, UNIQUE (v, i), CHECK (i <> 13));
`

// values are what columns of a type hold; the last ones are the extremes.
var values = map[string][]string{
	"int2":   {"0", "1", "2", "3", "5", "-1", "7", "100", "32767", "-32768"},
	"int4":   {"0", "1", "2", "3", "4", "5", "-1", "-7", "10", "100", "2147483647", "-2147483648"},
	"int8":   {"0", "1", "2", "3", "5", "-1", "12", "3000000000", "9223372036854775807", "-9223372036854775808"},
	"num":    {"0", "1", "1.5", "-1.5", "2.000", "0.001", "10.25", "99999.999", "-0.125", "100", "123456789.123", "-123456789.999"},
	"f8":     {"0", "1", "1.5", "-2.25", "0.5", "100", "1048576.5", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'"},
	"text":   {"''", "'a'", "'b'", "'ab'", "'abc'", "'A'", "'B c'", "'%'", "'a_b'", "'zz top'", "'héllo'", "' x '", "'1'", "'a''b'", "'日本'", "E'a\\\\b'"},
	"vc":     {"''", "'a'", "'b'", "'ab'", "'abc'", "'A'", "'a '", "'xyz'", "'1'", "'é'"},
	"bpchar": {"''", "'a'", "'b'", "'ab'", "'abcd'", "'A'", "'a b'", "' a'", "'é'"},
	"bool":   {"true", "false"},
	"date":   {"'2024-01-01'", "'2024-02-29'", "'2023-12-31'", "'2000-01-01'", "'1999-12-31'", "'1970-01-01'", "'0044-03-15 BC'", "'2024-01-31'", "'infinity'"},
	"ts":     {"'2024-01-01 00:00:00'", "'2024-02-29 12:34:56.789'", "'2023-12-31 23:59:59.999999'", "'2000-01-01'", "'1969-12-31 23:59:59'", "'2024-01-31 01:02:03'", "'-infinity'"},
	"tstz":   {"'2024-01-01 00:00:00+00'", "'2024-03-10 06:59:59+00'", "'2024-06-30 23:30:00-05'", "'2000-01-01 12:00+02'", "'1901-01-01 00:00+00'", "'infinity'"},
	"iv":     {"'0'", "'1 day'", "'24:00:00'", "'1 mon'", "'30 days'", "'-1 day'", "'1 year 2 mons 3 days 04:05:06.7'", "'-00:00:01'", "'1 day -01:00:00'"},
	"uuid":   {"'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"},
	"ia":     {"'{}'", "'{1,2,3}'", "'{NULL}'", "'{1,NULL,2147483647}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"},
	"ta":     {"'{}'", "'{a,b}'", "'{NULL,\"\"}'", "'{\"a b\",NULL,\"x,y\"}'", "'{{a,b},{c,d}}'"},
	"bits":   {"''", "'1'", "'0'", "'101'", "'0000000011111111'"},
	"inet":   {"'10.0.0.1'", "'10.0.0.0/8'", "'192.168.1.5/24'", "'::1'", "'2001:db8::/32'", "'0.0.0.0/0'"},
	"jsonb":  {"'null'", "'1'", "'\"a\"'", "'true'", "'[]'", "'{}'", "'{\"a\": 1, \"b\": [1, 2, null]}'", "'{\"a\": \"x\"}'", "'[1, \"a\", {\"b\": 2}]'", "'{\"b\": {\"a\": null}}'"},
}

// fill returns the statements that put rows into the tables. The first three rows
// of t0 hold typical values, so that queries by key find some.
func fill(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for _, t := range tables {
		if t.rows == 0 {
			continue
		}
		fmt.Fprintf(&b, "INSERT INTO %s VALUES\n", t.name)
		for i := range t.rows {
			if i > 0 {
				b.WriteString(",\n")
			}
			b.WriteString("(" + strings.Join(t.row(r, i), ", ") + ")")
		}
		b.WriteString(";\n")
	}
	b.WriteString("INSERT INTO w SELECT id, id * 2, s, t, 'k' || id, n, d, o FROM t0 WHERE id < 8 AND abs(n) < 1000;\n")
	return b.String()
}

func (t table) row(r *rand.Rand, i int) []string {
	out := make([]string, len(t.cols))
	for k, c := range t.cols {
		vals := values[c.typ]
		switch {
		case c.ref == t.key:
			out[k] = fmt.Sprint(i)
		case t.name == "t2" && c.ref == "v":
			out[k] = fmt.Sprintf("'%c%d'", "abAB"[i%4], i)
		case t.name == "t4" && c.ref == "g":
			out[k] = fmt.Sprint(i % 7)
			if i%11 == 0 {
				out[k] = "NULL"
			}
		case t.name == "t4" && c.ref == "n":
			out[k] = fmt.Sprintf("%d.%02d", r.IntN(50)-10, r.IntN(4)*25)
		case t.name == "t2" && c.ref == "s":
			out[k] = vals[r.IntN(7)]
		case r.IntN(6) == 0:
			out[k] = "NULL"
		default:
			out[k] = vals[r.IntN(len(vals))]
		}
	}
	return out
}
