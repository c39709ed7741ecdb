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
	held  int64  // bytes of rows
}

// keyedRow says where the key of a row is. head is 8 bytes of it, of use only
// while sorting.
type keyedRow struct {
	head uint64
	from int
	len  int32
	row  int32
}

func newKeyed(types []sqltype.Type) *keyed { return &keyed{rows: vec.NewBatch(types)} }

func (k *keyed) len() int { return len(k.order) }

// size is the bytes held.
func (k *keyed) size() int64 { return int64(24*cap(k.order)+cap(k.bytes)) + k.held }

func (k *keyed) reset() {
	k.rows.Reset()
	k.order, k.bytes, k.held = k.order[:0], k.bytes[:0], 0
}

// add appends rows whose keys have been noted.
func (k *keyed) add(b *vec.Batch) {
	k.held += RowBytes(b)
	k.rows.Append(b)
}

// note adds the key of the next row: the bytes appended since from.
func (k *keyed) note(from int) {
	k.order = append(k.order, keyedRow{from: from, len: int32(len(k.bytes) - from), row: int32(len(k.order))})
}

// keyHead is up to 8 bytes of a key as a number of the same order.
func keyHead(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// at gives the key of a row of the order.
func (k *keyed) at(r *keyedRow) []byte { return k.bytes[r.from : r.from+int(r.len)] }

// key gives the key of the i-th row of the order.
func (k *keyed) key(i int) []byte { return k.at(&k.order[i]) }

// sortSlice is how many rows are looked at between two looks at the context.
const sortSlice = 64 << 10

// sort puts order in order: by 8 bytes of the keys behind what all have in
// common, digit by digit, and then rows that are equal in these by the rest. No key
// is a prefix of another, so a short one may be filled up with zeros.
func (k *keyed) sort(ctx context.Context) error {
	n := len(k.order)
	if n < 2 {
		return nil
	}
	skip, longest, err := k.common(ctx)
	if err != nil {
		return err
	}
	for i := range k.order {
		r := &k.order[i]
		r.head = keyHead(k.at(r)[skip:])
	}
	if n < 256 {
		slices.SortFunc(k.order, func(a, b keyedRow) int { return k.compare(a, b, skip) })
		return nil
	}
	if err := k.radix(ctx); err != nil {
		return err
	}
	if longest <= skip+8 {
		return nil
	}
	for from := 0; from < n; {
		to := from + 1
		for to < n && k.order[to].head == k.order[from].head {
			to++
		}
		if err := k.ties(ctx, k.order[from:to], skip+8); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// ties sorts rows that are equal in the first skip bytes of their keys. Many of
// them are sorted as rows of their own.
func (k *keyed) ties(ctx context.Context, rows []keyedRow, skip int) error {
	if len(rows) < 2 {
		return nil
	}
	if len(rows) < 4096 {
		slices.SortFunc(rows, func(a, b keyedRow) int {
			x, y := k.at(&a), k.at(&b)
			if c := bytes.Compare(x[min(skip, len(x)):], y[min(skip, len(y)):]); c != 0 {
				return c
			}
			return int(a.row) - int(b.row)
		})
		return nil
	}
	if err := canceled(ctx); err != nil {
		return err
	}
	part := &keyed{order: rows, bytes: k.bytes}
	same := true
	first := k.at(&rows[0])
	for i := range rows {
		if !bytes.Equal(k.at(&rows[i]), first) {
			same = false
			break
		}
	}
	if same {
		return nil // the radix sort has kept their order
	}
	sorted := part.order
	err := part.sort(ctx)
	copy(sorted, part.order)
	return err
}

// common is the length of the prefix that all keys share, and that of the longest key.
func (k *keyed) common(ctx context.Context) (skip, longest int, err error) {
	first := k.at(&k.order[0])
	skip = len(first)
	for i := range k.order {
		if i%sortSlice == 0 {
			if err := canceled(ctx); err != nil {
				return 0, 0, err
			}
		}
		key := k.at(&k.order[i])
		longest = max(longest, len(key))
		skip = min(skip, len(key))
		for j := range skip {
			if key[j] != first[j] {
				skip = j
				break
			}
		}
	}
	return skip, longest, nil
}

func (k *keyed) compare(a, b keyedRow, skip int) int {
	switch {
	case a.head < b.head:
		return -1
	case a.head > b.head:
		return 1
	}
	if int(a.len) > skip+8 || int(b.len) > skip+8 {
		if c := bytes.Compare(k.at(&a), k.at(&b)); c != 0 {
			return c
		}
	}
	return int(a.row) - int(b.row)
}

// radix sorts by head, digit by digit from the last; it is stable.
func (k *keyed) radix(ctx context.Context) error {
	var count [8][256]int
	for i := range k.order {
		h := k.order[i].head
		for d := range 8 {
			count[d][byte(h>>(8*d))]++
		}
	}
	src := k.order
	var dst []keyedRow
	for d := range 8 {
		if count[d][byte(src[0].head>>(8*d))] == len(src) {
			continue // all have the same
		}
		if dst == nil {
			dst = make([]keyedRow, len(src))
		}
		at := 0
		for i, n := range count[d] {
			count[d][i] = at
			at += n
		}
		for from := 0; from < len(src); from += sortSlice {
			if err := canceled(ctx); err != nil {
				return err
			}
			for _, r := range src[from:min(from+sortSlice, len(src))] {
				b := byte(r.head >> (8 * d))
				dst[count[d][b]] = r
				count[d][b]++
			}
		}
		src, dst = dst, src
	}
	k.order = src
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
		keys = append(keys, k.at(r)...)
		idx[i] = r.row
		r.from, r.row = from, int32(i)
	}
	k.order, k.bytes = k.order[:n], keys
	for i, col := range k.rows.Cols {
		kept := &vec.Vector{Type: col.Type}
		kept.Gather(col, idx)
		k.rows.Cols[i] = kept
	}
	k.rows.Len = n
	k.held = batchBytes(k.rows)
}

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
