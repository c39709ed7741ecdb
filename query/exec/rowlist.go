package exec

import (
	"context"
	"slices"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// rowList keeps rows in the order in which they come, to be read any number of
// times, also while more are added. Past the budget of memory it puts all of them in a
// file.
type rowList struct {
	c      *Context
	types  []sqltype.Type
	chunks []*vec.Batch // dense, all but the last of chunkRows
	file   *spillFile   // in place of chunks
	held   reserved
	rows   int
}

// chunkRows is the rows of a chunk: few enough to cost little where few are kept.
const chunkRows = vec.BatchSize

func newRowList(c *Context, types []sqltype.Type) *rowList {
	return &rowList{c: c, types: types, held: reserved{c: c}}
}

// len is the number of rows.
func (l *rowList) len() int { return l.rows }

// add keeps the live rows of b.
func (l *rowList) add(b *vec.Batch) error {
	n := b.Rows()
	l.rows += n
	if l.file != nil {
		return l.file.addBatch(b)
	}
	for rows := live(b); len(rows) > 0; {
		last := l.room(len(rows))
		take := min(len(rows), chunkRows-last.Len)
		last.Append(&vec.Batch{Len: b.Len, Sel: rows[:take], Cols: b.Cols})
		rows = rows[take:]
	}
	if l.held.add(RowBytes(b)) {
		return nil
	}
	return l.spill()
}

// room returns a chunk that takes a row at least.
func (l *rowList) room(want int) *vec.Batch {
	if k := len(l.chunks); k > 0 && l.chunks[k-1].Len < chunkRows {
		return l.chunks[k-1]
	}
	chunk := vec.NewBatch(l.types)
	if want >= chunkRows/2 || len(l.chunks) > 0 { // all at once, not by doubling
		for _, col := range chunk.Cols {
			col.Reset(chunkRows)
			col.Reset(0)
		}
	}
	l.chunks = append(l.chunks, chunk)
	return chunk
}

// spill moves the rows to a file.
func (l *rowList) spill() error {
	f, err := newSpillFile(l.c, l.types)
	if err != nil {
		return err
	}
	for i, chunk := range l.chunks {
		if err := canceled(l.c.Ctx); err != nil {
			return firstError(err, f.close())
		}
		if err := f.addBatch(chunk); err != nil {
			return err
		}
		l.chunks[i] = nil
	}
	l.chunks, l.file = nil, f
	l.held.set(0)
	return nil
}

// reset drops all rows.
func (l *rowList) reset() error {
	if l == nil {
		return nil
	}
	l.chunks, l.rows = nil, 0
	l.held.drop()
	err := l.file.close()
	l.file = nil
	return err
}

// rowReader reads a list from its start.
type rowReader struct {
	l    *rowList
	at   int // rows that were given
	file *spillReader
	seen int // rows of the file that were read
	view vec.Batch
}

func (l *rowList) reader() *rowReader { return &rowReader{l: l} }

// rewind begins again.
func (r *rowReader) rewind() { r.at, r.file, r.seen = 0, nil, 0 }

// next gives up to a batch of the rows that follow, without a selection; nil where
// there are none for now. The batch holds until the following next, also while rows are
// added to the list.
func (r *rowReader) next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if r.at >= r.l.rows {
		return nil, nil
	}
	if r.l.file != nil {
		return r.fromFile(ctx)
	}
	chunk := r.l.chunks[r.at/chunkRows]
	b := r.rest(chunk, r.at%chunkRows)
	r.at += b.Len
	return b, nil
}

// rest is the rows of b from a row on.
func (r *rowReader) rest(b *vec.Batch, from int) *vec.Batch {
	if from == 0 {
		r.view = vec.Batch{Len: b.Len, Cols: b.Cols}
		return &r.view
	}
	return rowsOf(b, from, b.Len)
}

func (r *rowReader) fromFile(ctx context.Context) (*vec.Batch, error) {
	if r.file == nil {
		r.file = r.l.file.reader()
	}
	for {
		b, err := r.file.block(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil { // the last rows are not written yet
			pend := r.l.file.pend
			b = rowsOf(pend, r.at-r.seen, pend.Len)
			r.at += b.Len
			return b, nil
		}
		from := r.at - r.seen
		r.seen += b.Len
		if from >= b.Len { // they were given before they were written
			continue
		}
		b = r.rest(b, from)
		r.at += b.Len
		return b, nil
	}
}

// rowPages gives rows of a list by their number. It keeps the blocks that it read last, so
// that a few places of the list may be walked at once.
type rowPages struct {
	l     *rowList
	pages [4]rowPage
	clock int
}

// rowPage is a block that was read.
type rowPage struct {
	r        *spillReader
	from, to int
	used     int
}

// at returns a batch and the row in it that is row i of the list. The batch holds until
// the following at.
func (p *rowPages) at(ctx context.Context, i int) (*vec.Batch, int, error) {
	f := p.l.file
	if f == nil {
		return p.l.chunks[i/chunkRows], i % chunkRows, nil
	}
	if written := f.rows - f.pend.Len; i >= written {
		return f.pend, i - written, nil
	}
	p.clock++
	old := &p.pages[0]
	for k := range p.pages {
		page := &p.pages[k]
		if i >= page.from && i < page.to {
			page.used = p.clock
			return page.r.b, i - page.from, nil
		}
		if page.used < old.used {
			old = page
		}
	}
	if old.r == nil {
		old.r = f.reader()
	}
	k, found := slices.BinarySearchFunc(f.index, i, func(b blockPlace, row int) int { return b.row - row })
	if !found {
		k--
	}
	old.r.off = f.index[k].off
	b, err := old.r.block(ctx)
	if err != nil {
		old.from, old.to = 0, 0
		return nil, 0, err
	}
	old.from, old.to, old.used = f.index[k].row, f.index[k].row+b.Len, p.clock
	return b, i - old.from, nil
}
