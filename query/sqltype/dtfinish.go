package sqltype

import "time"

// wordField reads a name: a month, a weekday, a zone, now and its like.
func (d *decoded) wordField(fields []dtField, i int) (fieldMask, dtErr) {
	s := fields[i].text
	t, ok := dateTokens[s]
	if !ok || t.kind == tkUnits {
		return d.zoneWord(s)
	}
	switch t.kind {
	case tkMonth:
		if d.mask&mMonth != 0 && !d.textMonth && d.mask&mDay == 0 && d.Month >= 1 && d.Month <= 31 {
			// a number that was taken for the month was the day: 8 Jan 1999
			d.Day, d.Month, d.textMonth = d.Month, t.val, true
			return mDay, dtOK
		}
		d.Month, d.textMonth = t.val, true
		return mMonth, dtOK
	case tkWeekday:
		return mWeekday, dtOK
	case tkAMPM:
		d.ampm = t.val
		return mAMPM, dtOK
	case tkEra:
		d.bc = t.val == 1
		return mEra, dtOK
	case tkIgnore:
		return 0, dtOK
	case tkSummer:
		d.zone += 3600
		return 0, dtOK
	case tkISOTime:
		if d.mask&mDate != mDate && !d.timeOnly || i+1 == len(fields) {
			return 0, dtBadFormat
		}
		switch fields[i+1].kind {
		case fTime, fNumber, fDate:
			d.isoTime = true
			return 0, dtOK
		}
		return 0, dtBadFormat
	case tkJulian:
		d.julian = true
		if i+1 == len(fields) {
			return 0, dtBadFormat
		}
		return 0, dtOK
	}
	return d.reserved(t.val)
}

func (d *decoded) reserved(word int) (fieldMask, dtErr) {
	switch word {
	case wordAllballs:
		d.hasZone = true
		return mTime | mZone, dtOK
	case wordToday, wordTomorrow, wordYesterday:
		d.special = word
		return mDate, dtOK
	case wordNow:
		d.special = word
		return mDate | mTime | mZone | mReserved, dtOK
	}
	if d.always() {
		return 0, dtBadFormat
	}
	d.special = word // whatever else is said
	return 0, dtOK
}

// always reports whether the text says epoch or infinity.
func (d *decoded) always() bool {
	return d.special == wordEpoch || d.special == wordInfinity || d.special == wordNInfinity
}

func (d *decoded) zoneWord(s string) (fieldMask, dtErr) {
	if m, ok := zoneAbbrevs[s]; ok {
		d.zone, d.hasZone = m*60, true
		return mZone, dtOK
	}
	if len(s) > 2 {
		if l, err := LoadLocation(s); err == nil {
			d.loc = l
			return mZone, dtOK
		}
	}
	return 0, dtBadFormat
}

// finish checks ranges and settles the year.
func (d *decoded) finish() dtErr {
	if d.julian {
		return dtBadFormat
	}
	if d.mask&mYear != 0 && d.special == 0 {
		switch {
		case d.bc && d.Year <= 0:
			return dtFieldRange
		case d.bc:
			d.Year = 1 - d.Year
		case d.twoDigits && d.Year < 70:
			d.Year += 2000
		case d.twoDigits && d.Year < 100:
			d.Year += 1900
		case d.Year == 0:
			return dtFieldRange
		}
	}
	if d.mask&mDOY != 0 {
		d.Year, d.Month, d.Day = CivilFromDays(DaysFromCivil(d.Year, 1, 1) + int64(d.doy) - 1)
	}
	if d.mask&mMonth != 0 && d.special == 0 && (d.Month < 1 || d.Month > 12) {
		return dtMonthDayRange
	}
	if d.mask&mDay != 0 && d.special == 0 {
		if d.Day < 1 || d.Day > 31 {
			return dtMonthDayRange
		}
		if d.mask&mDate == mDate && d.Day > daysIn(d.Year, d.Month) {
			return dtFieldRange
		}
	}
	return d.applyAMPM()
}

