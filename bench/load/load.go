// Package load drives an HTTP server with prepared requests over keep-alive
// connections and counts answers, checking every status.
//
// It writes raw HTTP/1.1 instead of going through net/http's client, so that on a
// machine that client and server share most of the time is the server's.
package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Result is what one run measured.
type Result struct {
	Requests int64
	Elapsed  time.Duration
	P50, P99 time.Duration
}

// PerSecond is the throughput.
func (r Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Request builds the bytes of a request with a JSON body.
func Request(method, host, path string, body []byte) []byte {
	b := make([]byte, 0, len(method)+len(path)+len(host)+len(body)+96)
	b = append(append(append(append(b, method...), ' '), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, host...), "\r\n"...)
	if body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(body)), 10), "\r\n"...)
	}
	return append(append(b, "\r\n"...), body...)
}

// measured notes how long the requests took.
func (r *Result) measured(start time.Time, lats []time.Duration) {
	r.Elapsed = time.Since(start)
	if len(lats) > 0 {
		slices.Sort(lats)
		r.P50, r.P99 = lats[len(lats)/2], lats[len(lats)*99/100]
	}
}

// answer reads one response and throws its body away.
func answer(br *bufio.Reader) error {
	line, err := br.ReadSlice('\n')
	if err != nil {
		return err
	}
	status := "" // of what is no success
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 20")) {
		status = string(bytes.TrimSpace(line))
	}
	length, chunked := 0, false
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if c := line[0] | 0x20; c != 'c' && c != 't' && len(line) > 2 {
			continue // none of those that are looked for
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		key, val, _ := bytes.Cut(line, []byte(":"))
		switch val = bytes.TrimSpace(val); {
		case bytes.EqualFold(key, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(val)); err != nil {
				return err
			}
		case bytes.EqualFold(key, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(val, []byte("chunked"))
		}
	}
	if status != "" {
		body := make([]byte, min(length, 500))
		if _, err := io.ReadFull(br, body); err != nil {
			return err
		}
		return fmt.Errorf("answer %s: %s", status, body)
	}
	if chunked {
		return chunks(br)
	}
	_, err = br.Discard(length)
	return err
}

func chunks(br *bufio.Reader) error {
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return err
		}
		if _, err := br.Discard(int(n) + 2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// RunEach sends n requests, each once, over conns connections.
func RunEach(addr string, conns, n int, request func(i int) []byte) (Result, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	start := time.Now()
	for c := range conns {
		wg.Go(func() {
			if err := share(addr, c, conns, n, request); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			}
		})
	}
	wg.Wait()
	return Result{Requests: int64(n), Elapsed: time.Since(start)}, first
}

func share(addr string, from, step, n int, request func(i int) []byte) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	br := bufio.NewReaderSize(conn, 32<<10)
	for i := from; i < n; i += step {
		if _, err := conn.Write(request(i)); err != nil {
			return err
		}
		if err := answer(br); err != nil {
			return err
		}
	}
	return nil
}
