package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// fromItem is a bound item of FROM: its relation and what it lets names see.
type fromItem struct {
	rel    Rel
	tables []*entry
	vis    []visible
}

func (i *fromItem) single(e *entry) *fromItem {
	i.tables, i.vis = []*entry{e}, e.cols
	return i
}

// from binds the list of a FROM clause and adds its tables to the scope.
func (b *binder) from(s *scope, list []ast.TableExpr) Rel {
	var rel Rel
	for _, t := range list {
		item := b.tableExpr(s, t)
		rel = b.addItem(s, rel, item, t.Pos())
	}
	if rel == nil {
		return &LValues{Rows: [][]Expr{{}}}
	}
	return rel
}

func (b *binder) addItem(s *scope, rel Rel, item *fromItem, pos int) Rel {
	b.noDuplicates(s.tables, item.tables, pos)
	s.tables = append(s.tables, item.tables...)
	s.vis = append(s.vis, item.vis...)
	if rel == nil {
		return item.rel
	}
	return &LJoin{Kind: Inner, Left: rel, Right: item.rel, Lateral: dependsOn(item.rel, rel)}
}

func dependsOn(r, on Rel) bool {
	free := FreeCols(r)
	for _, c := range on.Cols() {
		if free.Has(c) {
			return true
		}
	}
	return false
}

func (b *binder) noDuplicates(have, more []*entry, pos int) {
	for _, m := range more {
		for _, h := range have {
			if h.name == m.name && m.name != "" && (h.schema == m.schema || h.table == nil || m.table == nil) {
				failAt(pos, dberr.StateDuplicateAlias, "table name %q specified more than once", m.name)
			}
		}
	}
}

// tableExpr binds one item. s holds the items to its left, for LATERAL.
func (b *binder) tableExpr(s *scope, t ast.TableExpr) *fromItem {
	switch t := t.(type) {
	case *ast.TableRef:
		return b.tableRef(s, t)
	case *ast.SubqueryRef:
		return b.subqueryRef(s, t)
	case *ast.FuncRef:
		return b.funcRef(s, t)
	case *ast.Join:
		return b.join(s, t)
	}
	unsupported(t.Pos(), fmt.Sprintf("%T in FROM", t))
	return nil
}

// outer is the scope around a FROM clause, for what is not LATERAL.
func outer(s *scope) *scope {
	return &scope{parent: s.parent, ctes: s.ctes}
}

func (b *binder) tableRef(s *scope, t *ast.TableRef) *fromItem {
	if t.AsOf != nil {
		return b.asOfRef(s, t)
	}
	alias, names := t.Name.Name, []string(nil)
	if t.Alias != nil {
		alias, names = t.Alias.Name, t.Alias.Columns
	}
	if t.Name.Schema == "" {
		if c := findCTE(s, t.Name.Name); c != nil {
			return b.cteRef(c, alias, names, t.Pos())
		}
	}
	rel, virtual := b.relation(t.Name)
	if b.uses != nil && virtual == nil {
		b.uses.Tables[t] = rel
	}
	switch {
	case virtual != nil:
		return b.virtualRef(virtual, t.Name.Schema, alias, names, t.Pos())
	case rel.View != nil:
		return b.viewRef(rel.View, alias, names, t.Pos())
	case rel.Sequence != nil:
		return b.sequenceRef(rel.Sequence, alias, names, t.Pos())
	case rel.Table == nil || rel.Index != nil:
		failAt(t.Pos(), dberr.StateWrongObjectType, "cannot open relation %q", t.Name.Name)
	case rel.Table.Kind == catalog.Materialized && !rel.Table.Populated && b.uses == nil:
		fail(dberr.SQL(dberr.StateObjectNotReady, "materialized view %q has not been populated", rel.Table.Name).
			WithHint("Use the REFRESH MATERIALIZED VIEW command.").At(t.Pos()))
	}
	item, scan := b.scan(rel.Table, alias)
	item.tables[0].scan = scan
	if t.Sample != nil {
		item.rel = b.sample(s, scan, t.Sample)
	}
	b.rename(item, names, alias, t.Pos())
	return item
}

