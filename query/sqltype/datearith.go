package sqltype

import (
	"math"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

func isInf(v int64) bool { return v == IntInfinity || v == IntNInfinity }

// DateAddDays returns date + n.
func DateAddDays(days, n int64) (int64, error) {
	if isInf(days) {
		return days, nil
	}
	if r := days + n; ValidDate(r) {
		return r, nil
	}
	return 0, errOutOf("date")
}

// DateSub returns the days between two dates.
func DateSub(a, b int64) (int64, error) {
	if isInf(a) || isInf(b) {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "cannot subtract infinite dates")
	}
	return a - b, nil
}

// addMonths moves a local timestamp by months; the day is cut to the month's last.
func addMonths(us int64, months int32) (int64, bool) {
	c := SplitTimestamp(us)
	m := c.Year*12 + c.Month - 1 + int(months)
	c.Year, c.Month = floorDiv(m, 12), m-floorDiv(m, 12)*12+1
	c.Day = min(c.Day, daysIn(c.Year, c.Month))
	return c.Timestamp()
}

// TimestampAdd returns timestamp + interval: first months, then days, then time.
func TimestampAdd(us int64, v IntervalValue) (int64, error) {
	return timestampAdd(time.UTC, us, v)
}

// TimestampTZAdd returns timestamptz + interval, where days and months are those of
// clocks in loc.
func TimestampTZAdd(env *Env, us int64, v IntervalValue) (int64, error) {
	return timestampAdd(env.loc(), us, v)
}

func timestampAdd(loc *time.Location, us int64, v IntervalValue) (int64, error) {
	if isInf(us) {
		return us, nil
	}
	if v.Months != 0 {
		local, ok := addMonths(FromUTC(loc, us), v.Months)
		if !ok {
			return 0, errOutOf("timestamp")
		}
		us = ToUTC(loc, local)
	}
	if v.Days != 0 {
		days, rest := floorDivMod(FromUTC(loc, us), MicrosPerDay)
		if days += int64(v.Days); days < minDate || days > endTimestamp/MicrosPerDay {
			return 0, errOutOf("timestamp")
		}
		us = ToUTC(loc, days*MicrosPerDay+rest)
	}
	us, ok := addInt64(us, v.Micros)
	if !ok || !ValidTimestamp(us) {
		return 0, errOutOf("timestamp")
	}
	return us, nil
}

func addInt64(a, b int64) (int64, bool) {
	s := a + b
	return s, (s >= a) == (b >= 0)
}

// Neg returns -v.
func (v IntervalValue) Neg() (IntervalValue, error) {
	if v.Months == math.MinInt32 || v.Days == math.MinInt32 || v.Micros == math.MinInt64 {
		return v, errOutOf("interval")
	}
	return IntervalValue{-v.Months, -v.Days, -v.Micros}, nil
}

// Add returns v + w.
func (v IntervalValue) Add(w IntervalValue) (IntervalValue, error) {
	us, ok := addInt64(v.Micros, w.Micros)
	m, d := int64(v.Months)+int64(w.Months), int64(v.Days)+int64(w.Days)
	if !ok || m != int64(int32(m)) || d != int64(int32(d)) {
		return v, errOutOf("interval")
	}
	return IntervalValue{int32(m), int32(d), us}, nil
}

// Sub returns v - w.
func (v IntervalValue) Sub(w IntervalValue) (IntervalValue, error) {
	us := v.Micros - w.Micros
	ok := (us <= v.Micros) == (w.Micros >= 0)
	m, d := int64(v.Months)-int64(w.Months), int64(v.Days)-int64(w.Days)
	if !ok || m != int64(int32(m)) || d != int64(int32(d)) {
		return v, errOutOf("interval")
	}
	return IntervalValue{int32(m), int32(d), us}, nil
}

// Mul returns v × f; fractions of months become days and those of days time.
func (v IntervalValue) Mul(f float64) (IntervalValue, error) {
	return v.scale(func(x float64) float64 { return x * f })
}

// Div returns v / f.
func (v IntervalValue) Div(f float64) (IntervalValue, error) {
	if f == 0 {
		return v, errDivZero()
	}
	return v.scale(func(x float64) float64 { return x / f })
}

