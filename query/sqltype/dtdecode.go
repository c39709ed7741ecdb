package sqltype

import (
	"strings"
	"time"
)

type fieldMask uint16

const (
	mYear fieldMask = 1 << iota
	mMonth
	mDay
	mHour
	mMinute
	mSecond
	mZone
	mDOY
	mWeekday
	mAMPM
	mEra
	mReserved
	mDate = mYear | mMonth | mDay
	mTime = mHour | mMinute | mSecond
)

// decoded is what a date or time text says.
type decoded struct {
	Civil
	mask      fieldMask
	doy       int
	zone      int // seconds east of UTC, where hasZone
	hasZone   bool
	loc       *time.Location // a named zone, whose offset depends on the date
	special   int            // wordNow and so on
	bc        bool
	ampm      int
	twoDigits bool
	textMonth bool
	timeOnly  bool // what is asked for is a time of day
	isoTime   bool // a "t" came just before
	julian    bool
	order     DateOrder
}

// decodeFields reads the fields of a date, a time or both.
func (d *decoded) decodeFields(fields []dtField) dtErr {
	for i := range fields {
		m, code := d.field(fields, i)
		if code != dtOK {
			return code
		}
		if m&d.mask != 0 {
			return dtBadFormat
		}
		d.mask |= m
	}
	if d.special != 0 && d.special != wordToday && d.special != wordTomorrow && d.special != wordYesterday {
		return dtOK
	}
	return d.finish()
}

func (d *decoded) field(fields []dtField, i int) (fieldMask, dtErr) {
	f := fields[i]
	iso := d.isoTime
	d.isoTime = false
	if d.julian && f.kind == fDate {
		return d.julianZone(f.text)
	}
	if d.julian && f.kind != fNumber {
		return 0, dtBadFormat
	}
	switch f.kind {
	case fDate:
		return d.dateField(f.text, iso)
	case fTime:
		return d.timeField(f.text)
	case fZone:
		off, code := decodeOffset(f.text)
		if code != dtOK {
			return 0, code
		}
		d.zone, d.hasZone = off, true
		return mZone, dtOK
	case fNumber:
		return d.numberField(f.text, iso)
	}
	return d.wordField(fields, i)
}

// dateField reads a date, or after one a zone name or a run-together time with zone.
func (d *decoded) dateField(s string, iso bool) (fieldMask, dtErr) {
	if d.mask&(mMonth|mDay) != mMonth|mDay && !iso && !d.timeWithZone(s) {
		return d.decodeDate(s)
	}
	if !isDigit(s[0]) {
		l, err := LoadLocation(s)
		if err != nil {
			return 0, dtBadZone
		}
		d.loc = l
		return mZone, dtOK
	}
	for i := range len(s) {
		if s[i] == '-' {
			if d.mask&mTime == mTime {
				return 0, dtBadFormat
			}
			off, code := decodeOffset(s[i:])
			if code != dtOK {
				return 0, code
			}
			d.zone, d.hasZone = off, true
			m, code := d.runTogether(s[:i], true)
			return m | mZone, code
		}
	}
	return 0, dtBadFormat
}

// timeWithZone reports whether a field that looks like a date is a zone's name
// or, like 040506-08, a time with its zone.
func (d *decoded) timeWithZone(s string) bool {
	if !d.timeOnly {
		return false
	}
	if !isDigit(s[0]) {
		return strings.IndexByte(s, '/') >= 0
	}
	i := strings.IndexByte(s, '-')
	return (i == 4 || i == 6) && allDigits(s[i+1:]) && d.mask == 0
}

// decodeDate reads a date of up to three parts, of which one may be a month's name.
func (d *decoded) decodeDate(s string) (fieldMask, dtErr) {
	var parts []string
	for i := 0; i < len(s); {
		for i < len(s) && !isDigit(s[i]) && !isAlpha(s[i]) {
			i++
		}
		from := i
		if i < len(s) && isDigit(s[i]) {
			for i < len(s) && isDigit(s[i]) {
				i++
			}
		} else {
			for i < len(s) && isAlpha(s[i]) {
				i++
			}
		}
		if i == from {
			return 0, dtBadFormat
		}
		if parts = append(parts, s[from:i]); len(parts) > 3 {
			return 0, dtBadFormat
		}
	}
	var mask fieldMask
	for i, p := range parts {
		if !isAlpha(p[0]) {
			continue
		}
		t, ok := dateTokens[p]
		if !ok || t.kind != tkMonth || mask&mMonth != 0 {
			return 0, dtBadFormat
		}
		d.Month, d.textMonth = t.val, true
		mask |= mMonth
		parts[i] = ""
	}
	for _, p := range parts {
		if p == "" {
			continue
		}
		m, code := d.plainNumber(p, d.mask|mask)
		if code != dtOK {
			return 0, code
		}
		if mask&m != 0 {
			return 0, dtBadFormat
		}
		mask |= m
	}
	if (d.mask|mask)&^(mDOY|mZone) != mDate {
		return 0, dtBadFormat
	}
	return mask, dtOK
}

