package query

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/opt"
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
	// SpillDir is where they put what does not fit; "" means the system's place.
	SpillDir string
	// PlanCache is the number of statements whose plans are kept. Default 1024;
	// negative keeps none.
	PlanCache int
	// Retries is how often a transaction of one call is run again after a conflict
	// with another. Default 20; negative means never.
	Retries int
	// Version is what version() and SHOW server_version say.
	Version string
	// Planner switches planning methods off, to compare plans.
	Planner opt.Settings
	// Events, where set, is told what the engine does. Its functions must not block.
	Events Events
}

// Events are told what an engine does; nil ones are skipped.
type Events struct {
	// Statement is called after each statement.
	Statement func(s StatementEvent)
	// Retry is called when a transaction is run again after a conflict.
	Retry func(attempt int)
	// Background is called with errors of work that nobody waits for.
	Background func(err error)
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
	if o.MemoryBytes == 0 {
		o.MemoryBytes = 256 << 20
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
	check(o.Retries <= 1000, "query.retries is %d, want at most 1000", o.Retries)
	if len(errs) > 0 {
		return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
	}
	return nil
}
