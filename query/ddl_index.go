package query

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// createIndex adds an index and fills it within the transaction.
func (d *definer) createIndex(st *ast.CreateIndex) error {
	rel, err := d.s.lookup(d.e.Snapshot, st.Table)
	if err != nil {
		return err
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "cannot create index on relation %q", st.Table.Name).At(st.Table.Pos())
	}
	t := rel.Table.Clone()
	m := &tableMaker{definer: d, t: t}
	x := catalog.Index{Name: st.Name, Unique: st.Unique, NullsNotDistinct: st.NullsNotDistinct}
	switch st.Method {
	case "", "btree":
	case "hash":
		x.Kind = catalog.Hash
		if st.Unique || len(st.Columns) != 1 {
			return refuse(st.Pos(), "a hash index that is unique or has several columns")
		}
	default:
		return dberr.SQL(dberr.StateUndefinedObject, "access method %q does not exist", st.Method).At(st.Pos())
	}
	if len(st.Options) > 0 {
		return refuse(st.Options[0].Pos(), "the storage parameter %q", st.Options[0].Name)
	}
	var names []string
	for _, el := range st.Columns {
		part, name, err := m.indexPart(el)
		if err != nil {
			return err
		}
		x.Columns, names = append(x.Columns, part), append(names, name)
	}
	for _, name := range st.Include {
		i, err := columnIndex(t, name, st.Pos())
		if err != nil {
			return err
		}
		x.Include = append(x.Include, t.Columns[i].ID)
	}
	if st.Where != nil {
		pred, err := plan.BindRowExpr(d.scope(), t, st.Where, sqltype.TBool, "index predicate")
		if err == nil {
			err = m.lasting(pred, st.Where, sqltype.TBool, "index predicate")
		}
		if err != nil {
			return err
		}
		x.Predicate = d.storedText(st.Where)
	}
	if x.Name == "" {
		x.Name = m.indexName(append(append([]string{t.Name}, names...), "idx")...)
	} else if _, taken := d.e.Lookup(t.Schema, x.Name); taken {
		if st.IfNotExists {
			return nil
		}
		return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", x.Name).At(st.Pos())
	}
	if err := validName(x.Name, st.Pos()); err != nil {
		return err
	}
	if x.ID, err = d.e.NewID(); err != nil {
		return err
	}
	x.Building = d.online != nil
	t.Indexes = append(t.Indexes, x)
	if d.online != nil {
		d.online.table, d.online.index = t.ID, x.Name
		d.changed = true
		return d.e.PutTable(t)
	}
	return d.buildIndex(t, len(t.Indexes)-1)
}

// indexPart makes a key part; the name is what goes into the index's own.
func (m *tableMaker) indexPart(el ast.IndexElem) (p catalog.IndexColumn, name string, err error) {
	if err := collation(el.Collate, el.Pos()); err != nil {
		return p, "", err
	}
	p.Desc = el.Desc
	p.NullsFirst = el.Nulls == ast.NullsFirst || el.Nulls == ast.NullsDefault && el.Desc
	if el.Column != "" {
		i := m.t.Column(el.Column)
		if i < 0 {
			if plan.IsSystemColumn(el.Column) {
				return p, "", dberr.SQL(dberr.StateFeatureNotSupported, "index creation on system columns is not supported").At(el.Pos())
			}
			return p, "", dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", el.Column).At(el.Pos())
		}
		p.Column, p.Type = m.t.Columns[i].ID, m.t.Columns[i].Type
		if err := plan.OperatorClass(el, p.Type); err != nil {
			return p, "", err
		}
		return p, el.Column, indexable(p.Type, el.Pos())
	}
	x, err := plan.BindRowExpr(m.scope(), m.t, el.Expr, sqltype.TUnknown, "index expression")
	if err != nil {
		return p, "", err
	}
	if err := m.lasting(x, el.Expr, sqltype.TUnknown, "index expression"); err != nil {
		return p, "", err
	}
	p.Expr, p.Type = m.storedText(el.Expr), x.Type()
	if err := plan.OperatorClass(el, p.Type); err != nil {
		return p, "", err
	}
	name = "expr"
	if n := ast.ColumnName(el.Expr); n != "?column?" {
		name = n
	}
	return p, name, indexable(p.Type, el.Pos())
}

