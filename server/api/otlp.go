package api

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/otlp"
)

// bindOTLP binds the path at which OpenTelemetry's exporters send metrics, where their
// endpoint is /otlp.
func (s *Server) bindOTLP(e *echo.Echo) { e.POST("/otlp/v1/metrics", s.writeOTLP) }

// writeOTLP writes the data points that can be written; the answer counts the others.
func (s *Server) writeOTLP(c echo.Context) error {
	q, err := queryParams(c, []string{"database"})
	if err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	inJSON := media == "application/json"
	if err != nil || !inJSON && media != "application/x-protobuf" {
		return dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Type %q is not one of OTLP", shorten(c.Request().Header.Get("Content-Type"), 60)).
			WithHint("send application/x-protobuf or application/json")
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readLines(of(c), buf.b); err != nil {
		return err
	}
	batch, err := otlp.Read(buf.b, inJSON)
	if err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.Get("database"), true)
	if err != nil {
		return err
	}
	if err := s.keepOTLP(c, store, batch); err != nil {
		return err
	}
	out, err := otlp.Answer(len(batch.Faults), faultText(batch.Faults), inJSON)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, media, out)
}

func (s *Server) keepOTLP(c echo.Context, store *timeseries.Store, batch *otlp.Batch) error {
	ctx := c.Request().Context()
	refused, err := store.WriteEach(ctx, batch.Points)
	if err == nil {
		for _, r := range refused {
			batch.Faults[batch.Owner[r.Point]] = r.Err
		}
		err = store.Describe(ctx, batch.Descriptions)
	}
	if errors.Is(err, dberr.ErrConflict) { // the sender would take a 409 for a refusal
		return dberr.New(dberr.ErrUnavailable, "WRITE_CONFLICT", "other writers were in the way; send it again").Wrap(err)
	}
	return err
}

// faultText names the first faults.
func faultText(faults map[int]error) string {
	var list []string
	for _, n := range slices.Sorted(maps.Keys(faults)) {
		if len(list) == faultsShown {
			list = append(list, fmt.Sprintf("and %d more", len(faults)-len(list)))
			break
		}
		text := faults[n].Error()
		if e := dberr.As(faults[n]); e != nil {
			text = e.Message
		}
		list = append(list, fmt.Sprintf("data point %d: %s", n, text))
	}
	return strings.Join(list, "; ")
}
