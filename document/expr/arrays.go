package expr

import (
	"maps"
	"slices"

	"github.com/weftdb/weft/document/doc"
)

// maxRange bounds what $range makes.
const maxRange = 1_000_000

// arrayFunctions are the operators on arrays and objects.
var arrayFunctions = map[string]function{
	"$size": {1, 1, func(args []doc.Value) (doc.Value, error) {
		if args[0].Kind() != doc.Array {
			return null, Failed("$size", "$size takes an array, not %s", args[0].Kind())
		}
		return doc.FromInt(int64(args[0].Len())), nil
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
			return null, Failed("$in", "$in looks into an array, not %s", args[1].Kind())
		}
		return doc.FromBool(slices.ContainsFunc(args[1].List(), func(e doc.Value) bool { return compare(e, args[0]) == 0 })), nil
	}},
	"$concatArrays": {0, -1, func(args []doc.Value) (doc.Value, error) {
		var out []doc.Value
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Array {
				return null, Failed("$concatArrays", "$concatArrays takes arrays, not %s", a.Kind())
			}
			out = append(out, a.List()...)
		}
		return doc.FromArray(out), nil
	}},
	"$reverseArray": {1, 1, func(args []doc.Value) (doc.Value, error) {
		return onArray("$reverseArray", args[0], func(list []doc.Value) (doc.Value, error) {
			slices.Reverse(list)
			return doc.FromArray(list), nil
		})
	}},
	"$indexOfArray": {2, 4, func(args []doc.Value) (doc.Value, error) {
		return onArray("$indexOfArray", args[0], func(list []doc.Value) (doc.Value, error) {
			from, to, err := window("$indexOfArray", args, len(list))
			if err != nil || from < 0 {
				return doc.FromInt(-1), err
			}
			at := slices.IndexFunc(list[from:to], func(e doc.Value) bool { return compare(e, args[1]) == 0 })
			if at >= 0 {
				at += from
			}
			return doc.FromInt(int64(at)), nil
		})
	}},
	"$allElementsTrue": {1, 1, truths("$allElementsTrue", func(list []doc.Value) bool {
		return !slices.ContainsFunc(list, func(e doc.Value) bool { return !Truth(e) })
	})},
	"$anyElementTrue":  {1, 1, truths("$anyElementTrue", func(list []doc.Value) bool { return slices.ContainsFunc(list, Truth) })},
	"$setEquals":       {2, -1, setEquals},
	"$setIsSubset":     {2, 2, setIsSubset},
	"$range":           {2, 3, rangeOf},
	"$setUnion":        {0, -1, sets("$setUnion", func(counts map[string]int, _ int, key string) bool { return true })},
	"$setIntersection": {0, -1, sets("$setIntersection", func(counts map[string]int, n int, key string) bool { return counts[key] == n })},
	"$setDifference": {2, 2, func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) || isNull(args[1]) {
			return null, nil
		}
		if args[0].Kind() != doc.Array || args[1].Kind() != doc.Array {
			return null, Failed("$setDifference", "$setDifference takes arrays")
		}
		gone := map[string]bool{}
		for _, e := range args[1].List() {
			gone[Key(e)] = true
		}
		var out []doc.Value
		for _, e := range args[0].List() {
			if k := Key(e); !gone[k] {
				gone[k] = true
				out = append(out, e)
			}
		}
		return doc.FromArray(out), nil
	}},
	"$mergeObjects":  {0, -1, overList(MergeObjects)},
	"$objectToArray": {1, 1, objectToArray},
	"$arrayToObject": {1, 1, arrayToObject},
}

// Key is equal for values that are equal.
func Key(v doc.Value) string { return string(doc.AppendKey(nil, v)) }

// onArray calls fn with the elements; null for null.
func onArray(name string, v doc.Value, fn func(list []doc.Value) (doc.Value, error)) (doc.Value, error) {
	if isNull(v) {
		return null, nil
	}
	if v.Kind() != doc.Array {
		return null, Failed(name, "%s takes an array, not %s", name, v.Kind())
	}
	return fn(v.List())
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
				return doc.FromArray(list[max(len(list)+n, 0):]), nil
			}
			return doc.FromArray(list[:min(n, len(list))]), nil
		}
		from, err := whole("$slice", "position", args[1])
		if err != nil {
			return null, err
		}
		if n <= 0 {
			return null, Failed("$slice", "the count of $slice after a position must be positive, not %d", n)
		}
		if from < 0 {
			from = max(len(list)+from, 0)
		}
		from = min(from, len(list))
		return doc.FromArray(list[from:min(from+n, len(list))]), nil
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
		return null, Failed("$range", "the step of $range is 0")
	}
	var out []doc.Value
	for i := n[0]; n[2] > 0 && i < n[1] || n[2] < 0 && i > n[1]; i += n[2] {
		if len(out) == maxRange {
			return null, Failed("$range", "$range makes more than %d numbers", maxRange)
		}
		out = append(out, doc.FromInt(int64(i)))
	}
	return doc.FromArray(out), nil
}

// window is the part of a list that the arguments from the third on name: from -1
// where there is none.
func window(name string, args []doc.Value, n int) (from, to int, err error) {
	to = n
	for i, at := range []*int{&from, &to} {
		if len(args) > 2+i {
			if *at, err = whole(name, "bounds", args[2+i]); err != nil {
				return 0, 0, err
			}
			if *at < 0 {
				return 0, 0, Failed(name, "the bounds of %s must not be negative", name)
			}
		}
	}
	if to = min(to, n); from > to {
		from = -1
	}
	return from, to, nil
}

func truths(name string, fn func([]doc.Value) bool) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if args[0].Kind() != doc.Array {
			return null, Failed(name, "%s takes an array, not %s", name, args[0].Kind())
		}
		return doc.FromBool(fn(args[0].List())), nil
	}
}

// keysOf are the keys of the elements of an array.
func keysOf(name string, v doc.Value) (map[string]bool, error) {
	if v.Kind() != doc.Array {
		return nil, Failed(name, "%s takes arrays, not %s", name, v.Kind())
	}
	set := map[string]bool{}
	for _, e := range v.List() {
		set[Key(e)] = true
	}
	return set, nil
}

func setEquals(args []doc.Value) (doc.Value, error) {
	first, err := keysOf("$setEquals", args[0])
	if err != nil {
		return null, err
	}
	equal := true
	for _, a := range args[1:] {
		other, err := keysOf("$setEquals", a)
		if err != nil {
			return null, err
		}
		equal = equal && maps.Equal(first, other)
	}
	return doc.FromBool(equal), nil
}

func setIsSubset(args []doc.Value) (doc.Value, error) {
	part, err := keysOf("$setIsSubset", args[0])
	if err != nil {
		return null, err
	}
	all, err := keysOf("$setIsSubset", args[1])
	if err != nil {
		return null, err
	}
	for k := range part {
		if !all[k] {
			return doc.FromBool(false), nil
		}
	}
	return doc.FromBool(true), nil
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
				return null, Failed(name, "%s takes arrays, not %s", name, a.Kind())
			}
			here := map[string]bool{}
			for _, e := range a.List() {
				k := Key(e)
				if here[k] {
					continue
				}
				here[k] = true
				if counts[k]++; counts[k] == 1 {
					all = append(all, e)
				}
			}
		}
		out := slices.DeleteFunc(all, func(e doc.Value) bool { return !keep(counts, len(args), Key(e)) })
		slices.SortStableFunc(out, doc.Compare)
		return doc.FromArray(out), nil
	}
}
