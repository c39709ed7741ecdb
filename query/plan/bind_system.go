package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// System columns of tables are made of the key of the row, which a scan gives where it is
// asked for: tableoid, and ctid where the key is one number. What tells of the transactions
// that wrote a row is not known before they commit, and is refused.

// IsSystemColumn tells the names that columns of tables may not have.
func IsSystemColumn(name string) bool {
	switch name {
	case "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax":
		return true
	}
	return false
}

// systemColumn finds a system column by its name alone; nil where the level has none.
func (b *binder) systemColumn(s *scope, name string, pos int) Expr {
	if !IsSystemColumn(name) {
		return nil
	}
	var hit *entry
	for _, t := range s.tables {
		if !hasSystem(s, t) {
			continue
		}
		if hit != nil {
			failAt(pos, dberr.StateAmbiguousColumn, "column reference %q is ambiguous", name)
		}
		hit = t
	}
	if hit == nil {
		return nil
	}
	return b.systemOf(s, hit, name, pos)
}

// hasSystem reports whether a table of a scope has system columns: one that is scanned, or
// the new rows of RETURNING.
func hasSystem(s *scope, t *entry) bool {
	return t.table != nil && t.table.External == nil && (t.scan != nil || s.returning)
}

// systemOf is a system column of a table.
func (b *binder) systemOf(s *scope, t *entry, name string, pos int) Expr {
	oid := &Const{Typ: sqltype.TOID, Value: sqltype.Datum{Int: int64(t.table.ID) + catalog.FirstOID}}
	switch {
	case name == "tableoid" && (t.scan == nil || !t.nullable):
		return oid
	case name == "ctid" && t.scan == nil:
		failAt(pos, dberr.StateFeatureNotSupported, "system column \"ctid\" of the rows that INSERT or UPDATE returns is not supported")
	case name != "tableoid" && name != "ctid":
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "system column %q is not supported", name).
			WithHint("Rows do not know the transaction that wrote them. A column that each UPDATE counts up tells whether a row has changed.").At(pos))
	}
	key := b.q.Ref(b.rowKey(t.scan))
	b.pos[key], b.source[key] = pos, t.name+"."+name
	b.hit = visible{}
	if name == "tableoid" {
		return &Case{Typ: sqltype.TOID, Conds: []Expr{&IsNull{Arg: key, Not: true}}, Results: []Expr{oid}}
	}
	x := &t.table.Indexes[0]
	if !numbered(t.table, x) {
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "system column \"ctid\" of table %q is not supported", t.table.Name).
			WithHint("Only tables without a primary key have it, and those of which it is one column of an integer type. Use the primary key.").At(pos))
	}
	prefix := len(keyspace.AppendPrefix(nil, t.table.DB, keyspace.SpaceIndex, x.ID))
	return &Call{Typ: sqltype.Type{ID: sqltype.TID}, Func: fn.RowPlace(prefix), Args: []Expr{key}, Pos: pos}
}

// numbered reports whether a primary index has one part that is a number: a hidden row id, or
// an integer column.
func numbered(t *catalog.Table, x *catalog.Index) bool {
	if len(x.Columns) != 1 {
		return false
	}
	if x.Columns[0].Column == catalog.RowID {
		return true
	}
	switch x.Columns[0].Type.ID {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		return !x.Columns[0].Desc
	}
	return false
}
