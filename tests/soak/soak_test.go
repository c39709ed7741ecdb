// Package soak holds what a server with very many subscribers costs.
package soak

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// TestIdleSubscribers opens very many subscriptions that nothing is published to, holds
// the memory of the server against its promise, and then that everything of them goes
// with them.
func TestIdleSubscribers(t *testing.T) {
	subscribers, long := 200, os.Getenv("WEFT_LONG") != ""
	if long {
		subscribers = 10_000
	}
	// What 10,000 may cost with all else that a server holds. Behind an answer of HTTP
	// stay the buffers of net/http, which a socket lets go.
	for kind, limit := range map[string]int64{"ws": 300 << 20, "sse": 450 << 20} {
		t.Run(kind, func(t *testing.T) {
			s := serve.Start(t, serve.Build(t), t.TempDir())
			warm(t, s)
			before, goroutines := memory(t, s), gauge(t, s, "go_goroutines")
			conns := make([]net.Conn, subscribers)
			var all sync.WaitGroup
			for w := range 16 {
				all.Go(func() {
					for i := w; i < subscribers; i += 16 {
						conns[i] = subscribe(t, s, kind)
					}
				})
			}
			all.Wait()
			if t.Failed() {
				return
			}
			after := memory(t, s)
			t.Logf("%s: %d subscribers: %d MiB before, %d MiB after, %d bytes each", kind, subscribers, before>>20, after>>20, (after-before)/int64(subscribers))
			if long && after > limit {
				t.Errorf("the server has %d MiB, over %d", after>>20, limit>>20)
			}
			publish(t, s)
			for i, c := range conns {
				if i%97 == 0 { // some of them hear of it
					hear(t, c)
				}
				c.Close()
			}
			for deadline := time.Now().Add(time.Minute); gauge(t, s, "go_goroutines") > goroutines+20; {
				if time.Now().After(deadline) {
					t.Fatalf("%d goroutines, and there were %d before", gauge(t, s, "go_goroutines"), goroutines)
				}
				<-time.After(20 * time.Millisecond) // another process gives no event to wait for
			}
		})
	}
}

func warm(t *testing.T, s *serve.Server) {
	for range 20 {
		publish(t, s)
	}
}

func publish(t *testing.T, s *serve.Server) {
	t.Helper()
	res, err := http.Post(s.URL+"/api/v1/streaming/publish", "application/json", strings.NewReader(`{"channel":"c","data":1}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 {
		t.Fatalf("%s %v", b, err)
	}
}

// subscribe opens a connection and reads that it is subscribed.
func subscribe(t *testing.T, s *serve.Server, kind string) net.Conn {
	host := strings.TrimPrefix(s.URL, "http://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { c.Close() })
	more := ""
	if kind == "ws" {
		more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	}
	if _, err := fmt.Fprintf(c, "GET /api/v1/streaming/channels/c/%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", kind, host, more); err != nil {
		t.Error(err)
		return nil
	}
	read(t, c, `subscribed`)
	if kind == "ws" {
		return answering(c)
	}
	return c
}

// answering answers the pings of the server, which would take a client that does not for
// one that is slow, and passes on what else comes.
func answering(c net.Conn) net.Conn {
	out, in := net.Pipe()
	go func() {
		defer in.Close()
		buf := make([]byte, 1024)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if n > 1 && buf[0] == 0x89 { // a ping, alone: nothing else is sent meanwhile
				pong := append([]byte{0x8a, 0x80 | buf[1], 0, 0, 0, 0}, buf[2:n]...)
				if _, err := c.Write(pong); err != nil {
					return
				}
				continue
			}
			if _, err := in.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	return answered{c, out}
}

// answered is a connection whose pings are answered.
type answered struct {
	net.Conn
	out net.Conn
}

func (a answered) Read(b []byte) (int, error) { return a.out.Read(b) }

func (a answered) SetReadDeadline(at time.Time) error { return a.out.SetReadDeadline(at) }

func (a answered) Close() error {
	a.out.Close() //nolint:errcheck // it has none
	return a.Conn.Close()
}

// hear reads the message that was published.
func hear(t *testing.T, c net.Conn) { read(t, c, `"data":1`) }

func read(t *testing.T, c net.Conn, want string) {
	c.SetReadDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // a read tells
	var got []byte
	buf := make([]byte, 2048)
	for !bytes.Contains(got, []byte(want)) {
		n, err := c.Read(buf)
		if err != nil {
			t.Errorf("want %s after %q: %v", want, got, err)
			return
		}
		got = append(got, buf[:n]...)
	}
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is what the process has of the machine's.
func memory(t *testing.T, s *serve.Server) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process().Process.Pid))
	if err != nil {
		t.Skip("there is no /proc, so memory is not measured")
	}
	kb, err := strconv.ParseInt(string(rss.FindSubmatch(b)[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

func gauge(t *testing.T, s *serve.Server, name string) int {
	t.Helper()
	res, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewScanner(res.Body)
	for in.Scan() {
		if v, ok := strings.CutPrefix(in.Text(), name+" "); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(f)
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
