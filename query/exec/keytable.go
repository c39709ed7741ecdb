package exec

import (
	"github.com/cespare/xxhash/v2"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// keyTable numbers the different keys of rows: 0, 1, … in the order in which they
// come. Keys are equal as SQL's operators say (1.0 and 1.00, -0 and 0, char
// without its trailing blanks), and NULLs are equal to each other.
//
// One integer and one string are kept as such; other keys in the encoding of
// sqltype.AppendKey, which is equal for equal values.
type keyTable struct {
	types []sqltype.Type
	mode  keyMode
	slots []int32 // number + 1; 0 is free
	mask  uint64
	hash  []uint64 // by number, but for ints
	ints  []int64
	ends  []int // of keys in bytes
	bytes []byte
	null  int32 // number of the NULL key of the typed modes, or -1
	n     int
	buf   []byte
}

type keyMode uint8

const (
	keyInt keyMode = iota
	keyString
	keyBytes
)

func newKeyTable(types []sqltype.Type) *keyTable {
	t := &keyTable{types: types, mode: keyBytes, null: -1}
	if len(types) == 1 {
		switch p := types[0].Phys(); {
		case p == sqltype.PhysInt:
			t.mode = keyInt
		case p == sqltype.PhysString && types[0].ID != sqltype.Bpchar && types[0].ID != sqltype.JSONB:
			t.mode = keyString
		}
	}
	t.resize(64)
	return t
}

// len is the number of different keys.
func (t *keyTable) len() int { return t.n }

// size is the bytes held.
func (t *keyTable) size() int64 {
	return int64(4*len(t.slots) + 8*cap(t.hash) + 8*cap(t.ints) + 8*cap(t.ends) + cap(t.bytes))
}

func (t *keyTable) resize(n int) {
	t.slots = make([]int32, n)
	t.mask = uint64(n - 1)
	if t.mode == keyInt {
		for g, v := range t.ints {
			if int32(g) != t.null {
				t.place(sqltype.HashInt(v), int32(g))
			}
		}
		return
	}
	for g, h := range t.hash {
		if int32(g) != t.null {
			t.place(h, int32(g))
		}
	}
}

func (t *keyTable) place(h uint64, g int32) {
	i := h & t.mask
	for t.slots[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = g + 1
}

func (t *keyTable) room() {
	if 2*t.n >= len(t.slots) {
		t.resize(4 * len(t.slots))
	}
}

// assign writes the number of each live row's key to out, numbering new ones.
func (t *keyTable) assign(keys []*vec.Vector, n int, sel []int32, out []int32) {
	t.each(keys, n, sel, out, true)
}

// lookup is assign, but writes -1 for keys that are not there.
func (t *keyTable) lookup(keys []*vec.Vector, n int, sel []int32, out []int32) {
	t.each(keys, n, sel, out, false)
}

func (t *keyTable) each(keys []*vec.Vector, n int, sel []int32, out []int32, add bool) {
	rows := vec.Live(n, sel)
	if len(rows) == 0 {
		return
	}
	switch t.mode {
	case keyInt:
		t.eachInt(keys[0], rows, out, add)
	case keyString:
		t.eachString(keys[0], rows, out, add)
	default:
		for _, i := range rows {
			t.buf = t.appendKey(t.buf[:0], keys, int(i))
			out[i] = t.find(t.buf, add)
		}
	}
}

// appendKey appends the encoded key of row i.
func (t *keyTable) appendKey(dst []byte, keys []*vec.Vector, i int) []byte {
	for k, v := range keys {
		dst = appendKeyAt(dst, t.types[k], v, i, false, false)
	}
	return dst
}

// appendKeyAt is sqltype.AppendKey of a row of a vector.
func appendKeyAt(dst []byte, typ sqltype.Type, v *vec.Vector, i int, desc, nullsFirst bool) []byte {
	if !desc && typ.Phys() == sqltype.PhysInt && !v.IsNull(i) {
		return sqltype.AppendIntKey(dst, typ.ID, v.I[v.At(i)])
	}
	return sqltype.AppendKey(dst, typ, v.Get(i), desc, nullsFirst)
}

func (t *keyTable) nullKey(add bool) int32 {
	if t.null < 0 && add {
		t.null = int32(t.n)
		t.n++
		if t.mode == keyInt {
			t.ints = append(t.ints, 0)
		} else {
			t.hash, t.ends = append(t.hash, 0), append(t.ends, len(t.bytes))
		}
	}
	return t.null
}

func (t *keyTable) eachInt(v *vec.Vector, rows []int32, out []int32, add bool) {
	nulls, mask := v.HasNulls(), v.Mask()
	for _, i := range rows {
		if nulls && v.IsNull(int(i)) {
			out[i] = t.nullKey(add)
			continue
		}
		x := v.I[int(i)&mask]
		s := sqltype.HashInt(x) & t.mask
		for {
			g := t.slots[s]
			if g == 0 {
				out[i] = -1
				if add {
					t.slots[s] = int32(t.n) + 1
					out[i] = int32(t.n)
					t.ints = append(t.ints, x)
					t.n++
					t.room()
				}
				break
			}
			if t.ints[g-1] == x {
				out[i] = g - 1
				break
			}
			s = (s + 1) & t.mask
		}
	}
}

func (t *keyTable) eachString(v *vec.Vector, rows []int32, out []int32, add bool) {
	nulls, mask := v.HasNulls(), v.Mask()
	for _, i := range rows {
		if nulls && v.IsNull(int(i)) {
			out[i] = t.nullKey(add)
			continue
		}
		s := v.S[int(i)&mask]
		h := xxhash.Sum64String(s)
		p := h & t.mask
		for {
			g := t.slots[p]
			if g == 0 {
				out[i] = -1
				if add {
					out[i] = int32(t.n)
					t.bytes = append(t.bytes, s...)
					t.added(p, h)
				}
				break
			}
			if t.hash[g-1] == h && string(t.at(int(g-1))) == s {
				out[i] = g - 1
				break
			}
			p = (p + 1) & t.mask
		}
	}
}

// added notes the key whose bytes were appended.
func (t *keyTable) added(slot, h uint64) {
	t.slots[slot] = int32(t.n) + 1
	t.hash, t.ends = append(t.hash, h), append(t.ends, len(t.bytes))
	t.n++
	t.room()
}

// at gives the bytes of a key.
func (t *keyTable) at(g int) []byte {
	from := 0
	if g > 0 {
		from = t.ends[g-1]
	}
	return t.bytes[from:t.ends[g]]
}

// find returns the number of an encoded key, or -1.
func (t *keyTable) find(key []byte, add bool) int32 {
	h := xxhash.Sum64(key)
	p := h & t.mask
	for {
		g := t.slots[p]
		if g == 0 {
			if !add {
				return -1
			}
			t.bytes = append(t.bytes, key...)
			t.added(p, h)
			return int32(t.n - 1)
		}
		if t.hash[g-1] == h && string(t.at(int(g-1))) == string(key) {
			return g - 1
		}
		p = (p + 1) & t.mask
	}
}
