package query

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

func (d *definer) createDomain(st *ast.CreateDomain) error {
	t, err := d.newType(st.Name)
	if err != nil {
		return err
	}
	t.Kind = catalog.Domain
	base, user, err := plan.ResolveType(d.scope(), st.Type)
	if err != nil {
		return err
	}
	t.Base = base
	if user != nil && user.Kind == catalog.Domain {
		t.BaseDomain = user.ID
	}
	if err := storable(base, "", st.Type.Pos()); err != nil {
		return dberr.SQL(dberr.StateDatatypeMismatch, "%q is not a valid base type for a domain", base.Name()).At(st.Type.Pos())
	}
	if err := collation(st.Collate, st.Pos()); err != nil {
		return err
	}
	sawNull, sawDefault := false, false
	for i := range st.Constraints {
		c := &st.Constraints[i]
		switch c.Kind {
		case ast.ConstrNotNull, ast.ConstrNull:
			if sawNull && t.NotNull != (c.Kind == ast.ConstrNotNull) {
				return dberr.SQL(dberr.StateSyntax, "conflicting NULL/NOT NULL constraints").At(c.Pos())
			}
			sawNull, t.NotNull = true, c.Kind == ast.ConstrNotNull
		case ast.ConstrDefault:
			if sawDefault {
				return dberr.SQL(dberr.StateSyntax, "multiple default expressions").At(c.Pos())
			}
			sawDefault = true
			t.Default = defaultText(d.storedText(c.Expr), c.Expr)
			if t.Default != "" {
				if err := bindText(d.scope(), nil, t.Default, t.Base, "DEFAULT expression"); err != nil {
					return err
				}
			}
		case ast.ConstrCheck:
			if err := d.domainCheck(t, c); err != nil {
				return err
			}
		default:
			return dberr.SQL(dberr.StateSyntax, "%s constraints not possible for domains", constraintWords[c.Kind]).At(c.Pos())
		}
	}
	d.changed = true
	return d.e.PutType(t)
}

var constraintWords = map[ast.ConstraintKind]string{ast.ConstrPrimary: "primary key", ast.ConstrUnique: "unique",
	ast.ConstrForeign: "foreign key", ast.ConstrIdentity: "identity", ast.ConstrGenerated: "generated"}

// domainCheck adds a CHECK constraint to a domain.
func (d *definer) domainCheck(t *catalog.UserType, c *ast.Constraint) error {
	if c.NotEnforced {
		return refuse(c.Pos(), "NOT ENFORCED")
	}
	if c.NoInherit {
		return dberr.SQL(dberr.StateInvalidTableDefinition, "check constraints for domains cannot be marked NO INHERIT").At(c.Pos())
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(t.Checks, func(k catalog.Check) bool { return k.Name == name })
	}
	name := c.Name
	if name == "" {
		name = t.Name + "_check"
		for i := 1; taken(name); i++ {
			name = fmt.Sprintf("%s_check%d", t.Name, i)
		}
	} else if taken(name) {
		return dberr.SQL(dberr.StateDuplicateObject, "constraint %q for domain %q already exists", name, t.Name).At(c.Pos())
	}
	row := &catalog.Table{Name: t.Name, Columns: []catalog.Column{{ID: 1, Name: "value", Type: t.Base}}}
	if _, err := plan.BindRowExpr(d.scope(), row, c.Expr, sqltype.TBool, "check constraint"); err != nil {
		return err
	}
	t.Checks = append(t.Checks, catalog.Check{Name: name, Expr: d.storedText(c.Expr), NotValid: c.NotValid})
	return nil
}

func (d *definer) alterDomain(st *ast.AlterDomain) error {
	old, err := d.namedType(st.Name, catalog.Domain)
	if err != nil {
		return err
	}
	t := old.Clone()
	d.changed = true
	verify := -1 // a check that the rows that are there have to meet
	switch st.Action {
	case ast.DomainSetDefault:
		t.Default = ""
		if st.Expr != nil {
			t.Default = defaultText(d.storedText(st.Expr), st.Expr)
		}
		if t.Default != "" {
			if err := bindText(d.scope(), nil, t.Default, t.Base, "DEFAULT expression"); err != nil {
				return err
			}
		}
	case ast.DomainDropNotNull:
		t.NotNull = false
	case ast.DomainSetNotNull:
		if err := d.domainColumns(t); err != nil {
			return err
		}
		if err := d.eachOfDomain(t.ID, "%s IS NULL", func(tab *catalog.Table, col string) error {
			return dberr.SQL(dberr.StateNotNullViolation, "column %q of table %q contains null values", col, tab.Name)
		}); err != nil {
			return err
		}
		t.NotNull = true
	case ast.DomainAddConstraint:
		if st.Constraint.Kind != ast.ConstrCheck {
			return refuse(st.Pos(), "adding this constraint to a domain")
		}
		if err := d.domainCheck(t, st.Constraint); err != nil {
			return err
		}
		if !st.Constraint.NotValid {
			verify = len(t.Checks) - 1
		}
	case ast.DomainDropConstraint, ast.DomainValidate:
		i := slices.IndexFunc(t.Checks, func(k catalog.Check) bool { return k.Name == st.Sub })
		switch {
		case i < 0 && st.IfExists:
			return nil
		case i < 0:
			return dberr.SQL(dberr.StateUndefinedObject, "constraint %q of domain %q does not exist", st.Sub, t.Name)
		case st.Action == ast.DomainDropConstraint:
			t.Checks = slices.Delete(t.Checks, i, i+1)
		default:
			t.Checks[i].NotValid = false
			verify = i
		}
	}
	if verify >= 0 {
		if err := d.domainColumns(t); err != nil {
			return err
		}
		if err := d.verifyDomain(t, &t.Checks[verify]); err != nil {
			return err
		}
	}
	return d.e.PutType(t)
}

