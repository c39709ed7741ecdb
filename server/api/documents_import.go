package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// importDocuments takes {"collection","documents","mode"?,"on_conflict"?,"max_errors"?},
// or with ?collection= a body of NDJSON or CSV; or a form with such a file.
func (s *Server) importDocuments(c echo.Context) error {
	began := of(c).start
	if err := s.unwrapUpload(c); err != nil {
		return err
	}
	q, err := queryParams(c, []string{"database", "collection", "mode", "on_conflict", "max_errors"})
	if err != nil {
		return err
	}
	name, list, opts, err := s.readImport(c, q.Get("collection"), q.Get("mode"), q.Get("on_conflict"))
	if err != nil {
		return err
	}
	if q.Has("max_errors") {
		if opts.MaxErrors, err = intParam(q, "max_errors", 1, 1000); err != nil {
			return err
		}
	}
	store, err := s.documents(c, q.Get("database"), true)
	if err != nil {
		return err
	}
	out, err := store.Import(c.Request().Context(), name, list, opts)
	if err != nil {
		return itemError("documents", err)
	}
	status := http.StatusOK
	if len(out.Errors) > 0 {
		status = http.StatusMultiStatus
	}
	return respond(c, status, func(b []byte) []byte {
		b = fmt.Appendf(b, `{"success":%v,"rows_imported":%d,"stopped":%v,"errors":[`, len(out.Errors) == 0, out.Documents, out.Stopped)
		for i, e := range out.Errors {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendImportError(b, e)
		}
		b = appendWarnings(append(b, ']'), out.Warnings)
		return append(appendMS(append(b, `,"duration_ms":`...), time.Since(began).Microseconds()), '}')
	})
}

func appendImportError(b []byte, e *document.ItemError) []byte {
	code := "INVALID"
	if d := dberr.As(e.Err); d != nil {
		code = d.Code
	}
	b = fmt.Appendf(b, `{"row":%d,"code":%q,"message":`, e.Index+1, code)
	return append(appendText(b, e.Err.Error()), '}')
}

func (s *Server) readImport(c echo.Context, name, mode, conflict string) (string, []doc.Value, document.ImportOptions, error) {
	var opts document.ImportOptions
	var list []doc.Value
	if parse := lineParser(mediaType(c.Request().Header)); parse != nil {
		buf := getBuffer()
		defer putBuffer(buf)
		var err error
		if buf.b, err = s.readWhole(of(c), buf.b, s.opts.BodyBytes); err != nil {
			return "", nil, opts, err
		}
		if list, opts.Unread, err = parse(buf.b); err != nil {
			return "", nil, opts, err
		}
	} else {
		in, err := s.readFields(c, "collection", "documents", "mode", "on_conflict", "max_errors")
		if err != nil {
			return "", nil, opts, err
		}
		for field, to := range map[string]*string{"collection": &name, "mode": &mode, "on_conflict": &conflict} {
			v, err := in.text(field)
			if err != nil {
				return "", nil, opts, err
			}
			if v != "" {
				*to = v
			}
		}
		if opts.MaxErrors, err = in.whole("max_errors"); err != nil {
			return "", nil, opts, err
		}
		if v := in.Field("max_errors"); v.Kind() == doc.Number && (opts.MaxErrors < 1 || opts.MaxErrors > 1000) {
			return "", nil, opts, invalid("INVALID_FIELD", `field "max_errors" must be a whole number from 1 to 1000, not %s`, shorten(v.JSON(), 40)).
				WithField("max_errors").WithHint(`"mode": "atomic" takes all documents or none`)
		}
		if list, err = in.list("documents"); err != nil {
			return "", nil, opts, err
		}
	}
	switch {
	case name == "":
		return "", nil, opts, invalid("MISSING_FIELD", `the import needs the field "collection"`).WithField("collection")
	case mode != "" && mode != "partial" && mode != "atomic":
		return "", nil, opts, invalid("INVALID_FIELD", `"mode" must be "partial" or "atomic", not %q`, shorten(mode, 40)).WithField("mode")
	case conflict != "" && conflict != "error" && conflict != "replace":
		return "", nil, opts, invalid("INVALID_FIELD", `"on_conflict" must be "error" or "replace", not %q`, shorten(conflict, 40)).WithField("on_conflict")
	}
	opts.Atomic, opts.Replace = mode == "atomic", conflict == "replace"
	if opts.Atomic && len(opts.Unread) > 0 {
		return "", nil, opts, opts.Unread[slices.Min(slices.Collect(maps.Keys(opts.Unread)))]
	}
	return name, list, opts, nil
}

// lineParser is what reads a body of that media type, nil for JSON: its documents, and by
// places in their list why one could not be read.
func lineParser(media string) func([]byte) ([]doc.Value, map[int]error, error) {
	switch {
	case isNDJSON(media):
		return parseLines
	case strings.HasPrefix(media, "text/csv"):
		return parseCSV
	}
	return nil
}

func isNDJSON(media string) bool {
	for _, m := range []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"} {
		if len(media) >= len(m) && media[:len(m)] == m {
			return true
		}
	}
	return false
}

// parseLines reads one document a line.
func parseLines(b []byte) (list []doc.Value, unread map[int]error, err error) {
	unread = map[int]error{}
	for n := 1; len(b) > 0; n++ {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(list) == maxBatch {
			return nil, nil, dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "the body holds more than %d documents", maxBatch)
		}
		v, err := doc.Parse(line)
		if err != nil {
			e := *dberr.As(err)
			e.Message = fmt.Sprintf("line %d: %s", n, e.Message)
			unread[len(list)] = e.WithField("line " + strconv.Itoa(n))
		}
		list = append(list, v)
	}
	return list, unread, nil
}

// parseCSV reads one document a record, with the names of the header for its fields. What
// is not in quotes is a number or a truth value where it reads as one, and null where it
// is empty; _id is always text.
func parseCSV(b []byte) (list []doc.Value, unread map[int]error, err error) {
	src, err := bulk.Open(bytes.NewReader(b), bulk.Options{Format: bulk.FormatCSV})
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	unread = map[int]error{}
	var rec bulk.Record
	for {
		err := src.Read(&rec)
		var bad *bulk.RecordError
		switch {
		case errors.Is(err, io.EOF):
			return list, unread, nil
		case err != nil && !errors.As(err, &bad):
			return nil, nil, err
		case len(list) == maxBatch:
			return nil, nil, dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "the body holds more than %d documents", maxBatch)
		}
		if bad != nil {
			unread[len(list)] = invalid("INVALID_CSV", "line %d: %s", bad.Line, bad.Reason).WithField("line " + strconv.FormatInt(bad.Line, 10))
			list = append(list, doc.Value{})
			continue
		}
		list = append(list, csvDocument(src.Columns(), &rec))
	}
}

func csvDocument(names []string, rec *bulk.Record) doc.Value {
	fields := make([]doc.Field, 0, len(rec.Fields))
	for i, f := range rec.Fields {
		v := doc.FromText(string(f.Text))
		switch {
		case names[i] == document.IDField:
			if len(f.Text) == 0 {
				continue // one is made
			}
		case f.Kind == bulk.Bare:
			if plain, err := doc.Parse(f.Text); err == nil && (plain.Kind() == doc.Number || plain.Kind() == doc.Bool) {
				v = plain
			}
		case f.Kind == bulk.Null || f.Kind == bulk.Missing:
			v = doc.FromNull()
		}
		fields = append(fields, doc.Field{Name: names[i], Value: v})
	}
	return doc.FromFields(fields)
}
