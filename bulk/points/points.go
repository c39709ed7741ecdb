// Package points brings files into metrics of time series: CSV, JSON arrays and NDJSON as
// package bulk reads them.
//
// It promises that no record is lost silently: each one becomes a point or is handed to
// the caller with its line and the reason; that an atomic import writes all records or
// none; and to stream: a batch is held at a time, or all points of an atomic import, whose
// number is bounded. A record has a time, fields and tags, each in a column of its own, or
// tags and fields as JSON objects in the columns of these names.
//
// It owns what columns mean. It refuses columns that are not there, times that it cannot
// read for certain, values that a field cannot hold, and records without a value.
package points

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// MaxAtomic is how many points an atomic import may have.
const MaxAtomic = 1_000_000

// batchPoints is how many points one transaction writes of an import that is not atomic.
const batchPoints = 5_000

// Spec says what is imported, and what its columns mean.
type Spec struct {
	Input  bulk.Options
	Metric string
	// Time is the column with the time; empty: time, or timestamp.
	Time string
	// TimeFormat is how times are written, in the letters of strftime; empty: RFC 3339, a date
	// with or without a time, or a number since 1970.
	TimeFormat string
	// Unit is how many nanoseconds a number counts; 0: as its magnitude tells.
	Unit int64
	// Zone is that of times without one. nil: UTC.
	Zone *time.Location
	// Tags are the columns that are tags; Fields those that are fields, which are all others
	// where it is empty.
	Tags, Fields []string
	// Types are those of fields where they are to be other than guessed.
	Types map[string]block.Kind
	// Atomic writes all or nothing.
	Atomic bool
	// Reject, where set, is given the records that are left out, in their order but for
	// those of one batch.
	Reject func(bulk.Reject) error
}

// Result says what an import did.
type Result struct {
	Points   int64
	Rejected int64
}

// Import reads records and writes points. What it had written when it failed is in the
// result, too.
func Import(ctx context.Context, store *timeseries.Store, r io.Reader, spec Spec) (Result, error) {
	l := &loader{ctx: ctx, store: store, spec: &spec, kinds: make(map[string]block.Kind)}
	err := l.run(r)
	return l.res, err
}

// loader is an import under way.
type loader struct {
	ctx    context.Context
	store  *timeseries.Store
	spec   *Spec
	layout string // of times, in Go's words; empty: guessed
	src    *bulk.Source
	res    Result

	columns []column              // of those of the source that were seen
	kinds   map[string]block.Kind // of fields, as they are by now
	records int64
	batch   []timeseries.Point
	origins []bulk.Reject // where the points of batch are from
	rejects []bulk.Reject
}

// role is what a column is.
type role uint8

const (
	roleNone role = iota
	roleTime
	roleTag
	roleField
	roleTags   // a JSON object of tags
	roleFields // and of fields
)

type column struct {
	name string
	role role
}

