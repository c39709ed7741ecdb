package wire_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/server/wire"
)

// start serves h by a Server until the test ends.
func start(t testing.TB, h http.HandlerFunc, opts wire.Options) (*wire.Server, string) {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if opts.ErrorLog == nil {
		opts.ErrorLog = log.New(io.Discard, "", 0)
	}
	s := wire.NewServer(h, opts)
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, l.Addr().String()
}

// reference serves h by net/http alone.
func reference(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), MaxHeaderBytes: 64 << 10}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

var long = strings.Repeat("long ", 5000)

// behave answers in the way that the path names.
func behave(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch r.URL.Path {
	case "/empty":
	case "/none":
		h.Set("Content-Length", "5")
		w.WriteHeader(http.StatusNoContent)
		_, err := io.WriteString(w, "x")
		if !errors.Is(err, http.ErrBodyNotAllowed) {
			panic("a body of 204")
		}
	case "/unmodified":
		h.Set("Content-Type", "text/x")
		h.Set("Etag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
	case "/early":
		h.Set("Link", "</x>")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "body")
	case "/typed": // the interim answer alone
		h.Set("Content-Type", "text/x")
		h.Set("Date", "then")
		w.WriteHeader(http.StatusEarlyHints)
		h.Del("Content-Type")
		h.Del("Date")
		io.WriteString(w, "body")
	case "/stays":
		h.Set("Connection", "keep-alive")
	case "/long":
		for range 3 {
			io.WriteString(w, long)
		}
	case "/told":
		h.Set("Content-Length", fmt.Sprint(2*len(long)))
		io.WriteString(w, long)
		io.WriteString(w, long)
	case "/less":
		h.Set("Content-Length", "10")
		io.WriteString(w, "less")
	case "/more":
		h.Set("Content-Length", "4")
		io.WriteString(w, "mo")
		if _, err := io.WriteString(w, "re than that"); !errors.Is(err, http.ErrContentLength) {
			panic("more than the length")
		}
		io.WriteString(w, "re")
	case "/flushed":
		w.(http.Flusher).Flush()
		io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		w.(http.Flusher).Flush()
		io.WriteString(w, "b")
	case "/html":
		io.WriteString(w, "<html><body>")
	case "/packed":
		h.Set("Content-Encoding", "gzip")
		io.WriteString(w, "packed")
	case "/untyped":
		h["Content-Type"] = nil
		io.WriteString(w, "untyped")
	case "/odd":
		w.WriteHeader(799)
		io.WriteString(w, "odd")
	case "/headers":
		h["bad name"] = []string{"x"}
		h["X-Split"] = []string{"a\r\nX-Injected: 1\n", " b\t"}
		h["x-lower"] = []string{"lower"}
		h.Set("Date", "then")
		h.Set("X-Long", long)
		w.WriteHeader(http.StatusTeapot)
		h.Set("X-Late", "1")
		w.WriteHeader(http.StatusOK)
	case "/close":
		h.Set("Connection", "close")
		io.WriteString(w, "close")
	case "/unread":
		io.WriteString(w, "unread")
	case "/half":
		io.ReadFull(r.Body, make([]byte, 3))
		io.WriteString(w, "half")
	case "/duplex", "/simplex":
		if r.URL.Path == "/duplex" {
			http.NewResponseController(w).EnableFullDuplex()
		}
		io.WriteString(w, "first, ")
		w.(http.Flusher).Flush()
		b, _ := io.ReadAll(r.Body) // net/http says EOF where the rest has failed to come
		fmt.Fprintf(w, "then %q", b)
	case "/shut":
		r.Body.Close()
		_, err := r.Body.Read(make([]byte, 1))
		fmt.Fprint(w, errors.Is(err, http.ErrBodyReadAfterClose), errors.Is(err, io.EOF))
	case "/panic":
		io.WriteString(w, "never seen")
		panic("on purpose")
	case "/abort":
		io.WriteString(w, "seen")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "/form":
		err := r.ParseForm()
		fmt.Fprint(w, r.Form, r.PostForm, err)
	case "/limited":
		_, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 4))
		fmt.Fprint(w, err)
	case "/context":
		fmt.Fprint(w, r.Context().Err())
		if _, ok := r.Context().Deadline(); ok {
			panic("a deadline")
		}
	case "/hijacked":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, err = w.Write([]byte("x"))
		fmt.Fprintf(rw, "by hand %t: ", errors.Is(err, http.ErrHijacked))
		io.Copy(rw, rw)
		rw.Flush()
	case "/late", "/later":
		io.WriteString(w, "never seen")
		if r.URL.Path == "/later" {
			w.(http.Flusher).Flush()
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(rw, "3\r\nabc\r\n0\r\n\r\n")
		rw.Flush()
		io.Copy(io.Discard, rw)
	case "/changed":
		r.Header, r.URL, r.RemoteAddr, r.TransferEncoding, r.Trailer = http.Header{}, &url.URL{Path: "/x"}, "x", []string{"x"}, http.Header{"X": nil}
		r.SetPathValue("x", "y")
		r.Proto, r.ProtoMinor, r.Pattern = "x", 7, "x"
	default:
		show(w, r)
	}
}

