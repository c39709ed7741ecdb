package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/streaming"
)

const channelsURL = "/api/v1/streaming/channels"

// published is a state in which channel c has messages, of types a and b in turn.
func published(n int) func(*Server, *fake) {
	return func(_ *Server, f *fake) {
		for i := range n {
			m := streaming.Content{Key: fmt.Sprintf("k%d", i%3), Type: string(rune('a' + i%2)), Source: "s", JSON: true, Data: fmt.Appendf(nil, `{"n":%d}`, i),
				Headers: []streaming.Header{{Name: "h", Value: fmt.Sprint(i)}}}
			if _, err := f.stream().Publish(context.Background(), "c", m); err != nil {
				panic(err)
			}
		}
	}
}

var streamingScenarios = []scenario{
	{name: "channels, none", url: channelsURL, status: 200, has: []string{"[]"}},
	{name: "channels", url: channelsURL, state: published(1), status: 200, has: []string{`["c"]`}},
	{name: "channels, details", url: channelsURL + "?details=true", state: published(2), status: 200, has: []string{`"name":"c"`, `"next_offset":3`}},
	{name: "channel, create by id", url: channelsURL, body: `{"id":"orders"}`, status: 201, has: []string{`"success":true`, `"channel":"orders"`, `"partitions":1`, `"max_age":null`, `"next_offset":1`},
		header: map[string]string{"Location": channelsURL + "/orders"}},
	{name: "channel, create with retention", url: channelsURL, body: `{"name":"a b","retention":"7d","max_bytes":1000,"max_count":5,"partitions":4,"compact":true}`, status: 201,
		has: []string{`"max_age":604800`, `"max_bytes":1000`, `"max_count":5`, `"partitions":4`, `"compact":true`}},
	{name: "channel, create, seconds", url: channelsURL, body: `{"name":"c","max_age":1.5}`, status: 201, has: []string{`"max_age":1.5`}},
	{name: "channel, exists", url: channelsURL, state: published(1), body: `{"id":"c"}`, status: 409, has: []string{"CHANNEL_EXISTS"}},
	{name: "channel, exists, lenient", url: channelsURL, state: published(1), body: `{"id":"c","if_not_exists":true}`, status: 200, has: []string{`"next_offset":2`}},
	{name: "channel, no name", url: channelsURL, body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "channel, reserved", url: channelsURL, body: `{"id":"cdc.default.t"}`, status: 400, has: []string{"INVALID_CHANNEL"}},
	{name: "channel, bad retention", url: channelsURL, body: `{"id":"c","retention":"soon"}`, status: 400, has: []string{"INVALID_RETENTION"}},
	{name: "channel, long retention", url: channelsURL, body: `{"id":"c","retention":"999999d"}`, status: 400, has: []string{"INVALID_RETENTION"}},
	{name: "channel, bad field", url: channelsURL, body: `{"id":"c","buffer_size":1}`, status: 400, has: []string{"UNKNOWN_FIELD", "buffer_size"}},
	{name: "channel, partitions", url: channelsURL, body: `{"id":"c","partitions":5000}`, status: 400, has: []string{"1024"}},
	{name: "channel, describe", url: channelsURL + "/c", state: published(3), status: 200, has: []string{`"first_offset":1`, `"next_offset":4`, `"subscribers":0`}},
	{name: "channel, unknown", url: channelsURL + "/c", status: 404, has: []string{"CHANNEL_NOT_FOUND"}},
	{name: "channel, alter", method: "PATCH", url: channelsURL + "/c", state: published(1), body: `{"max_count":7}`, status: 200, has: []string{`"max_count":7`}},
	{name: "channel, alter what is fixed", method: "PATCH", url: channelsURL + "/c", state: published(1), body: `{"partitions":7}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "channel, drop", method: "DELETE", url: channelsURL + "/c", state: published(1), status: 200, has: []string{`"success":true`}},
	{name: "channel, drop unknown", method: "DELETE", url: channelsURL + "/c", status: 404},

	{name: "publish", url: "/api/v1/streaming/publish", body: `{"channel":"c","event_type":"created","source":"shop","data":{"id":7}}`, status: 200,
		has: []string{`"success":true`, `"receivers":0`, `"offset":1`, `"duplicate":false`, `"commit_timestamp":"`}},
	{name: "publish, several", url: channelsURL + "/c/publish", state: published(2), body: `{"messages":[{"data":1},{"key":"k","metadata":{"a":"b"}}]}`, status: 200,
		has: []string{`"results":[{"offset":3,`, `{"offset":4,`}, hasNot: []string{`"receivers":0,"offset"`}},
	{name: "publish, again", url: channelsURL + "/c/publish", state: func(_ *Server, f *fake) {
		f.stream().Publish(context.Background(), "c", streaming.Content{Producer: "p", Sequence: 4}) //nolint:errcheck // the answer tells
	}, body: `{"producer":"p","sequence":4}`, status: 200, has: []string{`"offset":1`, `"duplicate":true`}},
	{name: "publish, a sequence left out", url: channelsURL + "/c/publish", body: `{"messages":[{"producer":"p","sequence":4},{"producer":"p","sequence":6}]}`, status: 422, has: []string{"SEQUENCE_GAP", `"field":"messages[1].sequence"`}},
	{name: "publish, no channel", url: "/api/v1/streaming/publish", body: `{"data":1}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "publish, two channels", url: channelsURL + "/c/publish", body: `{"channel":"d"}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "publish, message beside messages", url: channelsURL + "/c/publish", body: `{"data":1,"messages":[]}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "publish, bad base64", url: channelsURL + "/c/publish", body: `{"data":"?","encoding":"base64"}`, status: 400, has: []string{"INVALID_BASE64"}},
	{name: "publish, bad field", url: channelsURL + "/c/publish", body: `{"messages":[{"offset":1}]}`, status: 400, has: []string{"UNKNOWN_FIELD", "messages[0]"}},
	{name: "publish, too large", url: channelsURL + "/c/publish", body: `{"data":"` + strings.Repeat("x", 1<<20) + `"}`, status: 413, has: []string{"MESSAGE_TOO_LARGE"}},
	{name: "publish, other database", url: channelsURL + "/c/publish?database=sales", body: `{"data":1}`, status: 200, has: []string{`"offset":1`}},

	{name: "history", url: channelsURL + "/c/history?count=2", state: published(5), status: 200,
		has: []string{`{"events":[{"id":"4","offset":4,"event_type":"b","source":"s","timestamp":`, `"headers":{"h":"3"},"metadata":{"h":"3"},"data":{"n":3}}`, `"next_offset":6`, `"end_offset":6`}, hasNot: []string{`"offset":3,`}},
	{name: "history, none", url: channelsURL + "/c/history", status: 404, has: []string{"CHANNEL_NOT_FOUND"}},
	{name: "history, from an offset", url: channelsURL + "/c/history?limit=2&from=2", state: published(5), status: 200, has: []string{`"offset":2,`, `"offset":3,`, `"next_offset":4`, `"first_offset":1`}, hasNot: []string{`"offset":1,`}},
	{name: "history, from a time", url: channelsURL + "/c/history?time=0&event_type=b", state: published(4), status: 200, has: []string{`"offset":2,`, `"offset":4,`}, hasNot: []string{`"offset":3,`}},
	{name: "history, filter", url: channelsURL + "/c/history?filter=" + `%7B%22n%22%3A%7B%22$gt%22%3A2%7D%7D`, state: published(5), status: 200, has: []string{`"offset":4,`, `"offset":5,`}, hasNot: []string{`"offset":3,`}},
	{name: "history, where", url: channelsURL + "/c/history?where=" + url.QueryEscape(`(data->>'n')::int % 2 = 1 AND key <> 'k0' AND headers ? 'h'`), state: published(5), status: 200, has: []string{`"offset":2,`}, hasNot: []string{`"offset":1,`, `"offset":3,`, `"offset":4,`, `"offset":5,`}},
	{name: "history, where it fails", url: channelsURL + "/c/history?where=" + url.QueryEscape(`1 / ((data->>'n')::int - 1) > 0`), state: published(3), status: 200, has: []string{`"offset":3,`}, hasNot: []string{`"offset":1,`, `"offset":2,`}},
	{name: "history, where, no such column", url: channelsURL + "/c/history?where=" + url.QueryEscape(`key = 'a' AND total > 1`), state: published(1), status: 400, has: []string{"UNDEFINED_COLUMN", `"field":"where"`, `"position":{"line":1,"column":15,"offset":14}`}},
	{name: "history, where, malformed", url: channelsURL + "/c/history?where=" + url.QueryEscape(`key = = 1`), state: published(1), status: 400, has: []string{"SYNTAX_ERROR", `"field":"where"`, `"position":{"line":1,"column":7,"offset":6}`}},
	{name: "history, where, empty", url: channelsURL + "/c/history?where=", state: published(1), status: 400, has: []string{"INVALID_FIELD", `"field":"where"`}},
	{name: "ndjson, where, a subquery", url: channelsURL + "/c/ndjson?where=" + url.QueryEscape(`EXISTS (SELECT 1)`), state: published(1), status: 400, has: []string{"subquery in filter"}},
	{name: "sse, where, not a condition", url: channelsURL + "/c/sse?where=key", state: published(1), status: 400, has: []string{`"field":"where"`}},
	{name: "ndjson, where", url: channelsURL + "/c/ndjson?follow=false&from=earliest&where=" + url.QueryEscape(`type = 'a'`), state: published(4), status: 200,
		has: []string{"\n{\"id\":\"3\"", "\n{\"end\":{\"messages\":2,\"next_offset\":5}}\n"}, hasNot: []string{`"id":"2"`}},

	{name: "history, by key and header", url: channelsURL + "/c/history?key=k1,k2&header=h:1", state: published(5), status: 200, has: []string{`"offset":2,`}, hasNot: []string{`"offset":3,`, `"offset":5,`}},
	{name: "history, beyond the end", url: channelsURL + "/c/history?from=9", state: published(5), status: 400, has: []string{"OFFSET_IN_FUTURE"}},
	{name: "history, bad from", url: channelsURL + "/c/history?from=soon", state: published(5), status: 400, has: []string{"INVALID_FIELD"}},
	{name: "history, bad count", url: channelsURL + "/c/history?count=0", state: published(5), status: 400, has: []string{"INVALID_FIELD"}},
	{name: "history, bad filter", url: channelsURL + "/c/history?filter=%7B%22$no%22:1%7D", state: published(5), status: 400},
	{name: "history, bytes", url: channelsURL + "/c/history", state: func(_ *Server, f *fake) {
		f.stream().Publish(context.Background(), "c", streaming.Content{Data: []byte{1}}, streaming.Content{Data: []byte("a\n"), ContentType: "text/csv"}) //nolint:errcheck // the answer tells
	}, status: 200, has: []string{`"data":"AQ==","encoding":"base64","content_type":"application/octet-stream"`, `"data":"a\n","encoding":"text","content_type":"text/csv"`}},

	{name: "ndjson, all of it", url: channelsURL + "/c/ndjson?follow=false&from=earliest&event_type=a", state: published(4), status: 200,
		has: []string{"{\"subscribed\":{\"next_offset\":1}}\n{\"id\":\"1\"", "\n{\"id\":\"3\"", "\n{\"end\":{\"messages\":2,\"next_offset\":5}}\n"}, hasNot: []string{`"id":"2"`}},
	{name: "sse, bad id", url: channelsURL + "/c/sse", headers: map[string]string{"Last-Event-ID": "x"}, status: 400, has: []string{"INVALID_HEADER"}},
	{name: "sse, no such resume", url: channelsURL + "/c/sse", headers: map[string]string{"Last-Event-ID": "5"}, status: 404, has: []string{"CHANNEL_NOT_FOUND"}},
	{name: "sse in a transaction", url: channelsURL + "/c/sse", headers: map[string]string{"Weft-Transaction": "x"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
}

// TestSubscribeOverHTTP: messages arrive while they are published, Last-Event-ID goes on
// where the client was, and a server that stops says so.
func TestSubscribeOverHTTP(t *testing.T) {
	ts, s, _ := listening(t, Options{MaxInFlight: 3})
	url := ts.URL + channelsURL + "/c/sse"
	w := watch(t, url, "Accept-Encoding", "gzip")
	id, event, data := w.next()
	if event != "subscribed" || id != "0" || data != `{"next_offset":1}` {
		t.Fatalf("the first event is %s %s %s", id, event, data)
	}
	publish := func(data string) *http.Response {
		return mustPost(t, ts.URL+channelsURL+"/c/publish", `{"event_type":"e","data":`+data+`}`)
	}
	for i := range 5 {
		var answer struct{ Receivers, Offset int }
		if err := json.NewDecoder(publish(fmt.Sprintf("{\"n\":\n%d}", i)).Body).Decode(&answer); err != nil || answer.Receivers != 1 || answer.Offset != i+1 {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	for i := range 3 {
		id, event, data = w.next()
		if id != fmt.Sprint(i+1) || event != "message" || !strings.Contains(data, fmt.Sprintf(`"data":{"n": %d}`, i)) {
			t.Errorf("got %s %s %s", id, event, data)
		}
	}
	again := watch(t, url, "Last-Event-ID", id)
	if id, event, _ := again.next(); event != "subscribed" || id != "3" {
		t.Errorf("got %s %s", id, event)
	}
	if id, event, _ := again.next(); event != "message" || id != "4" {
		t.Errorf("got %s %s", id, event)
	}
	for range 3 { // more subscriptions than requests may run
		watch(t, url).next()
	}
	s.Drain()
	for _, w := range []*sse{w, again} {
		for event = ""; event != "end"; {
			_, event, data = w.next()
		}
		if !strings.Contains(data, `"code":"SHUTTING_DOWN"`) {
			t.Errorf("it ended with %s", data)
		}
	}
}

// TestSubscribeByLines: with a gap where retention was faster, and the reason at the end.
func TestSubscribeByLines(t *testing.T) {
	ts, _, f := listening(t, Options{})
	published(10)(nil, f)
	if _, err := f.stream().AlterChannel(t.Context(), "c", streaming.ChannelOptions{MaxCount: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.stream().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(ts.URL + channelsURL + "/c/ndjson?from=2")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewScanner(res.Body)
	for _, want := range []string{`{"subscribed":{"next_offset":2}}`, `{"gap":{"from":2,"to":7}}`, `{"id":"8"`, `{"id":"9"`, `{"id":"10"`} {
		if !in.Scan() || !strings.HasPrefix(in.Text(), want) {
			t.Errorf("got %s, want %s", in.Text(), want)
		}
	}
	if err := f.stream().DropChannel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if !in.Scan() || !strings.HasPrefix(in.Text(), `{"error":{`) || !strings.Contains(in.Text(), "CHANNEL_DROPPED") || in.Scan() {
		t.Errorf("it ended with %s", in.Text())
	}
}

// TestMoments: what a number means is told by its magnitude.
func TestMoments(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, text := range []string{"2026-01-02T03:04:05Z", "1767323045", "1767323045000", "1767323045000000", "1767323045000000000"} {
		if got, ok := parseMoment(text); !ok || !got.Equal(want) {
			t.Errorf("%s is %v", text, got)
		}
	}
	for _, text := range []string{"", "-1", "yesterday", "1e9"} {
		if got, ok := parseMoment(text); ok {
			t.Errorf("%s is %v", text, got)
		}
	}
}
