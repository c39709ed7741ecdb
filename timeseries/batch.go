package timeseries

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/timeseries/block"
)

// What a write puts into many columns of a metric is one record, a batch: for each field
// the points of all series, by time and then series.
//
//	version (1) = 01 · for each field: field (uvarint) · number of points (uvarint)
//	· for each point: series less that of the point before (varint) · length (4) · block
const batchVersion = 1

// A write of fewer columns puts an open record for each, at a key of the column's own.
const batchColumns = 4

// slab is a part of a batch: points of one field, in the order of time and then series.
type slab struct {
	field  int
	series []uint64
	points block.Points
}

// reset empties it, and keeps its memory.
func (b *slab) reset(field int, kind block.Kind) {
	clear(b.points.Texts)
	b.field, b.series = field, b.series[:0]
	b.points.Reset(kind)
}

// add appends a value; it may be out of order.
func (b *slab) add(series uint64, at int64, v Value) {
	b.series = append(b.series, series)
	v.appendTo(&b.points, at)
}

// addFloat is add of a float.
func (b *slab) addFloat(series uint64, at int64, v float64) {
	b.series = append(b.series, series)
	b.points.Times = append(b.points.Times, at)
	b.points.Floats = append(b.points.Floats, v)
}

func (b *slab) before(i, j int) bool {
	t := b.points.Times
	return t[i] < t[j] || t[i] == t[j] && b.series[i] < b.series[j]
}

// settle brings the points into order, and of those of one series and time keeps the one
// that the policy names.
func (b *slab) settle(policy Policy) {
	sorted := true
	for i := 1; i < len(b.series) && sorted; i++ {
		sorted = b.before(i-1, i)
	}
	if sorted {
		return
	}
	order := make([]int, len(b.series))
	for i := range order {
		order[i] = i
	}
	times := b.points.Times
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(times[i], times[j]), cmp.Compare(b.series[i], b.series[j]))
	})
	out := &slab{}
	out.reset(b.field, b.points.Kind)
	for i := 0; i < len(order); {
		best := order[i]
		for i++; i < len(order) && times[order[i]] == times[best] && b.series[order[i]] == b.series[best]; i++ {
			if policy.prefers(valueAt(&b.points, best), valueAt(&b.points, order[i])) {
				best = order[i]
			}
		}
		out.add(b.series[best], times[best], valueAt(&b.points, best))
	}
	*b = *out
}

// part is the points from i to j.
func (b *slab) part(i, j int) slab {
	return slab{field: b.field, series: b.series[i:j], points: *cut(&b.points, i, j)}
}

