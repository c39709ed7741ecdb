// Package sqldiff compares SQL results with PostgreSQL's on random statements, and
// with themselves: predicates partitioned three ways, counts with and without a
// filter, and the same statement planned differently must all agree.
//
// A statement is made from a number alone, which failures print: WEFT_SEED=n go test
// -run TestPeer makes the statements from n on, WEFT_COUNT says how many.
// WEFT_LONG=1 runs the long suites.
package sqldiff

import (
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/pgtest"
	"github.com/weftdb/weft/query"
)

// setting reads a number from the environment.
func setting(t *testing.T, name string, def int) int {
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// count is how many statements a test makes.
func count(t *testing.T, short, long int) int {
	if os.Getenv("WEFT_LONG") == "1" {
		short = long
	}
	return setting(t, "WEFT_COUNT", short)
}

// dataSeed decides what the tables hold.
const dataSeed = 7

// startPostgres gives a connection to a cluster with the tables.
func startPostgres(t *testing.T) *postgres {
	c := pgtest.Start(t)
	pg, err := dialPostgres(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.close() })
	for _, sql := range []string{ddl, fill(dataSeed), "ANALYZE", "SET statement_timeout = '4s'"} {
		if a := ask(t, pg, sql); a.state != "" {
			t.Fatalf("%s\n%.200s", a, sql)
		}
	}
	return pg
}

