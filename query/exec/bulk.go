package exec

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// InsertBatch adds rows to a table without a plan, for imports: batch.Cols[i] is
// the column with ordinal cols[i], of the column's type; the other columns take
// their default, or NULL. Values are checked against length and precision of the
// column, NOT NULL, CHECK, unique and foreign keys as by INSERT. Where it fails, the
// transaction is as it was before. It may be called many times in one transaction.
func InsertBatch(c *Context, t *catalog.Table, cols []int, batch *vec.Batch) (err error) {
	rules := &TableRules{}
	if c.Host != nil {
		if rules, err = c.Host.Rules(t); err != nil {
			return err
		}
	} else if len(t.Checks) > 0 {
		return dberr.SQL(dberr.StateInternal, "table %q has rules that are not bound", t.Name)
	}
	rows, err := wholeRows(c, t, rules, cols, batch)
	if err != nil {
		return err
	}
	ch := newChanges(c)
	w, err := ch.writer(t, rules)
	if err != nil {
		return err
	}
	sp := c.Tx.Savepoint()
	if err = w.insert(rows, nil); err == nil {
		err = ch.finish()
	}
	if err != nil {
		if rerr := c.Tx.RollbackTo(sp); rerr != nil {
			return rerr
		}
	}
	return err
}

// wholeRows puts columns in the table's order and fills in the missing ones.
func wholeRows(c *Context, t *catalog.Table, rules *TableRules, cols []int, b *vec.Batch) (*vec.Batch, error) {
	out := &vec.Batch{Len: b.Len, Sel: b.Sel, Cols: make([]*vec.Vector, len(t.Columns))}
	for i, o := range cols {
		v, err := fitted(b.Cols[i], t.Columns[o].Type, b)
		if err != nil {
			if e := dberr.As(err); e != nil && e.Field == "" {
				e.Field = t.Columns[o].Name
			}
			return nil, err
		}
		out.Cols[o] = v
	}
	for o := range out.Cols {
		if out.Cols[o] != nil {
			continue
		}
		typ := t.Columns[o].Type
		if o >= len(rules.Defaults) || rules.Defaults[o] == nil {
			if t.Columns[o].Default != "" && c.Host == nil {
				return nil, dberr.SQL(dberr.StateInternal, "the default of column %q is not bound", t.Columns[o].Name)
			}
			out.Cols[o] = vec.ConstVector(typ, sqltype.NullDatum)
			continue
		}
		x, err := compile(c, rules.Defaults[o])
		if err != nil {
			return nil, err
		}
		v, err := x.eval(&vec.Batch{Len: b.Len, Sel: b.Sel}, b.Sel)
		if err != nil {
			return nil, err
		}
		out.Cols[o] = v
	}
	return out, nil
}

// fitted applies length, precision and scale of a type to a column.
func fitted(v *vec.Vector, t sqltype.Type, b *vec.Batch) (*vec.Vector, error) {
	if t.Mod == 0 || v.Type == t {
		return v, nil
	}
	out := vec.NewVector(t, b.Len)
	for _, r := range live(b) {
		d := v.Get(int(r))
		if !d.Null {
			var err error
			if d, err = sqltype.ApplyMod(d, t, false); err != nil {
				return nil, err
			}
		}
		out.Set(int(r), d)
	}
	return out, nil
}
