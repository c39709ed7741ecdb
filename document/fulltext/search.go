package fulltext

import (
	"context"
	"errors"

	"github.com/blevesearch/bleve/v2"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// MaxHits is how far a search goes: its offset and limit together.
const MaxHits = 10_000

// Request is a search.
type Request struct {
	Query         doc.Value // text, or an object of one clause; Missing finds all
	Offset, Limit int
	Sort          []SortField // nil: the best first
	After         []byte      // the Place of a hit of the same request: only what comes after it
	Highlight     bool
	Facets        []Facet
}

// Facet counts the documents by the values of a keyword field.
type Facet struct {
	Name  string
	Field string
	Size  int // of the values that are given; 0 is 10
}

// Hit is a document that was found.
type Hit struct {
	ID        string
	Score     float64
	Place     []byte              // in the order of the request
	Fragments map[string][]string // with Highlight, pieces of the fields, what was found in <mark>
}

// FacetValue is a value and how many documents have it.
type FacetValue struct {
	Value string
	Count int
}

// Result is the answer to a search.
type Result struct {
	Total  uint64 // documents that were found, of which Hits are a part
	Hits   []Hit
	Facets map[string][]FacetValue
}

// Search finds documents, the best first or in the order of the request.
func (x *Index) Search(ctx context.Context, r Request) (Result, error) {
	if r.Offset < 0 || r.Limit < 0 || r.Offset+r.Limit > MaxHits {
		return Result{}, bad("limit", "a search goes to %d hits, not from %d for %d", MaxHits, r.Offset, r.Limit)
	}
	if !r.Query.Exists() {
		r.Query = doc.Of(doc.AppendObject(nil, nil))
	}
	b := builder{x: x}
	q, err := b.build(r.Query, 0)
	if err != nil {
		return Result{}, err
	}
	if words, ok := q.(*matchQuery); ok && len(r.Sort) == 0 && r.After == nil && !r.Highlight && len(r.Facets) == 0 {
		found, err := x.best(ctx, words, r.Offset, r.Limit)
		if err != nil && !errors.Is(err, dberr.ErrCanceled) {
			err = dberr.New(dberr.ErrInvalid, "SEARCH_FAILED", "the search failed: %v", err)
		}
		return found, err
	}
	req := bleve.NewSearchRequestOptions(q, r.Limit, r.Offset, false)
	if req.Sort, err = x.order(r.Sort); err != nil {
		return Result{}, err
	}
	if r.After != nil {
		if err := after(req, r.After); err != nil {
			return Result{}, err
		}
	}
	if r.Highlight {
		req.Highlight = bleve.NewHighlightWithStyle("html")
	}
	for _, f := range r.Facets {
		if err := x.facet(req, f); err != nil {
			return Result{}, err
		}
	}
	found, err := x.bleve.SearchInContext(ctx, req)
	if err != nil {
		if ctx.Err() != nil {
			return Result{}, canceled(ctx)
		}
		return Result{}, dberr.New(dberr.ErrInvalid, "SEARCH_FAILED", "the search failed: %v", err)
	}
	return result(req, found), nil
}

func canceled(ctx context.Context) error {
	return dberr.New(dberr.ErrCanceled, "CANCELED", "the search was canceled").Wrap(context.Cause(ctx))
}

// facet asks for the counts of a facet.
func (x *Index) facet(req *bleve.SearchRequest, f Facet) error {
	field, err := x.field(f.Field)
	switch {
	case err != nil:
		return err
	case field.Type != Keyword:
		return bad("facets", "facets are counted by fields of type keyword, and %.64q is of type %s", f.Field, field.Type)
	case f.Size < 0 || f.Size > 1000:
		return bad("size", "the size of a facet is within 1 and 1000, not %d", f.Size)
	case f.Size == 0:
		f.Size = 10
	}
	req.AddFacet(f.Name, bleve.NewFacetRequest(f.Field, f.Size))
	return nil
}

func result(req *bleve.SearchRequest, found *bleve.SearchResult) Result {
	out := Result{Total: found.Total, Hits: make([]Hit, 0, len(found.Hits))}
	for _, h := range found.Hits {
		out.Hits = append(out.Hits, Hit{ID: h.ID, Score: h.Score, Place: place(req.Sort, h), Fragments: h.Fragments})
	}
	for name, f := range found.Facets {
		if out.Facets == nil {
			out.Facets = map[string][]FacetValue{}
		}
		values := []FacetValue{}
		if f.Terms != nil {
			for _, t := range f.Terms.Terms() {
				values = append(values, FacetValue{t.Term, t.Count})
			}
		}
		out.Facets[name] = values
	}
	return out
}
