package continuous

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// seriesSchema is the schema of the metrics.
const seriesSchema = "ts"

// statement is an INSERT … SELECT taken apart.
type statement struct {
	target  string
	columns []string // as the INSERT names them; empty: as the SELECT does
	query   string   // the SELECT
	sources []string // metrics that it reads, sorted
	others  bool     // it reads what is no metric, such as a view, which may read any
}

func unsupported(format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrUnsupported, "INVALID_CONTINUOUS_QUERY", format, args...).WithField("query")
}

// takeApart reads the text of a query.
func takeApart(text string) (*statement, error) {
	stmts, err := parse.Parse(text, parse.Limits{})
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, unsupported("a continuous query is one statement, and the text has %d", len(stmts))
	}
	ins, ok := stmts[0].(*ast.Insert)
	switch {
	case !ok || ins.Query == nil:
		return nil, unsupported("a continuous query must be INSERT INTO ts.<metric> SELECT …")
	case ins.Table.Name.Schema != seriesSchema:
		return nil, unsupported("a continuous query writes to a metric, so it must be INSERT INTO %s.<metric> SELECT …, not INTO %q", seriesSchema, ins.Table.Name.Name)
	case ins.Conflict != nil || len(ins.Returning) > 0 || ins.With != nil || ins.Table.Alias != nil:
		return nil, unsupported("the INSERT of a continuous query has no WITH, alias, ON CONFLICT or RETURNING; a WITH may stand before SELECT, and a point that is there is replaced")
	}
	st := &statement{target: ins.Table.Name.Name, query: ast.QueryString(ins.Query)}
	for _, c := range ins.Columns {
		if len(c.Path) > 0 {
			return nil, unsupported("column %q of a metric has no parts", shorten(c.Name))
		}
		st.columns = append(st.columns, c.Name)
	}
	var from, to bool
	ast.Walk(ins.Query, func(n any) bool {
		switch n := n.(type) {
		case *ast.Param:
			from, to = from || n.Number == 1, to || n.Number == 2
		case *ast.TableRef:
			if n.Name.Schema == seriesSchema {
				st.sources = append(st.sources, n.Name.Name)
			} else {
				st.others = true
			}
		}
		return true
	})
	slices.Sort(st.sources)
	st.sources = slices.Compact(st.sources)
	switch {
	case !from || !to || ast.MaxParam(ins.Query) > 2:
		return nil, unsupported("a continuous query must name the window that it is of: $1 is where it begins, $2 where it ends").
			WithHint("add WHERE time >= $1 AND time < $2")
	case slices.Contains(st.sources, st.target):
		return nil, unsupported("the query reads metric %q, which it writes to", shorten(st.target))
	}
	return st, nil
}

// statement takes a query apart and holds it against the tables that it reads.
func (f *Fills) statement(ctx context.Context, text string) (*statement, error) {
	if text == "" {
		return nil, invalid("MISSING_FIELD", "query", "a continuous query needs its statement")
	}
	st, err := takeApart(text)
	if err != nil {
		return nil, err
	}
	p, err := f.s.engine.Prepare(ctx, f.database, st.query, "")
	if err != nil {
		return nil, err
	}
	for i, t := range p.Params {
		if t.ID != sqltype.TimestampTZ {
			return nil, unsupported("$%d is of type timestamp with time zone, and the query takes it for another", i+1).WithHint("write $%d::timestamptz", i+1)
		}
	}
	m, err := f.series.Metric(ctx, st.target)
	if err != nil && !errors.Is(err, dberr.ErrNotFound) {
		return nil, err
	}
	_, err = st.shape(p.Columns, m)
	return st, err
}

// shape says what the columns of the result are: the time, fields and tags.
type shape struct {
	names []string
	time  int
	field []bool
}

