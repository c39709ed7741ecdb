package rowstore

import (
	"encoding/binary"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Decoder reads entries of one index into vectors. Not safe for concurrent use.
type Decoder struct {
	x       *Index
	primary *Index
	rows    *sqltype.RowDecoder
	dest    []sqltype.Dest // of rows
	rowOut  []int          // output of each column of rows
	parts   []part         // key parts that are read, in order
	last    int            // parts beyond this one need not be walked; -1 for none
	tail    []part         // parts of the primary key that are read
	tailEnd int
	out     []*vec.Vector
}

// part is a key part and the outputs that it feeds.
type part struct {
	at  int
	typ sqltype.Type
	out []int
}

func corrupt(err error) error {
	return dberr.SQL(dberr.StateDataCorrupted, "stored index entry is damaged").Wrap(err)
}

// NewDecoder returns a decoder of columns (by ordinal; RowID for the hidden row
// id), all of which the index must hold.
func (l *Layout) NewDecoder(x *Index, cols []int) *Decoder {
	d := &Decoder{x: x, primary: &l.Indexes[0], last: -1, tailEnd: -1}
	from := x.extra
	if x == d.primary {
		from = l.stored
	}
	var want []sqltype.RowColumn
	for i, o := range cols {
		w := place{inPrimary, 0}
		if o >= 0 {
			w = x.where[o]
		} else if x == d.primary {
			w.kind = inParts
		}
		typ := sqltype.TInt8
		if o >= 0 {
			typ = l.Cols[o].Type
		}
		switch w.kind {
		case inParts:
			d.parts = addPart(d.parts, part{w.at, typ, []int{i}})
			d.last = max(d.last, w.at)
		case inPrimary:
			d.tail = addPart(d.tail, part{w.at, typ, []int{i}})
			d.tailEnd = max(d.tailEnd, w.at)
		case inValue:
			want = append(want, from[w.at])
			d.rowOut = append(d.rowOut, i)
		}
	}
	if len(want) > 0 {
		d.rows = sqltype.NewRowDecoder(want)
		d.dest = make([]sqltype.Dest, len(want))
	}
	return d
}

// addPart inserts p by position, or adds its output to the part that is there.
func addPart(list []part, p part) []part {
	i := 0
	for i < len(list) && list[i].at < p.at {
		i++
	}
	if i < len(list) && list[i].at == p.at {
		list[i].out = append(list[i].out, p.out...)
		return list
	}
	list = append(list, part{})
	copy(list[i+1:], list[i:])
	list[i] = p
	return list
}

// ZeroCopy makes strings of rows point into the values that Add is given.
func (d *Decoder) ZeroCopy() {
	if d.rows != nil {
		d.rows.ZeroCopy = true
	}
}

// Begin resets the vectors to size rows, which the following calls of Add fill.
func (d *Decoder) Begin(out []*vec.Vector, size int) {
	d.out = out
	for _, v := range out {
		v.Reset(size)
	}
	words := (size + 63) >> 6
	for k, i := range d.rowOut {
		v, t := out[i], &d.dest[k]
		if cap(v.Nulls) < words {
			v.Nulls = make(vec.Bitmap, 0, words)
		}
		nulls := v.Nulls[:words]
		clear(nulls)
		*t = sqltype.Dest{Nulls: nulls, I: v.I, F: v.F, S: v.S, N: v.N, V: v.V, A: v.A}
	}
}

// End cuts the vectors that Begin was given to the n rows that were added.
func (d *Decoder) End(n int) {
	for k, i := range d.rowOut {
		if d.dest[k].HasNull {
			d.out[i].Nulls = d.dest[k].Nulls
		}
	}
	for _, v := range d.out {
		v.Resize(n)
	}
}

// Add decodes an entry into row at. Strings are copied unless ZeroCopy was called.
func (d *Decoder) Add(at int, key, value []byte) error {
	rest := key[len(d.x.Prefix):]
	hasNull := false
	var err error
	if d.x == d.primary {
		if d.last >= 0 {
			if _, _, err = d.walk(at, rest, d.x, d.parts, d.last+1); err != nil {
				return corrupt(err)
			}
		}
		if d.rows == nil {
			return nil
		}
		return d.rows.Decode(at, value, d.dest)
	}
	upTo := d.last + 1
	if d.tailEnd >= 0 || d.x.Def.Distinct() {
		upTo = len(d.x.Parts)
	}
	if rest, hasNull, err = d.walk(at, rest, d.x, d.parts, upTo); err != nil {
		return corrupt(err)
	}
	if d.x.UniqueShape(hasNull) {
		if rest, value, err = cutPrimary(value); err != nil {
			return corrupt(err)
		}
	}
	if d.tailEnd >= 0 {
		if _, _, err = d.walk(at, rest, d.primary, d.tail, d.tailEnd+1); err != nil {
			return corrupt(err)
		}
	}
	if d.rows == nil {
		return nil
	}
	return d.rows.Decode(at, value, d.dest)
}

// cutPrimary splits the value of a unique entry.
func cutPrimary(value []byte) (primary, rest []byte, err error) {
	n, w := binary.Uvarint(value)
	if w <= 0 || n > uint64(len(value)-w) {
		return nil, nil, enc.ErrShort
	}
	return value[w : w+int(n)], value[w+int(n):], nil
}

// walk goes over the first n elements of a tuple and decodes the wanted ones.
func (d *Decoder) walk(at int, src []byte, x *Index, want []part, n int) (rest []byte, hasNull bool, err error) {
	for p := range n {
		if null, after := enc.DecodeNull(src); null {
			hasNull = true
			if len(want) > 0 && want[0].at == p {
				for _, o := range want[0].out {
					d.out[o].SetNull(at)
				}
				want = want[1:]
			}
			src = after
			continue
		}
		if len(want) == 0 || want[0].at != p {
			if src, err = skip(x.Def.Columns[p].Type, src); err != nil {
				return nil, false, err
			}
			continue
		}
		if src, err = d.element(at, src, &want[0]); err != nil {
			return nil, false, err
		}
		want = want[1:]
	}
	return src, hasNull, nil
}

func (d *Decoder) element(at int, src []byte, p *part) (rest []byte, err error) {
	switch p.typ.Phys() {
	case sqltype.PhysInt:
		v, rest, err := sqltype.DecodeIntKey(p.typ.ID, src)
		if err != nil {
			return nil, err
		}
		for _, o := range p.out {
			d.out[o].I[at] = v
		}
		return rest, nil
	default:
		v, rest, err := sqltype.DecodeKey(p.typ, src)
		if err != nil {
			return nil, err
		}
		for _, o := range p.out {
			d.out[o].Set(at, v)
		}
		return rest, nil
	}
}

// Primary appends the whole key of the primary entry that an entry of a
// secondary index refers to.
func (l *Layout) Primary(x *Index, key, value, dst []byte) ([]byte, error) {
	dst = append(dst, l.Indexes[0].Prefix...)
	rest := key[len(x.Prefix):]
	hasNull := false
	for p := range x.Parts {
		if null, after := enc.DecodeNull(rest); null {
			hasNull, rest = true, after
			continue
		}
		var err error
		if rest, err = skip(x.Def.Columns[p].Type, rest); err != nil {
			return nil, corrupt(err)
		}
	}
	if x.UniqueShape(hasNull) {
		primary, _, err := cutPrimary(value)
		if err != nil {
			return nil, corrupt(err)
		}
		return append(dst, primary...), nil
	}
	return append(dst, rest...), nil
}

// skip returns what follows a key part that is not NULL. Parts of compound types
// are several elements.
func skip(t sqltype.Type, src []byte) ([]byte, error) {
	if t.ID == sqltype.Interval || t.ID == sqltype.JSONB || t.Phys() == sqltype.PhysAny {
		_, rest, err := sqltype.DecodeKey(t, src)
		return rest, err
	}
	return enc.Skip(src)
}
