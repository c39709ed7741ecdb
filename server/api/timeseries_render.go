package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

func appendAnswer(dst []byte, a *timeseries.Answer, unit int64, took time.Duration) []byte {
	dst = append(dst, '{')
	if a.Metric != nil { // an expression has none
		dst = append(sqltype.AppendJSONString(append(dst, `"metric":`...), a.Metric.Name), ',')
	}
	dst = append(dst, `"series":[`...)
	for i := range a.Series {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendSeries(append(dst, '{'), &a.Series[i], unit), '}')
	}
	dst = strconv.AppendInt(append(dst, `],"points_returned":`...), int64(a.Points), 10)
	for i, name := range a.Tiers {
		if i == 0 {
			dst = append(dst, `,"tiers":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(dst, name)
	}
	if len(a.Tiers) > 0 {
		dst = append(dst, ']')
	}
	dst = append(dst, `,"query_time_ms":`...)
	dst = strconv.AppendFloat(dst, float64(took.Microseconds())/1000, 'f', -1, 64)
	return append(dst, "}\n"...)
}

// appendSeries appends field, tags and points.
func appendSeries(dst []byte, x *timeseries.Series, unit int64) []byte {
	dst = sqltype.AppendJSONString(append(dst, `"field":`...), x.Field)
	dst = append(dst, `,"tags":{`...)
	for j, t := range x.Tags {
		if j > 0 {
			dst = append(dst, ',')
		}
		dst = append(sqltype.AppendJSONString(dst, t.Key), ':')
		dst = sqltype.AppendJSONString(dst, t.Value)
	}
	dst = append(dst, `},"points":[`...)
	for j := range x.Samples {
		if j > 0 {
			dst = append(dst, ',')
		}
		dst = appendStamp(append(dst, `{"timestamp":`...), x.Samples[j].Time, unit)
		dst = append(appendPointValue(append(dst, `,"value":`...), x.Samples[j].Value), '}')
	}
	return append(dst, ']')
}

// appendStamp appends a time: RFC 3339, or a number of units with what is left as a
// fraction.
func appendStamp(dst []byte, t, unit int64) []byte {
	if unit == 0 {
		dst = append(dst, '"')
		return append(time.Unix(0, t).UTC().AppendFormat(dst, time.RFC3339Nano), '"')
	}
	whole, rest := t/unit, t%unit
	if rest == 0 {
		return strconv.AppendInt(dst, whole, 10)
	}
	if t < 0 {
		dst = append(dst, '-')
		whole, rest = -whole, -rest
	}
	dst = append(strconv.AppendInt(dst, whole, 10), '.')
	digits := strconv.FormatInt(unit+rest, 10)[1:] // with the zeros ahead
	return append(dst, strings.TrimRight(digits, "0")...)
}

func appendPointValue(dst []byte, v timeseries.Value) []byte {
	switch v.Kind {
	case block.Float:
		switch {
		case math.IsNaN(v.Float):
			return append(dst, `"NaN"`...)
		case math.IsInf(v.Float, 1):
			return append(dst, `"Infinity"`...)
		case math.IsInf(v.Float, -1):
			return append(dst, `"-Infinity"`...)
		}
		return strconv.AppendFloat(dst, v.Float, 'g', -1, 64)
	case block.Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case block.Bool:
		return strconv.AppendBool(dst, v.Int != 0)
	case block.Text:
		return sqltype.AppendJSONString(dst, v.Text)
	}
	return append(dst, "null"...)
}

// pointLines sends parts of series as lines, as they are read.
type pointLines struct {
	x       *exchange
	buf     *buffer
	control *http.ResponseController
	unit    int64
}

// add renders a part of a series as a line, and sends what has come together.
func (l *pointLines) add(m *timeseries.Metric, part *timeseries.Series) error {
	b := sqltype.AppendJSONString(append(l.buf.b, `{"metric":`...), m.Name)
	l.buf.b = append(appendSeries(append(b, ','), part, l.unit), "}\n"...)
	if len(l.buf.b) < streamChunk {
		return nil
	}
	return l.send()
}

func (l *pointLines) send() error {
	res := l.x.Response()
	if !res.Committed {
		res.Header()["Content-Type"] = streamTypes[formatNDJSON]
		res.WriteHeader(http.StatusOK)
	}
	l.control.SetWriteDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
	_, err := res.Write(l.buf.b)
	l.buf.b = l.buf.b[:0]
	if err != nil {
		return clientGone(err)
	}
	return nil
}

// streamPoints answers with a line for each thousand points of a series at most, and one
// that tells the end, or the error that kept the answer from it.
func (s *Server) streamPoints(c echo.Context, store *timeseries.Store, q *tsQuery, unit int64, began time.Time) error {
	x := of(c)
	l := &pointLines{x: x, buf: getBuffer(), control: http.NewResponseController(c.Response()), unit: unit}
	defer func() {
		l.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // a recorder in a test has none
		putBuffer(l.buf)
	}()
	n, err := store.Stream(c.Request().Context(), q.Query, l.add)
	if err != nil {
		if !c.Response().Committed {
			return err
		}
		p := x.describe(err)
		s.logFailure(x, p, err)
		l.buf.b = append(p.AppendJSON(append(l.buf.b, `{"error":`...)), "}\n"...)
		return l.send()
	}
	b := strconv.AppendInt(append(l.buf.b, `{"end":{"points":`...), int64(n), 10)
	b = append(b, `,"query_time_ms":`...)
	b = strconv.AppendFloat(b, float64(time.Since(began).Microseconds())/1000, 'f', -1, 64)
	l.buf.b = append(b, "}}\n"...)
	return l.send()
}
