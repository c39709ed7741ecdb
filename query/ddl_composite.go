package query

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
)

// typeFields gives a new composite type its fields.
func (d *definer) typeFields(t *catalog.UserType, st *ast.CreateType) error {
	for i := range st.Fields {
		f := &st.Fields[i]
		for _, o := range t.Fields {
			if o.Name == f.Name {
				return dberr.SQL(dberr.StateDuplicateColumn, "column %q specified more than once", f.Name).At(f.Pos())
			}
		}
		typ, user, err := plan.ResolveType(d.scope(), f.Type)
		if err != nil {
			return err
		}
		if user != nil && user.Kind == catalog.Domain {
			return refuse(f.Pos(), "a domain as the type of a field")
		}
		if serial, ok := serials[f.Type.Name]; ok && serial == typ && f.Type.Schema == "" {
			return dberr.SQL(dberr.StateUndefinedObject, "type %q does not exist", f.Type.Name).At(f.Type.Pos())
		}
		if err := storable(typ, f.Name, f.Type.Pos()); err != nil {
			return err
		}
		if err := collation(f.Collate, f.Pos()); err != nil {
			return err
		}
		t.Fields = append(t.Fields, catalog.ViewColumn{Name: f.Name, Type: typ})
	}
	return nil
}
