package rowstore

import (
	"github.com/weftdb/weft/query/sqltype"
)

// Row reads the entries of a primary index one at a time and writes their columns as
// text, without vectors between. Not safe for concurrent use.
type Row struct {
	l     *Layout
	rows  *sqltype.RowDecoder
	raw   [][]byte        // of the columns of the row, as stored; nil is NULL
	parts []sqltype.Datum // of the key, up to the last one that gives a column
	given []bool          // whether a part gives one
}

// NewRow returns a reader of rows.
func (l *Layout) NewRow() *Row {
	r := &Row{l: l, raw: make([][]byte, len(l.stored))}
	if len(l.stored) > 0 {
		r.rows = sqltype.NewRowDecoder(l.stored)
	}
	x := &l.Indexes[0]
	r.given = make([]bool, len(x.Parts))
	for p, o := range x.Parts {
		if r.given[p] = o == RowID || x.where[o].kind == inParts; r.given[p] {
			r.parts = make([]sqltype.Datum, p+1)
		}
	}
	return r
}

// Load reads an entry. The row is valid as long as value is not changed.
func (r *Row) Load(key, value []byte) error {
	x := &r.l.Indexes[0]
	rest := key[len(x.Prefix):]
	for p := range r.parts {
		var err error
		typ := r.partType(p)
		switch {
		case r.given[p]:
			r.parts[p], rest, err = sqltype.DecodeKey(typ, rest)
		default:
			rest, err = skip(typ, rest)
		}
		if err != nil {
			return corrupt(err)
		}
	}
	if r.rows == nil {
		return nil
	}
	return r.rows.Raw(value, r.raw)
}

func (r *Row) partType(p int) sqltype.Type {
	if r.l.Indexes[0].Parts[p] == RowID {
		return sqltype.TInt8
	}
	return r.l.Cols[r.l.Indexes[0].Parts[p]].Type
}

// AppendJSON appends a column (by ordinal; RowID for the hidden row id) as JSON.
func (r *Row) AppendJSON(dst []byte, col int) ([]byte, error) {
	typ, stored, part := r.find(col)
	if part < 0 {
		return sqltype.AppendStoredJSON(dst, typ, stored)
	}
	return sqltype.AppendJSON(dst, typ, r.parts[part], sqltype.JSONOptions{}), nil
}

// AppendText appends a column in PostgreSQL's text form; nothing where it is NULL.
func (r *Row) AppendText(dst []byte, col int) ([]byte, error) {
	typ, stored, part := r.find(col)
	if part < 0 {
		return sqltype.AppendStoredText(dst, typ, stored)
	}
	return sqltype.AppendText(dst, typ, r.parts[part]), nil
}

// find returns the key part that gives a column, or else what is stored of it.
func (r *Row) find(col int) (typ sqltype.Type, stored []byte, part int) {
	if col == RowID {
		return sqltype.TInt8, nil, 0
	}
	typ = r.l.Cols[col].Type
	w := r.l.Indexes[0].where[col]
	if w.kind == inParts {
		return typ, nil, w.at
	}
	return typ, r.raw[w.at], -1
}
