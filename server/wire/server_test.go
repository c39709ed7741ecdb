package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/server/wire"
)

// get sends a request for a path on an open connection.
func get(t *testing.T, c net.Conn, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

// body reads an answer and returns its body.
func body(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestClientGone: whoever waits for the end of a request hears that the client has gone,
// however it waits, and whether the body was read before or after.
func TestClientGone(t *testing.T) {
	waits := map[string]func(r *http.Request){
		"Done":            func(r *http.Request) { io.ReadAll(r.Body); <-r.Context().Done() },
		"Done, then body": func(r *http.Request) { done := r.Context().Done(); readSlowly(r.Body); <-done },
		"body unread":     func(r *http.Request) { <-r.Context().Done() },
		"Err": func(r *http.Request) {
			io.ReadAll(r.Body)
			for r.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
		},
		"AfterFunc": func(r *http.Request) {
			io.ReadAll(r.Body)
			ended := make(chan struct{})
			context.AfterFunc(r.Context(), func() { close(ended) })
			<-ended
		},
		"child": func(r *http.Request) {
			io.ReadAll(r.Body)
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			<-ctx.Done()
		},
	}
	for name, wait := range waits {
		for _, request := range []string{next, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", next + next} {
			in, out := make(chan struct{}, 2), make(chan error, 2)
			_, addr := start(t, func(_ http.ResponseWriter, r *http.Request) {
				in <- struct{}{}
				wait(r)
				out <- context.Cause(r.Context())
			}, wire.Options{})
			conn, _ := dial(t, addr)
			io.WriteString(conn, request)
			<-in
			conn.Close()
			select {
			case err := <-out:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s, %.4q: %v", name, request, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s, %.40q: nobody hears of it", name, request)
			}
		}
	}
}

// awaitWatch waits until the watch of a connection reads, or does no more.
func awaitWatch(t *testing.T, c *wire.Conn, reads bool) {
	t.Helper()
	for began := time.Now(); c.Reading() != reads; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("the watch reads: not %t", reads)
		}
	}
}

// readSlowly reads a body after the time from which the connection is watched. If that is too
// soon, less is tested, and nothing fails.
func readSlowly(r io.Reader) {
	time.Sleep(2 * wire.Patience)
	io.ReadAll(r)
}

// TestWatched: what the client sends while its request is waited on is the next request, the
// wait does not end by it, and the end of the request ends its context.
func TestWatched(t *testing.T) {
	goOn := make(chan struct{})
	reads := make(chan *wire.Conn, 1)
	contexts := make(chan context.Context, 3)
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		contexts <- r.Context()
		if r.URL.Path == "/waits" {
			done := r.Context().Done()
			reads <- wire.Of(r.Context())
			select {
			case <-done:
				t.Error("the request ended by itself")
			case <-goOn:
			}
		}
		io.WriteString(w, r.URL.Path)
	}, wire.Options{})
	conn, r := dial(t, addr)
	for range 3 {
		for _, early := range []bool{false, true} {
			get(t, conn, "/waits")
			c := <-reads
			awaitWatch(t, c, true)
			if early {
				get(t, conn, "/next")
				awaitWatch(t, c, false)
			}
			goOn <- struct{}{}
			if !early {
				get(t, conn, "/next")
			}
			if a, b := body(t, r), body(t, r); a != "/waits" || b != "/next" {
				t.Fatalf("early %t: %q, %q", early, a, b)
			}
			if ctx := <-contexts; ctx.Err() == nil {
				t.Error("the context has not ended with the request")
			}
			<-contexts
		}
	}
}

// TestKept: who waited on a request may look at it after its end; the next ones are others.
func TestKept(t *testing.T) {
	var all sync.WaitGroup
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		path, want := r.URL.Path, r.Header.Get("X-Path")
		if strings.HasPrefix(path, "/kept") {
			done := r.Context().Done()
			all.Go(func() {
				<-done
				_, err := r.Body.Read(make([]byte, 1))
				if r.URL.Path != path || r.Header.Get("X-Path") != want || r.Context().Err() == nil || err == nil {
					t.Errorf("%s has become %s, %v, %v", path, r.URL.Path, r.Header, err)
				}
			})
		}
		io.WriteString(w, path)
	}, wire.Options{})
	conn, r := dial(t, addr)
	for i := range 50 {
		path := fmt.Sprintf("/kept%d", i)
		if i%3 == 0 {
			path = "/other"
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nX-Path: %s\r\nContent-Length: 3\r\n\r\nabc", path, path)
		if got := body(t, r); got != path {
			t.Fatalf("%s for %s", got, path)
		}
	}
	all.Wait()
}

