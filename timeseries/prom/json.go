package prom

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// AppendText appends a text as JSON.
func AppendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c == '\n':
			b = append(b, '\\', 'n')
			i++
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // what is not UTF-8 becomes the sign for that
			i += n
		}
	}
	return append(b, '"')
}

// AppendTexts appends a list of texts as JSON.
func AppendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendText(b, s)
	}
	return append(b, ']')
}

// AppendLabels appends labels as a JSON object.
func AppendLabels(b []byte, ls labels.Labels) []byte {
	b = append(b, '{')
	first := true
	ls.Range(func(l labels.Label) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = AppendText(append(AppendText(b, l.Name), ':'), l.Value)
	})
	return append(b, '}')
}

// appendTime appends a time in seconds.
func appendTime(b []byte, ms int64) []byte {
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if part := ms % 1000; part != 0 {
		b = append(b, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
	}
	return b
}

// appendFloat appends a float as Prometheus does: a text, exactly.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return append(strconv.AppendFloat(append(b, '"'), f, format, -1, 64), '"')
}

func appendFloatPoint(b []byte, t int64, f float64) []byte {
	b = append(appendTime(append(b, '['), t), ',')
	return append(appendFloat(b, f), ']')
}

func appendHistogramPoint(b []byte, t int64, h *histogram.FloatHistogram) []byte {
	b = append(appendTime(append(b, '['), t), ',')
	return append(appendHistogram(b, h), ']')
}

// appendHistogram appends a histogram; of each bucket that is not empty whether its ends
// belong to it (0 the upper, 1 the lower, 2 neither, 3 both), the ends and the count.
func appendHistogram(b []byte, h *histogram.FloatHistogram) []byte {
	b = appendFloat(append(b, `{"count":`...), h.Count)
	b = appendFloat(append(b, `,"sum":`...), h.Sum)
	open := false
	for it := h.AllBucketIterator(); it.Next(); {
		x := it.At()
		if x.Count == 0 {
			continue
		}
		if open {
			b = append(b, ',')
		} else {
			b, open = append(b, `,"buckets":[`...), true
		}
		kind := byte('2')
		switch {
		case x.LowerInclusive && x.UpperInclusive:
			kind = '3'
		case x.LowerInclusive:
			kind = '1'
		case x.UpperInclusive:
			kind = '0'
		}
		b = append(b, '[', kind)
		for _, f := range []float64{x.Lower, x.Upper, x.Count} {
			b = appendFloat(append(b, ','), f)
		}
		b = append(b, ']')
	}
	if open {
		b = append(b, ']')
	}
	return append(b, '}')
}

// Limit cuts a result down to so many series and says whether that took any away. 0 is
// no limit.
func (r *Result) Limit(n int) bool {
	switch v := r.Value.(type) {
	case promql.Matrix:
		if n > 0 && len(v) > n {
			r.Value = v[:n]
			return true
		}
	case promql.Vector:
		if n > 0 && len(v) > n {
			r.Value = v[:n]
			return true
		}
	}
	return false
}

// AppendJSON appends the result as the "data" of an answer.
func (r Result) AppendJSON(b []byte) []byte {
	b = append(b, `{"resultType":"`...)
	b = append(append(b, r.Value.Type()...), `","result":`...)
	switch v := r.Value.(type) {
	case promql.Scalar:
		b = appendFloatPoint(b, v.T, v.V)
	case promql.String:
		b = append(appendTime(append(b, '['), v.T), ',')
		b = append(AppendText(b, v.V), ']')
	case promql.Vector:
		b = append(b, '[')
		for i := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendLabels(append(b, `{"metric":`...), v[i].Metric)
			if h := v[i].H; h != nil {
				b = appendHistogramPoint(append(b, `,"histogram":`...), v[i].T, h)
			} else {
				b = appendFloatPoint(append(b, `,"value":`...), v[i].T, v[i].F)
			}
			b = append(b, '}')
		}
		b = append(b, ']')
	case promql.Matrix:
		b = append(b, '[')
		for i := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendSeries(b, &v[i])
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendSeries(b []byte, s *promql.Series) []byte {
	b = AppendLabels(append(b, `{"metric":`...), s.Metric)
	if len(s.Floats) > 0 {
		b = append(b, `,"values":[`...)
		for i, p := range s.Floats {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFloatPoint(b, p.T, p.F)
		}
		b = append(b, ']')
	}
	if len(s.Histograms) > 0 {
		b = append(b, `,"histograms":[`...)
		for i, p := range s.Histograms {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendHistogramPoint(b, p.T, p.H)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
