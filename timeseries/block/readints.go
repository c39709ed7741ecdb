package block

import "slices"

// readInts appends n integers that appendInts wrote and leaves r behind them.
func (c *coder) readInts(dst []int64, n int, r *reader) ([]int64, error) {
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	v := dst[start:]
	unit, first := uint64(1), int64(0)
	method := r.byte()
	if method == 0xff {
		unit, first, method = r.uvarint(), r.varint(), r.byte()
	}
	if err := c.readForm(v, method, r); err != nil {
		return nil, err
	}
	if unit != 1 {
		for i, x := range v {
			v[i] = first + int64(unit)*x
		}
	}
	return dst, nil
}

func (c *coder) readForm(v []int64, method byte, r *reader) error {
	t, coded := transform(method&0x0f), coding(method>>4)
	var centre int64
	var heads [2]int64
	c.dict = c.dict[:0]
	switch t {
	case plain, delta, deltas:
		centre = r.varint()
		for i := range min(int(t), len(v)) {
			heads[i] = r.varint()
		}
	case dictioned:
		prev := int64(0)
		for range int(r.byte()) + 1 {
			prev += r.varint()
			c.dict = append(c.dict, prev)
		}
	default:
		return corrupt("has integers by transform %d", t)
	}
	left := len(v)
	if t == delta || t == deltas {
		left = max(0, left-int(t))
	}
	u := slices.Grow(c.left[:0], left)[:left]
	c.left = u
	if err := c.readResiduals(u, coded, t == dictioned, r); err != nil {
		return err
	}
	if r.bad {
		return corrupt("is cut short")
	}
	return c.restore(v, u, t, centre, heads)
}

func (c *coder) readResiduals(u []uint64, coded coding, ranks bool, r *reader) error {
	switch coded {
	case zeros:
		clear(u)
		return nil
	case packed:
		rest, ok := readPacked(u, r.b)
		if !ok {
			return corrupt("has packed integers that are cut short")
		}
		r.b = rest
		return nil
	case runs:
		for at := 0; at < len(u); {
			x, n := r.uvarint(), r.uvarint()
			if n == 0 || n > uint64(len(u)-at) {
				return corrupt("has a run of %d", n)
			}
			for i := range u[at : at+int(n)] {
				u[at+i] = x
			}
			at += int(n)
		}
		return nil
	case entropic:
		return c.readEntropic(u, ranks, r)
	}
	return corrupt("has integers by coding %d", coded)
}

// restore undoes a transform.
func (c *coder) restore(v []int64, u []uint64, t transform, centre int64, heads [2]int64) error {
	switch t {
	case plain:
		for i, x := range u {
			v[i] = unzigzag(x) + centre
		}
	case delta:
		prev := heads[0]
		v[0] = prev
		v = v[1:]
		for i, x := range u {
			prev += unzigzag(x) + centre
			v[i] = prev
		}
	case deltas:
		prev, step := heads[0], heads[1]
		v[0] = prev
		if len(v) == 1 {
			return nil
		}
		prev += step
		v[1] = prev
		v = v[2:]
		for i, x := range u {
			step += unzigzag(x) + centre
			prev += step
			v[i] = prev
		}
	case dictioned:
		for i, x := range u {
			if x >= uint64(len(c.dict)) {
				return corrupt("has rank %d among %d", x, len(c.dict))
			}
			v[i] = c.dict[x]
		}
	}
	return nil
}
