package sqldiff

import (
	"fmt"
	"strings"
)

// source is something that FROM may name.
type source struct {
	text *node
	name string // of a WITH query
	cols []col  // without the alias
	key  string
}

// queryOptions say what a query is for.
type queryOptions struct {
	want  []string // types of its columns; nil means that it chooses
	outer []col    // columns of enclosing queries
	subs  int
	named bool // columns get the names c1, c2 …
	sets  bool // columns may be set-returning
}

// rowSets are set-returning expressions of a select list.
var rowSets = map[string][]string{
	"int4":  {"generate_series(1, {small})", "(generate_series({small}, 3) * coalesce({int2}, 2))", "generate_series(1, generate_series(0, {small}))", "(abs(generate_series(-2, {small})) % 2)", "unnest(ARRAY[{int4}, {int4}, NULL])"},
	"text":  {"string_to_table({text}, 'b')", "upper(string_to_table(coalesce({text}, 'aba'), 'b'))", "(jsonb_each(jsonb_build_object('a', {any}, 'b', 1))).key", "regexp_split_to_table({text}, {regex})"},
	"jsonb": {"jsonb_array_elements(jsonb_build_array({any}, {int4}))", "to_jsonb(generate_series(1, {small}))", "(jsonb_each(jsonb_build_object('a', {any}, 'b', 1))).value"},
	"bool":  {"(generate_series(1, {small}) > 1)"},
}

// query makes a query in parentheses, to stand within another.
func (g *gen) query(o queryOptions) *node {
	if o.want == nil {
		for range 1 + g.r.IntN(3) {
			o.want = append(o.want, g.typ())
		}
	}
	n := &node{typ: typQuery, parts: []any{"("}}
	n.parts = append(n.parts, g.body(o))
	if g.oneIn(6) && allExact(o.want) {
		n.parts = append(n.parts, seq(" ORDER BY ", positions(len(o.want)), clause(g.limit())))
	}
	n.parts = append(n.parts, ")")
	return n
}

func allExact(typs []string) bool {
	for _, t := range typs {
		if !exact[t] {
			return false
		}
	}
	return true
}

func positions(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(i+1))
	}
	return strings.Join(out, ", ")
}

func (g *gen) limit() string {
	return pick(g, []string{" LIMIT 1", " LIMIT 3", " LIMIT 10", " LIMIT 5 OFFSET 2", " OFFSET 1", " LIMIT 0", " FETCH FIRST 2 ROWS ONLY", " LIMIT NULL", " LIMIT ALL OFFSET 3"})
}

// body is a select or a set operation.
func (g *gen) body(o queryOptions) *node {
	if !g.oneIn(9) {
		n, _ := g.core(o)
		return n
	}
	left, _ := g.core(o)
	right, _ := g.core(o)
	op := pick(g, []string{" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT ", " INTERSECT ALL ", " EXCEPT ALL "})
	n := seq(left, clause(op, right))
	if g.oneIn(4) {
		third, _ := g.core(o)
		n.parts = append(n.parts, clause(pick(g, []string{" UNION ALL ", " EXCEPT ", " UNION "}), third))
	}
	return n
}

// core makes one SELECT, and says which scope its ORDER BY has.
func (g *gen) core(o queryOptions) (*node, scope) {
	if g.oneIn(40) && !o.named {
		return g.valuesList(o.want), scope{}
	}
	from, sc := g.from(o)
	sc.depth, sc.subs = 3, o.subs
	n := &node{}
	var where, group, having *node
	if !g.oneIn(3) {
		where = clause(" WHERE ", g.condition(sc))
	}
	if g.oneIn(4) {
		group, sc = g.groupBy(sc)
		if g.oneIn(3) {
			having = clause(" HAVING ", g.expr("bool", sc))
		}
	} else {
		sc.window = true
	}
	var targets []*node
	for i, t := range o.want {
		target := sc
		target.depth = g.r.IntN(4)
		e := g.expr(t, target)
		if sets := rowSets[t]; o.sets && len(sets) > 0 && g.oneIn(12) {
			target.depth = 1
			e = g.rule(t, pick(g, sets), "", "", target)
		}
		if o.named {
			e = seq(e, fmt.Sprintf(" AS c%d", i+1))
		}
		targets = append(targets, seq(e))
	}
	n.parts = append(n.parts, "SELECT ")
	if g.oneIn(8) {
		n.parts = append(n.parts, clause("DISTINCT "))
	}
	n.parts = append(n.parts, listOf(", ", 1, targets), from)
	for _, p := range []*node{where, group, having} {
		if p != nil {
			n.parts = append(n.parts, p)
		}
	}
	return n, sc
}

