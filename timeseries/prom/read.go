package prom

import (
	"context"
	"slices"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// MaxReadSamples bounds the samples of an answer to remote read, as in Prometheus.
const MaxReadSamples = 50_000_000

// RemoteRead answers a message of remote read, in samples, all queries in one snapshot.
// It takes and gives messages as snappy packs them.
func RemoteRead(ctx context.Context, store *timeseries.Store, body []byte, limit int64) ([]byte, error) {
	raw, err := Inflate(body, limit)
	if err != nil {
		return nil, err
	}
	var req prompb.ReadRequest
	if err := req.Unmarshal(raw); err != nil {
		return nil, malformed("prometheus.ReadRequest", err)
	}
	if t := req.AcceptedResponseTypes; len(t) > 0 && !slices.Contains(t, prompb.ReadRequest_SAMPLES) {
		return nil, dberr.New(dberr.ErrUnsupported, "FEATURE_NOT_SUPPORTED", "remote read answers in SAMPLES, not in %v", t).WithField("accepted_response_types")
	}
	var resp prompb.ReadResponse
	err = store.View(ctx, func(tx *txn.Tx) error {
		left := MaxReadSamples
		for _, q := range req.Queries {
			r, err := readQuery(ctx, Over(store, tx), q, &left)
			if err != nil {
				return err
			}
			resp.Results = append(resp.Results, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out, err := resp.Marshal()
	if err != nil {
		return nil, err
	}
	return snappy.Encode(nil, out), nil
}

func readQuery(ctx context.Context, over storage.Queryable, q *prompb.Query, left *int) (*prompb.QueryResult, error) {
	var matchers []*labels.Matcher
	for _, m := range q.Matchers {
		x, err := labels.NewMatcher(matchTypes[m.Type], m.Name, m.Value)
		if err != nil {
			return nil, dberr.New(dberr.ErrInvalid, "INVALID_REGEX", "the matcher of label %q: %s", shorten(m.Name), err).WithField("matchers")
		}
		matchers = append(matchers, x)
	}
	from, to := q.StartTimestampMs, q.EndTimestampMs
	if h := q.Hints; h != nil && (h.StartMs != 0 || h.EndMs != 0) {
		from, to = max(from, h.StartMs), min(to, h.EndMs)
	}
	querier, err := over.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	set := querier.Select(ctx, true, nil, matchers...)
	result := &prompb.QueryResult{}
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		it = s.Iterator(it)
		ts := &prompb.TimeSeries{Labels: prompb.FromLabels(s.Labels(), nil)}
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if *left--; *left < 0 {
				return nil, dberr.New(dberr.ErrTooLarge, "TOO_MANY_POINTS", "exceeded sample limit (%d)", MaxReadSamples)
			}
			switch kind {
			case chunkenc.ValFloat:
				t, v := it.At()
				ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: t, Value: v})
			case chunkenc.ValHistogram:
				t, h := it.AtHistogram(nil)
				ts.Histograms = append(ts.Histograms, prompb.FromIntHistogram(t, h))
			default:
				t, h := it.AtFloatHistogram(nil)
				ts.Histograms = append(ts.Histograms, prompb.FromFloatHistogram(t, h))
			}
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
		if len(ts.Samples)+len(ts.Histograms) > 0 {
			result.Timeseries = append(result.Timeseries, ts)
		}
	}
	return result, set.Err()
}

var matchTypes = map[prompb.LabelMatcher_Type]labels.MatchType{
	prompb.LabelMatcher_EQ: labels.MatchEqual, prompb.LabelMatcher_NEQ: labels.MatchNotEqual,
	prompb.LabelMatcher_RE: labels.MatchRegexp, prompb.LabelMatcher_NRE: labels.MatchNotRegexp,
}
