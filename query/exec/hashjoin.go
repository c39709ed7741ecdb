package exec

import (
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// hashJoin keeps the right side in a hash table and looks the left rows up. Past
// the budget of memory it cuts both sides by the hash of their keys (joinspill.go).
type hashJoin struct {
	c     *Context
	n     *plan.HashJoin
	left  Operator
	right Operator
	lkeys *joinKeys
	rkeys *joinKeys
	pairs *pairs
	table *joinTable
	held  reserved
	spill *joinSpill
	built bool

	cur    *vec.Batch // of the left side
	rows   []int32    // its live rows
	at     int        // the first that is not done
	next   int32      // its next candidate on the right, -1 before the first
	group  []int32
	li, ri []int32
	ended  bool
	tail   int // right rows looked at for being unmatched
}

// joinKeys evaluates the keys of one side.
type joinKeys struct {
	exprs []evaluator
	types []sqltype.Type
	safe  []bool
	vals  []*vec.Vector
}

func newJoinKeys(c *Context, keys []plan.Expr, safe []bool) (*joinKeys, error) {
	exprs, err := compileAll(c, keys)
	return &joinKeys{exprs: exprs, types: exprTypes(keys), safe: safe}, err
}

func (k *joinKeys) load(b *vec.Batch) (err error) {
	k.vals, err = evalAll(k.exprs, b, b.Sel, k.vals)
	return err
}

// nullable reports whether a row of the loaded batch may have a NULL that equals nothing.
func (k *joinKeys) nullable() bool {
	for i, v := range k.vals {
		if (k.safe == nil || !k.safe[i]) && v.HasNulls() {
			return true
		}
	}
	return false
}

// null reports whether row i has a NULL that equals nothing.
func (k *joinKeys) null(i int32) bool {
	for j, v := range k.vals {
		if (k.safe == nil || !k.safe[j]) && v.IsNull(int(i)) {
			return true
		}
	}
	return false
}

// joinTable is the right side.
type joinTable struct {
	rows    *vec.Batch
	keys    *keyTable
	first   []int32 // by key number: its first row,
	last    []int32 // and its last
	next    []int32 // by row: the next one with the same key, or -1
	hasNull bool    // a key was NULL
	n       int     // rows that came, kept or not
	held    int64   // bytes of rows
	nums    []int32
}

func newJoinTable(types, keyTypes []sqltype.Type) *joinTable {
	return &joinTable{rows: vec.NewBatch(types), keys: newKeyTable(keyTypes)}
}

func (t *joinTable) size() int64 {
	return t.keys.size() + int64(4*(cap(t.first)+cap(t.last)+cap(t.next))) + t.held
}

// add takes the rows of a batch of which k holds the keys. Rows that can match
// nothing are kept only for outer joins.
func (t *joinTable) add(b *vec.Batch, k *joinKeys, outer bool) {
	t.n += b.Rows()
	sel := b.Sel
	if k.nullable() {
		sel = make([]int32, 0, b.Rows())
		for _, i := range live(b) {
			if !k.null(i) {
				sel = append(sel, i)
			}
		}
		t.hasNull = t.hasNull || len(sel) < b.Rows()
	}
	if cap(t.nums) < b.Len {
		t.nums = make([]int32, max(b.Len, vec.BatchSize))
	}
	nums := t.nums[:b.Len]
	t.keys.assign(k.vals, b.Len, sel, nums)
	for len(t.first) < t.keys.len() {
		t.first, t.last = append(t.first, -1), append(t.last, -1)
	}
	row := int32(t.rows.Len)
	link := func(i int32) {
		if g := nums[i]; t.last[g] < 0 {
			t.first[g], t.last[g] = row, row
		} else {
			t.next[t.last[g]], t.last[g] = row, row
		}
		t.next = append(t.next, -1)
		row++
	}
	if outer && len(sel) < b.Rows() && k.nullable() {
		for _, i := range live(b) {
			if k.null(i) {
				t.next = append(t.next, -1)
				row++
				continue
			}
			link(i)
		}
		t.rows.Append(b)
		t.held += RowBytes(b)
		return
	}
	for _, i := range vec.Live(b.Len, sel) {
		link(i)
	}
	part := &vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
	t.rows.Append(part)
	t.held += RowBytes(part)
}

func newHashJoin(c *Context, n *plan.HashJoin) (Operator, error) {
	if leftOnly(n.Kind) && n.Residual == nil {
		return newExistsJoin(c, n)
	}
	lkeys, err := newJoinKeys(c, n.LeftKeys, n.NullSafe)
	if err != nil {
		return nil, err
	}
	rkeys, err := newJoinKeys(c, n.RightKeys, n.NullSafe)
	if err != nil {
		return nil, err
	}
	p, err := newPairs(c, n.Kind, n.Left.Fields(), n.Right.Fields(), n.Residual)
	if err != nil {
		return nil, err
	}
	left, err := Build(c, n.Left)
	if err != nil {
		return nil, err
	}
	right, err := Build(c, n.Right)
	if err != nil {
		left.Close()
		return nil, err
	}
	h := &hashJoin{c: c, n: n, left: left, right: right, lkeys: lkeys, rkeys: rkeys, pairs: p}
	h.held.c = c
	h.table = h.newTable()
	return h, nil
}

func (h *hashJoin) newTable() *joinTable {
	return newJoinTable(typesOf(h.n.Right.Fields()), h.rkeys.types)
}

// build reads the right side.
func (h *hashJoin) build(ctx context.Context) error {
	for {
		b, err := h.right.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err := h.rkeys.load(b); err != nil {
			return err
		}
		if h.spill != nil {
			if err := h.spill.add(b); err != nil {
				return err
			}
			continue
		}
		h.table.add(b, h.rkeys, keepsRight(h.n.Kind))
		if h.held.set(h.table.size()) {
			continue
		}
		if h.spill, err = newJoinSpill(h); err != nil {
			return err
		}
	}
	if err := h.right.Close(); err != nil {
		return err
	}
	if h.spill == nil {
		offerKeys(h.left, h.n, h.table.keys)
		return nil
	}
	return h.spill.run(ctx)
}

func (h *hashJoin) Next(ctx context.Context) (*vec.Batch, error) {
	if !h.built {
		if err := h.build(ctx); err != nil {
			return nil, err
		}
		h.built = true
	}
	if h.spill != nil {
		return h.spill.next(ctx)
	}
	return h.probe(ctx, h.left)
}

// probe gives the next output of joining left with the table.
func (h *hashJoin) probe(ctx context.Context, left Operator) (*vec.Batch, error) {
	for !h.ended {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if h.cur == nil {
			b, err := left.Next(ctx)
			if err != nil {
				return nil, err
			}
			if b == nil {
				h.ended = true
				break
			}
			if err := h.start(b); err != nil {
				return nil, err
			}
		}
		out, err := h.chunk()
		if out != nil || err != nil {
			return out, err
		}
	}
	if !keepsRight(h.n.Kind) {
		return nil, nil
	}
	var out *vec.Batch
	out, h.tail = h.pairs.unmatched(h.table.rows, h.tail)
	return out, nil
}

// start looks up the keys of a left batch.
func (h *hashJoin) start(b *vec.Batch) error {
	h.cur, h.rows, h.at, h.next = b, live(b), 0, -1
	h.pairs.begin()
	if err := h.lkeys.load(b); err != nil {
		return err
	}
	if cap(h.group) < b.Len {
		h.group = make([]int32, max(b.Len, min(vec.BatchSize, 4*b.Len)))
	}
	h.group = h.group[:b.Len]
	// A key with a NULL that equals nothing is not in the table, so it is not found.
	h.table.keys.lookup(h.lkeys.vals, b.Len, b.Sel, h.group)
	return nil
}

// chunk joins the next rows of the current left batch.
func (h *hashJoin) chunk() (*vec.Batch, error) {
	if h.at == len(h.rows) {
		out := h.pairs.end(h.cur)
		h.cur = nil
		return out, nil
	}
	li, ri, from := h.li[:0], h.ri[:0], h.at
	more := false
	for h.at < len(h.rows) && !more {
		i := h.rows[h.at]
		r := h.next
		if r < 0 && h.group[i] >= 0 {
			r = h.table.first[h.group[i]]
		}
		for r >= 0 {
			if len(li) == vec.BatchSize {
				more = true
				break
			}
			li, ri = append(li, i), append(ri, r)
			r = h.table.next[r]
		}
		h.next = r
		if !more {
			h.at++
		}
	}
	h.li, h.ri = li, ri
	to := h.at
	if more {
		to++ // the row at which it stopped
	}
	return h.pairs.chunk(h.cur, h.table.rows, h.rows[from:to], li, ri, more)
}

func (h *hashJoin) Close() error {
	h.held.set(0)
	h.ended, h.built, h.table = true, true, h.newTable()
	h.n = closedJoin
	var err error
	if h.spill != nil {
		err = h.spill.close()
		h.spill = nil
	}
	return firstError(err, h.left.Close(), h.right.Close())
}

// closedJoin stands for the plan of a join that was closed: it has no output.
var closedJoin = &plan.HashJoin{Right: &plan.Values{}}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
