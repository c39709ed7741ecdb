package document

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Search is a search in the full-text index of a collection.
type Search struct {
	fulltext.Request
	Filter     *match.Filter // only documents for which it holds; nil is any
	Projection *Projection
	// Strong waits until everything that was committed before is in the index. Else it
	// may be behind by a moment.
	Strong bool
	// Cursor is of the page before, whose request was the same but for its limit. A
	// document that stays as it is comes on one page, whatever is written between them,
	// where the order is by fields; scores change with what is written.
	Cursor string
}

// SearchHit is a document that was found.
type SearchHit struct {
	Document
	Score     float64
	Fragments map[string][]string
}

// SearchPage is the answer to a search.
type SearchPage struct {
	// Total is how many documents were found. With a filter that is how many of the
	// first MaxHits it holds for, and behind a cursor it is not known: -1.
	Total   int
	Hits    []SearchHit
	Facets  map[string][]fulltext.FacetValue // of all that were found, whatever the filter
	Applied txn.Timestamp                    // the commit up to which the index was, at least
	Cursor  string                           // of the next page, empty after the last
}

// Search finds documents by their words, the best first or in the order that is asked
// for, and returns them as they are now.
func (s *Store) Search(ctx context.Context, collection string, q Search) (page SearchPage, err error) {
	x, index, err := s.searched(ctx, collection, q.Strong)
	if err != nil {
		return page, err
	}
	x.mu.Lock()
	page.Applied = x.mu.upTo
	x.mu.Unlock()
	if q.Cursor != "" {
		if q.Offset != 0 {
			return page, invalid("INVALID_FIELD", "offset", "a search goes on behind a cursor or from an offset, not both")
		}
		err := s.View(ctx, func(tx *txn.Tx) error {
			_, q.After, err = s.openCursor(tx, q.Cursor, q.fingerprint(collection))
			return err
		})
		if err != nil {
			return page, err
		}
	}
	r := searcher{s: s, index: index, collection: collection, q: &q, page: &page}
	if q.Filter == nil {
		err = r.plain(ctx)
	} else {
		err = r.filtered(ctx)
	}
	if err != nil || r.last == nil || page.Cursor != "" {
		return page, err
	}
	err = s.View(ctx, func(tx *txn.Tx) error {
		page.Cursor, err = s.sealCursor(tx, q.fingerprint(collection), r.last)
		return err
	})
	return page, err
}

// searched returns the full-text index of a collection, with strong when it has what
// was committed before.
func (s *Store) searched(ctx context.Context, collection string, strong bool) (*textIndex, *fulltext.Index, error) {
	if s.tx != nil {
		return nil, nil, dberr.New(dberr.ErrUnsupported, "NOT_IN_TRANSACTION", "a search does not see the writes of a transaction, and so does not run in one")
	}
	x, err := s.openText(ctx, collection, true)
	if err != nil {
		return nil, nil, err
	}
	want := txn.Timestamp(0)
	if strong {
		want = s.txns.LastCommit()
	}
	index, err := x.wait(ctx, want)
	return x, index, err
}

// fingerprint tells searches apart whose pages belong together.
func (q *Search) fingerprint(collection string) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s", len(collection), collection)
	for _, f := range q.Sort {
		fmt.Fprintf(h, " %d %s %v", len(f.Field), f.Field, f.Descending)
	}
	var filter []byte
	if q.Filter != nil {
		filter = q.Filter.Source()
	}
	fmt.Fprintf(h, " %d %x %x", len(q.Query.Bytes()), q.Query.Bytes(), filter)
	return h.Sum(nil)[:queryBytes]
}

// searcher makes a page.
type searcher struct {
	s          *Store
	index      *fulltext.Index
	collection string
	q          *Search
	page       *SearchPage
	last       []byte // the place of the last hit, where there are more
}

