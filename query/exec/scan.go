package exec

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// scan reads a table through one of its indexes.
//
// Entries come from one iterator for each span of keys. Where the index does not
// hold all columns, a batch of entries is turned into primary keys, which are then fetched
// one by one, in the order of the entries.
type scan struct {
	c       *Context
	n       *plan.Scan
	layout  *rowstore.Layout
	x       *rowstore.Index
	fetch   bool
	dec     *rowstore.Decoder
	filter  *condition
	cols    []*vec.Vector
	rowKey  *vec.Vector // where row keys are wanted, also last of cols
	tx      *txn.Tx     // what is read
	opened  bool
	spans   []rowstore.Span
	at      int
	it      txn.Iterator
	size    int   // rows of the next batch: grows, so that few rows cost little
	left    int64 // rows still wanted, -1 for all
	key     []byte
	out     vec.Batch
	joins   []scanFilter // of the joins above
	eager   bool         // and they are asked before the filter, of which
	met     int          // so many rows
	checked int          // of so many were left
	col     *columnScan  // of what is there as columns; nil where there is nothing
	seen    int          // rows that were read as rows
	read    *Reads       // what EXPLAIN shows of that, nil where nobody asks
}

const firstScanRows = 32

func newScan(c *Context, n *plan.Scan) (Operator, error) {
	if c.Tx == nil {
		return nil, dberr.SQL(dberr.StateInternal, "scan of %s without a transaction", n.Table.Name)
	}
	if n.Union != nil {
		return newUnionScan(c, n)
	}
	if n.Point && n.Filter == nil {
		if p := takePoint(c, n); p != nil {
			return p, nil
		}
	}
	s, err := prepareScan(c, n)
	if err != nil {
		return nil, err
	}
	if n.Point && pointable(n) {
		s.dec.ZeroCopy()
		return &pointScan{scan: s}, nil
	}
	s.restart()
	return s, nil
}

// prepareScan makes what reading through the index of n needs, and does not open it.
func prepareScan(c *Context, n *plan.Scan) (*scan, error) {
	tx := c.ReadTx()
	if n.AsOf != 0 {
		var err error
		if tx, err = c.Host.Past(n.AsOf); err != nil {
			return nil, err
		}
	}
	s := &scan{c: c, tx: tx, n: n, read: c.reads(n), layout: rowstore.Of(n.Table), cols: make([]*vec.Vector, len(n.Out))}
	if s.x = s.layout.Find(n.Index.ID); s.x == nil {
		return nil, dberr.SQL(dberr.StateInternal, "table %s has no index %s", n.Table.Name, n.Index.Name)
	}
	for _, o := range n.Cols {
		s.fetch = s.fetch || !s.x.Holds(o)
	}
	from := s.x
	if s.fetch {
		from = &s.layout.Indexes[0]
	}
	s.dec = s.layout.NewDecoder(from, n.Cols)
	vectors := make([]vec.Vector, len(n.Out))
	for i := range n.Out {
		vectors[i].Type = n.Out[i].Type
		s.cols[i] = &vectors[i]
	}
	if n.NeedRowKey {
		s.rowKey = s.cols[len(n.Cols)]
	}
	if n.Filter != nil {
		x, err := compile(c, n.Filter)
		if err != nil {
			return nil, err
		}
		s.filter = &condition{x: x}
	}
	return s, nil
}

func (s *scan) restart() bool {
	s.closeIter()
	s.col.close()
	s.opened, s.at, s.size, s.col = false, 0, firstScanRows, nil
	s.left = -1
	if s.n.Limit > 0 {
		s.left = s.n.Limit
	}
	return true
}

// open finds the spans of keys.
func (s *scan) open() error {
	s.opened = true
	if s.n.Ranges == nil {
		s.spans = append(s.spans[:0], s.x.All())
		return s.openColumns()
	}
	var err error
	if s.spans, err = keySpans(s.c, s.x, s.n.Ranges, s.spans[:0]); err != nil {
		return err
	}
	return s.openColumns()
}

// keySpans appends the keys of ranges of an index, in order and without overlaps.
func keySpans(c *Context, x *rowstore.Index, ranges []plan.KeyRange, spans []rowstore.Span) ([]rowstore.Span, error) {
	for i := range ranges {
		span, ok, err := keySpan(c, x, &ranges[i])
		if err != nil {
			return spans, err
		}
		if ok {
			spans = append(spans, span)
		}
	}
	return rowstore.Normalize(spans), nil
}

// keySpan computes the keys of a range; not ok where a NULL makes it empty.
func keySpan(c *Context, x *rowstore.Index, r *plan.KeyRange) (span rowstore.Span, ok bool, err error) {
	var buf [4]sqltype.Datum
	eq := buf[:0]
	for i, e := range r.Eq {
		if r.EqNull != nil && r.EqNull[i] {
			eq = append(eq, sqltype.NullDatum)
			continue
		}
		d, err := evalOnce(c, e)
		if err != nil || d.Null {
			return span, false, err
		}
		eq = append(eq, d)
	}
	lower, ok, err := keyLimit(c, r.Lower)
	if err != nil || !ok {
		return span, false, err
	}
	upper, ok, err := keyLimit(c, r.Upper)
	if err != nil || !ok {
		return span, false, err
	}
	notNull := r.NotNull || lower != nil || upper != nil
	return x.Span(eq, lower, upper, notNull), true, nil
}

