package query

import (
	"fmt"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// The rows of information_schema about schemas, tables, sequences and privileges.

func (v *viewCall) infoSchemata() error {
	for _, n := range v.schemas() {
		v.add(v.db, n, sqlOwner)
	}
	return nil
}

func (v *viewCall) infoTables() error {
	table := func(schema, name, kind string, insertable bool, commit any) {
		v.set(row{"table_catalog": v.db, "table_schema": schema, "table_name": name, "table_type": kind,
			"is_insertable_into": yesNo(insertable), "is_typed": "NO", "commit_action": commit})
	}
	for _, t := range v.snap.Tables() {
		switch {
		case t.Kind == catalog.Materialized:
		case isTemp(t.Schema):
			table(t.Schema, t.Name, "LOCAL TEMPORARY", true, "PRESERVE")
		default:
			table(t.Schema, t.Name, "BASE TABLE", true, nil)
		}
	}
	for _, w := range v.snap.Views() {
		table(w.Schema, w.Name, "VIEW", v.updatable(w).Insert, nil)
	}
	for _, y := range systemList {
		kind := "BASE TABLE"
		if y.kind == "v" {
			kind = "VIEW"
		}
		table(y.schema, y.name, kind, false, nil)
	}
	return nil
}

func (v *viewCall) infoViews() error {
	for _, w := range v.snap.Views() {
		u := v.updatable(w)
		check := map[catalog.CheckOption]string{catalog.CheckNone: "NONE", catalog.CheckLocal: "LOCAL", catalog.CheckCascaded: "CASCADED"}[w.CheckOption()]
		v.add(v.db, w.Schema, w.Name, v.texts().queryText(w.Query, viewNames(w), false), check, yesNo(u.Update && u.Delete), yesNo(u.Insert), "NO", "NO", "NO")
	}
	return nil
}

// updatable tells what of a view can be changed; nothing, where that cannot be told.
func (v *viewCall) updatable(w *catalog.View) plan.Updatable {
	u, err := plan.ViewUpdatable(v.s.namesOnly(v.snap), w)
	if err != nil {
		return plan.Updatable{Columns: make([]bool, len(w.Columns))}
	}
	return u
}

func (v *viewCall) infoViewTableUsage() error {
	for _, w := range v.snap.Views() {
		for _, id := range w.DependsOn {
			if t := v.snap.Table(id); t != nil {
				v.add(v.db, w.Schema, w.Name, v.db, t.Schema, t.Name)
			} else if r := v.snap.View(id); r != nil {
				v.add(v.db, w.Schema, w.Name, v.db, r.Schema, r.Name)
			}
		}
	}
	return nil
}

func (v *viewCall) infoSequences() error {
	for _, q := range v.snap.Sequences() {
		if v.identitySequence(q) {
			continue
		}
		bits := map[sqltype.ID]int{sqltype.Int2: 16, sqltype.Int4: 32}[q.Type.ID]
		if bits == 0 {
			bits = 64
		}
		v.add(v.db, q.Schema, q.Name, q.Type.Name(), bits, 2, 0, decimal(q.Start), decimal(q.Min), decimal(q.Max), decimal(q.Increment), yesNo(q.Cycle))
	}
	return nil
}

// identitySequence reports whether a sequence is that of an identity column.
func (v *viewCall) identitySequence(q *catalog.Sequence) bool {
	t := v.snap.Table(q.OwnerTable)
	if t == nil {
		return false
	}
	o := t.Ordinal(q.OwnerColumn)
	return o >= 0 && t.Columns[o].Identity != 0
}

func decimal(n int64) string { return fmt.Sprint(n) }

// relations calls f for tables and views with their columns.
func (v *viewCall) relations(f func(schema, name string, columns []pgColumn)) {
	for _, r := range pgRelations(v.snap) {
		if r.system == nil && (r.kind == "r" || r.kind == "v") {
			f(r.schema, r.name, r.columns())
		}
	}
}

func (v *viewCall) infoTablePrivileges() error {
	v.relations(func(schema, name string, _ []pgColumn) {
		for _, p := range []string{"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"} {
			v.add(sqlOwner, sqlOwner, v.db, schema, name, p, "YES", yesNo(p == "SELECT"))
		}
	})
	return nil
}

func (v *viewCall) infoColumnPrivileges() error {
	v.relations(func(schema, name string, columns []pgColumn) {
		for _, c := range columns {
			for _, p := range []string{"INSERT", "SELECT", "UPDATE", "REFERENCES"} {
				v.add(sqlOwner, sqlOwner, v.db, schema, name, c.name, p, "YES")
			}
		}
	})
	return nil
}

func (v *viewCall) infoCharacterSets() error {
	v.set(row{"character_set_name": "UTF8", "character_repertoire": "UCS", "form_of_use": "UTF8", "default_collate_catalog": v.db})
	return nil
}

func (v *viewCall) infoCollations() error {
	for _, n := range []string{"default", "C", "POSIX"} {
		v.add(v.db, catalog.SystemSchema, n, "NO PAD")
	}
	return nil
}

func (v *viewCall) infoCollationSets() error {
	for _, n := range []string{"default", "C", "POSIX"} {
		v.set(row{"collation_catalog": v.db, "collation_schema": catalog.SystemSchema, "collation_name": n, "character_set_name": "UTF8"})
	}
	return nil
}
