package exec

import (
	"context"
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

func memoryStore(t testing.TB) *txn.Store {
	t.Helper()
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// column makes a column with the id that follows from its place.
func columns(cols ...catalog.Column) []catalog.Column {
	for i := range cols {
		cols[i].ID = catalog.ColumnID(i + 1)
	}
	return cols
}

func key(ids ...catalog.ColumnID) func(t []catalog.Column) []catalog.IndexColumn {
	return func(cols []catalog.Column) (out []catalog.IndexColumn) {
		for _, id := range ids {
			if id == catalog.RowID {
				out = append(out, catalog.IndexColumn{Column: id, Type: sqltype.TInt8})
				continue
			}
			out = append(out, catalog.IndexColumn{Column: id, Type: cols[id-1].Type})
		}
		return out
	}
}

// newTable describes a table: id and id+1 … are its indexes' ids, the first the primary one.
func newTable(id keyspace.ObjectID, name string, cols []catalog.Column, primary func([]catalog.Column) []catalog.IndexColumn, more ...catalog.Index) *catalog.Table {
	t := &catalog.Table{ID: id, DB: 1, Schema: "public", Name: name, Columns: cols, NextColumn: catalog.ColumnID(len(cols) + 1)}
	t.Indexes = append(t.Indexes, catalog.Index{ID: id, Name: name + "_pkey", Unique: true, Primary: true, Columns: primary(cols)})
	for i, x := range more {
		x.ID = id + keyspace.ObjectID(i) + 1
		t.Indexes = append(t.Indexes, x)
	}
	return t
}

func scanOf(t *catalog.Table) *plan.Scan {
	n := &plan.Scan{Table: t, Index: &t.Indexes[0]}
	for i, c := range t.Columns {
		n.Cols = append(n.Cols, i)
		n.Out = append(n.Out, plan.Field{Name: c.Name, Type: c.Type})
	}
	return n
}

// targets is a scan that also gives row keys, for writes.
func targets(t *catalog.Table, filter plan.Expr) *plan.Scan {
	n := scanOf(t)
	n.NeedRowKey, n.Filter = true, filter
	n.Out = append(n.Out, plan.Field{Name: "key", Type: sqltype.TBytea})
	return n
}

// rowsNode gives constant rows.
func rowsNode(types []sqltype.Type, rows ...row) *plan.Values {
	n := &plan.Values{Base: plan.Base{Out: relation{types: types}.fields()}}
	for _, r := range rows {
		exprs := make([]plan.Expr, len(r))
		for i, d := range r {
			exprs[i] = &plan.Const{Typ: types[i], Value: d}
		}
		n.Rows = append(n.Rows, exprs)
	}
	return n
}

func tableTypes(t *catalog.Table) []sqltype.Type {
	types := make([]sqltype.Type, len(t.Columns))
	for i := range t.Columns {
		types[i] = t.Columns[i].Type
	}
	return types
}

// runIn runs a plan in a transaction and returns the texts of its rows.
func runIn(t testing.TB, tx *txn.Tx, n plan.Node, with func(*Context)) ([]string, int64, error) {
	t.Helper()
	c := &Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}
	if with != nil {
		with(c)
	}
	var out []string
	count, err := Run(c, n, func(b *vec.Batch) error {
		for _, i := range live(b) {
			r := make(row, len(b.Cols))
			for k, col := range b.Cols {
				r[k] = col.Get(int(i))
			}
			out = append(out, r.text(n.Fields()))
		}
		return nil
	})
	return out, count, err
}

// do runs a plan in a transaction of its own, which must succeed.
func do(t testing.TB, s *txn.Store, n plan.Node) ([]string, int64) {
	t.Helper()
	var out []string
	var count int64
	err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) (err error) {
		out, count, err = runIn(t, tx, n, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, count
}
