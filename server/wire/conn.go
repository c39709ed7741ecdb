package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Conn is a TCP connection of a server of net/http. It differs from a *net.TCPConn in two
// things. Lines that were put down by Lead and Add go out behind the status line of the next
// answer. And a read deadline that is far off costs nothing to set: who has not read by
// then is interrupted up to tick later.
type Conn struct {
	*net.TCPConn
	listener *Listener

	// ahead is read before anything else. It belongs to who reads.
	ahead []byte

	// lines belong to who serves the connection, as its ResponseWriter does.
	lines []byte

	// mu guards the deadlines. It is a leaf, but for the deadlines of the TCPConn.
	mu      sync.Mutex
	due     time.Duration // on the listener's clock, looked at by its sweep; 0: none
	past    bool          // a deadline is over, so reads fail
	exact   bool          // the TCPConn has a read deadline
	writes  bool          // the TCPConn has a write deadline
	reading int           // reads that run
}

type key struct{}

// Context is for http.Server.ConnContext: Of finds the connection in what it returns.
func Context(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*Conn); ok {
		return context.WithValue(ctx, key{}, c)
	}
	return ctx
}

// Of returns the connection of a request, nil where it has none of this package.
func Of(ctx context.Context) *Conn {
	if l, ok := ctx.(*life); ok { // as nearly always
		return l.p.conn
	}
	c, _ := ctx.Value(key{}).(*Conn)
	return c
}

// Lead has whole header lines, each with its line end, go out at the head of the next answer
// that is not an interim one. It replaces those of before.
func (c *Conn) Lead(lines string) { c.lines = append(c.lines[:0], lines...) }

// Add adds a header to those of Lead. The name and the value must be such as may stand in
// a header: nothing is taken out of them.
func (c *Conn) Add(name, value string) { c.lines = appendLine(c.lines, name, value) }

// AddBytes is Add for a value that is no string.
func (c *Conn) AddBytes(name string, value []byte) { c.lines = appendLine(c.lines, name, value) }

func appendLine[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}

// Drop forgets the lines that have not gone out.
func (c *Conn) Drop() { c.lines = nil }

// joints is memory in which the head of an answer is put together with its lines.
var joints = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	if len(c.lines) == 0 {
		return c.TCPConn.Write(p)
	}
	at := behindStatus(p)
	if at == 0 {
		return c.TCPConn.Write(p)
	}
	b := joints.Get().(*bytes.Buffer)
	b.Reset()
	b.Write(p[:at])
	b.Write(c.lines)
	b.Write(p[at:])
	n, err := c.TCPConn.Write(b.Bytes())
	joints.Put(b)
	if n > at { // of what was asked for, which has no lines
		n = max(at, n-len(c.lines))
	}
	c.lines = c.lines[:0]
	return n, err
}

// behindStatus is where the headers of an answer begin, 0 where p does not begin with the
// status line of a final answer.
func behindStatus(p []byte) int {
	const shortest = len("HTTP/1.1 200")
	if len(p) < shortest || string(p[:7]) != "HTTP/1." || p[9] == '1' {
		return 0
	}
	return bytes.IndexByte(p, '\n') + 1
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
			c.ahead = nil
		}
		return n, nil
	}
	c.mu.Lock()
	if c.past {
		c.mu.Unlock()
		return 0, os.ErrDeadlineExceeded
	}
	c.reading++
	c.mu.Unlock()
	n, err := c.TCPConn.Read(p)
	c.mu.Lock()
	c.reading--
	c.mu.Unlock()
	return n, err
}

// WriteTo implements io.WriterTo, where that of the TCPConn would pass by what Read looks at.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setRead(t)
}

// setRead asks of the TCPConn only what cannot wait for the sweep.
func (c *Conn) setRead(t time.Time) error {
	c.due, c.past = 0, false
	if !t.IsZero() {
		at := t.Sub(c.listener.began)
		switch {
		case at <= 0: // net/http's way to end a read
			c.past = true
			if c.reading > 0 {
				return c.setExact(t)
			}
		case at-c.listener.now() < soon:
			return c.setExact(t)
		default:
			c.due = at
		}
	}
	if c.exact {
		return c.setExact(time.Time{})
	}
	return nil
}

func (c *Conn) setExact(t time.Time) error {
	c.exact = !t.IsZero()
	return c.TCPConn.SetReadDeadline(t)
}

// expire interrupts reads where the deadline is over.
func (c *Conn) expire(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due == 0 || c.due > now {
		return
	}
	c.due, c.past = 0, true
	c.setExact(time.Unix(1, 0)) //nolint:errcheck // it fails where the connection is closed
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setWrite(t)
}

func (c *Conn) setWrite(t time.Time) error {
	if t.IsZero() && !c.writes {
		return nil
	}
	c.writes = !t.IsZero()
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.setRead(t); err != nil {
		return err
	}
	return c.setWrite(t)
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.listener.remove(c)
	return c.TCPConn.Close()
}
