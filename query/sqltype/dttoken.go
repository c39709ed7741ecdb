package sqltype

// dtErr says what is wrong with a date, time or interval text.
type dtErr uint8

const (
	dtOK dtErr = iota
	dtBadFormat
	dtFieldRange
	dtMonthDayRange // a field out of range that another order of fields would explain
	dtIntervalRange
	dtZoneRange
	dtBadZone
)

type fieldKind uint8

const (
	fNumber fieldKind = iota
	fDate
	fTime
	fZone // sign and digits
	fString
	fSpecial // sign and letters
)

type dtField struct {
	kind fieldKind
	text string // lower case
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isDigit(c) && !isAlpha(c) }

const maxDateFields = 25

// lexer cuts the text of a date or time into fields.
type lexer struct {
	src string
	i   int
}

func (l *lexer) peek() byte {
	if l.i < len(l.src) {
		return l.src[l.i]
	}
	return 0
}

func (l *lexer) while(f func(c byte) bool) {
	for l.i < len(l.src) && f(l.src[l.i]) {
		l.i++
	}
}

// splitDatetime cuts s into fields, or reports false where a character fits nowhere.
func splitDatetime(s string) ([]dtField, bool) {
	if len(s) > 256 {
		return nil, false
	}
	l := lexer{src: s}
	fields := make([]dtField, 0, 4)
	for {
		l.while(isSpace)
		if l.i >= len(s) {
			return fields, len(fields) > 0
		}
		from, c := l.i, l.peek()
		var kind fieldKind
		switch {
		case isDigit(c):
			kind = l.number()
		case c == '.':
			l.i++
			l.while(isDigit)
			kind = fNumber
		case isAlpha(c):
			kind = l.word()
		case c == '+' || c == '-':
			l.i++
			l.while(isSpace)
			var ok bool
			if kind, ok = l.signed(); !ok {
				return nil, false
			}
		case isPunct(c):
			l.i++
			continue
		default:
			return nil, false
		}
		if len(fields) == maxDateFields {
			return nil, false
		}
		fields = append(fields, dtField{kind, lowerNoSpace(s[from:l.i])})
	}
}

func lowerNoSpace(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' || isSpace(s[i]) {
			clean = false
		}
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if !isSpace(c) {
			b = append(b, c)
		}
	}
	return string(b)
}

func (l *lexer) number() fieldKind {
	l.while(isDigit)
	switch delim := l.peek(); delim {
	case ':':
		l.while(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' })
		return fTime
	case '-', '/', '.':
		l.i++
		if !isDigit(l.peek()) {
			l.while(func(c byte) bool { return isDigit(c) || isAlpha(c) || c == delim })
			return fDate
		}
		l.while(isDigit)
		if l.peek() == delim {
			l.while(func(c byte) bool { return isDigit(c) || c == delim })
			return fDate
		}
		if delim == '.' {
			return fNumber
		}
		return fDate
	}
	return fNumber
}

func (l *lexer) word() fieldKind {
	from := l.i
	l.while(isAlpha)
	c := l.peek()
	date := c == '-' || c == '/' || c == '.'
	if !date && (c == '+' || isDigit(c)) {
		_, known := dateTokens[lowerNoSpace(l.src[from:l.i])]
		date = !known
	}
	if !date {
		return fString
	}
	l.while(func(c byte) bool {
		return isDigit(c) || isAlpha(c) || c == '+' || c == '-' || c == '/' || c == '_' || c == '.' || c == ':'
	})
	return fDate
}

func (l *lexer) signed() (fieldKind, bool) {
	switch c := l.peek(); {
	case isDigit(c) || c == '.' && l.i+1 < len(l.src) && isDigit(l.src[l.i+1]):
		l.while(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' || c == '-' })
		return fZone, true
	case isAlpha(c):
		l.while(isAlpha)
		return fSpecial, true
	}
	return 0, false
}

type tokenKind uint8

const (
	tkMonth tokenKind = iota
	tkWeekday
	tkAMPM
	tkEra
	tkReserved
	tkIgnore
	tkISOTime
	tkUnits
	tkJulian
	tkSummer
)

type dtToken struct {
	kind tokenKind
	val  int
}

// The reserved words.
const (
	wordNow = iota + 1
	wordToday
	wordTomorrow
	wordYesterday
	wordEpoch
	wordInfinity
	wordNInfinity
	wordAllballs
)

const (
	am = iota + 1
	pm
)

var dateTokens = map[string]dtToken{
	"jan": {tkMonth, 1}, "january": {tkMonth, 1}, "feb": {tkMonth, 2}, "february": {tkMonth, 2},
	"mar": {tkMonth, 3}, "march": {tkMonth, 3}, "apr": {tkMonth, 4}, "april": {tkMonth, 4}, "may": {tkMonth, 5},
	"jun": {tkMonth, 6}, "june": {tkMonth, 6}, "jul": {tkMonth, 7}, "july": {tkMonth, 7},
	"aug": {tkMonth, 8}, "august": {tkMonth, 8}, "sep": {tkMonth, 9}, "sept": {tkMonth, 9}, "september": {tkMonth, 9},
	"oct": {tkMonth, 10}, "october": {tkMonth, 10}, "nov": {tkMonth, 11}, "november": {tkMonth, 11},
	"dec": {tkMonth, 12}, "december": {tkMonth, 12},
	"sun": {tkWeekday, 0}, "sunday": {tkWeekday, 0}, "mon": {tkWeekday, 1}, "monday": {tkWeekday, 1},
	"tue": {tkWeekday, 2}, "tues": {tkWeekday, 2}, "tuesday": {tkWeekday, 2},
	"wed": {tkWeekday, 3}, "wednesday": {tkWeekday, 3}, "weds": {tkWeekday, 3},
	"thu": {tkWeekday, 4}, "thur": {tkWeekday, 4}, "thurs": {tkWeekday, 4}, "thursday": {tkWeekday, 4},
	"fri": {tkWeekday, 5}, "friday": {tkWeekday, 5}, "sat": {tkWeekday, 6}, "saturday": {tkWeekday, 6},
	"am": {tkAMPM, am}, "pm": {tkAMPM, pm}, "bc": {tkEra, 1}, "ad": {tkEra, 0},
	"now": {tkReserved, wordNow}, "today": {tkReserved, wordToday}, "tomorrow": {tkReserved, wordTomorrow},
	"yesterday": {tkReserved, wordYesterday}, "epoch": {tkReserved, wordEpoch},
	"infinity":  {tkReserved, wordInfinity},
	"-infinity": {tkReserved, wordNInfinity}, "allballs": {tkReserved, wordAllballs},
	"at": {tkIgnore, 0}, "on": {tkIgnore, 0}, "dst": {tkSummer, 0},
	"t": {tkISOTime, 0}, "j": {tkJulian, 0}, "jd": {tkJulian, 0}, "julian": {tkJulian, 0},
	"d": {tkUnits, 0}, "h": {tkUnits, 0}, "m": {tkUnits, 0}, "s": {tkUnits, 0}, "y": {tkUnits, 0}, "mm": {tkUnits, 0},
}
