// Command weft-bench compares Weft with its peers on this machine: the same work
// with the same durability, the sides taking turns in one run, printed as ratios.
//
//	weft-bench [-bin bin/weft] [-quick] [-seconds 3] [-rounds 3] [http|import|sql|kv|document|fts|models|engine|timeseries|streaming|all] [part]
//
// The parts of sql are process, select, insert, tpcb, large, import and tpch; those of
// kv are http, process and ycsb; those of document are insert, find and scan; those of
// fts are index, query, lag and cranfield. The three together are models. Those of
// streaming are publish, http, fanout, latency, cdc, transaction and idle.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

type config struct {
	bin    string
	round  time.Duration
	rounds int
	rows   int
	big    int
	docs   int
	corpus string // the directory of the Cranfield collection
	part   string // of the figures; empty is all
}

func main() {
	var c config
	seconds := flag.Float64("seconds", 3, "seconds of each measurement")
	flag.StringVar(&c.bin, "bin", "bin/weft", "the weft binary")
	flag.IntVar(&c.rounds, "rounds", 3, "how often the sides take turns")
	flag.IntVar(&c.rows, "rows", 200_000, "rows of the imported file")
	flag.IntVar(&c.big, "big", 10_000_000, "rows of the large tables of the SQL figures")
	flag.StringVar(&c.corpus, "cranfield", "../shared/corpora/cranfield", "the directory of the Cranfield collection")
	flag.IntVar(&c.docs, "docs", 1_000_000, "documents of the large collection")
	quick := flag.Bool("quick", false, "one short round of each, over small tables: shows that it works, not how fast")
	flag.Parse()
	if *quick {
		*seconds, c.rounds, c.rows, c.big, c.docs = 0.5, 1, 20_000, 200_000, 20_000
	}
	c.round = time.Duration(*seconds * float64(time.Second))
	what := flag.Arg(0)
	c.part = flag.Arg(1)
	if what == "constant" {
		constant()
		return
	}
	fmt.Printf("%s, %s, %d cores, %s/%s\n", version(c.bin), runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	for _, b := range []struct {
		name string
		run  func(config) error
	}{{"http", benchHTTP}, {"import", benchImport}, {"sql", benchSQL}, {"kv", benchKV}, {"document", benchDocument}, {"fts", benchFTS}, {"engine", benchEngine}, {"timeseries", benchSeries}, {"streaming", benchStreaming}} {
		model := what == "models" && (b.name == "kv" || b.name == "document" || b.name == "fts")
		if what != "" && what != "all" && what != b.name && !model {
			continue
		}
		if err := b.run(c); err != nil {
			fmt.Fprintf(os.Stderr, "weft-bench: %s: %v\n", b.name, err)
			os.Exit(1)
		}
	}
}

func version(bin string) string {
	out, err := exec.Command(bin, "version").Output()
	if err != nil {
		return bin
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// step is one part of the figures of a model.
type step struct {
	name string
	run  func() error
}

// steps runs the parts that are asked for, as rows of one table.
func (c config) steps(title string, list ...step) error {
	fmt.Printf("\n## %s (medians of %d rounds of %v)\n", title, c.rounds, c.round)
	fmt.Println("| work | weft | peer | ratio | goal |")
	fmt.Println("|---|---|---|---|---|")
	for _, s := range list {
		if c.part != "" && c.part != s.name {
			continue
		}
		if err := s.run(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// benchEngine compares the storage engine with its peers, which live in a module of
// their own, and runs the microbenchmarks: get, put, transfer and scan of the engine, durable commits
// and recovery of the store, statements in process.
func benchSeries(c config) error {
	fmt.Println("\n## Time series and peers (bench/timeseries)")
	args := []string{"run", "-C", "bench/timeseries", "."}
	if c.rounds == 1 {
		args = append(args, "-quick")
	}
	cmd := exec.Command("go", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func benchEngine(c config) error {
	fmt.Println("\n## Storage engine and peers (bench/engine)")
	args := []string{"run", "-C", "bench/engine", "."}
	if c.rounds == 1 {
		args = append(args, "-quick")
	}
	peers := exec.Command("go", args...)
	peers.Stdout, peers.Stderr = os.Stdout, os.Stderr
	if err := peers.Run(); err != nil {
		return err
	}
	fmt.Println("\n## In process (go test -bench)")
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", "Get|Put|Transfer|Scan|DurableCommit|Recovery|PointSelect|Insert$",
		"-benchtime", fmt.Sprint(c.round/3), "./storage/txn/", "./storage/", "./query/")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// benchStreaming measures channels, feeds and transactions of several models; NATS JetStream
// lives in a module of its own.
func benchStreaming(c config) error {
	fmt.Println("\n## Streams (bench/streaming)")
	bin, err := filepath.Abs(c.bin)
	if err != nil {
		return err
	}
	args := []string{"run", "-C", "bench/streaming", ".", "-bin", bin, "-only", c.part, "-seconds", fmt.Sprint(c.round.Seconds()), "-rounds", fmt.Sprint(c.rounds)}
	if c.rounds == 1 {
		args = append(args, "-quick")
	}
	cmd := exec.Command("go", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