// plain asks for one hit more than is wanted, to know whether there is one.
func (r *searcher) plain(ctx context.Context) error {
	req := r.q.Request
	if req.Limit > 0 && req.Offset+req.Limit < fulltext.MaxHits {
		req.Limit++
	}
	found, err := r.index.Search(ctx, req)
	if err != nil {
		return err
	}
	r.page.Total, r.page.Facets = int(found.Total), found.Facets
	if n := r.q.Limit; n > 0 && len(found.Hits) > n {
		found.Hits = found.Hits[:n]
		r.last = found.Hits[n-1].Place
	}
	return r.s.View(ctx, func(tx *txn.Tx) error {
		c, err := r.s.find(tx, r.collection)
		if err != nil {
			return err
		}
		r.page.Hits = make([]SearchHit, 0, len(found.Hits))
		for i := range found.Hits {
			w, err := r.s.slot(tx, c, found.Hits[i].ID)
			if err != nil {
				return err
			}
			if w.found {
				r.take(&found.Hits[i], w.old)
			}
		}
		if r.last != nil {
			r.page.Cursor, err = r.s.sealCursor(tx, r.q.fingerprint(r.collection), r.last)
		}
		return err
	})
}

// take adds the document of a hit.
func (r *searcher) take(h *fulltext.Hit, d Document) {
	d.own()
	if r.q.Projection != nil {
		d.Value = r.q.Projection.Apply(d.Value)
	}
	r.page.Hits = append(r.page.Hits, SearchHit{Document: d, Score: h.Score, Fragments: h.Fragments})
}

// filtered looks at what was found, in pieces, since only the documents tell for which
// of them the filter holds: at all of it, to count them, or behind a cursor until the
// page is full.
func (r *searcher) filtered(ctx context.Context) error {
	const piece = 500
	counts := r.q.After == nil
	req := r.q.Request
	req.Offset, req.Limit = 0, piece
	var full []byte // the place of the last hit of a full page
	for looked := 0; looked < fulltext.MaxHits || !counts; looked += piece {
		found, err := r.index.Search(ctx, req)
		if err != nil {
			return err
		}
		if looked == 0 {
			r.page.Facets = found.Facets
			req.Facets = nil
		}
		err = r.s.View(ctx, func(tx *txn.Tx) error {
			for i := range found.Hits {
				if r.last != nil && !counts {
					break
				}
				d, ok, err := r.s.GetTx(tx, r.collection, found.Hits[i].ID)
				if ok && err == nil {
					ok, err = r.q.Filter.Test(d.Value)
				}
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				if r.page.Total++; r.page.Total <= r.q.Offset {
					continue
				}
				if len(r.page.Hits) == r.q.Limit {
					r.last = full
					continue
				}
				r.take(&found.Hits[i], d)
				full = found.Hits[i].Place
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(found.Hits) < piece || r.last != nil && !counts {
			break
		}
		req.After = found.Hits[len(found.Hits)-1].Place
	}
	if !counts {
		r.page.Total = -1
	}
	return nil
}

// Complete gives words of the full-text index of a collection that begin as the last
// word of a text does; see fulltext.Index.Complete.
func (s *Store) Complete(ctx context.Context, collection, text, field string, limit int) ([]fulltext.Suggested, error) {
	_, index, err := s.searched(ctx, collection, false)
	if err != nil {
		return nil, err
	}
	return index.Complete(ctx, text, field, limit)
}

// Correct gives words of the full-text index of a collection for those of a text that
// it does not have; see fulltext.Index.Correct.
func (s *Store) Correct(ctx context.Context, collection, text, field string, limit int) (fulltext.Correction, error) {
	_, index, err := s.searched(ctx, collection, false)
	if err != nil {
		return fulltext.Correction{}, err
	}
	return index.Correct(ctx, text, field, limit)
}

// SearchIDs finds documents of a collection by their words, as they are committed now,
// without reading them: up to limit of them, the best first. Total is how many there are.
func (s *Store) SearchIDs(ctx context.Context, collection string, query doc.Value, limit int) (hits []fulltext.Hit, total int, err error) {
	plain := &Store{core: s.core, db: s.db, hidden: s.hidden}
	x, err := plain.openText(ctx, collection, true)
	if err != nil {
		return nil, 0, err
	}
	index, err := x.wait(ctx, s.txns.LastCommit())
	if err != nil {
		return nil, 0, err
	}
	found, err := index.Search(ctx, fulltext.Request{Query: query, Limit: limit})
	return found.Hits, int(found.Total), err
}
