package exec

import (
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// memory counts what the operators of a run hold together.
type memory struct {
	used, peak int64
}

// budget is what they may hold.
func (c *Context) budget() int64 {
	if c.Memory <= 0 {
		return DefaultMemory
	}
	return c.Memory
}

// reserved is the part of the budget that one operator holds.
type reserved struct {
	c *Context
	n int64
}

// set changes what is held to n bytes and reports whether the run is within its
// budget with that. An operator may always hold a little, so that several of them
// make progress within a budget that one has taken.
func (r *reserved) set(n int64) bool {
	m := &r.c.mem
	m.used += n - r.n
	m.peak = max(m.peak, m.used)
	r.n = n
	return m.used <= r.c.budget() || n <= r.c.budget()/16
}

// add is set for n bytes more.
func (r *reserved) add(n int64) bool { return r.set(r.n + n) }

// drop gives back what is held.
func (r *reserved) drop() {
	if r.c != nil {
		r.set(0)
	}
}

// anyBytes is about what a value without a fixed size takes.
func anyBytes(a any) int64 {
	switch a := a.(type) {
	case nil:
		return 16
	case *sqltype.ArrayValue:
		return 80 + 120*int64(len(a.Vals))
	case *sqltype.RecordValue:
		return 80 + 120*int64(len(a.Vals))
	case *sqltype.RangeValue:
		return 280
	case *sqltype.MultirangeValue:
		return 80 + 280*int64(len(a.Ranges))
	}
	return 128
}

// RowBytes is about what the live rows of b take where they are kept.
func RowBytes(b *vec.Batch) int64 {
	rows, n := live(b), int64(0)
	for _, c := range b.Cols {
		mask := c.Mask()
		switch c.Type.Phys() {
		case sqltype.PhysString:
			n += int64(16 * len(rows))
			for _, i := range rows {
				n += int64(len(c.S[int(i)&mask]))
			}
		case sqltype.PhysInt, sqltype.PhysFloat:
			n += int64(8 * len(rows))
		case sqltype.PhysAny:
			for _, i := range rows {
				n += anyBytes(c.A[int(i)&mask])
			}
		default:
			n += int64(24 * len(rows))
		}
	}
	return n
}

// batchBytes is what a batch of kept rows holds.
func batchBytes(b *vec.Batch) (n int64) {
	for _, c := range b.Cols {
		n += c.Bytes()
	}
	return n
}
