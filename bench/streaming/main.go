// Command streaming measures what Weft's channels do, and NATS JetStream beside them: an
// embedded server with files and the same policy of syncing, asked over its own protocol
// on the loopback. The sides take turns in one run; medians of the rounds.
//
//	go run . [-quick] [-seconds 2] [-rounds 3] [-only publish,fanout] [-bin ../../bin/weft] [-dir DIR] [-cpu] [-profile DIR]
//
// Weft is asked through its Go API in the same process, but for the rows that name a
// transport: those run the program of -bin in a process of its own.
//
// It is a module of its own, so that the peer reaches no binary of Weft.
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

// The sides.
const (
	weftSide = "weft"
	peerSide = "JetStream"
)

// clock is that of the process, which runs one measurement at a time.
var clock report.Clock

// percent is a unit.
var percent = report.Unit{Less: true, Show: func(v float64) string { return fmt.Sprintf("%.1f %%", v) }}

type config struct {
	round       time.Duration
	rounds      int
	publishers  int
	subscribers int // of the fan-out
	idle        int // subscribers of the row of memory
	bin         string
	dir         string
	only        []string
}

// group is rows that are measured together.
type group struct {
	name string
	run  func(*config, *report.Table) error
}

var groups = []group{
	{"publish", benchPublish}, {"http", benchHTTP}, {"fanout", benchFanout}, {"latency", benchLatency},
	{"cdc", benchCDC}, {"transaction", benchTransaction}, {"idle", benchIdle},
}

func names() (list []string) {
	for _, g := range groups {
		list = append(list, g.name)
	}
	return list
}

func main() {
	c := config{publishers: 64, subscribers: 1000, idle: 10_000}
	seconds := flag.Float64("seconds", 2, "seconds of each measurement")
	quick := flag.Bool("quick", false, "few subscribers, one short round: shows that it works, not how fast")
	only := flag.String("only", "", "groups to run, with commas: "+strings.Join(names(), ", "))
	flag.IntVar(&c.rounds, "rounds", 3, "how often the sides take turns")
	flag.StringVar(&c.bin, "bin", "../../bin/weft", "the weft binary")
	flag.StringVar(&c.dir, "dir", "", "directory for the stores (default: a temporary one)")
	flag.BoolVar(&clock.CPU, "cpu", false, "rates count the processor time of the process instead of the time that passes, for a busy machine")
	flag.StringVar(&clock.Dir, "profile", "", "directory for a CPU profile of each measurement")
	flag.Parse()
	if *quick {
		*seconds, c.rounds, c.subscribers, c.idle = 0.2, 1, 50, 200
	}
	c.round = time.Duration(*seconds * float64(time.Second))
	if *only != "" {
		c.only = strings.Split(*only, ",")
	}
	if err := run(&c); err != nil {
		fmt.Fprintf(os.Stderr, "streaming: %v\n", err)
		os.Exit(1)
	}
}

func run(c *config) error {
	for _, name := range c.only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("there is no group %q", name)
		}
	}
	if err := clock.MakeDir(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.dir, "weft-bench-streaming-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	fmt.Printf("%s, NATS server %s, %d cores, %s/%s; %d rounds of %v\n\n", runtime.Version(), peerVersion, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, c.rounds, c.round)
	t := report.New(&clock, weftSide, peerSide)
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
	return nil
}

// fresh returns an empty directory.
func (c *config) fresh() (string, error) { return os.MkdirTemp(c.dir, "store-") }

// turns lets some sides take turns, the first one another each round. Each is given an
// empty directory, which goes when it is done.
func (c *config) turns(sides ...func(dir string) error) error {
	for round := range c.rounds {
		for i := range sides {
			dir, err := c.fresh()
			if err != nil {
				return err
			}
			runtime.GC()
			err = sides[(i+round)%len(sides)](dir)
			if gone := os.RemoveAll(dir); err == nil {
				err = gone
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
