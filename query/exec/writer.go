package exec

import (
	"bytes"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// TableRules are the bound rules of a table, over its columns as slots.
type TableRules struct {
	Checks     []plan.RowCheck
	IndexExprs *plan.IndexExprs
	// Defaults are the columns' defaults by ordinal; nil means NULL.
	Defaults []plan.Expr
}

// changes is everything that one statement writes: to the table that it names,
// and through the actions of foreign keys to others.
type changes struct {
	c       *Context
	writers []*tableWriter // one for each table
	events  []refEvent     // changes of referenced rows that wait for their actions
	checks  []parentCheck  // rows that must have their referenced row in the end
	uniques []uniqueCheck  // keys of deferrable unique indexes
	actions int
}

func newChanges(c *Context) *changes {
	return &changes{c: c}
}

// tableWriter writes rows of one table with everything that goes with them.
type tableWriter struct {
	ch     *changes
	t      *catalog.Table
	l      *rowstore.Layout
	checks []check
	parts  [][]evaluator // by index: expressions of its parts, nil where it has none
	preds  []evaluator   // by index: predicate, nil where it has none; both nil where no index has any
	refs   []catalog.Reference
	fks    []*foreignKey

	vals, old, scratch []sqltype.Datum // nil before the first row that needs them
	key, value         []byte
}

type check struct {
	rule *plan.RowCheck
	cond evaluator
}

// writer returns the writer of a table.
func (ch *changes) writer(t *catalog.Table, rules *TableRules) (*tableWriter, error) {
	for _, w := range ch.writers {
		if w.t.ID == t.ID {
			return w, nil
		}
	}
	w := &tableWriter{ch: ch, t: t, l: rowstore.Of(t)}
	for i := range rules.Checks {
		k := &rules.Checks[i]
		x, err := compile(ch.c, k.Cond)
		if err != nil {
			return nil, err
		}
		w.checks = append(w.checks, check{k, x})
	}
	if err := w.compileIndexes(rules.IndexExprs); err != nil {
		return nil, err
	}
	if snap := ch.c.Catalog; snap != nil {
		w.refs = snap.References(t.ID)
		for i := range t.ForeignKeys {
			fk, err := newForeignKey(snap, t, &t.ForeignKeys[i])
			if err != nil {
				return nil, err
			}
			w.fks = append(w.fks, fk)
		}
	}
	ch.writers = append(ch.writers, w)
	return w, nil
}

func (w *tableWriter) compileIndexes(x *plan.IndexExprs) (err error) {
	if !computes(w.t) {
		return nil
	}
	if x == nil {
		x = &plan.IndexExprs{}
	}
	w.parts, w.preds = make([][]evaluator, len(w.t.Indexes)), make([]evaluator, len(w.t.Indexes))
	for i := range w.t.Indexes {
		def := &w.t.Indexes[i]
		if def.Predicate != "" {
			if x.Predicates[i] == nil {
				return dberr.SQL(dberr.StateInternal, "the predicate of index %q is not bound", def.Name)
			}
			if w.preds[i], err = compile(w.ch.c, x.Predicates[i]); err != nil {
				return err
			}
		}
		for p := range def.Columns {
			if def.Columns[p].Expr == "" {
				continue
			}
			if p >= len(x.Parts[i]) || x.Parts[i][p] == nil {
				return dberr.SQL(dberr.StateInternal, "the expressions of index %q are not bound", def.Name)
			}
			if w.parts[i] == nil {
				w.parts[i] = make([]evaluator, len(def.Columns))
			}
			if w.parts[i][p], err = compile(w.ch.c, x.Parts[i][p]); err != nil {
				return err
			}
		}
	}
	return nil
}

// computes reports whether an index of a table needs more than the columns of a row.
func computes(t *catalog.Table) bool {
	for i := range t.Indexes {
		if t.Indexes[i].Predicate != "" || slices.ContainsFunc(t.Indexes[i].Columns, func(p catalog.IndexColumn) bool { return p.Expr != "" }) {
			return true
		}
	}
	return false
}

// nothingIndexed is what index gives where columns are enough. Nobody writes to it.
var nothingIndexed = &indexed{}

// indexed is the values of index expressions and predicates of a batch of rows.
type indexed struct {
	parts [][]*vec.Vector // by index and part
	preds []*vec.Vector   // by index; nil is true
	exprs []sqltype.Datum
}

// index evaluates what indexes need besides columns.
func (w *tableWriter) index(b *vec.Batch) (*indexed, error) {
	if w.parts == nil {
		return nothingIndexed, nil
	}
	x := &indexed{parts: make([][]*vec.Vector, len(w.parts)), preds: make([]*vec.Vector, len(w.preds))}
	for i := range w.parts {
		part := vec.Batch{Len: b.Len, Sel: b.Sel, Cols: b.Cols}
		if w.preds[i] != nil {
			v, err := w.preds[i].eval(b, b.Sel)
			if err != nil {
				return nil, err
			}
			x.preds[i] = kept(v, b.Len)
			sel := make([]int32, 0, b.Rows())
			for _, r := range live(b) {
				if passes(v, int(r)) {
					sel = append(sel, r)
				}
			}
			part.Sel = sel
		}
		for _, e := range w.parts[i] {
			if e == nil {
				x.parts[i] = append(x.parts[i], nil)
				continue
			}
			v, err := e.eval(&part, part.Sel)
			if err != nil {
				return nil, err
			}
			x.parts[i] = append(x.parts[i], kept(v, b.Len))
		}
	}
	return x, nil
}

// kept copies a vector that its owner may write to again.
func kept(v *vec.Vector, n int) *vec.Vector {
	c := newOut(v.Type)
	c.Append(v, n, nil)
	return c
}

// covers reports whether row r has an entry in index i.
func (x *indexed) covers(i, r int) bool {
	return x.preds == nil || x.preds[i] == nil || passes(x.preds[i], r)
}

// at gives the values of expression parts of index i for row r.
func (x *indexed) at(i, r int) []sqltype.Datum {
	if x.parts == nil || x.parts[i] == nil {
		return nil
	}
	x.exprs = x.exprs[:0]
	for _, v := range x.parts[i] {
		if v == nil {
			x.exprs = append(x.exprs, sqltype.Datum{})
			continue
		}
		x.exprs = append(x.exprs, v.Get(r))
	}
	return x.exprs
}

// validate checks NOT NULL and CHECK for the live rows of b.
func (w *tableWriter) validate(b *vec.Batch) error {
	for o := range w.t.Columns {
		if !w.t.Columns[o].NotNull || !b.Cols[o].HasNulls() {
			continue
		}
		for _, r := range live(b) {
			if b.Cols[o].IsNull(int(r)) {
				return w.errNotNull(o, b, int(r))
			}
		}
	}
	for i := range w.checks {
		v, err := w.checks[i].cond.eval(b, b.Sel)
		if err != nil {
			return err
		}
		for _, r := range live(b) {
			if !v.IsNull(int(r)) && v.I[v.At(int(r))] == 0 {
				if w.checks[i].rule.Domain != "" {
					return w.checks[i].rule.Error()
				}
				return w.errCheck(w.checks[i].rule.Name, b, int(r))
			}
		}
	}
	return nil
}

// load copies row r of b to vals, which are one of the writer's rows.
func (w *tableWriter) load(vals *[]sqltype.Datum, b *vec.Batch, r int) {
	if *vals == nil {
		*vals = make([]sqltype.Datum, len(w.t.Columns))
	}
	loadRow(*vals, b, r)
}

// loadRow copies row r of b to vals.
func loadRow(vals []sqltype.Datum, b *vec.Batch, r int) {
	for o := range vals {
		vals[o] = b.Cols[o].Get(r)
	}
}

// insert adds the live rows of b, whose columns are the table's. It returns the
// keys of the new rows in keys, where that is not nil.
func (w *tableWriter) insert(b *vec.Batch, keys *vec.Vector) error {
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
		if err := w.insertAt(b, x, int(r), rowID); err != nil {
			return err
		}
		if keys != nil {
			keys.S = append(keys.S, string(w.key))
		}
		rowID++
	}
	return w.noteParents(b, nil)
}

