// Package tstable makes the metrics of the time-series model tables of SQL: ts.<metric>.
//
//	time timestamptz        the time of a point, to the microsecond
//	value double precision  the field of that name, and so every other field: floats are
//	                        double precision, ints bigint, bools boolean, texts text
//	host text               a tag, and so every other tag; NULL where a series lacks it
//
// Fields come in the order in which the metric got them, then tags by name. A field or tag
// whose name is taken by a column before it is prefixed: field_time, tag_value.
//
// It promises that conditions on time and on tags by =, IN, < and the like are searches of
// the model (source.ColumnCompare, source.ColumnIn), which read nothing else; that rows come
// by tags and time; that a row has what its point has, fields without a value are NULL; and
// that a write goes by the rules of the model: a point whose time and tags are there is
// replaced, or not, as the metric's policy for duplicates says. Nanoseconds are cut to
// microseconds when they are read, so rows may agree in time; they are never written.
//
// Beside each metric that a retention policy keeps tiers of there is a table for each tier,
// ts."<metric>@5m", which is read only: a row for each window that has points, with the time at
// which it begins, for each field <field>_count, _sum, _avg, _min, _max, _first and _last (of
// texts the count, first and last alone; of bools true counts as 1), and the tags. It promises
// what a query of the model by windows of that length finds, back to where the tier begins. A
// metric of that name goes before the tier.
//
// It refuses to make or drop metrics and tags, which the model's other interfaces do, rows
// without a value, to change time or tags of a row, and to set a value to NULL. It owns no
// state but descriptions of metrics.
package tstable

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// Schema is the schema of the tables.
const Schema = "ts"

// number tells this source from others in the ids of its tables.
const number = 3

// colTime is the ordinal of the time.
const colTime = 0

// Source is the time-series model as tables. Safe for concurrent use.
type Source struct {
	series *timeseries.Store
	tables source.Memo[known, *shape]
}

// known is what the description of a metric depends on.
type known struct {
	db    keyspace.DatabaseID
	stamp catalog.Stamp
	name  string
}

// shape is a description and what its columns are.
type shape struct {
	table  *catalog.Table
	fields int          // how many columns after time are of fields
	tags   []string     // the names of the tags in the columns after these
	tier   []tierColumn // of a tier: what these columns are
}

func (s *shape) tagCol(i int) int { return 1 + s.fields + i }

// New makes the source of a store.
func New(store *timeseries.Store) *Source { return &Source{series: store} }

var _ source.Source = (*Source)(nil)

// Schema implements source.Source.
func (*Source) Schema() string { return Schema }

// Table implements source.Source.
func (s *Source) Table(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error) {
	if name == "" || len(name) > timeseries.MaxNameBytes {
		return nil, nil
	}
	m, ok, err := s.series.In(db).LookupTx(tx, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return s.tierTable(tx, db, name)
	}
	sh, err := s.shape(tx, db, m)
	if err != nil {
		return nil, err
	}
	return sh.table, nil
}

// tierTable describes the tier that a name is of, or returns nil.
func (s *Source) tierTable(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error) {
	t, err := tierOf(tx, s.series.In(db), name)
	if err != nil || t == nil {
		return nil, err
	}
	sh, err := s.tierShape(tx, db, t)
	if err != nil {
		return nil, err
	}
	return sh.table, nil
}

// Tables implements source.Source.
func (s *Source) Tables(tx *txn.Tx, db keyspace.DatabaseID) (list []*catalog.Table, err error) {
	metrics, err := s.series.In(db).MetricsTx(tx)
	if err != nil {
		return nil, err
	}
	for _, m := range metrics {
		sh, err := s.shape(tx, db, m)
		if err != nil {
			return nil, err
		}
		list = append(list, sh.table)
		tiers, err := tiersOf(tx, s.series.In(db), m)
		if err != nil {
			return nil, err
		}
		for _, t := range tiers {
			if sh, err = s.tierShape(tx, db, t); err != nil {
				return nil, err
			}
			list = append(list, sh.table)
		}
	}
	slices.SortFunc(list, func(a, b *catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b *catalog.Table) bool { return a.Name == b.Name }), nil
}

// Missing implements source.Source.
func (*Source) Missing(string) string { return manage }

const manage = "A metric is made by the first write to it, or by POST /api/v1/timeseries/metrics, and is dropped by DELETE /api/v1/timeseries/metrics/:name."