// condition is a WHERE condition: more often than not a conjunction of simple ones
// that indexes could serve.
func (g *gen) condition(sc scope) *node {
	if g.oneIn(2) {
		return g.expr("bool", sc)
	}
	var items []*node
	for range 1 + g.r.IntN(3) {
		c := pick(g, sc.cols)
		var e *node
		switch g.r.IntN(6) {
		case 0:
			e = expr("bool", c.ref, pick(g, []string{" IS NULL", " IS NOT NULL"}))
		case 1:
			e = expr("bool", c.ref, " IN (", g.literal(c.typ), ", ", g.literal(c.typ), ")")
		case 2:
			e = expr("bool", c.ref, " BETWEEN ", g.literal(c.typ), " AND ", g.literal(c.typ))
		case 3:
			e = g.expr("bool", sc.deeper())
		default:
			e = expr("bool", c.ref, " ", pick(g, choices["cmp"][:8]), " ", g.literal(c.typ))
		}
		items = append(items, e)
	}
	return expr("bool", listOf(pick(g, []string{" AND ", " AND ", " OR "}), 1, items))
}

func (g *gen) valuesList(want []string) *node {
	var rows []*node
	for range 1 + g.r.IntN(4) {
		var vals []*node
		for _, t := range want {
			vals = append(vals, g.leaf(t, scope{}))
		}
		rows = append(rows, seq("(", listOf(", ", 1, vals), ")"))
	}
	return seq("VALUES ", listOf(", ", 1, rows))
}

// groupBy makes the clause and the scope of what is computed from groups.
func (g *gen) groupBy(sc scope) (*node, scope) {
	out := scope{outer: sc.outer, inner: sc.cols, depth: sc.depth, subs: sc.subs}
	if g.oneIn(4) || len(sc.cols) == 0 {
		if out.inner == nil {
			out.inner = []col{}
		}
		return nil, out // one group of all rows
	}
	var items []*node
	for range 1 + g.r.IntN(2) {
		c := pick(g, sc.cols)
		if g.oneIn(4) {
			e := g.expr(g.typ(), scope{cols: sc.cols, depth: 1})
			c = col{ref: "(" + e.String() + ")", typ: e.typ}
			if !strings.Contains(c.ref, ".") { // a constant would be a position, or not a key at all
				continue
			}
		}
		out.cols = append(out.cols, c)
		items = append(items, lit(c.ref))
	}
	if len(items) == 0 {
		return nil, out
	}
	list := listOf(", ", 1, items)
	switch g.r.IntN(25) {
	case 0:
		return clause(" GROUP BY ROLLUP (", list, ")"), out
	case 1:
		return clause(" GROUP BY CUBE (", list, ")"), out
	case 2:
		return clause(" GROUP BY GROUPING SETS ((", list, "), ())"), out
	}
	return clause(" GROUP BY ", list), out
}

// from makes the FROM clause and the scope it gives.
func (g *gen) from(o queryOptions) (*node, scope) {
	sc := scope{outer: o.outer, total: []string{}}
	n := seq(" FROM ")
	count := pick(g, []int{1, 1, 1, 2, 2, 3})
	if len(o.outer) > 0 || o.named {
		count = pick(g, []int{1, 1, 2})
	}
	for i := range count {
		alias := fmt.Sprintf("a%d", g.aliases)
		g.aliases++
		if i > 0 && g.oneIn(7) {
			item, cols := g.lateral(alias, sc, o)
			n.parts = append(n.parts, item)
			sc.cols, sc.total = append(sc.cols, cols...), nil
			continue
		}
		src := g.source(o, i > 0)
		var cols []col
		for _, c := range src.cols {
			cols = append(cols, col{alias + "." + c.ref, c.typ})
		}
		item := seq(src.text, " AS "+alias)
		if i == 0 {
			n.parts = append(n.parts, item)
		} else {
			n.parts = append(n.parts, g.join(item, sc, cols, src, o))
		}
		sc.cols = append(sc.cols, cols...)
		if src.key == "" {
			sc.total = nil
		} else if sc.total != nil {
			sc.total = append(sc.total, alias+"."+src.key)
		}
	}
	if len(sc.total) == 0 {
		sc.total = nil
	}
	return n, sc
}

// laterals are functions over columns to the left, with the types of their columns.
var laterals = []struct {
	call string
	cols []string
}{
	{"generate_series(1, {small})", []string{"int4"}}, {"generate_series(date '2024-02-28', date '2024-02-28' + {small}, interval '1 day')", []string{"tstz"}},
	{"unnest(ARRAY[{int4}, {int4}, NULL])", []string{"int4"}}, {"unnest(ARRAY[{text}, {text}]) WITH ORDINALITY", []string{"text", "int8"}},
	{"string_to_table({text}, 'b')", []string{"text"}}, {"regexp_split_to_table({text}, {regex})", []string{"text"}}, {"regexp_matches({text}, '(a)(b)?', 'g')", []string{"ta"}},
	{"jsonb_array_elements(jsonb_build_array({any}, {any}))", []string{"jsonb"}}, {"jsonb_each(jsonb_build_object('a', {any}, 'b', {any}))", []string{"text", "jsonb"}},
	{"jsonb_path_query({jsonb}, {jpath})", []string{"jsonb"}}, {"jsonb_object_keys(jsonb_build_object('x', {any}))", []string{"text"}}, {"generate_subscripts(ARRAY[{int4}, {int4}], 1) WITH ORDINALITY", []string{"int4", "int8"}},
}

