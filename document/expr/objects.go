package expr

import "github.com/weftdb/weft/document/doc"

// MergeObjects is the fields of all objects, of those of one name the last; null is
// passed over.
func MergeObjects(list []doc.Value) (doc.Value, error) {
	n := doc.NewNode(doc.FromFields(nil))
	for _, o := range list {
		if isNull(o) {
			continue
		}
		if o.Kind() != doc.Object {
			return null, Failed("$mergeObjects", "$mergeObjects takes objects, not %s", o.Kind())
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
		return null, Failed("$objectToArray", "$objectToArray takes an object, not %s", args[0].Kind())
	}
	var out []doc.Value
	args[0].Fields(func(name []byte, f doc.Value) bool {
		out = append(out, doc.FromFields([]doc.Field{{Name: "k", Value: doc.FromText(name)}, {Name: "v", Value: f}}))
		return true
	})
	return doc.FromArray(out), nil
}

// arrayToObject takes elements {"k","v"} or [k, v].
func arrayToObject(args []doc.Value) (doc.Value, error) {
	return onArray("$arrayToObject", args[0], func(list []doc.Value) (doc.Value, error) {
		n := doc.NewNode(doc.FromFields(nil))
		for _, e := range list {
			k, v := e.Field("k"), e.Field("v")
			if e.Kind() == doc.Array && e.Len() == 2 {
				k, v = e.At(0), e.At(1)
			}
			if k.Kind() != doc.String || !v.Exists() {
				return null, Failed("$arrayToObject", "$arrayToObject takes pairs of a name and a value, not %.80s", e.JSON())
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

// fieldName reads the field "field" of an argument: text, or {"$literal": text}.
func fieldName(name string, arg doc.Value) (string, error) {
	f := arg.Field("field")
	if f.Kind() == doc.Object && f.Len() == 1 {
		f = f.Field("$literal")
	}
	if f.Kind() != doc.String {
		return "", invalid(name, `the field "field" of %s must be text`, name)
	}
	return string(f.Str()), nil
}

// getField takes the name of a field, as it is, or {"field","input"?}.
func getField(c *Compiler, name string, arg doc.Value) (Expr, error) {
	field, input := string(arg.Str()), Expr(path{})
	if arg.Kind() != doc.String {
		var err error
		if field, err = fieldName(name, arg); err != nil {
			return nil, err
		}
		p, err := c.parts(name, without(arg, "field"), 0, "input")
		if err != nil {
			return nil, err
		}
		if p[0] != nil {
			input = p[0]
		}
	}
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := input.Eval(e)
		if err != nil || v.Kind() == doc.Null {
			return v, err
		}
		return v.Field(field), nil
	}), nil
}

// setField takes {"field","input","value"}; a value that is missing removes the field.
func setField(c *Compiler, name string, arg doc.Value) (Expr, error) {
	field, err := fieldName(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "field"), 2, "input", "value")
	return evalFunc(func(e *Env) (doc.Value, error) {
		args, err := evalAll(e, p)
		if err != nil {
			return null, err
		}
		return withField(name, args[0], field, args[1])
	}), err
}

// unsetField takes {"field","input"}.
func unsetField(c *Compiler, name string, arg doc.Value) (Expr, error) {
	field, err := fieldName(name, arg)
	if err != nil {
		return nil, err
	}
	p, err := c.parts(name, without(arg, "field"), 1, "input")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return null, err
		}
		return withField(name, v, field, doc.Value{})
	}), err
}

func withField(name string, v doc.Value, field string, value doc.Value) (doc.Value, error) {
	if isNull(v) {
		return null, nil
	}
	if v.Kind() != doc.Object {
		return null, Failed(name, "%s takes an object, not %s", name, v.Kind())
	}
	n := doc.NewNode(v)
	switch f := n.Field(field); {
	case !value.Exists():
		n.RemoveField(field)
	case f != nil:
		f.Set(value)
	default:
		n.AddField(field, doc.NewNode(value))
	}
	return n.Value(), nil
}
