package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

var sides = []string{"weft", "pebble", "badger", "bbolt", "map"}

// table gathers the rows.
type table struct {
	rows    []*row
	printed int
}

// row is one work: the values of each side, one for each round.
type row struct {
	work   string
	unit   unit
	values map[string][]float64
	goals  []goal
	note   string
}

// unit says how a value is shown and whether less of it is better.
type unit struct {
	less bool
	show func(float64) string
}

var (
	perOp  = unit{true, func(v float64) string { return fmt.Sprint(time.Duration(v).Round(scale(v))) }}
	perSec = unit{false, func(v float64) string { return si(v) + "/s" }}
	megas  = unit{false, func(v float64) string { return fmt.Sprintf("%.0f MB/s", v/1e6) }}
	bytesU = unit{true, func(v float64) string { return fmt.Sprintf("%.1f MB", v/1e6) }}
	ratioU = unit{true, func(v float64) string { return fmt.Sprintf("%.1f ×", v) }}
)

func scale(v float64) time.Duration {
	switch {
	case v < 1e4:
		return 1
	case v < 1e7:
		return 100
	}
	return time.Millisecond / 10
}

func si(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k", v/1e3)
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
func atLeast(n float64, side string) goal {
	return goal{fmt.Sprintf("≥ %g × %s", n, side), side, n}
}

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

func (r *row) add(side string, v float64) {
	r.values[side] = append(r.values[side], v)
	if err := profiles.name(r.work, side); err != nil {
		fmt.Fprintf(os.Stderr, "profile: %v\n", err)
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

// reached says how each goal stands.
func (r *row) reached() string {
	weft, ok := r.median("weft")
	if !ok || len(r.goals) == 0 {
		return ""
	}
	var out []string
	for _, g := range r.goals {
		got, good := r.unit.show(weft), false
		if g.side == "" {
			good = weft >= g.bound
			if r.unit.less {
				good = weft <= g.bound
			}
		} else {
			other, ok := r.median(g.side)
			if !ok {
				continue
			}
			better := weft / other
			if r.unit.less {
				better = other / weft
			}
			got, good = fmt.Sprintf("%.2f ×", better), better >= g.bound
		}
		mark := "no"
		if good {
			mark = "yes"
		}
		out = append(out, fmt.Sprintf("%s (%s)", mark, got))
	}
	return strings.Join(out, ", ")
}

func header(w io.Writer) error {
	_, err := fmt.Fprintf(w, "| work | %s | goal | reached |\n|---|%s---|---|\n", strings.Join(sides, " | "), strings.Repeat("---|", len(sides)))
	return err
}

// print writes the rows that were not printed yet.
func (t *table) print(w io.Writer) error {
	from := t.printed
	t.printed = len(t.rows)
	for _, r := range t.rows[from:] {
		cells := []string{r.work}
		for _, s := range sides {
			v, ok := r.median(s)
			if !ok {
				cells = append(cells, "")
				continue
			}
			cells = append(cells, r.unit.show(v))
		}
		var goals []string
		for _, g := range r.goals {
			goals = append(goals, g.text)
		}
		cells = append(cells, strings.Join(goals, ", "), strings.TrimSpace(r.reached()+" "+r.note))
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}
