// Package cli runs the commands of the real binary as people do: import, query and
// shell, against a server and directly on a data directory.
package cli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// result is what a command printed and how it ended.
type result struct {
	out, errs string
	code      int
}

// env is a server and a folder to work in.
type env struct {
	t   *testing.T
	bin string
	dir string
	url string
}

func start(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, bin: serve.Build(t), dir: t.TempDir()}
	e.url = serve.Start(t, e.bin, t.TempDir()).URL
	return e
}

func (e *env) file(name, text string) string {
	e.t.Helper()
	path := filepath.Join(e.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		e.t.Fatal(err)
	}
	return path
}

func (e *env) run(stdin string, args ...string) result {
	e.t.Helper()
	cmd := exec.Command(e.bin, args...)
	cmd.Dir = e.dir
	cmd.Env = append(os.Environ(), "WEFT_SERVER="+e.url, "HOME="+e.dir)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns its output.
func (e *env) ok(stdin string, args ...string) string {
	e.t.Helper()
	r := e.run(stdin, args...)
	if r.code != 0 {
		e.t.Fatalf("weft %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.errs)
	}
	return r.out
}

func (e *env) csv(sql string) string { e.t.Helper(); return e.ok("", "query", "--format", "csv", sql) }

func (e *env) want(got, want string) {
	e.t.Helper()
	if got != want {
		e.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestImportPoints brings a file into a metric, over a server and into a directory.
func TestImportPoints(t *testing.T) {
	e := start(t)
	file := e.file("cpu.csv", "at,host,load\n01/02/2024 10:00,a,1.5\n01/02/2024 10:01,a,\n01/02/2024 10:02,b,x\n01/02/2024 10:02,b,3\n")
	for _, where := range [][]string{nil, {"--data-dir", t.TempDir()}} {
		r := e.run("", append([]string{"import", file, "--metric", "cpu", "--time", "at", "--time-format", "%d/%m/%Y %H:%M", "--tags", "host", "--field-type", "load=float"}, where...)...)
		if r.code != 5 || !strings.Contains(r.out, "imported 2 points into metric cpu") || !strings.Contains(r.out, "rejected 2 records: see cpu.rejected.csv") {
			t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
		}
		e.want(e.ok("", append([]string{"query", "--format", "csv", "SELECT time, load, host FROM ts.cpu ORDER BY 1"}, where...)...), "time,load,host\n2024-02-01 10:00:00+00,1.5,a\n2024-02-01 10:02:00+00,3,b\n")
		if r := e.run("", append([]string{"import", file, "--metric", "cpu", "--time", "at", "--time-format", "%d/%m/%Y %H:%M", "--tags", "host", "--atomic"}, where...)...); r.code != 1 || !strings.Contains(r.errs, "line 3") {
			t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
		}
	}
	for _, args := range [][]string{{"--precision", "h"}, {"--field-type", "load=number"}, {"--timezone", "Mars"}, {"--table", "t"}, {"--primary-key", "at"}} {
		if r := e.run("", append([]string{"import", file, "--metric", "cpu"}, args...)...); r.code != 2 {
			t.Errorf("%v: exit code %d: %s%s", args, r.code, r.out, r.errs)
		}
	}
}

func TestImport(t *testing.T) {
	e := start(t)
	csv := "Id,Name,At\n1,\"a, b\",2020-01-02 03:04:05\n2,\"line\nbreak\",\n3,\"\",2021-01-01 00:00:00\n"
	want := "id,name,at\n1,\"a, b\",2020-01-02 03:04:05\n2,\"line\nbreak\",\n3,\"\",2021-01-01 00:00:00\n"

	out := e.ok("", "import", e.file("people.csv", csv))
	if !strings.Contains(out, "imported 3 rows into new table people") {
		t.Errorf("got %q", out)
	}
	e.want(e.csv("SELECT * FROM people ORDER BY id"), want)

	e.ok(csv, "import", "-", "--table", "stdin")
	e.want(e.csv("SELECT * FROM stdin ORDER BY id"), want)

	var gz, zs bytes.Buffer
	zw := gzip.NewWriter(&gz)
	zw.Write([]byte(csv))
	zw.Close()
	zz, _ := zstd.NewWriter(&zs)
	zz.Write([]byte(csv))
	zz.Close()
	e.ok("", "import", e.file("gz.csv.gz", gz.String()), "--table", "gz")
	e.ok("", "import", e.file("zs.csv.zst", zs.String()), "--table", "zs")
	e.want(e.csv("SELECT * FROM gz ORDER BY id"), want)
	e.want(e.csv("SELECT * FROM zs ORDER BY id"), want)

	// Into the same table again: by name, in another order, and with less.
	e.ok("", "import", e.file("more.csv", "name,ID\nx,9\n"), "--table", "people")
	e.ok("", "import", e.file("mark.csv", "\ufeffm\n\ufeffx\n\"a \"\"b\"\"\"\n"), "--table", "mark") // a mark, and a field that begins with one
	e.want(e.csv("SELECT m, length(m) AS n FROM mark ORDER BY n"), "m,n\n\ufeffx,2\n\"a \"\"b\"\"\",5\n")
	e.want(e.csv("SELECT * FROM people WHERE id = 9"), "id,name,at\n9,x,\n")

	e.ok("", "import", e.file("a.json", `[{"a":1,"b":{"c":[1,2]}},{"b":null,"a":2}]`))
	e.want(e.csv("SELECT a, b FROM a ORDER BY a"), "a,b\n1,\"{\"\"c\"\":[1,2]}\"\n2,\n")
	e.ok("", "import", e.file("n.ndjson", "{\"a\":1.50}\n{\"a\":2}\n"))
	e.want(e.csv("SELECT a FROM n ORDER BY a"), "a\n1.50\n2\n")
}

func TestImportRejects(t *testing.T) {
	e := start(t)
	e.ok("", "query", "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
	r := e.run("", "import", e.file("t.csv", "id,n\n1,1\n1,2\n2,x\n3\n4,4\n5,\n"), "--table", "t")
	if r.code != 5 || !strings.Contains(r.out, "imported 2 rows into t") || !strings.Contains(r.out, "rejected 4 records: see t.rejected.csv") {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.errs)
	}
	rejected, err := os.ReadFile(filepath.Join(e.dir, "t.rejected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"line,reason,record\n", "\n3,", `(id)=(1) already exists.`, "\n4,", `""x""`, "\n5,\"record has 1 fields", "\n7,", `null value in column ""n""`} {
		if !strings.Contains(string(rejected), want) {
			t.Errorf("no %q in\n%s", want, rejected)
		}
	}
	e.want(e.csv("SELECT id FROM t ORDER BY id"), "id\n1\n4\n")

	r = e.run("", "import", e.file("u.csv", "id,n\n7,7\n7,8\n"), "--table", "t", "--atomic")
	if r.code != 1 || !strings.Contains(r.errs, "duplicate key") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errs)
	}
	e.want(e.csv("SELECT count(*) FROM t"), "count\n2\n")

	r = e.run("", "import", e.file("v.csv", "id,m\n7,7\n"), "--table", "t")
	if r.code != 1 || !strings.Contains(r.errs, `no column for "m"`) || !strings.Contains(r.errs, `"id", "n"`) {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errs)
	}
}

// TestImportRejectsFile: where rejected records go is settled before the first row is
// written, and never over the input.
func TestImportRejectsFile(t *testing.T) {
	e := start(t)
	const text = "id,n\n1,1\n1,2\n"
	e.file("r.csv", text)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"r.csv", "--rejects", "r.csv"}, 2, "over the input"},
		{[]string{"r.csv", "--rejects", "no/such/dir.csv"}, 1, "no such file or directory"},
	} {
		r := e.run("", append([]string{"import", "--table", "r", "--primary-key", "id"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.errs, c.want) {
			t.Errorf("%v: exit code %d, want %d and %q\n%s", c.args, r.code, c.code, c.want, r.errs)
		}
	}
	if r := e.run("", "query", "SELECT * FROM r"); r.code != 1 || !strings.Contains(r.errs, `"r" does not exist`) {
		t.Errorf("a table was made: exit code %d\n%s%s", r.code, r.out, r.errs)
	}
	if got, err := os.ReadFile(filepath.Join(e.dir, "r.csv")); err != nil || string(got) != text {
		t.Errorf("the input became %q, %v", got, err)
	}
	e.ok("", "import", e.file("good.csv", "id,n\n1,1\n"), "--type", "n=numeric(8,2)")
	if _, err := os.Stat(filepath.Join(e.dir, "good.rejected.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file for rejected records is there, though none was rejected: %v", err)
	}
	e.want(e.csv("SELECT n FROM good"), "n\n1.00\n")
}

func TestImportDryRun(t *testing.T) {
	e := start(t)
	out := e.ok("", "import", e.file("d.csv", "id,at\n1,2020-01-01\n3000000000,\n"), "--dry-run", "--primary-key", "id")
	e.want(out, "CREATE TABLE \"d\" (\n  \"id\" bigint,\n  \"at\" date,\n  PRIMARY KEY (\"id\")\n);\n-- 2 records\n-- id: bigint, 0 null, longest 10 bytes\n-- at: date, 1 null, longest 10 bytes\n")
	if r := e.run("", "query", "SELECT * FROM d"); r.code != 1 || !strings.Contains(r.errs, `relation "d" does not exist`) {
		t.Errorf("exit code %d\n%s", r.code, r.errs)
	}
}

func TestQueryFormats(t *testing.T) {
	e := start(t)
	sql := "SELECT 1 AS n, 'a|b' AS s, NULL AS z, 1.50 AS d, true AS b"
	e.want(e.csv(sql), "n,s,z,d,b\n1,a|b,,1.50,t\n")
	e.want(e.ok("", "query", "--format", "json", sql), "[\n  {\"n\":1,\"s\":\"a|b\",\"z\":null,\"d\":\"1.50\",\"b\":true}\n]\n")
	e.want(e.ok("", "query", "--format", "ndjson", sql), "{\"n\":1,\"s\":\"a|b\",\"z\":null,\"d\":\"1.50\",\"b\":true}\n")
	e.want(e.ok("", "query", "--format", "markdown", sql), "| n | s | z | d | b |\n|---:|---|---|---:|---|\n| 1 | a\\|b |  | 1.50 | t |\n")
	e.want(e.ok("", "query", sql), " n |  s  | z |  d   | b\n---+-----+---+------+---\n 1 | a|b |   | 1.50 | t\n(1 row)\n\n")
	e.want(e.ok("", "query", "--format", "csv", "--param", "7", "--param", "x", "SELECT $1::int + 1 AS n, $2 AS s"), "n,s\n8,x\n")
	e.want(e.ok("SELECT 2 AS two; SELECT 3 AS three", "query", "--format", "csv"), "two\n2\n\nthree\n3\n")

	r := e.run("", "query", "SELECT 1 +\n  nope")
	if r.code != 1 || !strings.Contains(r.errs, `column "nope" does not exist`) || !strings.Contains(r.errs, "line 2, column 3") {
		t.Errorf("exit code %d\n%s", r.code, r.errs)
	}
	for _, args := range [][]string{{"query", "--format", "xml", "SELECT 1"}, {"query", "--nope"}, {"nope"}, {"import"}, {"query", "--server", "ftp://x", "SELECT 1"}} {
		if r := e.run("", args...); r.code != 2 {
			t.Errorf("weft %s: exit code %d, want 2\n%s", strings.Join(args, " "), r.code, r.errs)
		}
	}
	if r := e.run("", "query", "--server", "http://127.0.0.1:1", "SELECT 1"); r.code != 3 || !strings.Contains(r.errs, "weft serve") {
		t.Errorf("exit code %d\n%s", r.code, r.errs)
	}
}

func TestDataDirectory(t *testing.T) {
	bin, dir := serve.Build(t), t.TempDir()
	e := &env{t: t, bin: bin, dir: t.TempDir(), url: "http://127.0.0.1:1"}
	data := filepath.Join(dir, "data")
	e.ok("", "query", "--data-dir", data, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
	e.ok("", "import", e.file("x.csv", "id\n3\n"), "--table", "t", "--data-dir", data)
	e.want(e.ok("", "query", "--data-dir", data, "--format", "csv", "SELECT count(*) FROM t"), "count\n3\n")

	e.want(e.ok("\ufeffSELECT 1 AS one", "query", "--data-dir", data, "--format", "csv"), "one\n1\n")

	s := serve.Start(t, bin, data)
	if r := e.run("", "query", "--data-dir", data, "SELECT 1"); r.code != 3 || !strings.Contains(r.errs, data) {
		t.Errorf("a locked directory: exit code %d\n%s", r.code, r.errs)
	}
	e.url = s.URL
	e.want(e.csv("SELECT sum(id) FROM t"), "sum\n6\n")
}

// TestShellChannels: channels are published to and looked at, over HTTP and in a directory.
func TestShellChannels(t *testing.T) {
	e := start(t)
	dir := t.TempDir()
	for _, args := range [][]string{{"shell"}, {"shell", "--data-dir", dir}} {
		out := e.ok(`\channels
\publish orders type=created key=c7 {"id": 1, "total": 20}
\publish orders a line of text
\channels
\tail orders
\tail orders 1
\groups orders
`, args...)
		lines := strings.Split(out, "\n")
		if lines[0] != "There are no channels." || lines[1] != "PUBLISH 1" || lines[2] != "PUBLISH 2" {
			t.Errorf("%v: %s", args, out)
		}
		for _, want := range []string{" orders |            1 |           3 | 20", "\n1  20", "Z  created  c7  {\"id\": 1, \"total\": 20}\n2  20", "Z  -  -  a line of text\n2  20", "The channel has no groups.\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", args, want, out)
			}
		}
		for stdin, want := range map[string]string{`\tail none`: "none", `\tail orders 0`: "COUNT", `\tail`: "CHANNEL", `\publish orders`: "DATA", `\groups`: "channel", `\follow`: "channel"} {
			if r := e.run(stdin, args...); r.code == 0 || !strings.Contains(r.errs, want) {
				t.Errorf("%v %s: exit code %d, %s", args, stdin, r.code, r.errs)
			}
		}
	}
}

