package rowstore

import (
	"encoding/binary"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// AppendParts appends the key parts of an entry. vals are the row's columns by
// ordinal, rowID is the hidden row id, exprs the values of expression parts by
// part (nil where the index has none). hasNull says that a part is NULL.
func (x *Index) AppendParts(dst []byte, vals []sqltype.Datum, rowID int64, exprs []sqltype.Datum) (key []byte, hasNull bool) {
	for p, o := range x.Parts {
		part := &x.Def.Columns[p]
		var d sqltype.Datum
		switch o {
		case RowID:
			d.Int = rowID
		case Expression:
			d = exprs[p]
		default:
			d = vals[o]
		}
		hasNull = hasNull || d.Null
		dst = sqltype.AppendKey(dst, part.Type, d, part.Desc, part.NullsFirst)
	}
	return dst, hasNull
}

// Key appends the key of the entry of a row: prefix and parts.
func (x *Index) Key(dst []byte, vals []sqltype.Datum, rowID int64, exprs []sqltype.Datum) (key []byte, hasNull bool) {
	return x.AppendParts(append(dst, x.Prefix...), vals, rowID, exprs)
}

// UniqueShape reports whether an entry whose parts have or have not a NULL is
// found by its parts alone.
func (x *Index) UniqueShape(hasNull bool) bool {
	return x.Def.Distinct() && (!hasNull || x.Def.NullsNotDistinct)
}

// AppendRow appends the value of the primary entry of a row. scratch is used for
// the values and returned.
func (l *Layout) AppendRow(dst []byte, vals, scratch []sqltype.Datum) (row []byte, kept []sqltype.Datum) {
	scratch = scratch[:0]
	for _, o := range l.order {
		scratch = append(scratch, vals[o])
	}
	return sqltype.AppendRow(dst, l.count, l.stored, scratch), scratch
}

// KeyOf is Key of the primary index for row r of columns.
func (l *Layout) KeyOf(dst []byte, cols []*vec.Vector, r int, rowID int64) []byte {
	x := &l.Indexes[0]
	dst = append(dst, x.Prefix...)
	for p, o := range x.Parts {
		part := &x.Def.Columns[p]
		switch {
		case o == RowID:
			dst = sqltype.AppendKey(dst, part.Type, sqltype.Datum{Int: rowID}, part.Desc, part.NullsFirst)
		case !part.Desc && part.Type.Phys() == sqltype.PhysInt && !cols[o].IsNull(r):
			dst = sqltype.AppendIntKey(dst, part.Type.ID, cols[o].I[cols[o].At(r)])
		default:
			dst = sqltype.AppendKey(dst, part.Type, cols[o].Get(r), part.Desc, part.NullsFirst)
		}
	}
	return dst
}

// AppendRowOf is AppendRow for row r of columns.
func (l *Layout) AppendRowOf(dst []byte, cols []*vec.Vector, r int) []byte {
	return sqltype.AppendRowFunc(dst, l.count, l.stored,
		func(i int) bool { return cols[l.order[i]].IsNull(r) },
		func(dst []byte, i int) []byte {
			v := cols[l.order[i]]
			at := v.At(r)
			switch v.Type.Phys() {
			case sqltype.PhysInt:
				return sqltype.AppendIntValue(dst, v.I[at])
			case sqltype.PhysString:
				return append(dst, v.S[at]...)
			}
			return sqltype.AppendValue(dst, l.stored[i].Type, v.Get(r))
		})
}

// Entry makes key and value of the entry of a row in a secondary index. key
// holds prefix and parts already and hasNull is what Key said; primary is the
// key parts of the primary index, without its prefix.
func (l *Layout) Entry(x *Index, key []byte, hasNull bool, primary []byte, vals []sqltype.Datum, value []byte) (k, v []byte) {
	if x.UniqueShape(hasNull) {
		value = binary.AppendUvarint(value, uint64(len(primary)))
		value = append(value, primary...)
	} else {
		key = append(key, primary...)
	}
	if len(x.extra) > 0 {
		kept := make([]sqltype.Datum, len(x.extra))
		for i, o := range x.extraOrder {
			kept[i] = vals[o]
		}
		value = sqltype.AppendRow(value, l.count, x.extra, kept)
	}
	return key, value
}
