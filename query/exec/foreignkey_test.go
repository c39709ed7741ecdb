package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

func indexOf(tb *catalog.Table, i int) *rowstore.Index { return &rowstore.Of(tb).Indexes[i] }

// family is a referenced and a referencing table in a catalog.
type family struct {
	s             *txn.Store
	snap          *catalog.Snapshot
	parent, child *catalog.Table
}

func newFamily(t *testing.T, onDelete, onUpdate byte, indexed bool) *family {
	t.Helper()
	f := &family{s: memoryStore(t)}
	pcols := columns(catalog.Column{Name: "id", Type: sqltype.TInt8, NotNull: true}, catalog.Column{Name: "code", Type: sqltype.TText})
	f.parent = newTable(100, "parent", pcols, key(1), catalog.Index{Name: "parent_code_key", Unique: true, Columns: key(2)(pcols)})
	ccols := columns(
		catalog.Column{Name: "cid", Type: sqltype.TInt4, NotNull: true}, catalog.Column{Name: "pid", Type: sqltype.TInt4, Default: "9"},
		catalog.Column{Name: "up", Type: sqltype.TInt4},
	)
	f.child = newTable(200, "child", ccols, key(1))
	if indexed {
		f.child.Indexes = append(f.child.Indexes, catalog.Index{ID: 201, Name: "child_pid", Columns: key(2)(ccols)})
	}
	f.child.ForeignKeys = []catalog.ForeignKey{
		{Name: "child_pid_fkey", Columns: []catalog.ColumnID{2}, RefTable: 100, RefColumns: []catalog.ColumnID{1}, OnDelete: onDelete, OnUpdate: onUpdate, Match: 's'},
		{Name: "child_up_fkey", Columns: []catalog.ColumnID{3}, RefTable: 200, RefColumns: []catalog.ColumnID{1}, OnDelete: 'c', OnUpdate: 'a', Match: 's'},
	}
	cat := catalog.New(f.s)
	db, err := cat.CreateDatabase(context.Background(), "fk")
	if err != nil {
		t.Fatal(err)
	}
	f.parent.DB, f.child.DB = db.ID, db.ID
	err = f.s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		e, err := cat.Edit(context.Background(), tx, db.ID)
		if err != nil {
			return err
		}
		return errors.Join(e.PutTable(f.parent), e.PutTable(f.child), e.Finish())
	})
	if err != nil {
		t.Fatal(err)
	}
	err = f.s.View(context.Background(), func(tx *txn.Tx) (err error) {
		f.snap, err = cat.At(tx, db.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.parent, f.child = f.snap.Table(keyspace.ObjectID(100)), f.snap.Table(keyspace.ObjectID(200))
	return f
}

func (f *family) with(c *Context) {
	c.Catalog, c.Host = f.snap, f
}

// Rules implements Host.
func (f *family) Rules(*catalog.Table) (*TableRules, error) {
	return &TableRules{Defaults: []plan.Expr{nil, intConst(9), nil}}, nil
}

// Past implements Host.
func (f *family) Past(uint64) (*txn.Tx, error) { return nil, errors.New("no past") }

// try runs a plan in a transaction of its own.
func (f *family) try(t *testing.T, n plan.Node) error {
	t.Helper()
	return f.s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		_, _, err := runIn(t, tx, n, f.with)
		return err
	})
}

func (f *family) must(t *testing.T, n plan.Node) {
	t.Helper()
	if err := f.try(t, n); err != nil {
		t.Fatal(err)
	}
}

func null() sqltype.Datum { return sqltype.NullDatum }

func (f *family) start(t *testing.T) {
	t.Helper()
	f.must(t, insertPeople(f.parent, row{{Int: 1}, {Str: "a"}}, row{{Int: 2}, {Str: "b"}}, row{{Int: 9}, {Str: "z"}}))
	f.must(t, insertPeople(f.child, row{{Int: 10}, {Int: 1}, null()}, row{{Int: 11}, {Int: 1}, {Int: 10}}, row{{Int: 12}, {Int: 2}, {Int: 11}}, row{{Int: 13}, null(), {Int: 13}}))
}

func (f *family) deleteParent(t *testing.T, id int64) error {
	return f.try(t, &plan.Delete{Table: f.parent, Input: targets(f.parent, op(t, "=", &plan.Slot{Typ: sqltype.TInt8}, &plan.Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: id}}))})
}

func (f *family) moveParent(t *testing.T, by int64) error {
	return f.try(t, set(f.parent, nil, plan.SetColumn{Col: 0, Expr: op(t, "+", &plan.Slot{Typ: sqltype.TInt8}, &plan.Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: by}})}))
}

