// Package exec runs physical plans: vectorized operators that pass batches of
// typed columns from one to the next, on one transaction.
//
// A plan is immutable and shared; Build makes the operators of one run, which
// belong to one goroutine. Results and errors are PostgreSQL's. A statement that fails
// leaves no write behind. Operators take as much memory as Context.Memory allows
// and go on in temporary files past that. exec knows the layout of rows through
// query/rowstore and refuses plans that it has no operator for.
package exec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/colstore"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// Param is a parameter's value, of the type that the plan expects of it.
type Param struct {
	Type  sqltype.Type
	Datum sqltype.Datum
}

// DefaultMemory is the budget of a run that names none.
const DefaultMemory = 64 << 20

// Context is one run of a plan. It is used by one goroutine.
type Context struct {
	// Ctx ends the run; operators look at it at every batch and within long loops.
	Ctx context.Context
	// Tx is what the run reads and writes.
	Tx *txn.Tx
	// Env is what functions know of the session.
	Env *fn.Env
	// LockTimeout bounds the wait for one row lock; 0 is no bound of its own.
	LockTimeout time.Duration
	// Params are the statement's parameters.
	Params []Param
	// Memory is the bytes that sorts, hash tables and kept rows may hold together
	// before they go to files; 0 means DefaultMemory.
	Memory int64
	// SpillFS and SpillDir are where those files are; nil and "" mean the machine's
	// file system and its temporary directory.
	SpillFS  vfs.FS
	SpillDir string
	// Catalog finds the tables on the other side of foreign keys. It may be nil
	// where no statement writes.
	Catalog *catalog.Snapshot
	// Host is the session that runs the plan. It may be nil where no statement reads the
	// past or has foreign keys that act.
	Host Host
	// Deferral keeps what deferrable constraints are to be checked for at the end of the
	// transaction; nil has all checked at the end of the statement.
	Deferral *Deferral
	// Virtual opens the rows of a plan.Virtual node.
	Virtual VirtualSource
	// Sources are the models that keep the rows of external tables.
	Sources []source.Source
	// Columns, where not nil, has columns of tables, which scans read and fill.
	Columns *colstore.Cache
	// Bulk says that the run is all that its transaction does, and is given up as a whole: a
	// key that is found to be free and then written is validated by the write alone.
	Bulk bool
	// Stats, where not nil, gets figures of every operator (EXPLAIN ANALYZE).
	Stats *Stats

	regs  []sqltype.Datum
	subs  map[*plan.SubPlan]*subResult
	kept  []*subResult // with rows to be given back
	ctes  map[int]*cteRows
	work  map[int]*rowList
	mem   memory
	spill *spillSpace
	// from is where the statement began to write, once wrote is set; before is the
	// transaction as it was there, made when it is first read.
	from   txn.Savepoint
	wrote  bool
	before *txn.Tx
	latest bool // scans read what the statement has written too, as constraints do
	// changed has, where CTEs change data, the keys of the rows that the statement has
	// changed: none is changed twice. added has those under which it has put rows.
	changed, added map[string]struct{}
}

// Host is what a run asks of its session.
type Host interface {
	// Rules gives the bound rules of a table that a foreign key's action writes to.
	Rules(t *catalog.Table) (*TableRules, error)
	// Past gives the transaction in which tables are read as of a timestamp.
	Past(ts uint64) (*txn.Tx, error)
}

// Operator produces the rows of a plan node.
//
//   - Next returns a batch with live rows, or nil at the end and ever after.
//   - A batch and its vectors belong to the operator and hold until the following
//     Next; a consumer that keeps rows copies them. The consumer may change Sel of the
//     batch struct that it was given, but not the vectors.
//   - Close may be called at any time, also before Next, and more than once.
type Operator interface {
	Next(ctx context.Context) (*vec.Batch, error)
	Close() error
}

// Run executes a plan and hands its batches to sink, which may be nil. rows is
// the number of rows that came out or, of a plan that writes at its root, were
// written. Where it fails, the transaction is as it was before.
func Run(c *Context, n plan.Node, sink func(*vec.Batch) error) (rows int64, err error) {
	if c.Ctx == nil {
		c.Ctx = context.Background()
	}
	if c.Tx != nil && !c.Tx.ReadOnly() {
		sp := c.Tx.Savepoint()
		defer func() {
			if err != nil {
				err = errors.Join(err, c.Tx.RollbackTo(sp))
			}
		}()
	}
	rows, err = c.run(n, sink)
	return rows, firstError(err, c.dropKept(), c.closeSpill())
}

func (c *Context) run(n plan.Node, sink func(*vec.Batch) error) (rows int64, err error) {
	op, err := Build(c, n)
	if err != nil {
		return 0, err
	}
	defer func() {
		if cerr := op.Close(); err == nil {
			err = cerr
		}
	}()
	for {
		b, err := op.Next(c.Ctx)
		if err != nil {
			return rows, err
		}
		if b == nil {
			if w, ok := unwrap(op).(writer); ok {
				if n := w.written(); n >= 0 {
					rows = n
				}
			}
			return rows, nil
		}
		rows += int64(b.Rows())
		if sink != nil {
			if err := sink(b); err != nil {
				return rows, err
			}
		}
	}
}

