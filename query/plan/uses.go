package plan

import (
	"slices"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
)

// Uses tells what the parts of a query's tree stand for, so that a stored query can
// be written with full names and can follow renames. What the texts of views within
// it name is left out.
type Uses struct {
	// Reads are the tables and views that are read, those below views too.
	Reads   []keyspace.ObjectID
	Tables  map[*ast.TableRef]catalog.Relation
	Columns map[*ast.ColumnRef]ColumnUse
	Types   map[*ast.TypeName]*catalog.UserType
	Funcs   map[*ast.FuncCall]*catalog.Function // those in language SQL
	// Used holds all columns that are named, by * too. Merged are those that USING or
	// NATURAL joins by, whose names mean something.
	Used, Merged map[ColumnUse]bool

	stars   map[*ast.ColumnRef][]ast.ColumnRef
	natural map[*ast.Join][]string
	full    map[*ast.ColumnRef][]string
}

// ColumnUse names a column of a table, or of a view by its number from 1.
type ColumnUse struct {
	Relation keyspace.ObjectID
	Column   catalog.ColumnID
}

// BindUses is Bind of a query, and tells what it uses.
func BindUses(s *Scope, sel *ast.Select) (q *Query, u *Uses, err error) {
	defer catch(&err)
	b := newBinder(s)
	u = newUses()
	b.uses, b.opaque = u, true
	out := b.query(sel, nil, nil)
	for i := range out.cols {
		b.settle(out, i)
	}
	b.q.Rel, b.q.Out = b.outputs(out)
	for i, c := range b.q.Out {
		b.q.Info[c].Name = out.names[i]
	}
	u.readBy(s.Catalog, b.reads)
	return b.q, u, nil
}

func newUses() *Uses {
	return &Uses{
		Tables: map[*ast.TableRef]catalog.Relation{}, Columns: map[*ast.ColumnRef]ColumnUse{},
		Types: map[*ast.TypeName]*catalog.UserType{}, Funcs: map[*ast.FuncCall]*catalog.Function{}, Used: map[ColumnUse]bool{}, Merged: map[ColumnUse]bool{},
		stars: map[*ast.ColumnRef][]ast.ColumnRef{}, natural: map[*ast.Join][]string{}, full: map[*ast.ColumnRef][]string{},
	}
}

// readBy fills Reads.
func (u *Uses) readBy(s *catalog.Snapshot, reads map[relKey]bool) {
	for k := range reads {
		if r, ok := s.Lookup(k.schema, k.name); ok {
			switch {
			case r.Table != nil:
				u.Reads = append(u.Reads, r.Table.ID)
			case r.View != nil:
				u.Reads = append(u.Reads, r.View.ID)
			}
		}
	}
	slices.Sort(u.Reads)
}

// noteColumn records what a column reference has been found to be.
func (u *Uses) noteColumn(ref *ast.ColumnRef, v visible) {
	if u == nil {
		return
	}
	if v.origin.Relation != 0 {
		u.Columns[ref] = v.origin
		u.Used[v.origin] = true
	}
	if v.from != nil && v.from.name != "" && len(ref.Names) == 1 && v.from.named(v.name) {
		u.full[ref] = []string{v.from.name, v.name}
	}
}

// named reports whether a table of FROM has just one column of a name.
func (e *entry) named(name string) bool {
	n := 0
	for _, c := range e.cols {
		if c.name == name {
			n++
		}
	}
	return n == 1
}

// noteStar records what * stands for.
func (u *Uses) noteStar(ref *ast.ColumnRef, list []visible) {
	if u == nil {
		return
	}
	for _, v := range list {
		names := []string{v.name}
		if v.from != nil && v.from.name != "" && v.from.named(v.name) {
			names = []string{v.from.name, v.name}
		}
		if v.origin.Relation != 0 {
			u.Used[v.origin] = true
		}
		u.stars[ref] = append(u.stars[ref], ast.ColumnRef{Loc: ref.Loc, Names: names})
	}
	if list == nil {
		u.stars[ref] = nil
	}
}

// Expand writes a bound query with full names: tables and types with their schemas,
// columns with their tables, each * as the columns that it stands for.
func (u *Uses) Expand(sel *ast.Select) {
	for ref, rel := range u.Tables {
		ref.Name.Catalog = ""
		ref.Name.Schema = schemaOf(rel)
	}
	for t, user := range u.Types {
		t.Schema = user.Schema
	}
	for call, f := range u.Funcs {
		call.Name = []string{f.Schema, f.Name}
	}
	for ref, names := range u.full {
		ref.Names = names
	}
	ast.Walk(sel, func(n any) bool {
		switch n := n.(type) {
		case *ast.Select:
			n.Targets = u.expandTargets(n.Targets)
			for i := range n.Values {
				n.Values[i] = u.expandList(n.Values[i])
			}
		case *ast.Row:
			n.Args = u.expandList(n.Args)
		case *ast.Join:
			if names := u.natural[n]; n.Natural && len(names) > 0 {
				n.Natural, n.Using = false, names
			}
		}
		return true
	})
}

func schemaOf(r catalog.Relation) string {
	switch {
	case r.Table != nil:
		return r.Table.Schema
	case r.View != nil:
		return r.View.Schema
	case r.Sequence != nil:
		return r.Sequence.Schema
	}
	return ""
}

func (u *Uses) expandTargets(list []ast.Target) (out []ast.Target) {
	for _, t := range list {
		ref, ok := t.Expr.(*ast.ColumnRef)
		cols, known := u.stars[ref]
		if !ok || !ref.Star || !known {
			out = append(out, t)
			continue
		}
		for i := range cols {
			out = append(out, ast.Target{Loc: t.Loc, Expr: &cols[i]})
		}
	}
	return out
}

// expandList expands t.* in the list of a row or of VALUES.
func (u *Uses) expandList(list []ast.Expr) (out []ast.Expr) {
	for _, e := range list {
		ref, ok := e.(*ast.ColumnRef)
		cols, known := u.stars[ref]
		if !ok || !ref.Star || !known {
			out = append(out, e)
			continue
		}
		for i := range cols {
			out = append(out, &cols[i])
		}
	}
	return out
}

// Rename gives references to a relation, or to a column of it, their new name. Aliases
// keep everything else of the query as it was.
func (u *Uses) Rename(sel *ast.Select, id keyspace.ObjectID, schema, name string) {
	for ref, rel := range u.Tables {
		if (rel.Table == nil || rel.Table.ID != id) && (rel.View == nil || rel.View.ID != id) {
			continue
		}
		if ref.Alias == nil && ref.Name.Name != name {
			ref.Alias = &ast.Alias{Name: ref.Name.Name}
		}
		ref.Name.Catalog, ref.Name.Schema, ref.Name.Name = "", schema, name
	}
}

// RenameColumn gives references to a column their new name, where it has no meaning
// besides: ok is false where USING joins by it, or an alias lists names.
func (u *Uses) RenameColumn(sel *ast.Select, c ColumnUse, name string) (ok bool) {
	if u.Merged[c] {
		return false
	}
	ast.Walk(sel, func(n any) bool {
		q, is := n.(*ast.Select)
		if !is {
			return true
		}
		for i := range q.Targets {
			t := &q.Targets[i]
			if ref, is := t.Expr.(*ast.ColumnRef); is && u.Columns[ref] == c && t.Alias == "" {
				t.Alias = ref.Names[len(ref.Names)-1]
			}
		}
		return true
	})
	for ref, use := range u.Columns {
		if use == c {
			ref.Names[len(ref.Names)-1] = name
		}
	}
	return true
}
