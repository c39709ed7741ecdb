package app

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestBatchOfEveryModel: one batch writes a row, a key, a document, a message and a point,
// with references to earlier results, a precondition and a key; sent again it is done
// once, and where its precondition fails nothing of it is.
func TestBatchOfEveryModel(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE orders (id serial PRIMARY KEY, total int)")
	res, _ := c.send("POST", "/documents/collections/stock/documents", `{"id":"pen","document":{"n":5}}`)
	etag := res.Header.Get("Etag")
	if etag == "" {
		res, _ = c.send("GET", "/documents/collections/stock/documents/pen", "")
		etag = res.Header.Get("Etag")
	}
	batch := func(etag string) string {
		return fmt.Sprintf(`{"operations":[
			{"id":"order","method":"POST","path":"/query","body":{"sql":"INSERT INTO orders (total) VALUES (9) RETURNING id"}},
			{"method":"PUT","path":"/documents/collections/stock/documents/pen","headers":{"If-Match":%q},"body":{"document":{"n":4}}},
			{"method":"POST","path":"/kv/increment","body":{"key":"orders"}},
			{"method":"POST","path":"/kv/keys","body":{"key":"last","value":{"$ref":"order.data.rows.0.0"}}},
			{"method":"POST","path":"/streaming/publish","body":{"channel":"orders","event_type":"made","data":{"id":{"$ref":"order.data.rows.0.0"}}}},
			{"method":"POST","path":"/timeseries/write","body":{"metric":"total","precision":"s","points":[{"timestamp":1,"value":9}]}}]}`, etag)
	}
	for range 2 { // the second time, its answer is given again
		has(t, c.do("POST", "/batch", batch(etag), 200, "Idempotency-Key", "one"), `"rows":[[1]]`, `"written":1`)
	}
	state := func() string {
		return c.sql("SELECT count(*), (SELECT value::text FROM kv.default WHERE key = 'orders'), (SELECT value::text FROM kv.default WHERE key = 'last'), (SELECT data->>'n' FROM doc.stock), (SELECT string_agg(data::text, ' ') FROM stream.orders) FROM orders") +
			regexp.MustCompile(`"query_time_ms":[0-9.]+`).ReplaceAllString(c.do("POST", "/timeseries/query", `{"metric":"total","precision":"s"}`, 200), "")
	}
	before := state()
	has(t, before, `[[1,"1","1","4","{\"id\": 1}"]]`, `"value":9`)
	has(t, c.do("POST", "/batch", batch(etag), 412), "PRECONDITION_FAILED", `"operation":1`)
	has(t, c.do("POST", "/batch", batch(etag), 412, "Idempotency-Key", "two"), "PRECONDITION_FAILED")
	if after := state(); after != before {
		t.Errorf("a batch that failed has left\n%s\nof\n%s", after, before)
	}
	// All of it in a transaction, and seen with its commit in the channels of changes, too.
	id := c.begin(`{"isolation":"snapshot"}`)
	res, _ = c.send("GET", "/documents/collections/stock/documents/pen", "")
	c.do("POST", "/batch", batch(res.Header.Get("Etag")), 200, header, id)
	c.do("POST", "/import/documents?collection=stock", `{"_id":"ink","n":1}`+"\n", 200, header, id, "Content-Type", "application/x-ndjson")
	for _, feed := range []string{"public.orders", "doc.stock", "kv.default", "stream.orders", "ts.total"} {
		path := "/streaming/channels/cdc.default." + feed + "/history?from=earliest&event_type=insert,update"
		had := strings.Count(c.do("GET", path, "", 200), `"offset":1`)
		if feed == "ts.total" {
			c.do("POST", "/transactions/"+id+"/commit", "", 200)
			if now := strings.Count(c.do("GET", path, "", 200), `"offset":1`); now != had+1 {
				t.Errorf("%s has %d messages after the commit, %d before", feed, now, had)
			}
		}
	}
	has(t, c.do("GET", "/streaming/channels/cdc.default.doc.stock/history?from=earliest&key=ink", "", 200), `"op":"insert"`, `"after":{"_id":"ink","n":1}`)
	c.do("GET", "/streaming/channels/cdc.default.orders/history", "", 400) // a table and a channel
	has(t, c.do("GET", "/streaming/channels?feeds=true", "", 200), `"cdc.default.public.orders"`, `"cdc.default.kv.default"`)
	has(t, c.do("GET", "/streaming/channels/cdc.default.doc.stock/ndjson?follow=false&from=snapshot", "", 200), `"op":"read"`, `"snapshot_end"`, `{"end":`)
}
