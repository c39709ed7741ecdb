package pipeline

import (
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
)

// maxSeveral bounds how many values one accumulator keeps of a group.
const maxSeveral = 100_000

// severals are the accumulators that keep some of the values of a group, and whether they
// go by an order of the documents, which they take as {"sortBy", "output"}; the others
// take {"input"}. All but two take "n" beside.
var severals = map[string]struct{ ordered, one bool }{
	"$firstN": {}, "$lastN": {}, "$minN": {}, "$maxN": {},
	"$topN": {ordered: true}, "$bottomN": {ordered: true}, "$top": {ordered: true, one: true}, "$bottom": {ordered: true, one: true},
}

// The fields of the object that the argument of an ordered one is made into.
const (
	outputField = "o"
	rootField   = "d"
)

// several compiles one of them.
func (c *compiler) several(name, op string, arg doc.Value) (g gathered, err error) {
	kind := severals[op]
	wanted := []string{"input", "n"}
	if kind.ordered {
		wanted = []string{"output", "sortBy", "n"}
	}
	if kind.one {
		wanted = wanted[:2]
	}
	if arg.Kind() != doc.Object || arg.Len() != len(wanted) {
		return g, invalid(name, "%s takes an object of %v", op, wanted)
	}
	for _, field := range wanted {
		if !arg.Field(field).Exists() {
			return g, invalid(name, "%s takes an object of %v, and has no %q", op, wanted, field)
		}
	}
	n := int64(1)
	if !kind.one {
		var whole bool
		if n, whole = arg.Field("n").Int(); !whole || n < 1 || n > maxSeveral {
			return g, invalid(name, "n of %s is a whole number from 1 to %d, not %s", op, maxSeveral, arg.Field("n").JSON())
		}
	}
	input := arg.Field("input")
	var order expr.Order
	if kind.ordered {
		if order, err = expr.ParseOrder(op, arg.Field("sortBy"), false); err != nil {
			return g, err
		}
		input = doc.FromFields([]doc.Field{{Name: outputField, Value: arg.Field("output")}, {Name: rootField, Value: doc.FromText("$$ROOT")}})
	}
	x, err := c.Expression(input)
	return gathered{name, func(r *run) accumulator { return &several{r: r, op: op, n: int(n), order: order, one: kind.one} }, x}, err
}

// several keeps values in the order in which they are returned.
type several struct {
	r     *run
	op    string
	n     int
	order expr.Order
	one   bool
	list  []doc.Value
}

func (s *several) add(v doc.Value) error {
	at := len(s.list)
	switch s.op {
	case "$firstN":
		if at == s.n {
			return nil
		}
		v = orNull(v)
	case "$lastN":
		v = orNull(v)
	case "$minN", "$maxN":
		if isNull(v) {
			return nil
		}
		at = s.place(func(e doc.Value) bool { return doc.Compare(e, v)*s.sign() > 0 })
	default:
		root := v.Field(rootField)
		at = s.place(func(e doc.Value) bool { return s.order.Compare(e.Field(rootField), root) > 0 })
	}
	fromEnd := s.op == "$lastN" || s.op == "$bottom" || s.op == "$bottomN"
	if len(s.list) == s.n && (at == s.n && !fromEnd || at == 0 && fromEnd) {
		return nil // it is not among them
	}
	if err := s.r.hold("$group", len(v.Bytes())); err != nil {
		return err
	}
	s.list = slices.Insert(s.list, at, v)
	switch {
	case len(s.list) <= s.n:
	case fromEnd:
		s.list = slices.Delete(s.list, 0, 1)
	default:
		s.list = s.list[:s.n]
	}
	return nil
}

func (s *several) sign() int {
	if s.op == "$maxN" {
		return -1
	}
	return 1
}

// place is before the first that comes after the value at hand.
func (s *several) place(after func(e doc.Value) bool) int {
	if i := slices.IndexFunc(s.list, after); i >= 0 {
		return i
	}
	return len(s.list)
}

func (s *several) result() (doc.Value, error) {
	list := s.list
	if s.order != nil {
		list = make([]doc.Value, len(s.list))
		for i, v := range s.list {
			list[i] = orNull(v.Field(outputField))
		}
	}
	if !s.one {
		return doc.FromArray(list), nil
	}
	return orNull(list[0]), nil // a group has at least one document
}