func (l *loader) run(r io.Reader) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	if l.src, err = bulk.Open(r, l.spec.Input); err != nil {
		return err
	}
	defer l.src.Close()
	if l.src.Format == bulk.FormatCSV { // the others get their columns as they come
		if err := l.named(); err != nil {
			return err
		}
	}
	if err := l.learn(); err != nil {
		return err
	}
	for {
		var rec bulk.Record
		var bad *bulk.RecordError
		err := l.src.Read(&rec)
		switch {
		case errors.Is(err, io.EOF):
			return l.flush()
		case errors.As(err, &bad):
			l.records++
			err = l.reject(bulk.Reject{Line: bad.Line, Record: l.records, Reason: bad.Reason, Raw: bad.Raw})
		case err == nil:
			l.records++
			err = l.record(&rec)
		}
		if err == nil && !l.spec.Atomic && len(l.batch)+len(l.rejects) >= batchPoints {
			err = l.flush()
		}
		if err == nil {
			err = l.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

func invalid(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

// check holds the spec against the rules.
func (l *loader) check() (err error) {
	s := l.spec
	if s.Metric == "" {
		return invalid("MISSING_FIELD", "metric", "the import needs the metric")
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	if s.TimeFormat != "" && s.Unit != 0 {
		return invalid("INVALID_FIELD", "precision", "precision is of times that are numbers, and time_format of those that are not")
	}
	seen := make(map[string]string)
	for _, part := range []struct {
		name string
		list []string
	}{{"time", []string{s.Time}}, {"tags", s.Tags}, {"fields", s.Fields}} {
		for _, name := range part.list {
			if was := seen[name]; was != "" && name != "" {
				return invalid("INVALID_FIELD", part.name, "the column %q is in %s and in %s", shorten(name), was, part.name)
			}
			seen[name] = part.name
		}
	}
	l.layout, err = layoutOf(s.TimeFormat)
	return err
}

// named refuses columns that were named and are not there.
func (l *loader) named() error {
	have := l.src.Columns()
	for field, names := range map[string][]string{"time": {l.timeName(have)}, "tags": l.spec.Tags, "fields": l.spec.Fields} {
		for _, name := range names {
			if !slices.Contains(have, name) {
				return invalid("COLUMN_NOT_FOUND", field, "there is no column %q", shorten(name)).WithHint("the columns are %s", listed(have))
			}
		}
	}
	return nil
}

func listed(names []string) string {
	text := ""
	for i, name := range names[:min(len(names), 20)] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%q", shorten(name))
	}
	if len(names) > 20 {
		text += fmt.Sprintf(" and %d more", len(names)-20)
	}
	return text
}

// timeName is the column with the time.
func (l *loader) timeName(have []string) string {
	if l.spec.Time != "" {
		return l.spec.Time
	}
	if !slices.Contains(have, "time") && slices.Contains(have, "timestamp") {
		return "timestamp"
	}
	return "time"
}

// settle finds out what the columns are that have come up.
func (l *loader) settle() {
	have := l.src.Columns()
	at := l.timeName(have)
	for _, name := range have[len(l.columns):] {
		c := column{name: name}
		switch {
		case name == at:
			c.role = roleTime
		case slices.Contains(l.spec.Tags, name):
			c.role = roleTag
		case slices.Contains(l.spec.Fields, name):
			c.role = roleField
		case l.src.Format != bulk.FormatCSV && name == "tags":
			c.role = roleTags
		case l.src.Format != bulk.FormatCSV && name == "fields":
			c.role = roleFields
		case len(l.spec.Fields) == 0:
			c.role = roleField
		}
		l.columns = append(l.columns, c)
	}
}

// learn finds out of what kinds the fields are by now.
func (l *loader) learn() error {
	m, err := l.store.Metric(l.ctx, l.spec.Metric)
	if err != nil && !errors.Is(err, dberr.ErrNotFound) {
		return err
	}
	clear(l.kinds)
	for name, kind := range l.spec.Types {
		l.kinds[name] = kind
	}
	if m != nil && err == nil {
		for _, f := range m.Fields {
			if kind := l.spec.Types[f.Name]; kind != 0 && kind != f.Kind {
				return dberr.New(dberr.ErrConstraint, "FIELD_TYPE_CONFLICT", "field %q of metric %q is of type %v, not %v", shorten(f.Name), shorten(m.Name), f.Kind, kind).WithField("types")
			}
			l.kinds[f.Name] = f.Kind
		}
	}
	return nil
}

// record makes a point of a record.
func (l *loader) record(rec *bulk.Record) error {
	if len(l.src.Columns()) > len(l.columns) {
		l.settle()
	}
	from := bulk.Reject{Line: rec.Line, Record: l.records, Raw: rec.Raw}
	p, reason := l.point(rec)
	if reason != "" {
		from.Reason = reason
		return l.reject(from)
	}
	if l.spec.Atomic && len(l.batch) >= MaxAtomic {
		return dberr.New(dberr.ErrTooLarge, "TOO_MANY_POINTS", "an atomic import has at most %d points; nothing was imported", MaxAtomic).WithField("mode").WithHint("import without atomic: sending points again does no harm")
	}
	if l.spec.Reject == nil {
		from.Raw = nil
	}
	from.Raw = slices.Clone(from.Raw)
	l.batch, l.origins = append(l.batch, p), append(l.origins, from)
	return nil
}

// reject leaves a record out, or ends an import that is to have all.
func (l *loader) reject(r bulk.Reject) error {
	if l.spec.Atomic {
		return dberr.New(dberr.ErrConstraint, "IMPORT_REJECTED", "line %d: %s; nothing was imported", r.Line, r.Reason).
			WithHint("correct the record, or import without atomic to keep the others")
	}
	r.Raw = slices.Clone(r.Raw)
	l.rejects = append(l.rejects, r)
	return nil
}

// flush writes the batch.
func (l *loader) flush() error {
	if l.spec.Atomic {
		return l.flushAll()
	}
	refused, err := l.store.WriteEach(l.ctx, l.batch)
	if err != nil {
		return err
	}
	l.res.Points += int64(len(l.batch) - len(refused))
	for _, r := range refused {
		from := l.origins[r.Point]
		from.Reason = message(r.Err)
		l.rejects = append(l.rejects, from)
	}
	slices.SortFunc(l.rejects, func(a, b bulk.Reject) int { return int(a.Record - b.Record) })
	for _, r := range l.rejects {
		l.res.Rejected++
		if l.spec.Reject != nil {
			if err := l.spec.Reject(r); err != nil {
				return err
			}
		}
	}
	l.batch, l.origins, l.rejects = l.batch[:0], l.origins[:0], nil
	return l.learn()
}

// flushAll writes all in one transaction.
func (l *loader) flushAll() error {
	first, err := l.store.WriteAll(l.ctx, l.batch)
	switch {
	case err == nil:
		l.res.Points = int64(len(l.batch))
	case first != nil && (errors.Is(err, dberr.ErrInvalid) || errors.Is(err, dberr.ErrConstraint) || errors.Is(err, dberr.ErrTooLarge)):
		return l.reject(bulk.Reject{Line: l.origins[first.Point].Line, Reason: message(first.Err)})
	}
	return err
}

func message(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Message
	}
	return err.Error()
}

// shorten cuts a text of a message down.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
