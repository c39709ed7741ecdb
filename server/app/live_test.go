package app

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestLiveQuery: an EventSource is sent the result, and what changes of it.
func TestLiveQuery(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE stock (id int PRIMARY KEY, n int); INSERT INTO stock VALUES (1, 5), (2, 50)")
	c.do("POST", "/documents/collections/notes/documents", `{"id":"a","document":{"n":1}}`, 201)
	open := func(query url.Values) *bufio.Scanner {
		res, err := http.Get(c.url + "/api/v1/live?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
		return bufio.NewScanner(res.Body)
	}
	event := func(in *bufio.Scanner) string {
		t.Helper()
		var lines []string
		for in.Scan() {
			if in.Text() == "" {
				return strings.Join(lines, "\n")
			}
			lines = append(lines, in.Text())
		}
		t.Fatal(in.Err())
		return ""
	}
	rows := open(url.Values{"sql": {"SELECT id, n FROM stock WHERE n < $1"}, "params": {"[10]"}, "key": {"id"}})
	docs := open(url.Values{"collection": {"notes"}, "filter": {`{"n":{"$lt":5}}`}})
	has(t, event(rows), "event: result", `"events":[{"op":"enter","key":[1],"row":{"id":1,"n":5}}]`)
	has(t, event(docs), "event: result", `{"op":"enter","key":"a","row":{"_id":"a","n":1}}`)
	c.sql("UPDATE stock SET n = n - 1")
	has(t, event(rows), "event: change", `"events":[{"op":"update","key":[1],"old":{"id":1,"n":5},"row":{"id":1,"n":4}}]`)
	c.do("POST", "/documents/collections/notes/update", `{"filter":{},"update":{"$set":{"n":9}}}`, 200)
	has(t, event(docs), `{"op":"leave","key":"a","old":{"_id":"a","n":1}}`)
	has(t, c.do("POST", "/live", `{"sql":"DELETE FROM stock"}`, 400), "READ_ONLY")
	has(t, c.do("POST", "/live", `{"sql":"SELECT 1","filter":{}}`, 400), `"field":"filter"`)
	has(t, c.do("GET", "/live", "", 400), "MISSING_FIELD")
}
