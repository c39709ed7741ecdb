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

// dropTypeTexts refuses to drop a type that expressions of tables, views and domains name,
// or drops what they are of: defaults, generated columns, checks and indexes.
func (d *definer) dropTypeTexts(t *catalog.UserType, cascade bool) error {
	for _, tab := range d.e.Tables() {
		if err := d.dropTypeInTable(tab.ID, t, cascade); err != nil {
			return err
		}
	}
	for _, v := range d.e.Views() {
		c := *v
		c.Columns = slices.Clone(v.Columns)
		any := false
		for i := range c.Columns {
			if !d.namesType(c.Columns[i].Default, t) {
				continue
			}
			if !cascade {
				return dependent("type", t.Name, fmt.Sprintf("default value for column %s of view %s depends on type %s", c.Columns[i].Name, v.Name, t.Name))
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
		if err := d.dropTypeInDomain(u, t, cascade); err != nil {
			return err
		}
	}
	return nil
}

func (d *definer) dropTypeInTable(id keyspace.ObjectID, t *catalog.UserType, cascade bool) error {
	cur := d.e.Table(id).Clone()
	refuse := func(what string, args ...any) error {
		if cascade {
			return nil
		}
		return dependent("type", t.Name, fmt.Sprintf(what, args...)+" depends on type "+t.Name)
	}
	changed := false
	for i := range cur.Columns {
		if c := &cur.Columns[i]; d.namesType(c.Default, t) {
			if err := refuse("default value for column %s of table %s", c.Name, cur.Name); err != nil {
				return err
			}
			c.Default, changed = "", true
		}
	}
	for i := len(cur.Checks) - 1; i >= 0; i-- {
		if d.namesType(cur.Checks[i].Expr, t) {
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
		named := d.namesType(x.Predicate, t)
		for i := range x.Columns {
			named = named || d.namesType(x.Columns[i].Expr, t)
		}
		if !named {
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
		if !d.namesType(c.Generated, t) {
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

func (d *definer) dropTypeInDomain(u, t *catalog.UserType, cascade bool) error {
	if u.ID == t.ID || d.dropping[u.ID] {
		return nil
	}
	c, changed := u.Clone(), false
	if d.namesType(c.Default, t) {
		if !cascade {
			return dependent("type", t.Name, fmt.Sprintf("type %s depends on type %s", u.Name, t.Name))
		}
		c.Default, changed = "", true
	}
	for i := len(c.Checks) - 1; i >= 0; i-- {
		if !d.namesType(c.Checks[i].Expr, t) {
			continue
		}
		if !cascade {
			return dependent("type", t.Name, fmt.Sprintf("constraint %s depends on type %s", c.Checks[i].Name, t.Name))
		}
		c.Checks, changed = slices.Delete(c.Checks, i, i+1), true
	}
	if !changed {
		return nil
	}
	return d.e.PutType(c)
}
