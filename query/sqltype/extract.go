package sqltype

import (
	"math/big"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// DateField is a field of extract, date_part and date_trunc.
type DateField uint8

const (
	FieldInvalid DateField = iota
	FieldMicroseconds
	FieldMilliseconds
	FieldSecond
	FieldMinute
	FieldHour
	FieldDay
	FieldWeek
	FieldMonth
	FieldQuarter
	FieldYear
	FieldDecade
	FieldCentury
	FieldMillennium
	FieldDOW
	FieldISODOW
	FieldDOY
	FieldISOYear
	FieldEpoch
	FieldJulian
	FieldTimezone
	FieldTimezoneHour
	FieldTimezoneMinute
)

var fieldByUnit = map[unit]DateField{
	uMicro: FieldMicroseconds, uMilli: FieldMilliseconds, uSecond: FieldSecond, uMinute: FieldMinute, uHour: FieldHour,
	uDay: FieldDay, uWeek: FieldWeek, uMonth: FieldMonth, uQuarter: FieldQuarter, uYear: FieldYear,
	uDecade: FieldDecade, uCentury: FieldCentury, uMillennium: FieldMillennium,
}

var fieldNames = map[string]DateField{
	"dow": FieldDOW, "isodow": FieldISODOW, "doy": FieldDOY, "isoyear": FieldISOYear, "epoch": FieldEpoch,
	"julian": FieldJulian, "j": FieldJulian, "jd": FieldJulian, "timezone": FieldTimezone,
	"timezone_h": FieldTimezoneHour, "timezone_hour": FieldTimezoneHour,
	"timezone_m": FieldTimezoneMinute, "timezone_minute": FieldTimezoneMinute,
}

// ParseDateField reads a field's name in any case and any of PostgreSQL's
// spellings; typ is named in the error.
func ParseDateField(name string, typ Type) (DateField, error) {
	key := strings.ToLower(name)
	if f, ok := fieldNames[key]; ok {
		return f, nil
	}
	if f, ok := fieldByUnit[intervalUnits[key]]; ok {
		return f, nil
	}
	return FieldInvalid, dberr.SQL(dberr.StateInvalidParameterValue, "unit \"%s\" not recognized for type %s", name, typ.Name())
}

// String returns the field's usual name.
func (f DateField) String() string {
	names := [...]string{"?", "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter",
		"year", "decade", "century", "millennium", "dow", "isodow", "doy", "isoyear", "epoch", "julian",
		"timezone", "timezone_hour", "timezone_minute"}
	if int(f) < len(names) {
		return names[f]
	}
	return "?"
}

func errNoField(f DateField, t Type) error {
	return dberr.SQL(dberr.StateInvalidParameterValue, "unit \"%s\" not recognized for type %s", f, t.Name())
}

func errField(f DateField, t Type) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "unit \"%s\" not supported for type %s", f, t.Name())
}

// Extract is extract(field from value) for date, time, timetz, timestamp,
// timestamptz and interval. Where null is true the result is NULL (a field of an
// infinite value that has no direction).
func Extract(env *Env, f DateField, t Type, d Datum) (n Num, null bool, err error) {
	switch t.ID {
	case Interval:
		n, err = extractInterval(f, d.Ivl)
		return n, false, err
	case Time:
		n, err = extractTime(f, t, d.Int, 0)
		return n, false, err
	case TimeTZ:
		v, _ := d.Any.(TimeTZValue)
		n, err = extractTime(f, t, v.Micros, int(v.OffsetSec))
		return n, false, err
	case Date, Timestamp, TimestampTZ:
	default:
		return n, false, dberr.SQL(dberr.StateUndefinedFunction, "function pg_catalog.extract(unknown, %s) does not exist", t.Name())
	}
	if isInf(d.Int) {
		return extractInfinite(f, t, d.Int)
	}
	us, off := d.Int, 0
	switch t.ID {
	case Date:
		if f <= FieldHour && f != FieldInvalid || f >= FieldTimezone {
			return n, false, errField(f, t)
		}
		if f == FieldEpoch {
			return NumInt((us + unixEpochDays) * 86400), false, nil
		}
		if f == FieldJulian {
			return NumInt(us + julianEpoch), false, nil
		}
		n, err = extractDay(f, us)
		return n, false, err
	case TimestampTZ:
		off = offsetAt(env.loc(), us)
	}
	n, err = extractTimestamp(f, t, us, off)
	return n, false, err
}

func extractInfinite(f DateField, t Type, v int64) (n Num, null bool, err error) {
	switch f {
	case FieldYear, FieldDecade, FieldCentury, FieldMillennium, FieldJulian, FieldISOYear, FieldEpoch:
		if v == IntInfinity {
			return NumInf, false, nil
		}
		return NumNegInf, false, nil
	}
	if t.ID == Date && (f <= FieldHour || f >= FieldTimezone) {
		return n, false, errField(f, t)
	}
	return n, true, nil
}

