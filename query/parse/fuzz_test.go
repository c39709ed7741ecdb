package parse

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// FuzzParse wants no panic from any text, an error with SQLSTATE where there is one, and
// of accepted queries that their print parses to the same tree.
func FuzzParse(f *testing.F) {
	for _, sql := range readLines(f, "accepted.sql") {
		f.Add(sql)
	}
	for _, l := range readLines(f, "refused.txt") {
		f.Add(strings.SplitN(l, " | ", 3)[2])
	}
	f.Add("SELECT ?, a ? 'b', :v1; DESC x")
	f.Fuzz(func(t *testing.T, sql string) {
		Split(sql)
		Normalize(sql)
		stmts, err := Parse(sql, Limits{MaxBytes: 4096, MaxNesting: 50, MaxDepth: 500})
		if err != nil {
			e := dberr.As(err)
			if e == nil || e.SQLState == "" || e.Position < 0 || e.Position > len(sql)+1 {
				t.Fatalf("%q: %v", sql, err)
			}
			if e.SQLState == dberr.StateInternal {
				t.Fatalf("%q: the grammar failed: %v", sql, err)
			}
			return
		}
		for _, s := range stmts {
			text := ast.QueryString(s)
			if text == "" {
				continue
			}
			again, err := Parse(text, Limits{})
			if err != nil {
				t.Fatalf("%q prints as %q which fails: %v", sql, text, err)
			}
			if d := diff(s, again[0]); d != "" {
				t.Fatalf("%q prints as %q which differs at %s", sql, text, d)
			}
		}
	})
}

// FuzzNormalize wants two texts with one key, one with its constants changed, to have one tree
// but for the constants.
func FuzzNormalize(f *testing.F) {
	for _, sql := range readLines(f, "accepted.sql") {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		key, consts, ok := Normalize(sql)
		if !ok || len(sql) > 4096 {
			return
		}
		var b strings.Builder
		at := 0
		for _, c := range consts {
			b.WriteString(sql[at:c.Start])
			b.WriteString(map[ConstKind]string{ConstInt4: " 7 ", ConstInt8: " 7000000000 ", ConstDecimal: " 7.5 ", ConstString: " 'seven' "}[c.Kind])
			at = c.End
		}
		b.WriteString(sql[at:])
		other, _, ok := Normalize(b.String())
		if !ok || other != key {
			t.Fatalf("%q has key %q, %q has %q", sql, key, b.String(), other)
		}
		one, err := Parse(sql, Limits{})
		if err != nil {
			return
		}
		two, err := Parse(b.String(), Limits{})
		if err != nil || len(one) != len(two) {
			t.Fatalf("%q parses, %q does not: %v", sql, b.String(), err)
		}
		for i := range one {
			if a, b := shape(one[i]), shape(two[i]); a != b {
				t.Fatalf("one key, two shapes: %q and %q", a, b)
			}
		}
	})
}

// shape is the text of a statement with its constants blotted out.
func shape(s ast.Stmt) string {
	ast.Walk(s, func(n any) bool {
		if l, ok := n.(*ast.Literal); ok && (l.Kind == ast.LitInt || l.Kind == ast.LitDecimal || l.Kind == ast.LitString) {
			l.Text = "0"
		}
		return true
	})
	return ast.QueryString(s)
}

func BenchmarkParse(b *testing.B) {
	for name, sql := range map[string]string{
		"point": "SELECT id, name FROM users WHERE id = $1",
		"join": "SELECT c.name, sum(l.price * (1 - l.discount)) AS revenue FROM customer c JOIN orders o ON c.id = o.cust " +
			"JOIN line l ON l.ord = o.id WHERE o.day >= date '1993-10-01' AND l.flag = 'R' GROUP BY c.name ORDER BY 2 DESC LIMIT 20",
	} {
		b.Run("op=parse/sql="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(sql, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("op=normalize/sql="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Normalize(sql)
			}
		})
	}
}
