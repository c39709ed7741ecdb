package fn

import (
	"cmp"
	"math"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

type interval = sqltype.IntervalValue

// z1 and z2 are e1 and e2 for functions that need the session's time zone.
func z1[A, R any](f func(*sqltype.Env, A) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		te := env.types()
		return e1(func(a A) (R, error) { return f(te, a) })(env, n, sel, args, out)
	}
}

func z2[A, B, R any](f func(*sqltype.Env, A, B) (R, error)) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		te := env.types()
		return e2(func(a A, b B) (R, error) { return f(te, a, b) })(env, n, sel, args, out)
	}
}

func location(env *sqltype.Env) *time.Location {
	if env == nil || env.Location == nil {
		return time.UTC
	}
	return env.Location
}

// flip swaps the arguments of an operator.
func flip(ev Eval) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		return ev(env, n, sel, []*vec.Vector{args[1], args[0]}, out)
	}
}

// commutes registers an operator and its mirror image.
func (t *tables) commutes(op, l, r, ret string, ev Eval) {
	t.op(op+"("+l+","+r+") "+ret, ev)
	t.op(op+"("+r+","+l+") "+ret, flip(ev))
}

func infinite(v int64) bool { return v == sqltype.IntInfinity || v == sqltype.IntNInfinity }

// dateTime joins a date and a time of day.
func dateTime(days, us int64) (int64, error) {
	ts, err := sqltype.DateToTimestamp(days)
	if err != nil || infinite(ts) {
		return ts, err
	}
	if ts += us; !sqltype.ValidTimestamp(ts) {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "timestamp out of range")
	}
	return ts, nil
}

func negated(f func(int64, interval) (int64, error)) func(int64, interval) (int64, error) {
	return func(us int64, v interval) (int64, error) {
		v, err := v.Neg()
		if err != nil {
			return 0, err
		}
		return f(us, v)
	}
}

func dateAddInterval(days int64, v interval) (int64, error) {
	us, err := sqltype.DateToTimestamp(days)
	if err != nil {
		return 0, err
	}
	return sqltype.TimestampAdd(us, v)
}

func timeAdd(us int64, v interval) (int64, error) { return sqltype.TimeAdd(us, v), nil }

func timetzAdd(a any, v interval) (any, error) {
	t := a.(sqltype.TimeTZValue)
	t.Micros = sqltype.TimeAdd(t.Micros, v)
	return t, nil
}

