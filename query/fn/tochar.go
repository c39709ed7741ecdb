package fn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

var (
	monthNames = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	romans     = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
)

// dateKeywords are the template patterns of dates, longer ones before those they
// begin with. Lower-case spellings mean the same except where cased below.
var dateKeywords = []string{
	"HH24", "HH12", "HH", "MI", "SSSSS", "SSSS", "SS", "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6",
	"A.M.", "P.M.", "AM", "PM", "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IYW", "IY",
	"IDDD", "ID", "IW", "I", "B.C.", "A.D.", "BC", "AD", "MONTH", "MON", "MM", "DAY", "DDD", "DD", "DY", "D", "WW", "W", "CC", "J", "Q",
	"RM", "TZH", "TZM", "TZ", "OF",
}

// A dateItem is a literal, or a keyword as it was written.
type dateItem struct {
	lit, key, raw string
	fill, fixed   bool // FM, FX
	th            string
	sep           bool // a literal outside quotes
}

// dateTemplate cuts a template of to_char, to_date or to_timestamp.
func dateTemplate(f string) []dateItem {
	var items []dateItem
	for f != "" {
		if f[0] == '"' {
			end, lit := 1, ""
			for end < len(f) && f[end] != '"' {
				if f[end] == '\\' && end+1 < len(f) {
					end++
				}
				lit += f[end : end+1]
				end++
			}
			items = append(items, dateItem{lit: lit})
			f = f[min(end+1, len(f)):]
			continue
		}
		if f[0] == '\\' && len(f) > 1 && f[1] == '"' {
			items, f = append(items, dateItem{lit: `"`}), f[2:]
			continue
		}
		it := dateItem{}
		rest := f
		for len(rest) > 1 && (strings.EqualFold(rest[:2], "FM") || strings.EqualFold(rest[:2], "FX") || strings.EqualFold(rest[:2], "TM")) {
			if strings.EqualFold(rest[:2], "FX") {
				it.fixed = true
			} else {
				it.fill = true
			}
			rest = rest[2:]
		}
		for _, k := range dateKeywords {
			if len(rest) >= len(k) && strings.EqualFold(rest[:len(k)], k) {
				it.key, it.raw = k, rest[:len(k)]
				rest = rest[len(k):]
				break
			}
		}
		if it.key == "" && rest == "" && len(f) > 1 {
			f = "" // modifiers of nothing
			continue
		}
		if it.key == "" {
			items, f = append(items, dateItem{lit: f[:1], sep: true}), f[1:]
			continue
		}
		if len(rest) > 1 && (rest[:2] == "TH" || rest[:2] == "th") {
			it.th, rest = rest[:2], rest[2:]
		}
		items, f = append(items, it), rest
	}
	return items
}

// moment is what to_char formats: a calendar time with its zone, or an interval.
type moment struct {
	c        sqltype.Civil
	days     int64 // since 2000-01-01
	isIvl    bool
	zoneName string
	zoneOff  int // seconds east
	zoned    bool
}

func ordinal(n string) string {
	if len(n) > 1 && n[len(n)-2] == '1' {
		return "th"
	}
	switch n[len(n)-1] {
	case '1':
		return "st"
	case '2':
		return "nd"
	case '3':
		return "rd"
	}
	return "th"
}

// cased gives a name the case in which its keyword was written.
func cased(raw, name string, width int, fill bool) string {
	switch {
	case raw[0] >= 'a':
		name = strings.ToLower(name)
	case len(raw) > 1 && raw[1] < 'a' && raw[1] != '.':
		name = strings.ToUpper(name)
	}
	if !fill && len(name) < width {
		name += strings.Repeat(" ", width-len(name))
	}
	return name
}

func (m *moment) era(yes string) string {
	no := map[string]string{"BC": "AD", "B.C.": "A.D.", "AM": "PM", "A.M.": "P.M."}[yes]
	bc := m.c.Year <= 0
	if yes[0] == 'A' {
		bc = m.c.Hour%24 < 12
	}
	if bc {
		return yes
	}
	return no
}

func (m *moment) format(items []dateItem) (string, error) {
	var b strings.Builder
	for _, it := range items {
		if it.key == "" {
			b.WriteString(it.lit)
			continue
		}
		s, err := m.field(it)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
		if it.th != "" && s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
			th := ordinal(s)
			if it.th == "TH" {
				th = strings.ToUpper(th)
			}
			b.WriteString(th)
		}
	}
	return b.String(), nil
}

