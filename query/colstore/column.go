package colstore

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Column is the values of one column of a segment. It never changes.
//
// Integers, and numerics of one scale that fit 64 bits, are differences from the least of
// their block, of 0, 1, 2, 4 or 8 bytes; strings with few different values are numbers in a
// dictionary; other strings are one run of bytes with offsets; everything else is as in a
// vector.
type Column struct {
	typ   sqltype.Type
	rows  int
	size  int        // rows of a block
	nulls vec.Bitmap // nil where there are none
	zones []zone

	blocks []intBlock // of integers and numerics
	data   []byte
	scale  int16 // of numerics in blocks
	scaled bool

	floats []float64
	dict   []string
	codes8 []uint8
	codes  []uint16
	offs   []uint32
	text   string
	nums   []sqltype.Num
	ivls   []sqltype.IntervalValue
	anys   []any
}

// intBlock is where the differences of a block are.
type intBlock struct {
	least int64
	off   int
	width uint8
}

// zone says what a block holds. Without some, it holds nothing but NULLs.
type zone struct {
	some     bool
	ordered  bool // min and max are known
	nulls    bool
	min, max sqltype.Datum
}

// maxDict is the most different strings that a dictionary takes.
const maxDict = 1 << 16

func encode(v *vec.Vector, n, size int) *Column {
	c := &Column{typ: v.Type, rows: n, size: size}
	if v.HasNulls() {
		c.nulls = make(vec.Bitmap, (n+63)>>6)
		copy(c.nulls, v.Nulls)
	}
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		c.ints(func(i int) int64 { return v.I[i] })
	case sqltype.PhysFloat:
		c.floats = append([]float64(nil), v.F[:n]...)
	case sqltype.PhysString:
		c.strings(v.S[:n])
	case sqltype.PhysNumeric:
		c.numerics(v.N[:n])
	case sqltype.PhysInterval:
		c.ivls = append([]sqltype.IntervalValue(nil), v.V[:n]...)
	default:
		c.anys = append([]any(nil), v.A[:n]...)
	}
	c.measure(v)
	return c
}

func (c *Column) ints(at func(i int) int64) {
	for from := 0; from < c.rows; from += c.size {
		to := min(from+c.size, c.rows)
		least, most := at(from), at(from)
		for i := from; i < to; i++ {
			x := at(i)
			least, most = min(least, x), max(most, x)
		}
		b := intBlock{least: least, off: len(c.data), width: widthOf(uint64(most) - uint64(least))}
		for i := from; i < to; i++ {
			d := uint64(at(i)) - uint64(least)
			switch b.width {
			case 1:
				c.data = append(c.data, byte(d))
			case 2:
				c.data = binary.LittleEndian.AppendUint16(c.data, uint16(d))
			case 4:
				c.data = binary.LittleEndian.AppendUint32(c.data, uint32(d))
			case 8:
				c.data = binary.LittleEndian.AppendUint64(c.data, d)
			}
		}
		c.blocks = append(c.blocks, b)
	}
	c.data = append(make([]byte, 0, len(c.data)), c.data...)
}

func widthOf(d uint64) uint8 {
	switch l := bits.Len64(d); {
	case l == 0:
		return 0
	case l <= 8:
		return 1
	case l <= 16:
		return 2
	case l <= 32:
		return 4
	}
	return 8
}

func (c *Column) strings(s []string) {
	number := make(map[string]uint16)
	codes := make([]uint16, len(s))
	size := 0
	var dict []string
	for i, x := range s {
		k, ok := number[x]
		if !ok {
			if len(dict) >= maxDict || len(dict) > 1024 && 2*len(dict) > i {
				c.plainStrings(s)
				return
			}
			own := string(append([]byte(nil), x...))
			k = uint16(len(dict))
			number[own] = k
			dict = append(dict, own)
			size += len(x)
		}
		codes[i] = k
	}
	c.dict = dict
	if len(dict) > 256 {
		c.codes = codes
		return
	}
	c.codes8 = make([]uint8, len(codes))
	for i, k := range codes {
		c.codes8[i] = uint8(k)
	}
}