// plainNumber decides from what is known already, and from the order of the session's
// dates, which field a number is.
func (d *decoded) plainNumber(s string, known fieldMask) (fieldMask, dtErr) {
	v, ok := smallInt(s)
	if !ok {
		return 0, dtFieldRange
	}
	long := len(s) >= 3
	if len(s) == 3 && known&mDate == mYear && v >= 1 && v <= 366 {
		d.doy = v
		return mDOY | mMonth | mDay, dtOK
	}
	year := func() (fieldMask, dtErr) {
		d.Year, d.twoDigits = v, len(s) <= 2
		return mYear, dtOK
	}
	day := func() (fieldMask, dtErr) { d.Day = v; return mDay, dtOK }
	month := func() (fieldMask, dtErr) { d.Month = v; return mMonth, dtOK }
	switch known & mDate {
	case 0:
		switch {
		case long || d.order == OrderYMD:
			return year()
		case d.order == OrderDMY:
			return day()
		}
		return month()
	case mYear, mYear | mDay, mDay:
		return month()
	case mMonth:
		if d.textMonth && (long || d.order == OrderYMD) {
			return year()
		}
		return day()
	case mYear | mMonth:
		if d.textMonth && long && d.twoDigits {
			d.Day = d.Year
			d.Year, d.twoDigits = v, false
			return mDay, dtOK
		}
		return day()
	case mMonth | mDay:
		return year()
	}
	return d.runTogether(s, false)
}

// smallInt reads up to nine digits.
func smallInt(s string) (int, bool) {
	if s == "" || !allDigits(s) {
		return 0, false
	}
	v := 0
	for i := range len(s) {
		v = v*10 + int(s[i]-'0')
		if v > 1<<31 {
			return 0, false
		}
	}
	return v, true
}

func (d *decoded) numberField(s string, iso bool) (fieldMask, dtErr) {
	dot := -1
	for i := range len(s) {
		if s[i] == '.' {
			dot = i
		}
	}
	if d.julian {
		d.julian = false
		return d.julianDay(s, dot)
	}
	if iso {
		return d.runTogether(s, true)
	}
	if d.timeOnly && d.mask&mDate == 0 && (dot > 2 || dot < 0 && (len(s) == 4 || len(s) == 6)) {
		return d.runTogether(s, true)
	}
	switch {
	case dot >= 0 && d.mask&mDate == 0:
		return d.decodeDate(s)
	case dot > 2:
		return d.runTogether(s, false)
	case dot >= 0:
		return 0, dtBadFormat
	case len(s) >= 6 && (d.mask&mDate == 0 || d.mask&mTime == 0):
		return d.runTogether(s, false)
	}
	return d.plainNumber(s, d.mask)
}

// julianZone reads a Julian day with a zone.
func (d *decoded) julianZone(s string) (fieldMask, dtErr) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 {
		return 0, dtBadFormat
	}
	off, code := decodeOffset(s[n:])
	if code != dtOK {
		return 0, code
	}
	d.zone, d.hasZone, d.julian = off, true, false
	m, code := d.julianDay(s[:n], -1)
	return m | mTime | mZone, code
}

func (d *decoded) julianDay(s string, dot int) (fieldMask, dtErr) {
	whole := s
	if dot >= 0 {
		whole = s[:dot]
	}
	v, ok := smallInt(whole)
	if !ok {
		return 0, dtFieldRange
	}
	d.Year, d.Month, d.Day = CivilFromDays(int64(v) - julianEpoch)
	if dot < 0 {
		return mDate, dtOK
	}
	frac, ok := fraction("0" + s[dot:])
	if !ok {
		return 0, dtBadFormat
	}
	c := splitTime(int64(float64(frac) * 86400))
	c.Year, c.Month, c.Day = d.Year, d.Month, d.Day
	d.Civil = c
	return mDate | mTime, dtOK
}

