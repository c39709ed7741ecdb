package vec

import "github.com/weftdb/weft/query/sqltype"

// identity lists the rows of a batch without a selection.
var identity = func() (s [4 * BatchSize]int32) {
	for i := range s {
		s[i] = int32(i)
	}
	return s
}()

// Live returns the live rows: sel, or 0 to n-1 where it is nil. The result must
// not be changed.
func Live(n int, sel []int32) []int32 {
	if sel != nil {
		return sel
	}
	if n <= len(identity) {
		return identity[:n:n]
	}
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// gather appends src's live rows to dst.
func gather[T any](dst, src []T, mask, n int, sel []int32) []T {
	if sel == nil && mask != 0 {
		return append(dst, src[:n]...)
	}
	for _, i := range Live(n, sel) {
		dst = append(dst, src[int(i)&mask])
	}
	return dst
}

// Append adds the live rows of src (sel, or all n where nil), which must have the
// same physical type.
func (v *Vector) Append(src *Vector, n int, sel []int32) {
	at, mask := v.Len(), src.Mask()
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		v.I = gather(v.I, src.I, mask, n, sel)
	case sqltype.PhysFloat:
		v.F = gather(v.F, src.F, mask, n, sel)
	case sqltype.PhysNumeric:
		v.N = gather(v.N, src.N, mask, n, sel)
	case sqltype.PhysInterval:
		v.V = gather(v.V, src.V, mask, n, sel)
	case sqltype.PhysAny:
		v.A = gather(v.A, src.A, mask, n, sel)
	default:
		v.S = gather(v.S, src.S, mask, n, sel)
	}
	if !src.HasNulls() {
		return
	}
	for k, i := range Live(n, sel) {
		if src.IsNull(int(i)) {
			v.Nulls = v.Nulls.With(at + k)
		}
	}
}

// AppendRow adds row i of src.
func (v *Vector) AppendRow(src *Vector, i int) {
	at := v.Len()
	i = src.At(i)
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		v.I = append(v.I, src.I[i])
	case sqltype.PhysFloat:
		v.F = append(v.F, src.F[i])
	case sqltype.PhysNumeric:
		v.N = append(v.N, src.N[i])
	case sqltype.PhysInterval:
		v.V = append(v.V, src.V[i])
	case sqltype.PhysAny:
		v.A = append(v.A, src.A[i])
	default:
		v.S = append(v.S, src.S[i])
	}
	if src.Nulls.Get(i) {
		v.Nulls = v.Nulls.With(at)
	}
}

// Gather replaces v's rows with rows idx of src, in that order; idx may repeat
// rows and need not ascend. An index of -1 gives NULL.
func (v *Vector) Gather(src *Vector, idx []int32) {
	v.Reset(len(idx))
	mask := src.Mask()
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		pick(v.I, src.I, idx, mask)
	case sqltype.PhysFloat:
		pick(v.F, src.F, idx, mask)
	case sqltype.PhysNumeric:
		pick(v.N, src.N, idx, mask)
	case sqltype.PhysInterval:
		pick(v.V, src.V, idx, mask)
	case sqltype.PhysAny:
		pick(v.A, src.A, idx, mask)
	default:
		pick(v.S, src.S, idx, mask)
	}
	nulls := src.HasNulls()
	for k, i := range idx {
		if i < 0 || nulls && src.IsNull(int(i)) {
			v.Nulls = v.Nulls.With(k)
		}
	}
}

func pick[T any](dst, src []T, idx []int32, mask int) {
	for k, i := range idx {
		if i >= 0 {
			dst[k] = src[int(i)&mask]
		}
	}
}

// CopyRows copies the live rows of src to the same rows of v, which must be long
// enough and have the same physical type; other rows stay as they are.
func (v *Vector) CopyRows(src *Vector, n int, sel []int32) {
	mask := src.Mask()
	switch v.Type.Phys() {
	case sqltype.PhysInt:
		scatter(v.I, src.I, mask, n, sel)
	case sqltype.PhysFloat:
		scatter(v.F, src.F, mask, n, sel)
	case sqltype.PhysNumeric:
		scatter(v.N, src.N, mask, n, sel)
	case sqltype.PhysInterval:
		scatter(v.V, src.V, mask, n, sel)
	case sqltype.PhysAny:
		scatter(v.A, src.A, mask, n, sel)
	default:
		scatter(v.S, src.S, mask, n, sel)
	}
	srcNulls := src.HasNulls()
	if !srcNulls && !v.Nulls.Any() {
		return
	}
	for _, i := range Live(n, sel) {
		if srcNulls && src.IsNull(int(i)) {
			v.Nulls = v.Nulls.With(int(i))
		} else {
			v.Nulls.Clear(int(i))
		}
	}
}

func scatter[T any](dst, src []T, mask, n int, sel []int32) {
	if sel == nil && mask != 0 {
		copy(dst[:n], src[:n])
		return
	}
	for _, i := range Live(n, sel) {
		dst[i] = src[int(i)&mask]
	}
}

// Flatten turns a constant into n equal rows; other vectors it leaves alone.
func (v *Vector) Flatten(n int) {
	if !v.Const {
		return
	}
	d := v.Get(0)
	v.Reset(n)
	if d.Null {
		v.Nulls = v.Nulls.Fill(n)
		return
	}
	for i := range n {
		v.Set(i, d)
	}
}

// Clone returns a dense copy of b that the caller owns: its live rows, no selection.
func (b *Batch) Clone() *Batch {
	c := &Batch{Len: b.Rows(), Cols: make([]*Vector, len(b.Cols))}
	for k, col := range b.Cols {
		c.Cols[k] = &Vector{Type: col.Type}
		c.Cols[k].Append(col, b.Len, b.Sel)
	}
	return c
}

// Append adds the live rows of src, whose columns have the types of b's, to b,
// which must be dense (no selection).
func (b *Batch) Append(src *Batch) {
	for k, col := range b.Cols {
		col.Append(src.Cols[k], src.Len, src.Sel)
	}
	b.Len += src.Rows()
}

// NewBatch returns an empty dense batch with columns of the types.
func NewBatch(types []sqltype.Type) *Batch {
	b := &Batch{Cols: make([]*Vector, len(types))}
	vectors := make([]Vector, len(types))
	for i, t := range types {
		vectors[i].Type = t
		b.Cols[i] = &vectors[i]
	}
	return b
}

// Reset empties b, keeping its columns and their memory.
func (b *Batch) Reset() {
	b.Len, b.Sel = 0, nil
	for _, c := range b.Cols {
		c.Reset(0)
	}
}

// Bytes estimates the memory that the vector's n rows hold.
func (v *Vector) Bytes() int64 {
	size := int64(8*len(v.I)+8*len(v.F)+16*len(v.V)+24*len(v.N)+16*len(v.S)+16*len(v.A)) + int64(8*len(v.Nulls))
	for _, s := range v.S {
		size += int64(len(s))
	}
	for _, n := range v.N {
		if n.Big != nil {
			size += 64
		}
	}
	for _, a := range v.A {
		if arr, ok := a.(*sqltype.ArrayValue); ok {
			size += 64 + 120*int64(len(arr.Vals))
		} else if a != nil {
			size += 64
		}
	}
	return size
}
