package query

import (
	"context"
	"time"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// ContinuousQuery is a query over a stream, taken apart. Its expressions are SQL over the
// columns of stream.<channel>.
type ContinuousQuery struct {
	Name, Channel    string
	Window           string // tumble, hop or session
	Size, Slide, Gap time.Duration
	Time             string // empty: when a message was published
	Where            string
	Keys, Aggregates []ContinuousColumn
	Computed         []ContinuousColumn // over the names of the others
	Having           string             // over the names of the others; empty: all hold

	Delay, Lateness, Idle        time.Duration
	Emit, OnError, Start, LateTo string
	MaxWindows                   int // 0: the default

	ToChannel        string
	ToSchema, ToView string
}

// ContinuousColumn is a column of the results of a continuous query.
type ContinuousColumn struct {
	Name     string
	Function string // of an aggregate
	SQL      string // empty: count(*)
	Hidden   bool   // an aggregate that is only computed with
}

// Continuous keeps what SQL defines over streams. Its calls are part of the transaction.
type Continuous interface {
	// Define adds a query. types are those of the columns of a query of SQL; made makes the
	// view, where it writes to one, with these columns.
	Define(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, q *ContinuousQuery, types func(sql string) ([]sqltype.Type, error), made func(cols []Column) (keyspace.ObjectID, error)) error
	// Find is the name of the query that keeps a materialized view; empty where none does.
	Find(tx *txn.Tx, db keyspace.DatabaseID, view keyspace.ObjectID) (string, error)
	// Drop removes a query; false where there is none.
	Drop(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, name string) (bool, error)
	// Writer is the query of CREATE STREAM … AS of a channel; empty where it has none.
	Writer(tx *txn.Tx, db keyspace.DatabaseID, channel string) (string, error)
	// CreateChannel makes a channel; one that is there is an error of class ErrExists.
	CreateChannel(tx *txn.Tx, db keyspace.DatabaseID, name string, opts ChannelOptions) error
	// DropChannel removes a channel; one that is not there is an error of class ErrNotFound.
	DropChannel(tx *txn.Tx, db keyspace.DatabaseID, name string) error
}

// ChannelOptions says what a channel that SQL makes keeps; 0 is no bound.
type ChannelOptions struct {
	MaxAge             time.Duration
	MaxBytes, MaxCount int64
	Partitions         int
}

// SetContinuous gives the engine what keeps queries over streams, before it is used.
// Without it they are refused.
func (e *Engine) SetContinuous(c Continuous) { e.continuous = c }
