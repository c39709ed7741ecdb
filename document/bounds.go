package document

import (
	"bytes"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
)

// stringEnd is how many bytes end the key of a string.
const stringEnd = 2

// maxSpans bounds the pieces of an index that one query reads.
const maxSpans = 10_000

// span is a piece of an index: the keys in [lower, upper).
type span struct{ lower, upper []byte }

// access is a way through an index: pieces in the order of its keys, without overlap.
type access struct {
	x      *index
	spans  []span
	fields int  // of the index that the filter bounds
	equal  int  // of these, those that are equal to one value
	sorted bool // the index gives the order that is asked for
	back   bool // from its end
}

// conjuncts are the conditions of a filter that all must hold.
func conjuncts(n *match.Node, list []*match.Node) []*match.Node {
	if n.Op == match.And {
		for _, c := range n.Children {
			list = conjuncts(c, list)
		}
		return list
	}
	return append(list, n)
}

// piece is a range of the values of one field, in the form of keys of that field.
type piece struct {
	lower, upper []byte // of [lower, upper)
	point        bool   // it is one value
}

// pieces are the values of field i of an index for which the conditions on it may
// hold, nil where there is none. Where an array may be in the field, only one
// condition counts: others may hold by another element.
func (x *index) pieces(i int, conds []*match.Node) []piece {
	var best []piece
	for _, n := range conds {
		p := x.piecesOf(i, n)
		switch {
		case p == nil:
		case best == nil:
			best = p
		case x.Multikey:
			if len(p) == 1 && p[0].point {
				best = p
			}
		default:
			best = intersect(best, p)
		}
	}
	return best
}

// piecesOf are the values for which one condition may hold, nil where it cannot say.
func (x *index) piecesOf(i int, n *match.Node) []piece {
	switch n.Op {
	case match.Or:
		return x.anyOf(i, n.Children)
	case match.And:
		return x.pieces(i, n.Children)
	}
	if !slices.Equal(n.Path, x.paths[i]) {
		return nil
	}
	switch n.Op {
	case match.Type:
		return x.ofKinds(i, n)
	case match.Eq:
		return x.points(i, []doc.Value{n.Value})
	case match.In:
		return x.points(i, n.Values)
	case match.Gt, match.Gte, match.Lt, match.Lte:
		return x.bracket(i, n)
	case match.StartsWith:
		return x.prefix(i, n.Value.Str())
	case match.Regex:
		if p := n.Prefix(); len(p) > 0 {
			return x.prefix(i, p)
		}
	}
	return nil
}

// anyOf are the values for which one of several conditions may hold: each of them must
// be about the field.
func (x *index) anyOf(i int, list []*match.Node) []piece {
	all := []piece{}
	for _, n := range list {
		p := x.piecesOf(i, n)
		if p == nil || len(all)+len(p) > maxSpans {
			return nil
		}
		all = append(all, p...)
	}
	slices.SortFunc(all, func(a, b piece) int { return bytes.Compare(a.lower, b.lower) })
	out := all[:0]
	for _, p := range all {
		k := len(out) - 1
		switch {
		case k < 0 || before(out[k].upper, p.lower) || bytes.Equal(out[k].upper, p.lower):
			out = append(out, p)
		case p.point && bytes.Equal(out[k].lower, p.lower) && bytes.Equal(out[k].upper, p.upper): // the same value
		case before(out[k].upper, p.upper):
			out[k].upper, out[k].point = p.upper, false
		}
	}
	return out
}

// ofKinds are all values of some kinds. An array is in an index by its elements.
func (x *index) ofKinds(i int, n *match.Node) []piece {
	if x.Kind == Hash {
		return nil
	}
	out := []piece{}
	for kind := doc.Null; kind <= doc.Bool; kind++ {
		switch {
		case !n.HasKind(kind):
		case kind == doc.Array && x.Multikey, kind == doc.Null:
			return nil
		case kind == doc.Array: // there is none
		case x.Fields[i].Descending:
			out = append(out, piece{lower: []byte{^byte(kind)}, upper: []byte{^byte(kind) + 1}})
		default:
			out = append(out, piece{lower: []byte{byte(kind)}, upper: []byte{byte(kind) + 1}})
		}
	}
	slices.SortFunc(out, func(a, b piece) int { return bytes.Compare(a.lower, b.lower) })
	return out
}

