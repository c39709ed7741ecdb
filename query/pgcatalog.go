package query

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// The tables of pg_catalog that tools read. Object ids are those of the catalog with
// catalog.FirstOID added, built-in types have PostgreSQL's, and what has no id of its
// own (constraints, schemas) one that follows from its name.

const (
	classOID      = 1259 // of pg_class, in pg_description
	typeClassOID  = 1247
	rewriteOID    = 2618
	constraintOID = 2606
	namespaceOID  = 2615
	ownerOID      = 10
)

func objectOID(id keyspace.ObjectID) int { return int(id) + catalog.FirstOID }

// madeOID is the object id of what has none.
func madeOID(parts ...string) int {
	h := fnv.New32a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return 1<<31 | int(h.Sum32()>>2)
}

func schemaOID(name string) int {
	switch name {
	case catalog.SystemSchema:
		return 11
	case catalog.PublicSchema:
		return 2200
	case catalog.InformationSchema:
		return 13000
	}
	return madeOID("schema", name)
}

func constraintID(t *catalog.Table, name string) int {
	return madeOID("constraint", t.Schema, t.Name, name)
}

// pgRelation is one row of pg_class.
type pgRelation struct {
	oid          int
	schema, name string
	kind         string
	table        *catalog.Table
	index        *catalog.Index
	view         *catalog.View
	sequence     *catalog.Sequence
	system       *systemView
	composite    *catalog.UserType
	snap         *catalog.Snapshot
}

func pgRelations(s *catalog.Snapshot) (list []pgRelation) {
	for _, t := range s.Tables() {
		kind := "r"
		if t.Kind == catalog.Materialized {
			kind = "m"
		}
		list = append(list, pgRelation{oid: objectOID(t.ID), schema: t.Schema, name: t.Name, kind: kind, table: t})
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Name != "" {
				list = append(list, pgRelation{oid: objectOID(x.ID), schema: t.Schema, name: x.Name, kind: "i", table: t, index: x})
			}
		}
	}
	for _, v := range s.Views() {
		list = append(list, pgRelation{oid: objectOID(v.ID), schema: v.Schema, name: v.Name, kind: "v", view: v})
	}
	for _, q := range s.Sequences() {
		list = append(list, pgRelation{oid: objectOID(q.ID), schema: q.Schema, name: q.Name, kind: "S", sequence: q})
	}
	for _, u := range s.UserTypes() {
		if u.Kind == catalog.Composite {
			list = append(list, pgRelation{oid: madeOID("composite", u.Schema, u.Name), schema: u.Schema, name: u.Name, kind: "c", composite: u})
		}
	}
	for _, v := range systemList {
		list = append(list, pgRelation{oid: v.oid, schema: v.schema, name: v.name, kind: v.kind, system: v})
	}
	for i := range list {
		list[i].snap = s
	}
	return list
}

// pgColumn is one row of pg_attribute.
type pgColumn struct {
	name      string
	typ       sqltype.Type
	domain    *catalog.UserType // that of the column, or of the elements
	num       int
	notNull   bool
	hasDef    bool
	identity  string
	generated string
}

func (r *pgRelation) columns() (list []pgColumn) {
	switch {
	case r.index != nil:
		for i, k := range r.index.Columns {
			name := "expr"
			if o := r.table.Ordinal(k.Column); o >= 0 {
				name = r.table.Columns[o].Name
			}
			list = append(list, pgColumn{name: name, typ: k.Type, num: i + 1})
		}
	case r.table != nil:
		for _, c := range r.table.Columns {
			k := pgColumn{name: c.Name, typ: c.Type, domain: r.snap.TypeByID(c.Domain), num: int(c.ID), notNull: c.NotNull, hasDef: c.Default != "" || c.Generated != ""}
			if c.Identity != 0 {
				k.identity = string(rune(c.Identity))
			}
			if c.Generated != "" {
				k.generated = "s"
			}
			list = append(list, k)
		}
	case r.view != nil:
		for i, c := range r.view.Columns {
			list = append(list, pgColumn{name: c.Name, typ: c.Type, num: i + 1, hasDef: c.Default != ""})
		}
	case r.composite != nil:
		for i, f := range r.composite.Fields {
			list = append(list, pgColumn{name: f.Name, typ: f.Type, domain: r.snap.TypeByID(f.Domain), num: i + 1})
		}
	case r.system != nil:
		for i, c := range r.system.columns {
			list = append(list, pgColumn{name: c.Name, typ: c.Type, num: i + 1, notNull: r.system.notNull[i]})
		}
	default:
		for i, n := range []string{"last_value", "log_cnt", "is_called"} {
			list = append(list, pgColumn{name: n, typ: []sqltype.Type{sqltype.TInt8, sqltype.TInt8, sqltype.TBool}[i], num: i + 1, notNull: true})
		}
	}
	return list
}

