// Package block packs the points of one series into a block of bytes and back,
// without loss: what comes out has the bits of what went in, NaN payloads, negative
// zero and timestamps at the ends of their range with it.
//
// A block holds up to MaxPoints points in the order of time, their values of one
// kind. It names its encodings itself, carries statistics by which aggregates need not
// decode it, and ends in a checksum (docs/format/timeseries.md). Several encodings are
// weighed for each block, and the smallest is written: see Effort.
//
// The package owns the format of blocks and nothing else. It refuses points that are
// out of order, columns of unequal length, and, by errors of class dberr.ErrCorrupt,
// bytes that are no block; no bytes make it panic or take memory beyond what MaxPoints
// and MaxTextBytes allow.
package block

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/weftdb/weft/internal/dberr"
)

// The limits of a block.
const (
	MaxPoints    = 1 << 16
	MaxTextBytes = 16 << 20 // of all texts of a block
)

// Kind is what the values of a block are. The numbers are stored.
type Kind uint8

// The kinds.
const (
	Float Kind = 1
	Int   Kind = 2
	Bool  Kind = 3
	Text  Kind = 4
)

var kindNames = [...]string{Float: "float", Int: "int", Bool: "bool", Text: "string"}

// String is the name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Effort says how hard Append tries.
type Effort uint8

// The efforts. What either writes, Decode reads.
const (
	// Fast chooses an encoding by a sample, among those that pack bits.
	Fast Effort = iota
	// Small weighs all encodings, entropy coding too, by all points.
	Small
)

// Points are columns of points in ascending order of time; of the value columns, only
// that of Kind is used.
type Points struct {
	Kind   Kind
	Times  []int64 // nanoseconds since 1970
	Floats []float64
	Ints   []int64
	Bools  []bool
	Texts  []string
}

// Len is the number of points.
func (p *Points) Len() int { return len(p.Times) }

// Reset empties the columns and keeps their memory.
func (p *Points) Reset(kind Kind) {
	p.Kind, p.Times, p.Floats, p.Ints, p.Bools, p.Texts = kind, p.Times[:0], p.Floats[:0], p.Ints[:0], p.Bools[:0], p.Texts[:0]
}

func (p *Points) values() int {
	switch p.Kind {
	case Float:
		return len(p.Floats)
	case Int:
		return len(p.Ints)
	case Bool:
		return len(p.Bools)
	case Text:
		return len(p.Texts)
	}
	return -1
}

func (p *Points) check() error {
	n := len(p.Times)
	switch v := p.values(); {
	case v < 0:
		return fmt.Errorf("%w: values of %v", dberr.ErrInvalid, p.Kind)
	case n == 0 || n > MaxPoints:
		return fmt.Errorf("%w: a block holds 1 to %d points, not %d", dberr.ErrInvalid, MaxPoints, n)
	case v != n:
		return fmt.Errorf("%w: %d times and %d values", dberr.ErrInvalid, n, v)
	}
	for i := 1; i < n; i++ {
		if p.Times[i] < p.Times[i-1] {
			return fmt.Errorf("%w: point %d is before the one ahead of it", dberr.ErrInvalid, i)
		}
	}
	return nil
}

// Header is what a block says of itself.
type Header struct {
	Kind     Kind
	Encoding Encoding // of the values
	Count    int
	MinTime  int64
	MaxTime  int64
	Stats    Stats

	times  []byte // the section of the times
	values []byte
}

const (
	version     = 1
	checksumLen = 4
	flagStats   = 0x80 // in the byte of the kind: statistics follow
	statsFrom   = 16   // points; fewer are decoded as fast as their statistics are read
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends the points as a block.
func Append(dst []byte, p *Points, effort Effort) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	start, n := len(dst), len(p.Times)
	kind := byte(p.Kind)
	stats, ok := statsOf(p)
	if ok && n >= statsFrom {
		kind |= flagStats
	}
	dst = append(dst, version, kind, 0)
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendVarint(dst, p.Times[0])
	dst = binary.AppendUvarint(dst, uint64(p.Times[n-1])-uint64(p.Times[0]))
	if kind&flagStats != 0 {
		dst = stats.append(dst, p.Kind)
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	c.section = c.appendTimes(c.section[:0], p.Times, effort)
	dst = binary.AppendUvarint(dst, uint64(len(c.section)))
	dst = append(dst, c.section...)
	dst, encoding, err := c.appendValues(dst, p, effort)
	if err != nil {
		return dst[:start], err
	}
	dst[start+2] = byte(encoding)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli)), nil
}

// ReadHeader reads what is in front of the points. It does not check the checksum,
// which Verify does.
func ReadHeader(b []byte) (h Header, err error) {
	if len(b) < 3+checksumLen {
		return h, corrupt("is cut short")
	}
	if b[0] != version {
		return h, corrupt("has version %d", b[0])
	}
	h.Kind, h.Encoding = Kind(b[1]&^flagStats), Encoding(b[2])
	if h.Kind < Float || h.Kind > Text {
		return h, corrupt("has values of %v", h.Kind)
	}
	r := reader{b: b[3 : len(b)-checksumLen]}
	n := r.uvarint()
	if n == 0 || n > MaxPoints {
		return h, corrupt("claims %d points", n)
	}
	h.Count = int(n)
	h.MinTime = r.varint()
	span := r.uvarint()
	h.MaxTime = int64(uint64(h.MinTime) + span)
	if h.MaxTime < h.MinTime {
		return h, corrupt("has a span of %d", span)
	}
	if b[1]&flagStats != 0 {
		h.Stats.read(&r, h.Kind)
	}
	h.times = r.take(r.uvarint())
	h.values = r.b
	if r.bad {
		return h, corrupt("is cut short")
	}
	return h, nil
}

// Verify holds a block against its checksum.
func Verify(b []byte) error {
	if len(b) < checksumLen {
		return corrupt("is cut short")
	}
	body, sum := b[:len(b)-checksumLen], binary.LittleEndian.Uint32(b[len(b)-checksumLen:])
	if crc32.Checksum(body, castagnoli) != sum {
		return corrupt("does not have its checksum")
	}
	return nil
}

// Decode appends the points of a block to p, whose kind must be that of the block, or
// none yet. Texts are fresh memory. After an error p holds what it held before.
func Decode(b []byte, p *Points) error {
	if err := Verify(b); err != nil {
		return err
	}
	h, err := ReadHeader(b)
	if err != nil {
		return err
	}
	return h.decode(p)
}

func (h *Header) decode(p *Points) error {
	if p.Kind == 0 {
		p.Kind = h.Kind
	}
	if p.Kind != h.Kind {
		return fmt.Errorf("%w: a block of %v values where %v is wanted", dberr.ErrInvalid, h.Kind, p.Kind)
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	times, err := c.readTimes(p.Times, h)
	if err != nil {
		return err
	}
	if err := c.readValues(h, p); err != nil {
		return err
	}
	p.Times = times
	return nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: a block of points %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

// reader takes numbers off bytes; bad once they did not suffice.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return unzigzag(u)
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint64() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
