package slt

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rendered is a result in the ways in which a script may have written it.
type rendered struct {
	// raw has the database's own text; classic what the original program would print by
	// the query's types: whole numbers for I, three digits for R, @ for what cannot be printed.
	raw, classic [][]string
}

func render(types string, rows [][]*string) rendered {
	r := rendered{raw: make([][]string, len(rows)), classic: make([][]string, len(rows))}
	for i, row := range rows {
		r.raw[i], r.classic[i] = make([]string, len(row)), make([]string, len(row))
		for j, v := range row {
			t := byte('T')
			if j < len(types) {
				t = types[j]
			}
			r.raw[i][j], r.classic[i][j] = renderRaw(v), renderClassic(t, v)
		}
	}
	return r
}

func renderRaw(v *string) string {
	switch {
	case v == nil:
		return "NULL"
	case *v == "":
		return "(empty)"
	}
	return *v
}

func renderClassic(typ byte, v *string) string {
	if v == nil {
		return "NULL"
	}
	s := *v
	switch typ {
	case 'I':
		switch s {
		case "t", "true":
			return "1"
		case "f", "false":
			return "0"
		}
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			return s
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1e18 {
			return strconv.FormatInt(int64(f), 10)
		}
		return "0" // as atoi reads a text
	case 'R':
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(f, 'f', 3, 64)
		}
	}
	if s == "" {
		return "(empty)"
	}
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '@'
		}
	}
	return string(b)
}

var hashed = regexp.MustCompile(`^(\d+) values hashing to ([0-9a-f]{32})$`)

// compare returns what is wrong with a result, "" where it is what the record wants.
func compare(rec record, rows [][]*string) string {
	r := render(rec.types, rows)
	if len(rec.want) == 1 {
		if m := hashed.FindStringSubmatch(rec.want[0]); m != nil {
			return compareHash(rec, r, m[1], m[2])
		}
	}
	reason := ""
	for _, got := range [][][]string{r.raw, r.classic} {
		if reason = compareValues(rec, got); reason == "" {
			return ""
		}
	}
	return compareValues(rec, r.raw)
}

// flatten sorts as the record says and gives all values in order.
func flatten(mode string, rows [][]string) []string {
	if mode == "rowsort" {
		rows = slices.Clone(rows)
		slices.SortFunc(rows, slices.Compare[[]string])
	}
	var out []string
	for _, row := range rows {
		out = append(out, row...)
	}
	if mode == "valuesort" {
		slices.Sort(out)
	}
	return out
}

func hashOf(values []string) string {
	h := md5.New() // the hash of the format
	for _, v := range values {
		h.Write([]byte(v))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func compareHash(rec record, r rendered, count, hash string) string {
	var values []string
	for _, got := range [][][]string{r.classic, r.raw} {
		values = flatten(rec.sortMode, got)
		if strconv.Itoa(len(values)) == count && hashOf(values) == hash {
			return ""
		}
	}
	values = flatten(rec.sortMode, r.classic)
	return fmt.Sprintf("got %d values hashing to %s, want %s hashing to %s; got%s", len(values), hashOf(values), count, hash, sample(values))
}

// compareValues compares with a written result: one value a line, or one row a line with
// tabs or blanks between the values.
func compareValues(rec record, got [][]string) string {
	cols := 0
	if len(got) > 0 {
		cols = len(got[0])
	}
	total := len(got) * cols
	switch {
	case len(rec.want) == total:
		return compareFlat(rec, got, cols)
	case len(rec.want) == len(got) && cols > 1:
		return compareRows(rec, got)
	}
	return fmt.Sprintf("got %d rows of %d values, want %d lines\ngot%s\nwant%s",
		len(got), cols, len(rec.want), sample(flatten(rec.sortMode, got)), sample(rec.want))
}

func compareFlat(rec record, got [][]string, cols int) string {
	want := make([][]string, 0, len(got))
	for i := range got {
		want = append(want, rec.want[i*cols:(i+1)*cols])
	}
	g, w := flatten(rec.sortMode, got), flatten(rec.sortMode, want)
	for i := range w {
		if !sameValue(g[i], w[i]) {
			if rec.sortMode != "nosort" && sameMultiset(got, want, rec.sortMode) {
				return ""
			}
			return fmt.Sprintf("value %d is %q, want %q\ngot%s\nwant%s", i+1, g[i], w[i], sample(g), sample(w))
		}
	}
	return ""
}

// sameMultiset compares rows, or values, in any order where sorting by text was misled by
// numbers that are written differently. It is for small results only.
func sameMultiset(got, want [][]string, mode string) bool {
	if mode == "valuesort" {
		got, want = singles(got), singles(want)
	}
	const most = 2000
	if len(got) > most {
		return false
	}
	left := slices.Clone(want)
	for _, g := range got {
		i := slices.IndexFunc(left, func(w []string) bool { return slices.EqualFunc(g, w, sameValue) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

func singles(rows [][]string) [][]string {
	var out [][]string
	for _, r := range rows {
		for _, v := range r {
			out = append(out, []string{v})
		}
	}
	return out
}

func compareRows(rec record, got [][]string) string {
	lines := slices.Clone(rec.want)
	if rec.sortMode != "nosort" {
		slices.Sort(lines)
	}
	for _, sep := range []string{"\t", " "} {
		rows := make([]string, len(got))
		for i, r := range got {
			rows[i] = strings.Join(r, sep)
		}
		if rec.sortMode != "nosort" {
			slices.Sort(rows)
		}
		if slices.EqualFunc(rows, lines, func(g, w string) bool { return sameRow(g, w, sep) }) {
			return ""
		}
	}
	var all []string
	for _, r := range got {
		all = append(all, strings.Join(r, "\t"))
	}
	return fmt.Sprintf("rows differ\ngot%s\nwant%s", sample(all), sample(rec.want))
}

func sameRow(got, want, sep string) bool {
	if got == want {
		return true
	}
	g, w := strings.Split(got, sep), strings.Split(want, sep)
	return slices.EqualFunc(g, w, sameValue)
}

// sameValue compares two values: as text, by pattern, or as numbers to nine digits.
func sameValue(got, want string) bool {
	if got == want {
		return true
	}
	if re, ok := strings.CutPrefix(want, "<REGEX>:"); ok {
		m, err := regexp.MatchString("(?s)^(?:"+re+")$", got)
		return err == nil && m
	}
	if re, ok := strings.CutPrefix(want, "<!REGEX>:"); ok {
		m, err := regexp.MatchString("(?s)^(?:"+re+")$", got)
		return err == nil && !m
	}
	if !numeric(got) || !numeric(want) {
		return false
	}
	g, err1 := strconv.ParseFloat(got, 64)
	w, err2 := strconv.ParseFloat(want, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	if !strings.ContainsAny(got+want, ".eE") {
		return false // whole numbers are exact
	}
	return math.Abs(g-w) <= 1e-9*math.Max(math.Abs(g), math.Abs(w))
}

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789+-.eE") == ""
}

// sample shows the first values.
func sample(values []string) string {
	const most = 20
	if len(values) > most {
		return fmt.Sprintf(" %q … (%d in all)", values[:most], len(values))
	}
	return fmt.Sprintf(" %q", values)
}