// show answers with all that there is of a request.
func show(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %q %q %q %t %q\n", r.Method, r.URL, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.ForceQuery, r.RequestURI)
	fmt.Fprintf(w, "%q %s %d.%d %d %v %t %v %q %q\n", r.Host, r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength, r.TransferEncoding, r.Close, r.Trailer, r.Pattern, r.PathValue("x"))
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	_, addressed := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	_, served := r.Context().Value(http.ServerContextKey).(*http.Server)
	fmt.Fprintln(w, host, addressed, served)
	for _, name := range sorted(r.Header) {
		fmt.Fprintf(w, "%q: %q\n", name, r.Header[name])
	}
	fmt.Fprintf(w, "%q %v", body, err)
}

func sorted(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// talk sends all bytes, says that no more come, and returns the answers in a form in which
// the order of headers and the date do not show.
func talk(t testing.TB, addr string, request []byte) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	go func() {
		c.Write(request)
		c.(*net.TCPConn).CloseWrite()
	}()
	var b strings.Builder
	for r := bufio.NewReader(c); ; {
		if !answer(&b, r) {
			return b.String()
		}
	}
}

// answer puts down an answer as it was sent. It says false behind the last one.
func answer(b *strings.Builder, r *bufio.Reader) bool {
	status, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.") {
		rest, _ := io.ReadAll(r)
		fmt.Fprintf(b, "end %q%q", status, rest)
		return false
	}
	var lines []string
	length, chunked := 0, false
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			break
		}
		if strings.HasPrefix(line, "Date: ") && len(line) == len("Date: \r\n")+len(http.TimeFormat) {
			line = "Date\r\n"
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
		chunked = chunked || line == "Transfer-Encoding: chunked\r\n"
		lines = append(lines, line)
	}
	slices.Sort(lines)
	var body []byte
	if chunked {
		body, err = dechunk(r)
	} else {
		body = make([]byte, length)
		var n int
		if n, err = io.ReadFull(r, body); err != nil {
			err = errors.New("cut off")
		}
		body = body[:n]
	}
	fmt.Fprintf(b, "%s%q\n%q %v\n", status, lines, body, err)
	return true
}

