package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// RowKey says that columns of a cursor's query are the key of a row of a table: its primary
// key, or the encoded key of a table without one.
type RowKey struct {
	Table keyspace.ObjectID
	Cols  int // how many

	cols []Col
}

// cursorKeys are the keys of the rows that a cursor's query is made of: of the tables that
// it locks, or of the only one that it reads.
func (b *binder) cursorKeys(sel *ast.Select, s *scope) (out []RowKey) {
	if !b.RowKeys || sel != b.root || sel.Distinct || len(sel.DistinctOn) > 0 {
		return nil
	}
	add := func(e *entry) {
		if e.scan != nil && e.scan.AsOf == 0 {
			cols := b.keyCols(e.scan)
			out = append(out, RowKey{Table: e.scan.Table.ID, Cols: len(cols), cols: cols})
		}
	}
	if len(sel.Locking) == 0 {
		if len(s.tables) == 1 {
			add(s.tables[0])
		}
		return out
	}
	for _, e := range s.tables {
		if slices.ContainsFunc(sel.Locking, func(l ast.Locking) bool { return len(l.Tables) == 0 || names(l.Tables, e.name) }) {
			add(e)
		}
	}
	return out
}

// keyCols are the columns of a scan that tell a row from all others.
func (b *binder) keyCols(scan *LScan) (cols []Col) {
	t := scan.Table
	key := t.PrimaryKey()
	if key == nil {
		return []Col{b.rowKey(scan)}
	}
	for _, id := range key {
		i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.ID == id })
		cols = append(cols, scan.ColIDs[i])
	}
	return cols
}

// currentOf binds WHERE CURRENT OF: the condition that a row is the one on which the cursor
// stands now.
func (b *binder) currentOf(s *scope, at *ast.CurrentOf) []Expr {
	scan := s.tables[0].scan
	switch {
	case b.Cursor == nil || b.uses != nil:
		unsupported(at.Pos(), "WHERE CURRENT OF here")
	case scan == nil:
		failAt(at.Pos(), dberr.StateFeatureNotSupported, "WHERE CURRENT OF on a view is not implemented")
	}
	key, err := b.Cursor(at.Cursor, scan.Table)
	if err != nil {
		fail(err)
	}
	b.q.Once = true
	if key == nil {
		return []Expr{&Const{Typ: sqltype.TBool, Value: sqltype.Datum{}}}
	}
	var conds []Expr
	for i, c := range b.keyCols(scan) {
		is := &ast.Binary{Op: "=", L: boundExpr{&ast.ColumnRef{}, b.q.Ref(c)}, R: boundExpr{&ast.ColumnRef{}, &Const{Typ: b.q.TypeOf(c), Value: key[i]}}}
		conds = append(conds, b.boolean(s, is, "WHERE"))
	}
	return conds
}

func setsIn(targets []target) bool {
	return slices.ContainsFunc(targets, func(t target) bool { return hasSets(t.expr) })
}
