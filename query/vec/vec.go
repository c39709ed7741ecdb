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
//
// A vector with Const set holds one row, row 0, which stands for every row of
// the batch: its slice has at least one element, and its NULL bit is bit 0.
// Whoever reads vectors row by row goes through At (or Get, IsNull and the
// copying methods, which do), and loops over slices index them with i & Mask().
// What writes a vector writes all live rows and leaves Const unset.
type Vector struct {
	Type sqltype.Type
	// Const says that row 0 stands for all rows.
	Const bool
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

// NewVector returns a vector of n rows, none of them NULL, all zero.
func NewVector(t sqltype.Type, n int) *Vector {
	v := &Vector{Type: t}
	v.Reset(n)
	return v
}

// ConstVector returns a vector that has one value for every row.
func ConstVector(t sqltype.Type, d sqltype.Datum) *Vector {
	v := NewVector(t, 1)
	v.Set(0, d)
	v.Const = true
	return v
}

// grown returns s with length n, keeping what it holds and reusing its memory;
// elements beyond the old length are zero.
func grown[T any](s []T, n int) []T {
	if n <= cap(s) {
		old := len(s)
		s = s[:n]
		if old < n {
			clear(s[old:])
		}
		return s
	}
	c := n
	if len(s) > 0 {
		c = max(n, 2*cap(s))
	}
	t := make([]T, n, c)
	copy(t, s)
	return t
}

// Resize sets the number of rows, keeping those there are; new ones are zero and
// not NULL.
func (v *Vector) Resize(n int) {
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		v.I = grown(v.I, n)
	case sqltype.PhysFloat:
		v.F = grown(v.F, n)
	case sqltype.PhysNumeric:
		v.N = grown(v.N, n)
	case sqltype.PhysInterval:
		v.V = grown(v.V, n)
	case sqltype.PhysAny:
		v.A = grown(v.A, n)
	default:
		v.S = grown(v.S, n)
	}
	v.Nulls = v.Nulls.truncate(n)
}

// Reset makes v hold n zero rows, none of them NULL, reusing its memory.
func (v *Vector) Reset(n int) {
	v.Const = false
	v.Nulls = v.Nulls[:0]
	v.I, v.F, v.S, v.N, v.V, v.A = v.I[:0], v.F[:0], v.S[:0], v.N[:0], v.V[:0], v.A[:0]
	v.Resize(n)
}

// Len returns the number of rows held; 1 for a constant.
func (v *Vector) Len() int {
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		return len(v.I)
	case sqltype.PhysFloat:
		return len(v.F)
	case sqltype.PhysNumeric:
		return len(v.N)
	case sqltype.PhysInterval:
		return len(v.V)
	case sqltype.PhysAny:
		return len(v.A)
	}
	return len(v.S)
}

// Mask returns what a row number is anded with to find its slot: 0 for a
// constant, all ones otherwise.
func (v *Vector) Mask() int {
	if v.Const {
		return 0
	}
	return -1
}

// At returns the slot of row i.
func (v *Vector) At(i int) int { return i & v.Mask() }

// IsNull reports whether row i is NULL.
func (v *Vector) IsNull(i int) bool { return v.Nulls.Get(v.At(i)) }

// HasNulls reports whether any row is NULL.
func (v *Vector) HasNulls() bool { return v.Nulls.Any() }

// SetNull makes row i NULL. It grows the bitmap as needed.
func (v *Vector) SetNull(i int) {
	v.Nulls = v.Nulls.With(i)
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		v.I[i] = 0
	case sqltype.PhysFloat:
		v.F[i] = 0
	case sqltype.PhysNumeric:
		v.N[i] = sqltype.Num{}
	case sqltype.PhysInterval:
		v.V[i] = sqltype.IntervalValue{}
	case sqltype.PhysAny:
		v.A[i] = nil
	default:
		v.S[i] = ""
	}
}

// Get returns the value of row i.
func (v *Vector) Get(i int) sqltype.Datum {
	i = v.At(i)
	if v.Nulls.Get(i) {
		return sqltype.NullDatum
	}
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		return sqltype.Datum{Int: v.I[i]}
	case sqltype.PhysFloat:
		return sqltype.Datum{Float: v.F[i]}
	case sqltype.PhysNumeric:
		return sqltype.Datum{Num: v.N[i]}
	case sqltype.PhysInterval:
		return sqltype.Datum{Ivl: v.V[i]}
	case sqltype.PhysAny:
		return sqltype.Datum{Any: v.A[i]}
	}
	return sqltype.Datum{Str: v.S[i]}
}

// Set stores a value of v's type in row i.
func (v *Vector) Set(i int, d sqltype.Datum) {
	if d.Null {
		v.SetNull(i)
		return
	}
	v.Nulls.Clear(i)
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		v.I[i] = d.Int
	case sqltype.PhysFloat:
		v.F[i] = d.Float
	case sqltype.PhysNumeric:
		v.N[i] = d.Num
	case sqltype.PhysInterval:
		v.V[i] = d.Ivl
	case sqltype.PhysAny:
		v.A[i] = d.Any
	default:
		v.S[i] = d.Str
	}
}

// AppendDatum adds one row.
func (v *Vector) AppendDatum(d sqltype.Datum) {
	n := v.Len()
	v.Resize(n + 1)
	v.Set(n, d)
}
