package update

import (
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
)

// The steps of update paths that stand for elements of arrays: $ is the one that
// the filter matched by, $[] are all, and $[name] are those that an array filter holds for.
const (
	stepMatched = "$"
	stepAll     = "$[]"
)

// maxIndex is how far beyond its end an array may grow by an index.
const maxIndex = 10_000

func stepFilter(step string) (name string, ok bool) {
	if strings.HasPrefix(step, "$[") && strings.HasSuffix(step, "]") && len(step) > 3 {
		return step[2 : len(step)-1], true
	}
	return "", false
}

func parsePath(text string, filters map[string]*match.Filter) (doc.Path, error) {
	p, err := doc.ParsePath(text)
	if err != nil {
		return nil, err
	}
	for i, step := range p {
		if !strings.HasPrefix(step, "$") {
			continue
		}
		name, ok := stepFilter(step)
		switch {
		case i == 0:
			return nil, invalid(text, "the path %q begins with %q, which is no field", text, step)
		case ok && filters[name] == nil:
			return nil, invalid(text, "there is no array filter for %q of the path %q", step, text).WithHint(`give one in "array_filters"`)
		case !ok && step != stepMatched && step != stepAll:
			return nil, invalid(text, "the step %q of the path %q is not known here", step, text).WithHint("known here: $, $[], $[name]")
		}
	}
	return p, nil
}

// compileFilters compiles the array filters, by the name that each is about.
func compileFilters(list doc.Value) (map[string]*match.Filter, error) {
	if !list.Exists() {
		return nil, nil
	}
	if list.Kind() != doc.Array {
		return nil, invalid("array_filters", "array_filters must be an array, not %s", list.Kind())
	}
	filters := map[string]*match.Filter{}
	var err error
	list.Elements(func(_ int, v doc.Value) bool {
		var f *match.Filter
		if f, err = match.Compile(v); err != nil {
			return false
		}
		if f.HasExpr() {
			err = invalid("array_filters", "an array filter has no $expr")
			return false
		}
		names := f.Names()
		if len(names) != 1 || !isIdentifier(names[0]) {
			err = invalid("array_filters", "an array filter must be about one name, such as {\"elem.grade\": {\"$gte\": 85}}: %.80s", v.JSON())
			return false
		}
		if filters[names[0]] != nil {
			err = invalid("array_filters", "there are two array filters about %q", names[0])
			return false
		}
		filters[names[0]] = f
		return true
	})
	return filters, err
}

func isIdentifier(name string) bool {
	for i, c := range name {
		if (c < 'a' || c > 'z') && (i == 0 || (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return name != ""
}

// place is where an operation takes effect: a field of an object or an element of
// an array. Node is nil where there is nothing yet.
type place struct {
	parent *doc.Node
	name   string // of the field
	index  int    // of the element, -1 for a field
	node   *doc.Node
	path   doc.Path
}

// set makes v the value there.
func (p *place) set(v doc.Value) {
	if p.node == nil {
		p.node = add(p.parent, p.name, p.index)
	}
	p.node.Set(v)
}

// add makes room for a field or an element that is not there yet.
func add(parent *doc.Node, name string, index int) *doc.Node {
	n := doc.NewNode(doc.Of(doc.AppendNull(nil)))
	if index < 0 {
		parent.AddField(name, n)
		return n
	}
	elems := parent.Elems()
	for len(elems) < index {
		elems = append(elems, doc.NewNode(doc.Of(doc.AppendNull(nil))))
	}
	parent.SetElems(append(elems, n))
	return n
}

// each calls fn for every place that path leads to. Make says that objects on the
// way which are not there are made; without it such a path leads nowhere.
func (c *change) each(path doc.Path, make bool, fn func(p *place) error) error {
	return c.walk(c.root, path, 0, make, fn)
}

func (c *change) walk(n *doc.Node, path doc.Path, i int, make bool, fn func(p *place) error) error {
	step := path[i]
	if name, ok := stepFilter(step); ok || step == stepAll {
		return c.walkElems(n, path, i, name, make, fn)
	}
	if step == stepMatched {
		if c.At < 0 {
			return cannot(path, "the filter matched no element of an array, which %q of the path %q needs", step, path).
				WithHint("name the array in the filter, or use $[]")
		}
		return c.index(n, path, i, c.At, make, fn)
	}
	switch n.Kind() {
	case doc.Object:
		return c.next(&place{parent: n, name: step, index: -1, node: n.Field(step), path: path}, i, make, fn)
	case doc.Array:
		if at := doc.Index(step); at >= 0 {
			return c.index(n, path, i, at, make, fn)
		}
	}
	if !make {
		return nil
	}
	return cannot(path, "there is no field %q in %s at %q", step, n.Kind(), path[:i])
}

// index goes on in an element of an array.
func (c *change) index(n *doc.Node, path doc.Path, i, at int, make bool, fn func(p *place) error) error {
	if n.Kind() != doc.Array {
		if !make && n.Kind() != doc.Object {
			return nil
		}
		return cannot(path, "there is %s at %q, not an array", n.Kind(), path[:i])
	}
	if at >= n.Len()+maxIndex {
		return cannot(path, "the index %d is more than %d beyond the end of the array at %q", at, maxIndex, path[:i])
	}
	return c.next(&place{parent: n, index: at, node: n.Elem(at), path: path}, i, make, fn)
}

// next is at the place of step i: the last one, or one to go through.
func (c *change) next(p *place, i int, make bool, fn func(p *place) error) error {
	if i == len(p.path)-1 {
		return fn(p)
	}
	if p.node == nil {
		if !make {
			return nil
		}
		if step := p.path[i+1]; strings.HasPrefix(step, "$") {
			return cannot(p.path, "there is no array at %q, which %q needs", p.path[:i+1], step)
		}
		p.node = add(p.parent, p.name, p.index)
		p.node.SetObject()
	}
	return c.walk(p.node, p.path, i+1, make, fn)
}

// walkElems goes on in all elements, or in those that a filter holds for.
func (c *change) walkElems(n *doc.Node, path doc.Path, i int, filter string, make bool, fn func(p *place) error) error {
	if n.Kind() != doc.Array {
		return cannot(path, "there is %s at %q, not an array", n.Kind(), path[:i])
	}
	for at, e := range append([]*doc.Node(nil), n.Elems()...) {
		if filter != "" {
			wrapped := doc.Of(doc.AppendObject(nil, []doc.Field{{Name: filter, Value: e.Value()}}))
			if !c.u.filters[filter].Match(wrapped) {
				continue
			}
		}
		if err := c.next(&place{parent: n, index: at, node: e, path: path}, i, make, fn); err != nil {
			return err
		}
	}
	return nil
}