func (b *slab) append(dst []byte) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(b.field))
	dst = binary.AppendUvarint(dst, uint64(len(b.series)))
	last := uint64(0)
	for _, id := range b.series {
		dst = binary.AppendVarint(dst, int64(id-last))
		last = id
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst, err := block.Append(dst, &b.points, block.Fast)
	if err == nil {
		binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst, err
}

var slabs = sync.Pool{New: func() any { return new(slab) }}

// readBatch calls fn with the slabs of a batch, which are valid during the call.
func readBatch(v []byte, into *slab, fn func(b *slab) error) error {
	if len(v) == 0 || v[0] != batchVersion {
		return corrupt("a batch of points has no version that is known")
	}
	for r := enc.NewReader(v[1:]); r.Len() > 0; {
		field, n := r.Uvarint(), r.Uvarint()
		if r.Bad() || field >= MaxFields || n == 0 || n > block.MaxPoints || n > uint64(r.Len()) {
			return corrupt("a batch of points is malformed")
		}
		into.field, into.series = int(field), into.series[:0]
		last := uint64(0)
		for range n {
			last += uint64(r.Varint())
			into.series = append(into.series, last)
		}
		raw := takeBlock(&r)
		if r.Bad() {
			return corrupt("a batch of points is cut short")
		}
		into.points.Reset(0)
		if err := block.Decode(raw, &into.points); err != nil {
			return err
		}
		if into.points.Len() != len(into.series) {
			return corrupt("a batch has %d points of %d series", into.points.Len(), len(into.series))
		}
		if err := fn(into); err != nil {
			return err
		}
	}
	return nil
}

// scanBatch calls fn with the parts of a batch as they are stored: the ids of series, each less
// the one before, and the block. It checks neither.
func scanBatch(v []byte, fn func(field, points int, ids, raw []byte)) error {
	if len(v) == 0 || v[0] != batchVersion {
		return corrupt("a batch of points has no version that is known")
	}
	for r := enc.NewReader(v[1:]); r.Len() > 0; {
		field, n := r.Uvarint(), r.Uvarint()
		if r.Bad() || field >= MaxFields || n == 0 || n > block.MaxPoints || n > uint64(r.Len()) {
			return corrupt("a batch of points is malformed")
		}
		ids := r.Take(varintsLen(r.Rest(), int(n)))
		raw := takeBlock(&r)
		if r.Bad() {
			return corrupt("a batch of points is cut short")
		}
		fn(int(field), int(n), ids, raw)
	}
	return nil
}

// varintsLen is how many bytes n varints take, or more than there are.
func varintsLen(b []byte, n int) uint64 {
	const tops = 0x8080808080808080
	at := 0
	for ; n >= 8 && at+8 <= len(b); at += 8 {
		n -= bits.OnesCount64(^binary.LittleEndian.Uint64(b[at:]) & tops)
	}
	for ; n > 0; at++ {
		if at >= len(b) {
			return uint64(len(b)) + 1
		}
		if b[at] < 0x80 {
			n--
		}
	}
	return uint64(at)
}

// takeBlock takes a block behind its length in four bytes.
func takeBlock(r *enc.Reader) []byte {
	size := r.Take(4)
	if r.Bad() {
		return nil
	}
	return r.Take(uint64(binary.LittleEndian.Uint32(size)))
}

// columnsOf gathers the points of a batch by columns, in the order of columns.
func columnsOf(v []byte, metric uint64) (list []columnPoints, err error) {
	at := make(map[column]int)
	err = readBatch(v, &slab{}, func(b *slab) error {
		for i, id := range b.series {
			c := column{metric, id, b.field}
			k, ok := at[c]
			if !ok {
				k = len(list)
				at[c] = k
				list = append(list, columnPoints{c, &block.Points{Kind: b.points.Kind}})
			}
			valueAt(&b.points, i).appendTo(list[k].points, b.points.Times[i])
		}
		return nil
	})
	slices.SortFunc(list, func(a, b columnPoints) int { return a.column.compare(b.column) })
	return list, err
}

// columnPoints are points of a column.
type columnPoints struct {
	column
	points *block.Points
}

func (c column) compare(d column) int {
	return cmp.Or(cmp.Compare(c.metric, d.metric), cmp.Compare(c.series, d.series), cmp.Compare(c.field, d.field))
}

// mark says how far the batches of a metric are sealed: those that were committed up to
// done in all columns, and those up to now in columns up to last. Where both are one,
// nothing is under way.
type mark struct {
	done, now uint64
	series    uint64
	field     int
}

const markVersion = 1

func (m *mark) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, markVersion), m.done)
	dst = binary.AppendUvarint(dst, m.now)
	return binary.AppendUvarint(binary.AppendUvarint(dst, m.series), uint64(m.field))
}

func (m *mark) decode(v []byte) error {
	if len(v) == 0 || v[0] != markVersion {
		return corrupt("the record of how far batches are sealed has no version that is known")
	}
	r := enc.NewReader(v[1:])
	m.done, m.now, m.series = r.Uvarint(), r.Uvarint(), r.Uvarint()
	field := r.Uvarint()
	if !r.Done() || m.now < m.done || field >= MaxFields {
		return corrupt("the record of how far batches are sealed is malformed")
	}
	m.field = int(field)
	return nil
}

// of is up to which commit the batches of a column are sealed.
func (m *mark) of(c column) uint64 {
	if cmp.Or(cmp.Compare(c.series, m.series), cmp.Compare(c.field, m.field)) <= 0 {
		return m.now
	}
	return m.done
}

func (s *Store) batchKey(metric, number uint64) []byte {
	return enc.AppendUint(s.of(objBatch, metric), number)
}

func (s *Store) markKey(metric uint64) []byte { return s.of(objMark, metric) }

// cutBatch reads the number at the end of a batch's key.
func (s *Store) cutBatch(key []byte, metric uint64) (uint64, error) {
	n, rest, err := enc.DecodeUint(key[len(s.of(objBatch, metric)):])
	if err != nil || len(rest) != 0 {
		return 0, corrupt("the key %x of a batch of points is malformed", key)
	}
	return n, nil
}
