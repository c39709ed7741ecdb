package query

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/storage/vfs"
)

// Options tunes an Engine. The zero value gives the defaults.
type Options struct {
	// Timeout bounds a request that names none. Default 30 s; negative means none.
	Timeout time.Duration
	// MaxRows bounds the rows of each result of a request that names no bound.
	// Default 100,000; negative means none.
	MaxRows int
	// MaxSQLBytes is the longest text of a request. Default 1 MiB.
	MaxSQLBytes int
	// MaxNesting is the deepest nesting of a statement. Default 500.
	MaxNesting int
	// MemoryBytes is what sorts, hash tables and kept rows of one statement may
	// hold in memory. Default 256 MiB.
	MemoryBytes int64
	// SpillFS and SpillDir are where they put what does not fit; nil and "" mean the
	// machine's file system and the system's place. Files that an ended process has left
	// in SpillDir are removed by New where SpillOwned says that only this engine uses it.
	SpillFS    vfs.FS
	SpillDir   string
	SpillOwned bool
	// ColumnCacheBytes is the memory for columns of tables that scans have read. Default
	// 256 MiB; negative means none.
	ColumnCacheBytes int64
	// PlanCache is the number of statements whose plans are kept. Default 1024;
	// negative keeps none.
	PlanCache int
	// AutoAnalyze refreshes the planner's statistics in the background.
	AutoAnalyze AutoAnalyze
	// Retries is how often a transaction of one call is run again after a conflict
	// with another. Default 20; negative means never.
	Retries int
	// Version is what version() and SHOW server_version say.
	Version string
	// Planner switches planning methods off, to compare plans.
	Planner opt.Settings
	// Sources are other models, whose objects are tables of SQL, each in a schema of its
	// own.
	Sources []source.Source
	// Events, where set, is told what the engine does. Its functions must not block.
	Events Events
}

// AutoAnalyze says when the statistics of a table are collected anew without being
// asked for: once Threshold rows and Percent of its rows have changed.
type AutoAnalyze struct {
	// Interval is the time between two looks at what has changed. Default 1 min;
	// negative never looks.
	Interval time.Duration
	// Threshold is a number of rows. Default 50.
	Threshold int
	// Percent is a part of the rows that ANALYZE found last. Default 10.
	Percent int
}

// Events are told what an engine does; nil ones are skipped.
type Events struct {
	// Statement is called after each statement.
	Statement func(s StatementEvent)
	// Retry is called when a transaction is run again after a conflict.
	Retry func(attempt int)
	// Analyzed is called when the statistics of a table have been stored.
	Analyzed func(a AnalyzeEvent)
	// Background is called with errors of work that nobody waits for.
	Background func(err error)
}

// AnalyzeEvent describes statistics that have been collected.
type AnalyzeEvent struct {
	Table   uint64 // its id
	Rows    int64
	Sampled int64 // rows looked at
}

// StatementEvent describes one finished statement.
type StatementEvent struct {
	SQL       string // the statement's own text
	Database  string
	Command   string // its tag, "" where it failed before that was known
	Duration  time.Duration
	Planning  time.Duration
	Rows      int64
	PlanCache bool // the plan came from the cache
	Err       error
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	def(&o.MaxRows, 100_000)
	def(&o.MaxSQLBytes, 1<<20)
	def(&o.MaxNesting, 500)
	def(&o.PlanCache, 1024)
	def(&o.Retries, 20)
	def(&o.AutoAnalyze.Threshold, 50)
	if o.AutoAnalyze.Interval == 0 {
		o.AutoAnalyze.Interval = time.Minute
	}
	def(&o.AutoAnalyze.Percent, 10)
	if o.MemoryBytes == 0 {
		o.MemoryBytes = 256 << 20
	}
	if o.ColumnCacheBytes == 0 {
		o.ColumnCacheBytes = 256 << 20
	}
	if o.Version == "" {
		o.Version = "15.0 (Weft)"
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.MaxSQLBytes > 0, "query.max_sql_bytes is %d, want more than 0", o.MaxSQLBytes)
	check(o.MaxNesting > 0 && o.MaxNesting <= 5000, "query.max_nesting is %d, want 1 to 5000", o.MaxNesting)
	check(o.MemoryBytes >= 1<<20, "query.memory_bytes is %d, want at least 1 MiB", o.MemoryBytes)
	check(o.PlanCache <= 1<<20, "query.plan_cache is %d, want at most 1048576", o.PlanCache)
	check(o.AutoAnalyze.Threshold > 0, "query.analyze_threshold is %d, want more than 0", o.AutoAnalyze.Threshold)
	check(o.AutoAnalyze.Percent > 0 && o.AutoAnalyze.Percent <= 1000, "query.analyze_percent is %d, want 1 to 1000", o.AutoAnalyze.Percent)
	check(o.Retries <= 1000, "query.retries is %d, want at most 1000", o.Retries)
	if len(errs) > 0 {
		return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
	}
	return nil
}
