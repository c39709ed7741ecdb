package plan

import (
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// The types regclass, regtype, regnamespace, regproc, regprocedure and regrole stand for object ids that are read and
// shown as names. They are held as oid; a cast to one reads the name in a text and
// shows the name of an id, and a cast of that back to oid or text takes the direct way.

func regName(t *ast.TypeName) string {
	if t.Schema != "" && t.Schema != "pg_catalog" || t.Dims > 0 {
		return ""
	}
	switch t.Name {
	case "regclass", "regtype", "regnamespace", "regproc", "regprocedure", "regrole":
		return t.Name
	}
	return ""
}

// regCast binds a cast to one of these types, or from one; ok is false for others.
func (b *binder) regCast(s *scope, e *ast.Cast) (x Expr, ok bool) {
	if b.CatalogFunc == nil {
		return nil, false
	}
	if kind := regName(e.Type); kind != "" {
		arg := b.expr(s, e.Arg)
		if isText(arg.Type()) {
			return b.regOID(kind, arg, e.Pos()), true
		}
		return b.catalogCall(kind+"_name", []Expr{b.cast(arg, sqltype.TOID, e.Pos())}, e.Pos()), true
	}
	inner, is := e.Arg.(*ast.Cast)
	if !is || regName(inner.Type) == "" {
		return nil, false
	}
	t, err := e.Type.Resolve()
	if err != nil || t.ID != sqltype.OID && t.ID != sqltype.Int8 && t.ID != sqltype.Int4 && t.ID != sqltype.Text && t.ID != sqltype.Varchar && t.ID != sqltype.Name {
		return nil, false
	}
	kind, arg := regName(inner.Type), b.expr(s, inner.Arg)
	oid := arg
	if isText(arg.Type()) {
		oid = b.regOID(kind, arg, e.Pos())
	} else {
		oid = b.cast(arg, sqltype.TOID, e.Pos())
	}
	if t.ID == sqltype.OID || t.ID == sqltype.Int8 || t.ID == sqltype.Int4 {
		return b.cast(oid, t, e.Pos()), true
	}
	return b.cast(b.catalogCall(kind+"_name", []Expr{oid}, e.Pos()), t, e.Pos()), true
}

func isText(t sqltype.Type) bool {
	return t.ID == sqltype.Unknown || t.ID == sqltype.Text || t.ID == sqltype.Varchar || t.ID == sqltype.Name
}

// regOID is the object id of what a text names.
func (b *binder) regOID(kind string, arg Expr, pos int) Expr {
	c, constant := arg.(*Const)
	if constant && c.Value.Null {
		return &Const{Typ: sqltype.TOID, Value: sqltype.NullDatum}
	}
	switch kind {
	case "regclass", "regnamespace", "regproc", "regprocedure", "regrole":
		return b.catalogCall(kind+"_oid", []Expr{b.cast(arg, sqltype.TText, pos)}, pos)
	case "regtype":
		if !constant {
			break
		}
		if n, err := strconv.ParseUint(c.Value.Str, 10, 32); err == nil {
			return &Const{Typ: sqltype.TOID, Value: sqltype.Datum{Int: int64(n)}}
		}
		t, err := sqltype.TypeByName(c.Value.Str)
		if err == nil {
			return &Const{Typ: sqltype.TOID, Value: sqltype.Datum{Int: int64(t.OID())}}
		}
		n := parseName(c.Value.Str, pos)
		_, user, uerr := ResolveType(b.Scope, &ast.TypeName{Loc: ast.Loc(pos), Schema: n.Schema, Name: n.Name})
		if uerr != nil || user == nil {
			fail(at(err, pos))
		}
		return &Const{Typ: sqltype.TOID, Value: sqltype.Datum{Int: int64(user.OID())}}
	}
	failAt(pos, dberr.StateFeatureNotSupported, "a cast of this text to %s is not supported", kind)
	return nil
}

// catalogCall calls a function that looks into the catalog.
func (b *binder) catalogCall(name string, args []Expr, pos int) Expr {
	f := b.CatalogFunc(name, len(args))
	if f == nil {
		failAt(pos, dberr.StateUndefinedFunction, "function %s does not exist", name)
	}
	for i := range args {
		x := b.convert(args[i], f.Args[i], pos, fn.AssignCast)
		if x == nil {
			failAt(pos, dberr.StateUndefinedFunction, "function %s(%s) does not exist", name, args[i].Type().Name())
		}
		args[i] = x
	}
	return &Call{Typ: f.Ret, Func: f, Args: args, Pos: pos}
}
