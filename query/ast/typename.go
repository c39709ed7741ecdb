package ast

import (
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// Resolve gives the type that a name means. The fields and the precision of an interval
// are not part of a sqltype.Type, and are refused: only constants have them, for which
// see Fields and Mods.
func (t *TypeName) Resolve() (sqltype.Type, error) {
	if t.Schema != "" && t.Schema != "pg_catalog" {
		return sqltype.Type{}, dberr.SQL(dberr.StateUndefinedObject, "type \"%s.%s\" does not exist", t.Schema, t.Name).At(t.Pos())
	}
	mods := make([]int, 0, 2)
	for _, m := range t.Mods {
		l, ok := m.(*Literal)
		n := 0
		if ok && l.Kind == LitInt {
			var err error
			n, err = strconv.Atoi(l.Text)
			ok = err == nil
		}
		if !ok {
			return sqltype.Type{}, dberr.SQL(dberr.StateSyntax, "type modifiers must be simple constants or identifiers").At(t.Pos())
		}
		mods = append(mods, n)
	}
	name := t.Name
	if name == "interval" {
		if t.Fields != 0 || len(mods) > 0 && mods[0] != 6 {
			return sqltype.Type{}, dberr.SQL(dberr.StateFeatureNotSupported, "an interval type with fields or a precision is not supported").At(t.Pos())
		}
		mods = nil
	}
	if name == "char" && len(mods) == 0 {
		name = `"char"` // CHAR is bpchar to the parser
	}
	if t.Dims > 0 {
		name += "[]"
	}
	typ, err := sqltype.TypeByName(name, mods...)
	if e := dberr.As(err); e != nil {
		return typ, e.At(t.Pos())
	}
	return typ, err
}

// Serial says whether the name is serial, bigserial or smallserial, and gives the type of
// such a column.
func (t *TypeName) Serial() (sqltype.Type, bool) {
	if t.Schema != "" || t.Dims > 0 {
		return sqltype.Type{}, false
	}
	switch t.Name {
	case "serial", "serial4":
		return sqltype.TInt4, true
	case "bigserial", "serial8":
		return sqltype.TInt8, true
	case "smallserial", "serial2":
		return sqltype.TInt2, true
	}
	return sqltype.Type{}, false
}
