package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"

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
	// Insert adds batches of the named columns in one transaction, until next
	// returns nil. Where it fails nothing of them is there.
	Insert(ctx context.Context, table string, columns []string, next func() (*vec.Batch, error)) error
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
	ctx     context.Context
	target  Target
	open    func() (io.ReadCloser, error)
	spec    Spec
	obs     Observer
	res     Result
	records int64
	b       *batcher
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

func (l *loader) load() error {
	src, in, err := l.source()
	if err != nil {
		return err
	}
	defer in.Close()
	defer src.Close()
	l.b = newBatcher(l.res.Plan.Columns, l.res.Plan.From)
	if l.spec.Atomic {
		return l.atomic(src)
	}
	for {
		err := l.fill(src)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if err := l.insert(l.b.batch, l.b.recs); err != nil {
			return err
		}
		l.b.reset()
		l.progress(Progress{Records: l.records, Rows: l.res.Rows, Rejects: l.res.Rejected})
		if end {
			return nil
		}
	}
}

// fill reads records into the batch until it is full, or returns io.EOF.
func (l *loader) fill(src *Source) error {
	var rec Record
	var bad *RecordError
	for l.b.batch.Len < l.spec.BatchRows && l.b.bytes < l.spec.BatchBytes {
		if l.records%1024 == 0 {
			if err := l.ctx.Err(); err != nil {
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

func (l *loader) reject(r Reject) error {
	if l.spec.Atomic {
		return dberr.New(dberr.ErrConstraint, "IMPORT_REJECTED", "line %d: %s; nothing was imported", r.Line, r.Reason).
			WithHint("correct the record, or import without atomic to keep the others")
	}
	l.res.Rejected++
	if l.obs.Reject != nil {
		return l.obs.Reject(r)
	}
	return nil
}

// insert adds a batch in one transaction. Where a row is against a constraint the
// batch is halved until that row is found, so that all others are imported, in order.
func (l *loader) insert(b *vec.Batch, recs []origin) error {
	if b.Rows() == 0 {
		return nil
	}
	given := false
	err := l.target.Insert(l.ctx, l.spec.Table, columnNames(l.res.Plan.Columns), func() (*vec.Batch, error) {
		if given {
			return nil, nil
		}
		given = true
		return b, nil
	})
	switch {
	case err == nil:
		l.res.Rows += int64(b.Rows())
		return nil
	case !errors.Is(err, dberr.ErrConstraint) && !(errors.Is(err, dberr.ErrTooLarge) && b.Rows() > 1):
		first, last := recs[0].line, recs[len(recs)-1].line
		return fmt.Errorf("import lines %d to %d: %w", first, last, err)
	case b.Rows() == 1:
		return l.reject(Reject{Line: recs[0].line, Record: recs[0].record, Reason: describe(err), Raw: recs[0].raw})
	}
	half := b.Rows() / 2
	if err := l.insert(slice(b, 0, half), recs[:half]); err != nil {
		return err
	}
	return l.insert(slice(b, half, b.Rows()), recs[half:])
}

// slice copies some rows of a batch without selection.
func slice(b *vec.Batch, from, to int) *vec.Batch {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	types := make([]sqltype.Type, len(b.Cols))
	for i, c := range b.Cols {
		types[i] = c.Type
	}
	out := vec.NewBatch(types)
	out.Append(&vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols})
	return out
}

func describe(err error) string {
	e := dberr.As(err)
	switch {
	case e == nil:
		return err.Error()
	case e.Detail != "":
		return e.Message + ": " + e.Detail
	}
	return e.Message
}

// atomic imports everything in one transaction.
func (l *loader) atomic(src *Source) error {
	end, rows := false, int64(0)
	err := l.target.Insert(l.ctx, l.spec.Table, columnNames(l.res.Plan.Columns), func() (*vec.Batch, error) {
		if end {
			return nil, nil
		}
		l.b.reset()
		err := l.fill(src)
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
