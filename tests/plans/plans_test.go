// Package plans holds the planner to plans that were looked at: of many-way joins over a
// real database of a music shop, and of small statements of every kind. A plan that
// changes is a diff to be reviewed (-update rewrites them).
package plans

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/bench/qerror"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/txn"
)

var update = flag.Bool("update", false, "rewrite the expected plans (review the diff)")

const schema = `
CREATE TABLE artist (artistid int PRIMARY KEY, name text);
CREATE TABLE album (albumid int PRIMARY KEY, title text NOT NULL, artistid int NOT NULL REFERENCES artist);
CREATE TABLE genre (genreid int PRIMARY KEY, name text);
CREATE TABLE mediatype (mediatypeid int PRIMARY KEY, name text);
CREATE TABLE track (trackid int PRIMARY KEY, name text NOT NULL, albumid int REFERENCES album, mediatypeid int NOT NULL REFERENCES mediatype,
  genreid int REFERENCES genre, composer text, milliseconds int NOT NULL, bytes int, unitprice numeric(10,2) NOT NULL);
CREATE TABLE employee (employeeid int PRIMARY KEY, lastname text NOT NULL, firstname text NOT NULL, title text, reportsto int, birthdate timestamp,
  hiredate timestamp, address text, city text, state text, country text, postalcode text, phone text, fax text, email text);
CREATE TABLE customer (customerid int PRIMARY KEY, firstname text NOT NULL, lastname text NOT NULL, company text, address text, city text, state text,
  country text, postalcode text, phone text, fax text, email text NOT NULL, supportrepid int REFERENCES employee);
CREATE TABLE invoice (invoiceid int PRIMARY KEY, customerid int NOT NULL REFERENCES customer, invoicedate timestamp NOT NULL, billingaddress text,
  billingcity text, billingstate text, billingcountry text, billingpostalcode text, total numeric(10,2) NOT NULL);
CREATE TABLE invoiceline (invoicelineid int PRIMARY KEY, invoiceid int NOT NULL REFERENCES invoice, trackid int NOT NULL REFERENCES track,
  unitprice numeric(10,2) NOT NULL, quantity int NOT NULL);
CREATE TABLE playlist (playlistid int PRIMARY KEY, name text);
CREATE TABLE playlisttrack (playlistid int NOT NULL REFERENCES playlist, trackid int NOT NULL REFERENCES track, PRIMARY KEY (playlistid, trackid));
CREATE INDEX album_artist ON album (artistid);
CREATE INDEX track_album ON track (albumid);
CREATE INDEX track_genre ON track (genreid, milliseconds);
CREATE INDEX track_name ON track (name);
CREATE INDEX customer_country ON customer (country, city);
CREATE INDEX customer_rep ON customer (supportrepid);
CREATE INDEX invoice_customer ON invoice (customerid);
CREATE INDEX invoice_date ON invoice (invoicedate DESC);
CREATE INDEX invoiceline_invoice ON invoiceline (invoiceid);
CREATE INDEX invoiceline_track ON invoiceline (trackid) INCLUDE (quantity);
CREATE INDEX playlisttrack_track ON playlisttrack (trackid)`

var files = []string{"Artist", "Album", "Genre", "MediaType", "Track", "Employee", "Customer", "Invoice", "InvoiceLine", "Playlist", "PlaylistTrack"}

// open loads the music shop.
func open(t *testing.T) *query.Engine {
	t.Helper()
	dir := os.Getenv("WEFT_CORPORA")
	if dir == "" {
		dir = "../../../shared/corpora"
	}
	dir = filepath.Join(dir, "chinook", "csv")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no corpus chinook: set WEFT_CORPORA")
	}
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := query.New(store, query.Options{MaxRows: -1, AutoAnalyze: query.AutoAnalyze{Interval: -1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	exec(t, e, schema)
	for _, f := range files {
		load(t, e, strings.ToLower(f), filepath.Join(dir, f+".csv"))
	}
	exec(t, e, "ANALYZE")
	return e
}

func exec(t *testing.T, e *query.Engine, sql string) {
	t.Helper()
	if _, err := e.Exec(context.Background(), "", sql); err != nil {
		t.Fatalf("%v\n%.300s", err, sql)
	}
}

func load(t *testing.T, e *query.Engine, table, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for rows = rows[1:]; len(rows) > 0; {
		n := min(len(rows), 500)
		values := make([]string, n)
		for i, row := range rows[:n] {
			cells := make([]string, len(row))
			for k, v := range row {
				cells[k] = "NULL"
				if v != "" {
					cells[k] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
				}
			}
			values[i] = "(" + strings.Join(cells, ", ") + ")"
		}
		exec(t, e, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", "))
		rows = rows[n:]
	}
}

func answer(t *testing.T, e *query.Engine, sql string) string {
	t.Helper()
	r, err := e.Query(context.Background(), "", sql)
	if err != nil {
		t.Errorf("%v\n%s", err, sql)
		return ""
	}
	var b strings.Builder
	for r.Next() {
		b.WriteString(strings.Join(r.Strings(), "|") + "\n")
	}
	return b.String()
}

// statements reads a file of statements that end with ";" at the end of a line.
func statements(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/queries.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range strings.Split(string(text), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// TestPlans holds the plans to testdata/plans.txt.
func TestPlans(t *testing.T) {
	e := open(t)
	list := statements(t)
	if len(list) < 130 {
		t.Errorf("%d statements, want at least 130", len(list))
	}
	var b strings.Builder
	for _, sql := range list {
		fmt.Fprintf(&b, "%s;\n----\n%s\n", sql, answer(t, e, "EXPLAIN (COSTS OFF) "+sql))
	}
	const file = "testdata/plans.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old, now := strings.Split(string(want), ";\n----\n"), strings.Split(b.String(), ";\n----\n")
	if len(old) != len(now) {
		t.Fatalf("%d statements, %s has %d plans: -update", len(now)-1, file, len(old)-1)
	}
	for i := range now {
		if now[i] != old[i] {
			t.Errorf("got\n%s\nwant\n%s", now[i], old[i])
		}
	}
}

// TestEstimates runs the statements that only read: of 90 % of the operators the rows are
// estimated within a factor of ten.
func TestEstimates(t *testing.T) {
	e := open(t)
	var all []qerror.Operator
	for _, sql := range statements(t) {
		if !strings.HasPrefix(sql, "SELECT") && !strings.HasPrefix(sql, "WITH") {
			continue
		}
		list, err := qerror.Read([]byte(answer(t, e, "EXPLAIN (ANALYZE, FORMAT JSON) "+sql)))
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		for i := range list {
			list[i].Name += fmt.Sprintf(" of %.60q", sql)
		}
		all = append(all, list...)
	}
	n, good := qerror.Within(all, 10)
	t.Logf("%d of %d operators are within 10 x", good, n)
	if float64(good) < 0.9*float64(n) || n < 400 {
		t.Errorf("%d of %d operators are within 10 x, want 90 %% of at least 400", good, n)
		if err := qerror.Print(os.Stderr, all); err != nil {
			t.Fatal(err)
		}
	}
}
