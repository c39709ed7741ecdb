// Package source is how the tables of other models come into SQL: a Source describes
// the objects of a model as tables, finds their rows for a scan, and writes rows.
//
// It promises the engine that a description never changes while its stamp does not;
// that a scan reads within the caller's transaction, at its snapshot, with its own
// writes; that rows come in the order of the index that the scan names, if that is one
// that has an order; and that a write goes through the model's own rules, so that what
// the model's other interfaces refuse, SQL refuses, and what watches the model sees the
// change. A scan may give rows that its ranges and probes do not ask for only where the
// planner has been told so: it checks conditions on a Path again, and the others not.
//
// It owns no state. A Source refuses what its model cannot do by an error with a
// SQLSTATE (see Fail); a table that has no Writer is read only.
package source

import (
	"context"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Source is a model whose objects are the tables of one schema. Safe for concurrent use.
type Source interface {
	// Schema is the name of the schema. It is reserved: users make no schema of that name.
	Schema() string
	// Table describes an object as tx sees it, or returns nil where there is none. The
	// table has External set, and Indexes[0] is its key. It is shared and immutable.
	Table(tx *txn.Tx, db keyspace.DatabaseID, name string) (*catalog.Table, error)
	// Tables describes all objects, by name.
	Tables(tx *txn.Tx, db keyspace.DatabaseID) ([]*catalog.Table, error)
	// Missing says what to do where a statement names an object that is not there.
	Missing(name string) (hint string)
	// Count counts rows up to limit, for the planner, apart from any transaction.
	Count(ctx context.Context, t *catalog.Table, limit int64) (int64, error)
	// Scan begins to read rows.
	Scan(ctx context.Context, tx *txn.Tx, t *catalog.Table, s *Scan) (Rows, error)
	// Writer begins to write rows, or refuses to.
	Writer(ctx context.Context, tx *txn.Tx, t *catalog.Table) (Writer, error)
}

// Scan says which rows are wanted, and what of them.
type Scan struct {
	Index *catalog.Index
	// Ranges are pieces of the index, in no order and perhaps overlapping: each row is
	// wanted once, and all in the order of the index. With All everything is wanted.
	Ranges []Range
	All    bool
	// Probes are conditions on paths, all of which must hold.
	Probes  []Probe
	Reverse bool
	// Cols are the wanted columns by their ordinals. RowKey adds, as a last one, the key
	// under which the store keeps the row, for locks.
	Cols   []int
	RowKey bool
}

// Range is a piece of an index: Eq are the values of its first parts, Lower and Upper
// bound the next one. No value is NULL.
type Range struct {
	Eq           []sqltype.Datum
	Lower, Upper *Bound
}

// Bound is an end of a range.
type Bound struct {
	Value     sqltype.Datum
	Inclusive bool
}

// ProbeOp is what a probe asks of the value at its path.
type ProbeOp uint8

// The probes. Each is a condition of SQL; rows for which it holds must all be given,
// and others may be.
const (
	TextCompare   ProbeOp = iota // ->> compared with a text by Op
	TextIn                       // ->> is one of the texts
	NumberCompare                // ->> cast to a number type, compared by Op
	NumberIn
	FloatCompare // ->> cast to double precision, compared by Op
	JSONCompare  // -> compared with a jsonb value by =
	JSONIn
	Contains // the column @> a jsonb value; the path is empty
	// Of tables whose model takes conditions on columns (catalog.External.Columns); the path
	// is empty, and the values have the type of the column.
	ColumnCompare // the column compared by Op
	ColumnIn      // the column is one of the values
)

// Probe is a condition on what a path leads to in a jsonb column, or on a column.
type Probe struct {
	Column int // ordinal
	Path   []string
	Kind   ProbeOp
	Op     string          // = < <= > >=
	Values []sqltype.Datum // one but for the In kinds; of type text, numeric, float8 or jsonb
}

// TextSearcher is a Source whose objects may have full-text indexes. The first of the
// sources that is one answers fts.search and @@.
type TextSearcher interface {
	// SearchText finds rows by their words, the best first, as they are committed when it
	// runs. Where the transaction itself has written rows of the object, it finds those, too,
	// as they are in it, if it need not rank, and else refuses.
	SearchText(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, t fn.TextSearch) (fn.TextHits, error)
}

// Rows are the rows of a scan.
type Rows interface {
	// Next appends up to limit rows to cols and returns how many; 0 is the end.
	Next(cols []*vec.Vector, limit int) (int, error)
	Close() error
}

// Writer writes rows of a table in a transaction. Rows have all columns of the table;
// generated ones are NULL in what is given, and are whatever the model made of them in
// what is returned. What is returned holds until the transaction ends.
type Writer interface {
	// Find reads the row whose key is that of row; nil where there is none, or where row
	// has no key yet.
	Find(row []sqltype.Datum) (found []sqltype.Datum, err error)
	// Insert adds a row. One whose key is there is a unique violation.
	Insert(row []sqltype.Datum) (stored []sqltype.Datum, err error)
	// Update makes fresh of a row with the same key; changed says what was assigned.
	Update(old, fresh []sqltype.Datum, changed []bool) (stored []sqltype.Datum, err error)
	// Delete removes a row.
	Delete(old []sqltype.Datum) error
}

// Estimator is a Source that can say how much a search finds.
type Estimator interface {
	// Estimate counts the rows, up to limit, that a search of an index by probes comes to;
	// ok is false where the index cannot be searched by them.
	Estimate(ctx context.Context, t *catalog.Table, x *catalog.Index, probes []Probe, limit int64) (n int64, ok bool, err error)
}

// Indexer is a Source whose tables take indexes of paths by SQL.
type Indexer interface {
	// CreateIndex makes an index and returns when it is complete, in transactions of its own,
	// while the rows are written. One of the name is not there.
	CreateIndex(ctx context.Context, t *catalog.Table, x *NewIndex) error
	// DropIndex removes an index, in a transaction of its own.
	DropIndex(ctx context.Context, t *catalog.Table, name string) error
}

// NewIndex is an index that SQL asks for.
type NewIndex struct {
	Name  string
	Hash  bool
	Parts []IndexPart
	// Unique refuses two rows with the same values, and with NullsNotDistinct also two
	// that have none at a path.
	Unique, NullsNotDistinct bool
	// Where are conditions that all must hold of a row that has entries, Present the paths
	// that must be there.
	Where   []Probe
	Present [][]string
	// TTL, in seconds, removes rows so long after the time in the one part; nil: none.
	TTL *int64
}

// IndexPart is a path of an index.
type IndexPart struct {
	Path []string
	Desc bool
}

// Finder is a Writer that finds rows by the unique indexes of paths.
type Finder interface {
	// FindBy reads a row whose values in a unique index are those of row; nil where there
	// is none.
	FindBy(index string, row []sqltype.Datum) (found []sqltype.Datum, err error)
}