func registerDatetime(t *tables) {
	neg64 := func(f func(a, b int64) (int64, error)) Eval {
		return e2(func(a, b int64) (int64, error) { return f(a, -b) })
	}
	t.commutes("+", "date", "int4", "date", e2(sqltype.DateAddDays))
	t.op("-(date,int4) date", neg64(sqltype.DateAddDays))
	t.op("-(date,date) int4", e2(sqltype.DateSub))
	t.commutes("+", "date", "interval", "timestamp", e2(dateAddInterval))
	t.op("-(date,interval) timestamp", e2(negated(dateAddInterval)))
	t.commutes("+", "date", "time", "timestamp", e2(dateTime))
	t.commutes("+", "date", "timetz", "timestamptz", e2(func(days int64, v any) (int64, error) {
		z := v.(sqltype.TimeTZValue)
		return dateTime(days, z.Micros-int64(z.OffsetSec)*sqltype.MicrosPerSecond)
	}))
	t.commutes("+", "timestamp", "interval", "timestamp", e2(sqltype.TimestampAdd))
	t.op("-(timestamp,interval) timestamp", e2(negated(sqltype.TimestampAdd)))
	t.commutes("+", "timestamptz", "interval", "timestamptz stable", z2(sqltype.TimestampTZAdd))
	t.op("-(timestamptz,interval) timestamptz stable", z2(func(env *sqltype.Env, us int64, v interval) (int64, error) {
		v, err := v.Neg()
		if err != nil {
			return 0, err
		}
		return sqltype.TimestampTZAdd(env, us, v)
	}))
	t.op("-(timestamp,timestamp) interval", e2(sqltype.TimestampSub))
	t.op("-(timestamptz,timestamptz) interval", e2(sqltype.TimestampSub))
	t.commutes("+", "time", "interval", "time", e2(timeAdd))
	t.op("-(time,interval) time", e2(negated(timeAdd)))
	t.commutes("+", "timetz", "interval", "timetz", e2(timetzAdd))
	t.op("-(timetz,interval) timetz", e2(func(a any, v interval) (any, error) {
		v, err := v.Neg()
		if err != nil {
			return nil, err
		}
		return timetzAdd(a, v)
	}))
	t.op("-(time,time) interval", p2(func(a, b int64) interval { return interval{Micros: a - b} }))
	t.op("+(interval,interval) interval", e2(interval.Add))
	t.op("-(interval,interval) interval", e2(interval.Sub))
	t.op("-(interval) interval", e1(interval.Neg))
	t.commutes("*", "interval", "float8", "interval", e2(interval.Mul))
	t.op("/(interval,float8) interval", e2(interval.Div))
	for _, typ := range []string{"timestamp", "timestamptz", "time"} {
		for _, first := range []string{typ, "interval"} {
			for _, second := range []string{typ, "interval"} {
				t.def("overlaps("+typ+","+first+","+typ+","+second+") bool called stable", rowwise(overlap))
			}
		}
	}
	registerDateCompare(t)
	registerDateParts(t)
	registerMakers(t)
}

// dateCmp brings a date to a timestamp; dates beyond its range stay ordered.
func dateCmp(days int64) int64 {
	if infinite(days) {
		return days
	}
	if us, err := sqltype.DateToTimestamp(days); err == nil {
		return us
	}
	return sqltype.IntInfinity - 1
}

func registerDateCompare(t *tables) {
	compared(t, "date", "timestamp", " total", func(a, b int64) int { return cmp.Compare(dateCmp(a), b) })
	compared(t, "timestamp", "date", " total", func(a, b int64) int { return cmp.Compare(a, dateCmp(b)) })
	compared(t, "timetz", "timetz", "", func(a, b any) int {
		return a.(sqltype.TimeTZValue).Compare(b.(sqltype.TimeTZValue))
	})
	for _, c := range cmpOps {
		test := c.test
		zoned := func(l, r func(loc *time.Location, v int64) int64) Eval {
			return z2(func(env *sqltype.Env, a, b int64) (int64, error) {
				return b2i(test(cmp.Compare(l(location(env), a), r(location(env), b)))), nil
			})
		}
		same := func(_ *time.Location, v int64) int64 { return v }
		date := func(loc *time.Location, v int64) int64 { return sqltype.ToUTC(loc, dateCmp(v)) }
		t.op(c.op+"(timestamp,timestamptz) bool stable", zoned(sqltype.ToUTC, same))
		t.op(c.op+"(timestamptz,timestamp) bool stable", zoned(same, sqltype.ToUTC))
		t.op(c.op+"(date,timestamptz) bool stable", zoned(date, same))
		t.op(c.op+"(timestamptz,date) bool stable", zoned(same, date))
	}
}

// extractor is extract(field, value), which gives numeric, or date_part, which
// gives double precision. A constant field is looked up once.
func extractor(typ sqltype.Type, asFloat bool) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		te := env.types()
		var field sqltype.DateField
		last, known := "", false
		for _, i := range vec.Live(n, sel) {
			if name := args[0].S[args[0].At(int(i))]; !known || name != last {
				f, err := sqltype.ParseDateField(name, typ)
				if err != nil {
					return err
				}
				field, last, known = f, name, true
			}
			v, null, err := sqltype.Extract(te, field, typ, args[1].Get(int(i)))
			switch {
			case err != nil:
				return err
			case null:
				out.SetNull(int(i))
			case asFloat:
				out.F[i] = v.Float64()
			default:
				out.N[i] = v
			}
		}
		return nil
	}
}

