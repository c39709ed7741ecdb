// Package expr is the expression language of documents: MongoDB's operators that
// calculate a value from a document, in aggregations and, by $expr, in filters.
//
// It promises that an operator means what MongoDB's manual says, with exact numbers
// in place of doubles where a result has finitely many digits; that what a document
// does not allow, such as a sum with a text, is an error and never a value; and that
// every operator, option and variable that it does not know is refused by name when
// it is compiled.
//
// It owns nothing. An Expr never changes and is safe for concurrent use; an Env is
// for one evaluation. The operators are those of the tables in operators.go.
package expr

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// The limits of what one Compiler compiles.
const (
	MaxNesting = 100
	MaxNodes   = 20_000 // operators and values
)

// Expr is a compiled expression. Its value may be Missing.
type Expr interface {
	Eval(e *Env) (doc.Value, error)
}

// Env is what an expression is evaluated with.
type Env struct {
	Root doc.Value
	Vars []Binding // innermost last; its spare capacity is the Env's own
}

// Binding is a variable with its value.
type Binding struct {
	Name  string
	Value doc.Value
}

func (e *Env) lookup(name string) doc.Value {
	for i := len(e.Vars) - 1; i >= 0; i-- {
		if e.Vars[i].Name == name {
			return e.Vars[i].Value
		}
	}
	return doc.Value{}
}

// with evaluates x with variables bound.
func (e *Env) with(x Expr, bound ...Binding) (doc.Value, error) {
	n := len(e.Vars)
	e.Vars = append(e.Vars, bound...)
	v, err := x.Eval(e)
	e.Vars = e.Vars[:n]
	return v, err
}

// Literal is a value as an expression.
type Literal struct{ Value doc.Value }

// Eval implements Expr.
func (l Literal) Eval(*Env) (doc.Value, error) { return l.Value, nil }

// path reads a field of the document or of a variable.
type path struct {
	name  string // of the variable, empty for the document
	steps doc.Path
}

func (p path) Eval(e *Env) (doc.Value, error) {
	v := e.Root
	if p.name != "" {
		v = e.lookup(p.name)
	}
	return Follow(v, p.steps), nil
}

// Follow reads a path as expressions do: through an array it gives an array of what
// each element has.
func Follow(v doc.Value, steps doc.Path) doc.Value {
	for i, step := range steps {
		if v.Kind() == doc.Array {
			var out []doc.Value
			v.Elements(func(_ int, e doc.Value) bool {
				if f := Follow(e, steps[i:]); f.Exists() && e.Kind() != doc.Array {
					out = append(out, f)
				}
				return true
			})
			return doc.FromArray(out)
		}
		v = v.Field(step)
	}
	return v
}

// objectExpr makes an object; fields that are Missing are left out.
type objectExpr struct {
	names  []string
	values []Expr
}

func (o objectExpr) Eval(e *Env) (doc.Value, error) {
	fields := make([]doc.Field, 0, len(o.names))
	for i, x := range o.values {
		v, err := x.Eval(e)
		if err != nil {
			return v, err
		}
		if v.Exists() {
			fields = append(fields, doc.Field{Name: o.names[i], Value: v})
		}
	}
	return doc.FromFields(fields), nil
}

// arrayExpr makes an array, of which what is Missing is null.
type arrayExpr []Expr

func (a arrayExpr) Eval(e *Env) (doc.Value, error) {
	values, err := evalAll(e, a)
	for i, v := range values {
		if !v.Exists() {
			values[i] = null
		}
	}
	return doc.FromArray(values), err
}

func evalAll(e *Env, list []Expr) ([]doc.Value, error) {
	out := make([]doc.Value, len(list))
	for i, x := range list {
		var err error
		if out[i], err = x.Eval(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var null = doc.FromNull()

func isNull(v doc.Value) bool { return v.Kind() <= doc.Null }

// Truth is what a value is as a condition: not false, null, missing or 0.
func Truth(v doc.Value) bool {
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return false
	case doc.Bool:
		return v.Bool()
	case doc.Number:
		return doc.Compare(v, doc.FromInt(0)) != 0
	}
	return true
}

func invalid(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "INVALID_EXPRESSION", format, args...).WithField(field)
}

// Failed is the error of an operator that a document does not allow.
func Failed(op, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrConstraint, "EXPRESSION_FAILED", format, args...).WithField(op)
}

// Unknown is the error of a name that is not among those that are known.
func Unknown(what, name string, known []string) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "UNKNOWN_OPERATOR", "the %s %q is not known here", what, name).WithField(name).
		WithHint("known here: %s", join(known))
}

