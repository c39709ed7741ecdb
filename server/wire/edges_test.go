package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/server/wire"
)

// TestWriteDeadlineEnds with the request whose handler has set it, also where the next one is
// net/http's.
func TestWriteDeadlineEnds(t *testing.T) {
	served := make(chan bool, 3)
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		defer func() { served <- true }()
		control := http.NewResponseController(w)
		w.Header().Set("Content-Length", "2")
		io.WriteString(w, "ok")
		if err := control.Flush(); err != nil {
			t.Error(err)
		}
		if err := control.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
	}, wire.Options{})
	conn, r := dial(t, addr)
	for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodHead} {
		fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: x\r\n\r\n", method)
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		io.Copy(io.Discard, res.Body)
		<-served
	}
}

// TestGoexit: a handler that ends its goroutine ends its connection and its context.
func TestGoexit(t *testing.T) {
	ended := make(chan struct{})
	s, addr := start(t, func(_ http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { close(ended) })
		runtime.Goexit()
	}, wire.Options{})
	conn, r := dial(t, addr)
	conn.SetDeadline(time.Now().Add(time.Minute))
	get(t, conn, "/")
	if b, err := io.ReadAll(r); len(b) > 0 || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	<-ended
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestServeAfterShutdown: a server that has ended serves nothing, and nobody listens any more.
func TestServeAfterShutdown(t *testing.T) {
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := wire.NewServer(http.NotFoundHandler(), wire.Options{})
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		if !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for connections")
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("somebody listens")
	}
}

// TestShutdownEndsHalfHeads: a head that does not come to its end holds nobody up.
func TestShutdownEndsHalfHeads(t *testing.T) {
	s, addr := start(t, behave, wire.Options{})
	conn, r := dial(t, addr)
	io.WriteString(conn, "GET /empty HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHo")
	body(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(r); len(b) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%q, %v", b, err)
	}
}

// TestWatchKeepsOrder: what the watch reads stands behind what had come before, be that the
// next request or a body that nobody reads.
func TestWatchKeepsOrder(t *testing.T) {
	goOn := make(chan struct{})
	reads := make(chan *wire.Conn, 1)
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/waits") {
			r.Context().Done()
			reads <- wire.Of(r.Context())
			<-goOn
		}
		if r.URL.Path != "/waits-unread" {
			b, err := io.ReadAll(r.Body)
			fmt.Fprint(w, string(b), err)
		}
		io.WriteString(w, r.URL.Path)
	}, wire.Options{})
	for _, path := range []string{"/waits", "/waits-unread"} {
		for _, behind := range []string{"", "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n", "GET /behind HTTP/1.1\r\nHost: x\r\nX-Long: " + long[:wire.FirstRead/2] + "\r\n\r\n"} {
			conn, r := dial(t, addr)
			conn.SetDeadline(time.Now().Add(time.Minute))
			io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"+behind)
			c := <-reads
			awaitWatch(t, c, true)
			get(t, conn, "/late")
			awaitWatch(t, c, false)
			goOn <- struct{}{}
			want := []string{"abc<nil>" + path, "<nil>/behind", "<nil>/late"}
			if path == "/waits-unread" {
				want[0] = path
			}
			if behind == "" {
				want = []string{want[0], want[2]}
			}
			for _, w := range want {
				if got := body(t, r); got != w {
					t.Errorf("%s, %.20q: got %q, want %q", path, behind, got, w)
				}
			}
		}
	}
}

// TestSlowBody: each part of a body has its time, however long the handler has taken before.
func TestSlowBody(t *testing.T) {
	const d = 40 * time.Millisecond
	in := make(chan struct{})
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		in <- struct{}{}
		<-in
		<-time.After(2 * d)
		b, err := io.ReadAll(r.Body)
		fmt.Fprint(w, string(b), err)
	}, wire.Options{ReadHeaderTimeout: d, IdleTimeout: time.Minute})
	conn, r := dial(t, addr)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	<-in
	io.WriteString(conn, "bc")
	in <- struct{}{}
	if got := body(t, r); got != "abc<nil>" {
		t.Error(got)
	}
}

// TestStalledBody: the answer to a body that has not come in time says that it is the last.
func TestStalledBody(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("it is read")
		}
		io.WriteString(w, "ok")
	}, wire.Options{})
	conn, r := dial(t, addr)
	conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	res, err := http.ReadResponse(r, nil)
	if err != nil || !res.Close {
		t.Errorf("%v, %v", res, err)
	}
}

// TestByByte: a head may come in any pieces.
func TestByByte(t *testing.T) {
	_, addr := start(t, behave, wire.Options{})
	conn, r := dial(t, addr)
	var want string
	for i, pieces := range []int{1 << 20, 1, 2, 7} {
		for left := "POST /show HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc"; left != ""; {
			n := min(pieces, len(left))
			if _, err := io.WriteString(conn, left[:n]); err != nil {
				t.Fatal(err)
			}
			left = left[n:]
		}
		if got := body(t, r); i == 0 {
			want = got
		} else if got != want {
			t.Errorf("in pieces of %d: %s", pieces, got)
		}
	}
}

// TestMaxHeaderBytes bounds the head of plain requests, too.
func TestMaxHeaderBytes(t *testing.T) {
	_, addr := start(t, behave, wire.Options{MaxHeaderBytes: 1})
	for size, status := range map[int]int{100: http.StatusOK, 6000: http.StatusRequestHeaderFieldsTooLarge} {
		conn, r := dial(t, addr)
		fmt.Fprintf(conn, "GET /empty HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long[:size])
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.StatusCode != status {
			t.Errorf("%d bytes: %v, %v", size, res, err)
		}
	}
}

// TestLateLines: lines that come behind the head of an answer are in no other one.
func TestLateLines(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		wire.Of(r.Context()).Add("X-Late", "1")
	}, wire.Options{})
	conn, r := dial(t, addr)
	for range 2 {
		get(t, conn, "/")
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.Header["X-Late"] != nil {
			t.Fatalf("%v, %v", res, err)
		}
	}
}

// TestCopyFrom: what copies from a connection gets what was read ahead, and ends by its deadline.
func TestCopyFrom(t *testing.T) {
	c, other := pair(t)
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, c)
		ended <- err
	}()
	io.WriteString(other, "x")
	for began := time.Now(); !c.Reading(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("it reads by another way")
		}
	}
	c.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !isTimeout(err) {
		t.Error(err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// TestCopyHijacked: of a connection that was passed on and hijacked nothing is lost.
func TestCopyHijacked(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		n, _ := io.CopyN(io.Discard, rw, int64(rw.Reader.Buffered()))
		m, err := io.Copy(io.Discard, conn)
		fmt.Fprint(conn, n+m, err)
	}, wire.Options{})
	conn, r := dial(t, addr)
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\nTe: x\r\n\r\n%s", long[:9000], long[:20000])
	conn.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(r); string(b) != "20000 <nil>" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
