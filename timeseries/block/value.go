package block

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/fse"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
)

// Encoding is how the values of a block are held. The numbers are stored.
type Encoding uint8

// The encodings.
const (
	XOR      Encoding = 1 // floats: difference to the value before, in bits
	Decimal  Encoding = 2 // floats: integers and a power of ten
	Ordered  Encoding = 3 // floats: their bits as integers
	Integers Encoding = 4 // ints, and bools as 0 and 1
	Texts    Encoding = 5 // texts, all of them
	Lexicon  Encoding = 6 // texts: the distinct ones, and which of them
)

var encodingNames = [...]string{XOR: "xor", Decimal: "decimal", Ordered: "ordered", Integers: "integers", Texts: "texts", Lexicon: "lexicon"}

// String is the name of the encoding.
func (e Encoding) String() string {
	if int(e) < len(encodingNames) && e != 0 {
		return encodingNames[e]
	}
	return fmt.Sprintf("encoding(%d)", uint8(e))
}

// coder is the memory that blocks are made and read in.
type coder struct {
	left      []uint64
	scaled    []int64
	mantissas []int64
	distances []int64
	excepted  []int
	dict      []int64
	seen      map[int64]struct{}
	classes   []byte
	section   []byte
	other     []byte
	fse       fse.Scratch
}

var coders = sync.Pool{New: func() any { return &coder{seen: make(map[int64]struct{})} }}

// A section of times that are evenly spaced is empty: first, span and count tell them.

func (c *coder) appendTimes(dst []byte, t []int64, effort Effort) []byte {
	if even(t) {
		return dst
	}
	return c.appendInts(dst, t, effort)
}

func even(t []int64) bool {
	n := len(t)
	if n < 3 {
		return true
	}
	step := t[1] - t[0]
	if step < 0 { // farther apart than an int64 tells
		return false
	}
	for i := 2; i < n; i++ {
		if t[i]-t[i-1] != step {
			return false
		}
	}
	return true
}

func (c *coder) readTimes(dst []int64, h *Header) ([]int64, error) {
	n, start := h.Count, len(dst)
	if len(h.times) > 0 {
		r := reader{b: h.times}
		dst, err := c.readInts(dst, n, &r)
		if err != nil {
			return nil, err
		}
		if len(r.b) != 0 || dst[start] != h.MinTime || dst[start+n-1] != h.MaxTime {
			return nil, corrupt("has times that its header does not tell")
		}
		return dst, nil
	}
	span := uint64(h.MaxTime) - uint64(h.MinTime)
	if n == 1 {
		if span != 0 {
			return nil, corrupt("has a span of %d and one point", span)
		}
		return append(dst, h.MinTime), nil
	}
	step := span / uint64(n-1)
	if step*uint64(n-1) != span {
		return nil, corrupt("has a span of %d that %d points do not divide", span, n)
	}
	dst = slices.Grow(dst, n)[:start+n]
	t := uint64(h.MinTime)
	for i := range dst[start:] {
		dst[start+i] = int64(t)
		t += step
	}
	return dst, nil
}

func (c *coder) appendValues(dst []byte, p *Points, effort Effort) ([]byte, Encoding, error) {
	switch p.Kind {
	case Float:
		dst, e := c.appendFloats(dst, p.Floats, effort)
		return dst, e, nil
	case Int:
		return c.appendInts(dst, p.Ints, effort), Integers, nil
	case Bool:
		v := slices.Grow(c.mantissas[:0], len(p.Bools))
		for _, b := range p.Bools {
			v = append(v, bit(b))
		}
		c.mantissas = v
		return c.appendInts(dst, v, effort), Integers, nil
	}
	return c.appendTexts(dst, p.Texts, effort)
}

// appendFloats writes floats by the encoding that is smallest.
func (c *coder) appendFloats(dst []byte, v []float64, effort Effort) ([]byte, Encoding) {
	digits, share := digitsOf(v)
	if effort == Fast {
		if share >= 75 {
			return c.appendDecimal(dst, v, digits, effort), Decimal
		}
		return appendXOR(dst, v), XOR
	}
	start := len(dst)
	dst = c.appendDecimal(dst, v, digits, effort)
	best := Decimal
	if share == 100 && len(dst)-start <= 4*len(v) {
		return dst, best
	}
	for _, e := range [...]Encoding{Ordered, XOR} {
		if e == Ordered {
			c.other = c.appendOrdered(c.other[:0], v, effort)
		} else {
			c.other = appendXOR(c.other[:0], v)
		}
		if len(c.other) < len(dst)-start {
			dst = append(dst[:start], c.other...)
			best = e
		}
	}
	return dst, best
}

