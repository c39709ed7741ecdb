package api

import (
	"maps"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/timeseries"
)

// maxQueries is how many queries an expression has at most.
const maxQueries = 16

// tsSubqueryFields are the fields of a query of an expression; the database is that of the
// whole.
var tsSubqueryFields = slices.DeleteFunc(slices.Clone(tsQueryFields), func(n string) bool { return n == "database" || n == "precision" })

// subqueries takes {"a":{query},"b":{query}}.
func (q *tsQuery) subqueries(sc *jsonin.Scanner) error {
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return jsonin.WantError("queries", "an object", k)
	}
	q.queries = make(map[string]*tsQuery)
	return sc.Object(func(key []byte) error {
		name := string(key)
		if q.queries[name] != nil {
			return invalid("DUPLICATE_FIELD", "query %q is given twice", shorten(name, 40)).WithField("queries")
		}
		if len(q.queries) == maxQueries {
			return invalid("TOO_MANY_QUERIES", "an expression has at most %d queries", maxQueries).WithField("queries")
		}
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError("queries."+shorten(name, 40), "an object", k)
		}
		sub := &tsQuery{}
		q.queries[name] = sub
		return sc.Object(func(key []byte) error {
			field := string(key)
			if !slices.Contains(tsSubqueryFields, field) {
				return jsonin.UnknownField("queries."+shorten(name, 40)+"."+field, tsSubqueryFields)
			}
			return sub.field(sc, field)
		})
	})
}

// inherit takes what the whole says and the query does not.
func (q *tsQuery) inherit(all *tsQuery) {
	for _, f := range [][2]*string{{&q.start, &all.start}, {&q.end, &all.end}, {&q.zone, &all.zone}, {&q.fill, &all.fill}, {&q.Metric, &all.Metric}} {
		if *f[0] == "" {
			*f[0] = *f[1]
		}
	}
	if !q.aggregated {
		q.aggregated, q.kind, q.function, q.interval, q.window, q.offset = all.aggregated, all.kind, all.function, all.interval, all.window, all.offset
	}
	if !q.Grouped {
		q.Grouped, q.GroupBy = all.Grouped, all.GroupBy
	}
	if len(q.Fields) == 0 {
		q.Fields = all.Fields
	}
	if q.Limit == 0 {
		q.Limit, q.Newest = all.Limit, all.Newest
	}
	q.RawOnly = q.RawOnly || all.RawOnly
	if q.Matchers == nil { // compiled where they are used, so not shared
		q.Matchers = slices.Clone(all.Matchers)
	}
}

// answerExpression computes an expression over several queries.
func (s *Server) answerExpression(c echo.Context, q *tsQuery, form format, unit int64, began time.Time) error {
	switch {
	case form != formatJSON:
		return dberr.New(dberr.ErrInvalid, "NOT_ACCEPTABLE", "an expression is answered with application/json").WithField("expression")
	case q.expression == "":
		return invalid("MISSING_FIELD", `"queries" need the field "expression"`).WithField("expression")
	}
	f, err := timeseries.ParseFormula(q.expression)
	if err != nil {
		return err
	}
	queries := make(map[string]timeseries.Query, len(q.queries))
	for _, name := range slices.Sorted(maps.Keys(q.queries)) {
		sub := q.queries[name]
		sub.inherit(q)
		if err := sub.settle(); err != nil {
			if e := dberr.As(err); e != nil && e.Field != "" {
				e.Field = "queries." + name + "." + e.Field
			}
			return err
		}
		sub.MaxPoints = s.mostPoints()
		queries[name] = sub.Query
	}
	store, err := s.timeSeries(c, q.database, false)
	if err != nil {
		return err
	}
	a, err := store.Combine(c.Request().Context(), queries, f)
	if err != nil {
		return err
	}
	return sendAnswer(c, a, unit, began)
}
