package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bench/load"
)

// The figures of SQL: each row of the table has a goal, what was measured on both sides, and
// the ratio. PostgreSQL has 1 GB of shared buffers and the same durability; the sides take
// turns.

type sqlBench struct {
	config
	dir string
	pg  *postgres // nil where none is installed
	big int       // rows of the large tables
}

func benchSQL(c config) error {
	dir, err := os.MkdirTemp("", "weft-sql")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	b := &sqlBench{config: c, dir: dir, big: c.big}
	if b.pg, err = startPostgres(dir); err != nil {
		fmt.Printf("PostgreSQL is left out: %v\n", err)
		b.pg = nil
	} else {
		defer b.pg.stop()
	}
	fmt.Printf("\n## SQL (medians of %d rounds; large tables have %d rows)\n", c.rounds, b.big)
	fmt.Println("| work | weft | peer | ratio | goal |")
	fmt.Println("|---|---|---|---|---|")
	for _, step := range []struct {
		name string
		run  func() error
	}{{"process", b.inProcess}, {"select", b.pointSelect}, {"insert", b.inserts}, {"tpcb", b.tpcb}, {"large", b.large}, {"import", b.wideImport}, {"tpch", b.tpch}} {
		if c.part != "" && c.part != step.name {
			continue
		}
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func row(work, ours, peer, ratio, goal string) {
	fmt.Printf("| %s | %s | %s | %s | %s |\n", work, ours, peer, ratio, goal)
}

func rate(v float64) string {
	switch {
	case v == 0 || math.IsNaN(v):
		return "-"
	case v >= 1e6:
		return fmt.Sprintf("%.1f M/s", v/1e6)
	}
	return fmt.Sprintf("%.0f/s", v)
}

func times(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ×", a/b)
}

// inProcess is a point select with its plan kept, and a scan of the same table.
func (b *sqlBench) inProcess() error {
	ctx := context.Background()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(ctx, "CREATE TABLE t (id int PRIMARY KEY, a int, s text); INSERT INTO t SELECT i, i % 100, 'row ' || i FROM generate_series(1, 10000) i"); err != nil {
		return err
	}
	each := func(sql string, arg bool) (time.Duration, error) {
		n := 0
		start := time.Now()
		for time.Since(start) < b.round/3 {
			for range 16 {
				var err error
				if arg {
					_, err = db.Query(ctx, sql, 1+rand.IntN(10000))
				} else {
					_, err = db.Query(ctx, sql)
				}
				if err != nil {
					return 0, err
				}
				n++
			}
		}
		return time.Since(start) / time.Duration(n), nil
	}
	var points, scans []float64
	for range b.rounds {
		p, err := each("SELECT id, a, s FROM t WHERE id = $1", true)
		if err != nil {
			return err
		}
		s, err := each("SELECT count(*), sum(a), max(s) FROM t WHERE s <> ''", false)
		if err != nil {
			return err
		}
		points, scans = append(points, float64(p)), append(scans, float64(s))
	}
	p, s := median(points), median(scans)
	row("point select by key, in process", fmt.Sprintf("%.2f µs", p/1e3), fmt.Sprintf("full scan of 10,000 rows %.0f µs", s/1e3), times(s, p), "≤ 3 µs; ≥ 300 ×")
	return nil
}

// cpu is the processor time that a process and its children have used.
func cpu(pid int) time.Duration {
	total := cpuOf(pid)
	for _, child := range children(pid) {
		total += cpuOf(child)
	}
	return total
}

// children are the processes that a process has started.
func children(pid int) (pids []int) {
	tasks, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(t)))
			pids = append(pids, child)
		}
	}
	return pids
}

// cpuOf is that of one process; what its ended children used is counted with it.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, i := range []int{11, 12, 13, 14} {
		n, _ := strconv.Atoi(f[i])
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// perCore is requests for each second of processor time of the server.
type perCore struct {
	rates, cores []float64
}

func (p *perCore) add(n int64, took, used time.Duration) {
	p.rates = append(p.rates, float64(n)/took.Seconds())
	p.cores = append(p.cores, float64(n)/max(used, time.Millisecond).Seconds())
}

const conns = 64