// truncator is date_trunc for values of one physical type.
func truncator[T any](typ sqltype.Type, f func(env *sqltype.Env, field sqltype.DateField, v T) (T, error)) Eval {
	return z2(func(env *sqltype.Env, name string, v T) (T, error) {
		if us, ok := any(v).(int64); ok && infinite(us) { // of which no unit is looked at
			return v, nil
		}
		field, err := sqltype.ParseDateField(name, typ)
		if err != nil {
			return v, err
		}
		return f(env, field, v)
	})
}

func registerDateParts(t *tables) {
	for name, typ := range map[string]sqltype.Type{
		"date": sqltype.TDate, "time": sqltype.TTime, "timetz": {ID: sqltype.TimeTZ}, "timestamp": sqltype.TTimestamp,
		"timestamptz": sqltype.TTimestampTZ, "interval": sqltype.TInterval,
	} {
		vol := ""
		if typ.ID == sqltype.TimestampTZ {
			vol = " stable"
		}
		t.def("extract(text,"+name+") numeric"+vol, extractor(typ, false))
		if typ.ID != sqltype.Date {
			t.def("date_part(text,"+name+") float8"+vol, extractor(typ, true))
		}
	}
	midnight := extractor(sqltype.TTimestamp, true)
	t.def("date_part(text,date) float8", func(env *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		at := vec.NewVector(sqltype.TTimestamp, args[1].Len())
		at.Const = args[1].Const
		for i, days := range args[1].I {
			us, err := sqltype.DateToTimestamp(days)
			if err != nil {
				return err
			}
			at.I[i] = us
		}
		return midnight(env, n, sel, []*vec.Vector{args[0], at}, out)
	})

	t.def("date_trunc(text,timestamp) timestamp", truncator(sqltype.TTimestamp, func(_ *sqltype.Env, f sqltype.DateField, v int64) (int64, error) {
		return sqltype.TruncTimestamp(f, v)
	}))
	t.def("date_trunc(text,timestamptz) timestamptz stable", truncator(sqltype.TTimestampTZ, sqltype.TruncTimestampTZ))
	t.def("date_trunc(text,interval) interval", truncator(sqltype.TInterval, func(_ *sqltype.Env, f sqltype.DateField, v interval) (interval, error) {
		return sqltype.TruncInterval(f, v)
	}))
	t.def("date_trunc(text,timestamptz,text) timestamptz", e3(func(name string, us int64, zone string) (int64, error) {
		loc, err := sqltype.LoadLocation(zone)
		if err != nil {
			return 0, err
		}
		f, err := sqltype.ParseDateField(name, sqltype.TTimestampTZ)
		if err != nil {
			return 0, err
		}
		return sqltype.TruncTimestampTZ(&sqltype.Env{Location: loc}, f, us)
	}))
	bin := e3(func(w interval, us, origin int64) (int64, error) { return sqltype.DateBin(w, us, origin) })
	t.def("date_bin(interval,timestamp,timestamp) timestamp", bin)
	t.def("date_bin(interval,timestamptz,timestamptz) timestamptz", bin)
	registerTimeBucket(t)
	registerZones(t)
	t.def("age(timestamp,timestamp) interval", e2(sqltype.Age))
	t.def("age(timestamptz,timestamptz) interval stable", z2(func(env *sqltype.Env, a, b int64) (interval, error) {
		return sqltype.Age(sqltype.FromUTC(location(env), a), sqltype.FromUTC(location(env), b))
	}))
	today := func(env *sqltype.Env) int64 {
		us := sqltype.FromUTC(location(env), sqltype.TimestampFromGo(env.Now))
		return us - (us%sqltype.MicrosPerDay+sqltype.MicrosPerDay)%sqltype.MicrosPerDay
	}
	t.def("age(timestamp) interval stable", z1(func(env *sqltype.Env, v int64) (interval, error) { return sqltype.Age(today(env), v) }))
	t.def("age(timestamptz) interval stable", z1(func(env *sqltype.Env, v int64) (interval, error) {
		return sqltype.Age(today(env), sqltype.FromUTC(location(env), v))
	}))
	t.def("justify_hours(interval) interval", e1(interval.JustifyHours))
	t.def("justify_days(interval) interval", e1(interval.JustifyDays))
	t.def("justify_interval(interval) interval", e1(interval.JustifyInterval))
	for _, typ := range []string{"date", "timestamp", "timestamptz"} {
		t.def("isfinite("+typ+") bool total", p1(func(v int64) int64 { return b2i(!infinite(v)) }))
	}
	t.def("isfinite(interval) bool total", p1(func(interval) int64 { return 1 }))
}

