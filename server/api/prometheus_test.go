package api

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	v2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const promURL = "/prometheus/api/v1"

var form = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

// packed is a message as remote write and read send it.
func packed(m interface{ Marshal() ([]byte, error) }) string {
	b, err := m.Marshal()
	if err != nil {
		panic(err)
	}
	return string(snappy.Encode(nil, b))
}

func pairs(list ...string) (out []prompb.Label) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, prompb.Label{Name: list[i], Value: list[i+1]})
	}
	return out
}

var (
	protobuf  = map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
	protobuf2 = map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}
	series    = func() func(*Server, *fake) { return points("a", 10, 1.5, "a", 20, 2.5, "b", 10, 4.0) }
)

var promScenarios = []scenario{
	{name: "prom query", url: promURL + "/query?query=cpu&time=15", state: series(), status: 200,
		has: []string{`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"cpu","host":"a"},"value":[15,"1.5"]},{"metric":{"__name__":"cpu","host":"b"},"value":[15,"4"]}]}}`}},
	{name: "prom query form", method: "POST", url: promURL + "/query", body: "query=sum(cpu)&time=1970-01-01T00:00:20.5Z", headers: form, state: series(), status: 200, has: []string{`"result":[{"metric":{},"value":[20.500,"6.5"]}]`}},
	{name: "prom query scalar", url: promURL + "/query?query=1%2B1&time=1.25", status: 200, has: []string{`{"resultType":"scalar","result":[1.250,"2"]}`}},
	{name: "prom query string", url: promURL + `/query?query="x%22"&time=1`, status: 400, has: []string{`"errorType":"bad_data"`}},
	{name: "prom query text", url: promURL + `/query?query="x"&time=1`, status: 200, has: []string{`{"resultType":"string","result":[1,"x"]}`}},
	{name: "prom query matrix", url: promURL + "/query?query=cpu%5B1m%5D&time=20", state: series(), status: 200, has: []string{`{"resultType":"matrix","result":[{"metric":{"__name__":"cpu","host":"a"},"values":[[10,"1.5"],[20,"2.5"]]}`}},
	{name: "prom query limit", url: promURL + "/query?query=cpu&time=15&limit=1", state: series(), status: 200, has: []string{`"host":"a"`, `"warnings":["results truncated due to limit"]`}, hasNot: []string{`"host":"b"`}},
	{name: "prom query infos", url: promURL + "/query?query=rate(cpu[1m])&time=20", state: series(), status: 200, has: []string{`"infos":["PromQL info: metric might not be a counter`}},
	{name: "prom query lookback", url: promURL + "/query?query=cpu&time=21&lookback_delta=5s", state: series(), status: 200, has: []string{`[{"metric":{"__name__":"cpu","host":"a"},"value":[21,"2.5"]}]`}},
	{name: "prom query none", url: promURL + "/query?query=nothing", state: series(), status: 200, has: []string{`{"resultType":"vector","result":[]}`}},
	{name: "prom query syntax", url: promURL + "/query?query=cpu%7B", status: 400, has: []string{`{"status":"error","errorType":"bad_data","error":"`, "parse error"}},
	{name: "prom query bad time", url: promURL + "/query?query=cpu&time=x", status: 400, has: []string{`invalid parameter \"time\"`}},
	{name: "prom query execution", url: promURL + "/query?query=cpu%20%2B%20on()%20cpu&time=15", state: series(), status: 422, has: []string{`"errorType":"execution"`, "many-to-many"}},
	{name: "prom query timeout", url: promURL + "/query?query=cpu&time=15&timeout=0.000000001", state: series(), status: 503, has: []string{`"errorType":"timeout"`}, hasNot: []string{"success"}},
	{name: "prom query no database", url: promURL + "/query?query=cpu&database=nowhere", status: 404, has: []string{`"errorType":"not_found"`}},
	{name: "prom query too many samples", url: promURL + "/query?query=cpu&time=15", opts: tight(), state: series(), status: 422, has: []string{`"errorType":"execution"`, "too many samples"}},

	{name: "prom range", url: promURL + "/query_range?query=cpu&start=10&end=30&step=10s", state: series(), status: 200,
		has: []string{`{"resultType":"matrix","result":[{"metric":{"__name__":"cpu","host":"a"},"values":[[10,"1.5"],[20,"2.5"],[30,"2.5"]]},`}},
	{name: "prom range form", method: "POST", url: promURL + "/query_range", body: "query=cpu&start=10&end=30&step=10", headers: form, state: series(), status: 200, has: []string{`[30,"4"]`}},
	{name: "prom range no start", url: promURL + "/query_range?query=cpu&end=30&step=10", status: 400, has: []string{`invalid parameter \"start\"`}},
	{name: "prom range step", url: promURL + "/query_range?query=cpu&start=10&end=30&step=0", status: 400, has: []string{`zero or negative query resolution step`}},
	{name: "prom range backwards", url: promURL + "/query_range?query=cpu&start=30&end=10&step=1", status: 400, has: []string{`end timestamp must not be before start time`}},
	{name: "prom range too fine", url: promURL + "/query_range?query=cpu&start=0&end=30000&step=1", status: 400, has: []string{`exceeded maximum resolution of 11,000 points`}},

	{name: "prom series", url: promURL + "/series?match[]=cpu&start=0&end=100", state: series(), status: 200, has: []string{`"data":[{"__name__":"cpu","host":"a"},{"__name__":"cpu","host":"b"}]}`}},
	{name: "prom series in time", url: promURL + "/series?match[]=cpu&start=15&end=25", state: series(), status: 200, has: []string{`"data":[{"__name__":"cpu","host":"a"}]}`}},
	{name: "prom series form", method: "POST", url: promURL + "/series", body: `match[]={host="b"}&match[]={host="b",__name__=~"c.*"}&limit=5`, headers: form, state: series(), status: 200, has: []string{`"data":[{"__name__":"cpu","host":"b"}]}`}},
	{name: "prom series limit", url: promURL + "/series?match[]=cpu&limit=1", state: series(), status: 200, has: []string{`"data":[{"__name__":"cpu","host":"a"}],"warnings":[`}},
	{name: "prom series no match", url: promURL + "/series", status: 400, has: []string{"no match[] parameter provided"}},
	{name: "prom series all", url: promURL + `/series?match[]={host=~".*"}`, status: 400, has: []string{"must contain at least one non-empty matcher"}},
	{name: "prom labels", url: promURL + "/labels", state: series(), status: 200, has: []string{`"data":["__name__","host"]}`}},
	{name: "prom labels form", method: "POST", url: promURL + "/labels", body: "match[]=nothing", headers: form, state: series(), status: 200, has: []string{`"data":[]}`}},
	{name: "prom names", url: promURL + "/label/__name__/values", state: series(), status: 200, has: []string{`"data":["cpu"]}`}},
	{name: "prom values", url: promURL + "/label/host/values?match[]=cpu&start=15", state: series(), status: 200, has: []string{`"data":["a"]}`}},
	{name: "prom values escaped", url: promURL + "/label/U__host/values", state: series(), status: 200, has: []string{`"data":["a","b"]}`}},
	{name: "prom metadata", url: promURL + "/metadata", state: series(), status: 200, has: []string{`"data":{"cpu":[{"type":"gauge","help":"","unit":""}]}}`}},
	{name: "prom metadata of one", url: promURL + "/metadata?metric=x&limit=1&limit_per_metric=1", state: series(), status: 200, has: []string{`"data":{}}`}},
	{name: "prom buildinfo", url: promURL + "/status/buildinfo", status: 200, has: []string{`"data":{"version":"3.`}},

	{name: "prom write", method: "POST", url: promURL + "/write", headers: protobuf, body: packed(&prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{{Labels: pairs("__name__", "m", "job", "x"), Samples: []prompb.Sample{{Timestamp: 1000, Value: 1}, {Timestamp: 2000, Value: 2}}}, {Labels: pairs("__field__", "f", "__name__", "m"), Samples: []prompb.Sample{{Timestamp: 1500, Value: 3}}}},
		Metadata:   []prompb.MetricMetadata{{MetricFamilyName: "m", Type: prompb.MetricMetadata_COUNTER, Help: "of m", Unit: "s"}},
	}), status: 204, header: map[string]string{"X-Prometheus-Remote-Write-Samples-Written": "3"}, check: held("m", "f{}1500000000:3 value{job=x}1000000000:1 value{job=x}2000000000:2")},
	{name: "prom write part", method: "POST", url: promURL + "/write", headers: protobuf, body: packed(&prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{{Labels: pairs("__name__", "m"), Samples: []prompb.Sample{{Timestamp: 1000, Value: 1}}}, {Labels: pairs("job", "x"), Samples: []prompb.Sample{{Timestamp: 1500, Value: 3}}},
			{Labels: pairs("__name__", "m", "a", "1", "a", "2"), Samples: []prompb.Sample{{Timestamp: 1500, Value: 3}}}},
	}), status: 400, has: []string{"PARTIAL_WRITE", "1 samples written, 2 refused", "has no name", `the label \"a\" twice`}, header: map[string]string{"X-Prometheus-Remote-Write-Samples-Written": "1"}, check: held("m", "value{}1000000000:1")},
	{name: "prom write 2", method: "POST", url: promURL + "/write?database=default", headers: protobuf2, body: packed(&v2.Request{
		Symbols: []string{"", "__name__", "m", "job", "x", "help"},
		Timeseries: []v2.TimeSeries{{LabelsRefs: []uint32{1, 2, 3, 4}, Samples: []v2.Sample{{Timestamp: 1000, Value: 1, StartTimestamp: 500}}, Metadata: v2.Metadata{Type: v2.Metadata_METRIC_TYPE_COUNTER, HelpRef: 5},
			Histograms: []v2.Histogram{{Count: &v2.Histogram_CountInt{CountInt: 3}, ZeroCount: &v2.Histogram_ZeroCountInt{ZeroCountInt: 3}, Sum: 1.5, ZeroThreshold: 0.001, Timestamp: 2000}}}},
	}), status: 204, header: map[string]string{"X-Prometheus-Remote-Write-Samples-Written": "1", "X-Prometheus-Remote-Write-Histograms-Written": "1", "X-Prometheus-Remote-Write-Exemplars-Written": "0"},
		check: held("m", `value{job=x}1000000000:1 __histogram__{job=x}2000000000:{"schema":0,"count":3,"sum":1.5,"zero_threshold":0.001,"zero_count":3,"ints":true}`)},
	{name: "prom write bad ref", method: "POST", url: promURL + "/write", headers: protobuf2, body: packed(&v2.Request{Symbols: []string{""}, Timeseries: []v2.TimeSeries{{LabelsRefs: []uint32{1, 2}}}}), status: 400, has: []string{"INVALID_BODY"}},
	{name: "prom write not snappy", method: "POST", url: promURL + "/write", headers: protobuf, body: "\xff\xff\xff\xff\xff\xff\xff", status: 400, has: []string{"INVALID_BODY", "snappy"}},
	{name: "prom write not protobuf", method: "POST", url: promURL + "/write", headers: protobuf, body: string(snappy.Encode(nil, []byte("\x0a\xff\xff"))), status: 400, has: []string{"INVALID_BODY", "prometheus.WriteRequest"}},
	{name: "prom write json", method: "POST", url: promURL + "/write", body: "{}", status: 415, has: []string{"UNSUPPORTED_MEDIA_TYPE", "application/x-protobuf"}},
	{name: "prom write gzip", method: "POST", url: promURL + "/write", headers: map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}, body: "x", status: 415, has: []string{"only snappy"}},
	{name: "prom write bomb", method: "POST", url: promURL + "/write", opts: Options{BodyBytes: 64}, headers: protobuf, body: string(snappy.Encode(nil, make([]byte, 600))), status: 413, has: []string{"BODY_TOO_LARGE"}},

	{name: "prom read", method: "POST", url: promURL + "/read", headers: protobuf, state: series(), body: packed(&prompb.ReadRequest{Queries: []*prompb.Query{{StartTimestampMs: 15000, EndTimestampMs: 20000, Matchers: []*prompb.LabelMatcher{{Name: "__name__", Value: "cpu"}}}}}), status: 200, header: map[string]string{"Content-Encoding": "snappy"}},
	{name: "prom read chunks", method: "POST", url: promURL + "/read", headers: protobuf, body: packed(&prompb.ReadRequest{AcceptedResponseTypes: []prompb.ReadRequest_ResponseType{prompb.ReadRequest_STREAMED_XOR_CHUNKS}}), status: 400, has: []string{"FEATURE_NOT_SUPPORTED", "SAMPLES"}},
	{name: "prom read bad regex", method: "POST", url: promURL + "/read", headers: protobuf, body: packed(&prompb.ReadRequest{Queries: []*prompb.Query{{Matchers: []*prompb.LabelMatcher{{Type: prompb.LabelMatcher_RE, Name: "a", Value: "("}}}}}), status: 400, has: []string{"INVALID_REGEX"}},
}

