package sqltype

import (
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed
)

// Env is what text input and output and casts may know of the session.
type Env struct {
	Now      time.Time      // start of the transaction: 'now', 'today'
	Location *time.Location // session time zone; nil means UTC
	Style    Style          // of dates and intervals as text
	Names    Names          // of objects; nil where there is no catalog
}

// loc returns the session time zone; a nil Env means UTC.
func (e *Env) loc() *time.Location {
	if e == nil || e.Location == nil {
		return time.UTC
	}
	return e.Location
}

// now returns the start of the transaction, or the wall clock where it is not known.
func (e *Env) now() time.Time {
	if e == nil || e.Now.IsZero() {
		return time.Now()
	}
	return e.Now
}

// Units of time in microseconds.
const (
	MicrosPerSecond = int64(1_000_000)
	MicrosPerMinute = 60 * MicrosPerSecond
	MicrosPerHour   = 60 * MicrosPerMinute
	MicrosPerDay    = 24 * MicrosPerHour
)

// The epoch of dates and timestamps is 2000-01-01; these shift it to 1970 and
// to Julian days.
const (
	unixEpochDays   = 10957 // days from 1970-01-01 to 2000-01-01
	unixEpochMicros = unixEpochDays * MicrosPerDay
	julianEpoch     = 2451545 // Julian day of 2000-01-01
)

// The ranges of PostgreSQL: from 4713-11-24 BC to 5874897-12-31 for dates and
// up to the end of 294276 for timestamps.
const (
	minDate      = -julianEpoch
	maxDate      = 2147483494 - julianEpoch - 1
	minTimestamp = -julianEpoch * MicrosPerDay
	endTimestamp = 9223371331200000000
)

// Civil is a date and time of day in the proleptic Gregorian calendar. Year 0 is
// 1 BC.
type Civil struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Micro                int
}

// DaysFromCivil returns the days since 2000-01-01.
func DaysFromCivil(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	m := int64(month)
	if m > 2 {
		m -= 3
	} else {
		m += 9
	}
	doy := (153*m+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468 - unixEpochDays
}

// CivilFromDays is the inverse of DaysFromCivil.
func CivilFromDays(days int64) (year, month, day int) {
	z := days + 719468 + unixEpochDays
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d := doy - (153*mp+2)/5 + 1
	m := mp + 3
	y := yoe + era*400
	if m > 12 {
		m -= 12
		y++
	}
	return int(y), int(m), int(d)
}

// SplitTimestamp cuts a finite timestamp into its fields.
func SplitTimestamp(us int64) Civil {
	days, rest := floorDivMod(us, MicrosPerDay)
	c := splitTime(rest)
	c.Year, c.Month, c.Day = CivilFromDays(days)
	return c
}

func splitTime(us int64) Civil {
	return Civil{
		Hour:   int(us / MicrosPerHour),
		Minute: int(us / MicrosPerMinute % 60),
		Second: int(us / MicrosPerSecond % 60),
		Micro:  int(us % MicrosPerSecond),
	}
}

func (c Civil) timeMicros() int64 {
	return int64(c.Hour)*MicrosPerHour + int64(c.Minute)*MicrosPerMinute +
		int64(c.Second)*MicrosPerSecond + int64(c.Micro)
}

// Timestamp returns the microseconds since 2000-01-01, or false where that is
// outside the range of timestamps.
func (c Civil) Timestamp() (us int64, ok bool) {
	days := DaysFromCivil(c.Year, c.Month, c.Day)
	if days < minDate || days > endTimestamp/MicrosPerDay {
		return 0, false
	}
	us = days*MicrosPerDay + c.timeMicros()
	return us, ValidTimestamp(us)
}

// nearTimestamp is Timestamp, a little beyond the range too, from where a zone may bring it back.
func (c Civil) nearTimestamp() (us int64, ok bool) {
	days := DaysFromCivil(c.Year, c.Month, c.Day)
	if days < minDate-366 || days > endTimestamp/MicrosPerDay+366 {
		return 0, false
	}
	return days*MicrosPerDay + c.timeMicros(), true
}

// ValidTimestamp reports whether us is a finite timestamp in PostgreSQL's range.
func ValidTimestamp(us int64) bool { return us >= minTimestamp && us < endTimestamp }

// ValidDate reports whether days is a finite date in PostgreSQL's range.
func ValidDate(days int64) bool { return days >= minDate && days <= maxDate }

func floorDivMod(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q--
		r += b
	}
	return q, r
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

var monthDays = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(year, month int) int {
	if month == 2 && isLeap(year) {
		return 29
	}
	return monthDays[month]
}

// ISOWeek returns the ISO 8601 year and week of a day.
func ISOWeek(days int64) (year, week int) {
	_, wd := floorDivMod(days+5, 7) // Monday is 0: 2000-01-01 was a Saturday
	thursday := days - wd + 3
	year, _, _ = CivilFromDays(thursday)
	return year, int((thursday-DaysFromCivil(year, 1, 1))/7) + 1
}

// ISOWeekStart returns the Monday that starts week 1 of an ISO year.
func ISOWeekStart(year int) int64 {
	jan4 := DaysFromCivil(year, 1, 4)
	_, wd := floorDivMod(jan4+5, 7)
	return jan4 - wd
}

// Weekday returns the day of the week, Sunday being 0.
func Weekday(days int64) int {
	_, wd := floorDivMod(days+6, 7)
	return int(wd)
}

// TimestampFromGo returns the timestamp of an instant, without loss above a microsecond.
func TimestampFromGo(t time.Time) int64 {
	return (t.Unix()-unixEpochDays*86400)*MicrosPerSecond + int64(t.Nanosecond())/1000
}

// TimestampToGo returns the instant of a finite timestamp, in UTC.
func TimestampToGo(us int64) time.Time {
	sec, frac := floorDivMod(us, MicrosPerSecond)
	return time.Unix(sec+unixEpochDays*86400, frac*1000).UTC()
}
