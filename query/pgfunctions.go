package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
)

// catalogFunction is a function that looks into the catalog.
type catalogFunction struct {
	args []sqltype.Type
	need int
	ret  sqltype.Type
	eval func(c *catalogCall, args []sqltype.Datum) (sqltype.Datum, error)
}

// catalogFunctions are the functions of pg_catalog that look into the catalog: the
// types of their arguments, how many of them must be given, and what they give.
var catalogFunctions = map[string]catalogFunction{
	"format_type":                        {[]sqltype.Type{sqltype.TOID, sqltype.TInt4}, 2, sqltype.TText, (*catalogCall).formatType},
	"pg_get_serial_sequence":             {[]sqltype.Type{sqltype.TText, sqltype.TText}, 2, sqltype.TText, (*catalogCall).serialSequence},
	"obj_description":                    {[]sqltype.Type{sqltype.TOID, sqltype.TName}, 1, sqltype.TText, (*catalogCall).objDescription},
	"col_description":                    {[]sqltype.Type{sqltype.TOID, sqltype.TInt4}, 2, sqltype.TText, (*catalogCall).colDescription},
	"oidvectortypes":                     {[]sqltype.Type{sqltype.TOIDVector}, 1, sqltype.TText, (*catalogCall).vectorTypes},
	"pg_get_function_result":             {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).functionResult},
	"pg_get_function_arguments":          {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).functionArguments},
	"pg_get_function_identity_arguments": {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).functionIdentity},
	"pg_get_functiondef":                 {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).functionDef},
	"pg_get_function_sqlbody":            {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).functionSQLBody},
	"pg_function_is_visible":             {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TBool, (*catalogCall).functionVisible},
	// About what there is none of: statistics objects, triggers, publications.
	"pg_get_statisticsobjdef_columns": {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).nothing},
	"pg_get_triggerdef":               {[]sqltype.Type{sqltype.TOID, sqltype.TBool}, 1, sqltype.TText, (*catalogCall).nothing},
	"pg_get_ruledef":                  {[]sqltype.Type{sqltype.TOID, sqltype.TBool}, 1, sqltype.TText, (*catalogCall).nothing},
	"pg_tablespace_location":          {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).empty},
	"pg_statistics_obj_is_visible":    {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TBool, (*catalogCall).nothing},
	"pg_get_partkeydef":               {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TText, (*catalogCall).nothing},
	"pg_relation_is_publishable":      {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TBool, (*catalogCall).no},
	"pg_relation_size":                {[]sqltype.Type{regClass, sqltype.TText}, 1, sqltype.TInt8, (*catalogCall).relationSize},
	"pg_table_size":                   {[]sqltype.Type{regClass}, 1, sqltype.TInt8, (*catalogCall).relationSize},
	"pg_indexes_size":                 {[]sqltype.Type{regClass}, 1, sqltype.TInt8, (*catalogCall).indexesSize},
	"pg_total_relation_size":          {[]sqltype.Type{regClass}, 1, sqltype.TInt8, (*catalogCall).totalSize},
	"pg_relation_is_updatable":        {[]sqltype.Type{sqltype.TOID, sqltype.TBool}, 2, sqltype.TInt4, (*catalogCall).relationUpdatable},
	"pg_column_is_updatable":          {[]sqltype.Type{sqltype.TOID, sqltype.TInt2, sqltype.TBool}, 3, sqltype.TBool, (*catalogCall).columnUpdatable},
	"pg_table_is_visible":             {[]sqltype.Type{sqltype.TOID}, 1, sqltype.TBool, (*catalogCall).tableVisible},
}

// catalogCall is what such a function sees: the catalog of its statement.
type catalogCall struct {
	s    *Session
	snap *catalog.Snapshot
}

// catalogFunction makes such a function for n arguments; nil where there is none.
func (c *catalogCall) catalogFunction(name string, n int) *fn.Func {
	def, ok := catalogFunctions[name]
	if !ok || n < def.need || n > len(def.args) {
		return nil
	}
	args := def.args[:n]
	return &fn.Func{Name: name, Args: args, Ret: def.ret, Strict: name != "format_type", Volatility: fn.Stable,
		Eval: func(_ *fn.Env, rows int, sel []int32, in []*vec.Vector, out *vec.Vector) error {
			vals := make([]sqltype.Datum, len(def.args))
			for k := n; k < len(vals); k++ {
				vals[k] = sqltype.NullDatum
			}
			for _, i := range vec.Live(rows, sel) {
				for k, v := range in {
					vals[k] = v.Get(int(i))
				}
				d, err := def.eval(c, vals)
				if err != nil {
					return err
				}
				out.Set(int(i), d)
			}
			return nil
		}}
}

