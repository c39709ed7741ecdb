package query

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Temporary objects live in a schema of their session, which is dropped with all that
// is in it when the session ends, or at the next start where that did not happen. They
// are found before all others, or as pg_temp.name.
const (
	tempAlias  = "pg_temp"
	tempPrefix = "pg_temp_"
)

func isTemp(schema string) bool { return strings.HasPrefix(schema, tempPrefix) }

// tempSchema gives the session's schema of temporary objects, and makes it where the
// transaction does not see it.
func (d *definer) tempSchema() (string, error) {
	if d.s.temp == "" {
		id, err := d.e.NewID()
		if err != nil {
			return "", err
		}
		d.s.temp = fmt.Sprintf("%s%d", tempPrefix, id)
	}
	if d.e.HasSchema(d.s.temp) {
		return d.s.temp, nil
	}
	d.changed = true
	return d.s.temp, d.e.PutSchema(&catalog.Schema{Name: d.s.temp})
}

// placed gives the name of a new object its schema where the object is temporary.
func (d *definer) placed(n ast.Name, p ast.Persistence, unlogged string, pos int) (ast.Name, error) {
	switch p {
	case ast.Unlogged:
		return n, refuse(pos, "%s", unlogged)
	case ast.Temporary:
		if n.Schema != "" && n.Schema != tempAlias {
			return n, dberr.SQL(dberr.StateInvalidTableDefinition, "cannot create temporary relation in non-temporary schema").At(n.Pos())
		}
		schema, err := d.tempSchema()
		n.Schema = schema
		return n, err
	}
	return n, nil
}

// noteOnCommit remembers what becomes of a table's rows at commit.
func (d *definer) noteOnCommit(t *catalog.Table, a ast.OnCommit, pos int) error {
	if a == ast.OnCommitDefault {
		return nil
	}
	if !isTemp(t.Schema) {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "ON COMMIT can only be used on temporary tables").At(pos)
	}
	if a == ast.OnCommitPreserve {
		return nil
	}
	if d.s.onCommit == nil {
		d.s.onCommit = map[keyspace.ObjectID]ast.OnCommit{}
	}
	d.s.onCommit[t.ID] = a
	return nil
}

// beforeCommit does what waits for the end of the transaction: deferred constraints
// and ON COMMIT of temporary tables.
func (s *Session) beforeCommit(ctx context.Context) error {
	if err := s.checkDeferred(ctx, nil); err != nil {
		return err
	}
	if len(s.onCommit) == 0 || s.tx.ReadOnly() {
		return nil
	}
	r := &running{s: s, ctx: ctx}
	d := &definer{r: r, s: s}
	var err error
	if d.e, err = s.e.cat.Edit(ctx, s.tx, s.db.ID); err != nil {
		return err
	}
	for id, a := range s.onCommit {
		t := d.e.Table(id)
		if t == nil {
			continue
		}
		d.changed = true
		if a == ast.OnCommitDrop {
			err = d.dropTable(id, true)
			delete(s.onCommit, id)
		} else {
			err = d.empty(t, false)
		}
		if err != nil {
			return err
		}
	}
	if !d.changed {
		return nil
	}
	return d.e.Finish()
}

// dropTemp drops the session's temporary objects.
func (s *Session) dropTemp() {
	if s.temp == "" {
		return
	}
	err := s.e.dropSchemas(s.e.ctx, s.db, func(name string) bool { return name == s.temp })
	if err != nil && s.e.opts.Events.Background != nil {
		s.e.opts.Events.Background(fmt.Errorf("drop temporary objects: %w", err))
	}
	s.temp, s.onCommit = "", nil
}

// dropSchemas drops schemas with all that is in them, in a transaction of its own.
func (e *Engine) dropSchemas(ctx context.Context, db catalog.Database, which func(name string) bool) error {
	found := false
	err := e.store.Update(ctx, txn.TxOptions{Durability: txn.DurabilityInterval}, func(tx *txn.Tx) error {
		found = false
		s := e.session(db)
		s.tx = tx
		d := &definer{r: &running{s: s, ctx: ctx}, s: s}
		var err error
		if d.e, err = e.cat.Edit(ctx, tx, db.ID); err != nil {
			return err
		}
		for _, name := range d.e.Schemas() {
			if !which(name) {
				continue
			}
			found = true
			if err := d.emptySchema(name); err != nil {
				return err
			}
		}
		if !found {
			return nil
		}
		return d.e.Finish()
	})
	if err != nil || !found {
		return err
	}
	return e.runDrops(ctx)
}

// dropLeftovers drops the temporary objects of sessions that did not end before the
// engine did, indexes whose building was not finished, and values of sequences that a
// transaction was making.
func (e *Engine) dropLeftovers(ctx context.Context) error {
	var list []catalog.Database
	err := e.store.View(ctx, func(tx *txn.Tx) (err error) {
		list, err = e.cat.Databases(tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, db := range list {
		err := e.dropSchemas(ctx, db, isTemp)
		if errors.Is(err, dberr.ErrCorrupt) { // told by what uses the catalog, and by a check, which needs an engine
			if e.opts.Events.Background != nil {
				e.opts.Events.Background(fmt.Errorf("drop temporary objects of database %q: %w", db.Name, err))
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("drop temporary objects of database %q: %w", db.Name, err)
		}
		if err := e.dropUnfinished(ctx, db); err != nil {
			return fmt.Errorf("drop unfinished indexes of database %q: %w", db.Name, err)
		}
		if err := e.dropStrayCounters(ctx, db); err != nil {
			return fmt.Errorf("remove values of sequences that are not there, of database %q: %w", db.Name, err)
		}
	}
	return nil
}
