package sqldiff

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// scope is what an expression may use.
type scope struct {
	cols   []col
	outer  []col    // columns of enclosing queries
	inner  []col    // where set, aggregates are allowed, with these in their arguments
	window bool     // window functions are allowed
	total  []string // columns that order the rows totally, or none
	depth  int      // how deep expressions may nest yet
	subs   int      // how deep subqueries may nest yet
}

func (s scope) deeper() scope {
	s.depth--
	return s
}

// gen makes statements. Its random numbers decide everything.
type gen struct {
	r       *rand.Rand
	aliases int
	named   []source // WITH queries that FROM may read
	partial bool     // rules that may fail are allowed
	risky   bool     // one has been used
}

func newGen(seed uint64) *gen { return &gen{r: rand.New(rand.NewPCG(seed, 0x5eed))} }

func pick[T any](g *gen, s []T) T { return s[g.r.IntN(len(s))] }

// oneIn is true once in n times.
func (g *gen) oneIn(n int) bool { return g.r.IntN(n) == 0 }

var allTypes = []string{"int2", "int4", "int8", "num", "f8", "text", "vc", "bpchar", "bool", "date", "ts", "tstz", "iv", "uuid", "jsonb", "ia", "ta", "bits", "inet"}

// common types come up more often.
var commonTypes = append([]string{"int4", "int4", "int4", "int8", "text", "text", "num", "bool", "date"}, allTypes...)

// exact types have no two texts for equal values.
var exact = map[string]bool{"int2": true, "int4": true, "int8": true, "text": true, "vc": true, "bool": true, "date": true, "ts": true, "tstz": true, "uuid": true, "ia": true, "ta": true, "bits": true, "inet": true}

func (g *gen) typ() string { return pick(g, commonTypes) }

// expr makes an expression of a type.
func (g *gen) expr(typ string, sc scope) *node {
	if sc.inner != nil && g.oneIn(3) && len(aggregates[typ]) > 0 {
		return g.aggregate(typ, sc)
	}
	if sc.window && g.oneIn(5) && sc.inner == nil {
		if n := g.windowCall(typ, sc); n != nil {
			return n
		}
	}
	if sc.depth <= 0 || g.r.IntN(100) < 30 {
		return g.leaf(typ, sc)
	}
	sc.window = sc.window && g.oneIn(3)
	switch p := g.r.IntN(100); {
	case p < 12 && sc.subs > 0:
		return g.subqueryExpr(typ, sc)
	case p < 40:
		if typ == "bool" && g.oneIn(2) {
			return g.poly(comparisons, typ, g.typ(), sc)
		}
		return g.poly(polymorphic, typ, typ, sc)
	case len(rules[typ]) == 0:
		return g.leaf(typ, sc)
	}
	rule := pick(g, rules[typ])
	if rule[0] == '!' {
		if !g.partial {
			return g.expr(typ, sc.deeper())
		}
		g.risky = true
	}
	return g.rule(typ, rule, "", "", sc.deeper())
}

func (g *gen) poly(from []string, typ, of string, sc scope) *node {
	rule := pick(g, from)
	if (of == "ia" || of == "ta") && strings.HasPrefix(rule, "(ARRAY") { // which must have one length
		rule = "coalesce({T}, {T})"
	}
	if of == "jsonb" && (strings.HasPrefix(rule, "greatest") || strings.HasPrefix(rule, "least")) {
		of = "jsonb"
	}
	return g.rule(typ, rule, of, g.typ(), sc.deeper())
}

// rule fills in the braces of a rule.
func (g *gen) rule(typ, rule, t, u string, sc scope) *node {
	n := &node{typ: typ}
	rule = strings.TrimLeft(rule, "!$")
	kept := map[string]*node{}
	for rule != "" {
		before, rest, found := strings.Cut(rule, "{")
		if before != "" {
			n.parts = append(n.parts, before)
		}
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		rule = after
		n.parts = append(n.parts, g.hole(name, t, u, sc, kept))
	}
	return n
}

// braces are the choices in which braces are what they are.
var braces = map[string]bool{"path": true, "jpath": true, "regex2": true, "similar": true}

func (g *gen) hole(name, t, u string, sc scope, kept map[string]*node) any {
	name, keep, _ := strings.Cut(name, "=")
	switch {
	case name == "" && keep != "":
		return kept[keep]
	case name == "T":
		name = t
	case name == "U":
		name = u
	case name == "any":
		name = g.typ()
	case name == "fcol":
		return g.leaf("f8", sc)
	case name == "nt":
		return pick(g, []string{"1", "3", "4"})
	}
	if c, ok := choices[name]; ok {
		s := pick(g, c)
		if strings.Contains(s, "{") && !braces[name] {
			return g.rule("", s, t, u, sc)
		}
		return s
	}
	e := g.expr(name, sc)
	if keep != "" {
		kept[keep] = e
	}
	return e
}

// leaf is a column or a literal.
func (g *gen) leaf(typ string, sc scope) *node {
	for _, from := range [][]col{sc.cols, sc.outer} {
		if g.r.IntN(100) >= 80 {
			continue
		}
		var fit []string
		for _, c := range from {
			if c.typ == typ {
				fit = append(fit, c.ref)
			}
		}
		if len(fit) > 0 {
			return expr(typ, pick(g, fit))
		}
	}
	if g.oneIn(12) {
		return expr(typ, "NULL::"+types[typ])
	}
	return expr(typ, g.literal(typ))
}

