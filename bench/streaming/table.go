package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The sides.
const (
	weftSide = "weft"
	peerSide = "JetStream"
)

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
}

// unit says how a value is shown and whether less of it is better.
type unit struct {
	less bool
	show func(float64) string
}

var (
	perSec  = unit{false, func(v float64) string { return si(v) + "/s" }}
	took    = unit{true, func(v float64) string { return fmt.Sprint(time.Duration(v).Round(scale(v))) }}
	bytesU  = unit{true, func(v float64) string { return fmt.Sprintf("%.0f MB", v/1e6) }}
	percent = unit{true, func(v float64) string { return fmt.Sprintf("%.1f %%", v) }}
)

func scale(v float64) time.Duration {
	switch {
	case v < 1e5:
		return 100
	case v < 1e7:
		return 10_000
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

// goal is what a row is to reach: a bound, or a ratio to the peer.
type goal struct {
	text  string
	ratio bool
	bound float64
}

// atLeast is the goal of being n times as good as the peer.
func atLeast(n float64) goal { return goal{fmt.Sprintf("≥ %g ×", n), true, n} }

// bound is the goal of a value that is no worse.
func bound(text string, v float64) goal { return goal{text, false, v} }

func (t *table) row(work string, u unit, goals ...goal) *row {
	r := &row{work: work, unit: u, values: map[string][]float64{}, goals: goals}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) add(side string, v float64) {
	r.values[side] = append(r.values[side], v)
	profiles.name(r.work, side)
}

func (r *row) median(side string) (float64, bool) {
	v := slices.Clone(r.values[side])
	if len(v) == 0 {
		return 0, false
	}
	slices.Sort(v)
	return v[len(v)/2], true
}

// ratio is how many times as good as the peer Weft is.
func (r *row) ratio() (float64, bool) {
	weft, ok := r.median(weftSide)
	peer, both := r.median(peerSide)
	switch {
	case !ok || !both:
		return 0, false
	case r.unit.less:
		return peer / weft, true
	}
	return weft / peer, true
}

// reached says how each goal stands.
func (r *row) reached() string {
	var out []string
	for _, g := range r.goals {
		v, ok := r.median(weftSide)
		good := v >= g.bound
		if g.ratio {
			v, ok = r.ratio()
			good = v >= g.bound
		} else if r.unit.less {
			good = v <= g.bound
		}
		switch {
		case !ok:
			continue
		case good:
			out = append(out, "yes")
		default:
			out = append(out, "no")
		}
	}
	return strings.Join(out, ", ")
}

func header(w io.Writer) error {
	_, err := fmt.Fprintf(w, "| work | %s | %s | ratio | goal | reached |\n|---|---|---|---|---|---|\n", weftSide, peerSide)
	return err
}

// print writes the rows that were not printed yet.
func (t *table) print(w io.Writer) error {
	from := t.printed
	t.printed = len(t.rows)
	for _, r := range t.rows[from:] {
		cells := []string{r.work}
		for _, side := range []string{weftSide, peerSide} {
			cell := ""
			if v, ok := r.median(side); ok {
				cell = r.unit.show(v)
			}
			cells = append(cells, cell)
		}
		ratio := ""
		if v, ok := r.ratio(); ok {
			ratio = fmt.Sprintf("%.2f ×", v)
		}
		var goals []string
		for _, g := range r.goals {
			goals = append(goals, g.text)
		}
		cells = append(cells, ratio, strings.Join(goals, ", "), r.reached())
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// profiler takes a CPU profile of each measurement, named after its row and side. Without a
// directory it does nothing.
type profiler struct {
	dir    string
	file   *os.File // of the profile that runs
	latest string   // that ended and has no name yet
}

// profiles is that of the process, which runs one measurement at a time.
var profiles profiler

func (p *profiler) begin() error {
	if p.dir == "" {
		return nil
	}
	var err error
	if p.file, err = os.Create(filepath.Join(p.dir, "unnamed.pprof")); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.file)
}

func (p *profiler) end() error {
	if p.file == nil {
		return nil
	}
	pprof.StopCPUProfile()
	p.latest = p.file.Name()
	err := p.file.Close()
	p.file = nil
	return err
}

// name gives the profile that ended last its name. Later rounds replace earlier ones.
func (p *profiler) name(work, side string) {
	if p.latest == "" {
		return
	}
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, work)
	if err := os.Rename(p.latest, filepath.Join(p.dir, side+"."+word+".pprof")); err != nil {
		fmt.Fprintf(os.Stderr, "profile: %v\n", err)
	}
	p.latest = ""
}

// cpuTime has rates count the processor time of this process instead of the time that passes,
// which says more on a machine that others use, too: but nothing of waiting, and of servers.
var cpuTime bool

// usedCPU is the processor time that the process has taken so far.
func usedCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// during runs fn under a profile and says how long it took.
func (p *profiler) during(fn func() error) (time.Duration, error) {
	if err := p.begin(); err != nil {
		return 0, err
	}
	began, cpu := time.Now(), usedCPU()
	err := fn()
	d := time.Since(began)
	if cpuTime {
		d = usedCPU() - cpu
	}
	if ended := p.end(); err == nil {
		err = ended
	}
	return d, err
}
