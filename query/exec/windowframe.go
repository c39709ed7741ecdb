package exec

import (
	"errors"
	"sort"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// frames finds the frame of each row of a partition.
type frames struct {
	c     *Context
	f     *plan.Frame
	order []plan.SortKey
	key   evaluator // the only sort key, of RANGE with an offset
}

func newFrames(c *Context, f *plan.Frame, order []plan.SortKey) (*frames, error) {
	fr := &frames{c: c, f: f, order: order}
	var err error
	if f.Start.RangeFn != nil || f.End.RangeFn != nil {
		fr.key, err = compile(c, order[0].Expr)
	}
	return fr, err
}

// span is rows [lo, hi) of a partition.
type span struct{ lo, hi int }

// bounds computes the frames of all rows, without exclusion.
func (fr *frames) bounds(p *partition) ([]span, error) {
	out := make([]span, p.n)
	lo, err := fr.ends(p, &fr.f.Start, true)
	if err != nil {
		return nil, err
	}
	hi, err := fr.ends(p, &fr.f.End, false)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = span{lo(i), max(lo(i), hi(i))}
	}
	return out, nil
}

// ends returns what gives one end of the frame of each row.
func (fr *frames) ends(p *partition, b *plan.FrameBound, start bool) (func(i int) int, error) {
	switch b.Kind {
	case plan.UnboundedPreceding:
		return func(int) int { return 0 }, nil
	case plan.UnboundedFollowing:
		return func(int) int { return p.n }, nil
	case plan.CurrentRow:
		switch {
		case fr.f.Mode == plan.FrameRows && start:
			return func(i int) int { return i }, nil
		case fr.f.Mode == plan.FrameRows:
			return func(i int) int { return i + 1 }, nil
		case start:
			return p.from, nil
		}
		return p.to, nil
	}
	off, err := fr.offset(b, start)
	if err != nil {
		return nil, err
	}
	if fr.f.Mode == plan.FrameRange {
		return fr.rangeEnds(p, b, off, start)
	}
	n := int(min(off.Int, int64(p.n)))
	if b.Kind == plan.Preceding {
		n = -n
	}
	if fr.f.Mode == plan.FrameRows {
		if !start {
			n++
		}
		return func(i int) int { return clamp(i+n, p.n) }, nil
	}
	groups := len(p.start) - 1
	return func(i int) int {
		g := int(p.group[i]) + n
		if !start {
			g++
		}
		return int(p.start[clamp(g, groups)])
	}, nil
}

func clamp(i, n int) int { return max(0, min(i, n)) }

// offset evaluates the offset of an end, which is the same for all rows.
func (fr *frames) offset(b *plan.FrameBound, start bool) (sqltype.Datum, error) {
	word := "ending"
	if start {
		word = "starting"
	}
	d, err := evalOnce(fr.c, b.Offset)
	if err != nil {
		return d, err
	}
	if d.Null {
		return d, dberr.SQL("22004", "frame %s offset must not be null", word)
	}
	t := b.Offset.Type()
	negative := false
	switch t.Phys() {
	case sqltype.PhysInt:
		negative = d.Int < 0
	case sqltype.PhysFloat:
		negative = d.Float < 0 || d.Float != d.Float
	case sqltype.PhysNumeric:
		negative = d.Num.Sign() < 0 || d.Num.IsNaN()
	case sqltype.PhysInterval:
		negative = d.Ivl.Compare(sqltype.IntervalValue{}) < 0
	}
	if !negative {
		return d, nil
	}
	if fr.f.Mode == plan.FrameRange {
		return d, dberr.SQL("22013", "invalid preceding or following size in window function")
	}
	return d, dberr.SQL("22013", "frame %s offset must not be negative", word)
}

// rangeEnds finds the rows whose key lies within an offset of the current one's.
// The frame of a row with a NULL key is its peers.
func (fr *frames) rangeEnds(p *partition, b *plan.FrameBound, off sqltype.Datum, start bool) (func(i int) int, error) {
	k := &fr.order[0]
	v, err := fr.key.eval(p.rows, nil)
	if err != nil {
		return nil, err
	}
	keys, from, to, err := fr.rangeKeys(p, v, b.RangeFn.Ret)
	if err != nil {
		return nil, err
	}
	ends := make([]int, p.n)
	for i := range ends {
		if v.IsNull(i) {
			ends[i] = p.to(i)
			if start {
				ends[i] = p.from(i)
			}
			continue
		}
		if i > 0 && p.group[i] == p.group[i-1] {
			ends[i] = ends[i-1]
			continue
		}
		arg, err := convertAny(v.Get(i), k.Expr.Type(), b.RangeFn.Args[0])
		if err != nil {
			return nil, err
		}
		bound, err := b.RangeFn.CallRow(fr.c.Env, arg, off)
		if isOverflow(err) { // beyond all keys
			ends[i] = to
			if b.Kind == plan.Preceding {
				ends[i] = from
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		ends[i] = from + sort.Search(to-from, func(r int) bool {
			c := sqltype.Compare(b.RangeFn.Ret, keys[from+r], bound)
			if k.Desc {
				c = -c
			}
			if start {
				return c >= 0
			}
			return c > 0
		})
	}
	return func(i int) int { return ends[i] }, nil
}

// rangeKeys gives the keys in the type in which they are compared, and the rows
// [from, to) whose key is not NULL.
func (fr *frames) rangeKeys(p *partition, v *vec.Vector, typ sqltype.Type) (keys []sqltype.Datum, from, to int, err error) {
	keys = make([]sqltype.Datum, p.n)
	from, to = -1, 0
	for i := range keys {
		if v.IsNull(i) {
			continue
		}
		if from < 0 {
			from = i
		}
		to = i + 1
		if keys[i], err = convertAny(v.Get(i), fr.order[0].Expr.Type(), typ); err != nil {
			return nil, 0, 0, err
		}
	}
	return keys, max(from, 0), to, nil
}

func convertAny(d sqltype.Datum, from, to sqltype.Type) (sqltype.Datum, error) {
	if from.ID == to.ID {
		return d, nil
	}
	return sqltype.CastDatum(d, from.Base(), to.Base(), true, nil)
}

func isOverflow(err error) bool {
	e := dberr.As(err)
	return e != nil && (e.SQLState == dberr.StateNumericOutOfRange || e.SQLState == dberr.StateDatetimeOverflow) && !errors.Is(err, dberr.ErrCorrupt)
}

// pieces are the up to three spans that are left of a frame by its exclusion.
func (fr *frames) pieces(dst []span, p *partition, i int, f span) []span {
	add := func(lo, hi int) {
		if lo, hi = max(lo, f.lo), min(hi, f.hi); lo < hi {
			dst = append(dst, span{lo, hi})
		}
	}
	switch fr.f.Exclude {
	case 'c':
		add(f.lo, i)
		add(i+1, f.hi)
	case 'g':
		add(f.lo, p.from(i))
		add(p.to(i), f.hi)
	case 't':
		add(f.lo, p.from(i))
		add(i, i+1)
		add(p.to(i), f.hi)
	default:
		add(f.lo, f.hi)
	}
	return dst
}
