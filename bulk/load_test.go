package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// fake is a table in memory with a primary key on its first column.
type fake struct {
	cols    []TableColumn
	exists  bool
	created string
	rows    [][]string // as text, NULL as "∅"
	keys    map[string]bool
	calls   int
}

func (f *fake) Table(context.Context, string) ([]TableColumn, bool, error) {
	return f.cols, f.exists, nil
}

func (f *fake) Create(_ context.Context, statement string) error {
	f.created, f.exists = statement, true
	return nil
}

func (f *fake) insert(b *vec.Batch) error {
	f.calls++
	var rows [][]string
	keys := map[string]bool{}
	for i := range b.Len {
		var row []string
		for _, c := range b.Cols {
			if c.IsNull(i) {
				row = append(row, "∅")
			} else {
				row = append(row, string(sqltype.AppendText(nil, c.Type, c.Get(i))))
			}
		}
		if k := row[0]; f.keys[k] || keys[k] {
			return dberr.SQL(dberr.StateUniqueViolation, "duplicate key").WithDetail("Key (%s) already exists.", k)
		}
		keys[row[0]] = true
		rows = append(rows, row)
	}
	f.rows = append(f.rows, rows...)
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	for k := range keys {
		f.keys[k] = true
	}
	return nil
}

func (f *fake) Insert(_ context.Context, _ string, _ []string, b *vec.Batch) ([]RowError, error) {
	return insertHalves(b, f.insert)
}

func (f *fake) InsertAll(_ context.Context, _ string, _ []string, next func() (*vec.Batch, error)) error {
	rows := f.rows
	for {
		b, err := next()
		if b == nil && err == nil {
			return nil
		}
		if err == nil {
			err = f.insert(b)
		}
		if err != nil {
			f.rows = rows
			return err
		}
	}
}

func reader(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

func importString(f *fake, in string, spec Spec) (Result, []string, error) {
	var rejects []string
	if spec.Table == "" {
		spec.Table = "t"
	}
	res, err := Import(context.Background(), f, reader(in), spec, Observer{Reject: func(r Reject) error {
		rejects = append(rejects, fmt.Sprintf("%d %s [%s]", r.Line, r.Reason, r.Raw))
		return nil
	}})
	return res, rejects, err
}

func TestImportCreatesAndFills(t *testing.T) {
	f := &fake{}
	res, rejects, err := importString(f, "Id,Full Name,Born\n1,Ann,2000-01-02\n2,,\n3,\"\",2001-01-01\n", Spec{PrimaryKey: []string{"Id"}})
	if err != nil || len(rejects) > 0 || res.Rows != 3 || !res.Created {
		t.Fatalf("got %+v, %v, %v", res, rejects, err)
	}
	if want := "CREATE TABLE \"t\" (\n  \"id\" integer,\n  \"Full Name\" text,\n  \"born\" date,\n  PRIMARY KEY (\"id\")\n)"; f.created != want {
		t.Errorf("got %s, want %s", f.created, want)
	}
	if got, want := fmt.Sprint(f.rows), "[[1 Ann 2000-01-02] [2 ∅ ∅] [3  2001-01-01]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestImportFoldedKeys: two keys that fold to one column are two columns.
func TestImportFoldedKeys(t *testing.T) {
	f := &fake{}
	_, rejects, err := importString(f, `[{"Id":1,"id":2,"ID":3}]`, Spec{})
	if err != nil || len(rejects) > 0 || fmt.Sprint(f.rows) != "[[1 2 3]]" {
		t.Fatalf("got %v, %v, %v", f.rows, rejects, err)
	}
	if want := "CREATE TABLE \"t\" (\n  \"id\" integer,\n  \"id_2\" integer,\n  \"id_3\" integer\n)"; f.created != want {
		t.Errorf("got %s, want %s", f.created, want)
	}
}

func TestImportRejectsAndGoesOn(t *testing.T) {
	var in strings.Builder
	in.WriteString("id,n\n")
	var want []string
	rows := 0
	for i := range 3000 {
		switch {
		case i%500 == 7: // a duplicate
			fmt.Fprintf(&in, "%d,5\n", i-1)
			want = append(want, fmt.Sprintf("%d duplicate key: Key (%d) already exists. [%d,5]", i+2, i-1, i-1))
		case i%700 == 9:
			fmt.Fprintf(&in, "%d\n", i)
			want = append(want, fmt.Sprintf("%d record has 1 fields, the header has 2 [%d]", i+2, i))
		case i%900 == 11:
			fmt.Fprintf(&in, "%d,x\n", i)
			want = append(want, fmt.Sprintf(`%d column "n": invalid input syntax for type integer: "x" [%d,x]`, i+2, i))
		default:
			fmt.Fprintf(&in, "%d,%d\n", i, i)
			rows++
		}
	}
	f := &fake{exists: true, cols: []TableColumn{{Name: "id", Type: sqltype.TInt4}, {Name: "n", Type: sqltype.TInt4}}}
	res, rejects, err := importString(f, in.String(), Spec{BatchRows: 1000})
	if err != nil || res.Rows != int64(rows) || res.Rejected != int64(len(want)) || len(f.rows) != rows {
		t.Fatalf("got %+v, %d in the table, %v; want %d rows", res, len(f.rows), err, rows)
	}
	seen := map[string]bool{}
	for _, r := range rejects {
		seen[r] = true
	}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("no reject %q in %q", w, rejects)
		}
	}
	if f.calls > 200 {
		t.Errorf("%d inserts for %d bad rows", f.calls, len(want))
	}
	last := -1
	for _, r := range f.rows { // the order of the file is kept
		var id int
		fmt.Sscan(r[0], &id)
		if id <= last {
			t.Fatalf("row %d follows row %d", id, last)
		}
		last = id
	}
}

