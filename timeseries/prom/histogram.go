package prom

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/weftdb/weft/internal/dberr"
)

// Histogram is a native histogram: with counts that are ints, or floats. One of the two
// is set.
//
// Its text is JSON: schema, count, sum; zero_threshold and zero_count; for the positive
// and the negative buckets spans (pairs of offset and length) and deltas (of ints) or
// counts (of floats); bounds, of a histogram with its own; reset, where the writer said
// "gauge" or "yes". Numbers that JSON does not have are the texts NaN, +Inf, -Inf, and
// stale for the mark of staleness.
type Histogram struct {
	Int   *histogram.Histogram
	Float *histogram.FloatHistogram
}

// None says that there is no histogram.
func (h Histogram) None() bool { return h.Int == nil && h.Float == nil }

// follow says of a histogram that it goes on from the one before it, where it does. Of
// one that begins anew nothing is said, as in Prometheus: its readers look themselves.
func (h *Histogram) follow(before Histogram) {
	switch {
	case before.None() || before.gauge() || before.Stale() || h.Stale():
	case h.Int != nil && h.Int.CounterResetHint == histogram.UnknownCounterReset:
		if !h.Int.ToFloat(nil).DetectReset(before.float()) {
			h.Int.CounterResetHint = histogram.NotCounterReset
		}
	case h.Float != nil && h.Float.CounterResetHint == histogram.UnknownCounterReset:
		if !h.Float.DetectReset(before.float()) {
			h.Float.CounterResetHint = histogram.NotCounterReset
		}
	}
}

func (h *Histogram) gauge() bool {
	return h.Int != nil && h.Int.CounterResetHint == histogram.GaugeType || h.Float != nil && h.Float.CounterResetHint == histogram.GaugeType
}

// Stale says that the histogram is the mark of staleness.
func (h *Histogram) Stale() bool {
	return h.Int != nil && value.IsStaleNaN(h.Int.Sum) || h.Float != nil && value.IsStaleNaN(h.Float.Sum)
}

func (h *Histogram) float() *histogram.FloatHistogram {
	if h.Int != nil {
		return h.Int.ToFloat(nil)
	}
	return h.Float
}

// number is a float in JSON, exactly.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	switch {
	case value.IsStaleNaN(f):
		return []byte(`"stale"`), nil
	case math.IsNaN(f) || math.IsInf(f, 0):
		return []byte(strconv.Quote(strconv.FormatFloat(f, 'g', -1, 64))), nil
	case f == 0 && math.Signbit(f):
		return []byte("-0"), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) > 1 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	if s == "stale" {
		*n = number(math.Float64frombits(value.StaleNaN))
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("read the number of a histogram: %w", err)
	}
	*n = number(f)
	return nil
}

// text is the JSON of a histogram; C is the type of counts.
type text[C any] struct {
	Reset         string     `json:"reset,omitempty"`
	Schema        int32      `json:"schema"`
	Count         C          `json:"count"`
	Sum           number     `json:"sum"`
	ZeroThreshold number     `json:"zero_threshold,omitempty"`
	ZeroCount     C          `json:"zero_count"`
	Positive      [][2]int64 `json:"positive_spans,omitempty"`
	PositiveInts  []int64    `json:"positive_deltas,omitempty"`
	PositiveReals []number   `json:"positive_counts,omitempty"`
	Negative      [][2]int64 `json:"negative_spans,omitempty"`
	NegativeInts  []int64    `json:"negative_deltas,omitempty"`
	NegativeReals []number   `json:"negative_counts,omitempty"`
	Bounds        []number   `json:"bounds,omitempty"`
	Ints          bool       `json:"ints,omitempty"`
}

var resetNames = map[histogram.CounterResetHint]string{histogram.CounterReset: "yes", histogram.GaugeType: "gauge"}

func hintOf(name string) histogram.CounterResetHint {
	for hint, n := range resetNames {
		if n == name {
			return hint
		}
	}
	return histogram.UnknownCounterReset
}

func numbers(v []float64) []number {
	if v == nil {
		return nil
	}
	out := make([]number, len(v))
	for i, f := range v {
		out[i] = number(f)
	}
	return out
}

func floats(v []number) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, f := range v {
		out[i] = float64(f)
	}
	return out
}

