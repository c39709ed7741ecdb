package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/storage/txn"
)

func (s *Server) bindBatch(g *echo.Group) { g.POST("/batch", s.postBatch) }

// maxOperations bounds the operations of a batch.
const maxOperations = 1000

// batch is the body of POST /batch.
type batch struct {
	ops     []operation
	opts    txn.TxOptions
	timeout time.Duration
	found   bool
}

// operation is one request of a batch.
type operation struct {
	id, method, path string
	body             []byte // JSON as it was written, nil where there is none
	headers          http.Header
}

var (
	batchFields     = []string{"operations", "isolation", "read_only", "timeout_ms"}
	operationFields = []string{"id", "method", "path", "body", "headers"}
	// operationHeaders are those that mean something to an operation.
	operationHeaders = []string{"Accept", "Content-Type", "If-Match", "If-None-Match", "Range"}
)

func (b *batch) decode(body []byte) error {
	var sc jsonin.Scanner
	sc.Reset(body)
	err := sc.Object(func(name []byte) (err error) {
		switch field := string(name); field {
		case "operations":
			b.found = true
			if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
				return jsonin.WantError(field, "an array", k)
			}
			err = sc.Array(func(i int) error { return b.operation(&sc, i) })
		case "isolation":
			var v string
			if v, err = optionalString(&sc, field); err == nil {
				b.opts.Isolation, err = parseIsolation(v)
			}
		case "read_only":
			if k := sc.Peek(); k != jsonin.Bool {
				return jsonin.WantError(field, "a boolean", k)
			}
			b.opts.ReadOnly, err = sc.Bool()
		case "timeout_ms":
			var ms int64
			ms, err = sc.IntField(field, 1, maxTimeoutMS)
			b.timeout = time.Duration(ms) * time.Millisecond
		default:
			err = jsonin.UnknownField(field, batchFields)
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	if err == nil && !b.found {
		err = invalid("MISSING_FIELD", `the body needs the field "operations"`).WithField("operations").
			WithHint(`{"operations":[{"method":"POST","path":"/query","body":{"sql":"SELECT 1"}}]}`)
	}
	return err
}

func (b *batch) operation(sc *jsonin.Scanner, i int) error {
	if i >= maxOperations {
		return dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "operations holds more than %d", maxOperations).WithField("operations")
	}
	op := operation{headers: http.Header{}}
	err := sc.Object(func(name []byte) (err error) {
		switch field := string(name); field {
		case "id":
			op.id, err = sc.StrField(field)
		case "method":
			op.method, err = sc.StrField(field)
		case "path":
			op.path, err = sc.StrField(field)
		case "body":
			op.body, err = sc.Raw()
		case "headers":
			err = sc.Object(func(name []byte) error { return op.header(sc, string(name)) })
		default:
			err = jsonin.UnknownField(field, operationFields)
		}
		return err
	})
	if err == nil {
		err = op.check(b.ops)
	}
	if err != nil {
		return inElement("operations", i, err)
	}
	b.ops = append(b.ops, op)
	return nil
}

func (op *operation) header(sc *jsonin.Scanner, name string) error {
	v, err := sc.StrField("headers." + name)
	if err != nil {
		return err
	}
	name = http.CanonicalHeaderKey(name)
	if !slices.Contains(operationHeaders, name) {
		return dberr.New(dberr.ErrUnsupported, "UNKNOWN_HEADER", "an operation takes no header %q", shorten(name, 64)).WithField("headers").
			WithHint("known: %s", quoted(operationHeaders))
	}
	op.headers.Set(name, v)
	return nil
}

func (op *operation) check(before []operation) error {
	switch {
	case op.method == "":
		return invalid("MISSING_FIELD", `the operation needs the field "method"`).WithField("method")
	case !strings.HasPrefix(op.path, "/"):
		return invalid("INVALID_FIELD", `the path %q must begin with /, relative to /api/v1`, shorten(op.path, 64)).WithField("path")
	}
	if op.id == "" {
		return nil
	}
	if op.id[0] >= '0' && op.id[0] <= '9' || strings.Contains(op.id, ".") {
		return invalid("INVALID_FIELD", `the id %q must not begin with a digit nor hold a point`, shorten(op.id, 64)).WithField("id")
	}
	for _, other := range before {
		if other.id == op.id {
			return invalid("DUPLICATE_FIELD", "two operations have the id %q", shorten(op.id, 64)).WithField("id")
		}
	}
	return nil
}

// postBatch runs requests of this interface as one transaction: all or nothing.
func (s *Server) postBatch(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	var b batch
	if err := b.decode(buf.b); err != nil {
		return err
	}
	if b.timeout > 0 {
		ctx, cancel := context.WithTimeout(x.Request().Context(), b.timeout)
		defer cancel()
		x.SetRequest(x.Request().WithContext(ctx))
	}
	if x.tx == nil {
		return s.runBatchAlone(x, db, &b)
	}
	if b.opts != (txn.TxOptions{}) {
		return invalid("INVALID_FIELD", `"isolation" and "read_only" are those of the transaction, which has begun`).WithField("isolation")
	}
	out, err := s.runOperations(x, x.tx, &b)
	if err != nil {
		return err
	}
	return writeJSON(x, append(out, "}\n"...))
}

// runBatchAlone runs a batch in a transaction of its own, again where it met a conflict.
func (s *Server) runBatchAlone(x *exchange, db Backend, b *batch) error {
	ctx := x.Request().Context()
	var met txn.Contended
	b.opts.After = &met
	for attempt := 1; ; attempt++ {
		out, err := s.tryBatch(ctx, x, db, b)
		if err == nil {
			return writeJSON(x, out)
		}
		if !dberr.RunAgain(err) || attempt == onceAttempts {
			return err
		}
		if met.Learn(err) {
			continue // it waits for the key instead of some time
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (s *Server) tryBatch(ctx context.Context, x *exchange, db Backend, b *batch) ([]byte, error) {
	tx, err := db.Begin(ctx, "", b.opts)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	out, err := s.runOperations(x, tx, b)
	if err != nil {
		return nil, err
	}
	ts, err := tx.Commit(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	if ts != 0 {
		out = append(strconv.AppendUint(append(out, `,"commit_timestamp":"`...), uint64(ts), 10), '"')
	}
	return append(out, "}\n"...), nil
}

// operationError is the failure of one operation of a batch.
type operationError struct {
	index int
	id    string
	sql   string // of the operation, for the position of the error
	err   error
}

// Error tells which operation failed, and why.
func (e *operationError) Error() string { return fmt.Sprintf("operation %d: %v", e.index, e.err) }

// Unwrap is why it failed.
func (e *operationError) Unwrap() error { return e.err }

// result is what an operation answered.
type result struct {
	id   string
	json []byte // its body as JSON
}

// runOperations runs the operations in order and renders the answer up to its end.
func (s *Server) runOperations(x *exchange, tx Transaction, b *batch) ([]byte, error) {
	out := []byte(`{"success":true,"results":[`)
	results := make([]result, 0, len(b.ops))
	for i := range b.ops {
		child := &exchange{id: x.id, start: time.Now()}
		w, err := s.runOperation(x, child, tx, &b.ops[i], results)
		if err == nil && int64(len(out)+len(w.body)) > s.opts.ResultBytes {
			err = dberr.New(dberr.ErrTooLarge, "RESULT_TOO_LARGE", "the results are together larger than %d bytes, the bound of a JSON answer", s.opts.ResultBytes)
		}
		if err != nil {
			return nil, &operationError{i, b.ops[i].id, child.sql, err}
		}
		r := result{id: b.ops[i].id, json: bodyAsJSON(w)}
		results = append(results, r)
		if i > 0 {
			out = append(out, ',')
		}
		out = appendOperation(out, i, r, w)
	}
	return append(out, ']'), nil
}

func appendOperation(dst []byte, i int, r result, w *capture) []byte {
	id := r.id
	if id == "" {
		id = strconv.Itoa(i)
	}
	dst = sqltype.AppendJSONString(append(dst, `{"id":`...), id)
	dst = strconv.AppendInt(append(dst, `,"status":`...), int64(w.status), 10)
	if v := w.header.Get("Location"); v != "" {
		dst = sqltype.AppendJSONString(append(dst, `,"location":`...), v)
	}
	return append(append(append(dst, `,"body":`...), r.json...), '}')
}

// bodyAsJSON is the body of an answer: JSON as it is, text as a string, other bytes
// as base64, and null where there is none.
func bodyAsJSON(w *capture) []byte {
	media, _, _ := strings.Cut(w.header.Get("Content-Type"), ";")
	switch {
	case len(w.body) == 0:
		return []byte("null")
	case (media == "application/json" || strings.HasSuffix(media, "+json")) && json.Valid(w.body):
		return bytes.TrimSpace(w.body)
	case utf8.Valid(w.body):
		return sqltype.AppendJSONString(nil, string(w.body))
	}
	return sqltype.AppendJSONString(nil, base64.StdEncoding.EncodeToString(w.body))
}

// runOperation runs one operation in the transaction. child is its exchange.
func (s *Server) runOperation(x, child *exchange, tx Transaction, op *operation, results []result) (*capture, error) {
	r, err := op.request(x, results)
	if err != nil {
		return nil, err
	}
	child.Context = s.echo.NewContext(r, newCapture(0))
	s.echo.Router().Find(r.Method, echo.GetPath(r), child.Context)
	path := child.Path()
	if !joining[path] || path == "/api/v1/batch" {
		if !s.routed(r.Method, path) {
			return nil, dberr.New(dberr.ErrNotFound, "NOT_FOUND", "there is no path %q", shorten(op.path, 64)).WithField("path").
				WithHint("Paths are relative to /api/v1: /query, /kv/keys/a")
		}
		return nil, dberr.New(dberr.ErrUnsupported, "NOT_IN_TRANSACTION", "%s cannot be an operation of a batch", r.URL.Path).WithField("path")
	}
	limit := int(min(s.opts.ResultBytes, math.MaxInt32))
	var w *capture
	err = tx.Do(func() (err error) {
		w, err = s.captured(child, tx, limit, child.Handler())
		return err
	})
	if he := new(echo.HTTPError); errors.As(err, &he) && he.Code == http.StatusMethodNotAllowed {
		err = dberr.New(dberr.ErrUnsupported, "METHOD_NOT_ALLOWED", "%s is not allowed for %s", r.Method, r.URL.Path).WithField("method")
	}
	return w, err
}

// routed says whether there is a route of this interface for a method and a pattern.
func (s *Server) routed(method, pattern string) bool {
	for _, r := range s.echo.Routes() {
		if r.Method == method && r.Path == pattern && strings.HasPrefix(pattern, "/api/v1/") {
			return true
		}
	}
	return false
}

// request makes the request of an operation.
func (op *operation) request(x *exchange, results []result) (*http.Request, error) {
	body, err := op.content(results)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(x.Request().Context(), op.method, "/api/v1"+op.path, bytes.NewReader(body))
	if err != nil {
		return nil, invalid("INVALID_FIELD", "%s %s is no request", shorten(op.method, 20), shorten(op.path, 64)).WithField("path")
	}
	r.Header, r.RemoteAddr, r.Host = op.headers.Clone(), x.Request().RemoteAddr, x.Request().Host
	r.RequestURI = r.URL.RequestURI()
	if body == nil {
		r.Body = io.NopCloser(bytes.NewReader(nil))
	} else if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// content is the body of an operation. One that is a string and not sent as JSON is
// the string's text.
func (op *operation) content(results []result) ([]byte, error) {
	if op.body == nil {
		return nil, nil
	}
	body, err := substitute(op.body, results)
	if err != nil {
		return nil, err
	}
	media := op.headers.Get("Content-Type")
	if media == "" || isJSON(media) || body[0] != '"' {
		return body, nil
	}
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return nil, invalid("INVALID_FIELD", "the body cannot be read").WithField("body").Wrap(err)
	}
	return []byte(text), nil
}