func (g *gen) literal(typ string) string {
	v := pick(g, values[typ])
	quoted := strings.ContainsAny(v[:1], "'E")
	switch typ {
	case "int4":
		if v[0] != '-' {
			return v
		}
	case "num":
		if v[0] != '-' && strings.Contains(v, ".") {
			return v
		}
	case "text":
		if g.oneIn(2) {
			return v
		}
	case "bool":
		return v
	case "date", "iv", "ts", "tstz":
		if g.oneIn(2) {
			return strings.Fields(types[typ])[0] + " " + v
		}
	}
	if !quoted {
		v = "'" + v + "'"
	}
	return v + "::" + types[typ]
}

// aggregate makes an aggregate call, now and then with FILTER.
func (g *gen) aggregate(typ string, sc scope) *node {
	rule := pick(g, aggregates[typ])
	in := scope{cols: sc.inner, depth: min(sc.depth, 2), subs: min(sc.subs, 1) * g.r.IntN(2)}
	if strings.Contains(rule, "{=") {
		in.subs = 0 // one subquery written twice is not the same expression
	}
	n := g.rule(typ, rule, "", "", in)
	last, _ := n.parts[len(n.parts)-1].(string)
	if g.oneIn(6) && strings.HasSuffix(last, ")") {
		n.parts = append(n.parts, clause(" FILTER (WHERE ", g.expr("bool", scope{cols: sc.inner, depth: 1}), ")"))
	}
	return n
}

// windowCall makes a call over a window whose answer does not depend on the order of peers.
func (g *gen) windowCall(typ string, sc scope) *node {
	in := scope{cols: sc.cols, outer: sc.outer, depth: 1}
	var from []string
	for _, w := range windows[typ] {
		if w[0] != '$' || sc.total != nil {
			from = append(from, w)
		}
	}
	for _, a := range aggregates[typ] {
		if a[0] != '$' {
			from = append(from, a)
		}
	}
	if len(from) == 0 {
		return nil
	}
	rule := pick(g, from)
	call := g.rule("", rule, "", "", in)
	total := rule[0] == '$' || sc.total != nil && g.oneIn(2)
	over := &node{}
	if g.oneIn(2) {
		over.parts = append(over.parts, clause("PARTITION BY ", listOf(", ", 1, g.exprs(1+g.r.IntN(2), in))))
	}
	frames := peerFrames
	var keys []*node
	if g.oneIn(4) && !total {
		frames = peerFrames[:5]
	} else {
		keys = g.exprs(1, in)
		for _, k := range keys {
			k.parts = append(k.parts, g.direction())
		}
	}
	if total {
		frames = totalFrames
		for _, c := range sc.total {
			keys = append(keys, lit(c))
		}
	}
	if keys != nil {
		over.parts = append(over.parts, " ORDER BY ", listOf(", ", 1, keys))
	}
	frame := pick(g, frames)
	if keys == nil && strings.Contains(frame, "GROUPS") {
		frame = ""
	}
	over.parts = append(over.parts, clause(frame))
	return expr(typ, call, " OVER (", over, ")")
}

func (g *gen) exprs(n int, sc scope) []*node {
	out := make([]*node, n)
	for i := range out {
		out[i] = seq(g.expr(g.typ(), sc))
	}
	return out
}

func (g *gen) direction() *node {
	return clause(pick(g, []string{"", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST", " NULLS FIRST"}))
}

// subqueryExpr makes an expression with a subquery in it.
func (g *gen) subqueryExpr(typ string, sc scope) *node {
	outer := correlated(sc)
	if typ != "bool" || g.oneIn(5) {
		return expr(typ, g.scalar(typ, outer, sc.subs-1))
	}
	t := g.typ()
	sub := func(want ...string) *node {
		return g.query(queryOptions{want: want, outer: outer, subs: sc.subs - 1})
	}
	left := func() *node { return g.expr(t, sc.deeper()) }
	switch g.r.IntN(6) {
	case 0:
		return expr("bool", "(", left(), " IN ", sub(t), ")")
	case 1:
		return expr("bool", "(", left(), " NOT IN ", sub(t), ")")
	case 2:
		return expr("bool", "(", left(), " ", pick(g, choices["cmp"][:8]), pick(g, []string{" ANY ", " ALL ", " SOME "}), sub(t), ")")
	case 3:
		return expr("bool", "(NOT EXISTS ", sub("int4"), ")")
	case 4:
		u := g.typ()
		return expr("bool", "((", left(), ", ", g.expr(u, sc.deeper()), ")", pick(g, []string{" IN ", " NOT IN "}), sub(t, u), ")")
	}
	return expr("bool", "EXISTS ", sub("int4"))
}

// correlated are the columns that a subquery sees of what is around it. A grouped
// query shows only those that it groups by themselves.
func correlated(sc scope) []col {
	out := slices.Clone(sc.outer)
	for _, c := range sc.cols {
		if !strings.ContainsAny(c.ref, "( '") {
			out = append(out, c)
		}
	}
	return out
}
