package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

const (
	defaultRejects = 100     // rejected records that an answer lists
	mostRejects    = 100_000 // that it may be asked to list
	rejectedText   = 1000    // bytes of a rejected record that are shown
)

func (s *Server) bindImport(g *echo.Group) {
	g.POST("/import/sql", s.importSQL)
	g.POST("/import/timeseries", s.importPoints)
}

// importRequest is what a client wants imported.
type importRequest struct {
	spec      bulk.Spec
	database  string
	format    string
	header    *bool
	noCreate  bool
	rejects   int
	hasData   bool
	jsonShape bool // the body was {"table", "data", …}
}

// importAnswer is the body of the answer.
type importAnswer struct {
	Success      bool           `json:"success"`
	Table        string         `json:"table"`
	Created      bool           `json:"created"`
	RowsImported int64          `json:"rows_imported"`
	RowsRejected int64          `json:"rows_rejected"`
	Rejected     []rejected     `json:"rejected"`
	Warnings     []string       `json:"warnings"`
	Columns      []importColumn `json:"columns"`
	DurationMS   float64        `json:"duration_ms"`
}

type rejected struct {
	Line   int64  `json:"line"`
	Record int64  `json:"record"`
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

type importColumn struct {
	Name     string `json:"name"`
	DataType string `json:"data_type"`
}

// importSQL imports a file into a table: as the body itself with ?table=, as a
// part of a form, or as a JSON document with a field "data".
func (s *Server) importSQL(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	start := time.Now()
	q := importRequest{rejects: defaultRejects, spec: bulk.Spec{Types: map[string]sqltype.Type{}}}
	body, err := s.bindImportBody(of(c), &q)
	if err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	replay := bulk.NewReplay(body, s.opts.TempDir)
	answer, err := q.run(c, db, replay)
	if cerr := replay.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	answer.DurationMS = float64(time.Since(start).Microseconds()) / 1000
	return c.JSON(http.StatusOK, answer)
}

// run imports and gathers what the answer tells.
func (q *importRequest) run(c echo.Context, db Backend, replay *bulk.Replay) (importAnswer, error) {
	a := importAnswer{Success: true, Table: q.spec.Table, Rejected: []rejected{}, Warnings: []string{}}
	target := db.Importer(q.database)
	res, err := bulk.Import(c.Request().Context(), target, replay.Open, q.spec, bulk.Observer{
		Reject: func(r bulk.Reject) error {
			if len(a.Rejected) < q.rejects {
				text := r.Raw[:min(len(r.Raw), rejectedText)]
				a.Rejected = append(a.Rejected, rejected{Line: r.Line, Record: r.Record, Reason: r.Reason, Text: strings.ToValidUTF8(string(text), "\ufffd")})
			}
			return nil
		},
		Planned: func(p bulk.Plan, _ bulk.Guess) error {
			if q.noCreate && p.Create != "" {
				return dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", q.spec.Table).WithField("table")
			}
			for _, col := range p.Columns {
				a.Columns = append(a.Columns, importColumn{Name: col.Name, DataType: col.Type.String()})
			}
			return nil
		},
	})
	if err != nil {
		return a, importFailure(err, res)
	}
	a.Created, a.RowsImported, a.RowsRejected = res.Created, res.Rows, res.Rejected
	if res.Rejected > int64(len(a.Rejected)) && q.rejects > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d records were rejected; the first %d are listed", res.Rejected, len(a.Rejected)))
	}
	return a, nil
}

// importFailure says what had been committed when an import failed.
func importFailure(err error, res bulk.Result) error {
	if res.Rows == 0 {
		return err
	}
	e := dberr.As(err)
	if e == nil {
		return err
	}
	told := *e
	told.Detail = fmt.Sprintf("%d rows had been imported into %q before this", res.Rows, res.Plan.Table)
	return &told
}

// bindImportBody takes the options from wherever they stand and returns the data.
func (s *Server) bindImportBody(x *exchange, q *importRequest) (io.Reader, error) {
	r := x.Request()
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity", "gzip", "x-gzip", "zstd": // recognised by their first bytes
	default:
		return nil, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding %q is not accepted here", enc).
			WithHint("send gzip, zstd or no compression")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("INVALID_URL", "the query string of the URL cannot be read").Wrap(err)
	}
	for key, vals := range values {
		if err := q.option(key, vals); err != nil {
			return nil, err
		}
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return nil, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "the Content-Type %q cannot be read", r.Header.Get("Content-Type"))
	}
	switch {
	case media == "multipart/form-data":
		return q.form(multipart.NewReader(r.Body, params["boundary"]))
	case media == "application/json" && q.spec.Table == "":
		return s.bindImportJSON(x, q)
	case q.spec.Table == "":
		return nil, invalid("MISSING_FIELD", "the URL must name the table to import into: ?table=").WithField("table").
			WithHint(`or send application/json with the fields "table" and "data"`)
	}
	if q.format == "" {
		q.format = importMedia[media]
	}
	return r.Body, nil
}

