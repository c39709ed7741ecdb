package fn

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// dateParts collects what a template found in a text.
type dateParts struct {
	src, raw string // all of it, and the field that is read

	year, month, day, hour, minute, second, micro int
	yearDay, isoYear, isoWeek, isoDay, week, cent int
	julian, ssss                                  int64
	offset                                        int // seconds east
	has                                           map[string]bool
	set                                           map[string]int64 // what fields were said to be
	extra, milli                                  int
	places                                        int // of the second, where FF1 to FF6 says so
	pm, bc, h12, minus                            bool
}

func errToDate(format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateInvalidDatetime, format, args...)
}

// parseByTemplate reads a text by a template of to_date and to_timestamp. Spaces around fields
// are passed over; p.extra counts how many more of the text's bytes than of the template's were,
// which a later character of the template then stands for.
func parseByTemplate(s, f string) (*dateParts, error) {
	p := &dateParts{src: s, month: 1, day: 1, has: map[string]bool{}, set: map[string]int64{}}
	items := dateTemplate(f)
	fixed := false
	for k := 0; k < len(items) && s != ""; k++ {
		it := items[k]
		if it.key == "" {
			if k == 0 && !fixed {
				s = p.skipSpaces(s)
			}
			s = p.skipLiteral(s, it, fixed)
			continue
		}
		if fixed = fixed || it.fixed; !fixed {
			s = p.skipSpaces(s)
		}
		if s == "" {
			break
		}
		adjacent := k+1 < len(items) && it.th == "" && digitFollows(items[k+1])
		rest, err := p.read(s, it, adjacent)
		if err != nil {
			return nil, err
		}
		s = rest
		if it.th != "" && len(s) >= 2 {
			s = s[2:]
		}
		p.has[it.key] = true
		if !fixed {
			p.extra = 0
			s = p.skipSpaces(s)
		}
	}
	return p, p.conventions()
}

// digitFollows reports whether an item of a template begins with a digit of the text.
func digitFollows(it dateItem) bool {
	if it.key != "" {
		return numeric(it.key)
	}
	return it.lit != "" && it.lit[0] >= '0' && it.lit[0] <= '9'
}

func (p *dateParts) skipSpaces(s string) string {
	rest := strings.TrimLeft(s, " \t\n\v\f\r")
	p.extra += len(s) - len(rest)
	return rest
}

// conventions refuses fields of ISO's weeks and of the Gregorian calendar in one template.
func (p *dateParts) conventions() error {
	any := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return p.has[k] })
	}
	if any("IYYY", "IYY", "IY", "I", "IW", "ID", "IDDD") && any("YYYY", "YYY", "YY", "Y", "Y,YYY", "MM", "MON", "MONTH", "RM", "DD", "DDD", "D", "WW", "W", "CC", "Q") {
		return errToDate("invalid combination of date conventions").
			WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
	}
	return nil
}

// parseStrict reads a text by a template of which it must be exactly.
func parseStrict(s, f string) (*dateParts, error) {
	p := &dateParts{src: s, month: 1, day: 1, has: map[string]bool{}, set: map[string]int64{}}
	items := dateTemplate(f)
	for k, it := range items {
		switch {
		case it.key == "" && !strings.HasPrefix(s, it.lit):
			return nil, errToDate("unmatched format character \"%s\"", it.lit)
		case it.key == "":
			s = s[len(it.lit):]
			continue
		case s == "":
			return nil, errToDate("input string is too short for datetime format")
		}
		adjacent := k+1 < len(items) && items[k+1].key != "" && numeric(items[k+1].key)
		rest, err := p.read(s, it, adjacent)
		if err != nil {
			return nil, err
		}
		s = rest
		p.has[it.key] = true
	}
	if s != "" {
		return nil, errToDate("trailing characters remain in input string after datetime format")
	}
	return p, nil
}

// isSeparator reports whether a byte is neither letter nor digit.
func isSeparator(c byte) bool { return c > ' ' && c < 0x7f && (!isWordByte(c) || c == '_') }

