package ast

import "strings"

// ColumnName is what PostgreSQL calls an output column that has no alias.
func ColumnName(e Expr) string {
	if name, _ := figure(e); name != "" {
		return name
	}
	return "?column?"
}

// Name gives the name of the target's output column.
func (t Target) Name() string {
	if t.Alias != "" {
		return t.Alias
	}
	return ColumnName(t.Expr)
}

// jsonTitle is what the column of a SQL/JSON function is called.
func jsonTitle(name string) (string, int) {
	switch {
	case name == "is_json":
		return "", 0
	case strings.Contains(name, "_object_agg"):
		return "json_objectagg", 2
	case strings.Contains(name, "_agg"):
		return "json_arrayagg", 2
	}
	return name, 2
}

// figure finds a name and how good it is: 2 for a real one, 1 for a type's or CASE.
func figure(e Expr) (string, int) {
	switch e := e.(type) {
	case *ColumnRef:
		if !e.Star && len(e.Names) > 0 {
			return e.Names[len(e.Names)-1], 2
		}
	case *Field:
		if e.Star {
			return figure(e.Arg)
		}
		return e.Name, 2
	case *Index:
		return figure(e.Arg)
	case *FuncCall:
		if name, ok := strings.CutPrefix(e.Name[len(e.Name)-1], SQLJSON); ok {
			return jsonTitle(name)
		}
		return e.Name[len(e.Name)-1], 2
	case *NullIf:
		return "nullif", 2
	case *Cast:
		if name, strength := figure(e.Arg); strength > 1 {
			return name, strength
		}
		return e.Type.Name, 1
	case *Collate:
		return figure(e.Arg)
	case *Case:
		if name, strength := figure(e.Else); strength > 1 {
			return name, strength
		}
		return "case", 1
	case *Array:
		return "array", 2
	case *Row:
		return "row", 2
	case *Coalesce:
		return "coalesce", 2
	case *MinMax:
		if e.Least {
			return "least", 2
		}
		return "greatest", 2
	case *Grouping:
		return "grouping", 2
	case *SQLValue:
		return e.Name, 2
	case *Subquery:
		return figureSubquery(e)
	}
	return "", 0
}

func figureSubquery(e *Subquery) (string, int) {
	switch e.Kind {
	case ExistsSubquery:
		return "exists", 2
	case ArraySubquery:
		return "array", 2
	}
	q := e.Query
	for q != nil && q.Op != NoSetOp {
		q = q.Left
	}
	switch {
	case q == nil:
		return "", 0
	case q.Values != nil:
		return "column1", 2
	case len(q.Targets) > 0:
		return q.Targets[0].Name(), 2
	}
	return "", 0
}
