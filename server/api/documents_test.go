package api

import (
	"context"
	"strings"
	"testing"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
)

const docsURL = "/api/v1/documents/collections"

// docs puts documents into the collection c.
func docs(texts ...string) func(*Server, *fake) {
	return func(_ *Server, f *fake) {
		s, err := f.Documents(context.Background(), "", true)
		if err != nil {
			panic(err)
		}
		for _, text := range texts {
			v, err := doc.Parse([]byte(text))
			if err != nil {
				panic(err)
			}
			if _, _, err := s.Insert(context.Background(), "c", "", v); err != nil {
				panic(err)
			}
		}
	}
}

// left wants the documents of the collection c.
func left(want ...string) func(*testing.T, *fake) {
	return func(t *testing.T, f *fake) {
		t.Helper()
		s, err := f.Documents(context.Background(), "", false)
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.Find(context.Background(), "c", document.Query{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range page.Documents {
			got = append(got, page.Documents[i].Value.JSON())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

var documentScenarios = []scenario{
	{name: "doc insert", url: docsURL + "/c/documents", body: `{"id":"a","document":{"n":1.50}}`, status: 201, has: []string{`{"success":true,"id":"a"}`},
		header: map[string]string{"Location": docsURL + "/c/documents/a"}, check: left(`{"_id":"a","n":1.50}`)},
	{name: "doc insert, own id", url: docsURL + "/c/documents", body: `{"document":{"id":"x"}}`, status: 201, has: []string{`"id":"x"`}},
	{name: "doc insert, twice", url: docsURL + "/c/documents", body: `{"document":{"_id":"a"}}`, state: docs(`{"_id":"a"}`), status: 409, has: []string{"DOCUMENT_EXISTS", `"field":"_id"`}},
	{name: "doc insert, nothing", url: docsURL + "/c/documents", body: `{"id":"a"}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "doc insert, no object", url: docsURL + "/c/documents", body: `{"document":[1]}`, status: 400, has: []string{"INVALID_DOCUMENT"}},
	{name: "doc insert, unknown field", url: docsURL + "/c/documents", body: `{"document":{},"doc":{}}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "doc insert, empty id", url: docsURL + "/c/documents", body: `{"id":"","document":{}}`, status: 400, has: []string{"INVALID_ID", `"field":"id"`}},
	{name: "doc insert, unknown parameter", url: docsURL + "/c/documents?databse=x", body: `{"document":{}}`, status: 400, has: []string{"UNKNOWN_FIELD", `"field":"databse"`}},
	{name: "doc batch insert, unknown parameter", url: docsURL + "/c/batch-insert?x=1", body: `{"documents":[{}]}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "doc batch delete, unknown parameter", url: docsURL + "/c/batch-delete?x=1", body: `{"ids":["a"]}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc update, unknown parameter", url: docsURL + "/c/update?limit=1", body: `{"filter":{},"update":{"$set":{"n":1}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc delete, unknown parameter", url: docsURL + "/c/delete?limit=1", body: `{"filter":{}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc modify, unknown parameter", url: docsURL + "/c/find-and-modify?x=1", body: `{"filter":{},"remove":true}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc count, unknown parameter", url: docsURL + "/c/count?filter=1", body: `{}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "doc aggregate, unknown parameter", url: docsURL + "/c/aggregate?x=1", body: `{"pipeline":[]}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "doc and kv, made within a transaction", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/kv/buckets","body":{"name":"s"}},{"method":"POST","path":"/documents/collections","body":{"name":"c"}},{"method":"GET","path":"/documents/collections/c/stats"}]}`,
		status: 200, has: []string{`"compression":"none","created_at":null`, `"index_count":0,"created_at":null`}, hasNot: []string{"1970-01-01", "0001-01-01"}},
	{name: "doc insert, bad JSON", url: docsURL + "/c/documents", body: `{"document":{]}`, status: 400, has: []string{"INVALID_JSON"}},
	{name: "doc insert, bad name", url: docsURL + "/a%2Fb/documents", body: `{"document":{}}`, status: 400, has: []string{"INVALID_COLLECTION"}},

	{name: "doc get", url: docsURL + "/c/documents/a", state: docs(`{"_id":"a","n":{"x":[1,2]}}`), status: 200, has: []string{`{"id":"a","collection":"c","version":"`, `"data":{"_id":"a","n":{"x":[1,2]}}}`}},
	{name: "doc get part", url: docsURL + "/c/documents/a?path=n.x.1", state: docs(`{"_id":"a","n":{"x":[1,2]}}`), status: 200, has: []string{`{"id":"a","path":"n.x.1","value":2}`}},
	{name: "doc get part, none", url: docsURL + "/c/documents/a?path=z", state: docs(`{"_id":"a"}`), status: 404, has: []string{"PATH_NOT_FOUND"}},
	{name: "doc get, none", url: docsURL + "/c/documents/b", state: docs(`{"_id":"a"}`), status: 404, has: []string{"DOCUMENT_NOT_FOUND"}},
	{name: "doc get, no collection", url: docsURL + "/c/documents/b", status: 404, has: []string{"COLLECTION_NOT_FOUND"}},
	{name: "doc get, no database", url: docsURL + "/c/documents/b?database=x", status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{name: "doc get, odd id", url: docsURL + "/c/documents/a%2Fb%20%3F", state: docs(`{"_id":"a/b ?"}`), status: 200, has: []string{`"id":"a/b ?"`}},
	{name: "doc get, another version", url: docsURL + "/c/documents/a", state: docs(`{"_id":"a"}`), headers: map[string]string{"If-Match": `"5"`}, status: 412, has: []string{"PRECONDITION_FAILED"}, hasNot: []string{`"data"`}},
	{name: "doc get, unchanged", url: docsURL + "/c/documents/a", state: docs(`{"_id":"a"}`), headers: map[string]string{"If-None-Match": "*"}, status: 304},

	{name: "doc delete, null", url: docsURL + "/c/delete", body: `{"filter":null}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_FIELD", `"field":"filter"`}, check: left(`{"_id":"a"}`)},
	{name: "doc update, null", url: docsURL + "/c/update", body: `{"filter":null,"update":{"$set":{"n":1}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc modify, no filter", url: docsURL + "/c/find-and-modify", body: `{"remove":true}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"MISSING_FIELD"}, check: left(`{"_id":"a"}`)},
	{name: "doc modify, remove or make", url: docsURL + "/c/find-and-modify", body: `{"filter":{},"remove":true,"upsert":true}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_FIELD", `"field":"upsert"`}, check: left(`{"_id":"a"}`)},
	{name: "doc modify, replacement by filters of arrays", url: docsURL + "/c/find-and-modify", body: `{"filter":{},"replacement":{},"array_filters":[{"e":1}]}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_FIELD", `"field":"array_filters"`}},
	{name: "doc modify, no projection", url: docsURL + "/c/find-and-modify", body: `{"filter":{},"remove":true,"projection":null}`, state: docs(`{"_id":"a"}`), status: 200, has: []string{`"data":{"_id":"a"}`}, check: left()},
	{name: "doc import, no errors allowed", url: "/api/v1/import/documents", body: `{"collection":"c","documents":[{"_id":5}],"max_errors":0}`, status: 400, has: []string{"INVALID_FIELD", `"field":"max_errors"`}},
	{name: "doc replace", method: "PUT", url: docsURL + "/c/documents/a", body: `{"document":{"m":2}}`, state: docs(`{"_id":"a","n":1}`), status: 200, has: []string{`{"success":true,"document":{"id":"a","collection":"c"`}, check: left(`{"_id":"a","m":2}`)},
	{name: "doc replace, none", method: "PUT", url: docsURL + "/c/documents/b", body: `{"document":{}}`, state: docs(`{"_id":"a"}`), status: 404},
	{name: "doc upsert", method: "PUT", url: docsURL + "/c/documents/b?upsert=true", body: `{"document":{}}`, state: docs(`{"_id":"a"}`), status: 201, check: left(`{"_id":"a"}`, `{"_id":"b"}`)},
	{name: "doc replace, other version", method: "PUT", url: docsURL + "/c/documents/a", body: `{"document":{}}`, headers: map[string]string{"If-Match": `"5"`}, state: docs(`{"_id":"a","n":1}`), status: 412, has: []string{"PRECONDITION_FAILED"}, check: left(`{"_id":"a","n":1}`)},
	{name: "doc replace, other id", method: "PUT", url: docsURL + "/c/documents/a", body: `{"document":{"_id":"b"}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_ID"}},

	{name: "doc patch", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"document":{"m":null}}`, state: docs(`{"_id":"a","n":1}`), status: 200, check: left(`{"_id":"a","n":1,"m":null}`)},
	{name: "doc patch, operators", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"update":{"$inc":{"n":2}}}`, state: docs(`{"_id":"a","n":1}`), status: 200, check: left(`{"_id":"a","n":3}`)},
	{name: "doc patch, unknown operator", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"update":{"$incr":{"n":2}}}`, state: docs(`{"_id":"a","n":1}`), status: 400, has: []string{"UNKNOWN_OPERATOR", "$incr", "$inc"}},
	{name: "doc patch, not applicable", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"update":{"$inc":{"n":2}}}`, state: docs(`{"_id":"a","n":"1"}`), status: 422, has: []string{"UPDATE_NOT_APPLICABLE"}},
	{name: "doc merge patch", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"n":null,"m":{"x":1}}`, headers: map[string]string{"Content-Type": "application/merge-patch+json"}, state: docs(`{"_id":"a","n":1}`), status: 200, check: left(`{"_id":"a","m":{"x":1}}`)},
	{name: "doc JSON patch", method: "PATCH", url: docsURL + "/c/documents/a", body: `[{"op":"test","path":"/n","value":1},{"op":"replace","path":"/n","value":5}]`, headers: map[string]string{"Content-Type": "application/json-patch+json"}, state: docs(`{"_id":"a","n":1}`), status: 200, check: left(`{"_id":"a","n":5}`)},
	{name: "doc JSON patch, test fails", method: "PATCH", url: docsURL + "/c/documents/a", body: `[{"op":"test","path":"/n","value":2}]`, headers: map[string]string{"Content-Type": "application/json-patch+json"}, state: docs(`{"_id":"a","n":1}`), status: 422, has: []string{"PATCH_NOT_APPLICABLE"}},
	{name: "doc patch of id", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"document":{"_id":"b"}}`, state: docs(`{"_id":"a"}`), status: 422, has: []string{"IMMUTABLE_ID"}},
	{name: "doc delete", method: "DELETE", url: docsURL + "/c/documents/a", state: docs(`{"_id":"a","n":1}`), status: 200, has: []string{`{"success":true,"deleted":{"id":"a"`}, check: left()},
	{name: "doc delete, none", method: "DELETE", url: docsURL + "/c/documents/b", state: docs(`{"_id":"a"}`), status: 404},

	{name: "doc query", url: docsURL + "/c/query", body: `{"filter":{"n":{"$gte":2}},"sort":{"n":-1},"limit":1,"projection":["n"],"explain":true}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2,"x":0}`, `{"_id":"c","n":3}`), status: 200,
		has: []string{`{"documents":[{"id":"c"`, `"data":{"_id":"c","n":3}}],"total_scanned":3,"next_cursor":"`, `"sort":"memory"`}, hasNot: []string{`"id":"b"`}},
	{name: "doc query, short path", url: "/api/v1/documents/c/query", body: `{"sort":{"field":"n","ascending":false}}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`), status: 200, has: []string{`"next_cursor":null`}},
	{name: "doc query, unknown operator", url: docsURL + "/c/query", body: `{"filter":{"n":{"$gte":2,"$foo":1}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_OPERATOR", "$foo"}},
	{name: "doc query, logic", url: docsURL + "/c/query", body: `{"filter":{"$or":[{"n":1},{"n":3}]}}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`), status: 200, has: []string{`"id":"a"`}, hasNot: []string{`"id":"b"`}},
	{name: "doc query, bad sort", url: docsURL + "/c/query", body: `{"sort":{"n":2}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_SORT"}},
	{name: "doc query, bad limit", url: docsURL + "/c/query", body: `{"limit":10001}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_LIMIT"}},
	{name: "database totals", url: "/api/v1/admin/database?local=true", state: docs(`{"_id":"a"}`, `{"_id":"b"}`), status: 200, has: []string{`{"total_keys":0,"total_documents":2,"collection_count":1,"documents_inserted":`}},
	{name: "database totals, bad parameter", url: "/api/v1/admin/database?local=maybe", status: 400, has: []string{"INVALID_FIELD", "local"}},
	{name: "doc query, limit of nothing", url: docsURL + "/c/query", body: `{"limit":0}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_LIMIT", `"field":"limit"`}},
	{name: "doc query, field twice", url: docsURL + "/c/query", body: `{"filter":{"n":{"$gt":1},"n":{"$lt":3}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"DUPLICATE_FIELD", "named twice"}},
	{name: "doc query, operator twice", url: docsURL + "/c/query", body: `{"filter":{"n":{"$gt":1,"$gt":3}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"DUPLICATE_FIELD"}},
	{name: "doc patch, operator twice", method: "PATCH", url: docsURL + "/c/documents/a", body: `{"update":{"$inc":{"n":2},"$inc":{"m":2}}}`, state: docs(`{"_id":"a","n":1}`), status: 400, has: []string{"DUPLICATE_FIELD"}, check: left(`{"_id":"a","n":1}`)},
	{name: "doc insert, field twice", url: docsURL + "/c/documents", body: `{"id":"a","document":{"n":1,"n":2}}`, status: 201, check: left(`{"_id":"a","n":2}`)},
	{name: "doc query, bad cursor", url: docsURL + "/c/query", body: `{"cursor":"abc"}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"INVALID_CURSOR"}},
	{name: "doc list", url: docsURL + "/c?limit=1&skip=1&fields=n", state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2,"m":1}`), status: 200, has: []string{`"data":{"_id":"b","n":2}`}},
	{name: "doc list documents", url: docsURL + "/c/documents", state: docs(`{"_id":"a","n":1}`), status: 200, has: []string{`"documents":[{"id":"a"`}},
	{name: "doc aggregate", url: docsURL + "/c/aggregate", body: `{"pipeline":[{"$group":{"_id":"$n","count":{"$sum":1}}},{"$sort":{"_id":-1}}]}`, state: docs(`{"n":1}`, `{"n":1}`, `{"n":2}`), status: 200, has: []string{`{"documents":[{"_id":2,"count":1},{"_id":1,"count":2}],"count":2,"out":null`}},
	{name: "doc aggregate, out", url: docsURL + "/c/aggregate", body: `{"pipeline":[{"$match":{"n":1}},{"$out":"c"}]}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`), status: 200, has: []string{`"count":1,"out":"c"`}, check: left(`{"_id":"a","n":1}`)},
	{name: "doc aggregate, unknown stage", url: docsURL + "/c/aggregate", body: `{"pipeline":[{"$geoNear":{}}]}`, state: docs(`{"n":1}`), status: 400, has: []string{"UNKNOWN_OPERATOR", "$geoNear", "$group"}},
	{name: "doc aggregate, failing", url: docsURL + "/c/aggregate", body: `{"pipeline":[{"$project":{"x":{"$divide":[1,"$n"]}}}]}`, state: docs(`{"n":0}`), status: 422, has: []string{"EXPRESSION_FAILED", "$divide"}},
	{name: "doc count", url: docsURL + "/c/count", body: `{"filter":{"n":1}}`, state: docs(`{"n":1}`, `{"n":1}`, `{"n":2}`), status: 200, has: []string{`{"count":2}`}},

	{name: "doc update", url: docsURL + "/c/update", body: `{"filter":{"n":{"$lt":3}},"update":{"$set":{"n":9}}}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`, `{"_id":"c","n":3}`), status: 200, has: []string{`{"success":true,"matched":2,"modified":2,"upserted_id":null}`}, check: left(`{"_id":"a","n":9}`, `{"_id":"b","n":9}`, `{"_id":"c","n":3}`)},
	{name: "doc update one", url: docsURL + "/c/update", body: `{"filter":{},"sort":{"n":-1},"update":{"$set":{"n":9}}}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`), status: 200, has: []string{`"matched":1`}, check: left(`{"_id":"a","n":1}`, `{"_id":"b","n":9}`)},
	{name: "doc update, upsert", url: docsURL + "/c/update", body: `{"filter":{"_id":"z","n":1},"update":{"$setOnInsert":{"m":2}},"upsert":true}`, status: 200, has: []string{`"matched":0,"modified":0,"upserted_id":"z"`}, check: left(`{"_id":"z","n":1,"m":2}`)},
	{name: "doc update, without filter", url: docsURL + "/c/update", body: `{"update":{"$set":{"n":9}}}`, state: docs(`{"_id":"a"}`), status: 400, has: []string{"MISSING_FIELD", `"field":"filter"`}},
	{name: "doc delete many", url: docsURL + "/c/delete", body: `{"filter":{"n":1}}`, state: docs(`{"_id":"a","n":1}`, `{"_id":"b","n":2}`), status: 200, has: []string{`"deleted":1`}, check: left(`{"_id":"b","n":2}`)},
	{name: "doc delete many, without filter", url: docsURL + "/c/delete", body: `{}`, state: docs(`{"_id":"a"}`), status: 400, check: left(`{"_id":"a"}`)},
	{name: "doc find and modify", url: docsURL + "/c/find-and-modify", body: `{"filter":{"s":"new"},"sort":{"_id":1},"update":{"$set":{"s":"taken"}},"return":"after"}`, state: docs(`{"_id":"a","s":"new"}`, `{"_id":"b","s":"new"}`), status: 200, has: []string{`"data":{"_id":"a","s":"taken"}`}},
	{name: "doc find and remove", url: docsURL + "/c/find-and-modify", body: `{"filter":{"s":"new"},"remove":true}`, state: docs(`{"_id":"a","s":"new"}`), status: 200, has: []string{`"data":{"_id":"a","s":"new"}`}, check: left()},
	{name: "doc find and modify, none", url: docsURL + "/c/find-and-modify", body: `{"filter":{"s":"x"},"remove":true}`, state: docs(`{"_id":"a"}`), status: 200, has: []string{`"document":null`}},
	{name: "doc find and modify, both", url: docsURL + "/c/find-and-modify", body: `{"filter":{},"remove":true,"update":{"$set":{"a":1}}}`, state: docs(`{"_id":"a"}`), status: 400},

	{name: "doc batch insert", url: docsURL + "/c/batch-insert", body: `{"documents":[{"_id":"a"},{"_id":"b"}]}`, status: 201, has: []string{`{"success":true,"ids":["a","b"],"count":2}`}},
	{name: "doc batch insert, all or none", url: docsURL + "/c/batch-insert", body: `{"documents":[{"_id":"a"},{"_id":"b"},{"_id":"b"}]}`, state: docs(`{"_id":"z"}`), status: 409, has: []string{`"field":"documents[2]._id"`}, check: left(`{"_id":"z"}`)},
	{name: "doc batch delete", url: docsURL + "/c/batch-delete", body: `{"ids":["a","x"]}`, state: docs(`{"_id":"a"}`), status: 200, has: []string{`{"success":true,"deleted":1}`}},

	{name: "doc collections", url: docsURL, state: docs(`{"_id":"a"}`), status: 200, has: []string{`[{"name":"c","document_count":1,"index_count":0}]`}},
	{name: "doc create collection", url: docsURL, body: `{"name":"c","fields":{"n":{"type":"int","required":true}},"indexes":[{"fields":["n"],"unique":true}]}`, status: 201, has: []string{`{"success":true,"collection":"c"}`}},
	{name: "doc create collection, twice", url: docsURL, body: `{"name":"c"}`, state: docs(`{"_id":"a"}`), status: 409, has: []string{"COLLECTION_EXISTS"}},
	{name: "doc create collection, lenient", url: docsURL, body: `{"name":"c","if_not_exists":true}`, state: docs(`{"_id":"a"}`), status: 200},
	{name: "doc create collection, bad schema", url: docsURL, body: `{"name":"c","schema":{"type":"strin"}}`, status: 400, has: []string{"INVALID_SCHEMA"}},
	{name: "doc create collection, bad index", url: docsURL, body: `{"name":"c","indexes":[{"fields":[]}]}`, status: 400, has: []string{"INVALID_INDEX", "indexes[0]"}},
	{name: "doc stats", url: docsURL + "/c/stats", state: docs(`{"_id":"a"}`), status: 200, has: []string{`{"name":"c","document_count":1,"index_count":0,"created_at":"`, `"validation_action":"error","validate_formats":false,"schema":null,"indexes":[],"documents_inserted":1,"documents_updated":0,"documents_deleted":0,"queries_executed":0}`}},
	{name: "doc create collection, formats", url: docsURL, body: `{"name":"c","fields":{"n":{"type":"int"}},"validate_formats":true}`, status: 201},
	{name: "doc create collection, additional_properties alone", url: docsURL, body: `{"name":"c","schema":{},"additional_properties":false}`, status: 400, has: []string{`"field":"additional_properties"`}},
	{name: "doc create collection, additional_properties no flag", url: docsURL, body: `{"name":"c","fields":{},"additional_properties":"no"}`, status: 400, has: []string{`"field":"additional_properties"`}},
	{name: "doc alter collection", method: "PATCH", url: docsURL + "/c", body: `{"schema":{"required":["n"]},"validation_action":"warn"}`, state: docs(`{"_id":"a"}`), status: 200, has: []string{`"validation_action":"warn","validate_formats":false,"schema":{"required":["n"]}`}},
	{name: "doc drop collection", method: "DELETE", url: docsURL + "/c", state: docs(`{"_id":"a"}`), status: 200},
	{name: "doc drop collection, none", method: "DELETE", url: docsURL + "/c", status: 404},
	{name: "doc create index", url: docsURL + "/c/indexes", body: `{"fields":["a.b",{"path":"n","order":"desc"}],"partial":{"n":{"$gt":0}}}`, state: docs(`{"_id":"a","n":1}`), status: 201,
		has: []string{`"name":"a.b_1_n_-1","fields":[{"path":"a.b","order":"asc"},{"path":"n","order":"desc"}],"kind":"ordered","unique":false,"multikey":false,"building":false,"partial":{"n":{"$gt":0}}`}},
	{name: "doc create unique index, violated", url: docsURL + "/c/indexes", body: `{"fields":["n"],"unique":true}`, state: docs(`{"n":1}`, `{"n":1}`), status: 409, has: []string{"UNIQUE_VIOLATION"}},
	{name: "doc create index, bad kind", url: docsURL + "/c/indexes", body: `{"fields":["n"],"kind":"bitmap"}`, status: 400, has: []string{"INVALID_INDEX"}},
	{name: "doc indexes", url: docsURL + "/c/indexes", state: docs(`{"n":1}`), status: 200, has: []string{`{"indexes":[]}`}},
	{name: "doc drop index", method: "DELETE", url: docsURL + "/c/indexes/n_1", state: func(s *Server, f *fake) {
		docs(`{"n":1}`)(s, f)
		store, err := f.Documents(context.Background(), "", true)
		if err != nil {
			panic(err)
		}
		if _, _, err := store.CreateIndex(context.Background(), "c", document.Index{Fields: []document.IndexField{{Path: "n"}}}); err != nil {
			panic(err)
		}
	}, status: 200, has: []string{`{"success":true,"index":"n_1"}`}},
	{name: "doc drop index, none", method: "DELETE", url: docsURL + "/c/indexes/x", state: docs(`{"n":1}`), status: 404, has: []string{"INDEX_NOT_FOUND"}},
	{name: "doc export", url: docsURL + "/c/export", state: docs(`{"_id":"a","n":1}`, `{"_id":"b"}`), status: 200, has: []string{"{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\"}\n"}, header: map[string]string{"Content-Type": "application/x-ndjson"}},
	{name: "doc import", url: "/api/v1/import/documents", body: `{"collection":"c","documents":[{"_id":"a"},{"_id":5},{"_id":"b"}]}`, status: 207, has: []string{`{"success":false,"rows_imported":2,"stopped":false,"errors":[{"row":2,"code":"INVALID_ID"`}, check: left(`{"_id":"a"}`, `{"_id":"b"}`)},
	{name: "doc import, atomic", url: "/api/v1/import/documents", body: `{"collection":"c","mode":"atomic","documents":[{"_id":"a"},{"_id":5}]}`, state: docs(`{"_id":"z"}`), status: 400, has: []string{"documents[1]"}, check: left(`{"_id":"z"}`)},
	{name: "doc import, replace", url: "/api/v1/import/documents", body: `{"collection":"c","on_conflict":"replace","documents":[{"_id":"a","n":2}]}`, state: docs(`{"_id":"a"}`), status: 200, check: left(`{"_id":"a","n":2}`)},
	{name: "doc import, lines", url: "/api/v1/import/documents?collection=c", body: "{\"_id\":\"a\"}\n\n{\"_id\":\"b\"}\n", headers: map[string]string{"Content-Type": "application/x-ndjson"}, status: 200, has: []string{`"rows_imported":2`}},
	{name: "doc import, bad line", url: "/api/v1/import/documents?collection=c", body: "{\"_id\":\"a\"}\n{\n\n{\"_id\":\"b\"}", headers: map[string]string{"Content-Type": "application/x-ndjson"}, status: 207,
		has: []string{`"rows_imported":2,"stopped":false,"errors":[{"row":2,"code":"INVALID_JSON","message":"line 2: `}, check: left(`{"_id":"a"}`, `{"_id":"b"}`)},
	{name: "doc import, bad line, atomic", url: "/api/v1/import/documents?collection=c&mode=atomic", body: "{\"_id\":\"a\"}\n{", headers: map[string]string{"Content-Type": "application/x-ndjson"}, status: 400, state: docs(`{"_id":"z"}`),
		has: []string{`"field":"line 2"`}, check: left(`{"_id":"z"}`)},
	{name: "doc import, ragged CSV", url: "/api/v1/import/documents?collection=c", body: "_id,n\na,1\nb\nc,3,4\nd,4\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 207,
		has: []string{`"rows_imported":2`, `{"row":2,"code":"INVALID_CSV","message":"line 3: record has 1 fields, the header has 2"}`, `{"row":3,`}, check: left(`{"_id":"a","n":1}`, `{"_id":"d","n":4}`)},
	{name: "doc import, ragged CSV, atomic", url: "/api/v1/import/documents?collection=c&mode=atomic", body: "_id,n\na,1\nb\n", headers: map[string]string{"Content-Type": "text/csv"}, status: 400, state: docs(`{"_id":"z"}`),
		has: []string{`"field":"line 3"`}, check: left(`{"_id":"z"}`)},
	{name: "doc import, where to", url: "/api/v1/import/documents", body: `{"documents":[]}`, status: 400, has: []string{`"field":"collection"`}},
	{name: "doc in a batch", url: "/api/v1/batch", body: `{"operations":[{"id":"d","method":"POST","path":"/documents/collections/c/documents","body":{"document":{"_id":"a","n":1}}},{"method":"POST","path":"/documents/collections/c/query","body":{"filter":{"n":1}}}]}`,
		status: 200, has: []string{`"status":201`, `"data":{"_id":"a","n":1}`}, check: left(`{"_id":"a","n":1}`)},
	{name: "doc in a batch that fails", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/documents/collections/c/documents","body":{"document":{"_id":"a"}}},{"method":"POST","path":"/documents/collections/c/documents","body":{"document":{"_id":"a"}}}]}`,
		state: docs(`{"_id":"z"}`), status: 409, check: left(`{"_id":"z"}`)},
}
