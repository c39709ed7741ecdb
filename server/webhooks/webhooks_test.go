package webhooks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// endpoint is what a webhook sends to.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string
	status func(n int, body string) int // of the n-th request
	more   chan struct{}
}

func newEndpoint(t *testing.T) *endpoint {
	e := &endpoint{status: func(int, string) int { return 204 }, more: make(chan struct{}, 1000)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		at, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Weft-Signature"), "t="), ",")
		var sec int64
		fmt.Sscan(at, &sec) //nolint:errcheck // the signature would not match
		if r.Header.Get("Weft-Signature") != Signature([]byte(secret), time.Unix(sec, 0), b) || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the signature of %s is %v", b, r.Header)
		}
		e.mu.Lock()
		e.got = append(e.got, string(b))
		status := e.status(len(e.got), string(b))
		e.mu.Unlock()
		if status == 302 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		e.more <- struct{}{}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) wait(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-e.more:
		case <-t.Context().Done():
			t.Fatal("no request came")
		case <-time.After(time.Minute):
			t.Fatal("no request came for a minute")
		}
	}
}

const secret = "0123456789abcdef"

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func open(t *testing.T) *streaming.Store {
	t.Helper()
	txns, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := streaming.Open(txns, streaming.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); txns.Close() })
	return s
}

func sender(t *testing.T, allow []netip.Prefix) *Sender {
	s := New(Options{Allow: allow, Agent: "weft/test", Encode: func(m *streaming.Message) []byte { return m.Data }})
	t.Cleanup(s.Close)
	return s
}

func hookOf(t *testing.T, store *streaming.Store, url string, o streaming.WebhookOptions) streaming.Webhook {
	t.Helper()
	o.From = streaming.Earliest
	w, err := store.CreateWebhook(t.Context(), streaming.Webhook{Channel: "c", Name: "h", URL: url, Secret: []byte(secret), Backoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond}, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func publish(t *testing.T, s *streaming.Store, list ...string) {
	t.Helper()
	for _, data := range list {
		if _, err := s.Publish(t.Context(), "c", streaming.Content{Data: []byte(data), Key: data[:1]}); err != nil {
			t.Fatal(err)
		}
	}
}

// settled waits until a webhook has nothing left to do.
func settled(t *testing.T, s *streaming.Store, w *streaming.Webhook) streaming.GroupInfo {
	t.Helper()
	for {
		i, err := s.Group(t.Context(), "c", w.GroupName())
		if err != nil {
			t.Fatal(err)
		}
		if i.Lag == 0 && i.InFlight == 0 {
			return i
		}
		select {
		case <-time.After(time.Millisecond): // of another goroutine
		case <-t.Context().Done():
			t.Fatalf("it is at %+v", i)
		}
	}
}

// TestAddedAtTheSameTime: of those that add one webhook at the same time one sends, and none
// when it is removed.
func TestAddedAtTheSameTime(t *testing.T) {
	store, e := open(t), newEndpoint(t)
	publish(t, store, "a1")
	w := hookOf(t, store, e.URL, streaming.WebhookOptions{})
	s := sender(t, loopback)
	for range 20 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { s.Add("d", store, w) })
		}
		all.Wait()
		s.Remove("d", w.Channel, w.Name)
	}
	s.work.Wait()
}

// TestDelivers: what is published comes, also what was published while nobody sent, what
// is refused comes again, and a message that is refused too often is a dead letter.
func TestDelivers(t *testing.T) {
	store, e := open(t), newEndpoint(t)
	publish(t, store, "a1", "b1")
	w := hookOf(t, store, e.URL, streaming.WebhookOptions{MaxAttempts: 3, DeadLetter: "dead"})
	e.status = func(n int, body string) int {
		switch {
		case body == "b1" && n < 3:
			return 503
		case body == "x1":
			return 302 // a redirect is not followed, and is no success
		}
		return 200
	}
	s := sender(t, loopback)
	s.Add("default", store, w)
	e.wait(t, 3) // a1, b1, b1
	publish(t, store, "x1", "c1")
	e.wait(t, 4) // x1 three times, c1
	i := settled(t, store, &w)
	if i.Buried != 1 {
		t.Errorf("%+v", i)
	}
	if p, err := store.History(t.Context(), "dead", streaming.HistoryOptions{}); err != nil || len(p.Messages) != 1 || string(p.Messages[0].Data) != "x1" {
		t.Errorf("%+v, %v", p, err)
	}
	if st, ok := s.Status("default", "c", "h"); !ok || st.Delivered != 3 || st.Failed < 4 {
		t.Errorf("%+v, %v", st, ok)
	}
	s.Close()
	publish(t, store, "d1")
	again := sender(t, loopback) // another life goes on where this one was
	again.Add("default", store, w)
	e.wait(t, 1)
	settled(t, store, &w)
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := e.got[len(e.got)-1]; last != "d1" {
		t.Errorf("got %v", e.got)
	}
}

