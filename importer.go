package weft

import (
	"context"
	"errors"
	"fmt"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/vec"
)

// Importer is what package bulk fills the tables of a database through.
func (db *DB) Importer(database string) bulk.Target { return importer{db.engine, database} }

type importer struct {
	engine   *query.Engine
	database string
}

// Table implements bulk.Target. A database that does not exist has no tables.
func (i importer) Table(ctx context.Context, name string) ([]bulk.TableColumn, bool, error) {
	info, err := i.engine.Table(ctx, i.database, name)
	if errors.Is(err, dberr.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return tableColumns(name, info)
}

func tableColumns(name string, info query.TableInfo) ([]bulk.TableColumn, bool, error) {
	var cols []bulk.TableColumn
	for _, c := range info.Columns {
		t, err := bulk.ParseType(c.DataType)
		if err != nil {
			return nil, false, fmt.Errorf("column %q of table %q: %w", c.Name, name, err)
		}
		cols = append(cols, bulk.TableColumn{Name: c.Name, Type: t, NotNull: !c.Nullable,
			HasDefault: c.Default != "" || c.Identity != "" || c.Generated != ""})
	}
	return cols, true, nil
}

// Create implements bulk.Target. It makes the database too, where it is missing.
func (i importer) Create(ctx context.Context, statement string) error {
	return i.engine.Execute(ctx, query.Request{SQL: statement, Database: i.database, CreateDatabase: true}, &execSink{})
}

// Insert implements bulk.Target.
func (i importer) Insert(ctx context.Context, table string, columns []string, b *vec.Batch) ([]bulk.RowError, error) {
	refused, err := i.engine.BulkInsertBatch(ctx, i.database, table, columns, b)
	return rowErrors(refused), err
}

func rowErrors(refused []query.BulkRowError) []bulk.RowError {
	out := make([]bulk.RowError, len(refused))
	for n, r := range refused {
		out[n] = bulk.RowError{Row: r.Row, Reason: reason(r.Err)}
	}
	return out
}

// reason says why a row was refused, with the values where they are known.
func reason(err error) string {
	if e := dberr.As(err); e != nil && e.Detail != "" {
		return err.Error() + ": " + e.Detail
	}
	return err.Error()
}

// InsertAll implements bulk.Target.
func (i importer) InsertAll(ctx context.Context, table string, columns []string, next func() (*vec.Batch, error)) error {
	_, err := i.engine.BulkInsert(ctx, i.database, table, columns, next)
	return err
}

// ImporterIn is Importer in a transaction: what it inserts and creates is the
// transaction's, and the database must be there.
func (db *DB) ImporterIn(tx *query.Transaction, database string) bulk.Target {
	return txImporter{tx, database}
}

type txImporter struct {
	tx       *query.Transaction
	database string
}

// Table implements bulk.Target.
func (i txImporter) Table(ctx context.Context, name string) ([]bulk.TableColumn, bool, error) {
	info, err := i.tx.Table(ctx, i.database, name)
	if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUndefinedTable {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return tableColumns(name, info)
}

// Create implements bulk.Target.
func (i txImporter) Create(ctx context.Context, statement string) error {
	return i.tx.Execute(ctx, query.Request{SQL: statement, Database: i.database}, &execSink{})
}

// Insert implements bulk.Target.
func (i txImporter) Insert(ctx context.Context, table string, columns []string, b *vec.Batch) ([]bulk.RowError, error) {
	refused, err := i.tx.BulkInsertBatch(ctx, i.database, table, columns, b)
	return rowErrors(refused), err
}

// InsertAll implements bulk.Target.
func (i txImporter) InsertAll(ctx context.Context, table string, columns []string, next func() (*vec.Batch, error)) error {
	_, err := i.tx.BulkInsert(ctx, i.database, table, columns, next)
	return err
}
