package slt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// runner runs the records of one file.
type runner struct {
	db     DB
	opts   Options
	rep    *Report
	labels map[string]string
	vars   map[string]string
	halted bool
	// skipping is true between mode skip and mode unskip; sort is what control sortmode set.
	skipping bool
	sort     string
}

// RunFile runs a script. The database should be as it wants it, usually empty. The
// error is about the script (which cannot be read) or ctx, not about records.
func RunFile(ctx context.Context, db DB, path string, opts Options) (*Report, error) {
	opts = opts.withDefaults()
	rep := &Report{File: path, maxOut: opts.MaxFailures}
	recs, err := load(path, 0)
	if err != nil {
		return rep, err
	}
	r := &runner{db: db, opts: opts, rep: rep, labels: map[string]string{}, vars: map[string]string{}}
	began := time.Now()
	err = r.run(ctx, recs)
	rep.Elapsed = time.Since(began)
	return rep, err
}

func (r *runner) run(ctx context.Context, recs []record) error {
	for _, rec := range recs {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("run %s: %w", r.rep.File, err)
		}
		switch {
		case r.halted || r.excluded(rec) || r.skipping && rec.kind != control:
			r.skip(rec)
		case rec.kind == block:
			if err := r.loop(ctx, rec.substitute(r.vars)); err != nil {
				return err
			}
		case rec.kind == control:
			r.control(rec.substitute(r.vars))
		default:
			r.one(ctx, rec.substitute(r.vars))
		}
	}
	return nil
}

// skip counts a record, or those of a loop once, as skipped.
func (r *runner) skip(rec record) {
	switch rec.kind {
	case block:
		for _, b := range rec.body {
			r.skip(b)
		}
	case statement, query:
		r.rep.Skipped++
	}
}

// excluded says whether skipif or onlyif leave the record out.
func (r *runner) excluded(rec record) bool {
	for _, c := range rec.conds {
		if ours := slices.Contains(r.opts.Names, c[1]); ours == (c[0] == "skipif") {
			return true
		}
	}
	return false
}

func (r *runner) loop(ctx context.Context, rec record) error {
	old, had := r.vars[rec.variable]
	for _, v := range rec.values {
		r.vars[rec.variable] = v
		if err := r.run(ctx, rec.body); err != nil {
			return err
		}
	}
	if had {
		r.vars[rec.variable] = old
	} else {
		delete(r.vars, rec.variable)
	}
	return nil
}

// control obeys a command of the script.
func (r *runner) control(rec record) {
	stop := func(reason string) { r.halted, r.rep.SkipReason = true, reason }
	switch w := rec.words; {
	case w[0] == "halt":
		stop("halt")
	case w[0] == "hash-threshold", w[0] == "subtest": // results say themselves whether they are hashed
	case w[0] == "mode" && len(w) > 1 && (w[1] == "skip" || w[1] == "unskip"):
		r.skipping = w[1] == "skip"
	case w[0] == "require":
		stop(strings.Join(w, " "))
	case w[0] == "control" && len(w) > 2 && w[1] == "sortmode":
		r.sort = w[2]
	case w[0] == "control" && len(w) > 2 && w[1] == "resultmode": // both are tried
	default:
		r.rep.fail(Failure{rec.file, rec.line, strings.Join(w, " "), "unknown record"})
	}
}

func (r *runner) one(ctx context.Context, rec record) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.RecordTimeout)
	defer cancel()
	if rec.sortMode == "nosort" && r.sort != "" {
		rec.sortMode = r.sort
	}
	message := ""
	if rec.kind == statement {
		message = r.statement(ctx, rec)
	} else {
		message = r.query(ctx, rec)
	}
	if message == "" {
		r.rep.Passed++
		return
	}
	r.rep.fail(Failure{rec.file, rec.line, rec.sql, message})
}

func (r *runner) statement(ctx context.Context, rec record) string {
	if rec.expect == "count" {
		_, rows, err := r.db.Query(ctx, rec.sql)
		if err == nil && len(rows) > 0 && len(rows) != rec.count {
			return fmt.Sprintf("got %d rows, want %d", len(rows), rec.count)
		}
		return unexpected(err)
	}
	err := r.db.Exec(ctx, rec.sql)
	switch {
	case rec.expect == "ok":
		return unexpected(err)
	case err == nil && rec.expect == "error":
		return "succeeded, want an error"
	case err != nil && !errorMatches(rec.pattern, err.Error()):
		return fmt.Sprintf("got error %v, want %s", err, rec.pattern)
	}
	return ""
}

func unexpected(err error) string {
	if err != nil {
		return "got error " + err.Error()
	}
	return ""
}

func (r *runner) query(ctx context.Context, rec record) string {
	cols, rows, err := r.db.Query(ctx, rec.sql)
	if err != nil {
		return unexpected(err)
	}
	if rec.types != "" && len(cols) > 0 && len(cols) != len(rec.types) && !strings.Contains(rec.types, "?") && len(rec.types) > 1 {
		return fmt.Sprintf("got %d columns, want %d", len(cols), len(rec.types))
	}
	if message := compare(rec, rows); message != "" && (rec.hasWant || len(rows) > 0) {
		return message
	}
	if rec.label == "" {
		return ""
	}
	hash := hashOf(flatten(rec.sortMode, render(rec.types, rows).classic))
	if old, ok := r.labels[rec.label]; ok && old != hash {
		return fmt.Sprintf("the result differs from the one before with label %s", rec.label)
	}
	r.labels[rec.label] = hash
	return ""
}
