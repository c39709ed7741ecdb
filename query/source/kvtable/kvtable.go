// Package kvtable makes the buckets of the key-value model tables of SQL: kv.<bucket>.
//
//	key text        the key; the primary key
//	value jsonb     the value where it is JSON
//	raw bytea       the value where it is bytes
//	content_type    text: application/json, or that of the bytes
//	ttl interval    what the key has left to live, NULL for ever
//	version bigint  that of the entry, as the model's other interfaces have it
//	created_at, updated_at  timestamptz
//
// It promises that conditions on the key are searches in the order of keys; that a
// write sets just one of value and raw; that what is not assigned stays, the time to
// live too; and that a row which the transaction itself wrote has NULL for version and
// updated_at, since its commit decides them. JSON that jsonb cannot hold (\u0000, a
// number beyond numeric) is in raw, with the content type application/json.
//
// It refuses keys that are not UTF-8 text, which the model allows, and to make or drop
// buckets, which the model's other interfaces do. It owns no state but descriptions of
// buckets.
package kvtable

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Schema is the schema of the tables.
const Schema = "kv"

// The columns, by their ordinals.
const (
	colKey = iota
	colValue
	colRaw
	colType
	colTTL
	colVersion
	colCreated
	colUpdated
	numCols
)

// number tells this source from others in the ids of its tables.
const number = 0

// Source is the key-value model as tables. Safe for concurrent use.
type Source struct {
	kv     *kv.Store
	tables source.Memo[known, *catalog.Table]
}

// known is what the description of a bucket depends on.
type known struct {
	db   keyspace.DatabaseID
	id   keyspace.ObjectID
	name string
	ttl  time.Duration
}

// New makes the source of a store.
func New(store *kv.Store) *Source { return &Source{kv: store} }

var _ source.Source = (*Source)(nil)

// Schema implements source.Source.
func (s *Source) Schema() string { return Schema }

// Table implements source.Source. The default bucket is there before its first key.
func (s *Source) Table(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error) {
	if len(name) > kv.MaxBucketBytes || name == "" {
		return nil, nil
	}
	b, ok, err := s.kv.In(db).LookupTx(tx, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		if name != kv.DefaultBucket {
			return nil, nil
		}
		b.Name = name
	}
	return s.table(db, &b), nil
}

// Tables implements source.Source.
func (s *Source) Tables(tx *txn.Tx, db keyspace.DatabaseID) (list []*catalog.Table, err error) {
	buckets, err := s.kv.In(db).BucketsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range buckets {
		list = append(list, s.table(db, &buckets[i]))
	}
	return list, nil
}

// Missing implements source.Source.
func (s *Source) Missing(string) string { return manage }

const manage = "A bucket is made by the first write to it, or by POST /api/v1/kv/buckets, and is dropped by DELETE /api/v1/kv/buckets/:bucket."

// table describes a bucket.
func (s *Source) table(db keyspace.DatabaseID, b *kv.Bucket) *catalog.Table {
	k := known{db, b.ID(), b.Name, b.Options.DefaultTTL}
	if t, ok := s.tables.Get(k); ok {
		return t
	}
	col := func(i int, name string, t sqltype.Type) catalog.Column {
		return catalog.Column{ID: catalog.ColumnID(i + 1), Name: name, Type: t}
	}
	made := func(i int, name string, t sqltype.Type) catalog.Column {
		c := col(i, name, t)
		c.Generated = "NULL::" + t.String()
		return c
	}
	id := catalog.ExternalID(number, 2*b.ID())
	t := &catalog.Table{
		ID: id, DB: db, Schema: Schema, Name: b.Name, Version: 1, NextColumn: numCols + 1,
		Columns: []catalog.Column{
			col(colKey, "key", sqltype.TText),
			col(colValue, "value", sqltype.TJSONB),
			col(colRaw, "raw", sqltype.TBytea),
			col(colType, "content_type", sqltype.TText),
			col(colTTL, "ttl", sqltype.TInterval),
			made(colVersion, "version", sqltype.TInt8),
			made(colCreated, "created_at", sqltype.TTimestampTZ),
			made(colUpdated, "updated_at", sqltype.TTimestampTZ),
		},
		Indexes: []catalog.Index{{
			ID: id + 1, Name: b.Name + "_pkey", Unique: true, Primary: true, Constraint: true,
			Columns: []catalog.IndexColumn{{Column: colKey + 1, Type: sqltype.TText}},
		}},
		External: &catalog.External{
			Source: Schema, Object: b.Name, Noun: "bucket", Manage: manage,
			Stamp: catalog.Stamp{Version: uint64(b.ID()), Nonce: uint64(b.Options.DefaultTTL)},
		},
	}
	t.Columns[colKey].NotNull = true
	if ttl := b.Options.DefaultTTL; ttl > 0 {
		t.Columns[colTTL].Default = "'" + strconv.FormatFloat(ttl.Seconds(), 'f', -1, 64) + " seconds'::interval"
	}
	s.tables.Keep(k, t)
	return t
}

// Count implements source.Source.
func (s *Source) Count(ctx context.Context, t *catalog.Table, limit int64) (int64, error) {
	n, _, err := s.kv.In(t.DB).CountUpTo(ctx, t.External.Object, kv.Range{}, limit)
	if err != nil {
		return 0, fmt.Errorf("count keys of bucket %q: %w", t.External.Object, err)
	}
	return n, nil
}
