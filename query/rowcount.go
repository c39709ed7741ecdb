package query

import (
	"context"
	"fmt"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/stats"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// tableKey names a table of the store.
type tableKey struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

func keyOf(t *catalog.Table) tableKey { return tableKey{t.DB, t.ID} }

// tableCounts are numbers of tables, of which a transaction has few.
type tableCounts []tableCount

type tableCount struct {
	key tableKey
	n   int64
}

func (c *tableCounts) add(k tableKey, n int64) {
	for i := range *c {
		if (*c)[i].key == k {
			(*c)[i].n += n
			return
		}
	}
	*c = append(*c, tableCount{k, n})
}

// rowCounts knows how many rows tables have. A count is made by reading keys when it is
// first asked for, and then kept exact by adding what each commit of this engine changed.
type rowCounts struct {
	store *txn.Store

	// mu is a leaf. Never held while rows are counted.
	mu struct {
		sync.Mutex
		tables map[tableKey]*rowCount
	}
}

type rowCount struct {
	known    bool
	rows     int64
	guess    float64 // where not known: what the planner uses, 0 for nothing yet
	counting int     // how many counts are under way
	pending  []countChange
}

// countChange is a commit that came while rows were being counted: it may or may
// not be in the count already, which its timestamp tells.
type countChange struct {
	ts   txn.Timestamp
	rows int64
}

func newRowCounts(store *txn.Store) *rowCounts {
	r := &rowCounts{store: store}
	r.mu.tables = map[tableKey]*rowCount{}
	return r
}

func (r *rowCounts) entryLocked(k tableKey) *rowCount {
	c := r.mu.tables[k]
	if c == nil {
		c = &rowCount{}
		r.mu.tables[k] = c
	}
	return c
}

// apply adds what a commit changed. Tables in touched are counted anew when asked for.
func (r *rowCounts) apply(rows tableCounts, touched map[tableKey]bool, ts txn.Timestamp) {
	if len(rows) == 0 && len(touched) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range touched {
		delete(r.mu.tables, k)
	}
	for _, t := range rows {
		c := r.entryLocked(t.key)
		c.rows += t.n
		c.guess = max(0, c.guess+float64(t.n))
		if c.counting > 0 {
			c.pending = append(c.pending, countChange{ts, t.n})
		}
	}
}

// exact counts the rows of a table as of the last commit.
func (r *rowCounts) exact(ctx context.Context, t *catalog.Table) (int64, error) {
	n, _, err := r.count(ctx, t, 0)
	return n, err
}

// count counts up to limit rows, 0 for all; all says that there were no more.
func (r *rowCounts) count(ctx context.Context, t *catalog.Table, limit int64) (n int64, all bool, err error) {
	k := keyOf(t)
	r.mu.Lock()
	c := r.entryLocked(k)
	if c.known {
		n = c.rows
		r.mu.Unlock()
		return n, true, nil
	}
	c.counting++
	r.mu.Unlock()
	var at txn.Timestamp
	err = r.store.View(ctx, func(tx *txn.Tx) error {
		at = tx.ReadTimestamp()
		n, all, err = countKeys(ctx, tx, t, limit)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	c.counting--
	if err == nil && all && r.mu.tables[k] == c {
		c.known, c.rows = true, n
		for _, p := range c.pending {
			if p.ts > at {
				c.rows += p.rows
			}
		}
		n = c.rows
	}
	if c.counting == 0 {
		c.pending = nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("count rows of table %q: %w", t.Name, err)
	}
	return n, all, nil
}

func countKeys(ctx context.Context, tx *txn.Tx, t *catalog.Table, limit int64) (n int64, all bool, err error) {
	prefix := indexPrefix(t, &t.Indexes[0])
	it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: prefixEnd(prefix)})
	defer it.Close()
	for it.Next() {
		n++
		if n == limit {
			return n, false, it.Err()
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return n, false, ctx.Err()
		}
	}
	return n, true, it.Err()
}

// Rows are counted up to countWhilePlanning when a table is first planned for; a
// larger one is taken to have guessRows until it has been counted.
const (
	countWhilePlanning = 20_000
	guessRows          = 1_000_000
)

// expected says how many rows a table has as far as that is known without counting.
func (r *rowCounts) expected(t *catalog.Table) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.entryLocked(keyOf(t))
	if c.known {
		return float64(c.rows)
	}
	return c.guess
}