// importMedia are the media types that settle the format of a body.
var importMedia = map[string]string{"text/csv": "csv", "application/csv": "csv", "text/tab-separated-values": "csv",
	"application/json": "json", "application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "application/jsonl": "ndjson"}

// form reads the fields of a form up to its file, which must come last, so that
// it need not be kept.
func (q *importRequest) form(m *multipart.Reader) (io.Reader, error) {
	const longestField = 64 << 10
	fields := make(map[string][]string)
	for {
		part, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, invalid("MISSING_FIELD", `the form has no part "file"`).WithField("file")
		}
		if err != nil {
			return nil, invalid("INVALID_FORM", "the form cannot be read").Wrap(err)
		}
		if part.FormName() == "file" || part.FileName() != "" {
			q.spec.Input.Name = part.FileName()
			if q.format == "" {
				media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
				if err == nil {
					q.format = importMedia[media]
				}
			}
			return onlyPart{part, m}, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, longestField+1))
		if err != nil {
			return nil, invalid("INVALID_FORM", "the form cannot be read").Wrap(err)
		}
		if len(text) > longestField {
			return nil, dberr.New(dberr.ErrTooLarge, "FIELD_TOO_LARGE", "field %q of the form is longer than %d bytes", part.FormName(), longestField).WithField(part.FormName())
		}
		name := part.FormName()
		fields[name] = append(fields[name], string(text))
		if len(fields[name]) > 1 && name != "column" && name != "type" {
			return nil, invalid("DUPLICATE_FIELD", "the form names %q twice", name).WithField(name)
		}
		if err := q.option(name, []string{string(text)}); err != nil {
			return nil, err
		}
	}
}

// onlyPart reads a form's file and sees that nothing follows it.
type onlyPart struct {
	part *multipart.Part
	form *multipart.Reader
}

func (o onlyPart) Read(p []byte) (int, error) {
	n, err := o.part.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	next, nerr := o.form.NextPart()
	if errors.Is(nerr, io.EOF) {
		return n, io.EOF
	}
	if nerr != nil {
		return n, invalid("INVALID_FORM", "the form ends before it is complete").Wrap(nerr)
	}
	return n, invalid("INVALID_FORM", "field %q follows the file; the file must come last", next.FormName()).WithField(next.FormName())
}

// bindImportJSON reads {"table", "database"?, "format"?, "columns"?, "data", …}.
func (s *Server) bindImportJSON(x *exchange, q *importRequest) (io.Reader, error) {
	body, err := s.readBody(x, nil)
	if err != nil {
		return nil, err
	}
	var in jsonin.Scanner
	in.Reset(body)
	var data []byte
	err = in.Object(func(name []byte) error {
		field := string(name)
		switch kind := in.Peek(); {
		case field == "data":
			q.hasData = true
			if kind == jsonin.String {
				text, err := in.Str()
				data = []byte(text)
				return err
			}
			if q.format == "" {
				q.format = "json"
			}
			data, err = in.Raw()
			return err
		case kind == jsonin.Array:
			var list []string
			err := in.Array(func(int) error {
				v, err := in.StrField(field)
				list = append(list, v)
				return err
			})
			if err != nil {
				return err
			}
			return q.list(field, list)
		case kind == jsonin.Bool:
			v, err := in.Bool()
			if err != nil {
				return err
			}
			return q.option(field, []string{strconv.FormatBool(v)})
		case kind == jsonin.Number:
			raw, _, err := in.Num()
			if err != nil {
				return err
			}
			return q.option(field, []string{string(raw)})
		case kind == jsonin.Null:
			return in.Null()
		case kind == jsonin.Object && field == "types":
			return in.Object(func(col []byte) error {
				v, err := in.StrField("types." + string(col))
				if err != nil {
					return err
				}
				return q.typeOf(string(col), v)
			})
		}
		v, err := in.StrField(field)
		if err != nil {
			return err
		}
		return q.option(field, []string{v})
	})
	if err == nil {
		err = in.End()
	}
	if err != nil {
		return nil, err
	}
	if !q.hasData {
		return nil, invalid("MISSING_FIELD", `the body needs the field "data"`).WithField("data")
	}
	q.jsonShape = true
	return bytes.NewReader(data), nil
}

