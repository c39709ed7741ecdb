// Package wire serves HTTP for requests that take microseconds.
//
// A Server promises what http.Server does, to the byte, and to the handler the same requests.
// It reads plain requests itself (see request.go for what they are) and passes everything
// else, the bytes that it has read included, to a server of net/http, which has the connection
// from then on: what is rare, old, long or wrong is read, answered and refused there alone.
//
// A Conn is a connection of either. It takes the headers that every answer has as lines, and
// deadlines that are seconds off as a number that a sweep looks at. One that is hijacked stays
// a Conn.
package wire

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often the connections are looked at whose deadlines are far off.
const tick = 500 * time.Millisecond

// soon is how near a deadline is that is kept to the moment.
const soon = 2 * time.Second

// Listener accepts Conns.
type Listener struct {
	tcp   *net.TCPListener
	began time.Time
	clock atomic.Int64 // time since began, when the sweep last looked

	// mu guards the connections. It is held over the mu of each in turn.
	mu       sync.Mutex
	conns    map[*Conn]struct{}
	sweeping bool
}

// Listen listens on a TCP address.
func Listen(address string) (*Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return &Listener{tcp: l.(*net.TCPListener), began: time.Now(), conns: make(map[*Conn]struct{})}, nil
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	tcp, err := l.tcp.AcceptTCP()
	if err != nil {
		return nil, err //nolint:wrapcheck // net/http looks at it
	}
	c := &Conn{TCPConn: tcp, listener: l}
	l.add(c)
	return c, nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.tcp.Addr() }

// Close implements net.Listener. Connections that were accepted go on.
func (l *Listener) Close() error { return l.tcp.Close() }

// now is the time since the listener began, up to a tick ago.
func (l *Listener) now() time.Duration { return time.Duration(l.clock.Load()) }

func (l *Listener) add(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	if !l.sweeping {
		l.sweeping = true
		l.clock.Store(int64(time.Since(l.began)))
		go l.sweep()
	}
}

func (l *Listener) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// sweep ends reads whose time is over, for as long as there are connections.
func (l *Listener) sweep() {
	t := time.NewTicker(tick)
	defer t.Stop()
	for range t.C {
		if !l.look() {
			return
		}
	}
}

func (l *Listener) look() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.began)
	l.clock.Store(int64(now))
	for c := range l.conns {
		c.expire(now)
	}
	l.sweeping = len(l.conns) > 0
	return l.sweeping
}
