package are

// kind is the kind of a node.
type kind uint8

const (
	kEmpty  kind = iota
	kSet         // one character of set
	kAssert      // a constraint
	kConcat      // kids one after another
	kAlt         // one of kids
	kRepeat      // kids[0], min to max times
	kGroup       // kids[0], captured
	kBack        // the text of group n, min to max times
)

// flags of nodes: what they prefer, and what must be known of their parts.
type nodeFlags uint8

const (
	longer  nodeFlags = 1 << iota // prefers a long match
	shorter                       // prefers a short one
	mixed                         // parts prefer differently
	hasGroup
	hasBack
	messy = mixed | hasGroup | hasBack
	pref  = longer | shorter
)

// up gives what a node passes on to the one around it.
func up(f nodeFlags) nodeFlags {
	out := f &^ pref
	if f&pref == pref {
		out |= mixed
	}
	return out
}

// combine gives the flags of f followed by g: the first preference counts.
func combine(f, g nodeFlags) nodeFlags {
	p := f & pref
	if p == 0 {
		p = g & pref
	}
	return up(f|g) | p
}

const inf = -1 // max of an unbounded repetition

// node is a part of an expression. Those that are not messy are leaves to the matcher,
// whatever they hold: only their automaton matters.
type node struct {
	kind     kind
	flags    nodeFlags
	kids     []*node
	set      *set
	min, max int
	n        int // of a group, a back reference or a look-behind constraint
	assert   assertion
	id       int // numbers the nodes that have programs
	prog     []inst
}

// assertion is the kind of a constraint.
type assertion uint8

const (
	aLineBegin assertion = iota // ^
	aLineEnd                    // $
	aBegin                      // \A
	aEnd                        // \Z
	aWordBegin                  // \m
	aWordEnd                    // \M
	aBoundary                   // \y
	aInside                     // \Y
	aAhead                      // (?=…)
	aNotAhead                   // (?!…)
	aBehind                     // (?<=…)
	aNotBehind                  // (?<!…)
)

func (n *node) prefersShort() bool { return n.flags&shorter != 0 }
