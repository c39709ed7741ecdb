// Package otlp reads the metrics of OpenTelemetry as points of the time-series model.
//
// A metric keeps its name. The attributes of a point are its tags, with those of its
// resource and, where it has a name, otel.scope.name and otel.scope.version; of several
// with one name the point's counts. Attributes that are not text are written as text.
//
//   - A gauge and a sum are the field "value"; a monotonic sum is a counter.
//   - A histogram is what Prometheus makes of it: NAME_bucket with the tag le, counted up
//     from the least, NAME_count and NAME_sum.
//   - An exponential histogram is a native histogram (package prom).
//   - A summary is NAME with the tag quantile, NAME_count and NAME_sum.
//   - A point that says that nothing was recorded is a mark of staleness.
//
// It promises that what is not refused is in the points, but for what it leaves out:
// exemplars, starts of counters, and the least and greatest values of histograms. It
// refuses, point by point, sums and histograms that are deltas, since points that come
// again or late cannot be told from new ones in them, and attributes that tags cannot hold.
package otlp

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// Batch is a request as points.
type Batch struct {
	Points []timeseries.Point
	// Owner says for each point which data point of the request it is of.
	Owner        []int
	Descriptions []timeseries.Description
	DataPoints   int
	// Faults are why data points were refused, by their number.
	Faults map[int]error
}

// Read reads a request, in protobuf or in JSON.
func Read(body []byte, inJSON bool) (*Batch, error) {
	var req pmetric.Metrics // the request has the form of what it exports
	var err error
	if inJSON {
		req, err = (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(body)
	} else {
		req, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body)
	}
	if err != nil {
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_BODY", "the body is no ExportMetricsServiceRequest: %s", err)
	}
	b := &Batch{Faults: make(map[int]error)}
	for _, resource := range req.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			base := make(map[string]string)
			add(base, resource.Resource().Attributes())
			if name := scope.Scope().Name(); name != "" {
				base["otel.scope.name"] = name
			}
			if version := scope.Scope().Version(); version != "" {
				base["otel.scope.version"] = version
			}
			for _, m := range scope.Metrics().All() {
				b.metric(base, m)
			}
		}
	}
	return b, nil
}

// Answer is the answer to a request, ExportMetricsServiceResponse, of which some data
// points were refused, or none.
func Answer(refused int, message string, inJSON bool) ([]byte, error) {
	if inJSON {
		if refused == 0 {
			return []byte("{}"), nil
		}
		type partial struct {
			Rejected string `json:"rejectedDataPoints"` // int64 is text in protobuf's JSON
			Message  string `json:"errorMessage"`
		}
		return json.Marshal(map[string]partial{"partialSuccess": {strconv.Itoa(refused), message}})
	}
	if refused == 0 {
		return nil, nil
	}
	partial := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(refused))
	partial = protowire.AppendString(protowire.AppendTag(partial, 2, protowire.BytesType), message)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial), nil
}

func add(to map[string]string, attributes pcommon.Map) {
	for name, v := range attributes.All() {
		to[name] = v.AsString()
	}
}

// target is where the data points of a metric go.
type target struct {
	*Batch
	base map[string]string
	name string
}

func (b *Batch) metric(base map[string]string, m pmetric.Metric) {
	t := target{b, base, m.Name()}
	typ, delta := timeseries.Gauge, pmetric.AggregationTemporalityDelta
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			t.number(p)
		}
	case pmetric.MetricTypeSum:
		if m.Sum().IsMonotonic() {
			typ = timeseries.Counter
		}
		for _, p := range m.Sum().DataPoints().All() {
			if t.refuse(m.Sum().AggregationTemporality() == delta) {
				continue
			}
			t.number(p)
		}
	case pmetric.MetricTypeHistogram:
		typ = timeseries.Histogram
		for _, p := range m.Histogram().DataPoints().All() {
			if t.refuse(m.Histogram().AggregationTemporality() == delta) {
				continue
			}
			t.histogram(p)
		}
	case pmetric.MetricTypeExponentialHistogram:
		typ = timeseries.Histogram
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			if t.refuse(m.ExponentialHistogram().AggregationTemporality() == delta) {
				continue
			}
			t.exponential(p)
		}
	case pmetric.MetricTypeSummary:
		typ = timeseries.Summary
		for _, p := range m.Summary().DataPoints().All() {
			t.summary(p)
		}
	default:
		return // it has no data points
	}
	b.Descriptions = append(b.Descriptions, timeseries.Description{Metric: m.Name(), Type: typ, Unit: m.Unit(), Description: m.Description()})
}

// refuse refuses a data point that is a delta.
func (t *target) refuse(delta bool) bool {
	if delta {
		t.fail(dberr.New(dberr.ErrUnsupported, "FEATURE_NOT_SUPPORTED", "metric %q has the temporality delta", t.name).WithHint("export it as cumulative"))
	}
	return delta
}

func (t *target) fail(err error) {
	t.Faults[t.DataPoints] = err
	t.DataPoints++
}

// tags are those of a data point, and one more where it has a name.
func (t *target) tags(attributes pcommon.Map, name, v string) (tags []timeseries.Tag) {
	all := make(map[string]string, len(t.base)+attributes.Len()+1)
	for k, v := range t.base {
		all[k] = v
	}
	add(all, attributes)
	if name != "" {
		all[name] = v
	}
	for k, v := range all {
		tags = append(tags, timeseries.Tag{Key: k, Value: v})
	}
	return tags
}

