// Package match is the filter language of documents: MongoDB's, with its operators
// on fields, arrays and logic.
//
// It promises that a filter means what MongoDB's manual says: a predicate on a path
// holds if it holds for any value that the path leads to through arrays, or for any
// element of an array that it leads to; values compare only with their own kind;
// null is equal to what is missing; and $ne, $nin, $not and $nor are the negations of
// the rest. What it does not know it refuses by name: no part of a filter is ever
// passed over. $expr holds if its expression, of document/expr, is true.
//
// A Filter never changes and is safe for concurrent use. The operators are those of
// the table in compile.go.
package match

import (
	"bytes"
	"math"
	"regexp"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
)

// Op is what a Node does.
type Op uint8

// The operators. $ne, $nin and $nor are Not of another.
const (
	And        Op = iota // Children all hold
	Or                   // one of Children holds
	Not                  // Children[0] does not hold
	Eq                   // equal to Value
	Gt                   // of Value's kind, and greater
	Gte                  //
	Lt                   //
	Lte                  //
	In                   // equal to one of Values
	Exists               // there, whatever it is
	Type                 // of one of the kinds
	Regex                // a string that the expression is found in
	Contains             // a string with Value in it, or an array with an element equal to Value
	StartsWith           // a string that begins with Value
	EndsWith             // a string that ends with Value
	Mod                  // a number whose remainder by Divisor is Remainder
	Size                 // an array of so many elements
	ElemMatch            // an array with an element for which Children[0] holds
	Expr                 // an expression is true
	Bits                 // a number with bits that are set or clear
	numOps
)

// Node is one condition. It must not be changed.
type Node struct {
	Op       Op
	Path     doc.Path // of the value that it is about; empty within $elemMatch on values
	Value    doc.Value
	Values   []doc.Value
	Children []*Node
	Pattern  *regexp.Regexp

	prefix    []byte              // of Regex
	set       map[string]struct{} // keys of Values, where there are many
	kinds     uint32              // of Type, bits of typeBit
	divisor   int64
	remainder int64
	mask      uint64
	size      int
	expr      expr.Expr
	vars      []expr.Binding // of expr
	bound     bool           // conditions that follow from expr stand beside it
	implied   bool           // it is such a condition, for the sake of indexes
}

// Filter is a compiled filter.
type Filter struct {
	root  *Node
	exprs bool // it has an Expr
	text  []byte
}

// Source is what the filter was compiled from, nil of one that was put together.
func (f *Filter) Source() []byte { return f.text }

// Root is the filter as a tree: an And whose children all must hold.
func (f *Filter) Root() *Node { return f.root }

// Match says whether the filter holds for a document. It is for filters that have no
// $expr: where the expression of one fails, Match says no, and Test says why.
func (f *Filter) Match(v doc.Value) bool {
	ok, err := f.Test(v)
	return ok && err == nil
}

// Test says whether the filter holds for a document. An error is of a document that
// the expression of a $expr does not allow.
func (f *Filter) Test(v doc.Value) (bool, error) {
	if !f.exprs {
		return f.root.holds(v, nil), nil
	}
	w := walk{at: found}
	ok := f.root.holds(v, &w)
	return ok && w.err == nil, w.err
}

// Holds says whether a condition of a filter without $expr holds for a document.
func (n *Node) Holds(v doc.Value) bool { return n.holds(v, nil) }

// MatchAt is Match that also says which element of an array made the first
// condition on an array hold, -1 where none did. It is what a positional $ means.
func (f *Filter) MatchAt(v doc.Value) (at int, ok bool) {
	w := walk{at: -1}
	ok = f.root.holds(v, &w)
	return w.at, ok && w.err == nil
}

// HasExpr says whether the filter has a $expr.
func (f *Filter) HasExpr() bool { return f.exprs }

// walk is what is learnt while a filter is held against a document.
type walk struct {
	at  int   // the element of an array that made a condition hold: -1 while none did
	err error // of the first expression that failed
}

// found is of a walk for which the element does not matter.
const found = math.MaxInt

// holds says whether n holds for the document or element v. W may be nil where no
// condition is an Expr.
func (n *Node) holds(v doc.Value, w *walk) bool {
	switch n.Op {
	case And:
		for _, c := range n.Children {
			if !c.holds(v, w) {
				return false
			}
		}
		return true
	case Or:
		for _, c := range n.Children {
			if c.holds(v, w) {
				return true
			}
		}
		return false
	case Not:
		return n.denied(v, w)
	case Expr:
		return n.evaluate(v, w)
	}
	if n.implied {
		w = nil
	}
	if len(n.Path) == 0 {
		return n.test(v)
	}
	holds := false
	v.Walk(n.Path, func(leaf doc.Value, i int) bool {
		holds = n.leaf(leaf, i, w)
		return !holds
	})
	return holds
}

// denied says that what is within a Not does not hold; no element of it counts.
func (n *Node) denied(v doc.Value, w *walk) bool {
	if w == nil {
		return !n.Children[0].holds(v, nil)
	}
	inner := walk{at: found}
	ok := n.Children[0].holds(v, &inner)
	if w.err == nil {
		w.err = inner.err
	}
	return !ok
}

