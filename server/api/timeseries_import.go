package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bulk"
	tsfiles "github.com/weftdb/weft/bulk/points"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// tsImportParams are the options of an import into a metric, in the URL or a form.
var tsImportParams = []string{"metric", "database", "time", "time_format", "precision", "timezone", "tags", "fields", "types", "mode",
	"format", "header", "columns", "delimiter", "encoding", "null", "ragged", "path", "max_rejects", "first_line"}

// tsImportAnswer is the body of the answer.
type tsImportAnswer struct {
	Success  bool       `json:"success"`
	Metric   string     `json:"metric"`
	Imported int64      `json:"points_imported"`
	Rejected int64      `json:"points_rejected"`
	List     []rejected `json:"rejected"`
	Warnings []string   `json:"warnings"`
	Duration float64    `json:"duration_ms"`
}

// importPoints imports the body, CSV, JSON or NDJSON, or the file of a form, into a metric.
func (s *Server) importPoints(c echo.Context) error {
	began := of(c).start
	if err := s.unwrapUpload(c); err != nil {
		return err
	}
	q, err := queryParams(c, tsImportParams)
	if err != nil {
		return err
	}
	spec, most, err := s.importSpec(c, q)
	if err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.Get("database"), true)
	if err != nil {
		return err
	}
	a := tsImportAnswer{Success: true, Metric: spec.Metric, List: []rejected{}, Warnings: []string{}}
	spec.Reject = func(r bulk.Reject) error {
		if len(a.List) < most {
			text := r.Raw[:min(len(r.Raw), rejectedText)]
			a.List = append(a.List, rejected{Line: r.Line, Record: r.Record, Reason: r.Reason, Text: strings.ToValidUTF8(string(text), "\ufffd")})
		}
		return nil
	}
	res, err := tsfiles.Import(c.Request().Context(), store, c.Request().Body, spec)
	if err != nil {
		if e := dberr.As(err); e != nil && res.Points > 0 {
			told := *e
			told.Detail = fmt.Sprintf("%d points had been imported into %q before this", res.Points, spec.Metric)
			return &told
		}
		return err
	}
	a.Imported, a.Rejected = res.Points, res.Rejected
	if res.Rejected > int64(len(a.List)) && most > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d records were rejected; the first %d are listed", res.Rejected, len(a.List)))
	}
	a.Duration = milliseconds(time.Since(began))
	return c.JSON(http.StatusOK, a)
}

// importSpec reads the options, and how many rejected records the answer lists.
func (s *Server) importSpec(c echo.Context, q url.Values) (spec tsfiles.Spec, most int, err error) {
	var in importRequest // reads the options of files, which are those of tables
	for _, name := range []string{"format", "header", "columns", "delimiter", "encoding", "null", "ragged", "path", "max_rejects", "first_line"} {
		if q.Has(name) {
			if err := in.option(name, q[name]); err != nil {
				return spec, 0, err
			}
		}
	}
	if most = in.rejects; !q.Has("max_rejects") {
		most = defaultRejects
	}
	media := mediaType(c.Request().Header)
	if in.format == "" {
		in.format = importMedia[strings.TrimSpace(strings.SplitN(media, ";", 2)[0])]
	}
	spec = tsfiles.Spec{Input: in.spec.Input, Metric: q.Get("metric"), Time: q.Get("time"), TimeFormat: q.Get("time_format")}
	if spec.Input.Format, err = bulk.ParseFormat(in.format); err != nil {
		return spec, 0, err
	}
	switch {
	case in.header != nil:
		spec.Input.NoHeader = !*in.header
	case len(spec.Input.Columns) > 0:
		spec.Input.NoHeader = true
	}
	if q.Has("tags") {
		spec.Tags = splitNames(q.Get("tags"))
	}
	if q.Has("fields") {
		spec.Fields = splitNames(q.Get("fields"))
	}
	if spec.Unit, err = parsePrecision(q.Get("precision")); err != nil {
		return spec, 0, err
	}
	if spec.Zone, err = timeseries.LoadZone(q.Get("timezone")); err != nil {
		return spec, 0, err
	}
	if spec.Types, err = fieldTypes(q.Get("types")); err != nil {
		return spec, 0, err
	}
	switch mode := q.Get("mode"); mode {
	case "", "partial":
	case "atomic":
		spec.Atomic = true
	default:
		return spec, 0, invalid("INVALID_FIELD", `"mode" must be "partial" or "atomic", not %q`, shorten(mode, 40)).WithField("mode")
	}
	return spec, most, nil
}

// fieldTypes reads field=type;field=type.
func fieldTypes(text string) (map[string]block.Kind, error) {
	types := make(map[string]block.Kind)
	if text == "" {
		return types, nil
	}
	for _, def := range strings.Split(text, ";") {
		name, kind, _ := strings.Cut(def, "=")
		found := false
		for i, k := range kindNames {
			if strings.TrimSpace(kind) == k {
				types[strings.TrimSpace(name)], found = block.Kind(i+1), true
			}
		}
		if !found {
			return nil, invalid("INVALID_FIELD", `"types" must be field=type, separated by ;, with the types %s, not %q`, quoted(kindNames), shorten(def, 40)).WithField("types")
		}
	}
	return types, nil
}
