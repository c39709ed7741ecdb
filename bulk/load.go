package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Target is the database that an import fills.
type Target interface {
	// Table returns the columns of a table, and whether it exists.
	Table(ctx context.Context, name string) ([]TableColumn, bool, error)
	// Create runs a CREATE TABLE statement.
	Create(ctx context.Context, statement string) error
	// Insert adds the rows of a batch, of the named columns. Rows that a constraint
	// refuses are left out and returned; all others are committed when it returns, in order.
	Insert(ctx context.Context, table string, columns []string, b *vec.Batch) ([]RowError, error)
	// InsertAll adds batches in one transaction, until next returns nil. Where it
	// fails nothing of them is there.
	InsertAll(ctx context.Context, table string, columns []string, next func() (*vec.Batch, error)) error
}

// RawTarget is a target that reads CSV itself, as one on the other side of a network does.
type RawTarget interface {
	Target
	// InsertRaw is Insert of the records of a batch as they stand in the input, in UTF-8.
	InsertRaw(ctx context.Context, table string, b RawBatch) ([]RowError, error)
}

// RawBatch is CSV records, each with a line end.
type RawBatch struct {
	Text      []byte
	Rows      int
	Columns   []string // of the fields, in their order
	Delimiter byte
	NullText  string
	Ragged    Ragged
}

// RowError says why a row of a batch was refused.
type RowError struct {
	Row    int // index in the batch
	Reason string
}

// Spec says what to import, and how.
type Spec struct {
	Table string
	Input Options
	// Types fixes the types of columns of a new table, by field name.
	Types map[string]sqltype.Type
	// PrimaryKey names the key columns of a new table.
	PrimaryKey []string
	// Atomic imports all records in one transaction or none: the first record that
	// cannot be imported ends it. The transaction's size limit applies.
	Atomic bool
	// BatchRows and BatchBytes bound a transaction otherwise. Defaults 8192 and 4 MiB.
	BatchRows, BatchBytes int
}

// Reject is a record that did not become a row.
type Reject struct {
	Line   int64 // on which it starts
	Record int64 // its number among the records, from 1
	Reason string
	Raw    []byte // the record as it stands in the input; valid during the call
}

// Progress is told while an import runs.
type Progress struct {
	Reading bool  // the first pass, which guesses the types
	Records int64 // records read in this pass
	Rows    int64 // rows imported
	Rejects int64
}

// Observer is told what happens. Nil functions are not called.
type Observer struct {
	Reject   func(Reject) error // an error ends the import
	Progress func(Progress)
	Planned  func(Plan, Guess) error // before anything is written; an error ends the import
}

// Result is what an import did. On failure it says what had been committed.
type Result struct {
	Rows, Rejected int64
	Created        bool
	Plan           Plan
}

// Import reads an input and fills a table with it. open gives the input from its
// start; it is called a second time where types have to be guessed first, so that nothing is
// written before the whole input has been read once. A record that cannot be a row — malformed,
// of a wrong type, against a constraint — goes to obs.Reject, and the others are imported.
func Import(ctx context.Context, target Target, open func() (io.ReadCloser, error), spec Spec, obs Observer) (Result, error) {
	if spec.BatchRows == 0 {
		spec.BatchRows = 8192
	}
	if spec.BatchBytes == 0 {
		spec.BatchBytes = 4 << 20
	}
	l := &loader{ctx: ctx, target: target, open: open, spec: spec, obs: obs}
	if spec.Table == "" {
		return l.res, dberr.New(dberr.ErrInvalid, "MISSING_FIELD", "table is missing: name the table to import into").WithField("table")
	}
	if err := l.plan(); err != nil {
		return l.res, err
	}
	if l.res.Plan.Create != "" {
		if err := target.Create(ctx, l.res.Plan.Create); err != nil {
			return l.res, err
		}
		l.res.Created = true
	}
	return l.res, l.load()
}

type loader struct {
	ctx      context.Context
	target   Target
	open     func() (io.ReadCloser, error)
	spec     Spec
	obs      Observer
	records  int64     // read so far; the reading side's
	b        *batcher  // the reading side's
	bad      []Reject  // the reading side's: rejected beside the batch at hand
	raw      RawTarget // set where records are passed on as they are,
	rawBatch RawBatch  // with what is the same for all batches
	res      Result    // the inserting side's once loading has begun
}

