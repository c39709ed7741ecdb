package fulltext

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

func value(t testing.TB, text string) doc.Value {
	t.Helper()
	v, err := doc.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

var shop = Config{Fields: []Field{{Path: "title", Boost: 2}, {Path: "body.text"}, {Path: "tags", Type: Keyword}, {Path: "price", Type: Number}, {Path: "at", Type: Date}}}

func open(t testing.TB, path string) *Index {
	t.Helper()
	x, err := Open(path, shop)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func fill(t testing.TB, x *Index, from int, docs ...string) {
	t.Helper()
	var changes []Change
	for _, text := range docs {
		v := value(t, text)
		changes = append(changes, Change{string(v.Field("_id").Str()), v})
	}
	if err := x.Apply(changes, uint64(from)); err != nil {
		t.Fatal(err)
	}
}

var goods = []string{
	`{"_id":"a","title":"Red running shoes","body":{"text":"Light shoes for runners. They run and run."},"tags":["sport","red"],"price":80,"at":"2026-01-02T00:00:00Z"}`,
	`{"_id":"b","title":"Blue shoe","body":{"text":"A comfortable walking shoe"},"tags":["blue"],"price":60.5,"at":"2026-02-02T00:00:00Z"}`,
	`{"_id":"c","title":"Red hat","body":{"text":"Keeps the sun off; goes well with red shoes"},"tags":["red"],"price":15,"at":"2025-12-31T00:00:00Z"}`,
	`{"_id":"d","title":"Läufer","body":[{"text":"one"},{"text":"two"}],"tags":"other","price":"free"}`,
}

func TestSearch(t *testing.T) {
	x := open(t, "")
	defer x.Close()
	fill(t, x, 5, goods...)
	for _, c := range []struct{ query, want string }{
		{`"shoes"`, "a b c"}, {`"running"`, "a"}, {`"red shoe"`, "a c b"}, {`{"match":"red shoe","operator":"and"}`, "c a"}, {`{"match":"red","field":"title"}`, "c a"},
		{`{"phrase":"red shoes"}`, "c"}, {`{"phrase":"running shoes","field":"title"}`, "a"}, {`{"prefix":"comf"}`, "b"}, {`{"fuzzy":"shoo"}`, "a b c"}, {`{"fuzzy":"hat","distance":0}`, "c"},
		{`{"term":"red","field":"tags"}`, "a c"}, {`{"term":"other","field":"tags"}`, "d"}, {`{"term":60.5,"field":"price"}`, "b"},
		{`{"range":{"field":"price","gt":15,"lte":80}}`, "a b"}, {`{"range":{"field":"at","gte":"2026-01-02T00:00:00Z"}}`, "a b"}, {`{"range":{"field":"at","lt":"2026-01-02T00:00:00Z"}}`, "c"},
		{`{"bool":{"must":["shoes"],"must_not":[{"term":"blue","field":"tags"}]}}`, "a c"}, {`{"bool":{"should":[{"term":"blue","field":"tags"},{"term":"other","field":"tags"}]}}`, "b d"},
		{`"two"`, "d"}, {`{}`, "a b c d"}, {`"nothing"`, ""},
	} {
		r, err := x.Search(t.Context(), Request{Query: value(t, c.query), Limit: 10})
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		var got []string
		for _, h := range r.Hits {
			got = append(got, h.ID)
		}
		want := strings.Fields(c.want)
		if strings.HasPrefix(c.query, "{") && !strings.Contains(c.query, "match") { // the order is the scores'
			slices.Sort(got)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || r.Total != uint64(len(want)) {
			t.Errorf("%s: got %v of %d, want %v", c.query, got, r.Total, want)
		}
	}
	r, err := x.Search(t.Context(), Request{Query: value(t, `"red shoes"`), Limit: 1, Highlight: true, Facets: []Facet{{Name: "tags", Field: "tags"}}})
	if err != nil || len(r.Hits) != 1 || r.Total != 3 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if f := fmt.Sprint(r.Hits[0].Fragments); !strings.Contains(f, "<mark>") {
		t.Errorf("the fragments %s mark nothing", f)
	}
	if got := fmt.Sprint(r.Facets["tags"]); got != "[{red 2} {blue 1} {sport 1}]" {
		t.Errorf("the facets are %s", got)
	}
}

func TestRefused(t *testing.T) {
	x := open(t, "")
	defer x.Close()
	for text, code := range map[string]string{
		`5`: "INVALID_SEARCH", `{"foo":1}`: "UNKNOWN_OPERATOR", `{"match":5}`: "INVALID_SEARCH", `{"match":"a","x":1}`: "UNKNOWN_FIELD", `{"match":"a","field":"none"}`: "INVALID_SEARCH", `{"match":"a","field":"price"}`: "INVALID_SEARCH",
		`{"match":"a","operator":"xor"}`: "INVALID_SEARCH", `{"fuzzy":"a","distance":3}`: "INVALID_SEARCH", `{"prefix":""}`: "INVALID_SEARCH", `{"term":"x"}`: "INVALID_SEARCH", `{"term":"x","field":"price"}`: "INVALID_SEARCH",
		`{"range":{"field":"title","gt":1}}`: "INVALID_SEARCH", `{"range":{"field":"price"}}`: "INVALID_SEARCH", `{"range":{"field":"price","gt":1,"gte":1}}`: "INVALID_SEARCH", `{"range":{"field":"at","gt":"now"}}`: "INVALID_SEARCH", `{"bool":{}}`: "INVALID_SEARCH", `{"bool":{"must":"x"}}`: "INVALID_SEARCH",
	} {
		_, err := x.Search(t.Context(), Request{Query: value(t, text), Limit: 1})
		if e := dberr.As(err); e == nil || e.Code != code {
			t.Errorf("%s: got %v, want %s", text, err, code)
		}
	}
	for _, c := range []Config{{}, {Fields: []Field{{Path: "a"}, {Path: "a"}}}, {Fields: []Field{{Path: "a", Type: "blob"}}}, {Fields: []Field{{Path: "a", Analyzer: "xx"}}}, {Fields: []Field{{Path: "a", Type: Number, Analyzer: "en"}}}, {Fields: []Field{{Path: ""}}}} {
		if _, err := Open("", c); err == nil {
			t.Errorf("the config %+v is accepted", c)
		}
	}
}

// TestDurable: what was applied is there after the index was closed, or not closed.
func TestDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	x := open(t, path)
	fill(t, x, 7, goods...)
	fill(t, x, 9, `{"_id":"e","title":"late"}`)
	if err := x.Apply([]Change{{ID: "a"}}, 11); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, path)
	defer x.Close()
	applied, err := x.Applied()
	n, cerr := x.Count()
	if err != nil || cerr != nil || applied != 11 || n != 4 {
		t.Errorf("applied %d with %d documents, want 11 with 4, %v %v", applied, n, err, cerr)
	}
}
