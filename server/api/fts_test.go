package api

import (
	"context"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
)

// indexed puts documents into the collection c, which has a full-text index of t.
func indexed(texts ...string) func(*Server, *fake) {
	return func(s *Server, f *fake) {
		docs(texts...)(s, f)
		if err := f.docs().SetText(context.Background(), "c", &fulltext.Config{Fields: []fulltext.Field{{Path: "t", Suggest: true}, {Path: "tag", Type: fulltext.Keyword}}}); err != nil {
			panic(err)
		}
	}
}

// alone puts texts into the full-text index i.
func alone(items ...string) func(*Server, *fake) {
	return func(_ *Server, f *fake) {
		x := f.docs().Texts()
		if err := x.Create(context.Background(), "i", "", true); err != nil {
			panic(err)
		}
		for _, text := range items {
			v, err := doc.Parse([]byte(text))
			if err != nil {
				panic(err)
			}
			item, err := readItem(v)
			if err != nil {
				panic(err)
			}
			if err := x.Put(context.Background(), "i", []document.Item{item}); err != nil {
				panic(err)
			}
		}
	}
}

const ftsURL = "/api/v1/fts/indexes"

var textScenarios = []scenario{
	{name: "text set", method: "PUT", url: docsURL + "/c/text", body: `{"fields":["t",{"path":"n","type":"number"},{"path":"u","boost":2,"analyzer":"de"}]}`, state: docs(`{"_id":"a","t":"x"}`), status: 200,
		has: []string{`"path":"n","type":"number"`, `"boost":2`, `"indexed_documents":1`, `"building":false,"error":null`}},
	{name: "text set, bad analyzer", method: "PUT", url: docsURL + "/c/text", body: `{"fields":["t"],"analyzer":"klingon"}`, status: 400, has: []string{"INVALID_TEXT_INDEX", "known: ar, "}},
	{name: "text set, bad type", method: "PUT", url: docsURL + "/c/text", body: `{"fields":[{"path":"t","type":"geo"}]}`, status: 400, has: []string{"INVALID_TEXT_INDEX"}},
	{name: "text set, unknown field", method: "PUT", url: docsURL + "/c/text", body: `{"fields":[{"path":"t","weight":1}]}`, status: 400, has: []string{"UNKNOWN_FIELD", "fields[0]"}},
	{name: "text get, no collection", url: docsURL + "/c/text", status: 404, has: []string{"COLLECTION_NOT_FOUND"}},
	{name: "text get, one", url: docsURL + "/c/text", state: indexed(`{"_id":"a","t":"red shoes"}`), status: 200, has: []string{`"collection":"c"`, `"analyzer":"en"`}},
	{name: "text get, none", url: docsURL + "/c/text", state: docs(`{"_id":"a"}`), status: 404, has: []string{"NO_TEXT_INDEX"}},
	{name: "text drop", method: "DELETE", url: docsURL + "/c/text", state: indexed(`{"_id":"a"}`), status: 200},
	{name: "text rebuild", method: "POST", url: docsURL + "/c/text/rebuild", state: indexed(`{"_id":"a"}`), status: 200},
	{name: "text search", url: docsURL + "/c/search", body: `{"query":"shoe","consistency":"strong","highlight":true,"facets":{"tags":"tag"},"filter":{"n":{"$gt":1}},"projection":["t"]}`,
		state: indexed(`{"_id":"a","t":"red shoes","n":1,"tag":"x"}`, `{"_id":"b","t":"blue shoes","n":2,"tag":"y"}`), status: 200,
		has: []string{`{"total":1,"hits":[{"id":"b","score":`, `"data":{"_id":"b","t":"blue shoes"},"highlights":{"t":["blue <mark>shoes</mark>"]}}`, `"facets":{"tags":[{"value":"x","count":1},{"value":"y","count":1}]}`}},
	{name: "text search, facet of no field", url: docsURL + "/c/search", body: `{"query":"x","facets":{"tags":5}}`, state: indexed(`{"_id":"a"}`), status: 400, has: []string{"INVALID_FIELD", `"field":"facets.tags"`}},
	{name: "text search, no projection", url: docsURL + "/c/search", body: `{"query":"x","projection":null}`, state: indexed(`{"_id":"a"}`), status: 200},
	{name: "text search, unknown clause", url: docsURL + "/c/search", body: `{"query":{"near":"x"}}`, state: indexed(`{"_id":"a"}`), status: 400, has: []string{"UNKNOWN_OPERATOR"}},
	{name: "text search, bad consistency", url: docsURL + "/c/search", body: `{"query":"x","consistency":"weak"}`, state: indexed(`{"_id":"a"}`), status: 400, has: []string{`"field":"consistency"`}},
	{name: "text search, in a batch", url: "/api/v1/batch", body: `{"operations":[{"method":"POST","path":"/documents/collections/c/search","body":{"query":"x"}}]}`, state: indexed(`{"_id":"a"}`), status: 400, has: []string{"NOT_IN_TRANSACTION"}},

	{name: "fts list", url: ftsURL, state: alone(), status: 200, has: []string{`{"indexes":["i"]}`}},
	{name: "fts create", url: ftsURL, body: `{"name":"i","analyzer":"de"}`, status: 201, has: []string{`{"success":true,"name":"i"}`}},
	{name: "fts create, twice", url: ftsURL, body: `{"name":"i"}`, state: alone(), status: 409, has: []string{"TEXT_INDEX_EXISTS"}},
	{name: "fts get", url: ftsURL + "/i", state: alone(`{"id":"a","text":"x"}`), status: 200, has: []string{`{"name":"i","document_count":1,`}},
	{name: "fts get, none", url: ftsURL + "/i", status: 404, has: []string{"TEXT_INDEX_NOT_FOUND"}},
	{name: "fts drop", method: "DELETE", url: ftsURL + "/i", state: alone(), status: 200},
	{name: "fts rebuild", method: "POST", url: ftsURL + "/i/rebuild", state: alone(), status: 200},
	{name: "fts put", url: ftsURL + "/i/documents", body: `{"id":"a","text":"x","metadata":{"m":1}}`, state: alone(), status: 200, has: []string{`{"success":true,"id":"a"}`}},
	{name: "fts put, no index", url: ftsURL + "/i/documents", body: `{"id":"a","text":"x"}`, status: 404, has: []string{"TEXT_INDEX_NOT_FOUND"}},
	{name: "fts put, no text", url: ftsURL + "/i/documents", body: `{"id":"a"}`, state: alone(), status: 400, has: []string{"MISSING_FIELD"}},
	{name: "fts batch", url: ftsURL + "/i/batch", body: `{"documents":[{"id":"a","text":"x"},{"id":"b","text":"y"}]}`, state: alone(), status: 200, has: []string{`{"success":true,"count":2}`}},
	{name: "fts batch, one bad", url: ftsURL + "/i/batch", body: `{"documents":[{"id":"a","text":"x"},{"id":"","text":"y"}]}`, state: alone(), status: 400, has: []string{"documents[1]"}},
	{name: "fts get text", url: ftsURL + "/i/documents/a", state: alone(`{"id":"a","text":"x","metadata":{"m":1}}`), status: 200, has: []string{`{"id":"a","text":"x","metadata":{"m":1}}`}},
	{name: "fts get text, none", url: ftsURL + "/i/documents/z", state: alone(), status: 404, has: []string{"DOCUMENT_NOT_FOUND"}},
	{name: "fts delete text", method: "DELETE", url: ftsURL + "/i/documents/a", state: alone(`{"id":"a","text":"x"}`), status: 200},
	{name: "fts delete text, none", method: "DELETE", url: ftsURL + "/i/documents/a", state: alone(), status: 404},
	{name: "fts search", url: ftsURL + "/i/search", body: `{"query":"run","k":5,"filter":{"lang":"en"},"consistency":"strong"}`, state: alone(`{"id":"a","text":"he runs","metadata":{"lang":"en"}}`, `{"id":"b","text":"run","metadata":{"lang":"de"}}`), status: 200,
		has: []string{`{"hits":[{"id":"a","score":`, `"metadata":{"lang":"en"}}],"count":1,"total":1,"next_cursor":null}`}},
	{name: "fts search, by a field that is not there", url: ftsURL + "/i/search", body: `{"query":"run","sort":{"lang":1}}`, state: alone(), status: 400, has: []string{"INVALID_SEARCH"}},
	{name: "fts suggest", url: ftsURL + "/i/suggest", body: `{"text":"he ru"}`, state: alone(`{"id":"a","text":"he runs"}`, `{"id":"b","text":"they run and he runs"}`), status: 200, has: []string{`{"suggestions":[`}},
	{name: "fts suggest, bad mode", url: ftsURL + "/i/suggest", body: `{"text":"x","mode":"guess"}`, state: alone(), status: 400, has: []string{`"field":"mode"`}},
	{name: "text suggest", url: docsURL + "/c/suggest", body: `{"text":"rde shoes","mode":"correct"}`, state: indexed(`{"_id":"a","t":"red shoes"}`), status: 200, has: []string{`"changed":`, `"words":[`}},
	{name: "text suggest, of a number", url: docsURL + "/c/suggest", body: `{"text":5}`, state: indexed(`{"_id":"a","t":"red shoes"}`), status: 400, has: []string{`"field":"text"`}},
	{name: "text suggest, no such field", url: docsURL + "/c/suggest", body: `{"text":"x","field":"u"}`, state: indexed(`{"_id":"a","t":"red shoes"}`), status: 400, has: []string{"INVALID_SEARCH", "it has: "}},
	{name: "text search, sorted", url: docsURL + "/c/search", body: `{"query":"shoe","consistency":"strong","sort":["-tag"],"limit":1}`, state: indexed(`{"_id":"a","t":"red shoes","tag":"x"}`, `{"_id":"b","t":"blue shoes","tag":"y"}`), status: 200,
		has: []string{`{"total":2,"hits":[{"id":"b"`, `"next_cursor":"`}},
	{name: "text search, cursor of nobody", url: docsURL + "/c/search", body: `{"query":"shoe","cursor":"AQ"}`, state: indexed(`{"_id":"a","t":"red shoes"}`), status: 400, has: []string{"INVALID_CURSOR"}},
}
