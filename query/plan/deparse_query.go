package plan

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// Steps of indentation, as PostgreSQL has them.
const (
	clauseStep = 8 // of what is within a query
	joinStep   = 4
	itemStep   = 4
)

// QueryText shows the query of a view whose columns have these names.
func QueryText(s *Scope, q *ast.Select, names []string, o TextOptions) (out string, err error) {
	defer catch(&err)
	b := newBinder(s)
	b.opaque = true
	b.texts = &texts{exprs: map[ast.Expr]Expr{}, calls: map[*ast.FuncCall]boundCall{}}
	b.statement(q, nil)
	w := &textWriter{TextOptions: o, texts: b.texts, qualify: true}
	w.query(q, names)
	return w.buf.String(), nil
}

// keyword begins a line with a keyword, which stands so many columns within.
func (w *textWriter) keyword(before, after, plus int, text string) {
	w.indent += before
	b := w.buf.Bytes()
	w.buf.Truncate(len(bytes.TrimRight(b, " ")))
	w.put("\n", strings.Repeat(" ", max(w.indent, 0)+plus), text)
	w.indent = max(w.indent+after, 0)
}

func (w *textWriter) query(q *ast.Select, names []string) {
	defer func(old int) { w.indent = old }(w.indent)
	if len(q.Locking) > 0 {
		fail(errNoText)
	}
	w.with(q.With)
	switch {
	case q.Op != ast.NoSetOp:
		if names == nil {
			names = columnNames(q)
		}
		w.setOperand(q, q, names)
	default:
		w.basic(q, names)
	}
	if len(q.OrderBy) > 0 {
		w.keyword(-clauseStep, clauseStep, 1, " ORDER BY ")
		w.orderBy(q.OrderBy, q)
	}
	if q.Offset != nil {
		w.keyword(-clauseStep, clauseStep, 0, " OFFSET ")
		w.show(q.Offset, nil, false)
	}
	switch {
	case q.WithTies:
		fail(errNoText)
	case q.Limit != nil:
		w.keyword(-clauseStep, clauseStep, 0, " LIMIT ")
		w.show(q.Limit, nil, false)
	}
}

func (w *textWriter) with(with *ast.With) {
	if with == nil {
		return
	}
	w.indent += clauseStep
	w.put(" WITH ")
	if with.Recursive {
		w.put("RECURSIVE ")
	}
	for i, c := range with.CTEs {
		sub, ok := c.Query.(*ast.Select)
		if !ok || c.Search != nil || c.Cycle != nil {
			fail(errNoText)
		}
		if i > 0 {
			w.put(", ")
		}
		w.put(ast.QuoteIdent(c.Name), quotedList(c.Columns), " AS ",
			map[ast.Materialize]string{ast.MaterializeAlways: "MATERIALIZED ", ast.MaterializeNever: "NOT MATERIALIZED "}[c.Materialize], "(")
		w.keyword(0, 0, 0, "")
		w.query(sub, nil)
		w.keyword(0, 0, 0, "")
		w.put(")")
	}
	w.indent -= clauseStep
	w.keyword(0, 0, 0, "")
}

func quotedList(names []string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ast.QuoteIdent(n)
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}

// setOperand writes an operand of a set operation; top is the operation as a whole.
func (w *textWriter) setOperand(q, top *ast.Select, names []string) {
	if q.Op == ast.NoSetOp || q != top && (len(q.OrderBy) > 0 || q.Limit != nil || q.Offset != nil || q.With != nil) {
		complex := len(q.OrderBy) > 0 || q.Limit != nil || q.Offset != nil || q.With != nil
		if complex {
			w.put("(")
		}
		w.query(q, names)
		if complex {
			w.put(")")
		}
		return
	}
	step := 0
	if l := q.Left; l.Op != ast.NoSetOp && (l.Op != q.Op || l.All != q.All) {
		w.put("(")
		step = clauseStep
		w.keyword(step, 0, 0, "")
		w.setOperand(l, top, names)
		w.keyword(-step, 0, 0, ") ")
	} else {
		w.setOperand(l, top, names)
		w.keyword(0, 0, 0, "")
	}
	w.put([...]string{"", "UNION ", "INTERSECT ", "EXCEPT "}[q.Op])
	if q.All {
		w.put("ALL ")
	}
	if q.Right.Op != ast.NoSetOp {
		w.put("(")
		w.keyword(clauseStep, 0, 0, "")
		w.setOperand(q.Right, top, names)
		w.indent -= clauseStep
		w.keyword(0, 0, 0, ")")
		return
	}
	w.keyword(0, 0, 0, "")
	w.setOperand(q.Right, top, names)
}

