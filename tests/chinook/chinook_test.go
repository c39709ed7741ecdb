// Package chinook imports a real database of a music shop through the command
// line and asks questions whose answers PostgreSQL gave.
package chinook

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
	"github.com/weftdb/weft/internal/testkit/serve"
)

var update = flag.Bool("update", false, "write the expected answers anew, from PostgreSQL")

// schema is what the importer should guess; PostgreSQL gets it when answers are written.
const schema = `
CREATE TABLE album (albumid integer, title text, artistid integer);
CREATE TABLE artist (artistid integer, name text);
CREATE TABLE customer (customerid integer, firstname text, lastname text, company text, address text, city text, state text, country text, postalcode text, phone text, fax text, email text, supportrepid integer);
CREATE TABLE employee (employeeid integer, lastname text, firstname text, title text, reportsto integer, birthdate timestamp, hiredate timestamp, address text, city text, state text, country text, postalcode text, phone text, fax text, email text);
CREATE TABLE genre (genreid integer, name text);
CREATE TABLE invoice (invoiceid integer, customerid integer, invoicedate timestamp, billingaddress text, billingcity text, billingstate text, billingcountry text, billingpostalcode text, total numeric);
CREATE TABLE invoiceline (invoicelineid integer, invoiceid integer, trackid integer, unitprice numeric, quantity integer);
CREATE TABLE mediatype (mediatypeid integer, name text);
CREATE TABLE playlist (playlistid integer, name text);
CREATE TABLE playlisttrack (playlistid integer, trackid integer);
CREATE TABLE track (trackid integer, name text, albumid integer, mediatypeid integer, genreid integer, composer text, milliseconds integer, bytes integer, unitprice numeric);
`

type question struct{ name, sql string }

func questions(t *testing.T) []question {
	t.Helper()
	data, err := os.ReadFile("testdata/queries.sql")
	if err != nil {
		t.Fatal(err)
	}
	var out []question
	for _, part := range strings.Split(string(data), "-- name: ")[1:] {
		name, sql, _ := strings.Cut(part, "\n")
		out = append(out, question{strings.TrimSpace(name), strings.TrimSpace(sql)})
	}
	if len(out) < 25 {
		t.Fatalf("got %d questions, want at least 25", len(out))
	}
	return out
}

func csvFiles(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("WEFT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, err := filepath.Glob(filepath.Join(dir, "chinook", "csv", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Skipf("no public test data at %s", dir)
	}
	if len(files) != 11 {
		t.Fatalf("got %d CSV files, want 11", len(files))
	}
	return files
}

func tableOf(file string) string {
	return strings.ToLower(strings.TrimSuffix(filepath.Base(file), ".csv"))
}

func TestUpdateAnswers(t *testing.T) {
	if !*update {
		t.Skip("answers are written with -update")
	}
	pg := pgtest.Start(t)
	if err := pg.Exec(schema); err != nil {
		t.Fatal(err)
	}
	for _, file := range csvFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := pg.CopyCSV(tableOf(file), string(data)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, q := range questions(t) {
		answer, err := pg.CSV(q.sql)
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		if err := os.WriteFile(filepath.Join("testdata", "answers", q.name+".csv"), []byte(answer), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChinook(t *testing.T) {
	files := csvFiles(t)
	bin := serve.Build(t)
	s := serve.Start(t, bin, t.TempDir())
	for _, file := range files {
		out, err := exec.Command(bin, "import", file, "--table", tableOf(file), "--server", s.URL).CombinedOutput()
		if err != nil {
			t.Fatalf("import %s: %v\n%s", file, err, out)
		}
	}
	ask := func(t *testing.T, sql string) string {
		t.Helper()
		res, err := http.Post(s.URL+"/api/v1/query?format=csv", "application/json", bytes.NewReader(fmt.Appendf(nil, `{"sql":%q}`, sql)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%d: %s", res.StatusCode, body)
		}
		return string(body)
	}
	for _, q := range questions(t) {
		t.Run(q.name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "answers", q.name+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, q.sql); got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Run("types", func(t *testing.T) {
		for _, line := range strings.Split(strings.TrimSpace(schema), "\n") {
			name, cols, _ := strings.Cut(strings.TrimPrefix(line, "CREATE TABLE "), " (")
			res, err := http.Get(s.URL + "/api/v1/tables/" + url.PathEscape(name))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %v %s", name, res.StatusCode, err, body)
			}
			for _, col := range strings.Split(strings.TrimSuffix(cols, ");"), ", ") {
				n, typ, _ := strings.Cut(col, " ")
				typ = strings.Replace(typ, "timestamp", "timestamp without time zone", 1)
				if !strings.Contains(string(body), fmt.Sprintf(`"name":%q,"data_type":%q`, n, typ)) {
					t.Errorf("%s: no column %s of type %s in %s", name, n, typ, body)
				}
			}
		}
	})
}
