package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/prom"
)

// snappyBody reads a body that snappy has packed, and what is in it.
func (s *Server) snappyBody(c echo.Context, inflate bool) ([]byte, error) {
	if enc := c.Request().Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "snappy") {
		return nil, dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding %q is not accepted here, only snappy", shorten(enc, 40))
	}
	body, err := s.readWhole(of(c), nil, s.opts.BodyBytes)
	if err != nil || !inflate {
		return body, err
	}
	return prom.Inflate(body, 8*s.opts.BodyBytes)
}

// remoteWrite takes remote write 1.0 and 2.0, and says how much of it was written.
func (s *Server) remoteWrite(c echo.Context) error {
	q, err := queryParams(c, []string{"database"})
	if err != nil {
		return err
	}
	message, err := prom.MessageOf(c.Request().Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	body, err := s.snappyBody(c, true)
	if err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.Get("database"), true)
	if err != nil {
		return err
	}
	w, err := prom.Receive(c.Request().Context(), store, message, body)
	if errors.Is(err, dberr.ErrConflict) { // the sender would take a 409 for a refusal, and drop the samples
		err = dberr.New(dberr.ErrUnavailable, "WRITE_CONFLICT", "other writers were in the way; send it again").Wrap(err)
	}
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(w.Samples))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(w.Histograms))
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	if err := w.Err(); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// remoteRead answers remote read in samples.
func (s *Server) remoteRead(c echo.Context) error {
	q, err := queryParams(c, []string{"database"})
	if err != nil {
		return err
	}
	body, err := s.snappyBody(c, false)
	if err != nil {
		return err
	}
	store, err := s.timeSeries(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	out, err := prom.RemoteRead(c.Request().Context(), store, body, s.opts.BodyBytes)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Encoding", "snappy")
	return c.Blob(http.StatusOK, "application/x-protobuf", out)
}