// asOfRef binds a table or view as it was at a time.
func (b *binder) asOfRef(s *scope, t *ast.TableRef) *fromItem {
	if b.History == nil || b.uses != nil {
		unsupported(t.AsOf.Pos(), "AS OF SYSTEM TIME here")
	}
	snap, ts, err := b.History(t.AsOf)
	if err != nil {
		fail(at(err, t.AsOf.Pos()))
	}
	now, outer := *b.Scope, b.asOf
	defer func() { *b.Scope, b.asOf = now, outer }()
	b.Scope.Catalog, b.asOf = snap, ts
	past := *t
	past.AsOf = nil
	return b.tableRef(s, &past)
}

// scan makes a scan of all columns.
func (b *binder) scan(t *catalog.Table, alias string) (*fromItem, *LScan) {
	sc := &LScan{Table: t, Alias: alias, AsOf: b.asOf, Indexed: b.indexed(t)}
	for i, c := range t.Columns {
		sc.Ords = append(sc.Ords, i)
		sc.ColIDs = append(sc.ColIDs, b.q.NewCol(c.Name, c.Type))
	}
	if t.External == nil {
		b.reads[relKey{t.Schema, t.Name}] = true
	}
	b.notes(t, UseRead)
	return (&fromItem{rel: sc}).single(b.tableEntry(t, alias, sc.ColIDs)), sc
}

// indexed binds what the indexes of a table that is read hold besides columns. Where that
// cannot be bound, reads do without.
func (b *binder) indexed(t *catalog.Table) *IndexExprs {
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if x.Predicate != "" || slices.ContainsFunc(x.Columns, func(k catalog.IndexColumn) bool { return k.Expr != "" }) {
			parts, err := BindIndexExprs(b.Scope, t)
			if err != nil {
				return nil
			}
			return parts
		}
	}
	return nil
}

// relation finds a relation by name, in the search path where it has no schema.
func (b *binder) relation(n ast.Name) (catalog.Relation, *VirtualTable) {
	if n.Catalog != "" && n.Catalog != b.Database {
		failAt(n.Pos(), dberr.StateFeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"", n.Catalog, n.Schema, n.Name)
	}
	if n.Schema != "" {
		if r, ok := b.Catalog.Lookup(b.schemaName(n.Schema), n.Name); ok {
			return r, nil
		}
		if t := b.external(n.Schema, n.Name, n.Pos(), true); t != nil {
			return catalog.Relation{Table: t}, nil
		}
		if b.Virtual != nil {
			if v := b.Virtual(n.Schema, n.Name); v != nil {
				return catalog.Relation{}, v
			}
		}
		failAt(n.Pos(), dberr.StateUndefinedTable, "relation \"%s.%s\" does not exist", n.Schema, n.Name)
	}
	if b.Temp != "" {
		if r, ok := b.Catalog.Lookup(b.Temp, n.Name); ok {
			return r, nil
		}
	}
	if b.Virtual != nil {
		if v := b.Virtual(catalog.SystemSchema, n.Name); v != nil {
			return catalog.Relation{}, v
		}
	}
	for _, schema := range b.Path {
		if r, ok := b.Catalog.Lookup(schema, n.Name); ok {
			return r, nil
		}
		if t := b.external(schema, n.Name, n.Pos(), false); t != nil {
			return catalog.Relation{Table: t}, nil
		}
	}
	failAt(n.Pos(), dberr.StateUndefinedTable, "relation %q does not exist", n.Name)
	return catalog.Relation{}, nil
}

// external finds a table of another model. Where must is not set, one that is not there
// is no error.
func (b *binder) external(schema, name string, pos int, must bool) *catalog.Table {
	if b.External == nil {
		return nil
	}
	t, err := b.External(schema, name, b.asOf)
	if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUndefinedTable && !must {
		return nil
	}
	if err != nil {
		fail(at(err, pos))
	}
	if t != nil && b.asOf == 0 && !slices.Contains(b.q.External, t) {
		b.q.External = append(b.q.External, t)
	}
	return t
}

