package timeseries

import (
	"encoding/binary"
	"slices"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// rowsMax is how many rows one block of a tier holds.
const rowsMax = 1024

// Rows have the first version where none is plain, and else the second.
const (
	rowsVersion, rowsPlain = 1, 2
	rowsMixed              = 1 // of the second: a column says which are plain
	rowsRest               = 2 // of the second: columns of the rest follow
)

// appendRows appends rows of one kind of values:
//
//	version (1) = 1 · for each column: length (uvarint) · block
//	version (1) = 2 · what there is beside (1) · likewise
//
// All blocks have the starts of the windows as their times.
func appendRows(dst []byte, rows []rollup) ([]byte, error) {
	columns, version, beside := rowColumns(rows[0].kind), byte(rowsVersion), byte(0)
	for i := range rows {
		if rows[i].plain {
			version = rowsPlain
		} else {
			beside |= rowsMixed
		}
		if x := rows[i].rest; x != nil && x.n > 0 {
			beside |= rowsRest
		}
	}
	dst = append(dst, version)
	if version == rowsPlain {
		dst = append(dst, beside)
		columns = slices.Concat(columns, mixedColumn(beside), restColumns(rows[0].kind, beside))
	}
	points := make([]block.Points, len(columns))
	for i, c := range columns {
		points[i].Kind = c.kind
	}
	for i := range rows {
		for j, c := range columns {
			c.get(&rows[i]).appendTo(&points[j], rows[i].start)
		}
	}
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

// mixedColumn says which rows are plain, where not all are.
func mixedColumn(beside byte) []rowColumn {
	if beside&rowsMixed == 0 {
		return nil
	}
	return []rowColumn{{block.Bool, func(x *rollup) Value { return BoolValue(x.plain) }, func(x *rollup, v Value) { x.plain = v.Int != 0 }}}
}

// restColumns are what the rest of a row has of its own.
func restColumns(kind block.Kind, beside byte) (list []rowColumn) {
	if beside&rowsRest == 0 {
		return nil
	}
	for i, c := range rowColumns(kind) {
		switch i {
		case 0, 2, 4: // the count, less one, and the last point are those of the row
			continue
		}
		list = append(list, rowColumn{c.kind, func(x *rollup) Value {
			y := rollup{start: x.start, part: part{sums: sums{firstAt: x.start}}}
			if x.rest != nil && x.rest.n > 0 {
				y.part = *x.rest
			}
			return c.get(&y)
		}, func(x *rollup, v Value) {
			if x.rest != nil && x.rest.n > 0 {
				y := rollup{start: x.start, part: *x.rest}
				c.set(&y, v)
				*x.rest = y.part
			}
		}})
	}
	return list
}

// openRest makes the rest of rows that were read, where they have one.
func openRest(rows []rollup, beside byte) error {
	for i := range rows {
		x := &rows[i]
		if !x.plain || x.firstAt-x.start >= millisecond {
			continue
		}
		if x.rest = (&part{}); x.n > 1 {
			if beside&rowsRest == 0 {
				return corrupt("rows of a tier lack what is behind the first millisecond")
			}
			x.rest.kind, x.rest.n, x.rest.last, x.rest.lastAt = x.kind, x.n-1, x.last, x.lastAt
		}
	}
	return nil
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
	switch {
	case len(v) > 0 && v[0] == rowsVersion:
		return cutBlock(v[1:])
	case len(v) > 1 && v[0] == rowsPlain && v[1] <= rowsMixed|rowsRest:
		return cutBlock(v[2:])
	}
	return nil, nil, corrupt("rows of a tier have no version that is known")
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
	read := func(columns []rowColumn) error {
		for _, c := range columns {
			b := first
			if first = nil; b == nil {
				if b, rest, err = cutBlock(rest); err != nil {
					return err
				}
			}
			p := block.Points{Kind: c.kind}
			if err := block.Decode(b, &p); err != nil {
				return err
			}
			if len(list) == start {
				list = append(list, make([]rollup, p.Len())...)
				for j, t := range p.Times {
					list[start+j].start, list[start+j].kind, list[start+j].plain = t, kind, v[0] == rowsPlain
				}
			}
			if p.Len() != len(list)-start || p.Times[0] != list[start].start {
				return corrupt("the columns of rows of a tier do not agree")
			}
			for j := range p.Times {
				c.set(&list[start+j], valueAt(&p, j))
			}
		}
		return nil
	}
	err = read(rowColumns(kind))
	if v[0] == rowsPlain && err == nil {
		if err = read(mixedColumn(v[1])); err == nil {
			if err = openRest(list[start:], v[1]); err == nil {
				err = read(restColumns(kind, v[1]))
			}
		}
	}
	if err == nil && len(rest) != 0 {
		err = corrupt("rows of a tier are followed by something")
	}
	if err != nil {
		return list[:start], err
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
