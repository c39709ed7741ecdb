package sqltype

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
)

// Rows (docs/format/row.md):
//
//	format (1) · count (uvarint) · bitmap (⌈count/8⌉) · ends (1, 2 or 4 bytes each) · values
//
// Bit i of the bitmap is set where column id i has a value that is not NULL.
// Ids at or above count did not exist when the row was written, so they take
// the column's default. Each value that is present has an end offset, counted from the
// first value, so any column is found without decoding others.
const (
	rowEnds1 = 0x11 // format 1, with end offsets of 1 byte
	rowEnds2 = 0x12
	rowEnds4 = 0x14
)

// RowColumn is a column as rows know it.
type RowColumn struct {
	ID   uint32
	Type Type
	// Default is the value of the column in rows that were written before it was
	// added; nil means NULL.
	Default *Datum
}

// AppendRow appends a row. count is one more than the greatest column id that
// the table has ever given out; cols are in ascending order of id, and vals
// beside them. Columns that are left out, because the key restores them, must
// not be read from the row.
func AppendRow(dst []byte, count uint32, cols []RowColumn, vals []Datum) []byte {
	start := len(dst)
	dst = append(dst, rowEnds1)
	dst = binary.AppendUvarint(dst, uint64(count))
	bitmap := len(dst)
	for range (count + 7) / 8 {
		dst = append(dst, 0)
	}
	n := 0
	for i := range cols {
		if !vals[i].Null {
			id := cols[i].ID
			dst[bitmap+int(id>>3)] |= 1 << (id & 7)
			n++
		}
	}
	ends := len(dst)
	for range n {
		dst = append(dst, 0)
	}
	body, k := len(dst), 0
	for i := range cols {
		if vals[i].Null {
			continue
		}
		dst = AppendValue(dst, cols[i].Type, vals[i])
		if size := len(dst) - body; size > 255 {
			return appendWideRow(dst[:ends], start, n, cols, vals)
		}
		dst[ends+k] = byte(len(dst) - body)
		k++
	}
	return dst
}

// AppendRowFunc is AppendRow for values that are not there as Datums: null says which are
// NULL, value appends the storage form of one that is not.
func AppendRowFunc(dst []byte, count uint32, cols []RowColumn, null func(i int) bool, value func(dst []byte, i int) []byte) []byte {
	start := len(dst)
	for width := 1; ; width *= 2 {
		dst = append(dst[:start], 0x10|byte(width))
		dst = binary.AppendUvarint(dst, uint64(count))
		bitmap := len(dst)
		for range (count + 7) / 8 {
			dst = append(dst, 0)
		}
		n := 0
		for i := range cols {
			if !null(i) {
				id := cols[i].ID
				dst[bitmap+int(id>>3)] |= 1 << (id & 7)
				n++
			}
		}
		ends := len(dst)
		for range n * width {
			dst = append(dst, 0)
		}
		body, k := len(dst), 0
		for i := range cols {
			if null(i) {
				continue
			}
			dst = value(dst, i)
			switch size := len(dst) - body; width {
			case 1:
				dst[ends+k] = byte(size)
			case 2:
				binary.LittleEndian.PutUint16(dst[ends+2*k:], uint16(size))
			default:
				binary.LittleEndian.PutUint32(dst[ends+4*k:], uint32(size))
			}
			k++
		}
		if size := len(dst) - body; width == 4 || size < 1<<(8*width) {
			return dst
		}
	}
}

// AppendIntValue is AppendValue of an integer.
func AppendIntValue(dst []byte, v int64) []byte { return appendIntValue(dst, v) }

// appendWideRow goes on from the bitmap with offsets of 2 bytes, or 4.
func appendWideRow(dst []byte, start, n int, cols []RowColumn, vals []Datum) []byte {
	ends := len(dst)
	for width := 2; ; width = 4 {
		dst[start] = 0x10 | byte(width)
		dst = append(dst[:ends], make([]byte, n*width)...)
		body, k := len(dst), 0
		for i := range cols {
			if vals[i].Null {
				continue
			}
			dst = AppendValue(dst, cols[i].Type, vals[i])
			if width == 2 {
				binary.LittleEndian.PutUint16(dst[ends+k*2:], uint16(len(dst)-body))
			} else {
				binary.LittleEndian.PutUint32(dst[ends+k*4:], uint32(len(dst)-body))
			}
			k++
		}
		if width == 4 || len(dst)-body <= 0xffff {
			return dst
		}
	}
}