// lateral joins a subquery or a function that sees the columns to its left.
func (g *gen) lateral(alias string, left scope, o queryOptions) (*node, []col) {
	in := scope{cols: left.cols, outer: o.outer, depth: 1}
	kind, on := " CROSS JOIN LATERAL ", ""
	if g.oneIn(2) {
		kind, on = " LEFT JOIN LATERAL ", " ON true"
	}
	var cols []col
	var item *node
	if g.oneIn(2) {
		f := pick(g, laterals)
		var names []string
		for i, t := range f.cols {
			names = append(names, fmt.Sprintf("c%d", i+1))
			cols = append(cols, col{alias + "." + names[i], t})
		}
		item = seq(g.rule("", f.call, "", "", in), " AS "+alias+"("+strings.Join(names, ", ")+")")
	} else {
		want := []string{g.typ(), g.typ()}
		cols = []col{{alias + ".c1", want[0]}, {alias + ".c2", want[1]}}
		item = seq(g.query(queryOptions{want: want, outer: correlated(left), subs: 0, named: true, sets: true}), " AS "+alias)
	}
	return seq(kind, item, on), cols
}

// join makes one join of what is there with one more item.
func (g *gen) join(item *node, left scope, right []col, src source, o queryOptions) *node {
	on := g.equality(left.cols, right)
	both := scope{cols: append(append([]col{}, left.cols...), right...), outer: o.outer, depth: 1}
	if on == nil || g.oneIn(8) {
		if g.oneIn(2) {
			return clause(" CROSS JOIN ", item)
		}
		on = g.expr("bool", both)
		return clause(pick(g, []string{" JOIN ", " LEFT JOIN "}), item, " ON ", on)
	}
	kind := pick(g, []string{" JOIN ", " JOIN ", " LEFT JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "})
	if kind != " FULL JOIN " && g.oneIn(3) {
		both.subs = min(o.subs, 1) * g.r.IntN(2)
		on = expr("bool", listOf(" AND ", 1, []*node{on, g.expr("bool", both)}))
	}
	return clause(kind, item, " ON ", on)
}