// overlap is (start, end) OVERLAPS (start, end), with an interval for an end that is
// told by its distance. A NULL matters only where the answer depends on it.
func overlap(c *call) (sqltype.Datum, error) {
	for k := 1; k < 4; k += 2 {
		if c.typ[k].ID != sqltype.Interval || c.arg[k].Null {
			continue
		}
		if c.arg[k-1].Null {
			c.arg[k] = sqltype.NullDatum
			continue
		}
		end, err := c.after(k-1, c.arg[k].Ivl)
		if err != nil {
			return sqltype.NullDatum, err
		}
		c.arg[k] = sqltype.Datum{Int: end}
	}
	for k := 0; k < 4; k += 2 {
		start, end := c.arg[k], c.arg[k+1]
		if start.Null && end.Null {
			return sqltype.NullDatum, nil
		}
		if start.Null || !end.Null && end.Int < start.Int {
			c.arg[k], c.arg[k+1] = end, start
		}
	}
	if c.arg[0].Int > c.arg[2].Int {
		c.arg[0], c.arg[1], c.arg[2], c.arg[3] = c.arg[2], c.arg[3], c.arg[0], c.arg[1]
	}
	end1, start2, end2 := c.arg[1], c.arg[2], c.arg[3]
	switch {
	case end1.Null, c.arg[0].Int == start2.Int && end2.Null:
		return sqltype.NullDatum, nil
	case c.arg[0].Int == start2.Int || start2.Int < end1.Int:
		return sqltype.Datum{Int: 1}, nil
	case end2.Null:
		return sqltype.NullDatum, nil
	}
	return sqltype.Datum{}, nil
}

// after is argument k of the row, a point in time, plus an interval.
func (c *call) after(k int, v interval) (int64, error) {
	switch c.typ[k].ID {
	case sqltype.TimestampTZ:
		return sqltype.TimestampTZAdd(c.env.types(), c.arg[k].Int, v)
	case sqltype.Time:
		return sqltype.TimeAdd(c.arg[k].Int, v), nil
	}
	return sqltype.TimestampAdd(c.arg[k].Int, v)
}

// bucketOrigin is where time_bucket counts from by default: Monday 2000-01-03, and
// 2000-01-01 for widths in months.
func bucketOrigin(w interval) int64 {
	if w.Months != 0 {
		return 0
	}
	return 2 * sqltype.MicrosPerDay
}

// timeBucket is the start of the bucket that us falls in.
func timeBucket(w interval, us, origin int64) (int64, error) {
	if infinite(us) {
		return us, nil
	}
	if w.Months == 0 {
		return sqltype.DateBin(w, us, origin)
	}
	if w.Days != 0 || w.Micros != 0 {
		return 0, errParam("month intervals cannot have day or time component")
	}
	if w.Months < 0 {
		return 0, errParam("period must be greater than 0")
	}
	o, c := sqltype.SplitTimestamp(origin), sqltype.SplitTimestamp(us)
	base := int64(o.Year)*12 + int64(o.Month-1)
	months := int64(c.Year)*12 + int64(c.Month-1) - base
	months -= ((months % int64(w.Months)) + int64(w.Months)) % int64(w.Months)
	at, err := sqltype.TimestampAdd(origin, interval{Months: int32(months)})
	if err == nil && at > us {
		at, err = sqltype.TimestampAdd(origin, interval{Months: int32(months) - w.Months})
	}
	return at, err
}

