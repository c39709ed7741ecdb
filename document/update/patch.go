package update

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// Merge applies a merge patch (RFC 7386): fields of patch replace those of v, null
// removes them, and objects are merged all the way down.
func Merge(v, patch doc.Value) (doc.Value, error) {
	n := doc.NewNode(v)
	merge(n, patch)
	out := n.Value()
	if d := out.Depth(); d > doc.MaxDepth {
		return doc.Value{}, cannot(nil, "the document would be nested %d deep, more than %d", d, doc.MaxDepth)
	}
	return out, nil
}

func merge(n *doc.Node, patch doc.Value) {
	if patch.Kind() != doc.Object {
		n.Set(patch)
		return
	}
	if n.Kind() != doc.Object {
		n.SetObject()
	}
	patch.Fields(func(name []byte, v doc.Value) bool {
		f := n.Field(string(name))
		switch {
		case v.Kind() == doc.Null:
			n.RemoveField(string(name))
		case f != nil:
			merge(f, v)
		default:
			f = doc.NewNode(v)
			if v.Kind() == doc.Object { // its nulls do not come along
				f.SetObject()
				merge(f, v)
			}
			n.AddField(string(name), f)
		}
		return true
	})
}

// SetFields replaces the fields of v that fields has, and adds those that are new:
// a merge of the first level only, in which null is a value like others.
func SetFields(v, fields doc.Value) doc.Value {
	n := doc.NewNode(v)
	fields.Fields(func(name []byte, f doc.Value) bool {
		if old := n.Field(string(name)); old != nil {
			old.Set(f)
		} else {
			n.AddField(string(name), doc.NewNode(f))
		}
		return true
	})
	return n.Value()
}

// MaxPatchOperations is how many operations a JSON Patch may have.
const MaxPatchOperations = 10_000

// Patch is a compiled JSON Patch (RFC 6902).
type Patch struct{ ops []patchOp }

type patchOp struct {
	op         string
	path, from []string // reference tokens
	text       string   // of path
	value      doc.Value
}

// CompilePatch compiles an array of operations. It keeps pieces of v.
func CompilePatch(v doc.Value) (*Patch, error) {
	if v.Kind() != doc.Array {
		return nil, badPatch("patch", "a JSON Patch must be an array of operations, not %s", v.Kind())
	}
	if v.Len() > MaxPatchOperations {
		return nil, badPatch("patch", "a JSON Patch of %d operations is longer than %d", v.Len(), MaxPatchOperations)
	}
	p := &Patch{}
	var err error
	v.Elements(func(i int, e doc.Value) bool {
		var op patchOp
		if op, err = compilePatchOp(e); err != nil {
			err = dberr.As(err).WithDetail("operation %d", i)
		}
		p.ops = append(p.ops, op)
		return err == nil
	})
	return p, err
}

func badPatch(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "INVALID_PATCH", format, args...).WithField(field)
}

func compilePatchOp(v doc.Value) (op patchOp, err error) {
	if v.Kind() != doc.Object {
		return op, badPatch("patch", "an operation must be an object, not %s", v.Kind())
	}
	op.op = string(v.Field("op").Str())
	op.value = v.Field("value")
	switch op.op {
	case "add", "replace", "test":
		if !op.value.Exists() {
			return op, badPatch("value", "the operation %q needs a value", op.op)
		}
	case "move", "copy":
		if op.from, _, err = pointer(v, "from"); err != nil {
			return op, err
		}
	case "remove":
	default:
		return op, badPatch("op", "the operation %s is not known", v.Field("op").JSON()).WithHint("known: add, remove, replace, move, copy, test")
	}
	op.path, op.text, err = pointer(v, "path")
	return op, err
}

// pointer reads a JSON Pointer (RFC 6901).
func pointer(v doc.Value, field string) (tokens []string, text string, err error) {
	f := v.Field(field)
	if f.Kind() != doc.String {
		return nil, "", badPatch(field, "the field %q must be a JSON Pointer, a string", field)
	}
	text = string(f.Str())
	if text == "" {
		return nil, "", nil
	}
	if text[0] != '/' {
		return nil, "", badPatch(field, "the JSON Pointer %.80q must be empty or begin with a slash", text)
	}
	tokens = strings.Split(text[1:], "/")
	for i, t := range tokens {
		for at := 0; at < len(t); at++ {
			if t[at] == '~' && (at+1 == len(t) || t[at+1] != '0' && t[at+1] != '1') {
				return nil, "", badPatch(field, "the JSON Pointer %.80q has a ~ that is followed by neither 0 nor 1", text)
			}
		}
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, text, nil
}

// Apply returns v with the patch. Where an operation cannot be done or a test does not
// hold, the error is of class Constraint, and nothing was done.
func (p *Patch) Apply(v doc.Value) (doc.Value, error) {
	root := doc.NewNode(v)
	for i := range p.ops {
		if err := p.ops[i].apply(root); err != nil {
			return doc.Value{}, dberr.As(err).WithDetail("operation %d", i)
		}
	}
	out := root.Value()
	if d := out.Depth(); d > doc.MaxDepth {
		return doc.Value{}, cannot(nil, "the document would be nested %d deep, more than %d", d, doc.MaxDepth)
	}
	return out, nil
}

func patchFailed(at, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrConstraint, "PATCH_NOT_APPLICABLE", format, args...).WithField(at)
}

