package api

import (
	"compress/gzip"
	"context"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/weftdb/weft/timeseries"
)

const tsURL = "/api/v1/timeseries"

// points writes values of the metric cpu: host, seconds, value.
func points(list ...any) func(*Server, *fake) {
	return func(_ *Server, f *fake) {
		var points []timeseries.Point
		for i := 0; i < len(list); i += 3 {
			points = append(points, timeseries.Point{Metric: "cpu", Tags: []timeseries.Tag{{Key: "host", Value: list[i].(string)}}, Time: int64(list[i+1].(int)) * 1e9,
				Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(list[i+2].(float64))}}})
		}
		if err := f.series().Write(context.Background(), points); err != nil {
			panic(err)
		}
	}
}

// held wants the points of a metric, as times and values of all series.
func held(metric, want string) func(*testing.T, *fake) {
	return func(t *testing.T, f *fake) {
		t.Helper()
		a, err := f.series().Query(context.Background(), timeseries.Query{Metric: metric, From: math.MinInt64, To: math.MaxInt64})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range a.Series {
			for _, p := range s.Samples {
				var tags []string
				for _, tag := range s.Tags {
					tags = append(tags, tag.Key+"="+tag.Value)
				}
				got = append(got, s.Field+"{"+strings.Join(tags, ",")+"}"+big.NewInt(p.Time).String()+":"+p.Value.String())
			}
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("holds %s\nwant  %s", g, want)
		}
	}
}

// latencies are a histogram with the buckets 1, 2 and +Inf, and everything in the second.
func latencies(_ *Server, f *fake) {
	var points []timeseries.Point
	for le, v := range map[string]float64{"1": 0, "2": 10, "+Inf": 10} {
		for i := range 2 {
			points = append(points, timeseries.Point{Metric: "lat", Tags: []timeseries.Tag{{Key: "le", Value: le}}, Time: int64(i+1) * 1e9,
				Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(v * float64(i))}}})
		}
	}
	if err := f.series().Write(context.Background(), points); err != nil {
		panic(err)
	}
}

// policy sets the preset iot, and carries it out over two points of the day's beginning.
func policy(run bool) func(*Server, *fake) {
	return func(s *Server, f *fake) {
		points("a", 1893456000, 1.0, "a", 1893456001, 2.0)(s, f)
		p := timeseries.RetentionPresets["iot"]
		p.Name, p.Pattern = "p", "*"
		if err := f.series().SetRetention(context.Background(), p); err != nil {
			panic(err)
		}
		if run {
			sealAll(f)
		}
	}
}

func sealAll(f *fake) {
	if _, err := f.series().Seal(context.Background()); err != nil {
		panic(err)
	}
}

// sealedTwice leaves two small blocks.
func sealedTwice(s *Server, f *fake) {
	for i := range 2 {
		list := []any{}
		for j := range 40 >> (i * 3) {
			list = append(list, "a", i*100+j, float64(j))
		}
		points(list...)(s, f)
		sealAll(f)
	}
}