// rowIDs takes n hidden row ids where the table has them.
func (w *tableWriter) rowIDs(n int) (int64, error) {
	if !w.l.Hidden() || n == 0 {
		return 0, nil
	}
	return w.l.NewRowIDs(w.ch.c.Tx, n)
}

// insertAt writes row r of b; w.key is then its key.
func (w *tableWriter) insertAt(b *vec.Batch, x *indexed, r int, rowID int64) error {
	if len(w.l.Indexes) > 1 {
		w.load(&w.vals, b, r)
		return w.insertRow(x, r, rowID)
	}
	w.key = w.l.KeyOf(w.key[:0], b.Cols, r, rowID)
	if !w.l.Hidden() {
		taken, err := w.taken(w.key)
		if err != nil {
			return err
		}
		if taken {
			w.load(&w.vals, b, r)
			return w.errDuplicate(0, w.vals, nil)
		}
	}
	w.noteAdded(w.key)
	w.value = w.l.AppendRowOf(w.value[:0], b.Cols, r)
	return w.keyError(0, w.ch.c.Tx.PutNew(w.key, w.value))
}

// taken reports whether a key is there that is written next where it is not.
func (w *tableWriter) taken(key []byte) (bool, error) {
	if w.ch.c.Bulk {
		return w.ch.c.Tx.Taken(key)
	}
	_, taken, err := w.ch.c.Tx.Get(key)
	return taken, err
}

