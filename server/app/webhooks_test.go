package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// endpoint takes what webhooks send, and refuses it at first where it is told to.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	refuse bool
	got    chan string // op and value of what was taken
	tried  chan string // and of what was refused
}

func newEndpoint(t *testing.T) *endpoint {
	e := &endpoint{got: make(chan string, 100), tried: make(chan string, 100)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var m struct {
			EventType string `json:"event_type"`
			Key       string
			Data      struct{ After struct{ V int } }
		}
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil {
			t.Errorf("%v in %s", err, b)
		}
		text := fmt.Sprintf("%s %s=%d", m.EventType, m.Key, m.Data.After.V)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
			select {
			case e.tried <- text:
			default: // it comes again and again
			}
			return
		}
		e.got <- text
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) refuses(yes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = yes
}

// TestWebhookOverRestart: what was not taken before the server stopped, and what changes
// after it is back, is sent then, in the order of keys; also for changes of a table.
func TestWebhookOverRestart(t *testing.T) {
	e := newEndpoint(t)
	c := configure(t, "server.webhook_networks=127.0.0.1/32")
	a := start(t, c, Options{})
	waitReady(t, a)
	want := func(status int, body string, want int) {
		t.Helper()
		if status != want {
			t.Fatalf("status %d, want %d: %s", status, want, body)
		}
	}
	status, body := sql(t, a, "CREATE TABLE x (id int PRIMARY KEY, v int)")
	want(status, body, 200)
	{
		const feed = "cdc.default.x"
		status, body = call(t, "POST", a.URL()+"/api/v1/streaming/channels/"+feed+"/webhooks",
			fmt.Sprintf(`{"name":"w","url":%q,"secret":"0123456789abcdef","order":"key","timeout_ms":60000,"backoff_ms":1,"max_backoff_ms":1,"max_attempts":-1}`, e.URL))
		want(status, body, 201)
	}
	next := func(from chan string) string { return <-from }
	status, body = sql(t, a, "INSERT INTO x VALUES (1, 1)")
	want(status, body, 200)
	if got := next(e.got); got != "insert 1=1" {
		t.Errorf("taken was %s", got)
	}
	e.refuses(true)
	status, body = sql(t, a, "UPDATE x SET v = 2")
	want(status, body, 200)
	if got := next(e.tried); got != "update 1=2" {
		t.Errorf("tried was %s", got)
	}
	status, body = sql(t, a, "UPDATE x SET v = 3")
	want(status, body, 200)
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	e.refuses(false)

	a = start(t, c, Options{})
	waitReady(t, a)
	status, body = sql(t, a, "UPDATE x SET v = 4")
	want(status, body, 200)
	last := ""
	for i := 2; i <= 4; i++ {
		got := next(e.got)
		for got == last { // under way when the server stopped: taken, and nobody to tell
			got = next(e.got)
		}
		if last = got; got != fmt.Sprintf("update 1=%d", i) {
			t.Errorf("taken was %s, want update 1=%d", got, i)
		}
	}
	if status, body := call(t, "GET", a.URL()+"/api/v1/streaming/channels/cdc.default.x/webhooks/w", ""); status != 200 || !strings.Contains(body, `"url":`) {
		t.Errorf("%d %s", status, body)
	}
}
