package continuous

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
)

// What is computed of results, and the condition that they must meet, are expressions of
// SQL over a row of one result. They are evaluated as the machine gives a result, so that
// it knows which of those that it gave still hold.

// computes says whether results are more, less or others than what the machine has.
func (q *Query) computes() bool {
	return len(q.Computed) > 0 || q.Having != "" || slices.ContainsFunc(q.Aggregates, func(a Aggregate) bool { return a.Hidden })
}

// resultOf is the type of an aggregate, of which config has asked.
func resultOf(a window.Aggregate) sqltype.Type {
	t, err := a.Result()
	if err != nil {
		panic(err)
	}
	return t
}

// rowColumns are the columns of the row that expressions over a result see.
func (q *Query) rowColumns(c *window.Config) []ResultColumn {
	list := []ResultColumn{{StartColumn, sqltype.TTimestampTZ}, {EndColumn, sqltype.TTimestampTZ}}
	for i, k := range q.Keys {
		list = append(list, ResultColumn{k.Name, c.Keys[i]})
	}
	for i, a := range q.Aggregates {
		list = append(list, ResultColumn{a.Name, resultOf(c.Aggregates[i])})
	}
	return list
}

// computing is the query of SQL that evaluates the expressions for a row whose values
// value gives. The first column is there so that an aggregate among them is refused.
func (q *Query) computing(cols []ResultColumn, value func(i int) string) string {
	var b strings.Builder
	b.WriteString("SELECT " + ident(StartColumn))
	for _, k := range q.Computed {
		fmt.Fprintf(&b, ", (%s)", k.SQL)
	}
	if q.Having != "" {
		fmt.Fprintf(&b, ", (%s)", q.Having)
	}
	b.WriteString(" FROM (SELECT ")
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s AS %s", value(i), ident(c.Name))
	}
	b.WriteString(") AS result")
	return b.String()
}

// typeComputed finds the types of what is computed.
func (q *Query) typeComputed(c *window.Config, describe Describe) error {
	if len(q.Computed) == 0 && q.Having == "" {
		return nil
	}
	cols := q.rowColumns(c)
	// One after the other, so that an error is of the field.
	of := func(field string, one Query) (sqltype.Type, error) {
		types, err := describe(one.computing(cols, func(i int) string { return "NULL::" + cols[i].Type.String() }) + " WHERE false")
		if err != nil {
			return sqltype.Type{}, withField(err, field)
		}
		return types[1], nil
	}
	for i := range q.Computed {
		k := &q.Computed[i]
		t, err := of("compute", Query{Computed: []Column{*k}})
		if err != nil {
			return err
		}
		if k.typ = plain(t); k.typ.ID == sqltype.Record || k.typ.ID == sqltype.Void {
			return invalid("INVALID_FIELD", "compute", "%q is of type %s, which results do not have; cast it", k.Name, k.typ.Name())
		}
	}
	if q.Having == "" {
		return nil
	}
	t, err := of("having", Query{Having: q.Having})
	if err == nil && t.ID != sqltype.Bool {
		err = invalid("INVALID_FIELD", "having", "the condition must be of type boolean, not %s", plain(t).Name())
	}
	return err
}

// finisher is what makes of a result of the machine one of the query; nil where they are
// the same. It is of this pass.
func (p *pass) finisher(ctx context.Context) func(r *window.Result) (bool, error) {
	q := p.r.q
	if !q.computes() {
		return nil
	}
	cols := q.rowColumns(p.r.c)
	sql := ""
	if len(q.Computed) > 0 || q.Having != "" {
		sql = q.computing(cols, func(i int) string { return fmt.Sprintf("$%d", i+1) })
	}
	return func(r *window.Result) (holds bool, err error) {
		var computed []sqltype.Datum
		if holds = true; sql != "" {
			computed, err = p.compute(ctx, sql, cols, row(r))
			if err != nil {
				return false, p.faultyResult(r, err)
			}
			if q.Having != "" {
				last := len(computed) - 1
				holds, computed = !computed[last].Null && computed[last].Int != 0, computed[:last]
			}
		}
		var values []sqltype.Datum
		for i, a := range q.Aggregates {
			if !a.Hidden {
				values = append(values, r.Values[i])
			}
		}
		r.Values = append(values, computed...)
		return holds, nil
	}
}

// compute evaluates the expressions for a result.
func (p *pass) compute(ctx context.Context, sql string, cols []ResultColumn, values []sqltype.Datum) ([]sqltype.Datum, error) {
	params := make([]query.Param, len(cols))
	for i, c := range cols {
		params[i] = query.Param{Type: c.Type, Datum: values[i]}
	}
	var sink query.MemorySink
	// Not in the transaction of the pass, which an expression that fails would end.
	req := query.Request{Database: p.r.database, SQL: sql, Params: params, MaxRows: -1, OneStatement: true, ReadOnly: true}
	if err := p.r.s.engine.Execute(ctx, req, &sink); err != nil {
		return nil, err
	}
	var out []sqltype.Datum
	rows := 0
	for _, b := range sink.Results[0].Batches {
		if rows += b.Len; b.Len > 0 && out == nil {
			for _, col := range b.Cols[1:] {
				out = append(out, col.Get(0))
			}
		}
	}
	if rows != 1 {
		return nil, dberr.SQL("21000", "an expression gives %d rows for the result", rows)
	}
	return out, nil
}

// faultyResult is what becomes of a result for which an expression fails: the query waits
// there, or where it skips what is faulty the result is not given. What says nothing of the
// values, such as a conflict, is no such failure.
func (p *pass) faultyResult(r *window.Result, err error) error {
	e := dberr.As(err)
	if e == nil || !strings.HasPrefix(e.SQLState, "22") && !strings.HasPrefix(e.SQLState, "21") {
		return err
	}
	if p.r.q.SkipFaulty {
		p.st.faulty++
		p.dirty = true
		return nil
	}
	return fmt.Errorf("the result of the window from %s: %w", time.UnixMicro(r.Start).UTC().Format(time.RFC3339Nano), err)
}
