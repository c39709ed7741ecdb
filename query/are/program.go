package are

// op is what an instruction does.
type op uint8

const (
	opSet    op = iota // takes one character of set, goes to the next instruction
	opSplit            // goes to x and y
	opAssert           // goes on where the constraint holds
	opJump             // goes to x
	opMatch
)

type inst struct {
	op   op
	x, y int32
	set  *set
	node *node // of opAssert
}

// compiler writes the automata of nodes.
type compiler struct {
	groups map[int]*node
	nodes  int
	size   int
	work   int
}

// program gives automata to a node that is matched by itself, and to its parts where
// a match of it is divided among them.
func (c *compiler) program(n *node) error {
	if c.groups == nil {
		c.groups = map[int]*node{}
	}
	w := &writer{c: c}
	if err := w.node(n); err != nil {
		return err
	}
	w.emit(inst{op: opMatch})
	n.prog, n.id = w.prog, c.nodes
	c.nodes++
	if c.size += len(n.prog); c.size > maxProgram {
		return SyntaxError("regular expression is too complex")
	}
	if n.flags&messy == 0 {
		return nil
	}
	for _, k := range n.kids {
		if k.prog == nil {
			if err := c.program(k); err != nil {
				return err
			}
		}
	}
	return nil
}

type writer struct {
	c    *compiler
	prog []inst
}

func (w *writer) emit(i inst) int {
	w.prog = append(w.prog, i)
	return len(w.prog) - 1
}

func (w *writer) here() int32 { return int32(len(w.prog)) }

func (w *writer) node(n *node) error {
	if w.c.work++; w.c.work > 4*maxProgram { // repetitions of nothing write nothing
		return SyntaxError("regular expression is too complex")
	}
	switch n.kind {
	case kSet:
		w.emit(inst{op: opSet, set: n.set})
	case kAssert:
		w.emit(inst{op: opAssert, node: n})
		if len(n.kids) > 0 && n.kids[0].prog == nil {
			return w.c.program(n.kids[0])
		}
	case kConcat:
		for _, k := range n.kids {
			if err := w.node(k); err != nil {
				return err
			}
		}
	case kAlt:
		return w.alternatives(n.kids)
	case kRepeat:
		return w.repeat(n.kids[0], n.min, n.max)
	case kGroup:
		w.c.groups[n.n] = n
		return w.node(n.kids[0])
	case kBack: // as much as the group could match; the text is compared later
		if g := w.c.groups[n.n]; g != nil {
			return w.repeat(g.kids[0], n.min, n.max)
		}
		if n.min > 0 { // of a group that is repeated no times, and never matches
			w.emit(inst{op: opSet, set: &set{}})
		}
	}
	return nil
}

func (w *writer) alternatives(kids []*node) error {
	var ends []int
	for i, k := range kids {
		split := -1
		if i < len(kids)-1 {
			split = w.emit(inst{op: opSplit, x: w.here() + 1})
		}
		if err := w.node(k); err != nil {
			return err
		}
		if split >= 0 {
			ends = append(ends, w.emit(inst{op: opJump}))
			w.prog[split].y = w.here()
		}
	}
	for _, e := range ends {
		w.prog[e].x = w.here()
	}
	return nil
}

func (w *writer) repeat(n *node, least, most int) error {
	for range least {
		if err := w.node(n); err != nil {
			return err
		}
	}
	if most == inf {
		split := w.emit(inst{op: opSplit, x: w.here() + 1})
		if err := w.node(n); err != nil {
			return err
		}
		w.emit(inst{op: opJump, x: int32(split)})
		w.prog[split].y = w.here()
		return nil
	}
	var splits []int
	for range most - least {
		splits = append(splits, w.emit(inst{op: opSplit, x: w.here() + 1}))
		if err := w.node(n); err != nil {
			return err
		}
	}
	for _, s := range splits {
		w.prog[s].y = w.here()
	}
	return nil
}
