package parse

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/query/ast"
)

// roundTrip prints every query and every expression of a statement, parses what was
// printed and compares.
func roundTrip(t *testing.T, sql string, s ast.Stmt) {
	t.Helper()
	if text := ast.QueryString(s); text != "" {
		again, err := Parse(text, Limits{})
		if err != nil {
			t.Errorf("%s\nprints as %s\nwhich fails: %v", sql, text, err)
			return
		}
		if d := diff(s, again[0]); d != "" {
			t.Errorf("%s\nprints as %s\nwhich differs at %s", sql, text, d)
		}
	}
	ast.Walk(s, func(n any) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		switch e := e.(type) {
		case *ast.ColumnRef:
			if e.Star {
				return true
			}
		case *ast.Default, *ast.NamedArg, *ast.Param:
			return true
		}
		text := ast.String(e)
		again, err := ParseExpr(text, Limits{})
		if err != nil {
			t.Errorf("%s\nhas %s\nwhich fails: %v", sql, text, err)
		} else if d := diff(e, again); d != "" {
			t.Errorf("%s\nhas %s\nwhich differs at %s", sql, text, d)
		}
		return true
	})
}

func TestRoundTrip(t *testing.T) {
	for _, sql := range readLines(t, "accepted.sql") {
		stmts, err := Parse(sql, Limits{})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if len(stmts) != 1 {
			t.Errorf("%s: got %d statements", sql, len(stmts))
			continue
		}
		if start, end := stmts[0].Range(); sql[start:end] != sql || stmts[0].Pos() != 1 {
			t.Errorf("%s: spans %d to %d", sql, start, end)
		}
		roundTrip(t, sql, stmts[0])
	}
}

// TestLongChains prints and parses chains that are far longer than nesting may be deep.
func TestLongChains(t *testing.T) {
	for _, c := range []struct{ head, link string }{
		{"SELECT 1", " + 1"}, {"SELECT 'a'", " || 'b'"}, {"SELECT a", " AND a"}, {"SELECT a", " OR b"},
		{"SELECT 1", " UNION ALL SELECT 1"}, {"SELECT a", ", a"}, {"VALUES (1)", ", (1)"}, {"SELECT a IN (1", ", 2"},
	} {
		sql := c.head + strings.Repeat(c.link, 3000)
		if strings.Contains(sql, "(") && strings.HasPrefix(sql, "SELECT") {
			sql += ")"
		}
		stmts, err := Parse(sql, Limits{})
		if err != nil {
			t.Fatalf("%s%s…: %v", c.head, c.link, err)
		}
		again, err := Parse(ast.QueryString(stmts[0]), Limits{})
		if err != nil {
			t.Fatalf("%s%s… printed: %v", c.head, c.link, err)
		}
		if d := diff(stmts[0], again[0]); d != "" {
			t.Errorf("%s%s…: %s", c.head, c.link, d)
		}
	}
}
