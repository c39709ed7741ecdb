package query

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Finding is something that a check found to be wrong.
type Finding struct {
	Database, Table, Index string // as far as it is known where
	Problem                string
}

// String names the place and the problem.
func (f Finding) String() string {
	place := "database " + f.Database
	if f.Table != "" {
		place += ", table " + f.Table
	}
	if f.Index != "" {
		place += ", index " + f.Index
	}
	return place + ": " + f.Problem
}

// CheckCounts says what a check has looked at.
type CheckCounts struct {
	Databases, Tables, Rows, Indexes, Entries int64
}

// Check reads everything that SQL has stored, as of one moment: every record of
// every catalog, every row in all of its columns, and every index, whose entries
// must be the very ones that building it anew would make. What is wrong goes to
// found; the error is for what kept the check from its end.
func (e *Engine) Check(ctx context.Context, found func(Finding)) (n CheckCounts, err error) {
	tx, err := e.store.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check: %w", err)
	}
	defer tx.Rollback()
	dbs, err := e.cat.Databases(tx)
	if err != nil {
		return n, fmt.Errorf("check: %w", err)
	}
	for _, db := range dbs {
		n.Databases++
		c := &checker{s: e.session(db), ctx: ctx, n: &n, found: found}
		c.s.tx = tx
		if err := c.database(); err != nil {
			return n, fmt.Errorf("check database %s: %w", db.Name, err)
		}
	}
	return n, nil
}

// checker checks one database.
type checker struct {
	s     *Session
	ctx   context.Context
	n     *CheckCounts
	found func(Finding)
	at    Finding
}

// report takes an error that is a finding and returns one that is not.
func (c *checker) report(err error) error {
	if err == nil || c.ctx.Err() != nil || !errors.Is(err, dberr.ErrCorrupt) {
		return err
	}
	c.problem("%v", err)
	return nil
}

func (c *checker) problem(format string, args ...any) {
	f := c.at
	f.Problem = fmt.Sprintf(format, args...)
	c.found(f)
}

func (c *checker) database() error {
	c.at = Finding{Database: c.s.db.Name}
	snap, err := c.s.e.cat.At(c.s.tx, c.s.db.ID)
	if err != nil {
		return c.report(err)
	}
	known := map[keyspace.ObjectID]bool{}
	for _, t := range snap.Tables() {
		c.n.Tables++
		for i := range t.Indexes {
			known[t.Indexes[i].ID] = true
			c.at = Finding{Database: c.s.db.Name, Table: t.Schema + "." + t.Name, Index: t.Indexes[i].Name}
			if err := c.report(c.index(snap, t, i)); err != nil {
				return err
			}
		}
	}
	c.at = Finding{Database: c.s.db.Name}
	if err := c.report(c.strangers(known)); err != nil {
		return err
	}
	return c.report(c.counters(snap))
}

// index checks an index, the first of which holds the rows.
func (c *checker) index(snap *catalog.Snapshot, t *catalog.Table, i int) error {
	c.n.Indexes++
	node, rows, err := indexScan(c.s.scope(snap, nil), t, i)
	if err != nil {
		return err
	}
	m := &indexMatch{c: c, indexRows: rows}
	rows.each = m.entry
	if i == 0 { // no predicate, no expressions: each row once, in all of its columns
		rows.each = func([]sqltype.Datum, []sqltype.Datum, int64, string) error { c.n.Rows++; return nil }
	}
	if _, err := c.s.runPlan(c.ctx, &compiled{root: node}, nil, (&running{s: c.s}).env(), rows.add); err != nil || i == 0 {
		return err
	}
	return m.leftovers()
}

// indexMatch holds the entries that an index should have against those it has.
type indexMatch struct {
	*indexRows
	c       *checker
	due     int64
	matched int64
}