func (c *catalogCall) nothing([]sqltype.Datum) (sqltype.Datum, error) {
	return sqltype.NullDatum, nil
}

func (c *catalogCall) empty([]sqltype.Datum) (sqltype.Datum, error) { return text(""), nil }

func (c *catalogCall) no([]sqltype.Datum) (sqltype.Datum, error) { return boolDatum(false), nil }

func (c *catalogCall) relation(oid int64) *pgRelation {
	for _, r := range pgRelations(c.snap) {
		if int64(r.oid) == oid {
			return &r
		}
	}
	return nil
}

// visible writes a name as the session finds it.
func (c *catalogCall) visible(schema, name string) string {
	d := &definer{s: c.s, e: &catalog.Editor{Snapshot: c.snap}}
	if shown := d.shown(schema, name); shown == name || schema == catalog.SystemSchema {
		return ast.QuoteIdent(name)
	}
	return qualified(schema, name)
}

func (c *catalogCall) className(args []sqltype.Datum) (sqltype.Datum, error) {
	if r := c.relation(args[0].Int); r != nil {
		return text(c.visible(r.schema, r.name)), nil
	}
	return text(strconv.FormatInt(args[0].Int, 10)), nil
}

func (c *catalogCall) typeName(args []sqltype.Datum) (sqltype.Datum, error) {
	if elem := args[0].Int - 1<<30; elem >= catalog.FirstOID && elem < 1<<30 { // the array of a type of the catalog
		d, err := c.typeName([]sqltype.Datum{{Int: elem}})
		d.Str += "[]"
		return d, err
	}
	if t, ok := sqltype.TypeByOID(uint32(args[0].Int)); ok && args[0].Int < catalog.FirstOID {
		return text(t.Name()), nil
	}
	return c.formatType([]sqltype.Datum{args[0], sqltype.NullDatum})
}

func (c *catalogCall) schemaName(args []sqltype.Datum) (sqltype.Datum, error) {
	for _, n := range append(c.snap.Schemas(), catalog.InformationSchema, catalog.SystemSchema) {
		if int64(schemaOID(n)) == args[0].Int {
			return text(ast.QuoteIdent(n)), nil
		}
	}
	return text(strconv.FormatInt(args[0].Int, 10)), nil
}

// schemaOID reads the name of a schema, or its object id.
func (c *catalogCall) schemaOID(args []sqltype.Datum) (sqltype.Datum, error) {
	if n, err := strconv.ParseUint(args[0].Str, 10, 32); err == nil {
		return sqltype.Datum{Int: int64(n)}, nil
	}
	n, err := plan.SplitName(args[0].Str)
	if err != nil {
		return sqltype.NullDatum, err
	}
	if n.Schema == "" && slices.Contains(append(c.snap.Schemas(), catalog.InformationSchema, catalog.SystemSchema), n.Name) {
		return sqltype.Datum{Int: int64(schemaOID(n.Name))}, nil
	}
	return sqltype.NullDatum, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", args[0].Str)
}

// find finds a relation by a name as regclass reads it.
func (c *catalogCall) find(name string) (catalog.Relation, error) {
	n, err := plan.SplitName(name)
	if err != nil {
		return catalog.Relation{}, err
	}
	return c.s.lookup(c.snap, n)
}

func (c *catalogCall) classOID(args []sqltype.Datum) (sqltype.Datum, error) {
	if n, err := strconv.ParseUint(args[0].Str, 10, 32); err == nil {
		return sqltype.Datum{Int: int64(n)}, nil
	}
	rel, err := c.find(args[0].Str)
	if err != nil {
		if v := virtualOID(args[0].Str); v != 0 {
			return sqltype.Datum{Int: int64(v)}, nil
		}
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Int: int64(objectOID(relationID(rel)))}, nil
}

// virtualOID is the object id of a system table or view, 0 where there is none of the name.
func virtualOID(name string) int {
	n, err := plan.SplitName(name)
	if err != nil {
		return 0
	}
	if n.Schema == "" {
		n.Schema = catalog.SystemSchema
	}
	if v := systemViews[n.Schema+"."+n.Name]; v != nil {
		return v.oid
	}
	return 0
}

// vectorTypes are the names of types in a list.
func (c *catalogCall) vectorTypes(args []sqltype.Datum) (sqltype.Datum, error) {
	a, ok := args[0].Any.(*sqltype.ArrayValue)
	if !ok {
		return sqltype.NullDatum, nil
	}
	var names []string
	for _, d := range a.Vals {
		n, err := c.formatType([]sqltype.Datum{d, sqltype.NullDatum})
		if err != nil {
			return n, err
		}
		names = append(names, n.Str)
	}
	return text(strings.Join(names, ", ")), nil
}

