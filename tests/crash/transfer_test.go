package crash

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// Money moves between a row, a document and a counter, in one transaction that also
// publishes what it did and writes a point.
const (
	purses  = 4    // of each model
	initial = 1000 // in each
)

// purse is where money is: model and number.
type purse struct{ model, n int }

// String names the purse in messages.
func (p purse) String() string {
	return fmt.Sprintf("%s%d", [...]string{"row", "doc", "key"}[p.model], p.n)
}

// add is the request that puts money into the purse.
func (p purse) add(amount int) (path, body string) {
	switch p.model {
	case 0:
		return "/query", fmt.Sprintf(`{"sql":"UPDATE purse SET balance = balance + %d WHERE n = %d"}`, amount, p.n)
	case 1:
		return "/documents/collections/purses/update", fmt.Sprintf(`{"filter":{"_id":"p%d"},"update":{"$inc":{"balance":%d}}}`, p.n, amount)
	}
	return "/kv/increment", fmt.Sprintf(`{"bucket":"purses","key":"p%d","by":%d}`, p.n, amount)
}

// mover is a client that moves money and knows which of its transfers are certain.
type mover struct {
	t     *testing.T
	base  func() string
	http  *http.Client
	rand  *rand.Rand
	name  string
	n     int
	acked map[string]bool // the transfers that were acknowledged
}

type request struct{ path, body string }

// transfer makes the requests of one transfer.
func (m *mover) transfer() (id string, list []request) {
	m.n++
	id = fmt.Sprintf("%s-%d", m.name, m.n)
	from, amount := purse{m.rand.IntN(3), m.rand.IntN(purses)}, 1+m.rand.IntN(9)
	to := purse{(from.model + 1 + m.rand.IntN(2)) % 3, m.rand.IntN(purses)}
	for _, side := range []struct {
		purse
		amount int
	}{{from, -amount}, {to, amount}} {
		path, body := side.add(side.amount)
		list = append(list, request{path, body})
	}
	list = append(list,
		request{"/streaming/publish", fmt.Sprintf(`{"channel":"transfers","event_type":"moved","key":%q,"data":{"from":%q,"to":%q,"amount":%d}}`, id, from, to, amount)},
		request{"/timeseries/write", fmt.Sprintf(`{"metric":"moved","tags":{"client":%q},"precision":"s","points":[{"timestamp":%d,"value":%d}]}`, m.name, m.n, amount)})
	m.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return id, list
}

func (m *mover) live(stop <-chan struct{}) {
	defer m.http.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		id, list := m.transfer()
		switch m.rand.IntN(4) {
		case 0:
			m.steps(id, list, "serializable")
		case 1:
			m.steps(id, list, "snapshot")
		default:
			m.batch(id, list)
		}
	}
}

// batch sends a transfer with a key until it is answered, so it is done once or, after
// too many conflicts, not at all.
func (m *mover) batch(id string, list []request) {
	ops := make([]string, len(list))
	for i, r := range list {
		ops[i] = fmt.Sprintf(`{"method":"POST","path":%q,"body":%s}`, r.path, r.body)
	}
	body := `{"operations":[` + strings.Join(ops, ",") + `]}`
	switch status, text := send(m.t, m.base, m.http, "POST", "/batch", body, "Idempotency-Key", id); status {
	case http.StatusOK:
		m.acked[id] = true
	case http.StatusConflict:
	default:
		m.t.Errorf("batch: %d %s", status, text)
	}
}

// steps does a transfer in requests of one transaction.
func (m *mover) steps(id string, list []request, isolation string) {
	_, text := send(m.t, m.base, m.http, "POST", "/transactions", fmt.Sprintf(`{"isolation":%q}`, isolation))
	var begun struct {
		ID string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(text), &begun); err != nil || begun.ID == "" {
		m.t.Errorf("begin: %s %v", text, err)
		return
	}
	for i, r := range list {
		status, text := send(m.t, m.base, m.http, "POST", r.path, r.body, "Weft-Transaction", begun.ID, "Weft-Transaction-Seq", fmt.Sprint(i+1))
		switch status {
		case http.StatusOK, http.StatusCreated:
		case http.StatusGone, http.StatusConflict: // the server died, or another was first
			send(m.t, m.base, m.http, "POST", "/transactions/"+begun.ID+"/rollback", "")
			return
		default:
			m.t.Errorf("%s: %d %s", r.path, status, text)
			return
		}
	}
	switch status, text := send(m.t, m.base, m.http, "POST", "/transactions/"+begun.ID+"/commit", ""); status {
	case http.StatusOK:
		m.acked[id] = true
	case http.StatusGone, http.StatusConflict:
	default:
		m.t.Errorf("commit: %d %s", status, text)
	}
}

