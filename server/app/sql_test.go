package app

import (
	"strings"
	"testing"
)

// step is one request of a story told to one server.
type step struct {
	method, url, body string // POST where there is a body, else GET; url defaults to /api/v1/query
	status            int
	has               []string
	hasNot            []string
}

func q(sql string, rest ...string) string {
	return `{"sql":"` + strings.ReplaceAll(sql, `"`, `\"`) + `"` + strings.Join(rest, "") + `}`
}

// story runs against the real engine, in order.
var story = []step{
	{body: q("CREATE TABLE city (id int PRIMARY KEY, name text NOT NULL, people bigint CHECK (people > 0), note json)"), status: 200, has: []string{`"command":"CREATE TABLE"`}},
	{body: q("CREATE TABLE city (id int)"), status: 409, has: []string{"DUPLICATE_TABLE"}},
	{body: q("INSERT INTO city VALUES ($1, $2, $3, $4), (2, 'Bergen', NULL, NULL), (3, '', 5, NULL)", `,"params":[1,"Oslo",717710,{"a":1.50}]`), status: 200, has: []string{`"rows_affected":3,"command":"INSERT"`}},
	{body: q("SELECT id, name, people, note FROM city ORDER BY id"), status: 200, has: []string{`"types":["integer","text","bigint","json"],"rows":[[1,"Oslo",717710,{"a": 1.50}],[2,"Bergen",null,null],[3,"",5,null]],"rows_affected":0`}},
	{body: q("SELECT name FROM city WHERE id = $1", `,"params":[2]`), status: 200, has: []string{`[["Bergen"]]`}},
	{body: q("SELECT name FROM city WHERE id = ?", `,"params":[2]`), status: 200, has: []string{`[["Bergen"]]`}},
	{body: q("SELECT id, name FROM city WHERE id = 1", `,"rows":"objects"`), status: 200, has: []string{`"rows":[{"id":1,"name":"Oslo"}]`}},
	{url: "/api/v1/query?format=csv", body: q("SELECT id, name, people FROM city ORDER BY id"), status: 200, has: []string{"id,name,people\n1,Oslo,717710\n2,Bergen,\n3,\"\",5\n"}},
	{url: "/api/v1/query?format=ndjson", body: q("SELECT id, name FROM city ORDER BY id"), status: 200, has: []string{"\n[1,\"Oslo\"]\n[2,\"Bergen\"]\n", `{"end":{"rows":3,`}},
	{body: q("UPDATE city SET people = 6 WHERE id = 3 RETURNING id, people"), status: 200, has: []string{`"rows":[[3,6]],"rows_affected":1,"command":"UPDATE"`}},

	// Failures: the class, the code, the place.
	{body: q("INSERT INTO city VALUES (1, 'x')"), status: 409, has: []string{"UNIQUE_VIOLATION", `"sqlstate":"23505"`, `"retryable":false`}},
	{body: q("INSERT INTO city VALUES (9, NULL)"), status: 422, has: []string{"NOT_NULL_VIOLATION"}},
	{body: q("INSERT INTO city VALUES (9, 'x', 0)"), status: 422, has: []string{"CHECK_VIOLATION"}},
	{body: q("SELECT 1 / 0"), status: 422, has: []string{"DIVISION_BY_ZERO"}},
	{body: q("SELECT 'x'::int"), status: 422, has: []string{"INVALID_TEXT_REPRESENTATION"}},
	{body: q("SELECT * FROM nowhere"), status: 404, has: []string{"UNDEFINED_TABLE", `"position":{"line":1,"column":15,"offset":14}`}},
	{body: q("SELECT 'ä',\\n nmae FROM city"), status: 400, has: []string{"UNDEFINED_COLUMN", `"position":{"line":2,"column":2,"offset":13}`}},
	{body: q("SELEC 1"), status: 400, has: []string{"SYNTAX_ERROR", `"sqlstate":"42601"`}},
	{body: q("SELECT $1"), status: 400, has: []string{"UNDEFINED_PARAMETER"}},
	{body: q("SELECT 1 FROM generate_series(1, 11)", `,"max_rows":10`), status: 413},
	{body: q(long, `,"timeout_ms":30`), status: 504, has: []string{"STATEMENT_TIMEOUT"}},

	// A call is a transaction.
	{body: q("INSERT INTO city VALUES (10, 'Rome'); INSERT INTO city VALUES (1, 'x')"), status: 409},
	{body: q("SELECT count(*) FROM city WHERE id = 10"), status: 200, has: []string{`[[0]]`}},
	{body: q("BEGIN; INSERT INTO city VALUES (11, 'Rome'); ROLLBACK; SELECT count(*) FROM city WHERE id = 11"), status: 200, has: []string{`"data":{"columns":["count"],"types":["bigint"],"rows":[[0]]`, `"results":[{`, `"command":"ROLLBACK"`}},
	{body: q("BEGIN; INSERT INTO city VALUES (12, 'Rome')"), status: 400},
	{body: q("SELECT count(*) FROM city"), status: 200, has: []string{`[[3]]`}},

	// Reading by GET does not write.
	{url: "/api/v1/query?sql=SELECT+name+FROM+city+WHERE+id%3D%241&params=[1]", status: 200, has: []string{`[["Oslo"]]`}},
	{url: "/api/v1/query?sql=DELETE+FROM+city", status: 400, has: []string{"READ_ONLY_TRANSACTION"}},

	// Other shapes.
	{body: `{"query":"SELECT 1 AS time, 2 AS v","queryType":"sql","timeRange":{"from":0,"to":1}}`, status: 200, has: []string{`},"columns":["time","v"],"types":["integer","integer"],"rows":[[1,2]]`}},
	{url: "/api/v1/query-builder/execute", body: `{"query":"SELECT id FROM city ORDER BY id"}`, status: 200, has: []string{`"rows":[[1],[2],[3]],"row_count":3`}},

	// The catalog.
	{url: "/api/v1/tables", status: 200, has: []string{`"name":"city"`, `{"name":"id","data_type":"integer","nullable":false,"primary_key":true,"default":null}`, `"row_count":3`}},
	{url: "/api/v1/tables/city", status: 200, has: []string{`"primary":true`, `"kind":"CHECK"`}},
	{url: "/api/v1/tables/nowhere", status: 404, has: []string{"UNDEFINED_TABLE"}},
	{url: "/api/v1/tables?database=nowhere", status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{url: "/api/v1/databases", body: `{"name":"sales"}`, status: 201},
	{url: "/api/v1/databases", body: `{"name":"sales"}`, status: 409, has: []string{"DUPLICATE_DATABASE"}},
	{body: q("CREATE TABLE city (only_here int)", `,"database":"sales"`), status: 200},
	{url: "/api/v1/tables/city?database=sales", status: 200, has: []string{"only_here"}, hasNot: []string{"people"}},
	{url: "/api/v1/databases", status: 200, has: []string{`"name":"default"`, `"name":"sales","table_count":1`}},
	{method: "DELETE", url: "/api/v1/databases/sales", status: 200},
	{url: "/api/v1/tables?database=sales", status: 404},
	{body: q("CREATE TABLE t (a int)", `,"database":"made_by_writing"`), status: 200},
	{url: "/api/v1/databases/made_by_writing", status: 200, has: []string{`"table_count":1`}},

	// Imports.
	{url: "/api/v1/import/sql", body: `{"table":"track","data":[{"id":1,"title":"a"},{"id":2,"title":"b"}]}`, status: 200, has: []string{`"rows_imported":2`, `"created":true`}},
	{body: q("SELECT id, title FROM track ORDER BY id"), status: 200, has: []string{`[[1,"a"],[2,"b"]]`}},
}

func TestStory(t *testing.T) {
	a := start(t, configure(t, "storage.backend=memory"), Options{})
	waitReady(t, a)
	for _, s := range story {
		method, url := s.method, s.url
		if method == "" {
			method = "GET"
			if s.body != "" {
				method = "POST"
			}
		}
		if url == "" {
			url = "/api/v1/query"
		}
		status, got := call(t, method, a.URL()+url, s.body)
		if status != s.status {
			t.Errorf("%s %s %s: status %d, want %d: %s", method, url, s.body, status, s.status, got)
			continue
		}
		for _, piece := range s.has {
			if !strings.Contains(got, piece) {
				t.Errorf("%s %s %s: lacks %s\n%s", method, url, s.body, piece, got)
			}
		}
		for _, piece := range s.hasNot {
			if strings.Contains(got, piece) {
				t.Errorf("%s %s %s: has %s\n%s", method, url, s.body, piece, got)
			}
		}
	}
}
