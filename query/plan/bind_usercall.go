package plan

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// userCall finds the user's function that e calls; nil where there is none of that name, or where it
// calls a built-in one, with the call then, whose arguments are bound.
func (b *binder) userCall(s *scope, e *ast.FuncCall) (*userCall, *ast.FuncCall) {
	name := e.Name[len(e.Name)-1]
	cands := b.candidates(e)
	if len(cands) == 0 || fn.IsAgg(name) && len(e.Name) == 1 || fn.IsWindow(name) && len(e.Name) == 1 {
		return nil, e
	}
	named, list := b.namedArgs(e)
	given, types := b.args(s, list)
	var fits []*arranged
	for _, f := range cands {
		if a := arrangeUser(f, e.Variadic, len(given)-len(named), named); a != nil {
			fits = preferred(fits, a)
		}
	}
	decls := make([][]sqltype.Type, len(fits))
	for i, a := range fits {
		decls[i] = a.decl
	}
	i, ambiguous := fn.ChooseDeclared(decls, types)
	builtin := len(e.Name) == 1 && b.builtin(name)
	switch {
	case builtin && (i < 0 || !b.before(name, types, decls[i])):
		return nil, withBound(e, given)
	case i < 0:
		fail(at(fn.NotFound(strings.Join(e.Name, "."), types, ambiguous), e.Pos()))
	}
	return b.placed(fits[i], given, list, e), nil
}

// withBound is a call whose arguments have been bound.
func withBound(e *ast.FuncCall, given []Expr) *ast.FuncCall {
	out := *e
	out.Args = make([]ast.Expr, len(given))
	for i, x := range given {
		out.Args[i] = boundExpr{&ast.ColumnRef{Loc: ast.Loc(e.Args[i].Pos())}, x}
		if n, ok := e.Args[i].(*ast.NamedArg); ok {
			out.Args[i] = &ast.NamedArg{Loc: n.Loc, Name: n.Name, Arg: out.Args[i]}
		}
	}
	return &out
}

// candidates are the user's functions that a name may mean, the first schema of the path first.
func (b *binder) candidates(e *ast.FuncCall) (list []*catalog.Function) {
	name := e.Name[len(e.Name)-1]
	all := b.Catalog.FunctionsNamed(name)
	if len(all) == 0 {
		return nil
	}
	path := b.Path
	if len(e.Name) > 1 {
		path = []string{b.schemaName(e.Name[len(e.Name)-2])}
	}
	for _, schema := range path {
		for _, f := range all {
			same := func(o *catalog.Function) bool { return slices.Equal(o.InputTypes(), f.InputTypes()) }
			if f.Schema == schema && !slices.ContainsFunc(list, same) {
				list = append(list, f)
			}
		}
	}
	return list
}

// namedArgs checks the names of arguments, and gives them and all of the arguments.
func (b *binder) namedArgs(e *ast.FuncCall) (names []string, list []ast.Expr) {
	for _, a := range e.Args {
		n, ok := a.(*ast.NamedArg)
		switch {
		case ok && slices.Contains(names, n.Name):
			failAt(n.Pos(), dberr.StateSyntax, "argument name %q used more than once", n.Name)
		case ok:
			names, a = append(names, n.Name), n.Arg
		case len(names) > 0:
			failAt(a.Pos(), dberr.StateSyntax, "positional argument cannot follow named argument")
		}
		list = append(list, a)
	}
	return names, list
}

// builtin reports whether there is a built-in function of the name.
func (b *binder) builtin(name string) bool {
	return fn.IsFunc(name) || fn.IsSet(name) || isSequenceCall(name) || b.catalogNamed(name)
}