// look holds one snapshot, read by requests of a transaction, against the sum of all
// money, and the messages against the points.
func look(t *testing.T, base func() string, client *http.Client) (ok bool) {
	_, text := send(t, base, client, "POST", "/transactions", `{"read_only":true}`)
	var begun struct {
		ID string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(text), &begun); err != nil {
		t.Errorf("begin: %s %v", text, err)
		return false
	}
	ask := func(method, path, body string, into any) bool {
		status, text := send(t, base, client, method, path, body, "Weft-Transaction", begun.ID)
		if status == http.StatusGone || status == http.StatusNotFound {
			return false // the server died
		}
		if err := json.Unmarshal([]byte(text), into); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s %v", path, status, text, err)
			return false
		}
		return true
	}
	var sql struct {
		Data struct{ Rows [][]json.Number }
	}
	var docs struct {
		Documents []struct{ Data struct{ Balance int } }
	}
	var keys struct{ Keys []struct{ Value int } }
	var events struct {
		End int `json:"end_offset"`
	}
	var points struct {
		Series []struct{ Points []struct{ Timestamp int } }
	}
	if !ask("POST", "/query", `{"sql":"SELECT sum(balance) FROM purse"}`, &sql) ||
		!ask("POST", "/documents/collections/purses/query", `{"filter":{}}`, &docs) ||
		!ask("GET", "/kv/keys?bucket=purses", "", &keys) ||
		!ask("GET", "/streaming/channels/transfers/history?count=1", "", &events) ||
		!ask("POST", "/timeseries/query", `{"metric":"moved","precision":"s"}`, &points) {
		return false
	}
	sum, err := sql.Data.Rows[0][0].Int64()
	if err != nil {
		t.Error(err)
	}
	for _, d := range docs.Documents {
		sum += int64(d.Data.Balance)
	}
	for _, e := range keys.Keys {
		sum += int64(e.Value)
	}
	if sum != 3*purses*initial || len(docs.Documents) != purses || len(keys.Keys) != purses {
		t.Errorf("a snapshot has %d in %d documents and %d keys", sum, len(docs.Documents), len(keys.Keys))
	}
	n := 0
	for _, r := range points.Series {
		n += len(r.Points)
	}
	if n != events.End-1 {
		t.Errorf("a snapshot has %d points and %d messages", n, events.End-1)
	}
	send(t, base, client, "POST", "/transactions/"+begun.ID+"/rollback", "")
	return true
}

// TestKillTransfers: 16 clients move money over three models, in both isolations, while
// the server is killed again and again. Every snapshot has all of the money and as many
// points as messages; in the end the feeds of the models, read from their beginning, and
// the messages, too, make the state that is there, and each transfer that was
// acknowledged has one message, any other at most one.
func TestKillTransfers(t *testing.T) {
	lasts, every := 12*time.Second, 2*time.Second
	if testing.Short() {
		lasts, every = 4*time.Second, time.Second
	}
	if os.Getenv("WEFT_LONG") != "" {
		lasts, every = 10*time.Minute, 4*time.Second
	}
	bin, dir := serve.Build(t), t.TempDir()
	args := []string{"--set", "storage.checkpoint_bytes=256KiB", "--set", "storage.history=30m"}
	s := serve.Start(t, bin, dir, args...)
	var mu sync.Mutex
	url := s.URL
	base := func() string {
		mu.Lock()
		defer mu.Unlock()
		return url
	}
	setUpTransfers(t, base)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	movers := make([]*mover, modelClients)
	for i := range movers {
		m := &mover{t: t, base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute},
			rand: rand.New(rand.NewPCG(seed, uint64(i))), name: fmt.Sprintf("c%d", i), acked: map[string]bool{}}
		movers[i] = m
		wg.Go(func() { m.live(stop) })
	}
	looks := 0
	wg.Go(func() {
		client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
		defer client.CloseIdleConnections()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if look(t, base, client) {
				looks++
			}
		}
	})
	r := rand.New(rand.NewPCG(seed, modelClients))
	kills := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); kills++ {
		<-time.After(every/2 + time.Duration(r.Int64N(int64(every)))) // the moment of the crash is the point of the test
		mu.Lock()                                                     // until there is another: its port may become one of anybody's
		s.Kill()
		s = serve.Start(t, bin, dir, args...)
		url = s.URL
		mu.Unlock()
	}
	close(stop)
	wg.Wait()
	checkTransfers(t, base, movers)
	t.Logf("%d kills, %d snapshots", kills, looks)
	if looks == 0 {
		t.Error("no snapshot was read whole")
	}
	if t.Failed() {
		t.Logf("the server says:\n%s", s.Log())
	}
	s.Kill()
	if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
		t.Errorf("weft check at the end: %v\n%s", err, out)
	}
}

