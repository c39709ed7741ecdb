package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// instantiate gives f concrete argument and result types.
func instantiate(f *Func, args []sqltype.Type) (*Func, error) {
	if !f.Variadic && !polymorphic(f.Ret) {
		plain := true
		for _, a := range f.Args {
			plain = plain && !polymorphic(a)
		}
		if plain {
			return f, nil
		}
	}
	concrete, ret, err := bindPoly(spell(f.Args, f.Variadic, len(args)), f.Ret, args)
	if err != nil {
		return nil, err
	}
	g := *f
	g.Args, g.Ret, g.Variadic = concrete, ret, false
	return &g, nil
}

func polymorphic(t sqltype.Type) bool { return t.ID >= idAny }

// polyTypes collects what the polymorphic arguments say: the types of anyelement
// and of anycompatible.
func polyTypes(decl, args []sqltype.Type) (elem, compat []sqltype.Type) {
	for i, d := range decl {
		a := args[i].Base()
		if a.ID == sqltype.Unknown {
			continue
		}
		switch d.ID {
		case idAnyElement, idAnyNonArray:
			elem = append(elem, a)
		case idAnyArray:
			elem = append(elem, a.ElemType())
		case idAnyRange, idAnyMultirange:
			elem = append(elem, a.RangeElem())
		case idAnyCompat, idAnyCompatNonArray:
			compat = append(compat, a)
		case idAnyCompatArray:
			compat = append(compat, a.ElemType())
		}
	}
	return elem, compat
}

// polyConsistent reports whether the polymorphic arguments agree with each other.
func polyConsistent(decl, args []sqltype.Type) bool {
	elem, compat := polyTypes(decl, args)
	for _, t := range elem {
		if t != elem[0] {
			return false
		}
	}
	if len(compat) > 1 {
		if _, err := CommonType("", compat...); err != nil {
			return false
		}
	}
	return true
}

// bindPoly replaces the polymorphic types of a declaration by those that the
// arguments imply.
func bindPoly(decl []sqltype.Type, ret sqltype.Type, args []sqltype.Type) ([]sqltype.Type, sqltype.Type, error) {
	elems, compats := polyTypes(decl, args)
	var elem, compat sqltype.Type
	if len(elems) > 0 {
		elem = elems[0]
	}
	if len(compats) > 0 {
		t, err := CommonType("function", compats...)
		if err != nil {
			return nil, ret, err
		}
		compat = t
	} else {
		compat = sqltype.TText
	}
	out := make([]sqltype.Type, len(decl))
	for i, d := range decl {
		t, err := bindOne(d, args[i], elem, compat)
		if err != nil {
			return nil, ret, err
		}
		out[i] = t
	}
	r, err := bindOne(ret, sqltype.TUnknown, elem, compat)
	return out, r, err
}

func bindOne(d, arg, elem, compat sqltype.Type) (sqltype.Type, error) {
	undecided := func() error {
		return dberr.SQL(dberr.StateDatatypeMismatch, "could not determine polymorphic type because input has type unknown")
	}
	switch d.ID {
	case idAny:
		if arg.ID == sqltype.Unknown {
			return sqltype.TText, nil
		}
		return arg.Base(), nil
	case idAnyElement, idAnyNonArray:
		if elem.ID == sqltype.Unknown {
			return d, undecided()
		}
		return elem, nil
	case idAnyArray:
		if elem.ID == sqltype.Unknown {
			return d, undecided()
		}
		return arrayOf(elem)
	case idAnyRange, idAnyMultirange:
		if elem.ID == sqltype.Unknown {
			return d, undecided()
		}
		t, ok := sqltype.RangeOf(elem, d.ID == idAnyMultirange)
		if !ok {
			return t, dberr.SQL(dberr.StateUndefinedObject, "could not find range type for data type %s", elem.Name())
		}
		return t, nil
	case idAnyCompat, idAnyCompatNonArray:
		return compat, nil
	case idAnyCompatArray:
		return arrayOf(compat)
	}
	return d, nil
}

// arrayOf refuses arrays of arrays, which are arrays of more dimensions in SQL.
func arrayOf(t sqltype.Type) (sqltype.Type, error) {
	if t.ID == sqltype.Array {
		return t, nil
	}
	if t.ID == sqltype.Void {
		return t, dberr.SQL(dberr.StateUndefinedObject, "could not find array type for data type %s", t.Name())
	}
	return sqltype.ArrayOf(t), nil
}

// CommonType finds the type of a UNION, CASE (whose ELSE comes first), COALESCE, VALUES, ARRAY, GREATEST or
// IN list (10.5 of PostgreSQL's manual). Context names the construct in the
// error. The modifier is kept where all types agree.
func CommonType(context string, types ...sqltype.Type) (sqltype.Type, error) {
	var t sqltype.Type
	same := true
	for _, u := range types {
		same = same && u == types[0]
		switch {
		case u.ID == sqltype.Unknown || u.Base() == t:
		case t.ID == sqltype.Unknown:
			t = u.Base()
		case category(u) != category(t):
			return t, dberr.SQL(dberr.StateDatatypeMismatch, "%s types %s and %s cannot be matched", context, t.Name(), u.Name())
		case !t.Preferred() && implicit(t, u.Base()) && !implicit(u.Base(), t):
			t = u.Base()
		}
	}
	if len(types) == 0 || t.ID == sqltype.Unknown {
		return sqltype.TText, nil
	}
	for _, u := range types {
		if u.ID != sqltype.Unknown && !implicit(u.Base(), t) {
			return t, dberr.SQL(dberr.StateCannotCoerce, "%s could not convert type %s to %s", context, u.Name(), t.Name())
		}
	}
	if same {
		return types[0], nil
	}
	return t, nil
}
