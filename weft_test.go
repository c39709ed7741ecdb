package weft_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/storage/vfs"
)

func open(t *testing.T) *weft.DB {
	t.Helper()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t *testing.T, db *weft.DB, sql string, args ...any) int64 {
	t.Helper()
	n, err := db.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	db, err := weft.Open(dir, weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !db.Recovery().Created {
		t.Error("a new store does not say so")
	}
	exec(t, db, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
	if _, err := weft.Open(dir, weft.Options{}); !errors.Is(err, weft.ErrLocked) {
		t.Errorf("a second Open got %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = weft.Open(dir, weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if rec := db.Recovery(); rec.Created || rec.Records == 0 {
		t.Errorf("recovery %+v", rec)
	}
	if rows, err := db.Query(t.Context(), "SELECT id FROM t"); err != nil || rows.Len() != 1 {
		t.Errorf("%v %v", rows, err)
	}
}

func TestOpenRefusesWrongOptions(t *testing.T) {
	opts := weft.Options{}
	opts.Query.MaxNesting = -1
	if _, err := weft.OpenMemory(opts); !errors.Is(err, weft.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if _, err := weft.Open(dir, opts); !errors.Is(err, weft.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	db, err := weft.Open(dir, weft.Options{}) // what failed has let go of the directory
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestScan(t *testing.T) {
	db := open(t)
	exec(t, db, "CREATE TABLE v (b boolean, i bigint, f float8, n numeric, s text, y bytea, t timestamptz, j jsonb)")
	at := time.Date(2024, 2, 29, 12, 30, 0, 500_000_000, time.UTC)
	if n := exec(t, db, "INSERT INTO v VALUES ($1, $2, $3, '12.50', $4, $5, $6, $7), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
		true, int64(1)<<60, 0.1, "text", []byte{1, 0, 2}, at, json.RawMessage(`{"a":1}`)); n != 2 {
		t.Errorf("%d rows", n)
	}
	rows, err := db.Query(t.Context(), "SELECT b, i, f, n, s, y, t, j FROM v")
	if err != nil {
		t.Fatal(err)
	}
	var (
		b *bool
		i *int64
		f *float64
		n *string
		s *string
		y []byte
		w *time.Time
		j any
	)
	if !rows.Next() {
		t.Fatal("no row")
	}
	if err := rows.Scan(&b, &i, &f, &n, &s, &y, &w, &j); err != nil {
		t.Fatal(err)
	}
	if !*b || *i != 1<<60 || *f != 0.1 || *n != "12.50" || *s != "text" || !bytes.Equal(y, []byte{1, 0, 2}) || !w.Equal(at) || fmt.Sprintf("%s", j) != `{"a": 1}` {
		t.Error(*b, *i, *f, *n, *s, y, w, j)
	}
	var number float64
	var small int32
	var text string
	if err := rows.Scan(new(any), &small, &number, &number, &text, new(any), new(any), new(any)); err == nil || !strings.Contains(err.Error(), `column "i"`) {
		t.Errorf("2^60 in an int32: %v", err)
	}
	if err := rows.Scan(new(any), &text, &number, &number, &text, &text, &text, &text); err != nil || number != 12.5 {
		t.Errorf("%v %v", number, err)
	}
	if !rows.Next() {
		t.Fatal("no second row")
	}
	if err := rows.Scan(&b, &i, &f, &n, &s, &y, &w, &j); err != nil || b != nil || i != nil || f != nil || n != nil || s != nil || y != nil || w != nil || j != nil {
		t.Error(err, b, i, f, n, s, y, w, j)
	}
	if err := rows.Scan(new(bool), &i, &f, &n, &s, &y, &w, &j); err == nil {
		t.Error("NULL went into a bool")
	}
	if err := rows.Scan(&b); err == nil {
		t.Error("one pointer for eight columns")
	}
	if rows.Next() {
		t.Error("a third row")
	}
}

func TestAll(t *testing.T) {
	db := open(t)
	rows, err := db.Query(t.Context(), "VALUES (1, 'a'), (2, NULL)")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row := range rows.All() {
		got = append(got, fmt.Sprint(row))
	}
	if want := "[[1 a] [2 <nil>]]"; fmt.Sprint(got) != want || rows.Len() != 2 {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestParams(t *testing.T) {
	db := open(t)
	rows, err := db.Query(t.Context(), "SELECT date '2024-01-01' + $1, $2 || 'x', $3::int[], $4", 1, "a", []int64{1, 2}, []byte("y"))
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	if got := fmt.Sprint(rows.Values()); got != "[2024-01-02 00:00:00 +0000 UTC ax [1 2] [121]]" {
		t.Errorf("got %s", got)
	}
	if _, err := db.Query(t.Context(), "SELECT $1", struct{}{}); !errors.Is(err, weft.ErrInvalid) || !strings.Contains(err.Error(), "$1") {
		t.Errorf("got %v", err)
	}
}

func TestCanceled(t *testing.T) {
	db := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Exec(ctx, "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"); !errors.Is(err, weft.ErrCanceled) {
		t.Errorf("got %v", err)
	}
}

// TestImporter: package bulk fills tables through the engine, refused rows apart.
func TestImporter(t *testing.T) {
	db := open(t)
	in := "id,name\n1,Oslo\n2,Bergen\n2,Rome\n3,\n"
	source := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(in)), nil }
	var refused []string
	res, err := bulk.Import(t.Context(), db.Importer("sales"), source, bulk.Spec{Table: "city", PrimaryKey: []string{"id"}}, bulk.Observer{
		Reject: func(r bulk.Reject) error {
			refused = append(refused, fmt.Sprint(r.Line, " ", r.Reason))
			return nil
		}})
	if err != nil || res.Rows != 3 || !res.Created || len(refused) != 1 || !strings.HasPrefix(refused[0], "4 ") {
		t.Fatalf("%+v %v %v", res, refused, err)
	}
	res, err = bulk.Import(t.Context(), db.Importer("sales"), source, bulk.Spec{Table: "city", Atomic: true}, bulk.Observer{})
	if err == nil || res.Created {
		t.Errorf("all or nothing: %+v %v", res, err)
	}
	info, err := db.Engine().Table(t.Context(), "sales", "city")
	if err != nil || info.RowCount != 3 {
		t.Errorf("%+v %v", info, err)
	}
}

// TestOpenRemovesTemporaryFiles: what statements of a process that ended by force have left
// beside the store goes when it is opened again; other files stay.
func TestOpenRemovesTemporaryFiles(t *testing.T) {
	fs := vfs.NewMem()
	db, err := weft.Open("d", weft.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := fs.MkdirAll("d/tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"weft-spill-1-2", "mine"} {
		f, err := fs.Create("d/tmp/"+name, vfs.CategoryLog)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if db, err = weft.Open("d", weft.Options{FS: fs}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if left, err := fs.List("d/tmp"); err != nil || len(left) != 1 || left[0] != "mine" {
		t.Errorf("left are %v (%v), want mine alone", left, err)
	}
}
