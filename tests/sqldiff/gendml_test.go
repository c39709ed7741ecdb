package sqldiff

import (
	"fmt"
	"strings"
)

// target is the table that statements change.
var target = table{name: "w", key: "id", cols: []col{
	{"id", "int4"}, {"i", "int4"}, {"s", "int2"}, {"t", "text"}, {"v", "vc"}, {"n", "num"}, {"d", "date"}, {"o", "bool"}}}

// changeStatement makes an INSERT, UPDATE or DELETE of w. What it does to a row does
// not depend on the order in which rows are met.
func (g *gen) changeStatement() statement {
	g.partial = g.oneIn(3)
	root := &node{}
	if g.oneIn(8) {
		root.parts = append(root.parts, g.with())
	}
	switch p := g.r.IntN(10); {
	case p < 4:
		root.parts = append(root.parts, g.insert())
	case p < 8:
		root.parts = append(root.parts, g.update())
	default:
		root.parts = append(root.parts, g.delete())
	}
	return statement{root: root, risky: true}
}

func (g *gen) scopeOf(alias string, t table) scope {
	sc := scope{depth: 2, subs: 1}
	for _, c := range t.cols {
		sc.cols = append(sc.cols, col{alias + "." + c.ref, c.typ})
	}
	return sc
}

func (g *gen) insert() *node {
	var names []string
	var vals []*node
	src := pick(g, []table{tables[0], tables[2], tables[4]})
	sc := g.scopeOf("x", src)
	sc.subs = 0
	for i, c := range target.cols {
		if i > 0 && g.oneIn(3) {
			continue
		}
		names = append(names, c.ref)
		switch {
		case i == 0:
			vals = append(vals, lit(fmt.Sprintf("x.id + %d", pick(g, []int{0, 4, 100, 100}))))
		case c.ref == "v":
			vals = append(vals, lit(pick(g, []string{"'n' || x.id", "'k' || x.id", "'long' || x.id", "NULL"})))
		case g.oneIn(3):
			vals = append(vals, g.leaf(c.typ, sc))
		default:
			vals = append(vals, g.expr(c.typ, sc))
		}
	}
	n := seq("INSERT INTO w ", pick(g, []string{"", "AS w "}), "(", strings.Join(names, ", "), ") SELECT ", listOf(", ", 1, vals), " FROM ", src.name, " AS x", clause(" WHERE ", g.condition(sc)))
	if g.oneIn(8) {
		n = seq("INSERT INTO w (id, i, v) VALUES (", g.leaf("int4", scope{}), ", ", g.leaf("int4", scope{}), ", 'z1'), (51, DEFAULT, DEFAULT), (52, ", g.leaf("int4", scope{}), ", 'z2')")
	}
	switch g.r.IntN(8) {
	case 2:
		n.parts = append(n.parts, clause(" ON CONFLICT DO NOTHING"))
	case 3:
		n.parts = append(n.parts, clause(" ON CONFLICT (v, i) DO UPDATE SET t = coalesce(w.t, '') || '+', s = excluded.s"))
	case 4:
		n.parts = append(n.parts, clause(" ON CONFLICT ON CONSTRAINT w_pkey DO UPDATE SET (d, o) = (excluded.d, NOT w.o)"))
	case 0:
		n.parts = append(n.parts, clause(" ON CONFLICT (id) DO NOTHING"))
	case 1:
		n.parts = append(n.parts, clause(" ON CONFLICT (id) DO UPDATE SET i = w.i + 100, t = excluded.t || w.v", clause(" WHERE w.id < excluded.id + 1")))
	}
	return g.returning(n, g.scopeOf("w", target))
}

func (g *gen) update() *node {
	sc := g.scopeOf("w", target)
	n := seq("UPDATE w", "")
	set := sc
	from := &node{}
	if g.oneIn(3) {
		x := pick(g, []table{tables[0], tables[2], tables[4]})
		xs := g.scopeOf("x", x)
		set.cols = append(append([]col{}, sc.cols...), xs.cols...)
		from = seq(" FROM ", x.name, " AS x WHERE x.id = w.id", clause(" AND ", g.expr("bool", scope{cols: set.cols, depth: 2, subs: 1})))
	} else {
		from = clause(" WHERE ", g.condition(sc))
	}
	var sets []*node
	for _, c := range target.cols {
		if !g.oneIn(4) {
			continue
		}
		e := g.expr(c.typ, set)
		switch {
		case c.ref == "id":
			e = lit(pick(g, []string{"w.id + 1000", "w.id", "-w.id", "w.id * 100 + 200"}))
		case g.oneIn(12):
			e = lit("DEFAULT")
		}
		sets = append(sets, seq(c.ref, " = ", e))
	}
	if len(sets) == 0 {
		sets = append(sets, seq("(i, t) = (", g.expr("int4", sc), ", ", g.expr("text", sc), ")"))
	}
	n.parts = append(n.parts, " SET ", listOf(", ", 1, sets), from)
	return g.returning(n, set)
}

func (g *gen) delete() *node {
	sc := g.scopeOf("w", target)
	n := seq("DELETE FROM w")
	if g.oneIn(3) {
		both := sc
		both.cols = append(append([]col{}, sc.cols...), g.scopeOf("x", tables[1]).cols...)
		n.parts = append(n.parts, " USING t1 AS x WHERE ", g.equality(sc.cols, both.cols[len(sc.cols):]), clause(" AND ", g.expr("bool", both)))
		if g.oneIn(2) { // of several matches any may give the values of x
			n.parts = append(n.parts, clause(" RETURNING ", listOf(", ", 1, g.exprs(2, sc))))
		}
		return n
	}
	n.parts = append(n.parts, clause(" WHERE ", g.condition(sc)))
	return g.returning(n, sc)
}

func (g *gen) returning(n *node, sc scope) *node {
	if g.oneIn(2) {
		return n
	}
	if g.oneIn(3) {
		n.parts = append(n.parts, clause(" RETURNING *"))
		return n
	}
	sc.subs = 0
	n.parts = append(n.parts, clause(" RETURNING ", listOf(", ", 1, g.exprs(1+g.r.IntN(3), sc))))
	return n
}