// shape makes one for a metric, which may be nil. A column is a field where the metric
// has one of its name; else texts are tags, and numbers and booleans are fields.
func (st *statement) shape(cols []query.Column, m *timeseries.Metric) (*shape, error) {
	if len(st.columns) > 0 && len(st.columns) != len(cols) {
		return nil, unsupported("the INSERT names %d columns, and the SELECT has %d", len(st.columns), len(cols))
	}
	if m != nil && m.Duplicates != timeseries.Last {
		return nil, unsupported("of two points with one time metric %q keeps the %s, so that windows could not be run again", shorten(st.target), m.Duplicates)
	}
	sh := &shape{time: -1, field: make([]bool, len(cols))}
	fields := 0
	for i, c := range cols {
		name := c.Name
		if len(st.columns) > 0 {
			name = st.columns[i]
		}
		if slices.Contains(sh.names, name) {
			return nil, unsupported("the column %q comes twice; name columns by AS", shorten(name))
		}
		sh.names = append(sh.names, name)
		text := false
		switch c.Type.ID {
		case sqltype.TimestampTZ, sqltype.Timestamp:
			if name == "time" {
				sh.time = i
				continue
			}
			return nil, unsupported("the column %q is of type %s; only the one named time is, others are numbers, booleans or texts", shorten(name), c.Type)
		case sqltype.Text, sqltype.Varchar, sqltype.Unknown:
			text = true
		case sqltype.Bool, sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric:
		default:
			return nil, unsupported("the column %q is of type %s, which no field or tag has", shorten(name), c.Type).WithHint("cast it: fields are numbers and booleans, tags are texts")
		}
		sh.field[i] = !text || m != nil && m.Field(name) >= 0
		if sh.field[i] {
			fields++
		}
	}
	if sh.time < 0 {
		return nil, unsupported("the result has no column named time").WithHint("select $1 AS time, or time_bucket(…) AS time")
	}
	if fields == 0 {
		return nil, unsupported("the result has no field: a column of numbers or booleans").WithHint("name the value: avg(value) AS value")
	}
	return sh, nil
}

// MaxPoints is how many points one window may give.
const MaxPoints = 1_000_000

// gatherer makes points of rows.
type gatherer struct {
	st       *statement
	metric   *timeseries.Metric
	from, to time.Time
	shape    *shape
	cols     []query.Column
	points   []timeseries.Point
}

// Begin implements query.Sink.
func (g *gatherer) Begin(_ int, cols []query.Column) (err error) {
	g.cols = cols
	g.shape, err = g.st.shape(cols, g.metric)
	return err
}

// End implements query.Sink.
func (g *gatherer) End(query.Tag) error { return nil }

// Batch implements query.Sink.
func (g *gatherer) Batch(b *vec.Batch) error {
	for _, i := range vec.Live(b.Len, b.Sel) {
		if len(g.points) >= MaxPoints {
			return dberr.New(dberr.ErrTooLarge, "TOO_MANY_POINTS", "a window gives more than %d points", MaxPoints).WithField("query")
		}
		if err := g.row(b, int(i)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatherer) row(b *vec.Batch, i int) error {
	p := timeseries.Point{Metric: g.st.target}
	for k, col := range b.Cols {
		if col.IsNull(i) {
			if k == g.shape.time {
				return dberr.New(dberr.ErrConstraint, "NO_TIME", "a row has no time").WithField("query")
			}
			continue
		}
		d := col.Get(i)
		switch {
		case k == g.shape.time:
			t := sqltype.TimestampToGo(d.Int)
			if d.Int == math.MaxInt64 || d.Int == math.MinInt64 || t.Before(g.from) || t.After(g.to) {
				return dberr.New(dberr.ErrConstraint, "OUTSIDE_WINDOW", "a row is of %s, which is outside of the window from %s to %s", sqltype.FormatText(sqltype.TTimestampTZ, d), g.from.Format(time.RFC3339), g.to.Format(time.RFC3339)).
					WithField("query").WithHint("windows of time_bucket must not be longer than every, and every must be a multiple of them")
			}
			p.Time = t.UnixNano()
		case !g.shape.field[k]:
			if d.Str != "" {
				p.Tags = append(p.Tags, timeseries.Tag{Key: g.shape.names[k], Value: d.Str})
			}
		default:
			p.Fields = append(p.Fields, timeseries.Field{Name: g.shape.names[k], Value: g.value(k, d)})
		}
	}
	if len(p.Fields) > 0 { // of a window without values there is nothing to say
		g.points = append(g.points, p)
	}
	return nil
}

// value is a value of a column as the model has it.
func (g *gatherer) value(k int, d sqltype.Datum) timeseries.Value {
	switch g.cols[k].Type.ID {
	case sqltype.Float4, sqltype.Float8:
		return timeseries.FloatValue(d.Float)
	case sqltype.Numeric:
		return timeseries.FloatValue(d.Num.Float64())
	case sqltype.Bool:
		return timeseries.BoolValue(d.Int != 0)
	case sqltype.Text, sqltype.Varchar, sqltype.Unknown:
		return timeseries.Value{Kind: block.Text, Text: d.Str}
	}
	return timeseries.IntValue(d.Int)
}
