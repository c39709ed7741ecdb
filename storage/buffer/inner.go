package buffer

import (
	"bytes"
	"slices"
)

// inner is an immutable node: kids[i], or leaves[i], holds the keys in
// [fences[i-1], fences[i]). A fence is where the leaf of that address begins, so those of
// a lowest node are its leaves but the first.
type inner struct {
	skip   int
	prefix []byte
	heads  []uint64
	fences []addr
	kids   []*inner // or
	leaves []addr
}

const innerKids = 64

// innerBytes is about what a leaf takes in the nodes above it.
const innerBytes = 32

// lowest returns the node above some leaves.
func (t *tree) lowest(leaves []addr) *inner { return t.newInner(leaves[1:], nil, leaves) }

// newInner returns a node. The prefix is a copy, since nodes are made of it that are there
// when the leaf is not any more.
func (t *tree) newInner(fences []addr, kids []*inner, leaves []addr) *inner {
	n := &inner{fences: fences, kids: kids, leaves: leaves}
	if len(fences) == 0 {
		return n
	}
	first := t.s.fence(fences[0])
	n.skip = commonPrefix(first, t.s.fence(fences[len(fences)-1]))
	n.prefix = bytes.Clone(first[:n.skip])
	n.heads = make([]uint64, len(fences))
	for i, f := range fences {
		n.heads[i] = word(t.s.fence(f), n.skip)
	}
	return n
}

// grown returns n with these children, where fences has a new one at place i. The
// other fences are not looked at where they need not be.
func (t *tree) grown(n *inner, i int, fences []addr, kids []*inner, leaves []addr) *inner {
	key := t.s.fence(fences[i])
	if len(n.fences) == 0 || sideOf(key, n.prefix) != 0 {
		return t.newInner(fences, kids, leaves)
	}
	return &inner{fences: fences, kids: kids, leaves: leaves, skip: n.skip, prefix: n.prefix, heads: with(n.heads, i, word(key, n.skip))}
}

// child returns which child holds key: the number of fences at or before it, or
// with under, the number of fences before it, which leads to the keys under key.
func (n *inner) child(s *slabs, key []byte, under bool) int {
	if c := sideOf(key, n.prefix); c < 0 {
		return 0
	} else if c > 0 {
		return len(n.fences)
	}
	w := word(key, n.skip)
	lo, hi := 0, len(n.heads)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		before := n.heads[m] < w
		if n.heads[m] == w {
			c := bytes.Compare(s.fence(n.fences[m]), key)
			before = c < 0 || (c == 0 && !under)
		}
		if before {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// post enters a leaf into the inner nodes.
func (t *tree) post(right addr) {
	root, sibling, up := t.postUnder(t.root.Load(), right)
	if sibling != nil {
		root = t.newInner([]addr{up}, []*inner{root, sibling}, nil)
	}
	t.root.Store(root)
}

func (t *tree) postUnder(n *inner, right addr) (left, sibling *inner, up addr) {
	i := n.child(t.s, t.s.fence(right), false)
	fences, kids, leaves := n.fences, n.kids, n.leaves
	if leaves != nil {
		leaves = with(leaves, i+1, right)
		fences = leaves[1:]
	} else {
		kid, sib, up := t.postUnder(kids[i], right)
		if sib == nil {
			same := *n
			same.kids = replaced(kids, i, kid)
			return &same, nil, 0
		}
		fences, kids = with(fences, i, up), with(kids, i+1, sib)
		kids[i] = kid
	}
	if len(fences) < innerKids {
		return t.grown(n, i, fences, kids, leaves), nil, 0
	}
	m := len(fences) / 2
	if i == len(fences)-1 {
		m = len(fences) - 2 // ascending keys
	}
	if leaves != nil {
		return t.lowest(leaves[: m+1 : m+1]), t.lowest(leaves[m+1:]), fences[m]
	}
	return t.newInner(fences[:m:m], kids[:m+1:m+1], nil), t.newInner(fences[m+1:], kids[m+1:], nil), fences[m]
}

// drop returns n without a leaf, nil where nothing is left. Where that was its first
// leaf, the rest begins where low does.
func (t *tree) drop(n *inner, leaf addr) (rest *inner, low addr) {
	i := n.child(t.s, t.s.fence(leaf), false)
	if n.leaves != nil {
		return t.dropChild(n, i)
	}
	kid, low := t.drop(n.kids[i], leaf)
	if kid == nil {
		return t.dropChild(n, i)
	}
	fences := n.fences
	if low != 0 && i > 0 {
		fences, low = replaced(fences, i-1, low), 0
	}
	return t.newInner(fences, replaced(n.kids, i, kid), nil), low
}

// dropChild returns n without its child i, as drop does.
func (t *tree) dropChild(n *inner, i int) (rest *inner, low addr) {
	if len(n.fences) == 0 {
		return nil, 0
	}
	if i == 0 {
		low = n.fences[0]
	}
	if n.leaves != nil {
		return t.lowest(without(n.leaves, i)), low
	}
	return t.newInner(without(n.fences, max(i-1, 0)), without(n.kids, i), nil), low
}

// reindex makes all inner nodes anew.
func (t *tree) reindex() {
	n := t.root.Load()
	for n.leaves == nil {
		n = n.kids[0]
	}
	var leaves []addr
	for l := n.leaves[0]; l != 0; l = t.s.page(l).next {
		leaves = append(leaves, l)
	}
	kids, fences := level(leaves, leaves[1:], func(_, l []addr) *inner { return t.lowest(l) })
	for len(kids) > 1 {
		kids, fences = level(kids, fences, func(f []addr, k []*inner) *inner { return t.newInner(f, k, nil) })
	}
	t.root.Store(kids[0])
}

// level groups children, between which fences lie, into inner nodes.
func level[T any](below []T, fences []addr, node func([]addr, []T) *inner) (nodes []*inner, between []addr) {
	const kids = innerKids * 3 / 4
	groups := (len(below) + kids - 1) / kids
	for g := range groups {
		from, to := len(below)*g/groups, len(below)*(g+1)/groups
		nodes = append(nodes, node(slices.Clone(fences[from:to-1]), slices.Clone(below[from:to])))
		if to < len(below) {
			between = append(between, fences[to-1])
		}
	}
	return nodes, between
}

// with returns a copy of s that has x at place i.
func with[T any](s []T, i int, x T) []T {
	out := make([]T, len(s)+1)
	copy(out, s[:i])
	out[i] = x
	copy(out[i+1:], s[i:])
	return out
}

func replaced[T any](s []T, i int, x T) []T {
	out := append([]T(nil), s...)
	out[i] = x
	return out
}

func without[T any](s []T, i int) []T {
	return append(append(make([]T, 0, len(s)-1), s[:i]...), s[i+1:]...)
}
