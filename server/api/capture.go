package api

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"net/http"

	"github.com/weftdb/weft/server/answers"
	"github.com/weftdb/weft/server/transactions"
)

// capture is a ResponseWriter that keeps an answer instead of sending it.
type capture struct {
	header http.Header
	status int
	body   []byte
	limit  int
	over   bool // there was more than limit
}

func newCapture(limit int) *capture { return &capture{header: http.Header{}, limit: limit} }

// Header implements http.ResponseWriter.
func (w *capture) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *capture) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps b, or refuses it where the answer gets too long.
func (w *capture) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if len(w.body)+len(b) > w.limit {
		w.over = true
		return 0, answers.TooLarge()
	}
	w.body = append(w.body, b...)
	return len(b), nil
}

// Flush implements http.Flusher; there is nothing to send.
func (w *capture) Flush() {}

// keptHeaders are the headers that belong to an answer and not to its way to the client.
var keptHeaders = []string{"Content-Type", "Content-Range", "Accept-Ranges", "Etag", "Last-Modified", "Location", "Allow", "Retry-After", "Weft-Created", "Weft-Ttl", "Weft-Compression", "Weft-Checksum"}

// kept returns the headers of an answer that are kept with it.
func kept(h http.Header) (list [][2]string) {
	for _, name := range keptHeaders {
		for _, v := range h[name] {
			list = append(list, [2]string{name, v})
		}
	}
	return list
}

// replay sends an answer that was given before.
func replay(x *exchange, status int, header [][2]string, body []byte) error {
	res := x.Response()
	h := res.Header()
	for _, kv := range header {
		h.Add(kv[0], kv[1])
	}
	h.Set("Weft-Repeated", "true")
	res.WriteHeader(status)
	if _, err := res.Write(body); err != nil {
		return clientGone(err)
	}
	return nil
}

// tee is a ResponseWriter that keeps a copy of what it sends, up to a bound.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	limit  int
	over   bool
}

// Unwrap is for http.ResponseController.
func (w *tee) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *tee) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write keeps and sends b. What cannot be sent is kept all the same: the client may
// come back for it.
func (w *tee) Write(b []byte) (int, error) {
	if w.body.Len()+len(b) > w.limit {
		w.over = true
	} else if !w.over {
		w.body.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (w *tee) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// answer is what was sent, nil where it is not complete or too long.
func (w *tee) answer() *transactions.Answer {
	if w.over || w.status == 0 {
		return nil
	}
	header := map[string][]string{}
	for _, kv := range kept(w.Header()) {
		header[kv[0]] = append(header[kv[0]], kv[1])
	}
	return &transactions.Answer{Status: w.status, Header: header, Body: w.body.Bytes()}
}

// digested reads a body and its digest at once. The digest covers what else makes the
// request: method and URL, and the headers that change what is done.
type digested struct {
	io.ReadCloser
	hash hash.Hash
	err  error // why the body could not be read to its end
}

func digest(r *http.Request) *digested {
	d := &digested{ReadCloser: r.Body, hash: sha256.New()}
	io.WriteString(d.hash, r.Method+"\x00"+r.URL.EscapedPath()+"\x00"+r.URL.RawQuery+"\x00") //nolint:errcheck // a hash takes everything
	for _, name := range []string{"Content-Type", "Accept", "If-Match", "If-None-Match", "Range"} {
		io.WriteString(d.hash, r.Header.Get(name)+"\x00") //nolint:errcheck // as above
	}
	r.Body = d
	return d
}

// Read implements io.Reader.
func (d *digested) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.hash.Write(p[:n])
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF comes bare from a body
		d.err = err
	}
	return n, err
}

// sum reads what is left of the body and returns the digest of the request.
func (d *digested) sum() (sum [32]byte, err error) {
	if _, err := io.Copy(io.Discard, d); err != nil || d.err != nil {
		return sum, invalid("BODY_INCOMPLETE", "the body ended early").Wrap(d.err)
	}
	d.hash.Sum(sum[:0])
	return sum, nil
}
