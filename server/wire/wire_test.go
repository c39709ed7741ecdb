package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/server/wire"
)

const lead = "X-One: 1\r\nX-Two: 2\r\n"

// serve serves h over connections of the package and returns where.
func serve(t *testing.T, h http.HandlerFunc, change func(*http.Server)) string {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(h)
	ts.Listener.Close()
	ts.Listener, ts.Config.ConnContext = l, wire.Context
	if change != nil {
		change(ts.Config)
	}
	ts.Start()
	t.Cleanup(ts.Close)
	return ts.Listener.Addr().String()
}

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// TestLines: the lines stand once in each final answer, whatever its kind, and nowhere
// else, also where requests are sent before the answers are read.
func TestLines(t *testing.T) {
	long := strings.Repeat("long ", 5000)
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c := wire.Of(r.Context())
		if r.URL.Path != "/without" {
			c.Lead("X-Other: 0\r\n") // replaced
			c.Lead(lead)
			c.Add("X-Path", r.URL.Path)
		}
		switch r.URL.Path {
		case "/empty":
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "body")
		case "/long":
			for range 3 {
				io.WriteString(w, long)
			}
		case "/flushed":
			io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			io.WriteString(w, "b")
		case "/headers": // more than net/http writes at once
			w.Header().Set("X-Long", long)
		case "/dropped":
			c.Drop()
			io.WriteString(w, "HTTP/1.1 200 in the body")
		default:
			b, _ := io.ReadAll(r.Body)
			w.Write(b)
		}
	}, nil)
	requests := []struct{ request, body string }{
		{"GET /empty HTTP/1.1", ""},
		{"GET /none HTTP/1.1", ""},
		{"GET /early HTTP/1.1", "body"},
		{"GET /long HTTP/1.1", long + long + long},
		{"GET /flushed HTTP/1.1", "ab"},
		{"HEAD /flushed HTTP/1.1", ""},
		{"GET /headers HTTP/1.1", ""},
		{"GET /without HTTP/1.1", ""},
		{"GET /dropped HTTP/1.1", "HTTP/1.1 200 in the body"},
		{"POST /echo HTTP/1.1\r\nContent-Length: 24", "HTTP/1.1 200 in the body"},
		{"POST /continued HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 24", "HTTP/1.1 200 in the body"},
		{"GET /old HTTP/1.0\r\nConnection: keep-alive", ""},
		{"GET /last HTTP/1.0", ""},
	}
	conn, answers := dial(t, addr)
	for _, r := range requests {
		head, _, _ := strings.Cut(r.request, " ")
		fmt.Fprintf(conn, "%s\r\nHost: x\r\n\r\n", r.request)
		if head == "POST" {
			io.WriteString(conn, r.body)
		}
	}
	for _, r := range requests {
		method, rest, _ := strings.Cut(r.request, " ")
		path, _, _ := strings.Cut(rest, " ")
		res, err := http.ReadResponse(answers, &http.Request{Method: method})
		for err == nil && res.StatusCode < 200 {
			if len(res.Header["X-One"]) > 0 {
				t.Errorf("%s: the interim answer has %v", path, res.Header)
			}
			res, err = http.ReadResponse(answers, &http.Request{Method: method})
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got := fmt.Sprint(res.Header["X-One"], res.Header["X-Two"], res.Header["X-Path"], res.Header["X-Other"])
		want := "[1] [2] [" + path + "] []"
		if path == "/without" || path == "/dropped" {
			want = "[] [] [] []"
		}
		body, err := io.ReadAll(res.Body)
		if got != want || string(body) != r.body || err != nil || len(res.Header["Date"]) != 1 {
			t.Errorf("%s: got %s, want %s; body of %d bytes, want %d (%v)", path, got, want, len(body), len(r.body), err)
		}
	}
	if b, err := io.ReadAll(answers); len(b) > 0 || err != nil {
		t.Errorf("more than the answers: %q, %v", b, err)
	}
}

// TestWritten: Write tells how much of what it was given is written, without the lines.
func TestWritten(t *testing.T) {
	done := make(chan struct{})
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		c := wire.Of(r.Context())
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if conn != net.Conn(c) {
			t.Error("another connection was hijacked")
		}
		c.Lead(lead)
		const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
		if n, err := c.Write([]byte(answer)); n != len(answer) || err != nil {
			t.Errorf("%d bytes of %d are written: %v", n, len(answer), err)
		}
	}, nil)
	conn, r := dial(t, addr)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	all, err := io.ReadAll(r)
	<-done
	if want := "HTTP/1.1 200 OK\r\n" + lead + "Content-Length: 2\r\n\r\nok"; string(all) != want || err != nil {
		t.Errorf("got %q (%v), want %q", all, err, want)
	}
}

