// Package update is the language of changes to documents: MongoDB's update
// operators, JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386).
//
// It promises that an update is applied whole or, with an error, not at all; that
// numbers are calculated exactly; that fields which are not named stay as they
// were, in their places; and that what it does not know it refuses by name. Paths
// that would change the same place twice are refused before anything is done.
//
// Operators are applied in the order in which they are written. An Update never
// changes and is safe for concurrent use. The operators are those of the table in
// operators.go.
package update

import (
	"sort"
	"strings"
	"time"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

// MaxOperations is how many fields one update may change.
const MaxOperations = 20_000

// Update is a compiled update.
type Update struct {
	ops     []operation
	filters map[string]*match.Filter // of $[name]
}

// operation is one operator on one field.
type operation struct {
	name  string
	path  doc.Path
	apply func(c *change, path doc.Path) error
}

// IsOperators says whether an object is an update by operators, and not a document
// that replaces another: its first field is an operator.
func IsOperators(v doc.Value) bool {
	name, _ := v.FieldAt(0)
	return len(name) > 0 && name[0] == '$'
}

// Compile compiles {"$set": {…}, …}. ArrayFilters, which may be Missing, is an
// array of the filters that $[name] steps of paths refer to.
func Compile(v, arrayFilters doc.Value) (*Update, error) {
	if v.Kind() != doc.Object || v.Len() == 0 {
		return nil, invalid("update", `an update must be an object of operators, such as {"$set": {"a": 1}}`)
	}
	u := &Update{}
	var err error
	if u.filters, err = compileFilters(arrayFilters); err != nil {
		return nil, err
	}
	v.Fields(func(name []byte, arg doc.Value) bool {
		err = u.operator(string(name), arg)
		return err == nil
	})
	if err == nil {
		err = u.checkPaths()
	}
	if err == nil {
		err = u.checkFilters()
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// checkFilters refuses an array filter that no path refers to: it would have no effect.
func (u *Update) checkFilters() error {
	used := map[string]bool{}
	for _, op := range u.ops {
		for _, step := range op.path {
			if name, ok := stepFilter(step); ok {
				used[name] = true
			}
		}
	}
	for name := range u.filters {
		if !used[name] {
			return invalid("array_filters", "no path of the update refers to the array filter about %q", name).WithHint("a path does so by $[%s]", name)
		}
	}
	return nil
}

// Parse compiles an update from JSON text.
func Parse(text []byte) (*Update, error) {
	v, err := doc.Parse(text)
	if err != nil {
		return nil, err
	}
	return Compile(v, doc.Value{})
}

func invalid(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "INVALID_UPDATE", format, args...).WithField(field)
}

// cannot is an update that the document at hand does not allow.
func cannot(path doc.Path, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrConstraint, "UPDATE_NOT_APPLICABLE", format, args...).WithField(path.String())
}

func (u *Update) operator(name string, arg doc.Value) error {
	build, ok := operatorTable[name]
	if !ok {
		known := operatorNames()
		e := dberr.New(dberr.ErrInvalid, "UNKNOWN_OPERATOR", "the update operator %q is not known here", name).WithField(name)
		if !strings.HasPrefix(name, "$") {
			return e.WithHint("an update is either all operators or, to replace the document, all fields")
		}
		return e.WithHint("known here: %s", strings.Join(known, ", "))
	}
	if arg.Kind() != doc.Object {
		return invalid(name, "%s takes an object of fields, not %s", name, arg.Kind())
	}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		var p doc.Path
		if p, err = parsePath(string(field), u.filters); err != nil {
			return false
		}
		var apply func(c *change, path doc.Path) error
		if apply, err = build(name, p, v); err != nil {
			return false
		}
		u.ops = append(u.ops, operation{name, p, apply})
		if len(u.ops) > MaxOperations {
			err = invalid(name, "the update changes more than %d fields", MaxOperations)
		}
		return err == nil
	})
	if name == "$rename" && err == nil {
		arg.Fields(func(_ []byte, v doc.Value) bool { // its targets, for checkPaths
			var p doc.Path
			p, err = doc.ParsePath(string(v.Str()))
			u.ops = append(u.ops, operation{name: name, path: p})
			return err == nil
		})
	}
	return err
}

func operatorNames() []string {
	var names []string
	for name := range operatorTable {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// checkPaths refuses two operations where one path is the other or leads to it.
func (u *Update) checkPaths() error {
	paths := make([]doc.Path, len(u.ops))
	for i := range u.ops {
		paths[i] = u.ops[i].path
	}
	sort.Slice(paths, func(i, j int) bool { return lessPath(paths[i], paths[j]) })
	for i := 1; i < len(paths); i++ {
		if leads(paths[i-1], paths[i]) {
			return invalid(paths[i].String(), "the update changes %q and %q, of which one is within the other", paths[i-1], paths[i])
		}
	}
	return nil
}

func lessPath(a, b doc.Path) bool {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return len(a) < len(b)
}

func leads(a, b doc.Path) bool {
	if len(a) > len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Context is what an update is applied with.
type Context struct {
	At     int       // the element that the filter matched by, for $; -1 for none
	Insert bool      // the document is new, so $setOnInsert counts
	Now    time.Time // of $currentDate
}

// change is an update on its way.
type change struct {
	Context
	u    *Update
	root *doc.Node
}

// Apply returns the document v with the update. The result may be v itself.
func (u *Update) Apply(v doc.Value, ctx Context) (doc.Value, error) {
	c := change{Context: ctx, u: u, root: doc.NewNode(v)}
	for i := range u.ops {
		if op := &u.ops[i]; op.apply != nil {
			if err := op.apply(&c, op.path); err != nil {
				return doc.Value{}, err
			}
		}
	}
	out := c.root.Value()
	if d := out.Depth(); d > doc.MaxDepth {
		return doc.Value{}, cannot(nil, "the document would be nested %d deep, more than %d", d, doc.MaxDepth)
	}
	return out, nil
}