// Count implements source.Source.
func (s *Source) Count(ctx context.Context, t *catalog.Table, limit int64) (int64, error) {
	if t.External.Noun == tierNoun {
		return s.countTier(ctx, t, limit)
	}
	n, err := s.series.In(t.DB).CountUpTo(ctx, t.External.Object, limit)
	if err != nil {
		return 0, fmt.Errorf("count points of metric %q: %w", t.External.Object, err)
	}
	return n, nil
}

// shape describes a metric as tx sees it.
func (s *Source) shape(tx *txn.Tx, db keyspace.DatabaseID, m *timeseries.Metric) (*shape, error) {
	tags, err := s.series.In(db).TagNamesTx(tx, m)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	for _, f := range m.Fields {
		fmt.Fprintf(h, "%q %d ", f.Name, f.Kind)
	}
	for _, t := range tags {
		fmt.Fprintf(h, "%q ", t)
	}
	k := known{db, catalog.Stamp{Version: m.ID(), Nonce: h.Sum64()}, m.Name}
	if sh, ok := s.tables.Get(k); ok {
		return sh, nil
	}
	sh := describe(k, m, tags)
	s.tables.Keep(k, sh)
	return sh, nil
}

var types = map[block.Kind]sqltype.Type{
	block.Float: sqltype.TFloat8, block.Int: sqltype.TInt8, block.Bool: sqltype.TBool, block.Text: sqltype.TText,
}

func describe(k known, m *timeseries.Metric, tags []string) *shape {
	d := begin(k, keyspace.ObjectID(2*m.ID()), &catalog.External{Source: Schema, Object: m.Name, Noun: "metric", Stamp: k.stamp, Manage: manage, FixedKey: true, Columns: true})
	for _, f := range m.Fields {
		d.add(f.Name, "field_", types[f.Kind])
	}
	return d.finish(tags)
}

// description is a table that is being described.
type description struct {
	table *catalog.Table
	taken map[string]bool
}

// begin begins a table, which has a time.
func begin(k known, object keyspace.ObjectID, x *catalog.External) *description {
	d := &description{&catalog.Table{ID: catalog.ExternalID(number, object), DB: k.db, Schema: Schema, Name: k.name, Version: 1, External: x}, make(map[string]bool)}
	at := d.add("time", "", sqltype.TTimestampTZ)
	at.NotNull, at.Default = true, "now()"
	return d
}

func (d *description) add(name, prefix string, typ sqltype.Type) *catalog.Column {
	for d.taken[name] {
		name = prefix + name
	}
	d.taken[name] = true
	t := d.table
	t.Columns = append(t.Columns, catalog.Column{ID: catalog.ColumnID(len(t.Columns) + 1), Name: name, Type: typ})
	return &t.Columns[len(t.Columns)-1]
}

// finish adds the tags and the key.
func (d *description) finish(tags []string) *shape {
	t := d.table
	sh := &shape{table: t, fields: len(t.Columns) - 1, tags: tags}
	key := catalog.Index{ID: t.ID + 1, Name: t.Name + "_pkey", Unique: true, Primary: true, Constraint: true}
	for i, name := range tags {
		d.add(name, "tag_", sqltype.TText)
		key.Columns = append(key.Columns, catalog.IndexColumn{Column: catalog.ColumnID(sh.tagCol(i) + 1), Type: sqltype.TText, NullsFirst: true})
	}
	key.Columns = append(key.Columns, catalog.IndexColumn{Column: colTime + 1, Type: sqltype.TTimestampTZ})
	t.Indexes = []catalog.Index{key}
	t.NextColumn = catalog.ColumnID(len(t.Columns) + 1)
	return sh
}

// epoch is how many microseconds 2000, from which SQL counts, is after 1970.
var epoch = -sqltype.TimestampFromGo(unixEpoch)

// micros is a time of the model in SQL.
func micros(ns int64) int64 {
	us := ns / 1000
	if ns%1000 < 0 {
		us--
	}
	return us - epoch
}

// nanos is the first nanosecond of a time of SQL, bounded to what the model has.
func nanos(us int64) int64 {
	switch {
	case us > (math.MaxInt64/1000)-epoch:
		return math.MaxInt64
	case us < (math.MinInt64/1000)-epoch:
		return math.MinInt64
	}
	return (us + epoch) * 1000
}

// lastNano is the last nanosecond of a time of SQL.
func lastNano(us int64) int64 {
	if ns := nanos(us); ns < math.MaxInt64-999 && ns > math.MinInt64 {
		return ns + 999
	}
	return nanos(us)
}
