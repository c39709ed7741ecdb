package stats

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// format is the first byte of a record; see docs/format/stats.md. A changed layout
// gets a new number, and old ones stay readable.
const format = 1

// Encode gives the stored form of a table's statistics.
func Encode(t *Table) []byte {
	w := &writer{}
	w.b = append(w.b, format)
	w.float(t.Rows)
	w.float(t.Sampled)
	w.b = binary.AppendVarint(w.b, t.At)
	w.uint(uint64(len(t.Columns)))
	for _, id := range slices.Sorted(maps.Keys(t.Columns)) {
		w.uint(uint64(id))
		w.column(t.Columns[id])
	}
	w.uint(uint64(len(t.Exprs)))
	for _, text := range slices.Sorted(maps.Keys(t.Exprs)) {
		w.str(text)
		w.column(t.Exprs[text])
	}
	w.uint(uint64(len(t.Groups)))
	for _, g := range t.Groups {
		w.uint(uint64(len(g.Columns)))
		for _, id := range g.Columns {
			w.uint(uint64(id))
		}
		w.float(g.NDV)
	}
	return w.b
}

// writer appends the fields of a record.
type writer struct{ b []byte }

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) str(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) float(f float64) {
	w.b = binary.BigEndian.AppendUint64(w.b, math.Float64bits(f))
}

func (w *writer) value(t sqltype.Type, d sqltype.Datum) {
	v := sqltype.AppendValue(nil, t, d)
	w.uint(uint64(len(v)))
	w.b = append(w.b, v...)
}

func (w *writer) column(c *Column) {
	w.b = append(w.b, byte(c.Type.ID), byte(c.Type.Elem))
	w.b = binary.AppendVarint(w.b, int64(c.Type.Mod))
	w.float(c.NullFrac)
	w.float(c.NDV)
	w.float(c.Width)
	w.float(c.Correlation)
	w.uint(uint64(len(c.MCV)))
	for _, m := range c.MCV {
		w.value(c.Type, m.Value)
		w.float(m.Frac)
	}
	w.uint(uint64(len(c.Bounds)))
	for _, b := range c.Bounds {
		w.value(c.Type, b)
	}
}

// Decode is the inverse of Encode. It refuses as damaged what Encode cannot have written.
func Decode(b []byte) (*Table, error) {
	r := &reader{b: b}
	if v := r.byte(); r.err == nil && v != format {
		r.fail(fmt.Sprintf("format %d, want %d", v, format))
	}
	t := &Table{Columns: map[catalog.ColumnID]*Column{}, Exprs: map[string]*Column{}}
	t.Rows, t.Sampled, t.At = r.float(), r.float(), r.varint()
	last := int64(-1)
	for n := r.count(); n > 0 && r.err == nil; n-- {
		id := r.id()
		if int64(id) <= last {
			r.fail("columns out of order")
		}
		last = int64(id)
		t.Columns[id] = r.column()
	}
	text := ""
	for n, first := r.count(), true; n > 0 && r.err == nil; n-- {
		s := r.str()
		if !first && s <= text {
			r.fail("expressions out of order")
		}
		text, first = s, false
		t.Exprs[s] = r.column()
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var g Group
		for k := r.count(); k > 0 && r.err == nil; k-- {
			g.Columns = append(g.Columns, r.id())
		}
		g.NDV = r.float()
		t.Groups = append(t.Groups, g)
	}
	if r.err == nil && len(r.b) != 0 {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, r.err
	}
	return t, nil
}

// reader takes the fields of a record apart. The first fault sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("decode statistics: %s: %w", what, dberr.ErrCorrupt)
	}
	r.b = nil
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail("cut short")
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || n > 1 && r.b[n-1] == 0 {
		r.fail("bad unsigned integer")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 || n > 1 && r.b[n-1] == 0 {
		r.fail("bad integer")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// float reads a number that an estimate can be made of.
func (r *reader) float() float64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(b))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail("not a number")
	}
	return f
}

// count reads the length of a list whose elements take at least one byte each.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("list longer than the record")
		return 0
	}
	return int(n)
}

func (r *reader) str() string {
	return string(r.take(r.count()))
}

func (r *reader) id() catalog.ColumnID {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail("column id out of range")
	}
	return catalog.ColumnID(v)
}

func (r *reader) value(t sqltype.Type) sqltype.Datum {
	b := r.take(r.count())
	if r.err != nil {
		return sqltype.NullDatum
	}
	d, err := sqltype.DecodeValue(t, b)
	if err != nil || string(sqltype.AppendValue(nil, t, d)) != string(b) {
		r.fail("bad value")
	}
	return d
}

func (r *reader) column() *Column {
	c := &Column{Type: sqltype.Type{ID: sqltype.ID(r.byte()), Elem: sqltype.ID(r.byte())}}
	m := r.varint()
	if int64(int32(m)) != m {
		r.fail("type modifier out of range")
	}
	c.Type.Mod = int32(m)
	c.NullFrac, c.NDV, c.Width, c.Correlation = r.float(), r.float(), r.float(), r.float()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		c.MCV = append(c.MCV, Common{r.value(c.Type), r.float()})
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		c.Bounds = append(c.Bounds, r.value(c.Type))
	}
	return c
}