func (v IntervalValue) scale(by func(float64) float64) (IntervalValue, error) {
	months, days := by(float64(v.Months)), by(float64(v.Days))
	if !fitsInt32(months) || !fitsInt32(days) {
		return v, errOutOf("interval")
	}
	r := IntervalValue{Months: int32(months), Days: int32(days)}
	// What is left of months counts 30 days each; rounding hides the noise of floats.
	restDays := tsRound((months - math.Trunc(months)) * 30)
	sec := (days - math.Trunc(days) + restDays - math.Trunc(restDays)) * 86400
	sec = tsRound(sec)
	if math.Abs(sec) >= 86400 {
		whole := int32(sec / 86400)
		r.Days += whole
		sec -= float64(whole) * 86400
	}
	d := int64(r.Days) + int64(restDays)
	us := math.RoundToEven(by(float64(v.Micros)) + sec*1e6)
	if d != int64(int32(d)) || math.IsNaN(us) || us >= 1<<63 || us < -1<<63 {
		return v, errOutOf("interval")
	}
	r.Days, r.Micros = int32(d), int64(us)
	return r, nil
}

func fitsInt32(f float64) bool { return f >= math.MinInt32 && f < 1<<31 }

func tsRound(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }

// JustifyHours turns each 24 hours into a day.
func (v IntervalValue) JustifyHours() (IntervalValue, error) {
	whole := v.Micros / MicrosPerDay
	d := int64(v.Days) + whole
	v.Micros -= whole * MicrosPerDay
	switch {
	case d > 0 && v.Micros < 0:
		d, v.Micros = d-1, v.Micros+MicrosPerDay
	case d < 0 && v.Micros > 0:
		d, v.Micros = d+1, v.Micros-MicrosPerDay
	}
	if d != int64(int32(d)) {
		return v, errOutOf("interval")
	}
	v.Days = int32(d)
	return v, nil
}

// JustifyDays turns each 30 days into a month.
func (v IntervalValue) JustifyDays() (IntervalValue, error) {
	m, d := int64(v.Months)+int64(v.Days/30), v.Days%30
	switch {
	case m > 0 && d < 0:
		m, d = m-1, d+30
	case m < 0 && d > 0:
		m, d = m+1, d-30
	}
	if m != int64(int32(m)) {
		return v, errOutOf("interval")
	}
	v.Months, v.Days = int32(m), d
	return v, nil
}

// JustifyInterval does both and gives all parts one sign.
func (v IntervalValue) JustifyInterval() (IntervalValue, error) {
	days, us := int64(v.Days)+v.Micros/MicrosPerDay, v.Micros%MicrosPerDay
	months := int64(v.Months) + days/30
	days %= 30
	switch {
	case months > 0 && (days < 0 || days == 0 && us < 0):
		months, days = months-1, days+30
	case months < 0 && (days > 0 || days == 0 && us > 0):
		months, days = months+1, days-30
	}
	switch {
	case days > 0 && us < 0:
		days, us = days-1, us+MicrosPerDay
	case days < 0 && us > 0:
		days, us = days+1, us-MicrosPerDay
	}
	if months != int64(int32(months)) {
		return v, errOutOf("interval")
	}
	return IntervalValue{int32(months), int32(days), us}, nil
}

// TimestampSub returns a - b in days and time.
func TimestampSub(a, b int64) (IntervalValue, error) {
	if isInf(a) || isInf(b) {
		return IntervalValue{}, dberr.SQL(dberr.StateDatetimeOverflow, "cannot subtract infinite timestamps")
	}
	us := a - b
	if (us <= a) != (b >= 0) {
		return IntervalValue{}, errOutOf("interval")
	}
	return IntervalValue{Micros: us}.JustifyHours()
}

// Age returns a - b in years, months and days of the calendar. For timestamptz
// both are to be brought to local time first.
func Age(a, b int64) (IntervalValue, error) {
	if isInf(a) || isInf(b) {
		return IntervalValue{}, errOutOf("interval")
	}
	neg := a < b
	if neg {
		a, b = b, a
	}
	x, y := SplitTimestamp(a), SplitTimestamp(b)
	months := (x.Year-y.Year)*12 + x.Month - y.Month
	days, us := x.Day-y.Day, x.timeMicros()-y.timeMicros()
	if us < 0 {
		us, days = us+MicrosPerDay, days-1
	}
	for days < 0 { // borrow from the month of the earlier one
		days += daysIn(y.Year, y.Month)
		months--
	}
	v := IntervalValue{int32(months), int32(days), us}
	if neg {
		return v.Neg()
	}
	return v, nil
}

