package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkHTTP is requests of 64 connections to a whole server, whose client is in the same
// process: what it tells is the allocations of a request, and where its time goes in a profile
// (-cpuprofile, -focus plain).serve).
func BenchmarkHTTP(b *testing.B) {
	for _, c := range []struct{ name, durability, body string }{
		{"select", "sync", `{"sql":"SELECT note FROM entry WHERE id = $1","params":[%d]}`},
		{"insert/async", "async", `{"sql":"INSERT INTO entry VALUES ($1, $2)","params":[%d,"a note of some length"]}`},
		{"insert/sync", "sync", `{"sql":"INSERT INTO entry VALUES ($1, $2)","params":[%d,"a note of some length"]}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			a := start(b, configure(b, "storage.durability="+c.durability), Options{})
			<-a.Ready()
			addr := strings.TrimPrefix(a.URL(), "http://")
			res, err := http.Post(a.URL()+"/api/v1/query", "application/json", strings.NewReader(`{"sql":"CREATE TABLE entry (id bigint PRIMARY KEY, note text)"}`))
			if err != nil || res.StatusCode != http.StatusOK {
				b.Fatal(res, err)
			}
			res.Body.Close()
			var id atomic.Int64
			var clients sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range 64 {
				clients.Go(func() {
					if err := ask(addr, c.body, &id, int64(b.N)); err != nil {
						b.Error(err)
					}
				})
			}
			clients.Wait()
		})
	}
}

// ask sends requests until there were n of all clients.
func ask(addr, body string, id *atomic.Int64, n int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var out []byte
	for i := id.Add(1); i <= n; i = id.Add(1) {
		text := fmt.Sprintf(body, i)
		out = fmt.Appendf(out[:0], "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		if _, err := conn.Write(out); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if answer, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s %w", answer, err)
		}
	}
	return nil
}