// TestOrder: messages of a key come one after the other, whatever fails.
func TestOrder(t *testing.T) {
	store, e := open(t), newEndpoint(t)
	e.status = func(n int, _ string) int {
		if n%3 == 0 {
			return 500
		}
		return 200
	}
	var taken []string
	status := e.status
	e.status = func(n int, body string) int {
		st := status(n, body)
		if st == 200 {
			taken = append(taken, body)
		}
		return st
	}
	publish(t, store, "a1", "b1", "a2", "a3", "b2", "a4", "b3", "a5")
	w := hookOf(t, store, e.URL, streaming.WebhookOptions{Ordered: true, MaxAttempts: streaming.NoLimit})
	sender(t, loopback).Add("default", store, w)
	settled(t, store, &w)
	e.mu.Lock()
	defer e.mu.Unlock()
	last := map[byte]byte{}
	for _, m := range taken {
		if m[1] != last[m[0]]+1 && last[m[0]] != 0 || last[m[0]] == 0 && m[1] != '1' {
			t.Errorf("%s came after %c: %v", m, last[m[0]], taken)
		}
		last[m[0]] = m[1]
	}
}

// TestWithoutOrder: a message that is refused does not hold up those with the same key, nor
// are they given up without being sent.
func TestWithoutOrder(t *testing.T) {
	store, e := open(t), newEndpoint(t)
	e.status = func(_ int, body string) int {
		if body == "a1" {
			return 500
		}
		return 200
	}
	publish(t, store, "a1", "a2", "a3", "a4")
	w := hookOf(t, store, e.URL, streaming.WebhookOptions{MaxAttempts: 3})
	s := sender(t, loopback)
	s.Add("default", store, w)
	e.wait(t, 6) // a1 three times
	if i := settled(t, store, &w); i.GivenUp != 1 {
		t.Errorf("%+v", i)
	}
	if st, ok := s.Status("default", "c", "h"); !ok || st.Delivered != 3 || st.Failed != 3 {
		t.Errorf("%+v, %v", st, ok)
	}
}

// TestGuard: nothing is sent to where it may not, whatever the name resolves to.
func TestGuard(t *testing.T) {
	store, e := open(t), newEndpoint(t)
	publish(t, store, "a1")
	for _, url := range []string{e.URL, strings.Replace(e.URL, "127.0.0.1", "localhost", 1)} {
		w := hookOf(t, store, url, streaming.WebhookOptions{MaxAttempts: 2})
		s := sender(t, nil)
		s.Add("default", store, w)
		if i := settled(t, store, &w); i.GivenUp != 1 {
			t.Errorf("%s: %+v", url, i)
		}
		if st, _ := s.Status("default", "c", "h"); st.Failed != 2 || !strings.Contains(st.LastError, "not public") {
			t.Errorf("%s: %+v", url, st)
		}
		s.Close()
		if err := store.DropWebhook(t.Context(), "c", "h"); err != nil {
			t.Fatal(err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.got) != 0 {
		t.Errorf("%d requests came", len(e.got))
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false, "240.0.0.1": false, "198.18.0.1": false, "::1": false, "::": false, "::ffff:127.0.0.1": false,
		"::ffff:8.8.8.8": true, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "fec0::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if !Allowed(netip.MustParseAddr("::ffff:10.0.0.1"), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Error("an allowed network is refused")
	}
}

func TestBackoff(t *testing.T) {
	w := streaming.Webhook{Backoff: time.Second, MaxBackoff: 10 * time.Second}
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 500: 10 * time.Second} {
		if d := backoff(&w, attempt); d > want || d < want*3/4 {
			t.Errorf("attempt %d: %v, want %v or a quarter less", attempt, d, want)
		}
	}
}

// TestSlowEndpoint: an endpoint that does not answer is given up, and Close does not
// wait for it.
func TestSlowEndpoint(t *testing.T) {
	store := open(t)
	asked, end := make(chan struct{}, 10), make(chan struct{})
	e := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-end:
		}
	}))
	defer e.Close()
	defer close(end)
	publish(t, store, "a1")
	w, err := store.CreateWebhook(context.Background(), streaming.Webhook{Channel: "c", Name: "h", URL: e.URL, Secret: []byte(secret), Timeout: 20 * time.Millisecond, Backoff: time.Millisecond}, streaming.WebhookOptions{From: streaming.Earliest})
	if err != nil {
		t.Fatal(err)
	}
	s := sender(t, loopback)
	s.Add("default", store, w)
	<-asked
	<-asked // it was tried again
	s.Close()
}