// points takes values that are not arrays, which are indexed by their elements.
func (x *index) points(i int, values []doc.Value) []piece {
	if len(values) > maxSpans {
		return nil
	}
	out := make([]piece, 0, len(values))
	for _, v := range values {
		if v.Kind() == doc.Array {
			return nil
		}
		key := x.appendValue(nil, i, v)
		out = append(out, piece{lower: key, upper: keyspace.End(key), point: true})
	}
	slices.SortFunc(out, func(a, b piece) int { return bytes.Compare(a.lower, b.lower) })
	return slices.CompactFunc(out, func(a, b piece) bool { return bytes.Equal(a.lower, b.lower) })
}

// bracket is the range of a comparison: within the kind of its value.
func (x *index) bracket(i int, n *match.Node) []piece {
	kind := n.Value.Kind()
	if x.Kind == Hash || kind == doc.Array || kind == doc.Object {
		return nil
	}
	if kind == doc.Null {
		if n.Op == match.Gt || n.Op == match.Lt {
			return nil
		}
		return x.points(i, []doc.Value{n.Value})
	}
	desc := x.Fields[i].Descending
	key := x.appendValue(nil, i, n.Value)
	first, last := []byte{byte(kind)}, []byte{byte(kind) + 1}
	if desc {
		first, last = []byte{^byte(kind)}, []byte{^byte(kind) + 1}
	}
	after := keyspace.End(key)
	greater := n.Op == match.Gt || n.Op == match.Gte
	if greater != desc { // the piece is behind the value
		if n.Op == match.Gte || n.Op == match.Lte {
			return []piece{{lower: key, upper: last}}
		}
		return []piece{{lower: after, upper: last}}
	}
	if n.Op == match.Gte || n.Op == match.Lte {
		return []piece{{lower: first, upper: after}}
	}
	return []piece{{lower: first, upper: key}}
}

// prefix is the range of the strings that begin with a text.
func (x *index) prefix(i int, text []byte) []piece {
	if x.Kind == Hash {
		return nil
	}
	key := doc.AppendKey(nil, doc.Of(doc.AppendString(nil, text)))
	key = key[:len(key)-stringEnd]
	if x.Fields[i].Descending {
		enc.Invert(key, 0)
	}
	return []piece{{lower: key, upper: keyspace.End(key)}}
}

// intersect keeps what both lists have. Both are in order, without overlap.
func intersect(a, b []piece) []piece {
	out := []piece{}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		p := piece{lower: later(a[i].lower, b[j].lower), upper: earlier(a[i].upper, b[j].upper), point: a[i].point || b[j].point}
		if p.upper == nil || bytes.Compare(p.lower, p.upper) < 0 {
			out = append(out, p)
		}
		if before(a[i].upper, b[j].upper) {
			i++
		} else {
			j++
		}
	}
	return out
}

func later(a, b []byte) []byte {
	if bytes.Compare(a, b) > 0 {
		return a
	}
	return b
}

// before compares upper bounds, of which nil is the last.
func before(a, b []byte) bool { return a != nil && (b == nil || bytes.Compare(a, b) < 0) }

func earlier(a, b []byte) []byte {
	if before(b, a) {
		return b
	}
	return a
}

// access makes the pieces of an index for which the conditions may hold, nil where
// they do not bound its first field.
func (s *Store) access(x *index, conds []*match.Node) *access {
	if x.Building || x.partial != nil && !implies(conds, x.partial) {
		return nil
	}
	base := appendObject(nil, s.db, x.ID)
	if x.Kind == Hash {
		return s.hashAccess(x, conds, base)
	}
	a := &access{x: x}
	prefixes := [][]byte{base}
	for i := range x.paths {
		if x.Multikey && i > 0 {
			break // which field has the array is not known
		}
		pieces := x.pieces(i, conds)
		if pieces == nil || len(pieces)*len(prefixes) > maxSpans {
			break
		}
		points := !slices.ContainsFunc(pieces, func(p piece) bool { return !p.point })
		a.spans = a.spans[:0]
		var next [][]byte
		for _, prefix := range prefixes {
			for _, p := range pieces {
				sp := span{lower: slices.Concat(prefix, p.lower), upper: keyspace.End(prefix)}
				if p.upper != nil {
					sp.upper = slices.Concat(prefix, p.upper)
				}
				a.spans = append(a.spans, sp)
				next = append(next, sp.lower)
			}
		}
		a.fields++
		if !points {
			return a
		}
		if len(pieces) == 1 && a.equal == i {
			a.equal++
		}
		prefixes = next
	}
	if a.fields == 0 {
		return nil
	}
	return a
}