// pair is a connection of the package and its other end.
func pair(t *testing.T) (*wire.Conn, net.Conn) {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other, _ := dial(t, l.Addr().String())
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*wire.Conn), other
}

// TestDeadlines: reads fail once their deadline is over, near or far, set before or while
// they wait, and go on once there is another.
func TestDeadlines(t *testing.T) {
	set := map[string]func(c *wire.Conn, at time.Time) error{
		"SetReadDeadline": (*wire.Conn).SetReadDeadline, "SetDeadline": (*wire.Conn).SetDeadline,
	}
	for name, set := range set {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testDeadlines(t, set)
		})
	}
}

func testDeadlines(t *testing.T, set func(c *wire.Conn, at time.Time) error) {
	c, other := pair(t)
	var b [8]byte
	timedOut := func(what string, from time.Time, least, most time.Duration) {
		t.Helper()
		_, err := c.Read(b[:])
		ne, ok := err.(net.Error) //nolint:errorlint // as net/http asks
		if took := time.Since(from); !ok || !ne.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) || took < least || took > most {
			t.Errorf("%s: %v after %v", what, err, took)
		}
	}
	reads := func(what string) {
		t.Helper()
		if what != "late" {
			io.WriteString(other, what)
		}
		if n, err := c.Read(b[:]); string(b[:n]) != what || err != nil {
			t.Errorf("%s: %q, %v", what, b[:n], err)
		}
	}
	for _, d := range []time.Duration{30 * time.Millisecond, 2600 * time.Millisecond} {
		now := time.Now()
		set(c, now.Add(d))
		timedOut("ahead", now, d, d+time.Minute)
		timedOut("still", time.Now(), 0, time.Minute)
		set(c, time.Time{})
		reads("none")
	}
	set(c, time.Unix(1, 0))
	io.WriteString(other, "late")
	timedOut("past", time.Now(), 0, time.Minute)
	set(c, time.Now().Add(time.Hour))
	reads("late")

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		timedOut("while it reads", time.Now(), 0, time.Minute)
	}()
	for !c.Reading() {
		runtime.Gosched()
	}
	set(c, time.Unix(1, 0))
	<-ended
	set(c, time.Time{})
	reads("again")
}

// TestWriteDeadline: writes to who takes nothing fail in time, and go on without a deadline.
func TestWriteDeadline(t *testing.T) {
	for name, set := range map[string]func(c *wire.Conn, at time.Time) error{
		"SetWriteDeadline": (*wire.Conn).SetWriteDeadline, "SetDeadline": (*wire.Conn).SetDeadline,
	} {
		c, other := pair(t)
		set(c, time.Now().Add(20*time.Millisecond))
		var err error
		for err == nil {
			_, err = c.Write(make([]byte, 1<<20))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		set(c, time.Time{})
		go io.Copy(io.Discard, other)
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			t.Errorf("%s: %v without a deadline", name, err)
		}
	}
}

// TestTimeouts: net/http's own timeouts end connections that send nothing, or half a header.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for _, d := range []time.Duration{50 * time.Millisecond, 2600 * time.Millisecond} {
		addr := serve(t, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) {
			s.ReadHeaderTimeout, s.IdleTimeout = d, d
		})
		for _, request := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n"} {
			start := time.Now()
			conn, r := dial(t, addr)
			io.WriteString(conn, request)
			all.Go(func() {
				_, err := io.Copy(io.Discard, r)
				if took := time.Since(start); err != nil || took < d || took > d+time.Minute {
					t.Errorf("%q with %v: ended after %v (%v)", request, d, took, err)
				}
			})
		}
	}
	all.Wait()
}

// TestGone: a handler that waits learns that its client has gone.
func TestGone(t *testing.T) {
	in, out := make(chan struct{}), make(chan error)
	addr := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(in)
		<-r.Context().Done()
		out <- context.Cause(r.Context())
	}, nil)
	conn, _ := dial(t, addr)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-in
	conn.Close()
	if err := <-out; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestForeign: connections of others have no Conn.
func TestForeign(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if c := wire.Of(wire.Context(t.Context(), a)); c != nil {
		t.Error("a pipe is taken for a Conn")
	}
}

// TestSweepEnds: nothing is left to look after once connections are closed.
func TestSweepEnds(t *testing.T) {
	c, _ := pair(t)
	if n, sweeps := c.Watched(); n != 1 || !sweeps {
		t.Errorf("%d connections, swept %t", n, sweeps)
	}
	c.Close()
	c.Close()
	c.Look()
	if n, sweeps := c.Watched(); n != 0 || sweeps {
		t.Errorf("after Close: %d connections, swept %t", n, sweeps)
	}
}
