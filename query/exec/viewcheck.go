package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// viewCheck is the condition of a view WITH CHECK OPTION.
type viewCheck struct {
	t    *catalog.Table
	view string
	cond evaluator
}

func (w *writing) compileViews(t *catalog.Table, list []plan.ViewCheck) error {
	for _, v := range list {
		x, err := compile(w.c, v.Cond)
		if err != nil {
			return err
		}
		w.views = append(w.views, viewCheck{t, v.View, x})
	}
	return nil
}

// checkViews refuses what was written where a row is not one of a view that it was
// written through. A row must pass all conditions, from the innermost view's on, before the
// next one is looked at.
func (w *writing) checkViews(ctx context.Context) error {
	if len(w.views) == 0 {
		return nil
	}
	return w.each(ctx, func(b *vec.Batch) error {
		if w.result != nil {
			b = w.result(b)
		}
		if w.allInViews(b) {
			return nil
		}
		sel := make([]int32, 1)
		for r := range b.Len {
			sel[0] = int32(r)
			if err := w.rowInViews(b, sel); err != nil {
				return err
			}
		}
		return nil
	})
}

// allInViews says whether all rows pass all conditions, and none fails.
func (w *writing) allInViews(b *vec.Batch) bool {
	for _, v := range w.views {
		ok, err := v.cond.eval(b, nil)
		if err != nil {
			return false
		}
		for r := range b.Len {
			if !passes(ok, r) {
				return false
			}
		}
	}
	return true
}

// rowInViews asks the conditions of one row, of which a later one may fail where an earlier
// one does not hold.
func (w *writing) rowInViews(b *vec.Batch, sel []int32) error {
	for _, v := range w.views {
		ok, err := v.cond.eval(b, sel)
		if err != nil {
			return err
		}
		if !passes(ok, int(sel[0])) {
			e := dberr.SQL(dberr.StateWithCheckOption, "new row violates check option for view %q", v.view)
			e.Detail = failingRow(v.t.Columns, b, int(sel[0]))
			return e
		}
	}
	return nil
}
