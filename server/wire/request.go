package wire

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// A request is plain if it is written as clients write nearly all of theirs: in HTTP/1.1, with
// a path, each header on a line of its own, and a body, if any, that is short and whose length
// is told. For those a Server makes of a request what net/http does. Whatever else comes,
// broken or rare, is net/http's to read and to refuse.

// verdict is what is known of the bytes at the head of a connection.
type verdict int

const (
	partial verdict = iota // more must be read
	whole                  // the head of a plain request is there
	other                  // this is not a plain request
)

const (
	maxFields = 32       // headers of a plain request
	maxBody   = 64 << 10 // bytes of its body
)

// field is where a header is in the head.
type field struct{ from, colon, value, to int }

// head is the head of a plain request, as places in its bytes.
type head struct {
	method, target int // where they end
	end            int // behind the empty line
	length         int // of the body
	last           bool
	hosts          int
	fields         [maxFields]field
	n              int
}

// scan looks for the head of a request at the beginning of b.
func (h *head) scan(b []byte) verdict {
	h.n, h.hosts, h.length, h.last = 0, 0, -1, false
	for at, first := 0, true; ; first = false {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return partial
		}
		end := at + i
		if end == at || b[end-1] != '\r' {
			return other
		}
		switch {
		case first:
			if !h.requestLine(b[:end-1]) {
				return other
			}
		case end-1 == at:
			if h.hosts != 1 {
				return other
			}
			h.end, h.length = end+1, max(h.length, 0)
			return whole
		case !h.field(b, at, end-1):
			return other
		}
		at = end + 1
	}
}

// requestLine takes the first line.
func (h *head) requestLine(line []byte) bool {
	rest, ok := bytes.CutSuffix(line, []byte(" HTTP/1.1"))
	if !ok {
		return false
	}
	h.method = bytes.IndexByte(rest, ' ')
	if h.method < 0 || knownMethod(rest[:h.method]) == "" {
		return false
	}
	h.target = len(rest)
	target := rest[h.method+1:]
	if len(target) == 0 || target[0] != '/' {
		return false
	}
	for _, c := range target {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// knownMethod is a method as a string, "" where it is none of a plain request.
func knownMethod(b []byte) string {
	switch string(b) {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodPost:
		return http.MethodPost
	case http.MethodPut:
		return http.MethodPut
	case http.MethodDelete:
		return http.MethodDelete
	case http.MethodPatch:
		return http.MethodPatch
	}
	return ""
}

// field takes the header in b[from:to].
func (h *head) field(b []byte, from, to int) bool {
	if h.n == maxFields {
		return false
	}
	colon := from
	for colon < to && tokenByte[b[colon]] {
		colon++
	}
	if colon == from || colon == to || b[colon] != ':' {
		return false
	}
	value, last := colon+1, to
	for value < last && blank(b[value]) {
		value++
	}
	for last > value && blank(b[last-1]) {
		last--
	}
	for _, c := range b[value:last] {
		if c < ' ' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	h.fields[h.n] = field{from, colon, value, last}
	h.n++
	return h.known(b[from:colon], b[value:last])
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// tokenByte says which bytes a name may have (RFC 9110, section 5.6.2).
var tokenByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c < 0x80 && c > 0 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return t
}()

// known takes the headers that say how the request is to be read.
func (h *head) known(name, value []byte) bool {
	switch len(name) {
	case len("Te"):
		return !is(name, "te")
	case len("Host"):
		if is(name, "host") {
			h.hosts++
			return hostOK(value)
		}
	case len("Expect"): // and Pragma
		return !is(name, "expect") && !is(name, "pragma")
	case len("Upgrade"): // and Trailer
		return !is(name, "upgrade") && !is(name, "trailer")
	case len("Connection"):
		if is(name, "connection") {
			if is(value, "keep-alive") || h.last {
				return !h.last // said twice is not plain
			}
			h.last = is(value, "close")
			return h.last
		}
	case len("Content-Length"), len("Transfer-Encoding"):
		if is(name, "transfer-encoding") {
			return false
		}
		if is(name, "content-length") {
			return h.lengthIs(value)
		}
	}
	return true
}

// is compares without regard to the case of letters. The name is in lower case.
func is(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

func (h *head) lengthIs(value []byte) bool {
	if h.length >= 0 || len(value) == 0 || len(value) > 5 {
		return false
	}
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int(c-'0')
	}
	h.length = n
	return n <= maxBody
}

func hostOK(b []byte) bool {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == ':' || c == '-' || c == '_' || c == '[' || c == ']') {
			return false
		}
	}
	return len(b) > 0
}

// fill makes the request of which b is the head, but for its body. It says false where the
// target is none that net/url takes.
func (c *call) fill(h *head, b []byte) bool {
	all := string(b[:h.end])
	target := all[h.method+1 : h.target]
	if !setURL(&c.url, target) {
		return false
	}
	r := c.request
	*r = c.blank // whatever handlers have made of it
	r.Method, r.RequestURI = knownMethod(b[:h.method]), target
	r.Close, r.ContentLength = h.last, int64(h.length)
	clear(c.header)
	values := c.values[:0]
	for _, f := range h.fields[:h.n] {
		name, value := textproto.CanonicalMIMEHeaderKey(all[f.from:f.colon]), all[f.value:f.to]
		if name == "Host" {
			r.Host = value
			continue
		}
		if had := c.header[name]; had != nil {
			c.header[name] = append(had, value) // not into values: had has no room
			continue
		}
		values = append(values, value)
		c.header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	c.values = values
	return true
}

// setURL is url.ParseRequestURI.
func setURL(to *url.URL, target string) bool {
	path, query, asks := strings.Cut(target, "?")
	usual := len(path) < 2 || path[1] != '/'
	for i := 0; i < len(path) && usual; i++ {
		usual = pathByte[path[i]]
	}
	if usual && (!asks || query != "") {
		*to = url.URL{Path: path, RawQuery: query}
		return true
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return false
	}
	*to = *u
	return true
}

// pathByte says which bytes stand for themselves in a path, and are not written otherwise.
var pathByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c > 0 && strings.IndexByte("-_.~$&+,/:;=@", byte(c)) >= 0
	}
	return t
}()
