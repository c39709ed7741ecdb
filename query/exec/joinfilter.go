package exec

import (
	"math/bits"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// keyFilter is the keys of the built side of a hash join as bits, which the scan of the
// other side asks before it reads its other columns: rows that match nothing then cost
// little. It may let rows pass that match nothing, never the other way round.
type keyFilter struct {
	least  int64
	span   uint64 // greatest key less the least
	direct bool   // bit k is key least + k; else bits are by hash
	bits   []uint64
	mask   uint64

	seen, passed int // rows
	sel          []int32
}

const (
	filterBits  = 1 << 26 // that a filter has at most
	filterTrial = 16 * vec.BatchSize
	firstTrial  = vec.BatchSize / 4
)

// newKeyFilter makes the filter of keys; null is the place of a NULL among them, or -1.
func newKeyFilter(keys []int64, null int32) *keyFilter {
	f := &keyFilter{}
	first := true
	greatest := int64(0)
	for i, k := range keys {
		if int32(i) == null {
			continue
		}
		if first || k < f.least {
			f.least = k
		}
		if first || k > greatest {
			greatest = k
		}
		first = false
	}
	if first {
		return f // no key: nothing passes
	}
	f.span = uint64(greatest) - uint64(f.least)
	n := uint64(len(keys))
	f.direct = f.span < min(max(64*n, 1<<16), filterBits)
	size := f.span + 1
	if !f.direct {
		size = uint64(1) << bits.Len64(min(16*n, filterBits)-1)
		f.mask = size - 1
	}
	f.bits = make([]uint64, (size+63)/64)
	for i, k := range keys {
		if int32(i) != null {
			b := f.bit(k)
			f.bits[b>>6] |= 1 << (b & 63)
		}
	}
	return f
}

// bit is the place of a key that is not out of range.
func (f *keyFilter) bit(k int64) uint64 {
	if f.direct {
		return uint64(k) - uint64(f.least)
	}
	// The table of the join takes the low bits of this hash.
	return sqltype.HashInt(k) >> 20 & f.mask
}

// apply narrows a batch to the rows whose key may be there.
func (f *keyFilter) apply(b *vec.Batch, col int) (some bool) {
	rows := live(b)
	sel := f.sel[:0]
	v := b.Cols[col]
	nulls, mask := v.HasNulls(), v.Mask()
	if len(f.bits) == 0 {
		rows = nil
	}
	for _, i := range rows {
		if nulls && v.IsNull(int(i)) {
			continue
		}
		k := v.I[int(i)&mask]
		if uint64(k)-uint64(f.least) > f.span {
			continue
		}
		if p := f.bit(k); f.bits[p>>6]>>(p&63)&1 != 0 {
			sel = append(sel, i)
		}
	}
	f.seen += b.Rows()
	f.passed += len(sel)
	f.sel = sel
	b.Sel = sel
	return len(sel) > 0
}

// useless reports whether so many rows pass that asking does not pay.
func (f *keyFilter) useless() bool { return f.seen > filterTrial && 4*f.passed > 3*f.seen }

// scanFilter is a keyFilter of a column of a scan.
type scanFilter struct {
	*keyFilter
	col int
}

// offerKeys gives the scans that the keys of the left side of a join come from the keys of
// the right side, where rows without a match do not come out. Of several keys each column
// is asked for by itself.
func offerKeys(left Operator, n *plan.HashJoin, keys *keyTable) {
	switch n.Kind {
	case plan.Inner, plan.Right, plan.Semi, plan.RightSemi, plan.RightAnti:
	default:
		return
	}
	if keys.mode == keyString || n.NullSafe != nil {
		return
	}
	for i, k := range n.LeftKeys {
		slot, ok := k.(*plan.Slot)
		if !ok || slot.Typ.Phys() != sqltype.PhysInt {
			continue
		}
		s, col := askedScan(left, slot.Index)
		if s == nil {
			continue
		}
		if ints, ok := keys.column(i); ok {
			s.joins = append(s.joins, scanFilter{newKeyFilter(ints, keys.null), col})
		}
	}
}

// askedScan finds the scan whose column an output of op is, if rows of the scan whose
// value nobody wants may stay away: of an aggregate, whole groups then do. nil where there
// is none. The other kinds of joins would make rows with NULL for what stays away, which the
// join that asks drops as well; they are left out because nothing is known to gain by them.
func askedScan(op Operator, slot int) (*scan, int) {
	for {
		exprs := []plan.Expr(nil)
		switch o := unwrap(op).(type) {
		case *scan:
			if slot < len(o.n.Cols) && o.n.Limit == 0 {
				return o, slot
			}
			return nil, 0
		case *project:
			if !plan.Repeatable(o.n.Exprs...) {
				return nil, 0
			}
			op, exprs = o.in, o.n.Exprs
		case *aggregate:
			if slot >= len(o.n.Keys) || !o.n.Prunable() {
				return nil, 0
			}
			op, exprs = o.in, o.n.Keys
		case *hashJoin:
			if slot >= len(o.n.Left.Fields()) || o.n.Kind != plan.Inner && o.n.Kind != plan.Left || !plan.Repeatable(o.n.Residual) {
				return nil, 0
			}
			op = o.left
			continue
		case *existsJoin:
			if o.n.Kind != plan.Semi && o.n.Kind != plan.Anti {
				return nil, 0
			}
			op = o.left
			continue
		default:
			return nil, 0
		}
		s, ok := exprs[slot].(*plan.Slot)
		if !ok {
			return nil, 0
		}
		slot = s.Index
	}
}

// column is the values of one integer column of all keys; ok is false where they are not
// known.
func (t *keyTable) column(at int) (ints []int64, ok bool) {
	if t.mode == keyInt {
		return t.ints, true
	}
	ints = make([]int64, t.n)
	for g := range ints {
		rest, err := t.at(g), error(nil)
		for _, typ := range t.types[:at] {
			if _, rest, err = sqltype.DecodeKey(typ, rest); err != nil {
				return nil, false
			}
		}
		if ints[g], _, err = sqltype.DecodeIntKey(t.types[at].ID, rest); err != nil {
			return nil, false
		}
	}
	return ints, true
}

// matched narrows the block that was read to the rows that the joins above may want.
func (s *scan) matched(read func(col int)) (some bool) {
	for i := range s.joins {
		f := &s.joins[i]
		if f.useless() {
			continue
		}
		read(f.col)
		before := s.out.Rows()
		some := f.apply(&s.out, f.col)
		s.read.unmatched(before - s.out.Rows())
		if !some {
			return false
		}
	}
	return true
}

// asksFirst reports whether the joins above are asked before the scan's own conditions are
// checked: once some blocks have shown that a join wants far fewer rows than meet them.
func (s *scan) asksFirst() bool {
	if s.eager || s.filter == nil {
		return s.eager
	}
	for i := range s.joins {
		if f := &s.joins[i]; f.seen >= firstTrial && 4*f.passed*s.checked < s.met*f.seen {
			s.eager = true
		}
	}
	return s.eager
}
