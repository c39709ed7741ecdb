package document

import (
	"math"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
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
type projected struct {
	fields map[string]*projected
	part   func(doc.Value) (doc.Value, bool) // of the field, in place of fields
}

// ParseProjection takes {"a": 1, "b.c": 1, "_id": 0}, where all but _id are to be
// returned (1, true) or all are to be left out (0, false), or an array of paths to
// be returned. In place of 1 may stand {"$elemMatch": {…}}, which returns the first
// element for which that holds, and beside either {"$slice": n} or {"$slice": [skip, n]},
// which returns some elements.
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
			err = p.add(string(e.Str()), nil)
			return err == nil
		})
	case doc.Object:
		decided, sliced := false, false
		v.Fields(func(name []byte, f doc.Value) bool {
			if f.Kind() == doc.Object {
				var part func(doc.Value) (doc.Value, bool)
				matches := false
				if part, matches, err = parsePart(string(name), f); err != nil {
					return false
				}
				if matches && decided && !p.include {
					err = fault("a projection names either what is returned or what is left out, but for _id")
					return false
				}
				if sliced = sliced || !matches; matches {
					decided, p.include = true, true
				}
				err = p.add(string(name), &projected{part: part})
				return err == nil
			}
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
			err = p.add(string(name), nil)
			return err == nil
		})
		if err == nil && !decided {
			p.include = p.id && v.Len() > 0 && !sliced // {"_id": 1} is the id alone
		}
	default:
		err = fault("a projection is an object or a list of fields, not %s", v.Kind())
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// parsePart reads {"$slice": …} or {"$elemMatch": …}, and says whether it is the latter.
func parsePart(name string, v doc.Value) (part func(doc.Value) (doc.Value, bool), matches bool, err error) {
	op, arg := v.FieldAt(0)
	fault := func(format string, args ...any) (func(doc.Value) (doc.Value, bool), bool, error) {
		return nil, false, invalid("INVALID_PROJECTION", "projection", format, args...)
	}
	switch {
	case v.Len() == 1 && string(op) == "$elemMatch":
		if arg.Kind() != doc.Object {
			return fault("$elemMatch of %q takes an object, not %s", shorten(name), arg.Kind())
		}
		f, err := match.CompileElement(arg)
		if err != nil {
			return nil, false, err
		}
		return func(v doc.Value) (doc.Value, bool) { return firstMatch(v, f) }, true, nil
	case v.Len() == 1 && string(op) == "$slice":
		skip, n, ok := sliceOf(arg)
		if !ok {
			return fault("$slice of %q takes a whole number, or an array of how many to skip and how many, at least one, to return, not %s", shorten(name), arg.JSON())
		}
		return func(v doc.Value) (doc.Value, bool) { return slice(v, skip, n), true }, false, nil
	}
	return fault("the projection of %q must be 1, 0, or {\"$slice\" or \"$elemMatch\": …}, not %s", shorten(name), shorten(v.JSON()))
}

// firstMatch is an array of the first element for which f holds; without one there is
// nothing to return.
func firstMatch(v doc.Value, f *match.Filter) (out doc.Value, ok bool) {
	if v.Kind() != doc.Array {
		return v, false
	}
	v.Elements(func(_ int, e doc.Value) bool {
		if ok = f.Match(e); ok {
			out = doc.Of(doc.AppendArray(nil, []doc.Value{e}))
		}
		return !ok
	})
	return out, ok
}

// sliceOf reads what stands in $slice. A skip that is negative counts from the end.
func sliceOf(v doc.Value) (skip, n int64, ok bool) {
	if v.Kind() == doc.Array {
		if v.Len() != 2 {
			return 0, 0, false
		}
		var also bool
		skip, ok = v.At(0).Int()
		n, also = v.At(1).Int()
		return skip, n, ok && also && n > 0
	}
	if n, ok = v.Int(); n < 0 {
		return n, math.MaxInt64, ok && n > math.MinInt64
	}
	return 0, n, ok
}

func slice(v doc.Value, skip, n int64) doc.Value {
	if v.Kind() != doc.Array {
		return v
	}
	size := int64(v.Len())
	if skip < 0 {
		skip = max(size+skip, 0)
	}
	var elems []doc.Value
	v.Elements(func(i int, e doc.Value) bool {
		if int64(i) >= skip && int64(i)-skip < n {
			elems = append(elems, e)
		}
		return true
	})
	return doc.Of(doc.AppendArray(nil, elems))
}

func (p *Projection) add(name string, leaf *projected) error {
	if strings.HasPrefix(name, "$") {
		return invalid("INVALID_PROJECTION", "projection", "the projection of %q is not known here", shorten(name))
	}
	path, err := doc.ParsePath(name)
	if err != nil {
		return err
	}
	at := p.tree
	for i, step := range path {
		if strings.HasPrefix(step, "$") {
			return invalid("INVALID_PROJECTION", "projection", "the step %q of %q is not known in a projection", shorten(step), shorten(name)).
				WithHint(`{"$elemMatch": {…}} returns the element for which a condition holds`)
		}
		below, there := at.fields[step]
		if there && (below == nil || below.part != nil || i == len(path)-1) {
			return invalid("INVALID_PROJECTION", "projection", "the projection names %q and what is within it", strings.Join(path[:i+1], "."))
		}
		if i == len(path)-1 {
			at.fields[step] = leaf
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
		case named && below.part != nil:
			out, ok := below.part(f)
			if !ok {
				return true
			}
			f = out
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