func ask(t *testing.T, e engine, sql string) answer {
	a, err := e.query(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return a
}

// engine is what statements run on.
type engine interface {
	query(sql string) (answer, error)
}

// makeStatement makes statement number seed.
func makeStatement(seed uint64) statement {
	g := newGen(seed)
	switch p := seed % 10; {
	case p < 7:
		return g.selectStatement()
	case p < 9:
		return g.valueStatement()
	}
	return g.changeStatement()
}

// changes says whether a statement changes rows.
func changes(sql string) bool {
	return strings.Contains(sql, "INTO w ") || strings.Contains(sql, "UPDATE w ") || strings.Contains(sql, "DELETE FROM w")
}

// run gives the answer to a statement and, where it changes rows, undoes it. The
// second answer is what the table holds afterwards.
func run(t *testing.T, e engine, sql string) (answer, answer) {
	if !changes(sql) {
		return ask(t, e, sql), answer{}
	}
	ask(t, e, "BEGIN")
	first := ask(t, e, sql)
	after := answer{}
	if first.state == "" {
		after = ask(t, e, "SELECT * FROM w ORDER BY id")
	}
	ask(t, e, "ROLLBACK")
	return first, after
}

// TestAcceptance checks the generator itself: nearly all statements are valid.
func TestAcceptance(t *testing.T) {
	pg := startPostgres(t)
	first, n := uint64(setting(t, "WEFT_SEED", 1)), count(t, 300, 5000)
	states := map[string]int{}
	rejected, failed, empty := 0, 0, 0
	for seed := first; seed < first+uint64(n); seed++ {
		st := makeStatement(seed)
		a, _ := run(t, pg, st.root.String())
		if a.state == "" {
			if len(a.rows) == 0 {
				empty++
			}
			continue
		}
		failed++
		key := a.state + " " + a.message
		states[key]++
		if !strings.HasPrefix(a.state, "22") && !strings.HasPrefix(a.state, "23") && !strings.HasPrefix(a.state, "21") {
			rejected++
			t.Logf("seed %d: %s\n%s", seed, key, st.root)
		}
	}
	t.Logf("%d statements from seed %d: %d not valid, %d failed at run time, %d without rows\n%s", n, first, rejected, failed-rejected, empty, histogram(states))
	if rejected*20 > n {
		t.Errorf("PostgreSQL takes %d of %d statements, want 95 %%", n-rejected, n)
	}
}

// TestPeer compares with PostgreSQL.
func TestPeer(t *testing.T) {
	pg := startPostgres(t)
	weft := startWeft(t, query.Options{})
	first, n := uint64(setting(t, "WEFT_SEED", 1)), count(t, 600, 60_000)
	verdicts, refusals, orders, faults := map[verdict]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for seed := first; seed < first+uint64(n); seed++ {
		st := makeStatement(seed)
		v, why := judge(t, pg, weft, st, st.root.String())
		verdicts[v]++
		switch v {
		case refused:
			refusals[why]++
		case order:
			orders[why]++
		case differs:
			key := faultKey(why)
			if faults[key]++; faults[key] <= 2 || !strings.HasPrefix(key, "error") && faults[key] <= 30 {
				report(t, pg, weft, seed, st, why)
			}
		}
	}
	t.Logf("%d statements from seed %d: %d agree, %d meet another error by order of evaluation, %d refused, %d skipped, %d differ",
		n, first, verdicts[same], verdicts[order], verdicts[refused], verdicts[skipped], verdicts[differs])
	if len(faults) > 0 {
		t.Errorf("differences:\n%s", histogram(faults))
	}
	if len(refusals) > 0 {
		t.Logf("refused:\n%s", histogram(refusals))
	}
	if len(orders) > 0 && testing.Verbose() {
		t.Logf("other errors:\n%s", histogram(orders))
	}
}

// judge compares both answers to a text.
func judge(t *testing.T, pg, weft engine, st statement, sql string) (verdict, string) {
	want, wantAfter := run(t, pg, sql)
	got, gotAfter := run(t, weft, sql)
	v, why := compare(st, want, got)
	if v != same || want.state != "" {
		return v, why
	}
	return compare(statement{}, wantAfter, gotAfter)
}

// report fails the test with the smallest statement that still differs.
func report(t *testing.T, pg, weft engine, seed uint64, st statement, why string) {
	t.Helper()
	original, _ := run(t, pg, st.root.String())
	key := faultKey(why)
	deadline := time.Now().Add(15 * time.Second)
	shrink(st.root, 300, func(sql string) bool {
		if time.Now().After(deadline) {
			return false
		}
		now, _ := run(t, pg, sql)
		if now.state != original.state {
			return false
		}
		v, w := judge(t, pg, weft, st, sql)
		if v != differs || faultKey(w) != key {
			return false
		}
		why = w
		return true
	})
	sql := st.root.String()
	want, wantAfter := run(t, pg, sql)
	got, gotAfter := run(t, weft, sql)
	t.Errorf("seed %d: %s\n%s\ngot:  %s\nwant: %s", seed, why, sql, got, want)
	if want.state == "" && len(wantAfter.columns) > 0 && wantAfter.String() != gotAfter.String() {
		t.Logf("the table then holds:\ngot:  %s\nwant: %s", gotAfter, wantAfter)
	}
}

// faultKey is what failures of one cause share: shrinking keeps it, and only the
// first ones of a cause are shown.
func faultKey(why string) string {
	if !strings.HasPrefix(why, "error") {
		key, _, _ := strings.Cut(why, " ")
		return strings.Trim(key, "0123456789")
	}
	why, _, _ = strings.Cut(why, ", want")
	return quoted.ReplaceAllString(strings.ReplaceAll(why, `\"`, "'"), "")
}

// quoted finds what messages say of single values, and numbers.
var quoted = regexp.MustCompile(`: '.*?'|[0-9]+$`)

func histogram(m map[string]int) string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return m[keys[i]] > m[keys[j]] || m[keys[i]] == m[keys[j]] && keys[i] < keys[j] })
	var b strings.Builder
	for i, k := range keys {
		if i == 40 {
			break
		}
		fmt.Fprintf(&b, "%6d %s\n", m[k], k)
	}
	return b.String()
}

// TestOne runs the statement in WEFT_SQL on both sides and shows the plan, to look
// into a failure.
func TestOne(t *testing.T) {
	sql := os.Getenv("WEFT_SQL")
	if sql == "" {
		t.Skip("WEFT_SQL names no statement")
	}
	pg, weft := startPostgres(t), startWeft(t, query.Options{})
	v, why := judge(t, pg, weft, statement{}, sql)
	want, _ := run(t, pg, sql)
	got, _ := run(t, weft, sql)
	for _, row := range ask(t, weft, "EXPLAIN "+sql).rows {
		t.Log(*row[0])
	}
	t.Logf("verdict %d %s\ngot:  %s\nwant: %s", v, why, got, want)
}