func registerTimeBucket(t *tables) {
	plain := e2(func(w interval, us int64) (int64, error) { return timeBucket(w, us, bucketOrigin(w)) })
	t.def("time_bucket(interval,timestamp) timestamp", plain)
	t.def("time_bucket(interval,timestamptz) timestamptz", plain)
	t.def("time_bucket(interval,timestamp,timestamp) timestamp", e3(timeBucket))
	t.def("time_bucket(interval,timestamptz,timestamptz) timestamptz", e3(timeBucket))
	offset := e3(func(w interval, us int64, off interval) (int64, error) {
		back, err := negated(sqltype.TimestampAdd)(us, off)
		if err != nil {
			return 0, err
		}
		at, err := timeBucket(w, back, bucketOrigin(w))
		if err != nil {
			return 0, err
		}
		return sqltype.TimestampAdd(at, off)
	})
	t.def("time_bucket(interval,timestamp,interval) timestamp", offset)
	t.def("time_bucket(interval,timestamptz,interval) timestamptz", offset)
	t.def("time_bucket(interval,timestamptz,text) timestamptz", e3(func(w interval, us int64, zone string) (int64, error) {
		loc, err := sqltype.LoadLocation(zone)
		if err != nil {
			return 0, err
		}
		local, err := timeBucket(w, sqltype.FromUTC(loc, us), bucketOrigin(w))
		return sqltype.ToUTC(loc, local), err
	}))
	t.def("time_bucket(interval,date) date", e2(func(w interval, days int64) (int64, error) {
		us, err := sqltype.DateToTimestamp(days)
		if err != nil || infinite(us) {
			return days, err
		}
		if us, err = timeBucket(w, us, bucketOrigin(w)); err != nil {
			return 0, err
		}
		return int64(math.Floor(float64(us) / float64(sqltype.MicrosPerDay))), nil
	}))
	for _, n := range integers {
		size := n.size
		sig := "time_bucket(" + n.name + "," + n.name + ") " + n.name
		t.def(sig, e2(func(w, v int64) (int64, error) {
			if w <= 0 {
				return 0, errParam("period must be greater than 0")
			}
			return toInt(v-((v%w)+w)%w, size)
		}))
	}
}

