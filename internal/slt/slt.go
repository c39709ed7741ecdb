// Package slt runs sqllogictest scripts against a database.
//
// It reads SQLite's original format and the dialects of DuckDB and RisingWave: statement and
// query records, skipif and onlyif, hash-threshold and hashed results, labels, halt, loop and
// foreach, include, and results written one value or one row a line. A record that it does
// not know fails the file; nothing is passed over in silence, and what is skipped is counted.
package slt

import (
	"context"
	"fmt"
	"time"
)

// Column describes a result column.
type Column struct{ Name, Type string }

// DB is the database under test. Values are in PostgreSQL's text form, nil is NULL.
type DB interface {
	Exec(ctx context.Context, sql string) error
	Query(ctx context.Context, sql string) ([]Column, [][]*string, error)
}

// Options tunes a run. The zero value runs with the names "postgresql" and "weft".
type Options struct {
	// Names are what skipif and onlyif call the database. Default postgresql, weft.
	Names []string
	// MaxFailures is how many failures of a file are described; all are counted. Default 10.
	MaxFailures int
	// RecordTimeout bounds one record. Default one minute.
	RecordTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if len(o.Names) == 0 {
		o.Names = []string{"postgresql", "weft"}
	}
	if o.MaxFailures <= 0 {
		o.MaxFailures = 10
	}
	if o.RecordTimeout <= 0 {
		o.RecordTimeout = time.Minute
	}
	return o
}

// Failure is a record that did not hold.
type Failure struct {
	File    string
	Line    int
	SQL     string
	Message string
}

// String tells where, what and why.
func (f Failure) String() string {
	return fmt.Sprintf("%s:%d: %s\n%s", f.File, f.Line, f.Message, indent(f.SQL))
}

// Report counts the records of a file.
type Report struct {
	File           string
	Passed, Failed int
	Skipped        int
	Failures       []Failure // the first ones
	Elapsed        time.Duration
	SkipReason     string // why the whole rest of the file was skipped, "" if it was not
	maxOut         int
}

// OK says whether no record failed.
func (r *Report) OK() bool { return r.Failed == 0 }

// String is the line of counts.
func (r *Report) String() string {
	s := fmt.Sprintf("%s: %d passed, %d failed, %d skipped (%s)", r.File, r.Passed, r.Failed, r.Skipped, r.Elapsed.Round(time.Millisecond))
	if r.SkipReason != "" {
		s += "; rest skipped: " + r.SkipReason
	}
	return s
}

func (r *Report) fail(f Failure) {
	r.Failed++
	if len(r.Failures) < r.maxOut {
		r.Failures = append(r.Failures, f)
	}
}