// lasting checks that what an index stores means the same in every session and at any
// time: entries that one of them writes are searched by others.
func (m *tableMaker) lasting(x plan.Expr, e ast.Expr, want sqltype.Type, what string) error {
	if !plan.Immutable(x) {
		return dberr.SQL("42P17", "functions in %s must be marked IMMUTABLE", what).At(e.Pos())
	}
	other := *m.scope()
	other.Env = &sqltype.Env{Now: time.Unix(0, 0), Location: time.FixedZone("elsewhere", -13*60*60)}
	if y, err := plan.BindRowExpr(&other, m.t, e, want, what); err != nil || !plan.Same(x, y) {
		return dberr.SQL("42P17", "a constant in %s depends on the time or the time zone of the session", what).At(e.Pos()).
			WithHint("Write the time in full, with its offset from UTC: '2024-01-31 12:00:00+00'.")
	}
	return nil
}

// buildIndex stores a table whose index i is new and has no entries yet, and makes them.
func (d *definer) buildIndex(t *catalog.Table, i int) error {
	if err := d.put(t); err != nil {
		return err
	}
	d.changed = false
	t = d.e.Table(t.ID)
	node, rows, err := indexScan(d.scope(), t, i)
	if err != nil {
		return err
	}
	b := &indexBuilder{d: d, t: t, indexRows: rows}
	rows.each = b.entry
	_, err = d.s.runPlan(d.r.ctx, &compiled{root: node}, nil, d.r.env(), rows.add)
	return err
}

// indexScan plans the reading of all rows that have an entry in an index.
func indexScan(scope *plan.Scope, t *catalog.Table, i int) (plan.Node, *indexRows, error) {
	l := rowstore.Of(t)
	parts, err := plan.BindIndexExprs(scope, t)
	if err != nil {
		return nil, nil, err
	}
	scan := &plan.Scan{Table: t, Index: &t.Indexes[0], NeedRowKey: true}
	add := func(name string, typ sqltype.Type) {
		scan.Out = append(scan.Out, plan.Field{Name: name, Type: typ})
	}
	for o, c := range t.Columns {
		scan.Cols = append(scan.Cols, o)
		add(c.Name, c.Type)
	}
	if l.Hidden() {
		scan.Cols = append(scan.Cols, -1)
		add("rowid", sqltype.TInt8)
	}
	add("rowkey", sqltype.TBytea)
	var node plan.Node = scan
	exprAt := map[int]int{}
	if parts != nil {
		if p := parts.Predicates[i]; p != nil {
			node = &plan.Filter{Base: plan.Base{Out: scan.Out}, Input: node, Cond: p}
		}
		node = withExprs(node, scan.Out, parts.Parts[i], exprAt)
	}
	return node, &indexRows{l: l, x: &l.Indexes[i], columns: len(t.Columns), hidden: l.Hidden(), exprAt: exprAt}, nil
}

// withExprs adds the values of key expressions after the columns.
func withExprs(in plan.Node, fields []plan.Field, parts []plan.Expr, at map[int]int) plan.Node {
	p := &plan.Project{Input: in}
	for i, f := range fields {
		p.Exprs = append(p.Exprs, &plan.Slot{Typ: f.Type, Index: i, Name: f.Name})
		p.Out = append(p.Out, f)
	}
	for k, e := range parts {
		if e != nil {
			at[k] = len(p.Exprs)
			p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, plan.Field{Name: "expr", Type: e.Type()})
		}
	}
	if len(at) == 0 {
		return in
	}
	return p
}

