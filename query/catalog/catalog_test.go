package catalog

import (
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

func sampleTable() *Table {
	return &Table{
		ID: 7, DB: 3, Schema: "public", Name: "t", Version: 2, NextColumn: 4, Comment: "c",
		Columns: []Column{
			{ID: 1, Name: "id", Type: sqltype.TInt4, NotNull: true, Identity: 'a'},
			{ID: 3, Name: "v", Type: sqltype.Type{ID: sqltype.Varchar, Mod: 20}, Default: "'x'", Generated: "", Comment: "n"},
		},
		Indexes: []Index{
			{ID: 8, Name: "t_pkey", Unique: true, Primary: true, Constraint: true, Columns: []IndexColumn{{Column: 1, Type: sqltype.TInt4}}},
			{ID: 9, Name: "t_v", Kind: Hash, Columns: []IndexColumn{{Expr: "lower(v)", Type: sqltype.TText, Desc: true, NullsFirst: true}},
				Include: []ColumnID{1}, Predicate: "v IS NOT NULL", Building: true},
		},
		Checks:      []Check{{Name: "t_check", Expr: "id > 0"}},
		ForeignKeys: []ForeignKey{{Name: "fk", Columns: []ColumnID{1}, RefTable: 5, RefColumns: []ColumnID{2}, OnDelete: 'c', OnUpdate: 'a', Match: 's'}},
	}
}

// goldenTable may never change: tables are stored so.
const goldenTableHex = "0107067075626c69630174020401630201026964030000010061000003017609002800032778270000016e020806745f706b657900070001010003000000000903745f7601080d76204953204e4f54204e554c4c0100086c6f7765722876290800000301010107745f636865636b066964203e20300102666b0101050102636173"

func TestTableGolden(t *testing.T) {
	got := hex.EncodeToString(EncodeTable(sampleTable()))
	if got != goldenTableHex {
		t.Errorf("encoding has changed:\ngot  %s\nwant %s", got, goldenTableHex)
	}
	back, err := DecodeTable(3, EncodeTable(sampleTable()))
	if err != nil || !reflect.DeepEqual(back, sampleTable()) {
		t.Errorf("decoded %+v, %v", back, err)
	}
}

// TestTableDamage cuts the record at every byte and flips every bit: what is
// accepted must encode back to itself.
func TestTableDamage(t *testing.T) {
	whole := EncodeTable(sampleTable())
	for n := range whole {
		if _, err := DecodeTable(3, whole[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("cut at %d: error %v", n, err)
		}
		for bit := range 8 {
			b := append([]byte(nil), whole...)
			b[n] ^= 1 << bit
			if back, err := DecodeTable(3, b); err == nil && string(EncodeTable(back)) != string(b) {
				t.Errorf("bit %d of byte %d: accepted but not the same", bit, n)
			}
		}
	}
}

func FuzzDecodeTable(f *testing.F) {
	f.Add(EncodeTable(sampleTable()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if back, err := DecodeTable(3, b); err == nil && string(EncodeTable(back)) != string(b) {
			t.Fatal("an accepted record does not encode back to itself")
		}
	})
}

func TestSequenceAndViewRoundTrip(t *testing.T) {
	q := &Sequence{ID: 4, Schema: "public", Name: "s", Type: sqltype.TInt8, Start: 1, Increment: -2, Min: -9, Max: 1 << 40, Cache: 1, Cycle: true, OwnerTable: 7, OwnerColumn: 1}
	if back, err := decodeSequence(encodeSequence(q)); err != nil || !reflect.DeepEqual(back, q) {
		t.Errorf("sequence: %+v, %v", back, err)
	}
	v := &View{ID: 4, Schema: "public", Name: "v", Query: "SELECT 1", Columns: []ViewColumn{{Name: "a", Type: sqltype.TInt4}}}
	if back, err := decodeView(encodeView(v)); err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("view: %+v, %v", back, err)
	}
}

func testCatalog(t *testing.T) (*Catalog, *txn.Store) {
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(store), store
}

// TestEditIsTransactional checks that a change is seen by its own transaction at
// once, by others after the commit only, and by nobody after a rollback.
func TestEditIsTransactional(t *testing.T) {
	ctx := context.Background()
	c, store := testCatalog(t)
	begin := func() *txn.Tx {
		tx, err := store.Begin(ctx, txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	has := func(tx *txn.Tx) bool {
		s, err := c.At(tx, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := s.Lookup("public", "t")
		return ok
	}
	create := func(tx *txn.Tx) {
		e, err := c.Edit(ctx, tx, 1)
		if err != nil {
			t.Fatal(err)
		}
		tab := sampleTable()
		if tab.ID, err = e.NewID(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.PutTable(tab), e.Finish()); err != nil {
			t.Fatal(err)
		}
	}
	tx := begin()
	create(tx)
	other := begin()
	if !has(tx) || has(other) {
		t.Errorf("before commit: own %t, other %t; want true, false", has(tx), has(other))
	}
	tx.Rollback()
	if again := begin(); has(again) {
		t.Error("the table is there after a rollback")
	}
	tx = begin()
	create(tx)
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if has(other) || !has(begin()) {
		t.Error("the table is seen by an older snapshot, or not by a newer one")
	}
	if fresh, err := New(store).At(begin(), 1); err != nil || len(fresh.Tables()) != 1 {
		t.Errorf("read anew: %v, %v", fresh.Tables(), err)
	}
}

func TestDatabases(t *testing.T) {
	ctx := context.Background()
	c, store := testCatalog(t)
	a, err := c.CreateDatabase(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateDatabase(ctx, "a"); !errors.Is(err, dberr.ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	for _, bad := range []string{"", "1a", "a b", "ä", "a/b"} {
		if _, err := c.CreateDatabase(ctx, bad); err == nil {
			t.Errorf("name %q was accepted", bad)
		}
	}
	if err := c.DropDatabase(ctx, "default"); err == nil {
		t.Error("the default database was dropped")
	}
	if err := errors.Join(c.DropDatabase(ctx, "a"), c.RunDrops(ctx, nil)); err != nil {
		t.Fatal(err)
	}
	if err := c.DropDatabase(ctx, "a"); !errors.Is(err, dberr.ErrNotFound) && dberr.As(err) == nil {
		t.Errorf("dropped twice: %v", err)
	}
	again, err := c.CreateDatabase(ctx, "a")
	if err != nil || again.ID == a.ID {
		t.Errorf("created again with id %d (was %d), %v; want another id", again.ID, a.ID, err)
	}
	err = store.View(ctx, func(tx *txn.Tx) error {
		list, err := c.Databases(tx)
		if len(list) != 2 || list[0].Name != "a" || list[1].Name != "default" {
			t.Errorf("databases are %v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
