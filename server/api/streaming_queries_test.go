package api

import (
	"context"
	"strings"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/streaming"
	"time"
)

const continuousURL = "/api/v1/streaming/queries"

// orders is a state in which there is a channel of orders.
func orders(_ *Server, f *fake) {
	for _, data := range []string{`{"shop":"a","amount":5,"at":"2026-01-31T12:00:01Z"}`, `{"shop":"b","amount":7.5,"at":"2026-01-31T12:00:02Z"}`} {
		if _, err := f.weft().Streaming().Publish(context.Background(), "orders", streaming.Content{JSON: true, Data: []byte(data)}); err != nil {
			panic(err)
		}
	}
}

// queried is that, and a query that sums them up.
func queried(s *Server, f *fake) {
	orders(s, f)
	q := continuous.Query{Name: "q", Channel: "orders", Window: window.Spec{Kind: window.Tumbling, Size: time.Minute}, Time: "(data->>'at')::timestamptz",
		Aggregates: []continuous.Aggregate{{Name: "n"}}, Output: continuous.Output{Channel: "sums"}}
	if _, err := f.weft().Continuous().Create(context.Background(), "", q, streaming.Earliest); err != nil {
		panic(err)
	}
}

// with is a good body with a part replaced.
func with(part, by string) string {
	const good = `{"name":"sums","channel":"orders","window":{"type":"tumbling","size_ms":60000},"time":"at","group_by":["shop"],` +
		`"aggregates":{"n":{"function":"count"},"total":{"function":"sum","field":"amount"}},"output":{"channel":"out"}}`
	if !strings.Contains(good, part) {
		panic(part)
	}
	return strings.Replace(good, part, by, 1)
}