func keyLimit(c *Context, b *plan.Bound) (l *rowstore.Limit, ok bool, err error) {
	if b == nil {
		return nil, true, nil
	}
	d, err := evalOnce(c, b.Vals[0])
	if err != nil || d.Null {
		return nil, false, err
	}
	return &rowstore.Limit{Value: d, Inclusive: b.Inclusive}, true, nil
}

func (s *scan) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if !s.opened {
			if err := s.open(); err != nil {
				return nil, err
			}
		}
		some, err := false, error(nil)
		if s.it == nil && s.col.inSegment(s.at) {
			some, err = s.block()
		} else {
			if s.it == nil && s.at == s.parts() {
				return nil, nil
			}
			some, err = s.rows()
		}
		if err != nil {
			return nil, err
		}
		if some {
			s.cut()
			return &s.out, nil
		}
		if s.left == 0 {
			return nil, nil
		}
	}
}

// parts is the number of spans, or of the pieces into which they were cut.
func (s *scan) parts() int {
	if s.col != nil {
		return len(s.col.pieces)
	}
	return len(s.spans)
}

// rows reads the next batch of rows; some is false where none of them is left.
func (s *scan) rows() (some bool, err error) {
	n, err := s.fill()
	if n == 0 || err != nil {
		return false, err
	}
	s.out = vec.Batch{Len: n, Cols: s.cols}
	if s.filter == nil {
		return true, nil
	}
	return s.filter.apply(&s.out)
}

// cut keeps to the limit.
func (s *scan) cut() {
	if s.left < 0 {
		return
	}
	if rows := int64(s.out.Rows()); rows > s.left {
		s.out.Sel = live(&s.out)[:s.left]
		s.left = 0
	} else {
		s.left -= rows
	}
	if s.left == 0 {
		s.at = s.parts()
		s.closeIter()
	}
}

// fill reads the next entries into cols and returns how many. A batch ends with the piece.
func (s *scan) fill() (n int, err error) {
	size := s.size
	if s.filter == nil && s.left >= 0 && s.left < int64(size) {
		size = int(s.left)
	}
	if size == 0 {
		return 0, nil
	}
	s.size = min(4*s.size, vec.BatchSize)
	s.dec.Begin(s.cols, size)
	ended := false
	for n < size {
		ok, err := s.step()
		if err != nil {
			return n, err
		}
		if !ok {
			ended = true
			break
		}
		if err := s.add(n); err != nil {
			return n, err
		}
		n++
	}
	s.dec.End(n)
	s.col.leave(s, n, ended)
	s.count(n)
	return n, nil
}

// step moves to the next entry, of the next span where need be.
func (s *scan) step() (bool, error) {
	for {
		if s.it == nil {
			if s.at == s.parts() {
				return false, nil
			}
			s.openIter()
		}
		if s.it.Next() {
			return true, nil
		}
		err := s.it.Err()
		s.closeIter()
		if err != nil || s.col != nil {
			return false, err
		}
	}
}

// openIter opens the next span.
func (s *scan) openIter() {
	i := s.at
	s.at++
	if s.col != nil {
		s.it = s.tx.Iter(s.col.begin(i))
		return
	}
	if s.n.Reverse {
		i = len(s.spans) - 1 - i
	}
	s.it = s.tx.Iter(txn.IterOptions{Lower: s.spans[i].Lower, Upper: s.spans[i].Upper, Reverse: s.n.Reverse})
}

// add decodes the entry under the iterator into row i.
func (s *scan) add(i int) error {
	key, value := s.it.Key(), s.it.Value()
	s.read.entry(key, value)
	if s.fetch || s.rowKey != nil && s.x != &s.layout.Indexes[0] {
		var err error
		if s.key, err = s.layout.Primary(s.x, key, value, s.key[:0]); err != nil {
			return err
		}
		if s.rowKey != nil {
			s.rowKey.S[i] = string(s.key)
		}
		if !s.fetch {
			return s.dec.Add(i, key, value)
		}
		row, ok, err := s.tx.Get(s.key)
		if err != nil {
			return err
		}
		if !ok {
			return errDangling(s.n.Table, s.n.Index)
		}
		s.read.fetched(s.key, row)
		return s.dec.Add(i, s.key, row)
	}
	if s.rowKey != nil {
		s.rowKey.S[i] = string(key)
	}
	s.col.note(s, i, key)
	return s.dec.Add(i, key, value)
}

func errDangling(t *catalog.Table, x *catalog.Index) error {
	return dberr.SQL(dberr.StateDataCorrupted, "index %q of table %q refers to a row that is not there", x.Name, t.Name)
}

func (s *scan) closeIter() {
	if s.it != nil {
		s.it.Close()
		s.it = nil
	}
}

func (s *scan) Close() error {
	s.closeIter()
	s.col.close()
	s.opened, s.spans, s.at, s.col = true, nil, 0, nil
	return nil
}
