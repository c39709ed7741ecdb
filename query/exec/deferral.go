package exec

import (
	"bytes"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Deferral is what a transaction keeps of deferrable constraints: the keys that are to
// be looked at when it ends. A check looks at the rows that are there then, so keys
// of writes that were undone do no harm.
type Deferral struct {
	// Waits reports whether a deferrable constraint of a table waits for the end.
	Waits func(table keyspace.ObjectID, name string, initially bool) bool

	keys map[constraintName]*deferredKeys
}

type constraintName struct {
	table keyspace.ObjectID
	name  string
}

// deferredKeys are the distinct keys of one constraint: of a foreign key the values of
// the referenced columns, of a unique index the beginnings of its entries' keys.
type deferredKeys struct {
	seen   map[string]bool
	vals   [][]sqltype.Datum
	gone   []bool // beside vals: a referenced row went, else a referencing one came
	prefix [][]byte
}

func (d *Deferral) of(table keyspace.ObjectID, name string) *deferredKeys {
	if d.keys == nil {
		d.keys = map[constraintName]*deferredKeys{}
	}
	k := constraintName{table, name}
	if d.keys[k] == nil {
		d.keys[k] = &deferredKeys{seen: map[string]bool{}}
	}
	return d.keys[k]
}

// Pending reports whether anything waits.
func (d *Deferral) Pending() bool { return len(d.keys) > 0 }

// waits reports whether a constraint is to be checked at the end of the transaction.
func (c *Context) waits(table keyspace.ObjectID, name string, deferrable, initially bool) bool {
	return deferrable && c.Deferral != nil && c.Deferral.Waits(table, name, initially)
}

// later keeps a referenced key for the end of the transaction.
func (fk *foreignKey) later(d *Deferral, vals []sqltype.Datum, gone bool) {
	k := d.of(fk.child.ID, fk.def.Name)
	var id []byte
	for i, v := range vals {
		id = sqltype.AppendKey(id, fk.parent.Columns[fk.refs[i]].Type, v, false, false)
	}
	if !k.seen[string(id)] {
		k.seen[string(id)] = true
		k.vals, k.gone = append(k.vals, slices.Clone(vals)), append(k.gone, gone)
	}
}

// Check checks the constraints that wait, those of which chosen says so; nil is all.
// They then wait no more.
func (d *Deferral) Check(c *Context, chosen func(table keyspace.ObjectID, name string) bool) error {
	for k, keys := range d.keys {
		if chosen != nil && !chosen(k.table, k.name) {
			continue
		}
		delete(d.keys, k)
		t := c.Catalog.Table(k.table)
		if t == nil {
			continue
		}
		if err := checkKeys(c, t, k.name, keys); err != nil {
			return err
		}
	}
	return nil
}

func checkKeys(c *Context, t *catalog.Table, name string, keys *deferredKeys) error {
	for i := range t.ForeignKeys {
		if t.ForeignKeys[i].Name != name {
			continue
		}
		fk, err := newForeignKey(c.Catalog, t, &t.ForeignKeys[i])
		if err != nil {
			return err
		}
		for n, vals := range keys.vals {
			if err := checkReference(c, fk, vals, keys.gone[n]); err != nil {
				return err
			}
		}
	}
	for _, prefix := range keys.prefix {
		for i := range t.Indexes {
			if t.Indexes[i].Name != name || !bytes.HasPrefix(prefix, indexPrefix(t, i)) {
				continue
			}
			w, err := newChanges(c).writer(t, &TableRules{})
			if err != nil && c.Host != nil { // its expressions are needed
				rules, rerr := c.Host.Rules(t)
				if rerr != nil {
					return rerr
				}
				w, err = newChanges(c).writer(t, rules)
			}
			if err != nil {
				return err
			}
			if err := w.single(i, prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

func indexPrefix(t *catalog.Table, i int) []byte {
	return keyspace.AppendPrefix(nil, t.DB, keyspace.SpaceIndex, t.Indexes[i].ID)
}

// checkReference checks that a key that rows refer to is there.
func checkReference(c *Context, fk *foreignKey, vals []sqltype.Datum, gone bool) error {
	if err := canceled(c.Ctx); err != nil {
		return err
	}
	ok, err := fk.find(c, vals)
	if ok || err != nil {
		return err
	}
	rows, err := newChanges(c).children(fk, vals, 1)
	if err != nil || rows.Len == 0 {
		return err
	}
	if gone {
		return dberr.SQL(dberr.StateForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q",
			fk.parent.Name, fk.def.Name, fk.child.Name).
			WithDetail("Key %s is still referenced from table %q.", keyText(fk.parent.Columns, fk.refs, vals), fk.child.Name)
	}
	return dberr.SQL(dberr.StateForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", fk.child.Name, fk.def.Name).
		WithDetail("Key %s is not present in table %q.", keyText(fk.child.Columns, fk.cols, vals), fk.parent.Name)
}

// uniqueCheck is the key of a deferrable unique index of which there may be one only.
type uniqueCheck struct {
	w      *tableWriter
	index  int
	prefix []byte
}

// noteUnique notes the key of an entry that was written, to be looked at when all of
// the statement, or of the transaction, has been.
func (w *tableWriter) noteUnique(e *entry) {
	if e.dup != nil {
		w.ch.uniques = append(w.ch.uniques, uniqueCheck{w, e.index, e.dup})
	}
}

// finishUniques looks for duplicates in deferrable unique indexes.
func (ch *changes) finishUniques() error {
	for _, u := range ch.uniques {
		x := &u.w.t.Indexes[u.index]
		if ch.c.waits(u.w.t.ID, x.Name, x.Deferrable, x.InitiallyDeferred) {
			k := ch.c.Deferral.of(u.w.t.ID, x.Name)
			if !k.seen[string(u.prefix)] {
				k.seen[string(u.prefix)] = true
				k.prefix = append(k.prefix, u.prefix)
			}
			continue
		}
		if err := u.w.single(u.index, u.prefix); err != nil {
			return err
		}
	}
	return nil
}

// single checks that no two entries of an index begin with the same key parts.
func (w *tableWriter) single(i int, prefix []byte) error {
	if err := w.ch.c.guard(prefix); err != nil {
		return err
	}
	it := w.ch.c.Tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
	defer it.Close()
	n := 0
	for n < 2 && it.Next() {
		n++
	}
	if err := it.Err(); err != nil || n < 2 {
		return err
	}
	names, texts := "", ""
	rest := prefix[len(w.l.Indexes[i].Prefix):]
	for p := range w.t.Indexes[i].Columns {
		part := &w.t.Indexes[i].Columns[p]
		d, after, err := sqltype.DecodeKey(part.Type, rest) // constraints have no descending parts
		if err != nil {
			break
		}
		rest = after
		if p > 0 {
			names, texts = names+", ", texts+", "
		}
		name := part.Expr
		if o := w.t.Ordinal(part.Column); o >= 0 {
			name = w.t.Columns[o].Name
		}
		names, texts = names+name, texts+showValue(part.Type, d)
	}
	return dberr.SQL(dberr.StateUniqueViolation, "duplicate key value violates unique constraint %q", w.t.Indexes[i].Name).
		WithDetail("Key (%s)=(%s) already exists.", names, texts)
}