// TestShutdown: connections that wait are closed, requests that run are waited for and their
// answers say that they are the last, by whichever server, and hijacked connections stay.
func TestShutdown(t *testing.T) {
	in, goOn := make(chan struct{}), make(chan struct{})
	s, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/waits":
			in <- struct{}{}
			<-goOn
		case "/hijacked":
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			in <- struct{}{}
			<-goOn
			io.WriteString(c, "by hand")
			c.Close()
		}
		io.WriteString(w, "ok")
	}, wire.Options{})
	_, freshIn := dial(t, addr)
	used, usedIn := dial(t, addr)
	get(t, used, "/")
	body(t, usedIn)
	other, otherIn := dial(t, addr)
	io.WriteString(other, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := http.ReadResponse(otherIn, &http.Request{Method: http.MethodHead}); err != nil {
		t.Fatal(err)
	}
	runs, runsIn := dial(t, addr)
	get(t, runs, "/waits")
	<-in
	passed, passedIn := dial(t, addr)
	io.WriteString(passed, "HEAD /waits HTTP/1.1\r\nHost: x\r\n\r\n")
	<-in
	hijacked, hijackedIn := dial(t, addr)
	get(t, hijacked, "/hijacked")
	<-in

	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(brief); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown while requests run: %v", err)
	}
	for _, r := range []*bufio.Reader{freshIn, usedIn, otherIn} {
		if b, err := io.ReadAll(r); len(b) > 0 || err != nil {
			t.Errorf("a connection that waits: %q, %v", b, err)
		}
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("somebody still accepts")
	}
	ended := make(chan error)
	go func() { ended <- s.Shutdown(context.Background()) }()
	goOn <- struct{}{}
	goOn <- struct{}{}
	goOn <- struct{}{}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for method, r := range map[string]*bufio.Reader{http.MethodGet: runsIn, http.MethodHead: passedIn} {
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil || !res.Close {
			t.Errorf("%s: the answer of what ran: %v, %v", method, res, err)
		}
	}
	if b, err := io.ReadAll(hijackedIn); string(b) != "by hand" || err != nil {
		t.Errorf("hijacked: %q, %v", b, err)
	}
}

// TestShutdownDoesNotWaitForHijacked: nor does Close close them.
func TestShutdownDoesNotWaitForHijacked(t *testing.T) {
	in, goOn := make(chan struct{}), make(chan struct{})
	s, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		in <- struct{}{}
		<-goOn
		early, _ := rw.Reader.Peek(rw.Reader.Buffered())
		fmt.Fprintf(rw, "got %s", early)
		rw.Flush()
		c.Close()
	}, wire.Options{})
	c, r := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+long)
	<-in
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	s.Close()
	close(goOn)
	if b, err := io.ReadAll(r); !strings.HasPrefix(string(b), "got "+long[:100]) && err == nil {
		t.Errorf("%.100q, %v", b, err)
	}
}

// TestHijackedEnds: the context of a request whose connection was hijacked ends with its handler,
// also for who has not asked before.
func TestHijackedEnds(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		ctx := r.Context()
		go func() {
			for ctx.Err() == nil {
				runtime.Gosched()
			}
			io.WriteString(c, "ended")
			c.Close()
		}()
	}, wire.Options{})
	c, r := dial(t, addr)
	get(t, c, "/")
	if b, err := io.ReadAll(r); string(b) != "ended" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// TestCloseEnds: Close ends connections with requests that run, which hear of it.
func TestCloseEnds(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	s, addr := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(in)
		<-r.Context().Done()
		close(out)
	}, wire.Options{})
	conn, r := dial(t, addr)
	get(t, conn, "/")
	<-in
	s.Close()
	<-out
	if b, err := io.ReadAll(r); len(b) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%q, %v", b, err)
	}
}