func (b *binder) virtualRef(v *VirtualTable, schema, alias string, names []string, pos int) *fromItem {
	rel := &LVirtual{Source: v.Source, Object: v.Object, Alias: alias}
	e := &entry{schema: schema, name: alias}
	for i, c := range v.Columns {
		id := b.q.NewCol(c.Name, c.Type)
		rel.Ords, rel.ColIDs = append(rel.Ords, i), append(rel.ColIDs, id)
		e.cols = append(e.cols, visible{name: c.Name, expr: b.q.Ref(id), from: e, hidden: i >= len(v.Columns)-v.Hidden})
	}
	item := (&fromItem{rel: rel}).single(e)
	b.rename(item, names, alias, pos)
	return item
}

// SequenceSource is the name under which the row of a sequence stands in plans.
const SequenceSource = "sequence"

// sequenceRef is the row of a sequence: the value that it stands at. Values are given out
// outside of transactions, so it is that of the moment and never of the past.
func (b *binder) sequenceRef(q *catalog.Sequence, alias string, names []string, pos int) *fromItem {
	if b.uses != nil || b.asOf != 0 {
		unsupported(pos, "a sequence in FROM of a view, or as of a time,")
	}
	b.q.Volatile = true
	v := &VirtualTable{Source: SequenceSource, Object: q.Schema + "." + q.Name,
		Columns: []ColInfo{{Name: "last_value", Type: sqltype.TInt8}, {Name: "log_cnt", Type: sqltype.TInt8}, {Name: "is_called", Type: sqltype.TBool}}}
	return b.virtualRef(v, q.Schema, alias, names, pos)
}

func (b *binder) viewRef(v *catalog.View, alias string, names []string, pos int) *fromItem {
	defer b.enter(pos)()
	defer b.plainly()()
	stmts, err := parse.Parse(v.Query, parse.Limits{})
	if err != nil || len(stmts) != 1 {
		fail(fmt.Errorf("read view %q: %w", v.Name, err))
	}
	sel, ok := stmts[0].(*ast.Select)
	if !ok {
		fail(fmt.Errorf("read view %q: %w", v.Name, dberr.ErrCorrupt))
	}
	uses := b.uses
	b.uses = nil
	out := b.query(sel, nil, nil)
	b.uses = uses
	b.reads[relKey{v.Schema, v.Name}] = true
	item := b.derived(out, alias, nil, pos)
	if len(item.tables[0].cols) != len(v.Columns) {
		fail(fmt.Errorf("view %q has other columns than when it was made: %w", v.Name, dberr.ErrCorrupt))
	}
	for i := range item.tables[0].cols {
		item.tables[0].cols[i].name = v.Columns[i].Name
		item.tables[0].cols[i].origin = ColumnUse{v.ID, catalog.ColumnID(i + 1)}
	}
	b.rename(item, names, alias, pos)
	return item
}

// derived makes a FROM item of a bound query.
func (b *binder) derived(out *bound, alias string, names []string, pos int) *fromItem {
	e := &entry{name: alias}
	seen := ColSet{}
	var again *LProject
	for i, c := range out.cols {
		b.settle(out, i)
		if seen.Has(c) && again == nil {
			again = &LProject{Input: out.rel}
			for _, o := range out.cols[:i] {
				again.Exprs, again.ColIDs = append(again.Exprs, b.q.Ref(o)), append(again.ColIDs, o)
			}
		}
		id := c
		if again != nil {
			id = b.q.NewCol(out.names[i], b.q.TypeOf(c))
			again.Exprs, again.ColIDs = append(again.Exprs, b.q.Ref(c)), append(again.ColIDs, id)
		}
		seen.Add(c)
		e.cols = append(e.cols, visible{name: out.names[i], expr: b.q.Ref(id), from: e})
	}
	item := &fromItem{rel: out.rel}
	if again != nil {
		item.rel = again
	}
	item.single(e)
	b.rename(item, names, alias, pos)
	return item
}

