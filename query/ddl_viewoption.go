package query

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
)

// viewOptions adds options of a view to those that it has. Since tables have no owners and
// functions of users do not exist, security_barrier and security_invoker are kept and shown,
// and what they promise holds without them.
func viewOptions(have []string, list []ast.Option, check ast.CheckOption) ([]string, error) {
	out := slices.Clone(have)
	given := map[string]bool{}
	set := func(name, value string) {
		out = slices.DeleteFunc(out, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		out = append(out, name+"="+value)
	}
	for _, o := range list {
		if given[o.Name] {
			return nil, dberr.SQL(dberr.StateInvalidParameterValue, "parameter %q specified more than once", o.Name).At(o.Pos())
		}
		given[o.Name] = true
		value := "true"
		if l, ok := o.Value.(*ast.Literal); ok {
			value = strings.ToLower(l.Text)
		}
		switch o.Name {
		case "check_option":
			if value != "local" && value != "cascaded" {
				return nil, dberr.SQL(dberr.StateInvalidParameterValue, "invalid value for enum option %q: %s", o.Name, value).
					WithDetail("Valid values are \"local\" and \"cascaded\".").At(o.Pos())
			}
		case "security_barrier", "security_invoker":
			if !slices.Contains([]string{"true", "false", "on", "off", "yes", "no", "1", "0"}, value) {
				return nil, dberr.SQL(dberr.StateInvalidParameterValue, "invalid value for boolean option %q: %s", o.Name, value).At(o.Pos())
			}
		default:
			return nil, dberr.SQL(dberr.StateInvalidParameterValue, "unrecognized parameter %q", o.Name).At(o.Pos())
		}
		set(o.Name, value)
	}
	switch check {
	case ast.CheckLocal:
		set("check_option", "local")
	case ast.CheckCascaded:
		set("check_option", "cascaded")
	}
	return out, nil
}

// checkable refuses a check option of a view that cannot be changed.
func (d *definer) checkable(v *catalog.View, pos int) error {
	if v.CheckOption() == catalog.CheckNone {
		return nil
	}
	sel, err := parseQuery(v.Query)
	if err != nil {
		return err
	}
	why, err := plan.QueryUpdatable(d.scope(), v, sel)
	if err != nil {
		return unplaced(err)
	}
	if why != "" {
		return dberr.SQL(dberr.StateFeatureNotSupported, "WITH CHECK OPTION is supported only on automatically updatable views").WithHint("%s", why).At(pos)
	}
	return nil
}

// alterView runs the actions of ALTER VIEW: defaults of columns and options.
func (d *definer) alterView(old *catalog.View, st *ast.AlterTable) error {
	v := *old
	v.Columns, v.Options = slices.Clone(v.Columns), slices.Clone(v.Options)
	for i := range st.Cmds {
		if err := d.alterViewBy(&v, &st.Cmds[i]); err != nil {
			return err
		}
	}
	d.changed = true
	return d.e.PutView(&v)
}

func (d *definer) alterViewBy(v *catalog.View, c *ast.AlterCmd) (err error) {
	switch c.Action {
	case ast.SetDefault, ast.DropDefault:
		i := slices.IndexFunc(v.Columns, func(k catalog.ViewColumn) bool { return k.Name == c.Name })
		if i < 0 {
			return dberr.SQL(dberr.StateUndefinedColumn, "column %q of relation %q does not exist", c.Name, v.Name).At(c.Pos())
		}
		col := &v.Columns[i]
		col.Default = ""
		if c.Action == ast.DropDefault {
			return nil
		}
		if col.Default = defaultText(d.storedText(c.Expr), c.Expr); col.Default != "" {
			if err := bindText(d.scope(), nil, col.Default, col.Type, "DEFAULT expression"); err != nil {
				return defaultError(err, &catalog.Column{Name: col.Name, Type: col.Type})
			}
		}
		return nil
	case ast.SetOptions:
		if v.Options, err = viewOptions(v.Options, c.Options, ast.CheckNone); err != nil {
			return err
		}
		return d.checkable(v, c.Pos())
	case ast.ResetOptions:
		for _, o := range c.Options {
			if o.Value != nil {
				return dberr.SQL(dberr.StateSyntax, "RESET must not include values for parameters").At(o.Pos())
			}
			v.Options = slices.DeleteFunc(v.Options, func(k string) bool { return strings.HasPrefix(k, o.Name+"=") })
		}
		return nil
	}
	return dberr.SQL(dberr.StateWrongObjectType, "ALTER action %s cannot be performed on relation %q", actionWords[c.Action], v.Name).
		WithDetail("This operation is not supported for views.").At(c.Pos())
}
