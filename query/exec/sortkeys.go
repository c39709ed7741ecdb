package exec

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// orderKeys encodes sort keys as bytes whose order is the order asked for.
type orderKeys struct {
	keys  []plan.SortKey
	exprs []evaluator
	types []sqltype.Type
	vals  []*vec.Vector
}

func newOrderKeys(c *Context, keys []plan.SortKey) (*orderKeys, error) {
	o := &orderKeys{keys: keys}
	for _, k := range keys {
		x, err := compile(c, k.Expr)
		if err != nil {
			return nil, err
		}
		o.exprs, o.types = append(o.exprs, x), append(o.types, k.Expr.Type())
	}
	return o, nil
}

// load evaluates the keys for a batch.
func (o *orderKeys) load(b *vec.Batch) (err error) {
	o.vals, err = evalAll(o.exprs, b, b.Sel, o.vals)
	return err
}

// append appends keys [from, to) of row i of the loaded batch.
func (o *orderKeys) append(dst []byte, i, from, to int) []byte {
	for k := from; k < to; k++ {
		dst = appendKeyAt(dst, o.types[k], o.vals[k], i, o.keys[k].Desc, o.keys[k].NullsFirst)
	}
	return dst
}

// keyed is rows with their encoded sort keys, to be put in order. Equal keys keep
// the order in which they came.
type keyed struct {
	rows  *vec.Batch
	order []keyedRow
	bytes []byte // the keys
}

// keyedRow is the first 8 bytes of a key, where the rest is, and its row.
type keyedRow struct {
	head     uint64
	from, to int
	row      int32
}

func newKeyed(types []sqltype.Type) *keyed { return &keyed{rows: vec.NewBatch(types)} }

func (k *keyed) len() int { return len(k.order) }

// size is the bytes held.
func (k *keyed) size() int64 {
	n := int64(32*cap(k.order) + cap(k.bytes))
	for _, c := range k.rows.Cols {
		n += c.Bytes()
	}
	return n
}

func (k *keyed) reset() {
	k.rows.Reset()
	k.order, k.bytes = k.order[:0], k.bytes[:0]
}

// note adds the key of the next row: the bytes appended since from.
func (k *keyed) note(from int) {
	k.order = append(k.order, keyedRow{head: keyHead(k.bytes[from:]), from: from, to: len(k.bytes), row: int32(len(k.order))})
}

func keyHead(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// less orders by key, then by arrival.
func (k *keyed) compare(a, b keyedRow) int {
	switch {
	case a.head < b.head:
		return -1
	case a.head > b.head:
		return 1
	}
	if a.to-a.from > 8 || b.to-b.from > 8 {
		if c := bytes.Compare(k.bytes[a.from:a.to], k.bytes[b.from:b.to]); c != 0 {
			return c
		}
	}
	return int(a.row) - int(b.row)
}

// sortSlice is how many rows are sorted between two looks at the context.
const sortSlice = 32 << 10

// sort puts order in order. Long inputs are sorted in slices that are then
// merged, so that a cancellation is seen.
func (k *keyed) sort(ctx context.Context) error {
	n := len(k.order)
	for from := 0; from < n; from += sortSlice {
		if err := canceled(ctx); err != nil {
			return err
		}
		slices.SortFunc(k.order[from:min(from+sortSlice, n)], k.compare)
	}
	if n <= sortSlice {
		return nil
	}
	src, dst := k.order, make([]keyedRow, n)
	for width := sortSlice; width < n; width *= 2 {
		for from := 0; from < n; from += 2 * width {
			if err := canceled(ctx); err != nil {
				return err
			}
			mid, to := min(from+width, n), min(from+2*width, n)
			if err := k.merge(ctx, dst[from:to], src[from:mid], src[mid:to]); err != nil {
				return err
			}
		}
		src, dst = dst, src
	}
	k.order = src
	return nil
}

func (k *keyed) merge(ctx context.Context, dst, a, b []keyedRow) error {
	for i := range dst {
		if i&(sortSlice-1) == 0 {
			if err := canceled(ctx); err != nil {
				return err
			}
		}
		if len(b) == 0 || len(a) > 0 && k.compare(a[0], b[0]) <= 0 {
			dst[i], a = a[0], a[1:]
		} else {
			dst[i], b = b[0], b[1:]
		}
	}
	return nil
}

// keep drops all but the first n rows of the order, which has been sorted, and
// makes them compact. The rows are then stored in order.
func (k *keyed) keep(n int) {
	n = min(n, len(k.order))
	idx := make([]int32, n)
	var keys []byte
	for i := range n {
		r := &k.order[i]
		from := len(keys)
		keys = append(keys, k.bytes[r.from:r.to]...)
		idx[i] = r.row
		r.from, r.to, r.row = from, len(keys), int32(i)
	}
	k.order, k.bytes = k.order[:n], keys
	for i, col := range k.rows.Cols {
		kept := &vec.Vector{Type: col.Type}
		kept.Gather(col, idx)
		k.rows.Cols[i] = kept
	}
	k.rows.Len = n
}

// key gives the encoded key of a row of the order.
func (k *keyed) key(i int) []byte { return k.bytes[k.order[i].from:k.order[i].to] }

// emit fills out with up to a batch of rows of the order from at.
func (k *keyed) emit(out *vec.Batch, at, limit int) int {
	n := min(len(k.order)-at, vec.BatchSize, limit)
	var buf [vec.BatchSize]int32
	idx := buf[:n]
	for i := range idx {
		idx[i] = k.order[at+i].row
	}
	for c, col := range out.Cols {
		col.Gather(k.rows.Cols[c], idx)
	}
	out.Len, out.Sel = n, nil
	return n
}
