package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/streaming"
)

// raw sends a request over a connection of its own.
func raw(t *testing.T, ts *httptest.Server, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

// settled waits until no subscription is left.
func settled(t *testing.T, s *Server, st *streaming.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.EndSockets(ctx)
	for (s.inFlight.Load() != 0 || s.gate.inside.Load() != 0) && ctx.Err() == nil { // the requests may end after their streams
		runtime.Gosched()
	}
	if ctx.Err() != nil {
		t.Fatal("subscriptions did not end")
	}
	if n := st.Subscribers("c"); n != 0 || s.subscribers.Load() != 0 || s.inFlight.Load() != 0 || s.gate.inside.Load() != 0 {
		t.Errorf("left are %d subscriptions; counted are %d, %d requests, %d that use the database", n, s.subscribers.Load(), s.inFlight.Load(), s.gate.inside.Load())
	}
}

// TestTakenOver: a stream without net/http is the same answer: its headers, in chunks, with
// an end that tells it from one that broke off.
func TestTakenOver(t *testing.T) {
	for _, path := range []string{"sse", "ndjson"} {
		ts, s, f := listening(t, Options{})
		published(2)(nil, f)
		conn := raw(t, ts, "GET "+channelsURL+"/c/"+path+"?from=earliest HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nAccept-Encoding: gzip\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		h := res.Header
		if res.StatusCode != 200 || len(res.TransferEncoding) != 1 || !res.Close || h.Get("X-Request-Id") != "mine" || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Date") == "" || h.Get("Content-Encoding") != "" || !strings.HasPrefix(h.Get("Content-Type"), map[string]string{"sse": "text/event-stream", "ndjson": "application/x-ndjson"}[path]) {
			t.Errorf("%s: %+v", path, res)
		}
		go s.Drain()
		all, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(all), "SHUTTING_DOWN") || !strings.Contains(string(all), "mine") {
			t.Errorf("%s: %v, %s", path, err, all)
		}
		settled(t, s, f.stream())
	}
}

// TestTakenOverBeforeHTTP11: a client that knows no chunks has its stream from net/http.
func TestTakenOverBeforeHTTP11(t *testing.T) {
	ts, s, f := listening(t, Options{})
	conn := raw(t, ts, "GET "+channelsURL+"/c/sse HTTP/1.0\r\nHost: x\r\n\r\n")
	go func() {
		for s.subscribers.Load() == 0 {
			runtime.Gosched()
		}
		s.Drain()
	}()
	all, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(all), "event: subscribed\n") || !strings.HasSuffix(string(all), "\n\n") || strings.Contains(string(all), "chunked") {
		t.Errorf("%v, %s", err, all)
	}
	for s.inFlight.Load() != 0 {
		runtime.Gosched()
	}
	settled(t, s, f.stream())
}

// TestTakenOverLeavesNothing: clients that go, and ones that take nothing, are let go.
func TestTakenOverLeavesNothing(t *testing.T) {
	ts, s, f := listening(t, Options{})
	published(1)(nil, f)
	request := "GET " + channelsURL + "/c/sse HTTP/1.1\r\nHost: x\r\n\r\n"
	for i := range 20 {
		conn := raw(t, ts, request)
		if i%2 == 0 {
			if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
	}
	for s.subscribers.Load() != 0 { // they are noticed without a message
		runtime.Gosched()
	}
	stuck := raw(t, ts, request)
	if _, err := stuck.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	big := streaming.Content{Data: make([]byte, streaming.MaxDataBytes)}
	for range 20 { // more than the kernel takes
		if _, err := f.stream().Publish(t.Context(), "c", big); err != nil {
			t.Fatal(err)
		}
	}
	s.Drain()
	settled(t, s, f.stream())
}

// TestTakenOverAreBounded: who comes when there are too many is told so.
func TestTakenOverAreBounded(t *testing.T) {
	ts, s, f := listening(t, Options{})
	published(1)(nil, f)
	s.subscribers.Store(maxSubscribers)
	res, err := http.Get(ts.URL + channelsURL + "/c/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", res.StatusCode)
	}
	if got := fmt.Sprint(s.subscribers.Swap(0)); got != fmt.Sprint(maxSubscribers) {
		t.Errorf("%s are counted", got)
	}
}
