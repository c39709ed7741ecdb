package wire

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// heldBack is how much of a body waits for the end of the handler, so that it goes out with
// its length and the head in one write.
const heldBack = 4 << 10

// answer is the ResponseWriter of a plain request. The head is written down when the status is
// known, and sent with the first bytes of the body that are.
type answer struct {
	p      *plain
	header http.Header
	keys   []string

	out    *[]byte // the head as far as it is there, and what frames the body
	held   []byte  // body that is not sent, of *holding
	hold   *[]byte
	status int
	length int64 // of the body, as the handler has told; -1: it has not
	sent   int64 // bytes of the body that the handler has written
	err    error // the connection has failed

	headSent, chunked, last bool
	typed, encoded, dated   bool // there is such a header
	hijacked                bool
	duplex                  bool // the handler reads on while it writes
}

// outs and holds are memory of answers that are written.
var (
	outs  = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}
	holds = sync.Pool{New: func() any { b := make([]byte, 0, heldBack); return &b }}
)

// begin readies the answer for another request.
func (a *answer) begin() {
	header := a.header
	if header == nil {
		header = make(http.Header, 4)
	}
	clear(header)
	a.p.conn.lines = a.p.conn.lines[:0] // that came too late for the answer before
	*a = answer{p: a.p, header: header, keys: a.keys, length: -1, last: a.p.call.request.Close}
}

// drop forgets what is not sent.
func (a *answer) drop() {
	if a.out != nil {
		*a.out = (*a.out)[:0]
		outs.Put(a.out)
		a.out = nil
	}
	if a.hold != nil {
		*a.hold = a.held[:0]
		holds.Put(a.hold)
		a.hold, a.held = nil, nil
	}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	switch {
	case a.hijacked:
		a.p.server.opts.ErrorLog.Print("wire: WriteHeader on a hijacked connection")
		return
	case a.status != 0:
		a.p.server.opts.ErrorLog.Printf("wire: superfluous WriteHeader(%d)", status)
		return
	case status < 100 || status > 999:
		panic("wire: invalid status " + strconv.Itoa(status))
	}
	if a.out == nil {
		a.out = outs.Get().(*[]byte)
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		b := a.appendHeaders(appendStatus(*a.out, status), status)
		a.write(append(b, "\r\n"...), nil)
		return
	}
	a.status = status
	a.typed, a.encoded, a.dated = false, false, false // an interim answer may have had such
	b := appendStatus(*a.out, status)
	b = append(b, a.p.conn.lines...)
	a.p.conn.lines = a.p.conn.lines[:0]
	*a.out = a.appendHeaders(b, status)
}

// appendHeaders appends the handler's headers, but for those that tell the length of the body,
// and notes which there are.
func (a *answer) appendHeaders(b []byte, status int) []byte {
	a.keys = a.keys[:0]
	for name := range a.header {
		a.keys = append(a.keys, name)
	}
	slices.Sort(a.keys)
	for _, name := range a.keys {
		values := a.header[name]
		if !isToken(name) || !a.own(name, values, status) {
			continue
		}
		for _, v := range values {
			b = append(append(b, name...), ": "...)
			b = append(append(b, clean(v)...), "\r\n"...)
		}
	}
	return b
}

// own takes the headers that mean something here, and says whether the header is sent as it is.
func (a *answer) own(name string, values []string, status int) bool {
	if len(values) == 0 {
		a.typed = a.typed || name == "Content-Type" // it is to have none
		return false
	}
	switch name {
	case "Content-Length":
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil && n >= 0 && status >= 200 && hasBody(status) {
			a.length = n
		}
		return false
	case "Transfer-Encoding":
		return false
	case "Content-Type":
		a.typed = true
		return status != http.StatusNotModified
	case "Content-Encoding":
		a.encoded = values[0] != ""
	case "Date":
		a.dated = true
	case "Connection":
		if strings.EqualFold(values[0], "close") {
			a.last = true
		}
		return !a.last
	}
	return true
}

// isToken says whether a name may be one of a header.
func isToken(name string) bool {
	for i := range len(name) {
		if !tokenByte[name[i]] {
			return false
		}
	}
	return name != ""
}

// clean takes the ends of lines out of a value.
func clean(v string) string {
	if strings.ContainsAny(v, "\r\n") {
		v = strings.NewReplacer("\r", " ", "\n", " ").Replace(v)
	}
	return strings.Trim(v, " \t")
}

// hasBody says whether an answer of a status has a body.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func appendStatus(b []byte, status int) []byte {
	if status == http.StatusOK {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(status), 10)
	text := http.StatusText(status)
	if text == "" {
		text = "status code " + strconv.Itoa(status)
	}
	return append(append(append(b, ' '), text...), "\r\n"...)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return writeTo(a, p) }

// WriteString implements io.StringWriter.
func (a *answer) WriteString(s string) (int, error) { return writeTo(a, s) }

