package tstable

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// tierNoun is what messages call a tier, and what tells it from a metric of that name.
const tierNoun = "tier"

// tierSign stands between a metric and the interval of a tier.
const tierSign = '@'

// tierManage is how tiers are made.
const tierManage = "A tier is made by a retention policy, PUT /api/v1/timeseries/retention/:name, and its rows of points."

// tierValues are the columns of each field.
var tierValues = []struct {
	name    string
	textual bool // there is one of texts, too
	typ     func(block.Kind) sqltype.Type
	of      func(*timeseries.TierWindow) timeseries.Value
}{
	{"count", true, func(block.Kind) sqltype.Type { return sqltype.TInt8 }, func(w *timeseries.TierWindow) timeseries.Value { return timeseries.IntValue(w.Count) }},
	{"sum", false, number64, func(w *timeseries.TierWindow) timeseries.Value { return w.Sum }},
	{"avg", false, func(block.Kind) sqltype.Type { return sqltype.TFloat8 }, func(w *timeseries.TierWindow) timeseries.Value { return w.Avg }},
	{"min", false, number64, func(w *timeseries.TierWindow) timeseries.Value { return w.Min }},
	{"max", false, number64, func(w *timeseries.TierWindow) timeseries.Value { return w.Max }},
	{"first", true, func(k block.Kind) sqltype.Type { return types[k] }, func(w *timeseries.TierWindow) timeseries.Value { return w.First }},
	{"last", true, func(k block.Kind) sqltype.Type { return types[k] }, func(w *timeseries.TierWindow) timeseries.Value { return w.Last }},
}

const tierSum = 1 // in tierValues

func number64(k block.Kind) sqltype.Type {
	if k == block.Float {
		return sqltype.TFloat8
	}
	return sqltype.TInt8
}

// tierColumn is a column of a value of a field.
type tierColumn struct{ field, value int }

// tier is a tier of a metric.
type tier struct {
	metric *timeseries.Metric
	timeseries.RetainedTier
	id timeseries.TierID
}

// tierOf finds the tier that a name is of; nil where it is of none. Of a metric that has
// tiers, but not this one, it says which.
func tierOf(tx *txn.Tx, store *timeseries.Store, name string) (*tier, error) {
	i := strings.LastIndexByte(name, tierSign)
	if i <= 0 {
		return nil, nil
	}
	m, ok, err := store.LookupTx(tx, name[:i])
	if err != nil || !ok {
		return nil, err
	}
	list, err := tiersOf(tx, store, m)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var names []string
	for _, t := range list {
		interval := timeseries.FormatInterval(t.Interval)
		if interval == name[i+1:] {
			return t, nil
		}
		names = append(names, fmt.Sprintf("%s.%q", Schema, m.Name+string(tierSign)+interval))
	}
	return nil, dberr.SQL(dberr.StateUndefinedTable, "metric %q has no tier of %s", m.Name, name[i+1:]).WithHint("It has %s.", strings.Join(names, ", "))
}

func tiersOf(tx *txn.Tx, store *timeseries.Store, m *timeseries.Metric) (list []*tier, err error) {
	tiers, ids, err := store.TiersTx(tx, m)
	for i := range tiers {
		list = append(list, &tier{m, tiers[i], ids[i]})
	}
	return list, err
}

// tierShape describes a tier as tx sees it.
func (s *Source) tierShape(tx *txn.Tx, db keyspace.DatabaseID, t *tier) (*shape, error) {
	tags, err := s.series.In(db).TagNamesTx(tx, t.metric)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	for _, f := range t.metric.Fields {
		fmt.Fprintf(h, "%q %d ", f.Name, f.Kind)
	}
	for _, name := range tags {
		fmt.Fprintf(h, "%q ", name)
	}
	k := known{db, catalog.Stamp{Version: uint64(t.id), Nonce: h.Sum64()}, t.metric.Name + string(tierSign) + timeseries.FormatInterval(t.Interval)}
	if sh, ok := s.tables.Get(k); ok {
		return sh, nil
	}
	d := begin(k, keyspace.ObjectID(2*uint64(t.id)), &catalog.External{Source: Schema, Object: k.name, Noun: tierNoun, Stamp: k.stamp, Manage: tierManage, FixedKey: true, Columns: true})
	var columns []tierColumn
	for i, f := range t.metric.Fields {
		for j, v := range tierValues {
			if f.Kind == block.Text && !v.textual {
				continue
			}
			d.add(f.Name+"_"+v.name, "field_", v.typ(f.Kind))
			columns = append(columns, tierColumn{i, j})
		}
	}
	sh := d.finish(tags)
	sh.tier = columns
	s.tables.Keep(k, sh)
	return sh, nil
}

// tierRows is a scan of a tier, series by series.
type tierRows struct {
	ctx    context.Context
	store  *timeseries.Store
	tx     *txn.Tx
	tier   *tier
	shape  *shape
	scan   *source.Scan
	search search
	list   []timeseries.Selected

	tags   []sqltype.Datum
	starts []int64                   // of the windows of list[0]
	fields [][]timeseries.TierWindow // of those of its fields that are wanted
	at     []int                     // in fields
	row    int                       // in starts
	opened bool
}