func (m *moment) field(it dateItem) (string, error) {
	num := func(v int64, width int) string {
		if it.fill {
			return strconv.FormatInt(v, 10)
		}
		if v < 0 {
			width++
		}
		return fmt.Sprintf("%0*d", width, v)
	}
	if s, ok := m.clock(it, num); ok {
		return s, nil
	}
	if s, ok := m.zone(it); ok {
		return s, nil
	}
	if m.isIvl && strings.Contains(" MONTH MON DAY DY D ID IDDD BC B.C. AD A.D. CC ", " "+it.key+" ") {
		return "", dberr.SQL("22007", "invalid format specification for an interval value").
			WithHint("Intervals are not tied to specific calendar dates.")
	}
	return m.date(it, num), nil
}

func (m *moment) clock(it dateItem, num func(int64, int) string) (string, bool) {
	c := m.c
	switch it.key {
	case "HH", "HH12":
		h := c.Hour % 12
		if h == 0 {
			h = 12
		}
		return num(int64(h), 2), true
	case "HH24":
		return num(int64(c.Hour), 2), true
	case "MI":
		return num(int64(c.Minute), 2), true
	case "SS":
		return num(int64(c.Second), 2), true
	case "SSSS", "SSSSS":
		return strconv.Itoa(c.Hour*3600 + c.Minute*60 + c.Second), true
	case "MS":
		return fmt.Sprintf("%03d", c.Micro/1000), true
	case "US":
		return fmt.Sprintf("%06d", c.Micro), true
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		return fmt.Sprintf("%06d", c.Micro)[:it.key[2]-'0'], true
	case "AM", "PM":
		return matchCase(it.raw, m.era("AM")), true
	case "A.M.", "P.M.":
		return matchCase(it.raw, m.era("A.M.")), true
	}
	return "", false
}

func matchCase(raw, s string) string {
	if raw[0] >= 'a' {
		return strings.ToLower(s)
	}
	return s
}

func (m *moment) zone(it dateItem) (string, bool) {
	off := m.zoneOff
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	switch it.key {
	case "TZ":
		if it.raw[0] >= 'a' {
			return strings.ToLower(m.zoneName), true
		}
		return m.zoneName, true
	case "TZH":
		return fmt.Sprintf("%c%02d", sign, off/3600), true
	case "TZM":
		return fmt.Sprintf("%02d", off/60%60), true
	case "OF":
		s := fmt.Sprintf("%c%02d", sign, off/3600)
		if off/60%60 != 0 {
			s += fmt.Sprintf(":%02d", off/60%60)
		}
		return s, true
	}
	return "", false
}

func (m *moment) date(it dateItem, num func(int64, int) string) string {
	year := int64(m.c.Year)
	if !m.isIvl && year <= 0 {
		year = 1 - year
	}
	isoYear, isoWeek := sqltype.ISOWeek(m.days)
	if isoYear <= 0 && !m.isIvl {
		isoYear = 1 - isoYear
	}
	yday := m.days - sqltype.DaysFromCivil(m.c.Year, 1, 1) + 1
	dow := sqltype.Weekday(m.days)
	tail := func(y int64, digits int) string {
		mod := []int64{1, 10, 100, 1000}[digits]
		return num(y%mod, digits)
	}
	switch it.key {
	case "YYYY":
		return num(year, 4)
	case "Y,YYY":
		return fmt.Sprintf("%d,%03d", year/1000, year%1000)
	case "YYY", "YY", "Y":
		return tail(year, len(it.key))
	case "IYYY":
		return num(int64(isoYear), 4)
	case "IYY", "IY", "I":
		return tail(int64(isoYear), len(it.key))
	case "BC", "AD":
		return matchCase(it.raw, m.era("BC"))
	case "B.C.", "A.D.":
		return matchCase(it.raw, m.era("B.C."))
	case "MM":
		return num(int64(m.c.Month), 2)
	case "MONTH", "MON", "RM":
		return m.monthName(it)
	case "DAY":
		return cased(it.raw, dayNames[dow], 9, it.fill)
	case "DY":
		return cased(it.raw, dayNames[dow][:3], 3, it.fill)
	case "DDD":
		if m.isIvl {
			yday = int64(m.c.Year)*360 + int64(m.c.Month)*30 + int64(m.c.Day)
		}
		return num(yday, 3)
	case "IDDD":
		return num(m.days-sqltype.ISOWeekStart(isoWeekYear(m.days))+1, 3)
	case "DD":
		if m.c.Day < 0 && !it.fill { // unlike other fields, the sign takes a digit's place
			return fmt.Sprintf("%02d", m.c.Day)
		}
		return num(int64(m.c.Day), 2)
	case "D":
		return num(int64(dow)+1, 1)
	case "ID":
		return num(int64(dow+6)%7+1, 1)
	case "WW":
		return num((yday-1)/7+1, 2)
	case "IW":
		return num(int64(isoWeek), 2)
	case "W":
		return num(int64(m.c.Day-1)/7+1, 1)
	case "CC":
		if m.c.Year > 0 {
			return num((year-1)/100+1, 2)
		}
		return num(-((year-1)/100 + 1), 2)
	case "J":
		return num(m.days+2451545, 0)
	case "Q":
		if m.c.Month == 0 {
			return ""
		}
		return num(int64(m.c.Month-1)/3+1, 1)
	}
	return it.raw
}

