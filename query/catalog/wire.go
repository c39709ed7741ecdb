package catalog

import (
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// The encoding of catalog records is described in docs/format/catalog.md. Every
// record begins with a format byte; fields follow in a fixed order.

// writer appends the fields of a record.
type writer struct{ b []byte }

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)   { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) byte(v byte)   { w.b = append(w.b, v) }
func (w *writer) str(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) flags(bits ...bool) {
	var v uint64
	for i, set := range bits {
		if set {
			v |= 1 << i
		}
	}
	w.uint(v)
}

func (w *writer) typ(t sqltype.Type) {
	w.byte(byte(t.ID))
	w.byte(byte(t.Elem))
	w.int(int64(t.Mod))
}

// reader takes the fields of a record apart. The first fault sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("decode catalog record: %s: %w", what, dberr.ErrCorrupt)
	}
	r.b = nil
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

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 || n > 1 && r.b[n-1] == 0 {
		r.fail("bad integer")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("cut short")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) str() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("string longer than the record")
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
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

func (r *reader) flags(bits ...*bool) {
	v := r.uint()
	if v>>len(bits) != 0 {
		r.fail("unknown flag")
		return
	}
	for i, b := range bits {
		*b = v&(1<<i) != 0
	}
}

func (r *reader) typ() sqltype.Type {
	t := sqltype.Type{ID: sqltype.ID(r.byte()), Elem: sqltype.ID(r.byte())}
	m := r.int()
	if int64(int32(m)) != m {
		r.fail("type modifier out of range")
	}
	t.Mod = int32(m)
	return t
}

func (r *reader) uint32() uint32 {
	v := r.uint()
	if v > 1<<32-1 {
		r.fail("id out of range")
	}
	return uint32(v)
}

// format checks the leading format byte.
func (r *reader) format(want byte) {
	if got := r.byte(); r.err == nil && got != want {
		r.fail(fmt.Sprintf("format %d, want %d", got, want))
	}
}

// done checks that nothing is left over.
func (r *reader) done() error {
	if r.err == nil && len(r.b) != 0 {
		r.fail("bytes left over")
	}
	return r.err
}
