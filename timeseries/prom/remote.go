package prom

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"strings"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	v2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
)

// The messages of remote write, as clients name them.
const (
	MessageV1 = "prometheus.WriteRequest"
	MessageV2 = "io.prometheus.write.v2.Request"
)

// MessageOf tells the message that a Content-Type names: of remote write 1 where it says
// nothing.
func MessageOf(contentType string) (string, error) {
	media, params, err := mime.ParseMediaType(contentType)
	switch proto := params["proto"]; {
	case contentType == "":
		return MessageV1, nil
	case err != nil || media != "application/x-protobuf" || proto != "" && proto != MessageV1 && proto != MessageV2:
		return "", dberr.New(dberr.ErrInvalid, "UNSUPPORTED_MEDIA_TYPE", "Content-Type %q is not one of remote write", shorten(contentType)).
			WithHint("send application/x-protobuf, with proto=%s or proto=%s", MessageV1, MessageV2)
	case proto == "":
		return MessageV1, nil
	default:
		return proto, nil
	}
}

// Inflate reads a body in the block format of snappy, of at most limit bytes when read.
func Inflate(body []byte, limit int64) ([]byte, error) {
	n, err := snappy.DecodedLen(body)
	if err == nil && int64(n) > limit {
		return nil, dberr.New(dberr.ErrTooLarge, "BODY_TOO_LARGE", "the body is of %d bytes when read, over the maximum of %d", n, limit)
	}
	var out []byte
	if err == nil {
		out, err = snappy.Decode(nil, body)
	}
	if err != nil {
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_BODY", "the body is not what snappy writes, in its block format")
	}
	return out, nil
}

// Written is what a write came to.
type Written struct {
	Samples, Histograms int // that were written
	Exemplars           int // that were left out: none is kept
	Faults              []error
}

// Err is nil where everything was written, and else names the first faults.
func (w *Written) Err() error {
	const shown = 5
	if len(w.Faults) == 0 {
		return nil
	}
	var list []string
	for _, err := range w.Faults[:min(len(w.Faults), shown)] {
		text := err.Error()
		if e := dberr.As(err); e != nil {
			text = e.Message
		}
		list = append(list, text)
	}
	if n := len(w.Faults) - len(list); n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	return dberr.New(dberr.ErrInvalid, "PARTIAL_WRITE", "%d samples written, %d refused: %s", w.Samples+w.Histograms, len(w.Faults), strings.Join(list, "; "))
}

// Receive writes a message of remote write. What cannot be written does not hold up the
// rest: it is told in Written.
func Receive(ctx context.Context, store *timeseries.Store, message string, body []byte) (*Written, error) {
	in := incoming{described: make(map[string]int)}
	var err error
	if message == MessageV2 {
		err = in.readV2(body)
	} else {
		err = in.readV1(body)
	}
	if err != nil {
		return nil, err
	}
	return in.write(ctx, store)
}

// incoming is a message that is read.
type incoming struct {
	Written
	batch     Batch
	list      []timeseries.Description
	described map[string]int
}

func malformed(message string, err error) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_BODY", "the body is no message %s: %s", message, err)
}

func (in *incoming) readV1(body []byte) error {
	var req prompb.WriteRequest
	if err := req.Unmarshal(body); err != nil {
		return malformed(MessageV1, err)
	}
	b := labels.NewScratchBuilder(16)
	for i := range req.Timeseries {
		ts := &req.Timeseries[i]
		in.Exemplars += len(ts.Exemplars)
		s, err := in.series(ts.ToLabels(&b, nil), len(ts.Samples)+len(ts.Histograms))
		if err != nil {
			continue
		}
		for _, x := range ts.Samples {
			in.add(&s, Sample{Time: x.Timestamp, Float: x.Value})
		}
		for _, h := range ts.Histograms {
			x := Sample{Time: h.Timestamp}
			if h.IsFloatHistogram() {
				x.Histogram.Float = h.ToFloatHistogram()
			} else {
				x.Int = h.ToIntHistogram()
			}
			in.add(&s, x)
		}
	}
	for _, m := range req.Metadata {
		in.describe(m.MetricFamilyName, m.Type.String(), m.Unit, m.Help)
	}
	return nil
}

