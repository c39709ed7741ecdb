package query

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Locks of tables. LOCK TABLE asks for one; every statement has those that its use of
// tables implies, of PostgreSQL's modes, until its transaction ends. Implied ones go with each other,
// since what transactions do beside each other is validated when they commit; they do not
// go with what LOCK TABLE asks for as PostgreSQL's table of modes says.
//
// A statement that has waited reads a new snapshot where it is the first of its
// transaction, so that it sees what the holder has done.

// tableLock is the lock of a table that a statement needs.
type tableLock struct {
	table tableKey
	name  string
	mode  txn.ObjectMode
}

// object is the table to the store's locks.
func (k tableKey) object() txn.ObjectID { return txn.ObjectID(k.db)<<32 | txn.ObjectID(k.id) }

// usedTables are the locks that a statement implies, those of foreign keys too.
func usedTables(q *plan.Query, snap *catalog.Snapshot) []tableLock {
	var list []tableLock
	var use func(t *catalog.Table, kind plan.UseKind)
	use = func(t *catalog.Table, kind plan.UseKind) {
		mode := [...]txn.ObjectMode{plan.UseRead: txn.AccessShare, plan.UseLockRows: txn.RowShare, plan.UseWrite: txn.RowExclusive}[kind]
		i := slices.IndexFunc(list, func(l tableLock) bool { return l.table == keyOf(t) })
		if i < 0 {
			list = append(list, tableLock{keyOf(t), t.Name, mode})
		} else if list[i].mode >= mode {
			return
		} else {
			list[i].mode = mode
		}
		if kind != plan.UseWrite {
			return
		}
		for i := range t.ForeignKeys {
			if to := snap.Table(t.ForeignKeys[i].RefTable); to != nil {
				use(to, plan.UseLockRows)
			}
		}
		for _, ref := range snap.References(t.ID) {
			if changes(ref.Key.OnDelete) || changes(ref.Key.OnUpdate) {
				use(ref.Table, plan.UseWrite)
			} else {
				use(ref.Table, plan.UseLockRows)
			}
		}
	}
	for _, u := range q.Tables {
		use(u.Table, u.Kind)
	}
	// Statements that lock in one order do not meet in a circle.
	slices.SortFunc(list, func(a, b tableLock) int { return cmp.Compare(a.table.object(), b.table.object()) })
	return list
}

// changes says whether the action of a foreign key writes.
func changes(action byte) bool { return action == 'c' || action == 'n' || action == 'd' }

// fresh says that nobody knows what the transaction has read.
func (s *Session) fresh() bool {
	return !s.work.queried && len(s.saves) == 0 && !s.tx.Wrote() && s.work.opts.AsOf == 0
}

// compileLocked is compile of what is run afterwards: the tables are locked.
func (r *running) compileLocked(st ast.Stmt) (*compiled, error) {
	for {
		c, err := r.compile(st)
		if err != nil || c.lasting && r.s.set.readOnly {
			return c, err
		}
		waited, err := r.s.lockUsed(r.ctx, c.locks)
		if err != nil || !waited || !r.s.fresh() {
			return c, err
		}
		if err := r.s.tx.Renew(); err != nil {
			return nil, err
		}
	}
}

// lockUsed takes implied locks. The past needs none.
func (s *Session) lockUsed(ctx context.Context, locks []tableLock) (waited bool, err error) {
	if s.work.opts.AsOf != 0 {
		return false, nil
	}
	for i := range locks {
		w, err := s.lockObject(ctx, &locks[i], true, txn.LockWait)
		if err != nil {
			return false, err
		}
		waited = waited || w
	}
	return waited, nil
}

// lockObject takes a lock of a table, within lock_timeout.
func (s *Session) lockObject(ctx context.Context, l *tableLock, implied bool, wait txn.LockPolicy) (waited bool, err error) {
	if s.set.lockTimeout <= 0 {
		waited, err = s.tx.LockObject(ctx, l.table.object(), l.mode, implied, wait)
	} else {
		waited, err = s.lockWithin(ctx, wait, strconv.Quote(l.name), func(ctx context.Context, wait txn.LockPolicy) (bool, error) {
			return s.tx.LockObject(ctx, l.table.object(), l.mode, implied, wait)
		})
	}
	if e := dberr.As(err); wait == txn.LockNoWait && e != nil && e.SQLState == dberr.StateLockNotAvailable {
		return false, dberr.SQL(dberr.StateLockNotAvailable, "could not obtain lock on relation %q", l.name)
	}
	return waited, err
}

