package cdc

import (
	"strings"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// table reads the changes of a table's rows.
type table struct {
	t      *catalog.Table
	layout *rowstore.Layout
	key    []int // ordinals of the primary key; none where rows have a hidden id
	// readers are those that nobody uses: one is dearer to make than a row is to read.
	readers sync.Pool
}

func newTable(t *catalog.Table) *table {
	x := &table{t: t, layout: rowstore.Of(t)}
	for _, id := range t.PrimaryKey() {
		x.key = append(x.key, t.Ordinal(id))
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
	size int // of the longest row so far
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

const maxRowGuess = 4 << 10 // bytes

// row makes JSON of an entry of the primary index.
func (r *reader) row(key, value []byte) (row []byte, err error) {
	r.dec.Begin(r.cols, 1)
	if err := r.dec.Add(0, key, value); err != nil {
		return nil, err
	}
	r.dec.End(1)
	row = append(make([]byte, 0, r.size+16), '{')
	for i := range r.x.t.Columns {
		if i > 0 {
			row = append(row, ',')
		}
		row = r.append(append(sqltype.AppendJSONString(row, r.x.t.Columns[i].Name), ':'), i)
	}
	row = append(row, '}')
	r.size = min(max(r.size, len(row)), maxRowGuess)
	return row, nil
}

func (r *reader) append(dst []byte, col int) []byte {
	from := len(dst)
	dst = r.cols[col].AppendJSON(dst, 0, sqltype.JSONOptions{})
	oneLine(dst[from:])
	return dst
}

// keys makes the key of the row that was read last, as JSON and as that of a message.
func (r *reader) keys() (json []byte, key string) {
	if len(r.x.key) == 0 {
		return nil, string(r.cols[len(r.x.t.Columns)].AppendText(nil, nil, 0))
	}
	json = append(json, '{')
	var parts []string
	for i, col := range r.x.key {
		if i > 0 {
			json = append(json, ',')
		}
		json = r.append(append(sqltype.AppendJSONString(json, r.x.t.Columns[col].Name), ':'), col)
		parts = append(parts, string(r.cols[col].AppendText(nil, nil, 0)))
	}
	if key = parts[0]; len(parts) > 1 {
		list := []byte{'['}
		for i, p := range parts {
			if i > 0 {
				list = append(list, ',')
			}
			list = sqltype.AppendJSONString(list, p)
		}
		key = string(append(list, ']'))
	}
	return append(json, '}'), key
}

func (x *table) changes(before, after *txn.Tx, op *txn.Op) ([]change, error) {
	return one(x.change(before, after, op))
}

func (x *table) change(before, _ *txn.Tx, op *txn.Op) (c change, ok bool, err error) {
	r := x.reader()
	defer x.readers.Put(r)
	old, had, err := before.Get(op.Key)
	if err != nil {
		return c, false, err
	}
	if had {
		if c.before, err = r.row(op.Key, old); err != nil {
			return c, false, err
		}
	}
	if !op.Deleted {
		if c.after, err = r.row(op.Key, op.Value); err != nil {
			return c, false, err
		}
	}
	if !c.settle() {
		return c, false, nil
	}
	c.keyJSON, c.key = r.keys()
	return c, true, nil
}

func (x *table) rows(tx *txn.Tx, fn func(c change) error) error {
	r := x.reader()
	defer x.readers.Put(r)
	all := x.layout.Indexes[0].All()
	it := tx.Iter(txn.IterOptions{Lower: all.Lower, Upper: all.Upper})
	defer it.Close()
	for it.Next() {
		var c change
		var err error
		if c.after, err = r.row(it.Key(), it.Value()); err != nil {
			return err
		}
		c.keyJSON, c.key = r.keys()
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
