package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// remote reaches a server over its HTTP API.
type remote struct {
	base     *url.URL
	database string
	client   *http.Client
	buf      bytes.Buffer // the body of the last Insert, for its memory
}

func openRemote(ctx context.Context, server, database string) (*remote, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	base, err := url.Parse(server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usage("--server is %q: want a URL such as %s", server, defaultServer)
	}
	r := &remote{base: base, database: database, client: &http.Client{}}
	var version struct{ Version string }
	if err := r.get(ctx, "/version", nil, &version); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *remote) where() string { return r.base.String() + " database " + r.database }

func (r *remote) close() error {
	r.client.CloseIdleConnections()
	return nil
}

func (r *remote) url(path string, q url.Values) string {
	u := *r.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	if q == nil {
		q = url.Values{}
	}
	if r.database != "" {
		q.Set("database", r.database)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// do sends a request and returns the answer where its status is 2xx, else the
// problem that it describes.
func (r *remote) do(ctx context.Context, method, address, contentType string, body io.Reader, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, r.unreachable(ctx, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, r.unreachable(ctx, err)
	}
	return nil, problemError(res.StatusCode, text)
}

// unreachable says why a request got no answer.
func (r *remote) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return dberr.New(dberr.ErrUnavailable, "UNREACHABLE", "no server answers at %s (%v)", r.base, op.Err).
			WithHint("start one with `weft serve`, name another with --server, or use --data-dir to open a data directory directly")
	}
	return dberr.New(dberr.ErrUnavailable, "UNREACHABLE", "the connection to %s broke", r.base).Wrap(err).
		WithHint("the outcome of the last request is not known")
}

// problem is an RFC 9457 answer.
type problem struct {
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Code     string `json:"code"`
	SQLState string `json:"sqlstate"`
	Hint     string `json:"hint"`
	Position *struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Offset int `json:"offset"`
	} `json:"position"`
	RequestID string `json:"request_id"`
}

// statusClasses gives the failure class of an answer that has no SQLSTATE.
var statusClasses = map[int]error{
	http.StatusNotFound: dberr.ErrNotFound, http.StatusConflict: dberr.ErrConflict, http.StatusRequestEntityTooLarge: dberr.ErrTooLarge,
	http.StatusUnprocessableEntity: dberr.ErrConstraint, http.StatusServiceUnavailable: dberr.ErrUnavailable, http.StatusTooManyRequests: dberr.ErrUnavailable,
	http.StatusGatewayTimeout: dberr.ErrTimeout, 499: dberr.ErrCanceled, http.StatusInsufficientStorage: dberr.ErrFull,
}

func problemError(status int, body []byte) error {
	var p problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return dberr.New(statusClasses[status], "HTTP_"+strconv.Itoa(status), "the server answered %d: %s", status, bytes.TrimSpace(body))
	}
	message := p.Detail
	if message == "" {
		message = p.Title
	}
	var e *dberr.Error
	if p.SQLState != "" {
		e = dberr.SQL(p.SQLState, "%s", message)
	} else {
		e = dberr.New(statusClasses[status], p.Code, "%s", message)
	}
	e.Code, e.Hint = p.Code, p.Hint
	if p.Position != nil {
		e.Detail = fmt.Sprintf("line %d, column %d", p.Position.Line, p.Position.Column)
	}
	if status >= 500 && p.RequestID != "" {
		e.Detail = "request id " + p.RequestID
	}
	return e
}

