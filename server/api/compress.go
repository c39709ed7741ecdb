package api

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compress makes the answer go out compressed where the client accepts it and
// the answer turns out to be long enough. The writer must be finished or aborted
// after the handler; it is nil, which does nothing, where the client accepts none.
func (s *Server) compress(x *exchange) *compressWriter {
	accept := x.Request().Header["Accept-Encoding"]
	if len(accept) == 0 || s.opts.CompressMin < 0 || x.Request().Method == http.MethodHead {
		return nil
	}
	enc := pickEncoding(accept[0])
	if enc == "" {
		return nil
	}
	res := x.Response()
	w := &compressWriter{ResponseWriter: res.Writer, min: s.opts.CompressMin, encoding: enc}
	res.Writer = w
	return w
}

// pickEncoding chooses zstd or gzip from Accept-Encoding, or "" for neither. An
// encoding with weight 0 is refused by the client.
func pickEncoding(accept string) string {
	best := ""
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "zstd" || zeroWeight(params) {
			continue
		}
		if best != "zstd" {
			best = name
		}
	}
	return best
}

// zeroWeight says whether parameters hold q=0.
func zeroWeight(params string) bool {
	q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
	return ok && strings.Trim(q, "0.") == "" && q != ""
}

// encoder is what gzip.Writer and zstd.Encoder have in common.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

var encoders = map[string]*sync.Pool{
	"gzip": {New: func() any {
		w, err := kgzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}},
	"zstd": {New: func() any {
		w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10))
		if err != nil {
			panic(err) // the options are constants
		}
		return w
	}},
}

// compressWriter holds an answer back until it is min bytes long, then compresses
// it; one that is flushed or ends earlier goes out as it is.
type compressWriter struct {
	http.ResponseWriter
	min      int
	encoding string
	status   int
	held     []byte
	plain    bool // decided: not compressed
	enc      encoder
}

// Unwrap is for http.ResponseController.
func (w *compressWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader keeps the status until it is known how the body goes out.
func (w *compressWriter) WriteHeader(status int) {
	w.status = status
	if status == http.StatusNoContent || status == http.StatusNotModified || w.Header().Get("Content-Encoding") != "" {
		w.pass()
	}
}

// pass decides for no compression and sends what is held.
func (w *compressWriter) pass() {
	w.plain = true
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *compressWriter) Write(b []byte) (int, error) {
	if w.plain {
		return w.ResponseWriter.Write(b)
	}
	if w.enc != nil {
		return w.enc.Write(b)
	}
	if len(w.held)+len(b) < w.min {
		w.held = append(w.held, b...)
		return len(b), nil
	}
	w.begin()
	if len(w.held) > 0 {
		if _, err := w.enc.Write(w.held); err != nil {
			return 0, err
		}
	}
	return w.enc.Write(b)
}

func (w *compressWriter) begin() {
	h := w.Header()
	h.Del("Content-Length")
	h.Set("Content-Encoding", w.encoding)
	h.Add("Vary", "Accept-Encoding")
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
	w.enc = encoders[w.encoding].Get().(encoder)
	w.enc.Reset(w.ResponseWriter)
}

// Flush sends what there is. A stream that flushes before it is worth compressing
// is not compressed.
func (w *compressWriter) Flush() {
	if w.enc != nil {
		if w.enc.Flush() != nil {
			return // the client is gone; the next write says so
		}
	} else if !w.plain {
		w.release()
	}
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// release sends the held bytes uncompressed.
func (w *compressWriter) release() {
	w.pass()
	if len(w.held) > 0 {
		w.ResponseWriter.Write(w.held) //nolint:errcheck // the client is gone; the next write says so
		w.held = nil
	}
}

// finish ends the answer.
func (w *compressWriter) finish() {
	switch {
	case w == nil:
	case w.enc != nil:
		w.enc.Close() //nolint:errcheck // the client is gone
		w.drop()
	case !w.plain && (w.status != 0 || len(w.held) > 0):
		w.release()
	}
}

// abort forgets what is not sent, so that a part never looks whole.
func (w *compressWriter) abort() {
	if w == nil {
		return
	}
	w.plain, w.held = true, nil
	if w.enc != nil {
		w.drop()
	}
}

func (w *compressWriter) drop() {
	w.enc.Reset(io.Discard)
	encoders[w.encoding].Put(w.enc)
	w.enc, w.plain = nil, true
}
