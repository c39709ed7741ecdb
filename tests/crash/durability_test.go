package crash

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// call sends a request and wants it to be answered well.
func call(t *testing.T, s *serve.Server, method, path, body string, headers ...string) string {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, b, err)
	}
	return string(b)
}

// field is the string behind a name in JSON.
func field(t *testing.T, json, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(json, `"`+name+`":"`)
	value, _, end := strings.Cut(rest, `"`)
	if !ok || !end {
		t.Fatalf("no %s in %s", name, json)
	}
	return value
}

const durability = "Weft-Durability"

// TestDurabilityIsWhatWasAsked: a kill takes what was asked to be async, in each of the
// ways to ask for it, and leaves it where something that is not comes after it.
func TestDurabilityIsWhatWasAsked(t *testing.T) {
	insert := `{"sql":"INSERT INTO t VALUES (1)"}`
	count := func(s *serve.Server) bool {
		return strings.Contains(call(t, s, "POST", "/query", `{"sql":"SELECT count(*) AS n FROM t"}`), "[[1]]")
	}
	key := func(s *serve.Server) bool {
		return strings.Contains(call(t, s, "GET", "/kv/keys?prefix=k", ""), `"k"`)
	}
	began := func(s *serve.Server, headers ...string) string {
		return field(t, call(t, s, "POST", "/transactions", "{}", headers...), "transaction_id")
	}
	for name, c := range map[string]struct {
		write func(s *serve.Server)
		there func(s *serve.Server) bool
	}{
		"statement": {func(s *serve.Server) { call(t, s, "POST", "/query", insert, durability, "async") }, count},
		"setting": {func(s *serve.Server) {
			call(t, s, "POST", "/query", `{"sql":"SET synchronous_commit = off; INSERT INTO t VALUES (1)"}`, durability, "sync")
		}, count},
		"key": {func(s *serve.Server) { call(t, s, "PUT", "/kv/keys/k", `{"value":1}`, durability, "async") }, key},
		"once": {func(s *serve.Server) {
			call(t, s, "PUT", "/kv/keys/k", `{"value":1}`, durability, "async", "Idempotency-Key", "1")
		}, key},
		"batch": {func(s *serve.Server) {
			call(t, s, "POST", "/batch", `{"operations":[{"method":"PUT","path":"/kv/keys/k","body":{"value":1}}]}`, durability, "async")
		}, key},
		"document": {func(s *serve.Server) {
			call(t, s, "POST", "/documents/collections/c/documents", `{"document":{"_id":"d"}}`, durability, "async")
		}, func(s *serve.Server) bool {
			return strings.Contains(call(t, s, "POST", "/documents/collections/c/query", `{"filter":{}}`), `"d"`)
		}},
		"begin": {func(s *serve.Server) {
			id := began(s, durability, "async")
			call(t, s, "POST", "/query", insert, "Weft-Transaction", id)
			call(t, s, "POST", "/transactions/"+id+"/commit", "")
		}, count},
		"commit": {func(s *serve.Server) {
			id := began(s)
			call(t, s, "POST", "/query", insert, "Weft-Transaction", id)
			call(t, s, "POST", "/transactions/"+id+"/commit", "", durability, "async")
		}, count},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"--set", "storage.sync_interval=1h"}
			// What the server does by itself may take a write with it to the disk.
			for try := 1; ; try++ {
				dir := t.TempDir()
				s := serve.Start(t, serve.Build(t), dir, args...)
				call(t, s, "POST", "/query", `{"sql":"CREATE TABLE t (n int)"}`)
				call(t, s, "POST", "/documents/collections", `{"name":"c"}`)
				c.write(s)
				if !c.there(s) {
					t.Fatal("not there before the kill")
				}
				s.Kill()
				s = serve.Start(t, serve.Build(t), dir, args...)
				lost := !c.there(s)
				if lost {
					c.write(s)
					call(t, s, "PUT", "/kv/keys/other", `{"value":1}`, durability, "interval")
					s.Kill()
					s = serve.Start(t, serve.Build(t), dir, args...)
					if !c.there(s) {
						t.Fatal("lost though something after it was handed to the system")
					}
					s.Kill()
					return
				}
				s.Kill()
				if try == 30 {
					t.Fatal("never lost: it was not async")
				}
			}
		})
	}
}
