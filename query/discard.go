package query

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// discard runs DISCARD: the session is as it was when it began, or a part of it is.
func (r *running) discard(st *ast.Discard) error {
	s := r.s
	all := st.What == "all"
	if all && (s.block || s.several) {
		return dberr.SQL(dberr.StateActiveTransaction, "DISCARD ALL cannot run inside a transaction block").At(st.Pos())
	}
	if all || st.What == "sequences" {
		s.set.sequences = sequenceValues{}
	}
	if all || st.What == "temp" {
		if err := r.discardTemp(); err != nil {
			return err
		}
	}
	if all {
		clear(s.prepared)
		s.cursors = nil
		keep := s.set
		s.set = s.e.defaultSettings()
		s.set.isolation, s.set.readOnly = keep.isolation, keep.readOnly
	}
	return r.done("DISCARD " + strings.ToUpper(st.What))
}

// discardTemp drops the temporary objects of the session within its transaction.
func (r *running) discardTemp() error {
	s := r.s
	if s.temp == "" {
		return nil
	}
	d := &definer{r: r, s: s}
	var err error
	if d.e, err = s.e.cat.Edit(r.ctx, s.tx, s.db.ID); err != nil {
		return err
	}
	if !d.e.HasSchema(s.temp) {
		return nil
	}
	if err := d.emptySchema(s.temp); err != nil {
		return err
	}
	return d.e.Finish()
}
