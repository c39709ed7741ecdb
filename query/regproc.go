package query

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// namedFunction is a function of pg_proc; types are nil where its arguments are not told.
type namedFunction struct {
	oid   int64
	name  string
	types []int64
	args  string
}

// procedures are the functions of pg_proc by name and by object id.
var procedures = sync.OnceValue(func() (p struct {
	byName map[string][]*namedFunction
	byOID  map[int64]*namedFunction
}) {
	p.byName, p.byOID = map[string][]*namedFunction{}, map[int64]*namedFunction{}
	add := func(f *namedFunction) {
		p.byName[f.name] = append(p.byName[f.name], f)
		p.byOID[f.oid] = f
	}
	for _, f := range builtin.functions {
		add(&namedFunction{oid: int64(f.oid), name: f.name})
	}
	list := fn.Functions()
	for i := range list {
		f := &list[i]
		n := &namedFunction{oid: int64(functionOID(f)), name: f.Name, types: []int64{}}
		var names []string
		for _, a := range f.Args {
			n.types = append(n.types, int64(functionTypeOID(a)))
			names = append(names, functionTypeName(a))
		}
		n.args = strings.Join(names, ",")
		if same := p.byName[f.Name]; len(same) > 0 && same[0].types == nil { // it is one that reads or writes a type
			same[0].types, same[0].args, p.byOID[n.oid] = n.types, n.args, n
			continue
		}
		add(n)
	}
	for oid, name := range systemFunctions().names { // that only rows of catalogs name
		if p.byOID[oid] == nil {
			add(&namedFunction{oid: oid, name: name})
		}
	}
	return p
})

// number reads an object id, which all of these types take for a name; "-" is none.
func number(s string) (int64, bool) {
	if s == "-" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int64(n), err == nil
}

func (c *catalogCall) procOID(args []sqltype.Datum) (sqltype.Datum, error) {
	if n, ok := number(args[0].Str); ok {
		return sqltype.Datum{Int: n}, nil
	}
	name, err := functionName(args[0].Str)
	if err != nil {
		return sqltype.NullDatum, err
	}
	switch users := c.userNamed(args[0].Str); {
	case len(users)+len(procedures().byName[name]) > 1 && len(users) > 0:
		return sqltype.NullDatum, dberr.SQL("42725", "more than one function named %q", args[0].Str)
	case len(users) == 1:
		return sqltype.Datum{Int: int64(objectOID(users[0].ID))}, nil
	}
	switch list := procedures().byName[name]; {
	case name == "" || len(list) == 0:
		return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedFunction, "function %q does not exist", args[0].Str)
	case len(list) > 1:
		return sqltype.NullDatum, dberr.SQL("42725", "more than one function named %q", args[0].Str)
	default:
		return sqltype.Datum{Int: list[0].oid}, nil
	}
}

func (c *catalogCall) procedureOID(args []sqltype.Datum) (sqltype.Datum, error) {
	if n, ok := number(args[0].Str); ok {
		return sqltype.Datum{Int: n}, nil
	}
	head, list, open := strings.Cut(strings.TrimSpace(args[0].Str), "(")
	list, closed := strings.CutSuffix(list, ")")
	if !open || !closed {
		return sqltype.NullDatum, dberr.SQL(dberr.StateInvalidTextRepr, "expected a left parenthesis")
	}
	name, err := functionName(head)
	if err != nil {
		return sqltype.NullDatum, err
	}
	var types []int64
	if strings.TrimSpace(list) != "" {
		for _, t := range strings.Split(list, ",") {
			oid := int64(pseudoTypes[strings.Trim(strings.TrimSpace(t), "\"")])
			if oid == 0 {
				typ, err := sqltype.TypeByName(strings.TrimSpace(t))
				if user := c.namedType(strings.TrimSpace(t)); err != nil && user != nil {
					typ, err = user.Type(), nil
				}
				if err != nil {
					return sqltype.NullDatum, err
				}
				oid = int64(typ.Base().OID())
			}
			types = append(types, oid)
		}
	}
	for _, f := range c.userNamed(head) {
		if slices.EqualFunc(f.InputTypes(), types, func(t sqltype.Type, oid int64) bool { return int64(t.OID()) == oid }) {
			return sqltype.Datum{Int: int64(objectOID(f.ID))}, nil
		}
	}
	for _, f := range procedures().byName[name] {
		if f.types != nil && slices.Equal(f.types, types) {
			return sqltype.Datum{Int: f.oid}, nil
		}
	}
	return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedFunction, "function %q does not exist", args[0].Str)
}

// procName shows a function; one of several of its name has its schema, since the name alone
// would not be read back.
func (c *catalogCall) procName(args []sqltype.Datum) (sqltype.Datum, error) {
	f := procedures().byOID[args[0].Int]
	if u := c.userFunction(args[0].Int); f == nil && u != nil {
		if len(c.userNamed(u.Name)) > 1 {
			return text(qualified(u.Schema, u.Name)), nil
		}
		return text(c.userShown(u)), nil
	}
	switch {
	case args[0].Int == 0:
		return text("-"), nil
	case f == nil:
		return text(strconv.FormatInt(args[0].Int, 10)), nil
	case len(procedures().byName[f.name]) > 1:
		return text("pg_catalog." + ast.QuoteIdent(f.name)), nil
	}
	return text(ast.QuoteIdent(f.name)), nil
}

func (c *catalogCall) procedureName(args []sqltype.Datum) (sqltype.Datum, error) {
	f := procedures().byOID[args[0].Int]
	if u := c.userFunction(args[0].Int); f == nil && u != nil {
		sig := signature(u)
		return text(c.userShown(u) + sig[len(u.Name):]), nil
	}
	switch {
	case args[0].Int == 0:
		return text("-"), nil
	case f == nil || f.types == nil:
		return text(strconv.FormatInt(args[0].Int, 10)), nil
	}
	return text(ast.QuoteIdent(f.name) + "(" + f.args + ")"), nil
}

func (c *catalogCall) roleOID(args []sqltype.Datum) (sqltype.Datum, error) {
	if n, ok := number(args[0].Str); ok {
		return sqltype.Datum{Int: n}, nil
	}
	n, err := plan.SplitName(args[0].Str)
	if err != nil || n.Schema != "" {
		return sqltype.NullDatum, dberr.SQL("42602", "invalid name syntax")
	}
	if n.Name != sqlUser {
		return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedObject, "role %q does not exist", n.Name)
	}
	return sqltype.Datum{Int: ownerOID}, nil
}

func (c *catalogCall) roleName(args []sqltype.Datum) (sqltype.Datum, error) {
	switch args[0].Int {
	case 0:
		return text("-"), nil
	case ownerOID:
		return text(sqlUser), nil
	}
	return text(strconv.FormatInt(args[0].Int, 10)), nil
}

// namedType finds a type of a user by name; nil where there is none.
func (c *catalogCall) namedType(name string) *catalog.UserType {
	n, err := plan.SplitName(name)
	if err != nil {
		return nil
	}
	_, user, err := plan.ResolveType(c.s.namesOnly(c.snap), &ast.TypeName{Schema: n.Schema, Name: n.Name})
	if err != nil {
		return nil
	}
	return user
}
