package pipeline

import (
	"slices"

	"github.com/weftdb/weft/document/doc"
)

// maxRange bounds what $range makes.
const maxRange = 1_000_000

// arrayFunctions are the operators on arrays and objects.
var arrayFunctions = map[string]function{
	"$size": {1, 1, func(args []doc.Value) (doc.Value, error) {
		if args[0].Kind() != doc.Array {
			return null, cannot("$size", "$size takes an array, not %s", args[0].Kind())
		}
		return integer(int64(args[0].Len())), nil
	}},
	"$arrayElemAt": {2, 2, func(args []doc.Value) (doc.Value, error) {
		return onArray("$arrayElemAt", args[0], func(list []doc.Value) (doc.Value, error) {
			i, err := whole("$arrayElemAt", "index", args[1])
			if i < 0 {
				i += len(list)
			}
			if err != nil || i < 0 || i >= len(list) {
				return doc.Value{}, err
			}
			return list[i], nil
		})
	}},
	"$first": {1, 1, func(args []doc.Value) (doc.Value, error) {
		return onArray("$first", args[0], func(list []doc.Value) (doc.Value, error) {
			if len(list) == 0 {
				return doc.Value{}, nil
			}
			return list[0], nil
		})
	}},
	"$last": {1, 1, func(args []doc.Value) (doc.Value, error) {
		return onArray("$last", args[0], func(list []doc.Value) (doc.Value, error) {
			if len(list) == 0 {
				return doc.Value{}, nil
			}
			return list[len(list)-1], nil
		})
	}},
	"$slice": {2, 3, sliceOf},
	"$in": {2, 2, func(args []doc.Value) (doc.Value, error) {
		if args[1].Kind() != doc.Array {
			return null, cannot("$in", "$in looks into an array, not %s", args[1].Kind())
		}
		return boolean(slices.ContainsFunc(elements(args[1]), func(e doc.Value) bool { return doc.Equal(e, args[0]) })), nil
	}},
	"$concatArrays": {0, -1, func(args []doc.Value) (doc.Value, error) {
		var out []doc.Value
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Array {
				return null, cannot("$concatArrays", "$concatArrays takes arrays, not %s", a.Kind())
			}
			out = append(out, elements(a)...)
		}
		return array(out), nil
	}},
	"$reverseArray": {1, 1, func(args []doc.Value) (doc.Value, error) {
		return onArray("$reverseArray", args[0], func(list []doc.Value) (doc.Value, error) {
			slices.Reverse(list)
			return array(list), nil
		})
	}},
	"$range":           {2, 3, rangeOf},
	"$setUnion":        {0, -1, sets("$setUnion", func(counts map[string]int, _ int, key string) bool { return true })},
	"$setIntersection": {0, -1, sets("$setIntersection", func(counts map[string]int, n int, key string) bool { return counts[key] == n })},
	"$setDifference": {2, 2, func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) || isNull(args[1]) {
			return null, nil
		}
		if args[0].Kind() != doc.Array || args[1].Kind() != doc.Array {
			return null, cannot("$setDifference", "$setDifference takes arrays")
		}
		gone := map[string]bool{}
		for _, e := range elements(args[1]) {
			gone[key(e)] = true
		}
		var out []doc.Value
		for _, e := range elements(args[0]) {
			if k := key(e); !gone[k] {
				gone[k] = true
				out = append(out, e)
			}
		}
		return array(out), nil
	}},
	"$mergeObjects":  {0, -1, overList(mergeObjects)},
	"$objectToArray": {1, 1, objectToArray},
	"$arrayToObject": {1, 1, arrayToObject},
}

func array(list []doc.Value) doc.Value { return doc.Of(doc.AppendArray(nil, list)) }

func key(v doc.Value) string { return string(doc.AppendKey(nil, v)) }

// onArray calls fn with the elements; null for null.
func onArray(name string, v doc.Value, fn func(list []doc.Value) (doc.Value, error)) (doc.Value, error) {
	if isNull(v) {
		return null, nil
	}
	if v.Kind() != doc.Array {
		return null, cannot(name, "%s takes an array, not %s", name, v.Kind())
	}
	return fn(elements(v))
}

// sliceOf takes an array and a count, negative for the last, or a position and a count.
func sliceOf(args []doc.Value) (doc.Value, error) {
	return onArray("$slice", args[0], func(list []doc.Value) (doc.Value, error) {
		n, err := whole("$slice", "count", args[len(args)-1])
		if err != nil {
			return null, err
		}
		if len(args) == 2 {
			if n < 0 {
				return array(list[max(len(list)+n, 0):]), nil
			}
			return array(list[:min(n, len(list))]), nil
		}
		from, err := whole("$slice", "position", args[1])
		if err != nil {
			return null, err
		}
		if n <= 0 {
			return null, cannot("$slice", "the count of $slice after a position must be positive, not %d", n)
		}
		if from < 0 {
			from = max(len(list)+from, 0)
		}
		from = min(from, len(list))
		return array(list[from:min(from+n, len(list))]), nil
	})
}

func rangeOf(args []doc.Value) (doc.Value, error) {
	var n [3]int
	n[2] = 1
	for i, a := range args {
		var err error
		if n[i], err = whole("$range", "bounds", a); err != nil {
			return null, err
		}
	}
	if n[2] == 0 {
		return null, cannot("$range", "the step of $range is 0")
	}
	var out []doc.Value
	for i := n[0]; n[2] > 0 && i < n[1] || n[2] < 0 && i > n[1]; i += n[2] {
		if len(out) == maxRange {
			return null, cannot("$range", "$range makes more than %d numbers", maxRange)
		}
		out = append(out, integer(int64(i)))
	}
	return array(out), nil
}