// pointSelect is SELECT by key over HTTP against an echo handler and pgbench.
func (b *sqlBench) pointSelect() error {
	w, stop, err := startWeft(b.config)
	if err != nil {
		return err
	}
	defer stop()
	if err := fillAccounts(w); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ceiling, err := startProcess(self, "constant")
	if err != nil {
		return err
	}
	defer ceiling.stop()
	if b.pg != nil {
		if err := b.pg.pgbenchInit(); err != nil {
			return err
		}
	}
	next := func(host string) func(int, int64) []byte {
		return func(int, int64) []byte {
			return load.Request("POST", host, "/api/v1/query", fmt.Appendf(nil, `{"sql":"SELECT id, name, balance FROM account WHERE id = $1","params":[%d]}`, rand.IntN(benchAccounts)))
		}
	}
	var ours, echo, peer perCore
	for range b.rounds {
		for _, side := range []struct {
			p   *process
			sum *perCore
		}{{w, &ours}, {ceiling, &echo}} {
			before := cpu(side.p.cmd.Process.Pid)
			r, err := load.Run(side.p.addr, conns, b.round, next(side.p.addr))
			if err != nil {
				return err
			}
			side.sum.add(r.Requests, r.Elapsed, cpu(side.p.cmd.Process.Pid)-before)
		}
		if b.pg == nil {
			continue
		}
		if err := b.pg.pgbench(&peer, b.round, "-S", "-M", "prepared"); err != nil {
			return err
		}
	}
	row("point select over HTTP, 64 connections", rate(median(ours.rates)), "constant handler "+rate(median(echo.rates)), times(median(ours.rates), median(echo.rates)), "≥ 0.7 ×")
	row("the same, per core of the server", rate(median(ours.cores)), "pgbench -S -M prepared "+rate(median(peer.cores)), times(median(ours.cores), median(peer.cores)), "≥ 1.0 ×")
	return nil
}

// inserts is INSERT of one row, without and with a sync for each.
func (b *sqlBench) inserts() error {
	var id atomic.Int64
	for _, mode := range []struct {
		name, durability, sync string
		clients                int
	}{{"single-row INSERT, no sync, 1 client", "async", "off", 1}, {"single-row INSERT, no sync, 64 clients", "async", "off", 64}, {"single-row INSERT, synced, 64 clients", "sync", "on", 64}} {
		w, stop, err := startWeft(b.config, "--set", "storage.durability="+mode.durability)
		if err != nil {
			return err
		}
		if err := w.sql("CREATE TABLE entry (id bigint PRIMARY KEY, note text)"); err != nil {
			return err
		}
		script := filepath.Join(b.dir, "insert.sql")
		if err := os.WriteFile(script, []byte("INSERT INTO entry VALUES (nextval('entry_id'), 'a note of some length');\n"), 0o644); err != nil {
			return err
		}
		if b.pg != nil {
			if _, err := timed(b.pg.psql("-c", "DROP TABLE IF EXISTS entry; DROP SEQUENCE IF EXISTS entry_id; CREATE TABLE entry (id bigint PRIMARY KEY, note text); CREATE SEQUENCE entry_id CACHE 1000")); err != nil {
				return err
			}
		}
		var ours, peer perCore
		for range b.rounds {
			before := cpu(w.cmd.Process.Pid)
			r, err := load.Run(w.addr, mode.clients, b.round, func(int, int64) []byte {
				return load.Request("POST", w.addr, "/api/v1/query", fmt.Appendf(nil, `{"sql":"INSERT INTO entry VALUES ($1, $2)","params":[%d,"a note of some length"]}`, id.Add(1)))
			})
			if err != nil {
				return err
			}
			ours.add(r.Requests, r.Elapsed, cpu(w.cmd.Process.Pid)-before)
			if b.pg == nil {
				continue
			}
			if err := b.pg.pgbenchAs(&peer, b.round, mode.clients, "synchronous_commit="+mode.sync, "-n", "-M", "prepared", "-f", script); err != nil {
				return err
			}
		}
		stop()
		row(mode.name, rate(median(ours.rates)), "PostgreSQL "+rate(median(peer.rates)), times(median(ours.rates), median(peer.rates)), "≥ 1.5 ×")
		row("the same, per core of the server", rate(median(ours.cores)), "PostgreSQL "+rate(median(peer.cores)), times(median(ours.cores), median(peer.cores)), "")
	}
	return nil
}