func (c *coder) readValues(h *Header, p *Points) (err error) {
	r := reader{b: h.values}
	switch {
	case h.Kind == Float && h.Encoding == XOR:
		p.Floats, err = keep(p.Floats)(readXOR(p.Floats, h.Count, r.b))
		return err
	case h.Kind == Float && h.Encoding == Decimal:
		p.Floats, err = keep(p.Floats)(c.readDecimal(p.Floats, h.Count, &r))
	case h.Kind == Float && h.Encoding == Ordered:
		p.Floats, err = keep(p.Floats)(c.readOrdered(p.Floats, h.Count, &r))
	case h.Kind == Int && h.Encoding == Integers:
		p.Ints, err = keep(p.Ints)(c.readInts(p.Ints, h.Count, &r))
	case h.Kind == Bool && h.Encoding == Integers:
		p.Bools, err = keep(p.Bools)(c.readBools(p.Bools, h.Count, &r))
	case h.Kind == Text && (h.Encoding == Texts || h.Encoding == Lexicon):
		p.Texts, err = keep(p.Texts)(c.readTexts(p.Texts, h.Count, h.Encoding, &r))
		return err
	default:
		return corrupt("has %v values by %v", h.Kind, h.Encoding)
	}
	if err == nil && len(r.b) != 0 {
		return corrupt("has %d bytes too many", len(r.b))
	}
	return err
}

// keep leaves a column as it was where reading failed.
func keep[T any](old []T) func([]T, error) ([]T, error) {
	return func(read []T, err error) ([]T, error) {
		if err != nil {
			return old, err
		}
		return read, nil
	}
}

func (c *coder) readBools(dst []bool, n int, r *reader) ([]bool, error) {
	v, err := c.readInts(c.mantissas[:0], n, r)
	if err != nil {
		return nil, err
	}
	c.mantissas = v
	for _, x := range v {
		if x&^1 != 0 {
			return nil, corrupt("has a bool of %d", x)
		}
		dst = append(dst, x == 1)
	}
	return dst, nil
}

// Texts: length of the lengths (uvarint) · lengths, as integers · bytes, as a frame of
// storage/compress. With a lexicon, the distinct texts so, the number of them first,
// and after their lengths and length which text each point has, as integers.

func (c *coder) appendTexts(dst []byte, texts []string, effort Effort) ([]byte, Encoding, error) {
	total := 0
	for _, s := range texts {
		total += len(s)
	}
	if total > MaxTextBytes {
		return dst, 0, dberr.New(dberr.ErrTooLarge, "BLOCK_TOO_LARGE", "texts of %d bytes are over the maximum of %d in one block", total, MaxTextBytes)
	}
	ranks := make(map[string]int64, 16)
	which := make([]int64, 0, len(texts))
	var words []string
	for _, s := range texts {
		at, ok := ranks[s]
		if !ok {
			at = int64(len(words))
			ranks[s] = at
			words = append(words, s)
		}
		which = append(which, at)
	}
	e := Texts
	if len(words) <= len(texts)/2 {
		e, texts = Lexicon, words
		dst = binary.AppendUvarint(dst, uint64(len(words)))
		dst = c.appendSection(dst, which, effort)
	}
	lengths := make([]int64, 0, len(texts))
	raw := make([]byte, 0, total)
	for _, s := range texts {
		lengths = append(lengths, int64(len(s)))
		raw = append(raw, s...)
	}
	dst = c.appendSection(dst, lengths, effort)
	codec := compress.Codec{Algorithm: compress.Snappy}
	if effort == Small {
		codec = compress.Codec{Algorithm: compress.Zstd}
	}
	return compress.AppendFrame(dst, raw, codec), e, nil
}

func (c *coder) appendSection(dst []byte, v []int64, effort Effort) []byte {
	c.other = c.appendInts(c.other[:0], v, effort)
	dst = binary.AppendUvarint(dst, uint64(len(c.other)))
	return append(dst, c.other...)
}

func (c *coder) readSection(n int, r *reader) ([]int64, error) {
	s := reader{b: r.take(r.uvarint())}
	if r.bad {
		return nil, corrupt("is cut short")
	}
	v, err := c.readInts(nil, n, &s)
	if err == nil && len(s.b) != 0 {
		return nil, corrupt("has %d bytes too many", len(s.b))
	}
	return v, err
}

func (c *coder) readTexts(dst []string, n int, e Encoding, r *reader) ([]string, error) {
	words, which := n, []int64(nil)
	if e == Lexicon {
		count := r.uvarint()
		if count == 0 || count > uint64(n) {
			return nil, corrupt("has %d distinct texts of %d", count, n)
		}
		var err error
		if which, err = c.readSection(n, r); err != nil {
			return nil, err
		}
		words = int(count)
	}
	lengths, err := c.readSection(words, r)
	if err != nil {
		return nil, err
	}
	raw, err := compress.AppendContent(nil, r.b, MaxTextBytes)
	if err != nil {
		return nil, fmt.Errorf("texts of a block: %w", err)
	}
	list := make([]string, 0, words)
	all := string(raw)
	for _, l := range lengths {
		if l < 0 || l > int64(len(all)) {
			return nil, corrupt("has a text of %d bytes", l)
		}
		list = append(list, all[:l])
		all = all[l:]
	}
	if len(all) != 0 {
		return nil, corrupt("has %d bytes of texts too many", len(all))
	}
	if which == nil {
		return append(dst, list...), nil
	}
	for _, at := range which {
		if at < 0 || at >= int64(words) {
			return nil, corrupt("has text %d of %d", at, words)
		}
		dst = append(dst, list[at])
	}
	return dst, nil
}
