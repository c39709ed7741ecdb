package rowstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// table has a key that restores a but not f, and indexes of the three shapes.
func table() *catalog.Table {
	num := sqltype.TNumeric
	return &catalog.Table{
		ID: 7, DB: 3, Name: "t", NextColumn: 6,
		Columns: []catalog.Column{
			{ID: 1, Name: "a", Type: sqltype.TInt4}, {ID: 2, Name: "f", Type: sqltype.TFloat8},
			{ID: 3, Name: "n", Type: num}, {ID: 5, Name: "s", Type: sqltype.TText},
		},
		Indexes: []catalog.Index{
			{ID: 7, Primary: true, Unique: true, Columns: []catalog.IndexColumn{{Column: 1, Type: sqltype.TInt4}, {Column: 2, Type: sqltype.TFloat8}}},
			{ID: 8, Columns: []catalog.IndexColumn{{Column: 5, Type: sqltype.TText, Desc: true, NullsFirst: true}}},
			{ID: 9, Unique: true, Columns: []catalog.IndexColumn{{Column: 3, Type: num}}, Include: []catalog.ColumnID{5}},
		},
	}
}

func values(num, text bool) []sqltype.Datum {
	vals := []sqltype.Datum{{Int: 300}, {Float: 1.5}, {Num: sqltype.NumScaled(120, 2)}, {Str: "hi"}}
	if !num {
		vals[2] = sqltype.NullDatum
	}
	if !text {
		vals[3] = sqltype.NullDatum
	}
	return vals
}

type kv struct{ key, value []byte }

// entries gives the entries of a row in all indexes.
func entries(l *Layout, vals []sqltype.Datum) (out []kv) {
	key, _ := l.Indexes[0].Key(nil, vals, 0, nil)
	row, _ := l.AppendRow(nil, vals, nil)
	out = append(out, kv{key, row})
	for i := 1; i < len(l.Indexes); i++ {
		x := &l.Indexes[i]
		k, null := x.Key(nil, vals, 0, nil)
		k, v := l.Entry(x, k, null, key[len(l.Indexes[0].Prefix):], vals, nil)
		out = append(out, kv{k, v})
	}
	return out
}

// TestEntriesGolden: these bytes are stored. This test may only gain lines.
func TestEntriesGolden(t *testing.T) {
	l := Of(table())
	for _, c := range []struct {
		vals []sqltype.Datum
		want [3][2]string
	}{
		{values(true, true), [3][2]string{
			{"0310072a012c34bff8000000000000", "11062c0406080000c03f02786869"}, // f, n and s are in the row
			{"031008" + "bb9796fffe" + "2a012c34bff8000000000000", ""},         // s descending, then a and f
			{"031009" + "3b290118", "0c" + "2a012c34bff8000000000000" + "110628020402786869"},
		}},
		{values(false, false), [3][2]string{
			{"0310072a012c34bff8000000000000", "110604040000c03f"},
			{"031008" + "05" + "2a012c34bff8000000000000", ""},
			{"031009" + "fa" + "2a012c34bff8000000000000", "110600"}, // NULLs are distinct
		}},
	} {
		for i, e := range entries(l, c.vals) {
			if got := [2]string{hex.EncodeToString(e.key), hex.EncodeToString(e.value)}; got != c.want[i] {
				t.Errorf("index %d: got %q, want %q", i, got, c.want[i])
			}
		}
	}
}

func decode(l *Layout, x *Index, e kv, cols []int) ([]sqltype.Datum, error) {
	d := l.NewDecoder(x, cols)
	out := make([]*vec.Vector, len(cols))
	for i, o := range cols {
		typ := sqltype.TInt8
		if o >= 0 {
			typ = l.Cols[o].Type
		}
		out[i] = vec.NewVector(typ, 0)
	}
	d.Begin(out, 1)
	if err := d.Add(0, e.key, e.value); err != nil {
		return nil, err
	}
	d.End(1)
	vals := make([]sqltype.Datum, len(cols))
	for i, v := range out {
		vals[i] = v.Get(0)
	}
	return vals, nil
}

func held(l *Layout, x *Index) (cols []int) {
	for o := range l.Cols {
		if x.Holds(o) {
			cols = append(cols, o)
		}
	}
	return cols
}

