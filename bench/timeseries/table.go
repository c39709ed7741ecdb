package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

var sides = []string{"weft", "prometheus", "influxdb"}

// table gathers the rows.
type table struct {
	rows    []*row
	printed int
	notes   []string
}

// row is one work: the values of each side, one for each round.
type row struct {
	work   string
	unit   unit
	values map[string][]float64
	goals  []goal
}

// unit says how a value is shown and whether less of it is better.
type unit struct {
	less bool
	show func(float64) string
}

var (
	perSec = unit{false, func(v float64) string { return si(v) + "/s" }}
	spent  = unit{true, func(v float64) string { return time.Duration(v * 1e9).Round(10 * time.Microsecond).String() }}
	bytesU = unit{true, func(v float64) string { return fmt.Sprintf("%.2f B", v) }}
	megas  = unit{true, func(v float64) string { return fmt.Sprintf("%.1f MB", v/1e6) }}
)

func si(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.2f G", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.0f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// goal is what a row is to reach: a bound, or a ratio to another side.
type goal struct {
	text  string
	side  string  // "" for a bound
	bound float64 // of weft's value, or of how many times better than side it is
}

// atLeast is the goal of being n times as good as a side.
func atLeast(n float64, side string) goal { return goal{fmt.Sprintf("≥ %g × %s", n, side), side, n} }

// row returns the row of a work, made where it is missing.
func (t *table) row(work string, u unit, goals ...goal) *row {
	for _, r := range t.rows {
		if r.work == work {
			return r
		}
	}
	r := &row{work: work, unit: u, values: map[string][]float64{}, goals: goals}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) add(side string, v float64) { r.values[side] = append(r.values[side], v) }

// note adds a line below the table, once.
func (t *table) note(text string) {
	if !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

func (r *row) median(side string) (float64, bool) {
	v := slices.Clone(r.values[side])
	if len(v) == 0 {
		return 0, false
	}
	slices.Sort(v)
	return v[len(v)/2], true
}

// ratio is how many times better than another side a value is.
func (r *row) ratio(v, other float64) float64 {
	if r.unit.less {
		return other / v
	}
	return v / other
}

// reached says how each goal stands.
func (r *row) reached() string {
	weft, ok := r.median("weft")
	if !ok {
		return ""
	}
	var out []string
	for _, g := range r.goals {
		got, good := r.unit.show(weft), weft >= g.bound
		if r.unit.less {
			good = weft <= g.bound
		}
		if g.side != "" {
			other, ok := r.median(g.side)
			if !ok {
				continue
			}
			x := r.ratio(weft, other)
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

func header(w io.Writer) {
	fmt.Fprintf(w, "| work | %s | weft is | goal | reached |\n|---|%s---|---|---|\n", strings.Join(sides, " | "), strings.Repeat("---|", len(sides)))
}

// print writes the rows that were not printed yet.
func (t *table) print(w io.Writer) {
	from := t.printed
	t.printed = len(t.rows)
	for _, r := range t.rows[from:] {
		cells := []string{r.work}
		var ratios []string
		weft, have := r.median("weft")
		for _, s := range sides {
			v, ok := r.median(s)
			if !ok {
				cells = append(cells, "")
				continue
			}
			cells = append(cells, r.unit.show(v))
			if have && s != "weft" {
				ratios = append(ratios, fmt.Sprintf("%.2f ×", r.ratio(weft, v)))
			}
		}
		var goals []string
		for _, g := range r.goals {
			goals = append(goals, g.text)
		}
		cells = append(cells, strings.Join(ratios, ", "), strings.Join(goals, ", "), r.reached())
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}
