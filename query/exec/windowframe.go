package exec

import (
	"errors"
	"math"
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
	v, err := fr.keys(p.rows)
	if err != nil {
		return nil, err
	}
	each, err := fr.spans(p, func(i int) (sqltype.Datum, error) { return v.Get(i), nil })
	if err != nil {
		return nil, err
	}
	out := make([]span, p.n)
	for i := range out {
		if out[i], err = each(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keys evaluates the sort key of RANGE with an offset; nil for other frames.
func (fr *frames) keys(rows *vec.Batch) (*vec.Vector, error) {
	if fr.key == nil {
		return nil, nil
	}
	return fr.key.eval(rows, rows.Sel)
}

// rowEnd gives one end of the frame of a row.
type rowEnd func(i int) (int, error)

// spans returns what gives the frame of each row, without exclusion. keyAt gives the sort
// key of a row, where frames.keys is not nil.
func (fr *frames) spans(p *partition, keyAt func(i int) (sqltype.Datum, error)) (func(i int) (span, error), error) {
	lo, err := fr.ends(p, &fr.f.Start, true, keyAt)
	if err != nil {
		return nil, err
	}
	hi, err := fr.ends(p, &fr.f.End, false, keyAt)
	if err != nil {
		return nil, err
	}
	return func(i int) (span, error) {
		l, err := lo(i)
		if err != nil {
			return span{}, err
		}
		h, err := hi(i)
		return span{l, max(l, h)}, err
	}, nil
}

// ends returns what gives one end of the frame of each row.
func (fr *frames) ends(p *partition, b *plan.FrameBound, start bool, keyAt func(i int) (sqltype.Datum, error)) (rowEnd, error) {
	switch b.Kind {
	case plan.UnboundedPreceding:
		return func(int) (int, error) { return 0, nil }, nil
	case plan.UnboundedFollowing:
		return func(int) (int, error) { return p.n, nil }, nil
	case plan.CurrentRow:
		switch {
		case fr.f.Mode == plan.FrameRows && start:
			return func(i int) (int, error) { return i, nil }, nil
		case fr.f.Mode == plan.FrameRows:
			return func(i int) (int, error) { return i + 1, nil }, nil
		case start:
			return func(i int) (int, error) { return p.from(i), nil }, nil
		}
		return func(i int) (int, error) { return p.to(i), nil }, nil
	}
	off, err := fr.offset(b, start)
	if err != nil {
		return nil, err
	}
	if fr.f.Mode == plan.FrameRange {
		return fr.rangeEnds(p, b, off, start, keyAt)
	}
	n := int(min(off.Int, int64(p.n)))
	if b.Kind == plan.Preceding {
		n = -n
	}
	if fr.f.Mode == plan.FrameRows {
		if !start {
			n++
		}
		return func(i int) (int, error) { return clamp(i+n, p.n), nil }, nil
	}
	groups := len(p.start) - 1
	return func(i int) (int, error) {
		g := int(p.group[i]) + n
		if !start {
			g++
		}
		return int(p.start[clamp(g, groups)]), nil
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
func (fr *frames) rangeEnds(p *partition, b *plan.FrameBound, off sqltype.Datum, start bool, keyAt func(i int) (sqltype.Datum, error)) (rowEnd, error) {
	from, to, err := notNullRows(p, keyAt)
	if err != nil {
		return nil, err
	}
	group, end := int32(-1), 0 // rows are asked for in order, so peers share a search
	return func(i int) (int, error) {
		if p.group[i] == group {
			return end, nil
		}
		key, err := keyAt(i)
		if err != nil {
			return 0, err
		}
		switch {
		case !key.Null:
			end, err = fr.rangeEnd(key, b, off, start, from, to, keyAt)
		case start:
			end = p.from(i)
		default:
			end = p.to(i)
		}
		if err == nil {
			group = p.group[i]
		}
		return end, err
	}, nil
}

// notNullRows are the rows [from, to) whose key is not NULL.
func notNullRows(p *partition, keyAt func(i int) (sqltype.Datum, error)) (from, to int, err error) {
	if p.n == 0 {
		return 0, 0, nil
	}
	first, err := keyAt(0)
	if err != nil {
		return 0, 0, err
	}
	last, err := keyAt(p.n - 1)
	if err != nil {
		return 0, 0, err
	}
	to = p.n
	if first.Null {
		from = int(p.start[1])
	}
	if last.Null {
		to = max(from, int(p.start[len(p.start)-2]))
	}
	return from, to, nil
}

// rangeEnd finds the end that belongs to a key among the rows [from, to).
func (fr *frames) rangeEnd(key sqltype.Datum, b *plan.FrameBound, off sqltype.Datum, start bool, from, to int, keyAt func(i int) (sqltype.Datum, error)) (int, error) {
	k := &fr.order[0]
	typ := b.RangeFn.Ret
	arg, err := convertAny(key, k.Expr.Type(), b.RangeFn.Args[0])
	if err != nil {
		return 0, err
	}
	bound, err := fr.rangeBound(b, arg, off, start == k.Desc)
	if isOverflow(err) { // beyond all keys
		if b.Kind == plan.Preceding {
			return from, nil
		}
		return to, nil
	}
	if err != nil {
		return 0, err
	}
	var failed error
	n := sort.Search(to-from, func(r int) bool {
		d, err := keyAt(from + r)
		if err == nil {
			d, err = convertAny(d, k.Expr.Type(), typ)
		}
		if err != nil {
			failed = err
			return true
		}
		c := sqltype.Compare(typ, d, bound)
		if k.Desc {
			c = -c
		}
		if start {
			return c >= 0
		}
		return c > 0
	})
	return from + n, failed
}

// rangeBound is key ± offset; upper says whether the greatest keys are what it bounds.
func (fr *frames) rangeBound(b *plan.FrameBound, key, off sqltype.Datum, upper bool) (sqltype.Datum, error) {
	minus := b.RangeFn.Name == "-"
	switch t := b.RangeFn.Args[0]; t.ID {
	case sqltype.Time, sqltype.TimeTZ: // a time of day does not start again at midnight here
		n := off.Ivl.Micros
		if minus {
			n = -n
		}
		if t.ID == sqltype.Time {
			return sqltype.Datum{Int: key.Int + n}, nil
		}
		at := key.Any.(sqltype.TimeTZValue)
		at.Micros += n
		return sqltype.Datum{Any: at}, nil
	case sqltype.Float4, sqltype.Float8:
		// An infinity away from the infinity on the other side is everything.
		if math.IsInf(off.Float, 1) && (minus && math.IsInf(key.Float, 1) || !minus && math.IsInf(key.Float, -1)) {
			return sqltype.Datum{Float: math.Inf(side(upper))}, nil
		}
	case sqltype.Numeric:
		if off.Num.IsInf() > 0 && (minus && key.Num.IsInf() > 0 || !minus && key.Num.IsInf() < 0) {
			if upper {
				return off, nil
			}
			return sqltype.Datum{Num: off.Num.Neg()}, nil
		}
	}
	return b.RangeFn.CallRow(fr.c.Env, key, off)
}

func side(upper bool) int {
	if upper {
		return 1
	}
	return -1
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
