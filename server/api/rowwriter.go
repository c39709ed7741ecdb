package api

import (
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// rowWriter renders the rows of one result as JSON arrays or objects.
type rowWriter struct {
	opts    sqltype.JSONOptions
	objects bool
	text    bool     // every value as a string in PostgreSQL's text form
	members [][]byte // rendered names with colon, for objects
	scratch []byte
}

// begin takes the columns of the next result.
func (w *rowWriter) begin(cols []query.Column) error {
	w.members = w.members[:0]
	if !w.objects {
		return nil
	}
	for i, c := range cols {
		for _, other := range cols[:i] {
			if other.Name == c.Name {
				return invalid("DUPLICATE_COLUMN_NAME", `rows as objects need distinct column names, but %q comes twice`, c.Name).
					WithField("rows").WithHint(`name the columns apart with AS, or ask for "rows":"arrays"`)
			}
		}
		w.members = append(w.members, append(sqltype.AppendJSONString(nil, c.Name), ':'))
	}
	return nil
}

func (w *rowWriter) appendRow(dst []byte, cols []*vec.Vector, row int) []byte {
	if w.objects {
		dst = append(dst, '{')
		for i, v := range cols {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.cell(append(dst, w.members[i]...), v, row)
		}
		return append(dst, '}')
	}
	dst = append(dst, '[')
	for i, v := range cols {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = w.cell(dst, v, row)
	}
	return append(dst, ']')
}

func (w *rowWriter) cell(dst []byte, v *vec.Vector, row int) []byte {
	if !w.text || v.IsNull(row) {
		return appendCell(dst, v, row, w.opts)
	}
	w.scratch = sqltype.AppendText(w.scratch[:0], v.Type, v.Get(row))
	return sqltype.AppendJSONString(dst, string(w.scratch))
}

// appendRows appends every live row after a separator that first suppresses for
// the first row.
func (w *rowWriter) appendRows(dst []byte, b *vec.Batch, sep byte, first bool) []byte {
	each := func(row int) {
		if !first {
			dst = append(dst, sep)
		}
		first = false
		dst = w.appendRow(dst, b.Cols, row)
	}
	if b.Sel != nil {
		for _, row := range b.Sel {
			each(int(row))
		}
		return dst
	}
	for row := range b.Len {
		each(row)
	}
	return dst
}