// indexRows takes the batches of an indexScan apart.
type indexRows struct {
	l       *rowstore.Layout
	x       *rowstore.Index
	columns int
	hidden  bool
	exprAt  map[int]int
	each    func(vals, exprs []sqltype.Datum, rowID int64, rowKey string) error
}

func (b *indexRows) add(batch *vec.Batch) error {
	vals := make([]sqltype.Datum, b.columns)
	exprs := make([]sqltype.Datum, len(b.x.Parts))
	keyCol := b.columns
	if b.hidden {
		keyCol++
	}
	for _, i := range vec.Live(batch.Len, batch.Sel) {
		for k := range vals {
			vals[k] = batch.Cols[k].Get(int(i))
		}
		rowID := int64(0)
		if b.hidden {
			rowID = batch.Cols[b.columns].Get(int(i)).Int
		}
		for k, at := range b.exprAt {
			exprs[k] = batch.Cols[at].Get(int(i))
		}
		if err := b.each(vals, exprs, rowID, batch.Cols[keyCol].Get(int(i)).Str); err != nil {
			return err
		}
	}
	return nil
}

// indexBuilder writes the entries of one index.
type indexBuilder struct {
	*indexRows
	d *definer
	t *catalog.Table
}

func (b *indexBuilder) entry(vals, exprs []sqltype.Datum, rowID int64, rowKey string) error {
	primary := bytes.TrimPrefix([]byte(rowKey), b.l.Indexes[0].Prefix)
	key, hasNull := b.x.Key(nil, vals, rowID, exprs)
	tx := b.d.s.tx
	if b.x.Def.Unique && b.x.UniqueShape(hasNull) {
		_, taken, err := tx.Get(key)
		if err != nil {
			return err
		}
		if taken {
			var names, values []string
			for k, part := range b.x.Def.Columns {
				names = append(names, partName(b.t, part))
				d := exprs[k]
				if o := b.x.Parts[k]; o >= 0 {
					d = vals[o]
				}
				v := "null"
				if !d.Null {
					v = sqltype.FormatText(part.Type, d)
				}
				values = append(values, v)
			}
			return dberr.SQL(dberr.StateUniqueViolation, "could not create unique index %q", b.x.Def.Name).
				WithDetail("Key (%s)=(%s) is duplicated.", strings.Join(names, ", "), strings.Join(values, ", "))
		}
	}
	k, v := b.l.Entry(b.x, key, hasNull, primary, vals, nil)
	return tx.Put(k, v)
}

// internal runs a statement of the engine's own in the transaction and returns
// its number of rows.
func (d *definer) internal(sql string) (int64, error) {
	stmts, err := parse.Parse(sql, parse.Limits{})
	if err != nil {
		return 0, fmt.Errorf("parse internal statement: %w", err)
	}
	snap, err := d.s.e.cat.At(d.s.tx, d.s.db.ID)
	if err != nil {
		return 0, err
	}
	c, err := d.s.e.plan(d.r.ctx, d.s.scope(snap, nil), stmts[0], d.s.set.planner)
	if err != nil {
		return 0, unplaced(err)
	}
	n, err := d.s.runPlan(d.r.ctx, c, nil, d.r.env(), func(*vec.Batch) error { return nil })
	return n, unplaced(err)
}

// evaluate computes an expression without columns.
func (s *Session) evaluate(ctx context.Context, e ast.Expr, t sqltype.Type, env *fn.Env) (d sqltype.Datum, err error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return d, err
	}
	x, err := plan.BindRowExpr(s.scope(snap, nil), nil, e, t, "EXECUTE")
	if err != nil {
		return d, err
	}
	v := &plan.Values{Base: plan.Base{Out: []plan.Field{{Name: "value", Type: t}}}, Rows: [][]plan.Expr{{x}}}
	_, err = exec.Run(&exec.Context{Ctx: ctx, Tx: s.tx, Env: env}, v, func(b *vec.Batch) error {
		d = b.Cols[0].Get(int(vec.Live(b.Len, b.Sel)[0]))
		return nil
	})
	return d, err
}
