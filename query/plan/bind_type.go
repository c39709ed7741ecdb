package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// ResolveType gives the type that a name means, and the type of the catalog that it
// is, nil for a built-in one. The type of a domain is its base type, that of an array of a
// domain an array of that, which tells it from a domain over arrays.
func ResolveType(s *Scope, n *ast.TypeName) (sqltype.Type, *catalog.UserType, error) {
	t, err := n.Resolve()
	if err == nil || s.Catalog == nil || n.Schema == catalog.SystemSchema {
		return t, nil, err
	}
	if e := dberr.As(err); e == nil || e.SQLState != dberr.StateUndefinedObject {
		return t, nil, err
	}
	var user *catalog.UserType
	if n.Schema != "" {
		user = s.Catalog.UserType(s.schemaName(n.Schema), n.Name)
	}
	for i := 0; n.Schema == "" && user == nil && i < len(s.Path); i++ {
		user = s.Catalog.UserType(s.Path[i], n.Name)
	}
	if user == nil {
		if n.Schema != "" && !s.Catalog.HasSchema(n.Schema) {
			return t, nil, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", n.Schema).At(n.Pos())
		}
		return t, nil, err
	}
	if len(n.Mods) > 0 {
		return t, nil, dberr.SQL(dberr.StateSyntax, "type modifier is not allowed for type %q", n.Name).At(n.Pos())
	}
	t = user.Type()
	if n.Dims == 0 {
		return t, user, nil
	}
	if t.ID == sqltype.Array {
		return t, nil, dberr.SQL(dberr.StateFeatureNotSupported, "an array of a domain over arrays is not supported").At(n.Pos())
	}
	return sqltype.ArrayOf(t), user, nil
}

// schemaName gives the real name of a schema: pg_temp is the session's own.
func (s *Scope) schemaName(name string) string {
	if name == "pg_temp" && s.Temp != "" {
		return s.Temp
	}
	return name
}

func (b *binder) resolveType(n *ast.TypeName) (sqltype.Type, *catalog.UserType) {
	t, user, err := ResolveType(b.Scope, n)
	if err != nil {
		if row, ok := b.rowTypeOf(n); ok {
			return row, nil
		}
		fail(at(err, n.Pos()))
	}
	if b.uses != nil && user != nil {
		b.uses.Types[n] = user
	}
	return t, user
}

// domainChecks binds the rules of a domain, and of the domains that it is made of,
// over a value; the innermost come first.
func (b *binder) domainChecks(d *catalog.UserType, value Expr) (list []RowCheck) {
	if value.Type().ID == sqltype.Array && d.Base.ID != sqltype.Array { // an array of the domain
		parts := b.domainParts(value.Type(), d.ID, nil)
		if len(parts) == 0 {
			return nil
		}
		x := &IsNull{Arg: &PartCheck{Arg: value, Parts: parts}}
		return []RowCheck{{Domain: d.Name, Cond: &IsBool{Arg: x, Want: 'u', Not: true}}}
	}
	if base := b.Catalog.TypeByID(d.BaseDomain); base != nil {
		list = b.domainChecks(base, value)
		for i := range list {
			list[i].Domain = d.Name // errors name the domain that was asked for
		}
	}
	if d.NotNull {
		list = append(list, RowCheck{Domain: d.Name, Cond: &IsNull{Arg: value, Not: true}})
	}
	t := &catalog.Table{Name: d.Name, Columns: []catalog.Column{{ID: 1, Name: "value", Type: d.Base}}}
	for _, c := range d.Checks {
		e, err := parse.ParseExpr(c.Expr, parse.Limits{})
		if err == nil {
			var x Expr
			if x, err = BindRowExpr(b.Scope, t, e, sqltype.TBool, "check constraint"); err == nil {
				list = append(list, RowCheck{Name: c.Name, Domain: d.Name, Cond: slotsTo(x, func(int) Expr { return value })})
			}
		}
		if err != nil {
			fail(err)
		}
	}
	return list
}

// toDomain makes a value one of a domain, or of an array of it: an error where it breaks a rule.
func (b *binder) toDomain(x Expr, d *catalog.UserType, pos int) Expr {
	return partChecked(x, b.domainParts(x.Type(), d.ID, nil), pos)
}

func partChecked(x Expr, parts []DomainPart, pos int) Expr {
	if len(parts) == 0 {
		return x
	}
	return &PartCheck{Arg: x, Parts: parts, Pos: pos}
}

// domainParts lists what values of a type hold of domains, the innermost first: of fields,
// of elements, and, where domain is not 0, of the value itself or, in an array of the domain,
// its elements.
func (b *binder) domainParts(t sqltype.Type, domain keyspace.ObjectID, path []int) (list []DomainPart) {
	d := b.Catalog.TypeByID(domain)
	if t.ID == sqltype.Array {
		elem := domain
		if d != nil && d.Base.ID == sqltype.Array {
			elem = 0
		}
		list = b.domainParts(t.ElemType(), elem, append(slices.Clone(path), EachElement))
		if elem != 0 {
			return list
		}
	} else if c, ok := sqltype.CompositeOf(t); ok {
		for i, f := range c.Fields {
			list = append(list, b.domainParts(f.Type, keyspace.ObjectID(f.Domain), append(slices.Clone(path), i))...)
		}
	}
	if d != nil {
		if checks := b.domainChecks(d, &Slot{Typ: t, Index: 0, Name: "value"}); len(checks) > 0 {
			list = append(list, DomainPart{Path: path, Typ: t, Checks: checks})
		}
	}
	return list
}

// Error is the error for a value that breaks the rule of a domain.
func (c *RowCheck) Error() error {
	if c.Name == "" {
		return dberr.SQL(dberr.StateNotNullViolation, "domain %s does not allow null values", c.Domain)
	}
	return dberr.SQL(dberr.StateCheckViolation, "value for domain %s violates check constraint %q", c.Domain, c.Name)
}
