package exec

import (
	"context"

	"github.com/cespare/xxhash/v2"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// aggSpill is what a hash aggregate does past its budget: the groups that there
// are stay in memory and take their rows; rows of other groups go to files by the hash of
// their key, and the files are aggregated one after the other when the input has
// ended. A file that does not fit is cut again by other bits of the hash.
type aggSpill struct {
	a     *aggregate
	parts []*aggPart // for each set, fanout of them: being written
	queue []*aggPart // waiting to be read
	level int
	types []sqltype.Type
}

// aggPart is set-aside rows of one grouping set.
type aggPart struct {
	set   int
	level int
	f     *spillFile
}

const (
	spillFanout = 16
	spillBits   = 4
	maxSpill    = 12 // levels; beyond, memory is used all the same
)

func newAggSpill(a *aggregate) *aggSpill {
	s := &aggSpill{a: a, types: append([]sqltype.Type(nil), typesOf(a.n.Input.Fields())...)}
	s.parts = make([]*aggPart, len(a.sets)*spillFanout)
	return s
}

// divert assigns the rows whose groups are in memory and writes the others away.
// It returns the rows that were assigned.
func (s *aggSpill) divert(set int, g *groupSet, b *vec.Batch, vals []*vec.Vector, groups []int32) ([]int32, error) {
	if g.table == nil {
		g.assign(b, b.Sel, vals, groups)
		return b.Sel, nil
	}
	keys := make([]*vec.Vector, len(g.keys))
	for i, k := range g.keys {
		keys[i] = vals[k]
	}
	g.table.lookup(keys, b.Len, b.Sel, groups)
	sel := make([]int32, 0, b.Rows())
	for _, i := range live(b) {
		if groups[i] >= 0 {
			sel = append(sel, i)
			continue
		}
		g.table.buf = g.table.appendKey(g.table.buf[:0], keys, int(i))
		h := xxhash.Sum64(g.table.buf) >> (spillBits * uint(s.level)) % spillFanout
		p := &s.parts[set*spillFanout+int(h)]
		if *p == nil {
			f, err := newSpillFile(s.a.c, s.types)
			if err != nil {
				return nil, err
			}
			*p = &aggPart{set: set, level: s.level + 1, f: f}
		}
		if err := (*p).f.add(nil, b.Cols, int(i)); err != nil {
			return nil, err
		}
	}
	return sel, nil
}

// finish ends what is in memory; the files that were written wait in the queue.
func (s *aggSpill) finish() error {
	for i, p := range s.parts {
		if p != nil {
			s.queue = append(s.queue, p)
			s.parts[i] = nil
		}
	}
	return s.a.finish()
}

// next aggregates the next file; false where there is none.
func (s *aggSpill) next(ctx context.Context) (bool, error) {
	if len(s.queue) == 0 {
		return false, nil
	}
	p := s.queue[len(s.queue)-1]
	s.queue = s.queue[:len(s.queue)-1]
	a := s.a
	only := a.newSet(a.sets[p.set].keys)
	for i := range a.sets {
		if err := a.sets[i].close(); err != nil {
			return false, err
		}
		if i != p.set {
			a.sets[i] = &groupSet{keys: a.sets[i].keys, in: a.sets[i].in} // has been given
		}
	}
	a.sets[p.set] = only
	s.level, a.unsized, a.measure = p.level, 0, 0
	full := false
	r, err := p.f.read()
	if err != nil {
		return false, err
	}
	for {
		b, err := r.block(ctx)
		if err != nil {
			return false, err
		}
		if b == nil {
			break
		}
		if err := s.addPart(p.set, only, b, full); err != nil {
			return false, err
		}
		if a.unsized += b.Len; !full && a.unsized >= a.measure {
			fits := a.held.set(only.size())
			full = !fits && p.level < maxSpill
			a.unsized, a.measure = 0, a.c.nextMeasure(only.size(), only.n)
			if !fits {
				if err := only.shed(a.c); err != nil {
					return false, err
				}
			}
		}
	}
	if err := p.f.close(); err != nil {
		return false, err
	}
	return true, s.finish()
}

// addPart takes a batch of set-aside rows, all of one grouping set.
func (s *aggSpill) addPart(set int, g *groupSet, b *vec.Batch, full bool) (err error) {
	a := s.a
	if a.vals, err = evalAll(a.keys, b, b.Sel, a.vals); err != nil {
		return err
	}
	if err := a.args.load(b); err != nil {
		return err
	}
	if cap(a.groups) < b.Len {
		a.groups = make([]int32, b.Len)
	}
	groups, sel := a.groups[:b.Len], b.Sel
	if full {
		if sel, err = s.divert(set, g, b, a.vals, groups); err != nil {
			return err
		}
	} else {
		g.assign(b, sel, a.vals, groups)
	}
	return a.accumulate(g, b, sel, groups)
}

func (s *aggSpill) close() error {
	var first error
	for _, list := range [][]*aggPart{s.parts, s.queue} {
		for _, p := range list {
			if p == nil {
				continue
			}
			if err := p.f.close(); first == nil {
				first = err
			}
		}
	}
	s.parts, s.queue = nil, nil
	return first
}
