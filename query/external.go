package query

import (
	"context"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/stats"
	"github.com/weftdb/weft/storage/txn"
)

// sourceOf finds the model whose tables a schema has; nil where it is no model's.
func (e *Engine) sourceOf(schema string) source.Source {
	for _, s := range e.opts.Sources {
		if s.Schema() == schema {
			return s
		}
	}
	return nil
}

// external finds a table of another model for the binder.
func (s *Session) external(schema, name string, asOf uint64) (*catalog.Table, error) {
	if asOf == 0 {
		return s.externalAt(s.tx, schema, name)
	}
	tx, err := s.past(asOf)
	if err != nil {
		return nil, err
	}
	return s.externalAt(tx, schema, name)
}

func (s *Session) externalAt(tx *txn.Tx, schema, name string) (*catalog.Table, error) {
	src := s.e.sourceOf(schema)
	if src == nil {
		return nil, nil
	}
	t, err := src.Table(tx, s.db.ID, name)
	if err != nil {
		return nil, source.Fail(err)
	}
	if t == nil {
		return nil, dberr.SQL(dberr.StateUndefinedTable, "relation \"%s.%s\" does not exist", schema, name).WithHint("%s", src.Missing(name))
	}
	return t, nil
}

// toldExternal is a table of another model with what a plan was told of it.
type toldExternal struct {
	table *catalog.Table
	rows  float64
}

// externalHolds reports whether the definitions of the other models' tables that a plan
// names are what they were, and their rows about as many.
func (s *Session) externalHolds(ctx context.Context, c *compiled) (bool, error) {
	for _, told := range c.external {
		src := s.e.sourceOf(told.table.Schema)
		if src == nil {
			return false, nil
		}
		now, err := src.Table(s.tx, s.db.ID, told.table.Name)
		if err != nil {
			return false, source.Fail(err)
		}
		if now == nil || now.ID != told.table.ID || now.External.Stamp != told.table.External.Stamp {
			return false, nil
		}
		if n := s.e.externalRows(ctx, now); n > 4*told.rows+200 || n < told.rows/8-200 {
			return false, nil
		}
	}
	return true, nil
}

// externalCount is about how many rows a table of another model has.
type externalCount struct {
	rows float64
	at   time.Time
}

const (
	externalFresh   = 10 * time.Second // how long a count is believed
	externalCounted = 5_000            // rows that are counted; a table of more has guessRows
)

// externalRows says how many rows of another model's table the planner should expect.
func (e *Engine) externalRows(ctx context.Context, t *catalog.Table) float64 {
	k := keyOf(t)
	c, known := e.external.Get(k)
	if known && (c.rows == guessRows || time.Since(c.at) < externalFresh) {
		return c.rows
	}
	n, err := e.sourceOf(t.Schema).Count(ctx, t, externalCounted)
	if err != nil {
		return stats.DefaultRows
	}
	c = externalCount{float64(n), time.Now()}
	if n == externalCounted {
		c.rows = guessRows
	}
	e.external.Keep(k, c)
	return c.rows
}

// withExternal is a catalog with the tables of other models in it.
func (e *Engine) withExternal(tx *txn.Tx, snap *catalog.Snapshot) (*catalog.Snapshot, error) {
	if len(e.opts.Sources) == 0 || tx == nil {
		return snap, nil
	}
	var schemas []string
	var tables []*catalog.Table
	for _, src := range e.opts.Sources {
		list, err := src.Tables(tx, snap.DB)
		if err != nil {
			return nil, source.Fail(err)
		}
		schemas, tables = append(schemas, src.Schema()), slices.Concat(tables, list)
	}
	return snap.With(schemas, tables), nil
}

// allTables is the catalog as the session sees it, with the tables of other models.
func (s *Session) allTables() (*catalog.Snapshot, error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return nil, err
	}
	return s.e.withExternal(s.tx, snap)
}

// searchCounted is how many rows of a search are counted; one that finds more is estimated.
const searchCounted = 500

// SearchRows implements opt.Searcher.
func (p *planSource) SearchRows(t *catalog.Table, x *catalog.Index, probes []source.Probe) (rows float64, counted, usable bool) {
	src, is := p.e.sourceOf(t.Schema).(source.Estimator)
	if !is {
		return 0, false, false
	}
	n, ok, err := src.Estimate(p.ctx, t, x, probes, searchCounted)
	if err != nil || !ok {
		return 0, false, false
	}
	return float64(n), n < searchCounted, true
}

// searchText runs fts.search in the session's transaction or a view of it.
func (s *Session) searchText(ctx context.Context, tx *txn.Tx, t fn.TextSearch) (fn.TextHits, error) {
	for _, src := range s.e.opts.Sources {
		if x, ok := src.(source.TextSearcher); ok {
			found, err := x.SearchText(ctx, tx, s.db.ID, t)
			return found, source.Fail(err)
		}
	}
	return fn.TextHits{}, dberr.SQL(dberr.StateFeatureNotSupported, "fts.search() is not supported: no model with full-text indexes is open")
}