// TestShellFollow: messages are shown as they come, until the channel ends.
func TestShellFollow(t *testing.T) {
	e := start(t)
	e.ok(`\publish orders {"n":0}`, "shell")
	cmd := exec.Command(e.bin, "shell")
	cmd.Env = append(os.Environ(), "WEFT_SERVER="+e.url, "HOME="+e.dir)
	cmd.Stdin = strings.NewReader(`\follow orders`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for info := ""; !strings.HasSuffix(strings.TrimSpace(info), "|           1"); { // until it is subscribed
		info = strings.Split(e.ok(`\channels`, "shell"), "\n")[2]
	}
	e.ok(`\publish orders type=t {"n":1}`, "shell")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "2  20") || !strings.HasSuffix(line, "Z  t  -  {\"n\":1}\n") {
		t.Errorf("got %q, %v", line, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C ended it with %v", err)
	}
}

func TestShellScript(t *testing.T) {
	e := start(t)
	e.file("in.sql", "INSERT INTO s VALUES (10, 'from\n a file'); -- done\n")
	out := e.ok(`CREATE TABLE s (id int PRIMARY KEY, "Name" text DEFAULT 'x');
INSERT INTO s
  VALUES (1, 'semi;colon'),
         (2, $$dollar; quoted$$);
\i in.sql
\f csv
SELECT id, "Name" FROM s ORDER BY id;
\copy s to 'out.csv'
\copy (SELECT id FROM s WHERE id < 3 ORDER BY id) to 'out.json' json
\f table
\d s
\dt
\l
\timing on
SELECT 1 AS one
`, "shell")
	for _, want := range []string{"CREATE TABLE\n", "INSERT 0 2\n", "INSERT 0 1\n", "id,Name\n1,semi;colon\n2,dollar; quoted\n10,\"from\n a file\"\n", "COPY 3\n", "COPY 2\n",
		"Table public.s\n", " Name   | text    |          | 'x'", "\"s_pkey\" PRIMARY KEY, btree (id)", "\n default |      1\n", "Timing is on.\n", " one\n-----\n   1\n(1 row)\n", "Time: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(e.dir, "out.json")); err != nil || string(got) != "[\n  {\"id\":1},\n  {\"id\":2}\n]\n" {
		t.Errorf("got %q, %v", got, err)
	}
	e.ok("\\copy s2 from 'out.csv'\n", "shell")
	e.want(e.csv(`SELECT count(*) FROM s2`), "count\n3\n")

	r := e.run("SELECT 1/0;\nSELECT 'after';\n", "shell")
	if r.code != 1 || !strings.Contains(r.errs, "division by zero") || strings.Contains(r.out, "after") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errs)
	}
	r = e.run("SELECT 1/0;\nSELECT 'after';\n", "shell", "--keep-going")
	if r.code != 1 || !strings.Contains(r.out, "after") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errs)
	}
}

