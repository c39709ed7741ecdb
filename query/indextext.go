package query

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
)

// indexText is the CREATE INDEX statement that makes an index.
func indexText(t *catalog.Table, x *catalog.Index) string {
	unique, method := "", "btree"
	if x.Unique {
		unique = "UNIQUE "
	}
	if x.Kind == catalog.Hash {
		method = "hash"
	}
	var cols, more []string
	for _, k := range x.Columns {
		c := partText(t, k)
		if k.Desc {
			c += " DESC"
		}
		if k.NullsFirst != k.Desc {
			c += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
		cols = append(cols, c)
	}
	s := fmt.Sprintf("CREATE %sINDEX %s ON %s USING %s (%s)", unique, ast.QuoteIdent(x.Name), qualified(t.Schema, t.Name), method, strings.Join(cols, ", "))
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
		s += " WHERE " + x.Predicate
	}
	return s
}

// partText is a part of an index's key as SQL has it.
func partText(t *catalog.Table, k catalog.IndexColumn) string {
	if k.Expr == "" {
		return ast.QuoteIdent(partName(t, k))
	}
	if e, err := parse.ParseExpr(k.Expr, parse.Limits{}); err == nil {
		if _, call := e.(*ast.FuncCall); call {
			return k.Expr
		}
	}
	return partName(t, k)
}
