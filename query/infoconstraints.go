package query

import (
	"fmt"
	"slices"

	"github.com/weftdb/weft/query/catalog"
)

// The rows of information_schema about constraints. A column that is NOT NULL counts as a
// CHECK, whose name is made of object ids, as in PostgreSQL before 18.

func notNullName(t *catalog.Table, c *catalog.Column) string {
	return fmt.Sprintf("%d_%d_%d_not_null", schemaOID(t.Schema), objectOID(t.ID), c.ID)
}

func (v *viewCall) infoTableConstraints() error {
	for _, t := range v.snap.Tables() {
		add := func(name, kind string, deferrable, deferred bool, distinct any) {
			v.add(v.db, t.Schema, name, v.db, t.Schema, t.Name, kind, yesNo(deferrable), yesNo(deferred), "YES", distinct)
		}
		for i := range t.Indexes {
			switch x := &t.Indexes[i]; {
			case x.Constraint && x.Primary:
				add(x.Name, "PRIMARY KEY", x.Deferrable, x.InitiallyDeferred, nil)
			case x.Constraint:
				add(x.Name, "UNIQUE", x.Deferrable, x.InitiallyDeferred, yesNo(!x.NullsNotDistinct))
			}
		}
		for _, c := range t.Checks {
			add(c.Name, "CHECK", false, false, nil)
		}
		for _, k := range t.ForeignKeys {
			add(k.Name, "FOREIGN KEY", k.Deferrable, k.InitiallyDeferred, nil)
		}
		if t.Kind != catalog.Plain {
			continue
		}
		for i := range t.Columns {
			if c := &t.Columns[i]; c.NotNull {
				add(notNullName(t, c), "CHECK", false, false, nil)
			}
		}
	}
	return nil
}

func (v *viewCall) infoCheckConstraints() error {
	for _, t := range v.snap.Tables() {
		for _, c := range t.Checks {
			v.add(v.db, t.Schema, c.Name, "("+v.texts().storedText(t, c.Expr, false)+")")
		}
		if t.Kind != catalog.Plain {
			continue
		}
		for i := range t.Columns {
			if c := &t.Columns[i]; c.NotNull {
				v.add(v.db, t.Schema, notNullName(t, c), c.Name+" IS NOT NULL")
			}
		}
	}
	return v.domains(func(u *catalog.UserType) {
		for _, c := range u.Checks {
			v.add(v.db, u.Schema, c.Name, "("+v.texts().ruleText(u, &c, false)+")")
		}
	})
}

func (v *viewCall) infoKeyColumnUsage() error {
	for _, t := range v.snap.Tables() {
		for i := range t.Indexes {
			x := &t.Indexes[i]
			for n, c := range x.Columns {
				if o := t.Ordinal(c.Column); x.Constraint && o >= 0 {
					v.add(v.db, t.Schema, x.Name, v.db, t.Schema, t.Name, t.Columns[o].Name, n+1)
				}
			}
		}
		for i := range t.ForeignKeys {
			k := &t.ForeignKeys[i]
			_, x := v.referenced(k)
			for n, id := range k.Columns {
				var position any
				if x != nil {
					position = slices.IndexFunc(x.Columns, func(c catalog.IndexColumn) bool { return c.Column == k.RefColumns[n] }) + 1
				}
				v.add(v.db, t.Schema, k.Name, v.db, t.Schema, t.Name, t.Columns[t.Ordinal(id)].Name, n+1, position)
			}
		}
	}
	return nil
}

// referenced is the table that a foreign key refers to and the index of its key there.
func (v *viewCall) referenced(k *catalog.ForeignKey) (*catalog.Table, *catalog.Index) {
	t := v.snap.Table(k.RefTable)
	if t == nil {
		return nil, nil
	}
	return t, referencedIndex(t, k)
}

func referencedIndex(t *catalog.Table, k *catalog.ForeignKey) *catalog.Index {
	for i := range t.Indexes {
		if x := &t.Indexes[i]; x.Unique && sameColumns(x.Columns, k.RefColumns) {
			return x
		}
	}
	return nil
}

func (v *viewCall) infoReferentialConstraints() error {
	rules := map[byte]string{'a': "NO ACTION", 'r': "RESTRICT", 'c': "CASCADE", 'n': "SET NULL", 'd': "SET DEFAULT"}
	for _, t := range v.snap.Tables() {
		for i := range t.ForeignKeys {
			k := &t.ForeignKeys[i]
			var schema, name any
			if ref, x := v.referenced(k); x != nil {
				schema, name = ref.Schema, x.Name
			}
			match := "NONE"
			if k.Match == 'f' {
				match = "FULL"
			}
			v.add(v.db, t.Schema, k.Name, v.db, schema, name, match, rules[k.OnUpdate], rules[k.OnDelete])
		}
	}
	return nil
}

// constrained calls f for the constraints with the columns that they name: of foreign
// keys those that they refer to.
func (v *viewCall) constrained(f func(t *catalog.Table, name string, check bool, of *catalog.Table, ids []catalog.ColumnID)) {
	for _, t := range v.snap.Tables() {
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Constraint {
				f(t, x.Name, false, t, indexColumns(x))
			}
		}
		for _, c := range t.Checks {
			var ids []catalog.ColumnID
			for _, n := range namesIn(c.Expr) {
				if o := t.Column(n); o >= 0 && !slices.Contains(ids, t.Columns[o].ID) {
					ids = append(ids, t.Columns[o].ID)
				}
			}
			f(t, c.Name, true, t, ids)
		}
		for i := range t.ForeignKeys {
			if ref := v.snap.Table(t.ForeignKeys[i].RefTable); ref != nil {
				f(t, t.ForeignKeys[i].Name, false, ref, t.ForeignKeys[i].RefColumns)
			}
		}
	}
}

func (v *viewCall) infoConstraintColumnUsage() error {
	v.constrained(func(t *catalog.Table, name string, _ bool, of *catalog.Table, ids []catalog.ColumnID) {
		for _, id := range ids {
			if o := of.Ordinal(id); o >= 0 {
				v.add(v.db, of.Schema, of.Name, of.Columns[o].Name, v.db, t.Schema, name)
			}
		}
	})
	return nil
}

func (v *viewCall) infoConstraintTableUsage() error {
	v.constrained(func(t *catalog.Table, name string, check bool, of *catalog.Table, _ []catalog.ColumnID) {
		if !check {
			v.add(v.db, of.Schema, of.Name, v.db, t.Schema, name)
		}
	})
	return nil
}
