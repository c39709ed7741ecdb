// Package crash kills the real server at random moments while clients write,
// and checks after each restart that what was acknowledged is there and that no
// statement or transaction is there in part.
package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	clients  = 8
	parts    = 3    // rows of one INSERT
	accounts = 16   // rows among which money moves
	balance  = 1000 // of each account at first
)

// server is one life of the binary.
type server struct {
	cmd  *exec.Cmd
	base string
	log  *syncBuffer
}

// syncBuffer is written by the process and read by the test.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func buildBinary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "weft")
	out, err := exec.Command("go", "build", "-o", bin, "github.com/weftdb/weft/cmd/weft").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the server on a free port and waits until it is ready.
func start(t *testing.T, bin, dir string) *server {
	t.Helper()
	s := &server{cmd: exec.Command(bin, "serve", "--data-dir", dir, "--listen", "127.0.0.1:0"), log: &syncBuffer{}}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if s.base == "" {
			s.base = listening.FindString(s.log.String())
		}
		if s.base != "" {
			if res, err := http.Get(s.base + "/readyz"); err == nil {
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode == http.StatusOK {
					return s
				}
			}
		}
		time.Sleep(2 * time.Millisecond) // polling another process
	}
	s.kill(t)
	t.Fatalf("the server did not get ready:\n%s", s.log)
	return nil
}

// kill ends the process as a power switch would, as far as a process can tell.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait() //nolint:errcheck // it was killed
}

type answer struct {
	Success bool `json:"success"`
	Data    struct {
		Rows [][]any `json:"rows"`
	} `json:"data"`
	Code  string `json:"code"`
	Error string `json:"error"`
}

// query runs SQL; ok is false where the server did not say that it succeeded.
func (s *server) query(ctx context.Context, client *http.Client, sql string, params ...any) (a answer, ok bool) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"sql": sql, "params": params})
	if err != nil {
		return a, false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/api/v1/query", bytes.NewReader(body))
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

func (s *server) must(t *testing.T, sql string) [][]any {
	t.Helper()
	a, ok := s.query(context.Background(), http.DefaultClient, sql)
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
func write(ctx context.Context, s *server, j *journal, r *rand.Rand) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if r.IntN(3) == 0 {
			from, to := r.IntN(accounts), r.IntN(accounts)
			_, ok := s.query(ctx, client, fmt.Sprintf(
				"BEGIN; UPDATE account SET balance = balance - 1, moves = moves + 1 WHERE id = %d; UPDATE account SET balance = balance + 1 WHERE id = %d; COMMIT", from, to))
			if ok {
				j.mu.Lock()
				j.transfers++
				j.mu.Unlock()
			}
			continue
		}
		n := j.begin()
		if _, ok := s.query(ctx, client, "INSERT INTO entry (stmt, part, note) VALUES ($1, 0, $2), ($1, 1, $2), ($1, 2, $2)", n, fmt.Sprintf("statement %d", n)); ok {
			j.ack(n)
		}
	}
}

// check reads everything back.
func check(t *testing.T, s *server, j *journal, round int) {
	t.Helper()
	got := map[int64]int64{}
	for _, row := range s.must(t, "SELECT stmt, count(*) FROM entry GROUP BY stmt") {
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
	sums := s.must(t, "SELECT sum(balance), sum(moves) FROM account")[0]
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
	bin, dir := buildBinary(t), t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	j := &journal{acked: map[int64]bool{}, tried: map[int64]bool{}}

	s := start(t, bin, dir)
	s.must(t, "CREATE TABLE entry (stmt bigint, part int, note text NOT NULL, PRIMARY KEY (stmt, part))")
	s.must(t, "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, moves bigint NOT NULL)")
	for i := range accounts {
		s.must(t, fmt.Sprintf("INSERT INTO account VALUES (%d, %d, 0)", i, balance))
	}
	for round := 1; round <= rounds; round++ {
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() { write(ctx, s, j, rand.New(rand.NewPCG(seed, uint64(round*clients+c)))) })
		}
		<-time.After(time.Duration(20+r.IntN(150)) * time.Millisecond) // the moment of the crash is the point of the test
		s.kill(t)
		stop()
		wg.Wait()
		s = start(t, bin, dir)
		check(t, s, j, round)
	}
	s.kill(t)
	t.Logf("%d statements and %d transfers acknowledged in %d rounds", len(j.acked), j.transfers, rounds)
	if len(j.acked) < rounds || j.transfers == 0 {
		t.Fatalf("only %d statements and %d transfers were acknowledged: the clients did next to nothing", len(j.acked), j.transfers)
	}
}
