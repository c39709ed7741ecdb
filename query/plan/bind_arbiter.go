package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// arbiter finds the unique index that ON CONFLICT (columns and expressions) means: one whose
// parts are those, in any order.
func (b *binder) arbiter(c *ast.OnConflict, tg *dmlTarget) int {
	t := tg.t
	elems := make([]Expr, len(c.Columns))
	for k, e := range c.Columns {
		elems[k] = b.overTarget(tg, elemExpr(e), sqltype.TUnknown, "ON CONFLICT")
		if err := OperatorClass(e, elems[k].Type()); err != nil {
			if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUndefinedObject {
				fail(err)
			}
			fail(errNoArbiter(c))
		}
	}
	var where Expr
	if c.Where != nil {
		where = b.overTarget(tg, c.Where, sqltype.TBool, "ON CONFLICT")
	}
	bound := b.indexExprs(t)
	for i, x := range t.Indexes {
		if !x.Distinct() || x.Building || x.Predicate != "" && t.External == nil && !b.covers(t, where, bound.Predicates[i]) {
			continue
		}
		met := make([]bool, len(elems))
		all := true
		for part := range x.Columns {
			found := false
			for k, e := range elems {
				if isPart(t, i, part, bound, e) {
					met[k], found = true, true
				}
			}
			all = all && found
		}
		if all && !slices.Contains(met, false) {
			return i
		}
	}
	fail(errNoArbiter(c))
	return 0
}

func errNoArbiter(c *ast.OnConflict) error {
	return dberr.SQL(dberr.StateInvalidColumnRef, "there is no unique or exclusion constraint matching the ON CONFLICT specification").At(c.Pos())
}

// covers reports whether an index with a predicate holds all rows that ON CONFLICT … WHERE
// is about.
func (b *binder) covers(t *catalog.Table, where, predicate Expr) bool {
	switch {
	case where == nil:
		return false
	case b.Implies == nil:
		return Same(where, predicate)
	}
	return b.Implies(t, where, predicate)
}

func elemExpr(e ast.IndexElem) ast.Expr {
	if e.Column != "" {
		return &ast.ColumnRef{Loc: e.Loc, Names: []string{e.Column}}
	}
	return e.Expr
}

// isPart reports whether an expression over the columns of a table is a part of an index.
// A part that is a path of an external table is any expression that leads to its value.
func isPart(t *catalog.Table, index, part int, bound *IndexExprs, e Expr) bool {
	k := &t.Indexes[index].Columns[part]
	switch {
	case k.Column != 0:
		s, ok := e.(*Slot)
		return ok && t.Columns[s.Index].ID == k.Column
	case k.Path != nil:
		path, ok := slotPath(e)
		return ok && slices.Equal(path, k.Path)
	case bound == nil || bound.Parts[index] == nil:
		return false
	}
	return Same(bound.Parts[index][part], e)
}

// slotPath reads the path of column -> 'a' ->> 'b', with a cast or without.
func slotPath(e Expr) (path []string, ok bool) {
	c, is := e.(*Call)
	if !is {
		s, is := e.(*Slot)
		return nil, is && s.Typ.ID == sqltype.JSONB
	}
	switch {
	case c.Func.Name == "cast" && len(c.Args) == 1:
		path, ok = slotPath(c.Args[0])
		return path, ok && path != nil
	case len(c.Args) != 2 || c.Func.Name != "->" && c.Func.Name != "->>":
		return nil, false
	}
	step, is := c.Args[1].(*Const)
	if !is || step.Value.Null || step.Typ.ID != sqltype.Text {
		return nil, false
	}
	path, ok = slotPath(c.Args[0])
	return append(path, step.Value.Str), ok
}