func pairs(v []histogram.Span) (out [][2]int64) {
	for _, s := range v {
		out = append(out, [2]int64{int64(s.Offset), int64(s.Length)})
	}
	return out
}

func spans(v [][2]int64) (out []histogram.Span) {
	for _, p := range v {
		out = append(out, histogram.Span{Offset: int32(p[0]), Length: uint32(p[1])})
	}
	return out
}

// Check says what is wrong with a histogram.
func (h Histogram) Check() error {
	var err error
	switch {
	case h.Stale():
	case h.Int != nil:
		err = h.Int.Validate()
	case h.Float != nil:
		err = h.Float.Validate()
	}
	if err != nil {
		return dberr.New(dberr.ErrInvalid, "INVALID_HISTOGRAM", "%s", err).WithField(HistogramField)
	}
	return nil
}

// Text is the histogram as it is stored.
func (h Histogram) Text() (string, error) {
	var b []byte
	var err error
	if x := h.Int; x != nil {
		b, err = json.Marshal(text[uint64]{
			Reset: resetNames[x.CounterResetHint], Schema: x.Schema, Count: x.Count, Sum: number(x.Sum), ZeroThreshold: number(x.ZeroThreshold), ZeroCount: x.ZeroCount,
			Positive: pairs(x.PositiveSpans), PositiveInts: x.PositiveBuckets, Negative: pairs(x.NegativeSpans), NegativeInts: x.NegativeBuckets,
			Bounds: numbers(x.CustomValues), Ints: true,
		})
	} else {
		x := h.Float
		b, err = json.Marshal(text[number]{
			Reset: resetNames[x.CounterResetHint], Schema: x.Schema, Count: number(x.Count), Sum: number(x.Sum), ZeroThreshold: number(x.ZeroThreshold), ZeroCount: number(x.ZeroCount),
			Positive: pairs(x.PositiveSpans), PositiveReals: numbers(x.PositiveBuckets), Negative: pairs(x.NegativeSpans), NegativeReals: numbers(x.NegativeBuckets),
			Bounds: numbers(x.CustomValues),
		})
	}
	if err != nil {
		return "", fmt.Errorf("write a histogram: %w", err)
	}
	return string(b), nil
}

// ParseHistogram reads what Text wrote, and refuses what is no histogram.
func ParseHistogram(s string) (h Histogram, err error) {
	var kind struct {
		Ints bool `json:"ints"`
	}
	if err = json.Unmarshal([]byte(s), &kind); err == nil && kind.Ints {
		var t text[uint64]
		err = json.Unmarshal([]byte(s), &t)
		h.Int = &histogram.Histogram{
			CounterResetHint: hintOf(t.Reset), Schema: t.Schema, Count: t.Count, Sum: float64(t.Sum), ZeroThreshold: float64(t.ZeroThreshold), ZeroCount: t.ZeroCount,
			PositiveSpans: spans(t.Positive), PositiveBuckets: t.PositiveInts, NegativeSpans: spans(t.Negative), NegativeBuckets: t.NegativeInts,
			CustomValues: floats(t.Bounds),
		}
	} else if err == nil {
		var t text[number]
		err = json.Unmarshal([]byte(s), &t)
		h.Float = &histogram.FloatHistogram{
			CounterResetHint: hintOf(t.Reset), Schema: t.Schema, Count: float64(t.Count), Sum: float64(t.Sum), ZeroThreshold: float64(t.ZeroThreshold), ZeroCount: float64(t.ZeroCount),
			PositiveSpans: spans(t.Positive), PositiveBuckets: floats(t.PositiveReals), NegativeSpans: spans(t.Negative), NegativeBuckets: floats(t.NegativeReals),
			CustomValues: floats(t.Bounds),
		}
	}
	if err == nil {
		err = h.Check()
	}
	if err != nil {
		cause := err
		if e := dberr.As(err); e != nil {
			cause = errors.New(e.Message)
		}
		return Histogram{}, dberr.New(dberr.ErrInvalid, "INVALID_HISTOGRAM", "the text %q of the field %q is no histogram: %s", shorten(s), HistogramField, cause).WithField(HistogramField)
	}
	return h, nil
}
