package query

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// sqlOwner is the one role that there is in SQL, and the owner of all objects.
const sqlOwner = "weft"

// systemRows make the rows of the system views that have any.
var systemRows map[string]func(v *viewCall) error

func init() { // the functions look at systemRows' views themselves
	systemRows = map[string]func(v *viewCall) error{
		"pg_catalog.pg_aggregate":             (*viewCall).pgAggregate,
		"pg_catalog.pg_am":                    (*viewCall).pgAM,
		"pg_catalog.pg_attrdef":               attrdefRows,
		"pg_catalog.pg_attribute":             attributeRows,
		"pg_catalog.pg_authid":                (*viewCall).pgRoles,
		"pg_catalog.pg_cast":                  (*viewCall).pgCast,
		"pg_catalog.pg_class":                 classRows,
		"pg_catalog.pg_collation":             (*viewCall).pgCollation,
		"pg_catalog.pg_constraint":            constraintRows,
		"pg_catalog.pg_database":              (*viewCall).pgDatabase,
		"pg_catalog.pg_depend":                (*viewCall).pgDepend,
		"pg_catalog.pg_description":           (*viewCall).pgDescription,
		"pg_catalog.pg_enum":                  enumRows,
		"pg_catalog.pg_index":                 pgIndexRows,
		"pg_catalog.pg_indexes":               (*viewCall).pgIndexes,
		"pg_catalog.pg_language":              (*viewCall).pgLanguage,
		"pg_catalog.pg_matviews":              (*viewCall).pgMatviews,
		"pg_catalog.pg_available_extensions":  (*viewCall).pgAvailableExtensions,
		"pg_catalog.pg_namespace":             (*viewCall).pgNamespace,
		"pg_catalog.pg_opclass":               (*viewCall).pgOpclass,
		"pg_catalog.pg_operator":              (*viewCall).pgOperator,
		"pg_catalog.pg_opfamily":              (*viewCall).pgOpfamily,
		"pg_catalog.pg_proc":                  (*viewCall).pgProc,
		"pg_catalog.pg_range":                 (*viewCall).pgRange,
		"pg_catalog.pg_rewrite":               (*viewCall).pgRewrite,
		"pg_catalog.pg_roles":                 (*viewCall).pgRoles,
		"pg_catalog.pg_sequence":              (*viewCall).pgSequence,
		"pg_catalog.pg_sequences":             (*viewCall).pgSequences,
		"pg_catalog.pg_settings":              (*viewCall).pgSettings,
		"pg_catalog.pg_cursors":               (*viewCall).pgCursors,
		"pg_catalog.pg_prepared_statements":   (*viewCall).pgPrepared,
		"pg_catalog.pg_shadow":                (*viewCall).pgUser,
		"pg_catalog.pg_stat_all_indexes":      (*viewCall).pgStatIndexes,
		"pg_catalog.pg_stat_all_tables":       (*viewCall).pgStatTables,
		"pg_catalog.pg_stat_user_indexes":     (*viewCall).pgStatIndexes,
		"pg_catalog.pg_stat_user_tables":      (*viewCall).pgStatTables,
		"pg_catalog.pg_locks":                 (*viewCall).pgLocks,
		"pg_catalog.pg_stat_activity":         (*viewCall).pgStatActivity,
		"pg_catalog.pg_stat_database":         (*viewCall).pgStatDatabase,
		"pg_catalog.pg_statio_all_tables":     (*viewCall).pgStatioTables,
		"pg_catalog.pg_statio_user_tables":    (*viewCall).pgStatioTables,
		"pg_catalog.pg_statio_all_indexes":    (*viewCall).pgStatIndexes,
		"pg_catalog.pg_statio_user_indexes":   (*viewCall).pgStatIndexes,
		"pg_catalog.pg_statio_user_sequences": (*viewCall).pgStatioSequences,
		"pg_catalog.pg_timezone_abbrevs":      (*viewCall).pgZoneAbbrevs,
		"pg_catalog.pg_timezone_names":        (*viewCall).pgZoneNames,
		"pg_catalog.pg_stats":                 statsRows,
		"pg_catalog.pg_tables":                (*viewCall).pgTables,
		"pg_catalog.pg_tablespace":            (*viewCall).pgTablespace,
		"pg_catalog.pg_type":                  typeRows,
		"pg_catalog.pg_user":                  (*viewCall).pgUser,
		"pg_catalog.pg_views":                 (*viewCall).pgViews,

		"information_schema.attributes":                            (*viewCall).infoAttributes,
		"information_schema.user_defined_types":                    (*viewCall).infoUserDefinedTypes,
		"information_schema.character_sets":                        (*viewCall).infoCharacterSets,
		"information_schema.check_constraints":                     (*viewCall).infoCheckConstraints,
		"information_schema.collation_character_set_applicability": (*viewCall).infoCollationSets,
		"information_schema.collations":                            (*viewCall).infoCollations,
		"information_schema.column_column_usage":                   (*viewCall).infoColumnColumnUsage,
		"information_schema.column_domain_usage":                   (*viewCall).infoColumnDomainUsage,
		"information_schema.column_privileges":                     (*viewCall).infoColumnPrivileges,
		"information_schema.column_udt_usage":                      (*viewCall).infoColumnUDTUsage,
		"information_schema.columns":                               (*viewCall).infoColumns,
		"information_schema.constraint_column_usage":               (*viewCall).infoConstraintColumnUsage,
		"information_schema.constraint_table_usage":                (*viewCall).infoConstraintTableUsage,
		"information_schema.domain_constraints":                    (*viewCall).infoDomainConstraints,
		"information_schema.domain_udt_usage":                      (*viewCall).infoDomainUDTUsage,
		"information_schema.domains":                               (*viewCall).infoDomains,
		"information_schema.element_types":                         (*viewCall).infoElementTypes,
		"information_schema.enabled_roles":                         func(v *viewCall) error { v.add(sqlOwner); return nil },
		"information_schema.information_schema_catalog_name":       func(v *viewCall) error { v.add(v.db); return nil },
		"information_schema.key_column_usage":                      (*viewCall).infoKeyColumnUsage,
		"information_schema.parameters":                            (*viewCall).infoParameters,
		"information_schema.referential_constraints":               (*viewCall).infoReferentialConstraints,
		"information_schema.role_column_grants":                    (*viewCall).infoColumnPrivileges,
		"information_schema.role_table_grants":                     (*viewCall).infoTablePrivileges,
		"information_schema.routines":                              (*viewCall).infoRoutines,
		"information_schema.schemata":                              (*viewCall).infoSchemata,
		"information_schema.sequences":                             (*viewCall).infoSequences,
		"information_schema.table_constraints":                     (*viewCall).infoTableConstraints,
		"information_schema.table_privileges":                      (*viewCall).infoTablePrivileges,
		"information_schema.tables":                                (*viewCall).infoTables,
		"information_schema.view_table_usage":                      (*viewCall).infoViewTableUsage,
		"information_schema.views":                                 (*viewCall).infoViews,
	}
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

// schemas are the names of all schemas, those of the system too.
func (v *viewCall) schemas() []string {
	return append(v.snap.Schemas(), catalog.InformationSchema, catalog.SystemSchema)
}

func (v *viewCall) pgNamespace() error {
	for _, n := range v.schemas() {
		v.add(schemaOID(n), n, ownerOID)
	}
	return nil
}

func (v *viewCall) pgAM() error {
	v.add(2, "heap", 3, "t")
	v.add(btreeOID, "btree", 330, "i")
	v.add(hashOID, "hash", 331, "i")
	return nil
}

func (v *viewCall) pgCollation() error {
	v.add(100, "default", 11, ownerOID, "d", true, -1)
	v.add(950, "C", 11, ownerOID, "c", true, -1, "C", "C")
	v.add(951, "POSIX", 11, ownerOID, "c", true, -1, "POSIX", "POSIX")
	return nil
}

func (v *viewCall) pgDatabase() error {
	list, err := v.e.cat.Databases(v.tx)
	if err != nil {
		return err
	}
	for _, d := range list {
		v.set(row{"oid": objectOID(0) + int(d.ID), "datname": d.Name, "datdba": ownerOID, "encoding": 6, "datlocprovider": "c", "datallowconn": true,
			"datconnlimit": -1, "dattablespace": 1663, "datcollate": "C", "datctype": "C.UTF-8"})
	}
	return nil
}

func (v *viewCall) pgTablespace() error {
	v.add(1663, "pg_default", ownerOID)
	v.add(1664, "pg_global", ownerOID)
	return nil
}

func (v *viewCall) pgLanguage() error {
	v.add(12, "internal", ownerOID)
	v.add(14, "sql", ownerOID, false, true)
	return nil
}

func (v *viewCall) pgOpclass() error {
	for _, c := range builtin.classes {
		v.add(c.oid, c.method, c.name, 11, ownerOID, c.family, c.typ, c.defaultClass)
	}
	return nil
}

func (v *viewCall) pgOpfamily() error {
	for _, f := range builtin.families {
		v.add(f.oid, f.method, f.name, 11, ownerOID)
	}
	return nil
}

// pgRange lists the range types with their subtypes, multiranges and operator classes. What
// makes bounds canonical is no function of its own.
func (v *viewCall) pgRange() error {
	for _, r := range [][]any{{3904, 23, 4451, 0, 1978}, {3906, 1700, 4532, 0, 3125}, {3908, 1114, 4533, 0, 3128},
		{3910, 1184, 4534, 0, 3127}, {3912, 1082, 4535, 0, 3122}, {3926, 20, 4536, 0, 3124}} {
		v.add(r...)
	}
	return nil
}

func (v *viewCall) pgRoles() error {
	v.set(row{"oid": ownerOID, "rolname": sqlOwner, "rolsuper": true, "rolinherit": true, "rolcreaterole": true, "rolcreatedb": true,
		"rolcanlogin": true, "rolreplication": false, "rolconnlimit": -1, "rolbypassrls": true})
	return nil
}

func (v *viewCall) pgUser() error {
	v.set(row{"usename": sqlOwner, "usesysid": ownerOID, "usecreatedb": true, "usesuper": true, "userepl": false, "usebypassrls": true})
	return nil
}

func (v *viewCall) pgDescription() error {
	for _, d := range descriptions(v.snap) {
		v.add(d.oid, d.class, d.sub, d.text)
	}
	return nil
}

func (v *viewCall) pgSequence() error {
	for _, q := range v.snap.Sequences() {
		v.add(objectOID(q.ID), q.Type.OID(), q.Start, q.Increment, q.Max, q.Min, q.Cache, q.Cycle)
	}
	return nil
}

func (v *viewCall) pgSequences() error {
	for _, q := range v.snap.Sequences() {
		last, fresh, err := v.e.seqs.position(v.ctx, v.tx, q)
		if err != nil {
			return err
		}
		var value any = last
		if fresh {
			value = nil
		}
		v.add(q.Schema, q.Name, sqlOwner, q.Type.OID(), q.Start, q.Min, q.Max, q.Increment, q.Cycle, q.Cache, value)
	}
	return nil
}

func (v *viewCall) pgViews() error {
	for _, w := range v.snap.Views() {
		v.add(w.Schema, w.Name, sqlOwner, v.texts().queryText(w.Query, viewNames(w), false))
	}
	return nil
}

func (v *viewCall) pgMatviews() error {
	for _, t := range v.snap.Tables() {
		if t.Kind == catalog.Materialized {
			v.add(t.Schema, t.Name, sqlOwner, nil, len(t.Indexes) > 1, t.Populated, v.texts().queryText(t.Query, tableNames(t), false))
		}
	}
	return nil
}

func (v *viewCall) pgTables() error {
	for _, t := range v.snap.Tables() {
		if t.Kind == catalog.Plain {
			v.add(t.Schema, t.Name, sqlOwner, nil, len(t.Indexes) > 1 || !t.HiddenKey(), false, len(t.ForeignKeys) > 0 || len(v.snap.References(t.ID)) > 0, false)
		}
	}
	return nil
}

func (v *viewCall) pgIndexes() error {
	for _, t := range v.snap.Tables() {
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Name != "" {
				v.add(t.Schema, t.Name, x.Name, nil, v.texts().indexText(t, x, false))
			}
		}
	}
	return nil
}