func (r *remote) get(ctx context.Context, path string, q url.Values, into any) error {
	res, err := r.do(ctx, http.MethodGet, r.url(path, q), "", nil, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

func (r *remote) tables(ctx context.Context) ([]tableInfo, error) {
	var out struct{ Tables []tableInfo }
	err := r.get(ctx, "/api/v1/tables", nil, &out)
	return out.Tables, err
}

func (r *remote) table(ctx context.Context, name string) (tableInfo, error) {
	var out tableInfo
	err := r.get(ctx, "/api/v1/tables/"+url.PathEscape(name), nil, &out)
	return out, err
}

func (r *remote) databases(ctx context.Context) ([]databaseInfo, error) {
	var out struct{ Databases []databaseInfo }
	err := r.get(ctx, "/api/v1/databases", nil, &out)
	return out.Databases, err
}

// longestQuery bounds what is run from the command line, where Ctrl-C ends what
// takes too long.
const longestQuery = 24 * time.Hour

// run streams results as NDJSON: for each statement that has rows a line with its
// columns and its rows as arrays; then a line that says what it did.
func (r *remote) run(ctx context.Context, sql string, params []string, out renderer) error {
	values := "text"
	if out.json() {
		values = "json"
	}
	if params == nil {
		params = []string{}
	}
	body, err := json.Marshal(map[string]any{"sql": sql, "params": params, "values": values, "timeout_ms": longestQuery.Milliseconds()})
	if err != nil {
		return err
	}
	res, err := r.do(ctx, http.MethodPost, r.url("/api/v1/query", nil), "application/json", bytes.NewReader(body), "application/x-ndjson")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	br := bufio.NewReaderSize(res.Body, 64<<10)
	s := ndjson{out: out}
	for {
		line, err := readLine(br)
		switch {
		case errors.Is(err, io.EOF):
			return dberr.New(dberr.ErrUnavailable, "TRUNCATED", "the answer ends before it is complete")
		case err != nil:
			return r.unreachable(ctx, err)
		}
		if done, err := s.line(line); done || err != nil {
			return err
		}
	}
}

// readLine reads a line of any length; it is valid until the next.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := append([]byte(nil), line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = br.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}

// ndjson takes an answer's lines apart.
type ndjson struct {
	out   renderer
	begun bool // the statement at hand has shown its columns
	cells []cell
}

type ndjsonLine struct {
	Columns   []string        `json:"columns"`
	Types     []string        `json:"types"`
	Statement *ndjsonEnd      `json:"statement"`
	End       *ndjsonEnd      `json:"end"`
	Error     json.RawMessage `json:"error"`
}

type ndjsonEnd struct {
	Command  string `json:"command"`
	Rows     int64  `json:"rows"`
	Affected int64  `json:"rows_affected"`
}

// finish shows what a statement did.
func (s *ndjson) finish(e *ndjsonEnd) error {
	if e.Command == "" {
		return nil // there was no statement at all
	}
	if !s.begun {
		if err := s.out.begin(nil); err != nil {
			return err
		}
	}
	s.begun = false
	switch e.Command {
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		return s.out.end(outcome{Command: e.Command, Rows: e.Affected, Write: true})
	}
	return s.out.end(outcome{Command: e.Command, Rows: e.Rows})
}

func (s *ndjson) line(line []byte) (done bool, err error) {
	if len(line) > 0 && line[0] == '[' {
		return false, s.row(line)
	}
	var l ndjsonLine
	if err := json.Unmarshal(line, &l); err != nil {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	switch {
	case l.Error != nil:
		return true, problemError(http.StatusInternalServerError, l.Error)
	case l.End != nil:
		return true, s.finish(l.End)
	case l.Statement != nil:
		return false, s.finish(l.Statement)
	}
	s.begun = true
	cols := make([]column, len(l.Columns))
	for i := range cols {
		cols[i] = column{Name: l.Columns[i], Type: l.Types[i]}
	}
	return false, s.out.begin(cols)
}

func (s *ndjson) row(line []byte) error {
	s.cells = s.cells[:0]
	if s.out.json() {
		var raw []json.RawMessage
		if err := json.Unmarshal(line, &raw); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		for _, v := range raw {
			if string(v) == "null" {
				v = nil
			}
			s.cells = append(s.cells, cell(v))
		}
		return s.out.row(s.cells)
	}
	var texts []*string
	if err := json.Unmarshal(line, &texts); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	for _, v := range texts {
		if v == nil {
			s.cells = append(s.cells, nil)
		} else {
			s.cells = append(s.cells, append(cell{}, *v...))
		}
	}
	return s.out.row(s.cells)
}

// Table gives the columns of a table for an import.
func (r *remote) Table(ctx context.Context, name string) ([]bulk.TableColumn, bool, error) {
	info, err := r.table(ctx, bulk.ColumnName(name))
	if errors.Is(err, dberr.ErrNotFound) {
		if e := dberr.As(err); e.Code == "UNDEFINED_TABLE" || e.Code == "UNDEFINED_DATABASE" {
			return nil, false, nil
		}
	}
	if err != nil {
		return nil, false, err
	}
	var cols []bulk.TableColumn
	for _, c := range info.Columns {
		t, err := bulk.ParseType(c.Type)
		if err != nil {
			return nil, false, err
		}
		cols = append(cols, bulk.TableColumn{Name: c.Name, Type: t, NotNull: !c.Nullable, HasDefault: c.Default != nil})
	}
	return cols, true, nil
}

// Create runs a CREATE TABLE statement, in a database that is made where it is missing.
func (r *remote) Create(ctx context.Context, statement string) error {
	return r.run(ctx, statement, nil, discard{})
}

// Insert sends a batch as CSV to the import route, which takes it in one
// transaction where no row is refused.
func (r *remote) Insert(ctx context.Context, table string, columns []string, b *vec.Batch) ([]bulk.RowError, error) {
	r.buf.Reset()
	appendCSV(&r.buf, b)
	return r.post(ctx, table, csvQuery(columns, false, b.Len), bytes.NewReader(marked(r.buf.Bytes())))
}

// InsertRaw implements bulk.RawTarget: the server reads the records itself.
func (r *remote) InsertRaw(ctx context.Context, table string, b bulk.RawBatch) ([]bulk.RowError, error) {
	q := csvQuery(b.Columns, false, b.Rows)
	q.Set("delimiter", string(rune(b.Delimiter)))
	q.Set("ragged", string(b.Ragged))
	if b.NullText != "" {
		q.Set("null", b.NullText)
	}
	return r.post(ctx, table, q, bytes.NewReader(marked(b.Text)))
}

// InsertAll sends all batches in one request and transaction.
func (r *remote) InsertAll(ctx context.Context, table string, columns []string, next func() (*vec.Batch, error)) error {
	pr, pw := io.Pipe()
	go func() {
		var buf bytes.Buffer
		first := true
		for {
			b, err := next()
			if err != nil || b == nil {
				pw.CloseWithError(err) // nil is io.EOF
				return
			}
			buf.Reset()
			appendCSV(&buf, b)
			text := buf.Bytes()
			if first {
				text, first = marked(text), false
			}
			if _, err := pw.Write(text); err != nil {
				return // the other side has given up and says why
			}
		}
	}()
	_, err := r.post(ctx, table, csvQuery(columns, true, 0), pr)
	pr.CloseWithError(err)
	return err
}

// marked puts a byte order mark before text that begins with the same character, since the
// server takes the first one for a mark.
func marked(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte(byteOrderMark)) {
		return text
	}
	return append([]byte(byteOrderMark), text...)
}

// csvQuery says in a URL how CSV without header is to be read.
func csvQuery(columns []string, atomic bool, most int) url.Values {
	return url.Values{"format": {"csv"}, "header": {"false"}, "delimiter": {","}, "create": {"false"},
		"column": columns, "atomic": {strconv.FormatBool(atomic)}, "max_rejects": {strconv.Itoa(most)}}
}

// post sends CSV without header.
func (r *remote) post(ctx context.Context, table string, q url.Values, body io.Reader) ([]bulk.RowError, error) {
	q.Set("table", table)
	res, err := r.do(ctx, http.MethodPost, r.url("/api/v1/import/sql", q), "text/csv", body, "application/json")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var out struct {
		Rejected []struct {
			Record int    `json:"record"`
			Reason string `json:"reason"`
		} `json:"rejected"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return nil, r.unreachable(ctx, err)
	}
	var refused []bulk.RowError
	for _, x := range out.Rejected {
		refused = append(refused, bulk.RowError{Row: x.Record - 1, Reason: x.Reason})
	}
	return refused, nil
}

// appendCSV writes the rows of a dense batch: NULL as nothing, text in quotes
// where it needs them or would be taken for NULL.
func appendCSV(w *bytes.Buffer, b *vec.Batch) {
	line := make([]byte, 0, 256)
	var text []byte
	for i := range b.Len {
		line = line[:0]
		for k, col := range b.Cols {
			if k > 0 {
				line = append(line, ',')
			}
			if col.IsNull(i) {
				continue
			}
			if col.Type.Phys() == sqltype.PhysInt && col.Type.ID >= sqltype.Int2 && col.Type.ID <= sqltype.Int8 {
				line = strconv.AppendInt(line, col.I[i], 10)
				continue
			}
			text = sqltype.AppendText(text[:0], col.Type, col.Get(i))
			line = appendCSVField(line, text)
		}
		line = append(line, '\n')
		w.Write(line)
	}
}

func appendCSVField(dst, s []byte) []byte {
	if len(s) > 0 && bytes.IndexByte(s, '"') < 0 && bytes.IndexByte(s, ',') < 0 && bytes.IndexByte(s, '\n') < 0 && bytes.IndexByte(s, '\r') < 0 {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
