package fn

import (
	"errors"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

const (
	noFuncHint = "No function matches the given name and argument types. You might need to add explicit type casts."
	noOpHint   = "No operator matches the given name and argument types. You might need to add explicit type casts."
	tooMany    = "Could not choose a best candidate %s. You might need to add explicit type casts."
)

// Resolve chooses the scalar function for arguments of the given types, Unknown
// standing for untyped literals and parameters. It returns the overload, whose
// Args are concrete and as many as args, and the types to coerce the arguments to
// (an argument whose type equals its entry needs nothing).
//
// A call of a type's name with one argument is a cast where no function has that name.
func Resolve(name string, args []sqltype.Type) (*Func, []sqltype.Type, error) {
	cands := registry.funcs[name]
	i, err := choose(len(cands), args, func(i int) ([]sqltype.Type, bool) { return cands[i].Args, cands[i].Variadic })
	if err != nil {
		if len(args) == 1 {
			if name == "char" {
				name = `"char"`
			}
			if t, terr := sqltype.TypeByName(name); terr == nil {
				if args[0].ID == sqltype.Unknown {
					args = []sqltype.Type{sqltype.TText}
				}
				if f := Cast(args[0], t); f != nil {
					return f, []sqltype.Type{args[0]}, nil
				}
			}
		}
		return nil, nil, funcError("function", name, args, errors.Is(err, errAmbiguous))
	}
	f, err := instantiate(cands[i], args)
	if err != nil {
		return nil, nil, err
	}
	return f, keepMods(f.Args, args), nil
}

// Arrange finds the places of arguments given by name, after positional ones. For
// each argument of the function it says which of the given ones it is, or -1 where it
// is left out and has its default; ok is false where no function of the name takes them.
func Arrange(name string, positional int, names []string) (places []int, defaults []string, ok bool) {
	for _, f := range registry.funcs[name] {
		if places, ok = f.arrange(positional, names); ok {
			return places, f.defaults, true
		}
	}
	for _, s := range registry.sets[name] {
		f := Func{Name: name, Args: s.Args, ArgNames: s.argNames, defaults: s.defaults}
		if places, ok = f.arrange(positional, names); ok {
			return places, f.defaults, true
		}
	}
	return nil, nil, false
}

func (f *Func) arrange(positional int, names []string) ([]int, bool) {
	if len(f.ArgNames) != len(f.Args) || positional+len(names) > len(f.Args) {
		return nil, false
	}
	places := make([]int, len(f.Args))
	for i := range places {
		places[i] = -1
		if i < positional {
			places[i] = i
		}
	}
	for k, n := range names {
		i := slices.Index(f.ArgNames, n)
		if i < 0 || places[i] >= 0 {
			return nil, false
		}
		places[i] = positional + k
	}
	for i, p := range places {
		if p < 0 && f.defaults[i] == "" {
			return nil, false
		}
	}
	return places, true
}

// ResolveOp chooses the operator; l is Void for a prefix operator.
func ResolveOp(op string, l, r sqltype.Type) (*Func, []sqltype.Type, error) {
	if op == "!=" {
		op = "<>"
	}
	if f := enumOp(op, l, r); f != nil {
		return f, f.Args, nil
	}
	cands, args := registry.ops[op], []sqltype.Type{l, r}
	switch {
	case l.ID == sqltype.Void:
		cands, args = registry.preops[op], []sqltype.Type{r}
	case r.ID == sqltype.Void:
		cands, args = nil, []sqltype.Type{l}
	}
	f, err := chooseOp(cands, args)
	if err != nil {
		return nil, nil, opError(op, l, r, errors.Is(err, errAmbiguous))
	}
	f, err = instantiate(f, args)
	if err != nil {
		return nil, nil, err
	}
	want := keepMods(f.Args, args)
	if len(args) == 2 {
		for i := range want { // an untyped literal beside a row is one of its type
			if o := args[1-i]; args[i].ID == sqltype.Unknown && want[i].ID == sqltype.Record && o.HasFields() {
				want[i] = o
			}
		}
	}
	return f, want, nil
}

// chooseOp first tries one unknown side as being of the other's type.
func chooseOp(cands []*Func, args []sqltype.Type) (*Func, error) {
	at := func(i int) ([]sqltype.Type, bool) { return cands[i].Args, false }
	if len(args) == 2 && (args[0].ID == sqltype.Unknown) != (args[1].ID == sqltype.Unknown) {
		t := args[0]
		if t.ID == sqltype.Unknown {
			t = args[1]
		}
		if i := exact(len(cands), []sqltype.Type{t, t}, at); i >= 0 {
			return cands[i], nil
		}
	}
	i, err := choose(len(cands), args, at)
	if err != nil {
		return nil, err
	}
	return cands[i], nil
}

// ResolveAgg chooses the aggregate; count(*) has no arguments. The arguments of
// an ordered-set aggregate are its direct ones, then those of WITHIN GROUP.
func ResolveAgg(name string, args []sqltype.Type) (*AggFunc, []sqltype.Type, error) {
	if a := enumAgg(name, args); a != nil {
		return a, a.Args, nil
	}
	cands := registry.aggs[name]
	i, err := choose(len(cands), args, func(i int) ([]sqltype.Type, bool) { return cands[i].Args, cands[i].Variadic })
	if err != nil {
		return nil, nil, funcError("function", name, args, errors.Is(err, errAmbiguous))
	}
	a := *cands[i]
	concrete, ret, err := bindPoly(spell(a.Args, a.Variadic, len(args)), a.Ret, args)
	if err != nil {
		return nil, nil, err
	}
	a.Args, a.Ret, a.Variadic = concrete, ret, false
	if a.of != nil {
		a.New = a.of(concrete, ret)
		if a.New == nil {
			return nil, nil, funcError("function", name, args, false)
		}
	}
	return &a, keepMods(concrete, args), nil
}

// ResolveSet chooses the set-returning function.
func ResolveSet(name string, args []sqltype.Type) (*SetFunc, []sqltype.Type, error) {
	cands := registry.sets[name]
	i, err := choose(len(cands), args, func(i int) ([]sqltype.Type, bool) { return cands[i].Args, cands[i].Variadic })
	if err != nil {
		return nil, nil, funcError("function", name, args, errors.Is(err, errAmbiguous))
	}
	s := *cands[i]
	concrete, _, err := bindPoly(spell(s.Args, s.Variadic, len(args)), sqltype.TBool, args)
	if err != nil {
		return nil, nil, err
	}
	cols := make([]Column, len(s.Cols))
	for k, c := range s.Cols {
		_, t, err := bindPoly(spell(s.Args, s.Variadic, len(args)), c.Type, args)
		if err != nil {
			return nil, nil, err
		}
		cols[k] = Column{c.Name, t}
	}
	s.Args, s.Cols, s.Variadic = concrete, cols, false
	return &s, keepMods(concrete, args), nil
}

// ResolveWindow chooses the pure window function.
func ResolveWindow(name string, args []sqltype.Type) (*WindowFunc, []sqltype.Type, error) {
	cands := registry.windows[name]
	i, err := choose(len(cands), args, func(i int) ([]sqltype.Type, bool) { return cands[i].Args, false })
	if err != nil {
		return nil, nil, funcError("function", name, args, errors.Is(err, errAmbiguous))
	}
	w := *cands[i]
	if w.Args, w.Ret, err = bindPoly(w.Args, w.Ret, args); err != nil {
		return nil, nil, err
	}
	return &w, keepMods(w.Args, args), nil
}

// keepMods returns the target types, with an argument's own modifier where the
// type is otherwise the same, so that no cast is asked for.
func keepMods(want, have []sqltype.Type) []sqltype.Type {
	out := make([]sqltype.Type, len(want))
	for i, t := range want {
		if have[i].Base() == t || t.ID == sqltype.Record && have[i].ID == sqltype.Record {
			t = have[i] // a row keeps the names of its fields
		}
		out[i] = t
	}
	return out
}

func typeList(args []sqltype.Type) string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.Name()
	}
	return strings.Join(names, ", ")
}

func funcError(what, name string, args []sqltype.Type, ambiguous bool) error {
	if ambiguous {
		return dberr.SQL(dberr.StateAmbiguousFunction, "%s %s(%s) is not unique", what, name, typeList(args)).
			WithHint(tooMany, what)
	}
	return dberr.SQL(dberr.StateUndefinedFunction, "%s %s(%s) does not exist", what, name, typeList(args)).
		WithHint(noFuncHint)
}

func opError(op string, l, r sqltype.Type, ambiguous bool) error {
	var text string
	switch {
	case l.ID == sqltype.Void:
		text = op + " " + r.Name()
	case r.ID == sqltype.Void:
		text = l.Name() + " " + op
	default:
		text = l.Name() + " " + op + " " + r.Name()
	}
	if ambiguous {
		return dberr.SQL(dberr.StateAmbiguousFunction, "operator is not unique: %s", text).WithHint(tooMany, "operator")
	}
	return dberr.SQL(dberr.StateUndefinedFunction, "operator does not exist: %s", text).WithHint(noOpHint)
}
