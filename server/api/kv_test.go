package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

var kvEpoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// newKV is a model in memory whose clock stands still.
func newKV() *memoryKV {
	txns, err := txn.NewMemory(txn.Options{Clock: clock.NewManual(kvEpoch)})
	if err != nil {
		panic(err)
	}
	s, err := kv.Open(txns, kv.Options{SweepEvery: -1})
	if err != nil {
		panic(err)
	}
	return &memoryKV{s, txns}
}

// memoryKV is a model with the store beneath.
type memoryKV struct {
	*kv.Store
	txns *txn.Store
}

// have puts JSON values under keys of the default bucket, with a TTL of a minute
// where the key begins with "ttl", and raw ones where the value begins with "raw:".
func have(pairs ...string) func(*Server, *fake) {
	return func(_ *Server, f *fake) {
		for i := 0; i < len(pairs); i += 2 {
			v, o := kv.JSON([]byte(pairs[i+1])), kv.PutOptions{}
			if raw, ok := strings.CutPrefix(pairs[i+1], "raw:"); ok {
				v = kv.Value{Data: []byte(raw), ContentType: "image/png"}
			}
			if strings.HasPrefix(pairs[i], "ttl") {
				o.TTL = time.Minute
			}
			if _, err := f.kv().Put(context.Background(), "", []byte(pairs[i]), v, o); err != nil {
				panic(err)
			}
		}
	}
}

// firstVersion is the version of the first commit of newKV.
var firstVersion = fmt.Sprint(kvEpoch.UnixNano())

const keysURL = "/api/v1/kv/keys"

// stored wants the value of a key of the default bucket, "-" for none.
func stored(key, want string) func(*testing.T, *fake) {
	return func(t *testing.T, f *fake) {
		e, ok, err := f.kv().Get(context.Background(), "", []byte(key))
		got := string(e.Value.Data)
		if !ok {
			got = "-"
		}
		if err != nil || got != want {
			t.Errorf("key %q has %s, want %s, %v", key, got, want, err)
		}
	}
}

