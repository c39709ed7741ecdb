package exec

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// upserter is INSERT … ON CONFLICT: row by row, a row is added, or the row that is
// in its way is changed, or nothing happens.
type upserter struct {
	w       *tableWriter
	n       *plan.OnConflict
	sets    []evaluator
	where   evaluator
	changed []bool
	dec     *rowstore.Decoder
	done    map[string]struct{} // keys of rows that this statement has added or changed
	result  *rowList
}

func newUpserter(w *tableWriter, n *plan.OnConflict) (*upserter, error) {
	u := &upserter{w: w, n: n, changed: make([]bool, len(w.t.Columns)), done: map[string]struct{}{}}
	types := make([]sqltype.Type, len(w.t.Columns))
	all := make([]int, len(w.t.Columns))
	for o := range w.t.Columns {
		types[o], all[o] = w.t.Columns[o].Type, o
	}
	u.result = newRowList(w.ch.c, types)
	u.dec = w.l.NewDecoder(&w.l.Indexes[0], all)
	for _, s := range n.Sets {
		x, err := compile(w.ch.c, s.Expr)
		if err != nil {
			return nil, err
		}
		u.sets = append(u.sets, x)
		u.changed[s.Col] = true
	}
	var err error
	u.where, err = compileOpt(w.ch.c, n.Where)
	return u, err
}

// insert takes proposed rows.
func (u *upserter) insert(b *vec.Batch) error {
	w := u.w
	if err := w.validate(b); err != nil {
		return err
	}
	x, err := w.index(b)
	if err != nil {
		return err
	}
	rowID, err := w.rowIDs(b.Rows())
	if err != nil {
		return err
	}
	for _, r := range live(b) {
		w.load(&w.vals, b, int(r))
		key, err := u.conflict(x, int(r), rowID)
		if err != nil {
			return err
		}
		one := vec.Batch{Len: b.Len, Sel: []int32{r}, Cols: b.Cols}
		switch {
		case key != nil && u.n.Replace:
			if err := u.removeAll(key, x, int(r), rowID); err != nil {
				return err
			}
			fallthrough
		case key == nil:
			if err := w.insertRow(x, int(r), rowID); err != nil {
				return err
			}
			u.done[string(w.key)] = struct{}{}
			if err := w.noteParents(&one, nil); err != nil {
				return err
			}
			if err := u.result.add(&one); err != nil {
				return err
			}
		case !u.n.Nothing:
			if err := u.update(key, &one); err != nil {
				return err
			}
		}
		rowID++
	}
	return nil
}

// removeAll removes the rows that stand in the way of the one in w.vals, of which key
// is the first.
func (u *upserter) removeAll(key []byte, x *indexed, r int, rowID int64) error {
	for key != nil {
		old, err := u.stored(key)
		if err != nil {
			return err
		}
		keys := vec.NewVector(sqltype.TBytea, 1)
		keys.S[0] = string(key)
		vals := append([]sqltype.Datum(nil), u.w.vals...)
		if err := u.w.remove(old, keys); err != nil {
			return err
		}
		copy(u.w.vals, vals)
		if key, err = u.conflict(x, r, rowID); err != nil {
			return err
		}
	}
	return nil
}

// stored reads the row under key.
func (u *upserter) stored(key []byte) (*vec.Batch, error) {
	w := u.w
	value, ok, err := w.ch.c.Tx.Get(key)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errDangling(w.t, &w.t.Indexes[max(u.n.Index, 0)])
	}
	old := vec.NewBatch(u.result.types)
	u.dec.Begin(old.Cols, 1)
	if err := u.dec.Add(0, key, value); err != nil {
		return nil, err
	}
	u.dec.End(1)
	old.Len = 1
	return old, nil
}

// conflict returns the key of the row that stands in the way of the one in
// w.vals, by the index that the statement names, or by any. Nil means none.
func (u *upserter) conflict(x *indexed, r int, rowID int64) ([]byte, error) {
	w := u.w
	for i := range w.l.Indexes {
		if u.n.Index >= 0 && i != u.n.Index || !x.covers(i, r) || i == 0 && w.l.Hidden() {
			continue
		}
		ix := &w.l.Indexes[i]
		key, hasNull := ix.Key(nil, w.vals, rowID, x.at(i, r))
		if i > 0 && !ix.UniqueShape(hasNull) {
			continue
		}
		value, ok, err := w.ch.c.Tx.Get(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if i == 0 {
			return key, nil
		}
		return w.l.Primary(ix, key, value, nil)
	}
	return nil, nil
}

// update changes the row under key as the statement says for the proposed row.
func (u *upserter) update(key []byte, proposed *vec.Batch) error {
	w := u.w
	if _, twice := u.done[string(key)]; twice || w.ch.c.fresh(key) {
		return dberr.SQL(dberr.StateCardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
			WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
	}
	old, err := u.stored(key)
	if err != nil {
		return err
	}
	both := &vec.Batch{Len: 1, Cols: append(append([]*vec.Vector(nil), old.Cols...), proposed.Clone().Cols...)}
	if u.where != nil {
		v, err := u.where.eval(both, nil)
		if err != nil || !passes(v, 0) {
			return err
		}
	}
	fresh := &vec.Batch{Len: 1, Cols: append([]*vec.Vector(nil), old.Cols...)}
	for i, s := range u.n.Sets {
		v, err := u.sets[i].eval(both, nil)
		if err != nil {
			return err
		}
		fresh.Cols[s.Col] = kept(v, 1)
	}
	keys := vec.NewVector(sqltype.TBytea, 1)
	keys.S[0] = string(key)
	if err := w.update(old, fresh, keys, u.changed); err != nil {
		return err
	}
	w.load(&w.vals, fresh, 0)
	moved, _ := w.l.Indexes[0].Key(nil, w.vals, w.rowID(key[len(w.l.Indexes[0].Prefix):]), nil)
	u.done[string(moved)] = struct{}{}
	if w.ch.c.changed != nil {
		w.ch.c.changed[string(key)] = struct{}{}
	}
	return u.result.add(fresh)
}

// noteAdded notes a row that comes to be under key, where a part of the statement may ask.
func (w *tableWriter) noteAdded(key []byte) {
	if added := w.ch.c.added; added != nil {
		added[string(key)] = struct{}{}
	}
}
