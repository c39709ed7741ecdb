package app

import (
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// readArrow runs SQL and returns the columns as "name type: values", and how many record
// batches there were.
func readArrow(t *testing.T, c client, body string) (cols []string, batches int, err error) {
	t.Helper()
	res, err := http.Post(c.url+"/api/v1/query?format=arrow", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "application/vnd.apache.arrow.stream" {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("status %d, type %s: %s", res.StatusCode, got, b)
	}
	r, err := ipc.NewReader(res.Body)
	if err != nil {
		return nil, 0, err
	}
	defer r.Release()
	for _, f := range r.Schema().Fields() {
		sql, _ := f.Metadata.GetValue("postgresql.type")
		if !f.Nullable || sql == "" {
			t.Errorf("column %s: nullable %t, type in SQL %q", f.Name, f.Nullable, sql)
		}
		cols = append(cols, f.Name+" "+f.Type.String()+":")
	}
	for r.Next() {
		batches++
		rec := r.RecordBatch()
		for i := range cols {
			for k := range int(rec.NumRows()) {
				if cols[i] += " " + rec.Column(i).ValueStr(k); len(cols[i]) > 1000 {
					cols[i] = cols[i][:1000]
				}
			}
		}
	}
	return cols, batches, r.Err()
}

// TestArrowTypes: each type in SQL comes out exactly in its type of Arrow.
func TestArrowTypes(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TYPE mood AS ENUM ('sad', 'ok')")
	for _, want := range []struct{ of, values, is string }{
		{"bool", "true, false, NULL", "bool: true false (null)"},
		{"int2", "-32768, 32767, NULL", "int16: -32768 32767 (null)"},
		{"int4", "-2147483648, NULL, 1", "int32: -2147483648 (null) 1"},
		{"int8", "9223372036854775807, NULL", "int64: 9223372036854775807 (null)"},
		{"float4", "1.5, 'NaN', '-Infinity', NULL", "float32: 1.5 NaN -Inf (null)"},
		{"float8", "1e300, 'NaN', NULL", "float64: 1e+300 NaN (null)"},
		{"numeric(5,2)", "1.5, -999.99, NULL, 0", "decimal(5, 2): 1.5 -999.99 (null) 0"},
		{"numeric(38,10)", "9999999999999999999999999999.9999999999, -0.0000000001", "decimal(38, 10): 9999999999999999999999999999.9999999999 -1e-10"},
		{"numeric(76,0)", "9999999999999999999999999999999999999999999999999999999999999999999999999999", "decimal256(76, 0): 9999999999999999999999999999999999999999999999999999999999999999999999999999"},
		{"numeric(77,1)", "1.5", "utf8: 1.5"},
		{"numeric(3,-2)", "12345", "utf8: 12300"},
		{"numeric", "1.500, 'NaN', NULL", "utf8: 1.500 NaN (null)"},
		{"text", "'ä', '', NULL", "utf8: ä  (null)"},
		{"char(3)", "'a'", "utf8: a  "},
		{"bytea", "'\\x00ff', NULL", "binary: AP8= (null)"},
		{"date", "'2026-01-31', '1969-12-31', '0044-03-15 BC', NULL", "date32: 2026-01-31 1969-12-31 -0043-03-15 (null)"},
		{"time", "'23:59:59.999999', NULL", "time64[us]: 23:59:59.999999 (null)"},
		{"timestamp", "'2026-01-31 12:00:00.123456', '1969-12-31 23:59:59', NULL", "timestamp[us]: 2026-01-31T12:00:00.123456 1969-12-31T23:59:59 (null)"},
		{"timestamptz", "'2026-01-31 12:00:00+02', NULL", "timestamp[us, tz=UTC]: 2026-01-31T10:00:00Z (null)"},
		{"interval", "'1 mon 2 days 03:00', NULL", "utf8: 1 mon 2 days 03:00:00 (null)"},
		{"uuid", "'0b1c2d3e-0000-4000-8000-000000000001', NULL", "utf8: 0b1c2d3e-0000-4000-8000-000000000001 (null)"},
		{"json", `'{"a": [1]}', NULL`, `utf8: {"a": [1]} (null)`},
		{"jsonb", `'{"b":2,"a":1}'`, `utf8: {"a": 1, "b": 2}`},
		{"int[]", "'{1,NULL,3}', '{}', NULL", "utf8: [1,null,3] [] (null)"},
		{"mood", "'ok', NULL", "utf8: ok (null)"},
		{"inet", "'10.0.0.1'", "utf8: 10.0.0.1"},
	} {
		c.sql("CREATE TABLE v (n serial, v " + want.of + "); INSERT INTO v (v) VALUES (" + strings.ReplaceAll(want.values, ", ", "), (") + ")")
		got, _, err := readArrow(t, c, `{"sql":"SELECT v FROM v ORDER BY n"}`)
		if err != nil || len(got) != 1 || got[0] != "v "+want.is {
			t.Errorf("%s: got %q, %v, want %q", want.of, got, err, "v "+want.is)
		}
		c.sql("DROP TABLE v")
	}
}

// TestArrowStreams: the shapes of streams, and their bounds.
func TestArrowStreams(t *testing.T) {
	c := serve(t)
	got, batches, err := readArrow(t, c, `{"sql":"SELECT n, 'x' AS n FROM generate_series(1, 40000) n WHERE n % 2 = 0"}`)
	if err != nil || batches != 2 || !strings.HasPrefix(got[0], "n int32: 2 4 6 ") || !strings.HasPrefix(got[1], "n utf8: x x x") {
		t.Errorf("%d batches of %.100q, %v", batches, got, err)
	}
	if _, batches, err = readArrow(t, c, `{"sql":"SELECT repeat('x', 100000) FROM generate_series(1, 100)"}`); err != nil || batches < 9 {
		t.Errorf("10 MB came in %d batches, %v", batches, err)
	}
	if got, batches, err = readArrow(t, c, `{"sql":"SELECT 1 AS a WHERE false"}`); err != nil || batches != 0 || len(got) != 1 {
		t.Errorf("no rows are %q in %d batches, %v", got, batches, err)
	}
	if got, _, err = readArrow(t, c, `{"sql":"CREATE TABLE a (n int)"}`); err != nil || len(got) != 0 {
		t.Errorf("no result is %q, %v", got, err)
	}
	if got, _, err = readArrow(t, c, `{"sql":"SELECT 1 AS a, 'infinity'::date AS d","values":"text"}`); err != nil || got[0] != "a utf8: 1" || got[1] != "d utf8: infinity" {
		t.Errorf("as text: %q, %v", got, err)
	}
	for _, sql := range []string{"'infinity'::date", "'-infinity'::timestamp", "'NaN'::numeric(5,2)", "'24:00'::time", "'294276-12-31 23:59:59'::timestamptz"} {
		has(t, c.do("POST", "/query?format=arrow", q("SELECT "+sql), 422), "Arrow", `values`)
	}
	has(t, c.do("POST", "/query?format=arrow", q("SELECT 1; SELECT 2"), 400), "SEVERAL_RESULTS")
	has(t, c.do("POST", "/query?format=arrow", q("SELECT nope"), 400), "UNDEFINED_COLUMN")
	if _, _, err = readArrow(t, c, `{"sql":"SELECT n / (900000 - n) FROM generate_series(1, 1000000) n"}`); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that failed ends with %v", err)
	}
	p := c.do("POST", "/prepare", `{"sql":"SELECT $1::int + 1 AS n"}`, 201)
	_, id, _ := strings.Cut(p, `"statement_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if got := c.do("POST", "/prepared/execute?format=arrow", `{"statement_id":"`+id+`","params":[1]}`, 200); !strings.Contains(got, "postgresql.type") {
		t.Errorf("a prepared statement gives %q", got)
	}
}

// readByPyarrow reads a stream of another implementation's reader, prints the types and
// rows, and says "failed" of a stream that is not complete.
const readByPyarrow = `
import sys, urllib.request, pyarrow as pa
def read(sql):
    req = urllib.request.Request(sys.argv[1] + "/api/v1/query", data=sql.encode(),
        headers={"Content-Type": "application/json", "Accept": "application/vnd.apache.arrow.stream"})
    with urllib.request.urlopen(req) as f:
        return pa.ipc.open_stream(f).read_all()
t = read(sys.argv[2])
t.validate(full=True)
print([str(f.type) for f in t.schema], [f.metadata[b"postgresql.type"].decode() for f in t.schema])
for row in t.to_pylist():
    print(list(row.values()))
big = read('{"sql":"SELECT n, n::text AS s FROM generate_series(1, 100000) n"}')
print(big.num_rows, pa.compute.sum(big["n"]) if hasattr(pa, "compute") else sum(big["n"].to_pylist()), big["s"][99999])
try:
    print("came whole", read('{"sql":"SELECT n / (900000 - n) FROM generate_series(1, 1000000) n"}').num_rows)
except Exception as e:
    print("failed")
`

// TestArrowByPyarrow: a reader that is none of ours understands the streams.
func TestArrowByPyarrow(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import pyarrow").CombinedOutput(); err != nil {
		t.Skipf("pyarrow is not there: %v %s", err, out)
	}
	c := serve(t)
	c.sql("CREATE TABLE every (n serial, a bool, b int2, c numeric(6,2), d text, e bytea, f date, g time, h timestamp, i timestamptz, j float8, k numeric(50,0))")
	c.sql("INSERT INTO every (a, b, c, d, e, f, g, h, i, j, k) VALUES (true, 2, 3.50, 'x', '\\x01', '2026-01-31', '01:02:03', '2026-01-31 01:02:03.5', '2026-01-31 01:02:03Z', 1.5, 1), (" +
		strings.Repeat("NULL, ", 10) + "NULL)")
	sql := q("SELECT a, b, c, d, e, f, g, h, i, j, k FROM every ORDER BY n")
	out, err := exec.Command("python3", "-c", readByPyarrow, c.url, sql).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	has(t, string(out),
		"['bool', 'int16', 'decimal128(6, 2)', 'string', 'binary', 'date32[day]', 'time64[us]', 'timestamp[us]', 'timestamp[us, tz=UTC]', 'double', 'decimal256(50, 0)']",
		"'numeric', 'text', 'bytea'", "[True, 2, Decimal('3.50'), 'x', b'\\x01', datetime.date(2026, 1, 31), datetime.time(1, 2, 3), datetime.datetime(2026, 1, 31, 1, 2, 3, 500000)",
		"1.5, Decimal('1')]", "[None, None, None, None, None, None, None, None, None, None, None]", "100000 5000050000 100000\n", "failed\n")
}