func (n *Node) evaluate(v doc.Value, w *walk) bool {
	if w != nil && w.err != nil {
		return false
	}
	out, err := n.expr.Eval(&expr.Env{Root: v, Vars: slices.Clip(n.vars)})
	if err != nil {
		if w != nil {
			w.err = err
		}
		return false
	}
	return expr.Truth(out)
}

// leaf looks at a value that the path led to and, if it is an array, at its elements.
func (n *Node) leaf(leaf doc.Value, i int, w *walk) bool {
	if leaf.Kind() == doc.Array {
		if place, ok := n.element(leaf); ok {
			if i < 0 {
				i = place
			}
			w.note(i)
			return true
		}
	}
	if n.Op == ElemMatch || !n.test(leaf) {
		return false
	}
	w.note(i)
	return true
}

func (w *walk) note(i int) {
	if w != nil && w.at < 0 {
		w.at = i
	}
}

// element returns the first element of an array for which n holds.
func (n *Node) element(array doc.Value) (at int, ok bool) {
	if n.Op == Exists || n.Op == Size {
		return 0, false
	}
	array.Elements(func(i int, e doc.Value) bool {
		if n.Op == ElemMatch {
			ok = n.elemMatch(e)
		} else {
			ok = n.test(e)
		}
		at = i
		return !ok
	})
	return at, ok
}

func (n *Node) elemMatch(e doc.Value) bool {
	if n.size == elemFields && e.Kind() != doc.Object {
		return false
	}
	return n.Children[0].holds(e, nil)
}

// test looks at one value, which may be Missing.
func (n *Node) test(v doc.Value) bool {
	switch n.Op {
	case Eq:
		return equal(v, n.Value)
	case Gt, Gte, Lt, Lte:
		return n.compare(v)
	case In:
		return n.in(v)
	case Exists:
		return v.Exists()
	case Type:
		return n.kinds&typeBits(v) != 0
	case Regex:
		return v.Kind() == doc.String && n.Pattern.Match(v.Str())
	case Contains:
		return n.contains(v)
	case StartsWith:
		return v.Kind() == doc.String && bytes.HasPrefix(v.Str(), n.Value.Str())
	case EndsWith:
		return v.Kind() == doc.String && bytes.HasSuffix(v.Str(), n.Value.Str())
	case Mod:
		return n.mod(v)
	case Bits:
		return n.bits(v)
	case Size:
		return v.Kind() == doc.Array && v.Len() == n.size
	case ElemMatch:
		_, ok := n.element(v)
		return ok
	}
	return n.holds(v, nil) // logic within $elemMatch
}

func kind(v doc.Value) doc.Kind { return max(v.Kind(), doc.Null) }

func equal(a, b doc.Value) bool {
	return kind(a) == kind(b) && doc.Compare(a, b) == 0
}

func (n *Node) compare(v doc.Value) bool {
	if kind(v) != kind(n.Value) {
		return false
	}
	c := doc.Compare(v, n.Value)
	switch n.Op {
	case Gt:
		return c > 0
	case Gte:
		return c >= 0
	case Lt:
		return c < 0
	}
	return c <= 0
}

func (n *Node) in(v doc.Value) bool {
	if n.set != nil {
		var buf [128]byte
		_, ok := n.set[string(doc.AppendKey(buf[:0], v))]
		return ok
	}
	for _, want := range n.Values {
		if equal(v, want) {
			return true
		}
	}
	return false
}

func (n *Node) contains(v doc.Value) bool {
	switch v.Kind() {
	case doc.String:
		return n.Value.Kind() == doc.String && bytes.Contains(v.Str(), n.Value.Str())
	case doc.Array:
		found := false
		v.Elements(func(_ int, e doc.Value) bool {
			found = equal(e, n.Value)
			return !found
		})
		return found
	}
	return false
}

// mod takes the whole part of a number, as MongoDB does.
func (n *Node) mod(v doc.Value) bool {
	i, ok := v.Int()
	if !ok {
		f, isNumber := v.Float()
		if !isNumber || f != f || f >= 1<<63 || f < -1<<63 {
			return false
		}
		i = int64(f)
	}
	if n.divisor == -1 { // whose quotient may be out of range
		return n.remainder == 0
	}
	return i%n.divisor == n.remainder
}

// HasKind reports whether a Type condition may hold for values of a kind.
func (n *Node) HasKind(k doc.Kind) bool {
	if n.kinds&(1<<k) != 0 {
		return true
	}
	return k == doc.Number && n.kinds>>16 != 0
}

// KindsWithin says whether every kind that a Type asks for is one that another does.
func (n *Node) KindsWithin(o *Node) bool { return n.kinds&^o.kinds == 0 }

// typeBits are the names of types that v answers to.
func typeBits(v doc.Value) uint32 {
	bits := uint32(0)
	if v.Exists() {
		bits = 1 << v.Kind()
	}
	if f := v.NumberForm(); f != doc.NotNumber {
		bits |= 1 << (16 + f)
		if n, ok := v.Int(); ok && int64(int32(n)) == n {
			bits |= typeInt32
		}
	}
	return bits
}

const typeInt32 = 1 << 24
