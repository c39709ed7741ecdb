package backup

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule says when something is due: the five fields of cron, in UTC. The zero
// value is never.
type Schedule struct {
	text                              string
	minute, hour, day, month, weekday uint64 // a bit for each value
	anyDay, anyWeekday                bool
}

var cronFields = []struct {
	name      string
	low, high int
	names     string // three letters each, from low on
}{
	{"minute", 0, 59, ""}, {"hour", 0, 23, ""}, {"day of the month", 1, 31, ""},
	{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"}, {"day of the week", 0, 7, "sunmontuewedthufrisat"},
}

var cronWords = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
}

// ParseSchedule reads "minute hour day month weekday" with numbers, names, *, lists,
// ranges and steps (*/15, 1-5, mon,thu), or @hourly, @daily, @weekly, @monthly. The
// empty text, and off, are never. Where both day and weekday are given, either makes
// it due, as cron has it.
func ParseSchedule(text string) (s Schedule, err error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "off" {
		return Schedule{}, nil
	}
	s.text = text
	line := text
	if w, ok := cronWords[strings.ToLower(text)]; ok {
		line = w
	}
	fields := strings.Fields(line)
	if len(fields) != len(cronFields) {
		return Schedule{}, invalid("INVALID_SCHEDULE", "schedule %q has %d fields, want 5: minute hour day month weekday", text, len(fields))
	}
	sets := []*uint64{&s.minute, &s.hour, &s.day, &s.month, &s.weekday}
	for i, f := range fields {
		if *sets[i], err = parseCronField(strings.ToLower(f), i); err != nil {
			return Schedule{}, invalid("INVALID_SCHEDULE", "schedule %q: %s: %v", text, cronFields[i].name, err)
		}
	}
	if s.weekday&(1<<7) != 0 {
		s.weekday |= 1 // Sunday has two numbers
	}
	s.anyDay, s.anyWeekday = fields[2] == "*", fields[4] == "*"
	if s.Next(time.Unix(0, 0)).IsZero() {
		return Schedule{}, invalid("INVALID_SCHEDULE", "schedule %q is never due: there is no such day", text)
	}
	return s, nil
}

func parseCronField(text string, field int) (set uint64, err error) {
	f := cronFields[field]
	for item := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(item, "/")
		by := 1
		if stepped {
			if by, err = strconv.Atoi(step); err != nil || by < 1 {
				return 0, fmt.Errorf("%q is no step", step)
			}
		}
		low, high := f.low, f.high
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if low, err = cronValue(from, field); err != nil {
				return 0, err
			}
			if !stepped {
				high = low
			}
			if ranged {
				if high, err = cronValue(to, field); err != nil {
					return 0, err
				}
			}
		}
		if low > high {
			return 0, fmt.Errorf("%q ends before it begins", span)
		}
		for v := low; v <= high; v += by {
			set |= 1 << v
		}
	}
	return set, nil
}

func cronValue(text string, field int) (int, error) {
	f := cronFields[field]
	if len(text) == 3 && len(f.names) > 0 {
		if i := strings.Index(f.names, text); i >= 0 && i%3 == 0 {
			return f.low + i/3, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return 0, fmt.Errorf("%q is not within %d and %d", text, f.low, f.high)
	}
	return n, nil
}

// String is what ParseSchedule has read.
func (s Schedule) String() string { return s.text }

// Never says that it is never due.
func (s Schedule) Never() bool { return s.text == "" }

// Next is when it is due next after t, or the zero time.
func (s Schedule) Next(t time.Time) time.Time {
	if s.Never() {
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	for end := t.AddDate(9, 0, 0); t.Before(end); { // leap days may lie eight years apart
		switch {
		case s.month&(1<<int(t.Month())) == 0:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.dayDue(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case s.hour&(1<<t.Hour()) == 0:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case s.minute&(1<<t.Minute()) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

func (s Schedule) dayDue(t time.Time) bool {
	day, weekday := s.day&(1<<t.Day()) != 0, s.weekday&(1<<int(t.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
