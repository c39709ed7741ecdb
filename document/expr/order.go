package expr

import "github.com/weftdb/weft/document/doc"

// Order is an order of documents, by their fields or, in $sortArray, by what they are.
type Order []orderKey

type orderKey struct {
	path doc.Path // nil: the value itself
	sign int
}

// ParseOrder compiles an object of fields and directions, or with values a direction
// alone. Name is whose argument it is.
func ParseOrder(name string, v doc.Value, values bool) (Order, error) {
	if values && v.Kind() == doc.Number {
		sign, err := orderSign(name, v)
		return Order{{nil, sign}}, err
	}
	if v.Kind() != doc.Object || v.Len() == 0 || v.Len() > 32 {
		return nil, invalid(name, "%s takes an object of 1 to 32 fields and directions", name)
	}
	var o Order
	var err error
	v.Fields(func(field []byte, d doc.Value) bool {
		var k orderKey
		if k.path, err = doc.ParsePath(string(field)); err == nil {
			k.sign, err = orderSign(name, d)
		}
		o = append(o, k)
		return err == nil
	})
	return o, err
}

func orderSign(name string, v doc.Value) (int, error) {
	if f, ok := v.Float(); ok && (f == 1 || f == -1) {
		return int(f), nil
	}
	return 0, invalid(name, "a direction of %s is 1 or -1, not %s", name, v.JSON())
}

// Compare is negative where a comes before b.
func (o Order) Compare(a, b doc.Value) int {
	for _, k := range o {
		x, y := a, b
		if k.path != nil {
			x, y = k.value(a), k.value(b)
		}
		if c := doc.Compare(x, y); c != 0 {
			return c * k.sign
		}
	}
	return 0
}

// value is what a document is ordered by: of the elements of arrays the least, in
// descending order the greatest.
func (k *orderKey) value(v doc.Value) (best doc.Value) {
	first := true
	take := func(e doc.Value) bool {
		if first || doc.Compare(e, best)*k.sign < 0 {
			best, first = e, false
		}
		return true
	}
	v.Walk(k.path, func(leaf doc.Value, _ int) bool {
		if leaf.Kind() == doc.Array && leaf.Len() > 0 {
			leaf.Elements(func(_ int, e doc.Value) bool { return take(e) })
			return true
		}
		return take(leaf)
	})
	return best
}

// By is the order by one field, ascending or descending by the sign.
func By(field string, sign int) Order { return Order{{doc.Path{field}, sign}} }