// columnTypeOID is the object id of a column's type.
func (c *pgColumn) typeOID() int {
	switch {
	case c.domain == nil:
		return int(c.typ.OID())
	case ofElements(c.typ, c.domain):
		return domainArrayOID(c.domain)
	}
	return objectOID(c.domain.ID)
}

// ofElements tells an array of a domain from a domain over arrays.
func ofElements(t sqltype.Type, domain *catalog.UserType) bool {
	return t.ID == sqltype.Array && domain.Base.ID != sqltype.Array
}

// domainArrayOID is the object id of the array of a domain, made as that of other types.
func domainArrayOID(u *catalog.UserType) int { return objectOID(u.ID) | 1<<30 }

func classRows(v *viewCall) error {
	s := v.snap
	for _, r := range pgRelations(s) {
		am, natts, checks, hasIndex := 0, len(r.columns()), 0, false
		populated, persistence := true, "p"
		switch {
		case r.index != nil:
			am = 403
			if r.index.Kind == catalog.Hash {
				am = 405
			}
		case r.kind == "r" && r.system != nil:
			am = 2
		case r.table != nil:
			am, checks = 2, len(r.table.Checks)
			hasIndex = len(r.table.Indexes) > 1 || !r.table.HiddenKey()
			populated = r.table.Kind == catalog.Plain || r.table.Populated
		}
		if isTemp(r.schema) {
			persistence = "t"
		}
		identity := "n"
		if r.kind == "r" || r.kind == "m" {
			identity = "d"
		}
		triggers := false
		if r.table != nil && r.index == nil {
			triggers = len(r.table.ForeignKeys) > 0 || len(s.References(r.table.ID)) > 0
		}
		tuples := -1.0
		switch {
		case r.index != nil || r.table != nil && r.table.External == nil:
			st, _, err := v.e.stats.of(v.ctx, keyOf(r.table))
			if err != nil {
				return err
			}
			if st != nil {
				tuples = st.Rows
			}
			if r.index != nil {
				tuples = max(tuples, 0)
			}
		case r.sequence != nil:
			tuples = 1
		case r.kind == "v":
			tuples = 0
		}
		var options any
		if r.view != nil && len(r.view.Options) > 0 {
			options = textArray(r.view.Options)
		}
		v.set(row{"oid": r.oid, "relname": r.name, "reloptions": options, "relnamespace": schemaOID(r.schema), "reltype": rowTypeOID(&r), "relowner": ownerOID, "relam": am,
			"relfilenode": r.oid, "reltuples": tuples, "relhasindex": hasIndex, "relpersistence": persistence, "relkind": r.kind, "relnatts": natts,
			"relchecks": checks, "relhasrules": r.kind == "v" || r.kind == "m", "relhastriggers": triggers, "relispopulated": populated, "relreplident": identity})
	}
	return nil
}

// rowTypeOID is the object id of the type of a relation's rows.
func rowTypeOID(r *pgRelation) int {
	if r.index != nil || r.sequence != nil || r.system != nil {
		return 0
	}
	if r.composite != nil {
		return objectOID(r.composite.ID)
	}
	return madeOID("rowtype", r.schema, r.name)
}

func attributeRows(v *viewCall) error {
	for _, r := range pgRelations(v.snap) {
		for _, c := range r.columns() {
			dims := 0
			if c.typ.ID == sqltype.Array {
				dims = 1
			}
			facts := factsOf(c.typ)
			v.set(row{"attrelid": r.oid, "attname": c.name, "atttypid": c.typeOID(), "attstattarget": -1, "attlen": int(c.typ.Len()), "attnum": c.num,
				"attndims": dims, "attcacheoff": -1, "atttypmod": int(c.typ.TypMod()), "attbyval": facts.byValue, "attalign": facts.align, "attstorage": facts.storage,
				"attnotnull": c.notNull, "atthasdef": c.hasDef, "attidentity": c.identity, "attgenerated": c.generated, "attislocal": true,
				"attcollation": collationOf(c.typ)})
		}
	}
	return nil
}

