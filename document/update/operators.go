package update

import (
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
)

type apply = func(c *change, path doc.Path) error

// operatorTable builds an operation on a field from its argument.
var operatorTable = map[string]func(name string, path doc.Path, arg doc.Value) (apply, error){
	"$set": set, "$setOnInsert": setOnInsert, "$unset": unset,
	"$inc": arithmetic(doc.Add), "$mul": arithmetic(doc.Mul), "$min": bound(-1), "$max": bound(1),
	"$rename": rename, "$currentDate": currentDate,
	"$push": push, "$addToSet": addToSet, "$pull": pull, "$pullAll": pullAll, "$pop": pop,
}

func set(_ string, _ doc.Path, arg doc.Value) (apply, error) {
	return func(c *change, path doc.Path) error {
		return c.each(path, true, func(p *place) error {
			p.set(arg)
			return nil
		})
	}, nil
}

func setOnInsert(name string, path doc.Path, arg doc.Value) (apply, error) {
	do, err := set(name, path, arg)
	return func(c *change, path doc.Path) error {
		if !c.Insert {
			return nil
		}
		return do(c, path)
	}, err
}

// unset removes a field; an element of an array becomes null, so that the others
// stay where they are.
func unset(string, doc.Path, doc.Value) (apply, error) {
	return func(c *change, path doc.Path) error {
		return c.each(path, false, func(p *place) error {
			switch {
			case p.node == nil:
			case p.index < 0:
				p.parent.RemoveField(p.name)
			default:
				p.set(doc.Of(doc.AppendNull(nil)))
			}
			return nil
		})
	}, nil
}

func arithmetic(op func(a, b doc.Value) (doc.Value, error)) func(string, doc.Path, doc.Value) (apply, error) {
	return func(name string, path doc.Path, arg doc.Value) (apply, error) {
		if arg.Kind() != doc.Number {
			return nil, invalid(path.String(), "%s takes a number for %q, not %s", name, path, arg.Kind())
		}
		return func(c *change, path doc.Path) error {
			return c.each(path, true, func(p *place) error {
				old := doc.Of(doc.AppendInt(nil, 0))
				if p.node != nil {
					old = p.node.Value()
				}
				if old.Kind() != doc.Number {
					return cannot(path, "%s needs a number at %q, where there is %s", name, path, old.Kind())
				}
				v, err := op(old, arg)
				if err == nil {
					p.set(v)
				}
				return err
			})
		}, nil
	}
}

// bound is $min (-1) and $max (1).
func bound(sign int) func(string, doc.Path, doc.Value) (apply, error) {
	return func(_ string, _ doc.Path, arg doc.Value) (apply, error) {
		return func(c *change, path doc.Path) error {
			return c.each(path, true, func(p *place) error {
				if p.node == nil || doc.Compare(arg, p.node.Value())*sign > 0 {
					p.set(arg)
				}
				return nil
			})
		}, nil
	}
}

func rename(name string, path doc.Path, arg doc.Value) (apply, error) {
	if arg.Kind() != doc.String {
		return nil, invalid(path.String(), "$rename takes the new path of %q, a string, not %s", path, arg.Kind())
	}
	to, err := doc.ParsePath(string(arg.Str()))
	if err != nil {
		return nil, err
	}
	for _, step := range slices.Concat(path, to) {
		if step[0] == '$' {
			return nil, invalid(path.String(), "$rename takes paths without %q", step)
		}
	}
	return func(c *change, path doc.Path) error {
		if through := c.arrayOn(path); through != nil {
			return cannot(path, "$rename does not go through the array at %q", through)
		}
		if through := c.arrayOn(to); through != nil {
			return cannot(to, "$rename does not go through the array at %q", through)
		}
		var moved *doc.Node
		err := c.each(path, false, func(p *place) error {
			if p.node != nil && p.index < 0 {
				moved = p.parent.RemoveField(p.name)
			}
			return nil
		})
		if err != nil || moved == nil {
			return err
		}
		return c.each(to, true, func(p *place) error {
			p.set(moved.Value())
			return nil
		})
	}, nil
}

// arrayOn returns the part of a path that leads to an array on the way.
func (c *change) arrayOn(path doc.Path) doc.Path {
	n := c.root
	for i, step := range path {
		if n == nil {
			return nil
		}
		if n.Kind() == doc.Array {
			return path[:i]
		}
		n = n.Field(step)
	}
	return nil
}