func registerZones(t *tables) {
	t.def("timezone(text,timestamptz) timestamp", e2(func(zone string, us int64) (int64, error) {
		if infinite(us) {
			return us, nil
		}
		loc, err := sqltype.LoadLocation(zone)
		if err != nil {
			return 0, err
		}
		return sqltype.FromUTC(loc, us), nil
	}))
	t.def("timezone(text,timestamp) timestamptz", e2(func(zone string, us int64) (int64, error) {
		if infinite(us) {
			return us, nil
		}
		loc, err := sqltype.LoadLocation(zone)
		if err != nil {
			return 0, err
		}
		return sqltype.TimeZoneShift(loc, us)
	}))
	t.def("timezone(timestamptz) timestamp stable", n1(func(env *Env, us int64) (int64, error) {
		return sqltype.FromUTC(location(env.types()), us), nil
	}))
	t.def("timezone(timestamp) timestamptz stable", n1(func(env *Env, us int64) (int64, error) {
		return sqltype.TimeZoneShift(location(env.types()), us)
	}))
	t.def("timezone(timetz) timetz stable", n1(func(env *Env, v any) (any, error) {
		z := v.(sqltype.TimeTZValue)
		_, off := env.Now.In(location(env.types())).Zone()
		return z.In(off), nil
	}))
	shift := func(sign int64) Eval {
		return e2(func(v interval, us int64) (int64, error) {
			if v.Months != 0 || v.Days != 0 {
				return 0, errParam("interval time zone \"%s\" must not include months or days",
					sqltype.FormatText(sqltype.TInterval, sqltype.Datum{Ivl: v}))
			}
			if infinite(us) {
				return us, nil
			}
			return us + sign*v.Micros, nil
		})
	}
	t.def("timezone(interval,timestamptz) timestamp", shift(1))
	t.def("timezone(interval,timestamp) timestamptz", shift(-1))
	t.def("timezone(interval,timetz) timetz", e2(func(v interval, z any) (any, error) {
		if v.Months != 0 || v.Days != 0 {
			return nil, errParam("interval time zone \"%s\" must not include months or days",
				sqltype.FormatText(sqltype.TInterval, sqltype.Datum{Ivl: v}))
		}
		return z.(sqltype.TimeTZValue).In(int(v.Micros / sqltype.MicrosPerSecond)), nil
	}))
	t.def("timezone(text,timetz) timetz stable", n2(func(env *Env, zone string, v any) (any, error) {
		loc, err := sqltype.LoadLocation(zone)
		if err != nil {
			return nil, err
		}
		z := v.(sqltype.TimeTZValue)
		_, off := env.Now.In(loc).Zone()
		return z.In(off), nil
	}))
}

func registerMakers(t *tables) {
	t.def("make_date(year int4,month int4,day int4) date", e3(func(y, m, d int64) (int64, error) { return sqltype.MakeDate(int(y), int(m), int(d)) }))
	t.def("make_time(hour int4,min int4,sec float8) time", e3(func(h, m int64, s float64) (int64, error) { return sqltype.MakeTime(int(h), int(m), s) }))
	makeTS := func(c *call) (int64, error) {
		a := c.arg
		return sqltype.MakeTimestamp(int(a[0].Int), int(a[1].Int), int(a[2].Int), int(a[3].Int), int(a[4].Int), a[5].Float)
	}
	const six = "(year int4,month int4,mday int4,hour int4,min int4,sec float8"
	t.def("make_timestamp"+six+") timestamp", rowwise(func(c *call) (sqltype.Datum, error) {
		us, err := makeTS(c)
		return sqltype.Datum{Int: us}, err
	}))
	t.def("make_timestamptz"+six+") timestamptz stable", rowwise(func(c *call) (sqltype.Datum, error) {
		us, err := makeTS(c)
		return sqltype.Datum{Int: sqltype.ToUTC(location(c.env.types()), us)}, err
	}))
	t.def("make_timestamptz"+six+",timezone text) timestamptz", rowwise(func(c *call) (sqltype.Datum, error) {
		us, err := makeTS(c)
		if err != nil {
			return sqltype.NullDatum, err
		}
		loc, err := sqltype.MakerZone(c.arg[6].Str)
		if err != nil {
			return sqltype.NullDatum, err
		}
		return sqltype.Datum{Int: sqltype.ToUTC(loc, us)}, nil
	}))
	parts := []string{"years int4", "months int4", "weeks int4", "days int4", "hours int4", "mins int4", "secs float8"}
	list := ""
	for n := 0; n <= len(parts); n++ {
		if n > 0 {
			if n > 1 {
				list += ","
			}
			list += parts[n-1] + "='0'"
		}
		t.def("make_interval("+list+") interval", rowwise(func(c *call) (sqltype.Datum, error) {
			var p [6]int64
			sec := 0.0
			for i, a := range c.arg {
				if i == 6 {
					sec = a.Float
				} else {
					p[i] = a.Int
				}
			}
			v, err := sqltype.MakeInterval(p[0], p[1], p[2], p[3], p[4], p[5], sec)
			return sqltype.Datum{Ivl: v}, err
		}))
	}
	t.def("to_timestamp(float8) timestamptz", e1(sqltype.TimestampFromEpoch))
}