const tpcbScale = 64 // branches: as many as clients, so that they do not all meet

// tpcb is a transfer with a history of pgbench's default transaction.
func (b *sqlBench) tpcb() error {
	w, stop, err := startWeft(b.config)
	if err != nil {
		return err
	}
	defer stop()
	for _, sql := range []string{
		"CREATE TABLE branches (bid int PRIMARY KEY, bbalance int, filler char(88))",
		"CREATE TABLE tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84))",
		"CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))",
		"CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))",
		fmt.Sprintf("INSERT INTO branches SELECT i, 0, '' FROM generate_series(1, %d) i", tpcbScale),
		fmt.Sprintf("INSERT INTO tellers SELECT i, (i - 1) / 10 + 1, 0, '' FROM generate_series(1, %d) i", 10*tpcbScale),
	} {
		if err := w.sql(sql); err != nil {
			return err
		}
	}
	const perBranch = 10_000 // a tenth of pgbench's, to keep loading short on both sides
	for from := 0; from < tpcbScale*perBranch; from += 80_000 {
		if err := w.sql(fmt.Sprintf("INSERT INTO accounts SELECT i, (i - 1) / %d + 1, 0, '' FROM generate_series(%d, %d) i", perBranch, from+1, from+80_000)); err != nil {
			return err
		}
	}
	script := filepath.Join(b.dir, "tpcb.sql")
	text := fmt.Sprintf(`\set aid random(1, %d)
\set bid random(1, %d)
\set tid random(1, %d)
\set delta random(-5000, 5000)
BEGIN;
UPDATE accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM accounts WHERE aid = :aid;
UPDATE tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
`, tpcbScale*perBranch, tpcbScale, 10*tpcbScale)
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		return err
	}
	if b.pg != nil {
		sql := fmt.Sprintf(`CREATE TABLE branches (bid int PRIMARY KEY, bbalance int, filler char(88)) WITH (fillfactor=50); CREATE TABLE tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84)) WITH (fillfactor=50);
CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)); CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
INSERT INTO branches SELECT i, 0, '' FROM generate_series(1, %d) i; INSERT INTO tellers SELECT i, (i - 1) / 10 + 1, 0, '' FROM generate_series(1, %d) i;
INSERT INTO accounts SELECT i, (i - 1) / %d + 1, 0, '' FROM generate_series(1, %d) i;`, tpcbScale, 10*tpcbScale, perBranch, tpcbScale*perBranch)
		if _, err := timed(b.pg.psql("-c", sql, "-c", "VACUUM ANALYZE")); err != nil {
			return err
		}
	}
	const request = `{"sql":"UPDATE accounts SET abalance = abalance + $1 WHERE aid = $2; SELECT abalance FROM accounts WHERE aid = $2; UPDATE tellers SET tbalance = tbalance + $1 WHERE tid = $3; UPDATE branches SET bbalance = bbalance + $1 WHERE bid = $4; INSERT INTO history (tid, bid, aid, delta, mtime) VALUES ($3, $4, $2, $1, CURRENT_TIMESTAMP)","params":[%d,%d,%d,%d]}`
	var ours, peer perCore
	for range b.rounds {
		r, err := load.Run(w.addr, conns, b.round, func(int, int64) []byte {
			return load.Request("POST", w.addr, "/api/v1/query", fmt.Appendf(nil, request, rand.IntN(10000)-5000, 1+rand.IntN(tpcbScale*perBranch), 1+rand.IntN(10*tpcbScale), 1+rand.IntN(tpcbScale)))
		})
		if err != nil {
			return err
		}
		ours.add(r.Requests, r.Elapsed, time.Second)
		if b.pg == nil {
			continue
		}
		if err := b.pg.pgbenchAs(&peer, b.round, conns, "synchronous_commit=on", "-n", "-M", "prepared", "-f", script); err != nil {
			return err
		}
	}
	row("TPC-B-like transaction, synced, 64 clients", rate(median(ours.rates)), "pgbench "+rate(median(peer.rates)), times(median(ours.rates), median(peer.rates)), "≥ 1.5 ×")
	return nil
}

