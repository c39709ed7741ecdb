package expr

import (
	"slices"

	"github.com/weftdb/weft/document/doc"
)

// The operators that evaluate an expression for each element of an array.

// variable is the name of an element, "this" where the argument gives none.
func variable(name string, arg doc.Value) (string, error) {
	if arg.Kind() != doc.Object {
		return "", invalid(name, "%s takes an object, not %s", name, arg.Kind())
	}
	as := arg.Field("as")
	if !as.Exists() {
		return "this", nil
	}
	if as.Kind() != doc.String {
		return "", invalid(name, `the field "as" of %s must be text`, name)
	}
	return string(as.Str()), checkVariable(name, string(as.Str()))
}

// without is an object without one of its fields.
func without(arg doc.Value, field string) doc.Value {
	n := doc.NewNode(arg)
	n.RemoveField(field)
	return n.Value()
}

func mapOf(c *Compiler, name string, arg doc.Value) (Expr, error) {
	as, err := variable(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.partsWith(name, without(arg, "as"), "in", []string{as}, 2, "input", "in")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			for i := range list {
				if list[i], err = e.with(p[1], Binding{as, list[i]}); err != nil {
					return null, err
				}
				if !list[i].Exists() {
					list[i] = null
				}
			}
			return doc.FromArray(list), nil
		})
	}), err
}

func filterOf(c *Compiler, name string, arg doc.Value) (Expr, error) {
	as, err := variable(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.partsWith(name, without(arg, "as"), "cond", []string{as}, 2, "input", "cond", "limit")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			limit := len(list)
			if p[2] != nil {
				n, err := p[2].Eval(e)
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
				ok, err := e.with(p[1], Binding{as, item})
				if err != nil {
					return ok, err
				}
				if Truth(ok) {
					out = append(out, item)
				}
			}
			return doc.FromArray(out), nil
		})
	}), err
}

// reduceOf takes {"input","initialValue","in"}, where "in" knows $$value and $$this.
func reduceOf(c *Compiler, name string, arg doc.Value) (Expr, error) {
	p, err := c.partsWith(name, arg, "in", []string{"value", "this"}, 3, "input", "initialValue", "in")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			out, err := p[1].Eval(e)
			for i := 0; err == nil && i < len(list); i++ {
				out, err = e.with(p[2], Binding{"value", out}, Binding{"this", list[i]})
			}
			return out, err
		})
	}), err
}

// sortArray takes {"input","sortBy"}, the latter 1, -1 or an order of fields.
func sortArray(c *Compiler, name string, arg doc.Value) (Expr, error) {
	if arg.Kind() != doc.Object || !arg.Field("sortBy").Exists() {
		return nil, invalid(name, `$sortArray takes "input" and "sortBy"`)
	}
	order, err := ParseOrder(name, arg.Field("sortBy"), true)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "sortBy"), 1, "input")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		return onArray(name, v, func(list []doc.Value) (doc.Value, error) {
			slices.SortStableFunc(list, order.Compare)
			return doc.FromArray(list), nil
		})
	}), err
}

// zip takes {"inputs","useLongestLength"?,"defaults"?} and gives arrays of the elements
// that stand in the same place.
func zip(c *Compiler, name string, arg doc.Value) (Expr, error) {
	longest := arg.Field("useLongestLength")
	if longest.Exists() && longest.Kind() != doc.Bool {
		return nil, invalid(name, `the field "useLongestLength" of $zip must be true or false`)
	}
	if arg.Kind() == doc.Object {
		arg = without(arg, "useLongestLength")
	}
	p, err := c.parts(name, arg, 1, "inputs", "defaults")
	if err == nil && p[1] != nil && !longest.Bool() {
		err = invalid(name, `$zip has "defaults" only with "useLongestLength"`)
	}
	return evalFunc(func(e *Env) (doc.Value, error) {
		inputs, err := p[0].Eval(e)
		if err != nil || isNull(inputs) {
			return null, err
		}
		var defaults doc.Value
		if p[1] != nil {
			if defaults, err = p[1].Eval(e); err != nil {
				return null, err
			}
			if defaults.Kind() != doc.Array || defaults.Len() != inputs.Len() {
				return null, Failed(name, "the defaults of $zip are an array of as many values as there are inputs")
			}
		}
		return zipped(inputs, defaults, longest.Bool())
	}), err
}

func zipped(inputs, defaults doc.Value, longest bool) (doc.Value, error) {
	if inputs.Kind() != doc.Array || inputs.Len() == 0 {
		return null, Failed("$zip", "$zip takes at least one array, not %.60s", inputs.JSON())
	}
	var lists [][]doc.Value
	rows := -1
	for _, in := range inputs.List() {
		if isNull(in) {
			return null, nil
		}
		if in.Kind() != doc.Array {
			return null, Failed("$zip", "$zip takes arrays, not %s", in.Kind())
		}
		n := in.Len()
		if rows < 0 || longest && n > rows || !longest && n < rows {
			rows = n
		}
		lists = append(lists, in.List())
	}
	var out []doc.Value
	for i := range rows {
		row := make([]doc.Value, len(lists))
		for j, l := range lists {
			switch {
			case i < len(l):
				row[j] = l[i]
			case defaults.Exists():
				row[j] = defaults.At(j)
			default:
				row[j] = null
			}
		}
		out = append(out, doc.FromArray(row))
	}
	return doc.FromArray(out), nil
}

// several takes {"input","n"}: the first, last, least or greatest elements.
func several(which string) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		p, err := c.parts(name, arg, 2, "input", "n")
		return evalFunc(func(e *Env) (doc.Value, error) {
			args, err := evalAll(e, p)
			if err != nil {
				return null, err
			}
			n, err := whole(name, "n", args[1])
			if err == nil && n < 1 {
				err = Failed(name, "n of %s must be at least 1, not %d", name, n)
			}
			if err != nil {
				return null, err
			}
			return onArray(name, args[0], func(list []doc.Value) (doc.Value, error) {
				switch which {
				case "$lastN":
					return doc.FromArray(list[max(len(list)-n, 0):]), nil
				case "$minN":
					list = slices.DeleteFunc(list, isNull)
					slices.SortStableFunc(list, doc.Compare)
				case "$maxN":
					list = slices.DeleteFunc(list, isNull)
					slices.SortStableFunc(list, func(a, b doc.Value) int { return doc.Compare(b, a) })
				}
				return doc.FromArray(list[:min(n, len(list))]), nil
			})
		}), err
	}
}
