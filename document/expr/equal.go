package expr

import "github.com/weftdb/weft/document/doc"

// Equality is a field that must be equal to a value.
type Equality struct {
	Path  doc.Path
	Value doc.Value
}

// Equalities are fields that are equal to a value in every document for which x is
// true, where no element of an array is on the way: what an index can look up.
func Equalities(x Expr, vars []Binding) (list []Equality) {
	switch x := x.(type) {
	case *logicExpr:
		if x.and {
			for _, part := range x.list {
				list = append(list, Equalities(part, vars)...)
			}
		}
	case *call:
		if x.name != "$eq" {
			return nil
		}
		for i, side := range x.args {
			field, ok := side.(path)
			if !ok || field.name != "" || len(field.steps) == 0 {
				continue
			}
			v, ok := constant(x.args[1-i], vars)
			if ok && v.Exists() && v.Kind() != doc.Array {
				return []Equality{{field.steps, v}}
			}
		}
	}
	return list
}

// constant is the value of an expression that is the same for all documents.
func constant(x Expr, vars []Binding) (v doc.Value, ok bool) {
	switch x := x.(type) {
	case Literal:
		return x.Value, true
	case path:
		if x.name != "" {
			v, err := x.Eval(&Env{Vars: vars})
			return v, err == nil
		}
	}
	return v, false
}
