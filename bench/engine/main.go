// Command engine compares Weft's storage engine with Pebble, Badger, bbolt and a
// sharded Go map: the same keys (16 B), values (100 B, half of each random) and
// durability, the sides taking turns in one run, medians of the rounds.
//
//	go run . [-quick] [-records 1000000] [-seconds 1] [-rounds 3] [-only hot,put] [-sides weft,pebble] [-dir DIR] [-cpu] [-profile DIR]
//
// It is a module of its own, so that the peers reach no binary of Weft.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/bench/report"
)

var sides = []string{"weft", "pebble", "badger", "bbolt", "map"}

// clock is that of the process, which runs one measurement at a time.
var clock report.Clock

// ratio is a unit of how many times something is another.
var ratio = report.Unit{Less: true, Show: func(v float64) string { return fmt.Sprintf("%.1f ×", v) }}

type config struct {
	records  int
	accounts int
	gc       int // records of the row of the garbage collector
	large    int // records of the store that is opened with a checkpoint
	round    time.Duration
	rounds   int
	dir      string
	only     []string
	sides    []string
}

// group is measurements that share their stores.
type group struct {
	name string
	run  func(*config, *report.Table) error
}

var groups = []group{
	{"hot", benchHot}, {"cold", benchCold}, {"put", benchPut}, {"transfer", benchTransfer}, {"durable", benchDurable},
	{"load", benchLoad}, {"ycsb", benchYCSB}, {"recovery", benchRecovery}, {"stalls", benchStalls}, {"gc", benchGC},
}

func main() {
	var c config
	seconds := flag.Float64("seconds", 1, "seconds of each measurement")
	quick := flag.Bool("quick", false, "few records, one short round: shows that it works, not how fast")
	only := flag.String("only", "", "groups to run, with commas: hot, cold, put, transfer, durable, load, ycsb, recovery, stalls, gc")
	flag.IntVar(&c.records, "records", 1_000_000, "records of each store")
	flag.IntVar(&c.rounds, "rounds", 3, "how often the sides take turns")
	flag.StringVar(&c.dir, "dir", "", "directory for the stores (default: a temporary one)")
	among := flag.String("sides", "", "sides to run, with commas (default: all)")
	flag.BoolVar(&clock.CPU, "cpu", false, "count the processor time of the process instead of the time that passes, for a busy machine")
	flag.StringVar(&clock.Dir, "profile", "", "directory for a CPU profile of each measurement and side")
	flag.Parse()
	c.accounts, c.gc, c.large = 100_000, 10_000_000, 8_000_000
	if *quick {
		*seconds, c.rounds, c.records, c.accounts, c.gc, c.large = 0.2, 1, 50_000, 10_000, 500_000, 200_000
	}
	c.round = time.Duration(*seconds * float64(time.Second))
	if *only != "" {
		c.only = strings.Split(*only, ",")
	}
	if *among != "" {
		c.sides = strings.Split(*among, ",")
	}
	if err := run(&c); err != nil {
		fmt.Fprintf(os.Stderr, "engine: %v\n", err)
		os.Exit(1)
	}
}

func run(c *config) error {
	for _, name := range c.only {
		if !known(name) {
			return fmt.Errorf("there is no group %q", name)
		}
	}
	for _, side := range c.sides {
		if _, ok := openers[side]; !ok {
			return fmt.Errorf("there is no side %q", side)
		}
	}
	if err := clock.MakeDir(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.dir, "weft-bench-engine-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	debug.SetGCPercent(100)
	fmt.Printf("%s, %d cores, %s/%s; %d records, %d rounds of %v\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, c.records, c.rounds, c.round)
	t := report.New(&clock, sides...)
	if err := t.Header(os.Stdout); err != nil {
		return err
	}
	for _, g := range groups {
		if !c.wants(g.name) {
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
	fmt.Println("\nData of ten times the memory is beyond the engines' memory, not beyond the system's page cache.\nPebble has no transactions that detect conflicts, so it has no transfers.")
	return nil
}

func known(name string) bool {
	for _, g := range groups {
		if g.name == name {
			return true
		}
	}
	return false
}

func (c *config) wants(name string) bool {
	for _, o := range c.only {
		if o == name {
			return true
		}
	}
	return len(c.only) == 0
}

// among returns those of the names that are to run.
func (c *config) among(names []string) (list []string) {
	for _, name := range names {
		if len(c.sides) == 0 || slices.Contains(c.sides, name) {
			list = append(list, name)
		}
	}
	return list
}

// fresh returns an empty directory.
func (c *config) fresh() (string, error) { return os.MkdirTemp(c.dir, "store-") }