var seriesScenarios = []scenario{
	{name: "ts write one", url: tsURL + "/write", body: `{"metric":"m","value":1.5,"tags":{"b":"2","a":"1"},"timestamp":1700000000}`, status: 200, has: []string{`{"success":true,"written":1}`}, check: held("m", "value{a=1,b=2}1700000000000000000:1.5")},
	{name: "ts write now", url: tsURL + "/write", body: `{"metric":"m","value":1}`, status: 200, check: held("m", "value{}1893553445000000000:1")},
	{name: "ts write batch", url: tsURL + "/write", body: `{"metric":"m","tags":{"a":"1","b":"2"},"points":[{"timestamp":"2023-11-14T22:13:20.5Z","value":1},{"timestamp":1700000001000,"value":2,"tags":{"b":"3"}},{"metric":"n","timestamp":5,"value":3}]}`, status: 200, has: []string{`"written":3`}, check: held("m", "value{a=1,b=2}1700000000500000000:1 value{a=1,b=3}1700000001000000000:2")},
	{name: "ts write array", url: tsURL + "/write?precision=ms", body: `[{"metric":"m","fields":{"f":1,"s":"x","b":true,"n":"NaN"},"timestamp":1.5}]`, status: 200, check: held("m", "f{}1500000:1 s{}1500000:x b{}1500000:true n{}1500000:NaN")},
	{name: "ts write magnitudes", url: tsURL + "/write", body: `{"metric":"m","points":[{"timestamp":1700000000,"value":1},{"timestamp":1700000001000,"value":2},{"timestamp":1700000002000000,"value":3},{"timestamp":1700000003000000000,"value":4}]}`, status: 200,
		check: held("m", "value{}1700000000000000000:1 value{}1700000001000000000:2 value{}1700000002000000000:3 value{}1700000003000000000:4")},
	{name: "ts write nothing", url: tsURL + "/write", body: `{"points":[]}`, status: 200, has: []string{`"written":0`}},
	{name: "ts write without metric", url: tsURL + "/write", body: `{"value":1}`, status: 400, has: []string{"MISSING_FIELD", `"field":"metric"`}},
	{name: "ts write without value", url: tsURL + "/write", body: `{"points":[{"metric":"m"}]}`, status: 400, has: []string{"MISSING_FIELD", "point 0"}},
	{name: "ts write both", url: tsURL + "/write", body: `{"metric":"m","value":1,"fields":{"a":1}}`, status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "ts write value beside points", url: tsURL + "/write", body: `{"metric":"m","value":1,"points":[]}`, status: 400, has: []string{`"field":"value"`}},
	{name: "ts write null", url: tsURL + "/write", body: `{"metric":"m","value":null}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "ts write unknown", url: tsURL + "/write", body: `{"metric":"m","value":1,"time":1}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "ts write tag number", url: tsURL + "/write", body: `{"metric":"m","value":1,"tags":{"a":1}}`, status: 400, has: []string{`"field":"tags.a"`}},
	{name: "ts write bad time", url: tsURL + "/write", body: `{"metric":"m","value":1,"timestamp":"yesterday"}`, status: 400, has: []string{"INVALID_TIME"}},
	{name: "ts write far time", url: tsURL + "/write", body: `{"metric":"m","value":1,"timestamp":"2300-01-01T00:00:00Z"}`, status: 400, has: []string{"INVALID_TIME", "out of range"}},
	{name: "ts write bad precision", url: tsURL + "/write", body: `{"metric":"m","value":1,"precision":"h"}`, status: 400, has: []string{`"field":"precision"`}},
	{name: "ts write huge", url: tsURL + "/write", body: `{"metric":"m","value":1e999}`, status: 400, has: []string{"double precision"}},
	{name: "ts write many digits", url: tsURL + "/write", body: `{"metric":"m","value":123456789012345678901}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "ts write conflict of types", url: tsURL + "/write", body: `{"metric":"cpu","value":"x"}`, state: points("a", 1, 1.0), status: 422, has: []string{"FIELD_TYPE_CONFLICT", `"field":"value"`}},
	{name: "ts write no lossy int", url: tsURL + "/write", body: `{"metric":"m","value":9007199254740993}`, status: 422, has: []string{"FIELD_TYPE_CONFLICT"}},
	{name: "ts write text as body", url: tsURL + "/write", body: `"x"`, status: 400, has: []string{"INVALID_JSON"}},

	{name: "ts write no JSON", url: tsURL + "/write", body: `nonsense`, status: 400, has: []string{"INVALID_JSON", "not valid JSON", "at byte 0"}},
	{name: "ts write, which point is of another type", url: tsURL + "/write", body: `[{"metric":"cpu","value":2},{"metric":"cpu","value":"x"}]`, state: points("a", 1, 1.0), status: 422, has: []string{"FIELD_TYPE_CONFLICT", `point 1: field \"value\"`}, check: held("cpu", "value{host=a}1000000000:1")},
	{name: "ts write, which point is unknown", url: tsURL + "/write", body: `{"metric":"m","points":[{"value":2},{"valeu":"x"}]}`, status: 400, has: []string{"UNKNOWN_FIELD", `point 1: unknown field \"valeu\"`}},
	{name: "ts write, which point has no time", url: tsURL + "/write", body: `[{"metric":"m","value":1},{"metric":"m","value":1,"timestamp":"z"}]`, status: 400, has: []string{"INVALID_TIME", "point 1: field"}},
	{name: "ts query, no function", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"interval":"1m"}}`, status: 400, has: []string{"MISSING_FIELD", `"field":"function"`, "percentile(n)"}},
	{name: "ts query, tags of a URL", method: "GET", url: tsURL + "/query?metric=cpu&tags=host", state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_FIELD", `"field":"tags"`}},

	{name: "ts query", url: tsURL + "/query", body: `{"metric":"cpu"}`, state: points("a", 1, 1.5, "b", 2, 2.0, "a", 3, 3.0), status: 200,
		has: []string{`{"metric":"cpu","series":[{"field":"value","tags":{"host":"a"},"points":[{"timestamp":"1970-01-01T00:00:01Z","value":1.5},{"timestamp":"1970-01-01T00:00:03Z","value":3}]},{"field":"value","tags":{"host":"b"},"points":[{"timestamp":"1970-01-01T00:00:02Z","value":2}]}],"points_returned":3,"query_time_ms":`}},
	{name: "ts query range", url: tsURL + "/query", body: `{"metric":"cpu","start":1,"end":3,"precision":"s"}`, state: points("a", 0, 0.0, "a", 1, 1.0, "a", 2, 2.0, "a", 3, 3.0), status: 200, has: []string{`[{"timestamp":1,"value":1},{"timestamp":2,"value":2}]`}},
	{name: "ts query range, other names", url: tsURL + "/query", body: `{"metric":"cpu","start_time":"1970-01-01T00:00:03Z","end_time":null,"precision":"ms"}`, state: points("a", 2, 2.0, "a", 3, 3.0), status: 200, has: []string{`[{"timestamp":3000,"value":3}]`}},
	{name: "ts query both names", url: tsURL + "/query", body: `{"metric":"cpu","start":1,"start_time":2}`, status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "ts query newest", url: tsURL + "/query", body: `{"metric":"cpu","limit":2,"order":"newest","precision":"s"}`, state: points("a", 1, 1.0, "a", 2, 2.0, "a", 3, 3.0), status: 200, has: []string{`[{"timestamp":2,"value":2},{"timestamp":3,"value":3}]`}},
	{name: "ts query tags", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"host":["a","c"]}}`, state: points("a", 1, 1.0, "b", 1, 1.0), status: 200, has: []string{`"host":"a"`}, hasNot: []string{`"host":"b"`}},
	{name: "ts query regex", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"host":{"regex":"w.*","ne":"web2"}}}`, state: points("web1", 1, 1.0, "web2", 1, 1.0, "db", 1, 1.0), status: 200, has: []string{`web1`, `"points_returned":1`}},
	{name: "ts query not in", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"host":{"not_in":["web2"],"not_regex":"d."}}}`, state: points("web1", 1, 1.0, "web2", 1, 1.0, "db", 1, 1.0), status: 200, has: []string{`web1`, `"points_returned":1`}},
	{name: "ts query no tag", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"dc":null}}`, state: points("a", 1, 1.0), status: 200, has: []string{`"points_returned":1`}},
	{name: "ts query bad operator", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"host":{"like":"a"}}}`, status: 400, has: []string{"UNKNOWN_FIELD", "not_regex"}},
	{name: "ts query bad regex", url: tsURL + "/query", body: `{"metric":"cpu","tags":{"host":{"regex":"("}}}`, state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_REGEX"}},
	{name: "ts downsample", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"avg","interval":"10s"},"precision":"s"}`, state: points("a", 1, 1.0, "a", 2, 2.0, "a", 11, 3.0), status: 200, has: []string{`[{"timestamp":0,"value":1.5},{"timestamp":10,"value":3}]`}},
	{name: "ts downsample, other form", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"type":"downsample","interval":"10s","function":"P50","offset":"1s"},"precision":"s"}`, state: points("a", 1, 1.0, "a", 2, 2.0, "a", 11, 3.0), status: 200, has: []string{`[{"timestamp":1,"value":1.5},{"timestamp":11,"value":3}]`}},
	{name: "ts instant", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"sum"},"group_by":[]}`, state: points("a", 1, 1.0, "b", 2, 2.0), status: 200, has: []string{`"tags":{},"points":[{"timestamp":"1970-01-01T00:00:02Z","value":3}]`}},
	{name: "ts rolling", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"type":"rolling","window":"2s","function":"sum"},"precision":"s"}`, state: points("a", 1, 1.0, "a", 2, 2.0, "a", 3, 4.0), status: 200, has: []string{`[{"timestamp":1,"value":1},{"timestamp":2,"value":3},{"timestamp":3,"value":6}]`}},
	{name: "ts fill", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"max","interval":"1s"},"fill":"linear","precision":"s"}`, state: points("a", 1, 1.0, "a", 3, 2.0), status: 200, has: []string{`[{"timestamp":1,"value":1},{"timestamp":2,"value":1.5},{"timestamp":3,"value":2}]`}},
	{name: "ts fill null", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"max","interval":"1s"},"fill":null,"precision":"s"}`, state: points("a", 1, 1.0, "a", 3, 2.0), status: 200, has: []string{`{"timestamp":2,"value":null}`}},
	{name: "ts fill value", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"max","interval":"1s"},"fill":-1,"start":0,"end":3,"precision":"s"}`, state: points("a", 1, 1.0), status: 200, has: []string{`[{"timestamp":0,"value":-1},{"timestamp":1,"value":1},{"timestamp":2,"value":-1}]`}},
	{name: "ts odd floats", url: tsURL + "/query", body: `{"metric":"cpu","precision":"s"}`, state: points("a", 1, math.NaN(), "a", 2, math.Inf(1), "a", 3, math.Inf(-1)), status: 200, has: []string{`"value":"NaN"`, `"value":"Infinity"`, `"value":"-Infinity"`}},
	{name: "ts query, no metric", url: tsURL + "/query", body: `{"metric":"none"}`, status: 404, has: []string{"METRIC_NOT_FOUND"}},
	{name: "ts query, no name", url: tsURL + "/query", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "ts query, no field", url: tsURL + "/query", body: `{"metric":"cpu","field":"x"}`, state: points("a", 1, 1.0), status: 404, has: []string{"FIELD_NOT_FOUND"}},
	{name: "ts query, bad function", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"avgg","interval":"1s"}}`, status: 400, has: []string{"INVALID_FUNCTION", "percentile(n)"}},
	{name: "ts query, bad interval", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"avg","interval":"1"}}`, status: 400, has: []string{"INVALID_INTERVAL"}},
	{name: "ts query, bad type", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"type":"x","function":"avg"}}`, status: 400, has: []string{`"field":"type"`}},
	{name: "ts query, no interval", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"type":"downsample","function":"avg"}}`, status: 400, has: []string{`"field":"interval"`}},
	{name: "ts query, bad zone", url: tsURL + "/query", body: `{"metric":"cpu","timezone":"Mars"}`, status: 400, has: []string{"INVALID_TIMEZONE"}},
	{name: "ts query, group of raw", url: tsURL + "/query", body: `{"metric":"cpu","group_by":["host"]}`, status: 400, has: []string{`"field":"group_by"`}},
	{name: "ts query, bad fill", url: tsURL + "/query", body: `{"metric":"cpu","fill":"zero"}`, status: 400, has: []string{`"field":"fill"`}},
	{name: "ts query, too many", url: tsURL + "/query", body: `{"metric":"cpu"}`, opts: Options{ResultBytes: 64}, state: points("a", 1, 1.0, "a", 2, 1.0, "a", 3, 1.0), status: 413, has: []string{"TOO_MANY_POINTS"}},
	{name: "ts query, backwards", url: tsURL + "/query", body: `{"metric":"cpu","start":2,"end":1}`, state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_RANGE"}},

	{name: "ts get", url: tsURL + "/query?metric=cpu&start=1&end=1970-01-01T00:00:03Z&tags=%7B%22host%22%3A%22a%22%7D&function=sum&interval=1m&group_by=host&precision=s&fill=none&timezone=UTC&limit=5&order=oldest&fields=value", state: points("a", 1, 1.0, "a", 2, 2.0, "b", 2, 2.0), status: 200, has: []string{`"points":[{"timestamp":0,"value":3}]`, `"points_returned":1`}},
	{name: "ts ndjson", url: tsURL + "/query?format=ndjson", body: `{"metric":"cpu","precision":"s"}`, state: points("a", 1, 1.0, "b", 2, 2.0), status: 200, header: map[string]string{"Content-Type": "application/x-ndjson"},
		has: []string{`{"metric":"cpu","field":"value","tags":{"host":"a"},"points":[{"timestamp":1,"value":1}]}` + "\n" + `{"metric":"cpu","field":"value","tags":{"host":"b"},"points":[{"timestamp":2,"value":2}]}` + "\n" + `{"end":{"points":2,"query_time_ms":`}},
	{name: "ts ndjson beyond what is rendered whole", url: tsURL + "/query?metric=cpu", headers: map[string]string{"Accept": "application/x-ndjson"}, opts: Options{ResultBytes: 64}, state: points("a", 1, 1.0, "a", 2, 1.0, "a", 3, 1.0), status: 200, has: []string{`"end":{"points":3`}},
	{name: "ts ndjson, no metric", url: tsURL + "/query?format=ndjson", body: `{"metric":"none"}`, status: 404, has: []string{"METRIC_NOT_FOUND"}},
	{name: "ts as csv", url: tsURL + "/query?metric=cpu&format=csv", status: 406, has: []string{"NOT_ACCEPTABLE"}},
	{name: "ts histogram", url: tsURL + "/query", body: `{"metric":"lat","aggregation":{"function":"histogram_quantile(0.5)","interval":"1m"},"precision":"s"}`, state: latencies, status: 200, has: []string{`"tags":{},"points":[{"timestamp":0,"value":1.5}]`}},
	{name: "ts histogram of a gauge", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"histogram_quantile(0.5)","interval":"1m"}}`, state: points("a", 1, 1.0), status: 400, has: []string{"NO_HISTOGRAM"}},
	{name: "ts histogram, no quantile", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"histogram_quantile(95)","interval":"1m"}}`, status: 400, has: []string{"INVALID_FUNCTION", "from 0 to 1"}},
	{name: "ts expression", url: tsURL + "/query", body: `{"metric":"cpu","expression":"a / b * 100","queries":{"a":{},"b":{"aggregation":{"function":"sum","interval":"1s"},"group_by":[]}},"precision":"s"}`, state: points("a", 1, 1.0, "b", 1, 3.0, "a", 2, 5.0), status: 200,
		has: []string{`{"series":[{"field":"value","tags":{"host":"a"},"points":[{"timestamp":1,"value":25},{"timestamp":2,"value":100}]},{"field":"value","tags":{"host":"b"},"points":[{"timestamp":1,"value":75}]}],"points_returned":3`}},
	{name: "ts expression, bad", url: tsURL + "/query", body: `{"expression":"a +","queries":{"a":{"metric":"cpu"}}}`, state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_EXPRESSION", "at byte 3"}},
	{name: "ts expression, no query", url: tsURL + "/query", body: `{"expression":"a + b","queries":{"a":{"metric":"cpu"}}}`, state: points("a", 1, 1.0), status: 400, has: []string{"UNKNOWN_QUERY"}},
	{name: "ts expression, unused", url: tsURL + "/query", body: `{"expression":"a","queries":{"a":{"metric":"cpu"},"b":{"metric":"cpu"}}}`, state: points("a", 1, 1.0), status: 400, has: []string{"UNUSED_QUERY"}},
	{name: "ts expression, bad query", url: tsURL + "/query", body: `{"expression":"a","queries":{"a":{"metric":"cpu","aggregation":{"function":"no"}}}}`, status: 400, has: []string{"INVALID_FUNCTION", `"field":"queries.a.function"`}},
	{name: "ts expression, unknown field", url: tsURL + "/query", body: `{"expression":"a","queries":{"a":{"metric":"cpu","precision":"s"}}}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "ts queries without expression", url: tsURL + "/query", body: `{"queries":{"a":{"metric":"cpu"}}}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "ts expression as ndjson", url: tsURL + "/query?format=ndjson", body: `{"expression":"a","queries":{"a":{"metric":"cpu"}}}`, status: 406, has: []string{"NOT_ACCEPTABLE"}},
	{name: "ts set policy", method: "PUT", url: tsURL + "/retention/p", body: `{"pattern":"cpu*","raw":"24h","tiers":[{"interval":"5m","keep":"7d"},{"interval":"1h","keep":"forever"}]}`, status: 200,
		has: []string{`"success":true`, `"policy":{"name":"p","pattern":"cpu*","raw":"1d","tiers":[{"interval":"5m","keep":"7d"},{"interval":"1h","keep":"forever"}],"metrics":[]}`}},
	{name: "ts set preset", method: "PUT", url: tsURL + "/retention/p", body: `{"preset":"iot"}`, status: 200, has: []string{`"pattern":"*","raw":"1h","tiers":[{"interval":"1m","keep":"1d"},{"interval":"15m","keep":"7d"},{"interval":"1h","keep":"90d"}]`}},
	{name: "ts import csv", url: "/api/v1/import/timeseries?metric=cpu&tags=host", body: "time,host,value\n1,a,1\n2,a,x\nsoon,a,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 200,
		has: []string{`"points_imported":1,"points_rejected":2`, `{"line":3,"record":2,"reason":"field \"value\" of metric \"cpu\" is of type float and cannot hold string x","text":"2,a,x"}`, `"line":4`}, check: held("cpu", "value{host=a}1000000000:1")},
	{name: "ts import atomic", url: "/api/v1/import/timeseries?metric=cpu&mode=atomic", body: "time,value\n1,1\n2,x\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 422, has: []string{"IMPORT_REJECTED", "line 3"}},
	{name: "ts import ndjson", url: "/api/v1/import/timeseries?metric=cpu&types=value=int", body: `{"timestamp":1,"value":7,"tags":{"host":"a"}}` + "\n", headers: map[string]string{"Content-Type": "application/x-ndjson"}, status: 200, has: []string{`"points_imported":1`}, check: held("cpu", "value{host=a}1000000000:7")},
	{name: "ts import json, form of time", url: "/api/v1/import/timeseries?metric=cpu&time=at&time_format=%25d.%25m.%25Y", body: `[{"at":"02.01.1970","value":7}]`, status: 200, has: []string{`"points_imported":1`}, check: held("cpu", "value{}86400000000000:7")},
	{name: "ts import no metric", url: "/api/v1/import/timeseries", body: "time,value\n1,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, has: []string{`"field":"metric"`}},
	{name: "ts import no column", url: "/api/v1/import/timeseries?metric=cpu&tags=dc", body: "time,value\n1,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, has: []string{"COLUMN_NOT_FOUND", `\"time\", \"value\"`}},
	{name: "ts import types", url: "/api/v1/import/timeseries?metric=cpu&types=value=number", body: "time,value\n1,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, has: []string{`"field":"types"`}},
	{name: "ts import mode", url: "/api/v1/import/timeseries?metric=cpu&mode=all", body: "time,value\n1,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, has: []string{`"field":"mode"`}},
	{name: "ts import zone", url: "/api/v1/import/timeseries?metric=cpu&timezone=Mars", body: "time,value\n1,1\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, has: []string{"INVALID_TIMEZONE"}},
	{name: "cq create", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":"5m","delay":"10s","late":"1d","start":60}`, status: 201, has: []string{`"every":"5m","delay":"10s","late":"1d","start":"1970-01-01T00:01:00Z","state":"running"`, `"next_run":"1970-01-01T00:02:00Z"`, `"last_runs":[]`}},
	{name: "cq create paused", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":"5m","paused":true}`, status: 201, has: []string{`"state":"paused"`, `"delay":"0s"`, `"next_run":null`}},
	{name: "cq no every", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …"}`, status: 400, has: []string{`"field":"every"`}},
	{name: "cq of months", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":"1mo"}`, status: 400, has: []string{"INVALID_INTERVAL", `"field":"every"`}},
	{name: "cq number", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":60}`, status: 400, has: []string{`"field":"every"`}},
	{name: "cq unknown field", url: tsURL + "/continuous-queries", body: `{"name":"q","interval":"5m"}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "cq start", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":"5m","start":"soon"}`, status: 400, has: []string{"INVALID_TIME", `"field":"start"`}},
	{name: "cq in a transaction", url: tsURL + "/continuous-queries", body: `{"name":"q","query":"INSERT …","every":"5m"}`, headers: map[string]string{"Weft-Transaction": "x"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "cq no database", url: tsURL + "/continuous-queries?database=other", body: `{"name":"q","query":"INSERT …","every":"5m"}`, status: 404, has: []string{"3D000"}},
	{name: "cq list", method: "GET", url: tsURL + "/continuous-queries", status: 200, has: []string{`"name":"a"`, `"duration_ms":1.5,"points":3,"rerun":false,"error":null`, `"name":"bad"`}},
	{name: "cq get failing", method: "GET", url: tsURL + "/continuous-queries/bad", status: 200, has: []string{`"state":"failing"`, `"rerun":true,"error":"division by zero"`}},
	{name: "cq get none", method: "GET", url: tsURL + "/continuous-queries/gone", status: 404, has: []string{"CONTINUOUS_QUERY_NOT_FOUND"}},
	{name: "cq pause", method: "POST", url: tsURL + "/continuous-queries/a/pause", status: 200, has: []string{`"state":"paused"`}},
	{name: "cq resume", method: "POST", url: tsURL + "/continuous-queries/a/resume", status: 200, has: []string{`"next_window":"1970-01-01T00:02:00Z"`}},
	{name: "cq resume from", url: tsURL + "/continuous-queries/a/resume", body: `{"start":"1970-01-01T00:00:00Z"}`, status: 200, has: []string{`"next_window":"1970-01-01T00:00:00Z"`}},
	{name: "cq alter", method: "PATCH", url: tsURL + "/continuous-queries/a", body: `{"paused":true,"delay":"30s","late":null}`, status: 200, has: []string{`"state":"paused"`, `"delay":"30s","late":"0s"`}},
	{name: "cq alter what is fixed", method: "PATCH", url: tsURL + "/continuous-queries/a", body: `{"every":"1h"}`, status: 400, has: []string{"FIELD_FIXED", `"field":"every"`, "paused, delay, late"}},
	{name: "cq alter unknown field", method: "PATCH", url: tsURL + "/continuous-queries/a", body: `{"lateness":"1h"}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "cq alter, not a boolean", method: "PATCH", url: tsURL + "/continuous-queries/a", body: `{"paused":1}`, status: 400, has: []string{`"field":"paused"`}},
	{name: "cq alter none", method: "PATCH", url: tsURL + "/continuous-queries/gone", body: `{"paused":true}`, status: 404, has: []string{"CONTINUOUS_QUERY_NOT_FOUND"}},
	{name: "cq delete", method: "DELETE", url: tsURL + "/continuous-queries/a", status: 200, has: []string{`"name":"a"`}},
	{name: "cq delete none", method: "DELETE", url: tsURL + "/continuous-queries/gone", status: 404},
	{name: "ts set policy that refuses", method: "PUT", url: tsURL + "/retention/p", body: `{"preset":"iot","late":"refuse"}`, status: 200, has: []string{`"late":"refuse","metrics":[]`}},
	{name: "ts set policy that adds", method: "PUT", url: tsURL + "/retention/p", body: `{"pattern":"*","raw":"1h","late":"add"}`, status: 200, has: []string{`"tiers":[],"metrics":[]`}},
	{name: "ts set late", method: "PUT", url: tsURL + "/retention/p", body: `{"preset":"iot","late":"drop"}`, status: 400, has: []string{`"field":"late"`, `\"refuse\"`}},
	{name: "ts set no preset", method: "PUT", url: tsURL + "/retention/p", body: `{"preset":"web"}`, status: 400, has: []string{"iot, monitoring"}},
	{name: "ts set preset and tiers", method: "PUT", url: tsURL + "/retention/p", body: `{"preset":"iot","raw":"1h"}`, status: 400, has: []string{`"field":"preset"`}},
	{name: "ts set empty policy", method: "PUT", url: tsURL + "/retention/p", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "ts set bad tiers", method: "PUT", url: tsURL + "/retention/p", body: `{"pattern":"*","raw":"1h","tiers":[{"interval":"2h","keep":"1d"}]}`, status: 400, has: []string{"INVALID_POLICY", `"field":"tiers"`}},
	{name: "ts set months", method: "PUT", url: tsURL + "/retention/p", body: `{"pattern":"*","raw":"1mo"}`, status: 400, has: []string{"INVALID_INTERVAL"}},
	{name: "ts set tier, unknown", method: "PUT", url: tsURL + "/retention/p", body: `{"pattern":"*","raw":"1h","tiers":[{"every":"1m"}]}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "ts policies", url: tsURL + "/retention", state: policy(false), status: 200, has: []string{`{"policies":[{"name":"p","pattern":"*","raw":"1h","tiers":[{"interval":"1m","keep":"1d"},{"interval":"15m","keep":"7d"},{"interval":"1h","keep":"90d"}],"metrics":[{"metric":"cpu","ran_at":null,"raw_from":null,"tiers":[]}]}]}`}},
	{name: "ts policy that ran", url: tsURL + "/retention/p", state: policy(true), status: 200, has: []string{`"metrics":[{"metric":"cpu","ran_at":"2030-01-02T03:04:05Z","raw_from":"2030-01-02T02:04:00Z","tiers":[{"interval":"1m","keep":"1d","from":"2030-01-01T03:00:00Z","ready":true}`}},
	{name: "ts policy, none", url: tsURL + "/retention/q", state: policy(false), status: 404, has: []string{"POLICY_NOT_FOUND"}},
	{name: "ts remove policy", method: "DELETE", url: tsURL + "/retention/p", state: policy(true), status: 200, has: []string{`"success":true`}},
	{name: "ts remove policy, none", method: "DELETE", url: tsURL + "/retention/q", state: policy(false), status: 404, has: []string{"POLICY_NOT_FOUND"}},
	{name: "ts query of tiers", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"sum","interval":"1h"},"precision":"s"}`, state: policy(true), status: 200, has: []string{`"points":[{"timestamp":1893456000,"value":3}]`, `"tiers":["15m"]`}},
	{name: "ts query of points only", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"sum","interval":"1h"},"tier":"raw"}`, state: policy(true), status: 200, has: []string{`"series":[]`}},
	{name: "ts query, bad tier", url: tsURL + "/query?metric=cpu&tier=5m", status: 400, has: []string{`"field":"tier"`}},
	{name: "ts query of what tiers do not have", url: tsURL + "/query", body: `{"metric":"cpu","aggregation":{"function":"p95","interval":"1h"}}`, state: policy(true), status: 422, has: []string{"NOT_ROLLED_UP", `\"tier\": \"raw\"`}},
	{name: "ts compress", url: "/api/v1/admin/compress", body: `{"metric":"cpu","start_ts":0,"end_ts":"2031-01-01T00:00:00Z"}`, state: sealedTwice, status: 200, has: []string{`"blocks_scanned":2`, `"blocks_recompressed":2`, `"paradigm":"timeseries"`}},
	{name: "ts compress, none", url: "/api/v1/admin/compress", body: `{"metric":"none"}`, status: 404},
	{name: "ts compress, no metric", url: "/api/v1/admin/compress", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "ts compress, backwards", url: "/api/v1/admin/compress", body: `{"metric":"cpu","start_ts":5,"end_ts":5}`, state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_RANGE"}},
	{name: "ts get, unknown", url: tsURL + "/query?metric=cpu&host=a", status: 400, has: []string{"UNKNOWN_FIELD"}},

	{name: "ts delete", url: tsURL + "/delete", body: `{"metric":"cpu","tags":{"host":"a"},"start":1,"end":3}`, state: points("a", 1, 1.0, "a", 3, 3.0, "b", 1, 1.0), status: 200, has: []string{`"series":1`}, check: held("cpu", "value{host=a}3000000000:3 value{host=b}1000000000:1")},
	{name: "ts delete series", url: tsURL + "/delete", body: `{"metric":"cpu","tags":{"host":"a"}}`, state: points("a", 1, 1.0, "b", 1, 1.0), status: 200, check: held("cpu", "value{host=b}1000000000:1")},
	{name: "ts delete all", url: tsURL + "/delete", body: `{"metric":"cpu"}`, state: points("a", 1, 1.0), status: 400, has: []string{"MISSING_FIELD", "DELETE /api/v1"}, check: held("cpu", "value{host=a}1000000000:1")},
	{name: "ts delete backwards", url: tsURL + "/delete", body: `{"metric":"cpu","start":2,"end":2}`, state: points("a", 1, 1.0), status: 400, has: []string{"INVALID_RANGE"}},

	{name: "ts register", url: tsURL + "/metrics", body: `{"name":"m","metric_type":"counter","unit":"B","description":"bytes","duplicates":"max","fields":{"n":"int"}}`, status: 201, has: []string{`"metric":{"name":"m","metric_type":"counter","description":"bytes","unit":"B","duplicates":"max","fields":[{"name":"n","type":"int"}],"created_at":"2030-01-02T03:04:05Z"}`, `"success":true`}, header: map[string]string{"Location": tsURL + "/metrics/m"}},
	{name: "ts register twice", url: tsURL + "/metrics", body: `{"name":"cpu"}`, state: points("a", 1, 1.0), status: 409, has: []string{"METRIC_EXISTS"}},
	{name: "ts register leniently", url: tsURL + "/metrics", body: `{"name":"cpu","if_not_exists":true}`, state: points("a", 1, 1.0), status: 200, has: []string{`"metric_type":"gauge"`}},
	{name: "ts register bad type", url: tsURL + "/metrics", body: `{"name":"m","metric_type":"dial"}`, status: 400, has: []string{"gauge, counter"}},
	{name: "ts register without name", url: tsURL + "/metrics", body: `{"unit":"B"}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "ts metrics", url: tsURL + "/metrics", state: points("a", 1, 1.0), status: 200, has: []string{`[{"name":"cpu","metric_type":"gauge","description":"","unit":""`}},
	{name: "ts metric", url: tsURL + "/metrics/cpu", state: points("a", 1, 1.0, "b", 1, 1.0), status: 200, has: []string{`"series":2`, `{"name":"host","values":2,"series":2}`}},
	{name: "ts metric, none", url: tsURL + "/metrics/none", status: 404},
	{name: "ts tag values", url: tsURL + "/metrics/cpu/tags/host", state: points("b", 1, 1.0, "a", 1, 1.0), status: 200, has: []string{`"values":["a","b"]`}},
	{name: "ts drop", method: "DELETE", url: tsURL + "/metrics/cpu", state: points("a", 1, 1.0), status: 200, has: []string{`"success":true`}},
	{name: "ts drop, none", method: "DELETE", url: tsURL + "/metrics/cpu", status: 404},
}

var lineScenarios = []scenario{
	{name: "lines", url: "/write?db=default&precision=s", body: "m,b=2,a=1 value=1.5,n=2i,ok=t,s=\"x y\" 1700000000\n\n# note\nm value=2 1700000001\n", headers: map[string]string{"Content-Type": "text/plain"}, status: 204,
		check: held("m", "value{}1700000001000000000:2 value{a=1,b=2}1700000000000000000:1.5 n{a=1,b=2}1700000000000000000:2 ok{a=1,b=2}1700000000000000000:true s{a=1,b=2}1700000000000000000:x y")},
	{name: "lines, version 2", url: "/api/v2/write?org=o&bucket=default/autogen", body: "m value=1 5", headers: map[string]string{"Authorization": "Token x"}, status: 204, check: held("m", "value{}5:1")},
	{name: "lines, gzip", url: "/write", body: gzipped("m value=1 5\n"), headers: map[string]string{"Content-Encoding": "gzip"}, status: 204, check: held("m", "value{}5:1")},
	{name: "lines, no gzip", url: "/write", body: "m value=1 5\n", headers: map[string]string{"Content-Encoding": "gzip"}, status: 400, has: []string{"INVALID_BODY"}},
	{name: "lines, gzip bomb", url: "/write", opts: Options{BodyBytes: 1000}, body: gzipped(strings.Repeat("#\n", 1000)), headers: map[string]string{"Content-Encoding": "gzip"}, status: 413, has: []string{"BODY_TOO_LARGE"}},
	{name: "lines, zstd", url: "/write", body: "m value=1 5\n", headers: map[string]string{"Content-Encoding": "zstd"}, status: 415},
	{name: "lines, some refused", url: "/write", body: "m value=1 5\nm value=x 6\nm value=\"text\" 7\nm value=8 8", status: 400, has: []string{"PARTIAL_WRITE", "2 points written, dropped=2: line 2: ", "line 3: field", "cannot hold string text"}, check: held("m", "value{}5:1 value{}8:8")},
	{name: "lines, all refused", url: "/write", body: "m", status: 400, has: []string{"LINES_REFUSED", "0 points written, dropped=1"}},
	{name: "lines, atomic", url: "/write?atomic=true", body: "m value=1 5\nm value=x 6", state: points("a", 1, 1.0), status: 400, has: []string{"LINES_REFUSED"}, check: held("cpu", "value{host=a}1000000000:1")},
	{name: "lines, atomic, conflict of types", url: "/write?atomic=true", body: "cpu value=1 5\ncpu value=t 6", state: points("a", 1, 1.0), status: 422, has: []string{"FIELD_TYPE_CONFLICT", "line 2: field"}, check: held("cpu", "value{host=a}1000000000:1")},
	{name: "lines, a policy without a database", url: "/write?rp=two", body: "m value=1 5", status: 400, has: []string{"FEATURE_NOT_SUPPORTED", `"field":"rp"`}},
	{name: "lines, a policy of a bucket", url: "/api/v2/write?bucket=default/two", body: "m value=1 5", status: 400, has: []string{"FEATURE_NOT_SUPPORTED", `"field":"rp"`}},
	{name: "lines, many refused", url: "/write", body: strings.Repeat("x\n", 12), status: 400, has: []string{"line 10: ", "and 2 more"}, hasNot: []string{"line 11: "}},
	{name: "lines, retention policy", url: "/write?db=d&rp=week", body: "m value=1 5", status: 400, has: []string{"FEATURE_NOT_SUPPORTED"}},
	{name: "lines, precision", url: "/write?precision=d", body: "m value=1 5", status: 400, has: []string{`"field":"precision"`}},
	{name: "lines, unknown parameter", url: "/write?database=d", body: "m value=1 5", status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "lines, transaction", url: "/write", body: "m value=1 5", headers: map[string]string{"Weft-Transaction": "x"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
}

func gzipped(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func TestPointTimes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-1.5": -1500000000, "1700000000.123456789": 1700000000123456789, "1.7e9": 1700000000000000000,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		`"1970-01-01T01:00:00.000000001+01:00"`: 1, `"1677-09-21T00:12:43.145224192Z"`: math.MinInt64,
	} {
		got, err := parseTime("timestamp", text, 0)
		if err != nil || got != want {
			t.Errorf("%s: %d, want %d, %v", text, got, want, err)
		}
		if stamp := string(appendStamp(nil, want, 1e9)); want > math.MinInt64 {
			if again, err := parseTime("timestamp", stamp, 1e9); err != nil || again != want {
				t.Errorf("%d is written as %s, which is read as %d, %v", want, stamp, again, err)
			}
		}
	}
	for _, text := range []string{`""`, `"x"`, `"1/2"`, `"0x1"`, "1e30", "1e999999999", "1e-999999999", `"9223372036854775808"`, `"1677-09-21T00:12:43Z"`, strings.Repeat("1", 41), `"1_0"`} {
		if got, err := parseTime("timestamp", text, 0); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}
