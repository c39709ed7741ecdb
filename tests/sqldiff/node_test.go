package sqldiff

import "strings"

// node is a piece of a generated statement. It keeps enough of the grammar to
// take clauses away again: parts that may be dropped, lists that may get shorter, and
// typed expressions that a simpler one of the same type may stand for.
type node struct {
	parts []any // string or *node

	typ  string // of an expression; typQuery of a whole query; "" of anything else
	opt  bool   // may be left out
	list string // separator, where parts are the elements of a list
	min  int    // elements that a list must keep

	dropped bool
	as      *node // stands in for this node, where set
}

// typQuery marks nodes that are complete queries.
const typQuery = "query"

func lit(s string) *node { return &node{parts: []any{s}} }

func seq(parts ...any) *node { return &node{parts: parts} }

// clause is a part that shrinking may drop.
func clause(parts ...any) *node { return &node{parts: parts, opt: true} }

func listOf(sep string, min int, items []*node) *node {
	n := &node{list: sep, min: min}
	for _, it := range items {
		n.parts = append(n.parts, it)
	}
	return n
}

func expr(typ string, parts ...any) *node { return &node{parts: parts, typ: typ} }

// String is the SQL text.
func (n *node) String() string {
	var b strings.Builder
	n.render(&b)
	return strings.TrimSpace(b.String())
}

func (n *node) render(b *strings.Builder) {
	if n.dropped {
		return
	}
	if n.as != nil {
		n.as.render(b)
		return
	}
	first := true
	for _, p := range n.parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case *node:
			if p.dropped {
				continue
			}
			if n.list != "" && !first {
				b.WriteString(n.list)
			}
			first = false
			p.render(b)
		}
	}
}

// kids are the live children.
func (n *node) kids() []*node {
	if n.as != nil {
		return []*node{n.as}
	}
	var out []*node
	for _, p := range n.parts {
		if k, ok := p.(*node); ok && !k.dropped {
			out = append(out, k)
		}
	}
	return out
}

// walk calls f for n and everything below it, from the top.
func (n *node) walk(f func(*node)) {
	if n.dropped {
		return
	}
	f(n)
	for _, k := range n.kids() {
		k.walk(f)
	}
}

// shrink makes the statement smaller for as long as fails holds of it, in at most
// limit tries.
func shrink(root *node, limit int, fails func(sql string) bool) {
	try := func(do, undo func()) bool {
		if limit <= 0 {
			return false
		}
		before := root.String()
		do()
		if after := root.String(); after != before && len(after) <= len(before) {
			limit--
			if fails(after) {
				return true
			}
		}
		undo()
		return false
	}
	for progress := true; progress && limit > 0; {
		progress = false
		var all []*node
		root.walk(func(n *node) { all = append(all, n) })
		for _, n := range all {
			progress = n.reduce(try) || progress
		}
	}
}

// reduce tries what can be done to this node alone.
func (n *node) reduce(try func(do, undo func()) bool) (done bool) {
	if n.dropped || n.as != nil {
		return false
	}
	if n.opt && try(func() { n.dropped = true }, func() { n.dropped = false }) {
		return true
	}
	if n.list != "" {
		for _, k := range n.kids() {
			if len(n.kids()) > n.min && try(func() { k.dropped = true }, func() { k.dropped = false }) {
				done = true
			}
		}
	}
	if n.typ == "" {
		return done
	}
	replace := func(with *node) bool {
		return try(func() { n.as = with }, func() { n.as = nil })
	}
	for _, s := range simplest[n.typ] {
		if replace(lit(s)) {
			return true
		}
	}
	var below []*node
	for _, k := range n.kids() {
		k.walk(func(d *node) {
			if d.typ == n.typ && d.as == nil {
				below = append(below, d)
			}
		})
	}
	for _, d := range below {
		if replace(d) {
			return true
		}
	}
	return done
}
