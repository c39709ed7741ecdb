package expr

import "github.com/weftdb/weft/document/doc"

// compare orders values as expressions do: what is missing is less than null.
func compare(a, b doc.Value) int {
	c := doc.Compare(a, b)
	if c == 0 && a.Exists() != b.Exists() {
		c = -1
		if a.Exists() {
			c = 1
		}
	}
	return c
}

func compared(ok func(int) bool) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) { return doc.FromBool(ok(compare(args[0], args[1]))), nil }
}

// logic is $and (true) and $or (false), which stop as soon as they can.
func logic(and bool) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		if arg.Kind() != doc.Array {
			return nil, invalid(name, "%s takes an array of expressions", name)
		}
		list, err := c.expressions(arg)
		return &logicExpr{and, list}, err
	}
}

type logicExpr struct {
	and  bool
	list []Expr
}

func (l *logicExpr) Eval(e *Env) (doc.Value, error) {
	for _, x := range l.list {
		v, err := x.Eval(e)
		if err != nil {
			return v, err
		}
		if Truth(v) != l.and {
			return doc.FromBool(!l.and), nil
		}
	}
	return doc.FromBool(l.and), nil
}

func cond(c *Compiler, name string, arg doc.Value) (Expr, error) {
	var p []Expr
	var err error
	if arg.Kind() == doc.Array {
		if arg.Len() != 3 {
			return nil, invalid(name, "$cond takes three expressions, not %d", arg.Len())
		}
		p, err = c.expressions(arg)
	} else {
		p, err = c.parts(name, arg, 3, "if", "then", "else")
	}
	if err != nil {
		return nil, err
	}
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		if Truth(v) {
			return p[1].Eval(e)
		}
		return p[2].Eval(e)
	}), nil
}

func ifNull(c *Compiler, name string, arg doc.Value) (Expr, error) {
	if arg.Kind() != doc.Array || arg.Len() < 2 {
		return nil, invalid(name, "$ifNull takes at least two expressions")
	}
	list, err := c.expressions(arg)
	return evalFunc(func(e *Env) (v doc.Value, err error) {
		for _, x := range list {
			if v, err = x.Eval(e); err != nil || !isNull(v) {
				return v, err
			}
		}
		return v, nil
	}), err
}

func switchOf(c *Compiler, name string, arg doc.Value) (Expr, error) {
	branches := arg.Field("branches")
	if branches.Kind() != doc.Array || branches.Len() == 0 {
		return nil, invalid(name, "$switch needs the field \"branches\", an array")
	}
	var list [][]Expr
	var err error
	branches.Elements(func(_ int, b doc.Value) bool {
		var p []Expr
		p, err = c.parts(name, b, 2, "case", "then")
		list = append(list, p)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	var otherwise Expr
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch string(field) {
		case "branches":
		case "default":
			otherwise, err = c.Expression(v)
		default:
			err = invalid(name, "$switch does not know the field %q", field)
		}
		return err == nil
	})
	return evalFunc(func(e *Env) (doc.Value, error) {
		for _, p := range list {
			v, err := p[0].Eval(e)
			if err != nil {
				return v, err
			}
			if Truth(v) {
				return p[1].Eval(e)
			}
		}
		if otherwise == nil {
			return null, Failed(name, "no branch of $switch holds, and there is no default")
		}
		return otherwise.Eval(e)
	}), err
}

func let(c *Compiler, name string, arg doc.Value) (Expr, error) {
	if arg.Kind() != doc.Object || arg.Len() != 2 || !arg.Field("vars").Exists() || !arg.Field("in").Exists() {
		return nil, invalid(name, `$let takes "vars", an object, and "in"`)
	}
	names, values, err := c.Variables(name, arg.Field("vars"))
	if err != nil {
		return nil, err
	}
	var in Expr
	err = c.Nested(names, func() (err error) {
		in, err = c.Expression(arg.Field("in"))
		return err
	})
	return evalFunc(func(e *Env) (doc.Value, error) {
		bound, err := Bind(e, names, values)
		if err != nil {
			return null, err
		}
		return e.with(in, bound...)
	}), err
}

func checkVariable(op, name string) error {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return invalid(op, "the name %q of a variable must begin with a small letter", name)
	}
	return nil
}
