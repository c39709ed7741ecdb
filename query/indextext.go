package query

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
)

// indexText is the CREATE INDEX statement that makes an index.
func (call *catalogCall) indexText(t *catalog.Table, x *catalog.Index, pretty bool) string {
	unique, method := "", "btree"
	if x.Unique {
		unique = "UNIQUE "
	}
	if x.Kind == catalog.Hash {
		method = "hash"
	}
	var cols, more []string
	for _, k := range x.Columns {
		c := call.partText(t, k, pretty)
		if k.Desc {
			c += " DESC"
		}
		if k.NullsFirst != k.Desc {
			c += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
		cols = append(cols, c)
	}
	table := qualified(t.Schema, t.Name)
	if pretty {
		table = call.visible(t.Schema, t.Name)
	}
	s := fmt.Sprintf("CREATE %sINDEX %s ON %s USING %s (%s)", unique, ast.QuoteIdent(x.Name), table, method, strings.Join(cols, ", "))
	for _, id := range x.Include {
		more = append(more, ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name))
	}
	if more != nil {
		s += " INCLUDE (" + strings.Join(more, ", ") + ")"
	}
	if x.NullsNotDistinct {
		s += " NULLS NOT DISTINCT"
	}
	if x.Predicate != "" {
		s += " WHERE " + call.storedText(t, x.Predicate, pretty)
	}
	return s
}

// partText is a part of an index's key as SQL has it.
func (call *catalogCall) partText(t *catalog.Table, k catalog.IndexColumn, pretty bool) string {
	if k.Path != nil {
		return partName(t, k)
	}
	if k.Expr == "" {
		return ast.QuoteIdent(partName(t, k))
	}
	s := call.storedText(t, k.Expr, pretty)
	if e, err := parse.ParseExpr(k.Expr, parse.Limits{}); err == nil {
		if _, is := e.(*ast.FuncCall); is || calls(s) {
			return s
		}
	}
	return "(" + s + ")"
}

// calls reports whether a text is the call of a function as a whole.
func calls(s string) bool {
	open := strings.IndexByte(s, '(')
	if open < 1 || strings.ContainsAny(s[:open], " :+-'\n") {
		return false
	}
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '\'':
			if end := strings.IndexByte(s[i+1:], '\''); end >= 0 {
				i += end + 1
			}
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(s)-1
			}
		}
	}
	return false
}