func isSpaceByte(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// skipLiteral passes over what a literal of the template stands for: a separator or a space
// matches one of them or nothing, another character any one, unless more than the template
// has were skipped before. Where the width is fixed, each is one character.
func (p *dateParts) skipLiteral(s string, it dateItem, fixed bool) string {
	separator := it.sep && (isSeparator(it.lit[0]) || isSpaceByte(it.lit[0]))
	for range it.lit {
		switch {
		case s == "":
			return s
		case fixed:
			s = s[runeAt(s, 1):]
		case separator:
			p.extra--
			if isSpaceByte(s[0]) || isSeparator(s[0]) {
				s = s[1:]
				p.extra++
			}
		case p.extra > 0:
			p.extra--
		default:
			s = s[runeAt(s, 1):]
		}
	}
	return s
}

// numeric reports whether a keyword is read as digits.
func numeric(key string) bool {
	switch key {
	case "MONTH", "MON", "DAY", "DY", "RM", "AM", "PM", "A.M.", "P.M.", "BC", "AD", "B.C.", "A.D.", "TZ":
		return false
	}
	return true
}

var keyWidth = map[string]int{
	"YYYY": 4, "YYY": 3, "YY": 2, "Y": 1, "IYYY": 4, "IYY": 3, "IY": 2, "I": 1, "MM": 2, "DD": 2, "DDD": 3, "D": 1,
	"HH": 2, "HH12": 2, "HH24": 2, "MI": 2, "SS": 2, "MS": 3, "US": 6, "SSSS": 5, "SSSSS": 5, "FF1": 1, "FF2": 2,
	"FF3": 3, "FF4": 4, "FF5": 5, "FF6": 6, "WW": 2, "W": 1, "IW": 2, "ID": 1, "IDDD": 3, "CC": 2, "J": 9, "Q": 1, "TZH": 3, "TZM": 2,
}

// digits reads an integer of at most width digits (any number where the next item
// is no number).
func digits(s string, it dateItem, adjacent bool) (n int64, used int, rest string, err error) {
	width := keyWidth[it.key]
	limit := width
	switch {
	case !adjacent || it.fill:
		limit = len(s)
	case len(s) < width && it.key != "J":
		return 0, 0, s, errToDate("source string too short for \"%s\" formatting field", it.raw).
			WithDetail("Field requires %d characters, but only %d remain.", width, len(s)).
			WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
	}
	i := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i++
	}
	start := i
	for i < len(s) && i < limit && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == start {
		return 0, 0, s, errToDate("invalid value \"%s\" for \"%s\"", s[:min(len(s), max(width, 1))], it.raw).
			WithDetail("Value must be an integer.")
	}
	if i < limit && adjacent && !it.fill && it.key != "J" {
		return 0, 0, s, errToDate("invalid value \"%s\" for \"%s\"", s[:limit], it.raw).
			WithDetail("Field requires %d characters, but only %d could be parsed.", width, i).
			WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
	}
	n, perr := strconv.ParseInt(s[:i], 10, 64)
	if perr != nil || n > 1<<31 {
		return 0, 0, s, dberr.SQL(dberr.StateDatetimeOverflow, "value for \"%s\" in source string is out of range", it.raw)
	}
	return n, i - start, s[i:], nil
}

// nameIn finds the first of names that begins s, and returns its index.
func nameIn(s string, names []string, short int) (int, string, bool) {
	for pass := range 2 {
		for i, n := range names {
			if pass == 1 && short > 0 {
				n = n[:short]
			}
			if len(s) >= len(n) && strings.EqualFold(s[:len(n)], n) {
				return i, s[len(n):], true
			}
		}
	}
	return 0, s, false
}

