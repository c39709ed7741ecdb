package pipeline

import "github.com/weftdb/weft/document/doc"

// newUnwind takes "$path" or {"path","includeArrayIndex"?,"preserveNullAndEmptyArrays"?}.
func newUnwind(c *compiler, name string, arg doc.Value) (stage, error) {
	p, index, keep := arg, "", false
	if arg.Kind() == doc.Object {
		p = arg.Field("path")
		var err error
		arg.Fields(func(field []byte, v doc.Value) bool {
			switch string(field) {
			case "path":
			case "includeArrayIndex":
				index = string(v.Str())
				if index == "" || index[0] == '$' {
					err = invalid(name, "includeArrayIndex must be the name of a field")
				}
			case "preserveNullAndEmptyArrays":
				keep = v.Bool()
				if v.Kind() != doc.Bool {
					err = invalid(name, "preserveNullAndEmptyArrays must be true or false")
				}
			default:
				err = invalid(name, "$unwind does not know the field %q", field)
			}
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	if s := string(p.Str()); len(s) < 2 || s[0] != '$' || s[1] == '$' {
		return nil, invalid(name, `$unwind takes a path such as "$items"`)
	}
	steps, err := doc.ParsePath(string(p.Str()[1:]))
	return &unwindStage{steps, index, keep}, err
}

type unwindStage struct {
	path  doc.Path
	index string
	keep  bool
}

func (s *unwindStage) run(_ *run, in Iter) (Iter, error) {
	var pending []doc.Value
	return func() (doc.Value, error) {
		for len(pending) == 0 {
			v, err := in()
			if err != nil || !v.Exists() {
				return v, err
			}
			pending = s.unwind(v)
		}
		v := pending[0]
		pending = pending[1:]
		return v, nil
	}, nil
}

func (s *unwindStage) unwind(v doc.Value) []doc.Value {
	at := v
	for _, step := range s.path {
		at = at.Field(step)
	}
	if at.Kind() != doc.Array {
		if isNull(at) && !s.keep {
			return nil
		}
		return []doc.Value{s.with(v, at, null)}
	}
	if at.Len() == 0 && s.keep {
		return []doc.Value{s.with(v, doc.Value{}, null)}
	}
	var out []doc.Value
	at.Elements(func(i int, e doc.Value) bool {
		out = append(out, s.with(v, e, doc.FromInt(int64(i))))
		return true
	})
	return out
}

// with is the document with e in place of the array, and its index.
func (s *unwindStage) with(v, e, index doc.Value) doc.Value {
	n := doc.NewNode(v)
	at := n
	for _, step := range s.path[:len(s.path)-1] {
		if at = at.Field(step); at == nil {
			break
		}
	}
	last := s.path[len(s.path)-1]
	if at != nil {
		switch f := at.Field(last); {
		case f != nil && e.Exists():
			f.Set(e)
		case f != nil:
			at.RemoveField(last)
		}
	}
	if s.index != "" {
		n.RemoveField(s.index)
		n.AddField(s.index, doc.NewNode(index))
	}
	return n.Value()
}
