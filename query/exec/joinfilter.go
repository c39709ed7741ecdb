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

// offerKeys gives the scan that is the left side of a join the keys of the right side, where
// rows without a match do not come out.
func offerKeys(left Operator, n *plan.HashJoin, keys *keyTable) {
	switch n.Kind {
	case plan.Inner, plan.Right, plan.Semi, plan.RightSemi, plan.RightAnti:
	default:
		return
	}
	if keys.mode != keyInt || n.NullSafe != nil {
		return
	}
	slot, ok := n.LeftKeys[0].(*plan.Slot)
	if !ok {
		return
	}
	if s, ok := unwrap(left).(*scan); ok && slot.Index < len(s.n.Cols) && s.n.Limit == 0 {
		s.joins = append(s.joins, scanFilter{newKeyFilter(keys.ints, keys.null), slot.Index})
	}
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
