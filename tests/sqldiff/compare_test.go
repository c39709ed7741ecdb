package sqldiff

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

// verdict is how two answers relate.
type verdict int

const (
	same    verdict = iota
	order           // an error that only one order of evaluation meets
	refused         // a feature that is not supported, and said so
	skipped         // too slow to ask
	differs
)

const (
	oidFloat8, oidFloat4 = 701, 700
	oidNumeric           = 1700
	oidInterval          = 1186
	oidBpchar            = 1042
)

// compare holds the answer of an engine to that of PostgreSQL.
func compare(st statement, want, got answer) (verdict, string) {
	switch {
	case got.state == "0A000" && want.state != "0A000":
		return refused, got.message
	case want.state == "57014" || got.state == "57014" || want.state == "53400" || want.state == "54000":
		return skipped, ""
	case want.state != "" || got.state != "":
		return compareErrors(st, want, got)
	}
	if d := compareColumns(want.columns, got.columns); d != "" {
		return differs, d
	}
	if len(want.rows) != len(got.rows) {
		return differs, fmt.Sprintf("%d rows, want %d", len(got.rows), len(want.rows))
	}
	if d := compareRows(want, got); d != "" {
		return differs, d
	}
	if len(st.ordered) > 0 {
		return compareOrder(st.ordered, want, got)
	}
	return same, ""
}

// lazy finds the forms that need not compute all of their arguments.
var lazy = regexp.MustCompile(`(?i)\b(case|coalesce|and|or)\b`)

func compareErrors(st statement, want, got answer) (verdict, string) {
	if want.state == got.state {
		return same, ""
	}
	if want.state == "21000" && got.state == "" && strings.Contains(st.root.String(), "WITH TIES") {
		return skipped, "" // its search for the end of an index (min, max, every) inherits WITH TIES from the query
	}
	d := fmt.Sprintf("error %s %q, want %s %q", got.state, got.message, want.state, want.message)
	data := func(state string) bool {
		return state == "" || strings.HasPrefix(state, "22") || strings.HasPrefix(state, "23") || state == "21000"
	}
	strict := st.strict && !lazy.MatchString(st.root.String()) // PostgreSQL folds constants that are never reached
	if st.risky && !strict && data(want.state) && data(got.state) {
		return order, d
	}
	return differs, d
}

func compareColumns(want, got []column) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d columns, want %d", len(got), len(want))
	}
	for i, w := range want {
		if g := got[i]; g.name != w.name || g.oid != w.oid {
			return fmt.Sprintf("column %d is %q of type %s, want %q of type %s", i+1, g.name, typeName(g.oid), w.name, typeName(w.oid))
		}
	}
	return ""
}

func typeName(oid uint32) string {
	if t, ok := sqltype.TypeByOID(oid); ok {
		return t.Name()
	}
	return fmt.Sprint(oid)
}

// compareRows compares as bags. Where the texts differ, equal values count as the
// same, as those that DISTINCT, GROUP BY, max and ties leave are of any equal text.
func compareRows(want, got answer) string {
	w, g := keys(want, nil), keys(got, nil)
	slices.Sort(w)
	slices.Sort(g)
	if slices.Equal(w, g) {
		return ""
	}
	for i := range w {
		if w[i] != g[i] {
			return fmt.Sprintf("row %d of the sorted rows is (%s), want (%s)", i+1, readable(g[i]), readable(w[i]))
		}
	}
	return ""
}

func compareOrder(by []int, want, got answer) (verdict, string) {
	w, g := keys(want, by), keys(got, by)
	for i := range w {
		if w[i] != g[i] {
			return differs, fmt.Sprintf("wrong order: row %d has (%s), want (%s)", i+1, readable(g[i]), readable(w[i]))
		}
	}
	return same, ""
}

func readable(key string) string { return strings.ReplaceAll(key, "\x00", ", ") }

// keys are the rows in a form in which equal values are equal; by picks columns.
func keys(a answer, by []int) []string {
	out := make([]string, len(a.rows))
	for i, row := range a.rows {
		var parts []string
		for k, v := range row {
			if by != nil && !slices.Contains(by, k) {
				continue
			}
			if v == nil {
				parts = append(parts, "NULL")
				continue
			}
			parts = append(parts, "'"+canonical(a.columns[k].oid, *v))
		}
		out[i] = strings.Join(parts, "\x00")
	}
	return out
}

// canonical is one text for all equal values of a type.
func canonical(oid uint32, s string) string {
	switch oid {
	case oidNumeric:
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
	case oidFloat8, oidFloat4:
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			if f == 0 {
				return "0"
			}
			return strconv.FormatFloat(f, 'e', 10, 64)
		}
	case oidInterval:
		if v, err := sqltype.ParseInterval(s, ""); err == nil {
			const day = 86_400_000_000
			return fmt.Sprint((int64(v.Months)*30+int64(v.Days))*day + v.Micros)
		}
	case oidBpchar:
		return strings.TrimRight(s, " ")
	}
	return s
}

// render shows an answer for people.
func (a answer) String() string {
	if a.state != "" {
		return a.state + " " + a.message
	}
	var b strings.Builder
	for i, c := range a.columns {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(c.name)
	}
	for i, row := range a.rows {
		if i == 6 {
			fmt.Fprintf(&b, "\n… %d rows", len(a.rows))
			break
		}
		b.WriteString("\n  ")
		for k, v := range row {
			if k > 0 {
				b.WriteString(" | ")
			}
			if v == nil {
				b.WriteString("NULL")
			} else {
				b.WriteString(strconv.Quote(*v))
			}
		}
	}
	return b.String()
}