// entry looks for the entry of a row.
func (m *indexMatch) entry(vals, exprs []sqltype.Datum, rowID int64, rowKey string) error {
	primary := bytes.TrimPrefix([]byte(rowKey), m.l.Indexes[0].Prefix)
	key, hasNull := m.x.Key(nil, vals, rowID, exprs)
	key, want := m.l.Entry(m.x, key, hasNull, primary, vals, nil)
	m.due++
	got, ok, err := m.c.s.tx.Get(key)
	switch {
	case err != nil:
		return err
	case !ok:
		m.c.problem("the row with key %x has no entry", primary)
	case !bytes.Equal(got, want):
		m.c.problem("the entry of the row with key %x holds %x and should hold %x", primary, got, want)
		m.matched++
	default:
		m.matched++
	}
	return nil
}

// leftovers looks for entries that no row has.
func (m *indexMatch) leftovers() error {
	span := m.x.All()
	it := m.c.s.tx.Iter(txn.IterOptions{Lower: span.Lower, Upper: span.Upper})
	defer it.Close() //nolint:errcheck // Err is looked at
	entries := int64(0)
	for it.Next() {
		if entries++; entries%1024 == 0 && m.c.ctx.Err() != nil {
			return context.Cause(m.c.ctx)
		}
		rowKey, err := m.l.Primary(m.x, it.Key(), it.Value(), nil)
		if err != nil {
			m.c.problem("the entry %x cannot be read: %v", it.Key(), err)
			continue
		}
		if _, ok, err := m.c.s.tx.Get(rowKey); err != nil {
			return err
		} else if !ok {
			m.c.problem("the entry %x leads to the row %x, which is not there", it.Key(), rowKey)
		}
	}
	m.c.n.Entries += entries
	if err := it.Err(); err != nil {
		return err
	}
	if entries > m.matched {
		m.c.problem("%d entries are those of no row as it is", entries-m.matched)
	}
	return nil
}

// strangers looks for rows and entries of indexes that the catalog does not know.
func (c *checker) strangers(known map[keyspace.ObjectID]bool) error {
	odd, err := c.unknown(keyspace.SpaceIndex, known)
	if err == nil && len(odd) > 0 {
		c.problem("there are rows or entries of objects that the catalog does not know: %s", idList(odd))
	}
	return err
}

// counters looks for values of sequences that the catalog does not know. They are not part of
// transactions, so what looks odd is asked for again.
func (c *checker) counters(snap *catalog.Snapshot) error {
	odd, err := c.unknown(keyspace.SpaceSequence, countersOf(snap))
	if err == nil && len(odd) > 0 {
		odd, err = c.s.e.seqs.unknown(c.ctx, c.s.db.ID, odd)
	}
	if err == nil && len(odd) > 0 {
		c.problem("there are values of sequences that the catalog does not know: %s", idList(odd))
	}
	return err
}

func idList(ids []keyspace.ObjectID) string { return strings.Trim(fmt.Sprint(ids), "[]") }

// unknown gives the ids under which a space has keys, and which are not known and not of
// what was dropped and waits to be removed.
func (c *checker) unknown(space keyspace.Space, known map[keyspace.ObjectID]bool) (odd []keyspace.ObjectID, err error) {
	prefix := keyspace.AppendSpacePrefix(nil, c.s.db.ID, space)
	pending, err := c.s.e.cat.PendingDrops(c.s.tx)
	if err != nil {
		return nil, err
	}
	it := c.s.tx.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
	defer it.Close() //nolint:errcheck // Err is looked at
	for it.Next() {
		_, _, id, _, ok := keyspace.Split(it.Key())
		if !ok {
			c.problem("the key %x is malformed", it.Key())
			continue
		}
		if !known[id] && !pending(it.Key()) {
			odd = append(odd, id)
		}
		next := keyspace.End(keyspace.AppendPrefix(nil, c.s.db.ID, space, id))
		if next == nil {
			break
		}
		it.Seek(next)
	}
	return odd, it.Err()
}