// equality compares a column of the left side with one of the right.
func (g *gen) equality(left, right []col) *node {
	var pairs [][2]col
	for _, l := range left {
		for _, r := range right {
			if l.typ == r.typ && l.typ != "bool" {
				pairs = append(pairs, [2]col{l, r})
			}
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	eq := func() *node {
		p := pick(g, pairs)
		return expr("bool", p[0].ref, " = ", p[1].ref)
	}
	if g.oneIn(5) {
		return expr("bool", listOf(" AND ", 1, []*node{eq(), eq()}))
	}
	return eq()
}

// source picks what one item of FROM reads.
func (g *gen) source(o queryOptions, joined bool) source {
	switch p := g.r.IntN(100); {
	case p < 20 && len(g.named) > 0:
		s := pick(g, g.named)
		s.text = lit(s.name)
		return s
	case p < 15 && o.subs > 0:
		want := []string{g.typ(), g.typ()}
		return source{text: g.query(queryOptions{want: want, subs: o.subs - 1, named: true, sets: true}), cols: []col{{"c1", want[0]}, {"c2", want[1]}}}
	case p < 18:
		return source{text: lit("(SELECT g FROM generate_series(1, " + pick(g, []string{"3", "0", "5"}) + ") AS g)"), cols: []col{{"g", "int4"}}, key: "g"}
	case p < 21:
		return source{text: seq("(", g.namedValues(), ")"), cols: []col{{"c1", "int4"}, {"c2", "text"}}}
	}
	t := pick(g, tables)
	if joined && t.name == "t4" && g.oneIn(2) {
		t = tables[1]
	}
	return source{text: lit(t.name), cols: t.cols, key: t.key}
}

func (g *gen) namedValues() *node {
	return seq("SELECT v.* FROM (", g.valuesList([]string{"int4", "text"}), ") AS v(c1, c2)")
}

// scalar makes a subquery with at most one row of one column.
func (g *gen) scalar(typ string, outer []col, subs int) *node {
	o := queryOptions{want: []string{typ}, outer: outer, subs: subs}
	from, sc := g.from(o)
	sc.depth, sc.subs = 2, subs
	where := clause(" WHERE ", g.condition(sc))
	if len(aggregates[typ]) > 0 && !(exact[typ] && g.oneIn(3)) {
		agg := scope{inner: sc.cols, outer: outer, depth: 1}
		return &node{typ: typQuery, parts: []any{"(SELECT ", g.aggregate(typ, agg), from, where, ")"}}
	}
	if !exact[typ] {
		return &node{typ: typQuery, parts: []any{"(SELECT ", g.leaf(typ, scope{outer: outer}), ")"}}
	}
	return &node{typ: typQuery, parts: []any{"(SELECT ", g.expr(typ, sc), from, where, " ORDER BY 1", g.direction(), " LIMIT 1)"}}
}

// statement is a generated statement with what its answers are compared by.
type statement struct {
	root    *node
	ordered []int // output columns that the order of the rows follows
	risky   bool  // may fail depending on the order of evaluation
	strict  bool  // a single value: errors must agree too
}

// selectStatement makes a whole query.
func (g *gen) selectStatement() statement {
	g.partial = g.oneIn(8)
	root := &node{}
	if g.oneIn(6) {
		root.parts = append(root.parts, g.with())
	}
	want := []string{}
	for range 1 + g.r.IntN(4) {
		want = append(want, g.typ())
	}
	if g.oneIn(20) {
		want = want[:1]
	}
	st := statement{root: root}
	root.parts = append(root.parts, g.body(queryOptions{want: want, subs: 2, sets: true}))
	switch p := g.r.IntN(100); {
	case p < 25:
		var keys []*node
		for range 1 + g.r.IntN(len(want)) {
			k := g.r.IntN(len(want))
			st.ordered = append(st.ordered, k)
			keys = append(keys, seq(fmt.Sprint(k+1), g.direction()))
		}
		root.parts = append(root.parts, clause(" ORDER BY ", listOf(", ", 1, keys), clause(pick(g, []string{"", "", " FETCH FIRST 3 ROWS WITH TIES"}))))
	case p < 55:
		var keys []*node
		for k := range want {
			st.ordered = append(st.ordered, k)
			keys = append(keys, seq(fmt.Sprint(k+1), g.direction()))
		}
		root.parts = append(root.parts, seq(" ORDER BY ", listOf(", ", 1, keys), clause(g.limit())))
	}
	st.risky = g.risky
	return st
}

// with makes a WITH clause and lets FROM read it.
func (g *gen) with() *node {
	if g.oneIn(4) {
		g.named = append(g.named, source{name: "r", cols: []col{{"k", "int4"}, {"s", "text"}}})
		step := pick(g, []string{"SELECT k + 1, s || 'x' FROM r WHERE k < 5", "SELECT r.k + a.id + 1, a.v FROM r JOIN t2 AS a ON a.id = r.k WHERE r.k < 8", "SELECT k * 2 + 1, left(s, 1) FROM r WHERE k < 20"})
		trace := pick(g, []string{"", "", " SEARCH BREADTH FIRST BY k, s SET sq", " SEARCH DEPTH FIRST BY s SET sq", " CYCLE k SET cy USING sq", " SEARCH DEPTH FIRST BY k SET sq CYCLE k, s SET cy TO 'y' DEFAULT 'n' USING pa"})
		if trace != "" {
			g.named[len(g.named)-1].cols = append(g.named[len(g.named)-1].cols, col{"sq::text", "text"})
		}
		return seq("WITH RECURSIVE r(k, s) AS (SELECT ", lit(pick(g, []string{"0, 'a'::text", "id, v::text FROM t2 WHERE id < 3", "1, NULL::text"})), pick(g, []string{" UNION ALL ", " UNION "}), step, ")", clause(trace), " ")
	}
	var items []*node
	var made []source
	for i := range 1 + g.r.IntN(2) {
		want := []string{g.typ(), g.typ()}
		name := fmt.Sprintf("q%d", i)
		items = append(items, seq(name, pick(g, []string{" AS ", " AS ", " AS MATERIALIZED ", " AS NOT MATERIALIZED "}), g.query(queryOptions{want: want, subs: 1, named: true})))
		made = append(made, source{name: name, cols: []col{{"c1", want[0]}, {"c2", want[1]}}})
	}
	g.named = append(g.named, made...)
	return seq("WITH ", listOf(", ", 1, items), " ")
}

// valueStatement asks for one value of one row, with rules that may fail.
func (g *gen) valueStatement() statement {
	g.partial = true
	e := g.expr(pick(g, allTypes), scope{cols: tables[0].cols, depth: 2})
	root := seq("SELECT ", e, fmt.Sprintf(" FROM t0 WHERE id = %d", g.r.IntN(18)))
	return statement{root: root, risky: g.risky, strict: true}
}