func (c *Column) plainStrings(s []string) {
	size := 0
	for _, x := range s {
		size += len(x)
	}
	if uint64(size) > math.MaxUint32 {
		c.dict = nil
		c.anys = nil
		c.texts(s)
		return
	}
	buf := make([]byte, 0, size)
	c.offs = make([]uint32, 1, len(s)+1)
	for _, x := range s {
		buf = append(buf, x...)
		c.offs = append(c.offs, uint32(len(buf)))
	}
	c.text = unsafe.String(unsafe.SliceData(buf), len(buf)) // buf is not written again
}

// texts keeps strings of more than 4 GiB together as they are.
func (c *Column) texts(s []string) {
	c.anys = make([]any, len(s))
	for i, x := range s {
		c.anys[i] = x
	}
}

func (c *Column) numerics(s []sqltype.Num) {
	scale, first := int16(0), true
	for i := range s {
		if c.nulls.Get(i) {
			continue
		}
		if s[i].Big != nil || !first && s[i].Scale != scale {
			c.nums = append([]sqltype.Num(nil), s...)
			return
		}
		scale, first = s[i].Scale, false
	}
	c.scale, c.scaled = scale, true
	c.ints(func(i int) int64 { return s[i].Coef })
}

// measure finds the zones.
func (c *Column) measure(v *vec.Vector) {
	var less func(a, b int) bool
	switch {
	case !comparable(c.typ):
	case c.typ.Phys() == sqltype.PhysInt:
		less = func(a, b int) bool { return v.I[a] < v.I[b] }
	case c.typ.Phys() == sqltype.PhysString:
		less = func(a, b int) bool { return v.S[a] < v.S[b] }
	case c.typ.Phys() == sqltype.PhysFloat:
		less = func(a, b int) bool { return v.F[a] < v.F[b] }
	case c.scaled:
		less = func(a, b int) bool { return v.N[a].Coef < v.N[b].Coef }
	}
	for from := 0; from < c.rows; from += c.size {
		z := zone{ordered: less != nil}
		least, most := -1, -1
		for i := from; i < min(from+c.size, c.rows); i++ {
			if c.nulls.Get(i) {
				z.nulls = true
				continue
			}
			z.some = true
			if !z.ordered {
				continue
			}
			if v.F != nil && v.F[i] != v.F[i] {
				z.ordered = false // NaN is in no order of its own
				continue
			}
			if least < 0 || less(i, least) {
				least = i
			}
			if most < 0 || less(most, i) {
				most = i
			}
		}
		if z.ordered && z.some {
			z.min, z.max = v.Get(least), v.Get(most)
			z.min.Str, z.max.Str = strings.Clone(z.min.Str), strings.Clone(z.max.Str)
		}
		c.zones = append(c.zones, z)
	}
}

// comparable reports whether zones of a type have least and greatest values.
func comparable(t sqltype.Type) bool {
	switch t.Phys() {
	case sqltype.PhysInt, sqltype.PhysFloat, sqltype.PhysNumeric:
		return true
	case sqltype.PhysString:
		return t.ID == sqltype.Text || t.ID == sqltype.Varchar
	}
	return false
}

// Bytes is about the memory that the column takes.
func (c *Column) Bytes() int64 {
	n := int64(len(c.nulls)*8 + len(c.zones)*320 + len(c.blocks)*24 + len(c.data) + 8*len(c.floats) + len(c.codes8) + 2*len(c.codes))
	n += int64(4*len(c.offs) + len(c.text) + 24*len(c.nums) + 16*len(c.ivls) + 144*len(c.anys))
	for _, s := range c.dict {
		n += 16 + int64(len(s))
	}
	for i := range c.nums {
		if c.nums[i].Big != nil {
			n += 64
		}
	}
	return n
}

// Read makes dst the values of a block: of the rows of sel, or of all where that is nil;
// other rows of dst have no meaning. dst shares memory with the column and must not be
// written.
func (c *Column) Read(block int, sel []int32, dst *vec.Vector) {
	from := block * c.size
	n := min(c.size, c.rows-from)
	dst.Const, dst.Nulls = false, nil
	if c.zones[block].nulls {
		to := (from + n + 63) >> 6
		dst.Nulls = c.nulls[from>>6 : to : to]
	}
	switch c.typ.Phys() {
	case sqltype.PhysInt:
		dst.I = room(dst.I, n)
		c.readInts(block, sel, dst.I)
	case sqltype.PhysFloat:
		dst.F = c.floats[from : from+n : from+n]
	case sqltype.PhysNumeric:
		c.readNumerics(block, sel, n, dst)
	case sqltype.PhysInterval:
		dst.V = c.ivls[from : from+n : from+n]
	case sqltype.PhysAny:
		dst.A = c.anys[from : from+n : from+n]
	default:
		dst.S = room(dst.S, n)
		c.readStrings(from, sel, dst.S)
	}
}