// TestEntriesRestore: what an index holds is read back as it was written.
func TestEntriesRestore(t *testing.T) {
	l := Of(table())
	for _, num := range []bool{false, true} {
		for _, text := range []bool{false, true} {
			vals := values(num, text)
			for i, e := range entries(l, vals) {
				x := &l.Indexes[i]
				cols := held(l, x)
				got, err := decode(l, x, e, cols)
				if err != nil {
					t.Fatal(err)
				}
				for k, o := range cols {
					if w, g := show(l, o, vals[o]), show(l, o, got[k]); w != g {
						t.Errorf("index %d column %s: got %s, want %s", i, l.Cols[o].Name, g, w)
					}
				}
				primary := entries(l, vals)[0].key
				if i == 0 {
					continue
				}
				if back, err := l.Primary(x, e.key, e.value, nil); err != nil || string(back) != string(primary) {
					t.Errorf("index %d refers to %x (%v), want %x", i, back, err, primary)
				}
			}
		}
	}
	if want := []int{0, 3}; len(held(l, &l.Indexes[1])) != len(want) {
		t.Errorf("index 1 holds %v, want %v", held(l, &l.Indexes[1]), want)
	}
}

func show(l *Layout, o int, d sqltype.Datum) string {
	if d.Null {
		return "NULL"
	}
	return sqltype.FormatText(l.Cols[o].Type, d)
}

// TestRowTexts: a row read by itself says the same as one in vectors.
func TestRowTexts(t *testing.T) {
	hidden := table()
	hidden.Indexes = []catalog.Index{{ID: 7, Primary: true, Columns: []catalog.IndexColumn{{Column: catalog.RowID, Type: sqltype.TInt8}}}}
	for _, l := range []*Layout{Of(table()), Of(hidden)} {
		row := l.NewRow()
		for n := range 6 {
			vals := values(n&1 != 0, n&2 != 0)
			if n >= 4 {
				vals[3].Null, vals[3].Str = false, "" // which is not NULL
			}
			key, _ := l.Indexes[0].Key(nil, vals, int64(n), nil)
			value, _ := l.AppendRow(nil, vals, nil)
			if err := row.Load(key, value); err != nil {
				t.Fatal(err)
			}
			for o, d := range vals {
				json, err := row.AppendJSON([]byte("x"), o)
				if want := sqltype.AppendJSON([]byte("x"), l.Cols[o].Type, d, sqltype.JSONOptions{}); err != nil || string(json) != string(want) {
					t.Errorf("column %d is %s (%v), want %s", o, json, err, want)
				}
				text, err := row.AppendText([]byte("x"), o)
				if want := sqltype.AppendText([]byte("x"), l.Cols[o].Type, d); err != nil || string(text) != string(want) {
					t.Errorf("column %d is %s (%v), want %s", o, text, err, want)
				}
			}
			if id, err := row.AppendText(nil, RowID); l.Hidden() && (err != nil || string(id) != strconv.Itoa(n)) {
				t.Errorf("row id %s (%v), want %d", id, err, n)
			}
		}
	}
}

// TestDamagedEntries cuts entries short and flips their bits: decoding gives an
// error or other values, and never panics.
func TestDamagedEntries(t *testing.T) {
	l := Of(table())
	for i, e := range entries(l, values(true, true)) {
		x := &l.Indexes[i]
		damaged := func(key, value []byte) {
			if len(key) < len(x.Prefix) {
				return // another index's key
			}
			if _, err := decode(l, x, kv{key, value}, held(l, x)); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("index %d: got %v, want corruption", i, err)
			}
			if i == 0 {
				if err := l.NewRow().Load(key, value); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
					t.Fatalf("row: got %v, want corruption", err)
				}
			}
			if i > 0 {
				if _, err := l.Primary(x, key, value, nil); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
					t.Fatalf("index %d: got %v, want corruption", i, err)
				}
			}
		}
		for n := range e.key {
			damaged(e.key[:n], e.value)
		}
		for n := range e.value {
			damaged(e.key, e.value[:n])
		}
		for bit := range 8 * (len(e.key) + len(e.value)) {
			both := append(append([]byte(nil), e.key...), e.value...)
			both[bit/8] ^= 1 << (bit % 8)
			damaged(both[:len(e.key)], both[len(e.key):])
		}
		if _, err := decode(l, x, kv{e.key[:len(e.key)-1], nil}, held(l, x)); i != 1 && err == nil {
			t.Errorf("index %d: an entry cut short was read", i)
		}
	}
}