func (p *dateParts) read(s string, it dateItem, adjacent bool) (string, error) {
	p.raw = it.raw
	bad := func() error {
		word := s
		if i := strings.IndexAny(s, " \t\n\r\f\v"); i >= 0 {
			word = s[:i]
		}
		return errToDate("invalid value \"%s\" for \"%s\"", word, it.raw).
			WithDetail("The given value did not match any of the allowed values for this field.")
	}
	switch it.key {
	case "MONTH", "MON":
		short := 0
		if it.key == "MON" {
			short = 3
		}
		i, rest, ok := nameIn(s, monthNames, short)
		if short == 3 && ok {
			i, rest, ok = nameIn(s, shortNames(monthNames), 0)
		}
		if !ok {
			return s, bad()
		}
		return rest, p.number(it.key, int64(i+1), 0)
	case "DAY", "DY":
		names := dayNames
		if it.key == "DY" {
			names = shortNames(dayNames)
		}
		_, rest, ok := nameIn(s, names, 0)
		if !ok {
			return s, bad()
		}
		return rest, nil
	case "RM":
		for _, j := range []int{7, 6, 11, 10, 2, 1, 8, 3, 5, 4, 9, 0} { // longer ones first
			if r := romans[j]; len(s) >= len(r) && strings.EqualFold(s[:len(r)], r) {
				return s[len(r):], p.number(it.key, int64(j+1), 0)
			}
		}
		return s, bad()
	case "AM", "PM", "A.M.", "P.M.", "BC", "AD", "B.C.", "A.D.":
		for _, w := range []string{"A.M.", "P.M.", "AM", "PM", "B.C.", "A.D.", "BC", "AD"} {
			if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
				p.pm = p.pm || w[0] == 'P'
				p.bc = p.bc || w[0] == 'B'
				p.h12 = p.h12 || strings.ContainsRune(w, 'M')
				return s[len(w):], nil
			}
		}
		return s, bad()
	case "TZ", "OF":
		return s, dberr.SQL(dberr.StateFeatureNotSupported, "formatting field \"%s\" is only supported in to_char", it.raw)
	case "Y,YYY":
		head, rest, ok := strings.Cut(s, ",")
		if !ok || len(rest) < 3 {
			return s, bad()
		}
		y, err := strconv.Atoi(head + rest[:3])
		if err != nil {
			return s, bad()
		}
		p.year = y
		p.has["YYYY"] = true
		return rest[3:], nil
	}
	if it.key == "TZH" {
		s = p.zoneSign(s)
	}
	n, used, rest, err := digits(s, it, adjacent)
	if err != nil {
		return s, err
	}
	return rest, p.number(it.key, n, used)
}

// zoneSign reads the sign of a zone's hours, which may have been taken for a separator.
func (p *dateParts) zoneSign(s string) string {
	switch {
	case s[0] == '+' || s[0] == '-' || s[0] == ' ':
		p.minus = s[0] == '-'
		return s[1:]
	case p.extra > 0 && len(s) < len(p.src):
		p.minus = p.src[len(p.src)-len(s)-1] == '-'
	}
	return s
}

// east gives a part of the offset the sign of the zone.
func (p *dateParts) east(seconds int) int {
	if p.minus {
		return -seconds
	}
	return seconds
}

// fieldOf names what several keywords say.
var fieldOf = map[string]string{"YYY": "YYYY", "YY": "YYYY", "Y": "YYYY", "IYY": "IYYY", "IY": "IYYY", "I": "IYYY", "MON": "MM", "MONTH": "MM", "RM": "MM",
	"HH12": "HH24", "HH": "HH24", "IDDD": "DDD", "SSSSS": "SSSS", "US": "FF", "FF1": "FF", "FF2": "FF", "FF3": "FF", "FF4": "FF", "FF5": "FF", "FF6": "FF"}

// once refuses a field that is said to be two things.
func (p *dateParts) once(key string, n int64) error {
	field := key
	if f, ok := fieldOf[key]; ok {
		field = f
	}
	if old := p.set[field]; old != 0 && old != n {
		return errToDate("conflicting values for \"%s\" field in formatting string", p.raw).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	p.set[field] = n
	return nil
}

func shortNames(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n[:3]
	}
	return out
}

// century completes a year of few digits to the nearest one to 2020.
func century(y, digits int) int {
	switch {
	case digits == 2 && y < 70:
		return y + 2000
	case digits == 2:
		return y + 1900
	case digits == 1:
		return y + 2000
	case digits == 3 && y >= 520:
		return y + 1000
	case digits == 3:
		return y + 2000
	}
	return y
}

