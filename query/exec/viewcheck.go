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
// written through. A row must pass all conditions before the next one is looked at.
func (w *writing) checkViews(ctx context.Context) error {
	if len(w.views) == 0 {
		return nil
	}
	return w.each(ctx, func(b *vec.Batch) error {
		if w.result != nil {
			b = w.result(b)
		}
		failed, at := -1, b.Len
		for i, v := range w.views {
			ok, err := v.cond.eval(b, nil)
			if err != nil {
				return err
			}
			for r := range at {
				if !passes(ok, r) {
					failed, at = i, r
					break
				}
			}
		}
		if failed < 0 {
			return nil
		}
		v := w.views[failed]
		e := dberr.SQL(dberr.StateWithCheckOption, "new row violates check option for view %q", v.view)
		e.Detail = failingRow(v.t.Columns, b, at)
		return e
	})
}
