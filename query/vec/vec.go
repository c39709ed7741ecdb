// Package vec holds the columnar batches that flow between operators.
//
// A Batch is up to BatchSize rows of typed vectors with an optional selection:
// the rows that are still alive after filters. Batches belong to the operator
// that returned them and hold only until its following Next; a consumer that
// keeps rows copies them.
package vec

import "github.com/weftdb/weft/query/sqltype"

// BatchSize is the number of rows that operators aim at.
const BatchSize = 1024

// Vector is a column of values of one type. Exactly the slice that
// Type.Phys names is used; its length is at least the batch's row count.
type Vector struct {
	Type sqltype.Type
	// Nulls has a bit set for each NULL row; nil means that there is none. The
	// value slot of a NULL row holds the zero value of its slice.
	Nulls Bitmap
	I     []int64
	F     []float64
	S     []string
	N     []sqltype.Num
	V     []sqltype.IntervalValue
	A     []any
}

// Batch is Len rows of Cols. Sel, where not nil, lists the live rows in
// ascending order; rows not in it are to be ignored.
type Batch struct {
	Len  int
	Sel  []int32
	Cols []*Vector
}

// Rows returns the number of live rows.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.Len
}

// Bitmap is a set of row numbers, 64 to a word.
type Bitmap []uint64

// Get reports whether bit i is set; bits beyond the end are not.
func (m Bitmap) Get(i int) bool { return i>>6 < len(m) && m[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set sets bit i, which must lie within the bitmap.
func (m Bitmap) Set(i int) { m[i>>6] |= 1 << (uint(i) & 63) }