var continuousScenarios = []scenario{
	{name: "continuous, made", url: continuousURL, state: orders, body: with(``, ``), status: 201,
		header: map[string]string{"Location": continuousURL + "/sums"}, has: []string{`"name":"sums"`, `"window":{"type":"tumbling","size_ms":60000}`, `"emit":"close"`, `"output":{"channel":"out"}`, `"state":"running"`, `"total":{"function":"sum","sql":"CASE`}},
	{name: "continuous, all fields", url: continuousURL, state: orders, body: `{"name":"s","channel":"orders","window":{"type":"sliding","size_ms":60000,"slide_ms":30000},"time":{"sql":"(data->>'at')::timestamptz"},` +
		`"where":"(data->>'amount')::numeric > 0","group_by":[{"name":"shop","field":"shop"},{"name":"kind","sql":"coalesce(type,'none')"}],"aggregates":{"biggest":{"function":"max","sql":"(data->>'amount')::float8"},"latest":{"function":"last","field":"amount"}},` +
		`"delay_ms":5000,"lateness_ms":10000,"idle_ms":60000,"emit":"change","output":{"table":"public.sums"},"late_channel":"late","on_error":"skip","max_windows":10,"start":"latest","filter":{"amount":{"$gt":1}},"event_type":"order"}`, status: 201,
		has: []string{`"slide_ms":30000`, `"delay_ms":5000`, `"lateness_ms":10000`, `"idle_ms":60000`, `"emit":"change"`, `"output":{"table":"public.sums"}`, `"late_channel":"late"`, `"on_error":"skip"`, `"max_windows":10`, `"next_offset":3`, `"filter":{"event_type":["order"],"filter":{"amount":{"$gt":1}}}`}},
	{name: "continuous, computed", url: continuousURL, state: orders, body: with(`"total":{"function":"sum","field":"amount"}}`, `"total":{"function":"sum","field":"amount","hidden":true}},"compute":{"mean":"total / n","who":"shop || '!'"},"having":"n > 1"`), status: 201,
		has: []string{`"sql":"CASE`, `"hidden":true}`, `"compute":[{"name":"mean","sql":"total / n"},{"name":"who","sql":"shop || '!'"}],"having":"n > 1"`}},
	{name: "continuous, computed from nothing", url: continuousURL, state: orders, body: with(`"time":"at"`, `"compute":{"x":"amount + 1"}`), status: 400, has: []string{`"field":"compute"`, "amount"}},
	{name: "continuous, compute is a list", url: continuousURL, state: orders, body: with(`"time":"at"`, `"compute":["n"]`), status: 400, has: []string{`"field":"compute"`}},
	{name: "continuous, compute is empty", url: continuousURL, state: orders, body: with(`"time":"at"`, `"compute":{"x":""}`), status: 400, has: []string{`"field":"compute.x"`}},
	{name: "continuous, compute is a number", url: continuousURL, state: orders, body: with(`"time":"at"`, `"compute":{"x":1}`), status: 400, has: []string{`"field":"compute.x"`}},
	{name: "continuous, having is no condition", url: continuousURL, state: orders, body: with(`"time":"at"`, `"having":"n"`), status: 400, has: []string{`"field":"having"`, "boolean, not bigint"}},
	{name: "continuous, hidden is no boolean", url: continuousURL, state: orders, body: with(`"field":"amount"`, `"field":"amount","hidden":"yes"`), status: 400, has: []string{`"field":"hidden"`}},
	{name: "continuous, session", url: continuousURL, state: orders, body: with(`{"type":"tumbling","size_ms":60000}`, `{"type":"session","gap_ms":1000}`), status: 201, has: []string{`"window":{"type":"session","gap_ms":1000}`}},
	{name: "continuous, no channel", url: continuousURL, state: orders, body: with(`"channel":"orders"`, `"channel":"order"`), status: 404, has: []string{"CHANNEL_NOT_FOUND"}},
	{name: "continuous, no window", url: continuousURL, state: orders, body: with(`"window":{"type":"tumbling","size_ms":60000},`, ``), status: 400, has: []string{`"field":"window"`, "MISSING_FIELD"}},
	{name: "continuous, window without type", url: continuousURL, state: orders, body: with(`"type":"tumbling",`, ``), status: 400, has: []string{`"field":"window.type"`}},
	{name: "continuous, bad window", url: continuousURL, state: orders, body: with(`"tumbling"`, `"cubic"`), status: 400, has: []string{`"field":"window.type"`, "cubic"}},
	{name: "continuous, tumbling with a slide", url: continuousURL, state: orders, body: with(`"size_ms":60000`, `"size_ms":60000,"slide_ms":5`), status: 400, has: []string{"INVALID_WINDOW", `"field":"slide_ms"`}},
	{name: "continuous, too many overlaps", url: continuousURL, state: orders, body: with(`"tumbling","size_ms":60000`, `"sliding","size_ms":60000,"slide_ms":5`), status: 400, has: []string{"INVALID_WINDOW", "1000 windows"}},
	{name: "continuous, size out of range", url: continuousURL, state: orders, body: with(`60000`, `0`), status: 400, has: []string{`"field":"size_ms"`}},
	{name: "continuous, bad function", url: continuousURL, state: orders, body: with(`"sum"`, `"median"`), status: 400, has: []string{`"field":"aggregates.total"`, "median", "count, sum, avg"}},
	{name: "continuous, sum of a text", url: continuousURL, state: orders, body: with(`"field":"amount"`, `"sql":"data->>'amount'"`), status: 400, has: []string{"sum takes numbers", "cast"}},
	{name: "continuous, sum of nothing", url: continuousURL, state: orders, body: with(`,"field":"amount"`, ``), status: 400, has: []string{"needs a field"}},
	{name: "continuous, field and sql", url: continuousURL, state: orders, body: with(`"field":"amount"`, `"field":"amount","sql":"1"`), status: 400, has: []string{`"field":"aggregates.total"`}},
	{name: "continuous, bad SQL", url: continuousURL, state: orders, body: with(`"time":"at"`, `"time":{"sql":"data->>"}`), status: 400, has: []string{`"field":"time"`, "syntax error"}},
	{name: "continuous, SQL that breaks out", url: continuousURL, state: orders, body: with(`"time":"at"`, `"where":"true) OR (SELECT true"`), status: 400, has: []string{`"field":"where"`}},
	{name: "continuous, unknown column", url: continuousURL, state: orders, body: with(`"time":"at"`, `"where":"nothing > 1"`), status: 400, has: []string{"nothing"}},
	{name: "continuous, sub-query", url: continuousURL, state: orders, body: with(`"time":"at"`, `"where":"EXISTS (SELECT 1)"`), status: 400, has: []string{"UNSUPPORTED_EXPRESSION", "sub-query"}},
	{name: "continuous, key without a name", url: continuousURL, state: orders, body: with(`["shop"]`, `[{"sql":"key"}]`), status: 400, has: []string{`needs a \"name\"`}},
	{name: "continuous, aggregate as a key", url: continuousURL, state: orders, body: with(`["shop"]`, `[{"name":"k","sql":"count(*)"}]`), status: 400},
	{name: "continuous, key and aggregate of one name", url: continuousURL, state: orders, body: with(`"n":`, `"shop":`), status: 400, has: []string{"DUPLICATE_COLUMN"}},
	{name: "continuous, no output", url: continuousURL, state: orders, body: with(`{"channel":"out"}`, `{}`), status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, output is input", url: continuousURL, state: orders, body: with(`"out"`, `"orders"`), status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, output is of changes", url: continuousURL, state: orders, body: with(`"out"`, `"cdc.default.t"`), status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, bad filter", url: continuousURL, state: orders, body: with(`"time":"at"`, `"filter":{"a":{"$near":1}}`), status: 400, has: []string{"$near"}},
	{name: "continuous, unknown field", url: continuousURL, state: orders, body: with(`"time":"at"`, `"tiem":"at"`), status: 400, has: []string{"UNKNOWN_FIELD", "tiem"}},
	{name: "continuous, idle without time", url: continuousURL, state: orders, body: with(`"time":"at"`, `"idle_ms":5`), status: 400, has: []string{`"field":"idle_ms"`}},
	{name: "continuous, bad emit", url: continuousURL, state: orders, body: with(`"time":"at"`, `"emit":"never"`), status: 400, has: []string{`"field":"emit"`}},
	{name: "continuous, unknown database", url: continuousURL + "?database=nope", state: orders, body: with(``, ``), status: 404},
	{name: "continuous, in a transaction", url: continuousURL, state: orders, body: with(``, ``), headers: map[string]string{"Weft-Transaction": "x"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "continuous, replaced", url: continuousURL + "/q", method: "PUT", state: queried, body: with(``, ``), status: 405, has: []string{"METHOD_NOT_ALLOWED"}},
	{name: "continuous, twice", url: continuousURL, state: queried, body: with(`"sums"`, `"q"`), status: 409, has: []string{"QUERY_EXISTS"}},
	{name: "continuous, list", url: continuousURL, state: queried, status: 200, has: []string{`{"queries":[{"name":"q"`}},
	{name: "continuous, empty list", url: continuousURL, state: orders, status: 200, has: []string{`{"queries":[]}`}},
	{name: "continuous, get", url: continuousURL + "/q", state: queried, status: 200, has: []string{`"state":"running"`, `"last_error":null`}},
	{name: "continuous, get with a wait", url: continuousURL + "/q?wait_ms=30000", state: queried, status: 200, has: []string{`"lag":0`, `"next_offset":3`, `"read":2`, `"windows":1`, `"watermark":"2026-01-31T12:00:02Z"`}},
	{name: "continuous, bad wait", url: continuousURL + "/q?wait_ms=60001", state: queried, status: 400, has: []string{`"field":"wait_ms"`}},
	{name: "continuous, get none", url: continuousURL + "/p", state: queried, status: 404, has: []string{"QUERY_NOT_FOUND"}},
	{name: "continuous, alter", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"paused":true,"delay_ms":1000,"lateness_ms":2000,"idle_ms":3000,"emit":"change","on_error":"skip","late_channel":"late","max_windows":7,"output":{"channel":"other"}}`, status: 200,
		has: []string{`"state":"paused"`, `"delay_ms":1000,"lateness_ms":2000,"idle_ms":3000,"emit":"change","output":{"channel":"other"},"late_channel":"late","on_error":"skip","max_windows":7`}},
	{name: "continuous, alter to what is left out", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"idle_ms":null,"late_channel":null,"max_windows":null,"emit":null,"on_error":null,"delay_ms":null}`, status: 200,
		has: []string{`"state":"running"`, `"idle_ms":null`, `"late_channel":null`, `"max_windows":100000`}},
	{name: "continuous, alter what is fixed", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"paused":true,"window":{"type":"tumbling","size_ms":1000}}`, status: 400, has: []string{"FIELD_FIXED", `"field":"window"`, "another name"}},
	{name: "continuous, alter an unknown field", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"pause":true}`, status: 400, has: []string{"UNKNOWN_FIELD", "pause"}},
	{name: "continuous, alter nothing", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{}`, status: 400, has: []string{"MISSING_FIELD", "lateness_ms"}},
	{name: "continuous, alter to what cannot be", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"output":{"channel":"orders"}}`, status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, alter to no output", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"output":null}`, status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, alter to half an output", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"output":{}}`, status: 400, has: []string{`"field":"output"`}},
	{name: "continuous, alter out of range", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"lateness_ms":-1}`, status: 400, has: []string{`"field":"lateness_ms"`}},
	{name: "continuous, alter paused to a number", url: continuousURL + "/q", method: "PATCH", state: queried, body: `{"paused":1}`, status: 400, has: []string{`"field":"paused"`}},
	{name: "continuous, alter none", url: continuousURL + "/p", method: "PATCH", state: queried, body: `{"paused":true}`, status: 404, has: []string{"QUERY_NOT_FOUND"}},
	{name: "continuous, alter in a transaction", url: continuousURL + "/q", method: "PATCH", state: queried, headers: map[string]string{"Weft-Transaction": "x"}, body: `{"paused":true}`, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "continuous, pause", url: continuousURL + "/q/pause", method: "POST", state: queried, status: 200, has: []string{`"state":"paused"`}},
	{name: "continuous, resume", url: continuousURL + "/q/resume", method: "POST", state: queried, status: 200, has: []string{`"state":"running"`}},
	{name: "continuous, pause none", url: continuousURL + "/p/pause", method: "POST", state: queried, status: 404},
	{name: "continuous, drop", url: continuousURL + "/q", method: "DELETE", state: queried, status: 200, has: []string{`"success":true`}},
	{name: "continuous, drop none", url: continuousURL + "/p", method: "DELETE", state: queried, status: 404},
	{name: "continuous, in a transaction", url: continuousURL, headers: map[string]string{"Weft-Transaction": "x"}, state: orders, body: with(``, ``), status: 400},
}
