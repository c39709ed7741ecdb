package exec

import (
	"context"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// externalWriter writes rows that another model keeps, and keeps what became of them
// for RETURNING.
type externalWriter struct {
	c      *Context
	t      *catalog.Table
	w      source.Writer
	result *rowList
	one    *vec.Batch // a row of result
	n      int64
}

func newExternalWriter(ctx context.Context, c *Context, t *catalog.Table, types []sqltype.Type) (*externalWriter, error) {
	src, err := c.source(t)
	if err != nil {
		return nil, err
	}
	w, err := src.Writer(ctx, c.Tx, t)
	if err != nil {
		return nil, source.Fail(err)
	}
	return &externalWriter{c: c, t: t, w: w, result: newRowList(c, types), one: vec.NewBatch(types)}, nil
}

// wrote notes a row that was written, and what comes along with it.
func (x *externalWriter) wrote(row []sqltype.Datum, along ...sqltype.Datum) error {
	x.n++
	x.one.Reset()
	for i, d := range row {
		x.one.Cols[i].AppendDatum(d)
	}
	for i, d := range along {
		x.one.Cols[len(row)+i].AppendDatum(d)
	}
	x.one.Len = 1
	return x.result.add(x.one)
}

// check holds a row against the NOT NULL constraints; keys that are left out may be the
// model's to make.
func (x *externalWriter) check(b *vec.Batch, r int, vals []sqltype.Datum) error {
	for o := range x.t.Columns {
		if c := &x.t.Columns[o]; c.NotNull && vals[o].Null && !(x.t.External.MakesKey && c.ID == x.t.Indexes[0].Columns[0].Column) {
			e := dberr.SQL(dberr.StateNotNullViolation, "null value in column %q of relation %q violates not-null constraint", c.Name, x.t.Name)
			e.Detail, e.Field = failingRow(x.t.Columns, b, r), c.Name
			return e
		}
	}
	return nil
}

func rowOf(b *vec.Batch, k, r int) []sqltype.Datum {
	vals := make([]sqltype.Datum, k)
	loadRow(vals, b, r)
	return vals
}

// finish hands what was written to RETURNING.
func (x *externalWriter) finish(w *writing) (int64, error) {
	if err := w.rows.reset(); err != nil {
		return 0, err
	}
	w.rows, w.result = x.result, nil
	return x.n, nil
}

func insertExternal(c *Context, n *plan.Insert, w *writing) {
	w.do = func(ctx context.Context) (int64, error) {
		x, err := newExternalWriter(ctx, c, n.Table, typesOf(n.Input.Fields()))
		if err != nil {
			return 0, err
		}
		k := len(n.Table.Columns)
		var up *externalUpsert
		if n.Conflict != nil {
			if up, err = newExternalUpsert(x, n.Conflict); err != nil {
				return 0, err
			}
		}
		err = w.each(ctx, func(b *vec.Batch) error {
			for _, r := range live(b) {
				vals := rowOf(b, len(b.Cols), int(r))
				if err := x.check(b, int(r), vals[:k]); err != nil {
					return err
				}
				if up != nil {
					done, err := up.conflict(b, int(r), vals[:k])
					if err != nil {
						return err
					}
					if done {
						continue
					}
				}
				stored, err := x.insert(vals[:k], up != nil && up.n.Nothing && up.n.Index < 0)
				if err != nil {
					return err
				}
				if stored == nil {
					continue
				}
				if up != nil {
					up.touch(stored)
				}
				if err := x.wrote(stored, vals[k:]...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		return x.finish(w)
	}
}

// insert adds a row. With skip one that another row's unique values stand in the way of
// is left out, and nil returned.
func (x *externalWriter) insert(row []sqltype.Datum, skip bool) ([]sqltype.Datum, error) {
	if !skip {
		stored, err := x.w.Insert(row)
		return stored, source.Fail(err)
	}
	from := x.c.Tx.Savepoint()
	stored, err := x.w.Insert(row)
	err = source.Fail(err)
	if e := dberr.As(err); e != nil && e.SQLState == dberr.StateUniqueViolation {
		return nil, x.c.Tx.RollbackTo(from)
	}
	return stored, err
}

// externalUpsert is ON CONFLICT, by the key or a unique index of paths.
type externalUpsert struct {
	x       *externalWriter
	n       *plan.OnConflict
	sets    []evaluator
	where   evaluator
	changed []bool
	done    map[string]struct{}                                // keys that the statement has written
	find    func(row []sqltype.Datum) ([]sqltype.Datum, error) // the row in the way
}

func newExternalUpsert(x *externalWriter, n *plan.OnConflict) (*externalUpsert, error) {
	u := &externalUpsert{x: x, n: n, changed: make([]bool, len(x.t.Columns)), done: map[string]struct{}{}}
	u.find = x.w.Find
	if n.Index > 0 {
		f, ok := x.w.(source.Finder)
		if !ok {
			return nil, dberr.SQL(dberr.StateFeatureNotSupported, "ON CONFLICT by the index %q of a %s is not supported", x.t.Indexes[n.Index].Name, x.t.External.Noun).
				WithHint("Name the key: ON CONFLICT (%s).", x.t.Columns[x.t.Ordinal(x.t.Indexes[0].Columns[0].Column)].Name)
		}
		u.find = func(row []sqltype.Datum) ([]sqltype.Datum, error) { return f.FindBy(x.t.Indexes[n.Index].Name, row) }
	}
	for _, s := range n.Sets {
		e, err := compile(x.c, s.Expr)
		if err != nil {
			return nil, err
		}
		u.sets = append(u.sets, e)
		u.changed[s.Col] = true
	}
	var err error
	u.where, err = compileOpt(x.c, n.Where)
	return u, err
}

func (u *externalUpsert) touch(row []sqltype.Datum) { u.done[u.x.key(row)] = struct{}{} }

// key is the key of a row, in one text.
func (x *externalWriter) key(row []sqltype.Datum) string {
	var b []byte
	for _, k := range x.t.Indexes[0].Columns {
		o := x.t.Ordinal(k.Column)
		text := ""
		if !row[o].Null {
			text = sqltype.FormatText(x.t.Columns[o].Type, row[o])
		}
		b = append(strconv.AppendInt(b, int64(len(text)), 10), ':')
		b = append(b, text...)
	}
	return string(b)
}

// conflict deals with a row in whose way another one is; done says that it need not be added.
func (u *externalUpsert) conflict(b *vec.Batch, r int, vals []sqltype.Datum) (done bool, err error) {
	old, err := u.find(vals)
	if err != nil || old == nil {
		return false, source.Fail(err)
	}
	switch {
	case u.n.Nothing:
		return true, nil
	case u.n.Replace:
		return false, source.Fail(u.x.w.Delete(old))
	}
	if _, twice := u.done[u.x.key(old)]; twice {
		return false, dberr.SQL(dberr.StateCardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
			WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
	}
	types := make([]sqltype.Type, 0, 2*len(vals))
	for range 2 {
		for _, c := range u.x.t.Columns {
			types = append(types, c.Type)
		}
	}
	both := vec.NewBatch(types)
	for i, d := range append(append([]sqltype.Datum(nil), old...), vals...) {
		both.Cols[i].AppendDatum(d)
	}
	both.Len = 1
	if u.where != nil {
		v, err := u.where.eval(both, nil)
		if err != nil || !passes(v, 0) {
			return true, err
		}
	}
	fresh := append([]sqltype.Datum(nil), old...)
	for i, s := range u.n.Sets {
		v, err := u.sets[i].eval(both, nil)
		if err != nil {
			return false, err
		}
		fresh[s.Col] = v.Get(0)
	}
	if err := u.x.check(b, r, fresh); err != nil {
		return false, err
	}
	stored, err := u.x.change(old, fresh, u.changed)
	if err != nil {
		return false, err
	}
	u.touch(stored)
	return true, u.x.wrote(stored)
}

// change makes fresh of a row; a row with another key is another row.
func (x *externalWriter) change(old, fresh []sqltype.Datum, changed []bool) (stored []sqltype.Datum, err error) {
	if !x.moved(old, fresh) {
		stored, err = x.w.Update(old, fresh, changed)
		return stored, source.Fail(err)
	}
	if err := x.mayMove(); err != nil {
		return nil, err
	}
	if err := x.w.Delete(old); err != nil {
		return nil, source.Fail(err)
	}
	stored, err = x.w.Insert(fresh)
	return stored, source.Fail(err)
}

// mayMove refuses to change a key that is fixed.
func (x *externalWriter) mayMove() error {
	if !x.t.External.FixedKey {
		return nil
	}
	key := x.t.Columns[x.t.Ordinal(x.t.Indexes[0].Columns[0].Column)].Name
	e := dberr.SQL(dberr.StateCheckViolation, "the column %q of %s.%s cannot change", key, x.t.Schema, x.t.Name).
		WithField(key).WithHint("Delete the row and insert another one.")
	e.Code = "IMMUTABLE_ID"
	return e
}

// moved reports whether the key of a row changes.
func (x *externalWriter) moved(old, fresh []sqltype.Datum) bool {
	for _, k := range x.t.Indexes[0].Columns {
		o := x.t.Ordinal(k.Column)
		if sqltype.Compare(x.t.Columns[o].Type, old[o], fresh[o]) != 0 {
			return true
		}
	}
	return false
}

func deleteExternal(c *Context, n *plan.Delete, w *writing) {
	k := len(n.Table.Columns)
	w.do = func(ctx context.Context) (int64, error) {
		x, err := newExternalWriter(ctx, c, n.Table, nil)
		if err != nil {
			return 0, err
		}
		err = w.each(ctx, func(b *vec.Batch) error {
			for _, r := range live(b) {
				if err := x.w.Delete(rowOf(b, k, int(r))); err != nil {
					return source.Fail(err)
				}
			}
			return nil
		})
		return int64(w.rows.len()), err
	}
}

// updateExternal changes rows. Those whose key changes are removed before any is
// written, since keys may be exchanged among them.
func updateExternal(c *Context, u *updating, w *writing) {
	w.do = func(ctx context.Context) (int64, error) {
		types := append(typesOf(u.n.Input.Fields())[:u.k:u.k], typesOf(u.n.Input.Fields())[u.k+1:]...)
		x, err := newExternalWriter(ctx, c, u.n.Table, types)
		if err != nil {
			return 0, err
		}
		pass := func(do func(old, fresh []sqltype.Datum, b *vec.Batch, r int) error) error {
			return w.each(ctx, func(b *vec.Batch) error {
				was, is := u.rows(b)
				for _, r := range live(b) {
					if err := do(rowOf(was, u.k, int(r)), rowOf(is, u.k, int(r)), b, int(r)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		err = pass(func(old, fresh []sqltype.Datum, b *vec.Batch, r int) error {
			_, is := u.rows(b)
			if err := x.check(is, r, fresh); err != nil || !x.moved(old, fresh) {
				return err
			}
			if err := x.mayMove(); err != nil {
				return err
			}
			return source.Fail(x.w.Delete(old))
		})
		if err != nil {
			return 0, err
		}
		err = pass(func(old, fresh []sqltype.Datum, b *vec.Batch, r int) error {
			var stored []sqltype.Datum
			if x.moved(old, fresh) {
				stored, err = x.w.Insert(fresh)
			} else {
				stored, err = x.w.Update(old, fresh, u.changed)
			}
			if err != nil {
				return source.Fail(err)
			}
			return x.wrote(stored, rowOf(b, u.in, r)[u.k+1:]...)
		})
		if err != nil {
			return 0, err
		}
		return x.finish(w)
	}
}
