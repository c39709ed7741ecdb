package pipeline

import (
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
)

// expr is a compiled expression. Its value may be Missing.
type expr interface {
	eval(e *env) (doc.Value, error)
}

// env is what an expression is evaluated with.
type env struct {
	root doc.Value
	vars []binding // innermost last
}

type binding struct {
	name  string
	value doc.Value
}

func (e *env) lookup(name string) doc.Value {
	for i := len(e.vars) - 1; i >= 0; i-- {
		if e.vars[i].name == name {
			return e.vars[i].value
		}
	}
	return doc.Value{}
}

// with evaluates x with variables bound.
func (e *env) with(x expr, bound ...binding) (doc.Value, error) {
	n := len(e.vars)
	e.vars = append(e.vars, bound...)
	v, err := x.eval(e)
	e.vars = e.vars[:n]
	return v, err
}

type literal struct{ v doc.Value }

func (l literal) eval(*env) (doc.Value, error) { return l.v, nil }

// path reads a field of the document or of a variable.
type path struct {
	name  string // of the variable, empty for the document
	steps doc.Path
}

func (p path) eval(e *env) (doc.Value, error) {
	v := e.root
	if p.name != "" {
		v = e.lookup(p.name)
	}
	return follow(v, p.steps), nil
}

// follow reads a path as expressions do: through an array it gives an array of what
// each element has.
func follow(v doc.Value, steps doc.Path) doc.Value {
	for i, step := range steps {
		if v.Kind() == doc.Array {
			var out []doc.Value
			v.Elements(func(_ int, e doc.Value) bool {
				if f := follow(e, steps[i:]); f.Exists() && e.Kind() != doc.Array {
					out = append(out, f)
				}
				return true
			})
			return doc.Of(doc.AppendArray(nil, out))
		}
		v = v.Field(step)
	}
	return v
}

// objectExpr makes an object; fields that are Missing are left out.
type objectExpr struct {
	names  []string
	values []expr
}

func (o objectExpr) eval(e *env) (doc.Value, error) {
	fields := make([]doc.Field, 0, len(o.names))
	for i, x := range o.values {
		v, err := x.eval(e)
		if err != nil {
			return v, err
		}
		if v.Exists() {
			fields = append(fields, doc.Field{Name: o.names[i], Value: v})
		}
	}
	return doc.Of(doc.AppendObject(nil, fields)), nil
}

// arrayExpr makes an array, of which what is Missing is null.
type arrayExpr []expr

func (a arrayExpr) eval(e *env) (doc.Value, error) {
	values, err := evalAll(e, a)
	for i, v := range values {
		if !v.Exists() {
			values[i] = null
		}
	}
	return doc.Of(doc.AppendArray(nil, values)), err
}

