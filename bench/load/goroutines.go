//go:build !linux

package load

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// Run sends requests from conns connections for the given time. next returns the
// request number n of connection c; every answer must have a status of success.
func Run(addr string, conns int, d time.Duration, next func(c int, n int64) []byte) (Result, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		res   Result
		lats  []time.Duration
		first error
	)
	start := time.Now()
	for c := range conns {
		wg.Go(func() {
			n, own, err := connection(addr, c, start.Add(d), next)
			mu.Lock()
			defer mu.Unlock()
			res.Requests += n
			lats = append(lats, own...)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	res.measured(start, lats)
	return res, first
}

func connection(addr string, c int, until time.Time, next func(c int, n int64) []byte) (int64, []time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	br := bufio.NewReaderSize(conn, 32<<10)
	var lats []time.Duration
	var n int64
	for now := time.Now(); now.Before(until); n++ {
		if _, err := conn.Write(next(c, n)); err != nil {
			return n, lats, err
		}
		if err := answer(br); err != nil {
			return n, lats, err
		}
		end := time.Now()
		lats = append(lats, end.Sub(now))
		now = end
	}
	return n, lats, nil
}
