package api

import (
	"cmp"
	"math"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/server/jsonin"
)

var compressFields = []string{"metric", "start_ts", "end_ts", "start", "end", "database"}

// compressPoints takes {"metric","start_ts"?,"end_ts"?} and writes cold blocks anew.
func (s *Server) compressPoints(c echo.Context) error {
	metric, database, start, end := "", "", "", ""
	err := s.bindSeries(c, compressFields, &database, func(sc *jsonin.Scanner, name string) (err error) {
		switch name {
		case "metric":
			metric, err = sc.StrField(name)
		case "start_ts", "start":
			start, err = rawTime(sc, name)
		case "end_ts", "end":
			end, err = rawTime(sc, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if metric == "" {
		return invalid("MISSING_FIELD", `the body needs the field "metric"`).WithField("metric")
	}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if start != "" {
		if from, err = parseTime("start_ts", start, 0); err != nil {
			return err
		}
	}
	if end != "" {
		if to, err = parseTime("end_ts", end, 0); err != nil {
			return err
		}
		if to = max(to, math.MinInt64+1) - 1; from > to {
			return invalid("INVALID_RANGE", "the range ends before it starts").WithField("end_ts")
		}
	}
	store, err := s.timeSeries(c, database, false)
	if err != nil {
		return err
	}
	n, err := store.Recompress(c.Request().Context(), metric, from, to)
	if err != nil {
		return err
	}
	ratio := 1.0
	if n.BytesBefore > 0 {
		ratio = float64(n.BytesAfter) / float64(n.BytesBefore)
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "paradigm": "timeseries", "metric": metric, "blocks_scanned": n.Scanned, "blocks_recompressed": n.Recompressed,
		"blocks_already": n.Already, "bytes_before": n.BytesBefore, "bytes_after": n.BytesAfter, "ratio": cmp.Or(ratio, 0), "error": nil})
}
