package plan

import (
	"github.com/weftdb/weft/query/ast"
)

// wholeText turns table @@ 'words', where the table is another model's and is named as a
// whole, into its key IN (SELECT … FROM fts.found(…)); nil where the operator is no such
// one.
func (b *binder) wholeText(s *scope, e *ast.Binary) ast.Expr {
	ref, ok := e.L.(*ast.ColumnRef)
	if e.Op != "@@" || !ok || ref.Star || len(ref.Names) == 0 || len(ref.Names) > 2 {
		return nil
	}
	schema, name := "", ref.Names[len(ref.Names)-1]
	if len(ref.Names) == 2 {
		schema = ref.Names[0]
	}
	for level := s; level != nil; level = level.parent {
		if schema == "" {
			if _, isColumn := b.inLevel(level, name, ref.Pos()); isColumn {
				return nil
			}
		}
		t := b.entryIn(level, schema, name, ref.Pos())
		if t == nil || t.table == nil || t.table.External == nil {
			continue
		}
		if !t.table.External.FullText {
			unsupported(e.Pos(), "full text of a "+t.table.External.Noun)
		}
		key := t.table.Columns[t.table.Ordinal(t.table.Indexes[0].Columns[0].Column)].Name
		column := append(append([]string(nil), ref.Names...), key)
		call := &ast.FuncCall{Loc: e.Loc, Name: []string{"fts", "found"}, Args: []ast.Expr{
			&ast.Literal{Loc: e.Loc, Kind: ast.LitString, Text: t.table.External.Object}, e.R,
		}}
		return &ast.InSubquery{Loc: e.Loc, Arg: &ast.ColumnRef{Loc: ref.Loc, Names: column}, Query: &ast.Select{
			Targets: []ast.Target{{Loc: e.Loc, Expr: &ast.ColumnRef{Loc: e.Loc, Names: []string{"*found", "_id"}}}},
			From:    []ast.TableExpr{&ast.FuncRef{Loc: e.Loc, Funcs: []ast.FuncItem{{Call: call}}, Alias: &ast.Alias{Name: "*found"}}},
		}}
	}
	return nil
}