// Dest is where RowDecoder puts a column: the slice that Type.Phys names, with
// room for every row number that is decoded, as in a vector.
type Dest struct {
	// Nulls gets a bit set for each NULL (and is never cleared); it must have room,
	// unless no row can hold a NULL.
	Nulls   []uint64
	HasNull bool // set where Nulls got a bit
	I       []int64
	F       []float64
	S       []string
	N       []Num
	V       []IntervalValue
	A       []any
}

// RowDecoder reads chosen columns of rows into typed slices. It is made once
// for a scan and is not safe for concurrent use.
type RowDecoder struct {
	cols []RowColumn
	phys []Phys
	// rank says for each column which of the values present it is: rankNull where
	// it is NULL, rankDefault where the row is older than the column. It holds for
	// rows whose first bytes are head.
	rank   []int32
	head   []byte
	values int
	arena  []byte
	// ZeroCopy makes strings point into the rows, for callers whose rows outlive
	// the strings. Otherwise strings are copied, many to an allocation.
	ZeroCopy bool
}

const (
	rankNull    = -1
	rankDefault = -2
)

// NewRowDecoder returns a decoder of the columns, in any order.
func NewRowDecoder(cols []RowColumn) *RowDecoder {
	d := &RowDecoder{cols: cols, phys: make([]Phys, len(cols)), rank: make([]int32, len(cols))}
	for i := range cols {
		d.phys[i] = cols[i].Type.Phys()
	}
	return d
}

func errBadRow(err error) error {
	return dberr.SQL(dberr.StateDataCorrupted, "stored row is damaged").Wrap(err)
}

// header reads format, count and bitmap of a row that differs in them from the
// row before.
func (d *RowDecoder) header(row []byte) error {
	if len(row) < 2 {
		return enc.ErrShort
	}
	if f := row[0]; f != rowEnds1 && f != rowEnds2 && f != rowEnds4 {
		return fmt.Errorf("row format %#x: %w", f, enc.ErrFormat)
	}
	count, rest, err := uvarint(row[1:])
	if err != nil {
		return err
	}
	if count > 1<<20 {
		return enc.ErrFormat
	}
	size := int(count+7) / 8
	if len(rest) < size {
		return enc.ErrShort
	}
	bitmap := rest[:size]
	d.values = 0
	for _, b := range bitmap {
		d.values += bits.OnesCount8(b)
	}
	if size > 0 && count%8 != 0 && bitmap[size-1]>>(count%8) != 0 {
		return enc.ErrFormat
	}
	if len(rest)-size < d.values*int(row[0]&0x0f) {
		return enc.ErrShort
	}
	for i, c := range d.cols {
		switch {
		case uint64(c.ID) >= count:
			d.rank[i] = rankDefault
		case bitmap[c.ID>>3]&(1<<(c.ID&7)) == 0:
			d.rank[i] = rankNull
		default:
			r := bits.OnesCount8(bitmap[c.ID>>3] & (1<<(c.ID&7) - 1))
			for _, b := range bitmap[:c.ID>>3] {
				r += bits.OnesCount8(b)
			}
			d.rank[i] = int32(r)
		}
	}
	d.head = append(d.head[:0], row[:len(row)-len(rest)+size]...)
	return nil
}