// runTogether reads yymmdd, yyyymmdd, hhmm, hhmmss or hhmmss.fff.
func (d *decoded) runTogether(s string, haveDate bool) (fieldMask, dtErr) {
	for i := range len(s) {
		if s[i] == '.' {
			us, ok := fraction(s[i:])
			if !ok {
				return 0, dtBadFormat
			}
			d.Micro = us
			s = s[:i]
			haveDate = true
			break
		}
	}
	if !allDigits(s) {
		return 0, dtBadFormat
	}
	if !haveDate && d.mask&mDate != mDate && len(s) >= 6 {
		n := len(s)
		year, ok := smallInt(s[:n-4])
		if !ok {
			return 0, dtFieldRange
		}
		d.Year, d.twoDigits = year, n-4 == 2
		d.Month, _ = smallInt(s[n-4 : n-2])
		d.Day, _ = smallInt(s[n-2:])
		return mDate, dtOK
	}
	if d.mask&mTime == 0 && (len(s) == 6 || len(s) == 4) {
		d.Hour, _ = smallInt(s[:2])
		d.Minute, _ = smallInt(s[2:4])
		d.Second = 0
		if len(s) == 6 {
			d.Second, _ = smallInt(s[4:])
		}
		return mTime, d.checkTime()
	}
	return 0, dtBadFormat
}

// timeField reads hh:mm, hh:mm:ss and hh:mm:ss.fff.
func (d *decoded) timeField(s string) (fieldMask, dtErr) {
	h, m, sec, us, code := clockParts(s)
	if code != dtOK {
		return 0, code
	}
	if h > 24 {
		return 0, dtFieldRange
	}
	d.Hour, d.Minute, d.Second, d.Micro = int(h), m, sec, us
	return mTime, d.checkTime()
}

// clockParts cuts a time; hours are unbounded, for intervals. mm:ss.fff is read
// as minutes and seconds.
func clockParts(s string) (h int64, m, sec, us int, code dtErr) {
	var v [3]int
	n := 0
	for {
		i := 0
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		x, ok := smallInt(s[:i])
		switch {
		case i == 0 && n == 0:
			return 0, 0, 0, 0, dtBadFormat
		case i == 0: // nothing between colons is zero
		case !ok:
			return 0, 0, 0, 0, dtFieldRange
		}
		v[n] = x
		n++
		s = s[i:]
		if s == "" || s[0] != ':' || n == 3 {
			break
		}
		s = s[1:]
	}
	if s != "" {
		var ok bool
		if us, ok = fraction(s); !ok || n < 2 {
			return 0, 0, 0, 0, dtBadFormat
		}
		if n == 2 {
			v[0], v[1], v[2] = 0, v[0], v[1]
		}
	}
	if n < 2 {
		return 0, 0, 0, 0, dtBadFormat
	}
	if v[1] > 59 || v[2] > 60 {
		return 0, 0, 0, 0, dtFieldRange
	}
	return int64(v[0]), v[1], v[2], us, dtOK
}

// fraction reads .ddd as microseconds, rounded half to even.
func fraction(s string) (int, bool) {
	if len(s) > 0 && s[0] == '0' {
		s = s[1:]
	}
	if s == "" || s[0] != '.' || !allDigits(s[1:]) {
		return 0, false
	}
	s = s[1:]
	v, half := 0, 0 // half: below, at, above
	for i := range 6 {
		v *= 10
		if i < len(s) {
			v += int(s[i] - '0')
		}
	}
	if len(s) > 6 {
		half = cmpInt(int64(s[6]), '5')
		if half == 0 {
			for _, c := range s[7:] {
				if c != '0' {
					half = 1
				}
			}
			if half == 0 && v&1 == 1 {
				half = 1
			}
		}
	}
	if half > 0 {
		v++
	}
	return v, true
}

// checkTime lets 24:00:00 and a leap second pass.
func (d *decoded) checkTime() dtErr {
	if d.Minute > 59 || d.Second > 60 || d.Hour > 24 ||
		d.Hour == 24 && (d.Minute > 0 || d.Second > 0 || d.Micro > 0) {
		return dtFieldRange
	}
	return dtOK
}
