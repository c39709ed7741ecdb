package plan

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// A whole row is a row expression over the columns of its table, whose type names them.

// wholeRow is the row of a table that is named as a value.
func (b *binder) wholeRow(s *scope, t *entry, pos int) Expr {
	if b.uses != nil { // its fields would have to follow changes of the table
		unsupported(pos, "a whole-row reference in a view")
	}
	row := &RowExpr{Nullable: t.nullable}
	var fields []sqltype.CompositeField
	for i, c := range t.cols {
		if c.hidden {
			continue
		}
		x := b.settled(b.found(s, c, pos))
		row.Elems = append(row.Elems, x)
		f := sqltype.CompositeField{Name: c.name, Type: x.Type()}
		if t.table != nil && i < len(t.table.Columns) && t.table.Columns[i].Name == c.name {
			f.Domain = uint64(t.table.Columns[i].Domain)
		}
		fields = append(fields, f)
	}
	name := "record"
	if t.table != nil {
		name = t.table.Name
	}
	row.Typ = sqltype.RowTypeOf(name, fields)
	b.hit = visible{}
	return row
}

// rowOf is t.* where one value is asked for.
func (b *binder) rowOf(s *scope, ref *ast.ColumnRef) Expr {
	schema, table := "", ref.Names[len(ref.Names)-1]
	if len(ref.Names) > 1 {
		schema = ref.Names[len(ref.Names)-2]
	}
	for level := s; level != nil; level = level.parent {
		if t := b.entryIn(level, schema, table, ref.Pos()); t != nil {
			return b.wholeRow(level, t, ref.Pos())
		}
	}
	b.missingTable(s, schema, table, ref.Pos())
	return nil
}

// boundExpr is an expression that is bound already, in the place of one that is not.
type boundExpr struct {
	*ast.ColumnRef
	x Expr
}

// spread puts the columns that t.* and (row).* stand for in their place.
func (b *binder) spread(s *scope, list []ast.Expr) []ast.Expr {
	var out []ast.Expr
	for i, e := range list {
		parts, star := b.starOf(s, e)
		if star && out == nil {
			out = append(make([]ast.Expr, 0, len(list)+len(parts)), list[:i]...)
		}
		for _, p := range parts {
			out = append(out, boundExpr{&ast.ColumnRef{Loc: ast.Loc(e.Pos())}, p.expr})
		}
		if !star && out != nil {
			out = append(out, e)
		}
	}
	if out == nil {
		return list
	}
	return out
}

// starOf is what an expression with a star stands for in a list.
func (b *binder) starOf(s *scope, e ast.Expr) (parts []target, star bool) {
	switch e := e.(type) {
	case *ast.ColumnRef:
		if e.Star {
			return b.star(s, e), true
		}
	case *ast.Field:
		if e.Star && !b.isSetCall(s, e.Arg) {
			return b.rowStar(s, e), true
		}
	}
	return nil, false
}

// rowArgs are the fields of a row as it is written; nil where e is another expression.
func (b *binder) rowArgs(s *scope, e ast.Expr) []ast.Expr {
	r, ok := e.(*ast.Row)
	if !ok {
		return nil
	}
	return b.spread(s, r.Args)
}

// fields are the fields of a row with what gives each.
func (b *binder) fields(x Expr, pos int) (names []string, values []Expr) {
	row, isRow := x.(*RowExpr)
	if c, ok := sqltype.CompositeOf(x.Type()); ok && x.Type().ID == sqltype.Record {
		for i, f := range c.Fields {
			names = append(names, f.Name)
			if isRow && !row.Nullable {
				values = append(values, row.Elems[i])
				continue
			}
			values = append(values, &Call{Typ: f.Type, Func: fn.RecordField(x.Type(), i, f.Type), Args: []Expr{x}, Pos: pos})
		}
		return names, values
	}
	if v, ok := x.(*Var); ok {
		for i, t := range b.rows[v.Col] {
			names = append(names, "f"+strconv.Itoa(i+1))
			values = append(values, &Call{Typ: t, Func: fn.RecordField(x.Type(), i, t), Args: []Expr{x}, Pos: pos})
		}
		return names, values
	}
	if !isRow {
		return nil, nil
	}
	for i, e := range row.Elems {
		names, values = append(names, "f"+strconv.Itoa(i+1)), append(values, e)
	}
	return names, values
}

// noteRow notes the fields of a column that is a row as it is written, or a copy of one.
func (b *binder) noteRow(c Col, e Expr) {
	var types []sqltype.Type
	switch e := e.(type) {
	case *RowExpr:
		if e.Typ.Mod != 0 {
			return
		}
		for _, x := range e.Elems {
			t := x.Type()
			if t.ID == sqltype.Unknown {
				t = sqltype.TText
			}
			types = append(types, t)
		}
	case *Var:
		types = b.rows[e.Col]
	}
	if types == nil {
		return
	}
	if b.rows == nil {
		b.rows = map[Col][]sqltype.Type{}
	}
	b.rows[c] = types
}

