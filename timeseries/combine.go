package timeseries

import (
	"context"
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Combine computes a formula over what several queries find, all of one moment. Series
// with the same tags meet, and a query that finds one series without tags meets all;
// within them points of the same time do, and a time that one of them lacks has no value.
// Of instants the time does not count, and the latest is that of the answer.
// A query must be of one field. The answer has no metric, and the field "value".
func (s *Store) Combine(ctx context.Context, queries map[string]Query, f *Formula) (a *Answer, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		a, err = s.CombineTx(ctx, tx, queries, f)
		return err
	})
	return a, err
}

// CombineTx is Combine in a transaction.
func (s *Store) CombineTx(ctx context.Context, tx *txn.Tx, queries map[string]Query, f *Formula) (*Answer, error) {
	for name := range queries {
		if !slices.Contains(f.names, name) {
			return nil, invalid("UNUSED_QUERY", "queries."+name, "the expression does not name query %q", shorten(name))
		}
	}
	c := combination{formula: f, most: DefaultMaxPoints, instant: true}
	for _, name := range f.names {
		q, ok := queries[name]
		if !ok {
			return nil, dberr.New(dberr.ErrInvalid, "UNKNOWN_QUERY", "the expression names query %q, which is not given", shorten(name)).WithField("expression")
		}
		c.instant = c.instant && q.Mode == Instant
		if q.MaxPoints > 0 {
			c.most = q.MaxPoints
		}
		a, err := s.QueryTx(ctx, tx, q)
		if err != nil {
			if e := dberr.As(err); e != nil && e.Field != "" {
				e.Field = "queries." + name + "." + e.Field
			}
			return nil, fmt.Errorf("query %q: %w", name, err)
		}
		if err := c.add(name, a); err != nil {
			return nil, err
		}
	}
	return c.compute(ctx)
}

// combination is what the queries of a formula found.
type combination struct {
	formula *Formula
	most    int
	instant bool                 // each series has one value, whose time does not count
	found   []map[string]*Series // by tags, in the order of the names
	all     []*Series            // of a query that meets all series: its one
	tags    map[string][]Tag
}

func tagsText(tags []Tag) string {
	var b []byte
	for _, t := range tags {
		b = appendText(appendText(b, t.Key), t.Value)
	}
	return string(b)
}

func (c *combination) add(name string, a *Answer) error {
	by := make(map[string]*Series, len(a.Series))
	for i := range a.Series {
		x := &a.Series[i]
		if x.Field != a.Series[0].Field {
			return dberr.New(dberr.ErrInvalid, "SEVERAL_FIELDS", "query %q is of the fields %q and %q, and an expression takes one", shorten(name), shorten(a.Series[0].Field), shorten(x.Field)).
				WithField("queries." + name).WithHint(`name one by "field"`)
		}
		for _, p := range x.Samples {
			if p.Value.Kind == block.Text {
				return dberr.New(dberr.ErrConstraint, "INVALID_EXPRESSION", "query %q finds texts, which are no numbers", shorten(name)).WithField("queries." + name)
			}
		}
		by[tagsText(x.Tags)] = x
		if c.tags == nil {
			c.tags = make(map[string][]Tag)
		}
		c.tags[tagsText(x.Tags)] = x.Tags
	}
	var all *Series
	if len(a.Series) == 1 && len(a.Series[0].Tags) == 0 {
		all = &a.Series[0]
	}
	c.found, c.all = append(c.found, by), append(c.all, all)
	return nil
}

// met are the series that meet under some tags, in the order of the names; nil where one
// is missing.
func (c *combination) met(key string) []*Series {
	list := make([]*Series, len(c.found))
	for i := range c.found {
		if list[i] = c.found[i][key]; list[i] == nil {
			list[i] = c.all[i]
		}
		if list[i] == nil {
			return nil
		}
	}
	return list
}

func (c *combination) compute(ctx context.Context) (*Answer, error) {
	a := &Answer{}
	for key, tags := range c.tags {
		list := c.met(key)
		if list == nil {
			continue
		}
		x := Series{Field: DefaultField, Tags: tags, Samples: c.points(list)}
		if len(x.Samples) == 0 {
			continue
		}
		if a.Points += len(x.Samples); a.Points > c.most {
			return nil, tooLarge("TOO_MANY_POINTS", "expression", "the answer has more than %d points", c.most)
		}
		a.Series = append(a.Series, x)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	slices.SortFunc(a.Series, func(x, y Series) int { return compareTags(x.Tags, y.Tags) })
	return a, nil
}

// points computes the formula at each time that all series have.
func (c *combination) points(list []*Series) (out []Sample) {
	at := make([]int, len(list))
	v := make([]float64, len(list))
	if c.instant {
		last := list[0].Samples[0].Time
		for i, x := range list {
			v[i], last = x.Samples[0].Value.number(), max(last, x.Samples[0].Time)
		}
		return []Sample{{last, FloatValue(c.formula.eval(v))}}
	}
next:
	for _, first := range list[0].Samples {
		null := false
		for i, x := range list {
			for at[i] < len(x.Samples) && x.Samples[at[i]].Time < first.Time {
				at[i]++
			}
			if at[i] == len(x.Samples) || x.Samples[at[i]].Time > first.Time {
				continue next
			}
			null = null || x.Samples[at[i]].Value.Kind == 0
			v[i] = x.Samples[at[i]].Value.number()
		}
		if null {
			out = append(out, Sample{Time: first.Time})
			continue
		}
		out = append(out, Sample{first.Time, FloatValue(c.formula.eval(v))})
	}
	return out
}
