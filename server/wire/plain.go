package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// How a connection stands, in plain.state.
const (
	idle   int32 = iota // it waits for a request
	active              // a request is read or served
	ended               // it was closed while it was idle
)

const (
	firstRead = 4 << 10  // the bytes that a connection has for what it reads
	longHead  = 16 << 10 // a request whose head is longer is not plain
	linger    = 500 * time.Millisecond
)

// plain is a connection whose requests are read here. Its fields belong to the goroutine of
// serve but where they say otherwise.
type plain struct {
	server *Server
	conn   *Conn
	remote string
	state  atomic.Int32

	buf  []byte // what was read and not used is buf[r:w]
	r, w int

	head   head
	posted bool // the last request was a POST
	timed  bool // there is a deadline for the head
	call   *call
	answer answer

	// mu guards the watch. The reader of the watch is the only one that reads while it does.
	mu      sync.Mutex
	rested  sync.Cond   // the watch has ended
	timer   *time.Timer // of tick
	ticking bool        // it runs
	served  uint64      // requests that have begun
	seen    uint64      // of them, when tick last looked
	serving bool        // a request is served, and its connection not hijacked
	read    bool        // nothing of the body of the request is to be read from the connection
	due     bool        // the watch was to begin before the body was read
	reading bool        // the watch reads
	ending  bool        // its read is interrupted
	early   [1]byte     // what it has read
	earlier int         // how much of that
}

// call is a request and what it is made of, which serve again for the next one unless
// somebody may have kept them.
type call struct {
	life    life
	request *http.Request
	blank   http.Request // which it is before it is filled in
	url     url.URL
	header  http.Header
	values  []string
	body    body
}

func newPlain(s *Server, c *Conn) *plain {
	p := &plain{server: s, conn: c, remote: c.RemoteAddr().String(), buf: make([]byte, firstRead)}
	p.rested.L = &p.mu
	p.answer.p = p
	return p
}

func newCall(p *plain) *call {
	c := &call{header: make(http.Header, 8)}
	c.life.p, c.body.p = p, p
	r := http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: p.remote, URL: &c.url, Header: c.header}
	c.request = r.WithContext(&c.life)
	c.blank = *c.request
	return c
}

// serve serves the requests of the connection until it ends or goes on elsewhere.
func (p *plain) serve() {
	defer p.server.remove(p)
	for first := true; ; first = false {
		v := partial
		if p.next(first) {
			v = p.readHead(first)
		}
		if v == partial || !p.state.CompareAndSwap(idle, active) {
			p.conn.Close() //nolint:errcheck // it has ended
			return
		}
		if v == other {
			p.passOn()
			return
		}
		if !p.run() {
			return
		}
	}
}

// next waits for the first byte of a request. It says false where there is none.
func (p *plain) next(first bool) bool {
	p.state.Store(idle)
	if p.server.closing.Load() {
		return false
	}
	if p.r < p.w {
		return true // it has come with the one before
	}
	p.r, p.w = 0, 0
	if len(p.buf) > firstRead {
		p.buf = make([]byte, firstRead)
	}
	wait := p.server.opts.IdleTimeout
	if first {
		wait = p.server.opts.ReadHeaderTimeout
	}
	return p.conn.SetReadDeadline(until(wait)) == nil && p.fillBuf() == nil
}

