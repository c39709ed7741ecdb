package tstable

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

var unixEpoch = time.Unix(0, 0).UTC()

// search is what the model is asked for.
type search struct {
	matchers []timeseries.Matcher
	from, to int64 // both included
	none     bool
}

// searchFor makes a search of probes. What it cannot ask for the planner checks itself.
func searchFor(sh *shape, probes []source.Probe) search {
	s := search{from: math.MinInt64, to: math.MaxInt64}
	for i := range probes {
		p := &probes[i]
		switch {
		case p.Column == colTime:
			s.time(p)
		case p.Column > sh.fields && p.Op == "=":
			m := timeseries.Matcher{Tag: sh.tags[p.Column-1-sh.fields], Op: timeseries.MatchIn}
			for _, v := range p.Values {
				if v.Str != "" { // the empty text is no value of a tag, and NULL equals nothing
					m.Values = append(m.Values, v.Str)
				}
			}
			s.none = s.none || len(m.Values) == 0
			s.matchers = append(s.matchers, m)
		}
	}
	s.none = s.none || s.from > s.to
	return s
}

// time narrows the span.
func (s *search) time(p *source.Probe) {
	least, most := p.Values[0].Int, p.Values[0].Int
	for _, v := range p.Values {
		least, most = min(least, v.Int), max(most, v.Int)
	}
	switch p.Op {
	case "=":
		s.from, s.to = max(s.from, nanos(least)), min(s.to, lastNano(most))
	case ">=":
		s.from = max(s.from, nanos(least))
	case ">":
		if s.from = max(s.from, lastNano(least)); s.from < math.MaxInt64 && lastNano(least) > math.MinInt64 {
			s.from = max(s.from, lastNano(least)+1)
		}
	case "<=":
		s.to = min(s.to, lastNano(most))
	case "<":
		if s.to = min(s.to, nanos(most)); nanos(most) > math.MinInt64 && nanos(most) < math.MaxInt64 {
			s.to = min(s.to, nanos(most)-1)
		}
	}
}

// chunk is how many points of a field are in memory at once where rows are read forwards.
const chunk = 16 << 10

// rows is a scan: series by series, and of each a piece of time after the other.
type rows struct {
	ctx    context.Context
	store  *timeseries.Store
	tx     *txn.Tx
	metric *timeseries.Metric
	shape  *shape
	scan   *source.Scan
	search search
	list   []timeseries.Selected

	tags   []sqltype.Datum // of list[0]
	next   int64           // where its next piece begins
	piece  []*block.Points // of each field
	at     []int           // in piece
	times  []int64         // of the rows of the piece
	row    int             // in times
	ended  bool            // the series has no further piece
	opened bool
	buf    block.Points
}

// Scan implements source.Source.
func (s *Source) Scan(ctx context.Context, tx *txn.Tx, t *catalog.Table, scan *source.Scan) (source.Rows, error) {
	if t.External.Noun == tierNoun {
		return s.scanTier(ctx, tx, t, scan)
	}
	store := s.series.In(t.DB)
	m, err := store.MetricTx(tx, t.External.Object)
	if err != nil {
		return nil, err
	}
	sh, err := s.shapeOf(tx, t, m)
	if err != nil {
		return nil, err
	}
	r := &rows{ctx: ctx, store: store, tx: tx, metric: m, shape: sh, scan: scan, search: searchFor(sh, scan.Probes)}
	if r.search.none {
		return r, nil
	}
	if r.list, err = store.SelectTx(tx, m, r.search.matchers); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.list, func(a, b timeseries.Selected) int { return sh.compare(a.Tags, b.Tags) })
	if scan.Reverse {
		slices.Reverse(r.list)
	}
	return r, nil
}

// shapeOf is the shape that a description was made of: what a plan was made for may be
// older than what tx sees.
func (s *Source) shapeOf(tx *txn.Tx, t *catalog.Table, m *timeseries.Metric) (*shape, error) {
	if sh, ok := s.tables.Get(known{t.DB, t.External.Stamp, t.Name}); ok && sh.table.External.Stamp.Version == m.ID() {
		return sh, nil
	}
	sh, err := s.shape(tx, t.DB, m)
	if err == nil && sh.table.External.Stamp != t.External.Stamp { // its columns stand elsewhere
		return nil, dberr.SQL(dberr.StateSerializationFailure, "metric %q has got other fields or tags since the statement was planned", m.Name)
	}
	return sh, err
}

// compare orders series by their columns, those without a tag first.
func (s *shape) compare(a, b []timeseries.Tag) int {
	for _, name := range s.tags {
		if c := strings.Compare(tagOf(a, name), tagOf(b, name)); c != 0 {
			return c
		}
	}
	return 0
}

