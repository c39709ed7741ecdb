package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
)

// CREATE INDEX and DROP INDEX of another model's table are handed to the model: an index is
// one of paths within a jsonb column, which its expressions lead to; ->, ->> and casts only
// name the path. It is built while rows are written, in transactions of the model's, so it
// cannot be part of a transaction block.

// externalIndex runs CREATE INDEX and DROP INDEX of tables of other models; done is false
// for all else, and where the model takes no indexes.
func (r *running) externalIndex(st ast.Stmt) (done bool, err error) {
	var targets []ast.Name
	switch st := st.(type) {
	case *ast.CreateIndex:
		targets = []ast.Name{st.Table}
	case *ast.Drop:
		if st.Kind == ast.KindIndex {
			targets = st.Names
		}
	}
	s := r.s
	takes := func(n ast.Name) bool {
		_, ok := s.e.sourceOf(n.Schema).(source.Indexer)
		return ok
	}
	if !slices.ContainsFunc(targets, takes) {
		return false, nil
	}
	if s.block || s.tx != nil || s.several {
		return true, dberr.SQL(dberr.StateActiveTransaction, "%s of %s.%s cannot run inside a transaction block", ddlName(st), targets[0].Schema, targets[0].Name).
			WithHint("The index is built while rows are written, in transactions of its own: send the statement by itself.").At(st.Pos())
	}
	if s.set.readOnly {
		return true, dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute %s in a read-only transaction", ddlName(st))
	}
	if err := s.begin(r.ctx, nil, s.opts); err != nil {
		return true, err
	}
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return true, err
	}
	for _, n := range targets {
		if !takes(n) {
			return true, refuse(n.Pos(), "dropping indexes of tables and of other models in one statement")
		}
		if snap.HasSchema(n.Schema) { // made by a user before there was the model
			return false, nil
		}
	}
	if c, ok := st.(*ast.CreateIndex); ok {
		return true, r.createExternal(c, snap)
	}
	return true, r.dropExternal(st.(*ast.Drop))
}

func (r *running) createExternal(st *ast.CreateIndex, snap *catalog.Snapshot) error {
	s := r.s
	src := s.e.sourceOf(st.Table.Schema)
	t, err := s.externalAt(s.tx, st.Table.Schema, st.Table.Name)
	if err != nil {
		return err
	}
	x, err := newExternalIndex(s.scope(snap, nil), t, st)
	if err != nil {
		return err
	}
	others, err := src.Tables(s.tx, s.db.ID)
	if err != nil {
		return source.Fail(err)
	}
	if x.Name == "" {
		x.Name = freeIndexName(others, t, x)
	} else if _, at := indexNamed(others, x.Name); at >= 0 {
		if st.IfNotExists {
			s.rollback()
			return r.done("CREATE INDEX")
		}
		return dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", x.Name).At(st.Pos())
	}
	if err := validName(x.Name, st.Pos()); err != nil {
		return err
	}
	if err := s.commit(r.ctx); err != nil {
		return err
	}
	if err := src.(source.Indexer).CreateIndex(r.ctx, t, x); err != nil {
		return source.Fail(err)
	}
	return r.done("CREATE INDEX")
}

// indexNamed finds a table with an index of a name; at is -1 where there is none.
func indexNamed(tables []*catalog.Table, name string) (t *catalog.Table, at int) {
	for _, t := range tables {
		for i := range t.Indexes {
			if t.Indexes[i].Name == name {
				return t, i
			}
		}
	}
	return nil, -1
}

// freeIndexName makes a name of the paths.
func freeIndexName(tables []*catalog.Table, t *catalog.Table, x *source.NewIndex) string {
	base := t.Name
	for _, p := range x.Parts {
		base += "_" + p.Path[len(p.Path)-1]
	}
	base = base[:min(len(base), 50)] + "_idx"
	for n := 0; ; n++ {
		name := base
		if n > 0 {
			name += strconv.Itoa(n)
		}
		if _, at := indexNamed(tables, name); at < 0 {
			return name
		}
	}
}

// newExternalIndex reads the definition of an index of paths.
func newExternalIndex(scope *plan.Scope, t *catalog.Table, st *ast.CreateIndex) (*source.NewIndex, error) {
	x := &source.NewIndex{Name: st.Name, Unique: st.Unique, NullsNotDistinct: st.NullsNotDistinct}
	switch {
	case st.Method == "hash":
		x.Hash = true
		if st.Unique {
			return nil, refuse(st.Pos(), "a hash index that is unique")
		}
	case st.Method == "gin" || st.Method == "gist":
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "an index by %q is not supported", st.Method).
			WithHint("Make one for each path that is asked for: CREATE INDEX ON %s.%s ((data->>'a')). Elements of arrays are entries of their own.", t.Schema, t.Name).At(st.Pos())
	case st.Method != "" && st.Method != "btree":
		return nil, dberr.SQL(dberr.StateUndefinedObject, "access method %q does not exist", st.Method).At(st.Pos())
	case len(st.Include) > 0:
		return nil, refuse(st.Pos(), "INCLUDE in an index of a %s", t.External.Noun)
	}
	for _, o := range st.Options {
		if o.Name != "ttl_seconds" {
			return nil, refuse(o.Pos(), "the storage parameter %q", o.Name)
		}
		n, err := strconv.ParseInt(strings.Trim(ast.String(o.Value), "'"), 10, 64)
		if err != nil {
			return nil, dberr.SQL(dberr.StateInvalidParameterValue, "invalid value for integer option \"ttl_seconds\": %s", ast.String(o.Value)).At(o.Pos())
		}
		x.TTL = &n
	}
	for _, el := range st.Columns {
		p, err := externalPart(scope, t, el)
		if err != nil {
			return nil, err
		}
		x.Parts = append(x.Parts, p)
	}
	return x, externalWhere(scope, t, st.Where, x)
}

