package sqltype

import "github.com/weftdb/weft/internal/dberr"

// TruncTimestamp is date_trunc(field, timestamp).
func TruncTimestamp(f DateField, us int64) (int64, error) {
	if isInf(us) {
		return us, nil
	}
	var size int64
	switch f {
	case FieldMicroseconds:
		return us, nil
	case FieldMilliseconds:
		size = 1000
	case FieldSecond:
		size = MicrosPerSecond
	case FieldMinute:
		size = MicrosPerMinute
	case FieldHour:
		size = MicrosPerHour
	case FieldDay:
		size = MicrosPerDay
	default:
		return truncDate(f, us)
	}
	_, rest := floorDivMod(us, size)
	return us - rest, nil
}

func truncDate(f DateField, us int64) (int64, error) {
	days, _ := floorDivMod(us, MicrosPerDay)
	y, m, _ := CivilFromDays(days)
	switch f {
	case FieldWeek:
		_, wd := floorDivMod(days+5, 7)
		return checkTimestamp((days - wd) * MicrosPerDay)
	case FieldMonth:
	case FieldQuarter:
		m = (m-1)/3*3 + 1
	case FieldYear:
		m = 1
	case FieldDecade:
		y, m = floorDiv(y, 10)*10, 1
	case FieldCentury:
		y, m = eraStart(y, 100), 1
	case FieldMillennium:
		y, m = eraStart(y, 1000), 1
	default:
		return 0, errTrunc(f, TTimestamp)
	}
	return checkTimestamp(DaysFromCivil(y, m, 1) * MicrosPerDay)
}

// errTrunc tells units that date_trunc does not know from those that have no sense there.
func errTrunc(f DateField, t Type) error {
	if f >= FieldDOW && f < FieldTimezone {
		return errNoField(f, t)
	}
	return errField(f, t)
}

// eraStart returns the first year of a century or millennium: 1901, 2001.
func eraStart(y, size int) int { return floorDiv(y-1, size)*size + 1 }

func checkTimestamp(us int64) (int64, error) {
	if !ValidTimestamp(us) {
		return 0, errOutOf("timestamp")
	}
	return us, nil
}

// TruncTimestampTZ is date_trunc(field, timestamptz) in the zone of the session.
func TruncTimestampTZ(env *Env, f DateField, us int64) (int64, error) {
	if isInf(us) {
		return us, nil
	}
	loc := env.loc()
	off := offsetAt(loc, us)
	local, err := TruncTimestamp(f, us+int64(off)*MicrosPerSecond)
	if err != nil {
		if f >= FieldDOW {
			return 0, errTrunc(f, TTimestampTZ)
		}
		return 0, err
	}
	if f <= FieldHour { // the offset may not change within these
		return local - int64(off)*MicrosPerSecond, nil
	}
	return ToUTC(loc, local), nil
}

// TruncInterval is date_trunc(field, interval).
func TruncInterval(f DateField, v IntervalValue) (IntervalValue, error) {
	months := func(n int32) (IntervalValue, error) { return IntervalValue{Months: v.Months / n * n}, nil }
	switch f {
	case FieldMillennium:
		return months(12000)
	case FieldCentury:
		return months(1200)
	case FieldDecade:
		return months(120)
	case FieldYear:
		return months(12)
	case FieldQuarter:
		return months(3)
	case FieldMonth:
		return months(1)
	case FieldDay:
		v.Micros = 0
	case FieldHour:
		v.Micros -= v.Micros % MicrosPerHour
	case FieldMinute:
		v.Micros -= v.Micros % MicrosPerMinute
	case FieldSecond:
		v.Micros -= v.Micros % MicrosPerSecond
	case FieldMilliseconds:
		v.Micros -= v.Micros % 1000
	case FieldMicroseconds:
	case FieldWeek:
		return v, dberr.SQL(dberr.StateFeatureNotSupported, "unit \"week\" not supported for type interval").
			WithDetail("Months usually have fractional weeks.")
	default:
		return v, errTrunc(f, TInterval)
	}
	return v, nil
}

// DateBin is date_bin(stride, source, origin): the start of the bin of width
// stride, counted from origin, that holds us.
func DateBin(stride IntervalValue, us, origin int64) (int64, error) {
	switch {
	case isInf(us):
		return us, nil
	case isInf(origin):
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "origin out of range")
	case stride.Months != 0:
		return 0, dberr.SQL(dberr.StateFeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	days, ok := mulInt64(int64(stride.Days), MicrosPerDay)
	size, ok2 := addInt64(days, stride.Micros)
	if !ok || !ok2 {
		return 0, errOutOf("interval")
	}
	if size <= 0 {
		return 0, dberr.SQL(dberr.StateDatetimeOverflow, "stride must be greater than zero")
	}
	diff := us - origin
	if (diff <= us) != (origin >= 0) {
		return 0, errOutOf("interval")
	}
	_, rest := floorDivMod(diff, size)
	return checkTimestamp(us - rest)
}
