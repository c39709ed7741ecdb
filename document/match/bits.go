package match

import "github.com/weftdb/weft/document/doc"

// The conditions on the bits of a number, of which Node.mask are looked at. They hold for
// whole numbers within 64 bits, as two's complement, and for nothing else.
const (
	bitsAllSet = iota
	bitsAnySet
	bitsAllClear
	bitsAnyClear
)

// bits takes the positions of bits, from 0, or a mask that has them set. Positions from 63
// on are those of the sign.
func bits(which int) build {
	return func(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
		n := &Node{Op: Bits, Path: p, size: which}
		if arg.Kind() == doc.Number {
			mask, ok := arg.Int()
			if !ok || mask < 0 {
				return nil, invalid(name, "%s takes a mask that is a whole number and not negative, not %s", name, arg.JSON())
			}
			n.mask = uint64(mask)
			return n, nil
		}
		positions, err := list(name, arg)
		if err != nil {
			return nil, err
		}
		for _, v := range positions {
			at, ok := v.Int()
			if !ok || at < 0 {
				return nil, invalid(name, "%s takes positions of bits, from 0, not %s", name, v.JSON())
			}
			n.mask |= 1 << min(at, 63)
		}
		return n, nil
	}
}

func (n *Node) bits(v doc.Value) bool {
	i, ok := v.Int()
	if !ok {
		f, isNumber := v.Float()
		if i = int64(f); !isNumber || f != f || f >= 1<<63 || f < -1<<63 || float64(i) != f {
			return false
		}
	}
	set := uint64(i) & n.mask
	switch n.size {
	case bitsAllSet:
		return set == n.mask
	case bitsAnySet:
		return set != 0
	case bitsAllClear:
		return set == 0
	}
	return set != n.mask
}
