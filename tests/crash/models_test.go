package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

const (
	modelClients = 16
	counters     = 4   // keys that all clients increment
	registers    = 2   // keys that all clients compare and set
	slots        = 120 // values that a document can have alone
)

// modelClient is a client and what it knows: each request has a key and is sent until
// it is answered, so in the end all of it is certain.
type modelClient struct {
	t      *testing.T
	base   func() string
	http   *http.Client
	rand   *rand.Rand
	name   string
	n      int
	counts [counters]int64
	swaps  [registers]int64
	docs   map[string]int // the documents of this client, by their slots
	brief  int            // keys and documents that expire at once
	lasts  []string       // keys and documents that do not
}

// do sends a request with a key of its own and decodes the answer.
func (c *modelClient) do(path, body string, into any) int {
	c.n++
	status, text := send(c.t, c.base, c.http, "POST", path, body, "Idempotency-Key", fmt.Sprintf("%s-%d", c.name, c.n))
	if into != nil && status < 300 {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			c.t.Errorf("%s: %v in %s", path, err, text)
		}
	}
	if status >= 500 || status == 400 || status == 422 {
		c.t.Errorf("%s %s: %d %s", path, body, status, text)
	}
	return status
}

func (c *modelClient) increment() {
	k := c.rand.IntN(counters)
	if c.do("/kv/increment", fmt.Sprintf(`{"key":"count%d","by":1}`, k), nil) == http.StatusOK {
		c.counts[k]++
	}
}

// swap adds one to a register by compare and set, if nobody else did so in between.
func (c *modelClient) swap() {
	k := c.rand.IntN(registers)
	var out struct {
		Swapped bool `json:"swapped"`
	}
	c.do("/kv/cas", fmt.Sprintf(`{"key":"register%d","expected":%d,"value":%[2]d}`, k, -1), &out) // never swaps, and must not
	if out.Swapped {
		c.t.Error("a register has had a value that nobody gave it")
	}
	status, text := send(c.t, c.base, c.http, "GET", fmt.Sprintf("/kv/keys/register%d", k), "")
	var entry struct {
		Value int64 `json:"value"`
	}
	if err := json.Unmarshal([]byte(text), &entry); err != nil || status != http.StatusOK {
		c.t.Errorf("register: %d %s %v", status, text, err)
		return
	}
	c.do("/kv/cas", fmt.Sprintf(`{"key":"register%d","expected":%d,"value":%d}`, k, entry.Value, entry.Value+1), &out)
	if out.Swapped {
		c.swaps[k]++
	}
}

// claim makes a document of a slot, which the unique index allows to one only.
func (c *modelClient) claim() {
	id, slot := fmt.Sprintf("%s-%d", c.name, c.n), c.rand.IntN(slots)
	status := c.do("/documents/collections/claims/documents", fmt.Sprintf(`{"id":%q,"document":{"slot":%d,"tags":["t%d",%q],"text":"claim of word%s"}}`, id, slot, slot%7, id, word(id)), nil)
	switch status {
	case http.StatusCreated:
		c.docs[id] = slot
	case http.StatusConflict:
	default:
		c.t.Errorf("insert: %d", status)
	}
}

// word is an id as one word of a text.
func word(id string) string {
	b := []byte(id)
	return string(slices.DeleteFunc(b, func(x byte) bool { return x == '-' }))
}

func (c *modelClient) release() {
	for id := range c.docs {
		var out struct {
			Deleted int `json:"deleted"`
		}
		c.do("/documents/collections/claims/batch-delete", fmt.Sprintf(`{"ids":[%q]}`, id), &out)
		if out.Deleted != 1 {
			c.t.Errorf("the document %s was deleted %d times", id, out.Deleted)
		}
		delete(c.docs, id)
		return
	}
}

// move gives a document of this client another slot, which may be taken.
func (c *modelClient) move() {
	for id := range c.docs {
		slot := c.rand.IntN(slots)
		status := c.do("/documents/collections/claims/update", fmt.Sprintf(`{"filter":{"_id":%q},"update":{"$set":{"slot":%d}}}`, id, slot), nil)
		switch status {
		case http.StatusOK:
			c.docs[id] = slot
		case http.StatusConflict:
		default:
			c.t.Errorf("move: %d", status)
		}
		return
	}
}

