package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
)

// isStreamAggregate says whether a call is of an aggregate of queries over streams.
func isStreamAggregate(c *ast.FuncCall) bool {
	return len(c.Name) == 1 && slices.Contains(ContinuousFunctions, c.Name[0])
}

// compute reads the items of the select list that are computed from others, and HAVING.
// They become expressions over the names of keys and aggregates; an aggregate that is no
// column of its own becomes a hidden one. columns are the names of the select list.
func (r *streamReader) compute(columns []string) error {
	for _, i := range r.later {
		text, err := r.over(r.sel.Targets[i].Expr, columns)
		if err != nil {
			return err
		}
		r.q.Computed = append(r.q.Computed, ContinuousColumn{Name: columns[i], SQL: text})
	}
	if r.sel.Having == nil {
		return nil
	}
	text, err := r.over(r.sel.Having, columns)
	r.q.Having = text
	return err
}

// over prints an expression with names in place of keys and aggregates. What is left of
// the columns of messages has no one value.
func (r *streamReader) over(e ast.Expr, columns []string) (string, error) {
	var err error
	text := ast.StringReplacing(e, func(x ast.Expr) (string, bool) {
		if err != nil {
			return "NULL", true
		}
		text := ast.String(x)
		if name, ok := r.named[text]; ok {
			return ast.QuoteIdent(name), true
		}
		switch x := x.(type) {
		case *ast.ColumnRef:
			if len(x.Names) != 1 || x.Names[0] != "window_start" && x.Names[0] != "window_end" || x.Star {
				err = dberr.SQL("42803", "column %q must appear in the GROUP BY clause or be used in an aggregate function", strings.Join(x.Names, ".")).At(x.Pos())
			}
		case *ast.FuncCall:
			if isStreamAggregate(x) {
				name := r.hiddenName(columns)
				r.named[text] = name
				err = r.aggregate(ContinuousColumn{Name: name, Hidden: true}, x)
				return ast.QuoteIdent(name), true
			}
			if len(x.Name) == 1 && fn.IsAgg(x.Name[0]) && x.Over == nil {
				err = dberr.SQL(dberr.StateFeatureNotSupported, "the aggregate %s over a stream", x.Name[0]).At(x.Pos()).
					WithHint("The aggregates are %s.", strings.Join(ContinuousFunctions, ", "))
			}
		}
		return "", false
	})
	return text, err
}

// hiddenName is a name that no column has.
func (r *streamReader) hiddenName(columns []string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("agg_%d", n)
		taken := slices.ContainsFunc(r.q.Aggregates, func(a ContinuousColumn) bool { return a.Name == name })
		if !taken && !slices.Contains(columns, name) {
			return name
		}
	}
}
