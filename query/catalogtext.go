package query

import (
	"time"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// These bind expressions, for which functions are looked up.
func init() {
	catalogFunctions["pg_get_expr"] = catalogFunction{[]sqltype.Type{sqltype.TText, sqltype.TOID, sqltype.TBool}, 2, sqltype.TText, (*catalogCall).prettyExpr}
	for name, def := range map[string]catalogFunction{
		"pg_get_indexdef":      {[]sqltype.Type{sqltype.TOID, sqltype.TInt4, sqltype.TBool}, 1, sqltype.TText, (*catalogCall).indexDef},
		"pg_get_viewdef":       {[]sqltype.Type{regClass, sqltype.TBool}, 1, sqltype.TText, (*catalogCall).viewDef},
		"pg_get_constraintdef": {[]sqltype.Type{sqltype.TOID, sqltype.TBool}, 1, sqltype.TText, (*catalogCall).constraintDef},
	} {
		catalogFunctions[name] = def
	}
}

// TypeText implements plan.TextNames.
func (c *catalogCall) TypeText(t sqltype.Type) string {
	mod := sqltype.Datum{Int: int64(t.TypMod())}
	if mod.Int < 0 {
		mod = sqltype.NullDatum
	}
	d, err := c.formatType([]sqltype.Datum{{Int: int64(t.Base().OID())}, mod})
	if err != nil || d.Null {
		return t.String()
	}
	return d.Str
}

// RelationText implements plan.TextNames: a stored name as the session finds it.
func (c *catalogCall) RelationText(name string) string {
	n, err := plan.SplitName(name)
	if err != nil {
		return name
	}
	if n.Schema == "" {
		return ast.QuoteIdent(n.Name)
	}
	return c.visible(n.Schema, n.Name)
}

// shownText shows an expression; one that has no form of PostgreSQL's is given as it is stored, in
// parentheses.
func (c *catalogCall) shownText(t *catalog.Table, text string, want sqltype.Type, o plan.TextOptions) string {
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err == nil {
		s := c.s.scope(c.snap, nil)
		s.Env = &sqltype.Env{Location: time.UTC}
		if out, err := plan.RowText(s, t, e, want, o); err == nil {
			return out
		}
	}
	return "(" + text + ")"
}

// storedText shows an expression of the catalog over the columns of a table.
func (c *catalogCall) storedText(t *catalog.Table, text string, pretty bool) string {
	return c.shownText(t, text, sqltype.TUnknown, plan.TextOptions{Names: c, Pretty: pretty})
}

// defaultText shows a default, or what a column is generated of.
func (c *catalogCall) defaultText(t *catalog.Table, text string, to sqltype.Type) string {
	if text == "" {
		return ""
	}
	return c.shownText(t, text, to, plan.TextOptions{Names: c})
}

// ruleText shows the rule of a domain.
func (c *catalogCall) ruleText(u *catalog.UserType, k *catalog.Check, pretty bool) string {
	row := &catalog.Table{Name: u.Name, Columns: []catalog.Column{{ID: 1, Name: "value", Type: u.Base}}}
	return c.shownText(row, k.Expr, sqltype.TUnknown, plan.TextOptions{Names: c, Pretty: pretty, Value: "VALUE"})
}

// prettyExpr is pg_get_expr: the text that a catalog holds, which is PostgreSQL's already, or anew where it
// is to be pretty.
func (c *catalogCall) prettyExpr(args []sqltype.Datum) (sqltype.Datum, error) {
	if args[2].Null || args[2].Int == 0 || args[0].Str == "" {
		return args[0], nil
	}
	var t *catalog.Table
	if r := c.relation(args[1].Int); r != nil {
		t = r.table
	}
	return text(c.storedText(t, args[0].Str, true)), nil
}

// queryText shows the query of a view whose columns have these names: in PostgreSQL's lines, or as it is
// stored where it has no such form.
func (c *catalogCall) queryText(query string, names []string, pretty bool) string {
	if sel, err := parseQuery(query); err == nil {
		s := c.s.scope(c.snap, nil)
		s.Env = &sqltype.Env{Location: time.UTC}
		if out, err := plan.QueryText(s, sel, names, plan.TextOptions{Names: c, Pretty: pretty}); err == nil {
			return out + ";"
		}
	}
	return " " + query + ";"
}

func viewNames(w *catalog.View) []string {
	names := make([]string, len(w.Columns))
	for i, c := range w.Columns {
		names[i] = c.Name
	}
	return names
}

func tableNames(t *catalog.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// texts shows what the rows of system views have of the catalog's expressions.
func (v *viewCall) texts() *catalogCall { return &catalogCall{v.s, v.snap} }
