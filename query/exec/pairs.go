package exec

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// pairs turns candidate pairs of rows into the output of a join: it checks the
// rest of the condition and does what the kind of join asks of rows with and
// without a match. Left rows come out in their order.
type pairs struct {
	kind  plan.JoinKind
	cond  evaluator // over left and right columns; nil is true
	nl    int
	both  *vec.Batch // columns of candidates, for cond
	out   *vec.Batch
	types []sqltype.Type
	// matched has the right rows that had a match, where keepsRight: their numbers in
	// the batches of the right side, the first of which is number base.
	matched vec.Bitmap
	base    int32
	none    []*vec.Vector // columns of a right side without rows

	carry  bool    // the left row with which the last chunk ended had a match
	li, ri []int32 // result pairs; -1 is a row of NULLs
	sel    []int32 // left rows of a semi or anti join
	view   vec.Batch
}

func newPairs(c *Context, kind plan.JoinKind, left, right []plan.Field, cond plan.Expr) (*pairs, error) {
	x, err := compileOpt(c, cond)
	if err != nil {
		return nil, err
	}
	types := append(typesOf(left), typesOf(right)...)
	p := &pairs{kind: kind, cond: x, nl: len(left), types: types}
	if rightOnly(kind) {
		p.types = typesOf(right)
	}
	p.out = vec.NewBatch(p.types)
	p.none = vec.NewBatch(typesOf(right)).Cols
	if x != nil {
		p.both = vec.NewBatch(types)
	}
	return p, nil
}

// leftOnly reports whether the output is left rows as they are.
func leftOnly(k plan.JoinKind) bool { return k == plan.Semi || k == plan.Anti || k == plan.NullAnti }

// rightOnly reports whether the output is right rows, once all left rows have been seen.
func rightOnly(k plan.JoinKind) bool { return k == plan.RightSemi || k == plan.RightAnti }

// keepsRight reports whether right rows come out by whether they had a match.
func keepsRight(k plan.JoinKind) bool { return k == plan.Right || k == plan.Full || rightOnly(k) }

func keepsLeft(k plan.JoinKind) bool { return k == plan.Left || k == plan.Full }

// begin starts a left batch.
func (p *pairs) begin() { p.carry, p.sel = false, p.sel[:0] }

// chunk takes candidates (li ascending, ri row numbers of right) that stand for
// the left rows listed in rows; where more is set, the last of them has further
// candidates in the next chunk. It returns the output, or nil where there is none. For
// leftOnly joins, output is collected until end.
func (p *pairs) chunk(left, right *vec.Batch, rows, li, ri []int32, more bool) (*vec.Batch, error) {
	pass, err := p.test(left, right, li, ri)
	if err != nil {
		return nil, err
	}
	p.li, p.ri = p.li[:0], p.ri[:0]
	at := 0
	for n, row := range rows {
		has := n == 0 && p.carry
		for ; at < len(li) && li[at] == row; at++ {
			if pass != nil && !p.matches(pass, at) {
				continue
			}
			has = true
			if keepsRight(p.kind) {
				p.matched = p.matched.With(int(p.base + ri[at]))
			}
			if !leftOnly(p.kind) && !rightOnly(p.kind) {
				p.li, p.ri = append(p.li, row), append(p.ri, ri[at])
			}
		}
		if more && n == len(rows)-1 {
			p.carry = has
			break
		}
		p.carry = false
		switch {
		case p.kind == plan.Semi && has, leftOnly(p.kind) && p.kind != plan.Semi && !has:
			p.sel = append(p.sel, row)
		case keepsLeft(p.kind) && !has:
			p.li, p.ri = append(p.li, row), append(p.ri, -1)
		}
	}
	return p.gather(left, right), nil
}

// passes reports whether a condition holds of a row.
func passes(v *vec.Vector, i int) bool { return v.I[v.At(i)] != 0 && !v.IsNull(i) }

// matches reports whether a pair counts as a match. For NOT IN a comparison with
// NULL does.
func (p *pairs) matches(v *vec.Vector, i int) bool {
	return passes(v, i) || p.kind == plan.NullAnti && v.IsNull(i)
}

// test evaluates the condition on candidates.
func (p *pairs) test(left, right *vec.Batch, li, ri []int32) (*vec.Vector, error) {
	if p.cond == nil || len(li) == 0 {
		return nil, nil
	}
	gatherPairs(p.both, p.nl, left, right, li, ri)
	return p.cond.eval(p.both, nil)
}

func gatherPairs(out *vec.Batch, nl int, left, right *vec.Batch, li, ri []int32) {
	out.Len, out.Sel = len(li), nil
	for k, col := range out.Cols {
		if k < nl {
			col.Gather(left.Cols[k], li)
		} else {
			col.Gather(right.Cols[k-nl], ri)
		}
	}
}

func (p *pairs) gather(left, right *vec.Batch) *vec.Batch {
	if len(p.li) == 0 {
		return nil
	}
	gatherPairs(p.out, p.nl, left, right, p.li, p.ri)
	return p.out
}

// end finishes a left batch: it returns the left rows of a semi or anti join.
func (p *pairs) end(left *vec.Batch) *vec.Batch {
	if !leftOnly(p.kind) || len(p.sel) == 0 {
		return nil
	}
	p.view = vec.Batch{Len: left.Len, Sel: p.sel, Cols: left.Cols}
	return &p.view
}

// unmatched returns up to a batch of right rows without a match, or of RightSemi with one,
// from row at on, with NULLs on the left where that comes out, and where to go on.
func (p *pairs) unmatched(right *vec.Batch, at int) (*vec.Batch, int) {
	p.ri = p.ri[:0]
	for ; at < right.Len && len(p.ri) < vec.BatchSize; at++ {
		if p.matched.Get(int(p.base)+at) == (p.kind == plan.RightSemi) {
			p.ri = append(p.ri, int32(at))
		}
	}
	if len(p.ri) == 0 {
		return nil, at
	}
	p.out.Len, p.out.Sel = len(p.ri), nil
	nl := p.nl
	if rightOnly(p.kind) {
		nl = 0
	}
	for k, col := range p.out.Cols {
		if k < nl {
			setNulls(col, len(p.ri))
		} else {
			col.Gather(right.Cols[k-nl], p.ri)
		}
	}
	return p.out, at
}
