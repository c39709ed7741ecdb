// Package query is the SQL engine: text in, batches of typed columns out, on one
// transaction.
//
// An Engine belongs to a store and is safe for concurrent use. Statements of one
// Request run in order in one transaction, which commits after the last unless
// the text itself says BEGIN and COMMIT. Anything the engine does not support is
// refused by name with SQLSTATE 0A000 and its position; nothing is ignored.
package query

import (
	"time"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// Param is one parameter value. Type Unknown means that the statement decides:
// the value is then in Datum.Str as text (or Null), as a quoted literal would be.
type Param struct {
	Type  sqltype.Type
	Datum sqltype.Datum
}

// Request is one call: one or more statements.
type Request struct {
	SQL      string
	Params   []Param // $1, $2 …; with several statements all share them
	Database string  // "" means "default"
	// Dialect is "" or "postgresql", or "mysql"; others are refused.
	Dialect string
	// Timeout bounds the whole request; 0 means the engine's default.
	Timeout time.Duration
	// MaxRows bounds the rows of each result; more is an error, never a silent cut.
	// 0 means the engine's default, negative means no bound.
	MaxRows int
	// Isolation and ReadOnly are those of the request's transaction unless BEGIN says otherwise.
	Isolation  txn.Isolation
	ReadOnly   bool
	Durability txn.Durability
	// OneStatement refuses a text of several statements.
	OneStatement bool
	// CreateDatabase creates Database where it is missing and a statement writes.
	CreateDatabase bool
	// Maintains lets statements write to materialized views: who asks keeps them up to date.
	Maintains bool
}

// Column describes one column of a result.
type Column struct {
	Name string
	Type sqltype.Type
}

// Sink receives results as they are made. An error from a method ends the request
// with that error (and rolls back). A batch is valid only during the call.
//
// The order is, for each statement: Begin, Batch any number of times, End. A
// statement without rows gets Begin with no columns. What a Sink has received is
// final only once Execute has returned nil.
type Sink interface {
	Begin(stmt int, cols []Column) error
	Batch(b *vec.Batch) error
	End(tag Tag) error
}

// Tag says what a statement did.
type Tag struct {
	// Command is PostgreSQL's command tag verb: SELECT, INSERT, CREATE TABLE …
	Command string
	// Rows is the number of rows returned (SELECT) or changed (INSERT, UPDATE, DELETE).
	Rows int64
	// Write is true where Rows counts changed rows.
	Write bool
}
