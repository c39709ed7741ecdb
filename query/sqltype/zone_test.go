package sqltype

import (
	"strings"
	"testing"
)

// TestZoneNames finds every zone whose spelling is irregular from its lower case,
// and takes samples of the other kinds of names.
func TestZoneNames(t *testing.T) {
	if len(zoneSpelling) < 50 || len(zoneAbbrevs) < 190 {
		t.Fatalf("%d spellings, %d abbreviations", len(zoneSpelling), len(zoneAbbrevs))
	}
	for key := range zoneSpelling {
		if _, err := LoadLocation(key); err != nil {
			t.Error(err)
		}
	}
	const summer = 646228800 * MicrosPerSecond // 2020-06-23
	for _, c := range []struct {
		name       string
		load, zone int
	}{
		{"UTC", 0, 0}, {"europe/berlin", 7200, 7200}, {"AMERICA/NEW_YORK", -14400, -14400}, {"america/port-au-prince", -14400, -14400},
		{"CET", 7200, 3600}, {"cest", 7200, 7200}, {"EST", -18000, -18000}, {"EST5EDT", -14400, -14400},
		{"+05:30", -19800, -19800}, {"UTC+3", -10800, -10800}, {"-2", 7200, 7200}, {"Asia/Kolkata", 19800, 19800},
	} {
		l, err := LoadLocation(c.name)
		if err != nil {
			t.Error(err)
			continue
		}
		z, err := ZoneFor(c.name)
		if err != nil || offsetAt(l, summer) != c.load || offsetAt(z, summer) != c.zone {
			t.Errorf("%s: got %d and %d, %v; want %d and %d", c.name, offsetAt(l, summer), offsetAt(z, summer), err, c.load, c.zone)
		}
	}
	for _, name := range []string{"", "Nope/Zone", "../etc/passwd", "/etc/localtime", "local", "a+99", strings.Repeat("x", 300)} {
		if _, err := LoadLocation(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
