package cursors

import (
	"context"
	"errors"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// pager is the sink of a cursor's query. It lets the query run only while a page is wanted.
type pager struct {
	c       *cursor
	began   bool
	rows    *vec.Batch // of the page that is being made
	bytes   int64
	scratch []byte
}

// run runs the query and gives its last page, or its failure.
func (c *cursor) run(run Run) {
	defer close(c.gone)
	p := &pager{c: c}
	err := run(c.ctx, p)
	if cause := context.Cause(c.ctx); err != nil && dberr.As(cause) != nil {
		err = cause // who canceled knows better than what was canceled
	}
	switch {
	case !p.began:
		if err == nil {
			err = dberr.New(dberr.ErrInvalid, "MISSING_RESULT", "a cursor needs a statement that gives rows").WithField("sql")
		}
		c.err = err
		close(c.begun)
	case err == nil:
		c.give(p.rows, true)
	default:
		reason := "its query failed"
		if e := dberr.As(err); e != nil && !errors.Is(e, dberr.ErrCorrupt) {
			reason += ": " + e.Message
		}
		c.r.end(c, Failed, reason, err)
	}
}

// Begin implements query.Sink: the cursor is there, and its query waits for the first page.
func (p *pager) Begin(_ int, cols []query.Column) error {
	if p.began {
		return dberr.New(dberr.ErrInvalid, "SEVERAL_RESULTS", "a cursor is of one statement").WithField("sql")
	}
	p.began = true
	p.c.Columns = append([]query.Column{}, cols...)
	close(p.c.begun)
	p.fresh()
	return p.wait()
}

func (p *pager) fresh() {
	types := make([]sqltype.Type, len(p.c.Columns))
	for i, c := range p.c.Columns {
		types[i] = c.Type
	}
	p.rows, p.bytes = vec.NewBatch(types), 0
}

// wait returns once a page is wanted.
func (p *pager) wait() error {
	select {
	case <-p.c.wants:
		return nil
	case <-p.c.ctx.Done():
		return context.Cause(p.c.ctx)
	}
}

// Batch implements query.Sink. A page that is full is given when another row is there, so
// that each but the last is known not to be the last.
func (p *pager) Batch(b *vec.Batch) error {
	for _, row := range vec.Live(b.Len, b.Sel) {
		if p.rows.Len == p.c.ask.PageRows || p.rows.Len > 0 && p.bytes >= p.c.r.opts.PageBytes {
			p.c.give(p.rows, false)
			p.fresh()
			if err := p.wait(); err != nil {
				return err
			}
		}
		p.add(b, int(row))
	}
	return nil
}

// add copies a row. Text is copied too, since it may be part of something much larger.
func (p *pager) add(b *vec.Batch, row int) {
	for i, v := range p.rows.Cols {
		from := b.Cols[i]
		v.AppendRow(from, row)
		switch n := v.Len() - 1; v.Type.Phys() {
		case sqltype.PhysInt, sqltype.PhysFloat:
			p.bytes += 8
		case sqltype.PhysString:
			v.S[n] = strings.Clone(v.S[n])
			p.bytes += 16 + int64(len(v.S[n]))
		default:
			p.scratch = p.scratch[:0]
			if !v.IsNull(n) {
				p.scratch = sqltype.AppendText(p.scratch, v.Type, v.Get(n))
			}
			p.bytes += 32 + int64(len(p.scratch))
		}
	}
	p.rows.Len++
}

// End implements query.Sink.
func (p *pager) End(query.Tag) error { return nil }

// give hands a page over.
func (c *cursor) give(rows *vec.Batch, last bool) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if c.State != Open {
		return
	}
	c.Info.Page++
	c.Info.Rows += int64(rows.Len)
	c.Complete, c.Running = last, false
	c.page = &Page{Number: c.Info.Page, Rows: rows, Last: last}
	close(c.made)
	c.made = nil
	c.waitLocked()
}