// large is work on large tables: a scan, and sort, join and grouping past 256 MB of memory.
func (b *sqlBench) large() error {
	w, stop, err := startWeft(b.config, "--set", "query.memory_bytes=256MiB", "--set", "query.column_cache_bytes=1GiB", "--set", "query.timeout=off")
	if err != nil {
		return err
	}
	defer stop()
	const schema = "CREATE TABLE big (id int PRIMARY KEY, a int, b int, pad text)"
	const fill = "INSERT INTO big SELECT i, (i * 7919::bigint) %% 1000, (i * 104729::bigint) %% %d, 'padding of row ' || (i * 31::bigint) %% 1000003 FROM generate_series(%d, %d) i"
	if err := w.sql(schema); err != nil {
		return err
	}
	for from := 1; from <= b.big; from += 100_000 {
		if err := w.sql(fmt.Sprintf(fill, b.big/2, from, min(from+99_999, b.big))); err != nil {
			return err
		}
	}
	if b.pg != nil {
		if _, err := timed(b.pg.psql("-c", schema, "-c", fmt.Sprintf(fill, b.big/2, 1, b.big), "-c", "VACUUM ANALYZE big")); err != nil {
			return err
		}
	}
	if err := w.sql("ANALYZE big"); err != nil {
		return err
	}
	for _, q := range []struct {
		name, sql, goal string
		perRow          bool
	}{
		{"full scan with filter and aggregate, two int columns", "SELECT count(*), sum(b) FROM big WHERE a < 500", "≥ 50 M rows/s; ≥ 5 ×", true},
		{"sort in 256 MB", fmt.Sprintf("SELECT id FROM big ORDER BY pad, id OFFSET %d", b.big-10), "≥ 1 ×", false},
		{"hash join in 256 MB", "SELECT count(*), sum(x.a + y.a), max(y.pad) FROM big x JOIN big y ON x.id = y.b", "≥ 1 ×", false},
		{"hash aggregate in 256 MB", "SELECT count(*), max(n) FROM (SELECT b, pad, count(*) AS n FROM big GROUP BY b, pad) g", "≥ 1 ×", false},
	} {
		var ours, peer []float64
		for i := range b.rounds + 2 {
			d, err := w.timed(q.sql)
			if err != nil {
				return err
			}
			var pd time.Duration
			if b.pg != nil {
				if pd, err = b.pg.timedQuery("SET max_parallel_workers_per_gather = 0; SET work_mem = '256MB'; SET hash_mem_multiplier = 1; SET jit = off;", q.sql); err != nil {
					return err
				}
			}
			if i >= 2 || !q.perRow && i >= 1 { // the first ones warm up
				ours, peer = append(ours, d.Seconds()), append(peer, pd.Seconds())
			}
		}
		o, p := median(ours), median(peer)
		if q.perRow {
			row(q.name, rate(float64(b.big)/o)+" rows", "PostgreSQL "+rate(float64(b.big)/p), times(p, o), q.goal)
			continue
		}
		row(q.name, fmt.Sprintf("%.2f s", o), fmt.Sprintf("PostgreSQL %.2f s", p), times(p, o), q.goal)
	}
	return nil
}

// timed runs a query over HTTP.
func (p *process) timed(sql string) (time.Duration, error) {
	body, err := json.Marshal(map[string]any{"sql": sql, "timeout_ms": 600_000})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	res, err := http.Post("http://"+p.addr+"/api/v1/query", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", sql, text)
	}
	return time.Since(start), err
}

// wideImport is a CSV file of 16 columns, into a table with a primary key.
func (b *sqlBench) wideImport() error {
	file := filepath.Join(b.dir, "wide.csv")
	rows := min(b.big/10, 1_000_000)
	if err := writeWide(file, rows); err != nil {
		return err
	}
	const cols = "id int PRIMARY KEY, name text, city text, country text, a int, b int, c int, d bigint, price numeric, weight double precision, born date, seen timestamp, ok boolean, note text, code text, ref int"
	w, stop, err := startWeft(b.config)
	if err != nil {
		return err
	}
	defer stop()
	var ours, peer []float64
	for i := range b.rounds {
		table := "wide" + strconv.Itoa(i)
		if err := w.sql("CREATE TABLE " + table + " (" + cols + ")"); err != nil {
			return err
		}
		d, err := timed(exec.Command(b.bin, "import", file, "--table", table, "--server", "http://"+w.addr))
		if err != nil {
			return err
		}
		ours = append(ours, float64(rows)/d.Seconds())
		if b.pg == nil {
			continue
		}
		if _, err := timed(b.pg.psql("-c", "CREATE TABLE "+table+" ("+cols+")")); err != nil {
			return err
		}
		if d, err = timed(b.pg.psql("-c", `\copy `+table+` from '`+file+`' csv header`)); err != nil {
			return err
		}
		peer = append(peer, float64(rows)/d.Seconds())
	}
	row(fmt.Sprintf("CSV import, 16 columns, %d rows", rows), rate(median(ours)), "PostgreSQL \\copy "+rate(median(peer)), times(median(ours), median(peer)), "≥ 1.0 ×")
	return nil
}