// sets makes a set of those elements of all arrays that keep says; counts has in how
// many arrays each is.
func sets(name string, keep func(counts map[string]int, n int, key string) bool) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		counts := map[string]int{}
		var all []doc.Value
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Array {
				return null, cannot(name, "%s takes arrays, not %s", name, a.Kind())
			}
			here := map[string]bool{}
			for _, e := range elements(a) {
				k := key(e)
				if here[k] {
					continue
				}
				here[k] = true
				if counts[k]++; counts[k] == 1 {
					all = append(all, e)
				}
			}
		}
		out := slices.DeleteFunc(all, func(e doc.Value) bool { return !keep(counts, len(args), key(e)) })
		slices.SortStableFunc(out, doc.Compare)
		return array(out), nil
	}
}

func mergeObjects(list []doc.Value) (doc.Value, error) {
	n := doc.NewNode(doc.Of(doc.AppendObject(nil, nil)))
	for _, o := range list {
		if isNull(o) {
			continue
		}
		if o.Kind() != doc.Object {
			return null, cannot("$mergeObjects", "$mergeObjects takes objects, not %s", o.Kind())
		}
		o.Fields(func(name []byte, f doc.Value) bool {
			if old := n.Field(string(name)); old != nil {
				old.Set(f)
			} else {
				n.AddField(string(name), doc.NewNode(f))
			}
			return true
		})
	}
	return n.Value(), nil
}

func objectToArray(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	if args[0].Kind() != doc.Object {
		return null, cannot("$objectToArray", "$objectToArray takes an object, not %s", args[0].Kind())
	}
	var out []doc.Value
	args[0].Fields(func(name []byte, f doc.Value) bool {
		out = append(out, doc.Of(doc.AppendObject(nil, []doc.Field{{Name: "k", Value: text(name)}, {Name: "v", Value: f}})))
		return true
	})
	return array(out), nil
}

// arrayToObject takes elements {"k","v"} or [k, v].
func arrayToObject(args []doc.Value) (doc.Value, error) {
	return onArray("$arrayToObject", args[0], func(list []doc.Value) (doc.Value, error) {
		n := doc.NewNode(doc.Of(doc.AppendObject(nil, nil)))
		for _, e := range list {
			k, v := e.Field("k"), e.Field("v")
			if e.Kind() == doc.Array && e.Len() == 2 {
				k, v = e.At(0), e.At(1)
			}
			if k.Kind() != doc.String || !v.Exists() {
				return null, cannot("$arrayToObject", "$arrayToObject takes pairs of a name and a value, not %.80s", e.JSON())
			}
			if old := n.Field(string(k.Str())); old != nil {
				old.Set(v)
			} else {
				n.AddField(string(k.Str()), doc.NewNode(v))
			}
		}
		return n.Value(), nil
	})
}

// variable is the name of an element, "this" where the argument gives none.
func variable(name string, arg doc.Value) (string, error) {
	as := arg.Field("as")
	if !as.Exists() {
		return "this", nil
	}
	if as.Kind() != doc.String {
		return "", invalid(name, `the field "as" of %s must be text`, name)
	}
	return string(as.Str()), checkVariable(string(as.Str()))
}

// without is an object without one of its fields.
func without(arg doc.Value, field string) doc.Value {
	n := doc.NewNode(arg)
	n.RemoveField(field)
	return n.Value()
}

func mapOf(c *compiler, name string, arg doc.Value) (expr, error) {
	as, err := variable(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "as"), 2, "input", "in")
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			for i := range list {
				if list[i], err = e.with(p[1], binding{as, list[i]}); err != nil {
					return null, err
				}
				if !list[i].Exists() {
					list[i] = null
				}
			}
			return array(list), nil
		})
	}), err
}

func filterOf(c *compiler, name string, arg doc.Value) (expr, error) {
	as, err := variable(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "as"), 2, "input", "cond", "limit")
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			limit := len(list)
			if p[2] != nil {
				n, err := p[2].eval(e)
				if err != nil {
					return n, err
				}
				if !isNull(n) {
					if limit, err = whole(name, "limit", n); err != nil {
						return null, err
					}
				}
			}
			var out []doc.Value
			for _, item := range list {
				if len(out) >= limit {
					break
				}
				ok, err := e.with(p[1], binding{as, item})
				if err != nil {
					return ok, err
				}
				if truth(ok) {
					out = append(out, item)
				}
			}
			return array(out), nil
		})
	}), err
}

// reduceOf takes {"input","initialValue","in"}, where "in" knows $$value and $$this.
func reduceOf(c *compiler, name string, arg doc.Value) (expr, error) {
	p, err := c.parts(name, arg, 3, "input", "initialValue", "in")
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			out, err := p[1].eval(e)
			for i := 0; err == nil && i < len(list); i++ {
				out, err = e.with(p[2], binding{"value", out}, binding{"this", list[i]})
			}
			return out, err
		})
	}), err
}

// sortArray takes {"input","sortBy"}, the latter 1, -1 or an order of fields.
func sortArray(c *compiler, name string, arg doc.Value) (expr, error) {
	if arg.Kind() != doc.Object || !arg.Field("sortBy").Exists() {
		return nil, invalid(name, `$sortArray takes "input" and "sortBy"`)
	}
	order, err := parseOrder(name, arg.Field("sortBy"), true)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "sortBy"), 1, "input")
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			slices.SortStableFunc(list, order.compare)
			return array(list), nil
		})
	}), err
}