func (in *incoming) readV2(body []byte) error {
	var req v2.Request
	if err := req.Unmarshal(body); err != nil {
		return malformed(MessageV2, err)
	}
	if len(req.Symbols) > 0 && req.Symbols[0] != "" {
		return malformed(MessageV2, errors.New("the first symbol is not the empty text"))
	}
	b := labels.NewScratchBuilder(16)
	for i := range req.Timeseries {
		ts := &req.Timeseries[i]
		in.Exemplars += len(ts.Exemplars)
		ls, err := ts.ToLabels(&b, req.Symbols)
		if err != nil {
			return malformed(MessageV2, err)
		}
		s, err := in.series(ls, len(ts.Samples)+len(ts.Histograms))
		if err != nil {
			continue
		}
		for _, x := range ts.Samples {
			in.add(&s, Sample{Time: x.Timestamp, Start: x.StartTimestamp, Float: x.Value})
		}
		for _, h := range ts.Histograms {
			x := Sample{Time: h.Timestamp}
			if h.IsFloatHistogram() {
				x.Histogram.Float = h.ToFloatHistogram()
			} else {
				x.Int = h.ToIntHistogram()
			}
			in.add(&s, x)
		}
		if ts.Metadata.Type == 0 && ts.Metadata.HelpRef == 0 && ts.Metadata.UnitRef == 0 {
			continue
		}
		md, err := ts.ToMetadata(req.Symbols)
		if err != nil {
			return malformed(MessageV2, err)
		}
		in.describe(family(s.Metric(), string(md.Type)), strings.ToUpper(string(md.Type)), md.Unit, md.Help)
	}
	return nil
}

// family is the name of what a series is part of: histograms and summaries have several.
func family(metric, typ string) string {
	var parts []string
	switch typ {
	case "histogram", "gaugehistogram":
		parts = []string{"_bucket", "_count", "_sum", "_gcount", "_gsum"}
	case "summary":
		parts = []string{"_count", "_sum"}
	}
	for _, p := range parts {
		if s, ok := strings.CutSuffix(metric, p); ok {
			return s
		}
	}
	return metric
}

func (in *incoming) series(ls labels.Labels, samples int) (Series, error) {
	s, err := in.batch.Series(ls)
	if name, twice := ls.HasDuplicateLabelNames(); err == nil && twice {
		err = dberr.New(dberr.ErrInvalid, "DUPLICATE_TAG", "the series %s has the label %q twice", shorten(ls.String()), name)
	}
	if err != nil {
		for range samples {
			in.Faults = append(in.Faults, err)
		}
	}
	return s, err
}

func (in *incoming) add(s *Series, x Sample) {
	if err := s.Add(x); err != nil {
		in.Faults = append(in.Faults, err)
	}
}

// types are the types of Prometheus in ours. What is none of ours is read as gauges are.
var types = map[string]timeseries.Type{
	"COUNTER": timeseries.Counter, "HISTOGRAM": timeseries.Histogram, "GAUGEHISTOGRAM": timeseries.Histogram, "SUMMARY": timeseries.Summary,
}

// describe notes what is said of a metric. What is too long is cut, since it is not
// worth the samples that come with it.
func (in *incoming) describe(metric, typ, unit, help string) {
	d := timeseries.Description{Metric: metric, Type: types[typ], Unit: cut(unit, timeseries.MaxNameBytes), Description: cut(help, timeseries.MaxTagValueBytes)}
	if metric == "" || len(metric) > timeseries.MaxNameBytes {
		return
	}
	if i, ok := in.described[metric]; ok {
		in.list[i] = d
		return
	}
	in.described[metric] = len(in.list)
	in.list = append(in.list, d)
}

func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// write writes what was read.
func (in *incoming) write(ctx context.Context, store *timeseries.Store) (*Written, error) {
	refused, err := store.WriteEach(ctx, in.batch.Points)
	if err != nil {
		return nil, err
	}
	bad := make(map[int]bool, len(refused))
	for _, r := range refused {
		bad[r.Point] = true
		in.Faults = append(in.Faults, r.Err)
	}
	for i := range in.batch.Points {
		switch p := &in.batch.Points[i]; {
		case bad[i]:
		case p.Fields[0].Name == HistogramField:
			in.Histograms++
		default:
			in.Samples++
		}
	}
	if len(in.list) > 0 {
		if err := store.Describe(ctx, in.list); err != nil {
			if !errors.Is(err, dberr.ErrInvalid) && !errors.Is(err, dberr.ErrTooLarge) {
				return nil, err
			}
			in.Faults = append(in.Faults, err)
		}
	}
	return &in.Written, nil
}