// hashAccess needs one value for each field.
func (s *Store) hashAccess(x *index, conds []*match.Node, base []byte) *access {
	keys := [][]byte{nil}
	for i := range x.paths {
		pieces := x.pieces(i, conds)
		if pieces == nil || len(pieces)*len(keys) > maxSpans || x.Multikey && i > 0 {
			return nil
		}
		var next [][]byte
		for _, k := range keys {
			for _, p := range pieces {
				next = append(next, slices.Concat(k, p.lower))
			}
		}
		keys = next
	}
	a := &access{x: x, fields: len(x.paths)}
	for _, k := range keys {
		lower := enc.AppendUint(slices.Clone(base), xxhash.Sum64(k))
		a.spans = append(a.spans, span{lower, keyspace.End(lower)})
	}
	slices.SortFunc(a.spans, func(p, q span) int { return bytes.Compare(p.lower, q.lower) })
	a.spans = slices.CompactFunc(a.spans, func(p, q span) bool { return bytes.Equal(p.lower, q.lower) })
	return a
}

// implies says whether conditions that all hold make a filter hold.
func implies(conds []*match.Node, f *match.Filter) bool {
	for _, want := range conjuncts(f.Root(), nil) {
		if !slices.ContainsFunc(conds, func(n *match.Node) bool { return impliesNode(n, want) }) {
			return false
		}
	}
	return true
}

func impliesNode(n, want *match.Node) bool {
	one := func(c *match.Node) bool { return impliesNode(c, want) }
	switch {
	case n.Op == match.Or:
		return len(n.Children) > 0 && !slices.ContainsFunc(n.Children, func(c *match.Node) bool { return !one(c) })
	case n.Op == match.And:
		return slices.ContainsFunc(n.Children, one)
	case want.Op == match.Or:
		return slices.ContainsFunc(want.Children, func(w *match.Node) bool { return impliesNode(n, w) })
	case want.Op == match.And:
		return len(want.Children) > 0 && !slices.ContainsFunc(want.Children, func(w *match.Node) bool { return !impliesNode(n, w) })
	}
	if !slices.Equal(n.Path, want.Path) || len(want.Path) == 0 {
		return false
	}
	switch want.Op {
	case match.Exists:
		return n.Op == match.Exists || n.Op == match.Eq && n.Value.Kind() != doc.Null ||
			(n.Op == match.Gt || n.Op == match.Gte || n.Op == match.Lt || n.Op == match.Lte) && n.Value.Kind() != doc.Null ||
			n.Op == match.StartsWith || n.Op == match.Regex || n.Op == match.Type && !n.HasKind(doc.Null) ||
			n.Op == match.In && len(n.Values) > 0 && !slices.ContainsFunc(n.Values, func(v doc.Value) bool { return v.Kind() == doc.Null })
	case match.Eq:
		return n.Op == match.Eq && doc.Equal(n.Value, want.Value)
	case match.In:
		among := func(v doc.Value) bool {
			return slices.ContainsFunc(want.Values, func(w doc.Value) bool { return doc.Equal(v, w) })
		}
		return n.Op == match.Eq && among(n.Value) ||
			n.Op == match.In && len(n.Values) > 0 && !slices.ContainsFunc(n.Values, func(v doc.Value) bool { return !among(v) })
	case match.Type:
		return n.Op == match.Type && n.KindsWithin(want)
	case match.Gt, match.Gte, match.Lt, match.Lte:
		return impliesRange(n, want)
	}
	return false
}

func impliesRange(n, want *match.Node) bool {
	if n.Value.Kind() != want.Value.Kind() || n.Value.Kind() == doc.Array || n.Value.Kind() == doc.Null {
		return false
	}
	c := doc.Compare(n.Value, want.Value)
	switch want.Op {
	case match.Gt:
		return c > 0 && (n.Op == match.Eq || n.Op == match.Gte || n.Op == match.Gt) || c == 0 && n.Op == match.Gt
	case match.Gte:
		return c >= 0 && (n.Op == match.Eq || n.Op == match.Gte || n.Op == match.Gt)
	case match.Lt:
		return c < 0 && (n.Op == match.Eq || n.Op == match.Lte || n.Op == match.Lt) || c == 0 && n.Op == match.Lt
	}
	return c <= 0 && (n.Op == match.Eq || n.Op == match.Lte || n.Op == match.Lt)
}
