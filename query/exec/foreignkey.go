package exec

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Foreign keys are enforced at the end of a statement: first the actions of
// changed referenced rows run, and what they change in turn; then every row that was
// written must have its referenced row, and no referenced row may be missing.
//
// A check is a read of the referenced key, or of the rows that refer to one. What a
// check has read is validated at commit under every isolation, so that of a row that
// is deleted and one that comes to refer to it only one commits.

// foreignKey is a foreign key with the places of its columns.
type foreignKey struct {
	def    *catalog.ForeignKey
	child  *catalog.Table
	parent *catalog.Table
	cols   []int // ordinals in child
	refs   []int // ordinals in parent, beside them
	index  int   // of parent, over refs
	order  []int // for each part of index, the position in refs

	pending *vec.Batch // distinct keys that must be found
	seen    *keyTable
}

// parentCheck is a referenced key that is gone, and must not be referenced.
type parentCheck struct {
	fk       *foreignKey
	vals     []sqltype.Datum // by position in refs
	noAction bool            // another row may have the key now
}

// refEvent is a change of rows that foreign keys refer to; new is nil where they
// were deleted.
type refEvent struct {
	w        *tableWriter
	old, new *vec.Batch
}

func newForeignKey(snap *catalog.Snapshot, child *catalog.Table, def *catalog.ForeignKey) (*foreignKey, error) {
	parent := snap.Table(def.RefTable)
	if def.RefTable == child.ID {
		parent = child
	}
	if parent == nil {
		return nil, dberr.SQL(dberr.StateInternal, "foreign key %q refers to a table that is not there", def.Name)
	}
	fk := &foreignKey{def: def, child: child, parent: parent, index: -1}
	for i := range def.Columns {
		fk.cols = append(fk.cols, child.Ordinal(def.Columns[i]))
		fk.refs = append(fk.refs, parent.Ordinal(def.RefColumns[i]))
	}
	for i := range parent.Indexes {
		x := &parent.Indexes[i]
		if !(x.Unique || x.Primary) || x.Deferrable || x.Building || x.Predicate != "" || len(x.Columns) != len(def.RefColumns) {
			continue
		}
		if order, ok := partOrder(x, def.RefColumns); ok {
			fk.index, fk.order = i, order
			break
		}
	}
	if fk.index < 0 {
		return nil, dberr.SQL(dberr.StateInternal, "foreign key %q has no unique index on its referenced columns", def.Name)
	}
	return fk, nil
}

// partOrder gives the position in cols of each of the first len(cols) key parts.
func partOrder(x *catalog.Index, cols []catalog.ColumnID) (order []int, ok bool) {
	if len(x.Columns) < len(cols) {
		return nil, false
	}
	for _, part := range x.Columns[:len(cols)] {
		at := slices.Index(cols, part.Column)
		if at < 0 || part.Expr != "" || slices.Contains(order, at) {
			return nil, false
		}
		order = append(order, at)
	}
	return order, true
}

// noteParents notes the referenced keys of the rows of b, to be found at the end.
// changed, where not nil, has the columns that may differ from before.
func (w *tableWriter) noteParents(b *vec.Batch, changed []bool) error {
	for _, fk := range w.fks {
		if changed != nil && !slices.ContainsFunc(fk.cols, func(o int) bool { return changed[o] }) {
			continue
		}
		if err := fk.note(b); err != nil {
			return err
		}
	}
	return nil
}