var kvScenarios = []scenario{
	{name: "kv set", url: keysURL, body: `{"key":"a","value":{"n": 1}}`, status: 200, has: []string{`{"key":"a","value":{"n": 1},"ttl":null,"expires_at":null,"created_at":"2030-01-02T03:04:05Z","updated_at":"2030-01-02T03:04:05Z","version":"` + firstVersion + `","size":8,"compression":"none","checksum":"crc32c:89036826"}`},
		header: map[string]string{"Etag": `"` + firstVersion + `"`}, check: stored("a", `{"n": 1}`)},
	{name: "kv set with TTL", url: keysURL, body: `{"key":"a","value":null,"ttl":90}`, status: 200, has: []string{`"value":null,"ttl":90,"expires_at":"2030-01-02T03:05:35Z"`}},
	{name: "kv set, path", url: keysURL + "/a/b%2Fc", body: `{"value":1,"ttl":0}`, status: 200, has: []string{`"key":"a/b/c"`, `"ttl":null`}, check: stored("a/b/c", "1")},
	{name: "kv put, path", method: "PUT", url: keysURL + "/a?bucket=x", body: `{"value":1}`, status: 200, has: []string{`"key":"a"`}, check: stored("a", "-")},
	{name: "kv put, TTL in the URL", method: "PUT", url: keysURL + "/a?ttl=90", body: `{"value":1}`, status: 200, has: []string{`"ttl":90`}},
	{name: "kv put, TTL in both", method: "PUT", url: keysURL + "/a?ttl=90", body: `{"value":1,"ttl":30}`, status: 200, has: []string{`"ttl":30`}},
	{name: "kv put, keep TTL in the URL", method: "PUT", url: keysURL + "/ttl?keep_ttl", body: `{"value":2}`, state: have("ttl", "1"), status: 200, has: []string{`"ttl":60`}},
	{name: "kv set, key in both", url: keysURL + "/a", body: `{"key":"a","value":1}`, status: 200, check: stored("a", "1")},
	{name: "kv set, two keys", url: keysURL + "/a", body: `{"key":"b","value":1}`, status: 400, has: []string{"INVALID_FIELD", `"field":"key"`}, check: stored("a", "-")},
	{name: "kv put raw", method: "PUT", url: keysURL + "/a?ttl=1.5", body: "\x00\xff", headers: map[string]string{"Content-Type": "image/png"}, status: 200, has: []string{`"value":"AP8=","encoding":"base64","content_type":"image/png","ttl":2,`}, check: stored("a", "\x00\xff")},
	{name: "kv put raw JSON", method: "PUT", url: keysURL + "/a?raw=true", body: `{"value":1}`, status: 200, has: []string{`"value":{"value":1}`}},
	{name: "kv put raw, no JSON", method: "PUT", url: keysURL + "/a?raw=true", body: `{`, status: 400, has: []string{"INVALID_JSON"}},
	{name: "kv put text", url: keysURL, body: `{"key":"a","value":"x\ny","encoding":"text"}`, status: 200, has: []string{`"value":"x\ny","encoding":"text","content_type":"text/plain; charset=utf-8"`}, check: stored("a", "x\ny")},
	{name: "kv put base64", url: keysURL, body: `{"key":"a","value":"AP8=","encoding":"base64","content_type":"a/b"}`, status: 200, has: []string{`"content_type":"a/b"`}, check: stored("a", "\x00\xff")},
	{name: "kv bad base64", url: keysURL, body: `{"key":"a","value":"?","encoding":"base64"}`, status: 400, has: []string{`"field":"value"`}},
	{name: "kv bad encoding", url: keysURL, body: `{"key":"a","value":"?","encoding":"rot13"}`, status: 400, has: []string{`"field":"encoding"`}},
	{name: "kv content type alone", url: keysURL, body: `{"key":"a","value":"?","content_type":"a/b"}`, status: 400},
	{name: "kv without key", url: keysURL, body: `{"value":1}`, status: 400, has: []string{"MISSING_FIELD", `"field":"key"`}},
	{name: "kv without value", url: keysURL, body: `{"key":"a"}`, status: 400, has: []string{"MISSING_FIELD", `"field":"value"`}},
	{name: "kv unknown field", url: keysURL, body: `{"key":"a","value":1,"expires":5}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "kv unknown parameter", url: keysURL + "/a?buckets=x", status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "kv negative TTL", url: keysURL, body: `{"key":"a","value":1,"ttl":-1}`, status: 400, has: []string{"INVALID_TTL"}},
	{name: "kv long key", url: keysURL, body: `{"key":"` + strings.Repeat("k", 4097) + `","value":1}`, status: 413, has: []string{"KEY_TOO_LARGE", `"field":"key"`}},
	{name: "kv empty key", url: keysURL, body: `{"key":"","value":1}`, status: 400, has: []string{"EMPTY_KEY"}},
	{name: "kv bytes as key", url: keysURL, body: `{"key_base64":"/wA=","value":1}`, status: 200, has: []string{`"key":"�\u0000","key_base64":"/wA="`}, check: stored("\xff\x00", "1")},
	{name: "kv bytes as key, path", url: keysURL + "/%FF%00", state: have("\xff\x00", "1"), status: 200, has: []string{`"key_base64":"/wA="`}},
	{name: "kv set, version", url: keysURL, body: `{"key":"a","value":2,"if_version":"` + firstVersion + `"}`, state: have("a", "1"), status: 200, check: stored("a", "2")},
	{name: "kv set, other version", url: keysURL, body: `{"key":"a","value":2,"if_version":7}`, state: have("a", "1"), status: 412, has: []string{"PRECONDITION_FAILED"}, check: stored("a", "1")},
	{name: "kv set if absent", url: keysURL, body: `{"key":"a","value":2,"if_absent":true}`, state: have("a", "1"), status: 412},
	{name: "kv If-Match", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-Match": `"1", "` + firstVersion + `"`, "Content-Type": "text/plain"}, state: have("a", "1"), status: 200, check: stored("a", "2")},
	{name: "kv If-Match, other", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-Match": `"1"`, "Content-Type": "text/plain"}, state: have("a", "1"), status: 412, check: stored("a", "1")},
	{name: "kv If-Match, weak", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-Match": `W/"` + firstVersion + `"`, "Content-Type": "text/plain"}, state: have("a", "1"), status: 412},
	{name: "kv If-None-Match *", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-None-Match": "*", "Content-Type": "text/plain"}, state: have("a", "1"), status: 412},
	{name: "kv If-Match, empty", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-Match": "", "Content-Type": "text/plain"}, status: 400, has: []string{"INVALID_HEADER"}},
	{name: "kv If-Match of an increment", url: "/api/v1/kv/increment", body: `{"key":"a"}`, headers: map[string]string{"If-Match": `"5"`}, state: have("a", "1"), status: 412, check: stored("a", "1")},
	{name: "kv If-None-Match of an append", url: "/api/v1/kv/append", body: `{"key":"a","value":1}`, headers: map[string]string{"If-None-Match": "*"}, state: have("a", "[]"), status: 412, check: stored("a", "[]")},
	{name: "kv If-Match and if_version", url: keysURL, body: `{"key":"a","value":2,"if_version":7}`, headers: map[string]string{"If-Match": `"` + firstVersion + `"`}, state: have("a", "1"), status: 412, check: stored("a", "1")},
	{name: "kv If-None-Match and if_absent false", url: keysURL, body: `{"key":"a","value":2,"if_absent":false}`, headers: map[string]string{"If-None-Match": "*"}, state: have("a", "1"), status: 412, check: stored("a", "1")},
	{name: "kv If-Unmodified-Since", method: "DELETE", url: keysURL + "/a", headers: map[string]string{"If-Unmodified-Since": "Wed, 02 Jan 2030 03:04:05 GMT"}, state: have("a", "1"), status: 200},
	{name: "kv If-Unmodified-Since, changed", method: "DELETE", url: keysURL + "/a", headers: map[string]string{"If-Unmodified-Since": "Wed, 02 Jan 2030 03:04:04 GMT"}, state: have("a", "1"), status: 412, has: []string{"PRECONDITION_FAILED"}, check: stored("a", "1")},
	{name: "kv bad If-Match", method: "PUT", url: keysURL + "/a", body: "2", headers: map[string]string{"If-Match": "1", "Content-Type": "text/plain"}, status: 400, has: []string{"INVALID_HEADER"}},

	{name: "kv get", url: keysURL + "/ttl", state: have("ttl", "1"), status: 200, has: []string{`{"key":"ttl","value":1,"ttl":60,`}, header: map[string]string{"Content-Type": "application/json", "Etag": `"` + firstVersion + `"`}},
	{name: "kv get, not there", url: keysURL + "/no?bucket=x", status: 404, has: []string{"KEY_NOT_FOUND", `"success":false`, `bucket \"x\"`}},
	{name: "kv get, no database", url: keysURL + "/no?database=nope", status: 404, has: []string{"UNDEFINED_DATABASE"}},
	{name: "kv get, unchanged", url: keysURL + "/a", state: have("a", "1"), headers: map[string]string{"If-None-Match": `W/"` + firstVersion + `"`}, status: 304},
	{name: "kv get, If-Match", url: keysURL + "/a", state: have("a", "1"), headers: map[string]string{"If-Match": `"5"`}, status: 412},
	{name: "kv get raw", url: keysURL + "/a", state: have("a", "raw:0123456789"), status: 200, has: []string{"0123456789"}, header: map[string]string{"Content-Type": "image/png", "Etag": `"` + firstVersion + `"`, "Content-Length": "10", "Accept-Ranges": "bytes"}},
	{name: "kv get raw, as entry", url: keysURL + "/a?raw=false", state: have("a", "raw:0"), status: 200, has: []string{`"value":"MA=="`}},
	{name: "kv get raw, JSON accepted", url: keysURL + "/a", state: have("a", "raw:0"), headers: map[string]string{"Accept": "application/json"}, status: 200, has: []string{`"value":"MA=="`}},
	{name: "kv get JSON raw", url: keysURL + "/a?raw", state: have("a", "[1]"), status: 200, header: map[string]string{"Content-Type": "application/json", "Content-Length": "3"}},
	{name: "kv get range", url: keysURL + "/a", state: have("a", "raw:0123456789"), headers: map[string]string{"Range": "bytes=2-4"}, status: 206, has: []string{"234"}, header: map[string]string{"Content-Range": "bytes 2-4/10"}},
	{name: "kv get range, none such", url: keysURL + "/a", state: have("a", "raw:0123456789"), headers: map[string]string{"Range": "bytes=20-30"}, status: 416, has: []string{"RANGE_NOT_SATISFIABLE", "bytes=20-30"}, header: map[string]string{"Content-Range": "bytes */10"}},
	{name: "kv get raw, not compressed", url: keysURL + "/a", state: have("a", "raw:"+strings.Repeat("x", 5000)), headers: map[string]string{"Accept-Encoding": "gzip", "Range": "bytes=0-3999"}, status: 206, header: map[string]string{"Content-Encoding": "", "Content-Length": "4000"}},
	{name: "kv get raw, other version", url: keysURL + "/a", state: have("a", "raw:0"), headers: map[string]string{"If-Match": `"5"`}, status: 412, has: []string{"PRECONDITION_FAILED"}},
	{name: "kv get range of another unit", url: keysURL + "/a", state: have("a", "raw:0123456789"), headers: map[string]string{"Range": "lines=1"}, status: 200, has: []string{"0123456789"}},
	{name: "kv head of a range", method: "HEAD", url: keysURL + "/a", state: have("a", "raw:0123456789"), headers: map[string]string{"Range": "bytes=2-4"}, status: 200, header: map[string]string{"Content-Length": "10"}},
	{name: "kv get raw, unchanged", url: keysURL + "/a", state: have("a", "raw:0"), headers: map[string]string{"If-None-Match": `"` + firstVersion + `"`}, status: 304},
	{name: "kv head", method: "HEAD", url: keysURL + "/a", state: have("a", "raw:0123456789"), status: 200, header: map[string]string{"Content-Length": "10", "Content-Type": "image/png"}},

	{name: "kv delete", method: "DELETE", url: keysURL + "/a", state: have("a", "1"), status: 200, has: []string{`{"success":true,"key":"a"}`}, check: stored("a", "-")},
	{name: "kv delete, not there", method: "DELETE", url: keysURL + "/a", status: 404, has: []string{`"success":false,"error":"there is no key`}},
	{name: "kv delete, If-Match", method: "DELETE", url: keysURL + "/a", state: have("a", "1"), headers: map[string]string{"If-Match": `"5"`}, status: 412, check: stored("a", "1")},

	{name: "kv list", url: keysURL, state: have("b", "2", "a", "1"), status: 200, has: []string{`{"keys":[{"key":"a","value":1,`, `{"key":"b","value":2,`, `"total":2,"total_exact":true,"next_cursor":null}`}},
	{name: "kv list, empty", url: keysURL, status: 200, has: []string{`{"keys":[],"total":0,"total_exact":true,"next_cursor":null}`}},
	{name: "kv list, page", url: keysURL + "?limit=1", state: have("b", "2", "a", "1"), status: 200, has: []string{`"total":2,"total_exact":false,"next_cursor":"`}, hasNot: []string{`"key":"b"`}},
	{name: "kv list, prefix", url: keysURL + "?prefix=b&limit=1", state: have("b", "2", "a", "1", "b2", "3"), status: 200, has: []string{`"key":"b"`, `"total":2,"total_exact":true,"next_cursor":"`}},
	{name: "kv list, range in reverse, keys", url: keysURL + "?start=a&end=c&reverse=true&keys_only=true&count=none", state: have("b", "2", "a", "1", "c", "3"), status: 200, has: []string{`{"keys":[{"key":"b","ttl":null`, `"total":null`}, hasNot: []string{`"value"`, `"key":"c"`}},
	{name: "kv list, bad cursor", url: keysURL + "?cursor=abc", state: have("a", "1"), status: 400, has: []string{"INVALID_CURSOR"}},
	{name: "kv list, bad limit", url: keysURL + "?limit=0", status: 400, has: []string{"INVALID_FIELD"}},
	{name: "kv list, bad count", url: keysURL + "?count=all", status: 400, has: []string{"INVALID_FIELD"}},
	{name: "kv count", url: "/api/v1/kv/count?exact=true", state: have("b", "2", "a", "1"), status: 200, has: []string{`{"count":2,"exact":true}`}},
	{name: "kv count, estimated", url: "/api/v1/kv/count", state: have("b", "2", "a", "1"), status: 200, has: []string{`{"count":2,"exact":false}`}},

	{name: "kv increment", url: "/api/v1/kv/increment", body: `{"key":"n"}`, state: have("n", "9007199254740993"), status: 200, has: []string{`"key":"n","value":9007199254740994,"entry":{`}},
	{name: "kv increment by", url: "/api/v1/kv/increment", body: `{"key":"n","by":-5,"ttl":1}`, status: 200, has: []string{`"value":-5`, `"ttl":1,`}},
	{name: "kv increment float", url: "/api/v1/kv/increment", body: `{"key":"n","by":0.5}`, state: have("n", "1"), status: 200, has: []string{`"value":1.5`}},
	{name: "kv increment overflow", url: "/api/v1/kv/increment", body: `{"key":"n"}`, state: have("n", "9223372036854775807"), status: 422, has: []string{"INTEGER_OVERFLOW"}},
	{name: "kv increment no number", url: "/api/v1/kv/increment", body: `{"key":"n"}`, state: have("n", `"x"`), status: 422, has: []string{"NOT_AN_INTEGER"}},
	{name: "kv increment too much", url: "/api/v1/kv/increment", body: `{"key":"n","by":9223372036854775808}`, status: 400, has: []string{`"field":"by"`}},
	{name: "kv cas", url: "/api/v1/kv/cas", body: `{"key":"a","expected":{"x":1,"y":2},"value":2}`, state: have("a", `{"y":2,"x":1}`), status: 200, has: []string{`{"success":true,"swapped":true,"entry":{"key":"a","value":2,`}},
	{name: "kv cas, other", url: "/api/v1/kv/cas", body: `{"key":"a","expected":3,"value":2}`, state: have("a", "1"), status: 200, has: []string{`"swapped":false,"entry":{"key":"a","value":1,`}, check: stored("a", "1")},
	{name: "kv cas, absent", url: "/api/v1/kv/cas", body: `{"key":"a","value":2}`, status: 200, has: []string{`"swapped":true`}, check: stored("a", "2")},
	{name: "kv cas, remove", url: "/api/v1/kv/cas", body: `{"key":"a","expected":1}`, state: have("a", "1"), status: 200, has: []string{`"swapped":true,"entry":null`}, check: stored("a", "-")},
	{name: "kv cas, nothing", url: "/api/v1/kv/cas", body: `{"key":"a"}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "kv append", url: "/api/v1/kv/append", body: `{"key":"a","value":2}`, state: have("a", "[1]"), status: 200, has: []string{`"value":[1,2]`}},
	{name: "kv append, refused", url: "/api/v1/kv/append", body: `{"key":"a","value":2}`, state: have("a", "1"), status: 422, has: []string{"CANNOT_APPEND"}},
	{name: "kv getset", url: "/api/v1/kv/getset", body: `{"key":"a","value":2}`, state: have("a", "1"), status: 200, has: []string{`{"success":true,"previous":{"key":"a","value":1,`, `"entry":{"key":"a","value":2,`}},
	{name: "kv getset, first", url: "/api/v1/kv/getset", body: `{"key":"a","value":2}`, status: 200, has: []string{`"previous":null`}},
	{name: "kv touch", url: "/api/v1/kv/touch", body: `{"key":"a","ttl":5}`, state: have("a", "1"), status: 200, has: []string{`"ttl":5,`}, hasNot: []string{`"value"`}, check: stored("a", "1")},
	{name: "kv touch, not there", url: "/api/v1/kv/touch", body: `{"key":"a","ttl":5}`, status: 404, has: []string{"KEY_NOT_FOUND"}},

	{name: "kv batch get", url: "/api/v1/kv/batch/get", body: `{"keys":["b","no",{"key_base64":"YQ=="}]}`, state: have("b", "2", "a", "1"), status: 200, has: []string{`{"entries":[{"key":"b","value":2,`, `{"key":"a","value":1,`, `"count":2}`}},
	{name: "kv batch set", url: "/api/v1/kv/batch/set", body: `{"entries":[{"key":"a","value":1},{"key":"b","value":[],"ttl":5}]}`, status: 200, has: []string{`{"success":true,"count":2}`}, check: stored("b", "[]")},
	{name: "kv batch set, one wrong", url: "/api/v1/kv/batch/set", body: `{"entries":[{"key":"a","value":1},{"key":"","value":1}]}`, status: 400, has: []string{"EMPTY_KEY", "entries[1]: "}, check: stored("a", "-")},
	{name: "kv batch set, field", url: "/api/v1/kv/batch/set", body: `{"entries":[{"key":"a"}]}`, status: 400, has: []string{`"field":"entries[0].value"`}},
	{name: "kv batch delete", url: "/api/v1/kv/batch/delete", body: `{"keys":["a","no"]}`, state: have("a", "1"), status: 200, has: []string{`{"success":true,"deleted":1}`}, check: stored("a", "-")},
	{name: "kv batch, no list", url: "/api/v1/kv/batch/delete", body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "kv batch, mixed", url: "/api/v1/kv/batch", state: have("a", "1", "gone", "1"), body: `{"operations":[{"op":"check","key":"a","if_present":true},{"op":"set","key":"s","value":1},{"op":"increment","key":"s","by":4},
		{"op":"get","key":"s"},{"op":"delete","key":"gone"},{"op":"append","key":"log","value":"x","encoding":"text"},{"op":"touch","key":"a","ttl":9},{"op":"getset","key":"a","value":2},{"op":"cas","key":"a","expected":2,"value":3,"bucket":""}]}`,
		status: 200, has: []string{`{"success":true,"results":[{"done":true,"entry":{"key":"a",`, `{"done":true,"entry":{"key":"s","value":5,`}, check: stored("a", "3")},
	{name: "kv batch, one fails", url: "/api/v1/kv/batch", state: have("a", "1"), body: `{"operations":[{"op":"set","key":"s","value":1},{"op":"check","key":"a","if_absent":true}]}`, status: 412, has: []string{`"field":"operations[1]"`}, check: stored("s", "-")},
	{name: "kv batch, unknown op", url: "/api/v1/kv/batch", body: `{"operations":[{"op":"burn","key":"s"}]}`, status: 400, has: []string{"UNKNOWN_OPERATION"}},
	{name: "kv batch, field of another op", url: "/api/v1/kv/batch", body: `{"operations":[{"op":"get","key":"s","value":1}]}`, status: 400, has: []string{"UNKNOWN_FIELD", `"field":"operations[0].value"`}},
	{name: "kv import", url: "/api/v1/import/kv", body: `{"entries":[{"key":"a","value":1}]}`, status: 200, has: []string{`{"success":true,"rows_imported":1,"duration_ms":`}, check: stored("a", "1")},

	{name: "kv buckets", url: "/api/v1/kv/buckets", state: have("a", "1"), status: 200, has: []string{`{"buckets":[{"name":"default","default_ttl":null,"compression":"none","created_at":"2030-`}},
	{name: "kv create bucket", url: "/api/v1/kv/buckets", body: `{"name":"s","default_ttl":1.5}`, status: 201, has: []string{`{"name":"s","default_ttl":1.5,"compression":"none","created_at":"2030-`}, header: map[string]string{"Location": "/api/v1/kv/buckets/s"}},
	{name: "kv create bucket again", url: "/api/v1/kv/buckets", body: `{"name":"default"}`, state: have("a", "1"), status: 409, has: []string{"BUCKET_EXISTS"}},
	{name: "kv create bucket, lenient", url: "/api/v1/kv/buckets", body: `{"name":"default","if_not_exists":true}`, state: have("a", "1"), status: 200},
	{name: "kv create bucket, bad TTL", url: "/api/v1/kv/buckets", body: `{"name":"s","default_ttl":-1}`, status: 400, has: []string{"INVALID_TTL", `"field":"default_ttl"`}},
	{name: "kv batch set, names of the list", url: "/api/v1/kv/batch/set", body: `{"entries":[{"key":"a","value":1},{"key":"","value":1}]}`, status: 400, has: []string{"EMPTY_KEY", `"field":"entries[1].key"`, "entries[1]: a key"}, check: stored("a", "-")},
	{name: "kv batch, check of nothing", url: "/api/v1/kv/batch", body: `{"operations":[{"op":"check","key":"a"}]}`, status: 400, has: []string{"MISSING_FIELD", "operations[0]"}},
	{name: "kv create bucket, slash", url: "/api/v1/kv/buckets", body: `{"name":"a/b"}`, status: 400, has: []string{"INVALID_BUCKET"}},
	{name: "kv bucket", url: "/api/v1/kv/buckets/default", state: have("a", "1"), status: 200},
	{name: "kv no bucket", url: "/api/v1/kv/buckets/no", status: 404, has: []string{"BUCKET_NOT_FOUND"}},
	{name: "kv alter bucket", method: "PATCH", url: "/api/v1/kv/buckets/default", body: `{"default_ttl":60}`, state: have("a", "1"), status: 200, has: []string{`"default_ttl":60`}},
	{name: "kv alter bucket, nothing", method: "PATCH", url: "/api/v1/kv/buckets/default", body: `{}`, state: have("a", "1"), status: 400},
	{name: "kv alter bucket, compression", method: "PATCH", url: "/api/v1/kv/buckets/default", body: `{"compression":"zstd:9"}`, state: have("a", "1"), status: 200, has: []string{`"default_ttl":null,"compression":"zstd:9"`}},
	{name: "kv create bucket, compressed", url: "/api/v1/kv/buckets", body: `{"name":"s","compression":"lz4","default_ttl":5}`, status: 201, has: []string{`{"name":"s","default_ttl":5,"compression":"lz4"`}},
	{name: "kv create bucket, unknown compression", url: "/api/v1/kv/buckets", body: `{"name":"s","compression":"gzip"}`, status: 400, has: []string{"INVALID_COMPRESSION", "zstd:22", `"field":"compression"`}},
	{name: "kv metadata", url: keysURL + "/a", state: have("a", "{}"), status: 200, has: []string{`"size":2,"compression":"none","checksum":"crc32c:297bd0aa"}`}},
	{name: "kv metadata of keys", url: keysURL + "?keys_only=true", state: have("a", "{}"), status: 200, has: []string{`"size":2,"compression":"none"}`}},
	{name: "kv drop bucket", method: "DELETE", url: "/api/v1/kv/buckets/default", state: have("a", "1"), status: 200, has: []string{`{"name":"default","success":true}`}, check: stored("a", "-")},
	{name: "kv watch, bad position", url: "/api/v1/kv/watch?since=x", status: 400, has: []string{"INVALID_POSITION"}},
	{name: "kv recovering", url: keysURL, state: recovering, status: 503},
}

// sse reads server-sent events.
type sse struct {
	t  *testing.T
	in *bufio.Scanner
}

func (s *sse) next() (id, event, data string) {
	s.t.Helper()
	for s.in.Scan() {
		switch name, v, _ := strings.Cut(s.in.Text(), ": "); name {
		case "id":
			id = v
		case "event":
			event = v
		case "data":
			data = v
		case "":
			if event != "" {
				return id, event, data
			}
		}
	}
	s.t.Fatalf("the stream ended: %v", s.in.Err())
	return "", "", ""
}

func watch(t *testing.T, url string, headers ...string) *sse {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" {
		t.Fatalf("status %d, type %s", res.StatusCode, ct)
	}
	return &sse{t, bufio.NewScanner(res.Body)}
}

// TestWatchOverHTTP: events arrive while they happen, Last-Event-ID goes on where
// the client was, and a server that stops says so.
func TestWatchOverHTTP(t *testing.T) {
	ts, s, _ := listening(t, Options{})
	url := ts.URL + "/api/v1/kv/watch?prefix=a"
	w := watch(t, url, "Accept-Encoding", "gzip")
	start, event, _ := w.next()
	if event != "watching" {
		t.Fatalf("the first event is %s", event)
	}
	set := func(key, value string) {
		mustPost(t, ts.URL+keysURL, `{"key":"`+key+`","value":`+value+`}`)
	}
	set("b", "0")
	set("a1", "{\"x\":\n1}")
	id, event, data := w.next()
	if event != "put" || !strings.HasPrefix(data, `{"key":"a1","value":{"x": 1}`) {
		t.Errorf("got %s %s", event, data)
	}
	set("a2", "2")
	mustPost(t, ts.URL+"/api/v1/kv/batch/delete", `{"keys":["a1"]}`)
	again := watch(t, url, "Last-Event-ID", id)
	again.next()
	for _, want := range []string{`put {"key":"a2","value":2`, `delete {"key":"a1","deleted_at":"`} {
		if _, event, data := again.next(); !strings.HasPrefix(event+" "+data, want) {
			t.Errorf("got %s %s, want %s", event, data, want)
		}
	}
	all := watch(t, url+"&since="+start+"&keys_only=true")
	all.next()
	if _, event, data := all.next(); event != "put" || strings.Contains(data, `"value"`) {
		t.Errorf("got %s %s", event, data)
	}
	s.Drain()
	for _, w := range []*sse{w, again, all} {
		for event = ""; event != "end"; {
			_, event, data = w.next()
		}
		if !strings.Contains(data, `"code":"SHUTTING_DOWN"`) {
			t.Errorf("it ended with %s", data)
		}
	}
}

// TestPagesOverHTTP walks over all keys in pages, in both directions, and is
// refused where it changes the list on the way.
func TestPagesOverHTTP(t *testing.T) {
	ts, _, f := listening(t, Options{})
	for i := range 25 {
		have(fmt.Sprintf("k%02d", i), "1")(nil, f)
	}
	for _, order := range []string{"false", "true"} {
		var got []string
		cursor := ""
		for pages := 0; ; pages++ {
			res, err := http.Get(ts.URL + keysURL + "?limit=10&reverse=" + order + "&cursor=" + cursor)
			if err != nil {
				t.Fatal(err)
			}
			var page struct {
				Keys []struct{ Key string }
				Next *string `json:"next_cursor"`
			}
			if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			for _, k := range page.Keys {
				got = append(got, k.Key)
			}
			if page.Next == nil {
				if pages != 2 {
					t.Errorf("%d pages", pages+1)
				}
				break
			}
			cursor = *page.Next
			res, err = http.Get(ts.URL + keysURL + "?prefix=k&reverse=" + order + "&cursor=" + cursor)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 400 {
				t.Errorf("the cursor of another list: status %d", res.StatusCode)
			}
		}
		first, last := "k00", "k24"
		if order == "true" {
			first, last = last, first
		}
		if len(got) != 25 || got[0] != first || got[24] != last {
			t.Errorf("reverse=%s: got %q", order, got)
		}
	}
}

// TestNaughtyStrings sends the big list of naughty strings through the routes, as
// key and as value, and wants them back byte for byte.
func TestNaughtyStrings(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "*", "blns.json"))
	more, _ := filepath.Glob(filepath.Join(root, "blns.json"))
	if files = append(files, more...); len(files) == 0 {
		t.Skip("the list of naughty strings is not there")
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	s, f := New(Options{}), newFake(t)
	s.Attach(f)
	do := func(method, url, contentType string, body []byte) []byte {
		t.Helper()
		r := httptest.NewRequest(method, url, bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("%s %s: %d %s", method, url, w.Code, w.Body)
		}
		return w.Body.Bytes()
	}
	n := 0
	for _, v := range list {
		if v == "" {
			continue
		}
		n++
		q, _ := json.Marshal(v)
		path := keysURL + "/" + escapeAll(v)
		do("POST", keysURL, "application/json", fmt.Appendf(nil, `{"key":%s,"value":%s}`, q, q))
		var e struct{ Key, Value string }
		if err := json.Unmarshal(do("GET", path, "", nil), &e); err != nil || e.Key != v || e.Value != v {
			t.Errorf("%q came back as %q, %q, %v", v, e.Key, e.Value, err)
		}
		do("PUT", path, "application/octet-stream", []byte(v))
		if got := do("GET", path, "", nil); string(got) != v {
			t.Errorf("%q came back as the bytes %q", v, got)
		}
		do("DELETE", path, "", nil)
	}
	if n < 400 {
		t.Errorf("the list has %d strings", n)
	}
}

// escapeAll percent-encodes every byte, so that no part of a path is special.
func escapeAll(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// FuzzKVBody: whatever the body, the answer is JSON and no 500.
func FuzzKVBody(f *testing.F) {
	for _, sc := range kvScenarios {
		if sc.method == "" && sc.body != "" {
			f.Add(sc.url, sc.body)
		}
	}
	s := New(Options{})
	s.Attach(newFake(f))
	f.Fuzz(func(t *testing.T, url, body string) {
		for _, sc := range kvScenarios {
			if sc.url == url && sc.body != "" {
				r := httptest.NewRequest("POST", url, strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, r)
				if b, _ := io.ReadAll(w.Body); !json.Valid(b) || w.Code >= 500 {
					t.Fatalf("%s %q: %d %q", url, body, w.Code, b)
				}
				return
			}
		}
	})
}
