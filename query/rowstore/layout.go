// Package rowstore lays the rows and index entries of SQL tables out as keys and
// values of the store, and reads them back into vectors (docs/format/index.md).
//
// It promises that an entry is found by the bytes of its key parts alone, in
// their order, and that whatever a key cannot restore is kept beside it. It owns
// everything below keyspace.SpaceIndex. It knows nothing of constraints: who
// writes through it has checked them.
//
//	primary index    prefix · key parts            → row of the columns that the key does not restore
//	secondary index  prefix · parts · primary key  → row of what the key does not restore, empty where nothing
//	unique index     prefix · parts                → length and primary key, then that row
//
// An entry of a unique index whose parts hold a NULL has the shape of a
// secondary one, since NULLs are distinct, unless the index says otherwise.
package rowstore

import (
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// Layout says where the columns of a table are in keys and rows. It is immutable
// and shared; Of finds it.
type Layout struct {
	Cols    []catalog.Column
	Indexes []Index

	stored []sqltype.RowColumn // columns of the row, by id
	order  []int               // their ordinals
	count  uint32
}

// Index is the layout of one index.
type Index struct {
	Def    catalog.Index
	Prefix []byte // of all its keys
	// Parts are the ordinals of the key parts: RowID for the hidden row id,
	// Expression for an expression.
	Parts []int

	extra      []sqltype.RowColumn // columns kept in the entry's value, by id
	extraOrder []int
	// where says for each ordinal how an entry gives the column.
	where []place
}

// Ordinals that are no column.
const (
	RowID      = -1
	Expression = -2
)

// place is where an entry holds a column.
type place struct {
	kind placeKind
	at   int // key part or position in extra
}

type placeKind uint8

const (
	nowhere   placeKind = iota
	inParts             // key part at
	inPrimary           // part at of the primary key
	inValue             // column at of the value's row
)

var layouts sync.Map // weak.Pointer[catalog.Table] → *Layout

// Of returns the layout of a table.
func Of(t *catalog.Table) *Layout {
	p := weak.Make(t)
	if l, ok := layouts.Load(p); ok {
		return l.(*Layout)
	}
	l, loaded := layouts.LoadOrStore(p, newLayout(t))
	if !loaded {
		runtime.AddCleanup(t, func(p weak.Pointer[catalog.Table]) { layouts.Delete(p) }, p)
	}
	return l.(*Layout)
}

func newLayout(t *catalog.Table) *Layout {
	l := &Layout{Cols: t.Columns, count: uint32(t.NextColumn)}
	ord := make(map[catalog.ColumnID]int, len(t.Columns)+1)
	for i, c := range t.Columns {
		ord[c.ID] = i
		l.count = max(l.count, uint32(c.ID)+1)
	}
	ord[catalog.RowID] = RowID
	l.Indexes = make([]Index, len(t.Indexes))
	for i := range t.Indexes {
		l.Indexes[i] = newIndex(t, &t.Indexes[i], ord)
	}
	prim := &l.Indexes[0]
	restored := make([]bool, len(t.Columns))
	for p, o := range prim.Parts {
		if o >= 0 && sqltype.KeyRestores(t.Columns[o].Type) {
			restored[o] = true
			prim.where[o] = place{inParts, p}
		}
	}
	l.stored, l.order = rowColumns(t.Columns, func(o int) bool { return !restored[o] })
	for at, o := range l.order {
		prim.where[o] = place{inValue, at}
	}
	for i := 1; i < len(l.Indexes); i++ {
		l.Indexes[i].placeColumns(t.Columns, prim)
	}
	return l
}

// rowColumns lists the wanted columns in ascending order of id.
func rowColumns(cols []catalog.Column, want func(ord int) bool) (list []sqltype.RowColumn, order []int) {
	for o := range cols {
		if want(o) {
			order = append(order, o)
		}
	}
	for i := 1; i < len(order); i++ {
		for j := i; j > 0 && cols[order[j]].ID < cols[order[j-1]].ID; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	for _, o := range order {
		list = append(list, sqltype.RowColumn{ID: uint32(cols[o].ID), Type: cols[o].Type})
	}
	return list, order
}

func newIndex(t *catalog.Table, def *catalog.Index, ord map[catalog.ColumnID]int) Index {
	x := Index{Def: *def, Prefix: keyspace.AppendPrefix(nil, t.DB, keyspace.SpaceIndex, def.ID), where: make([]place, len(t.Columns))}
	x.Prefix = x.Prefix[:len(x.Prefix):len(x.Prefix)]
	for _, part := range def.Columns {
		o, ok := ord[part.Column]
		switch {
		case part.Expr != "":
			o = Expression
		case !ok:
			panic(fmt.Sprintf("rowstore: index %s of table %s has a part of unknown column %d", def.Name, t.Name, part.Column))
		}
		x.Parts = append(x.Parts, o)
	}
	return x
}

// placeColumns finds for each column where an entry of a secondary index has it.
func (x *Index) placeColumns(cols []catalog.Column, prim *Index) {
	for p, o := range prim.Parts {
		if o >= 0 && prim.where[o].kind == inParts {
			x.where[o] = place{inPrimary, p}
		}
	}
	want := map[int]bool{}
	for p, o := range x.Parts {
		switch {
		case o < 0:
		case sqltype.KeyRestores(cols[o].Type):
			x.where[o] = place{inParts, p}
		default:
			want[o] = true
		}
	}
	for _, id := range x.Def.Include {
		for o := range cols {
			if cols[o].ID == id && x.where[o].kind == nowhere {
				want[o] = true
			}
		}
	}
	x.extra, x.extraOrder = rowColumns(cols, func(o int) bool { return want[o] })
	for at, o := range x.extraOrder {
		x.where[o] = place{inValue, at}
	}
}

// Holds reports whether entries hold a column (by ordinal, RowID for the hidden
// row id).
func (x *Index) Holds(ord int) bool {
	return ord < 0 || x.where[ord].kind != nowhere
}

// Hidden reports whether rows are kept by a hidden row id.
func (l *Layout) Hidden() bool { return len(l.Indexes[0].Parts) == 1 && l.Indexes[0].Parts[0] == RowID }

// Find returns the layout of an index of the table by its object id.
func (l *Layout) Find(id keyspace.ObjectID) *Index {
	for i := range l.Indexes {
		if l.Indexes[i].Def.ID == id {
			return &l.Indexes[i]
		}
	}
	return nil
}
