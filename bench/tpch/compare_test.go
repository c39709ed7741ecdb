package tpch

import (
	"context"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/pgtest"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

type discard struct{}

func (discard) Begin(int, []query.Column) error { return nil }
func (discard) Batch(*vec.Batch) error          { return nil }
func (discard) End(query.Tag) error             { return nil }

// floatEnv reads a number from the environment.
func floatEnv(t testing.TB, name string, def float64) float64 {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// TestCompare measures all queries against PostgreSQL on the same data, in turns, and
// prints how many times as fast Weft is: against one process, and against PostgreSQL's
// default of two parallel workers.
//
//	WEFT_BENCH=1 [WEFT_SCALE=0.1] [WEFT_ROUNDS=3] [WEFT_QUERIES=1,6] go test -run TestCompare -v ./bench/tpch
func TestCompare(t *testing.T) {
	if os.Getenv("WEFT_BENCH") == "" {
		t.Skip("WEFT_BENCH is not set")
	}
	scale, rounds := floatEnv(t, "WEFT_SCALE", 0.1), int(floatEnv(t, "WEFT_ROUNDS", 3))
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := query.New(store, query.Options{MaxRows: -1, Timeout: -1, AutoAnalyze: query.AutoAnalyze{Interval: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	began := time.Now()
	if err := Load(e, scale); err != nil {
		t.Fatal(err)
	}
	t.Logf("scale %g: Weft loaded, indexed and analyzed in %.1f s", scale, time.Since(began).Seconds())
	var pg *pgtest.Cluster
	if os.Getenv("WEFT_ALONE") == "" {
		pg = loadPostgres(t, scale)
	}
	var one, two []float64
	list := texts(t)
	for _, q := range chosen(t, len(list)) {
		ours, cpu, single, parallel := math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)
		for range rounds {
			timeWeft(t, e, list[q]) // the second time counts, as with PostgreSQL
			wall, used := timeWeft(t, e, list[q])
			ours, cpu = math.Min(ours, wall), math.Min(cpu, used)
			if pg != nil {
				single = math.Min(single, timePostgres(t, pg, list[q], 0))
				parallel = math.Min(parallel, timePostgres(t, pg, list[q], 2))
			}
		}
		if os.Getenv("WEFT_EXPLAIN") != "" {
			t.Logf("\n%s", answer(t, e, "EXPLAIN ANALYZE "+list[q]))
		}
		one, two = append(one, single/ours), append(two, parallel/ours)
		t.Logf("Q%-2d %9.2f ms (%.2f of processor)   PostgreSQL %9.2f ms, ratio %6.2f   parallel %9.2f ms, ratio %6.2f", q+1, ours, cpu, single, single/ours, parallel, parallel/ours)
	}
	slower := 0
	for _, r := range one {
		if r < 1 {
			slower++
		}
	}
	t.Logf("geometric mean %.2f single-threaded, %.2f parallel; median %.2f; %d queries slower", geometric(one), geometric(two), median(one), slower)
}

func chosen(t *testing.T, n int) (list []int) {
	s := os.Getenv("WEFT_QUERIES")
	for i := range n {
		if s == "" {
			list = append(list, i)
		}
	}
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) {
		k, err := strconv.Atoi(p)
		if err != nil || k < 1 || k > n {
			t.Fatalf("WEFT_QUERIES: no query %q", p)
		}
		list = append(list, k-1)
	}
	return list
}

func loadPostgres(t *testing.T, scale float64) *pgtest.Cluster {
	pg := pgtest.Start(t, "shared_buffers=1GB")
	data, err := CSV(scale)
	if err != nil {
		t.Fatal(err)
	}
	if err := pg.Exec(Schema); err != nil {
		t.Fatal(err)
	}
	for _, table := range Tables {
		if err := pg.CopyCSV(table.Name, data[table.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := pg.Exec(Indexes + "; VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return pg
}

// timeWeft runs a query and tells the milliseconds that passed, and those that the process
// used a processor: where others use it too, only the latter can be compared.
func timeWeft(t *testing.T, e *query.Engine, sql string) (wall, cpu float64) {
	used, began := processor(), time.Now()
	if err := e.Execute(context.Background(), query.Request{SQL: sql, Timeout: 30 * time.Second}, discard{}); err != nil {
		t.Errorf("%v\n%s", err, sql)
		return 30_000, 30_000
	}
	return float64(time.Since(began).Microseconds()) / 1000, processor() - used
}

// processor is the milliseconds of processor time of this process so far.
func processor() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e6
}

// timePostgres runs a query twice in one session and takes the second time, which
// the client measures, as that of Weft is measured by its caller.
func timePostgres(t *testing.T, pg *pgtest.Cluster, sql string, workers int) float64 {
	out, err := pg.Script(fmt.Sprintf("SET max_parallel_workers_per_gather = %d;\n%s;\n\\timing on\n%s;\n", workers, sql, sql))
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	at := strings.LastIndex(out, "Time: ")
	if at < 0 {
		t.Fatalf("psql has told no time: %.200s", out)
	}
	ms, err := strconv.ParseFloat(strings.Fields(out[at:])[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func geometric(list []float64) float64 {
	sum := 0.0
	for _, r := range list {
		sum += math.Log(r)
	}
	return math.Exp(sum / float64(len(list)))
}

func median(list []float64) float64 {
	s := append([]float64(nil), list...)
	sort.Float64s(s)
	return s[len(s)/2]
}
