package exec

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

// drop gives back what is held.
func (r *reserved) drop() {
	if r.c != nil {
		r.set(0)
	}
}
