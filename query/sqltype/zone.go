package sqltype

import (
	"strings"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// offsetAt returns the seconds east of UTC of a zone at an instant (µs since 2000 UTC).
func offsetAt(loc *time.Location, us int64) int {
	if loc == time.UTC {
		return 0
	}
	sec, _ := floorDivMod(us, MicrosPerSecond)
	_, off := time.Unix(sec+unixEpochDays*86400, 0).In(loc).Zone()
	return off
}

// ToUTC returns the instant at which clocks in loc show a local timestamp. In
// the gap of a change forward the time before it is extended; of the two instants of
// a change back the later one (standard time) is taken.
func ToUTC(loc *time.Location, local int64) int64 {
	if loc == time.UTC || local == IntInfinity || local == IntNInfinity {
		return local
	}
	before := offsetAt(loc, local-MicrosPerDay)
	after := offsetAt(loc, local+MicrosPerDay)
	utcBefore := local - int64(before)*MicrosPerSecond
	utcAfter := local - int64(after)*MicrosPerSecond
	okBefore := offsetAt(loc, utcBefore) == before
	okAfter := offsetAt(loc, utcAfter) == after
	switch {
	case before == after, okBefore && !okAfter:
		return utcBefore
	case okAfter && !okBefore:
		return utcAfter
	case utcBefore > utcAfter:
		return utcBefore
	}
	return utcAfter
}

// FromUTC returns what clocks in loc show at an instant.
func FromUTC(loc *time.Location, us int64) int64 {
	if loc == time.UTC || us == IntInfinity || us == IntNInfinity {
		return us
	}
	return us + int64(offsetAt(loc, us))*MicrosPerSecond
}

var zoneCache sync.Map // lower-case name → *time.Location

// LoadLocation returns the zone that a name means: an IANA name in any case, an
// abbreviation, or as in POSIX an offset with or without letters before it
// (UTC+3, EST5, -05:30), where unlike in timestamps west is positive.
func LoadLocation(name string) (*time.Location, error) {
	key := strings.ToLower(strings.TrimSpace(name))
	if l, ok := zoneCache.Load(key); ok {
		return l.(*time.Location), nil
	}
	l := findZone(strings.TrimSpace(name), key)
	if l == nil {
		return nil, dberr.SQL(dberr.StateInvalidParameterValue, "time zone \"%s\" not recognized", name)
	}
	if len(key) <= 64 {
		zoneCache.Store(key, l)
	}
	return l, nil
}

// ZoneFor returns the zone that AT TIME ZONE means: as LoadLocation, but an
// abbreviation always is its fixed offset, even where a zone has the same name
// (CET has no summer time then).
func ZoneFor(name string) (*time.Location, error) {
	if m, ok := zoneAbbrevs[strings.ToLower(strings.TrimSpace(name))]; ok {
		return time.FixedZone(strings.ToUpper(name), m*60), nil
	}
	return LoadLocation(name)
}

// MakerZone returns the zone that make_timestamptz is given: an offset as in timestamps, where
// east is positive, or what ZoneFor takes.
func MakerZone(name string) (*time.Location, error) {
	if name != "" && isDigit(name[0]) {
		return nil, dberr.SQL(dberr.StateInvalidParameterValue, "invalid input syntax for type numeric time zone: \"%s\"", name).
			WithHint("Numeric time zones must have \"-\" or \"+\" as first character.")
	}
	switch off, code := decodeOffset(name); code {
	case dtOK:
		return time.FixedZone(name, off), nil
	case dtZoneRange:
		return nil, dberr.SQL(dberr.StateInvalidParameterValue, "numeric time zone \"%s\" out of range", name)
	}
	return ZoneFor(name)
}

func findZone(name, key string) *time.Location {
	switch key {
	case "utc", "etc/utc", "gmt", "z", "zulu", "uct":
		return time.UTC
	case "", "local", "localtime", "posixrules":
		return nil
	}
	if l := posixZone(name, key); l != nil {
		return l
	}
	if m, ok := zoneAbbrevs[key]; ok && key != "wet" && key != "cet" && key != "met" && key != "eet" {
		return time.FixedZone(strings.ToUpper(key), m*60)
	}
	if strings.Contains(name, "..") || strings.HasPrefix(name, "/") {
		return nil
	}
	for _, n := range []string{name, zoneSpelling[key], strings.ToUpper(name), titleZone(key)} {
		if n == "" {
			continue
		}
		if l, err := time.LoadLocation(n); err == nil {
			return l
		}
	}
	return nil
}

// titleZone writes europe/isle_of_man as Europe/Isle_of_Man.
func titleZone(key string) string {
	b := []byte(key)
	start := true
	for i, c := range b {
		if start && c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
		start = c == '/' || c == '_' || c == '-'
	}
	r := strings.NewReplacer("_Of_", "_of_", "_Es_", "_es_", "-Au-", "-au-", "Port-Of-", "Port-of-", "_D'", "_d'")
	return r.Replace(string(b))
}

// posixZone reads [letters] [sign] digits.
func posixZone(name, key string) *time.Location {
	i := 0
	for i < len(key) && key[i] >= 'a' && key[i] <= 'z' {
		i++
	}
	if strings.HasPrefix(key, "<") { // an abbreviation in brackets
		i = strings.IndexByte(key, '>') + 1
	}
	num := key[i:]
	if num == "" || i > 0 && i < 3 || strings.ContainsAny(num, "/_") {
		return nil
	}
	if num[0] != '+' && num[0] != '-' {
		num = "+" + num
	}
	off, code := decodeOffset(num)
	if code != dtOK {
		return nil
	}
	if strings.HasPrefix(name, "<") {
		name = name[1 : i-1]
	}
	return time.FixedZone(name, -off)
}

// decodeOffset reads ±h, ±hh, ±hhmm, ±hh:mm or ±hh:mm:ss as seconds east of UTC.
func decodeOffset(s string) (sec int, code dtErr) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, dtBadFormat
	}
	parts := strings.Split(s[1:], ":")
	var v [3]int
	if len(parts) > 3 || parts[0] == "" {
		return 0, dtBadFormat
	}
	for i, p := range parts {
		if !allDigits(p) || len(p) > 9 {
			return 0, dtBadFormat
		}
		for _, c := range p {
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	if len(parts) == 1 && len(parts[0]) > 2 {
		v[0], v[1] = v[0]/100, v[0]%100
	}
	if v[0] > 15 || v[1] > 59 || v[2] > 59 {
		return 0, dtZoneRange
	}
	sec = v[0]*3600 + v[1]*60 + v[2]
	if s[0] == '-' {
		sec = -sec
	}
	return sec, dtOK
}