// lockWithin runs what takes a lock of something, within lock_timeout.
func (s *Session) lockWithin(ctx context.Context, wait txn.LockPolicy, what string, lock func(context.Context, txn.LockPolicy) (bool, error)) (waited bool, err error) {
	limit := s.set.lockTimeout
	if limit <= 0 || wait != txn.LockWait {
		return lock(ctx, wait)
	}
	waited, err = lock(ctx, txn.LockNoWait) // the time counts from when it waits
	if e := dberr.As(err); e == nil || e.SQLState != dberr.StateLockNotAvailable {
		return waited, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, limit, exec.ErrLockTimeout)
	defer cancel()
	waited, err = lock(limited, wait)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(limited), exec.ErrLockTimeout) {
		return false, dberr.SQL(dberr.StateLockNotAvailable, "canceling statement due to lock timeout").
			WithHint("Another transaction held %s for longer than lock_timeout, %v.", what, limit)
	}
	return waited, err
}

// lockTable runs LOCK TABLE.
func (r *running) lockTable(st *ast.LockTable) error {
	s := r.s
	if !s.block && !s.several {
		return dberr.SQL("25P01", "LOCK TABLE can only be used in transaction blocks").At(st.Pos())
	}
	wait := txn.LockWait
	if st.NoWait {
		wait = txn.LockNoWait
	}
	fresh := s.fresh()
	s.work.locked = true
	var had []tableLock
	for {
		list, err := r.tablesToLock(st)
		if err != nil || slices.Equal(list, had) {
			if err == nil {
				err = r.done("LOCK TABLE")
			}
			return err
		}
		for i := range list {
			if _, err := s.lockObject(r.ctx, &list[i], false, wait); err != nil {
				return err
			}
		}
		if !fresh {
			return r.done("LOCK TABLE")
		}
		if err := s.tx.Renew(); err != nil {
			return err
		}
		had = list // the names may mean something else by now
	}
}

// tablesToLock finds the tables that LOCK TABLE names, those below views in their place.
func (r *running) tablesToLock(st *ast.LockTable) (list []tableLock, err error) {
	snap, err := r.s.e.cat.At(r.s.tx, r.s.db.ID)
	if err != nil {
		return nil, err
	}
	seen := map[keyspace.ObjectID]bool{}
	add := func(rel catalog.Relation) {
		if t := rel.Table; t != nil && !seen[t.ID] {
			seen[t.ID] = true
			list = append(list, tableLock{keyOf(t), t.Name, txn.ObjectMode(st.Mode)})
		}
	}
	for _, n := range st.Tables {
		if virtual := virtualTable(n.Schema, n.Name); virtual != nil || n.Schema == "" && virtualTable(catalog.SystemSchema, n.Name) != nil {
			return nil, refuse(n.Pos(), "LOCK TABLE of a system catalog")
		}
		rel, err := r.s.lookup(snap, n)
		if err != nil {
			return nil, err
		}
		if rel.View != nil {
			if err := r.viewTables(snap, rel.View, add); err != nil {
				return nil, err
			}
			continue
		}
		if rel.Table == nil || rel.Index != nil || rel.Table.Kind != catalog.Plain {
			return nil, dberr.SQL(dberr.StateWrongObjectType, "cannot lock relation %q", n.Name).At(n.Pos()).
				WithDetail("This operation is not supported for %s.", plural(rel.Kind()))
		}
		add(rel)
	}
	return list, nil
}

// viewTables gives the tables that a view reads, through views too.
func (r *running) viewTables(snap *catalog.Snapshot, v *catalog.View, add func(catalog.Relation)) error {
	q, err := r.s.viewQuery(snap, v)
	if err != nil {
		return err
	}
	for _, u := range q.Tables {
		add(catalog.Relation{Table: u.Table})
	}
	return nil
}

// viewQuery binds the query of a view.
func (s *Session) viewQuery(snap *catalog.Snapshot, v *catalog.View) (*plan.Query, error) {
	sel, err := parseQuery(v.Query)
	if err != nil {
		return nil, err
	}
	return plan.Bind(s.scope(snap, nil), sel)
}

// changeMode is the lock that a change of a table's definition implies.
func changeMode(st ast.Stmt) txn.ObjectMode {
	switch st := st.(type) {
	case *ast.CreateIndex, *ast.Reindex:
		return txn.Share
	case *ast.Comment:
		return txn.ShareUpdateExclusive
	case *ast.RefreshMatView:
		if st.Concurrently {
			return txn.Exclusive
		}
	}
	return txn.AccessExclusive
}

// lockChanged takes the locks of the tables that have been changed.
func (d *definer) lockChanged() error {
	changed := d.e.Changed()
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		l := tableLock{tableKey{d.s.db.ID, id}, changed[id], d.lock}
		if _, err := d.s.lockObject(d.r.ctx, &l, true, txn.LockWait); err != nil {
			return err
		}
	}
	return nil
}