// expire writes a key and a document together that expire at once, or in a day.
func (c *modelClient) expire() {
	id := fmt.Sprintf("%s-%d", c.name, c.n)
	ttl, at := "0.05", time.Now().Add(-time.Hour)
	if c.rand.IntN(3) == 0 {
		ttl, at = "86400", time.Now().Add(24*time.Hour)
		c.lasts = append(c.lasts, id)
	} else {
		c.brief++
	}
	c.do("/batch", fmt.Sprintf(`{"operations":[{"method":"POST","path":"/kv/keys","body":{"bucket":"brief","key":%q,"value":1,"ttl":%s}},
		{"method":"POST","path":"/documents/collections/brief/documents","body":{"id":%[1]q,"document":{"at":%[3]q}}}]}`, id, ttl, at.UTC().Format(time.RFC3339)), nil)
}

func (c *modelClient) live(stop <-chan struct{}) {
	defer c.http.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		switch c.rand.IntN(9) {
		case 0, 1:
			c.increment()
		case 2, 3:
			c.swap()
		case 4, 5:
			c.claim()
		case 6:
			c.release()
		case 7:
			c.move()
		default:
			c.expire()
		}
	}
}

// TestKillModels: keys and documents under 16 clients, with the server killed again and
// again. In the end every increment and swap is there once, every slot has the
// document of whoever was told to have it, what expired is gone and the rest is not,
// the full-text index has what the collection has, and after each kill all indexes are
// what building them anew would make.
func TestKillModels(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 200
	}
	bin, dir := serve.Build(t), t.TempDir()
	args := []string{"--set", "storage.checkpoint_bytes=256KiB"}
	s := serve.Start(t, bin, dir, args...)
	var mu sync.Mutex
	url := s.URL
	base := func() string {
		mu.Lock()
		defer mu.Unlock()
		return url
	}
	setUpModels(t, base)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	list := make([]*modelClient, modelClients)
	for i := range list {
		c := &modelClient{t: t, base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute},
			rand: rand.New(rand.NewPCG(seed, uint64(i))), name: fmt.Sprintf("c%d", i), docs: map[string]int{}}
		list[i] = c
		wg.Go(func() { c.live(stop) })
	}
	r := rand.New(rand.NewPCG(seed, modelClients))
	for round := range rounds {
		<-time.After(time.Duration(50+r.IntN(400)) * time.Millisecond) // the moment of the crash is the point of the test
		mu.Lock()                                                      // until there is another: its port may become one of anybody's
		s.Kill()
		if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
			t.Errorf("round %d: weft check: %v\n%s", round, err, out)
		}
		s = serve.Start(t, bin, dir, args...)
		url = s.URL
		mu.Unlock()
	}
	close(stop)
	wg.Wait()
	checkModels(t, base, list)
	if t.Failed() {
		t.Logf("the server says:\n%s", s.Log())
	}
	s.Kill()
	if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
		t.Errorf("weft check at the end: %v\n%s", err, out)
	}
}

func setUpModels(t *testing.T, base func() string) {
	t.Helper()
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/documents/collections", `{"name":"claims","indexes":[{"fields":["slot"],"unique":true},{"fields":["tags"]},{"fields":["text"],"kind":"hash"}]}`},
		{"PUT", "/documents/collections/claims/text", `{"fields":["text"]}`},
		{"POST", "/documents/collections", `{"name":"brief","indexes":[{"fields":["at"],"ttl_seconds":0}]}`},
		{"POST", "/kv/buckets", `{"name":"brief"}`},
		{"POST", "/kv/batch/set", `{"entries":[{"key":"register0","value":0},{"key":"register1","value":0}]}`},
	} {
		if status, text := send(t, base, http.DefaultClient, r.method, r.path, r.body); status >= 300 {
			t.Fatalf("%s: %d %s", r.path, status, text)
		}
	}
}

// ask sends a request and decodes its answer.
func ask(t *testing.T, base func() string, method, path, body string, into any) {
	t.Helper()
	status, text := send(t, base, http.DefaultClient, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, text)
	}
}

