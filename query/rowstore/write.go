package rowstore

import (
	"encoding/binary"

	"github.com/weftdb/weft/query/sqltype"
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