func (o *patchOp) apply(root *doc.Node) error {
	switch o.op {
	case "add":
		return insertAt(root, o.path, o.text, o.value)
	case "remove":
		_, err := removeAt(root, o.path, o.text)
		return err
	case "replace":
		n, err := findAt(root, o.path, o.text)
		if err == nil {
			n.Set(o.value)
		}
		return err
	case "test":
		n, err := findAt(root, o.path, o.text)
		if err == nil && !sameJSON(n.Value(), o.value) {
			err = patchFailed(o.text, "the value at %q is not the one that the test wants", o.text)
		}
		return err
	case "copy":
		n, err := findAt(root, o.from, "/"+strings.Join(o.from, "/"))
		if err != nil {
			return err
		}
		return insertAt(root, o.path, o.text, n.Value())
	}
	return o.move(root)
}

func (o *patchOp) move(root *doc.Node) error {
	from := "/" + strings.Join(o.from, "/")
	if len(o.from) < len(o.path) && leads(o.from, o.path[:len(o.from)]) {
		return patchFailed(o.text, "%q cannot be moved into itself", from)
	}
	if len(o.from) == 0 {
		return nil // onto itself
	}
	v, err := removeAt(root, o.from, from)
	if err != nil {
		return err
	}
	return insertAt(root, o.path, o.text, v)
}

// sameJSON compares as RFC 6902 does: the order of fields does not count.
func sameJSON(a, b doc.Value) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	same := true
	switch a.Kind() {
	case doc.Object:
		a.Fields(func(name []byte, f doc.Value) bool {
			other := b.Field(string(name))
			same = other.Exists() && sameJSON(f, other)
			return same
		})
	case doc.Array:
		a.Elements(func(i int, e doc.Value) bool {
			same = sameJSON(e, b.At(i))
			return same
		})
	default:
		same = doc.Equal(a, b)
	}
	return same
}

// child is the part of n that a token names, nil where there is none.
func child(n *doc.Node, token string) *doc.Node {
	if n.Kind() == doc.Array {
		return n.Elem(arrayIndex(token))
	}
	return n.Field(token)
}

// arrayIndex is -1 for what is no index.
func arrayIndex(token string) int {
	if doc.Index(token) < 0 {
		return -1
	}
	i, err := strconv.Atoi(token)
	if err != nil {
		return -1
	}
	return i
}

func findAt(n *doc.Node, path []string, text string) (*doc.Node, error) {
	for _, token := range path {
		if n = child(n, token); n == nil {
			return nil, patchFailed(text, "there is nothing at %q", text)
		}
	}
	return n, nil
}

func insertAt(root *doc.Node, path []string, text string, v doc.Value) error {
	if len(path) == 0 {
		root.Set(v)
		return nil
	}
	parent, err := findAt(root, path[:len(path)-1], text)
	if err != nil {
		return err
	}
	last := path[len(path)-1]
	switch parent.Kind() {
	case doc.Object:
		if f := parent.Field(last); f != nil {
			f.Set(v)
		} else {
			parent.AddField(last, doc.NewNode(v))
		}
		return nil
	case doc.Array:
		i := arrayIndex(last)
		if last == "-" {
			i = parent.Len()
		}
		if i < 0 || i > parent.Len() {
			return patchFailed(text, "%q is no index of an array of %d elements", last, parent.Len())
		}
		elems := parent.Elems()
		elems = append(elems, nil)
		copy(elems[i+1:], elems[i:])
		elems[i] = doc.NewNode(v)
		parent.SetElems(elems)
		return nil
	}
	return patchFailed(text, "there is %s where %q should be added to", parent.Kind(), text)
}

func removeAt(root *doc.Node, path []string, text string) (doc.Value, error) {
	if len(path) == 0 {
		return doc.Value{}, patchFailed(text, "the whole document cannot be removed")
	}
	parent, err := findAt(root, path[:len(path)-1], text)
	if err != nil {
		return doc.Value{}, err
	}
	last := path[len(path)-1]
	gone := child(parent, last)
	if gone == nil {
		return doc.Value{}, patchFailed(text, "there is nothing at %q", text)
	}
	v := gone.Value()
	if parent.Kind() == doc.Object {
		parent.RemoveField(last)
		return v, nil
	}
	elems := parent.Elems()
	i := arrayIndex(last)
	parent.SetElems(append(elems[:i:i], elems[i+1:]...))
	return v, nil
}
