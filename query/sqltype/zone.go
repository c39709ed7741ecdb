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

// zoneAbbrevs are the abbreviations that PostgreSQL knows by default and that
// name a fixed offset, in minutes east of UTC.
var zoneAbbrevs = map[string]int{
	"utc": 0, "gmt": 0, "ut": 0, "z": 0, "zulu": 0, "uct": 0, "wet": 0, "west": 60, "wetdst": 60,
	"bst": 60, "bdst": 120, "ist": 120, "cet": 60, "cest": 120, "cetdst": 120, "met": 60, "mest": 120, "metdst": 120,
	"mez": 60, "mesz": 120, "eet": 120, "eest": 180, "eetdst": 180, "eat": 180, "msk": 180, "msd": 240, "sast": 120,
	"est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
	"akst": -540, "akdt": -480, "hst": -600, "ast": -240, "adt": -180, "nst": -210, "ndt": -150, "nft": -210,
	"jst": 540, "kst": 540, "hkt": 480, "sgt": 480, "wast": 420, "pht": 480, "pkt": 300, "npt": 345, "ict": 420,
	"aest": 600, "aedt": 660, "acst": 570, "acdt": 630, "awst": 480, "nzst": 720, "nzdt": 780, "nzt": 720,
	"brt": -180, "brst": -120, "art": -180, "clt": -240, "clst": -180, "pyt": -240, "uyt": -180, "sst": -660,
	"bnt": 480, "azt": 240, "get": 240, "uzt": 300, "mmt": 390, "btt": 360, "mvt": 300, "cot": -300, "pet": -300, "vet": -240,
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
	for _, n := range []string{name, strings.ToUpper(name), titleZone(key)} {
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
		if !allDigits(p) || p == "" || len(p) > 9 {
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