func evalAll(e *env, list []expr) ([]doc.Value, error) {
	out := make([]doc.Value, len(list))
	for i, x := range list {
		var err error
		if out[i], err = x.eval(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var null = doc.Of(doc.AppendNull(nil))

func isNull(v doc.Value) bool { return v.Kind() <= doc.Null }

// truth is what a value is as a condition: not false, null, missing or 0.
func truth(v doc.Value) bool {
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return false
	case doc.Bool:
		return v.Bool()
	case doc.Number:
		return doc.Compare(v, doc.Of(doc.AppendInt(nil, 0))) != 0
	}
	return true
}

func boolean(b bool) doc.Value              { return doc.Of(doc.AppendBool(nil, b)) }
func integer(n int64) doc.Value             { return doc.Of(doc.AppendInt(nil, n)) }
func text[T string | []byte](s T) doc.Value { return doc.Of(doc.AppendString(nil, s)) }

// expression compiles one.
func (c *compiler) expression(v doc.Value) (expr, error) {
	if err := c.node(); err != nil {
		return nil, err
	}
	c.depth++
	defer func() { c.depth-- }()
	switch v.Kind() {
	case doc.String:
		return c.fieldPath(string(v.Str()))
	case doc.Array:
		list, err := c.expressions(v)
		return arrayExpr(list), err
	case doc.Object:
		name, arg := v.FieldAt(0)
		if len(name) > 0 && name[0] == '$' {
			if v.Len() != 1 {
				return nil, invalid(string(name), "the operator %q stands beside other fields", name)
			}
			return c.operator(string(name), arg)
		}
		return c.object(v)
	}
	return literal{v}, nil
}

func (c *compiler) expressions(v doc.Value) (list []expr, err error) {
	v.Elements(func(_ int, e doc.Value) bool {
		var x expr
		x, err = c.expression(e)
		list = append(list, x)
		return err == nil
	})
	return list, err
}

// fieldPath compiles a string: $a.b is a field, $$x.b one of a variable, and what
// does not begin with $ is itself.
func (c *compiler) fieldPath(s string) (expr, error) {
	if !strings.HasPrefix(s, "$") {
		return literal{text(s)}, nil
	}
	if !strings.HasPrefix(s, "$$") {
		p, err := doc.ParsePath(s[1:])
		return path{steps: p}, err
	}
	name, rest, more := strings.Cut(s[2:], ".")
	var steps doc.Path
	if more {
		var err error
		if steps, err = doc.ParsePath(rest); err != nil {
			return nil, err
		}
	}
	switch name {
	case "ROOT", "CURRENT":
		return path{steps: steps}, nil
	case "REMOVE":
		return literal{}, nil
	case "":
		return nil, invalid(s, "%q names no variable", s)
	}
	if name[0] >= 'A' && name[0] <= 'Z' {
		return nil, unknown("variable", "$$"+name, []string{"$$CURRENT", "$$REMOVE", "$$ROOT", "those of $let, $map, $filter and $reduce"})
	}
	return path{name: name, steps: steps}, nil
}

func (c *compiler) object(v doc.Value) (expr, error) {
	var o objectExpr
	var err error
	v.Fields(func(name []byte, f doc.Value) bool {
		if len(name) > 0 && name[0] == '$' {
			err = invalid(string(name), "the operator %q stands beside other fields", name)
			return false
		}
		var x expr
		if x, err = c.expression(f); err == nil {
			o.names, o.values = append(o.names, string(name)), append(o.values, x)
		}
		return err == nil
	})
	return o, err
}

// call is an operator on values.
type call struct {
	name string
	fn   func(args []doc.Value) (doc.Value, error)
	args []expr
}

func (c *call) eval(e *env) (doc.Value, error) {
	args, err := evalAll(e, c.args)
	if err != nil {
		return doc.Value{}, err
	}
	return c.fn(args)
}

// function is an operator on a number of values between low and high, -1 for any.
type function struct {
	low, high int
	fn        func(args []doc.Value) (doc.Value, error)
}

// special is an operator whose argument is not a list of values.
type special func(c *compiler, name string, arg doc.Value) (expr, error)

func (c *compiler) operator(name string, arg doc.Value) (expr, error) {
	if build, ok := specials[name]; ok {
		return build(c, name, arg)
	}
	f, ok := functions[name]
	if !ok {
		return nil, unknown("operator", name, operatorNames())
	}
	var args []expr
	var err error
	if arg.Kind() == doc.Array {
		args, err = c.expressions(arg)
	} else {
		var x expr
		x, err = c.expression(arg)
		args = []expr{x}
	}
	if err != nil {
		return nil, err
	}
	if len(args) < f.low || f.high >= 0 && len(args) > f.high {
		return nil, invalid(name, "%s takes %s, not %d", name, arity(f.low, f.high), len(args))
	}
	return &call{name, f.fn, args}, nil
}

func arity(low, high int) string {
	words := []string{"no arguments", "one argument", "two arguments", "three arguments", "four arguments"}
	switch {
	case high < 0 && low == 0:
		return "any number of arguments"
	case high < 0:
		return words[low] + " or more"
	case low == high:
		return words[low]
	}
	return words[low] + " to " + strings.Fields(words[high])[0]
}

func operatorNames() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	for name := range specials {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func join(list []string) string { return strings.Join(list, ", ") }
