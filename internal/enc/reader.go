package enc

import "encoding/binary"

// Reader takes numbers and texts off the front of a record that was written with
// binary.AppendUvarint, binary.AppendVarint and texts behind their lengths. Once the bytes
// do not suffice, or are not what those would have written, it is Bad and gives zeros,
// so that a record is read to its end and then judged once.
type Reader struct {
	rest []byte
	bad  bool
}

// NewReader reads b, which it does not copy.
func NewReader(b []byte) Reader { return Reader{rest: b} }

// Bad says that the bytes did not suffice, or that Fail was called.
func (r *Reader) Bad() bool { return r.bad }

// Done says that all bytes were read and none was missing.
func (r *Reader) Done() bool { return !r.bad && len(r.rest) == 0 }

// Len is how many bytes are left.
func (r *Reader) Len() int { return len(r.rest) }

// Rest is what is left, a piece of what is read.
func (r *Reader) Rest() []byte { return r.rest }

// Fail makes it Bad, for a caller that finds a value to be none.
func (r *Reader) Fail() { r.rest, r.bad = nil, true }

// Uvarint reads an unsigned number. One that is written longer than it needs is refused.
func (r *Reader) Uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		v := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || r.rest[n-1] == 0 {
		r.Fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Varint reads a number with a sign, as Uvarint does.
func (r *Reader) Varint() int64 {
	u := r.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.rest) == 0 {
		r.Fail()
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

// Take reads n bytes, a piece of what is read.
func (r *Reader) Take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.Fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// Bytes reads bytes behind their length, a piece of what is read.
func (r *Reader) Bytes() []byte { return r.Take(r.Uvarint()) }

// Text reads a text behind its length.
func (r *Reader) Text() string { return string(r.Bytes()) }
