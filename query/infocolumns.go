package query

import (
	"fmt"
	"maps"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// The rows of information_schema about columns and their types.

// describe puts into a row what information_schema says of a type.
func (v *viewCall) describe(r row, t sqltype.Type) {
	r["data_type"], r["udt_catalog"], r["udt_schema"], r["udt_name"] = t.Base().Name(), v.db, catalog.SystemSchema, t.Base().ShortName()
	if t.ID == sqltype.Array {
		r["data_type"] = "ARRAY"
	}
	if t.IsEnum() || t.IsComposite() {
		if u := v.snap.TypeByHandle(t.Mod); u != nil {
			r["udt_schema"], r["udt_name"] = u.Schema, u.Name
			if t.ID == sqltype.Array {
				r["udt_name"] = "_" + u.Name
			}
		}
		if t.ID != sqltype.Array {
			r["data_type"] = "USER-DEFINED"
		}
	}
	switch t.ID {
	case sqltype.Text:
		r["character_octet_length"] = 1 << 30
	case sqltype.Varchar, sqltype.Bpchar:
		r["character_octet_length"] = 1 << 30
		if t.Mod > 0 {
			r["character_maximum_length"], r["character_octet_length"] = int(t.Mod), 4*int(t.Mod)
		}
	case sqltype.Bit, sqltype.Varbit:
		if t.Mod > 0 {
			r["character_maximum_length"] = int(t.Mod)
		}
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		r["numeric_precision"], r["numeric_precision_radix"], r["numeric_scale"] = 8*int(t.Len()), 2, 0
	case sqltype.Float4:
		r["numeric_precision"], r["numeric_precision_radix"] = 24, 2
	case sqltype.Float8:
		r["numeric_precision"], r["numeric_precision_radix"] = 53, 2
	case sqltype.Numeric:
		r["numeric_precision_radix"] = 10
		if p, s := t.NumericPS(); p > 0 {
			r["numeric_precision"], r["numeric_scale"] = p, s
		}
	case sqltype.Date:
		r["datetime_precision"] = 0
	case sqltype.Time, sqltype.TimeTZ, sqltype.Timestamp, sqltype.TimestampTZ, sqltype.Interval:
		r["datetime_precision"] = 6
		if t.Mod > 0 {
			r["datetime_precision"] = int(t.Mod) - 1
		}
	}
}

// describeOf is describe of what may be an array of a domain.
func (v *viewCall) describeOf(r row, t sqltype.Type, domain *catalog.UserType) {
	v.describe(r, t)
	if domain != nil && ofElements(t, domain) {
		r["udt_schema"], r["udt_name"] = domain.Schema, "_"+domain.Name
	}
}

func (v *viewCall) infoColumns() error {
	for _, rel := range pgRelations(v.snap) {
		if rel.kind != "r" && rel.kind != "v" {
			continue
		}
		var can []bool
		if rel.view != nil {
			can = v.updatable(rel.view).Columns
		}
		for _, c := range rel.columns() {
			updatable := rel.kind == "r" && rel.system == nil || rel.view != nil && can[c.num-1]
			r := row{"table_catalog": v.db, "table_schema": rel.schema, "table_name": rel.name, "column_name": c.name, "ordinal_position": c.num,
				"is_nullable": yesNo(!c.notNull), "dtd_identifier": fmt.Sprint(c.num), "is_self_referencing": "NO", "is_identity": "NO",
				"identity_cycle": "NO", "is_generated": "NEVER", "is_updatable": yesNo(updatable)}
			v.describeOf(r, c.typ, c.domain)
			if u := c.domain; u != nil && !ofElements(c.typ, u) {
				r["domain_catalog"], r["domain_schema"], r["domain_name"] = v.db, u.Schema, u.Name
				if u.NotNull {
					r["is_nullable"] = "NO"
				}
			}
			if collationOf(c.typ) == 950 {
				r["collation_catalog"], r["collation_schema"], r["collation_name"] = v.db, catalog.SystemSchema, "C"
			}
			if rel.view != nil {
				r["column_default"] = orNull(v.texts().defaultText(nil, rel.view.Columns[c.num-1].Default, c.typ))
			}
			if rel.table != nil {
				v.ownColumn(r, rel.table, &rel.table.Columns[rel.table.Ordinal(catalog.ColumnID(c.num))])
			}
			v.set(r)
		}
	}
	return nil
}

// ownColumn adds what is said of a table's column alone.
func (v *viewCall) ownColumn(r row, t *catalog.Table, c *catalog.Column) {
	r["column_default"] = orNull(v.texts().defaultText(nil, c.Default, c.Type))
	if c.Generated != "" {
		r["is_generated"], r["generation_expression"] = "ALWAYS", v.texts().defaultText(t, c.Generated, c.Type)
	}
	if c.Identity == 0 {
		return
	}
	r["is_identity"], r["identity_generation"] = "YES", map[byte]string{'a': "ALWAYS", 'd': "BY DEFAULT"}[c.Identity]
	if q := v.snap.OwnedSequence(t.ID, c.ID); q != nil {
		r["identity_start"], r["identity_increment"], r["identity_maximum"] = decimal(q.Start), decimal(q.Increment), decimal(q.Max)
		r["identity_minimum"], r["identity_cycle"] = decimal(q.Min), yesNo(q.Cycle)
	}
}

// infoElementTypes describes the elements of columns, fields, domains, parameters and results that are arrays.
func (v *viewCall) infoElementTypes() error {
	add := func(schema, name, kind string, num int, t sqltype.Type, domain *catalog.UserType) {
		if t.ID != sqltype.Array {
			return
		}
		full := row{}
		v.describe(full, t.ElemType())
		if domain != nil && ofElements(t, domain) {
			full["data_type"], full["udt_schema"], full["udt_name"] = "USER-DEFINED", domain.Schema, domain.Name
		}
		v.set(row{"object_catalog": v.db, "object_schema": schema, "object_name": name, "object_type": kind,
			"collection_type_identifier": fmt.Sprint(num), "data_type": full["data_type"], "udt_catalog": v.db, "udt_schema": full["udt_schema"],
			"udt_name": full["udt_name"], "dtd_identifier": fmt.Sprintf("a%d", num)})
	}
	kinds := map[string]string{"r": "TABLE", "v": "VIEW", "c": "USER-DEFINED TYPE"}
	for _, r := range pgRelations(v.snap) {
		if kind := kinds[r.kind]; kind != "" && r.system == nil {
			for _, c := range r.columns() {
				add(r.schema, r.name, kind, c.num, c.typ, c.domain)
			}
		}
	}
	for _, f := range v.snap.Functions() {
		name := f.Name + "_" + fmt.Sprint(objectOID(f.ID))
		for i, a := range f.Args {
			add(f.Schema, name, "ROUTINE", i+1, a.Type, v.snap.TypeByID(a.Domain))
		}
		add(f.Schema, name, "ROUTINE", 0, f.Returns, v.snap.TypeByID(f.ReturnsDomain))
	}
	return v.domains(func(u *catalog.UserType) {
		add(u.Schema, u.Name, "DOMAIN", 1, u.Base, v.snap.TypeByID(u.BaseDomain))
	})
}

// infoAttributes describes the fields of composite types.
func (v *viewCall) infoAttributes() error {
	for _, rel := range pgRelations(v.snap) {
		if rel.composite == nil {
			continue
		}
		for _, c := range rel.columns() {
			d := row{}
			v.describeOf(d, c.typ, c.domain)
			if u := c.domain; u != nil && !ofElements(c.typ, u) {
				d = row{"data_type": "USER-DEFINED", "udt_schema": u.Schema, "udt_name": u.Name}
			}
			r := row{"udt_catalog": v.db, "udt_schema": rel.schema, "udt_name": rel.name, "attribute_name": c.name, "ordinal_position": c.num, "is_nullable": "YES",
				"attribute_udt_catalog": v.db, "attribute_udt_schema": d["udt_schema"], "attribute_udt_name": d["udt_name"],
				"dtd_identifier": fmt.Sprint(c.num), "is_derived_reference_attribute": "NO"}
			delete(d, "udt_catalog")
			delete(d, "udt_schema")
			delete(d, "udt_name")
			maps.Copy(r, d)
			v.set(r)
		}
	}
	return nil
}

// infoUserDefinedTypes lists the composite types.
func (v *viewCall) infoUserDefinedTypes() error {
	for _, u := range v.snap.UserTypes() {
		if u.Kind == catalog.Composite {
			v.set(row{"user_defined_type_catalog": v.db, "user_defined_type_schema": u.Schema, "user_defined_type_name": u.Name,
				"user_defined_type_category": "STRUCTURED", "is_instantiable": "YES"})
		}
	}
	return nil
}

func (v *viewCall) infoColumnUDTUsage() error {
	v.relations(func(schema, name string, columns []pgColumn) {
		for _, c := range columns {
			r := row{}
			v.describeOf(r, c.typ, c.domain)
			v.add(v.db, r["udt_schema"], r["udt_name"], v.db, schema, name, c.name)
		}
	})
	return nil
}

func (v *viewCall) infoColumnDomainUsage() error {
	v.relations(func(schema, name string, columns []pgColumn) {
		for _, c := range columns {
			if u := c.domain; u != nil && !ofElements(c.typ, u) {
				v.add(v.db, u.Schema, u.Name, v.db, schema, name, c.name)
			}
		}
	})
	return nil
}

// infoColumnColumnUsage says of which columns generated ones are made.
func (v *viewCall) infoColumnColumnUsage() error {
	for _, t := range v.snap.Tables() {
		for i := range t.Columns {
			seen := map[string]bool{}
			for _, n := range namesIn(t.Columns[i].Generated) {
				if t.Column(n) >= 0 && !seen[n] {
					seen[n] = true
					v.add(v.db, t.Schema, t.Name, n, t.Columns[i].Name)
				}
			}
		}
	}
	return nil
}

// domains calls f for the domains.
func (v *viewCall) domains(f func(u *catalog.UserType)) error {
	for _, u := range v.snap.UserTypes() {
		if u.Kind == catalog.Domain {
			f(u)
		}
	}
	return nil
}

func (v *viewCall) infoDomains() error {
	return v.domains(func(u *catalog.UserType) {
		r := row{"domain_catalog": v.db, "domain_schema": u.Schema, "domain_name": u.Name, "domain_default": orNull(v.texts().defaultText(nil, u.Default, u.Base)), "dtd_identifier": "1"}
		v.describeOf(r, u.Base, v.snap.TypeByID(u.BaseDomain))
		if u.Base.ID == sqltype.Array {
			r["data_type"] = "USER-DEFINED" // as PostgreSQL says of domains over arrays
		}
		v.set(r)
	})
}

func (v *viewCall) infoDomainUDTUsage() error {
	return v.domains(func(u *catalog.UserType) {
		r := row{}
		v.describeOf(r, u.Base, v.snap.TypeByID(u.BaseDomain))
		v.add(v.db, r["udt_schema"], r["udt_name"], v.db, u.Schema, u.Name)
	})
}

func (v *viewCall) infoDomainConstraints() error {
	return v.domains(func(u *catalog.UserType) {
		for _, c := range u.Checks {
			v.add(v.db, u.Schema, c.Name, v.db, u.Schema, u.Name, "NO", "NO")
		}
	})
}