// rename applies the column names of an alias.
func (b *binder) rename(item *fromItem, names []string, alias string, pos int) {
	if len(names) == 0 {
		return
	}
	e := item.tables[0]
	if len(names) > len(e.cols) {
		failAt(pos, dberr.StateInvalidColumnRef, "table %q has %d columns available but %d columns specified", alias, len(e.cols), len(names))
	}
	cols := append([]visible(nil), e.cols...)
	for i, n := range names {
		cols[i].name = n
	}
	e.cols, item.vis = cols, cols
}

func (b *binder) subqueryRef(s *scope, t *ast.SubqueryRef) *fromItem {
	defer b.enter(t.Pos())()
	parent := outer(s)
	if t.Lateral {
		parent = s
	}
	alias, names := "", []string(nil)
	if t.Alias != nil {
		alias, names = t.Alias.Name, t.Alias.Columns
	}
	return b.derived(b.query(t.Query, parent, nil), alias, names, t.Pos())
}

// funcRef binds functions in FROM. unnest of several arrays is one of each.
func (b *binder) funcRef(s *scope, t *ast.FuncRef) *fromItem {
	if len(t.ColDefs) > 0 {
		if len(t.Funcs) > 1 {
			failAt(t.Pos(), dberr.StateSyntax, "ROWS FROM() with multiple functions cannot have a column definition list")
		}
		one := *t
		one.Funcs = []ast.FuncItem{{Call: t.Funcs[0].Call, ColDefs: t.ColDefs}}
		one.ColDefs = nil
		t = &one
	}
	in := &scope{parent: s.parent, tables: s.tables, vis: s.vis, ctes: s.ctes, what: "functions in FROM", noAgg: "functions in FROM", noWin: "functions in FROM",
		noSets: "set-returning functions must appear at top level of FROM"}
	if item := b.userRef(in, t); item != nil {
		return item
	}
	alias := ast.ColumnName(t.Funcs[0].Call)
	var names []string
	if t.Alias != nil {
		alias, names = t.Alias.Name, t.Alias.Columns
	}
	e := &entry{name: alias}
	if len(t.Funcs) == 1 && setName(t.Funcs[0].Call) == "" && !isJSONTable(t.Funcs[0].Call) && jsonRecords(t.Funcs[0].Call) == "" && len(t.Funcs[0].ColDefs) == 0 {
		return b.scalarRef(in, t, e, names)
	}
	rel := &LFunc{Ordinality: t.Ordinality, Alias: alias}
	for _, f := range t.Funcs {
		if len(f.ColDefs) > 0 || jsonRecords(f.Call) != "" {
			b.recordItem(in, rel, e, f)
			continue
		}
		for _, call := range spreadUnnest(f.Call) {
			b.funcItem(in, rel, e, call, t.Alias != nil && len(t.Funcs) == 1)
		}
	}
	e.scalar = len(e.cols) == 1 && !t.Ordinality && !isJSONTable(t.Funcs[0].Call) && jsonRecords(t.Funcs[0].Call) == ""
	if t.Ordinality {
		b.funcCol(rel, e, "ordinality", sqltype.TInt8)
	}
	item := (&fromItem{rel: b.checkedCols(rel, e)}).single(e)
	b.rename(item, names, alias, t.Pos())
	return item
}

// checkedCols computes the columns that checkCol has marked right above the functions.
func (b *binder) checkedCols(rel *LFunc, e *entry) Rel {
	p := &LProject{Input: rel}
	any := false
	for i, id := range rel.ColIDs {
		x := e.cols[i].expr
		if _, ok := x.(*PartCheck); ok {
			any, id = true, b.q.NewCol(e.cols[i].name, x.Type())
			e.cols[i].expr = b.q.Ref(id)
		}
		p.Exprs, p.ColIDs = append(p.Exprs, x), append(p.ColIDs, id)
	}
	if !any {
		return rel
	}
	return p
}

