// Package doctable makes the collections of the document model tables of SQL:
// doc.<collection>.
//
//	_id text        the id; the primary key
//	data jsonb      the whole document, _id included
//	version bigint  that of the document, as the model's other interfaces have it
//	created_at, updated_at  timestamptz
//
// It promises that conditions on _id are searches in the order of ids; that conditions
// on paths within data are searches in an index of the collection where it has one on
// the path, and are else tried on the stored form before a row is made; that a document
// for which a condition of SQL holds is never missed for it, though SQL and the model's
// filters mean different things (see probe.go); and that a write keeps to the
// collection's schema, indexes and full text, as any other write of the model does.
//
// It refuses to change the id of a document, documents that jsonb cannot hold (\u0000, a
// number beyond numeric) once data is read of them, and to make or drop collections, which
// the model's other interfaces do; indexes of paths it makes (index.go). It owns no state but descriptions
// of collections.
package doctable

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Schema is the schema of the tables.
const Schema = "doc"

// The columns, by their ordinals.
const (
	colID = iota
	colData
	colVersion
	colCreated
	colUpdated
	numCols
)

// sourceNumber tells this source from others in the ids of its tables.
const sourceNumber = 1

// Source is the document model as tables. Safe for concurrent use.
type Source struct {
	docs   *document.Store
	tables source.Memo[known, described]
}

// known is a collection of a database, by its id.
type known struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

// described is a description with the version of the definition that it is of.
type described struct {
	version txn.Timestamp
	table   *catalog.Table
}

// New makes the source of a store.
func New(store *document.Store) *Source { return &Source{docs: store} }

var _ source.Source = (*Source)(nil)

// Schema implements source.Source.
func (s *Source) Schema() string { return Schema }

// Table implements source.Source.
func (s *Source) Table(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error) {
	if name == "" || len(name) > document.MaxCollectionBytes {
		return nil, nil
	}
	c, version, ok, err := s.docs.In(db).LookupTx(tx, name)
	if err != nil || !ok {
		return nil, err
	}
	return s.table(db, &c, version), nil
}

// Tables implements source.Source.
func (s *Source) Tables(tx *txn.Tx, db keyspace.DatabaseID) (list []*catalog.Table, err error) {
	all, err := s.docs.In(db).CollectionsTx(tx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		list = append(list, describe(db, &all[i], 0))
	}
	return list, nil
}

// Missing implements source.Source.
func (s *Source) Missing(string) string { return manage }

const manage = "A collection is made by the first insert through /api/v1/documents, or by POST /api/v1/documents/collections; its indexes are made there, or by CREATE INDEX over paths of data."

func (s *Source) table(db keyspace.DatabaseID, c *document.Collection, version txn.Timestamp) *catalog.Table {
	k := known{db, c.ID}
	if d, ok := s.tables.Get(k); ok && version != 0 && d.version == version {
		return d.table
	}
	t := describe(db, c, version)
	if version != 0 {
		s.tables.Keep(k, described{version, t})
	}
	return t
}

// describe makes the description of a collection. One that the transaction itself has
// changed has a stamp that never comes back.
func describe(db keyspace.DatabaseID, c *document.Collection, version txn.Timestamp) *catalog.Table {
	made := func(i int, name string, t sqltype.Type) catalog.Column {
		return catalog.Column{ID: catalog.ColumnID(i + 1), Name: name, Type: t, Generated: "NULL::" + t.String()}
	}
	id := catalog.ExternalID(sourceNumber, c.ID)
	stamp := catalog.Stamp{Version: uint64(c.ID), Nonce: uint64(version)}
	if version == 0 {
		stamp.Nonce = rand.Uint64()
	}
	t := &catalog.Table{
		ID: id, DB: db, Schema: Schema, Name: c.Name, Version: 1, NextColumn: numCols + 1,
		Columns: []catalog.Column{
			{ID: colID + 1, Name: document.IDField, Type: sqltype.TText, NotNull: true},
			{ID: colData + 1, Name: "data", Type: sqltype.TJSONB, NotNull: true},
			made(colVersion, "version", sqltype.TInt8),
			made(colCreated, "created_at", sqltype.TTimestampTZ),
			made(colUpdated, "updated_at", sqltype.TTimestampTZ),
		},
		Indexes: []catalog.Index{{
			ID: catalog.ExternalID(sourceNumber+1, c.ID), Name: c.Name + "_pkey", Unique: true, Primary: true, Constraint: true,
			Columns: []catalog.IndexColumn{{Column: colID + 1, Type: sqltype.TText}},
		}},
		External: &catalog.External{Source: Schema, Object: c.Name, Noun: "collection", Stamp: stamp, Manage: manage, MakesKey: true, FixedKey: true, Probes: true, FullText: true},
	}
	for i := range c.Indexes {
		x := &c.Indexes[i]
		out := catalog.Index{ID: catalog.ExternalID(sourceNumber, x.ID), Name: x.Name, Unique: x.Unique, Building: x.Building,
			NullsNotDistinct: x.Unique, Comment: x.Partial}
		if x.Kind == document.Hash {
			out.Kind = catalog.Hash
		}
		switch {
		case x.Partial == "":
		case x.Unique && x.Partial == present(x):
			out.NullsNotDistinct = false
		default:
			out.Predicate = "true" // of documents that SQL cannot tell
		}
		for _, f := range x.Fields {
			path := strings.Split(f.Path, ".")
			out.Columns = append(out.Columns, catalog.IndexColumn{Expr: expression(path), Type: sqltype.TJSONB, Desc: f.Descending, NullsFirst: !f.Descending, Path: path})
		}
		t.Indexes = append(t.Indexes, out)
	}
	return t
}

// expression is a path as SQL writes it.
func expression(path []string) string {
	text := "data"
	for _, step := range path {
		text += "->'" + strings.ReplaceAll(step, "'", "''") + "'"
	}
	return text
}

// Count implements source.Source.
func (s *Source) Count(ctx context.Context, t *catalog.Table, limit int64) (n int64, err error) {
	store := s.docs.In(t.DB)
	err = store.View(ctx, func(tx *txn.Tx) error {
		n = 0
		w, err := store.WalkTx(tx, t.External.Object, document.Walk{})
		if err != nil {
			return err
		}
		for n < limit && w.Next() {
			n++
		}
		if err := w.Err(); err != nil {
			return err
		}
		return w.Close()
	})
	return n, err
}

// Estimate implements source.Estimator.
func (s *Source) Estimate(ctx context.Context, t *catalog.Table, x *catalog.Index, probes []source.Probe, limit int64) (n int64, ok bool, err error) {
	filter, err := filterOf(probes)
	if err != nil || filter == nil {
		return 0, false, err
	}
	store := s.docs.In(t.DB)
	err = store.View(ctx, func(tx *txn.Tx) error {
		n, ok, err = store.CountEntries(tx, t.External.Object, document.Walk{Filter: filter, Index: x.Name}, limit)
		return err
	})
	return n, ok, err
}
