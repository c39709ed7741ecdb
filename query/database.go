package query

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/colstore"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Engine runs SQL on a store. It is safe for concurrent use.
type Engine struct {
	advisory advisoryKeys // in use

	store *txn.Store
	opts  Options
	cat   *catalog.Catalog
	seqs  *sequences
	rows  *rowCounts
	stats *statistics
	// columns has columns of tables for scans; nil where none are kept.
	columns *colstore.Cache

	texts *lru[textKey, *parsed]
	plans *lru[planKey, *compiled]

	quiet      quiet
	sessions   atomic.Int64 // that were opened
	continuous Continuous   // nil: nothing keeps queries over streams
	external   source.Memo[tableKey, externalCount]

	// onlineHook, where set by a test, is called before each batch of an index being built.
	onlineHook func()

	customs atomic.Int64 // plans made for the values of one execution, and run

	background sync.WaitGroup
	stop       context.CancelFunc
	ctx        context.Context
}

// New returns an engine on a store, and finishes what a crash left over.
func New(store *txn.Store, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if opts.SpillOwned {
		if err := exec.RemoveSpill(opts.SpillFS, opts.SpillDir); err != nil {
			return nil, fmt.Errorf("open query engine: %w", err)
		}
	}
	e := &Engine{store: store, opts: opts, cat: catalog.New(store)}
	e.seqs, e.stats = newSequences(store, e.cat), newStatistics(store)
	e.rows = newRowCounts(store)
	e.texts, e.plans = newLRU[textKey, *parsed](opts.PlanCache), newLRU[planKey, *compiled](opts.PlanCache)
	if opts.ColumnCacheBytes > 0 {
		e.columns = colstore.New(store, opts.ColumnCacheBytes)
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	if err := e.runDrops(e.ctx); err != nil {
		e.stop()
		return nil, fmt.Errorf("open query engine: %w", err)
	}
	if err := e.dropLeftovers(e.ctx); err != nil {
		e.stop()
		return nil, fmt.Errorf("open query engine: %w", err)
	}
	if opts.AutoAnalyze.Interval > 0 {
		e.background.Add(1)
		go e.autoAnalyze()
	}
	return e, nil
}

// Close ends what runs in the background and waits for it. Requests must have ended.
func (e *Engine) Close() error {
	e.stop()
	e.background.Wait()
	if e.columns != nil {
		e.columns.Close()
	}
	return nil
}

// CacheStats counts lookups of plans.
type CacheStats struct {
	Hits, Misses int64
	Entries      int
	// Custom counts executions that ran a plan made for the very values of their
	// parameters; the lookup of the plan for all values counts besides.
	Custom int64
}

// PlanCacheStats says how well the plan cache does.
func (e *Engine) PlanCacheStats() CacheStats {
	return CacheStats{Hits: e.plans.hits.Load(), Misses: e.plans.misses.Load(), Entries: e.plans.len(), Custom: e.customs.Load()}
}

// DatabaseInfo is one entry of the list of databases.
type DatabaseInfo struct {
	Name    string
	Created time.Time // zero for the default database
	Tables  int
}

// Databases lists all databases by name.
func (e *Engine) Databases(ctx context.Context) (list []DatabaseInfo, err error) {
	err = e.store.View(ctx, func(tx *txn.Tx) error {
		dbs, err := e.cat.Databases(tx)
		if err != nil {
			return err
		}
		for _, d := range dbs {
			s, err := e.cat.At(tx, d.ID)
			if err != nil {
				return err
			}
			list = append(list, DatabaseInfo{Name: d.Name, Created: d.Created, Tables: len(s.Tables())})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	return list, nil
}

// CreateDatabase adds a database.
func (e *Engine) CreateDatabase(ctx context.Context, name string) error {
	_, err := e.cat.CreateDatabase(ctx, name)
	return err
}

// runDrops removes the data of what was dropped, and forgets the columns that are kept of it.
func (e *Engine) runDrops(ctx context.Context) error {
	var dropped func(lower, upper []byte)
	if e.columns != nil {
		dropped = e.columns.Forget
	}
	return e.cat.RunDrops(ctx, dropped)
}

// DropDatabase removes a database with all that is in it.
func (e *Engine) DropDatabase(ctx context.Context, name string) error {
	if err := e.cat.DropDatabase(ctx, name); err != nil {
		return err
	}
	return e.runDrops(ctx)
}

// DatabaseID finds a database for another model, making it where that is asked for.
func (e *Engine) DatabaseID(ctx context.Context, name string, create bool) (keyspace.DatabaseID, error) {
	db, err := e.database(ctx, name, create)
	return db.ID, err
}

// isDefault reports whether a name is that of the database that is always there.
func isDefault(name string) bool { return name == "" || name == catalog.DefaultDatabase }

// database finds the database of a request, making it where that is asked for.
func (e *Engine) database(ctx context.Context, name string, create bool) (db catalog.Database, err error) {
	if isDefault(name) {
		return catalog.Database{ID: catalog.DefaultDatabaseID, Name: catalog.DefaultDatabase}, nil
	}
	if err := catalog.ValidDatabaseName(name); err != nil {
		return db, err
	}
	for {
		found := false
		err = e.store.View(ctx, func(tx *txn.Tx) (err error) {
			db, found, err = e.cat.Database(tx, name)
			return err
		})
		if err != nil || found {
			return db, err
		}
		if !create {
			return db, catalog.UnknownDatabase(name)
		}
		db, err = e.cat.CreateDatabase(ctx, name)
		if dup := dberr.As(err); dup == nil || dup.SQLState != dberr.StateDuplicateDatabase {
			return db, err
		}
	}
}

// databaseStatement runs CREATE DATABASE and DROP DATABASE, which take effect at
// once and so are refused within a transaction.
func (s *Session) databaseStatement(ctx context.Context, stmt ast.Stmt) (string, error) {
	name := "CREATE DATABASE"
	if _, ok := stmt.(*ast.Drop); ok {
		name = "DROP DATABASE"
	}
	if s.block || s.several {
		return "", dberr.SQL(dberr.StateActiveTransaction, "%s cannot run inside a transaction block", name).At(stmt.Pos())
	}
	switch st := stmt.(type) {
	case *ast.CreateDatabase:
		if len(st.Options) > 0 {
			return "", dberr.SQL(dberr.StateFeatureNotSupported, "option %q of CREATE DATABASE is not supported", st.Options[0].Name).At(st.Options[0].Pos())
		}
		err := s.e.CreateDatabase(ctx, st.Name)
		if dup := dberr.As(err); st.IfNotExists && dup != nil && dup.SQLState == dberr.StateDuplicateDatabase {
			err = nil
		}
		return name, err
	case *ast.Drop:
		for _, n := range st.Names {
			if n.Name == s.db.Name {
				return "", dberr.SQL(dberr.StateObjectInUse, "cannot drop the currently open database").At(n.Pos())
			}
			err := s.e.DropDatabase(ctx, n.Name)
			if gone := dberr.As(err); st.IfExists && gone != nil && gone.SQLState == dberr.StateInvalidCatalogName {
				err = nil
			}
			if err != nil {
				return "", err
			}
		}
	}
	return name, nil
}