// importOptions are the options by their names, in the URL, a form or JSON.
var importOptions = []string{"table", "database", "format", "header", "columns", "column", "delimiter", "encoding", "null", "ragged", "path",
	"types", "type", "primary_key", "atomic", "create", "batch_rows", "max_rejects", "first_line", "data"}

// list takes an option that was given as an array.
func (q *importRequest) list(name string, values []string) error {
	switch name {
	case "columns", "column":
		q.spec.Input.Columns = append(q.spec.Input.Columns, values...)
	case "primary_key":
		q.spec.PrimaryKey = append(q.spec.PrimaryKey, values...)
	default:
		return invalid("INVALID_FIELD", "field %q takes no array", name).WithField(name)
	}
	return nil
}

func (q *importRequest) option(name string, values []string) (err error) {
	v := values[0]
	if len(values) > 1 && name != "column" && name != "type" {
		return invalid("DUPLICATE_FIELD", "%q is given %d times", name, len(values)).WithField(name)
	}
	in := &q.spec.Input
	switch name {
	case "table":
		q.spec.Table = v
	case "database":
		q.database = v
	case "format":
		q.format = v
	case "column":
		in.Columns = append(in.Columns, values...)
	case "columns":
		in.Columns = append(in.Columns, splitNames(v)...)
	case "primary_key":
		q.spec.PrimaryKey = append(q.spec.PrimaryKey, splitNames(v)...)
	case "type", "types":
		for _, one := range values {
			for _, def := range strings.Split(one, ";") {
				col, typ, ok := strings.Cut(def, "=")
				if !ok {
					return invalid("INVALID_FIELD", "%s is %q: want column=type", name, def).WithField(name)
				}
				if err := q.typeOf(col, typ); err != nil {
					return err
				}
			}
		}
	case "delimiter":
		if v == `\t` {
			v = "\t"
		}
		if len(v) != 1 {
			return invalid("INVALID_FIELD", "delimiter is %q: want one character", v).WithField(name)
		}
		in.Delimiter = v[0]
	case "encoding":
		in.Encoding = v
	case "null":
		in.NullText = v
	case "ragged":
		in.Ragged = bulk.Ragged(v)
	case "path":
		in.Path = v
	case "header":
		var b bool
		if b, err = boolOption(name, v); err == nil {
			q.header = &b
		}
	case "atomic":
		q.spec.Atomic, err = boolOption(name, v)
	case "create":
		var b bool
		b, err = boolOption(name, v)
		q.noCreate = err == nil && !b
	case "batch_rows":
		q.spec.BatchRows, err = countOption(name, v, 1, 1_000_000)
	case "max_rejects":
		q.rejects, err = countOption(name, v, 0, mostRejects)
	case "first_line":
		var n int
		n, err = countOption(name, v, 1, 1<<53)
		in.FirstLine = int64(n)
	default:
		return jsonin.UnknownField(name, importOptions)
	}
	return err
}

func (q *importRequest) typeOf(column, name string) error {
	t, err := bulk.ParseType(name)
	if err != nil {
		return err
	}
	q.spec.Types[column] = t
	return nil
}

func splitNames(v string) []string {
	names := strings.Split(v, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func boolOption(name, v string) (bool, error) {
	switch v {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, invalid("INVALID_FIELD", "%s is %q: want true or false", name, v).WithField(name)
}

func countOption(name, v string, low, high int64) (int, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < low || n > high {
		return 0, jsonin.RangeError(name, v, low, high)
	}
	return int(n), nil
}

// check settles what the options leave open.
func (q *importRequest) check() error {
	if q.spec.Table == "" {
		return invalid("MISSING_FIELD", `the field "table" is missing`).WithField("table")
	}
	format, err := bulk.ParseFormat(q.format)
	if err != nil {
		return err
	}
	q.spec.Input.Format = format
	switch {
	case q.header != nil:
		q.spec.Input.NoHeader = !*q.header
	case len(q.spec.Input.Columns) > 0: // who names the columns sends data only
		q.spec.Input.NoHeader = true
	}
	if q.header != nil && *q.header && len(q.spec.Input.Columns) > 0 {
		return invalid("INVALID_FIELD", "columns are given, and header says that the data names them").WithField("columns")
	}
	return nil
}
