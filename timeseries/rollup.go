package timeseries

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// rollup is a row of a tier: what the points of a window come to. Of what needs their
// order it has what lies within the window; the pair across its edge is made of the last
// point of one row and the first of the next.
type rollup struct {
	start int64
	sums
	grew float64 // as increase: what the values grew by, a fall being a counter that began anew
}

// everything is a function of which sums gather all that a row has.
var everything = Function{Name: "everything"}

// points adds points of one series, in order.
func (x *rollup) points(p *block.Points) {
	n := p.Len()
	if n == 0 {
		return
	}
	if p.Kind != block.Text {
		if x.n > 0 {
			x.join(valueAt(p, 0).number(), valueAt(p, n-1).number(), p.Times[0], p.Times[n-1])
		}
		for i := 1; i < n; i++ {
			x.grew += growth(valueAt(p, i-1).number(), valueAt(p, i).number())
		}
	}
	x.add(p, everything)
}

// join adds the pair between what is there and what comes behind or ahead of it. What
// comes in between has none.
func (x *rollup) join(first, last float64, from, to int64) {
	switch {
	case from > x.lastAt:
		x.grew += growth(x.last.number(), first)
	case to < x.firstAt:
		x.grew += growth(last, x.first.number())
	}
}

func growth(from, to float64) float64 {
	if to < from {
		return to
	}
	return to - from
}

// row adds a row of a finer tier.
func (x *rollup) row(y *rollup) {
	if y.kind != block.Text {
		if x.n > 0 {
			x.join(y.first.number(), y.last.number(), y.firstAt, y.lastAt)
		}
		x.grew += y.grew
	}
	x.addRow(y)
}

// addRow adds what a row has to sums.
func (a *sums) addRow(y *rollup) {
	m := moments{float64(a.n), a.mean, a.m2}.join(moments{float64(y.n), y.mean, y.m2})
	a.edges(y.kind, y.n, y.first, y.last, y.firstAt, y.lastAt)
	if y.kind == block.Text {
		return
	}
	a.addSum(y.sum)
	if y.kind != block.Float {
		a.addInt(y.isum)
		a.overflow = a.overflow || y.overflow
	}
	a.extremes(y.min, y.max)
	a.mean, a.m2 = m.mean, m.m2
}

// rowsMax is how many rows one block of a tier holds.
const rowsMax = 1024

const rowsVersion = 1

// appendRows appends rows of one kind of values:
//
//	version (1) = 1 · for each column: length (uvarint) · block
//
// All blocks have the starts of the windows as their times.
func appendRows(dst []byte, rows []rollup) ([]byte, error) {
	kind := rows[0].kind
	columns := rowColumns(kind)
	points := make([]block.Points, len(columns))
	for i, c := range columns {
		points[i].Kind = c.kind
	}
	for i := range rows {
		for j, c := range columns {
			c.get(&rows[i]).appendTo(&points[j], rows[i].start)
		}
	}
	dst = append(dst, rowsVersion)
	effort := block.Fast
	if len(rows) >= rowsMax/4 {
		effort = block.Small
	}
	var b []byte
	for i := range points {
		var err error
		if b, err = block.Append(b[:0], &points[i], effort); err != nil {
			return dst, err
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(b))), b...)
	}
	return dst, nil
}

// rowColumn is a column of rows. The order and kinds of columns are stored.
type rowColumn struct {
	kind block.Kind
	get  func(x *rollup) Value
	set  func(x *rollup, v Value)
}

func floatColumn(at func(x *rollup) *float64) rowColumn {
	return rowColumn{block.Float, func(x *rollup) Value { return FloatValue(*at(x)) }, func(x *rollup, v Value) { *at(x) = v.Float }}
}

func intColumn(at func(x *rollup) *int64) rowColumn {
	return rowColumn{block.Int, func(x *rollup) Value { return IntValue(*at(x)) }, func(x *rollup, v Value) { *at(x) = v.Int }}
}

func valueColumn(kind block.Kind, at func(x *rollup) *Value) rowColumn {
	return rowColumn{kind, func(x *rollup) Value { return *at(x) }, func(x *rollup, v Value) { *at(x) = v }}
}

func rowColumns(kind block.Kind) []rowColumn {
	list := []rowColumn{
		intColumn(func(x *rollup) *int64 { return &x.n }),
		{block.Int, func(x *rollup) Value { return IntValue(x.firstAt - x.start) }, func(x *rollup, v Value) { x.firstAt = x.start + v.Int }},
		{block.Int, func(x *rollup) Value { return IntValue(x.lastAt - x.start) }, func(x *rollup, v Value) { x.lastAt = x.start + v.Int }},
		valueColumn(kind, func(x *rollup) *Value { return &x.first }),
		valueColumn(kind, func(x *rollup) *Value { return &x.last }),
	}
	if kind == block.Text {
		return list
	}
	list = append(list,
		rowColumn{block.Float, func(x *rollup) Value { return FloatValue(x.sum + x.comp) }, func(x *rollup, v Value) { x.sum = v.Float }},
		valueColumn(kind, func(x *rollup) *Value { return &x.min }),
		valueColumn(kind, func(x *rollup) *Value { return &x.max }),
		floatColumn(func(x *rollup) *float64 { return &x.mean }),
		floatColumn(func(x *rollup) *float64 { return &x.m2 }),
		floatColumn(func(x *rollup) *float64 { return &x.grew }))
	if kind != block.Float {
		list = append(list, intColumn(func(x *rollup) *int64 { return &x.isum }),
			rowColumn{block.Bool, func(x *rollup) Value { return BoolValue(x.overflow) }, func(x *rollup, v Value) { x.overflow = v.Int != 0 }})
	}
	return list
}

