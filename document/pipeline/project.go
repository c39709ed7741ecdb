package pipeline

import (
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
)

// shape is what $project and $addFields make of the fields of an object.
type shape struct {
	fields map[string]*shape
	order  []string
	keep   bool      // the field as it is, of $project
	drop   bool      // the field is left out, of $project
	expr   expr.Expr // its value
}

func (s *shape) at(path doc.Path) (*shape, error) {
	for i, step := range path {
		if s.fields == nil {
			s.fields = map[string]*shape{}
		}
		next := s.fields[step]
		if next == nil {
			next = &shape{}
			s.fields[step] = next
			s.order = append(s.order, step)
		} else if i == len(path)-1 || next.keep || next.drop || next.expr != nil {
			return nil, invalid(path.String(), "the paths %q and %q are of one field", path[:i+1], path)
		}
		s = next
	}
	return s, nil
}

// add compiles one field of $project or $addFields.
func (c *compiler) add(s *shape, name string, v doc.Value, project bool) error {
	p, err := doc.ParsePath(name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "$") {
		return invalid(name, "the field %q begins with $", name)
	}
	if v.Kind() == doc.Object && v.Len() > 0 {
		if first, _ := v.FieldAt(0); len(first) == 0 || first[0] != '$' {
			var err error
			v.Fields(func(f []byte, e doc.Value) bool {
				err = c.add(s, name+"."+string(f), e, project)
				return err == nil
			})
			return err
		}
	}
	at, err := s.at(p)
	if err != nil {
		return err
	}
	if project && (v.Kind() == doc.Bool || v.Kind() == doc.Number) {
		at.keep = expr.Truth(v)
		at.drop = !at.keep
		return nil
	}
	at.expr, err = c.Expression(v)
	return err
}

// apply makes the fields that s names of v. With whole the others stay.
func (s *shape) apply(e *expr.Env, v doc.Value, whole bool) (doc.Value, error) {
	var out []doc.Field
	done := map[string]bool{}
	var err error
	v.Fields(func(name []byte, f doc.Value) bool {
		n := string(name)
		at := s.fields[n]
		switch {
		case at == nil:
			if whole {
				out = append(out, doc.Field{Name: n, Value: f})
			}
			return true
		case at.drop:
			return true
		case at.keep:
			out = append(out, doc.Field{Name: n, Value: f})
			return true
		case at.expr != nil && !whole:
			return true // in the order of the stage
		}
		done[n] = true
		var made doc.Value
		if made, err = at.value(e, f, whole); err == nil && made.Exists() {
			out = append(out, doc.Field{Name: n, Value: made})
		}
		return err == nil
	})
	for _, n := range s.order {
		at := s.fields[n]
		if err != nil || done[n] || at.keep || at.drop || !whole && at.expr == nil && !at.makes() {
			continue
		}
		var made doc.Value
		if made, err = at.value(e, doc.Value{}, whole); err == nil && made.Exists() {
			out = append(out, doc.Field{Name: n, Value: made})
		}
	}
	return doc.FromFields(out), err
}

// makes says whether a value is made below s, also where nothing is there.
func (s *shape) makes() bool {
	if s.expr != nil {
		return true
	}
	for _, below := range s.fields {
		if below.makes() {
			return true
		}
	}
	return false
}

// value goes on below a field: in an object, in the elements of an array, or where
// nothing is, in a new object.
func (s *shape) value(e *expr.Env, f doc.Value, whole bool) (doc.Value, error) {
	if s.expr != nil {
		return s.expr.Eval(e)
	}
	switch f.Kind() {
	case doc.Object:
		return s.apply(e, f, whole)
	case doc.Array:
		var out []doc.Value
		var err error
		f.Elements(func(_ int, item doc.Value) bool {
			var made doc.Value
			if made, err = s.value(e, item, whole); err == nil && made.Exists() {
				out = append(out, made)
			}
			return err == nil
		})
		return doc.FromArray(out), err
	}
	if s.makes() {
		return s.apply(e, doc.FromFields(nil), whole)
	}
	if whole {
		return f, nil
	}
	return doc.Value{}, nil
}

func newAddFields(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "%s takes an object of fields", name)
	}
	s := &shape{}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		err = c.add(s, string(field), v, false)
		return err == nil
	})
	return each(func(r *run, v doc.Value) (doc.Value, error) {
		return s.apply(r.env(v), v, true)
	}), err
}

func newProject(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "$project takes an object of fields")
	}
	s := &shape{}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		err = c.add(s, string(field), v, true)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	id := s.fields["_id"]
	includes, excludes := s.kinds(true)
	if includes && excludes {
		return nil, invalid(name, "$project names either what is returned or what is left out, but for _id")
	}
	whole := !includes && (excludes || id != nil && id.drop)
	if !whole && id == nil {
		s.fields["_id"] = &shape{keep: true}
	}
	return each(func(r *run, v doc.Value) (doc.Value, error) {
		return s.apply(r.env(v), v, whole)
	}), nil
}

// kinds says whether fields are included or made, and whether some are left out.
func (s *shape) kinds(top bool) (includes, excludes bool) {
	for name, f := range s.fields {
		if top && name == "_id" && f.fields == nil {
			includes = includes || f.expr != nil
			continue
		}
		in, ex := f.kinds(false)
		includes = includes || in || f.keep || f.expr != nil
		excludes = excludes || ex || f.drop
	}
	return includes, excludes
}

func newUnset(c *compiler, name string, arg doc.Value) (stage, error) {
	names := []doc.Value{arg}
	if arg.Kind() == doc.Array {
		names = arg.List()
	}
	if len(names) == 0 {
		return nil, invalid(name, "$unset takes at least one path")
	}
	s := &shape{}
	for _, n := range names {
		if n.Kind() != doc.String {
			return nil, invalid(name, "$unset takes paths, not %s", n.Kind())
		}
		if err := c.add(s, string(n.Str()), doc.FromBool(false), true); err != nil {
			return nil, err
		}
	}
	return each(func(r *run, v doc.Value) (doc.Value, error) {
		return s.apply(r.env(v), v, true)
	}), nil
}