// otlpJSON is a request of one metric with what its JSON says.
func otlpJSON(metric string) string {
	return `{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"a","value":{"intValue":"7"}}]},"scopeMetrics":[{"scope":{"name":"lib"},"metrics":[` + metric + `]}]}]}`
}

const (
	otlpURL  = "/otlp/v1/metrics"
	otlpTags = "{a=7,otel.scope.name=lib,service.name=shop}"
)

var otlpScenarios = []scenario{
	{name: "otlp gauge", url: otlpURL, body: otlpJSON(`{"name":"m","unit":"By","description":"d","gauge":{"dataPoints":[{"timeUnixNano":"5","asDouble":1.5},{"timeUnixNano":"6","asInt":"3","attributes":[{"key":"a","value":{"stringValue":"x"}}]}]}}`), status: 200, has: []string{"{}"},
		check: held("m", "value"+otlpTags+"5:1.5 value{a=x,otel.scope.name=lib,service.name=shop}6:3")},
	{name: "otlp nothing recorded", url: otlpURL, body: otlpJSON(`{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"5","flags":1}]}}`), status: 200, check: held("m", "value"+otlpTags+"5:NaN")},
	{name: "otlp sum", url: otlpURL, body: otlpJSON(`{"name":"m","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","asInt":"9"}]}}`), status: 200, check: held("m", "value"+otlpTags+"5:9")},
	{name: "otlp delta", url: otlpURL, body: otlpJSON(`{"name":"m","sum":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"5","asInt":"9"}]}},{"name":"n","gauge":{"dataPoints":[{"timeUnixNano":"5","asInt":"9"}]}}`), status: 200,
		has: []string{`{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"data point 0: metric \"m\" has the temporality delta"}}`}, check: held("n", "value"+otlpTags+"5:9")},
	{name: "otlp histogram buckets", url: otlpURL, body: otlpJSON(`{"name":"m","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","count":"6","sum":2.5,"bucketCounts":["1","2","3"],"explicitBounds":[0.5,10]}]}}`), status: 200,
		check: held("m_bucket", strings.ReplaceAll("value{a=7,le=+Inf*5:6 value{a=7,le=0.5*5:1 value{a=7,le=10*5:3", "*", ",otel.scope.name=lib,service.name=shop}"))},
	{name: "otlp histogram sum", url: otlpURL, body: otlpJSON(`{"name":"m","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","count":"6","sum":2.5,"bucketCounts":[],"explicitBounds":[]}]}}`), status: 200, check: held("m_sum", "value"+otlpTags+"5:2.5")},
	{name: "otlp histogram malformed", url: otlpURL, body: otlpJSON(`{"name":"m","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","count":"6","bucketCounts":["6"],"explicitBounds":[1]}]}}`), status: 200, has: []string{"1 buckets and 1 bounds"}},
	{name: "otlp exponential", url: otlpURL, body: otlpJSON(`{"name":"m","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","count":"6","sum":2.5,"scale":9,"zeroCount":"1","positive":{"offset":-3,"bucketCounts":["1","2","2"]}}]}}`), status: 200,
		check: held("m", "__histogram__"+otlpTags+`5:{"schema":8,"count":6,"sum":2.5,"zero_count":1,"positive_spans":[[-1,2]],"positive_counts":[1,4]}`)},
	{name: "otlp exponential too coarse", url: otlpURL, body: otlpJSON(`{"name":"m","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5","scale":-5}]}}`), status: 200, has: []string{"scale -5"}},
	{name: "otlp summary", url: otlpURL, body: otlpJSON(`{"name":"m","summary":{"dataPoints":[{"timeUnixNano":"5","count":"2","sum":3,"quantileValues":[{"quantile":0.5,"value":1}]}]}}`), status: 200, check: held("m", "value{a=7,otel.scope.name=lib,quantile=0.5,service.name=shop}5:1")},
	{name: "otlp bad tag", url: otlpURL, body: otlpJSON(`{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"5","asInt":"1","attributes":[{"key":"b","value":{"stringValue":"` + strings.Repeat("x", 2000) + `"}}]}]}}`), status: 200, has: []string{`"rejectedDataPoints":"1"`, "2000 bytes"}},
	{name: "otlp protobuf", method: "POST", url: otlpURL, headers: map[string]string{"Content-Type": "application/x-protobuf"}, body: "\x0a\x1a\x12\x18\x12\x16\x0a\x01m\x2a\x11\x0a\x0f\x19\x05\x00\x00\x00\x00\x00\x00\x00\x31\x07\x00\x00\x00\x00\x00", status: 400, has: []string{"INVALID_BODY"}},
	{name: "otlp protobuf good", method: "POST", url: otlpURL, headers: map[string]string{"Content-Type": "application/x-protobuf"}, body: otlpProto(), status: 200, header: map[string]string{"Content-Type": "application/x-protobuf"}, check: held("m", "value{}5:1.5")},
	{name: "otlp text", method: "POST", url: otlpURL, headers: map[string]string{"Content-Type": "text/plain"}, body: "x", status: 415, has: []string{"application/x-protobuf"}},
	{name: "otlp not json", url: otlpURL, body: "{", status: 400, has: []string{"INVALID_BODY"}},
}

func otlpProto() string {
	m := pmetric.NewMetrics()
	x := m.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	x.SetName("m")
	p := x.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(5)
	p.SetDoubleValue(1.5)
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func tight() (o Options) {
	o.PromQL.MaxSamples = 1
	return o
}

// TestRemoteReadAnswer: the samples of the range come back, and no others.
func TestRemoteReadAnswer(t *testing.T) {
	f := newFake(t)
	s := New(Options{})
	s.Attach(f)
	series()(s, f)
	body := packed(&prompb.ReadRequest{Queries: []*prompb.Query{{StartTimestampMs: 15000, EndTimestampMs: 20000, Matchers: []*prompb.LabelMatcher{{Name: "__name__", Value: "cpu"}, {Type: prompb.LabelMatcher_NRE, Name: "host", Value: "x.*"}}}}})
	r := httptest.NewRequest("POST", promURL+"/read", strings.NewReader(body))
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	raw, err := snappy.Decode(nil, w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got prompb.ReadResponse
	if err := got.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	want := `results:<timeseries:<labels:<name:"__name__" value:"cpu" > labels:<name:"host" value:"a" > samples:<value:2.5 timestamp:20000 > > > `
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
}
