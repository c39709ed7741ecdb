package query

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
)

// createExtension runs CREATE EXTENSION. What there is of extensions is there from the
// beginning, in every database, so there is nothing to do.
func (r *running) createExtension(st *ast.CreateExtension) error {
	i := slices.IndexFunc(fn.Extensions, func(x fn.Extension) bool { return x.Name == st.Name })
	switch {
	case i < 0:
		return fn.NoExtension(st.Name).At(st.Pos())
	case st.Version != "" && st.Version != fn.Extensions[i].Version:
		return dberr.SQL(dberr.StateInvalidParameterValue, "extension \"%s\" has no installation script nor update path for version \"%s\"", st.Name, st.Version).At(st.Pos())
	}
	return r.done("CREATE EXTENSION")
}

// pgAvailableExtensions lists what CREATE EXTENSION finds. It is not in pg_extension, where tools look for what
// a schema has beyond the server.
func (v *viewCall) pgAvailableExtensions() error {
	for _, x := range fn.Extensions {
		v.set(row{"name": x.Name, "default_version": x.Version, "installed_version": x.Version})
	}
	return nil
}
