package query

import (
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// maxPredicate is the longest text of a predicate, in bytes.
const maxPredicate = 16 << 10

// RowPredicate compiles an expression over the columns of a table that a caller outside
// of statements asks of row by row. It must mean the same whenever it is asked: it is
// refused where it has parameters, subqueries, aggregates, functions that are not
// immutable (now, random, nextval), constants that depend on the time or the time zone,
// or types and functions other than those built in. What names it in errors.
func RowPredicate(t *catalog.Table, text, what string) (*exec.Predicate, error) {
	if len(text) > maxPredicate {
		return nil, dberr.SQL(dberr.StateStatementTooComplex, "a %s has %d bytes and may have %d", what, len(text), maxPredicate)
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return nil, err
	}
	bind := func(env *sqltype.Env) (plan.Expr, error) {
		s := &plan.Scope{Catalog: &catalog.Snapshot{}, Path: []string{catalog.PublicSchema}, Env: env, Virtual: virtualTable}
		return plan.BindRowExpr(s, t, e, sqltype.TBool, what)
	}
	x, err := bind(&sqltype.Env{Location: time.UTC})
	if err != nil {
		return nil, err
	}
	if err := lastingPredicate(x, e, bind, what); err != nil {
		return nil, err
	}
	types := make([]sqltype.Type, len(t.Columns))
	for i := range t.Columns {
		types[i] = t.Columns[i].Type
	}
	return exec.NewPredicate(x, types)
}

// lastingPredicate refuses what could mean something else at another time.
func lastingPredicate(x plan.Expr, e ast.Expr, bind func(*sqltype.Env) (plan.Expr, error), what string) error {
	if !plan.Immutable(x) {
		return dberr.SQL("42P17", "functions in a %s must be marked IMMUTABLE", what).At(e.Pos()).
			WithHint("It is asked of each message by itself, and cannot know the time or the session.")
	}
	y, err := bind(&sqltype.Env{Now: time.Unix(0, 0), Location: time.FixedZone("elsewhere", -13*60*60)})
	if err != nil || !plan.Same(x, y) {
		return dberr.SQL("42P17", "a constant in a %s depends on the time or the time zone of the session", what).At(e.Pos()).
			WithHint("Write the time in full, with its offset from UTC: '2024-01-31 12:00:00+00'.")
	}
	return nil
}