// until is the time in d, none where that is 0.
func until(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// fillBuf reads into the buffer what comes next.
func (p *plain) fillBuf() error {
	n, err := p.conn.Read(p.buf[p.w:])
	p.w += n
	return err
}

// endIdle ends the connection unless the head of a request is there. Safe for concurrent use.
func (p *plain) endIdle() {
	if p.state.CompareAndSwap(idle, ended) {
		p.conn.Close() //nolint:errcheck // that is all that is wanted of it
	}
}

// readHead reads the head of a request. A verdict of partial says that no more comes.
func (p *plain) readHead(first bool) verdict {
	p.timed = first // that for the first byte is one for the head
	if !first && !p.skipEnds() {
		return partial
	}
	for {
		v := p.head.scan(p.buf[p.r:p.w])
		if v == whole && (p.head.end > p.longest() || !p.begin(p.buf[p.r:p.w])) {
			v = other
		}
		if v != partial {
			return v
		}
		switch err := p.moreLines(); {
		case err == nil:
		case errors.Is(err, errLong), errors.Is(err, io.EOF) && p.r < p.w:
			return other
		default:
			return partial
		}
	}
}

// skipEnds waits for four bytes, since of fewer net/http says nothing, and passes over the ends
// of lines that old clients send behind the body of a POST (RFC 9112, section 2.2).
func (p *plain) skipEnds() bool {
	for p.w-p.r < 4 {
		if p.more() != nil {
			return false
		}
	}
	for most := p.r + 4; p.posted && p.r < most && (p.buf[p.r] == '\r' || p.buf[p.r] == '\n'); {
		p.r++
	}
	return true
}

// errLong says that the head of a request is too long for a plain one.
var errLong = errors.New("wire: long head")

// longest is how long the head of a plain request may be.
func (p *plain) longest() int {
	if n := p.server.opts.MaxHeaderBytes; n > 0 {
		return min(n, longHead)
	}
	return longHead
}

// moreLines reads until another line has ended, so that a head that comes byte by byte is not
// looked at anew for each.
func (p *plain) moreLines() error {
	for {
		n := p.w - p.r
		if err := p.more(); err != nil {
			return err
		}
		if bytes.IndexByte(p.buf[p.r+n:p.w], '\n') >= 0 {
			return nil
		}
	}
}

// more reads more of the head of a request.
func (p *plain) more() error {
	if p.r > 0 {
		p.w = copy(p.buf, p.buf[p.r:p.w])
		p.r = 0
	}
	if p.w >= p.longest() {
		return errLong
	}
	if p.w == len(p.buf) {
		p.buf = append(p.buf, make([]byte, len(p.buf))...)
	}
	if !p.timed {
		p.timed = true
		if err := p.conn.SetReadDeadline(until(p.server.opts.ReadHeaderTimeout)); err != nil {
			return err
		}
	}
	return p.fillBuf()
}

// begin makes the request of which b is the head, and what comes behind it.
func (p *plain) begin(b []byte) bool {
	if p.call == nil {
		p.call = newCall(p)
	}
	c := p.call
	if !c.fill(&p.head, b) {
		return false
	}
	p.r += p.head.end
	p.posted = c.request.Method == http.MethodPost
	c.body = body{p: p, left: p.head.length}
	c.request.Body = http.NoBody
	if c.body.left > 0 {
		c.request.Body = &c.body
	}
	return true
}

// passOn has net/http go on with the connection, from the bytes that are not used.
func (p *plain) passOn() {
	if p.conn.SetDeadline(time.Time{}) != nil { // also one that a handler has set for its answer
		p.conn.Close() //nolint:errcheck // it has failed
		return
	}
	p.conn.ahead = bytes.Clone(p.buf[p.r:p.w])
	p.server.passed.pass(p.conn)
}

// run serves a request. It says whether another may follow.
func (p *plain) run() bool {
	there := p.w-p.r >= p.call.body.left
	p.call.body.timed = !there
	if p.conn.SetDeadline(time.Time{}) != nil {
		p.conn.Close() //nolint:errcheck // it has failed
		return false
	}
	p.watched(there)
	a := &p.answer
	a.begin()
	if !p.handle() {
		return false
	}
	p.rest()
	if a.hijacked {
		p.endCall()
		return false
	}
	return p.finish()
}

// handle runs the handler. It says false where the handler has given the answer up, which ends
// the connection, also where the handler has ended its goroutine.
func (p *plain) handle() (whole bool) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				p.server.opts.ErrorLog.Printf("wire: panic serving %s: %v\n%s", p.remote, v, debug.Stack())
			}
		}
		if !whole {
			p.cutOff()
		}
	}()
	p.server.handler.ServeHTTP(&p.answer, p.call.request)
	return true
}

