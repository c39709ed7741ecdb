package api

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

var transactionScenarios = []scenario{
	{name: "begin", url: "/api/v1/transactions", body: `{"isolation":"snapshot","read_only":true,"idle_timeout_ms":5000,"database":"default"}`, status: 201,
		has: []string{`"success":true,"transaction_id":"`, `"state":"open"`, `"isolation":"snapshot","read_only":true`, `"expires_at":"`}},
	{name: "begin, defaults", url: "/api/v1/transactions", body: `{"isolation":null}`, status: 201, has: []string{`"isolation":"serializable","read_only":false`}},
	{name: "begin, bad isolation", url: "/api/v1/transactions", body: `{"isolation":"chaos"}`, status: 400, has: []string{`"field":"isolation"`}},
	{name: "begin, unknown field", url: "/api/v1/transactions", body: `{"mode":"x"}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "begin, unknown field that is null", url: "/api/v1/transactions", body: `{"mode":null}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "begin, too idle", url: "/api/v1/transactions", body: `{"idle_timeout_ms":600001}`, status: 400, has: []string{`"field":"idle_timeout_ms"`, "1 to 600000"}},
	{name: "begin, as of nonsense", url: "/api/v1/transactions", body: `{"as_of":"yesterday"}`, status: 400, has: []string{`"field":"as_of"`}},
	{name: "begin, as of the future", url: "/api/v1/transactions", body: `{"as_of":"2199-01-01T00:00:00Z"}`, status: 400, has: []string{"AS_OF_IN_FUTURE"}},
	{name: "begin, no database", url: "/api/v1/transactions", body: `{"database":"nope"}`, status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{name: "list", method: "GET", url: "/api/v1/transactions", status: 200, has: []string{`{"transactions":[]}`}},
	{name: "get, unknown", method: "GET", url: "/api/v1/transactions/x", status: 404, has: []string{"TRANSACTION_NOT_FOUND"}},
	{name: "get, of another run", method: "GET", url: "/api/v1/transactions/00000000-000000000000000000000000", status: 410, has: []string{"TRANSACTION_ENDED"}},
	{name: "commit, of another run", method: "POST", url: "/api/v1/transactions/00000000-000000000000000000000000/commit", status: 410, has: []string{"not of this run of the server"}},
	{name: "commit with a body", url: "/api/v1/transactions/x/commit", body: `{"force":true}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "rollback, unknown", method: "POST", url: "/api/v1/transactions/x/rollback", body: "{}", status: 404},
	{name: "step of none", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Weft-Transaction": "x"}, status: 404, has: []string{"TRANSACTION_NOT_FOUND"}},
	{name: "seq without transaction", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Weft-Transaction-Seq": "1"}, status: 400, has: []string{"INVALID_HEADER"}},
	{name: "bad seq", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Weft-Transaction": "x", "Weft-Transaction-Seq": "0"}, status: 400, has: []string{"INVALID_HEADER"}},
	{name: "not in a transaction", method: "GET", url: "/api/v1/databases", headers: map[string]string{"Weft-Transaction": "x"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "key on what takes none", url: "/api/v1/databases", body: `{"name":"x"}`, headers: map[string]string{"Idempotency-Key": "k"}, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "key and transaction", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Weft-Transaction": "x", "Idempotency-Key": "k"}, status: 400, has: []string{"Weft-Transaction-Seq"}},
	{name: "key too long", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}, status: 400, has: []string{"1 to 255"}},
	{name: "key", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Idempotency-Key": "k"}, status: 200, has: []string{`"rows":[[1]]`}},
	{name: "key on reading", method: "GET", url: "/api/v1/kv/count", headers: map[string]string{"Idempotency-Key": "k"}, status: 200},

	{name: "batch", url: "/api/v1/batch", body: `{"operations":[{"id":"q","method":"POST","path":"/query","body":{"sql":"SELECT 1"}},{"method":"POST","path":"/kv/keys","body":{"key":"a","value":{"n":{"$ref":"q.data.rows.0.0"},"s":[1.50,{"$literal":{"$ref":"x"}}]}}},{"method":"GET","path":"/kv/keys/a?raw=true"}]}`,
		status: 200, has: []string{`{"success":true,"results":[{"id":"q","status":200,"body":{"success":true,"data"`, `"value":{"n":1,"s":[1.50,{"$ref":"x"}]}`, `{"id":"2","status":200,"body":{"n":1,"s":[1.50,{"$ref":"x"}]}}`, `"commit_timestamp":"`},
		check: stored("a", `{"n":1,"s":[1.50,{"$ref":"x"}]}`)},
	{name: "batch of nothing", url: "/api/v1/batch", body: `{"operations":[]}`, status: 200, has: []string{`"results":[]`}},
	{name: "batch without operations", url: "/api/v1/batch", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "batch that fails", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"a","value":1}},{"id":"second","method":"DELETE","path":"/kv/keys/none"}]}`, status: 404,
		has: []string{"KEY_NOT_FOUND", `"operation":1,"operation_id":"second"`}, check: stored("a", "-")},
	{name: "batch with a failing SQL", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"a","value":1}},{"method":"POST","path":"/query","body":{"sql":"SELECT 'ä', x FROM"}}]}`, status: 400,
		has: []string{`"position":{"line":1,"column":13,"offset":12}`, `"operation":1`}, check: stored("a", "-")},
	{name: "batch with precondition", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"b","value":1}},{"method":"PUT","path":"/kv/keys/a","headers":{"If-Match":"\"7\""},"body":{"value":2}}]}`, state: have("a", "1"), status: 412,
		has: []string{`"operation":1`}, check: stored("b", "-")},
	{name: "batch with text", url: "/api/v1/batch", body: `{"operations":[{"method":"PUT","path":"/kv/keys/a","headers":{"content-type":"text/plain"},"body":"hello"}]}`, status: 200, check: stored("a", "hello")},
	{name: "batch with a wrong path", url: "/api/v1/batch", body: `{"operations":[{"method":"GET","path":"/nowhere"}]}`, status: 404, has: []string{"NOT_FOUND", `"field":"path"`}},
	{name: "batch with a full path", url: "/api/v1/batch", body: `{"operations":[{"method":"GET","path":"/api/v1/kv/count"}]}`, status: 404, has: []string{"relative to /api/v1"}},
	{name: "batch with a wrong method", url: "/api/v1/batch", body: `{"operations":[{"method":"DELETE","path":"/kv/count"}]}`, status: 400, has: []string{"METHOD_NOT_ALLOWED"}},
	{name: "batch in a batch", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/batch","body":{"operations":[]}}]}`, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "batch with a watch", url: "/api/v1/batch", body: `{"operations":[{"method":"GET","path":"/kv/watch"}]}`, status: 400, has: []string{"NOT_IN_TRANSACTION"}},
	{name: "batch with a header", url: "/api/v1/batch", body: `{"operations":[{"method":"GET","path":"/kv/count","headers":{"Weft-Transaction":"x"}}]}`, status: 400, has: []string{"UNKNOWN_HEADER", "operations[0]"}},
	{name: "batch with a reference ahead", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"a","value":{"$ref":"0.x"}}}]}`, status: 400, has: []string{"INVALID_REFERENCE", `"operation":0`}},
	{name: "batch with a reference to nothing", url: "/api/v1/batch", body: `{"operations":[{"method":"GET","path":"/kv/count"},{"method":"POST","path":"/kv/keys","body":{"key":"a","value":{"$ref":"0.nothing"}}}]}`, status: 400, has: []string{"INVALID_REFERENCE"}},
	{name: "batch with ids twice", url: "/api/v1/batch", body: `{"operations":[{"id":"x","method":"GET","path":"/kv/count"},{"id":"x","method":"GET","path":"/kv/count"}]}`, status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "batch with an id like an index", url: "/api/v1/batch", body: `{"operations":[{"id":"0","method":"GET","path":"/kv/count"}]}`, status: 400, has: []string{`"field":"operations[0].id"`}},
	{name: "batch that only reads", url: "/api/v1/batch", body: `{"read_only":true,"operations":[{"method":"POST","path":"/kv/keys","body":{"key":"a","value":1}}]}`, status: 400, has: []string{"READ_ONLY"}},

	{name: "prepare", url: "/api/v1/prepare", body: `{"sql":"SELECT 1"}`, status: 201, has: []string{`"statement_id":"stmt_`, `"parameters":["bigint","jsonb"],"columns":["n"],"types":["bigint"],"command":"SELECT"`}},
	{name: "prepare nonsense", url: "/api/v1/prepare", body: `{"sql":"nonsense"}`, status: 400, has: []string{"SYNTAX_ERROR", `"position"`}},
	{name: "prepare nothing", url: "/api/v1/prepare", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "prepare with parameters", url: "/api/v1/prepare", body: `{"sql":"SELECT 1","params":[1]}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "prepared, list", method: "GET", url: "/api/v1/prepared?database=default", state: prepareOne, status: 200, has: []string{`"statement_id":"stmt_1"`}},
	{name: "prepared, list of another", method: "GET", url: "/api/v1/prepared?database=other", state: prepareOne, status: 200, has: []string{`{"statements":[]}`}},
	{name: "prepared, execute", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","params":[1,"{\"a\":1}"]}`, state: prepareOne, status: 200, has: []string{`"rows":[[1]]`}},
	{name: "prepared, as objects", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","params":[1,null],"rows":"objects","int64":"string"}`, state: prepareOne, status: 200, has: []string{`"rows":[{"n":"1"}]`}},
	{name: "prepared, too few", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","params":[1]}`, state: prepareOne, status: 400, has: []string{"UNDEFINED_PARAMETER"}},
	{name: "prepared, too many", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","params":[1,2,3]}`, state: prepareOne, status: 400, has: []string{"3 values"}},
	{name: "prepared, wrong type", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","params":[1.5,null]}`, state: prepareOne, status: 422, has: []string{`"field":"params[0]"`}},
	{name: "prepared, unknown", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_2","params":[]}`, state: prepareOne, status: 404, has: []string{"unknown prepared statement"}},
	{name: "prepared, other database", url: "/api/v1/prepared/execute", body: `{"statement_id":"stmt_1","database":"x","params":[]}`, state: prepareOne, status: 404},
	{name: "prepared, drop", method: "DELETE", url: "/api/v1/prepared/stmt_1", state: prepareOne, status: 200, has: []string{`{"statement_id":"stmt_1","success":true}`}},
	{name: "prepared, drop of none", method: "DELETE", url: "/api/v1/prepared/stmt_2", state: prepareOne, status: 404},
}

func prepareOne(s *Server, f *fake) {
	about, err := f.Prepare(context.Background(), "", "SELECT 1", "")
	if err != nil {
		panic(err)
	}
	st := prepared{id: "stmt_1", database: "default", sql: "SELECT 1", about: about, created: kvEpoch, used: s.started}
	s.prepared.add(&st)
}

// TestTransactionAnswers: the answers about a transaction that lives are as described.
func TestTransactionAnswers(t *testing.T) {
	s := New(Options{})
	s.Attach(newFake(t))
	sp := loadSpec(t)
	do := func(method, url, body string, status int, headers ...string) string {
		t.Helper()
		r := httptest.NewRequest(method, url, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s %s: status %d, want %d: %s", method, url, w.Code, status, w.Body)
		}
		if strings.Contains(url, "/transactions") {
			path := specPath(sp, url)
			sp.validate(t, method+" "+url, sp.schemaPointer(method, path, "200", "application/json"), w.Body.Bytes())
		}
		return w.Body.String()
	}
	var begun struct {
		ID string `json:"transaction_id"`
	}
	r := httptest.NewRequest("POST", "/api/v1/transactions", strings.NewReader("{}"))
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &begun); err != nil || w.Code != 201 {
		t.Fatal(err, w.Body)
	}
	at := "/api/v1/transactions/" + begun.ID
	do("PUT", keysURL+"/a?raw=false", `{"value":1}`, 200, "Weft-Transaction", begun.ID)
	if got := do("GET", at, "", 200); !strings.Contains(got, `"steps":1`) {
		t.Errorf("the transaction is %s", got)
	}
	do("GET", "/api/v1/transactions", "", 200)
	do("GET", keysURL+"/a", "", 404)
	first := do("POST", at+"/commit", "", 200)
	if again := do("POST", at+"/commit", "{}", 200); again != first || !strings.Contains(first, `"commit_timestamp":"`) {
		t.Errorf("committed first with %s, then with %s", first, again)
	}
	do("GET", keysURL+"/a", "", 200)
	do("GET", keysURL+"/a", "", 410, "Weft-Transaction", begun.ID)
	w = httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/transactions", strings.NewReader("{}")))
	if err := json.Unmarshal(w.Body.Bytes(), &begun); err != nil {
		t.Fatal(err)
	}
	at = "/api/v1/transactions/" + begun.ID
	do("POST", at+"/rollback", "", 200)
	do("DELETE", at, "", 200)
}