func extractTimestamp(f DateField, t Type, us int64, off int) (Num, error) {
	switch f {
	case FieldEpoch:
		v := new(big.Int).Add(big.NewInt(us), big.NewInt(unixEpochMicros))
		return NumBig(v, 6), nil
	case FieldTimezone, FieldTimezoneHour, FieldTimezoneMinute:
		if t.ID != TimestampTZ {
			return Num{}, errField(f, t)
		}
		return zoneField(f, off), nil
	}
	local := us + int64(off)*MicrosPerSecond
	days, rest := floorDivMod(local, MicrosPerDay)
	if f == FieldJulian {
		frac, err := NumInt(rest).Div(NumInt(MicrosPerDay))
		if err != nil {
			return Num{}, err
		}
		return NumInt(days + julianEpoch).Add(frac)
	}
	if n, ok := clockField(f, rest); ok {
		return n, nil
	}
	return extractDay(f, days)
}

func zoneField(f DateField, off int) Num {
	switch f {
	case FieldTimezoneHour:
		off /= 3600
	case FieldTimezoneMinute:
		off = off / 60 % 60
	}
	return NumInt(int64(off))
}

// clockField returns the fields of a time of day, or of the time of an interval.
func clockField(f DateField, us int64) (Num, bool) {
	switch f {
	case FieldMicroseconds:
		return NumInt(us % MicrosPerMinute), true
	case FieldMilliseconds:
		return NumScaled(us%MicrosPerMinute, 3), true
	case FieldSecond:
		return NumScaled(us%MicrosPerMinute, 6), true
	case FieldMinute:
		return NumInt(us / MicrosPerMinute % 60), true
	case FieldHour:
		return NumInt(us / MicrosPerHour), true
	}
	return Num{}, false
}

func extractDay(f DateField, days int64) (Num, error) {
	y, m, d := CivilFromDays(days)
	isoYear, week := 0, 0
	if f == FieldWeek || f == FieldISOYear {
		isoYear, week = ISOWeek(days)
	}
	v := 0
	switch f {
	case FieldDay:
		v = d
	case FieldWeek:
		v = week
	case FieldMonth:
		v = m
	case FieldQuarter:
		v = (m-1)/3 + 1
	case FieldYear:
		v = bcYear(y)
	case FieldISOYear:
		v = bcYear(isoYear)
	case FieldDecade:
		v = floorDiv(y, 10)
	case FieldCentury:
		v = eraOf(y, 100)
	case FieldMillennium:
		v = eraOf(y, 1000)
	case FieldDOW:
		v = Weekday(days)
	case FieldISODOW:
		if v = Weekday(days); v == 0 {
			v = 7
		}
	case FieldDOY:
		v = int(days-DaysFromCivil(y, 1, 1)) + 1
	default:
		return Num{}, errField(f, TTimestamp)
	}
	return NumInt(int64(v)), nil
}

// bcYear counts as people do: there is no year 0.
func bcYear(y int) int {
	if y <= 0 {
		return y - 1
	}
	return y
}

// eraOf returns the century or millennium of a year.
func eraOf(y, size int) int {
	if y > 0 {
		return (y + size - 1) / size
	}
	return -((size - 1 - (y - 1)) / size)
}

func extractTime(f DateField, t Type, us int64, off int) (Num, error) {
	if n, ok := clockField(f, us); ok {
		return n, nil
	}
	switch {
	case f == FieldEpoch:
		return NumScaled(us-int64(off)*MicrosPerSecond, 6), nil
	case t.ID == TimeTZ && f >= FieldTimezone:
		return zoneField(f, off), nil
	}
	return Num{}, errField(f, t)
}

func extractInterval(f DateField, v IntervalValue) (Num, error) {
	if n, ok := clockField(f, v.Micros); ok {
		return n, nil
	}
	years, months := int64(v.Months/12), int64(v.Months%12)
	switch f {
	case FieldDay:
		return NumInt(int64(v.Days)), nil
	case FieldMonth:
		return NumInt(months), nil
	case FieldQuarter:
		return NumInt(months/3 + 1), nil
	case FieldYear:
		return NumInt(years), nil
	case FieldDecade:
		return NumInt(years / 10), nil
	case FieldCentury:
		return NumInt(years / 100), nil
	case FieldMillennium:
		return NumInt(years / 1000), nil
	case FieldEpoch: // a year counts 365.25 days here, a month 30
		sec := years*1461*21600 + (months*30+int64(v.Days))*86400
		b := new(big.Int).Mul(big.NewInt(sec), big.NewInt(MicrosPerSecond))
		return NumBig(b.Add(b, big.NewInt(v.Micros)), 6), nil
	}
	return Num{}, errField(f, TInterval)
}
