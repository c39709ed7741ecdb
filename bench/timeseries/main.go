// Command timeseries compares Weft's time series with Prometheus' storage and query
// engine as libraries, and its line protocol with InfluxDB where that is installed: the
// same points, durability and queries, the sides taking turns in one run, medians of the
// rounds.
//
//	go run . [-quick] [-rounds 3] [-only bytes,codec,ingest,http,query] [-sides weft,prometheus] [-nab DIR] [-bin WEFT] [-dir DIR] [-profile DIR]
//
// What runs in this process is measured by its processor time, so that "/s" is points for
// each second of one core, with all that a side does in the background; what runs in a
// server by the time that passes. It is a module of its own, so that the peers reach no
// binary of Weft.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/bench/report"
)

var sides = []string{"weft", "prometheus", "influxdb"}

// clock counts the processor time of the process, which runs one measurement at a time.
var clock = report.Clock{CPU: true}

// eachPoint is the unit of bytes for a point.
var eachPoint = report.Unit{Less: true, Show: func(v float64) string { return fmt.Sprintf("%.2f B", v) }}

type config struct {
	quick  bool
	rounds int
	series int // of the ingest
	each   int // points of each of them
	dir    string
	nab    string
	bin    string
	only   []string
	sides  []string
}

// group is measurements that belong together.
type group struct {
	name string
	run  func(*config, *report.Table) error
}

var groups = []group{{"bytes", benchBytes}, {"codec", benchCodec}, {"ingest", benchIngest}, {"http", benchHTTP}, {"query", benchQuery}}

func main() {
	var c config
	only := flag.String("only", "", "groups to run, with commas: bytes, codec, ingest, http, query (default: all)")
	among := flag.String("sides", "", "sides to run, with commas: weft, prometheus, influxdb (default: all)")
	flag.BoolVar(&c.quick, "quick", false, "few points, one round: shows that it works, not how fast")
	flag.IntVar(&c.rounds, "rounds", 3, "how often the sides take turns")
	flag.StringVar(&c.dir, "dir", "", "directory for the stores (default: a temporary one)")
	flag.StringVar(&c.nab, "nab", "../../../shared/corpora/nab", "the Numenta anomaly benchmark")
	flag.StringVar(&c.bin, "bin", "", "the weft binary (default: built for the run)")
	flag.StringVar(&clock.Dir, "profile", "", "directory for a CPU profile of each group and side that runs in this process")
	flag.Parse()
	c.series, c.each = 10_000, 400
	if c.quick {
		c.rounds, c.each = 1, 50
	}
	if *only != "" {
		c.only = strings.Split(*only, ",")
	}
	if *among != "" {
		c.sides = strings.Split(*among, ",")
	}
	if err := run(&c); err != nil {
		fmt.Fprintf(os.Stderr, "timeseries: %v\n", err)
		os.Exit(1)
	}
}

func run(c *config) error {
	for _, name := range c.only {
		if !slices.ContainsFunc(groups, func(g group) bool { return g.name == name }) {
			return fmt.Errorf("there is no group %q", name)
		}
	}
	for _, name := range c.sides {
		if !slices.Contains(sides, name) {
			return fmt.Errorf("there is no side %q", name)
		}
	}
	if err := clock.MakeDir(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.dir, "weft-bench-timeseries-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	fmt.Printf("%s, %d cores, %s/%s; %d rounds\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, c.rounds)
	t := report.New(&clock, sides...)
	if err := t.Header(os.Stdout); err != nil {
		return err
	}
	for _, g := range groups {
		if len(c.only) > 0 && !slices.Contains(c.only, g.name) {
			continue
		}
		began := time.Now()
		if err := g.run(c, t); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		if err := t.Print(os.Stdout); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %v\n", g.name, time.Since(began).Round(time.Second))
	}
	return t.PrintNotes(os.Stdout)
}

// wants says whether a side takes part.
func (c *config) wants(side string) bool { return len(c.sides) == 0 || slices.Contains(c.sides, side) }

// fresh makes an empty directory.
func (c *config) fresh(name string) (string, error) { return os.MkdirTemp(c.dir, name+"-") }

// timed is the processor time that fn takes.
func timed(fn func() error) (time.Duration, error) {
	runtime.GC()
	return clock.Time(fn)
}