func attrdefRows(v *viewCall) error {
	s, add := v.snap, v.add
	for _, t := range s.Tables() {
		for _, c := range t.Columns {
			def := c.Default
			if c.Generated != "" {
				def = c.Generated
			}
			if def != "" {
				add(madeOID("default", t.Schema, t.Name, c.Name), objectOID(t.ID), int(c.ID), v.texts().defaultText(t, def, c.Type))
			}
		}
	}
	for _, w := range s.Views() {
		for i, c := range w.Columns {
			if c.Default != "" {
				add(madeOID("default", w.Schema, w.Name, c.Name), objectOID(w.ID), i+1, v.texts().defaultText(nil, c.Default, c.Type))
			}
		}
	}
	return nil
}

// vector makes an int2vector or oidvector, which counts from 0.
func vector(elem sqltype.Type, vals ...int64) *sqltype.ArrayValue {
	a := &sqltype.ArrayValue{Elem: elem, Dims: []int{len(vals)}, Lower: []int{0}}
	for _, v := range vals {
		a.Vals = append(a.Vals, sqltype.Datum{Int: v})
	}
	return a
}

func textArray(list []string) *sqltype.ArrayValue {
	a := &sqltype.ArrayValue{Elem: sqltype.TText}
	for _, x := range list {
		a.Vals = append(a.Vals, text(x))
	}
	a.Dims, a.Lower = []int{len(list)}, []int{1}
	return a
}

// columnNumbers are the numbers of columns, 0 for expressions.
func columnNumbers(ids []catalog.ColumnID) *sqltype.ArrayValue {
	a := &sqltype.ArrayValue{Elem: sqltype.TInt2}
	for _, id := range ids {
		n := int64(id)
		if id == catalog.RowID {
			n = 0
		}
		a.Vals = append(a.Vals, sqltype.Datum{Int: n})
	}
	if len(a.Vals) > 0 {
		a.Dims, a.Lower = []int{len(a.Vals)}, []int{1}
	}
	return a
}

func indexColumns(x *catalog.Index) (ids []catalog.ColumnID) {
	for _, k := range x.Columns {
		ids = append(ids, k.Column)
	}
	return ids
}