// cutOff ends a request whose answer is not to look whole, and the connection unless that was
// hijacked.
func (p *plain) cutOff() {
	p.rest()
	hijacked := p.answer.hijacked
	p.answer.drop()
	p.endCall()
	if !hijacked {
		p.conn.Close() //nolint:errcheck // the answer is cut off on purpose
	}
}

// endCall ends the request, whose context ends. What has waited on that may keep it.
func (p *plain) endCall() {
	c := p.call
	if c.request.MultipartForm != nil {
		c.request.MultipartForm.RemoveAll() //nolint:errcheck // files of the system's place for them
	}
	c.body.closed = true
	if p.answer.hijacked {
		c.life.end() // who goes on with the connection may look at it only now
	}
	if c.life.finish() {
		p.call = nil
	}
}

// finish sends the rest of the answer. It says whether another request may follow.
func (p *plain) finish() bool {
	a := &p.answer
	good := a.finish()
	rest := p.call.body.left > 0
	p.endCall()
	if good && !a.last && !rest {
		return true
	}
	if rest {
		p.linger()
	}
	p.conn.Close() //nolint:errcheck // it has ended
	return false
}

// linger has the client read the answer before it learns that nobody reads what it sends.
func (p *plain) linger() {
	if p.conn.CloseWrite() != nil || p.conn.SetReadDeadline(time.Now().Add(linger)) != nil {
		return
	}
	io.Copy(io.Discard, p.conn) //nolint:errcheck // it ends by the deadline
}

// body is the body of a request.
type body struct {
	p      *plain
	left   int  // bytes that are not read
	closed bool // nobody reads any more
	failed bool // no more can be read
	ended  bool // the client sends no more
	timed  bool // the server sets a deadline for each part
}

// read reads from the connection.
func (b *body) read(to []byte) (int, error) {
	if b.timed {
		if err := b.p.conn.SetReadDeadline(until(b.p.server.opts.ReadHeaderTimeout)); err != nil {
			return 0, err
		}
	}
	return b.p.conn.Read(to)
}

// Read implements io.Reader.
func (b *body) Read(to []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.left == 0:
		return 0, io.EOF
	case len(to) == 0:
		return 0, nil
	}
	p := b.p
	to = to[:min(len(to), b.left)]
	n := copy(to, p.buf[p.r:p.w])
	p.r += n
	if n == 0 {
		var err error
		if n, err = b.read(to); err != nil {
			b.failed = true
			if errors.Is(err, io.EOF) {
				b.ended, err = true, io.ErrUnexpectedEOF
			}
			return n, err //nolint:wrapcheck // the connection's
		}
	}
	if b.left -= n; b.left > 0 {
		return n, nil
	}
	if b.timed {
		p.conn.SetReadDeadline(time.Time{}) //nolint:errcheck // who reads next hears of it
	}
	p.bodyRead()
	return n, io.EOF
}

// Close implements io.Closer. It reads what is left, as that of net/http does.
func (b *body) Close() error {
	if b.closed || b.left == 0 || b.failed {
		b.closed = true
		return nil
	}
	return b.skip()
}

// skip reads what the handler has left.
func (b *body) skip() error {
	b.closed, b.timed = false, true
	_, err := io.Copy(io.Discard, b)
	b.closed = true
	return err //nolint:wrapcheck // the connection's
}

// hijack gives the connection away. The server no longer waits for it.
func (p *plain) hijack() (net.Conn, *bufio.ReadWriter, error) {
	p.rest()
	p.server.remove(p)
	if err := p.conn.SetDeadline(time.Time{}); err != nil {
		return nil, nil, err
	}
	p.conn.ahead = bytes.Clone(p.buf[p.r:p.w])
	n := len(p.conn.ahead)
	p.buf, p.r, p.w, p.call.body.left = nil, 0, 0, 0
	in := bufio.NewReaderSize(p.conn, max(n, firstRead))
	if _, err := in.Peek(n); err != nil {
		return nil, nil, err //nolint:wrapcheck // the connection's
	}
	return p.conn, bufio.NewReadWriter(in, bufio.NewWriter(p.conn)), nil
}