// TimeAdd returns a time of day plus the time part of an interval, around midnight.
func TimeAdd(us int64, v IntervalValue) int64 {
	_, r := floorDivMod(us+v.Micros%MicrosPerDay, MicrosPerDay)
	return r
}

// TimeZoneShift is timestamp AT TIME ZONE zone: the instant at which clocks there
// show us.
func TimeZoneShift(loc *time.Location, us int64) (int64, error) {
	r := ToUTC(loc, us)
	if !isInf(r) && !ValidTimestamp(r) {
		return 0, errOutOf("timestamp")
	}
	return r, nil
}

// TimeZoneLocal is timestamptz AT TIME ZONE zone: what clocks there show at us.
func TimeZoneLocal(loc *time.Location, us int64) (int64, error) {
	r := FromUTC(loc, us)
	if !isInf(r) && !ValidTimestamp(r) {
		return 0, errOutOf("timestamp")
	}
	return r, nil
}

// MakeDate returns a date; a negative year is BC.
func MakeDate(year, month, day int) (int64, error) {
	fail := func() (int64, error) {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "date field value out of range: %d-%02d-%02d", year, month, day)
	}
	y := year
	if y < 0 {
		y++
	}
	if year == 0 || month < 1 || month > 12 || day < 1 || year > 1<<31-1 || year < -1<<31 || day > daysIn(y, month) {
		return fail()
	}
	d := DaysFromCivil(y, month, day)
	if !ValidDate(d) {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "date out of range: %d-%02d-%02d", y, month, day)
	}
	return d, nil
}

// MakeTime returns a time of day.
func MakeTime(hour, minute int, sec float64) (int64, error) {
	us := math.RoundToEven(sec * 1e6)
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || math.IsNaN(sec) || us < 0 || us > 60e6 ||
		hour == 24 && (minute > 0 || us > 0) {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "time field value out of range: %d:%02d:%02s", hour, minute,
			string(AppendFloat(nil, sec, false)))
	}
	return int64(hour)*MicrosPerHour + int64(minute)*MicrosPerMinute + int64(us), nil
}

// MakeTimestamp returns a timestamp without zone.
func MakeTimestamp(year, month, day, hour, minute int, sec float64) (int64, error) {
	d, err := MakeDate(year, month, day)
	if err != nil {
		return 0, err
	}
	t, err := MakeTime(hour, minute, sec)
	if err != nil {
		return 0, err
	}
	if d > endTimestamp/MicrosPerDay || !ValidTimestamp(d*MicrosPerDay+t) {
		return 0, errOutOf("timestamp")
	}
	return d*MicrosPerDay + t, nil
}

// MakeInterval returns an interval of the given parts.
func MakeInterval(years, months, weeks, days, hours, minutes int64, sec float64) (IntervalValue, error) {
	m, d := years*12+months, weeks*7+days
	us := math.RoundToEven(sec * 1e6)
	total := us + float64(hours)*float64(MicrosPerHour) + float64(minutes)*float64(MicrosPerMinute)
	if m != int64(int32(m)) || d != int64(int32(d)) || math.IsNaN(total) || math.Abs(total) >= 1<<63 {
		return IntervalValue{}, errOutOf("interval")
	}
	return IntervalValue{int32(m), int32(d), hours*MicrosPerHour + minutes*MicrosPerMinute + int64(us)}, nil
}

// TimestampFromEpoch is to_timestamp(double precision).
func TimestampFromEpoch(sec float64) (int64, error) {
	switch {
	case math.IsNaN(sec):
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "timestamp cannot be NaN")
	case math.IsInf(sec, 1):
		return IntInfinity, nil
	case math.IsInf(sec, -1):
		return IntNInfinity, nil
	}
	us := math.RoundToEven((sec - unixEpochDays*86400) * 1e6)
	if us < float64(minTimestamp) || us >= endTimestamp {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "timestamp out of range: \"%s\"", string(AppendFloat(nil, sec, false)))
	}
	return int64(us), nil
}

// AgeTZ is Age of two instants as clocks of the session show them.
func AgeTZ(env *Env, a, b int64) (IntervalValue, error) {
	return Age(FromUTC(env.loc(), a), FromUTC(env.loc(), b))
}

// In is the same moment of a day as clocks show it that are off seconds east.
func (v TimeTZValue) In(off int) TimeTZValue {
	us := v.Micros + int64(off-int(v.OffsetSec))*MicrosPerSecond
	return TimeTZValue{Micros: (us%MicrosPerDay + MicrosPerDay) % MicrosPerDay, OffsetSec: int32(off)}
}
