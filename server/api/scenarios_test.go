package api

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

var allTypes = `{"columns":["i","f","s","b","n","j","y","t"],"types":["bigint","double precision","text","boolean","numeric","json","bytea","timestamp with time zone"],` +
	`"rows":[[9007199254740993,0.5,"a\"ä\n",true,"1.50",{"a": 1},"AQI=","2000-01-01T00:00:00Z"],[null,null,"",null,null,null,null,null]],"rows_affected":0,"command":"SELECT"}`

var queryScenarios = []scenario{
	{name: "select", body: `{"sql":"SELECT 1"}`, status: 200,
		has:    []string{`{"success":true,"data":{"columns":["n"],"types":["bigint"],"rows":[[1]],"rows_affected":0,"command":"SELECT"},"execution_time_ms":`},
		header: map[string]string{"Content-Type": "application/json"}},
	{name: "every kind of value", body: `{"sql":"types"}`, status: 200, has: []string{allTypes}},
	{name: "bigint as string", body: `{"sql":"types","int64":"string"}`, status: 200, has: []string{`[["9007199254740993",0.5`}},
	{name: "rows as objects", body: `{"sql":"types","rows":"objects"}`, status: 200, has: []string{`"rows":[{"i":9007199254740993,"f":0.5,`, `{"i":null,`}},
	{name: "objects with one name twice", body: `{"sql":"twice","rows":"objects"}`, status: 400, has: []string{"DUPLICATE_COLUMN_NAME"}},
	{name: "arrays with one name twice", body: `{"sql":"twice"}`, status: 200, has: []string{`[[1,2]]`}},
	{name: "write", body: `{"sql":"INSERT"}`, status: 200, has: []string{`"columns":[],"types":[],"rows":[],"rows_affected":3,"command":"INSERT"`}, hasNot: []string{"results"}},
	{name: "nothing", body: `{"sql":""}`, status: 200, has: []string{`"columns":[],"types":[],"rows":[],"rows_affected":0`}},
	{name: "several", body: `{"sql":"INSERT; SELECT"}`, status: 200, has: []string{
		`"data":{"columns":["n"],"types":["bigint"],"rows":[[7]],"rows_affected":0,"command":"SELECT"},"results":[{"columns":[],"types":[],"rows":[],"rows_affected":3,"command":"INSERT"},{"columns":["n"],`}},
	{name: "grafana", body: `{"query":"types","queryType":"sql","database":"default","timeRange":{"from":1,"to":2},"maxDataPoints":100,"aggregation":"","groupBy":[],"filters":[],"refId":"A"}`,
		status: 200, has: []string{`"data":{"columns":["i"`, `},"columns":["i",`, `,"rows":[[9007199254740993,`}},
	{name: "grafana, several", body: `{"query":"INSERT; SELECT"}`, status: 200, has: []string{`],"columns":["n"],"types":["bigint"],"rows":[[7]],"execution_time_ms"`}},
	{name: "sql wins over query", body: `{"query":"bug","sql":"SELECT 1"}`, status: 200, has: []string{`"columns":["n"]`}},
	{name: "grafana filters are not ignored", body: `{"query":"SELECT 1","filters":[{"field":"a"}]}`, status: 400, has: []string{"FEATURE_NOT_SUPPORTED", `"field":"filters"`}},
	{name: "grafana other types", body: `{"query":"x","queryType":"logs"}`, status: 400, has: []string{"FEATURE_NOT_SUPPORTED"}},
	{name: "params", body: `{"sql":"SELECT 1","params":[5,5000000000,1.50,1e400,"x",null,true,{"a":[1]},[1]]}`, status: 200, check: func(t *testing.T, f *fake) {
		want := []string{"integer 5", "bigint 5000000000", "numeric 1.50", "numeric 1" + strings.Repeat("0", 400), "unknown x", "unknown NULL", "boolean t", `jsonb {"a": [1]}`, "jsonb [1]"}
		for i, p := range f.request().Params {
			got := p.Type.Name() + " "
			if p.Datum.Null {
				got += "NULL"
			} else {
				got += sqltype.FormatText(p.Type, p.Datum)
			}
			if got != want[i] {
				t.Errorf("param %d: got %s, want %s", i+1, got, want[i])
			}
		}
		if n := len(f.request().Params); n != len(want) {
			t.Errorf("%d params", n)
		}
	}},
	{name: "options reach the engine", body: `{"sql":"SELECT 1","database":"d","timeout_ms":1500,"max_rows":7,"dialect":"postgresql"}`, status: 200, check: func(t *testing.T, f *fake) {
		r := f.request()
		if r.Database != "d" || r.Timeout != 1500*time.Millisecond || r.MaxRows != 7 || r.ReadOnly || !r.CreateDatabase || r.Dialect != "" {
			t.Errorf("%+v", r)
		}
	}},
	{name: "database in the URL", url: "/api/v1/query?database=d", body: `{"sql":"SELECT 1"}`, status: 200, check: func(t *testing.T, f *fake) {
		if f.request().Database != "d" {
			t.Errorf("%+v", f.request())
		}
	}},
	{name: "two databases", url: "/api/v1/query?database=d", body: `{"sql":"SELECT 1","database":"e"}`, status: 400, has: []string{`"field":"database"`}},
	{name: "get", url: "/api/v1/query?sql=SELECT+1&params=[1]&max_rows=3", status: 200, has: []string{"[[1]]"}, check: func(t *testing.T, f *fake) {
		if r := f.request(); !r.ReadOnly || r.CreateDatabase || len(r.Params) != 1 || r.MaxRows != 3 {
			t.Errorf("%+v", r)
		}
	}},
	{name: "get without sql", url: "/api/v1/query", status: 400, has: []string{"MISSING_FIELD"}},
	{name: "get with an unknown parameter", url: "/api/v1/query?sql=x&limit=1", status: 400, has: []string{"UNKNOWN_FIELD", "limit"}},
	{name: "get with a parameter twice", url: "/api/v1/query?sql=x&sql=y", status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "sql of a POST is in the body", url: "/api/v1/query?sql=x", body: `{"sql":"SELECT 1"}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "ndjson", body: `{"sql":"types"}`, headers: map[string]string{"Accept": "application/x-ndjson"}, status: 200,
		has: []string{`"timestamp with time zone"]}` + "\n[9007199254740993,", `{"a": 1}`, "\n" + `{"end":{"rows":2,"rows_affected":0,"command":"SELECT","execution_time_ms":`}},
	{name: "ndjson objects", url: "/api/v1/query?format=ndjson", body: `{"sql":"types","rows":"objects"}`, status: 200, has: []string{"\n{\"i\":9007199254740993,"}},
	{name: "ndjson of a write", url: "/api/v1/query?format=ndjson", body: `{"sql":"INSERT"}`, status: 200, has: []string{`{"columns":[],"types":[]}` + "\n" + `{"end":{"rows":0,"rows_affected":3,`}},
	{name: "csv", url: "/api/v1/query?format=csv", body: `{"sql":"types"}`, status: 200,
		has:    []string{"i,f,s,b,n,j,y,t\n9007199254740993,0.5,\"a\"\"ä\n\",t,1.50,\"{\"\"a\"\":\n1}\",\\x0102,2000-01-01 00:00:00+00\n,,\"\",,,,,\n"},
		header: map[string]string{"Content-Type": "text/csv; charset=utf-8; header=present"}},
	{name: "two results as ndjson", url: "/api/v1/query?format=ndjson", body: `{"sql":"INSERT; SELECT"}`, status: 200, has: []string{`{"statement":{"rows":0,"rows_affected":3,"command":"INSERT"}}`, "{\"columns\":[\"n\"],\"types\":[\"bigint\"]}\n[7]\n{\"end\":"}},
	{name: "values as text", url: "/api/v1/query?format=ndjson", body: `{"sql":"SELECT 1","values":"text"}`, status: 200, has: []string{"\n[\"1\"]\n"}},
	{name: "values", body: `{"sql":"SELECT 1","values":"xml"}`, status: 400, has: []string{`\"values\"`}},
	{name: "curl -d", headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: `{"sql":"SELECT 1"}`, status: 200, has: []string{"[[1]]"}},
	{name: "two results do not stream", url: "/api/v1/query?format=csv", body: `{"sql":"SELECT; SELECT"}`, status: 400, has: []string{"SEVERAL_RESULTS"}},
	{name: "one result of two statements streams", url: "/api/v1/query?format=csv", body: `{"sql":"INSERT; SELECT"}`, status: 200, has: []string{"n\n7\n"}},
	{name: "accept by weight", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Accept": "application/json;q=0.5, text/csv"}, status: 200, has: []string{"n\n1\n"}},
	{name: "accept of a browser", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, status: 200, has: []string{`"success":true`}},
	{name: "accept nothing we have", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Accept": "image/png"}, status: 406, has: []string{"NOT_ACCEPTABLE"}},
	{name: "unknown format", url: "/api/v1/query?format=xml", body: `{"sql":"SELECT 1"}`, status: 406, has: []string{"NOT_ACCEPTABLE"}},
	{name: "result too large for JSON", body: `{"sql":"big"}`, opts: Options{ResultBytes: 10_000}, status: 413, has: []string{"RESULT_TOO_LARGE", "ndjson"}},
	{name: "a failure before rows are sent is a problem", url: "/api/v1/query?format=ndjson", body: `{"sql":"small then fails"}`, status: 422, has: []string{"DIVISION_BY_ZERO"}, hasNot: []string{"some note"}},
	{name: "a failure in JSON is a problem", body: `{"sql":"big then fails"}`, status: 422, has: []string{"DIVISION_BY_ZERO"}, hasNot: []string{"some note"}},
	{name: "a failure after rows are sent ends NDJSON", url: "/api/v1/query?format=ndjson", body: `{"sql":"big then fails"}`, status: 200, has: []string{"some note", "\n" + `{"error":{"type":"urn:weft:problem:DIVISION_BY_ZERO"`}, hasNot: []string{`"end"`}},
	{name: "query builder", url: "/api/v1/query-builder/execute", body: `{"query":"types","database":"default"}`, status: 200, has: []string{`{"success":true,"columns":["i"`, `"row_count":2,"execution_time_ms":`, `"error":null}`}},
	{name: "query builder, write", url: "/api/v1/query-builder/execute", body: `{"query":"INSERT"}`, status: 200, has: []string{`"rows":[],"row_count":3`}},
	{name: "query builder, no query", url: "/api/v1/query-builder/execute", body: `{"database":"x"}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "query builder, unknown field", url: "/api/v1/query-builder/execute", body: `{"query":"x","limit":1}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
}

var bodyScenarios = []scenario{
	{name: "no body", method: "POST", status: 400, has: []string{"INVALID_JSON"}},
	{name: "form", body: `sql=SELECT 1`, headers: map[string]string{"Content-Type": "multipart/form-data"}, status: 415, has: []string{"--json"}},
	{name: "text, as a form of another site would send", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Content-Type": "text/plain", "Origin": "http://evil.example"}, status: 403, has: []string{"ORIGIN_NOT_ALLOWED"}},
	{name: "charset", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}, status: 200},
	{name: "compressed body", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Content-Encoding": "gzip"}, status: 415},
	{name: "not JSON", body: `{"sql":`, status: 400, has: []string{"INVALID_JSON", "at byte 7"}},
	{name: "array", body: `[1]`, status: 400, has: []string{"must be a JSON object, not an array"}},
	{name: "two values", body: `{"sql":"SELECT 1"} {}`, status: 400, has: []string{"more data after the value"}},
	{name: "unknown field", body: `{"sql":"SELECT 1","parms":[]}`, status: 400, has: []string{"UNKNOWN_FIELD", `unknown field \"parms\"`, `"field":"parms"`}},
	{name: "field twice", body: `{"sql":"SELECT 1","sql":"SELECT 2"}`, status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "no sql", body: `{"params":[]}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "sql of a wrong kind", body: `{"sql":1}`, status: 400, has: []string{"must be a string, not a number"}},
	{name: "params of a wrong kind", body: `{"sql":"SELECT 1","params":{"a":1}}`, status: 400, has: []string{"must be an array, not an object"}},
	{name: "timeout out of range", body: `{"sql":"SELECT 1","timeout_ms":0}`, status: 400, has: []string{"from 1 to 86400000, not 0"}},
	{name: "timeout not whole", body: `{"sql":"SELECT 1","timeout_ms":1.5}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "max_rows", body: `{"sql":"SELECT 1","max_rows":-1}`, status: 400, has: []string{"max_rows"}},
	{name: "rows", body: `{"sql":"SELECT 1","rows":"maps"}`, status: 400, has: []string{`\"maps\"`}},
	{name: "int64", body: `{"sql":"SELECT 1","int64":"float"}`, status: 400, has: []string{`\"float\"`}},
	{name: "dialect", body: `{"sql":"SELECT 1","dialect":"oracle"}`, status: 400, has: []string{"0A000", `dialect \"oracle\"`}},
	{name: "dialect, MySQL", body: `{"sql":"SELECT 1","dialect":"mysql"}`, status: 200, check: func(t *testing.T, f *fake) {
		if f.request().Dialect != "mysql" {
			t.Error("the dialect did not reach the engine")
		}
	}},
	{name: "too large", body: `{"sql":"` + strings.Repeat("x", 200) + `"}`, opts: Options{BodyBytes: 100}, status: 413, has: []string{"BODY_TOO_LARGE"}},
	{name: "not UTF-8", body: "{\"sql\":\"\xff\"}", status: 400, has: []string{"not UTF-8"}},
	{name: "nested too deep", body: `{"sql":"SELECT 1","params":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, status: 400, has: []string{"nested deeper"}},
}

var errorScenarios = []scenario{
	{name: "position in characters", body: `{"sql":"SELECT 'ä', x FROM"}`, status: 400, has: []string{`"code":"UNDEFINED_COLUMN","sqlstate":"42703"`, `"position":{"line":1,"column":13,"offset":12}`, `"success":false`, `"instance":"/api/v1/query"`}},
	{name: "unique", body: `{"sql":"unique"}`, status: 409, has: []string{`"retryable":false`}},
	{name: "check", body: `{"sql":"check"}`, status: 422},
	{name: "conflict", body: `{"sql":"conflict"}`, status: 409, has: []string{`"retryable":true`}},
	{name: "bug", body: `{"sql":"bug"}`, headers: map[string]string{"X-Request-Id": "my-id"}, status: 500, has: []string{`"code":"INTERNAL"`, `"request_id":"my-id"`}, hasNot: []string{"secret"}},
	{name: "panic", body: `{"sql":"panic"}`, status: 500, has: []string{`"code":"INTERNAL"`}, hasNot: []string{"secret"}},
	{name: "disk full", body: `{"sql":"full"}`, status: 507},
	{name: "read-only store", body: `{"sql":"readonly store"}`, status: 503, has: []string{"READ_ONLY"}, header: map[string]string{"Retry-After": "1"}},
	{name: "unknown path", url: "/api/v1/nothing", status: 404, has: []string{`"code":"NOT_FOUND"`, `"request_id":"`}},
	{name: "root", url: "/", status: 404},
	{name: "wrong method", method: "PUT", url: "/api/v1/query", status: 405, has: []string{"METHOD_NOT_ALLOWED"}, header: map[string]string{"Allow": "GET, OPTIONS, POST"}},
	{name: "options", method: "OPTIONS", url: "/api/v1/query", status: 204},
}

var catalogScenarios = []scenario{
	{name: "tables", url: "/api/v1/tables", status: 200, has: []string{`{"tables":[{"name":"a b","schema":"public","columns":[{"name":"id","data_type":"bigint","nullable":false,"primary_key":true,"default":null}`, `"default":"0"`, `"row_count":5`}},
	{name: "tables of a database", url: "/api/v1/tables?database=nope", status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{name: "tables, unknown parameter", url: "/api/v1/tables?limit=1", status: 400},
	{name: "table", url: "/api/v1/tables/a%20b", status: 200, has: []string{`{"name":"a b"`}},
	{name: "no table", url: "/api/v1/tables/nope", status: 404, has: []string{"UNDEFINED_TABLE"}},
	{name: "table with a slash", url: "/api/v1/tables/a%2Fb", status: 404, has: []string{`relation \"a/b\"`}},
	{name: "databases", url: "/api/v1/databases", status: 200, has: []string{`{"databases":[{"name":"default","table_count":1,"created_at":null}]}`}},
	{name: "database", url: "/api/v1/databases/default", status: 200, has: []string{`{"name":"default"`}},
	{name: "no database", url: "/api/v1/databases/nope", status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{name: "create database", url: "/api/v1/databases", body: `{"name":"sales"}`, status: 201, has: []string{`"created":true`}, header: map[string]string{"Location": "/api/v1/databases/sales"}},
	{name: "create it again", url: "/api/v1/databases", body: `{"name":"default"}`, status: 409, has: []string{"DUPLICATE_DATABASE"}},
	{name: "create if not exists", url: "/api/v1/databases", body: `{"name":"default","if_not_exists":true}`, status: 200, has: []string{`"created":false`}},
	{name: "create without name", url: "/api/v1/databases", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "drop database", method: "DELETE", url: "/api/v1/databases/default", status: 200, has: []string{`"success":true`}},
	{name: "drop no database", method: "DELETE", url: "/api/v1/databases/nope", status: 404},
	{name: "import JSON", url: "/api/v1/import/sql", body: `{"table":"city","data":[{"id":1,"name":"Oslo"},{"id":2,"name":"Rome"}]}`, status: 200, has: []string{`"rows_imported":2`, `"created":true`}},
	{name: "import without a table", url: "/api/v1/import/sql", body: `{"data":[]}`, status: 400},
	{name: "import in an unknown encoding", url: "/api/v1/import/sql?table=city", body: "id\n1\n", headers: map[string]string{"Content-Type": "text/csv", "Content-Encoding": "br"}, status: 415, has: []string{"gzip, zstd"}},
	{name: "import with a field twice", url: "/api/v1/import/sql", body: "--x\r\nContent-Disposition: form-data; name=\"table\"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=\"table\"\r\n\r\nb\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nid\n1\n\r\n--x--\r\n", headers: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "no query to cancel", method: "DELETE", url: "/api/v1/queries/nope", status: 404, has: []string{"QUERY_NOT_FOUND"}},
	{name: "no queries", url: "/api/v1/queries", status: 200, has: []string{`{"queries":[]}`}},
}

func recovering(s *Server, _ *fake) { s.backend.Store(nil) }

func draining(s *Server, _ *fake) { s.Drain() }

func poisoned(_ *Server, f *fake) { f.health = errors.New("fsync secret") }

func progress() Progress { return Progress{Records: 3, Bytes: 250, LastCommit: time.Unix(0, 0)} }

var operationScenarios = []scenario{
	{name: "health", url: "/health", status: 200, has: []string{`"status":"healthy"`}},
	{name: "healthz", url: "/healthz", status: 200, has: []string{`"status":"healthy"`}},
	{name: "livez", url: "/livez", status: 200},
	{name: "readyz", url: "/readyz", status: 200, has: []string{`{"status":"ready"}`}},
	{name: "HEAD readyz", method: "HEAD", url: "/readyz", status: 200},
	{name: "detailed", url: "/health/detailed", status: 200, has: []string{`"checks":[{"name":"storage","status":"healthy"}`}},
	{name: "recovering: livez", url: "/livez", state: recovering, status: 200},
	{name: "recovering: readyz", url: "/readyz", state: recovering, opts: Options{Progress: progress}, status: 503, has: []string{`"status":"recovering"`, `"records":3,"bytes":250,"last_commit":"1970-01-01T00:00:00Z"`}, header: map[string]string{"Retry-After": "1"}},
	{name: "recovering: health", url: "/health/ready", state: recovering, status: 503},
	{name: "recovering: query", body: `{"sql":"SELECT 1"}`, state: recovering, status: 503, has: []string{`"code":"RECOVERING"`, `"retryable":true`}, header: map[string]string{"Retry-After": "1"}},
	{name: "recovering: tables", url: "/api/v1/tables", state: recovering, status: 503, has: []string{"RECOVERING"}},
	{name: "recovering: version", url: "/version", state: recovering, status: 200},
	{name: "draining: readyz", url: "/readyz", state: draining, status: 503, has: []string{"shutting_down"}},
	{name: "draining: livez", url: "/livez", state: draining, status: 200},
	{name: "poisoned: readyz", url: "/readyz", state: poisoned, status: 503, has: []string{"read_only"}, hasNot: []string{"secret"}},
	{name: "poisoned: detailed", url: "/health/detailed", state: poisoned, status: 503, has: []string{`"status":"read_only"`}},
	{name: "version", url: "/version", opts: Options{Version: "1.2.3"}, status: 200, has: []string{`"version":"1.2.3"`}},
	{name: "metrics", url: "/metrics", status: 200, has: []string{"weft_ready 1", "weft_http_request_duration_seconds", "go_goroutines", "weft_log_fsync_duration_seconds"}},
	{name: "metrics as JSON", url: "/api/v1/metrics", status: 200, has: []string{`"total_requests":0`, `"success_rate":1`}},
	{name: "openapi", url: "/openapi.json", status: 200, has: []string{`{"openapi":"3.1.0"`}, hasNot: []string{`"<<"`}},
	{name: "docs", url: "/docs", status: 200, has: []string{"<code>/api/v1/query</code>", "curl -s"}, hasNot: []string{"<script", "http://cdn", "ZgotmplZ"}},
}

var wrapScenarios = []scenario{
	{name: "request id is kept", url: "/livez", headers: map[string]string{"X-Request-Id": "abc-1"}, status: 200, header: map[string]string{"X-Request-Id": "abc-1"}},
	{name: "security headers", url: "/livez", status: 200, header: map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Access-Control-Allow-Origin": ""}},
	{name: "too many requests at once", body: `{"sql":"SELECT 1"}`, opts: Options{MaxInFlight: 1}, state: func(s *Server, _ *fake) { s.inFlight.Store(1) }, status: 503, has: []string{"OVERLOADED"}, header: map[string]string{"Retry-After": "1"}},
	{name: "livez answers however many there are", url: "/livez", opts: Options{MaxInFlight: 1}, state: func(s *Server, _ *fake) { s.inFlight.Store(1) }, status: 200},
	{name: "cors off", url: "/livez", headers: map[string]string{"Origin": "https://a.example"}, status: 200, header: map[string]string{"Access-Control-Allow-Origin": "", "Vary": ""}},
	{name: "cors of a listed origin", url: "/livez", opts: Options{CORSOrigins: []string{"https://a.example"}}, headers: map[string]string{"Origin": "https://a.example"}, status: 200, header: map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Vary": "Origin"}},
	{name: "cors of another origin", url: "/livez", opts: Options{CORSOrigins: []string{"https://a.example"}}, headers: map[string]string{"Origin": "https://b.example"}, status: 200, header: map[string]string{"Access-Control-Allow-Origin": ""}},
	{name: "cors preflight", method: "OPTIONS", url: "/api/v1/query", opts: Options{CORSOrigins: []string{"*"}}, headers: map[string]string{"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}, status: 204, header: map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE"}},
	{name: "a page of another site", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Origin": "https://evil.example"}, status: 403, has: []string{"ORIGIN_NOT_ALLOWED"}},
	{name: "a page of this server", body: `{"sql":"SELECT 1"}`, headers: map[string]string{"Origin": "http://example.com"}, status: 200},
	{name: "a page that is allowed", body: `{"sql":"SELECT 1"}`, opts: Options{CORSOrigins: []string{"https://a.example"}}, headers: map[string]string{"Origin": "https://a.example"}, status: 200},
	{name: "host by address", url: "http://127.0.0.1:7600/livez", opts: Options{Hosts: []string{}}, status: 200},
	{name: "host localhost", url: "http://localhost:7600/livez", opts: Options{Hosts: []string{}}, status: 200},
	{name: "host by IPv6 address", url: "http://[::1]:7600/livez", opts: Options{Hosts: []string{}}, status: 200},
	{name: "host of somebody's DNS", url: "http://evil.example:7600/livez", opts: Options{Hosts: []string{}}, status: 421, has: []string{"HOST_NOT_ALLOWED"}},
	{name: "host that is allowed", url: "http://db.example/livez", opts: Options{Hosts: []string{"db.example"}}, status: 200},
}
