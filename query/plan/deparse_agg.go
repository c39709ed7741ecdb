package plan

import (
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
)

// boundCall is a call of an aggregate, a window function or a set-returning function, whose value
// is a column: what its arguments have become.
type boundCall struct {
	args  []Expr
	types []sqltype.Type
}

// noteCall keeps a call for showing it. The types are those that the function names.
func (b *binder) noteCall(e *ast.FuncCall, args []Expr, types []sqltype.Type) {
	if b.texts == nil {
		return
	}
	c := boundCall{args: args}
	for i, a := range args {
		t := a.Type()
		if i < len(types) && types[i].ID == sqltype.Text && (t.ID == sqltype.Varchar || t.ID == sqltype.Name) {
			t = sqltype.TText
		}
		c.types = append(c.types, t)
	}
	b.texts.calls[e] = c
}

// aggregate writes the call of an aggregate or a window function.
func (w *textWriter) aggregate(e *ast.FuncCall) {
	c, ok := w.calls[e]
	if !ok || e.Variadic {
		fail(errNoText)
	}
	name := e.Name[len(e.Name)-1]
	w.put(functionName(name), "(")
	if e.Distinct {
		w.put("DISTINCT ")
	}
	if e.Star {
		w.put("*")
	}
	for i, a := range e.Args {
		if i > 0 {
			w.put(", ")
		}
		w.argument(a, c.args[i], c.types[i])
	}
	if e.WithinGroup {
		w.put(") WITHIN GROUP (")
	}
	if len(e.OrderBy) > 0 {
		if !e.WithinGroup {
			w.put(" ")
		}
		w.put("ORDER BY ")
		if e.WithinGroup && len(c.args) == len(e.Args)+len(e.OrderBy) {
			w.withinGroup(e, c)
		} else {
			w.orderBy(e.OrderBy, &ast.Select{})
		}
	}
	w.put(")")
	if e.Filter != nil {
		w.put(" FILTER (WHERE ")
		w.show(e.Filter, nil, false)
		w.put(")")
	}
	if d := e.Over; d != nil {
		w.put(" OVER ")
		if d.Name != "" {
			w.put(ast.QuoteIdent(d.Name))
			return
		}
		w.put("(")
		w.window(d, &ast.Select{})
		w.put(")")
	}
}

// withinGroup writes the keys of an ordered-set aggregate, which are arguments, too.
func (w *textWriter) withinGroup(e *ast.FuncCall, c boundCall) {
	for i, o := range e.OrderBy {
		if i > 0 {
			w.put(", ")
		}
		x, t := c.args[len(e.Args)+i], c.types[len(e.Args)+i]
		if own := w.exprs[o.Expr]; own == nil || sameText(own.Type(), t) {
			w.sortItem(o.Expr, &ast.Select{})
		} else {
			w.put("(")
			w.argument(o.Expr, x, t)
			w.put(")")
		}
		w.direction(o)
	}
}

// window writes what is within the parentheses of a window.
func (w *textWriter) window(d *ast.WindowDef, q *ast.Select) {
	sep := ""
	if d.Ref != "" {
		w.put(ast.QuoteIdent(d.Ref))
		sep = " "
	}
	for i, e := range d.Partition {
		if i == 0 {
			w.put(sep, "PARTITION BY ")
			sep = " "
		} else {
			w.put(", ")
		}
		w.sortItem(e, &ast.Select{})
	}
	if len(d.OrderBy) > 0 {
		w.put(sep, "ORDER BY ")
		sep = " "
		w.orderBy(d.OrderBy, &ast.Select{})
	}
	if d.Frame != nil {
		w.put(sep)
		w.frame(d.Frame)
	}
}

func (w *textWriter) frame(f *ast.Frame) {
	w.put([...]string{"RANGE", "ROWS", "GROUPS"}[f.Mode], " BETWEEN ")
	w.bound(f.Start)
	w.put(" AND ")
	w.bound(f.End)
	w.put([...]string{"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"}[f.Exclude])
}

func (w *textWriter) bound(b ast.FrameBound) {
	if b.Offset != nil {
		w.node(b.Offset)
	}
	w.put([...]string{"UNBOUNDED PRECEDING", " PRECEDING", "CURRENT ROW", " FOLLOWING", "UNBOUNDED FOLLOWING"}[b.Kind])
}

// setCall writes the call of a function in FROM.
func (w *textWriter) setCall(e *ast.FuncCall) {
	c, ok := w.calls[e]
	if !ok || e.Variadic || len(c.args) != len(e.Args) {
		fail(errNoText)
	}
	w.put(functionName(e.Name[len(e.Name)-1]), "(")
	for i, a := range e.Args {
		if i > 0 {
			w.put(", ")
		}
		w.argument(a, c.args[i], c.types[i])
	}
	w.put(")")
}
