package document

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/document/match"
)

// branch is one of the conditions of an $or with a way to what it asks for.
type branch struct {
	cond   *match.Node
	access *access // nil: ids that it names
	spans  []span
}

// union finds an index for each condition of an $or, nil where one has none. A document is
// taken by the first condition that holds for it: an index may give others too (an empty
// array is kept as null is), which another condition may hold for.
func (s *Store) union(c *compiled, f *match.Filter, conds []*match.Node) (best []branch) {
	if f.HasExpr() {
		return nil
	}
	for i, or := range conds {
		if or.Op != match.Or || len(or.Children) < 2 {
			continue
		}
		others := slices.Delete(slices.Clone(conds), i, i+1)
		var list []branch
		for _, n := range or.Children {
			b, ok := s.branch(c, n, append(conjuncts(n, nil), others...))
			if !ok {
				list = nil
				break
			}
			list = append(list, b)
		}
		if list != nil && (best == nil || len(list) < len(best)) {
			best = list
		}
	}
	return best
}

// branch takes the index of which conditions bound the most fields.
func (s *Store) branch(c *compiled, n *match.Node, conds []*match.Node) (branch, bool) {
	b := branch{cond: n}
	if spans, byID := s.idSpans(c, conds); byID {
		b.spans = spans
		return b, true
	}
	for _, x := range c.indexes {
		if a := s.access(x, conds); a != nil && (b.access == nil || a.fields > b.access.fields) {
			b.access, b.spans = a, a.spans
		}
	}
	return b, b.access != nil
}

func (e *Explain) explainUnion(list []branch) {
	e.Plan, e.Ranges = "union", 0
	var names []string
	for _, b := range list {
		e.Ranges += len(b.spans)
		name := IDField
		if b.access != nil {
			name = b.access.x.Name
			e.Fields = max(e.Fields, b.access.fields)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	e.Index = strings.Join(names, ", ")
}

// eachOfUnion is each for a plan of several indexes.
func (f *finder) eachOfUnion(fn func(*candidate) (bool, error)) error {
	whole := f.plan
	defer func() { f.plan = whole }()
	for i, b := range whole.union {
		f.plan = &plan{c: whole.c, filter: whole.filter, order: whole.order, access: b.access, spans: b.spans}
		for _, sp := range b.spans {
			on, err := f.span(sp, func(k *candidate) (bool, error) {
				holds := func(b branch) bool { return b.cond.Holds(k.d.Value) }
				if slices.IndexFunc(whole.union, holds) != i {
					return true, nil
				}
				return fn(k)
			})
			if err != nil || !on {
				return err
			}
		}
	}
	return nil
}
