package query

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

var (
	dateForms      = []string{sqltype.DatesISO: "ISO", sqltype.DatesSQL: "SQL", sqltype.DatesPostgres: "Postgres", sqltype.DatesGerman: "German"}
	dateOrders     = []string{sqltype.OrderMDY: "MDY", sqltype.OrderDMY: "DMY", sqltype.OrderYMD: "YMD"}
	intervalStyles = []string{sqltype.IntervalsPostgres: "postgres", sqltype.IntervalsVerbose: "postgres_verbose",
		sqltype.IntervalsSQL: "sql_standard", sqltype.IntervalsISO: "iso_8601"}
)

func showDateStyle(s *Session) string {
	return dateForms[s.set.style.Dates] + ", " + dateOrders[s.set.style.Order]
}

// setDateStyle takes a form, an order, or both.
func setDateStyle(s *Session, v []string) error {
	style := s.set.style
	form, order := false, false
	for _, word := range strings.FieldsFunc(strings.ToLower(strings.Join(v, ",")), func(r rune) bool { return r == ',' || r == ' ' }) {
		f := slices.IndexFunc(dateForms, func(name string) bool { return strings.EqualFold(name, word) })
		if f >= 0 {
			if form && style.Dates != sqltype.DateForm(f) {
				return badValue("DateStyle", v).WithDetail("Conflicting \"datestyle\" specifications.")
			}
			style.Dates, form = sqltype.DateForm(f), true
			if style.Dates == sqltype.DatesGerman && !order {
				style.Order = sqltype.OrderDMY
			}
			continue
		}
		o, ok := map[string]sqltype.DateOrder{"ymd": sqltype.OrderYMD, "dmy": sqltype.OrderDMY, "euro": sqltype.OrderDMY, "european": sqltype.OrderDMY,
			"mdy": sqltype.OrderMDY, "us": sqltype.OrderMDY, "noneuro": sqltype.OrderMDY, "noneuropean": sqltype.OrderMDY}[word]
		switch {
		case word == "default":
			style.Dates, style.Order = sqltype.DatesISO, sqltype.OrderMDY
			continue
		case !ok:
			return badValue("DateStyle", v).WithDetail("Unrecognized key word: \"%s\".", word)
		case order && style.Order != o:
			return badValue("DateStyle", v).WithDetail("Conflicting \"datestyle\" specifications.")
		}
		style.Order, order = o, true
	}
	s.set.style = style
	return nil
}

func setIntervalStyle(s *Session, v []string) error {
	i := slices.IndexFunc(intervalStyles, func(name string) bool { return strings.EqualFold(name, strings.Join(v, " ")) })
	if i < 0 {
		return badValue("intervalstyle", v).WithHint("Available values: postgres, postgres_verbose, sql_standard, iso_8601.")
	}
	s.set.style.Intervals = sqltype.IntervalForm(i)
	return nil
}

var byteForms = map[bool]string{false: "hex", true: "escape"}

func setByteaOutput(s *Session, v []string) error {
	switch form := strings.ToLower(strings.Join(v, " ")); form {
	case "hex", "escape":
		s.set.style.EscapeBytes = form == "escape"
		return nil
	}
	return badValue("bytea_output", v).WithHint("Available values: escape, hex.")
}
