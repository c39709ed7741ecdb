package exec

import (
	"slices"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/colstore"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// columnScan is what a scan reads as columns (query/colstore), and the rows that it leaves
// there. Methods that the rows' path calls do nothing on nil.
type columnScan struct {
	pieces []colstore.Piece
	build  *colstore.Build
	open   *colstore.Piece // whose rows go to build
	keys   []colstore.Key
	block  int           // the next one of the piece, counted from its first
	cols   []*vec.Vector // share memory with segments
	first  []int         // columns that the filter reads,
	others []int         // and those that it does not
	had    []int         // those that were read of this block
	zones  []zoneTest
}

// zoneTest is a part of the filter that may rule out whole blocks.
type zoneTest struct {
	col int
	op  colstore.Compare
	val sqltype.Datum
}

// columnar reports whether the scan may read columns: it wants the rows of the snapshot in
// the order of the primary index, and nothing that only stored rows have.
func (s *scan) columnar() bool {
	c := s.c
	return c.Columns != nil && s.n.AsOf == 0 && s.x == &s.layout.Indexes[0] && s.rowKey == nil && !s.fetch &&
		!s.n.Reverse && !s.n.Point && !s.tx.HasWrites()
}

// openColumns finds out what of the spans is there as columns.
func (s *scan) openColumns() error {
	if !s.columnar() {
		return nil
	}
	table := s.c.Columns.Find(s.x.Prefix)
	if table == nil {
		return nil
	}
	s.c.Columns.Settle()
	k := &columnScan{keys: s.columnKeys()}
	spans := make([]colstore.Span, len(s.spans))
	for i, span := range s.spans {
		spans[i] = colstore.Span(span)
	}
	k.pieces, k.build = table.Pieces(uint64(s.c.Tx.ReadTimestamp()), spans, k.keys)
	k.cols = make([]*vec.Vector, len(s.n.Cols))
	for i := range k.cols {
		k.cols[i] = newOut(s.n.Out[i].Type)
	}
	k.split(s.n.Filter)
	s.col = k
	return k.bounds(s.c, s.n.Filter)
}

// columnKeys names the columns that the scan reads.
func (s *scan) columnKeys() []colstore.Key {
	keys := make([]colstore.Key, len(s.n.Cols))
	for i, o := range s.n.Cols {
		keys[i] = colstore.Key{ID: catalog.RowID, Type: sqltype.TInt8}
		if o != rowstore.RowID {
			keys[i] = colstore.Key{ID: s.n.Table.Columns[o].ID, Type: s.n.Table.Columns[o].Type}
		}
	}
	return keys
}

// count watches tables of which much is read as rows.
func (s *scan) count(n int) {
	before := s.seen
	s.seen += n
	if s.col == nil && s.columnar() {
		if least := s.c.Columns.MinRows(); before < least && s.seen >= least {
			s.c.Columns.Watch(s.x.Prefix)
		}
	}
}

// split finds the columns that the filter reads.
func (k *columnScan) split(filter plan.Expr) {
	used := make([]bool, len(k.cols))
	if filter != nil {
		plan.Walk(filter, func(x plan.Expr) bool {
			switch x := x.(type) {
			case *plan.Slot:
				used[x.Index] = true
			case *plan.SubPlan:
				for i := range used {
					used[i] = true
				}
			}
			return true
		})
	}
	for i, u := range used {
		if u {
			k.first = append(k.first, i)
		} else {
			k.others = append(k.others, i)
		}
	}
}

// bounds finds the comparisons of columns with values in the filter.
func (k *columnScan) bounds(c *Context, filter plan.Expr) error {
	list := []plan.Expr{filter}
	if and, ok := filter.(*plan.And); ok {
		list = and.Args
	}
	for _, e := range list {
		call, ok := e.(*plan.Call)
		if !ok || len(call.Args) != 2 || len(call.Func.Args) != 2 || !sameOrder(call.Func.Args[0], call.Func.Args[1]) {
			continue
		}
		op, ok := zoneOps[call.Func.Name]
		if !ok {
			continue
		}
		slot, value := call.Args[0], call.Args[1]
		if _, ok := slot.(*plan.Slot); !ok {
			slot, value, op = value, slot, flipped[op]
		}
		col, ok := slot.(*plan.Slot)
		if !ok || !isValue(value) || !sameOrder(k.keys[col.Index].Type, call.Func.Args[0]) {
			continue
		}
		d, err := evalOnce(c, value)
		if err != nil {
			return err
		}
		if !d.Null {
			k.zones = append(k.zones, zoneTest{col.Index, op, d})
		}
	}
	return nil
}

var zoneOps = map[string]colstore.Compare{
	"=": colstore.Eq, "<": colstore.Lt, "<=": colstore.Le, ">": colstore.Gt, ">=": colstore.Ge,
}

var flipped = [...]colstore.Compare{
	colstore.Eq: colstore.Eq, colstore.Lt: colstore.Gt, colstore.Le: colstore.Ge, colstore.Gt: colstore.Lt, colstore.Ge: colstore.Le,
}

// sameOrder reports whether values of two types compare as they are stored.
func sameOrder(a, b sqltype.Type) bool {
	return a.ID == b.ID && a.Elem == b.Elem || isInteger(a.ID) && isInteger(b.ID) || isText(a.ID) && isText(b.ID)
}

func isValue(e plan.Expr) bool {
	switch e.(type) {
	case *plan.Const, *plan.Param, *plan.Outer:
		return true
	}
	return false
}

// inSegment reports whether a piece is blocks of a segment.
func (k *columnScan) inSegment(at int) bool {
	return k != nil && at < len(k.pieces) && k.pieces[at].Seg != nil
}

// block reads the next block of the piece; some is false where no row of it is left.
func (s *scan) block() (some bool, err error) {
	k := s.col
	p := &k.pieces[s.at]
	if k.block == 0 {
		if err := s.c.Tx.ReadRange(p.Lower, p.Upper); err != nil {
			return false, err
		}
	}
	b := p.From + k.block
	if k.block++; b+1 == p.To {
		s.at, k.block = s.at+1, 0
	}
	for _, z := range k.zones {
		if !p.Seg.Column(k.keys[z.col]).May(b, z.op, z.val) {
			return false, nil
		}
	}
	n := p.Seg.BlockLen(b)
	s.read.columns(n)
	s.out = vec.Batch{Len: n, Cols: k.cols}
	k.had = k.had[:0]
	read := func(col int) {
		if !slices.Contains(k.had, col) {
			p.Seg.Column(k.keys[col]).Read(b, s.someOf(n), k.cols[col])
			k.had = append(k.had, col)
		}
	}
	first := s.asksFirst()
	if first && !s.matched(read) {
		return false, nil
	}
	for _, i := range k.first {
		read(i)
	}
	if s.filter != nil {
		before := s.out.Rows()
		some, err := s.filter.apply(&s.out)
		s.checked, s.met = s.checked+before, s.met+s.out.Rows()
		if !some || err != nil {
			return false, err
		}
	}
	if len(s.joins) > 0 && !first && !s.matched(read) {
		return false, nil
	}
	for _, i := range k.others {
		read(i)
	}
	return true, nil
}

// someOf is the rows of a block of n that are read one by one; nil where that is no less
// work than reading all.
func (s *scan) someOf(n int) []int32 {
	if 2*len(s.out.Sel) > n {
		return nil
	}
	return s.out.Sel
}

// begin starts with a piece of rows.
func (k *columnScan) begin(i int) txn.IterOptions {
	p := &k.pieces[i]
	if p.Build && k.build != nil {
		k.open = p
		k.build.Begin(p)
	}
	return txn.IterOptions{Lower: p.Lower, Upper: p.Upper}
}

// note is shown the key of row i of a batch that is being read.
func (k *columnScan) note(s *scan, i int, key []byte) {
	if k == nil || k.open == nil {
		return
	}
	if k.build.Wants(i) {
		k.build.Start(key)
	}
	s.key = append(s.key[:0], key...)
}

// leave gives the rows of a batch to the build; ended says that the piece ends with them.
func (k *columnScan) leave(s *scan, n int, ended bool) {
	if k == nil || k.open == nil {
		return
	}
	k.build.Add(s.cols, n, s.key)
	if ended {
		k.build.End()
		k.open = nil
	}
}

func (k *columnScan) close() {
	if k != nil {
		k.build.Close()
	}
}