func externalPart(scope *plan.Scope, t *catalog.Table, el ast.IndexElem) (p source.IndexPart, err error) {
	p.Desc = el.Desc
	switch {
	case len(el.OpClass) > 0:
		return p, refuse(el.Pos(), "an operator class")
	case el.Nulls == ast.NullsFirst && el.Desc, el.Nulls == ast.NullsLast && !el.Desc:
		return p, refuse(el.Pos(), "this order of NULLs in an index of a %s, in which they are the least values,", t.External.Noun)
	}
	if err := collation(el.Collate, el.Pos()); err != nil {
		return p, err
	}
	if el.Column != "" {
		i := t.Column(el.Column)
		switch {
		case i < 0:
			return p, dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", el.Column).At(el.Pos())
		case t.Columns[i].ID == t.Indexes[0].Columns[0].Column:
			p.Path = []string{el.Column}
			return p, nil
		}
		return p, refuse(el.Pos(), "an index over the column %q of a %s, which is not the key or a path,", el.Column, t.External.Noun)
	}
	e, err := plan.BindRowExpr(scope, t, el.Expr, sqltype.TUnknown, "index expression")
	if err != nil {
		return p, err
	}
	_, path, ok := opt.PathOf(e)
	if !ok {
		return p, dberr.SQL(dberr.StateFeatureNotSupported, "an index over %s is not supported", ast.String(el.Expr)).
			WithHint("An index of a %s is over paths: (data->>'a'), (data->'a'->'b'), or such a text cast to int, bigint, numeric or float8.", t.External.Noun).At(el.Pos())
	}
	p.Path = path
	return p, nil
}

// externalWhere reads the conditions of a partial index.
func externalWhere(scope *plan.Scope, t *catalog.Table, where ast.Expr, x *source.NewIndex) error {
	if where == nil {
		return nil
	}
	cond, err := plan.BindRowExpr(scope, t, where, sqltype.TBool, "index predicate")
	if err != nil {
		return err
	}
	for _, c := range plan.Conjuncts(cond) {
		if n, is := c.(*plan.IsNull); is && n.Not {
			if _, path, ok := opt.PathOf(n.Arg); ok {
				x.Present = append(x.Present, path)
				continue
			}
		}
		probes, ok := opt.ProbesOf(c)
		if !ok {
			return dberr.SQL(dberr.StateFeatureNotSupported, "the predicate of an index of a %s must be of comparisons of paths with constants, and of IS NOT NULL, joined by AND", t.External.Noun).
				WithHint("A filter of the model takes others: POST /api/v1/documents/collections/:collection/indexes with \"partial\".").At(where.Pos())
		}
		x.Where = append(x.Where, probes...)
	}
	return nil
}

func (r *running) dropExternal(st *ast.Drop) error {
	s := r.s
	type found struct {
		t    *catalog.Table
		name string
	}
	var list []found
	for _, n := range st.Names {
		tables, err := s.e.sourceOf(n.Schema).Tables(s.tx, s.db.ID)
		if err != nil {
			return source.Fail(err)
		}
		count := 0
		for _, t := range tables {
			for i := range t.Indexes {
				if t.Indexes[i].Name != n.Name {
					continue
				}
				if t.Indexes[i].Constraint {
					return dberr.SQL(dberr.StateDependentObjects, "cannot drop index %s because constraint %s on table %s requires it", n.Name, n.Name, t.Name).At(n.Pos())
				}
				count++
				list = append(list, found{t, n.Name})
			}
		}
		switch {
		case count > 1:
			return dberr.SQL(dberr.StateAmbiguousFunction, "index %q is of %d %ss", dotted(n), count, tables[0].External.Noun).
				WithHint("Drop it by DELETE /api/v1/documents/collections/:collection/indexes/:index, which names the collection.").At(n.Pos())
		case count == 0 && !st.IfExists:
			return dberr.SQL(dberr.StateUndefinedObject, "index %q does not exist", dotted(n)).At(n.Pos())
		}
	}
	if err := s.commit(r.ctx); err != nil {
		return err
	}
	for _, f := range list {
		if err := s.e.sourceOf(f.t.Schema).(source.Indexer).DropIndex(r.ctx, f.t, f.name); err != nil {
			return source.Fail(err)
		}
	}
	return r.done("DROP INDEX")
}