// tagValues appends the columns of the tags of a series.
func (s *shape) tagValues(dst []sqltype.Datum, tags []timeseries.Tag) []sqltype.Datum {
	for _, name := range s.tags {
		v := tagOf(tags, name)
		dst = append(dst, sqltype.Datum{Str: v, Null: v == ""})
	}
	return dst
}

func tagOf(tags []timeseries.Tag, name string) string {
	i, ok := slices.BinarySearchFunc(tags, name, func(t timeseries.Tag, name string) int { return cmp.Compare(t.Key, name) })
	if !ok {
		return ""
	}
	return tags[i].Value
}

// Next implements source.Rows.
func (r *rows) Next(cols []*vec.Vector, limit int) (n int, err error) {
	for n < limit && len(r.list) > 0 {
		if r.row < len(r.times) {
			r.emit(cols)
			n++
			continue
		}
		if r.opened && r.ended {
			r.list, r.opened = r.list[1:], false
			continue
		}
		if err := r.load(); err != nil {
			return n, err
		}
	}
	return n, nil
}

var errFull = errors.New("enough points")

// load reads the next piece of the series.
func (r *rows) load() error {
	if !r.opened {
		r.opened, r.ended, r.next = true, false, r.search.from
		r.tags = r.shape.tagValues(r.tags[:0], r.list[0].Tags)
	}
	r.piece, r.times, r.row = r.piece[:0], r.times[:0], 0
	last := r.search.to
	for field := range r.shape.fields {
		p := &block.Points{Kind: r.metric.Fields[field].Kind}
		err := r.store.ReadTx(r.ctx, r.tx, r.metric, r.list[0], field, r.next, r.search.to, &r.buf, func(q *block.Points) error {
			join(p, q)
			if !r.scan.Reverse && p.Len() >= chunk {
				return errFull
			}
			return nil
		})
		if errors.Is(err, errFull) {
			last = min(last, p.Times[p.Len()-1])
		} else if err != nil {
			return err
		}
		r.piece = append(r.piece, p)
	}
	for _, p := range r.piece {
		end, _ := slices.BinarySearch(p.Times, last)
		for end < p.Len() && p.Times[end] == last {
			end++
		}
		r.times = append(r.times, p.Times[:end]...)
	}
	if len(r.piece) > 1 {
		slices.Sort(r.times)
		r.times = slices.Compact(r.times)
	}
	r.at = slices.Grow(r.at[:0], len(r.piece))[:len(r.piece)]
	clear(r.at)
	if r.scan.Reverse {
		slices.Reverse(r.times)
		for i, p := range r.piece {
			r.at[i] = p.Len() - 1
		}
	}
	r.ended = last == r.search.to
	r.next = last + 1
	return nil
}

func join(p, q *block.Points) {
	p.Times = append(p.Times, q.Times...)
	p.Floats = append(p.Floats, q.Floats...)
	p.Ints = append(p.Ints, q.Ints...)
	p.Bools = append(p.Bools, q.Bools...)
	p.Texts = append(p.Texts, q.Texts...)
}

func boolean(v bool) (d sqltype.Datum) {
	if v {
		d.Int = 1
	}
	return d
}

// field is the value of a field at the row's time, NULL where it has none.
func (r *rows) field(i int, t int64) sqltype.Datum {
	p := r.piece[i]
	if r.scan.Reverse {
		for r.at[i] >= 0 && p.Times[r.at[i]] > t {
			r.at[i]--
		}
	} else {
		for r.at[i] < p.Len() && p.Times[r.at[i]] < t {
			r.at[i]++
		}
	}
	k := r.at[i]
	if k < 0 || k >= p.Len() || p.Times[k] != t {
		return sqltype.NullDatum
	}
	switch p.Kind {
	case block.Float:
		return sqltype.Datum{Float: p.Floats[k]}
	case block.Int:
		return sqltype.Datum{Int: p.Ints[k]}
	case block.Bool:
		return boolean(p.Bools[k])
	}
	return sqltype.Datum{Str: p.Texts[k]}
}

func (r *rows) emit(cols []*vec.Vector) {
	t := r.times[r.row]
	r.row++
	for i, c := range r.scan.Cols {
		switch {
		case c == colTime:
			cols[i].AppendDatum(sqltype.Datum{Int: micros(t)})
		case c <= r.shape.fields:
			cols[i].AppendDatum(r.field(c-1, t))
		default:
			cols[i].AppendDatum(r.tags[c-1-r.shape.fields])
		}
	}
	if r.scan.RowKey {
		cols[len(r.scan.Cols)].AppendDatum(sqltype.Datum{Str: string(r.store.StoreKey(r.metric, r.list[0], t))})
	}
}

// Close implements source.Rows.
func (r *rows) Close() error {
	r.list = nil
	return nil
}