// scanTier begins to read a tier.
func (s *Source) scanTier(ctx context.Context, tx *txn.Tx, t *catalog.Table, scan *source.Scan) (source.Rows, error) {
	store := s.series.In(t.DB)
	of, err := tierOf(tx, store, t.External.Object)
	if err != nil {
		return nil, err
	}
	if of == nil {
		return nil, dberr.SQL(dberr.StateSerializationFailure, "the tier %q has gone since the statement was planned", t.External.Object)
	}
	sh, err := s.tierShape(tx, t.DB, of)
	if err != nil {
		return nil, err
	}
	if sh.table.External.Stamp != t.External.Stamp {
		return nil, dberr.SQL(dberr.StateSerializationFailure, "metric %q has got other fields, tags or tiers since the statement was planned", of.metric.Name)
	}
	if !of.Ready {
		return nil, dberr.SQL(dberr.StateObjectNotReady, "the tier %q is being made of the points that were there before it", t.External.Object).
			WithHint("Try again in some seconds: GET /api/v1/timeseries/retention says when it is ready.")
	}
	r := &tierRows{ctx: ctx, store: store, tx: tx, tier: of, shape: sh, scan: scan, search: searchFor(sh, scan.Probes), fields: make([][]timeseries.TierWindow, len(of.metric.Fields))}
	if r.search.none {
		return r, nil
	}
	if r.list, err = store.SelectTx(tx, of.metric, r.search.matchers); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.list, func(a, b timeseries.Selected) int { return sh.compare(a.Tags, b.Tags) })
	if scan.Reverse {
		slices.Reverse(r.list)
	}
	return r, nil
}

// Next implements source.Rows.
func (r *tierRows) Next(cols []*vec.Vector, limit int) (n int, err error) {
	for n < limit && len(r.list) > 0 {
		switch {
		case !r.opened:
			if err := r.load(); err != nil {
				return n, err
			}
		case r.row == len(r.starts):
			r.list, r.opened = r.list[1:], false
		default:
			if err := r.emit(cols); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// load reads the windows of a series, of all fields, since a row is there if any of them
// has points.
func (r *tierRows) load() error {
	r.opened, r.row, r.starts = true, 0, r.starts[:0]
	r.tags = r.shape.tagValues(r.tags[:0], r.list[0].Tags)
	for i := range r.fields {
		w, err := r.store.ReadTierTx(r.ctx, r.tx, r.tier.metric, r.list[0], i, r.tier.Interval, r.search.from, r.search.to)
		if err != nil {
			return source.Fail(err)
		}
		if r.scan.Reverse {
			slices.Reverse(w)
		}
		r.fields[i] = w
		for k := range w {
			r.starts = append(r.starts, w[k].Start)
		}
	}
	slices.Sort(r.starts)
	r.starts = slices.Compact(r.starts)
	if r.scan.Reverse {
		slices.Reverse(r.starts)
	}
	r.at = append(r.at[:0], make([]int, len(r.fields))...)
	return nil
}

// value is a column of the row.
func (r *tierRows) value(c tierColumn, start int64) (sqltype.Datum, error) {
	w := r.fields[c.field]
	k := r.at[c.field]
	if k > 0 && w[k-1].Start == start { // another column went on already
		k--
	} else if k < len(w) && w[k].Start == start {
		r.at[c.field]++
	} else {
		return sqltype.NullDatum, nil
	}
	if c.value == tierSum && w[k].Overflow {
		return sqltype.NullDatum, dberr.SQL(dberr.StateNumericOutOfRange, "the sum of field %q of metric %q is beyond bigint", r.tier.metric.Fields[c.field].Name, r.tier.metric.Name).
			WithHint("The average, which does not overflow, times the count is near to it.")
	}
	return datum(tierValues[c.value].of(&w[k])), nil
}

func datum(v timeseries.Value) sqltype.Datum {
	switch v.Kind {
	case block.Float:
		return sqltype.Datum{Float: v.Float}
	case block.Int:
		return sqltype.Datum{Int: v.Int}
	case block.Bool:
		return sqltype.Datum{Int: v.Int}
	case block.Text:
		return sqltype.Datum{Str: v.Text}
	}
	return sqltype.NullDatum
}

func (r *tierRows) emit(cols []*vec.Vector) error {
	start := r.starts[r.row]
	for i, c := range r.scan.Cols {
		switch {
		case c == colTime:
			cols[i].AppendDatum(sqltype.Datum{Int: micros(start)})
		case c <= r.shape.fields:
			d, err := r.value(r.shape.tier[c-1], start)
			if err != nil {
				return err
			}
			cols[i].AppendDatum(d)
		default:
			cols[i].AppendDatum(r.tags[c-1-r.shape.fields])
		}
	}
	for f, w := range r.fields { // those of which no column is wanted
		if k := r.at[f]; k < len(w) && w[k].Start == start {
			r.at[f]++
		}
	}
	if r.scan.RowKey {
		cols[len(r.scan.Cols)].AppendDatum(sqltype.Datum{Str: string(r.store.StoreKey(r.tier.metric, r.list[0], start))})
	}
	r.row++
	return nil
}

// Close implements source.Rows.
func (r *tierRows) Close() error {
	r.list = nil
	return nil
}

// countTier counts the rows of a tier.
func (s *Source) countTier(ctx context.Context, t *catalog.Table, limit int64) (n int64, err error) {
	store := s.series.In(t.DB)
	var of *tier
	if err := store.View(ctx, func(tx *txn.Tx) error {
		of, err = tierOf(tx, store, t.External.Object)
		return err
	}); err != nil || of == nil {
		return 0, err
	}
	if n, err = store.CountTier(ctx, of.metric.Name, of.Interval, limit); err != nil {
		return 0, fmt.Errorf("count rows of tier %q: %w", t.External.Object, err)
	}
	return n, nil
}
