package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
)

// unwrapUpload makes of a form with a file the request that has the file for its body and
// the form's other fields for its parameters; other requests stay as they are. The media
// type is the one of the file, and else goes by its name.
func (s *Server) unwrapUpload(c echo.Context) error {
	r := c.Request()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil // a type that cannot be read is refused by whoever reads the body
	}
	body, err := s.readWhole(of(c), nil, s.opts.BodyBytes)
	if err != nil {
		return err
	}
	form, q := multipart.NewReader(bytes.NewReader(body), params["boundary"]), r.URL.Query()
	var file []byte
	media = ""
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var content []byte
		if err == nil {
			content, err = io.ReadAll(part)
		}
		name := part.FormName()
		switch {
		case err != nil:
			return invalid("INVALID_FORM", "the form cannot be read").Wrap(err)
		case name != "file" && q.Has(name):
			return invalid("DUPLICATE_FIELD", "the request names %q twice", shorten(name, 64)).WithField(shorten(name, 64))
		case name != "file":
			q.Set(name, string(content))
		case media != "":
			return invalid("DUPLICATE_FIELD", `the form has two parts "file"`).WithField("file")
		default:
			file, media = content, fileMedia(part)
		}
	}
	if media == "" {
		return invalid("MISSING_FIELD", `the form has no part "file"`).WithField("file")
	}
	r.URL.RawQuery = q.Encode()
	setBody(r, file, media)
	return nil
}

func setBody(r *http.Request, body []byte, media string) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", media)
}

// fileMedia is the media type of a file in a form; what says nothing is JSON.
func fileMedia(part *multipart.Part) string {
	switch strings.ToLower(filepath.Ext(part.FileName())) {
	case ".ndjson", ".jsonl":
		return ndjsonType
	case ".csv":
		return "text/csv"
	}
	switch media := part.Header.Get("Content-Type"); media {
	case "", "application/octet-stream", "text/plain":
		return "application/json"
	default:
		return media
	}
}

const ndjsonType = "application/x-ndjson"

// gatherLines makes of a body of NDJSON the JSON object that has the lines in a list.
func (s *Server) gatherLines(c echo.Context, list string) error {
	if !isNDJSON(mediaType(c.Request().Header)) {
		return nil
	}
	body, err := s.readWhole(of(c), nil, s.opts.BodyBytes)
	if err != nil {
		return err
	}
	out := append(strconv.AppendQuote([]byte{'{'}, list), ":["...)
	first := true
	for n := 1; len(body) > 0; n++ {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return dberr.New(dberr.ErrInvalid, "INVALID_JSON", "line %d is not JSON", n).WithField("line " + strconv.Itoa(n))
		}
		if !first {
			out = append(out, ',')
		}
		out, first = append(out, line...), false
	}
	setBody(c.Request(), append(out, "]}"...), "application/json")
	return nil
}
