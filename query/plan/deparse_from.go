package plan

import (
	"github.com/weftdb/weft/query/ast"
)

func (w *textWriter) from(t ast.TableExpr) {
	switch t := t.(type) {
	case *ast.TableRef:
		if t.AsOf != nil || t.Sample != nil {
			fail(errNoText)
		}
		if t.Only {
			w.put("ONLY ")
		}
		if t.Name.Schema == "" {
			w.put(ast.QuoteIdent(t.Name.Name))
		} else {
			w.put(w.Names.RelationText(ast.QuoteIdent(t.Name.Schema) + "." + ast.QuoteIdent(t.Name.Name)))
		}
		w.alias(t.Alias)
	case *ast.SubqueryRef:
		if t.Alias == nil {
			fail(errNoText)
		}
		if t.Lateral {
			w.put("LATERAL ")
		}
		w.put("(")
		w.query(t.Query, nil)
		w.put(")")
		w.alias(t.Alias)
	case *ast.FuncRef:
		w.function(t)
	case *ast.Join:
		w.join(t)
	default:
		fail(errNoText)
	}
}

func (w *textWriter) alias(a *ast.Alias) {
	if a != nil {
		w.put(" ", ast.QuoteIdent(a.Name), quotedList(a.Columns))
	}
}

// function writes a function as a table, of which PostgreSQL names the columns always.
func (w *textWriter) function(t *ast.FuncRef) {
	if t.RowsFrom || len(t.Funcs) != 1 || len(t.ColDefs) > 0 || len(t.Funcs[0].ColDefs) > 0 {
		fail(errNoText)
	}
	call, ok := t.Funcs[0].Call.(*ast.FuncCall)
	if !ok {
		fail(errNoText)
	}
	name := call.Name[len(call.Name)-1]
	alias := t.Alias
	if alias == nil {
		alias = &ast.Alias{Name: name}
	}
	if len(alias.Columns) == 0 {
		if name != "generate_series" && name != "unnest" || len(call.Args) == 0 || name == "unnest" && len(call.Args) > 1 {
			fail(errNoText)
		}
		alias = &ast.Alias{Name: alias.Name, Columns: []string{alias.Name}}
		if t.Ordinality {
			alias.Columns = append(alias.Columns, "ordinality")
		}
	}
	if t.Lateral {
		w.put("LATERAL ")
	}
	w.setCall(call)
	if t.Ordinality {
		w.put(" WITH ORDINALITY")
	}
	w.alias(alias)
}

func (w *textWriter) join(j *ast.Join) {
	if j.Natural {
		fail(errNoText)
	}
	if !w.Pretty || j.Alias != nil {
		w.put("(")
	}
	w.from(j.Left)
	word := [...]string{" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ", " CROSS JOIN "}[j.Kind]
	if j.Kind == ast.InnerJoin && j.On == nil && j.Using == nil {
		word = " CROSS JOIN "
	}
	w.keyword(-clauseStep, clauseStep, joinStep, word)
	right, isJoin := j.Right.(*ast.Join)
	paren := w.Pretty && isJoin && right.Alias == nil
	if paren {
		w.put("(")
	}
	w.from(j.Right)
	if paren {
		w.put(")")
	}
	switch {
	case j.Using != nil:
		w.put(" USING ", quotedList(j.Using))
		if j.UsingAlias != "" {
			w.put(" AS ", ast.QuoteIdent(j.UsingAlias))
		}
	case j.On != nil:
		w.put(" ON ")
		w.open()
		w.show(j.On, nil, false)
		w.shut()
	}
	if !w.Pretty || j.Alias != nil {
		w.put(")")
	}
	w.alias(j.Alias)
}
