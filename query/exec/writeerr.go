package exec

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// keyDetail is "(a, b)=(1, x)" of the key parts of an index.
func (w *tableWriter) keyDetail(i int, vals, exprs []sqltype.Datum) string {
	var names, texts []string
	for p, o := range w.l.Indexes[i].Parts {
		part := &w.t.Indexes[i].Columns[p]
		switch {
		case o == rowstore.Expression:
			names, texts = append(names, part.Expr), append(texts, showValue(part.Type, exprs[p]))
		case o >= 0:
			names, texts = append(names, w.t.Columns[o].Name), append(texts, showValue(w.t.Columns[o].Type, vals[o]))
		}
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(texts, ", ") + ")"
}

func showValue(t sqltype.Type, d sqltype.Datum) string {
	if d.Null {
		return "null"
	}
	return sqltype.FormatText(t, d)
}

func (w *tableWriter) errDuplicate(i int, vals, exprs []sqltype.Datum) error {
	e := dberr.SQL(dberr.StateUniqueViolation, "duplicate key value violates unique constraint %q", w.t.Indexes[i].Name).
		WithDetail("Key %s already exists.", w.keyDetail(i, vals, exprs))
	if parts := w.l.Indexes[i].Parts; len(parts) == 1 && parts[0] >= 0 {
		e.Field = w.t.Columns[parts[0]].Name
	}
	return e
}

const maxShown = 64 // bytes of a value in the detail of an error

func failingRow(cols []catalog.Column, b *vec.Batch, r int) string {
	texts := make([]string, len(cols))
	for o := range cols {
		s := showValue(cols[o].Type, b.Cols[o].Get(r))
		if len(s) > maxShown {
			cut := maxShown
			for cut > 0 && !utf8.RuneStart(s[cut]) {
				cut--
			}
			s = s[:cut] + "..."
		}
		texts[o] = s
	}
	return "Failing row contains (" + strings.Join(texts, ", ") + ")."
}

func (w *tableWriter) errNotNull(o int, b *vec.Batch, r int) error {
	e := dberr.SQL(dberr.StateNotNullViolation, "null value in column %q of relation %q violates not-null constraint", w.t.Columns[o].Name, w.t.Name)
	e.Detail, e.Field = failingRow(w.t.Columns, b, r), w.t.Columns[o].Name
	return e
}

func (w *tableWriter) errCheck(name string, b *vec.Batch, r int) error {
	e := dberr.SQL(dberr.StateCheckViolation, "new row for relation %q violates check constraint %q", w.t.Name, name)
	e.Detail = failingRow(w.t.Columns, b, r)
	return e
}

// keyError names the index whose key is too long for the store.
func (w *tableWriter) keyError(i int, err error) error {
	if e := dberr.As(err); e != nil && errors.Is(err, dberr.ErrTooLarge) && e.Code == "KEY_TOO_LARGE" {
		return dberr.SQL(dberr.StateProgramLimit, "index row of index %q is too large", w.t.Indexes[i].Name).
			WithDetail("%s", e.Message).WithHint("Index a shorter column, or an expression such as a hash of the value.")
	}
	return err
}