// currentDate writes the time as RFC 3339 text with milliseconds, or with
// {"$type": "timestamp"} as nanoseconds since 1970.
func currentDate(_ string, path doc.Path, arg doc.Value) (apply, error) {
	kind := string(arg.Field("$type").Str())
	switch {
	case arg.Kind() == doc.Bool && arg.Bool():
		kind = "date"
	case arg.Kind() == doc.Object && arg.Len() == 1 && (kind == "date" || kind == "timestamp"):
	default:
		return nil, invalid(path.String(), `$currentDate takes true, {"$type": "date"} or {"$type": "timestamp"} for %q`, path)
	}
	return func(c *change, path doc.Path) error {
		now := doc.Of(doc.AppendString(nil, c.Now.UTC().Format("2006-01-02T15:04:05.000Z")))
		if kind == "timestamp" {
			now = doc.Of(doc.AppendInt(nil, c.Now.UnixNano()))
		}
		return c.each(path, true, func(p *place) error {
			p.set(now)
			return nil
		})
	}, nil
}

// array is the array at a place. With make one is made where nothing is; without
// it nil is returned then.
func (p *place) array(name string, make bool) (*doc.Node, error) {
	if p.node == nil {
		if !make {
			return nil, nil
		}
		p.node = add(p.parent, p.name, p.index)
		p.node.SetElems(nil)
	}
	if p.node.Kind() != doc.Array {
		return nil, cannot(p.path, "%s needs an array at %q, where there is %s", name, p.path, p.node.Kind())
	}
	return p.node, nil
}

func addToSet(name string, path doc.Path, arg doc.Value) (apply, error) {
	values, rest, err := eachOf(name, path, arg)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, invalid(rest[0].Name, "%s takes only $each, not %q", name, rest[0].Name)
	}
	return func(c *change, path doc.Path) error {
		return c.each(path, true, func(p *place) error {
			n, err := p.array(name, true)
			if err != nil {
				return err
			}
			elems := n.Elems()
			there := make(map[string]bool, len(elems)+len(values))
			for _, e := range elems {
				there[string(doc.AppendKey(nil, e.Value()))] = true
			}
			for _, v := range values {
				if key := string(doc.AppendKey(nil, v)); !there[key] {
					there[key] = true
					elems = append(elems, doc.NewNode(v))
				}
			}
			n.SetElems(elems)
			return nil
		})
	}, nil
}

// eachOf takes a value, or {"$each": values, …}, whose other fields are rest.
func eachOf(name string, path doc.Path, arg doc.Value) (values []doc.Value, rest []doc.Field, err error) {
	if !IsOperators(arg) {
		return []doc.Value{arg}, nil, nil
	}
	list := arg.Field("$each")
	if list.Kind() != doc.Array {
		return nil, nil, invalid(path.String(), "%s with modifiers needs $each, an array, for %q", name, path)
	}
	list.Elements(func(_ int, e doc.Value) bool {
		values = append(values, e)
		return true
	})
	arg.Fields(func(field []byte, v doc.Value) bool {
		if string(field) != "$each" {
			rest = append(rest, doc.Field{Name: string(field), Value: v})
		}
		return true
	})
	return values, rest, nil
}

// pull removes the elements that a condition holds for.
func pull(name string, path doc.Path, arg doc.Value) (apply, error) {
	f, err := match.CompileElement(arg)
	if err != nil {
		return nil, err
	}
	return remove(name, f.Match), nil
}

func pullAll(name string, path doc.Path, arg doc.Value) (apply, error) {
	if arg.Kind() != doc.Array {
		return nil, invalid(path.String(), "$pullAll takes an array for %q, not %s", path, arg.Kind())
	}
	gone := make(map[string]bool, arg.Len())
	arg.Elements(func(_ int, e doc.Value) bool {
		gone[string(doc.AppendKey(nil, e))] = true
		return true
	})
	return remove(name, func(v doc.Value) bool { return gone[string(doc.AppendKey(nil, v))] }), nil
}

func remove(name string, gone func(doc.Value) bool) apply {
	return func(c *change, path doc.Path) error {
		return c.each(path, false, func(p *place) error {
			n, err := p.array(name, false)
			if n == nil {
				return err
			}
			n.SetElems(slices.DeleteFunc(n.Elems(), func(e *doc.Node) bool { return gone(e.Value()) }))
			return nil
		})
	}
}

func pop(_ string, path doc.Path, arg doc.Value) (apply, error) {
	end, ok := arg.Float()
	if !ok || end != 1 && end != -1 {
		return nil, invalid(path.String(), "$pop takes 1, for the last element of %q, or -1, for the first, not %s", path, arg.JSON())
	}
	return func(c *change, path doc.Path) error {
		return c.each(path, false, func(p *place) error {
			n, err := p.array("$pop", false)
			if n == nil || n.Len() == 0 {
				return err
			}
			if elems := n.Elems(); end > 0 {
				n.SetElems(elems[:len(elems)-1])
			} else {
				n.SetElems(elems[1:])
			}
			return nil
		})
	}, nil
}
