package query

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
)

// reindex builds indexes anew: entries are written to a new place, and the old ones
// go after the commit. The primary index, which is the rows, is written anew as well.
func (d *definer) reindex(st *ast.Reindex) error {
	switch st.Kind {
	case ast.KindSchema, ast.KindDatabase:
		if st.Kind == ast.KindDatabase && st.Name.Name != "" && st.Name.Name != d.s.db.Name {
			return dberr.SQL(dberr.StateFeatureNotSupported, "can only reindex the currently open database").At(st.Pos())
		}
		if st.Kind == ast.KindSchema && !d.e.HasSchema(st.Name.Name) {
			return dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", st.Name.Name).At(st.Pos())
		}
		for _, t := range d.e.Tables() {
			if isTemp(t.Schema) && t.Schema != d.s.temp || st.Kind == ast.KindSchema && t.Schema != st.Name.Name {
				continue
			}
			if err := d.reindexTable(t, nil); err != nil {
				return err
			}
		}
		return nil
	}
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		return err
	}
	if st.Kind == ast.KindIndex {
		if rel.Index == nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not an index", st.Name.Name).At(st.Name.Pos())
		}
		return d.reindexTable(rel.Table, rel.Index)
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table or materialized view", st.Name.Name).At(st.Name.Pos())
	}
	return d.reindexTable(rel.Table, nil)
}

// reindexTable builds one index of a table anew, or all.
func (d *definer) reindexTable(t *catalog.Table, only *catalog.Index) error {
	if only == nil || only.Primary {
		old, c := t.Clone(), t.Clone()
		for i := range c.Indexes {
			c.Indexes[i].Building = false
		}
		return d.rewrite(old, c, nil)
	}
	c := t.Clone()
	for i := range c.Indexes {
		x := &c.Indexes[i]
		if x.ID != only.ID {
			continue
		}
		if err := d.e.DropIndexData(x.ID); err != nil {
			return err
		}
		d.s.work.drops = true
		id, err := d.e.NewID()
		if err != nil {
			return err
		}
		x.ID, x.Building = id, false
		return d.buildIndex(c, i)
	}
	return nil
}