func setUpTransfers(t *testing.T, base func() string) {
	t.Helper()
	list := []request{{"/query", `{"sql":"CREATE TABLE purse (n int PRIMARY KEY, balance bigint NOT NULL)"}`}, {"/streaming/channels", `{"name":"transfers"}`}}
	for n := range purses {
		list = append(list, request{"/query", fmt.Sprintf(`{"sql":"INSERT INTO purse VALUES (%d, %d)"}`, n, initial)},
			request{"/documents/collections/purses/documents", fmt.Sprintf(`{"id":"p%d","document":{"balance":%d}}`, n, initial)},
			request{"/kv/keys", fmt.Sprintf(`{"bucket":"purses","key":"p%d","value":%d}`, n, initial)})
	}
	list = append(list, request{"/timeseries/metrics", `{"name":"moved"}`})
	for _, r := range list {
		if status, text := send(t, base, http.DefaultClient, "POST", r.path, r.body); status >= 300 {
			t.Fatalf("%s: %d %s", r.path, status, text)
		}
	}
}

// lines calls fn with the data of each message that a channel has.
func lines(t *testing.T, base func() string, channel string, fn func(key string, data []byte)) {
	t.Helper()
	res, err := http.Get(base() + "/api/v1/streaming/channels/" + channel + "/ndjson?follow=false&from=earliest")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	ended := false
	in := bufio.NewScanner(res.Body)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var line struct {
			Offset uint64
			Key    string
			Data   json.RawMessage
			End    json.RawMessage
		}
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			t.Fatalf("%v in %s", err, in.Bytes())
		}
		ended = ended || line.End != nil
		if line.Data != nil {
			fn(line.Key, line.Data)
		}
	}
	if err := in.Err(); err != nil || !ended {
		t.Fatalf("%s was cut off: %v", channel, err)
	}
}

// checkTransfers makes the state of the feeds and of the messages and compares.
func checkTransfers(t *testing.T, base func() string, movers []*mover) {
	t.Helper()
	balance := map[string]int{} // as the feeds have it
	for i, feed := range []string{"cdc.default.purse", "cdc.default.doc.purses", "cdc.default.kv.purses"} {
		lines(t, base, feed, func(key string, data []byte) {
			var e struct{ Before, After struct{ Balance, Value int } }
			if err := json.Unmarshal(data, &e); err != nil {
				t.Fatal(err)
			}
			p := purse{model: i}.String()
			p = p[:len(p)-1] + key[len(key)-1:]
			if had := balance[p]; had != e.Before.Balance+e.Before.Value {
				t.Errorf("%s: a change of %s begins at %d, and the one before left %d", feed, key, e.Before.Balance+e.Before.Value, had)
			}
			balance[p] = e.After.Balance + e.After.Value
		})
	}
	moved, seen := map[string]int{}, map[string]int{}
	for model := range 3 {
		for n := range purses {
			moved[purse{model, n}.String()] = initial
		}
	}
	lines(t, base, "transfers", func(key string, data []byte) {
		var e struct {
			From, To string
			Amount   int
		}
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		seen[key]++
		moved[e.From] -= e.Amount
		moved[e.To] += e.Amount
	})
	var rows struct{ Data struct{ Rows [][]any } }
	ask(t, base, "POST", "/query", `{"sql":"SELECT 'row' || n, balance FROM purse UNION ALL SELECT 'doc' || right(_id, 1), (data->>'balance')::bigint FROM doc.purses UNION ALL SELECT 'key' || right(key, 1), value::text::bigint FROM kv.purses"}`, &rows)
	for _, r := range rows.Data.Rows {
		p, n := r[0].(string), int(r[1].(float64))
		if balance[p] != n || moved[p] != n {
			t.Errorf("%s has %d; its feed makes it %d, the messages %d", p, n, balance[p], moved[p])
		}
	}
	if len(rows.Data.Rows) != 3*purses {
		t.Errorf("%d purses", len(rows.Data.Rows))
	}
	acked := 0
	for _, m := range movers {
		for id := range m.acked {
			acked++
			if seen[id] != 1 {
				t.Errorf("the transfer %s was acknowledged and has %d messages", id, seen[id])
			}
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("the transfer %s has %d messages", id, n)
		}
	}
	t.Logf("%d transfers acknowledged, %d in all", acked, len(seen))
	if acked < 50 {
		t.Error("the clients did next to nothing")
	}
}