func writeTo[T string | []byte](a *answer, p T) (int, error) {
	if a.hijacked {
		return 0, http.ErrHijacked
	}
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case !hasBody(a.status):
		return 0, http.ErrBodyNotAllowed
	}
	a.sent += int64(len(p)) // also where it is too much: it was not what was promised
	if a.length >= 0 && a.sent > a.length {
		return 0, http.ErrContentLength
	}
	if a.err != nil {
		return 0, a.err
	}
	if len(a.held)+len(p) <= heldBack {
		if a.hold == nil {
			a.hold = holds.Get().(*[]byte)
			a.held = (*a.hold)[:0]
		}
		a.held = append(a.held, p...)
		return len(p), nil
	}
	if a.send([]byte(p), false); a.err != nil {
		return 0, a.err
	}
	return len(p), nil
}

// send sends what is held and p; where the handler has ended, that is all.
func (a *answer) send(p []byte, all bool) {
	b := *a.out
	size := len(a.held) + len(p)
	if !a.headSent {
		a.headSent = true
		b = a.appendLength(b, p, size, all)
		b = append(b, "\r\n"...)
	}
	if a.chunked && size > 0 {
		b = strconv.AppendInt(b, int64(size), 16)
		b = append(b, "\r\n"...)
	}
	b = append(b, a.held...)
	a.held = a.held[:0]
	if !a.chunked {
		a.write(b, p)
		return
	}
	tail := ""
	if size > 0 {
		tail = "\r\n"
	}
	if all {
		tail += "0\r\n\r\n"
	}
	if len(p) == 0 {
		a.write(append(b, tail...), nil)
		return
	}
	a.write(b, p, tail)
}

// appendLength appends the headers that the server sets.
func (a *answer) appendLength(b, p []byte, size int, all bool) []byte {
	if !a.dated {
		b = append(append(append(b, "Date: "...), date()...), "\r\n"...)
	}
	if hasBody(a.status) {
		if size > 0 && !a.typed && !a.encoded {
			start := a.held
			if len(start) == 0 {
				start = p
			}
			b = append(append(append(b, "Content-Type: "...), http.DetectContentType(start)...), "\r\n"...)
		}
		if a.length < 0 && all {
			a.length = int64(size)
		}
		if a.length >= 0 {
			b = append(strconv.AppendInt(append(b, "Content-Length: "...), a.length, 10), "\r\n"...)
		} else {
			a.chunked = true
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		}
	}
	if in := &a.p.call.body; in.left > 0 && !in.ended && !a.duplex && (in.failed || in.skip() != nil) { // clients may read only once they have sent all
		a.last = true
	}
	a.last = a.last || a.p.server.closing.Load()
	if a.last {
		b = append(b, "Connection: close\r\n"...)
	}
	return b
}

// write writes b, which is *a.out grown, p and a tail to the connection.
func (a *answer) write(b, p []byte, tail ...string) {
	*a.out = b[:0]
	switch {
	case a.err != nil:
		return
	case len(p) == 0:
		_, a.err = a.p.conn.TCPConn.Write(b)
	default:
		parts := net.Buffers{b, p}
		for _, t := range tail {
			parts = append(parts, []byte(t))
		}
		_, a.err = parts.WriteTo(a.p.conn.TCPConn)
	}
	if a.err != nil {
		a.p.call.life.end()
	}
}

// finish sends what is not sent. It says false where the client did not get what it was promised.
func (a *answer) finish() bool {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !a.headSent || a.chunked || len(a.held) > 0 {
		a.send(nil, true)
	}
	a.drop()
	return a.err == nil && (a.length < 0 || a.sent == a.length)
}

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	if a.hijacked {
		return http.ErrHijacked
	}
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !a.headSent || len(a.held) > 0 {
		a.send(nil, false)
	}
	return a.err
}

// Flush implements http.Flusher.
func (a *answer) Flush() { a.FlushError() } //nolint:errcheck // it has no way to tell

// SetReadDeadline is what http.ResponseController calls.
func (a *answer) SetReadDeadline(t time.Time) error {
	a.p.call.body.timed = false
	return a.p.conn.SetReadDeadline(t)
}

// SetWriteDeadline is what http.ResponseController calls.
func (a *answer) SetWriteDeadline(t time.Time) error { return a.p.conn.SetWriteDeadline(t) }

// EnableFullDuplex is what http.ResponseController calls.
func (a *answer) EnableFullDuplex() error {
	a.duplex = true
	return nil
}

// Hijack implements http.Hijacker. A head that was written goes out, and no body that was not.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if a.hijacked {
		return nil, nil, http.ErrHijacked
	}
	if a.status != 0 && !a.headSent {
		a.held = a.held[:0]
		a.send(nil, false)
	}
	conn, rw, err := a.p.hijack()
	if err != nil {
		return nil, nil, err
	}
	a.hijacked = true
	a.drop()
	return conn, rw, nil
}

// now is a date of an answer, which lasts a second.
type now struct {
	second int64
	text   string
}

var today atomic.Pointer[now]

// date is the time as answers tell it.
func date() string {
	t := time.Now()
	if d := today.Load(); d != nil && d.second == t.Unix() {
		return d.text
	}
	d := &now{t.Unix(), t.UTC().Format(http.TimeFormat)}
	today.Store(d)
	return d.text
}