func (c *catalogCall) formatType(args []sqltype.Datum) (sqltype.Datum, error) {
	if args[0].Null {
		return sqltype.NullDatum, nil
	}
	if elem := args[0].Int - 1<<30; elem >= catalog.FirstOID && elem < 1<<30 && c.snap.TypeByID(keyspace.ObjectID(elem-catalog.FirstOID)) != nil {
		d, err := c.formatType([]sqltype.Datum{{Int: elem}, args[1]})
		d.Str += "[]"
		return d, err
	}
	for _, u := range c.snap.UserTypes() {
		if int64(objectOID(u.ID)) == args[0].Int {
			return text(c.visible(u.Schema, u.Name)), nil
		}
	}
	for _, r := range pgRelations(c.snap) {
		if oid := rowTypeOID(&r); oid != 0 && int64(oid) == args[0].Int {
			return text(c.visible(r.schema, r.name)), nil
		}
	}
	return fn.FormatType(uint32(args[0].Int), args[1]), nil
}

func (c *catalogCall) indexDef(args []sqltype.Datum) (sqltype.Datum, error) {
	r := c.relation(args[0].Int)
	if r == nil || r.index == nil {
		return sqltype.NullDatum, nil
	}
	if !args[1].Null && args[1].Int > 0 {
		if n := int(args[1].Int) - len(r.index.Columns); n > 0 {
			if n <= len(r.index.Include) {
				return text(ast.QuoteIdent(r.table.Columns[r.table.Ordinal(r.index.Include[n-1])].Name)), nil
			}
			return text(""), nil
		}
		return text(c.partText(r.table, r.index.Columns[args[1].Int-1], !args[2].Null && args[2].Int != 0)), nil
	}
	return text(c.indexText(r.table, r.index, !args[2].Null && args[2].Int != 0)), nil
}

func (c *catalogCall) constraintDef(args []sqltype.Datum) (sqltype.Datum, error) {
	pretty := !args[1].Null && args[1].Int != 0
	for _, t := range c.snap.Tables() {
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Constraint && int64(constraintID(t, x.Name)) == args[0].Int {
				return text(keyConstraintText(t, x)), nil
			}
		}
		for i := range t.Checks {
			if k := &t.Checks[i]; int64(constraintID(t, k.Name)) == args[0].Int {
				return text(checkText(k, c.storedText(t, k.Expr, pretty))), nil
			}
		}
		for i := range t.ForeignKeys {
			if k := &t.ForeignKeys[i]; int64(constraintID(t, k.Name)) == args[0].Int {
				return text(foreignKeyText(t, k, c.snap) + foreignKeyTail(t, k)), nil
			}
		}
	}
	for _, u := range c.snap.UserTypes() {
		for i := range u.Checks {
			if k := &u.Checks[i]; int64(madeOID("constraint", u.Schema, u.Name, k.Name)) == args[0].Int {
				return text(checkText(k, c.ruleText(u, k, pretty))), nil
			}
		}
	}
	return sqltype.NullDatum, nil
}

func checkText(k *catalog.Check, expr string) string {
	s := "CHECK (" + expr + ")"
	if k.NoInherit {
		s += " NO INHERIT"
	}
	if k.NotValid {
		s += " NOT VALID"
	}
	return s
}

func keyConstraintText(t *catalog.Table, x *catalog.Index) string {
	s := "UNIQUE"
	if x.Primary {
		s = "PRIMARY KEY"
	}
	if x.NullsNotDistinct {
		s += " NULLS NOT DISTINCT"
	}
	var names []string
	for _, k := range x.Columns {
		names = append(names, ast.QuoteIdent(partName(t, k)))
	}
	s += " (" + strings.Join(names, ", ") + ")"
	names = nil
	for _, id := range x.Include {
		names = append(names, ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name))
	}
	if names != nil {
		s += " INCLUDE (" + strings.Join(names, ", ") + ")"
	}
	return s + deferText(x.Deferrable, x.InitiallyDeferred)
}

func deferText(deferrable, deferred bool) string {
	switch {
	case deferred:
		return " DEFERRABLE INITIALLY DEFERRED"
	case deferrable:
		return " DEFERRABLE"
	}
	return ""
}

