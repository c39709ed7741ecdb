package update

import (
	"math"
	"slices"

	"github.com/weftdb/weft/document/doc"
)

// pushed is an argument of $push.
type pushed struct {
	values   []doc.Value
	position int // math.MaxInt: the end
	slice    int // math.MaxInt: all; negative: the last
	order    []sortKey
}

// sortKey orders elements by a field, or with no path by themselves.
type sortKey struct {
	path doc.Path
	sign int
}

func push(name string, path doc.Path, arg doc.Value) (apply, error) {
	values, rest, err := eachOf(name, path, arg)
	if err != nil {
		return nil, err
	}
	in := pushed{values: values, position: math.MaxInt, slice: math.MaxInt}
	for _, m := range rest {
		switch m.Name {
		case "$position":
			in.position, err = wholeNumber(m)
		case "$slice":
			in.slice, err = wholeNumber(m)
		case "$sort":
			in.order, err = sortOrder(m.Value)
		default:
			err = invalid(m.Name, "the modifier %q of $push is not known here", m.Name).WithHint("known here: $each, $position, $slice, $sort")
		}
		if err != nil {
			return nil, err
		}
	}
	return func(c *change, path doc.Path) error {
		return c.each(path, true, func(p *place) error {
			n, err := p.array(name, true)
			if err == nil {
				n.SetElems(in.into(n.Elems()))
			}
			return err
		})
	}, nil
}

func wholeNumber(m doc.Field) (int, error) {
	n, ok := m.Value.Int()
	if !ok {
		f, isNumber := m.Value.Float()
		n = int64(f)
		ok = isNumber && float64(n) == f
	}
	if !ok {
		return 0, invalid(m.Name, "%s takes a whole number, not %s", m.Name, m.Value.JSON())
	}
	return int(max(min(n, math.MaxInt-1), -math.MaxInt)), nil
}

// sortOrder reads 1, -1 or {"field": 1, …}.
func sortOrder(v doc.Value) ([]sortKey, error) {
	if v.Kind() != doc.Object {
		sign, err := direction("$sort", v)
		return []sortKey{{sign: sign}}, err
	}
	var keys []sortKey
	var err error
	v.Fields(func(name []byte, d doc.Value) bool {
		var k sortKey
		if k.path, err = doc.ParsePath(string(name)); err == nil {
			k.sign, err = direction("$sort", d)
			keys = append(keys, k)
		}
		return err == nil
	})
	if err == nil && len(keys) == 0 {
		err = invalid("$sort", "$sort takes at least one field")
	}
	return keys, err
}

func direction(name string, v doc.Value) (int, error) {
	if f, ok := v.Float(); ok && (f == 1 || f == -1) {
		return int(f), nil
	}
	return 0, invalid(name, "%s takes 1 for ascending or -1 for descending, not %s", name, v.JSON())
}

func (in *pushed) into(elems []*doc.Node) []*doc.Node {
	fresh := make([]*doc.Node, len(in.values))
	for i, v := range in.values {
		fresh[i] = doc.NewNode(v)
	}
	at := min(in.position, len(elems))
	if at < 0 {
		at = max(len(elems)+at, 0)
	}
	elems = slices.Insert(slices.Clone(elems), at, fresh...)
	if in.order != nil {
		slices.SortStableFunc(elems, in.compare)
	}
	switch n := in.slice; {
	case n >= 0:
		elems = elems[:min(n, len(elems))]
	case -n < len(elems):
		elems = elems[len(elems)+n:]
	}
	return elems
}

func (in *pushed) compare(a, b *doc.Node) int {
	for _, k := range in.order {
		x, y := a.Value(), b.Value()
		if k.path != nil {
			x, y = first(x, k.path), first(y, k.path)
		}
		if c := doc.Compare(x, y); c != 0 {
			return c * k.sign
		}
	}
	return 0
}

// first is the first value that a path leads to.
func first(v doc.Value, p doc.Path) (out doc.Value) {
	v.Walk(p, func(leaf doc.Value, _ int) bool {
		out = leaf
		return false
	})
	return out
}