func checkModels(t *testing.T, base func() string, list []*modelClient) {
	t.Helper()
	total := int64(0)
	number := func(key string, want int64) {
		t.Helper()
		var entry struct {
			Value int64 `json:"value"`
		}
		ask(t, base, "GET", "/kv/keys/"+key, "", &entry)
		if entry.Value != want {
			t.Errorf("%s is %d, and %d were acknowledged", key, entry.Value, want)
		}
		total += want
	}
	for k := range counters {
		sum := int64(0)
		for _, c := range list {
			sum += c.counts[k]
		}
		number(fmt.Sprintf("count%d", k), sum)
	}
	for k := range registers {
		sum := int64(0)
		for _, c := range list {
			sum += c.swaps[k]
		}
		number(fmt.Sprintf("register%d", k), sum)
	}
	claimed := checkClaims(t, base, list)
	brief, lasting := checkBrief(t, base, list)
	t.Logf("%d increments and swaps, %d slots taken, %d expired, %d that last", total, claimed, brief, lasting)
	if total < 100 || claimed == 0 || brief == 0 || lasting == 0 {
		t.Error("the clients did next to nothing")
	}
}

// checkClaims holds the collection, by its unique index, and its full-text index
// against what the clients were told.
func checkClaims(t *testing.T, base func() string, list []*modelClient) int {
	t.Helper()
	want := map[int]string{}
	for _, c := range list {
		for id, slot := range c.docs {
			if other, taken := want[slot]; taken {
				t.Errorf("the slot %d was given to %s and %s", slot, other, id)
			}
			want[slot] = id
		}
	}
	type page struct {
		Documents []struct {
			ID   string `json:"id"`
			Data struct {
				Slot int `json:"slot"`
			} `json:"data"`
		} `json:"documents"`
		Total int `json:"total"`
		Hits  []struct {
			ID string `json:"id"`
		} `json:"hits"`
	}
	for _, filter := range []string{`{}`, `{"slot":{"$gte":0}}`} {
		var got page
		ask(t, base, "POST", "/documents/collections/claims/query", `{"filter":`+filter+`}`, &got)
		for _, d := range got.Documents {
			if want[d.Data.Slot] != d.ID {
				t.Errorf("%s: the slot %d has the document %q, want %q", filter, d.Data.Slot, d.ID, want[d.Data.Slot])
			}
		}
		if len(got.Documents) != len(want) {
			t.Errorf("%s: %d documents, want %d", filter, len(got.Documents), len(want))
		}
	}
	var all page
	ask(t, base, "POST", "/documents/collections/claims/search", `{"query":"claims","limit":1000,"consistency":"strong"}`, &all)
	if all.Total != len(want) {
		t.Errorf("the full-text index has %d documents, the collection %d", all.Total, len(want))
	}
	for _, id := range want {
		var got page
		ask(t, base, "POST", "/documents/collections/claims/search", fmt.Sprintf(`{"query":"word%s"}`, word(id)), &got)
		if len(got.Hits) != 1 || got.Hits[0].ID != id {
			t.Errorf("the full-text index gives %v for the word of %s", got.Hits, id)
		}
	}
	return len(want)
}

// checkBrief waits for what expired to be removed, and wants the rest to be there. A
// key that has expired is not seen even before.
func checkBrief(t *testing.T, base func() string, list []*modelClient) (brief, lasting int) {
	t.Helper()
	var keep []string
	for _, c := range list {
		keep = append(keep, c.lasts...)
		brief += c.brief
	}
	<-time.After(60 * time.Millisecond) // until the last key has expired
	var keys struct {
		Count int `json:"count"`
	}
	ask(t, base, "GET", "/kv/count?bucket=brief&exact=true", "", &keys)
	if keys.Count != len(keep) {
		t.Errorf("%d keys are there, want %d", keys.Count, len(keep))
	}
	var docs struct {
		Count int `json:"count"`
	}
	for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(20 * time.Millisecond) { // another process gives no event to wait for
		ask(t, base, "POST", "/documents/collections/brief/count", `{}`, &docs)
		if docs.Count == len(keep) || time.Now().After(deadline) {
			break
		}
	}
	if docs.Count != len(keep) {
		t.Errorf("%d documents are there, want %d", docs.Count, len(keep))
	}
	for _, id := range keep {
		for _, path := range []string{"/kv/keys/" + id + "?bucket=brief", "/documents/collections/brief/documents/" + id} {
			if status, text := send(t, base, http.DefaultClient, "GET", path, ""); status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, text)
			}
		}
	}
	return brief, len(keep)
}
