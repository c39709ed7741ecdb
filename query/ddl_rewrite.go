package query

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
)

// rewrite stores a table whose rows must be written anew, and writes them: into new
// indexes, so that nothing of the old ones is touched before the commit, and what
// they hold is still there after a rollback or a crash. exprs gives the values of
// columns over the old row; the others keep theirs, new ones get their default.
func (d *definer) rewrite(old, t *catalog.Table, exprs map[catalog.ColumnID]ast.Expr) error {
	for i := range old.Indexes {
		if err := d.e.DropIndexData(old.Indexes[i].ID); err != nil {
			return err
		}
	}
	d.s.work.drops = true
	for i := range t.Indexes {
		id, err := d.e.NewID()
		if err != nil {
			return err
		}
		t.Indexes[i].ID = id
	}
	if err := d.put(t); err != nil {
		return err
	}
	d.s.touch(t)
	t = d.e.Table(t.ID)
	q, err := plan.BindRewrite(d.scope(), old, t, exprs)
	if err != nil {
		return unplaced(err)
	}
	if err := d.runRewrite(q); err != nil {
		return rewriteError(err, t)
	}
	return nil
}

// runRewrite runs a plan that moves rows, which changes no row count.
func (d *definer) runRewrite(q *plan.Query) error {
	source := d.s.e.newPlanSource(d.r.ctx)
	res, err := opt.Optimize(q, source, d.s.e.opts.Planner)
	if err != nil {
		return fmt.Errorf("plan rewrite: %w", err)
	}
	x, err := d.s.execContext(d.r.ctx, d.r.env())
	if err != nil {
		return err
	}
	x.Catalog = nil // the values of foreign keys are as they were; who changes them looks
	_, err = exec.Run(x, res.Root, nil)
	return err
}

// rewriteError says in the words of DDL what is wrong with the rows that are there.
func rewriteError(err error, t *catalog.Table) error {
	e := dberr.As(err)
	if e == nil {
		return err
	}
	name := quotedName(e.Message)
	switch e.SQLState {
	case dberr.StateUniqueViolation:
		return dberr.SQL(dberr.StateUniqueViolation, "could not create unique index %q", name).
			WithDetail("%s", strings.Replace(e.Detail, "already exists.", "is duplicated.", 1))
	case dberr.StateNotNullViolation:
		if e.Field != "" {
			return dberr.SQL(dberr.StateNotNullViolation, "column %q of relation %q contains null values", e.Field, t.Name)
		}
	case dberr.StateCheckViolation:
		if strings.HasPrefix(e.Message, "new row") {
			return dberr.SQL(dberr.StateCheckViolation, "check constraint %q of relation %q is violated by some row", name, t.Name)
		}
	}
	return err
}

// quotedName is the last name between quotes of a message.
func quotedName(s string) string {
	end := strings.LastIndexByte(s, '"')
	if end < 1 {
		return ""
	}
	return s[strings.LastIndexByte(s[:end], '"')+1 : end]
}