func (p *dateParts) number(key string, n int64, used int) error {
	v := int(n)
	if err := p.once(key, n); err != nil {
		return err
	}
	switch key {
	case "YYYY":
		p.year = v
	case "YYY", "YY", "Y":
		p.year = v
		if used < 4 {
			p.year = century(v, used)
		}
		p.has["YYYY"] = true
	case "IYYY":
		p.isoYear = v
	case "IYY", "IY", "I":
		p.isoYear = century(v, used)
		p.has["IYYY"] = true
	case "MM", "MON", "MONTH", "RM":
		p.month = v
	case "DD":
		p.day = v
	case "DDD", "IDDD":
		p.yearDay = v
	case "HH", "HH12":
		p.hour, p.h12 = v, true
		if v < 1 || v > 12 {
			return errToDate("hour \"%d\" is invalid for the 12-hour clock", v).
				WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
		}
	case "HH24":
		p.hour = v
	case "MI":
		p.minute = v
	case "SS":
		p.second = v
	case "MS":
		for ; used < 3; used++ {
			v *= 10
		}
		p.milli = v
	case "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		for ; used < 6; used++ {
			v *= 10
		}
		p.micro = v
		if key != "US" {
			p.places = int(key[2] - '0')
		}
	case "SSSS", "SSSSS":
		p.ssss = n
	case "J":
		p.julian = n
	case "WW", "W":
		p.week = v
	case "IW":
		p.isoWeek = v
	case "ID":
		p.isoDay = v
	case "CC":
		p.cent = v
	case "TZH":
		p.offset += p.east(v * 3600)
	case "TZM":
		p.offset += p.east(v * 60)
	}
	return nil
}

func (p *dateParts) days() (int64, error) {
	if p.has["J"] {
		return p.julian - 2451545, nil
	}
	if p.has["IYYY"] {
		start := sqltype.ISOWeekStart(p.isoYear)
		if p.has["IDDD"] {
			return start + int64(p.yearDay) - 1, nil
		}
		return start + int64(max(p.isoWeek, 1)-1)*7 + int64(max(p.isoDay, 1)) - 1, nil
	}
	year := p.year
	if p.has["CC"] && !p.has["YYYY"] {
		year = (p.cent-1)*100 + 1
	} else if !p.has["YYYY"] {
		year = 0
	}
	if p.bc {
		year = -year
	}
	if year < 0 {
		year++
	}
	month, day := p.month, p.day
	if p.has["MM"] && month == 0 || p.has["DD"] && day == 0 { // zero is as good as nothing
		month, day = max(month, 1), max(day, 1)
	}
	if !p.has["YYYY"] && !p.has["CC"] {
		year = 0 // 1 BC, as PostgreSQL has it
	}
	if p.has["DDD"] && p.yearDay != 0 {
		first := sqltype.DaysFromCivil(year, 1, 1)
		if p.yearDay < 1 || first+int64(p.yearDay) > sqltype.DaysFromCivil(year+1, 1, 1) {
			return 0, p.outOfRange()
		}
		return first + int64(p.yearDay) - 1, nil
	}
	if p.has["WW"] {
		return sqltype.DaysFromCivil(year, 1, 1) + int64(p.week-1)*7, nil
	}
	if p.has["W"] {
		day = (p.week-1)*7 + 1
	}
	if month < 1 || month > 12 || day < 1 || sqltype.DaysFromCivil(year, month, day) >= firstOfNext(year, month) {
		return 0, p.outOfRange()
	}
	return sqltype.DaysFromCivil(year, month, day), nil
}

func (p *dateParts) outOfRange() error {
	return dberr.SQL(dberr.StateDatetimeOverflow, "date/time field value out of range: \"%s\"", p.src)
}

func firstOfNext(year, month int) int64 {
	if month == 12 {
		return sqltype.DaysFromCivil(year+1, 1, 1)
	}
	return sqltype.DaysFromCivil(year, month+1, 1)
}

func (p *dateParts) instant(loc *time.Location) (int64, error) {
	days, err := p.days()
	if err != nil {
		return 0, err
	}
	hour := p.hour
	if p.h12 {
		hour %= 12
		if p.pm {
			hour += 12
		}
	}
	if hour > 23 || p.ssss >= 24*60*60 || p.minute > 59 || p.second > 59 || int64(p.milli*1000+p.micro) >= sqltype.MicrosPerSecond {
		return 0, p.outOfRange()
	}
	us := days*sqltype.MicrosPerDay + int64(hour)*sqltype.MicrosPerHour + int64(p.minute)*sqltype.MicrosPerMinute +
		(int64(p.second)+p.ssss)*sqltype.MicrosPerSecond + int64(p.milli)*1000 + int64(p.micro)
	if p.places > 0 {
		us = sqltype.RoundMicros(us, p.places)
	}
	if p.has["TZH"] || p.has["TZM"] {
		return us - int64(p.offset)*sqltype.MicrosPerSecond, nil
	}
	return sqltype.ToUTC(loc, us), nil
}
