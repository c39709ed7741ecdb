package continuous

import (
	"time"
)

// The limits of queries that fill metrics.
const (
	MaxQueryBytes = 64 << 10
	MinEvery      = time.Second
	MaxEvery      = 366 * 24 * time.Hour
	// MaxLate is up to how many windows late data may be behind.
	MaxLate = 10_000
	// MaxBehind is how many windows a query may have to make up for when it begins.
	MaxBehind = 1_000_000
)

// Fill is a continuous query that fills a metric from others: an INSERT … SELECT of SQL,
// which is run once for each window of time.
type Fill struct {
	Name string
	// Query is the INSERT … SELECT; $1 is where a window begins, $2 where it ends, which is
	// not of it.
	Query string
	// Every is the length of windows, which begin at multiples of it since 1970 in UTC.
	Every time.Duration
	// Delay is how long after its end a window is run.
	Delay time.Duration
	// Late is how long after its end a window is run again for what was written into it.
	// 0: never.
	Late time.Duration
	// Start is from when on windows are run; the first is that which begins then or later.
	// Zero: that which begins next.
	Start  time.Time
	Paused bool
}

// settle fills in what is left out and holds the definition against the rules.
func (d *Fill) settle(now time.Time) error {
	if len(d.Name) > MaxNameBytes {
		return invalid("INVALID_FIELD", "name", "name of %d bytes is over the maximum of %d", len(d.Name), MaxNameBytes)
	}
	if err := checkName(d.Name); err != nil {
		return err
	}
	if len(d.Query) > MaxQueryBytes {
		return invalid("INVALID_FIELD", "query", "a query of %d bytes is over the maximum of %d", len(d.Query), MaxQueryBytes)
	}
	if err := d.checkSpans(); err != nil {
		return err
	}
	if d.Start.IsZero() {
		d.Start = now
	}
	start := floor(d.Start, d.Every)
	if start.Before(d.Start) {
		start = start.Add(d.Every)
	}
	if n := now.Sub(start) / d.Every; n > MaxBehind || start.Year() < 1970 || start.Year() > 2200 {
		return invalid("INVALID_FIELD", "start", "start is %s, from which on there are more than %d windows to be run, or it is not within the years 1970 to 2200", d.Start.UTC().Format(time.RFC3339), MaxBehind)
	}
	d.Start = start
	return nil
}

// checkSpans holds the spans of a definition against the rules.
func (d *Fill) checkSpans() error {
	switch {
	case d.Every < MinEvery || d.Every > MaxEvery || d.Every%time.Second != 0:
		return invalid("INVALID_INTERVAL", "every", "every must be whole seconds from 1s to 366d, not %v", d.Every)
	case d.Delay < 0 || d.Delay > MaxEvery:
		return invalid("INVALID_INTERVAL", "delay", "delay must be from 0s to 366d, not %v", d.Delay)
	case d.Late < 0 || d.Late/d.Every > MaxLate:
		return invalid("INVALID_INTERVAL", "late", "late must be from 0s to %d windows of %v, not %v", MaxLate, d.Every, d.Late)
	}
	return nil
}

// floor is the beginning of the window that holds t.
func floor(t time.Time, every time.Duration) time.Time {
	s, n := t.Unix(), int64(every/time.Second)
	r := s % n
	if r < 0 {
		r += n
	}
	return time.Unix(s-r, 0).UTC()
}
