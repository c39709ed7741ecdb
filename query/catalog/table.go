// Package catalog holds the schema of a database: its tables, columns, indexes
// and constraints, stored in the key space and read through a transaction, so
// DDL is as transactional as data.
package catalog

import (
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// ColumnID names a column within its table for ever: it is never given out
// twice, survives renames, and is what stored rows refer to.
type ColumnID uint32

// Column is one column of a table.
type Column struct {
	ID      ColumnID
	Name    string
	Type    sqltype.Type
	NotNull bool
	// Default is the default's expression as SQL text, "" where there is none.
	Default string
	// Identity is 'a' for GENERATED ALWAYS, 'd' for BY DEFAULT, 0 for neither.
	Identity byte
	// Generated is the expression of a stored generated column as SQL text.
	Generated string
	Comment   string
	// Domain is the domain that the column was declared with, 0 for none. Type is then
	// the domain's base type, and its rules hold for the column too; or it is an array of the
	// domain, where Type is an array of its base type and that is not one.
	Domain keyspace.ObjectID
}

// IndexKind says how an index finds keys.
type IndexKind uint8

const (
	Ordered IndexKind = 0 // equality, ranges, order (also called btree)
	Hash    IndexKind = 1 // equality only
)

// IndexColumn is one key part of an index: a column, or an expression.
type IndexColumn struct {
	Column     ColumnID // 0 where Expr is set
	Expr       string   // expression as SQL text
	Type       sqltype.Type
	Desc       bool
	NullsFirst bool
	// Path, of an external table, says that the part is what a path leads to in the
	// jsonb value of Column, by the rules of the model that keeps the index.
	Path []string
}

// Index is an index of a table. The primary index holds the rows: its key is
// the primary key (or a hidden row id), its value the row.
type Index struct {
	ID               keyspace.ObjectID
	Name             string
	Kind             IndexKind
	Unique           bool
	Primary          bool
	Columns          []IndexColumn
	Include          []ColumnID
	Predicate        string // of a partial index, as SQL text
	Constraint       bool   // made by a PRIMARY KEY or UNIQUE constraint
	Building         bool   // maintained by writers, not yet usable by readers
	NullsNotDistinct bool
	// Deferrable and InitiallyDeferred are those of the constraint: duplicates of a
	// deferrable one are looked for at the end of the statement, or of the transaction.
	Deferrable        bool
	InitiallyDeferred bool
	Comment           string
}

// Distinct reports whether no two entries of the index are ever equal but for NULLs.
// A deferrable constraint allows that until it is checked, so its entries are laid out
// as those of an index that is not unique.
func (x *Index) Distinct() bool { return x.Unique && !x.Deferrable }

// Check is a CHECK constraint.
type Check struct {
	Name string
	Expr string // as SQL text
	// NotValid says that rows from before the constraint have not been checked.
	NotValid  bool
	NoInherit bool
	Comment   string
}

// ForeignKey is a REFERENCES constraint.
type ForeignKey struct {
	Name       string
	Columns    []ColumnID
	RefTable   keyspace.ObjectID
	RefColumns []ColumnID
	OnDelete   byte // 'a' no action, 'r' restrict, 'c' cascade, 'n' set null, 'd' set default
	OnUpdate   byte
	Match      byte // 's' simple, 'f' full
	// NotValid says that rows from before the constraint have not been checked.
	NotValid          bool
	Deferrable        bool
	InitiallyDeferred bool
	// OnDeleteCols are the columns that SET NULL and SET DEFAULT set on a delete; nil
	// means all of Columns.
	OnDeleteCols []ColumnID
	Comment      string
}

// TableKind tells tables from materialized views.
type TableKind uint8

const (
	Plain        TableKind = 0
	Materialized TableKind = 1 // the stored result of a query
)

// Table is the description of a table at one schema version. A *Table is
// immutable: DDL makes a new one.
type Table struct {
	ID      keyspace.ObjectID
	DB      keyspace.DatabaseID
	Schema  string
	Name    string
	Version uint64 // grows with every change of this description
	Columns []Column
	// Indexes[0] is the primary index. Where the table has no PRIMARY KEY its only
	// key part is a hidden int8 row id with ColumnID RowID.
	Indexes     []Index
	Checks      []Check
	ForeignKeys []ForeignKey
	NextColumn  ColumnID
	Comment     string
	Kind        TableKind
	// Query is that of a materialized view as SQL text, Reads the tables and views that
	// it reads, and Populated says that it has been run.
	Query     string
	Reads     []keyspace.ObjectID
	Populated bool
	// External is set where another model keeps the rows.
	External *External
}

// RowID is the column id of the hidden row id of a table without primary key.
const RowID ColumnID = 1<<32 - 1
