package query

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// CREATE INDEX outside of a transaction block is built while writes go on:
//
//  1. A transaction adds the index, marked as being built. Writers that begin after it
//     maintain the index; those that began before are refused at commit, because they
//     have read the version of the catalog that it replaces.
//  2. The rows are read in batches, each in a transaction of its own that writes the
//     entries that are missing. Where a writer changed one of the rows meanwhile, both
//     have written its entry, so one of them runs again.
//  3. A transaction takes the mark away, and readers use the index.
//
// Where it fails, the index is dropped. After a crash that is done at the next start.

// onlineIndex names an index that is being built.
type onlineIndex struct {
	table keyspace.ObjectID
	index string
}

// onlineBatch is how many rows one transaction of step 2 looks at.
const onlineBatch = 1000

// createIndexOnline runs CREATE INDEX in transactions of its own.
func (r *running) createIndexOnline(st *ast.CreateIndex) error {
	s := r.s
	if s.block || s.tx != nil || s.several {
		return dberr.SQL(dberr.StateActiveTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block").At(st.Pos())
	}
	x := &onlineIndex{}
	if err := r.beginIndex(st, x); err != nil {
		return err
	}
	if x.table == 0 { // it was there already
		return r.done("CREATE INDEX")
	}
	err := s.e.fillIndex(r.ctx, s, x)
	if err == nil {
		err = s.e.finishIndex(r.ctx, s, x)
	}
	if err != nil {
		if derr := s.e.dropIndexes(context.WithoutCancel(r.ctx), s.db, x.is); derr != nil {
			err = errors.Join(err, fmt.Errorf("drop the unfinished index: %w", derr))
		}
		return err
	}
	return r.done("CREATE INDEX")
}

func (x *onlineIndex) is(t *catalog.Table, i *catalog.Index) bool {
	return t.ID == x.table && i.Name == x.index && i.Building
}

// beginIndex adds the index in its first transaction.
func (r *running) beginIndex(st *ast.CreateIndex, x *onlineIndex) error {
	s := r.s
	if err := s.begin(r.ctx, nil, s.opts); err != nil {
		return err
	}
	if s.set.readOnly {
		return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute CREATE INDEX in a read-only transaction")
	}
	d := &definer{r: r, s: s, online: x, lock: changeMode(st)}
	var err error
	if d.e, err = s.e.cat.Edit(r.ctx, s.tx, s.db.ID); err != nil {
		return err
	}
	if err := d.createIndex(st); err != nil {
		return err
	}
	if d.changed {
		if err := d.lockChanged(); err != nil {
			return err
		}
		if err := d.e.Finish(); err != nil {
			return err
		}
	}
	return s.commit(r.ctx)
}

// inSession runs f in a transaction of its own with a session that has the settings of
// another, again where it conflicts.
func (e *Engine) inSession(ctx context.Context, like *Session, opts txn.TxOptions, f func(s *Session) error) error {
	return e.store.Update(ctx, opts, func(tx *txn.Tx) error {
		s := e.session(like.db)
		s.set, s.temp, s.tx = like.set, like.temp, tx
		return f(s)
	})
}

// find gives the table of the index as the transaction sees it, and its number.
func (x *onlineIndex) find(s *Session) (*catalog.Table, int, error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return nil, 0, err
	}
	t := snap.Table(x.table)
	if t != nil {
		if i := slices.IndexFunc(t.Indexes, func(i catalog.Index) bool { return x.is(t, &i) }); i >= 0 {
			return t, i, nil
		}
	}
	return nil, 0, dberr.SQL(dberr.StateUndefinedObject, "index %q was dropped while it was being built", x.index)
}

// fillIndex writes the entries of the rows that are there, batch by batch.
func (e *Engine) fillIndex(ctx context.Context, like *Session, x *onlineIndex) error {
	var from []byte
	var id keyspace.ObjectID // of the index when the filling began
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if hook := e.onlineHook; hook != nil {
			hook()
		}
		var next []byte
		opts := txn.TxOptions{Isolation: txn.Snapshot, Durability: txn.DurabilityInterval}
		err := e.inSession(ctx, like, opts, func(s *Session) error {
			t, i, err := x.find(s)
			if err != nil {
				return err
			}
			if id != 0 && t.Indexes[i].ID != id {
				done = true // the table was written anew, with all of its indexes
				return nil
			}
			id = t.Indexes[i].ID
			c, err := s.execContext(ctx, (&running{s: s, ctx: ctx}).env())
			if err != nil {
				return err
			}
			rules, err := c.Host.Rules(t)
			if err != nil {
				return err
			}
			next, err = exec.FillIndex(c, t, i, rules, from, onlineBatch)
			return err
		})
		if err != nil {
			return err
		}
		from, done = next, done || next == nil // of the run that has committed
	}
	return nil
}

// finishIndex lets readers use the index.
func (e *Engine) finishIndex(ctx context.Context, like *Session, x *onlineIndex) error {
	return e.inSession(ctx, like, txn.TxOptions{}, func(s *Session) error {
		t, i, err := x.find(s)
		if err != nil {
			return err
		}
		ed, err := e.cat.Edit(ctx, s.tx, s.db.ID)
		if err != nil {
			return err
		}
		c := t.Clone()
		c.Indexes[i].Building = false
		if err := ed.PutTable(c); err != nil {
			return err
		}
		return ed.Finish()
	})
}

// dropIndexes drops indexes in a transaction of its own.
func (e *Engine) dropIndexes(ctx context.Context, db catalog.Database, which func(t *catalog.Table, i *catalog.Index) bool) error {
	found := false
	err := e.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		found = false
		ed, err := e.cat.Edit(ctx, tx, db.ID)
		if err != nil {
			return err
		}
		for _, t := range ed.Tables() {
			c := t.Clone()
			c.Indexes = slices.DeleteFunc(c.Indexes, func(i catalog.Index) bool { return which(t, &i) })
			if len(c.Indexes) == len(t.Indexes) {
				continue
			}
			found = true
			for i := range t.Indexes {
				if !which(t, &t.Indexes[i]) {
					continue
				}
				if err := ed.DropIndexData(t.Indexes[i].ID); err != nil {
					return err
				}
			}
			if err := ed.PutTable(c); err != nil {
				return err
			}
		}
		if !found {
			return nil
		}
		return ed.Finish()
	})
	if err != nil || !found {
		return err
	}
	return e.runDrops(ctx)
}

// dropUnfinished drops the indexes whose building a crash has ended.
func (e *Engine) dropUnfinished(ctx context.Context, db catalog.Database) error {
	return e.dropIndexes(ctx, db, func(_ *catalog.Table, i *catalog.Index) bool { return i.Building })
}