func (l *loader) source() (*Source, io.Closer, error) {
	in, err := l.open()
	if err != nil {
		return nil, nil, err
	}
	src, err := Open(in, l.spec.Input)
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return src, in, nil
}

// plan decides which field goes to which column. It reads the whole input unless
// the table exists and the input has a header.
func (l *loader) plan() error {
	columns, exists, err := l.target.Table(l.ctx, l.spec.Table)
	if err != nil {
		return err
	}
	src, in, err := l.source()
	if err != nil {
		return err
	}
	defer in.Close()
	defer src.Close()
	var guess Guess
	fields := src.Columns()
	if !exists || src.Format != FormatCSV || len(fields) == 0 {
		guess, err = Infer(l.ctx, src, func(n int64) { l.progress(Progress{Reading: true, Records: n}) })
		if err != nil {
			return err
		}
		fields = src.Columns()
	}
	if exists {
		if len(l.spec.Types) > 0 || len(l.spec.PrimaryKey) > 0 {
			return dberr.New(dberr.ErrInvalid, "TABLE_EXISTS", "table %q exists already: its types and key cannot be given", l.spec.Table).WithField("types")
		}
		l.res.Plan, err = matchTable(l.spec.Table, columns, fields)
	} else {
		l.res.Plan, err = newTable(l.spec, guess)
	}
	if err == nil && l.obs.Planned != nil {
		err = l.obs.Planned(l.res.Plan, guess)
	}
	return err
}

func (l *loader) progress(p Progress) {
	if l.obs.Progress != nil {
		l.obs.Progress(p)
	}
}

// filled is a batch on its way to the target.
type filled struct {
	batch   *vec.Batch
	raw     []byte // in place of batch, where records are passed on as they are
	recs    []origin
	rejects []Reject // records among them that could not become rows
	read    int64    // records read so far
}

// load reads and inserts at the same time: while one batch is being inserted the
// next is being read. Calls of the observer come from the inserting side.
func (l *loader) load() error {
	src, in, err := l.source()
	if err != nil {
		return err
	}
	defer in.Close()
	defer src.Close()
	l.b = newBatcher(l.res.Plan.Columns, l.res.Plan.From)
	l.passOn(src)
	if l.spec.Atomic {
		return l.atomic(src)
	}
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	work := make(chan filled)
	done := make(chan error, 1)
	go func() { done <- l.insertAll(ctx, cancel, work) }()
	readErr := l.readAll(ctx, src, work)
	close(work)
	insertErr := <-done
	if insertErr != nil {
		return insertErr
	}
	return readErr
}

// passOn has records passed on as they are, where the target takes them and every field goes
// to a column.
func (l *loader) passOn(src *Source) {
	target, ok := l.target.(RawTarget)
	if !ok || l.spec.Atomic || src.Format != FormatCSV {
		return
	}
	fields := len(src.Columns())
	columns := make([]string, fields)
	for i, k := range l.res.Plan.From {
		if k < 0 {
			continue
		}
		if k >= fields || columns[k] != "" {
			return
		}
		columns[k] = l.res.Plan.Columns[i].Name
	}
	if fields == 0 || slices.Contains(columns, "") {
		return
	}
	l.raw = target
	l.rawBatch = RawBatch{Columns: columns, Delimiter: src.Delimiter, NullText: l.spec.Input.NullText, Ragged: l.spec.Input.withDefaults().Ragged}
	l.b.raw = true
}

func (l *loader) readAll(ctx context.Context, src *Source, work chan<- filled) error {
	for {
		err := l.fill(ctx, src)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if l.b.rows() > 0 || len(l.bad) > 0 || end {
			select {
			case work <- filled{l.b.batch, l.b.raws, l.b.recs, l.bad, l.records}:
			case <-ctx.Done():
				return ctx.Err()
			}
			l.b.reset()
			l.bad = nil
		}
		if end {
			return nil
		}
	}
}

// insertAll inserts batches as they come; its failure stops the reading.
func (l *loader) insertAll(ctx context.Context, stop func(), work <-chan filled) (err error) {
	for f := range work {
		if err != nil {
			continue // the reader is about to notice
		}
		if err = l.insert(ctx, f); err != nil {
			stop()
		}
	}
	return err
}

