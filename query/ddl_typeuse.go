package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/storage/keyspace"
)

// namesType says whether an expression casts to a type.
func (d *definer) namesType(text string, t *catalog.UserType) bool {
	if !strings.Contains(text, t.Name) {
		return false
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return false
	}
	named := false
	ast.Walk(e, func(n any) bool {
		if c, ok := n.(*ast.Cast); ok {
			if _, user, err := plan.ResolveType(d.scope(), c.Type); err == nil && user != nil && user.ID == t.ID {
				named = true
			}
		}
		return !named
	})
	return named
}

// named is an object that stored expressions name.
type named struct {
	kind, name string
	id         keyspace.ObjectID
	// in tells whether an expression over the columns of a table, or none, names it.
	in func(text string, t *catalog.Table) bool
}

// refused says that something depends on the object.
func (n *named) refused(what string, args ...any) error {
	return dependent(n.kind, n.name, fmt.Sprintf(what, args...)+" depends on "+n.kind+" "+n.name)
}

func (d *definer) dropTypeTexts(t *catalog.UserType, cascade bool) error {
	return d.dropTexts(&named{kind: "type", name: t.Name, id: t.ID, in: func(text string, _ *catalog.Table) bool { return d.namesType(text, t) }}, cascade)
}

// dropTexts refuses to drop what expressions of tables, views and domains name, or drops what
// they are of: defaults, generated columns, checks and indexes.
func (d *definer) dropTexts(n *named, cascade bool) error {
	for _, tab := range d.e.Tables() {
		if err := d.dropTextsInTable(tab.ID, n, cascade); err != nil {
			return err
		}
	}
	for _, v := range d.e.Views() {
		c := *v
		c.Columns = slices.Clone(v.Columns)
		any := false
		for i := range c.Columns {
			if !n.in(c.Columns[i].Default, nil) {
				continue
			}
			if !cascade {
				return n.refused("default value for column %s of view %s", c.Columns[i].Name, v.Name)
			}
			c.Columns[i].Default, any = "", true
		}
		if any {
			if err := d.e.PutView(&c); err != nil {
				return err
			}
		}
	}
	for _, u := range d.e.UserTypes() {
		if err := d.dropTextsInDomain(u, n, cascade); err != nil {
			return err
		}
	}
	return nil
}

func (d *definer) dropTextsInTable(id keyspace.ObjectID, n *named, cascade bool) error {
	cur := d.e.Table(id).Clone()
	refuse := func(what string, args ...any) error {
		if cascade {
			return nil
		}
		return n.refused(what, args...)
	}
	changed := false
	for i := range cur.Columns {
		if c := &cur.Columns[i]; n.in(c.Default, nil) {
			if err := refuse("default value for column %s of table %s", c.Name, cur.Name); err != nil {
				return err
			}
			c.Default, changed = "", true
		}
	}
	for i := len(cur.Checks) - 1; i >= 0; i-- {
		if n.in(cur.Checks[i].Expr, cur) {
			if err := refuse("constraint %s on table %s", cur.Checks[i].Name, cur.Name); err != nil {
				return err
			}
			cur.Checks, changed = slices.Delete(cur.Checks, i, i+1), true
		}
	}
	if changed {
		if err := d.e.PutTable(cur); err != nil {
			return err
		}
	}
	for _, x := range d.e.Table(id).Indexes {
		used := n.in(x.Predicate, cur)
		for i := range x.Columns {
			used = used || n.in(x.Columns[i].Expr, cur)
		}
		if !used {
			continue
		}
		if err := refuse("index %s", x.Name); err != nil {
			return err
		}
		if err := d.dropIndex(d.e.Table(id), &x, cascade); err != nil {
			return err
		}
	}
	for _, c := range d.e.Table(id).Columns {
		if !n.in(c.Generated, cur) {
			continue
		}
		if err := refuse("column %s of table %s", c.Name, cur.Name); err != nil {
			return err
		}
		cur := d.e.Table(id).Clone()
		if err := d.removeColumn(cur, cur.Ordinal(c.ID), true); err != nil {
			return err
		}
	}
	return nil
}

func (d *definer) dropTextsInDomain(u *catalog.UserType, n *named, cascade bool) error {
	if u.ID == n.id || d.dropping[u.ID] {
		return nil
	}
	c, changed := u.Clone(), false
	row := domainRow(u)
	if n.in(c.Default, nil) {
		if !cascade {
			return n.refused("type %s", u.Name)
		}
		c.Default, changed = "", true
	}
	for i := len(c.Checks) - 1; i >= 0; i-- {
		if !n.in(c.Checks[i].Expr, row) {
			continue
		}
		if !cascade {
			return n.refused("constraint %s", c.Checks[i].Name)
		}
		c.Checks, changed = slices.Delete(c.Checks, i, i+1), true
	}
	if !changed {
		return nil
	}
	return d.e.PutType(c)
}

// domainRow is the row over which the checks of a domain are.
func domainRow(u *catalog.UserType) *catalog.Table {
	return &catalog.Table{Name: u.Name, Columns: []catalog.Column{{ID: 1, Name: "value", Type: u.Base}}}
}
