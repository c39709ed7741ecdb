package exec

import (
	"bytes"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// FillIndex writes the entries of secondary index i that are missing for up to n rows
// of a table, from a key of the primary index on; nil is the first. next is where to
// go on, nil at the end. A unique index must have no two rows of one key.
func FillIndex(c *Context, t *catalog.Table, i int, rules *TableRules, from []byte, n int) (next []byte, err error) {
	w, err := newChanges(c).writer(t, rules)
	if err != nil {
		return nil, err
	}
	prefix := w.l.Indexes[0].Prefix
	if from == nil {
		from = prefix
	}
	types := make([]sqltype.Type, len(t.Columns))
	all := make([]int, len(t.Columns))
	for o := range t.Columns {
		types[o], all[o] = t.Columns[o].Type, o
	}
	dec, rows := w.l.NewDecoder(&w.l.Indexes[0], all), vec.NewBatch(types)
	dec.Begin(rows.Cols, n)
	it := c.Tx.Iter(txn.IterOptions{Lower: from, Upper: keyspace.End(prefix)})
	defer it.Close()
	var keys [][]byte
	for it.Next() {
		if len(keys) == n {
			next = bytes.Clone(it.Key())
			break
		}
		if err := dec.Add(len(keys), it.Key(), it.Value()); err != nil {
			return nil, err
		}
		keys = append(keys, bytes.Clone(it.Key()))
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	dec.End(len(keys))
	rows.Len = len(keys)
	x, err := w.index(rows)
	if err != nil {
		return nil, err
	}
	for r, key := range keys {
		if !x.covers(i, r) {
			continue
		}
		w.load(&w.vals, rows, r)
		primary := key[len(prefix):]
		if err := w.fillEntry(i, x.at(i, r), primary); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// fillEntry writes the entry of the row in vals where it is missing.
func (w *tableWriter) fillEntry(i int, exprs []sqltype.Datum, primary []byte) error {
	e := w.entry(i, w.vals, exprs, w.rowID(primary), primary, nil)
	value, taken, err := w.ch.c.Tx.Get(e.key)
	if err != nil {
		return err
	}
	if !taken {
		return w.keyError(i, w.ch.c.Tx.Put(e.key, e.value))
	}
	if !e.unique {
		return nil
	}
	owner, err := w.l.Primary(&w.l.Indexes[i], e.key, value, nil)
	if err != nil {
		return err
	}
	if bytes.Equal(owner[len(w.l.Indexes[0].Prefix):], primary) {
		return nil
	}
	return dberr.SQL(dberr.StateUniqueViolation, "could not create unique index %q", w.t.Indexes[i].Name).
		WithDetail("Key %s is duplicated.", w.keyDetail(i, w.vals, exprs))
}