func FuzzEntry(f *testing.F) {
	l := Of(table())
	for i, e := range entries(l, values(true, true)) {
		f.Add(uint8(i), e.key, e.value)
	}
	f.Fuzz(func(t *testing.T, i uint8, key, value []byte) {
		x := &l.Indexes[int(i)%len(l.Indexes)]
		if len(key) < len(x.Prefix) {
			return
		}
		if _, err := decode(l, x, kv{key, value}, held(l, x)); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func TestSpans(t *testing.T) {
	tb := table()
	tb.Indexes[1].Columns[0] = catalog.IndexColumn{Column: 1, Type: sqltype.TInt4, Desc: true, NullsFirst: true}
	tb.Indexes[2].Columns[0] = catalog.IndexColumn{Column: 1, Type: sqltype.TInt4}
	l := Of(tb)
	datum := func(v int64) sqltype.Datum { return sqltype.Datum{Int: v} }
	for i := 1; i <= 2; i++ {
		x := &l.Indexes[i]
		inside := func(s Span, d sqltype.Datum) bool {
			k, _ := x.Key(nil, []sqltype.Datum{d, {}, {}, {}}, 0, nil)
			k = append(k, enc.AppendInt(nil, 5)...) // as a primary key follows
			return string(k) >= string(s.Lower) && string(k) < string(s.Upper)
		}
		first, last := int64(3), int64(8)
		if i == 1 {
			first, last = last, first
		}
		for _, incl := range []bool{false, true} {
			s := x.Span(nil, &Limit{datum(first), incl}, &Limit{datum(last), incl}, true)
			for v := int64(0); v < 12; v++ {
				want := v > 3 && v < 8 || incl && (v == 3 || v == 8)
				if got := inside(s, datum(v)); got != want {
					t.Errorf("index %d inclusive %t: %d is inside: %t", i, incl, v, got)
				}
			}
			if inside(s, sqltype.NullDatum) {
				t.Errorf("index %d: NULL is inside", i)
			}
		}
		if s := x.Span(nil, nil, nil, true); inside(s, sqltype.NullDatum) || !inside(s, datum(-1<<31)) || !inside(s, datum(1<<31-1)) {
			t.Errorf("index %d: not null holds NULL or lacks values", i)
		}
		if s := x.Span([]sqltype.Datum{sqltype.NullDatum}, nil, nil, false); !inside(s, sqltype.NullDatum) || inside(s, datum(0)) {
			t.Errorf("index %d: a search for NULL finds others", i)
		}
	}
}

func TestNormalize(t *testing.T) {
	s := func(lo, hi string) Span {
		if hi == "" {
			return Span{Lower: []byte(lo)}
		}
		return Span{[]byte(lo), []byte(hi)}
	}
	got := Normalize([]Span{s("m", "p"), s("a", "c"), s("b", "d"), s("a", "b"), s("x", "x"), s("z", ""), s("zz", "zzz"), s("d", "e")})
	want := []Span{s("a", "d"), s("d", "e"), s("m", "p"), s("z", "")}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if string(got[i].Lower) != string(want[i].Lower) || string(got[i].Upper) != string(want[i].Upper) {
			t.Errorf("span %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

// TestRowIDs: ids are given out once by many goroutines, and those that rows
// have already, as after the clock went back, are passed over.
func TestRowIDs(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tb := table()
	tb.Indexes = tb.Indexes[:1]
	tb.Indexes[0].Columns = []catalog.IndexColumn{{Column: catalog.RowID, Type: sqltype.TInt8}}
	l := Of(tb)
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := s.View(context.Background(), func(tx *txn.Tx) error {
				for range 100 {
					first, err := l.NewRowIDs(tx, 3)
					if err != nil {
						return err
					}
					mu.Lock()
					for k := range int64(3) {
						if seen[first+k] {
							t.Errorf("id %d was given out twice", first+k)
						}
						seen[first+k] = true
					}
					mu.Unlock()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ahead := lastRowID.Load() + 3_600_000_000 // an hour from now
	err = s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		return tx.Put(enc.AppendInt(l.Indexes[0].Prefix, ahead), []byte("row"))
	})
	if err != nil {
		t.Fatal(err)
	}
	lastRowID.Store(ahead - 5)
	err = s.View(context.Background(), func(tx *txn.Tx) error {
		first, err := l.NewRowIDs(tx, 10)
		if err == nil && first <= ahead {
			t.Errorf("got id %d, want one above %d", first, ahead)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRowsOfColumns: rows and keys made from columns are those made from values, of every
// width.
func TestRowsOfColumns(t *testing.T) {
	l := Of(table())
	for _, text := range []string{"", "hi", strings.Repeat("x", 200), strings.Repeat("x", 300), strings.Repeat("x", 70_000)} {
		for _, null := range []bool{false, true} {
			vals := values(!null, true)
			vals[3].Str = text
			cols := make([]*vec.Vector, len(vals))
			for o := range vals {
				cols[o] = vec.NewVector(l.Cols[o].Type, 2)
				cols[o].Set(1, vals[o])
			}
			want, _ := l.AppendRow([]byte("before"), vals, nil)
			if got := l.AppendRowOf([]byte("before"), cols, 1); !bytes.Equal(got, want) {
				t.Errorf("%d bytes of text, null %t: row %.60x, want %.60x", len(text), null, got, want)
			}
			key, _ := l.Indexes[0].Key(nil, vals, 7, nil)
			if got := l.KeyOf(nil, cols, 1, 7); !bytes.Equal(got, key) {
				t.Errorf("key %x, want %x", got, key)
			}
		}
	}
}
