package crash

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// send sends a request until the server answers it; base tells where the server is.
func send(t *testing.T, base func() string, client *http.Client, method, path, body string, headers ...string) (int, string) {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		req, err := http.NewRequest(method, base()+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := client.Do(req)
		if err == nil {
			b, rerr := io.ReadAll(res.Body)
			res.Body.Close()
			if rerr == nil && res.StatusCode != http.StatusServiceUnavailable {
				return res.StatusCode, string(b)
			}
		}
		<-time.After(time.Millisecond) // another process gives no event to wait for
	}
	t.Error("the server did not answer for five minutes")
	return 0, ""
}

// TestKillDoesNothingTwice: requests with a key, and commits of transactions, are sent
// again whenever the server died before it answered. In the end each was done once.
func TestKillDoesNothingTwice(t *testing.T) {
	rounds := 8
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 100
	}
	bin, dir := serve.Build(t), t.TempDir()
	s := serve.Start(t, bin, dir)
	must(t, s, "CREATE TABLE done (client int, n int, how text, PRIMARY KEY (client, n, how))")
	must(t, s, "CREATE TABLE total (client int PRIMARY KEY, n int NOT NULL)")
	var mu sync.Mutex
	url := s.URL
	base := func() string {
		mu.Lock()
		defer mu.Unlock()
		return url
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	sent := make([]int, clients)
	lost := make([]int, clients)
	for c := range clients {
		must(t, s, fmt.Sprintf("INSERT INTO total VALUES (%d, 0)", c))
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := sent[c]
				batch := fmt.Sprintf(`{"operations":[{"method":"POST","path":"/query","body":{"sql":"INSERT INTO done VALUES (%d, %d, 'batch')"}},
					{"method":"POST","path":"/kv/increment","body":{"key":"c%[1]d"}}]}`, c, n)
				if status, text := send(t, base, client, "POST", "/batch", batch, "Idempotency-Key", fmt.Sprintf("%d-%d", c, n)); status != 200 {
					t.Errorf("batch: %d %s", status, text)
					return
				}
				if !transact(t, base, client, c, n) {
					lost[c]++
				}
				sent[c]++
			}
		})
	}
	for range rounds {
		<-time.After(time.Duration(50+rand.IntN(250)) * time.Millisecond) // the moment of the crash is the point of the test
		mu.Lock()                                                         // until there is another: its port may become one of anybody's
		s.Kill()
		s = serve.Start(t, bin, dir)
		url = s.URL
		mu.Unlock()
	}
	close(stop)
	wg.Wait()
	all, again := 0, 0
	for c := range clients {
		all += sent[c]
		again += lost[c]
		rows := must(t, s, fmt.Sprintf("SELECT count(*) FILTER (WHERE how = 'batch'), count(*) FILTER (WHERE how = 'transaction'), (SELECT n FROM total WHERE client = %d) FROM done WHERE client = %[1]d", c))[0]
		if b, x, n := number(t, rows[0]), number(t, rows[1]), number(t, rows[2]); b != int64(sent[c]) || x != int64(sent[c]-lost[c]) || n != x {
			t.Errorf("client %d: %d batches, %d transactions that add up to %d; sent %d of each, %d of which were told not to have happened", c, b, x, n, sent[c], lost[c])
		}
		_, text := send(t, base, http.DefaultClient, "GET", fmt.Sprintf("/kv/keys/c%d", c), "")
		if want := fmt.Sprintf(`"value":%d,`, sent[c]); sent[c] > 0 && !strings.Contains(text, want) {
			t.Errorf("client %d: want %s in %s", c, want, text)
		}
	}
	t.Logf("%d batches and %d transactions in %d rounds, %d transactions told not to have happened", all, all-again, rounds, again)
	if all < rounds {
		t.Fatal("the clients did next to nothing")
	}
}

// transact runs a transaction in steps and says whether the server says that it is
// committed. A server that died before the commit has rolled it back.
func transact(t *testing.T, base func() string, client *http.Client, c, n int) bool {
	_, text := send(t, base, client, "POST", "/transactions", "{}")
	var begun struct {
		ID string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(text), &begun); err != nil || begun.ID == "" {
		t.Errorf("begin: %s %v", text, err)
		return false
	}
	for i, sql := range []string{
		fmt.Sprintf("INSERT INTO done VALUES (%d, %d, 'transaction')", c, n),
		fmt.Sprintf("UPDATE total SET n = n + 1 WHERE client = %d", c),
	} {
		status, text := send(t, base, client, "POST", "/query", `{"sql":"`+sql+`"}`, "Weft-Transaction", begun.ID, "Weft-Transaction-Seq", fmt.Sprint(i+1))
		if status == http.StatusGone {
			return false
		}
		if status != 200 {
			t.Errorf("%s: %d %s", sql, status, text)
			return false
		}
	}
	status, text := send(t, base, client, "POST", "/transactions/"+begun.ID+"/commit", "")
	if status != 200 && status != http.StatusGone {
		t.Errorf("commit: %d %s", status, text)
	}
	return status == 200
}