// before reports whether a user's function is meant rather than a built-in one, whose schema comes
// first: where its types are the very ones of the arguments and those of the other are not, or where
// the other takes no such arguments.
func (b *binder) before(name string, types, decl []sqltype.Type) bool {
	exact := func(decl []sqltype.Type) bool {
		return slices.EqualFunc(decl, types, func(d, t sqltype.Type) bool { return d == t.Base() })
	}
	f, _, err := fn.Resolve(name, types)
	if err != nil {
		if _, _, err := fn.ResolveSet(name, types); err == nil || b.catalogNamed(name) || isSequenceCall(name) {
			return exact(decl)
		}
		return true
	}
	return exact(decl) && !exact(f.Args)
}

// arranged is a function with the places of the given arguments.
type arranged struct {
	f        *catalog.Function
	inputs   []catalog.FuncArg
	places   []int // of each input, which given argument it is; -1 where it has its default
	spread   int   // how many arguments from the last place on are elements of the variadic one; -1 where none are
	decl     []sqltype.Type
	defaults int
}

// arrangeUser finds the places of a call's arguments; nil where the function does not take them.
func arrangeUser(f *catalog.Function, variadic bool, positional int, names []string) *arranged {
	a := &arranged{f: f, inputs: f.Inputs(), spread: -1}
	n, total := len(a.inputs), positional+len(names)
	isVariadic := n > 0 && a.inputs[n-1].Mode == 'v'
	if variadic && !isVariadic {
		return nil
	}
	if isVariadic && !variadic && len(names) == 0 && positional >= n {
		a.spread = positional - n + 1
	} else if total > n || isVariadic && !variadic && total == n {
		return nil
	}
	for i := range a.inputs {
		p := -1
		if i < positional {
			p = i
		}
		a.places = append(a.places, p)
	}
	for k, name := range names {
		i := slices.IndexFunc(a.inputs, func(x catalog.FuncArg) bool { return x.Name == name })
		if i < 0 || a.places[i] >= 0 {
			return nil
		}
		a.places[i] = positional + k
	}
	a.decl = make([]sqltype.Type, total)
	for i, p := range a.places {
		switch {
		case p < 0 && a.inputs[i].Default == "":
			return nil
		case p < 0:
			a.defaults++
		default:
			a.decl[p] = a.inputs[i].Type
		}
	}
	for k := range max(a.spread, 0) {
		a.decl[n-1+k] = a.inputs[n-1].Type.ElemType()
	}
	return a
}

// preferred adds a candidate. Of those that declare the same types the one without defaults is meant.
func preferred(list []*arranged, a *arranged) []*arranged {
	for i, o := range list {
		if slices.Equal(o.decl, a.decl) && (o.defaults == 0) != (a.defaults == 0) {
			if a.defaults == 0 {
				list[i] = a
			}
			return list
		}
	}
	return append(list, a)
}

// placed gives each input its argument, of its type.
func (b *binder) placed(a *arranged, given []Expr, list []ast.Expr, e *ast.FuncCall) *userCall {
	c := &userCall{f: a.f, pos: e.Pos()}
	if b.uses != nil {
		b.uses.Funcs[e] = a.f
	}
	for i, p := range a.places {
		in := &a.inputs[i]
		var x Expr
		switch {
		case p < 0:
			x = b.defaultArg(a.f, in)
		case a.spread >= 0 && i == len(a.places)-1:
			arr := &ArrayExpr{Typ: in.Type}
			for k := range a.spread {
				arr.Elems = append(arr.Elems, b.coerceArg(given[p+k], in.Type.ElemType(), list[p+k].Pos()))
			}
			x = arr
		default:
			x = b.coerceArg(given[p], in.Type, list[p].Pos())
		}
		c.args = append(c.args, partChecked(x, b.domainParts(in.Type, in.Domain, nil), e.Pos()))
	}
	return c
}

// defaultArg binds the default of a parameter.
func (b *binder) defaultArg(f *catalog.Function, in *catalog.FuncArg) Expr {
	x, err := BindRowExpr(b.Scope, nil, mustParse(f, in.Default), in.Type, "DEFAULT expression")
	if err != nil {
		fail(unplacedErr(err))
	}
	return x
}

func unplacedErr(err error) error {
	if e := dberr.As(err); e != nil {
		e.Position = 0
	}
	return err
}
