package query

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// refuseExternal refuses to define what another model defines: its objects are made,
// changed and dropped by the model's own interfaces. A schema of the same name that was
// made before the model had it stays the user's.
func (s *Session) refuseExternal(st ast.Stmt, has func(schema string) bool) error {
	for _, n := range definedNames(st) {
		src := s.e.sourceOf(n.Schema)
		if src == nil || has(n.Schema) {
			continue
		}
		if n.Name == "" {
			return dberr.SQL(dberr.StateReservedName, "schema %q belongs to the model whose objects are its tables, so %s is refused", n.Schema, ddlName(st)).
				WithHint("Take another name for a schema of tables.").At(n.Pos())
		}
		return s.errExternal(n, ddlName(st))
	}
	return nil
}

// definedNames are the names that a definition makes, changes or refers to, but for
// those in queries. A schema is a name with Schema alone.
func definedNames(st ast.Stmt) (list []ast.Name) {
	schema := func(n ast.Name) ast.Name { return ast.Name{Loc: n.Loc, Schema: n.Name} }
	switch st := st.(type) {
	case *ast.CreateTable:
		list = append(list, st.Name)
		for _, l := range st.Likes {
			list = append(list, l.Table)
		}
		for _, c := range st.Columns {
			for _, k := range c.Constraints {
				list = append(list, k.RefTable)
			}
		}
		for _, k := range st.Constraints {
			list = append(list, k.RefTable)
		}
	case *ast.CreateTableAs:
		list = append(list, st.Name)
	case *ast.CreateView:
		list = append(list, st.Name)
	case *ast.CreateSequence:
		list = append(list, st.Name)
	case *ast.CreateIndex:
		list = append(list, st.Table)
	case *ast.AlterTable:
		list = append(list, st.Name)
		for _, c := range st.Cmds {
			if c.Constraint != nil {
				list = append(list, c.Constraint.RefTable)
			}
		}
	case *ast.Rename:
		list = append(list, st.Name)
		if st.Kind == ast.KindSchema {
			list = []ast.Name{schema(st.Name), {Loc: st.Name.Loc, Schema: st.New}}
		}
	case *ast.SetSchema:
		list = append(list, st.Name, ast.Name{Loc: st.Name.Loc, Schema: st.Schema})
	case *ast.Drop:
		for _, n := range st.Names {
			if st.Kind == ast.KindSchema {
				n = schema(n)
			}
			list = append(list, n)
		}
	case *ast.Truncate:
		for _, t := range st.Tables {
			list = append(list, t.Name)
		}
	case *ast.Comment:
		if list = append(list, st.Name); st.Kind == ast.KindSchema {
			list = []ast.Name{schema(st.Name)}
		}
	case *ast.Reindex:
		if list = append(list, st.Name); st.Kind == ast.KindSchema {
			list = []ast.Name{schema(st.Name)}
		}
	case *ast.CreateSchema:
		list = append(list, ast.Name{Schema: st.Name})
	case *ast.CreateType:
		list = append(list, st.Name)
	case *ast.CreateDomain:
		list = append(list, st.Name)
	}
	return list
}

// errExternal refuses to do what SQL's own tables allow to an object of another model; nil
// where the schema is no model's.
func (s *Session) errExternal(n ast.Name, what string) error {
	src := s.e.sourceOf(n.Schema)
	if src == nil || s.tx == nil {
		return nil
	}
	t, err := src.Table(s.tx, s.db.ID, n.Name)
	if err != nil {
		return err
	}
	if t == nil {
		return dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied for \"%s.%s\": the schema %[1]q is another model's, which %[3]s does not reach", n.Schema, n.Name, what).
			WithHint("%s", src.Missing(n.Name)).At(n.Pos())
	}
	return dberr.SQL(dberr.StateWrongObjectType, "\"%s.%s\" is a %s, not a table of SQL's own, so %s is refused", n.Schema, n.Name, t.External.Noun, what).
		WithHint("%s", t.External.Manage).At(n.Pos())
}
