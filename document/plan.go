package document

import (
	"bytes"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// plan is how a query finds its documents.
type plan struct {
	c      *compiled
	filter *match.Filter
	order  []sortField
	access *access // nil: the collection itself, in the order of ids
	union  []branch
	spans  []span // of the index or the collection
	back   bool   // from the last to the first
	sorted bool   // that gives the order that is asked for
}

// sortField is a field of an order.
type sortField struct {
	path doc.Path
	desc bool
}

// probeEntries is how many entries of an index are counted to compare indexes.
const probeEntries = 200

// Costs, in documents that are looked at.
const (
	costScan   = 2_000_000 // of a collection of unknown size
	costMany   = 1_000_000 // of an index with more entries than were counted, over its fields
	costLucky  = 20        // looked at for each that a filter lets through, where an index gives the order
	costSorted = 1.5       // of what must be sorted, over what need not
)

// plan chooses by cost among the ways to find what a filter asks for. Need is how many
// documents are asked for.
func (s *Store) plan(tx *txn.Tx, c *compiled, f *match.Filter, order []sortField, need int) (*plan, error) {
	list := s.plans(c, f, order)
	if len(list) == 1 {
		return list[0], nil
	}
	conds := len(conjuncts(f.Root(), nil))
	chosen, best := list[0], float64(costScan)
	if chosen.sorted && conds == 0 {
		best = float64(need)
	}
	for _, p := range list[1:] {
		cost := float64(0)
		if len(list) > 2 || best < costScan { // else it is better than all documents, whatever it costs
			var err error
			if cost, err = s.planCost(tx, p, conds > 0, need); err != nil {
				return nil, err
			}
		}
		if cost < best {
			chosen, best = p, cost
		}
	}
	return chosen, nil
}

// plans are the ways to find what a filter asks for: the ids that it names, or else the
// collection, each index, and several indexes for what $or has.
func (s *Store) plans(c *compiled, f *match.Filter, order []sortField) []*plan {
	conds := conjuncts(f.Root(), nil)
	p := &plan{c: c, filter: f, order: order}
	var byID bool
	p.spans, byID = s.idSpans(c, conds)
	p.sorted, p.back = orderedByID(order)
	list := []*plan{p}
	if byID || len(c.indexes) == 0 {
		return list
	}
	for _, a := range s.accesses(c, conds, order) {
		list = append(list, &plan{c: c, filter: f, order: order, access: a, spans: a.spans, sorted: a.sorted, back: a.back})
	}
	if u := s.union(c, f, conds); u != nil {
		list = append(list, &plan{c: c, filter: f, order: order, union: u})
	}
	return list
}

// planCost is what a plan costs, in documents that are looked at.
func (s *Store) planCost(tx *txn.Tx, p *plan, filtered bool, need int) (float64, error) {
	if p.union == nil {
		return s.cost(tx, p.access, len(p.order) > 0, filtered, need)
	}
	sum := float64(0)
	for _, b := range p.union {
		if b.access == nil {
			sum += float64(len(b.spans))
			continue
		}
		cost, err := s.cost(tx, b.access, true, true, need)
		if err != nil {
			return 0, err
		}
		sum += cost
	}
	return sum, nil
}

// accesses are the ways to go by an index.
func (s *Store) accesses(c *compiled, conds []*match.Node, order []sortField) (list []*access) {
	for _, x := range c.indexes {
		a := s.access(x, conds)
		if a == nil {
			a = s.whole(x, conds, order)
		}
		if a != nil {
			a.sorted, a.back = x.gives(order, a.equal)
			list = append(list, a)
		}
	}
	return list
}

// whole is all of an index, if that is worth reading for its order.
func (s *Store) whole(x *index, conds []*match.Node, order []sortField) *access {
	if len(order) == 0 || x.Building || x.partial != nil && !implies(conds, x.partial) {
		return nil
	}
	if sorted, _ := x.gives(order, 0); !sorted {
		return nil
	}
	base := appendObject(nil, s.db, x.ID)
	return &access{x: x, spans: []span{{base, keyspace.End(base)}}}
}

func (s *Store) cost(tx *txn.Tx, a *access, mustSort, filtered bool, need int) (float64, error) {
	entries := 0
	for _, sp := range a.spans {
		it := tx.Iter(txn.IterOptions{Lower: sp.lower, Upper: sp.upper})
		for entries < probeEntries && it.Next() {
			entries++
		}
		if err := it.Close(); err != nil {
			return 0, err
		}
	}
	cost := float64(entries)
	if entries == probeEntries {
		cost = costMany / float64(1+a.fields)
	}
	switch {
	case mustSort && a.sorted:
		wanted := float64(need)
		if filtered {
			wanted *= costLucky
		}
		cost = min(cost, wanted)
	case mustSort:
		cost *= costSorted
	}
	return cost, nil
}

// gives says whether an index gives an order, after fields of which each is equal to
// one value, and whether from its end.
func (x *index) gives(order []sortField, equal int) (sorted, back bool) {
	if len(order) == 0 {
		return true, false
	}
	if x.Kind == Hash || x.Multikey {
		return false, false
	}
	for from := 0; from <= equal && from+len(order) <= len(x.paths); from++ {
		same, opposite := true, true
		for i, o := range order {
			if !slices.Equal(o.path, x.paths[from+i]) {
				same, opposite = false, false
				break
			}
			if o.desc == x.Fields[from+i].Descending {
				opposite = false
			} else {
				same = false
			}
		}
		if same || opposite {
			return true, opposite
		}
	}
	return false, false
}

// orderedByID says whether the order is that of ids, which is the collection's own.
func orderedByID(order []sortField) (sorted, back bool) {
	if len(order) == 0 {
		return true, false
	}
	first := order[0]
	return len(first.path) == 1 && first.path[0] == IDField, first.desc
}

// idSpans is the collection, or the part of it that conditions on the id leave.
// Named says that the ids are given one by one.
func (s *Store) idSpans(c *compiled, conds []*match.Node) (spans []span, named bool) {
	base := appendObject(nil, s.db, c.ID)
	all := span{base, keyspace.End(base)}
	for _, n := range conds {
		if len(n.Path) != 1 || n.Path[0] != IDField {
			continue
		}
		text := n.Value.Kind() == doc.String
		at := slices.Concat(base, n.Value.Str())
		switch {
		case n.Op == match.Eq:
			return idPoints(base, []doc.Value{n.Value}), true
		case n.Op == match.In:
			return idPoints(base, n.Values), true
		case !text:
		case n.Op == match.Gt:
			all.lower = later(all.lower, append(at, 0))
		case n.Op == match.Gte:
			all.lower = later(all.lower, at)
		case n.Op == match.Lt:
			all.upper = earlier(all.upper, at)
		case n.Op == match.Lte:
			all.upper = earlier(all.upper, append(at, 0))
		case n.Op == match.Regex:
			if at = slices.Concat(base, n.Prefix()); len(n.Prefix()) > 0 {
				all.lower, all.upper = later(all.lower, at), earlier(all.upper, keyspace.End(at))
			}
		case n.Op == match.StartsWith && len(n.Value.Str()) > 0:
			all.lower, all.upper = later(all.lower, at), earlier(all.upper, keyspace.End(at))
		}
	}
	if all.upper != nil && bytes.Compare(all.lower, all.upper) >= 0 {
		return nil, true // nothing
	}
	return []span{all}, false
}

func idPoints(base []byte, values []doc.Value) []span {
	var spans []span
	for _, v := range values {
		if v.Kind() == doc.String {
			key := slices.Concat(base, v.Str())
			spans = append(spans, span{key, append(bytes.Clone(key), 0)})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return bytes.Compare(a.lower, b.lower) })
	return slices.CompactFunc(spans, func(a, b span) bool { return bytes.Equal(a.lower, b.lower) })
}

// Explain says how a query is answered.
type Explain struct {
	Plan     string `json:"plan"`            // id, index, union or collection
	Index    string `json:"index,omitempty"` // its name, or the names for union
	Fields   int    `json:"fields_bound"`    // of the index, by the filter
	Ranges   int    `json:"ranges"`          // of keys that are read
	Reverse  bool   `json:"reverse"`
	Sort     string `json:"sort"` // none, index or memory
	Keys     int    `json:"keys_examined"`
	Examined int    `json:"documents_examined"`
	Returned int    `json:"documents_returned"`
}

func (p *plan) explain(byID bool) Explain {
	e := Explain{Plan: "collection", Ranges: len(p.spans), Reverse: p.back, Sort: "none"}
	switch {
	case p.union != nil:
		e.explainUnion(p.union)
	case p.access != nil:
		e.Plan, e.Index, e.Fields = "index", p.access.x.Name, p.access.fields
	case byID:
		e.Plan = "id"
	}
	switch {
	case len(p.order) > 0 && p.sorted:
		e.Sort = "index"
	case len(p.order) > 0:
		e.Sort = "memory"
	}
	return e
}