// insertRow writes the row in vals; w.key is then its key.
func (w *tableWriter) insertRow(x *indexed, r int, rowID int64) error {
	tx, prim := w.ch.c.Tx, &w.l.Indexes[0]
	w.key, _ = prim.Key(w.key[:0], w.vals, rowID, nil)
	if !w.l.Hidden() {
		taken, err := w.taken(w.key)
		if err != nil {
			return err
		}
		if taken {
			return w.errDuplicate(0, w.vals, nil)
		}
	}
	w.noteAdded(w.key)
	w.value, w.scratch = w.l.AppendRow(w.value[:0], w.vals, w.scratch)
	if err := tx.PutNew(w.key, w.value); err != nil {
		return w.keyError(0, err)
	}
	primary := w.key[len(prim.Prefix):]
	var buf []byte
	for i := 1; i < len(w.l.Indexes); i++ {
		if !x.covers(i, r) {
			continue
		}
		e := w.entry(i, w.vals, x.at(i, r), rowID, primary, buf)
		if err := w.putEntry(&e, w.vals, x.at(i, r)); err != nil {
			return err
		}
		buf = e.key[:0]
	}
	return nil
}

// entry is a key of a secondary index with its value.
type entry struct {
	index      int
	key, value []byte
	unique     bool   // found by its parts alone, so the key must be free
	dup        []byte // of a deferrable unique index: the key parts, which must be there once
}

func (w *tableWriter) entry(i int, vals, exprs []sqltype.Datum, rowID int64, primary, buf []byte) entry {
	x := &w.l.Indexes[i]
	key, hasNull := x.Key(buf, vals, rowID, exprs)
	e := entry{index: i, unique: x.UniqueShape(hasNull)}
	if x.Def.Unique && !e.unique && (!hasNull || x.Def.NullsNotDistinct) {
		e.dup = bytes.Clone(key)
	}
	e.key, e.value = w.l.Entry(x, key, hasNull, primary, vals, nil)
	return e
}

func (w *tableWriter) putEntry(e *entry, vals, exprs []sqltype.Datum) error {
	tx := w.ch.c.Tx
	if e.unique {
		taken, err := w.taken(e.key)
		if err != nil {
			return err
		}
		if taken {
			return w.errDuplicate(e.index, vals, exprs)
		}
	}
	w.noteUnique(e)
	return w.keyError(e.index, tx.Put(e.key, e.value))
}

// remove deletes the rows of old, whose keys are in keys.
func (w *tableWriter) remove(old *vec.Batch, keys *vec.Vector) error {
	x, err := w.index(old)
	if err != nil {
		return err
	}
	tx := w.ch.c.Tx
	for _, r := range live(old) {
		w.load(&w.old, old, int(r))
		w.key = append(w.key[:0], keys.S[keys.At(int(r))]...)
		if err := tx.Delete(w.key); err != nil {
			return err
		}
		primary := w.key[len(w.l.Indexes[0].Prefix):]
		for i := 1; i < len(w.l.Indexes); i++ {
			if !x.covers(i, int(r)) {
				continue
			}
			e := w.entry(i, w.old, x.at(i, int(r)), w.rowID(primary), primary, nil)
			if err := tx.Delete(e.key); err != nil {
				return err
			}
		}
	}
	return w.noteRefs(old, nil)
}

