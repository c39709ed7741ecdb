package fn

import (
	"math/big"

	"github.com/weftdb/weft/query/sqltype"
)

// What time_bucket_gapfill is made of, for the binder: these functions are not called by
// name. T is the type of the time: a timestamp, a date or an integer.

// GapBuckets gives, for a row of a group, the buckets that the row stands for: its own and those
// of the gap behind it; the first row of a group also has those of the gap before it. Its arguments
// are the width, start and finish (which is not within), whether the row is the first, its bucket, the next
// row's, and whether there is a row at all: without one, all buckets come.
func GapBuckets(width, t sqltype.Type) *SetFunc {
	return &SetFunc{Name: "time_bucket_gapfill", Cols: []Column{{"time_bucket_gapfill", t}},
		Args: []sqltype.Type{width, t, t, sqltype.TBool, t, t, sqltype.TBool}, open: openGap}
}

// GapAfter gives the least time after another one.
func GapAfter(t sqltype.Type) *Func {
	return &Func{Name: "gapfill_after", Args: []sqltype.Type{t}, Ret: t, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		d := c.arg[0]
		if next := d.Int + 1; !infinite(d.Int) && next > d.Int {
			d.Int = next
		}
		return d, nil
	})}
}

// GapInterpolate gives the value at a time between two others: its arguments are the time, then a time
// and the value at it, twice. V is an integer, which is cut to, or a float.
func GapInterpolate(t, v sqltype.Type) *Func {
	return &Func{Name: "interpolate", Args: []sqltype.Type{t, t, v, t, v}, Ret: v, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		at, x0, x1 := c.arg[0].Int, c.arg[1].Int, c.arg[3].Int
		if v.Phys() == sqltype.PhysFloat {
			y0, y1 := c.arg[2].Float, c.arg[4].Float
			y := (y0*(float64(x1)-float64(at)) + y1*(float64(at)-float64(x0))) / (float64(x1) - float64(x0))
			if v.ID == sqltype.Float4 {
				y = float64(float32(y))
			}
			return sqltype.Datum{Float: y}, nil
		}
		num := func(n int64) *big.Int { return big.NewInt(n) }
		left := num(0).Mul(num(c.arg[2].Int), num(0).Sub(num(x1), num(at)))
		right := num(0).Mul(num(c.arg[4].Int), num(0).Sub(num(at), num(x0)))
		y := left.Quo(left.Add(left, right), num(0).Sub(num(x1), num(x0)))
		return sqltype.Datum{Int: y.Int64()}, nil
	})}
}

// gap walks the buckets of one row.
type gap struct {
	step          func() (int64, error) // the next bucket of the range
	at            int64
	finish        int64
	bucket, next  sqltype.Datum
	before, given bool // buckets before that of the row are left; it has been given
}

func openGap(c *call) (SetIter, error) {
	start, finish, bucket := c.arg[1], c.arg[2], c.arg[4]
	for i, what := range []string{"width", "start", "finish"} {
		if c.arg[i].Null {
			return nil, errParam("%s of time_bucket_gapfill cannot be NULL", what)
		}
	}
	dated := c.typ[1].ID == sqltype.Date || c.typ[1].ID == sqltype.Timestamp || c.typ[1].ID == sqltype.TimestampTZ
	if dated && (infinite(start.Int) || infinite(finish.Int)) {
		return nil, errParam("start and finish of time_bucket_gapfill cannot be infinite")
	}
	g := &gap{finish: finish.Int, bucket: bucket, next: c.arg[5], before: c.arg[3].Int != 0}
	if c.arg[6].Null { // no row
		g.bucket, g.next, g.before, g.given = sqltype.NullDatum, sqltype.NullDatum, true, true
	}
	from := start.Int
	if !g.before && !bucket.Null && bucket.Int > from {
		from = min(bucket.Int, g.finish)
	}
	var err error
	g.at, g.step, err = gapSteps(c, from)
	return &stepping{g.row}, err
}

// gapSteps gives the bucket that a time is in, and a function that gives the ones after it.
func gapSteps(c *call, from int64) (int64, func() (int64, error), error) {
	w := c.arg[0]
	if c.typ[0].ID != sqltype.Interval {
		if w.Int <= 0 {
			return 0, nil, errParam("period must be greater than 0")
		}
		at := from - ((from%w.Int)+w.Int)%w.Int
		return at, func() (int64, error) {
			if at > at+w.Int {
				return 0, errIntRange(64)
			}
			at += w.Int
			return at, nil
		}, nil
	}
	date := c.typ[1].ID == sqltype.Date
	us, err := from, error(nil)
	if date {
		if us, err = sqltype.DateToTimestamp(from); err != nil {
			return 0, nil, err
		}
	}
	if us, err = timeBucket(w.Ivl, us, bucketOrigin(w.Ivl)); err != nil {
		return 0, nil, err
	}
	value := func() int64 {
		if date {
			return us/sqltype.MicrosPerDay - b2i(us%sqltype.MicrosPerDay < 0)
		}
		return us
	}
	return value(), func() (int64, error) {
		for was := value(); value() == was && err == nil; { // buckets of less than a day are one date
			us, err = sqltype.TimestampAdd(us, w.Ivl)
		}
		return value(), err
	}, nil
}

// row gives the next bucket.
func (g *gap) row() (sqltype.Datum, bool, error) {
	if g.before && g.at < g.finish && (g.bucket.Null || g.at < g.bucket.Int) {
		return g.take()
	}
	if !g.given {
		g.given, g.before = true, false
		for !g.bucket.Null && g.at <= g.bucket.Int && g.at < g.finish {
			var err error
			if g.at, err = g.step(); err != nil {
				return g.bucket, false, err
			}
		}
		return g.bucket, true, nil
	}
	if g.bucket.Null || g.at >= g.finish || !g.next.Null && g.at >= g.next.Int {
		return sqltype.NullDatum, false, nil
	}
	return g.take()
}

func (g *gap) take() (sqltype.Datum, bool, error) {
	d := sqltype.Datum{Int: g.at}
	var err error
	g.at, err = g.step()
	return d, err == nil, err
}
