// Package report is what the benchmarks share: the table in Markdown that they print, with
// the goals of each work, and the clock that they measure by, which can count processor time
// and take profiles.
//
// A table has a row for each work and a column for each side; the first side is the one that
// is measured against the others. A cell is the median of the values that its side was given,
// one for each round. Nothing here is safe for concurrent use: one measurement runs at a time.
package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Table gathers rows and prints them.
type Table struct {
	sides   []string
	clock   *Clock
	rows    []*Row
	printed int
	notes   []string
}

// New returns an empty table of the sides, of which the first is compared with the others.
// The profiles that the clock takes get the names of the values they belong to; it may be nil.
func New(clock *Clock, sides ...string) *Table { return &Table{sides: sides, clock: clock} }

// Row is one work.
type Row struct {
	table  *Table
	work   string
	unit   Unit
	values map[string][]float64
	goals  []Goal
	note   string
}

// Row adds a work.
func (t *Table) Row(work string, u Unit, goals ...Goal) *Row {
	r := t.Aside(work, u)
	r.goals = goals
	t.rows = append(t.rows, r)
	return r
}

// Aside returns a row that is not printed.
func (t *Table) Aside(work string, u Unit) *Row {
	return &Row{table: t, work: work, unit: u, values: map[string][]float64{}}
}

// Note adds a paragraph below the table, once.
func (t *Table) Note(text string) {
	if !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

// Add gives a side another value, and the profile that was taken last the name of both.
func (r *Row) Add(side string, v float64) {
	r.values[side] = append(r.values[side], v)
	if err := r.table.clock.name(r.work, side); err != nil {
		fmt.Fprintf(os.Stderr, "profile: %v\n", err)
	}
}

// Note has the row end with a remark.
func (r *Row) Note(text string) { r.note = text }

// Median is the middle of the values of a side, the upper one of two; false if it has none.
func (r *Row) Median(side string) (float64, bool) {
	v := slices.Clone(r.values[side])
	if len(v) == 0 {
		return 0, false
	}
	slices.Sort(v)
	return v[len(v)/2], true
}

// Unit says how a value is shown and whether less of it is better.
type Unit struct {
	Less bool
	Show func(float64) string
}

// Units that several benchmarks use. Durations are in nanoseconds, sizes in bytes.
var (
	PerSecond  = Unit{false, func(v float64) string { return SI(v) + "/s" }}
	Took       = Unit{true, func(v float64) string { return fmt.Sprint(time.Duration(v).Round(scale(v))) }}
	Megabytes  = Unit{true, func(v float64) string { return fmt.Sprintf("%.1f MB", v/1e6) }}
	Throughput = Unit{false, func(v float64) string { return fmt.Sprintf("%.0f MB/s", v/1e6) }}
)

// scale is what a duration is rounded to.
func scale(v float64) time.Duration {
	switch {
	case v < 1e4:
		return 1
	case v < 1e7:
		return 100
	}
	return time.Millisecond / 10
}

// SI shows a number with the prefix of its size.
func SI(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.2f G", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// Goal is what the first side is to reach: a bound, or a ratio to another side.
type Goal struct {
	text  string
	side  string  // "" for a bound
	bound float64 // of the value, or of how many times better than side it is
}

// AtLeast is the goal of being n times as good as a side.
func AtLeast(n float64, side string) Goal {
	return Goal{fmt.Sprintf("≥ %g × %s", n, side), side, n}
}

// Named gives a goal other words.
func (g Goal) Named(text string) Goal {
	g.text = text
	return g
}

// Bound is the goal of a value that is no worse than v.
func Bound(text string, v float64) Goal { return Goal{text, "", v} }

// ratio is how many times better than another value v is.
func (u Unit) ratio(v, other float64) float64 {
	if u.Less {
		return other / v
	}
	return v / other
}

// reached says how each goal stands: "yes" or "no", and what there is.
func (r *Row) reached() string {
	own, ok := r.Median(r.table.sides[0])
	if !ok {
		return ""
	}
	var out []string
	for _, g := range r.goals {
		got, good := r.unit.Show(own), own >= g.bound
		if r.unit.Less {
			good = own <= g.bound
		}
		if g.side != "" {
			other, ok := r.Median(g.side)
			if !ok {
				continue
			}
			x := r.unit.ratio(own, other)
			got, good = fmt.Sprintf("%.2f ×", x), x >= g.bound
		}
		mark := "no"
		if good {
			mark = "yes"
		}
		out = append(out, fmt.Sprintf("%s (%s)", mark, got))
	}
	return strings.Join(out, ", ")
}

// Header writes the head of the table.
func (t *Table) Header(w io.Writer) error {
	_, err := fmt.Fprintf(w, "| work | %s | %s is | goal | reached |\n|---|%s---|---|---|\n",
		strings.Join(t.sides, " | "), t.sides[0], strings.Repeat("---|", len(t.sides)))
	return err
}

// Print writes the rows that were not printed yet.
func (t *Table) Print(w io.Writer) error {
	from := t.printed
	t.printed = len(t.rows)
	for _, r := range t.rows[from:] {
		var goals []string
		for _, g := range r.goals {
			goals = append(goals, g.text)
		}
		cells := append([]string{r.work}, r.cells()...)
		cells = append(cells, strings.Join(goals, ", "), strings.TrimSpace(r.reached()+" "+r.note))
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// cells are the medians of the sides, and how many times better than each other the first is.
func (r *Row) cells() (cells []string) {
	var ratios []string
	own, have := r.Median(r.table.sides[0])
	for i, s := range r.table.sides {
		v, ok := r.Median(s)
		if !ok {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, r.unit.Show(v))
		if !have || i == 0 {
			continue
		}
		x := fmt.Sprintf("%.2f ×", r.unit.ratio(own, v))
		if len(r.table.sides) > 2 {
			x += " " + s
		}
		ratios = append(ratios, x)
	}
	return append(cells, strings.Join(ratios, ", "))
}

// PrintNotes writes the paragraphs below the table.
func (t *Table) PrintNotes(w io.Writer) error {
	for _, n := range t.notes {
		if _, err := fmt.Fprintf(w, "\n%s\n", n); err != nil {
			return err
		}
	}
	return nil
}
