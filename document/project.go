package document

import (
	"strings"

	"github.com/weftdb/weft/document/doc"
)

// Projection says which fields of documents are returned. It never changes and is
// safe for concurrent use.
type Projection struct {
	include bool
	id      bool // _id is returned
	tree    *projected
}

// projected are the fields that are named, with what is named below them. A nil
// tree is the field as a whole.
type projected struct{ fields map[string]*projected }

// ParseProjection takes {"a": 1, "b.c": 1, "_id": 0}, where all but _id are to be
// returned (1, true) or all are to be left out (0, false), or an array of paths to
// be returned.
func ParseProjection(v doc.Value) (*Projection, error) {
	p := &Projection{id: true, tree: &projected{fields: map[string]*projected{}}}
	fault := func(format string, args ...any) error {
		return invalid("INVALID_PROJECTION", "projection", format, args...)
	}
	var err error
	switch v.Kind() {
	case doc.Array:
		p.include = true
		v.Elements(func(_ int, e doc.Value) bool {
			if e.Kind() != doc.String {
				err = fault("a list of fields holds text, not %s", e.Kind())
				return false
			}
			err = p.add(string(e.Str()))
			return err == nil
		})
	case doc.Object:
		decided := false
		v.Fields(func(name []byte, f doc.Value) bool {
			n, isNumber := f.Float()
			if f.Kind() != doc.Bool && (!isNumber || n != 0 && n != 1) {
				err = fault("the projection of %q must be 1 or 0, not %s", name, f.JSON())
				return false
			}
			on := f.Bool() || n == 1
			if string(name) == IDField {
				p.id = on
				return true
			}
			if decided && on != p.include {
				err = fault("a projection names either what is returned or what is left out, but for _id")
				return false
			}
			decided, p.include = true, on
			err = p.add(string(name))
			return err == nil
		})
		if err == nil && !decided {
			p.include = p.id && v.Len() > 0 // {"_id": 1} is the id alone
		}
	default:
		err = fault("a projection is an object or a list of fields, not %s", v.Kind())
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Projection) add(name string) error {
	if strings.HasPrefix(name, "$") {
		return invalid("INVALID_PROJECTION", "projection", "the projection of %q is not known here", shorten(name))
	}
	path, err := doc.ParsePath(name)
	if err != nil {
		return err
	}
	at := p.tree
	for i, step := range path {
		below, there := at.fields[step]
		if there && (below == nil || i == len(path)-1) {
			return invalid("INVALID_PROJECTION", "projection", "the projection names %q and what is within it", strings.Join(path[:i+1], "."))
		}
		if i == len(path)-1 {
			at.fields[step] = nil
			return nil
		}
		if !there {
			below = &projected{fields: map[string]*projected{}}
			at.fields[step] = below
		}
		at = below
	}
	return nil
}

// Apply returns what the projection leaves of a document.
func (p *Projection) Apply(v doc.Value) doc.Value {
	return p.object(v, p.tree, true)
}

func (p *Projection) object(v doc.Value, t *projected, top bool) doc.Value {
	var fields []doc.Field
	v.Fields(func(name []byte, f doc.Value) bool {
		if top && string(name) == IDField {
			if p.id {
				fields = append(fields, doc.Field{Name: IDField, Value: f})
			}
			return true
		}
		below, named := t.fields[string(name)]
		switch {
		case named && below == nil:
			if !p.include {
				return true
			}
		case named:
			out, ok := p.value(f, below)
			if !ok {
				return true
			}
			f = out
		case p.include:
			return true
		}
		fields = append(fields, doc.Field{Name: string(name), Value: f})
		return true
	})
	return doc.Of(doc.AppendObject(nil, fields))
}

// value goes on below a field: in an object, and in the objects of an array.
func (p *Projection) value(v doc.Value, t *projected) (doc.Value, bool) {
	switch v.Kind() {
	case doc.Object:
		return p.object(v, t, false), true
	case doc.Array:
		var elems []doc.Value
		v.Elements(func(_ int, e doc.Value) bool {
			if out, ok := p.value(e, t); ok {
				elems = append(elems, out)
			}
			return true
		})
		return doc.Of(doc.AppendArray(nil, elems)), true
	}
	return v, !p.include
}
