package backup

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	for _, c := range []struct{ schedule, after, want string }{
		{"0 2 * * *", "2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z"},
		{"0 2 * * *", "2026-01-01T01:59:59Z", "2026-01-01T02:00:00Z"},
		{"*/15 * * * *", "2026-01-01T02:01:00Z", "2026-01-01T02:15:00Z"},
		{"5/20 * * * *", "2026-01-01T02:26:00Z", "2026-01-01T02:45:00Z"},
		{"30 4 1,15 * *", "2026-01-02T00:00:00Z", "2026-01-15T04:30:00Z"},
		{"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"0 0 * * mon-fri", "2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"},
		{"0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"}, // either
		{"0 12 31 dec *", "2026-12-31T12:00:00Z", "2027-12-31T12:00:00Z"},
		{"@hourly", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
		{"0 23-23 * * *", "2026-01-01T10:00:00+05:00", "2026-01-01T23:00:00Z"},
	} {
		s, err := ParseSchedule(c.schedule)
		if err != nil {
			t.Errorf("%s: %v", c.schedule, err)
			continue
		}
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(after).Format(time.RFC3339); got != c.want {
			t.Errorf("%s after %s: got %s, want %s", c.schedule, c.after, got, c.want)
		}
		if s.String() != c.schedule || s.Never() {
			t.Errorf("%s is written %s", c.schedule, s)
		}
	}
	for _, bad := range []string{"1", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *",
		"0 0 30 2 *", "0 0 31 4 *", "1,,2 * * * *", "-1 * * * *", "* * * * mond", "* * * * unm", "@yearly", "* * * * * *"} {
		if s, err := ParseSchedule(bad); err == nil {
			t.Errorf("%q is due at %v", bad, s.Next(time.Unix(0, 0)))
		}
	}
	for _, never := range []string{"", "off", " "} {
		if s, err := ParseSchedule(never); err != nil || !s.Never() || !s.Next(time.Now()).IsZero() {
			t.Errorf("%q: %v, %v", never, s, err)
		}
	}
}