func writeWide(path string, rows int) error {
	var out bytes.Buffer
	out.WriteString("id,name,city,country,a,b,c,d,price,weight,born,seen,ok,note,code,ref\n")
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(&out, "%d,\"Name %d, of some length\",City %d,Country %d,%d,%d,%d,%d,%d.%02d,%d.5,19%02d-%02d-%02d,2024-%02d-%02d %02d:%02d:%02d,%t,a note about row %d,C%06d,%d\n",
			i, i*7919%rows, i%997, i%190, i%100, i*31%10000, i%7, i*1000003, i%5000, i%100, i%90, i%100, i%12+1, i%28+1, i%12+1, i%28+1, i%24, i%60, i%60, i%2 == 0, i, i%1000000, i/3)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// tpch runs the comparison of the 22 queries.
func (b *sqlBench) tpch() error {
	if _, err := os.Stat("bench/tpch"); err != nil || b.pg == nil {
		return nil
	}
	fmt.Println("\n### TPC-H (goal: geometric mean ≥ 3 × PostgreSQL in one process, no query slower)")
	cmd := exec.Command("go", "test", "-count=1", "-run", "TestCompare", "-v", "./bench/tpch")
	cmd.Env = append(os.Environ(), "WEFT_COMPARE=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

var pgTime = regexp.MustCompile(`Time: ([0-9.]+) ms`)

// timedQuery runs a query after settings, timed by the client.
func (p *postgres) timedQuery(settings, sql string) (time.Duration, error) {
	cmd := p.psql("-c", settings, "-c", `\timing on`, "-c", sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("psql: %w: %s", err, out)
	}
	m := pgTime.FindAllSubmatch(out, -1)
	if len(m) == 0 {
		return 0, fmt.Errorf("psql gave no time: %s", out)
	}
	ms, err := strconv.ParseFloat(string(m[len(m)-1][1]), 64)
	return time.Duration(ms * float64(time.Millisecond)), err
}

func (p *postgres) pgbenchInit() error {
	_, err := timed(p.command("pgbench", "-h", p.dir, "-U", "postgres", "-i", "-s", "1", "-q", "postgres"))
	return err
}

var pgbenchDone = regexp.MustCompile(`number of transactions actually processed: (\d+)`)

func (p *postgres) pgbench(sum *perCore, d time.Duration, args ...string) error {
	return p.pgbenchAs(sum, d, conns, "synchronous_commit=on", append([]string{"-n"}, args...)...)
}

// pgbenchAs runs pgbench and adds its figures.
func (p *postgres) pgbenchAs(sum *perCore, d time.Duration, clients int, setting string, args ...string) error {
	seconds := max(1, int(d.Seconds()+0.5))
	list := append([]string{"-h", "127.0.0.1", "-U", "postgres", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)), "-T", strconv.Itoa(seconds)}, args...)
	cmd := p.command("pgbench", append(list, "postgres")...)
	cmd.Env = append(cmd.Env, "PGOPTIONS=-c "+setting)
	pid, err := p.pid()
	if err != nil {
		return err
	}
	resting := len(children(pid))
	before := cpu(pid)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pgbench: %w: %s", err, out)
	}
	// A server process that ends while the processes are counted is missed, and all end now.
	for end := time.Now().Add(10 * time.Second); len(children(pid)) > resting && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	used := cpu(pid) - before
	m := pgbenchDone.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("pgbench gave no figures: %s", out)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	sum.add(n, time.Duration(seconds)*time.Second, used)
	return err
}

// pid is that of the postmaster.
func (p *postgres) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}
