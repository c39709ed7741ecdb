package cdc

import (
	"strings"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// table reads the changes of a table's rows.
type table struct {
	t      *catalog.Table
	layout *rowstore.Layout
	key    []int    // ordinals of the primary key; none where rows have a hidden id
	names  [][]byte // of columns as JSON, with what stands around them
	lines  []bool   // columns whose JSON may have line breaks
	// readers are those that nobody uses: one is dearer to make than a row is to read.
	readers sync.Pool
}

func newTable(t *catalog.Table) *table {
	x := &table{t: t, layout: rowstore.Of(t)}
	for _, id := range t.PrimaryKey() {
		x.key = append(x.key, t.Ordinal(id))
	}
	for i := range t.Columns {
		x.names = append(x.names, append(sqltype.AppendJSONString([]byte{','}, t.Columns[i].Name), ':'))
		x.lines = append(x.lines, mayBreak(t.Columns[i].Type))
	}
	return x
}

// mayBreak says whether the JSON of a type's values may have line breaks.
func mayBreak(t sqltype.Type) bool {
	switch t.Phys() {
	case sqltype.PhysInt, sqltype.PhysFloat, sqltype.PhysNumeric, sqltype.PhysInterval:
		return false
	}
	return t.ID != sqltype.Text && t.ID != sqltype.Varchar && t.ID != sqltype.UUID
}

func (x *table) version() uint64 { return x.t.Version }

func (x *table) ranges() []txn.Range {
	all := x.layout.Indexes[0].All()
	return []txn.Range{{Lower: all.Lower, Upper: all.Upper}}
}

// reader writes rows as JSON.
type reader struct {
	x    *table
	row  *rowstore.Row
	ends []int // of the columns in the JSON of the row that was read last
	text []byte
}

// reader returns a reader, for x.readers when it is done.
func (x *table) reader() *reader {
	if r, ok := x.readers.Get().(*reader); ok {
		return r
	}
	return &reader{x: x, row: x.layout.NewRow()}
}

// appendRow appends an entry of the primary index as JSON.
func (r *reader) appendRow(dst, key, value []byte) ([]byte, error) {
	if err := r.row.Load(key, value); err != nil {
		return dst, err
	}
	if len(r.x.names) == 0 {
		return append(dst, "{}"...), nil
	}
	at := len(dst)
	r.ends = r.ends[:0]
	for i, name := range r.x.names {
		dst = append(dst, name...)
		from := len(dst)
		var err error
		if dst, err = r.row.AppendJSON(dst, i); err != nil {
			return dst, err
		}
		if r.x.lines[i] {
			oneLine(dst[from:])
		}
		r.ends = append(r.ends, len(dst)-at)
	}
	dst[at] = '{' // was the comma before the first name
	return append(dst, '}'), nil
}

// appendKey appends the key of the row that was read last, as JSON, which is empty where
// rows have a hidden id, and returns it as that of a message, which is valid until the next
// row.
func (r *reader) appendKey(dst, row []byte) (json, key []byte, err error) {
	if len(r.x.key) == 0 {
		r.text, err = r.row.AppendText(r.text[:0], rowstore.RowID)
		return dst, r.text, err
	}
	at := len(dst)
	for _, col := range r.x.key {
		from := 0 // the name of the column and its value
		if col > 0 {
			from = r.ends[col-1]
		}
		dst = append(append(dst, ','), row[from+1:r.ends[col]]...)
	}
	dst[at] = '{'
	dst = append(dst, '}')
	if len(r.x.key) == 1 {
		r.text, err = r.row.AppendText(r.text[:0], r.x.key[0])
		return dst, r.text, err
	}
	r.text = r.text[:0]
	for _, col := range r.x.key {
		part, err := r.row.AppendText(nil, col)
		if err != nil {
			return dst, nil, err
		}
		r.text = sqltype.AppendJSONString(append(r.text, ','), part)
	}
	r.text[0] = '['
	r.text = append(r.text, ']')
	return dst, r.text, nil
}

// before is what was there under the key of a write just before its commit.
func before(at *streaming.Moment, op *txn.Op) (value []byte, had bool, err error) {
	if op.New {
		return nil, false, nil
	}
	tx, err := at.Before()
	if err != nil {
		return nil, false, err
	}
	return tx.Get(op.Key)
}

func (x *table) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	var c change
	r := x.reader()
	defer x.readers.Put(r)
	old, had, err := before(at, op)
	if err != nil {
		return err
	}
	if had {
		if c.before, err = s.piece(r.appendRow(s.buf, op.Key, old)); err != nil {
			return err
		}
	}
	if !op.Deleted {
		if c.after, err = s.piece(r.appendRow(s.buf, op.Key, op.Value)); err != nil {
			return err
		}
	}
	row := c.after
	if row == nil {
		row = c.before
	}
	if row == nil {
		return nil
	}
	json, key, err := r.appendKey(s.buf, row)
	if err != nil {
		return err
	}
	c.keyJSON, _ = s.piece(json, nil)
	c.key = at.Text(key)
	s.add(&c)
	return nil
}

func (x *table) rows(tx *txn.Tx, fn func(c change) error) error {
	r := x.reader()
	defer x.readers.Put(r)
	all := x.layout.Indexes[0].All()
	it := tx.Iter(txn.IterOptions{Lower: all.Lower, Upper: all.Upper})
	defer it.Close()
	var row, json []byte
	for it.Next() {
		var c change
		var err error
		if row, err = r.appendRow(row[:0], it.Key(), it.Value()); err != nil {
			return err
		}
		c.after = row
		var key []byte
		if json, key, err = r.appendKey(json[:0], row); err != nil {
			return err
		}
		if c.key = string(key); len(json) > 0 {
			c.keyJSON = json
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return it.Err()
}

func (x *table) sameColumns(o *table) bool {
	if len(x.t.Columns) != len(o.t.Columns) {
		return false
	}
	for i := range x.t.Columns {
		a, b := &x.t.Columns[i], &o.t.Columns[i]
		if a.ID != b.ID || a.Name != b.Name || a.Type != b.Type || a.NotNull != b.NotNull {
			return false
		}
	}
	return strings.Join(x.keyNames(), "\x00") == strings.Join(o.keyNames(), "\x00")
}

func (x *table) keyNames() (names []string) {
	for _, col := range x.key {
		names = append(names, x.t.Columns[col].Name)
	}
	return names
}

// columns describes the columns as JSON.
func (x *table) columns() []byte {
	b := []byte(`{"columns":[`)
	for i := range x.t.Columns {
		c := &x.t.Columns[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = sqltype.AppendJSONString(append(b, `{"name":`...), c.Name)
		b = sqltype.AppendJSONString(append(b, `,"type":`...), c.Type.String())
		b = append(b, `,"nullable":`...)
		if c.NotNull {
			b = append(b, "false}"...)
		} else {
			b = append(b, "true}"...)
		}
	}
	b = append(b, `],"key":[`...)
	for i, name := range x.keyNames() {
		if i > 0 {
			b = append(b, ',')
		}
		b = sqltype.AppendJSONString(b, name)
	}
	return append(b, "]}"...)
}