// TestRealFiles imports public files through the whole product and asks questions of them.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("WEFT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vega")); err != nil {
		t.Skipf("no public test data at %s", dir)
	}
	e := start(t)
	for _, c := range []struct{ file, table, sql, want string }{
		{"vega/data/birdstrikes.csv", "birdstrikes", `SELECT count(*), count(DISTINCT "Airport Name"), sum("Cost Total $") FROM birdstrikes`, "10000,50,40545276\n"},
		{"vega/data/zipcodes.csv", "zipcodes", "SELECT count(*), min(zip_code), max(zip_code) FROM zipcodes", "42049,00501,99950\n"},
		{"vega/data/species.csv", "species", "SELECT count(*), count(DISTINCT item_id) FROM species", "12360,4\n"},
		{"vega/data/sp500-2000.csv", "sp500", "SELECT count(*), min(date), max(date), max(high) FROM sp500", "5105,2000-01-03,2020-04-17,3393.520020\n"},
		{"vega/data/seattle-weather-hourly-normals.csv", "weather", "SELECT count(*), min(date), sum(pressure) FROM weather", "8759,2010-01-01 01:00:00,8909836.9\n"},
		{"vega/data/movies.json", "movies", `SELECT count(*), count("US DVD Sales"), sum("US Gross") FROM movies`, "3201,564,140542660013\n"},
		{"vega/data/football.json", "football", "SELECT count(*), count(DISTINCT division) FROM football", "6508,5\n"},
		{"vega/data/flights-20k.json", "flights", "SELECT count(*), sum(distance), min(delay) FROM flights", "20000,14476934,-59\n"},
		{"csv_spectrum/csvs/newlines_crlf.csv", "nl", "SELECT a, b FROM nl WHERE b = 5", "\"Once upon \r\na time\",5"},
		{"csv_spectrum/csvs/quotes_and_newlines.csv", "qn", "SELECT b FROM qn WHERE a = 1", "\"ha \n\"\"ha\"\" \nha\""},
		{"csv_spectrum/csvs/utf8.csv", "u8", "SELECT c FROM u8 WHERE a = 4", "ʤ"},
		{"csv_spectrum/csvs/empty.csv", "em", "SELECT b FROM em WHERE a = 1", "\"\""},
		{"csv_spectrum/csvs/json.csv", "js", "SELECT val FROM js", `"{""type"": ""Point"", ""coordinates"": [102.0, 0.5]}"`},
	} {
		out := e.ok("", "import", filepath.Join(dir, filepath.FromSlash(c.file)), "--table", c.table)
		if strings.Contains(out, "rejected") {
			t.Errorf("%s: %s", c.file, out)
		}
		_, got, _ := strings.Cut(e.csv(c.sql), "\n")
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.file, got, c.want)
		}
	}
	e.ok("", "import", filepath.Join(dir, "vega", "data", "earthquakes.json"), "--table", "quakes", "--path", "features")
	e.want(e.csv("SELECT count(*), count(geometry) FROM quakes"), "count,count\n1707,1707\n")
}
