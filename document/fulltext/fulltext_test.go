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

func ids(r Result) string {
	var out []string
	for _, h := range r.Hits {
		out = append(out, h.ID)
	}
	return strings.Join(out, " ")
}

// TestSort: hits are in the order that is asked for, those without a value last, and
// pages behind a place go on where it was.
func TestSort(t *testing.T) {
	x := open(t, "")
	defer x.Close()
	fill(t, x, 5, goods...)
	fill(t, x, 6, `{"_id":"e","title":"Red coat","tags":["zebra","blue"],"price":-3,"at":"2026-02-02T00:00:00Z"}`)
	for _, c := range []struct{ query, sort, want string }{
		{`{}`, `{"price":1}`, "e c b a d"}, {`{}`, `{"price":-1}`, "a b c e d"}, {`{}`, `["at"]`, "c a b e d"}, {`{}`, `["-at","-_id"]`, "e b a c d"},
		{`{}`, `["tags"]`, "b e d a c"}, {`{}`, `{"field":"tags","ascending":false}`, "e a c d b"}, {`{}`, `["-_id"]`, "e d c b a"}, {`"red"`, `["price"]`, "e c a"},
		{`"shoes"`, `["-_score"]`, ""}, {`{}`, `null`, "a b c d e"},
	} {
		sort, err := ParseSort(value(t, c.sort))
		if err != nil {
			t.Fatal(err)
		}
		r, err := x.Search(t.Context(), Request{Query: value(t, c.query), Limit: 10, Sort: sort})
		if err != nil {
			t.Fatalf("%s by %s: %v", c.query, c.sort, err)
		}
		whole := ids(r)
		if c.want != "" && whole != c.want {
			t.Errorf("%s by %s: got %s, want %s", c.query, c.sort, whole, c.want)
		}
		var paged []string
		for after := []byte(nil); ; {
			r, err := x.Search(t.Context(), Request{Query: value(t, c.query), Limit: 1, Sort: sort, After: after})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Hits) == 0 {
				break
			}
			paged, after = append(paged, r.Hits[0].ID), r.Hits[0].Place
		}
		if got := strings.Join(paged, " "); got != whole {
			t.Errorf("%s by %s: pages give %s, one request %s", c.query, c.sort, got, whole)
		}
	}
	for _, text := range []string{`["title"]`, `["none"]`, `["price","-price"]`, `["a","b","c","d","e","f","g","h","i"]`} {
		sort, err := ParseSort(value(t, text))
		if err == nil {
			_, err = x.Search(t.Context(), Request{Limit: 1, Sort: sort})
		}
		if e := dberr.As(err); e == nil || e.Code != "INVALID_SEARCH" {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{`5`, `[5]`, `["-"]`, `{"a":2}`, `{"field":"a","ascending":1}`} {
		if _, err := ParseSort(value(t, text)); err == nil {
			t.Errorf("%s is an order", text)
		}
	}
	if _, err := x.Search(t.Context(), Request{Limit: 1, After: []byte{9, 1}}); err == nil {
		t.Error("a malformed place is taken")
	}
}

// TestSuggest: words are completed and corrected as they are written, by what documents
// there are now.
func TestSuggest(t *testing.T) {
	x, err := Open("", Config{Fields: []Field{{Path: "t", Suggest: true}, {Path: "u"}, {Path: "tag", Type: Keyword}}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	fill(t, x, 1, `{"_id":"a","t":"Running shoes, for RUNNERS","tag":"New York"}`, `{"_id":"b","t":"A runner runs","tag":"Newark"}`, `{"_id":"c","t":"runners and Läufer","u":"runaway"}`,
		`{"_id":"d","t":"runway"}`)
	if err := x.Apply([]Change{{ID: "d"}}, 2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, field string
		limit       int
		want        string
	}{
		{"run", "", 10, "[{runners 2 0} {runner 1 0} {running 1 0} {runs 1 0}]"}, {"fast Runn", "t", 2, "[{fast runners 2 0} {fast runner 1 0}]"}, {"LÄU", "", 5, "[{läufer 1 0}]"},
		{"x", "", 5, "[]"}, {"shoes ", "", 5, "[]"}, {"New", "tag", 5, "[{New York 1 0} {Newark 1 0}]"},
	} {
		got, err := x.Complete(t.Context(), c.text, c.field, c.limit)
		if err != nil || fmt.Sprint(got) != c.want && len(got)+len(c.want) != 2 {
			t.Errorf("complete %q: got %v, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"runing shoos", "{running shoes true [{runing 0 [{running 1 1}]} {shoos 7 [{shoes 1 1}]}]}"}, {"Running SHOES!", "{Running SHOES! false []}"},
		{"the läuferr", "{the läufer true [{the 0 []} {läuferr 4 [{läufer 1 1}]}]}"}, {"runway", "{runway false [{runway 0 []}]}"}, {"", "{ false []}"},
	} {
		got, err := x.Correct(t.Context(), c.text, "", 3)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("correct %q: got %v, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct {
		text, field string
		limit       int
	}{{"a", "u", 1}, {"a", "none", 1}, {"a", "", 0}, {"a", "", 101}, {strings.Repeat("a", 2000), "", 1}, {"\xff", "", 1}} {
		if _, err := x.Complete(t.Context(), c.text, c.field, c.limit); dberr.As(err) == nil {
			t.Errorf("complete %.20q of %q, %d: got %v", c.text, c.field, c.limit, err)
		}
	}
	if _, err := x.Correct(t.Context(), strings.Repeat("word ", 40), "", 1); err == nil {
		t.Error("forty words are corrected")
	}
	if _, err := Open("", Config{Fields: []Field{{Path: "n", Type: Number, Suggest: true}}}); err == nil {
		t.Error("a number has suggestions")
	}
}