// Compiler compiles expressions that belong together and counts what they hold. The
// zero Compiler knows no variables but $$ROOT, $$CURRENT, $$REMOVE and $$NOW.
type Compiler struct {
	nodes, depth int
	scope        []string  // the variables that are defined, innermost last
	now          time.Time // when the first $$NOW was compiled: one instant for all
}

// Node counts one more operator or value.
func (c *Compiler) Node() error {
	if c.nodes++; c.nodes > MaxNodes {
		return invalid("", "there are more than %d operators and values", MaxNodes)
	}
	if c.depth > MaxNesting {
		return invalid("", "it is nested deeper than %d", MaxNesting)
	}
	return nil
}

// Nested runs fn one level deeper, with variables defined in addition.
func (c *Compiler) Nested(vars []string, fn func() error) error {
	n := len(c.scope)
	c.depth++
	c.scope = append(c.scope, vars...)
	err := fn()
	c.depth--
	c.scope = c.scope[:n]
	return err
}

// Variables compiles an object of variables and what they are bound to. The names
// begin with a small letter.
func (c *Compiler) Variables(name string, v doc.Value) (names []string, values []Expr, err error) {
	if v.Kind() != doc.Object {
		return nil, nil, invalid(name, "the variables of %s are an object of names and expressions, not %s", name, v.Kind())
	}
	v.Fields(func(field []byte, arg doc.Value) bool {
		var x Expr
		if err = checkVariable(name, string(field)); err == nil {
			x, err = c.Expression(arg)
		}
		names, values = append(names, string(field)), append(values, x)
		return err == nil
	})
	return names, values, err
}

// Bind gives the variables the values that they have for a document.
func Bind(e *Env, names []string, values []Expr) ([]Binding, error) {
	list, err := evalAll(e, values)
	if err != nil {
		return nil, err
	}
	bound := make([]Binding, len(names))
	for i := range names {
		bound[i] = Binding{names[i], list[i]}
	}
	return bound, nil
}

// Expression compiles one. It keeps pieces of v.
func (c *Compiler) Expression(v doc.Value) (Expr, error) {
	if err := c.Node(); err != nil {
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
	return Literal{v}, nil
}

func (c *Compiler) expressions(v doc.Value) (list []Expr, err error) {
	v.Elements(func(_ int, e doc.Value) bool {
		var x Expr
		x, err = c.Expression(e)
		list = append(list, x)
		return err == nil
	})
	return list, err
}

// fieldPath compiles a string: $a.b is a field, $$x.b one of a variable, and what
// does not begin with $ is itself.
func (c *Compiler) fieldPath(s string) (Expr, error) {
	if !strings.HasPrefix(s, "$") {
		return Literal{doc.FromText(s)}, nil
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
	case "NOW":
		if c.now.IsZero() {
			c.now = time.Now()
		}
		return Literal{Follow(moment(c.now), steps)}, nil
	case "REMOVE":
		return Literal{}, nil
	case "":
		return nil, invalid(s, "%q names no variable", s)
	}
	if !slices.Contains(c.scope, name) {
		known := []string{"$$CURRENT", "$$NOW", "$$REMOVE", "$$ROOT"}
		for _, defined := range c.scope {
			known = append(known, "$$"+defined)
		}
		return nil, Unknown("variable", "$$"+name, known)
	}
	return path{name: name, steps: steps}, nil
}

func (c *Compiler) object(v doc.Value) (Expr, error) {
	var o objectExpr
	var err error
	v.Fields(func(name []byte, f doc.Value) bool {
		if len(name) > 0 && name[0] == '$' {
			err = invalid(string(name), "the operator %q stands beside other fields", name)
			return false
		}
		var x Expr
		if x, err = c.Expression(f); err == nil {
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
	args []Expr
}

func (c *call) Eval(e *Env) (doc.Value, error) {
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
type special func(c *Compiler, name string, arg doc.Value) (Expr, error)

func (c *Compiler) operator(name string, arg doc.Value) (Expr, error) {
	if build, ok := specials[name]; ok {
		return build(c, name, arg)
	}
	f, ok := functions[name]
	if !ok {
		return nil, Unknown("operator", name, operatorNames())
	}
	var args []Expr
	var err error
	switch {
	case arg.Kind() == doc.Array:
		args, err = c.expressions(arg)
	case f.high == 0 && arg.Kind() == doc.Object && arg.Len() == 0:
	default:
		var x Expr
		x, err = c.Expression(arg)
		args = []Expr{x}
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