func (w *textWriter) basic(q *ast.Select, names []string) {
	w.indent += clauseStep
	w.put(" ")
	if q.Values != nil {
		w.values(q.Values)
		return
	}
	w.put("SELECT")
	if q.Distinct {
		w.put(" DISTINCT")
		if q.DistinctOn != nil {
			w.put(" ON (")
			for i, e := range q.DistinctOn {
				if i > 0 {
					w.put(", ")
				}
				w.sortItem(e, q)
			}
			w.put(")")
		}
	}
	w.targets(q, names)
	for i, t := range q.From {
		if i == 0 {
			w.keyword(-clauseStep, clauseStep, 2, " FROM ")
			w.from(t)
			continue
		}
		w.put(", ")
		w.keyword(-clauseStep, clauseStep, itemStep, "")
		w.from(t)
	}
	if q.Where != nil {
		w.keyword(-clauseStep, clauseStep, 1, " WHERE ")
		w.show(q.Where, nil, false)
	}
	w.groupBy(q)
	if q.Having != nil {
		w.keyword(-clauseStep, clauseStep, 0, " HAVING ")
		w.show(q.Having, nil, false)
	}
	for i, d := range q.Windows {
		if i == 0 {
			w.keyword(-clauseStep, clauseStep, 1, " WINDOW ")
		} else {
			w.put(", ")
		}
		w.put(ast.QuoteIdent(d.Name), " AS (")
		w.window(d, q)
		w.put(")")
	}
}

func (w *textWriter) values(rows [][]ast.Expr) {
	w.put("VALUES ")
	for i, row := range rows {
		if i > 0 {
			w.put(", ")
		}
		w.put("(")
		for k, e := range row {
			if k > 0 {
				w.put(",")
			}
			w.node(e)
		}
		w.put(")")
	}
}

// targets writes the select list, an item a line.
func (w *textWriter) targets(q *ast.Select, names []string) {
	sep := " "
	for i, t := range q.Targets {
		w.put(sep)
		sep = ", "
		before := w.buf
		w.buf = bytes.Buffer{}
		w.target(t, nameAt(names, i))
		text := bytes.Clone(w.buf.Bytes())
		w.buf = before
		if bytes.HasPrefix(text, []byte("\n")) {
			w.buf.Truncate(len(bytes.TrimRight(w.buf.Bytes(), " ")))
		} else if i > 0 {
			w.keyword(-clauseStep, clauseStep, itemStep, "")
		}
		w.buf.Write(text)
	}
}

func nameAt(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}

func (w *textWriter) target(t ast.Target, name string) {
	ref, isColumn := t.Expr.(*ast.ColumnRef)
	if isColumn && ref.Star {
		fail(errNoText)
	}
	shown := "?column?"
	if isColumn {
		shown = ref.Names[len(ref.Names)-1]
	}
	if name == "" {
		name = outputName(t)
	}
	if own := w.exprs[t.Expr]; own != nil {
		if lit, ok := t.Expr.(*ast.Literal); ok && lit.Kind == ast.LitNull {
			w.constant(lit, sqltype.TText)
		} else {
			w.node(t.Expr)
		}
	} else {
		w.node(t.Expr)
	}
	if name != shown {
		w.put(" AS ", ast.QuoteIdent(name))
	}
}

// outputName is the name of a column of a query.
func outputName(t ast.Target) string {
	if t.Alias != "" {
		return t.Alias
	}
	return ast.ColumnName(t.Expr)
}

func columnNames(q *ast.Select) []string {
	for q.Op != ast.NoSetOp {
		q = q.Left
	}
	var names []string
	for _, t := range q.Targets {
		names = append(names, outputName(t))
	}
	return names
}

func (w *textWriter) groupBy(q *ast.Select) {
	for i, g := range q.GroupBy {
		if i == 0 {
			w.keyword(-clauseStep, clauseStep, 1, " GROUP BY ")
			if q.GroupDistinct {
				w.put("DISTINCT ")
			}
		} else {
			w.put(", ")
		}
		w.groupItem(g, q, false)
	}
}

func (w *textWriter) groupItem(g ast.GroupItem, q *ast.Select, within bool) {
	words := map[ast.GroupKind]string{ast.GroupRollup: "ROLLUP(", ast.GroupCube: "CUBE(", ast.GroupSets: "GROUPING SETS ("}
	switch g.Kind {
	case ast.GroupEmpty:
		w.put("()")
	case ast.GroupExpr:
		if row, ok := g.Expr.(*ast.Row); ok && !row.Explicit {
			w.put("(")
			for i, e := range row.Args {
				if i > 0 {
					w.put(", ")
				}
				w.sortItem(e, q)
			}
			w.put(")")
			return
		}
		if _, column := w.aimed(g.Expr, q).(*ast.ColumnRef); within && column {
			w.put("(")
			defer w.put(")")
		}
		w.sortItem(g.Expr, q)
	default:
		w.put(words[g.Kind])
		for i, x := range g.Items {
			if i > 0 {
				w.put(", ")
			}
			w.groupItem(x, q, g.Kind == ast.GroupSets)
		}
		w.put(")")
	}
}