// insert inserts a batch and tells of its rejected records, in their order.
func (l *loader) insert(ctx context.Context, f filled) error {
	var refused []RowError
	if len(f.recs) > 0 {
		var err error
		if refused, err = l.send(ctx, f); err != nil {
			return fmt.Errorf("import lines %d to %d: %w", f.recs[0].line, f.recs[len(f.recs)-1].line, err)
		}
	}
	l.res.Rows += int64(len(f.recs) - len(refused))
	rejects := f.rejects
	for _, r := range refused {
		o := f.recs[r.Row]
		if l.raw != nil {
			o.raw = f.raw[o.from : o.from+o.size]
		}
		rejects = append(rejects, Reject{Line: o.line, Record: o.record, Reason: r.Reason, Raw: o.raw})
	}
	slices.SortFunc(rejects, func(a, b Reject) int { return cmp.Compare(a.Record, b.Record) })
	for _, r := range rejects {
		l.res.Rejected++
		if l.obs.Reject == nil {
			continue
		}
		if err := l.obs.Reject(r); err != nil {
			return err
		}
	}
	l.progress(Progress{Records: f.read, Rows: l.res.Rows, Rejects: l.res.Rejected})
	return nil
}

func (l *loader) send(ctx context.Context, f filled) ([]RowError, error) {
	if l.raw == nil {
		return l.target.Insert(ctx, l.spec.Table, columnNames(l.res.Plan.Columns), f.batch)
	}
	b := l.rawBatch
	b.Text, b.Rows = f.raw, len(f.recs)
	return l.raw.InsertRaw(ctx, l.spec.Table, b)
}

// fill reads records into the batch until it is full, or returns io.EOF.
func (l *loader) fill(ctx context.Context, src *Source) error {
	var rec Record
	var bad *RecordError
	for l.b.rows()+len(l.bad) < l.spec.BatchRows && l.b.bytes < l.spec.BatchBytes {
		if l.records%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		err := src.Read(&rec)
		switch {
		case errors.As(err, &bad):
			l.records++
			if err := l.reject(Reject{Line: bad.Line, Record: l.records, Reason: bad.Reason, Raw: bad.Raw}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		l.records++
		if reason := l.b.add(&rec, l.records); reason != "" {
			if err := l.reject(Reject{Line: rec.Line, Record: l.records, Reason: reason, Raw: rec.Raw}); err != nil {
				return err
			}
		}
	}
	return nil
}

// reject keeps a record that cannot become a row until its batch is inserted, or
// ends an atomic import.
func (l *loader) reject(r Reject) error {
	if l.spec.Atomic {
		return dberr.New(dberr.ErrConstraint, "IMPORT_REJECTED", "line %d: %s; nothing was imported", r.Line, r.Reason).
			WithHint("correct the record, or import without atomic to keep the others")
	}
	l.b.bytes += len(r.Raw)
	r.Raw = l.b.keep(r.Raw)
	l.bad = append(l.bad, r)
	return nil
}

// atomic imports everything in one transaction.
func (l *loader) atomic(src *Source) error {
	end, rows := false, int64(0)
	err := l.target.InsertAll(l.ctx, l.spec.Table, columnNames(l.res.Plan.Columns), func() (*vec.Batch, error) {
		if end {
			return nil, nil
		}
		l.b.reset()
		err := l.fill(l.ctx, src)
		if end = errors.Is(err, io.EOF); err != nil && !end {
			return nil, err
		}
		if l.b.batch.Len == 0 {
			return nil, nil
		}
		rows += int64(l.b.batch.Len)
		l.progress(Progress{Records: l.records, Rows: 0, Rejects: 0})
		return l.b.batch, nil
	})
	if err != nil {
		return err
	}
	l.res.Rows = rows
	return nil
}

// DryRun reads the whole input and returns the table that Import would create.
func DryRun(ctx context.Context, open func() (io.ReadCloser, error), spec Spec, progress func(Progress)) (Plan, Guess, error) {
	l := &loader{ctx: ctx, open: open, spec: spec, obs: Observer{Progress: progress}}
	src, in, err := l.source()
	if err != nil {
		return Plan{}, Guess{}, err
	}
	defer in.Close()
	defer src.Close()
	guess, err := Infer(ctx, src, func(n int64) { l.progress(Progress{Reading: true, Records: n}) })
	if err != nil {
		return Plan{}, guess, err
	}
	plan, err := newTable(spec, guess)
	return plan, guess, err
}