// ReadTx is what the statement reads tables in: the transaction as it was before the
// statement wrote anything. All parts of a statement see the same rows; what one of
// them writes reaches the others through RETURNING alone. Constraints hold for the rows
// that it leaves.
func (c *Context) ReadTx() *txn.Tx {
	if !c.wrote || c.latest {
		return c.Tx
	}
	if c.before == nil {
		c.before = c.Tx.Before(c.from)
	}
	return c.before
}

// fresh reports whether a part of the statement has made the row under key what it is.
func (c *Context) fresh(key []byte) bool {
	_, changed := c.changed[string(key)]
	_, added := c.added[string(key)]
	return changed || added
}

// writes says that from now on the statement writes, or that a part of it does at any time.
func (c *Context) writes(from txn.Savepoint) {
	if !c.wrote {
		c.wrote, c.from = true, from
	}
}

// writer is an operator that changes rows: how many, or -1 where that is the number of rows
// that come out of it.
type writer interface {
	written() int64
}

// reg is the value of a correlation register.
func (c *Context) reg(i int) *sqltype.Datum {
	for len(c.regs) <= i {
		c.regs = append(c.regs, sqltype.NullDatum)
	}
	return &c.regs[i]
}

// Build makes the operators of a plan.
func Build(c *Context, n plan.Node) (Operator, error) {
	if c.Ctx == nil {
		c.Ctx = context.Background()
	}
	op, err := build(c, n)
	if err != nil {
		return nil, err
	}
	if c.Stats != nil {
		op = c.Stats.watch(c, n, op)
	}
	return op, nil
}

func build(c *Context, n plan.Node) (Operator, error) {
	switch n := n.(type) {
	case *plan.Values:
		return newValues(c, n)
	case *plan.Scan:
		if n.Table.External != nil {
			return newExternal(c, n)
		}
		return newScan(c, n)
	case *plan.FuncScan:
		return newFuncScan(c, n)
	case *plan.Virtual:
		return newVirtual(c, n)
	case *plan.Filter:
		return newFilter(c, n)
	case *plan.Project:
		return newProject(c, n)
	case *plan.Sort:
		return newSort(c, n)
	case *plan.Limit:
		return newLimit(c, n)
	case *plan.Distinct:
		return newDistinct(c, n)
	case *plan.Aggregate:
		return newAggregate(c, n)
	case *plan.HashJoin:
		return newHashJoin(c, n)
	case *plan.MergeJoin:
		return newMergeJoin(c, n)
	case *plan.NestedLoop:
		return newNestedLoop(c, n)
	case *plan.Apply:
		return newApply(c, n)
	case *plan.SetOp:
		return newSetOp(c, n)
	case *plan.Append:
		return newAppend(c, n)
	case *plan.Window:
		return newWindow(c, n)
	case *plan.CTE:
		return newCTE(c, n)
	case *plan.CTEScan:
		return newCTEScan(c, n)
	case *plan.WorkScan:
		return newWorkScan(c, n)
	case *plan.Materialize:
		return newMaterialize(c, n)
	case *plan.Insert:
		return newInsert(c, n)
	case *plan.Update:
		return newUpdate(c, n)
	case *plan.Delete:
		return newDelete(c, n)
	case *plan.LockRows:
		return newLockRows(c, n)
	}
	return nil, dberr.SQL(dberr.StateInternal, "no operator for %s", fmt.Sprintf("%T", n))
}

// restarter is an operator that can be run again from its start, with other
// values in the registers, without being built anew.
type restarter interface {
	restart() bool
}

// restart runs op again from its start, building it anew where it cannot.
func restart(c *Context, op Operator, n plan.Node) (Operator, error) {
	if r, ok := op.(restarter); ok && r.restart() {
		return op, nil
	}
	if op != nil {
		if err := op.Close(); err != nil {
			return nil, err
		}
	}
	return Build(c, n)
}

func restartInput(op Operator) bool {
	r, ok := op.(restarter)
	return ok && r.restart()
}

func typesOf(fields []plan.Field) []sqltype.Type {
	types := make([]sqltype.Type, len(fields))
	for i, f := range fields {
		types[i] = f.Type
	}
	return types
}

func exprTypes(es []plan.Expr) []sqltype.Type {
	types := make([]sqltype.Type, len(es))
	for i, e := range es {
		types[i] = e.Type()
	}
	return types
}

// Sleep waits for functions that do, until the statement is cancelled.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return canceled(ctx)
	}
}

// canceled returns the error of a context that has ended, in SQL's terms.
func canceled(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	e := dberr.SQL(dberr.StateQueryCanceled, "canceling statement due to user request")
	if errors.Is(err, context.DeadlineExceeded) {
		e = dberr.SQL(dberr.StateQueryCanceled, "canceling statement due to statement timeout")
		e.Class, e.Code = dberr.ErrTimeout, "STATEMENT_TIMEOUT"
	}
	return e.Wrap(err)
}
