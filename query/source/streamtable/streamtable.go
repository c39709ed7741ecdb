// Package streamtable makes channels tables of SQL: stream.<channel>.
//
//	offset bigint     that of the message; the primary key
//	time timestamptz  when it was committed
//	key, type, source text
//	headers jsonb     an object
//	data jsonb        where the data are JSON
//	raw bytea         where they are bytes, or JSON that jsonb cannot hold
//	content_type text
//	partition integer
//
// It promises that conditions on offset and on time are searches in the log, which is in
// the order of both; that a row that is inserted is a message that is published, with the
// channel's rules, once the transaction commits; and that the channels of changes
// (stream."cdc.…") are read like any other.
//
// It refuses to change or remove messages, and to make or drop channels, which the
// model's other interfaces do. A transaction does not see what it publishes itself, so
// offset and time of a row that is inserted are NULL in RETURNING. It owns no state but
// descriptions of channels.
package streamtable

import (
	"context"
	"errors"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// Schema is the schema of the tables.
const Schema = "stream"

// The columns, by their ordinals.
const (
	colOffset = iota
	colTime
	colKey
	colType
	colSource
	colHeaders
	colData
	colRaw
	colContentType
	colPartition
	numCols
)

// Numbers that tell this source from others in the ids of its tables: of channels, of
// channels of changes.
const (
	number     = 5
	feedNumber = 6
)

// Source is channels as tables. Safe for concurrent use.
type Source struct {
	channels *streaming.Store
	tables   source.Memo[known, *catalog.Table]
}

// known is what the description of a channel depends on.
type known struct {
	db   keyspace.DatabaseID
	id   keyspace.ObjectID
	name string
}

// New makes the source of a store.
func New(store *streaming.Store) *Source { return &Source{channels: store} }

var _ source.Source = (*Source)(nil)

// Schema implements source.Source.
func (s *Source) Schema() string { return Schema }

// Table implements source.Source.
func (s *Source) Table(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error) {
	if name == "" || len(name) > streaming.MaxNameBytes {
		return nil, nil
	}
	c, err := s.channels.In(db).ChannelTx(tx, name)
	if errors.Is(err, dberr.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.table(db, &c), nil
}

// Tables implements source.Source. Channels of changes are not listed.
func (s *Source) Tables(tx *txn.Tx, db keyspace.DatabaseID) (list []*catalog.Table, err error) {
	channels, err := s.channels.In(db).ChannelsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range channels {
		list = append(list, s.table(db, &channels[i]))
	}
	return list, nil
}

// Missing implements source.Source.
func (s *Source) Missing(string) string { return manage }

const manage = "A channel is made by the first message that is published, or by POST /api/v1/streaming/channels, and is dropped by DELETE /api/v1/streaming/channels/:channel."

// table describes a channel.
func (s *Source) table(db keyspace.DatabaseID, c *streaming.Channel) *catalog.Table {
	k := known{db, c.ID(), c.Name}
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
	n := number
	if c.Feed() {
		n = feedNumber
	}
	id := catalog.ExternalID(n, 4*(c.ID()%(1<<22)))
	t := &catalog.Table{
		ID: id, DB: db, Schema: Schema, Name: c.Name, Version: 1, NextColumn: numCols + 1,
		Columns: []catalog.Column{
			made(colOffset, "offset", sqltype.TInt8),
			made(colTime, "time", sqltype.TTimestampTZ),
			col(colKey, "key", sqltype.TText),
			col(colType, "type", sqltype.TText),
			col(colSource, "source", sqltype.TText),
			col(colHeaders, "headers", sqltype.TJSONB),
			col(colData, "data", sqltype.TJSONB),
			col(colRaw, "raw", sqltype.TBytea),
			col(colContentType, "content_type", sqltype.TText),
			made(colPartition, "partition", sqltype.TInt4),
		},
		Indexes: []catalog.Index{
			{ID: id + 1, Name: c.Name + "_pkey", Unique: true, Primary: true, Constraint: true,
				Columns: []catalog.IndexColumn{{Column: colOffset + 1, Type: sqltype.TInt8}}},
			{ID: id + 2, Name: c.Name + "_time", Columns: []catalog.IndexColumn{{Column: colTime + 1, Type: sqltype.TTimestampTZ}}},
		},
		External: &catalog.External{Source: Schema, Object: c.Name, Noun: "channel", Manage: manage, MakesKey: true, FixedKey: true,
			Stamp: catalog.Stamp{Version: uint64(c.ID())}},
	}
	s.tables.Keep(k, t)
	return t
}

// feedRows is how many rows the planner is told that a channel of changes has: to count
// them is to make them.
const feedRows = 1000

// Count implements source.Source.
func (s *Source) Count(ctx context.Context, t *catalog.Table, limit int64) (n int64, err error) {
	store := s.channels.In(t.DB)
	err = store.View(ctx, func(tx *txn.Tx) error {
		c, err := store.ChannelTx(tx, t.External.Object)
		if err != nil {
			return err
		}
		if c.Feed() {
			n = min(feedRows, limit)
			return nil
		}
		i, err := store.InfoTx(tx, c.Name)
		n = int64(min(i.Next-i.First, uint64(limit)))
		return err
	})
	return n, err
}