func (fk *foreignKey) note(b *vec.Batch) error {
	keys := make([]*vec.Vector, len(fk.cols))
	types := make([]sqltype.Type, len(fk.cols))
	for i, o := range fk.cols {
		keys[i], types[i] = b.Cols[o], fk.child.Columns[o].Type
	}
	if fk.pending == nil {
		fk.pending, fk.seen = vec.NewBatch(types), newKeyTable(types)
	}
	sel := make([]int32, 0, b.Rows())
	for _, r := range live(b) {
		nulls := 0
		for _, v := range keys {
			nulls += int(b2i(v.IsNull(int(r))))
		}
		switch {
		case nulls == 0:
			sel = append(sel, r)
		case fk.def.Match == 'f' && nulls < len(keys):
			return dberr.SQL(dberr.StateForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", fk.child.Name, fk.def.Name).
				WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
		}
	}
	nums := make([]int32, b.Len)
	next := int32(fk.seen.len())
	fk.seen.assign(keys, b.Len, sel, nums)
	fresh := sel[:0]
	for _, r := range sel {
		if nums[r] == next {
			fresh = append(fresh, r)
			next++
		}
	}
	fk.pending.Append(&vec.Batch{Len: b.Len, Sel: fresh, Cols: keys})
	return nil
}

// find looks for a referenced row by values in the order of refs.
func (fk *foreignKey) find(c *Context, vals []sqltype.Datum) (bool, error) {
	x := &rowstore.Of(fk.parent).Indexes[fk.index]
	key := slices.Clone(x.Prefix)
	for p, at := range fk.order {
		part := &x.Def.Columns[p]
		key = sqltype.AppendKey(key, part.Type, vals[at], part.Desc, part.NullsFirst)
	}
	if c.Tx.Isolation() == txn.Snapshot {
		if err := c.Tx.Guard(key); err != nil {
			return false, err
		}
	}
	_, ok, err := c.Tx.Get(key)
	return ok, err
}

// guard has all keys with a prefix validated at commit, which serializable
// transactions do by themselves.
func (c *Context) guard(prefix []byte) error {
	if c.Tx.Isolation() != txn.Snapshot {
		return nil
	}
	return c.Tx.GuardRange(prefix, keyspace.End(prefix))
}

// convert gives a value of one column the type of another.
func convert(d sqltype.Datum, from, to sqltype.Type) (sqltype.Datum, error) {
	if d.Null || from.ID == to.ID || from.Phys() == to.Phys() && from.Phys() == sqltype.PhysInt {
		return d, nil
	}
	return sqltype.CastDatum(d, from, to.Base(), true, nil)
}

func keyText(cols []catalog.Column, ords []int, vals []sqltype.Datum) string {
	names, texts := make([]string, len(ords)), make([]string, len(ords))
	for i, o := range ords {
		names[i], texts[i] = cols[o].Name, showValue(cols[o].Type, vals[i])
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(texts, ", ") + ")"
}

// resolve checks that all noted keys have their row.
func (fk *foreignKey) resolve(c *Context) error {
	if fk.pending == nil {
		return nil
	}
	wait := c.waits(fk.child.ID, fk.def.Name, fk.def.Deferrable, fk.def.InitiallyDeferred)
	own, vals := make([]sqltype.Datum, len(fk.cols)), make([]sqltype.Datum, len(fk.cols))
	for r := range fk.pending.Len {
		if r%vec.BatchSize == 0 {
			if err := canceled(c.Ctx); err != nil {
				return err
			}
		}
		for i, o := range fk.cols {
			own[i] = fk.pending.Cols[i].Get(r)
			var err error
			if vals[i], err = convert(own[i], fk.child.Columns[o].Type, fk.parent.Columns[fk.refs[i]].Type); err != nil {
				return err
			}
		}
		if wait {
			fk.later(c.Deferral, vals, false)
			continue
		}
		ok, err := fk.find(c, vals)
		if err != nil {
			return err
		}
		if !ok {
			return dberr.SQL(dberr.StateForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", fk.child.Name, fk.def.Name).
				WithDetail("Key %s is not present in table %q.", keyText(fk.child.Columns, fk.cols, own), fk.parent.Name)
		}
	}
	fk.pending, fk.seen = nil, nil
	return nil
}

// noteRefs notes a change of rows that others may refer to. What a statement itself
// changes is one event, since keys may have been exchanged among all of its rows.
func (w *tableWriter) noteRefs(old, new *vec.Batch) error {
	if len(w.refs) == 0 || old.Rows() == 0 {
		return nil
	}
	ch := w.ch
	if k := len(ch.events); k > 0 && ch.actions == 0 && ch.events[k-1].w == w && (ch.events[k-1].new == nil) == (new == nil) {
		ch.events[k-1].old.Append(old)
		if new != nil {
			ch.events[k-1].new.Append(new)
		}
		return nil
	}
	ev := refEvent{w: w, old: old.Clone()}
	if new != nil {
		ev.new = new.Clone()
	}
	ch.events = append(ch.events, ev)
	return nil
}

// maxActions bounds how often actions of foreign keys call for further ones.
const maxActions = 10_000

// finish runs the actions of foreign keys and checks what they guarantee.
func (ch *changes) finish() error {
	for len(ch.events) > 0 {
		ev := ch.events[0]
		ch.events = ch.events[1:]
		if ch.actions++; ch.actions > maxActions {
			return dberr.SQL(dberr.StateProgramLimit, "the actions of foreign keys call each other without end")
		}
		for _, ref := range ev.w.refs {
			if err := ch.act(ref, ev); err != nil {
				return err
			}
		}
	}
	for i := range ch.checks {
		k := &ch.checks[i]
		if k.noAction && ch.c.waits(k.fk.child.ID, k.fk.def.Name, k.fk.def.Deferrable, k.fk.def.InitiallyDeferred) {
			k.fk.later(ch.c.Deferral, k.vals, true)
			continue
		}
		if err := ch.unreferenced(&ch.checks[i]); err != nil {
			return err
		}
	}
	for _, w := range ch.writers {
		for _, fk := range w.fks {
			if err := fk.resolve(ch.c); err != nil {
				return err
			}
		}
	}
	return ch.finishUniques()
}

// gone lists the rows of an event whose referenced key is there no more, one for
// each key.
func (fk *foreignKey) gone(ev refEvent) (rows []int, err error) {
	types := make([]sqltype.Type, len(fk.refs))
	keys := make([]*vec.Vector, len(fk.refs))
	for i, o := range fk.refs {
		types[i], keys[i] = fk.parent.Columns[o].Type, ev.old.Cols[o]
	}
	for _, r := range live(ev.old) {
		null, same := false, ev.new != nil
		for i, o := range fk.refs {
			null = null || keys[i].IsNull(int(r))
			same = same && !null && !ev.new.Cols[o].IsNull(int(r)) && sqltype.Equal(types[i], keys[i].Get(int(r)), ev.new.Cols[o].Get(int(r)))
		}
		if !null && !same {
			rows = append(rows, int(r))
		}
	}
	return rows, nil
}

// act does what a foreign key asks when referenced rows have changed.
func (ch *changes) act(ref catalog.Reference, ev refEvent) error {
	fk, err := newForeignKey(ch.c.Catalog, ref.Table, ref.Key)
	if err != nil {
		return err
	}
	rows, err := fk.gone(ev)
	if err != nil {
		return err
	}
	action := ref.Key.OnDelete
	if ev.new != nil {
		action = ref.Key.OnUpdate
	}
	var found []*vec.Batch
	var of []int
	for _, r := range rows {
		if err := canceled(ch.c.Ctx); err != nil {
			return err
		}
		vals := make([]sqltype.Datum, len(fk.refs))
		for i, o := range fk.refs {
			vals[i] = ev.old.Cols[o].Get(r)
		}
		if action == 'a' || action == 'r' || action == 0 {
			ch.checks = append(ch.checks, parentCheck{fk: fk, vals: vals, noAction: action != 'r'})
			continue
		}
		// All are found before any is changed: a key may take the place of another.
		rows, err := ch.children(fk, vals, 0)
		if err != nil {
			return err
		}
		if rows.Len > 0 {
			found, of = append(found, rows), append(of, r)
		}
	}
	for i, children := range found {
		if err := ch.follow(fk, action, children, ev, of[i]); err != nil {
			return err
		}
	}
	return nil
}

// follow deletes or changes the referencing rows.
func (ch *changes) follow(fk *foreignKey, action byte, children *vec.Batch, ev refEvent, r int) error {
	rules := &TableRules{}
	if ch.c.Host != nil {
		var err error
		if rules, err = ch.c.Host.Rules(fk.child); err != nil {
			return err
		}
	}
	w, err := ch.writer(fk.child, rules)
	if err != nil {
		return err
	}
	k := len(fk.child.Columns)
	old, keys := &vec.Batch{Len: children.Len, Cols: children.Cols[:k]}, children.Cols[k]
	if action == 'c' && ev.new == nil {
		return w.remove(old, keys)
	}
	fresh := &vec.Batch{Len: old.Len, Cols: slices.Clone(old.Cols)}
	changed := make([]bool, k)
	for i, o := range fk.cols {
		if ev.new == nil && len(fk.def.OnDeleteCols) > 0 && !slices.Contains(fk.def.OnDeleteCols, fk.child.Columns[o].ID) {
			continue
		}
		d := sqltype.NullDatum
		typ := fk.child.Columns[o].Type
		switch action {
		case 'c':
			ref := fk.refs[i]
			d, err = convert(ev.new.Cols[ref].Get(r), fk.parent.Columns[ref].Type, typ)
		case 'd':
			if o < len(rules.Defaults) && rules.Defaults[o] != nil {
				d, err = evalOnce(ch.c, rules.Defaults[o])
			}
		}
		if err != nil {
			return err
		}
		changed[o] = true
		fresh.Cols[o] = newOut(typ)
		fresh.Cols[o].Append(vec.ConstVector(typ, d), old.Len, nil)
	}
	return w.update(old, fresh, keys, changed)
}

// children reads the rows that refer to a key, as the statement has left them so far: all
// columns, then their keys. Limit bounds them, 0 does not.
func (ch *changes) children(fk *foreignKey, vals []sqltype.Datum, limit int64) (*vec.Batch, error) {
	t := fk.child
	n := &plan.Scan{Table: t, Index: &t.Indexes[0], NeedRowKey: true, Fetch: true, Limit: limit}
	own := make([]plan.Expr, len(fk.cols))
	for i, o := range fk.cols {
		typ := t.Columns[o].Type
		d, err := convert(vals[i], fk.parent.Columns[fk.refs[i]].Type, typ)
		if err != nil {
			return nil, err
		}
		own[i] = &plan.Const{Typ: typ, Value: d}
	}
	for o := range t.Columns {
		n.Cols = append(n.Cols, o)
		n.Out = append(n.Out, plan.Field{Name: t.Columns[o].Name, Type: t.Columns[o].Type})
	}
	n.Out = append(n.Out, plan.Field{Name: "key", Type: sqltype.TBytea})
	found := false
	for i := range t.Indexes {
		x := &t.Indexes[i]
		order, ok := partOrder(x, fk.def.Columns)
		if !ok || x.Predicate != "" || x.Building {
			continue
		}
		r := plan.KeyRange{}
		prefix := slices.Clone(rowstore.Of(t).Indexes[i].Prefix)
		for p, at := range order {
			r.Eq = append(r.Eq, own[at])
			part := &x.Columns[p]
			prefix = sqltype.AppendKey(prefix, part.Type, own[at].(*plan.Const).Value, part.Desc, part.NullsFirst)
		}
		if err := ch.c.guard(prefix); err != nil {
			return nil, err
		}
		n.Index, n.Ranges, found = x, []plan.KeyRange{r}, true
		break
	}
	if !found {
		if err := ch.c.guard(rowstore.Of(t).Indexes[0].Prefix); err != nil {
			return nil, err
		}
		conds := make([]plan.Expr, len(own))
		for i, o := range fk.cols {
			conds[i] = &plan.IsDistinct{L: &plan.Slot{Typ: t.Columns[o].Type, Index: o}, R: own[i], Not: true}
		}
		n.Filter = plan.Conjunction(conds)
	}
	ch.c.latest = true
	defer func() { ch.c.latest = false }()
	return runCollect(ch.c.Ctx, ch.c, n)
}

// unreferenced checks that no row refers to a key that is gone.
func (ch *changes) unreferenced(k *parentCheck) error {
	if k.noAction {
		back, err := k.fk.find(ch.c, k.vals)
		if back || err != nil {
			return err
		}
	}
	rows, err := ch.children(k.fk, k.vals, 1)
	if err != nil || rows.Len == 0 {
		return err
	}
	return dberr.SQL(dberr.StateForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q",
		k.fk.parent.Name, k.fk.def.Name, k.fk.child.Name).
		WithDetail("Key %s is still referenced from table %q.", keyText(k.fk.parent.Columns, k.fk.refs, k.vals), k.fk.child.Name)
}
