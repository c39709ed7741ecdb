// Package crash kills the real server at random moments while clients write,
// and checks after each restart that what was acknowledged is there and that no
// statement or transaction is there in part.
package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

const (
	clients  = 8
	parts    = 3    // rows of one INSERT
	accounts = 16   // rows among which money moves
	balance  = 1000 // of each account at first
)

type answer struct {
	Success bool `json:"success"`
	Data    struct {
		Rows [][]any `json:"rows"`
	} `json:"data"`
	Code  string `json:"code"`
	Error string `json:"error"`
}

// query runs SQL; ok is false where the server did not say that it succeeded.
func query(ctx context.Context, client *http.Client, url, sql string, params ...any) (a answer, ok bool) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"sql": sql, "params": params})
	if err != nil {
		return a, false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/query", bytes.NewReader(body))
	if err != nil {
		return a, false
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return a, false
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return a, false
	}
	return a, res.StatusCode == http.StatusOK && a.Success
}

func must(t *testing.T, s *serve.Server, sql string) [][]any {
	t.Helper()
	a, ok := query(context.Background(), http.DefaultClient, s.URL, sql)
	if !ok {
		t.Fatalf("%s: %s %s", sql, a.Code, a.Error)
	}
	return a.Data.Rows
}

// number reads a count or sum, which may come as a number or, for numeric, as text.
func number(t *testing.T, v any) int64 {
	t.Helper()
	switch v := v.(type) {
	case float64:
		return int64(v)
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Fatalf("not a number: %v", v)
	return 0
}

// journal is what the clients know.
type journal struct {
	mu        sync.Mutex
	acked     map[int64]bool // statement number -> acknowledged
	tried     map[int64]bool
	next      int64
	transfers int64 // acknowledged
}

func (j *journal) begin() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	j.tried[j.next] = true
	return j.next
}

func (j *journal) ack(n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked[n] = true
}

// write is one client's life: inserts of several rows, and transfers.
func write(ctx context.Context, s *serve.Server, j *journal, r *rand.Rand, pad string) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if r.IntN(3) == 0 {
			from, to := r.IntN(accounts), r.IntN(accounts)
			_, ok := query(ctx, client, s.URL, fmt.Sprintf(
				"BEGIN; UPDATE account SET balance = balance - 1, moves = moves + 1 WHERE id = %d; UPDATE account SET balance = balance + 1 WHERE id = %d; COMMIT", from, to))
			if ok {
				j.mu.Lock()
				j.transfers++
				j.mu.Unlock()
			}
			continue
		}
		n := j.begin()
		if _, ok := query(ctx, client, s.URL, "INSERT INTO entry (stmt, part, note) VALUES ($1, 0, $2), ($1, 1, $2), ($1, 2, $2)", n, fmt.Sprintf("statement %d%s", n, pad)); ok {
			j.ack(n)
		}
	}
}

// check reads everything back.
func check(t *testing.T, s *serve.Server, j *journal, round int) {
	t.Helper()
	got := map[int64]int64{}
	for _, row := range must(t, s, "SELECT stmt, count(*) FROM entry GROUP BY stmt") {
		got[number(t, row[0])] = number(t, row[1])
	}
	for n := range j.acked {
		if got[n] != parts {
			t.Fatalf("round %d: statement %d was acknowledged and has %d of %d rows", round, n, got[n], parts)
		}
	}
	for n, rows := range got {
		if rows != parts {
			t.Fatalf("round %d: statement %d is there in part: %d of %d rows", round, n, rows, parts)
		}
		if !j.tried[n] {
			t.Fatalf("round %d: statement %d was never sent", round, n)
		}
	}
	sums := must(t, s, "SELECT sum(balance), sum(moves) FROM account")[0]
	if total := number(t, sums[0]); total != accounts*balance {
		t.Fatalf("round %d: balances add up to %d, want %d: a transfer is there in part", round, total, accounts*balance)
	}
	if moves := number(t, sums[1]); moves < j.transfers {
		t.Fatalf("round %d: %d transfers are there, %d were acknowledged", round, moves, j.transfers)
	}
}

// TestKillLosesNothing: 50 rounds of start, check, write from 8 clients, SIGKILL.
func TestKillLosesNothing(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 500
	}
	killRounds(t, rounds, "")
}

// TestKillWithSmallBuffer does so over data that is larger than the memory which the
// server may take, so that checkpoints, compactions and evictions are cut off, too.
func TestKillWithSmallBuffer(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 300
	}
	killRounds(t, rounds, strings.Repeat(" and some more", 150), "--set", "storage.buffer_bytes=1MiB", "--set", "storage.checkpoint_bytes=64KiB",
		"--set", "storage.segment_bytes=1MiB", "--set", "storage.history=off")
}

func killRounds(t *testing.T, rounds int, pad string, args ...string) {
	bin, dir := serve.Build(t), t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	j := &journal{acked: map[int64]bool{}, tried: map[int64]bool{}}

	s := serve.Start(t, bin, dir, args...)
	must(t, s, "CREATE TABLE entry (stmt bigint, part int, note text NOT NULL, PRIMARY KEY (stmt, part))")
	must(t, s, "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, moves bigint NOT NULL)")
	for i := range accounts {
		must(t, s, fmt.Sprintf("INSERT INTO account VALUES (%d, %d, 0)", i, balance))
	}
	for round := 1; round <= rounds; round++ {
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() { write(ctx, s, j, rand.New(rand.NewPCG(seed, uint64(round*clients+c))), pad) })
		}
		<-time.After(time.Duration(20+r.IntN(150)) * time.Millisecond) // the moment of the crash is the point of the test
		s.Kill()
		stop()
		wg.Wait()
		s = serve.Start(t, bin, dir, args...)
		check(t, s, j, round)
	}
	s.Kill()
	t.Logf("%d statements and %d transfers acknowledged in %d rounds", len(j.acked), j.transfers, rounds)
	if len(j.acked) < rounds || j.transfers == 0 {
		t.Fatalf("only %d statements and %d transfers were acknowledged: the clients did next to nothing", len(j.acked), j.transfers)
	}
}
