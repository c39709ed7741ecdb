// Package cdc makes channels of the changes of every model: cdc.<database>.<name> has
// one message for each change of a table, bucket, collection, metric or channel.
//
// It promises that a change has its message if and only if its commit is visible, in the
// order of commits; that those of one transaction say so and follow each other; that a
// message has what was there before and after, as the model itself gives it; and that
// whoever applies messages to what was there at their beginning has what is there at
// their end. Nothing has to be switched on and nothing is written: what is read is the
// history of the store, which ends where storage.history does.
//
// It knows the models; how messages are numbered, kept, followed and shared is what
// package streaming does (streaming/feed.go). It owns no state. It refuses names that
// stand for several objects, and says which ones.
package cdc

import (
	"fmt"
	"sort"
	"strings"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// Source knows the objects of a store. Safe for concurrent use.
type Source struct {
	catalog  *catalog.Catalog
	kv       *kv.Store
	docs     *document.Store
	series   *timeseries.Store
	channels *streaming.Store
}

var _ streaming.Changes = (*Source)(nil)

// New makes a source of the models of a store.
func New(txns *txn.Store, keys *kv.Store, docs *document.Store, series *timeseries.Store, channels *streaming.Store) *Source {
	return &Source{catalog: catalog.New(txns), kv: keys, docs: docs, series: series, channels: channels}
}

// The kinds of objects. Their numbers are part of ids that are stored with groups.
const (
	kindTable      = 1
	kindBucket     = 2
	kindCollection = 3
	kindMetric     = 4
	kindChannel    = 5
)

// defaultSchema is that of a table whose name has none.
const defaultSchema = "public"

// kinds are the models with one namespace, by the schema that SQL sees them in.
var kinds = []struct {
	schema, noun string
	kind         int
}{{"kv", "bucket", kindBucket}, {"doc", "collection", kindCollection}, {"ts", "metric", kindMetric}, {"stream", "channel", kindChannel}}

// object is the feed of an object, as some commit has left its definition.
type object struct {
	s      *Source
	db     catalog.Database
	kind   int
	noun   string
	schema string
	name   string
	id     keyspace.ObjectID // of the model
	model
	key    []byte        // under which it is defined
	head   []byte        // what the messages of the object have in common
	source string        // of its messages
	turned txn.Timestamp // of the commit that made it so, where that is known
	before model         // what it was before that commit, where its keys were others
}

// model is what reads the changes of an object; nil where the object is not there yet.
type model interface {
	// ranges are the keys of the object, behind its definition.
	ranges() []txn.Range
	// changes adds what a write within ranges changed.
	changes(s *scratch, at *streaming.Moment, op *txn.Op) error
	// rows calls fn with all that is there.
	rows(tx *txn.Tx, fn func(c change) error) error
	version() uint64
}

// Find implements streaming.Changes.
func (s *Source) Find(tx *txn.Tx, name string) (streaming.Feed, error) {
	database, rest, ok := strings.Cut(name, ".")
	if !ok || rest == "" || catalog.ValidDatabaseName(database) != nil {
		return nil, nil
	}
	db, ok, err := s.catalog.Database(tx, database)
	if err != nil || !ok {
		return nil, err
	}
	snap, err := s.catalog.At(tx, db.ID)
	if err != nil {
		return nil, fmt.Errorf("find channel: %w", err)
	}
	schema, object, ok := strings.Cut(rest, ".")
	if ok {
		if o, err := s.named(tx, snap, db, schema, object); o != nil || err != nil {
			return feedOf(o), err
		}
	}
	var found []streaming.Feed
	var names []string
	for _, schema := range []string{defaultSchema, "kv", "doc", "ts", "stream"} {
		o, err := s.named(tx, snap, db, schema, rest)
		if err != nil {
			return nil, err
		}
		if o != nil {
			found, names = append(found, o), append(names, fmt.Sprintf("%s%s.%s.%s", streaming.FeedPrefix, database, schema, rest))
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, dberr.New(dberr.ErrInvalid, "CHANNEL_AMBIGUOUS", "%q stands for several objects: %s", streaming.FeedPrefix+name, strings.Join(names, ", ")).
		WithField("channel").WithHint("use one of these names")
}

func feedOf(o *object) streaming.Feed {
	if o == nil {
		return nil
	}
	return o
}

// named finds an object of a schema; nil where there is none.
func (s *Source) named(tx *txn.Tx, snap *catalog.Snapshot, db catalog.Database, schema, name string) (*object, error) {
	for _, k := range kinds {
		if k.schema == schema {
			o := &object{s: s, db: db, kind: k.kind, noun: k.noun, schema: schema, name: name}
			var err error
			o.model, o.id, err = o.look(tx)
			if err != nil || o.model == nil {
				return nil, err
			}
			return o.ready(), nil
		}
	}
	rel, ok := snap.Lookup(schema, name)
	if !ok || rel.Table == nil || rel.Index != nil {
		return nil, nil
	}
	o := s.table(db, rel.Table)
	return o, nil
}

func (s *Source) table(db catalog.Database, t *catalog.Table) *object {
	return (&object{s: s, db: db, kind: kindTable, noun: "table", schema: t.Schema, name: t.Name, id: t.ID, model: newTable(t)}).ready()
}

// look finds what the name of an object stands for; nil where that is nothing.
func (o *object) look(tx *txn.Tx) (m model, id keyspace.ObjectID, err error) {
	switch o.kind {
	case kindBucket:
		store := o.s.kv.In(o.db.ID)
		if len(o.name) > kv.MaxBucketBytes {
			return nil, 0, nil
		}
		b, ok, err := store.LookupTx(tx, o.name)
		if err != nil || !ok {
			return nil, 0, err
		}
		return &bucket{store, b}, b.ID(), nil
	case kindCollection:
		store := o.s.docs.In(o.db.ID)
		if len(o.name) > document.MaxCollectionBytes {
			return nil, 0, nil
		}
		c, _, ok, err := store.LookupTx(tx, o.name)
		if err != nil || !ok {
			return nil, 0, err
		}
		return &collection{store, c}, c.ID, nil
	case kindMetric:
		store := o.s.series.In(o.db.ID)
		if len(o.name) > timeseries.MaxNameBytes {
			return nil, 0, nil
		}
		m, ok, err := store.LookupTx(tx, o.name)
		if err != nil || !ok {
			return nil, 0, err
		}
		return &metric{store, m}, keyspace.ObjectID(m.ID()), nil
	case kindChannel:
		store := o.s.channels.In(o.db.ID)
		c, ok, err := store.LookupTx(tx, o.name)
		if err != nil || !ok {
			return nil, 0, err
		}
		return &channel{store, c}, c.ID(), nil
	}
	snap, err := o.s.catalog.At(tx, o.db.ID)
	if err != nil {
		return nil, 0, err
	}
	if t := snap.Table(o.id); t != nil {
		return newTable(t), t.ID, nil
	}
	return nil, 0, nil
}

// Names implements streaming.Changes.
func (s *Source) Names(tx *txn.Tx, id keyspace.DatabaseID) (names []string, err error) {
	list, err := s.catalog.Databases(tx)
	if err != nil {
		return nil, err
	}
	var db *catalog.Database
	for i := range list {
		if list[i].ID == id {
			db = &list[i]
		}
	}
	if db == nil {
		return nil, nil
	}
	add := func(schema, name string) { names = append(names, db.Name+"."+schema+"."+name) }
	snap, err := s.catalog.At(tx, id)
	if err != nil {
		return nil, err
	}
	for _, t := range snap.Tables() {
		add(t.Schema, t.Name)
	}
	buckets, err := s.kv.In(id).BucketsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range buckets {
		add("kv", buckets[i].Name)
	}
	collections, err := s.docs.In(id).CollectionsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range collections {
		add("doc", collections[i].Name)
	}
	metrics, err := s.series.In(id).MetricsTx(tx)
	if err != nil {
		return nil, err
	}
	for _, m := range metrics {
		add("ts", m.Name)
	}
	channels, err := s.channels.In(id).ChannelsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range channels {
		add("stream", channels[i].Name)
	}
	sort.Strings(names)
	return names, nil
}