// aimed is the expression that a position or the name of a column of the query stands for.
func (w *textWriter) aimed(e ast.Expr, q *ast.Select) ast.Expr {
	switch x := e.(type) {
	case *ast.Literal:
		if x.Kind == ast.LitInt {
			n := 0
			if _, err := fmt.Sscan(x.Text, &n); err == nil && n > 0 && n <= len(q.Targets) {
				return q.Targets[n-1].Expr
			}
		}
	case *ast.ColumnRef:
		if len(x.Names) == 1 {
			for _, t := range q.Targets {
				if outputName(t) == x.Names[0] {
					return t.Expr
				}
			}
		}
	}
	return e
}

// sortItem writes an expression of GROUP BY, ORDER BY or DISTINCT ON.
func (w *textWriter) sortItem(e ast.Expr, q *ast.Select) {
	e = w.aimed(e, q)
	paren := w.Pretty
	switch x := e.(type) {
	case *ast.ColumnRef:
		paren = false
	case *ast.FuncCall:
		paren = true
	case *ast.Cast:
		own, from := w.exprs[e], w.exprs[x.Arg]
		paren = paren || own != nil && from != nil && own.Type().Category() != 'S' && from.Type().Category() != 'S'
	}
	if paren {
		w.put("(")
	}
	w.node(e)
	if paren {
		w.put(")")
	}
}

func (w *textWriter) orderBy(list []ast.OrderItem, q *ast.Select) {
	for i, o := range list {
		if i > 0 {
			w.put(", ")
		}
		if o.Using != "" {
			fail(errNoText)
		}
		if q.Op != ast.NoSetOp {
			w.position(o.Expr, q)
		} else {
			w.sortItem(o.Expr, q)
		}
		w.direction(o)
	}
}

func (w *textWriter) direction(o ast.OrderItem) {
	switch {
	case o.Desc && o.Nulls == ast.NullsLast:
		w.put(" DESC NULLS LAST")
	case o.Desc:
		w.put(" DESC")
	case o.Nulls == ast.NullsFirst:
		w.put(" NULLS FIRST")
	}
}

// position writes a column of a set operation by its number.
func (w *textWriter) position(e ast.Expr, q *ast.Select) {
	switch x := e.(type) {
	case *ast.Literal:
		if x.Kind == ast.LitInt {
			w.put(x.Text)
			return
		}
	case *ast.ColumnRef:
		for i, n := range columnNames(q) {
			if len(x.Names) == 1 && x.Names[0] == n {
				w.put(fmt.Sprint(i + 1))
				return
			}
		}
	}
	fail(errNoText)
}

// subquery writes a query within an expression.
func (w *textWriter) subquery(e ast.Expr) {
	switch e := e.(type) {
	case *ast.Subquery:
		switch e.Kind {
		case ast.ExistsSubquery:
			w.put("(EXISTS (")
			w.query(e.Query, nil)
			w.put("))")
			return
		case ast.ArraySubquery:
			w.put("ARRAY")
		}
		w.put("(")
		w.query(e.Query, nil)
		w.put(")")
	case *ast.InSubquery:
		if _, row := e.Arg.(*ast.Row); row {
			fail(errNoText)
		}
		if e.Not {
			w.open()
			w.put("NOT ")
		}
		w.put("(")
		w.tested(e)
		w.put(" IN (")
		w.query(e.Query, nil)
		w.put("))")
		if e.Not {
			w.shut()
		}
	default:
		fail(errNoText)
	}
}

// tested writes what IN looks for, with the cast that the comparison asks for.
func (w *textWriter) tested(e *ast.InSubquery) {
	q := e.Query
	for q.Op != ast.NoSetOp {
		q = q.Left
	}
	arg := w.exprs[e.Arg]
	if arg == nil || len(q.Targets) != 1 || w.exprs[q.Targets[0].Expr] == nil {
		fail(errNoText)
	}
	f, want, err := fn.ResolveOp("=", arg.Type().Base(), w.exprs[q.Targets[0].Expr].Type().Base())
	if err != nil {
		fail(errNoText)
	}
	t := want[0]
	if f.Args[0].ID == sqltype.Text {
		t = sqltype.TText
	}
	w.as(e.Arg, t)
}
