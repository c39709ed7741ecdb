package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

type openedCursor struct {
	ID      string    `json:"cursor_id"`
	Columns []string  `json:"columns"`
	Types   []string  `json:"types"`
	Expires time.Time `json:"expires_at"`
}

func (c client) open(body string) openedCursor {
	c.t.Helper()
	var a openedCursor
	if err := json.Unmarshal([]byte(c.do("POST", "/cursors", body, 201)), &a); err != nil {
		c.t.Fatal(err)
	}
	return a
}

type fetchedPage struct {
	Page    int64     `json:"page"`
	Last    bool      `json:"last"`
	Expires time.Time `json:"expires_at"`
	Data    struct {
		Columns []string `json:"columns"`
		Rows    [][]any  `json:"rows"`
	} `json:"data"`
}

func (c client) page(id string, n int) fetchedPage {
	c.t.Helper()
	var p fetchedPage
	if err := json.Unmarshal([]byte(c.do("GET", fmt.Sprintf("/cursors/%s/pages/%d", id, n), "", 200)), &p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// TestCursorSeesOneState: every row of the state in which the cursor was opened comes once,
// whatever is written between the pages, and a page that is fetched again is the same.
func TestCursorSeesOneState(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE item (id int PRIMARY KEY, v int)")
	c.sql("INSERT INTO item SELECT n, n FROM generate_series(1, 10000) n")
	for _, sql := range []string{"SELECT id, v FROM item ORDER BY id", "SELECT id, v FROM item", "SELECT id, v FROM item ORDER BY v % 7, id"} {
		cur := c.open(`{"sql":"` + sql + `","page_rows":700}`)
		if fmt.Sprint(cur.Columns, cur.Types) != "[id v] [integer integer]" || cur.Expires.Before(time.Now()) {
			t.Errorf("opened as %+v", cur)
		}
		seen := map[float64]bool{}
		for n := 1; ; n++ {
			p := c.page(cur.ID, n)
			again := c.page(cur.ID, n)
			if fmt.Sprint(again.Data) != fmt.Sprint(p.Data) || p.Page != int64(n) {
				t.Fatalf("page %d is another one when it is fetched again", n)
			}
			for _, r := range p.Data.Rows {
				id := r[0].(float64)
				if seen[id] || r[1].(float64) != id {
					t.Fatalf("%s, page %d: row %v, seen before %t", sql, n, r, seen[id])
				}
				seen[id] = true
			}
			if p.Last {
				break
			}
			c.sql(fmt.Sprintf("UPDATE item SET v = v + 1 WHERE id > 9000; DELETE FROM item WHERE id = %d; INSERT INTO item VALUES (%d, 0)", 10000-n, 20000+n))
		}
		if len(seen) != 10000 {
			t.Errorf("%s: %d rows", sql, len(seen))
		}
		c.sql("DELETE FROM item; INSERT INTO item SELECT n, n FROM generate_series(1, 10000) n")
	}
}

// TestCursorFormats: a page comes in each format of results, and says in headers what JSON
// says in its body.
func TestCursorFormats(t *testing.T) {
	c := serve(t)
	cur := c.open(`{"sql":"SELECT n, $1 || n AS s, n::bigint AS b FROM generate_series(1, 5) n","params":["x"],"page_rows":3}`)
	at := "/cursors/" + cur.ID + "/pages/1"
	has(t, c.do("GET", at, "", 200), `"data":{"columns":["n","s","b"],"types":["integer","text","bigint"],"rows":[[1,"x1",1],[2,"x2",2],[3,"x3",3]]}}`, `"last":false`)
	has(t, c.do("GET", at+"?rows=objects&int64=string", "", 200), `"rows":[{"n":1,"s":"x1","b":"1"}`)
	has(t, c.do("GET", at+"?values=text", "", 200), `["1","x1","1"]`)
	if got := c.do("GET", at+"?format=csv", "", 200); got != "n,s,b\n1,x1,1\n2,x2,2\n3,x3,3\n" {
		t.Errorf("CSV is %q", got)
	}
	res, got := c.send("GET", at, "", "Accept", "application/x-ndjson")
	has(t, got, `{"columns":["n","s","b"]`, "\n[3,\"x3\",3]\n", `{"end":{"rows":3`)
	if h := res.Header; h.Get("Weft-Cursor-Page") != "1" || h.Get("Weft-Cursor-Last") != "false" || h.Get("Weft-Cursor-Expires") == "" {
		t.Errorf("headers %v", h)
	}
	res, got = c.send("GET", "/cursors/"+cur.ID+"/pages/2?format=arrow", "")
	if res.Header.Get("Weft-Cursor-Last") != "true" || !strings.Contains(got, "postgresql.type") {
		t.Errorf("Arrow is %q, headers %v", got, res.Header)
	}
	for _, bad := range []string{"?max_rows=1", "?timeout_ms=5", "?database=x", "?format=xml", "?sql=x"} {
		if status, got := c.try("GET", "/cursors/"+cur.ID+"/pages/2"+bad, ""); status != 400 && status != 406 {
			t.Errorf("%s: %d %s", bad, status, got)
		}
	}
}

// TestCursorLife: what cursors refuse, and how they end.
func TestCursorLife(t *testing.T) {
	c := serve(t, "server.max_cursors=3", "server.max_cursors_per_client=2")
	c.sql("CREATE TABLE item (id int PRIMARY KEY)")
	for body, want := range map[string]string{
		`{"sql":"SELECT 1; SELECT 2"}`:                       "SEVERAL_STATEMENTS",
		`{"sql":"INSERT INTO item VALUES (1) RETURNING id"}`: "25006",
		`{"sql":""}`:                                  "MISSING_RESULT",
		`{"sql":"SELECT nope"}`:                       "UNDEFINED_COLUMN",
		`{"sql":"SELECT 1","page_rows":100001}`:       "1 to 100000",
		`{"sql":"SELECT 1","page_rows":0}`:            "page_rows",
		`{"sql":"SELECT 1","idle_timeout_ms":600001}`: "1 to 600000",
		`{"sql":"SELECT 1","max_rows":5}`:             "UNKNOWN_FIELD",
		`{"params":[]}`:                               "MISSING_FIELD",
	} {
		status, got := c.try("POST", "/cursors", body)
		if status < 400 || status > 422 {
			t.Errorf("%s: %d", body, status)
		}
		has(t, got, want)
	}
	has(t, c.do("POST", "/cursors", q("SELECT 1"), 400, header, c.begin("")), "NOT_IN_TRANSACTION")

	a := c.open(q("SELECT n FROM generate_series(1, 100000) n"))
	c.open(q("SELECT 1"))
	has(t, c.do("POST", "/cursors", q("SELECT 1"), 503), "TOO_MANY_CURSORS", "server.max_cursors_per_client")
	has(t, c.do("GET", "/cursors", "", 200), a.ID, `"state":"open"`, `"page":0`)
	c.page(a.ID, 1)
	c.page(a.ID, 2)
	at := "/cursors/" + a.ID
	has(t, c.do("GET", at+"/pages/1", "", 409), "CURSOR_PAGE_PASSED")
	has(t, c.do("GET", at+"/pages/4", "", 400), "CURSOR_PAGE_OUT_OF_TURN", "page 3")
	has(t, c.do("GET", at+"/pages/0", "", 400), "whole number from 1")
	has(t, c.do("GET", at, "", 200), `"page":2,"rows":2000,"complete":false`)
	has(t, c.do("DELETE", at, "", 200), `"state":"closed"`)
	has(t, c.do("DELETE", at, "", 200), `"state":"closed"`)
	has(t, c.do("GET", at+"/pages/3", "", 410), "CURSOR_ENDED", "as asked for")
	has(t, c.do("GET", "/cursors/nope", "", 404), "CURSOR_NOT_FOUND")

	bad := c.open(q("SELECT 1 / (1500 - n) FROM generate_series(1, 3000) n"))
	c.page(bad.ID, 1)
	for range 2 {
		has(t, c.do("GET", "/cursors/"+bad.ID+"/pages/2", "", 422), "22012")
	}
	has(t, c.do("GET", "/cursors/"+bad.ID, "", 200), `"state":"failed"`, "division by zero")

	for ms := 20; ; ms *= 2 {
		status, got := c.try("POST", "/cursors", fmt.Sprintf(`{"sql":"SELECT count(*) FROM generate_series(1, 1000000000000) n","timeout_ms":%d}`, ms))
		if status == 504 {
			continue // too little to open it
		}
		var slow openedCursor
		if err := json.Unmarshal([]byte(got), &slow); err != nil || status != 201 {
			t.Fatalf("%d %s: %v", status, got, err)
		}
		has(t, c.do("GET", "/cursors/"+slow.ID+"/pages/1", "", 504), fmt.Sprintf("longer than %dms", ms))
		break
	}
	short := c.open(`{"sql":"SELECT 1","idle_timeout_ms":1}`)
	for {
		status, got := c.try("GET", "/cursors/"+short.ID, "")
		if status == 200 && strings.Contains(got, `"state":"expired"`) {
			has(t, got, "idle timeout of 1ms")
			break
		}
	}
	has(t, c.do("GET", "/cursors/"+short.ID+"/pages/1", "", 410), "CURSOR_ENDED", "idle timeout")
}

// TestCursorIsCanceled: a page that is being made is a query that runs, and can be canceled.
func TestCursorIsCanceled(t *testing.T) {
	c := serve(t)
	cur := c.open(q("SELECT count(*) FROM generate_series(1, 100000000000) n"))
	done := make(chan string)
	go func() {
		status, got := c.try("GET", "/cursors/"+cur.ID+"/pages/1", "", "X-Request-Id", "the-page")
		done <- fmt.Sprint(status, " ", got)
	}()
	for {
		if status, _ := c.try("DELETE", "/queries/the-page", ""); status == 200 {
			break
		}
	}
	has(t, <-done, "57014", "canceled by request")
	has(t, c.do("GET", "/cursors/"+cur.ID, "", 200), `"state":"failed"`)
}