func (d *decoded) applyAMPM() dtErr {
	if d.ampm == 0 {
		return dtOK
	}
	if d.Hour > 12 {
		return dtFieldRange
	}
	switch {
	case d.ampm == am && d.Hour == 12:
		d.Hour = 0
	case d.ampm == pm && d.Hour != 12:
		d.Hour += 12
	}
	return dtOK
}

// decodeDatetime reads a text that must hold a date.
func decodeDatetime(s string, order DateOrder) (d decoded, code dtErr) {
	d.order = order
	fields, ok := splitDatetime(s)
	if !ok {
		return d, dtBadFormat
	}
	if code = d.decodeFields(fields); code != dtOK {
		return d, code
	}
	if d.mask&mDate != mDate && !d.always() {
		return d, dtBadFormat
	}
	return d, dtOK
}

// day resolves today, tomorrow and yesterday in the zone of the session.
func (d *decoded) day(env *Env) {
	shift := int64(0)
	switch d.special {
	case wordToday:
	case wordTomorrow:
		shift = 1
	case wordYesterday:
		shift = -1
	default:
		return
	}
	now := FromUTC(env.loc(), TimestampFromGo(env.now()))
	days, _ := floorDivMod(now, MicrosPerDay)
	d.Year, d.Month, d.Day = CivilFromDays(days + shift)
	d.special = 0
}

// parseTimestamp reads a timestamp; with zone it is brought to UTC, without, a zone
// in the text is ignored.
func parseTimestamp(env *Env, s string, withZone bool) (int64, dtErr) {
	if us, off, zone, ok := fastTimestamp(s); ok {
		switch {
		case !withZone:
		case zone:
			us -= int64(off) * MicrosPerSecond
		default:
			us = ToUTC(env.loc(), us)
		}
		if !ValidTimestamp(us) {
			return 0, dtFieldRange
		}
		return us, dtOK
	}
	d, code := decodeDatetime(s, env.style().Order)
	if code != dtOK {
		return 0, code
	}
	d.day(env)
	switch d.special {
	case wordNow:
		us := TimestampFromGo(env.now())
		if !withZone {
			us = FromUTC(env.loc(), us)
		}
		return us, dtOK
	case wordEpoch:
		return -unixEpochMicros, dtOK
	case wordInfinity:
		return IntInfinity, dtOK
	case wordNInfinity:
		return IntNInfinity, dtOK
	}
	us, ok := d.nearTimestamp()
	if !ok {
		return 0, dtFieldRange
	}
	if withZone {
		us = d.toUTC(env.loc(), us)
	}
	if !ValidTimestamp(us) {
		return 0, dtFieldRange
	}
	return us, dtOK
}

func (d *decoded) toUTC(session *time.Location, us int64) int64 {
	switch {
	case d.hasZone:
		return us - int64(d.zone)*MicrosPerSecond
	case d.loc != nil:
		return ToUTC(d.loc, us)
	}
	return ToUTC(session, us)
}

// fastTimestamp reads YYYY-MM-DD[ HH:MM[:SS[.ffffff]]][Z|±HH[:MM]] and nothing else.
func fastTimestamp(s string) (us int64, off int, zone, ok bool) {
	days, ok := fastDate(s)
	if !ok {
		return 0, 0, false, false
	}
	us = days * MicrosPerDay
	if len(s) == 10 {
		return us, 0, false, true
	}
	if s[10] != ' ' && s[10] != 'T' || len(s) < 16 || s[13] != ':' {
		return 0, 0, false, false
	}
	h, ok1 := two(s[11:])
	m, ok2 := two(s[14:])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, 0, false, false
	}
	us += int64(h)*MicrosPerHour + int64(m)*MicrosPerMinute
	s = s[16:]
	if len(s) >= 3 && s[0] == ':' {
		sec, ok := two(s[1:])
		if !ok || sec > 59 {
			return 0, 0, false, false
		}
		us += int64(sec) * MicrosPerSecond
		s = s[3:]
		if s != "" && s[0] == '.' {
			i := 1
			for i < len(s) && isDigit(s[i]) {
				i++
			}
			f, ok := fraction(s[:i])
			if !ok {
				return 0, 0, false, false
			}
			us, s = us+int64(f), s[i:]
		}
	}
	switch {
	case s == "":
		return us, 0, false, true
	case s == "Z":
		return us, 0, true, true
	case len(s) == 3 || len(s) == 6 && s[3] == ':':
		off, code := decodeOffset(s)
		return us, off, true, code == dtOK
	}
	return 0, 0, false, false
}

