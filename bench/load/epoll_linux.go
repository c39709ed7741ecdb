package load

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Run sends requests from conns connections for the given time. next returns the
// request number n of connection c; every answer must have a status of success.
//
// One thread looks after all connections, as pgbench's do: with a goroutine for each the client
// took as much processor time as the server.
func Run(addr string, conns int, d time.Duration, next func(c int, n int64) []byte) (res Result, err error) {
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return res, err
	}
	defer unix.Close(ep)
	all := make(map[int32]*client, conns)
	defer func() {
		for fd := range all {
			err = errors.Join(err, unix.Close(int(fd)))
		}
	}()
	for i := range conns {
		fd, err := connect(addr)
		if err != nil {
			return res, err
		}
		all[int32(fd)] = &client{fd: fd, number: i, buf: make([]byte, 0, 32<<10)}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			return res, err
		}
	}
	start := time.Now()
	until := start.Add(d)
	for _, c := range all {
		if err := c.send(next, time.Now()); err != nil {
			return res, err
		}
	}
	var lats []time.Duration
	events := make([]unix.EpollEvent, conns)
	for busy := conns; busy > 0; {
		n, err := unix.EpollWait(ep, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return res, err
		}
		for i := range max(n, 0) {
			c := all[events[i].Fd]
			whole, err := c.read()
			if err != nil {
				return res, err
			}
			if !whole {
				continue
			}
			now := time.Now()
			lats = append(lats, now.Sub(c.sent))
			if !now.Before(until) {
				busy--
			} else if err := c.send(next, now); err != nil {
				return res, err
			}
		}
	}
	res.Requests = int64(len(lats))
	res.measured(start, lats)
	return res, nil
}

func connect(addr string) (int, error) {
	a, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	to := &unix.SockaddrInet4{Port: a.Port}
	copy(to.Addr[:], a.IP.To4())
	err = errors.Join(unix.Connect(fd, to), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if err != nil {
		return 0, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// client is a connection with a request on its way.
type client struct {
	fd, number int
	requests   int64
	sent       time.Time
	buf        []byte // of the answer
}

// send writes the next request.
func (c *client) send(next func(c int, n int64) []byte, now time.Time) error {
	c.sent = now
	for b := next(c.number, c.requests); len(b) > 0; {
		n, err := unix.Write(c.fd, b)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("send: %w", err)
		}
		b = b[max(n, 0):]
	}
	c.requests++
	return nil
}

// read reads once, and says whether the answer is whole.
func (c *client) read() (bool, error) {
	if len(c.buf) == cap(c.buf) {
		c.buf = append(c.buf, 0)[:len(c.buf)]
	}
	n, err := unix.Read(c.fd, c.buf[len(c.buf):cap(c.buf)])
	if errors.Is(err, unix.EINTR) {
		return false, nil
	}
	if err != nil || n == 0 {
		return false, fmt.Errorf("read: the connection has ended after %q (%w)", c.buf, err)
	}
	c.buf = c.buf[:len(c.buf)+n]
	size, err := answerSize(c.buf)
	if err != nil || size == 0 || size > len(c.buf) {
		return false, err
	}
	if size < len(c.buf) {
		return false, fmt.Errorf("%d bytes behind an answer", len(c.buf)-size)
	}
	c.buf = c.buf[:0]
	return true, nil
}

// answerSize is how long the answer is that b begins with, 0 where that cannot be told yet.
func answerSize(b []byte) (int, error) {
	head := bytes.Index(b, []byte("\r\n\r\n"))
	if head < 0 {
		return 0, nil
	}
	body := head + 4
	lines := b[:head+2]
	chunked := false
	length := 0
	for i := bytes.IndexByte(lines, '\n') + 1; i > 0 && i < len(lines); {
		line := lines[i : i+bytes.IndexByte(lines[i:], '\n')]
		i += len(line) + 1
		if c := line[0] | 0x20; c != 'c' && c != 't' {
			continue // none of those that are looked for
		}
		key, val, _ := bytes.Cut(line, []byte(":"))
		switch val = bytes.TrimSpace(val); {
		case bytes.EqualFold(key, []byte("Content-Length")):
			n, err := strconv.Atoi(string(val))
			if err != nil {
				return 0, err
			}
			length = n
		case bytes.EqualFold(key, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(val, []byte("chunked"))
		}
	}
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 20")) {
		return 0, fmt.Errorf("answer %.600s", b)
	}
	if !chunked {
		return body + length, nil
	}
	for at := body; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0, nil
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(b[at:at+i])), 16, 64)
		if err != nil {
			return 0, err
		}
		at += i + 1 + int(n) + 2
		if at > len(b) {
			return 0, nil
		}
		if n == 0 {
			return at, nil
		}
	}
}
