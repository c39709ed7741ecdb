package timeseries

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Interval is the length of windows: a fixed span of time, or days or months of the
// calendar in a time zone. Exactly one of the three is set.
type Interval struct {
	Fixed  time.Duration
	Days   int
	Months int
}

var intervalUnits = map[string]Interval{
	"ns": {Fixed: 1}, "us": {Fixed: time.Microsecond}, "µs": {Fixed: time.Microsecond}, "ms": {Fixed: time.Millisecond},
	"s": {Fixed: time.Second}, "m": {Fixed: time.Minute}, "min": {Fixed: time.Minute}, "h": {Fixed: time.Hour},
	"d": {Days: 1}, "w": {Days: 7}, "mo": {Months: 1}, "q": {Months: 3}, "y": {Months: 12},
}

// ParseInterval reads a number and a unit: ns, us, ms, s, m or min, h, d, w, mo, q, y.
func ParseInterval(field, text string) (Interval, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzµ")
	unit, ok := intervalUnits[text[len(digits):]]
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
	if !ok || err != nil || n < 1 || unit.Fixed > 0 && n > int64(1<<62)/int64(unit.Fixed) || unit.Fixed == 0 && n > 1<<16 {
		return Interval{}, invalid("INVALID_INTERVAL", field, `field %q must be a whole number above 0 with one of the units ns, us, ms, s, m, h, d, w, mo, q, y, such as "5m", not %q`, field, shorten(text))
	}
	return Interval{Fixed: unit.Fixed * time.Duration(n), Days: unit.Days * int(n), Months: unit.Months * int(n)}, nil
}

// LoadZone finds a time zone by its name in the IANA database; empty is UTC.
func LoadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "local") {
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_TIMEZONE", "the time zone %q is not known", shorten(name)).WithField("timezone").
			WithHint(`use a name of the IANA database, such as "Europe/Berlin"`)
	}
	return loc, nil
}

// window finds the windows of an interval: fixed ones begin at multiples of their
// length since 1970 in UTC, days and months at midnight in the zone, weeks on Mondays.
type window struct {
	Interval
	zone   *time.Location
	offset int64
}

// at returns the window that holds t: from start to end, end not included. The first and
// the last windows of all are cut off where an int64 ends.
func (w *window) at(t int64) (start, end int64) {
	start, end = w.bounds(t)
	if start > t {
		start = math.MinInt64
	}
	if end <= t {
		end = math.MaxInt64
	}
	return start, end
}

func (w *window) bounds(t int64) (start, end int64) {
	if w.Fixed > 0 {
		d := int64(w.Fixed)
		r := (t - w.offset) % d
		if r < 0 {
			r += d
		}
		return t - r, t - r + d
	}
	local := time.Unix(0, t-w.offset).In(w.zone)
	y, m, d := local.Date()
	var from, to time.Time
	if w.Days > 0 {
		// Days since Monday, 29 December 1969, so that weeks begin on Mondays.
		day := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) + 3
		back := day % w.Days
		if back < 0 {
			back += w.Days
		}
		from = time.Date(y, m, d-back, 0, 0, 0, 0, w.zone)
		to = time.Date(y, m, d-back+w.Days, 0, 0, 0, 0, w.zone)
	} else {
		month := y*12 + int(m) - 1
		back := month % w.Months
		if back < 0 {
			back += w.Months
		}
		from = time.Date(y, m-time.Month(back), 1, 0, 0, 0, 0, w.zone)
		to = time.Date(y, m-time.Month(back)+time.Month(w.Months), 1, 0, 0, 0, 0, w.zone)
	}
	return from.UnixNano() + w.offset, to.UnixNano() + w.offset
}
