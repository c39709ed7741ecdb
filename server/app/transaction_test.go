package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/server/config"
)

// client talks to one server.
type client struct {
	t   *testing.T
	url string
}

// do sends a request and wants a status; headers come in pairs.
func (c client) do(method, path, body string, status int, headers ...string) string {
	c.t.Helper()
	got, text := c.try(method, path, body, headers...)
	if got != status {
		c.t.Fatalf("%s %s %s: status %d, want %d: %s", method, path, body, got, status, text)
	}
	return text
}

func (c client) try(method, path, body string, headers ...string) (int, string) {
	c.t.Helper()
	res, got := c.send(method, path, body, headers...)
	return res.StatusCode, got
}

func (c client) send(method, path, body string, headers ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res, string(b)
}

// sql runs SQL and returns the rows as JSON text.
func (c client) sql(text string, headers ...string) string {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"sql": text})
	if err != nil {
		c.t.Fatal(err)
	}
	return rowsOf(c.t, c.do("POST", "/query", string(body), 200, headers...))
}

func rowsOf(t *testing.T, text string) string {
	t.Helper()
	var a struct {
		Data struct {
			Rows json.RawMessage `json:"rows"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return string(a.Data.Rows)
}

func (c client) begin(body string) string {
	c.t.Helper()
	var a struct {
		ID string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(c.do("POST", "/transactions", body, 201)), &a); err != nil {
		c.t.Fatal(err)
	}
	return a.ID
}

func serve(t *testing.T, sets ...string) client {
	t.Helper()
	a := start(t, configure(t, append([]string{"storage.backend=memory"}, sets...)...), Options{})
	waitReady(t, a)
	return client{t, a.URL()}
}

const header = "Weft-Transaction"

func has(t *testing.T, got string, pieces ...string) {
	t.Helper()
	for _, p := range pieces {
		if !strings.Contains(got, p) {
			t.Errorf("lacks %s: %s", p, got)
		}
	}
}

// TestTransactionSpansModels: one snapshot, one commit, for SQL, keys and imports.
func TestTransactionSpansModels(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
	id := c.begin(`{"idle_timeout_ms":60000}`)
	c.sql("INSERT INTO t VALUES (1, 'one')", header, id)
	has(t, c.do("POST", "/kv/keys", `{"key":"k","value":{"a":1}}`, 200, header, id), `"version":null`, `"created_at":null`)
	has(t, c.do("POST", "/import/sql?table=t", "id,v\n2,two\n3,three\n", 200, header, id, "Content-Type", "text/csv"), `"rows_imported":2`)
	has(t, c.do("POST", "/import/sql?table=made", "a,b\n1,x\n", 200, header, id, "Content-Type", "text/csv"), `"created":true`)
	has(t, c.do("POST", "/import/kv", `{"entries":[{"key":"m","value":1}]}`, 200, header, id), `"rows_imported":1`)
	if got := c.sql("SELECT id, v FROM t ORDER BY id", header, id); got != `[[1,"one"],[2,"two"],[3,"three"]]` {
		t.Errorf("inside it reads %s", got)
	}
	has(t, c.do("GET", "/kv/keys", "", 200, header, id), `"key":"k"`, `"key":"m"`)
	has(t, c.do("GET", "/kv/count", "", 200, header, id), `"count":2`)
	if got := c.sql("SELECT count(*) FROM t"); got != `[[0]]` {
		t.Errorf("outside one reads %s", got)
	}
	c.do("GET", "/kv/keys/k", "", 404)
	c.do("GET", "/tables/made", "", 404)
	has(t, c.do("GET", "/transactions/"+id, "", 200), `"steps":8`, `"state":"open"`)
	first := c.do("POST", "/transactions/"+id+"/commit", "", 200)
	if again := c.do("POST", "/transactions/"+id+"/commit", "", 200); again != first {
		t.Errorf("committed %s, and then %s", first, again)
	}
	if got := c.sql("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM made)"); got != `[[3,1]]` {
		t.Errorf("after the commit one reads %s", got)
	}
	var done struct {
		TS string `json:"commit_timestamp"`
	}
	if err := json.Unmarshal([]byte(first), &done); err != nil {
		t.Fatal(err)
	}
	has(t, c.do("GET", "/kv/keys/k", "", 200), `"version":"`+done.TS+`"`)
	has(t, c.do("POST", "/query", `{"sql":"SELECT 1"}`, 410, header, id), "committed")
	if row := c.do("GET", "/tables/t", "", 200); !strings.Contains(row, `"row_count":3`) {
		t.Errorf("the table is %s", row)
	}
}

func TestTransactionOutcomes(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10)")

	id := c.begin("{}") // a failed key operation is undone alone
	c.sql("UPDATE t SET v = 11", header, id)
	c.do("DELETE", "/kv/keys/none", "", 404, header, id)
	has(t, c.do("POST", "/kv/batch", `{"operations":[{"op":"set","key":"a","value":1},{"op":"check","key":"b","if_present":true}]}`, 412, header, id))
	has(t, c.do("POST", "/import/sql?table=t&atomic=true", "id,v\n5,5\n1,1\n", 409, header, id, "Content-Type", "text/csv"), "UNIQUE_VIOLATION")
	if got := c.sql("SELECT count(*) FROM t", header, id); got != `[[1]]` {
		t.Errorf("rows of a failed import are there: %s", got)
	}
	c.do("GET", "/kv/keys/a", "", 404, header, id)
	has(t, c.do("POST", "/import/sql?table=t", "id,v\n5,5\n1,1\n6,6\n", 200, header, id, "Content-Type", "text/csv"), `"rows_imported":2,"rows_rejected":1`)
	c.do("POST", "/transactions/"+id+"/commit", "", 200)
	if got := c.sql("SELECT id, v FROM t ORDER BY id"); got != `[[1,11],[5,5],[6,6]]` {
		t.Errorf("rows %s", got)
	}

	id = c.begin("{}") // a failed statement aborts, a savepoint rescues
	c.sql("UPDATE t SET v = 12 WHERE id = 1; SAVEPOINT a", header, id)
	c.do("POST", "/query", `{"sql":"SELECT 1/0"}`, 422, header, id)
	has(t, c.do("POST", "/query", `{"sql":"SELECT 1"}`, 409, header, id), "TRANSACTION_ABORTED", "25P02")
	has(t, c.do("GET", "/kv/count", "", 409, header, id), "TRANSACTION_ABORTED")
	has(t, c.do("GET", "/transactions/"+id, "", 200), `"aborted":true`)
	c.sql("ROLLBACK TO SAVEPOINT a", header, id)
	c.sql("UPDATE t SET v = v + 1 WHERE id = 1", header, id)
	c.do("POST", "/transactions/"+id+"/commit", "", 200)
	if got := c.sql("SELECT v FROM t WHERE id = 1"); got != `[[13]]` {
		t.Errorf("v is %s", got)
	}

	id = c.begin("{}")
	c.do("POST", "/query", `{"sql":"SELECT 1/0"}`, 422, header, id)
	for range 2 {
		has(t, c.do("POST", "/transactions/"+id+"/commit", "", 409), "TRANSACTION_ABORTED", "rolled back")
	}

	for _, sql := range []string{"COMMIT", "ROLLBACK", "BEGIN", "COMMIT AND CHAIN"} {
		id = c.begin("{}")
		has(t, c.do("POST", "/query", `{"sql":"`+sql+`"}`, 400, header, id), "TRANSACTION_CONTROL")
		c.do("DELETE", "/transactions/"+id, "", 200)
	}

	one, two := c.begin("{}"), c.begin("{}") // who commits second is told to run again
	c.sql("UPDATE t SET v = v + 1 WHERE id = 1", header, one)
	c.sql("UPDATE t SET v = v + 1 WHERE id = 1", header, two)
	c.do("POST", "/transactions/"+one+"/commit", "", 200)
	for range 2 {
		has(t, c.do("POST", "/transactions/"+two+"/commit", "", 409), "SERIALIZATION_FAILURE", `"retryable":true`)
	}
	has(t, c.do("POST", "/query", `{"sql":"SELECT 1"}`, 410, header, two), "TRANSACTION_ENDED")

	id = c.begin(`{"read_only":true}`)
	has(t, c.do("POST", "/query", `{"sql":"DELETE FROM t"}`, 400, header, id), "READ_ONLY_TRANSACTION")
	id = c.begin(`{"read_only":true}`)
	has(t, c.do("POST", "/kv/keys", `{"key":"k","value":1}`, 400, header, id), "READ_ONLY_TRANSACTION")
	c.do("POST", "/import/sql?table=t", "id,v\n7,7\n", 400, header, id, "Content-Type", "text/csv")
	id = c.begin(`{}`) // reading by GET does not write in a transaction either
	has(t, c.do("GET", "/query?sql=DELETE+FROM+t", "", 400, header, id), "READ_ONLY_TRANSACTION")
}

// TestTransactionAsOf reads the past.
func TestTransactionAsOf(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE t (v int); INSERT INTO t VALUES (1)")
	id := c.begin("{}")
	c.sql("UPDATE t SET v = 2", header, id)
	var done struct {
		TS string `json:"commit_timestamp"`
	}
	if err := json.Unmarshal([]byte(c.do("POST", "/transactions/"+id+"/commit", "", 200)), &done); err != nil {
		t.Fatal(err)
	}
	c.sql("UPDATE t SET v = 3")
	id = c.begin(`{"as_of":"` + done.TS + `"}`)
	if got := c.sql("SELECT v FROM t", header, id); got != `[[2]]` {
		t.Errorf("as of the commit one reads %s", got)
	}
	has(t, c.do("POST", "/query", `{"sql":"UPDATE t SET v = 4"}`, 400, header, id), "READ_ONLY_TRANSACTION")
}

// TestNumberedSteps: the same number is the same answer, and done once.
func TestNumberedSteps(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE t (v int)")
	id := c.begin("{}")
	step := func(n int, body string, status int) string {
		t.Helper()
		return c.do("POST", "/query", body, status, header, id, "Weft-Transaction-Seq", fmt.Sprint(n))
	}
	insert := `{"sql":"INSERT INTO t VALUES (1) RETURNING v"}`
	first := step(1, insert, 200)
	if again := step(1, insert, 200); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
	has(t, step(1, `{"sql":"SELECT 1"}`, 422), "TRANSACTION_SEQUENCE_REUSED")
	has(t, step(3, insert, 409), "TRANSACTION_SEQUENCE", "Send 2 next")
	step(2, `{"sql":"SAVEPOINT s"}`, 200)
	bad := step(3, `{"sql":"SELECT 1/0"}`, 422)
	if again := step(3, `{"sql":"SELECT 1/0"}`, 422); again != bad {
		t.Errorf("%s, and then %s", bad, again)
	}
	step(4, `{"sql":"ROLLBACK TO s"}`, 200)
	var wg sync.WaitGroup // the same step at the same time is done once
	for range 8 {
		wg.Go(func() { c.try("POST", "/query", insert, header, id, "Weft-Transaction-Seq", "5") })
	}
	wg.Wait()
	c.do("POST", "/transactions/"+id+"/commit", "", 200)
	if got := c.sql("SELECT count(*) FROM t"); got != `[[2]]` {
		t.Errorf("%s rows", got)
	}
}

// TestUsedUpNumbers: the answer tells whether the number of a step is used up.
func TestUsedUpNumbers(t *testing.T) {
	c := serve(t)
	id := c.begin("{}")
	for _, q := range []struct{ n, path, used string }{
		{"1", "/databases", ""},  // not for transactions
		{"2", "/query", ""},      // a gap
		{"1", "/query", "1"},     // done, and refused
		{"1", "/kv/append", "1"}, // another request under its number
		{"2", "/kv/append", "2"}, // refused by another model
	} {
		res, _ := c.send("POST", q.path, `{"sql":"SELECT nope"}`, header, id, "Weft-Transaction-Seq", q.n)
		if got := res.Header.Get("Weft-Transaction-Seq"); res.StatusCode < 400 || got != q.used {
			t.Errorf("step %s on %s: status %d says that %q is used up, want %q", q.n, q.path, res.StatusCode, got, q.used)
		}
	}
	c.do("POST", "/transactions/"+id+"/rollback", "", 200)
}

func TestBatchIsAtomic(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE account (id serial PRIMARY KEY, balance int CHECK (balance >= 0)); INSERT INTO account (balance) VALUES (10), (0)")
	move := func(n int) string {
		return fmt.Sprintf(`{"operations":[
			{"method":"POST","path":"/query","body":{"sql":"UPDATE account SET balance = balance - $1 WHERE id = 1","params":[%d]}},
			{"method":"POST","path":"/query","body":{"sql":"UPDATE account SET balance = balance + $1 WHERE id = 2 RETURNING balance","params":[%[1]d]}},
			{"method":"POST","path":"/kv/increment","body":{"key":"moved","by":%[1]d}},
			{"id":"log","method":"POST","path":"/kv/keys","body":{"key":"last","value":{"balance":{"$ref":"1.data.rows.0.0"}}}}]}`, n)
	}
	has(t, c.do("POST", "/batch", move(4), 200), `"commit_timestamp":"`)
	has(t, c.do("POST", "/batch", move(40), 422), "CHECK_VIOLATION", `"operation":0`)
	var wg sync.WaitGroup
	for range 6 { // conflicts are run again
		wg.Go(func() {
			if status, text := c.try("POST", "/batch", move(1)); status != 200 {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	wg.Wait()
	if got := c.sql("SELECT balance FROM account ORDER BY id"); got != `[[0],[10]]` {
		t.Errorf("balances %s", got)
	}
	has(t, c.do("GET", "/kv/keys/moved", "", 200), `"value":10`)
	has(t, c.do("GET", "/kv/keys/last", "", 200), `"value":{"balance":10}`)

	id := c.begin("{}") // in a transaction it is a part of that
	c.do("POST", "/batch", `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"x","value":1}},{"method":"DELETE","path":"/kv/keys/none"}]}`, 404, header, id)
	c.do("POST", "/batch", `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"y","value":1}}]}`, 200, header, id)
	c.do("GET", "/kv/keys/y", "", 404)
	c.do("POST", "/transactions/"+id+"/commit", "", 200)
	c.do("GET", "/kv/keys/x", "", 404)
	c.do("GET", "/kv/keys/y", "", 200)
}

// TestIdempotency: the same key is done once, whoever is first, also over a restart.
func TestIdempotency(t *testing.T) {
	dir := t.TempDir()
	cfg := func() *config.Config { return configure(t, "storage.dir="+dir) }
	a := start(t, cfg(), Options{})
	waitReady(t, a)
	c := client{t, a.URL()}
	c.sql("CREATE TABLE t (v int)")
	insert := `{"sql":"INSERT INTO t VALUES (1) RETURNING v"}`
	const key = "Idempotency-Key"
	first := c.do("POST", "/query", insert, 200, key, "one")
	if again := c.do("POST", "/query", insert, 200, key, "one"); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
	has(t, c.do("POST", "/query", `{"sql":"INSERT INTO t VALUES (2)"}`, 422, key, "one"), "IDEMPOTENCY_KEY_REUSED")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if status, text := c.try("POST", "/query", insert, key, "two"); status != 200 {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	wg.Wait()
	c.do("POST", "/kv/increment", `{"key":"n"}`, 200, key, "three")
	c.do("POST", "/kv/increment", `{"key":"n"}`, 200, key, "three")
	csv := "v\n5\n6\n"
	imported := c.do("POST", "/import/sql?table=t", csv, 200, key, "four", "Content-Type", "text/csv")
	if again := c.do("POST", "/import/sql?table=t", csv, 200, key, "four", "Content-Type", "text/csv"); again != imported {
		t.Errorf("%s, and then %s", imported, again)
	}
	c.do("POST", "/import/sql?table=t", "v\n7\n", 422, key, "four", "Content-Type", "text/csv")
	c.do("POST", "/query", `{"sql":"INSERT INTO t VALUES (1/0)"}`, 422, key, "five") // did nothing, so it may be sent again
	c.do("POST", "/query", `{"sql":"INSERT INTO t VALUES (8)"}`, 200, key, "five")
	batch := `{"operations":[{"method":"POST","path":"/kv/increment","body":{"key":"n"}}]}`
	c.do("POST", "/batch", batch, 200, key, "six")

	id := c.begin("{}")
	c.sql("INSERT INTO t VALUES (9)", header, id)
	committed := c.do("POST", "/transactions/"+id+"/commit", "", 200)
	left := c.begin("{}")
	c.sql("INSERT INTO t VALUES (10)", header, left)
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	a = start(t, cfg(), Options{})
	waitReady(t, a)
	c.url = a.URL()
	if again := c.do("POST", "/query", insert, 200, key, "one"); again != first {
		t.Errorf("before the restart %s, after it %s", first, again)
	}
	c.do("POST", "/batch", batch, 200, key, "six")
	if got := c.sql("SELECT v FROM t ORDER BY v"); got != `[[1],[1],[5],[6],[8],[9]]` {
		t.Errorf("rows %s", got)
	}
	has(t, c.do("GET", "/kv/keys/n", "", 200), `"value":2`)
	var was, now struct {
		State string `json:"state"`
		TS    string `json:"commit_timestamp"`
	}
	if err := json.Unmarshal([]byte(committed), &was); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(c.do("POST", "/transactions/"+id+"/commit", "", 200)), &now); err != nil {
		t.Fatal(err)
	}
	if was != now {
		t.Errorf("committed %+v, after the restart %+v", was, now)
	}
	has(t, c.do("POST", "/query", `{"sql":"SELECT 1"}`, 410, header, id), "has been committed")
	has(t, c.do("POST", "/transactions/"+left+"/commit", "", 410), "not of this run of the server")
	has(t, c.do("POST", "/query", `{"sql":"SELECT 1"}`, 410, header, left), "rolled back when the server stopped")
}

func TestPrepared(t *testing.T) {
	c := serve(t)
	c.sql("CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz, doc jsonb)")
	prepare := func(sql string) string {
		t.Helper()
		var a struct {
			ID string `json:"statement_id"`
		}
		body, err := json.Marshal(map[string]any{"sql": sql})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.do("POST", "/prepare", string(body), 201)), &a); err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	has(t, c.do("POST", "/prepare", `{"sql":"SELECT id, name FROM t WHERE id = ? AND name LIKE ?"}`, 201),
		`"parameters":["integer","text"],"columns":["id","name"],"types":["integer","text"],"command":"SELECT"`)
	insert := prepare("INSERT INTO t VALUES ($1, $2, $3, $4) RETURNING id")
	read := prepare("SELECT * FROM t WHERE id = $1")
	run := func(id, params string, status int, headers ...string) string {
		t.Helper()
		return c.do("POST", "/prepared/execute", `{"statement_id":"`+id+`","params":`+params+`}`, status, headers...)
	}
	run(insert, `[1,"one","2026-01-02T03:04:05Z",{"a":1}]`, 200)
	run(insert, `[2,null,null,"[1]"]`, 200)
	if got := rowsOf(t, run(read, "[1]", 200)); got != `[[1,"one","2026-01-02T03:04:05Z",{"a": 1}]]` {
		t.Errorf("rows %s", got)
	}
	has(t, run(read, "[1.5]", 422), "INVALID_TEXT_REPRESENTATION", `"field":"params[0]"`)
	has(t, run(read, `["x"]`, 422), `"field":"params[0]"`)
	has(t, run(insert, `[1,"again",null,null]`, 409), "UNIQUE_VIOLATION")

	c.sql("ALTER TABLE t ADD COLUMN extra int DEFAULT 7") // planned anew
	if got := rowsOf(t, run(read, "[2]", 200)); got != `[[2,null,null,[1],7]]` {
		t.Errorf("rows %s", got)
	}
	id := c.begin("{}")
	run(insert, `[3,"three",null,null]`, 200, header, id)
	c.do("POST", "/transactions/"+id+"/rollback", "", 200)
	if got := rowsOf(t, run(read, "[3]", 200)); got != `[]` {
		t.Errorf("rows %s", got)
	}
	c.sql("ALTER TABLE t DROP COLUMN name")
	has(t, run(insert, `[4,"four",null,null]`, 400), "DATATYPE_MISMATCH", `"position"`)
	c.sql("DROP TABLE t")
	has(t, run(read, "[1]", 404), "UNDEFINED_TABLE")
	has(t, c.do("POST", "/prepare", `{"sql":"SELECT 1; SELECT 2"}`, 400), "one statement")
	has(t, c.do("GET", "/prepared", "", 200), read)
	c.do("DELETE", "/prepared/"+read, "", 200)
	has(t, run(read, "[1]", 404), "INVALID_STATEMENT_NAME")
}