// settled takes the number of rows that ANALYZE found as what to plan with, where
// the table has not been counted.
func (r *rowCounts) settled(k tableKey, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.entryLocked(k); !c.known {
		c.guess = float64(n)
	}
}

// estimate says how many rows the planner should expect. st, where not nil, is what
// ANALYZE found.
func (r *rowCounts) estimate(ctx context.Context, t *catalog.Table, st *stats.Table) float64 {
	k := keyOf(t)
	r.mu.Lock()
	c := r.entryLocked(k)
	known, rows, guess := c.known, c.rows, c.guess
	r.mu.Unlock()
	if known {
		return float64(max(rows, 0))
	}
	if guess > 0 {
		return guess
	}
	if st != nil { // since then nothing was noted, or the process has begun anew
		r.mu.Lock()
		c.guess = max(st.Rows, 1)
		r.mu.Unlock()
		return st.Rows
	}
	n, all, err := r.count(ctx, t, countWhilePlanning)
	if err != nil {
		return stats.DefaultRows
	}
	if all {
		return float64(n)
	}
	r.mu.Lock()
	c.guess = guessRows
	r.mu.Unlock()
	return guessRows
}

// fewestRows is what a table without statistics is planned for at least: it will grow, and a search by key
// reads less than a scan, so that fewer transactions conflict.
const fewestRows = 100

// told is what a plan was made with.
type told struct {
	rows float64
	gen  uint64 // of the statistics
}

// planSource gives the planner its statistics and notes what it was told.
type planSource struct {
	ctx  context.Context
	e    *Engine
	told map[tableKey]told
	seen map[tableKey]*stats.Table
	// external are the tables of other models.
	external map[tableKey]toldExternal
}

func (e *Engine) newPlanSource(ctx context.Context) *planSource {
	return &planSource{ctx: ctx, e: e, told: map[tableKey]told{}, seen: map[tableKey]*stats.Table{},
		external: map[tableKey]toldExternal{}}
}

// TableStats implements stats.Source.
func (p *planSource) TableStats(t *catalog.Table) *stats.Table {
	k := keyOf(t)
	if st := p.seen[k]; st != nil {
		return st
	}
	if t.External != nil {
		n := p.e.externalRows(p.ctx, t)
		p.external[k] = toldExternal{t, n}
		p.seen[k] = &stats.Table{Rows: max(n, fewestRows)}
		return p.seen[k]
	}
	st, gen, err := p.e.stats.of(p.ctx, k)
	if err != nil { // plans can be made without; the next ANALYZE replaces what is damaged
		st = nil
		if f := p.e.opts.Events.Background; f != nil && p.ctx.Err() == nil {
			f(err)
		}
	}
	n := p.e.rows.estimate(p.ctx, t, st)
	p.told[k] = told{n, gen}
	if st == nil {
		st, n = &stats.Table{}, max(n, fewestRows)
	}
	st = st.Scaled(max(n, 1))
	p.seen[k] = st
	return st
}

// moved reports whether a table has so changed that plans for it should be made anew.
func (r *rowCounts) moved(k tableKey, planned float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.mu.tables[k]
	if c == nil {
		return true
	}
	now := c.guess
	if c.known {
		now = float64(c.rows)
	}
	return now > 4*planned+200 || now < planned/8-200
}

func indexPrefix(t *catalog.Table, x *catalog.Index) []byte {
	return keyspace.AppendPrefix(nil, t.DB, keyspace.SpaceIndex, x.ID)
}

func prefixEnd(prefix []byte) []byte { return keyspace.End(prefix) }
