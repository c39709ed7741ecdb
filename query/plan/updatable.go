package plan

import (
	"fmt"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
)

// viewLevel is a view that can be changed, with what it reads.
type viewLevel struct {
	view  *catalog.View
	sel   *ast.Select
	below catalog.Relation // a table or a view
	// alias and names are those that the view gives to what it reads, and to its columns.
	alias   string
	names   []string
	columns []viewColumn
}

// viewColumn is a column of a view: column below of what the view reads, or, where that
// is negative, an expression.
type viewColumn struct {
	below int
	expr  ast.Expr
}

// What viewColumn.below is where it is no column.
const (
	computedColumn = -1
	wholeRowColumn = -2
)

const notSingle = "Views that do not select from a single table or view are not automatically updatable."

const noColumns = "Views that have no updatable columns are not automatically updatable."

// viewLevel tells how a view follows from what it reads; why is not empty where it
// cannot be changed.
func (b *binder) viewLevel(v *catalog.View) (l *viewLevel, why string) {
	stmts, err := parse.Parse(v.Query, parse.Limits{})
	if err != nil || len(stmts) != 1 {
		fail(fmt.Errorf("read view %q: %w", v.Name, err))
	}
	sel, ok := stmts[0].(*ast.Select)
	if !ok {
		fail(fmt.Errorf("read view %q: its text is no query", v.Name))
	}
	return b.selectLevel(v, sel)
}

func (b *binder) selectLevel(v *catalog.View, sel *ast.Select) (l *viewLevel, why string) {
	l = &viewLevel{view: v, sel: sel}
	if why := notSimple(sel); why != "" {
		return l, why
	}
	if len(sel.From) != 1 {
		return l, notSingle
	}
	ref, ok := sel.From[0].(*ast.TableRef)
	if !ok {
		return l, notSingle
	}
	rel, virtual := b.relation(ref.Name)
	switch {
	case virtual != nil || rel.Index != nil:
		return l, notSingle
	case rel.View != nil:
		for _, c := range rel.View.Columns {
			l.names = append(l.names, c.Name)
		}
	case rel.Table != nil && rel.Table.Kind == catalog.Plain:
		for _, c := range rel.Table.Columns {
			l.names = append(l.names, c.Name)
		}
	default:
		return l, notSingle
	}
	if ref.Sample != nil {
		return l, "Views containing TABLESAMPLE are not automatically updatable."
	}
	l.below, l.alias = rel, ref.Name.Name
	if ref.Alias != nil {
		l.alias = ref.Alias.Name
		copy(l.names, ref.Alias.Columns)
	}
	l.targets()
	if len(l.columns) != len(v.Columns) {
		return l, notSingle
	}
	return l, ""
}

// notSimple says what a query has besides columns of what it reads and a condition.
func notSimple(sel *ast.Select) string {
	has := func(what string) string { return "Views containing " + what + " are not automatically updatable." }
	switch {
	case sel.Values != nil:
		return notSingle
	case sel.Distinct:
		return has("DISTINCT")
	case len(sel.GroupBy) > 0:
		return has("GROUP BY")
	case sel.Having != nil:
		return has("HAVING")
	case sel.Op != ast.NoSetOp:
		return has("UNION, INTERSECT, or EXCEPT")
	case sel.With != nil:
		return has("WITH")
	case sel.Limit != nil || sel.Offset != nil:
		return has("LIMIT or OFFSET")
	}
	agg, win, set := false, false, false
	for _, t := range sel.Targets {
		ast.Walk(t.Expr, func(n any) bool {
			switch n := n.(type) {
			case *ast.Select:
				return false
			case *ast.FuncCall:
				win = win || n.Over != nil
				agg = agg || n.Over == nil && fn.IsAgg(n.Name[len(n.Name)-1])
				set = set || setName(n) != ""
			}
			return true
		})
	}
	returns := func(what string) string { return "Views that return " + what + " are not automatically updatable." }
	switch {
	case agg:
		return returns("aggregate functions")
	case win:
		return returns("window functions")
	case set:
		return returns("set-returning functions")
	}
	return ""
}

// targets finds what each column is.
func (l *viewLevel) targets() {
	for _, t := range l.sel.Targets {
		ref, ok := t.Expr.(*ast.ColumnRef)
		switch {
		case !ok:
			l.columns = append(l.columns, viewColumn{below: computedColumn, expr: t.Expr})
		case ref.Star:
			for i := range l.names {
				l.columns = append(l.columns, viewColumn{below: i})
			}
		default:
			c := viewColumn{below: computedColumn, expr: t.Expr}
			name := ref.Names[len(ref.Names)-1]
			for i, n := range l.names {
				if n == name {
					c = viewColumn{below: i}
				}
			}
			if c.below < 0 && len(ref.Names) == 1 && name == l.alias {
				c.below = wholeRowColumn
			}
			l.columns = append(l.columns, c)
		}
	}
}

// Updatable says what of a view can be changed.
type Updatable struct {
	// Why says what keeps the view from being changed, "" for nothing.
	Why string
	// Insert, Update and Delete say which changes are allowed.
	Insert, Update, Delete bool
	// Columns says of each column whether it can be given values.
	Columns []bool
}

// ViewUpdatable tells what of a view can be changed.
func ViewUpdatable(s *Scope, v *catalog.View) (u Updatable, err error) {
	defer catch(&err)
	return newBinder(s).updatable(newBinder(s).viewLevel(v)), nil
}

// QueryUpdatable tells why a view of a query could not be changed, "" where it could.
func QueryUpdatable(s *Scope, v *catalog.View, sel *ast.Select) (why string, err error) {
	defer catch(&err)
	l, why := newBinder(s).selectLevel(v, sel)
	if why == "" && !l.anyColumn() {
		why = noColumns
	}
	return why, nil
}

func (l *viewLevel) anyColumn() bool {
	for _, c := range l.columns {
		if c.below >= 0 {
			return true
		}
	}
	return false
}

func (b *binder) updatable(l *viewLevel, why string) Updatable {
	u := Updatable{Why: why, Columns: make([]bool, len(l.view.Columns))}
	if why != "" {
		return u
	}
	below := Updatable{Insert: true, Update: true, Delete: true}
	if l.below.View != nil {
		below = b.updatable(b.viewLevel(l.below.View))
	} else {
		for range l.names {
			below.Columns = append(below.Columns, true)
		}
	}
	any := false
	for i, c := range l.columns {
		u.Columns[i] = c.below >= 0 && below.Columns[c.below]
		any = any || u.Columns[i]
	}
	u.Insert, u.Update, u.Delete = any && below.Insert, any && below.Update, below.Delete
	return u
}