// verifyDomain checks the values that are there against a rule of their domain.
func (d *definer) verifyDomain(t *catalog.UserType, k *catalog.Check) error {
	e, err := parse.ParseExpr(k.Expr, parse.Limits{})
	if err != nil {
		return err
	}
	var refs []*ast.ColumnRef
	ast.Walk(e, func(n any) bool {
		if c, ok := n.(*ast.ColumnRef); ok && len(c.Names) == 1 && c.Names[0] == "value" {
			refs = append(refs, c)
		}
		return true
	})
	cond := func(col string) string {
		for _, r := range refs {
			r.Names[0] = col
		}
		return "NOT (" + ast.String(e) + ")"
	}
	return d.eachColumn(t.ID, cond, func(tab *catalog.Table, col string) error {
		return dberr.SQL(dberr.StateCheckViolation, "column %q of table %q contains values that violate the new constraint", col, tab.Name)
	})
}

// domainColumns refuses to check values of a domain that columns hold as elements or fields,
// as PostgreSQL does.
func (d *definer) domainColumns(t *catalog.UserType) error {
	used := func(tab *catalog.Table, c *catalog.Column) error {
		return dberr.SQL(dberr.StateFeatureNotSupported, "cannot alter type %q because column \"%s.%s\" uses it", t.Name, tab.Name, c.Name)
	}
	holds := map[int32]bool{}
	for _, o := range d.e.UserTypes() {
		for _, f := range o.Fields {
			if d.isOf(f.Domain, t.ID) {
				maps.Copy(holds, d.holders(o))
			}
		}
	}
	var second error
	for _, tab := range d.e.Tables() {
		for i := range tab.Columns {
			c := &tab.Columns[i]
			if d.isOf(c.Domain, t.ID) && d.ofElements(c.Type, c.Domain) {
				return used(tab, c)
			}
			if second == nil && c.Type.IsComposite() && holds[c.Type.Mod] {
				second = used(tab, c)
			}
		}
	}
	return second
}

// ofElements tells a column that is an array of a domain from one of a domain over an array of
// domains.
func (d *definer) ofElements(typ sqltype.Type, id keyspace.ObjectID) bool {
	for u := d.e.TypeByID(id); u != nil; u = d.e.TypeByID(u.BaseDomain) {
		if ofElements(typ, u) {
			return true
		}
	}
	return false
}

func (d *definer) eachOfDomain(id keyspace.ObjectID, cond string, fault func(t *catalog.Table, col string) error) error {
	return d.eachColumn(id, func(col string) string { return fmt.Sprintf(cond, ast.QuoteIdent(col)) }, fault)
}

// eachColumn looks in all columns of a domain, and of domains made of it, for rows
// that meet a condition.
func (d *definer) eachColumn(id keyspace.ObjectID, cond func(col string) string, fault func(t *catalog.Table, col string) error) error {
	for _, t := range d.e.Tables() {
		for _, c := range t.Columns {
			if !d.isOf(c.Domain, id) {
				continue
			}
			n, err := d.internal(fmt.Sprintf("SELECT 1 FROM %s WHERE %s LIMIT 1", qualified(t.Schema, t.Name), cond(c.Name)))
			if err != nil {
				return err
			}
			if n > 0 {
				return fault(t, c.Name)
			}
		}
	}
	return nil
}

// isOf reports whether a domain is another or made of it.
func (d *definer) isOf(id, base keyspace.ObjectID) bool {
	for t := d.e.TypeByID(id); t != nil; t = d.e.TypeByID(t.BaseDomain) {
		if t.ID == base {
			return true
		}
	}
	return false
}