// TestPlainTimeouts: connections on which nothing, half a head or half a body comes are ended
// in time, and the answer to half a body is heard.
func TestPlainTimeouts(t *testing.T) {
	const d = 50 * time.Millisecond
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reads" {
			if _, err := io.ReadAll(r.Body); err == nil {
				t.Error("a body that has not come is read")
			}
		}
		io.WriteString(w, "ok")
	}, wire.Options{ReadHeaderTimeout: d, IdleTimeout: d})
	for _, c := range []struct {
		request string
		answers int
	}{
		{"", 0}, {"GET / HT", 0}, {"GET / HTTP/1.1\r\nHost: x\r\n", 0}, {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1}, {next + "GET / HTTP/1.1\r\n", 1},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", 1}, {"POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", 1},
	} {
		began := time.Now()
		conn, r := dial(t, addr)
		io.WriteString(conn, c.request)
		for range c.answers {
			if got := body(t, r); got != "ok" {
				t.Errorf("%q: %q", c.request, got)
			}
		}
		b, err := io.ReadAll(r)
		if took := time.Since(began); len(b) > 0 || err != nil || took < d || took > time.Minute {
			t.Errorf("%q: %q, %v after %v", c.request, b, err, took)
		}
	}
}

// TestDeadlinesOfHandlers last no longer than their request.
func TestDeadlinesOfHandlers(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.URL.Path == "/past" {
			if err := errors.Join(control.SetReadDeadline(time.Unix(1, 0)), control.SetWriteDeadline(time.Now().Add(time.Hour))); err != nil {
				t.Error(err)
			}
			if _, err := r.Body.Read(make([]byte, 9000)); err != nil { // that is there
				t.Error(err)
			}
		}
		io.WriteString(w, "ok")
	}, wire.Options{})
	conn, r := dial(t, addr)
	for _, path := range []string{"/past", "/", "/past", "/"} {
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n%s", path, long[:9000])
		if got := body(t, r); got != "ok" {
			t.Error(got)
		}
	}
}

// TestPanicIsLogged: of the two kinds only that which nobody meant.
func TestPanicIsLogged(t *testing.T) {
	for path, logged := range map[string]bool{"/abort": false, "/panic": true} {
		var b bytes.Buffer
		s, addr := start(t, behave, wire.Options{ErrorLog: log.New(&b, "", 0)})
		talk(t, addr, []byte("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"))
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(b.String(), "on purpose"); got != logged {
			t.Errorf("%s: logged %t: %s", path, got, b.String())
		}
	}
}

// TestManyClients: of many connections each gets its own answers, whatever the others do.
func TestManyClients(t *testing.T) {
	_, addr := start(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		wire.Of(r.Context()).Lead("X-Path: " + r.URL.Path + "\r\n")
		if len(b)%3 == 0 {
			ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
			defer cancel()
			if len(b)%2 == 0 {
				select {
				case <-ctx.Done():
				case <-time.After(wire.Patience):
				}
			}
		}
		w.Header().Set("X-Length", fmt.Sprint(len(b)))
		w.Write(b)
	}, wire.Options{ReadHeaderTimeout: time.Minute, IdleTimeout: time.Minute})
	var all sync.WaitGroup
	for client := range 16 {
		all.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			hc := http.Client{Transport: transport}
			for i := range 60 {
				n := (client*37 + i*i*i) % 9000
				method := []string{http.MethodPost, http.MethodPut, http.MethodPatch}[i%3]
				sent := bytes.Repeat([]byte{byte('a' + client)}, n)
				var from io.Reader = bytes.NewReader(sent)
				if i%10 == 9 {
					from = io.MultiReader(from) // in chunks, so it goes to net/http
				}
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == 6 { // or gives up
					time.AfterFunc(time.Millisecond, cancel)
				}
				req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://%s/%d/%d", addr, client, i), from)
				if err != nil {
					t.Error(err)
				}
				res, err := hc.Do(req)
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					cancel()
					continue
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if ctx.Err() == nil && (err != nil || !bytes.Equal(got, sent) || res.Header.Get("X-Length") != fmt.Sprint(n) || res.Header.Get("X-Path") != req.URL.Path) {
					t.Errorf("client %d, request %d: %d bytes of %d, %v, %v", client, i, len(got), n, res.Header, err)
				}
				cancel()
			}
		})
	}
	all.Wait()
}

// BenchmarkPlain is a request and its answer over loopback; the client costs as much.
func BenchmarkPlain(b *testing.B) {
	h := func(w http.ResponseWriter, r *http.Request) {
		var buf [128]byte
		n, _ := r.Body.Read(buf[:])
		w.Write(buf[:n])
	}
	_, plain := start(b, h, wire.Options{})
	for name, addr := range map[string]string{"wire": plain, "net-http": reference(b, h)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			request := []byte("POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n" + long[:50])
			buf := make([]byte, 4096)
			for b.Loop() {
				if _, err := c.Write(request); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