func two(s string) (int, bool) {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

// fastDate reads YYYY-MM-DD at the front of s.
func fastDate(s string) (int64, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	c, ok1 := two(s)
	y, ok2 := two(s[2:])
	m, ok3 := two(s[5:])
	d, ok4 := two(s[8:])
	y += c * 100
	if !ok1 || !ok2 || !ok3 || !ok4 || y == 0 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	return DaysFromCivil(y, m, d), true
}

func parseDate(env *Env, s string) (int64, dtErr) {
	if len(s) == 10 {
		if days, ok := fastDate(s); ok {
			return days, dtOK
		}
	}
	d, code := decodeDatetime(s, env.style().Order)
	if code != dtOK {
		return 0, code
	}
	if d.special == wordNow {
		d.special = wordToday
	}
	d.day(env)
	switch d.special {
	case wordEpoch:
		return -unixEpochDays, dtOK
	case wordInfinity:
		return IntInfinity, dtOK
	case wordNInfinity:
		return IntNInfinity, dtOK
	}
	days := DaysFromCivil(d.Year, d.Month, d.Day)
	if !ValidDate(days) {
		return 0, dtFieldRange
	}
	return days, dtOK
}

// parseTime reads a time of day with the zone it names, or the session's.
func parseTime(env *Env, s string, needZone bool) (us int64, off int, code dtErr) {
	fields, ok := splitDatetime(s)
	if !ok {
		return 0, 0, dtBadFormat
	}
	d := decoded{timeOnly: true, order: env.style().Order}
	if code = d.decodeFields(fields); code != dtOK {
		return 0, 0, code
	}
	if d.special == wordNow {
		now := TimestampFromGo(env.now())
		off = offsetAt(env.loc(), now)
		_, us = floorDivMod(now+int64(off)*MicrosPerSecond, MicrosPerDay)
		return us, off, dtOK
	}
	if d.special != 0 || d.mask&mTime != mTime {
		return 0, 0, dtBadFormat
	}
	if us = d.timeMicros(); us > MicrosPerDay {
		return 0, 0, dtFieldRange
	}
	if !needZone {
		if d.loc != nil && d.mask&mDate != mDate {
			if _, fixed := fixedOffset(d.loc); !fixed {
				return 0, 0, dtBadFormat
			}
		}
		return us, 0, dtOK
	}
	switch {
	case d.hasZone:
		return us, d.zone, dtOK
	case d.mask&mDate != mDate:
		now := FromUTC(env.loc(), TimestampFromGo(env.now()))
		days, _ := floorDivMod(now, MicrosPerDay)
		d.Year, d.Month, d.Day = CivilFromDays(days)
		if d.loc != nil {
			if _, fixed := fixedOffset(d.loc); !fixed {
				return 0, 0, dtBadFormat
			}
		}
	}
	local, _ := d.Timestamp()
	utc := d.toUTC(env.loc(), local)
	return us, int((local - utc) / MicrosPerSecond), dtOK
}

// fixedOffset reports whether a zone has always had one offset.
func fixedOffset(l *time.Location) (int, bool) {
	_, a := time.Unix(0, 0).In(l).Zone()
	start, end := time.Unix(0, 0).In(l).ZoneBounds()
	return a, start.IsZero() && end.IsZero()
}