func pgIndexRows(v *viewCall) error {
	s, add := v.snap, v.add
	for _, t := range s.Tables() {
		for i := range t.Indexes {
			x := &t.Indexes[i]
			if x.Name == "" {
				continue
			}
			var pred, exprs any
			if x.Predicate != "" {
				pred = v.texts().storedText(t, x.Predicate, false)
			}
			var keyTexts []string
			var options, collations, classes, numbers []int64
			for _, k := range x.Columns {
				if k.Expr != "" {
					keyTexts = append(keyTexts, v.texts().storedText(t, k.Expr, false))
					exprs = strings.Join(keyTexts, ", ")
				}
				options = append(options, b2i(k.Desc)|b2i(k.NullsFirst)<<1)
				collations, classes = append(collations, int64(collationOf(k.Type))), append(classes, int64(opclassOf(k.Type, x.Kind)))
			}
			keys := append(indexColumns(x), x.Include...)
			for _, id := range keys {
				if id == catalog.RowID {
					id = 0
				}
				numbers = append(numbers, int64(id))
			}
			add(objectOID(x.ID), objectOID(t.ID), len(keys), len(x.Columns), x.Unique, x.NullsNotDistinct, x.Primary, false, !x.Deferrable, false,
				!x.Building, false, !x.Building, true, false, vector(sqltype.TInt2, numbers...), vector(sqltype.TOID, collations...),
				vector(sqltype.TOID, classes...), vector(sqltype.TInt2, options...), exprs, pred)
		}
	}
	return nil
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func constraintRows(v *viewCall) error {
	s, add := v.snap, v.add
	for _, t := range s.Tables() {
		rel, ns := objectOID(t.ID), schemaOID(t.Schema)
		inherits := false // by tables below, which only a check may be
		row := func(name, kind string, deferrable, deferred, valid bool, index, foreign int, actions [3]string, keys, refs, bin any) {
			add(constraintID(t, name), name, ns, kind, deferrable, deferred, valid, rel, 0, index, 0, foreign, actions[0], actions[1], actions[2],
				true, 0, !inherits, keys, refs, nil, nil, nil, nil, nil, bin)
		}
		none := [3]string{" ", " ", " "}
		for i := range t.Indexes {
			if x := &t.Indexes[i]; x.Constraint {
				kind := "u"
				if x.Primary {
					kind = "p"
				}
				row(x.Name, kind, x.Deferrable, x.InitiallyDeferred, true, objectOID(x.ID), 0, none, columnNumbers(indexColumns(x)), nil, nil)
			}
		}
		for _, c := range t.Checks {
			var ids []catalog.ColumnID
			for _, n := range namesIn(c.Expr) {
				if o := t.Column(n); o >= 0 {
					ids = append(ids, t.Columns[o].ID)
				}
			}
			slices.Sort(ids)
			inherits = !c.NoInherit
			row(c.Name, "c", false, false, !c.NotValid, 0, 0, none, columnNumbers(ids), nil, v.texts().storedText(t, c.Expr, false))
		}
		inherits = false
		for i := range t.ForeignKeys {
			k := &t.ForeignKeys[i]
			index := 0
			if ref := s.Table(k.RefTable); ref != nil {
				if x := referencedIndex(ref, k); x != nil {
					index = objectOID(x.ID)
				}
			}
			row(k.Name, "f", k.Deferrable, k.InitiallyDeferred, !k.NotValid, index, objectOID(k.RefTable),
				[3]string{string(rune(k.OnUpdate)), string(rune(k.OnDelete)), string(rune(k.Match))},
				columnNumbers(k.Columns), columnNumbers(k.RefColumns), nil)
		}
	}
	for _, u := range s.UserTypes() {
		for _, c := range u.Checks {
			add(madeOID("constraint", u.Schema, u.Name, c.Name), c.Name, schemaOID(u.Schema), "c", false, false, !c.NotValid, 0, objectOID(u.ID), 0, 0, 0, " ", " ", " ",
				true, 0, false, nil, nil, nil, nil, nil, nil, nil, v.texts().ruleText(u, &c, false))
		}
	}
	return nil
}

func typeRows(v *viewCall) error {
	s := v.snap
	row := func(oid int, name string, ns, length int, kind, category string, preferred bool, rel, elem, array, base, mod int, notNull bool, def any, like sqltype.Type) {
		f := factsOf(like)
		if kind == "d" {
			f.functions[0], f.functions[2], f.functions[4], f.functions[5] = 2597, 2598, 0, 0 // domain_in, domain_recv
		}
		v.set(map[string]any{"oid": oid, "typname": name, "typnamespace": ns, "typowner": ownerOID, "typlen": length, "typbyval": f.byValue, "typtype": kind,
			"typcategory": category, "typispreferred": preferred, "typisdefined": true, "typdelim": ",", "typrelid": rel, "typsubscript": f.subscript,
			"typelem": elem, "typarray": array, "typinput": f.functions[0], "typoutput": f.functions[1], "typreceive": f.functions[2], "typsend": f.functions[3],
			"typmodin": f.functions[4], "typmodout": f.functions[5], "typanalyze": f.functions[6], "typalign": f.align, "typstorage": f.storage,
			"typnotnull": notNull, "typbasetype": base, "typtypmod": mod, "typcollation": collationOf(like), "typdefault": def})
	}
	for _, t := range sqltype.Types() {
		kind := "b"
		if t.Category() == 'P' {
			kind = "p"
		}
		array := sqltype.ArrayOf(t)
		row(int(t.OID()), t.ShortName(), 11, int(t.Len()), kind, string(rune(t.Category())), t.Preferred(), 0, 0, int(array.OID()), 0, -1, false, nil, t)
		if array.OID() != 0 {
			row(int(array.OID()), array.ShortName(), 11, -1, "b", "A", false, 0, int(t.OID()), 0, 0, -1, false, nil, array)
		}
	}
	for _, t := range []sqltype.Type{sqltype.TInt2Vector, sqltype.TOIDVector} {
		row(int(t.OID()), t.ShortName(), 11, -1, "b", "A", false, 0, int(t.ElemType().OID()), 0, 0, -1, false, nil, t)
	}
	for _, u := range s.UserTypes() {
		t := u.Type()
		switch u.Kind {
		case catalog.Enum:
			array := sqltype.ArrayOf(t)
			row(objectOID(u.ID), u.Name, schemaOID(u.Schema), 4, "e", "E", false, 0, 0, int(array.OID()), 0, -1, false, nil, t)
			row(int(array.OID()), "_"+u.Name, schemaOID(u.Schema), -1, "b", "A", false, 0, objectOID(u.ID), 0, 0, -1, false, nil, array)
		case catalog.Domain:
			base := int(u.Base.OID())
			if u.BaseDomain != 0 {
				base = objectOID(u.BaseDomain)
			}
			var def any
			if u.Default != "" {
				def = v.texts().defaultText(nil, u.Default, u.Base)
			}
			if of := s.TypeByID(u.BaseDomain); of != nil && ofElements(u.Base, of) {
				base = domainArrayOID(of)
			}
			array := sqltype.ArrayOf(t)
			row(objectOID(u.ID), u.Name, schemaOID(u.Schema), int(t.Len()), "d", string(rune(t.Category())), false, 0, 0, domainArrayOID(u), base, int(u.Base.TypMod()), u.NotNull, def, t)
			row(domainArrayOID(u), "_"+u.Name, schemaOID(u.Schema), -1, "b", "A", false, 0, objectOID(u.ID), 0, 0, -1, false, nil, array)
		}
	}
	for _, r := range pgRelations(s) {
		array := 0
		if r.composite != nil {
			t := sqltype.ArrayOf(r.composite.Type())
			array = int(t.OID())
			row(array, "_"+r.name, schemaOID(r.schema), -1, "b", "A", false, 0, rowTypeOID(&r), 0, 0, -1, false, nil, t)
		}
		if oid := rowTypeOID(&r); oid != 0 {
			row(oid, r.name, schemaOID(r.schema), -1, "c", "C", false, r.oid, 0, array, 0, -1, false, nil, sqltype.Type{ID: sqltype.Record})
		}
	}
	return nil
}

func enumRows(v *viewCall) error {
	s, add := v.snap, v.add
	for _, u := range s.UserTypes() {
		for i, l := range u.Labels {
			if u.Kind == catalog.Enum {
				add(madeOID("label", u.Schema, u.Name, l.Name), objectOID(u.ID), float64(i+1), l.Name)
			}
		}
	}
	return nil
}

// described is an object with a comment.
type described struct {
	oid, class, sub int
	text            string
}

func descriptions(s *catalog.Snapshot) (list []described) {
	add := func(oid, class, sub int, text string) {
		if text != "" {
			list = append(list, described{oid, class, sub, text})
		}
	}
	for _, f := range s.Functions() {
		add(objectOID(f.ID), procClassOID, 0, f.Comment)
	}
	for _, t := range s.Tables() {
		add(objectOID(t.ID), classOID, 0, t.Comment)
		for _, c := range t.Columns {
			add(objectOID(t.ID), classOID, int(c.ID), c.Comment)
		}
		for _, x := range t.Indexes {
			add(objectOID(x.ID), classOID, 0, x.Comment)
			if x.Constraint {
				add(constraintID(t, x.Name), constraintOID, 0, x.Comment)
			}
		}
		for _, c := range t.Checks {
			add(constraintID(t, c.Name), constraintOID, 0, c.Comment)
		}
		for _, k := range t.ForeignKeys {
			add(constraintID(t, k.Name), constraintOID, 0, k.Comment)
		}
	}
	for _, v := range s.Views() {
		add(objectOID(v.ID), classOID, 0, v.Comment)
		for i, c := range v.Columns {
			add(objectOID(v.ID), classOID, i+1, c.Comment)
		}
	}
	for _, q := range s.Sequences() {
		add(objectOID(q.ID), classOID, 0, q.Comment)
	}
	for _, u := range s.UserTypes() {
		add(objectOID(u.ID), typeClassOID, 0, u.Comment)
	}
	for _, n := range s.Schemas() {
		comment := s.SchemaComment(n)
		if comment == "" && n == catalog.PublicSchema {
			comment = "standard public schema"
		}
		add(schemaOID(n), namespaceOID, 0, comment)
	}
	return list
}
