package sqltype

import (
	"slices"
	"strings"
)

// summerAbbrevs are those of zoneAbbrevs that stand for summer time.
const summerAbbrevs = "acdt acsst adt aedt aesst akdt almst awsst azost bdst brst bst cadt cdt cest cetdst chadt clst clt easst east " +
	"edt eest eetdst egst fjst fnst idt kdt kgst lhdt mdt mest mesz metdst msd must ndt nzdt pdt pkst pmdt pyst " +
	"sadt ulast uyst uzst wadt wdt wetdst wgst yekst"

// ZoneAbbrev is an abbreviation of a time zone.
type ZoneAbbrev struct {
	Name    string // in upper case
	Minutes int    // east of UTC
	Summer  bool
}

// ZoneAbbrevs lists the abbreviations of time zones that are read.
func ZoneAbbrevs() (list []ZoneAbbrev) {
	summer := strings.Fields(summerAbbrevs)
	for name, minutes := range zoneAbbrevs {
		list = append(list, ZoneAbbrev{strings.ToUpper(name), minutes, slices.Contains(summer, name)})
	}
	slices.SortFunc(list, func(a, b ZoneAbbrev) int { return strings.Compare(a.Name, b.Name) })
	return list
}