// rowsBlock is the first block of rows, and what follows it.
func rowsBlock(v []byte) (first, rest []byte, err error) {
	if len(v) == 0 || v[0] != rowsVersion {
		return nil, nil, corrupt("rows of a tier have no version that is known")
	}
	return cutBlock(v[1:])
}

func cutBlock(v []byte) (b, rest []byte, err error) {
	n, w := binary.Uvarint(v)
	if w <= 0 || n > uint64(len(v)-w) {
		return nil, nil, corrupt("rows of a tier are cut short")
	}
	return v[w : w+int(n)], v[w+int(n):], nil
}

// readRows appends the rows of a block of a field of a kind.
func readRows(list []rollup, v []byte, kind block.Kind) ([]rollup, error) {
	first, rest, err := rowsBlock(v)
	if err != nil {
		return list, err
	}
	start := len(list)
	for i, c := range rowColumns(kind) {
		b := first
		if i > 0 {
			if b, rest, err = cutBlock(rest); err != nil {
				return list[:start], err
			}
		}
		p := block.Points{Kind: c.kind}
		if err := block.Decode(b, &p); err != nil {
			return list[:start], err
		}
		if i == 0 {
			list = append(list, make([]rollup, p.Len())...)
			for j, t := range p.Times {
				list[start+j].start, list[start+j].kind = t, kind
			}
		}
		if p.Len() != len(list)-start || p.Times[0] != list[start].start {
			return list[:start], corrupt("the columns of rows of a tier do not agree")
		}
		for j := range p.Times {
			c.set(&list[start+j], valueAt(&p, j))
		}
	}
	if len(rest) != 0 {
		return list[:start], corrupt("rows of a tier are followed by something")
	}
	return list, nil
}

// rows visits the blocks of a tier that have rows of windows that begin from from to to,
// both included, and gives those rows.
func (s *Store) rows(tx *txn.Tx, c column, kind block.Kind, from, to int64, fn func(rows []rollup) error) error {
	if from > to {
		return nil
	}
	var buf []rollup
	return s.rowBlocks(tx, c, from, to, func(_, v []byte) (err error) {
		if buf, err = readRows(buf[:0], v, kind); err != nil {
			return err
		}
		rows := buf
		for len(rows) > 0 && rows[0].start < from {
			rows = rows[1:]
		}
		for len(rows) > 0 && rows[len(rows)-1].start > to {
			rows = rows[:len(rows)-1]
		}
		if len(rows) == 0 {
			return nil
		}
		return fn(rows)
	})
}

// rowBlocks visits blocks of a tier that touch windows that begin from from to to.
func (s *Store) rowBlocks(tx *txn.Tx, c column, from, to int64, fn func(key, v []byte) error) error {
	opts := within(s.blockPrefix(c))
	opts.Lower = s.blockKey(c, from)
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		first, _, err := rowsBlock(it.Value())
		if err != nil {
			return err
		}
		h, err := block.ReadHeader(first)
		if err != nil {
			return err
		}
		if h.MinTime > to {
			break
		}
		if err := fn(it.Key(), it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// putRows puts rows, in order, in the place of all that begin from from to to.
func (s *Store) putRows(tx *txn.Tx, c column, kind block.Kind, from, to int64, rows []rollup) error {
	var before, after []rollup
	var gone [][]byte
	err := s.rowBlocks(tx, c, from, to, func(key, v []byte) error {
		gone = append(gone, slices.Clone(key))
		list, err := readRows(nil, v, kind)
		for _, x := range list {
			switch {
			case x.start < from:
				before = append(before, x)
			case x.start > to:
				after = append(after, x)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	all := slices.Concat(before, rows, after)
	if len(all) > 0 {
		if all, gone, err = s.growRows(tx, c, kind, all, gone); err != nil {
			return err
		}
	}
	for _, key := range gone {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	n := (len(all) + rowsMax - 1) / rowsMax
	for i := range n {
		part := all[i*len(all)/n : (i+1)*len(all)/n]
		v, err := appendRows(nil, part)
		if err != nil {
			return err
		}
		if err := tx.Put(s.blockKey(c, part[len(part)-1].start), v); err != nil {
			return err
		}
	}
	return nil
}

// growRows takes blocks just ahead of rows into them, as long as they are small beside
// them.
func (s *Store) growRows(tx *txn.Tx, c column, kind block.Kind, rows []rollup, gone [][]byte) ([]rollup, [][]byte, error) {
	opts := within(s.blockPrefix(c))
	opts.Upper, opts.Reverse = s.blockKey(c, rows[0].start), true
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		if slices.ContainsFunc(gone, func(key []byte) bool { return string(key) == string(it.Key()) }) {
			continue
		}
		list, err := readRows(nil, it.Value(), kind)
		if err != nil {
			return nil, nil, err
		}
		if len(list) >= 4*len(rows) || len(list)+len(rows) > rowsMax {
			break
		}
		rows, gone = append(list, rows...), append(gone, slices.Clone(it.Key()))
	}
	return rows, gone, it.Err()
}

// roller makes rows of points or rows that come in order.
type roller struct {
	step int64
	list []rollup
}

func (r *roller) window(t int64) *rollup {
	start := floorTo(t, r.step)
	if n := len(r.list); n == 0 || r.list[n-1].start != start {
		r.list = append(r.list, rollup{start: start})
	}
	return &r.list[len(r.list)-1]
}

func (r *roller) points(p *block.Points) error {
	for i := 0; i < p.Len(); {
		x := r.window(p.Times[i])
		end := int64(math.MaxInt64)
		if x.start <= math.MaxInt64-r.step {
			end = x.start + r.step
		}
		n, _ := slices.BinarySearch(p.Times[i:], end)
		n = max(n, 1)
		x.points(cut(p, i, i+n))
		i += n
	}
	return nil
}
