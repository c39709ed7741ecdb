package cdc

import (
	"strings"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// table reads the changes of a table's rows.
type table struct {
	t      *catalog.Table
	layout *rowstore.Layout
	key    []int    // ordinals of the primary key; none where rows have a hidden id
	names  [][]byte // of columns as JSON, with what stands around them
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
	}
	return x
}

func (x *table) version() uint64 { return x.t.Version }

func (x *table) ranges() []txn.Range {
	all := x.layout.Indexes[0].All()
	return []txn.Range{{Lower: all.Lower, Upper: all.Upper}}
}

// reader decodes rows.
type reader struct {
	x    *table
	dec  *rowstore.Decoder
	cols []*vec.Vector
	ends []int // of the columns in the JSON of the row that was read last
}

// reader returns a reader, for x.readers when it is done.
func (x *table) reader() *reader {
	if r, ok := x.readers.Get().(*reader); ok {
		return r
	}
	r := &reader{x: x}
	var ords []int
	for i := range x.t.Columns {
		ords = append(ords, i)
		r.cols = append(r.cols, vec.NewVector(x.t.Columns[i].Type, 1))
	}
	if len(x.key) == 0 {
		ords = append(ords, rowstore.RowID)
		r.cols = append(r.cols, vec.NewVector(sqltype.TInt8, 1))
	}
	r.dec = x.layout.NewDecoder(&x.layout.Indexes[0], ords)
	return r
}

// row appends an entry of the primary index as JSON.
func (r *reader) row(dst, key, value []byte) ([]byte, error) {
	r.dec.Begin(r.cols, 1)
	if err := r.dec.Add(0, key, value); err != nil {
		return dst, err
	}
	r.dec.End(1)
	if len(r.x.names) == 0 {
		return append(dst, "{}"...), nil
	}
	at := len(dst)
	r.ends = r.ends[:0]
	for i, name := range r.x.names {
		dst = append(dst, name...)
		from := len(dst)
		dst = r.cols[i].AppendJSON(dst, 0, sqltype.JSONOptions{})
		oneLine(dst[from:])
		r.ends = append(r.ends, len(dst)-at)
	}
	dst[at] = '{' // was the comma before the first name
	return append(dst, '}'), nil
}

// keys appends the key of the row that was read last, as JSON, which is empty where rows
// have a hidden id, and returns it as that of a message.
func (r *reader) keys(dst, row []byte) (json []byte, key string) {
	var text [64]byte
	if len(r.x.key) == 0 {
		return dst, string(r.cols[len(r.x.names)].AppendText(text[:0], nil, 0))
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
		return dst, string(r.cols[r.x.key[0]].AppendText(text[:0], nil, 0))
	}
	list := text[:0]
	for _, col := range r.x.key {
		list = sqltype.AppendJSONString(append(list, ','), string(r.cols[col].AppendText(nil, nil, 0)))
	}
	list[0] = '['
	return dst, string(append(list, ']'))
}

func (x *table) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	var c change
	r := x.reader()
	defer x.readers.Put(r)
	before, err := at.Before()
	if err != nil {
		return err
	}
	old, had, err := before.Get(op.Key)
	if err != nil {
		return err
	}
	if had {
		if c.before, err = s.piece(func(dst []byte) ([]byte, error) { return r.row(dst, op.Key, old) }); err != nil {
			return err
		}
	}
	if !op.Deleted {
		if c.after, err = s.piece(func(dst []byte) ([]byte, error) { return r.row(dst, op.Key, op.Value) }); err != nil {
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
	c.keyJSON, _ = s.piece(func(dst []byte) (_ []byte, err error) {
		dst, c.key = r.keys(dst, row)
		return dst, nil
	})
	s.add(&c)
	return nil
}

func (x *table) rows(tx *txn.Tx, fn func(c change) error) error {
	r := x.reader()
	defer x.readers.Put(r)
	all := x.layout.Indexes[0].All()
	it := tx.Iter(txn.IterOptions{Lower: all.Lower, Upper: all.Upper})
	defer it.Close()
	var row, key []byte
	for it.Next() {
		var c change
		var err error
		if row, err = r.row(row[:0], it.Key(), it.Value()); err != nil {
			return err
		}
		c.after = row
		if key, c.key = r.keys(key[:0], row); len(key) > 0 {
			c.keyJSON = key
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