// rowID reads the hidden row id from the parts of a primary key.
func (w *tableWriter) rowID(primary []byte) int64 {
	if !w.l.Hidden() {
		return 0
	}
	d, _, err := sqltype.DecodeKey(sqltype.TInt8, primary)
	if err != nil {
		return 0
	}
	return d.Int
}

// pending is a write of an update, made when the old entries of the row are gone.
type pending struct {
	entry
	check bool // the key must be free
}

// update changes rows: old and new hold the table's columns in the same rows,
// keys the rows' keys. changed lists the ordinals that may differ. Each row is changed before the
// next, so that a unique key may still be taken by a row that comes later, as in PostgreSQL.
func (w *tableWriter) update(old, new *vec.Batch, keys *vec.Vector, changed []bool) error {
	if err := w.validate(new); err != nil {
		return err
	}
	ox, err := w.index(old)
	if err != nil {
		return err
	}
	nx, err := w.index(new)
	if err != nil {
		return err
	}
	var todo []pending
	for _, r := range live(new) {
		if todo, err = w.replace(todo[:0], old, new, ox, nx, keys, int(r), changed); err != nil {
			return err
		}
		if err := w.put(todo, nx, int(r)); err != nil {
			return err
		}
	}
	if err := w.noteParents(new, changed); err != nil {
		return err
	}
	return w.noteRefs(old, new)
}

// put writes the new entries of row r, which is in w.vals.
func (w *tableWriter) put(todo []pending, nx *indexed, r int) error {
	tx := w.ch.c.Tx
	for i := range todo {
		p := &todo[i]
		if p.check {
			_, taken, err := tx.Get(p.key)
			if err != nil {
				return err
			}
			if taken {
				return w.errDuplicate(p.index, w.vals, nx.at(p.index, r))
			}
		}
		w.noteUnique(&p.entry)
		if err := tx.Put(p.key, p.value); err != nil {
			return w.keyError(p.index, err)
		}
	}
	return nil
}

// replace removes the entries of row r that change and appends the new ones.
func (w *tableWriter) replace(todo []pending, old, new *vec.Batch, ox, nx *indexed, keys *vec.Vector, r int, changed []bool) ([]pending, error) {
	tx, prim := w.ch.c.Tx, &w.l.Indexes[0]
	w.load(&w.old, old, r)
	w.load(&w.vals, new, r)
	oldKey := []byte(keys.S[keys.At(r)])
	oldPrimary := oldKey[len(prim.Prefix):]
	rowID := w.rowID(oldPrimary)
	key, _ := prim.Key(nil, w.vals, rowID, nil)
	value, _ := w.l.AppendRow(nil, w.vals, w.scratch)
	moved := !bytes.Equal(key, oldKey)
	if moved {
		w.noteAdded(key)
		if err := tx.Delete(oldKey); err != nil {
			return nil, err
		}
	}
	todo = append(todo, pending{entry: entry{key: key, value: value}, check: moved})
	primary := key[len(prim.Prefix):]
	for i := 1; i < len(w.l.Indexes); i++ {
		if !moved && !w.affects(i, changed) {
			continue
		}
		var was, is entry
		had, has := ox.covers(i, r), nx.covers(i, r)
		if had {
			was = w.entry(i, w.old, ox.at(i, r), rowID, oldPrimary, nil)
		}
		if has {
			is = w.entry(i, w.vals, nx.at(i, r), rowID, primary, nil)
		}
		same := had && has && bytes.Equal(was.key, is.key)
		if had && !same {
			if err := tx.Delete(was.key); err != nil {
				return nil, err
			}
		}
		if has && !(same && bytes.Equal(was.value, is.value)) {
			todo = append(todo, pending{entry: is, check: is.unique && !same})
		}
	}
	return todo, nil
}

// affects reports whether a change of columns may change entries of index i.
func (w *tableWriter) affects(i int, changed []bool) bool {
	def := &w.t.Indexes[i]
	if w.parts != nil && (w.preds[i] != nil || w.parts[i] != nil) {
		return true
	}
	for _, o := range w.l.Indexes[i].Parts {
		if o >= 0 && changed[o] {
			return true
		}
	}
	for _, id := range def.Include {
		if o := w.t.Ordinal(id); o >= 0 && changed[o] {
			return true
		}
	}
	return false
}