func TestForeignKeyChecks(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		f := newFamily(t, 'a', 'a', indexed)
		f.start(t)
		err := f.try(t, insertPeople(f.child, row{{Int: 20}, {Int: 1}, null()}, row{{Int: 21}, {Int: 3}, null()}))
		wantState(t, err, "23503")
		if e := dberr.As(err); e.Message != `insert or update on table "child" violates foreign key constraint "child_pid_fkey"` ||
			e.Detail != `Key (pid)=(3) is not present in table "parent".` {
			t.Errorf("got %q, %q", e.Message, e.Detail)
		}
		err = f.deleteParent(t, 1)
		wantState(t, err, "23503")
		if e := dberr.As(err); e.Message != `update or delete on table "parent" violates foreign key constraint "child_pid_fkey" on table "child"` ||
			e.Detail != `Key (id)=(1) is still referenced from table "child".` {
			t.Errorf("got %q, %q", e.Message, e.Detail)
		}
		wantState(t, f.try(t, set(f.child, nil, plan.SetColumn{Col: 1, Expr: intConst(5)})), "23503")
		wantState(t, f.moveParent(t, 100), "23503")
		// 1 → 0 and 2 → 1: both 1 and 2 are referenced, and 2 is gone in the end.
		wantState(t, f.moveParent(t, -1), "23503")
		f.must(t, set(f.child, nil, plan.SetColumn{Col: 1, Expr: intConst(1)}))
		if err := f.moveParent(t, -1); err != nil { // 2 takes the place of 1
			t.Fatal(err)
		}
		wantRows(t, consistent(t, f.s, f.parent), "0|a", "1|b", "8|z")
		wantRows(t, consistent(t, f.s, f.child), "10|1|null", "11|1|10", "12|1|11", "13|1|13")
	}
}

func TestForeignKeyActions(t *testing.T) {
	for _, c := range []struct {
		name   string
		action byte
		delete []string // children after parent 1 is deleted
		update []string // and after all parents have moved by -8: 1 → -7, 2 → -6, 9 → 1, 17 → 9
	}{
		{"cascade", 'c', []string{"13|null|13"}, []string{"10|-7|null", "11|-7|10", "12|-6|11", "13|null|13"}},
		{"set null", 'n', []string{"10|null|null", "11|null|10", "12|2|11", "13|null|13"}, []string{"10|null|null", "11|null|10", "12|null|11", "13|null|13"}},
		{"set default", 'd', []string{"10|9|null", "11|9|10", "12|2|11", "13|null|13"}, []string{"10|9|null", "11|9|10", "12|9|11", "13|null|13"}},
	} {
		for _, indexed := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				f := newFamily(t, c.action, c.action, indexed)
				f.start(t)
				if err := f.deleteParent(t, 1); err != nil {
					t.Fatal(err)
				}
				wantRows(t, consistent(t, f.s, f.child), c.delete...)
				f = newFamily(t, c.action, c.action, indexed)
				f.start(t)
				f.must(t, insertPeople(f.parent, row{{Int: 17}, {Str: "y"}}))
				if err := f.moveParent(t, -8); err != nil {
					t.Fatal(err)
				}
				wantRows(t, consistent(t, f.s, f.child), c.update...)
			})
		}
	}
}

// TestForeignKeyRaces: a child and the deletion of its parent do not both commit,
// under either isolation.
func TestForeignKeyRaces(t *testing.T) {
	for _, iso := range []txn.Isolation{txn.Serializable, txn.Snapshot} {
		for _, childFirst := range []bool{false, true} {
			f := newFamily(t, 'a', 'a', true)
			f.start(t)
			begin := func(n plan.Node) *txn.Tx {
				tx, err := f.s.Begin(context.Background(), txn.TxOptions{Isolation: iso})
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := runIn(t, tx, n, f.with); err != nil {
					t.Fatal(err)
				}
				return tx
			}
			a := begin(insertPeople(f.child, row{{Int: 50}, {Int: 9}, null()}))
			b := begin(&plan.Delete{Table: f.parent, Input: targets(f.parent, op(t, "=", &plan.Slot{Typ: sqltype.TInt8}, &plan.Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 9}}))})
			if !childFirst {
				a, b = b, a
			}
			if err := a.Commit(context.Background()); err != nil {
				t.Fatal(err)
			}
			if err := b.Commit(context.Background()); !errors.Is(err, dberr.ErrConflict) {
				t.Fatalf("isolation %d, child first %t: got %v, want a conflict", iso, childFirst, err)
			}
		}
	}
}