// rowField is (row).name.
func (b *binder) rowField(s *scope, f *ast.Field) Expr {
	if f.Star {
		failAt(f.Pos(), dberr.StateFeatureNotSupported, "row expansion via \"*\" is not supported here")
	}
	x := b.expr(s, f.Arg)
	names, values := b.fields(x, f.Pos())
	for i, n := range names {
		if n == f.Name {
			return values[i]
		}
	}
	switch {
	case x.Type().HasFields():
		failAt(f.Pos(), dberr.StateUndefinedColumn, "column %q not found in data type %s", f.Name, x.Type().Name())
	case x.Type().ID == sqltype.Record:
		failAt(f.Pos(), dberr.StateUndefinedColumn, "could not identify column %q in record data type", f.Name)
	}
	failAt(f.Pos(), dberr.StateWrongObjectType, "column notation .%s applied to type %s, which is not a composite type", f.Name, x.Type().Name())
	return nil
}

// rowStar expands (row).* of a select list.
func (b *binder) rowStar(s *scope, f *ast.Field) (out []target) {
	x := b.expr(s, f.Arg)
	names, values := b.fields(x, f.Pos())
	if names == nil {
		fail(dberr.SQL(dberr.StateWrongObjectType, "type %s is not composite", x.Type().Name()).At(f.Pos()))
	}
	for i, n := range names {
		out = append(out, target{expr: values[i], name: n, pos: f.Pos()})
	}
	return out
}

// rowTypeOf is the type of a table's rows, which has the table's name.
func (b *binder) rowTypeOf(n *ast.TypeName) (sqltype.Type, bool) {
	if b.uses != nil || len(n.Mods) > 0 || n.Dims > 0 || b.Catalog == nil {
		return sqltype.Type{}, false
	}
	path := b.Path
	if n.Schema != "" {
		path = []string{b.schemaName(n.Schema)}
	}
	for _, schema := range path {
		rel, ok := b.Catalog.Lookup(schema, n.Name)
		if !ok || rel.Table == nil || rel.Index != nil {
			continue
		}
		var fields []sqltype.CompositeField
		for _, c := range rel.Table.Columns {
			fields = append(fields, sqltype.CompositeField{Name: c.Name, Type: c.Type, Domain: uint64(c.Domain)})
		}
		return sqltype.RowTypeOf(rel.Table.Name, fields), true
	}
	return sqltype.Type{}, false
}

// populateItem adds json_populate_record and its like in FROM, whose columns are the fields of
// its first argument, or of a row without a type those of a column definition list.
func (b *binder) populateItem(s *scope, rel *LFunc, e *entry, f ast.FuncItem, name string) {
	call := f.Call.(*ast.FuncCall)
	b.plainCall(s, call, name)
	if len(call.Args) != 2 {
		b.noFunction(s, call, name)
	}
	base := b.expr(s, call.Args[0])
	c, ok := sqltype.CompositeOf(base.Type())
	var cols []fn.Column
	switch {
	case base.Type().ID != sqltype.Record:
		failAt(call.Args[0].Pos(), dberr.StateDatatypeMismatch, "first argument of %s must be a row type", name)
	case ok && len(f.ColDefs) > 0:
		failAt(f.Call.Pos(), dberr.StateSyntax, "a column definition list is redundant for a function returning a named composite type")
	case !ok && len(f.ColDefs) == 0:
		failAt(f.Call.Pos(), dberr.StateSyntax, "a column definition list is required for functions returning \"record\"")
	case !ok:
		cols = b.columnDefs(rel, e, f)
		base = b.recordOf(base, cols, f.Call.Pos())
	default:
		for _, f := range c.Fields {
			cols = append(cols, fn.Column{Name: f.Name, Type: f.Type})
			b.funcCol(rel, e, f.Name, f.Type)
			b.checkCol(e, f.Type, keyspace.ObjectID(f.Domain), call.Pos())
		}
	}
	typ := sqltype.TJSON
	if strings.HasPrefix(name, "jsonb") {
		typ = sqltype.TJSONB
	}
	x := b.coerce(b.expr(s, call.Args[1]), typ, call.Args[1].Pos())
	set := fn.JSONPopulate(name, base.Type(), typ, cols, strings.HasSuffix(name, "set"))
	rel.Calls = append(rel.Calls, &SetCall{Set: set, Args: []Expr{base, x}})
}

// recordOf gives a row without a type the columns of a definition list.
func (b *binder) recordOf(base Expr, cols []fn.Column, pos int) Expr {
	fields := make([]sqltype.CompositeField, len(cols))
	for i, c := range cols {
		fields[i] = sqltype.CompositeField{Name: c.Name, Type: c.Type}
	}
	if row, ok := base.(*RowExpr); ok { // whose fields have names of their own
		same := len(row.Elems) == len(cols)
		for i := 0; same && i < len(cols); i++ {
			same = row.Elems[i].Type().Base() == cols[i].Type.Base()
			fields[i].Name = "f" + itoa(i+1)
		}
		if !same {
			failAt(pos, dberr.StateDatatypeMismatch, "function return row and query-specified return row do not match")
		}
	}
	return b.coerce(base, sqltype.RowTypeOf("", fields), pos)
}