func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (c *Column) readInts(block int, sel []int32, out []int64) {
	b := &c.blocks[block]
	src, least := c.data[b.off:], b.least
	if sel != nil {
		for _, i := range sel {
			out[i] = least + delta(src, int(i), b.width)
		}
		return
	}
	switch b.width {
	case 0:
		for i := range out {
			out[i] = least
		}
	case 1:
		src = src[:len(out)]
		for i, d := range src {
			out[i] = least + int64(d)
		}
	case 2:
		src = src[:2*len(out)]
		for i := range out {
			out[i] = least + int64(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case 4:
		src = src[:4*len(out)]
		for i := range out {
			out[i] = least + int64(binary.LittleEndian.Uint32(src[4*i:]))
		}
	default:
		src = src[:8*len(out)]
		for i := range out {
			out[i] = least + int64(binary.LittleEndian.Uint64(src[8*i:]))
		}
	}
}

func delta(src []byte, i int, width uint8) int64 {
	switch width {
	case 0:
		return 0
	case 1:
		return int64(src[i])
	case 2:
		return int64(binary.LittleEndian.Uint16(src[2*i:]))
	case 4:
		return int64(binary.LittleEndian.Uint32(src[4*i:]))
	}
	return int64(binary.LittleEndian.Uint64(src[8*i:]))
}

func (c *Column) readNumerics(block int, sel []int32, n int, dst *vec.Vector) {
	from := block * c.size
	if !c.scaled {
		dst.N = c.nums[from : from+n : from+n]
		return
	}
	dst.N = room(dst.N, n)
	b := &c.blocks[block]
	src := c.data[b.off:]
	if sel != nil {
		for _, i := range sel {
			dst.N[i] = sqltype.Num{Coef: b.least + delta(src, int(i), b.width), Scale: c.scale}
		}
	} else {
		for i := range dst.N {
			dst.N[i] = sqltype.Num{Coef: b.least + delta(src, i, b.width), Scale: c.scale}
		}
	}
	dst.Nulls.Each(func(i int) { dst.N[i] = sqltype.Num{} }) // the slot of a NULL is zero
}

func (c *Column) readStrings(from int, sel []int32, out []string) {
	switch {
	case c.anys != nil:
		for i := range out {
			out[i] = c.anys[from+i].(string)
		}
	case c.offs != nil:
		offs := c.offs[from : from+len(out)+1]
		if sel != nil {
			for _, i := range sel {
				out[i] = c.text[offs[i]:offs[i+1]]
			}
			return
		}
		for i := range out {
			out[i] = c.text[offs[i]:offs[i+1]]
		}
	case c.codes8 != nil:
		codes := c.codes8[from : from+len(out)]
		if sel != nil {
			for _, i := range sel {
				out[i] = c.dict[codes[i]]
			}
			return
		}
		for i, k := range codes {
			out[i] = c.dict[k]
		}
	default:
		codes := c.codes[from : from+len(out)]
		if sel != nil {
			for _, i := range sel {
				out[i] = c.dict[codes[i]]
			}
			return
		}
		for i, k := range codes {
			out[i] = c.dict[k]
		}
	}
}

// Compare is the operator of a condition that zones may decide.
type Compare uint8

// The operators, of a column and a value.
const (
	Eq Compare = iota
	Lt
	Le
	Gt
	Ge
)

// May reports whether a row of the block may fulfil a comparison with a value, which is not
// NULL, of a type whose values compare as the column's do.
func (c *Column) May(block int, op Compare, d sqltype.Datum) bool {
	z := &c.zones[block]
	switch {
	case !z.some:
		return false
	case !z.ordered || d.Float != d.Float:
		return true
	}
	low, high := sqltype.Compare(c.typ, z.min, d), sqltype.Compare(c.typ, z.max, d)
	switch op {
	case Lt:
		return low < 0
	case Le:
		return low <= 0
	case Gt:
		return high > 0
	case Ge:
		return high >= 0
	}
	return low <= 0 && high >= 0
}