func isoWeekYear(days int64) int {
	y, _ := sqltype.ISOWeek(days)
	return y
}

// monthName writes a month; the Roman ones of intervals count back from the end
// of the year where they are negative.
func (m *moment) monthName(it dateItem) string {
	i := m.c.Month - 1
	switch {
	case m.c.Month == 0 && m.c.Year == 0:
		return ""
	case m.c.Month == 0 && m.c.Year < 0:
		i = 0
	case m.c.Month <= 0:
		i = 12 + max(m.c.Month, -11) - b2int(m.c.Month == 0)
	}
	switch it.key {
	case "MONTH":
		return cased(it.raw, monthNames[i], 9, it.fill)
	case "MON":
		return cased(it.raw, monthNames[i][:3], 3, it.fill)
	}
	return cased(it.raw, romans[i], 4, it.fill)
}

// toCharTimestamp formats a local time.
func toCharTimestamp(us int64, f string) (string, error) {
	if f == "" || infinite(us) {
		return "", errNull
	}
	days, _ := dayOf(us)
	m := moment{c: sqltype.SplitTimestamp(us), days: days}
	return m.format(dateTemplate(f))
}

func toCharTimestampTZ(env *sqltype.Env, us int64, f string) (string, error) {
	if f == "" || infinite(us) {
		return "", errNull
	}
	loc := location(env)
	local := sqltype.FromUTC(loc, us)
	days, _ := dayOf(local)
	m := moment{c: sqltype.SplitTimestamp(local), days: days, zoned: true}
	m.zoneName, m.zoneOff = sqltype.TimestampToGo(us).In(loc).Zone()
	return m.format(dateTemplate(f))
}

func toCharInterval(v interval, f string) (string, error) {
	if f == "" {
		return "", errNull
	}
	us := v.Micros
	m := moment{isIvl: true, c: sqltype.Civil{
		Year: int(v.Months / 12), Month: int(v.Months % 12), Day: int(v.Days),
		Hour: int(us / sqltype.MicrosPerHour), Minute: int(us / sqltype.MicrosPerMinute % 60),
		Second: int(us / sqltype.MicrosPerSecond % 60), Micro: int(us % sqltype.MicrosPerSecond),
	}}
	return m.format(dateTemplate(f))
}

func registerToChar(t *tables) {
	t.def("to_char(timestamp,text) text", e2(toCharTimestamp))
	t.def("to_char(timestamptz,text) text stable", z2(toCharTimestampTZ))
	t.def("to_char(interval,text) text", e2(toCharInterval))
	t.def("to_date(text,text) date", e2(func(s, f string) (int64, error) {
		p, err := parseByTemplate(s, f)
		if err != nil {
			return 0, err
		}
		days, err := p.days()
		return days, err
	}))
	t.def("to_timestamp(text,text) timestamptz stable", z2(func(env *sqltype.Env, s, f string) (int64, error) {
		p, err := parseByTemplate(s, f)
		if err != nil {
			return 0, err
		}
		return p.instant(location(env))
	}))
	registerToNumber(t)
}
