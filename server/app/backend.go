package app

import (
	"context"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// backend is a database as the HTTP interface wants it.
type backend struct{ db *weft.DB }

var _ api.Backend = backend{}

// Execute implements api.Engine.
func (b backend) Execute(ctx context.Context, req query.Request, sink query.Sink) error {
	return b.db.Engine().Execute(ctx, req, sink)
}

// Health implements api.Backend.
func (b backend) Health() error { return b.db.Health() }

// KeyValue implements api.Backend.
func (b backend) KeyValue(ctx context.Context, database string, create bool) (*kv.Store, error) {
	return b.db.KVIn(ctx, database, create)
}

// Documents implements api.Backend.
func (b backend) Documents(ctx context.Context, database string, create bool) (*document.Store, error) {
	return b.db.DocumentsIn(ctx, database, create)
}

// TimeSeries implements api.Backend.
func (b backend) TimeSeries(ctx context.Context, database string, create bool) (*timeseries.Store, error) {
	return b.db.TimeSeriesIn(ctx, database, create)
}

// Fills implements api.Backend.
func (b backend) Fills(ctx context.Context, database string) (api.Fills, error) {
	return b.db.Continuous().Fills(ctx, database)
}

// Streaming implements api.Backend.
func (b backend) Streaming(ctx context.Context, database string, create bool) (*streaming.Store, error) {
	return b.db.StreamingIn(ctx, database, create)
}

// Continuous implements api.Backend.
func (b backend) Continuous() api.ContinuousQueries { return b.db.Continuous() }

// Live implements api.Backend.
func (b backend) Live(ctx context.Context, o live.Options) (*live.Query, error) {
	return b.db.Live().Open(ctx, o)
}

// Prepare implements api.Backend.
func (b backend) Prepare(ctx context.Context, database, sql, dialect string) (query.Prepared, error) {
	return b.db.Engine().Prepare(ctx, database, sql, dialect)
}

// View implements api.Backend.
func (b backend) View(ctx context.Context, fn func(tx *txn.Tx) error) error {
	return b.db.Store().View(ctx, fn)
}

// Begin implements api.Backend.
func (b backend) Begin(ctx context.Context, database string, opts txn.TxOptions) (api.Transaction, error) {
	tx, err := b.db.Engine().Begin(ctx, database, opts)
	if err != nil {
		return nil, err
	}
	return transaction{tx, b.db}, nil
}

// transaction is one that spans requests, as the HTTP interface wants it.
type transaction struct {
	*query.Transaction
	db *weft.DB
}

// Importer implements api.Transaction.
func (t transaction) Importer(database string) bulk.Target {
	return t.db.ImporterIn(t.Transaction, database)
}

// KeyValue implements api.Transaction. A database is not made within a transaction.
func (t transaction) KeyValue(ctx context.Context, database string, _ bool) (*kv.Store, error) {
	if err := t.Usable(); err != nil {
		return nil, err
	}
	if database == "" {
		database = t.Database()
	}
	store, err := t.db.KVIn(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return store.Within(t.Tx()), nil
}

// Documents implements api.Transaction. A database is not made within a transaction.
func (t transaction) Documents(ctx context.Context, database string, _ bool) (*document.Store, error) {
	if err := t.Usable(); err != nil {
		return nil, err
	}
	if database == "" {
		database = t.Database()
	}
	store, err := t.db.DocumentsIn(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return store.Within(t.Tx()), nil
}

// TimeSeries implements api.Transaction. A database is not made within a transaction.
func (t transaction) TimeSeries(ctx context.Context, database string, _ bool) (*timeseries.Store, error) {
	if err := t.Usable(); err != nil {
		return nil, err
	}
	if database == "" {
		database = t.Database()
	}
	store, err := t.db.TimeSeriesIn(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return store.Within(t.Tx()), nil
}

// Streaming implements api.Transaction. A database is not made within a transaction.
func (t transaction) Streaming(ctx context.Context, database string, _ bool) (*streaming.Store, error) {
	if err := t.Usable(); err != nil {
		return nil, err
	}
	if database == "" {
		database = t.Database()
	}
	store, err := t.db.StreamingIn(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return store.Within(t.Tx()), nil
}

// Importer implements api.Backend.
func (b backend) Importer(database string) bulk.Target { return b.db.Importer(database) }

// Tables implements api.Catalog.
func (b backend) Tables(ctx context.Context, database string) ([]api.Table, error) {
	infos, err := b.db.Engine().Tables(ctx, database)
	list := make([]api.Table, len(infos))
	for i, info := range infos {
		list[i] = table(info)
	}
	return list, err
}

// Table implements api.Catalog.
func (b backend) Table(ctx context.Context, database, name string) (api.Table, error) {
	info, err := b.db.Engine().Table(ctx, database, name)
	return table(info), err
}

func table(info query.TableInfo) api.Table {
	t := api.Table{Name: info.Name, Schema: info.Schema, RowCount: info.RowCount, SizeBytes: info.SizeBytes,
		Columns: []api.Column{}, Indexes: []api.Index{}, Constraints: []api.Constraint{}}
	for _, c := range info.Columns {
		t.Columns = append(t.Columns, api.Column{Name: c.Name, DataType: c.DataType, Nullable: c.Nullable, PrimaryKey: c.PrimaryKey,
			Default: optional(c.Default), Identity: optional(c.Identity), Generated: optional(c.Generated), Comment: optional(c.Comment)})
	}
	for _, x := range info.Indexes {
		t.Indexes = append(t.Indexes, api.Index{Name: x.Name, Columns: x.Columns, Unique: x.Unique, Primary: x.Primary, Kind: x.Kind})
	}
	for _, k := range info.Constraints {
		t.Constraints = append(t.Constraints, api.Constraint{Name: k.Name, Kind: k.Kind, Definition: k.Definition})
	}
	return t
}

// optional is nil for the empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Databases implements api.Databases.
func (b backend) Databases(ctx context.Context) ([]api.Database, error) {
	infos, err := b.db.Engine().Databases(ctx)
	list := make([]api.Database, len(infos))
	for i, info := range infos {
		list[i] = api.Database{Name: info.Name, TableCount: int64(info.Tables)}
		if !info.Created.IsZero() {
			at := info.Created.UTC()
			list[i].CreatedAt = &at
		}
	}
	return list, err
}

// CreateDatabase implements api.Databases.
func (b backend) CreateDatabase(ctx context.Context, name string) error {
	return b.db.Engine().CreateDatabase(ctx, name)
}

// DropDatabase implements api.Databases.
func (b backend) DropDatabase(ctx context.Context, name string) error {
	return b.db.Engine().DropDatabase(ctx, name)
}