func (t *target) put(metric string, tags []timeseries.Tag, at pcommon.Timestamp, f timeseries.Field) {
	t.Points = append(t.Points, timeseries.Point{Metric: metric, Tags: tags, Time: int64(at), Fields: []timeseries.Field{f}})
	t.Owner = append(t.Owner, t.DataPoints)
}

func float(v float64, none bool) timeseries.Field {
	if none {
		v = math.Float64frombits(value.StaleNaN)
	}
	return timeseries.Field{Name: timeseries.DefaultField, Value: timeseries.FloatValue(v)}
}

func (t *target) number(p pmetric.NumberDataPoint) {
	f := float(p.DoubleValue(), p.Flags().NoRecordedValue())
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt && !p.Flags().NoRecordedValue() {
		f = timeseries.Field{Name: timeseries.DefaultField, Value: timeseries.IntValue(p.IntValue()), Loose: true}
	}
	t.put(t.name, t.tags(p.Attributes(), "", ""), p.Timestamp(), f)
	t.DataPoints++
}

func (t *target) histogram(p pmetric.HistogramDataPoint) {
	none := p.Flags().NoRecordedValue()
	counts, bounds := p.BucketCounts(), p.ExplicitBounds()
	if n := counts.Len(); !none && n > 0 && n != bounds.Len()+1 {
		t.fail(dberr.New(dberr.ErrInvalid, "INVALID_HISTOGRAM", "metric %q has a histogram of %d buckets and %d bounds", t.name, n, bounds.Len()))
		return
	}
	sum := uint64(0)
	for i, bound := range bounds.All() {
		if i < counts.Len() {
			sum += counts.At(i)
		}
		t.put(t.name+"_bucket", t.tags(p.Attributes(), "le", number(bound)), p.Timestamp(), float(float64(sum), none))
	}
	t.put(t.name+"_bucket", t.tags(p.Attributes(), "le", "+Inf"), p.Timestamp(), float(float64(p.Count()), none))
	t.total(p.Attributes(), p.Timestamp(), float64(p.Count()), p.Sum(), p.HasSum(), none)
	t.DataPoints++
}

// total puts NAME_count and NAME_sum.
func (t *target) total(attributes pcommon.Map, at pcommon.Timestamp, count, sum float64, hasSum, none bool) {
	t.put(t.name+"_count", t.tags(attributes, "", ""), at, float(count, none))
	if hasSum || none {
		t.put(t.name+"_sum", t.tags(attributes, "", ""), at, float(sum, none))
	}
}

// number is a bound or a quantile as Prometheus writes it.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func (t *target) summary(p pmetric.SummaryDataPoint) {
	none := p.Flags().NoRecordedValue()
	for _, q := range p.QuantileValues().All() {
		t.put(t.name, t.tags(p.Attributes(), "quantile", number(q.Quantile())), p.Timestamp(), float(q.Value(), none))
	}
	t.total(p.Attributes(), p.Timestamp(), float64(p.Count()), p.Sum(), true, none)
	t.DataPoints++
}

// The scales of exponential histograms that native histograms have.
const (
	leastScale = -4
	mostScale  = 8
)

func (t *target) exponential(p pmetric.ExponentialHistogramDataPoint) {
	h := prom.Histogram{Int: &histogram.Histogram{Sum: math.Float64frombits(value.StaleNaN)}}
	if !p.Flags().NoRecordedValue() {
		if p.Scale() < leastScale {
			t.fail(dberr.New(dberr.ErrInvalid, "INVALID_HISTOGRAM", "metric %q has an exponential histogram of scale %d, below the least of %d", t.name, p.Scale(), leastScale))
			return
		}
		x := &histogram.FloatHistogram{Schema: min(p.Scale(), mostScale), Count: float64(p.Count()), Sum: p.Sum(), ZeroCount: float64(p.ZeroCount()), ZeroThreshold: p.ZeroThreshold()}
		shift := max(p.Scale()-mostScale, 0)
		x.PositiveSpans, x.PositiveBuckets = buckets(p.Positive(), shift)
		x.NegativeSpans, x.NegativeBuckets = buckets(p.Negative(), shift)
		h = prom.Histogram{Float: x}
	}
	err := h.Check()
	var text string
	if err == nil {
		text, err = h.Text()
	}
	if err != nil {
		t.fail(fmt.Errorf("metric %q: %w", t.name, err))
		return
	}
	t.put(t.name, t.tags(p.Attributes(), "", ""), p.Timestamp(), timeseries.Field{Name: prom.HistogramField, Value: timeseries.TextValue(text)})
	t.DataPoints++
}

// buckets are the buckets of one sign, at a scale that is less by shift. A bucket of
// OpenTelemetry is named by its lower end, and one of Prometheus by its upper.
func buckets(p pmetric.ExponentialHistogramDataPointBuckets, shift int32) ([]histogram.Span, []float64) {
	n := p.BucketCounts().Len()
	if n == 0 {
		return nil, nil
	}
	first := p.Offset() >> shift
	counts := make([]float64, (p.Offset()+int32(n)-1)>>shift-first+1)
	for i, c := range p.BucketCounts().All() {
		counts[(p.Offset()+int32(i))>>shift-first] += float64(c)
	}
	return []histogram.Span{{Offset: first + 1, Length: uint32(len(counts))}}, counts
}