// ruleOID is the object id of the rule that a view is.
func ruleOID(schema, name string) int { return madeOID("rule", schema, name) }

func (v *viewCall) pgRewrite() error {
	for _, w := range v.snap.Views() {
		v.set(row{"oid": ruleOID(w.Schema, w.Name), "rulename": "_RETURN", "ev_class": objectOID(w.ID), "ev_type": "1", "ev_enabled": "O", "is_instead": true})
	}
	return nil
}

// pgDepend says to which columns sequences belong, and what views read.
func (v *viewCall) pgDepend() error {
	for _, q := range v.snap.Sequences() {
		if t := v.snap.Table(q.OwnerTable); t != nil {
			kind := "a"
			if o := t.Ordinal(q.OwnerColumn); o >= 0 && t.Columns[o].Identity != 0 {
				kind = "i"
			}
			v.add(classOID, objectOID(q.ID), 0, classOID, objectOID(t.ID), int(q.OwnerColumn), kind)
		}
	}
	for _, w := range v.snap.Views() {
		rule := ruleOID(w.Schema, w.Name)
		v.add(rewriteOID, rule, 0, classOID, objectOID(w.ID), 0, "i")
		for _, id := range w.DependsOn {
			v.add(rewriteOID, rule, 0, classOID, objectOID(id), 0, "n")
		}
	}
	return nil
}

