package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/testkit/serve"
)

// naughty is the big list of naughty strings.
func naughty(t *testing.T) (list []string) {
	t.Helper()
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	b, err := os.ReadFile(filepath.Join(root, "blns", "blns.json"))
	if err != nil {
		t.Skip("the list of naughty strings is not there")
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// client sends JSON to a server and wants it to be taken.
type client struct {
	t    *testing.T
	base string
}

func (c client) do(method, path string, body, into any) {
	c.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+"/api/v1"+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, got, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(got, into); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, got)
	}
}

// inPath percent-encodes every byte, so that none is special.
func inPath(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

type object = map[string]any

// TestNaughtyStrings sends the list to the real server, in every place that takes a text,
// and wants each back byte for byte.
func TestNaughtyStrings(t *testing.T) {
	list := naughty(t)
	c := client{t, serve.Start(t, serve.Build(t), t.TempDir()).URL}
	same := func(where, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q came back as %q", where, want, got)
		}
	}
	var entries, docs, texts []object
	var keys []string
	seen := map[string]bool{"": true}
	for _, s := range list {
		if seen[s] || len(s) > document.MaxIDBytes {
			continue
		}
		seen[s] = true
		keys = append(keys, s)
		entries = append(entries, object{"key": s, "value": s})
		docs = append(docs, object{"_id": s, "s": s, "in": object{"l": []string{s}}})
		texts = append(texts, object{"id": s, "text": s, "metadata": object{"m": s}})
	}
	if len(keys) < 400 {
		t.Fatalf("the list has only %d strings", len(keys))
	}
	c.do("POST", "/kv/batch/set", object{"entries": entries}, nil)
	c.do("POST", "/documents/collections", object{"name": "d", "indexes": []object{{"fields": []string{"s"}}, {"fields": []string{"in.l"}, "kind": "hash"}}}, nil)
	c.do("POST", "/documents/collections/d/batch-insert", object{"documents": docs}, nil)
	c.do("POST", "/fts/indexes", object{"name": "t"}, nil)
	c.do("POST", "/fts/indexes/t/batch", object{"documents": texts}, nil)

	var all struct {
		Entries []struct{ Key, Value string } `json:"entries"`
	}
	c.do("POST", "/kv/batch/get", object{"keys": keys}, &all)
	if len(all.Entries) != len(keys) {
		t.Fatalf("%d of %d keys came back", len(all.Entries), len(keys))
	}
	type stored struct {
		ID   string `json:"id"`
		Data struct {
			ID string `json:"_id"`
			S  string `json:"s"`
		} `json:"data"`
	}
	type rows struct {
		Data struct {
			Rows [][]string `json:"rows"`
		} `json:"data"`
	}
	c.do("POST", "/query", object{"sql": "CREATE TABLE n (id int PRIMARY KEY, s text UNIQUE, j jsonb)"}, nil)
	for i, s := range keys {
		same("batch get", all.Entries[i].Key, s)
		same("batch get", all.Entries[i].Value, s)
		var entry struct{ Key, Value string }
		c.do("GET", "/kv/keys/"+inPath(s), nil, &entry)
		same("key", entry.Key, s)
		same("value", entry.Value, s)

		var d stored
		c.do("GET", "/documents/collections/d/documents/"+inPath(s), nil, &d)
		same("document", d.ID+d.Data.ID+d.Data.S, s+s+s)
		for _, filter := range []object{{"s": object{"$eq": s}}, {"in.l": object{"$eq": s}}, {"_id": s}} {
			var page struct{ Documents []stored }
			c.do("POST", "/documents/collections/d/query", object{"filter": filter}, &page)
			if len(page.Documents) != 1 {
				t.Fatalf("%v finds %d documents", filter, len(page.Documents))
			}
			same("find", page.Documents[0].Data.S, s)
		}
		var text struct {
			ID, Text string
			Metadata struct{ M string }
		}
		c.do("GET", "/fts/indexes/t/documents/"+inPath(s), nil, &text)
		same("text", text.ID+text.Text+text.Metadata.M, s+s+s)
		c.do("POST", "/fts/indexes/t/search", object{"query": object{"match": s}}, nil) // what it finds is the analyzer's to say

		var got rows
		literal := "'" + strings.ReplaceAll(s, "'", "''") + "'"
		c.do("POST", "/query", object{"sql": "INSERT INTO n VALUES ($1, $2, to_jsonb($2)) RETURNING s, j#>>'{}', " + literal, "params": []any{i, s}}, &got)
		same("SQL", strings.Join(got.Data.Rows[0], ""), s+s+s)
		c.do("POST", "/query", object{"sql": "SELECT s FROM n WHERE s = " + literal}, &got)
		same("SQL by a literal", got.Data.Rows[0][0], s)
		c.do("POST", "/query", object{"sql": "SELECT k.key, k.value#>>'{}', d._id, d.data->>'s' FROM kv.default k, doc.d d WHERE k.key = $1 AND d.data->>'s' = $1", "params": []any{s}}, &got)
		same("keys and documents in SQL", strings.Join(got.Data.Rows[0], ""), s+s+s+s)
	}
}