// dechunk reads a body of chunks, whose sizes are the server's own affair.
func dechunk(r *bufio.Reader) (body []byte, err error) {
	for {
		var n int
		line, err := r.ReadString('\n')
		if _, scanned := fmt.Sscanf(line, "%x\r\n", &n); err != nil || scanned != nil {
			return body, errors.New("cut off")
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil || string(chunk[n:]) != "\r\n" {
			return body, errors.New("cut off in a chunk")
		}
		if n == 0 {
			return body, nil
		}
		body = append(body, chunk[:n]...)
	}
}

const next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"

// requests are such as clients send, such as none should, and all between.
func requests() []string {
	all := []string{
		"", "\r\n", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab",
		"POST /empty HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", "POST /duplex HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", "PUT /shut HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab",
		"POST /duplex HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + next, "POST /simplex HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + next,
		"GET /old HTTP/1.0\r\n\r\n", "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next,
		"GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", "get / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\r\n" + next, "POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n" + next,
		"POST / HTTP/1.1\r\nHost: x\r\n\r\n\n\n\n\n\n" + next, "POST / HTTP/1.1\r\nHost: x\r\n\r\n\n\n\n\n", "POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGE", "POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\nG",
		next + "\r\n", next + "GET", next + "GET ", next + "POST /", next + "\r\n" + next,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /long HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://h/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\nHost: x\r\n\r\n", "G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + next,
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + next,
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + next,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 003\r\n\r\nabc" + next, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 3\r\n\r\nabc" + next,
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + next, "POST / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\n 2\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n: none\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA: a\x00b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA: a\rb\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: \xc3\xa4\r\nB: \t b \t\r\nC:\r\nb: 2\r\nB: 3\r\nX_y!: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nB\xe4: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nPragma: no-cache\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nTe: trailers\r\nTrailer: X\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + next, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n" + next,
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n" + next, "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n" + next,
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nConnection: close\r\n\r\n" + next, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close, x\r\n\r\n" + next,
		"GET /" + strings.Repeat("a", 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n" + next, "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 20000) + "\r\n\r\n" + next,
		"GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 80000) + "\r\n\r\n" + next, "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: 1\r\n", 40) + "\r\n" + next,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat("b", 60000) + next,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("b", 70000) + next,
		"POST /form?a=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nb=2" + next,
		"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nb=2POST /form?c HTTP/1.1\r\nHost: x\r\n\r\n" + next,
	}
	for _, target := range []string{"*", "a", "//h/p", "/a//b", "/a?", "/a?b?c", "/?", "/a%20b", "/a%2Fb", "/a%zz", "/a%", "/a;b,c", "/a!b", "/a'(b)*", "/a#f", "/a?b#f", "/a?%zz",
		"/\"<>^`{|}", "/a:b@c&d=e+f$~", "/a\x7f", "/\xc3\xa4", "/a b", "/.", "/../x", "/a\\b"} {
		all = append(all, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"+next)
	}
	for _, path := range []string{"empty", "none", "unmodified", "early", "long", "told", "less", "more", "flushed", "html", "packed", "untyped", "odd", "headers", "close",
		"unread", "half", "shut", "panic", "abort", "limited", "context", "hijacked", "typed", "stays", "late", "later", "changed"} {
		all = append(all, "GET /"+path+" HTTP/1.1\r\nHost: x\r\n\r\n"+next,
			"POST /"+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabcdef"+next,
			next+"PUT /"+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("c", 5000)+next)
	}
	return all
}

// TestAsNetHTTP: whatever is sent, the answers are those of net/http, byte by byte but for the
// order of headers and how bodies are cut into chunks.
func TestAsNetHTTP(t *testing.T) {
	_, addr := start(t, behave, wire.Options{MaxHeaderBytes: 64 << 10})
	ref := reference(t, behave)
	var all sync.WaitGroup
	defer all.Wait()
	turns := make(chan bool, 16)
	for _, request := range requests() {
		turns <- true
		all.Go(func() {
			got, want := talk(t, addr, []byte(request)), talk(t, ref, []byte(request))
			if got != want {
				t.Errorf("%.300q:\ngot  %.1500s\nwant %.1500s", request, got, want)
			}
			<-turns
		})
	}
}

// FuzzAsNetHTTP is TestAsNetHTTP of anything.
func FuzzAsNetHTTP(f *testing.F) {
	for _, request := range requests() {
		f.Add([]byte(request))
	}
	_, addr := start(f, behave, wire.Options{MaxHeaderBytes: 64 << 10})
	ref := reference(f, behave)
	f.Fuzz(func(t *testing.T, request []byte) {
		if bytes.Contains(request, []byte("/hijacked")) && len(request) > 4000 {
			t.Skip("what is echoed may be cut off by a reset")
		}
		if got, want := talk(t, addr, request), talk(t, ref, request); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