func TestImportAtomic(t *testing.T) {
	f := &fake{exists: true, cols: []TableColumn{{Name: "id", Type: sqltype.TInt4}}}
	_, _, err := importString(f, "id\n1\n2\nx\n", Spec{Atomic: true, BatchRows: 1})
	if e := dberr.As(err); e == nil || e.Code != "IMPORT_REJECTED" || !strings.Contains(e.Message, "line 4") || len(f.rows) != 0 {
		t.Fatalf("got %v with %d rows", err, len(f.rows))
	}
	f.keys = nil
	if res, _, err := importString(f, "id\n1\n2\n3\n", Spec{Atomic: true, BatchRows: 1}); err != nil || res.Rows != 3 || len(f.rows) != 3 {
		t.Fatalf("got %+v, %v", res, err)
	}
}

func TestImportIntoTable(t *testing.T) {
	cols := []TableColumn{{Name: "id", Type: sqltype.TInt4, NotNull: true}, {Name: "n", Type: sqltype.TText}}
	for in, want := range map[string]string{
		"n,ID\nx,1\n":              "",
		"id,m\n1,x\n":              `table "t" has no column for "m" of the input`,
		"n\nx\n":                   `column "id" of table "t" is NOT NULL without default, and the input has no field for it`,
		"id,Id\n1,2\n":             `table "t" has no column for "Id_2" of the input`,
		"[{\"id\":1},{\"zz\":2}]":  `table "t" has no column for "zz" of the input`,
		"[{\"id\":1,\"n\":\"x\"}]": "",
	} {
		f := &fake{exists: true, cols: cols}
		_, _, err := importString(f, in, Spec{})
		if e := dberr.As(err); want == "" && err != nil || want != "" && (e == nil || e.Message != want) || want != "" && len(f.rows) > 0 {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
	f := &fake{exists: true, cols: cols}
	if _, _, err := importString(f, "n,ID\nx,1\n", Spec{}); err != nil || fmt.Sprint(f.rows) != "[[x 1]]" {
		t.Errorf("got %v, %v", f.rows, err)
	}
}

func TestImportStopsOnFailure(t *testing.T) {
	broken := errors.New("the disk is gone")
	f := &failing{fake: fake{exists: true, cols: []TableColumn{{Name: "id", Type: sqltype.TInt4}}}, err: broken}
	_, err := Import(context.Background(), f, reader("id\n"+strings.Repeat("1\n", 50000)), Spec{Table: "t", BatchRows: 10}, Observer{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "lines 2 to 11") {
		t.Fatalf("got %v", err)
	}
	stop := errors.New("enough")
	f.err = nil
	_, err = Import(context.Background(), f, reader("id\nx\n"), Spec{Table: "t"}, Observer{Reject: func(Reject) error { return stop }})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v", err)
	}
}

type failing struct {
	fake
	err error
}

func (f *failing) Insert(context.Context, string, []string, *vec.Batch) ([]RowError, error) {
	return nil, f.err
}

// TestImportValues checks that every kind of value comes through as it was.
func TestImportValues(t *testing.T) {
	in := `[{"k":1,"b":true,"j":{"a":[1,2.50]},"s":"ü\n\"x\"","d":12345678901234567890.123456789,"t":"2020-01-02T03:04:05.678Z","f":1e300,"u":"123e4567-e89b-12d3-a456-426614174000","m":1},
	        {"k":2,"b":null,"j":"text","m":"one"}]`
	f := &fake{}
	if _, rejects, err := importString(f, in, Spec{}); err != nil || len(rejects) > 0 {
		t.Fatal(err, rejects)
	}
	got := fmt.Sprintf("%q", f.rows)
	want := `[["1" "t" "{\"a\":[1,2.50]}" "ü\n\"x\"" "12345678901234567890.123456789" "2020-01-02 03:04:05.678+00" "1e+300" "123e4567-e89b-12d3-a456-426614174000" "1"] ["2" "∅" "\"text\"" "∅" "∅" "∅" "∅" "∅" "one"]]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestVegaFiles imports real files and counts what came through.
func TestVegaFiles(t *testing.T) {
	dir := corpora(t, "vega", "data")
	for file, want := range map[string]int64{
		"birdstrikes.csv": 10000, "zipcodes.csv": 42049, "species.csv": 12360, "sp500-2000.csv": 5105, "seattle-weather-hourly-normals.csv": 8759,
		"movies.json": 3201, "football.json": 6508, "flights-20k.json": 20000,
	} {
		f := &fake{}
		spec := Spec{Table: "t", Input: Options{Name: file}}
		open := func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, file)) }
		var n int64
		res, err := Import(context.Background(), &countOnly{f, &n}, open, spec, Observer{Reject: func(r Reject) error {
			t.Errorf("%s: rejected line %d: %s", file, r.Line, r.Reason)
			return nil
		}})
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if n != want || res.Rows != n {
			t.Errorf("%s: got %d rows, want %d", file, n, want)
		}
	}
}

type countOnly struct {
	*fake
	n *int64
}

func (c *countOnly) Insert(_ context.Context, _ string, _ []string, b *vec.Batch) ([]RowError, error) {
	*c.n += int64(b.Len)
	return nil, nil
}

// TestImportMemory imports a stream far larger than what it may hold.
func TestImportMemory(t *testing.T) {
	const rows = 400_000
	open := func() (io.ReadCloser, error) { return io.NopCloser(&endless{rows: rows}), nil }
	var n int64
	var peak uint64
	_, err := Import(context.Background(), &countOnly{&fake{}, &n}, open, Spec{Table: "t", Input: Options{Format: FormatCSV}}, Observer{Progress: func(Progress) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}})
	if err != nil || n != rows {
		t.Fatalf("got %d rows, %v", n, err)
	}
	if peak > 128<<20 {
		t.Errorf("the heap grew to %d MB", peak>>20)
	}
}

// endless makes CSV of some 100 bytes a row.
type endless struct {
	rows, at int
	buf      []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.buf) < len(p) && e.at <= e.rows {
		if e.at == 0 {
			e.buf = append(e.buf, "id,name,amount,note\n"...)
		} else {
			e.buf = fmt.Appendf(e.buf, "%d,\"name %d\",%d.25,%s\n", e.at, rand.Uint32(), e.at, strings.Repeat("x", 70))
		}
		e.at++
	}
	if len(e.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.buf)
	e.buf = e.buf[n:]
	return n, nil
}

// insertHalves inserts a batch by insert, which takes all rows it is given or none.
// Where a row is against a constraint the batch is halved until that row is alone, so that
// all others are inserted, in order, and only few calls are needed where few rows are bad.
func insertHalves(b *vec.Batch, insert func(*vec.Batch) error) ([]RowError, error) {
	return insertRange(b, 0, insert)
}

func insertRange(b *vec.Batch, first int, insert func(*vec.Batch) error) ([]RowError, error) {
	if b.Len == 0 {
		return nil, nil
	}
	err := insert(b)
	refusable := errors.Is(err, dberr.ErrConstraint) || errors.Is(err, dberr.ErrTooLarge)
	switch {
	case err == nil:
		return nil, nil
	case !refusable:
		return nil, err
	case b.Len == 1:
		return []RowError{{Row: first, Reason: Describe(err)}}, nil
	}
	half := b.Len / 2
	left, err := insertRange(slice(b, 0, half), first, insert)
	if err != nil {
		return nil, err
	}
	right, err := insertRange(slice(b, half, b.Len), first+half, insert)
	return append(left, right...), err
}

// slice copies some rows of a batch without selection.
func slice(b *vec.Batch, from, to int) *vec.Batch {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	types := make([]sqltype.Type, len(b.Cols))
	for i, c := range b.Cols {
		types[i] = c.Type
	}
	out := vec.NewBatch(types)
	out.Append(&vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols})
	return out
}