func isJSONTable(e ast.Expr) bool {
	call, ok := e.(*ast.FuncCall)
	return ok && call.Name[0] == ast.SQLJSON+"json_table"
}

// jsonRecords is the name of the function that an expression calls, where its columns
// come from a column definition list, or from its first argument; else "".
func jsonRecords(e ast.Expr) string {
	call, ok := e.(*ast.FuncCall)
	if !ok || call.Over != nil || len(call.Name) > 1 && call.Name[0] != catalog.SystemSchema {
		return ""
	}
	switch name := call.Name[len(call.Name)-1]; name {
	case "json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset",
		"json_populate_record", "json_populate_recordset", "jsonb_populate_record", "jsonb_populate_recordset":
		return name
	}
	return ""
}

// recordItem adds the call of a function with a column definition list.
func (b *binder) recordItem(s *scope, rel *LFunc, e *entry, f ast.FuncItem) {
	name, pos := jsonRecords(f.Call), f.Call.Pos()
	switch {
	case name == "":
		failAt(pos, dberr.StateSyntax, "a column definition list is only allowed for functions returning \"record\"")
	case strings.Contains(name, "_populate_"):
		b.populateItem(s, rel, e, f, name)
		return
	case len(f.ColDefs) == 0:
		failAt(pos, dberr.StateSyntax, "a column definition list is required for functions returning \"record\"")
	}
	call := f.Call.(*ast.FuncCall)
	b.plainCall(s, call, name)
	if len(call.Args) != 1 {
		b.noFunction(s, call, name)
	}
	typ, many := sqltype.Type{ID: sqltype.JSON}, strings.HasSuffix(name, "set")
	if strings.HasPrefix(name, "jsonb") {
		typ.ID = sqltype.JSONB
	}
	cols := b.columnDefs(rel, e, f)
	x := b.coerce(b.expr(s, call.Args[0]), typ, call.Args[0].Pos())
	rel.Calls = append(rel.Calls, &SetCall{Set: fn.JSONRecords(name, typ, cols, many), Args: []Expr{x}})
}

// columnDefs makes the columns of a column definition list.
func (b *binder) columnDefs(rel *LFunc, e *entry, f ast.FuncItem) (cols []fn.Column) {
	for _, d := range f.ColDefs {
		t, user := b.resolveType(d.Type)
		cols = append(cols, fn.Column{Name: d.Name, Type: t})
		b.funcCol(rel, e, d.Name, t)
		var domain keyspace.ObjectID
		if user != nil && user.Kind == catalog.Domain {
			domain = user.ID
		}
		b.checkCol(e, t, domain, f.Call.Pos())
	}
	return cols
}

