package exec

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// A block of a temporary file, behind its length:
//
//	rows (uvarint) · keyed (1) · keys, if keyed · columns
//
//	keys       end of each (uvarint, as a length) · bytes
//	column     nulls (1: 0 none, 1 a bitmap follows) · bitmap, 8 bytes for 64 rows · values
//	integers   least (8) · width w (1: 0, 1, 2, 4, 8) · w bytes each, less the least
//	floats     8 bytes each
//	strings    length of each (uvarint) · bytes
//	others     length of each (uvarint) and its value as in a stored row; NULLs have 0
//
// Files do not outlive the process that writes them, so the format has no version.

func appendBlock(dst []byte, b *vec.Batch, keys *spillKeys) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.Len))
	if len(keys.ends) > 0 {
		dst = append(dst, 1)
		last := 0
		for _, e := range keys.ends {
			dst = binary.AppendUvarint(dst, uint64(e-last))
			last = e
		}
		dst = append(dst, keys.bytes...)
	} else {
		dst = append(dst, 0)
	}
	for _, col := range b.Cols {
		dst = appendBlockColumn(dst, col, b.Len)
	}
	return dst
}

func appendBlockColumn(dst []byte, v *vec.Vector, n int) []byte {
	if v.HasNulls() {
		dst = append(dst, 1)
		for w := range (n + 63) >> 6 {
			var word uint64
			if w < len(v.Nulls) {
				word = v.Nulls[w]
			}
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
	} else {
		dst = append(dst, 0)
	}
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		return appendInts(dst, v.I[:n])
	case sqltype.PhysFloat:
		for _, f := range v.F[:n] {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
		}
		return dst
	case sqltype.PhysString:
		for _, s := range v.S[:n] {
			dst = binary.AppendUvarint(dst, uint64(len(s)))
		}
		for _, s := range v.S[:n] {
			dst = append(dst, s...)
		}
		return dst
	}
	var buf [64]byte
	value := buf[:0]
	for i := range n {
		value = value[:0]
		if !v.Nulls.Get(i) {
			value = sqltype.AppendValue(value, v.Type, v.Get(i))
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(value))), value...)
	}
	return dst
}

func appendInts(dst []byte, vals []int64) []byte {
	least, most := int64(0), int64(0)
	if len(vals) > 0 {
		least, most = vals[0], vals[0]
		for _, x := range vals {
			least, most = min(least, x), max(most, x)
		}
	}
	width := 8
	switch l := bits.Len64(uint64(most) - uint64(least)); {
	case l == 0:
		width = 0
	case l <= 8:
		width = 1
	case l <= 16:
		width = 2
	case l <= 32:
		width = 4
	}
	dst = append(binary.LittleEndian.AppendUint64(dst, uint64(least)), byte(width))
	from := len(dst)
	dst = append(dst, make([]byte, width*len(vals))...)
	out := dst[from:]
	switch width {
	case 1:
		for i, x := range vals {
			out[i] = byte(x - least)
		}
	case 2:
		for i, x := range vals {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(x-least))
		}
	case 4:
		for i, x := range vals {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(x-least))
		}
	case 8:
		for i, x := range vals {
			binary.LittleEndian.PutUint64(out[8*i:], uint64(x)-uint64(least))
		}
	}
	return dst
}

// blockSource is what is left of a block.
type blockSource struct {
	src []byte
	bad bool
}

func (b *blockSource) uvarint() uint64 {
	n, w := binary.Uvarint(b.src)
	if w <= 0 {
		b.bad = true
		return 0
	}
	b.src = b.src[w:]
	return n
}

func (b *blockSource) take(n int) []byte {
	if n < 0 || n > len(b.src) {
		b.bad = true
		return nil
	}
	p := b.src[:n]
	b.src = b.src[n:]
	return p
}

// lengths reads n lengths and returns the ends that they give.
func (b *blockSource) lengths(ends []int, n int) []int {
	ends = ends[:0]
	at := 0
	for range n {
		l := b.uvarint()
		if l > uint64(len(b.src)) {
			b.bad = true
			return ends
		}
		at += int(l)
		ends = append(ends, at)
	}
	return ends
}

// decodeBlock replaces the rows of out by those of a block.
func decodeBlock(src []byte, out *vec.Batch, keys *spillKeys) error {
	b := &blockSource{src: src}
	rows := b.uvarint()
	if b.bad || rows > vec.BatchSize {
		return errSpill
	}
	n := int(rows)
	keys.reset()
	if keyed := b.take(1); !b.bad && keyed[0] == 1 {
		keys.ends = b.lengths(keys.ends, n)
		if b.bad {
			return errSpill
		}
		if n > 0 {
			keys.bytes = append(keys.bytes, b.take(keys.ends[n-1])...)
		}
	}
	out.Len, out.Sel = n, nil
	for _, col := range out.Cols {
		if err := b.column(col, n); err != nil {
			return err
		}
	}
	if b.bad || len(b.src) > 0 {
		return errSpill
	}
	return nil
}

func (b *blockSource) column(v *vec.Vector, n int) error {
	v.Reset(n)
	if flag := b.take(1); !b.bad && flag[0] == 1 {
		words := (n + 63) >> 6
		if p := b.take(8 * words); !b.bad {
			for w := range words {
				v.Nulls = append(v.Nulls, binary.LittleEndian.Uint64(p[8*w:]))
			}
		}
	}
	if b.bad {
		return errSpill
	}
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		b.ints(v.I)
	case sqltype.PhysFloat:
		if p := b.take(8 * n); !b.bad {
			for i := range v.F {
				v.F[i] = math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:]))
			}
		}
	case sqltype.PhysString:
		b.strings(v.S)
	default:
		for i := range n {
			p := b.take(int(b.uvarint()))
			if b.bad {
				break
			}
			if v.Nulls.Get(i) {
				continue
			}
			d, err := sqltype.DecodeValue(v.Type, p)
			if err != nil {
				return errSpill
			}
			v.Set(i, d)
		}
	}
	if b.bad {
		return errSpill
	}
	return nil
}

func (b *blockSource) ints(out []int64) {
	head := b.take(9)
	if b.bad {
		return
	}
	least, width := int64(binary.LittleEndian.Uint64(head)), int(head[8])
	if width > 8 {
		b.bad = true
		return
	}
	p := b.take(width * len(out))
	if b.bad {
		return
	}
	switch width {
	case 0:
		for i := range out {
			out[i] = least
		}
	case 1:
		for i := range out {
			out[i] = least + int64(p[i])
		}
	case 2:
		for i := range out {
			out[i] = least + int64(binary.LittleEndian.Uint16(p[2*i:]))
		}
	case 4:
		for i := range out {
			out[i] = least + int64(binary.LittleEndian.Uint32(p[4*i:]))
		}
	case 8:
		for i := range out {
			out[i] = int64(uint64(least) + binary.LittleEndian.Uint64(p[8*i:]))
		}
	default:
		b.bad = true
	}
}

// strings reads strings that share one allocation.
func (b *blockSource) strings(out []string) {
	var buf [vec.BatchSize]int
	ends := b.lengths(buf[:0], len(out))
	if b.bad || len(out) == 0 {
		return
	}
	all := string(b.take(ends[len(ends)-1]))
	if b.bad {
		return
	}
	from := 0
	for i, e := range ends {
		out[i] = all[from:e]
		from = e
	}
}