// foreignKeyTail is what follows the columns of REFERENCES.
func foreignKeyTail(t *catalog.Table, k *catalog.ForeignKey) (s string) {
	if k.Match == 'f' {
		s += " MATCH FULL"
	}
	words := map[byte]string{'r': "RESTRICT", 'c': "CASCADE", 'n': "SET NULL", 'd': "SET DEFAULT"}
	if w := words[k.OnUpdate]; w != "" {
		s += " ON UPDATE " + w
	}
	if w := words[k.OnDelete]; w != "" {
		s += " ON DELETE " + w
		var names []string
		for _, id := range k.OnDeleteCols {
			names = append(names, ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name))
		}
		if names != nil {
			s += " (" + strings.Join(names, ", ") + ")"
		}
	}
	s += deferText(k.Deferrable, k.InitiallyDeferred)
	if k.NotValid {
		s += " NOT VALID"
	}
	return s
}

func (c *catalogCall) viewDef(args []sqltype.Datum) (sqltype.Datum, error) {
	r, pretty := c.relation(args[0].Int), !args[1].Null && args[1].Int != 0
	switch {
	case r != nil && r.view != nil:
		return text(c.queryText(r.view.Query, viewNames(r.view), pretty)), nil
	case r != nil && r.kind == "m":
		return text(c.queryText(r.table.Query, tableNames(r.table), pretty)), nil
	}
	return sqltype.NullDatum, nil
}

// relationUpdatable tells which changes of a relation are allowed, as bits of the kinds of
// commands: 4 for UPDATE, 8 for INSERT, 16 for DELETE.
func (c *catalogCall) relationUpdatable(args []sqltype.Datum) (sqltype.Datum, error) {
	r, bits := c.relation(args[0].Int), int64(0)
	switch {
	case r != nil && r.kind == "r" && r.system == nil:
		bits = 4 | 8 | 16
	case r != nil && r.view != nil:
		u, err := plan.ViewUpdatable(c.s.namesOnly(c.snap), r.view)
		if err != nil {
			return sqltype.NullDatum, err
		}
		for bit, can := range map[int64]bool{4: u.Update, 8: u.Insert, 16: u.Delete} {
			if can {
				bits |= bit
			}
		}
	}
	return sqltype.Datum{Int: bits}, nil
}

// columnUpdatable reports whether a column can be given values, and its relation's rows be
// deleted.
func (c *catalogCall) columnUpdatable(args []sqltype.Datum) (sqltype.Datum, error) {
	r, n := c.relation(args[0].Int), int(args[1].Int)
	if r == nil || n <= 0 {
		return boolDatum(false), nil
	}
	if r.view == nil {
		return boolDatum(r.kind == "r" && r.system == nil), nil
	}
	u, err := plan.ViewUpdatable(c.s.namesOnly(c.snap), r.view)
	return boolDatum(err == nil && u.Delete && n <= len(u.Columns) && u.Columns[n-1]), err
}

func (c *catalogCall) serialSequence(args []sqltype.Datum) (sqltype.Datum, error) {
	rel, err := c.find(args[0].Str)
	if err != nil {
		return sqltype.NullDatum, err
	}
	if rel.Table == nil || rel.Index != nil {
		return sqltype.NullDatum, dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", args[0].Str)
	}
	i := rel.Table.Column(args[1].Str)
	if i < 0 {
		return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", args[1].Str, rel.Table.Name)
	}
	q := c.snap.OwnedSequence(rel.Table.ID, rel.Table.Columns[i].ID)
	if q == nil {
		return sqltype.NullDatum, nil
	}
	return text(qualified(q.Schema, q.Name)), nil
}

func (c *catalogCall) objDescription(args []sqltype.Datum) (sqltype.Datum, error) {
	class := map[string]int{"pg_class": classOID, "pg_type": typeClassOID, "pg_constraint": constraintOID, "pg_namespace": namespaceOID, "pg_proc": procClassOID}
	for _, d := range descriptions(c.snap) {
		if int64(d.oid) == args[0].Int && d.sub == 0 && (args[1].Null || class[args[1].Str] == d.class) {
			return text(d.text), nil
		}
	}
	return sqltype.NullDatum, nil
}

func (c *catalogCall) colDescription(args []sqltype.Datum) (sqltype.Datum, error) {
	for _, d := range descriptions(c.snap) {
		if int64(d.oid) == args[0].Int && int64(d.sub) == args[1].Int && d.sub != 0 {
			return text(d.text), nil
		}
	}
	return sqltype.NullDatum, nil
}

func (c *catalogCall) tableVisible(args []sqltype.Datum) (sqltype.Datum, error) {
	r := c.relation(args[0].Int)
	if r == nil {
		return sqltype.NullDatum, nil
	}
	if r.system != nil {
		return boolDatum(r.schema == catalog.SystemSchema), nil
	}
	n := ast.Name{Name: r.name}
	rel, err := c.s.lookup(c.snap, n)
	return boolDatum(err == nil && objectOID(relationID(rel)) == r.oid), nil
}
