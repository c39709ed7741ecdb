package continuous

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Checked counts what a check has looked at.
type Checked struct {
	Queries, Windows int64
}

// Check reads the definitions, the states and the windows of all databases as of one
// moment, and holds them against each other. It needs nothing that runs. What is wrong
// goes to found; the error is for what kept the check from its end. Of windows whose values
// are of types that are defined in SQL it looks at how many there are, and at their bytes.
func Check(ctx context.Context, txns *txn.Store, found func(problem string)) (n Checked, err error) {
	tx, err := txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check continuous queries: %w", err)
	}
	defer tx.Rollback()
	it := tx.Iter(txn.IterOptions{})
	defer it.Close()
	dbs := map[keyspace.DatabaseID]bool{}
	for _, space := range []keyspace.Space{keyspace.SpaceContinuous, keyspace.SpaceDerived} {
		list, err := keyspace.Databases(it, space)
		if err != nil {
			return n, fmt.Errorf("check continuous queries: %w", err)
		}
		for _, db := range list {
			dbs[db] = true
		}
	}
	for db := range dbs {
		c := checker{tx: tx, db: db, n: &n, known: map[keyspace.ObjectID]bool{}, found: found}
		if err := c.database(); err != nil {
			return n, fmt.Errorf("check continuous queries: %w", err)
		}
	}
	return n, nil
}

// checker checks one database.
type checker struct {
	tx    *txn.Tx
	db    keyspace.DatabaseID
	n     *Checked
	known map[keyspace.ObjectID]bool
	found func(problem string)
}

func (c *checker) problem(format string, args ...any) {
	c.found(fmt.Sprintf("database %d: ", c.db) + fmt.Sprintf(format, args...))
}

// take keeps damage as a problem and returns any other error.
func (c *checker) take(err error) error {
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("%v", err)
		return nil
	}
	return err
}

func (c *checker) database() error {
	list, err := queries(c.tx, c.db)
	if err != nil {
		return c.take(err)
	}
	for _, q := range list {
		c.n.Queries++
		c.known[q.id] = true
		if err := c.take(c.query(q)); err != nil {
			return err
		}
	}
	fills, err := fillRecords(c.tx, c.db)
	if err != nil {
		return c.take(err)
	}
	for _, r := range fills {
		c.n.Queries++
		if c.known[r.id] && r.id != 0 {
			c.problem("two continuous queries have id %d", r.id)
		}
		c.known[r.id] = true
	}
	return c.take(c.orphans())
}

// query holds the windows of a query against its state.
func (c *checker) query(q *Query) error {
	st, err := readState(c.tx, c.db, q.id)
	if err != nil {
		return fmt.Errorf("continuous query %q: %w", q.Name, err)
	}
	var m *window.Machine
	if cfg := q.stored(); cfg != nil {
		m = window.New(cfg, st.watermark)
	}
	prefix := appendObject(nil, c.db, q.id)
	it := c.tx.Iter(within(prefix))
	defer it.Close()
	var windows, bytes uint64
	for it.Next() {
		windows++
		bytes += uint64(len(it.Value()))
		if m == nil {
			continue
		}
		if err := m.Load(it.Value()); err != nil {
			c.problem("continuous query %q, key %x: %v", q.Name, it.Key(), err)
		} else if !m.Has(it.Key()[len(prefix):]) {
			c.problem("continuous query %q: the window at key %x is another", q.Name, it.Key())
		}
	}
	c.n.Windows += int64(windows)
	if windows != st.windows || bytes != st.bytes {
		c.problem("continuous query %q has %d windows of %d bytes, and its state says %d of %d", q.Name, windows, bytes, st.windows, st.bytes)
	}
	return it.Err()
}

// stored is the config with the types that the record has; nil where one of them is not
// known without a catalog.
func (q *Query) stored() *window.Config {
	c := &window.Config{Spec: q.Window, Delay: q.Delay, Lateness: q.Lateness, OnChange: q.OnChange}
	typ := func(name string) (sqltype.Type, bool) {
		base, _, _ := strings.Cut(name, "(")
		t, err := sqltype.TypeByName(base)
		return t, err == nil && t.Name() == base
	}
	for _, k := range q.Keys {
		t, ok := typ(k.typeName)
		if !ok {
			return nil
		}
		c.Keys = append(c.Keys, t)
	}
	for _, a := range q.Aggregates {
		w := window.Aggregate{Function: a.Function}
		if a.SQL != "" {
			t, ok := typ(a.typeName)
			if !ok {
				return nil
			}
			w.Type = t
		}
		c.Aggregates = append(c.Aggregates, w)
	}
	return c
}

// orphans looks for states and windows of no query. What dropped ones left is removed
// later.
func (c *checker) orphans() error {
	dropped := appendObject(nil, c.db, objDropped)
	it := c.tx.Iter(within(dropped))
	defer it.Close()
	for it.Next() {
		id, err := droppedID(it.Key()[len(dropped):])
		if err != nil {
			return err
		}
		c.known[id] = true
	}
	if err := it.Err(); err != nil {
		return err
	}
	all := c.tx.Iter(within(keyspace.AppendSpacePrefix(nil, c.db, keyspace.SpaceContinuous)))
	defer all.Close()
	for all.Next() {
		_, _, id, tuple, ok := keyspace.Split(all.Key())
		if ok && id == objStates {
			n, _, err := enc.DecodeUint(tuple)
			if err != nil {
				return fmt.Errorf("%w: the key %x of a state is malformed", dberr.ErrCorrupt, all.Key())
			}
			id = keyspace.ObjectID(n)
		}
		if !ok || id >= firstID && !c.known[id] {
			c.problem("the key %x is of no continuous query", all.Key())
		}
	}
	return all.Err()
}