// Decode reads the row into dst[i] for column i, at row number at.
func (d *RowDecoder) Decode(at int, row []byte, dst []Dest) error {
	h := len(d.head)
	if h == 0 || len(row) < h || string(row[:h]) != string(d.head) {
		d.head = d.head[:0]
		if err := d.header(row); err != nil {
			return errBadRow(err)
		}
		h = len(d.head)
	}
	width := int(row[0] & 0x0f)
	body := h + d.values*width
	if len(row) < body {
		return errBadRow(enc.ErrShort)
	}
	for i := range d.cols {
		r := int(d.rank[i])
		if r < 0 {
			d.absent(at, i, &dst[i])
			continue
		}
		from, to := body, body
		switch width {
		case 1:
			if r > 0 {
				from += int(row[h+r-1])
			}
			to += int(row[h+r])
		case 2:
			if r > 0 {
				from += int(binary.LittleEndian.Uint16(row[h+2*r-2:]))
			}
			to += int(binary.LittleEndian.Uint16(row[h+2*r:]))
		default:
			if r > 0 {
				from += int(binary.LittleEndian.Uint32(row[h+4*r-4:]))
			}
			to += int(binary.LittleEndian.Uint32(row[h+4*r:]))
		}
		if from > to || to > len(row) {
			return errBadRow(enc.ErrFormat)
		}
		if d.phys[i] == PhysInt {
			if to-from > 8 {
				return errBadRow(enc.ErrFormat)
			}
			dst[i].I[at] = intValue(row[from:], to-from)
			continue
		}
		if err := d.value(at, i, row[from:to:to], &dst[i]); err != nil {
			return errBadRow(err)
		}
	}
	return nil
}

func (d *RowDecoder) value(at, i int, b []byte, dst *Dest) (err error) {
	switch d.phys[i] {
	case PhysFloat:
		dst.F[at], err = floatValue(b)
	case PhysString:
		if d.cols[i].Type.ID == UUID && len(b) != 16 {
			return enc.ErrFormat
		}
		dst.S[at] = d.str(b)
	case PhysNumeric:
		dst.N[at], err = numValue(b)
	case PhysInterval:
		dst.V[at], err = intervalValue(b)
	default:
		dst.A[at], err = decodeAnyValue(d.cols[i].Type, b, 0)
	}
	return err
}

// str returns b as a string, which shares memory only as ZeroCopy says.
func (d *RowDecoder) str(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if d.ZeroCopy {
		return unsafe.String(&b[0], len(b))
	}
	if cap(d.arena)-len(d.arena) < len(b) {
		d.arena = make([]byte, 0, max(16<<10, len(b)))
	}
	from := len(d.arena)
	d.arena = append(d.arena, b...)
	return unsafe.String(&d.arena[from], len(b)) // arena bytes are never written again
}

// absent writes NULL or the column's default.
func (d *RowDecoder) absent(at, i int, dst *Dest) {
	v := NullDatum
	if p := d.cols[i].Default; p != nil && d.rank[i] == rankDefault {
		v = *p
	}
	if v.Null {
		dst.Nulls[at>>6] |= 1 << (uint(at) & 63)
		dst.HasNull = true
	}
	switch d.phys[i] {
	case PhysInt:
		dst.I[at] = v.Int
	case PhysFloat:
		dst.F[at] = v.Float
	case PhysString:
		dst.S[at] = v.Str
	case PhysNumeric:
		dst.N[at] = v.Num
	case PhysInterval:
		dst.V[at] = v.Ivl
	default:
		dst.A[at] = v.Any
	}
}

// Datums reads the columns of a row one by one, for paths that are not batched.
func (d *RowDecoder) Datums(row []byte, vals []Datum) error {
	if err := d.header(row); err != nil {
		d.head = d.head[:0]
		return errBadRow(err)
	}
	for i, c := range d.cols {
		if d.rank[i] < 0 {
			vals[i] = NullDatum
			if c.Default != nil && d.rank[i] == rankDefault {
				vals[i] = *c.Default
			}
			continue
		}
		b, err := d.slot(row, int(d.rank[i]))
		if err != nil {
			return errBadRow(err)
		}
		if vals[i], err = DecodeValue(c.Type, b); err != nil {
			return errBadRow(err)
		}
	}
	return nil
}

// slot returns the bytes of the value of a rank.
func (d *RowDecoder) slot(row []byte, r int) ([]byte, error) {
	h, width := len(d.head), int(row[0]&0x0f)
	body := h + d.values*width
	if len(row) < body {
		return nil, enc.ErrShort
	}
	end := func(k int) int {
		switch width {
		case 1:
			return int(row[h+k])
		case 2:
			return int(binary.LittleEndian.Uint16(row[h+2*k:]))
		}
		return int(binary.LittleEndian.Uint32(row[h+4*k:]))
	}
	from, to := body, body+end(r)
	if r > 0 {
		from += end(r - 1)
	}
	if from > to || to > len(row) {
		return nil, enc.ErrFormat
	}
	return row[from:to], nil
}