// pgStatTables shows the rows that ANALYZE counted; what is not counted at all is NULL.
func (v *viewCall) pgStatTables() error {
	for _, t := range v.snap.Tables() {
		r := row{"relid": objectOID(t.ID), "schemaname": t.Schema, "relname": t.Name}
		if t.External == nil {
			st, _, err := v.e.stats.of(v.ctx, keyOf(t))
			if err != nil {
				return err
			}
			if st != nil {
				r["n_live_tup"] = int64(math.Round(st.Rows))
				if st.At != 0 {
					r["last_analyze"] = time.Unix(0, st.At)
				}
			}
		}
		v.set(r)
	}
	return nil
}

func (v *viewCall) pgStatIndexes() error {
	for _, t := range v.snap.Tables() {
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Name != "" {
				v.add(objectOID(t.ID), objectOID(x.ID), t.Schema, t.Name, x.Name)
			}
		}
	}
	return nil
}

// pgCursors are the open cursors of the session.
func (v *viewCall) pgCursors() error {
	for name, c := range v.s.cursors {
		v.add(name, c.sql, c.hold, false, c.scroll, c.made)
	}
	return nil
}

// pgPrepared are the session's prepared statements. How often each kind of plan was taken is not
// counted.
func (v *viewCall) pgPrepared() error {
	for name, p := range v.s.prepared {
		types := &sqltype.ArrayValue{Elem: sqltype.Reg(sqltype.RegType)}
		for _, t := range p.types {
			types.Vals = append(types.Vals, sqltype.Datum{Int: int64(t.OID())})
		}
		if n := len(types.Vals); n > 0 {
			types.Dims, types.Lower = []int{n}, []int{1}
		}
		v.set(row{"name": name, "statement": strings.TrimPrefix(p.sql, "PREPARE "), "prepare_time": p.made, "parameter_types": types, "from_sql": true})
	}
	return nil
}

func (v *viewCall) pgSettings() error {
	for name, s := range knownSettings {
		r := row{"name": name, "setting": s.show(v.s), "category": "Weft", "short_desc": s.about, "context": "user", "vartype": "string",
			"source": "default", "pending_restart": false}
		if s.set == nil {
			r["context"] = "internal"
		}
		measured(name, r)
		v.set(r)
	}
	slices.SortFunc(v.rows, func(a, b []sqltype.Datum) int { return strings.Compare(a[0].Str, b[0].Str) })
	return nil
}