// spreadUnnest turns unnest(a, b) into unnest(a) and unnest(b).
func spreadUnnest(e ast.Expr) []ast.Expr {
	call, ok := e.(*ast.FuncCall)
	if !ok || len(call.Args) < 2 || len(call.Name) > 1 || call.Name[0] != "unnest" || call.Variadic {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for i := range call.Args {
		one := *call
		one.Args = call.Args[i : i+1]
		out = append(out, &one)
	}
	return out
}

// funcItem adds the call of one function. The column of a function that does not name
// it is named after the alias of the only one, else after the function.
func (b *binder) funcItem(s *scope, rel *LFunc, e *entry, x ast.Expr, aliased bool) {
	if isJSONTable(x) {
		b.jsonTable(s, rel, e, x.(*ast.FuncCall))
		return
	}
	name := setName(x)
	if name == "" {
		v := b.settled(b.expr(s, x))
		rel.Calls = append(rel.Calls, &SetCall{Args: []Expr{v}})
		b.funcCol(rel, e, ast.ColumnName(x), v.Type())
		return
	}
	args := withSets(s)
	set := b.boundSet(args, x.(*ast.FuncCall), name)
	for _, a := range set.Args {
		if hasSets(a) {
			b.refuseSet(s, x.Pos())
		}
	}
	if len(set.Set.Cols) == 1 && set.Set.Cols[0].Type.HasFields() {
		set.Set = fn.Spread(set.Set)
	}
	rel.Calls = append(rel.Calls, set)
	for _, c := range set.Set.Cols {
		cn := c.Name
		if len(set.Set.Cols) == 1 && aliased && cn == name {
			cn = e.name
		}
		b.funcCol(rel, e, cn, c.Type)
	}
}

func (b *binder) funcCol(rel *LFunc, e *entry, name string, t sqltype.Type) {
	id := b.q.NewCol(name, t)
	rel.ColIDs = append(rel.ColIDs, id)
	e.cols = append(e.cols, visible{name: name, expr: b.q.Ref(id), from: e})
}

// checkCol marks that the values of the last column of a function have to meet the rules of
// domains.
func (b *binder) checkCol(e *entry, t sqltype.Type, domain keyspace.ObjectID, pos int) {
	c := &e.cols[len(e.cols)-1]
	c.expr = partChecked(c.expr, b.domainParts(t, domain, nil), pos)
}

// scalarRef is a scalar function in FROM: one row of one column.
func (b *binder) scalarRef(s *scope, t *ast.FuncRef, e *entry, names []string) *fromItem {
	x := b.settled(b.expr(s, t.Funcs[0].Call))
	id := b.q.NewCol(e.name, x.Type())
	rel := &LValues{Rows: [][]Expr{{x}}, ColIDs: []Col{id}}
	e.cols = []visible{{name: e.name, expr: b.q.Ref(id), from: e}}
	if t.Ordinality {
		ord := b.q.NewCol("ordinality", sqltype.TInt8)
		rel.Rows[0] = append(rel.Rows[0], &Const{Typ: sqltype.TInt8, Value: sqltype.Datum{Int: 1}})
		rel.ColIDs = append(rel.ColIDs, ord)
		e.cols = append(e.cols, visible{name: "ordinality", expr: b.q.Ref(ord), from: e})
	}
	item := (&fromItem{rel: rel}).single(e)
	b.rename(item, names, e.name, t.Pos())
	return item
}

var joinKinds = map[ast.JoinKind]JoinKind{
	ast.InnerJoin: Inner, ast.CrossJoin: Inner, ast.LeftJoin: Left, ast.RightJoin: Right, ast.FullJoin: Full,
}

func (b *binder) join(s *scope, j *ast.Join) *fromItem {
	defer b.enter(j.Pos())()
	left := b.tableExpr(s, j.Left)
	side := &scope{parent: s.parent, ctes: s.ctes, beyond: s.beyond}
	side.tables = append(append(side.tables, s.tables...), left.tables...)
	side.vis = append(append(side.vis, s.vis...), left.vis...)
	right := b.tableExpr(side, j.Right)
	b.noDuplicates(left.tables, right.tables, j.Pos())
	rel := &LJoin{Kind: joinKinds[j.Kind], Left: left.rel, Right: right.rel, Lateral: dependsOn(right.rel, left.rel)}
	if rel.Lateral && (j.Kind == ast.RightJoin || j.Kind == ast.FullJoin) {
		fail(dberr.SQL(dberr.StateInvalidColumnRef, "invalid reference to FROM-clause entry").
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.").At(j.Pos()))
	}
	item := &fromItem{rel: rel, tables: append(append([]*entry(nil), left.tables...), right.tables...)}
	for _, e := range left.tables {
		e.nullable = e.nullable || j.Kind == ast.RightJoin || j.Kind == ast.FullJoin
	}
	for _, e := range right.tables {
		e.nullable = e.nullable || j.Kind == ast.LeftJoin || j.Kind == ast.FullJoin
	}
	using := j.Using
	if j.Natural {
		using = commonNames(left.vis, right.vis)
		if b.uses != nil {
			b.uses.natural[j] = using
		}
	}
	if len(using) > 0 {
		b.using(rel, item, left, right, using, j)
	} else {
		item.vis = append(append([]visible(nil), left.vis...), right.vis...)
	}
	if j.On != nil {
		on := &scope{parent: s.parent, ctes: s.ctes, tables: item.tables, vis: item.vis, what: "JOIN/ON", noAgg: "JOIN conditions", noWin: "JOIN conditions"}
		if len(s.tables) > 0 { // items to the left are seen by LATERAL only; ON may not name them
			on.parent = outer(s)
		}
		for _, t := range s.tables {
			on.hidden = append(on.hidden, t.name)
		}
		if s.beyond != nil {
			on.hidden = append(on.hidden, s.beyond.name)
		}
		rel.On = Conjuncts(b.boolean(on, j.On, "JOIN/ON"))
	}
	if j.Alias != nil {
		e := &entry{name: j.Alias.Name}
		for _, v := range item.vis {
			e.cols = append(e.cols, visible{name: v.name, expr: v.expr, from: e})
		}
		item.single(e)
		b.rename(item, j.Alias.Columns, j.Alias.Name, j.Pos())
	}
	return item
}

func commonNames(l, r []visible) (names []string) {
	for _, a := range l {
		for _, c := range r {
			if a.name == c.name {
				names = append(names, a.name)
				break
			}
		}
	}
	return names
}

// using joins by columns of equal names, which become one.
func (b *binder) using(rel *LJoin, item, left, right *fromItem, names []string, j *ast.Join) {
	merged := map[string]bool{}
	pick := func(list []visible, name, side string) visible {
		var hit visible
		n := 0
		for _, v := range list {
			if v.name == name {
				hit = v
				n++
			}
		}
		if n == 0 {
			failAt(j.Pos(), dberr.StateUndefinedColumn, "column %q specified in USING clause does not exist in %s table", name, side)
		}
		if n > 1 {
			failAt(j.Pos(), dberr.StateAmbiguousColumn, "common column name %q appears more than once in %s table", name, side)
		}
		return hit
	}
	for _, n := range names {
		if merged[n] {
			failAt(j.Pos(), dberr.StateDuplicateColumn, "column name %q appears more than once in USING clause", n)
		}
		merged[n] = true
		l, r := pick(left.vis, n, "left"), pick(right.vis, n, "right")
		if b.uses != nil {
			b.uses.Merged[l.origin], b.uses.Merged[r.origin] = true, true
		}
		rel.On = append(rel.On, b.operator("=", l.expr, r.expr, j.Pos()))
		item.vis = append(item.vis, b.mergedColumn(l, r, j))
	}
	for _, side := range [][]visible{left.vis, right.vis} {
		for _, v := range side {
			if !merged[v.name] {
				item.vis = append(item.vis, v)
			}
		}
	}
	if j.UsingAlias != "" {
		e := &entry{name: j.UsingAlias}
		b.noDuplicates(item.tables, []*entry{e}, j.Pos())
		e.cols = append(e.cols, item.vis[:len(names)]...)
		item.tables = append(item.tables, e)
	}
}

// mergedColumn is the column that two columns of USING become: that of the side whose rows are
// all there, of the type that both have in common.
func (b *binder) mergedColumn(l, r visible, j *ast.Join) visible {
	t, err := fn.CommonType("JOIN/USING", l.expr.Type(), r.expr.Type())
	if err != nil {
		fail(at(err, j.Pos()))
	}
	of := func(v visible) visible {
		if v.expr.Type().Base() == t.Base() {
			return v
		}
		return visible{name: l.name, expr: b.coerce(v.expr, t, j.Pos())}
	}
	switch {
	case j.Kind == ast.FullJoin:
		return visible{name: l.name, expr: &Coalesce{Typ: t, Args: []Expr{b.coerce(l.expr, t, j.Pos()), b.coerce(r.expr, t, j.Pos())}}}
	case j.Kind == ast.RightJoin:
		r = of(r)
		return visible{name: l.name, expr: r.expr, from: r.from}
	case j.Kind == ast.InnerJoin && l.expr.Type().Base() != t.Base() && r.expr.Type().Base() == t.Base():
		return visible{name: l.name, expr: r.expr, from: r.from}
	}
	return of(l)
}
