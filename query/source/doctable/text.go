package doctable

import (
	"context"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

var _ source.TextSearcher = (*Source)(nil)

// SearchText implements source.TextSearcher. What is found depends on every document of
// the collection, so a serializable transaction has read them all.
func (s *Source) SearchText(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, t fn.TextSearch) (out fn.TextHits, err error) {
	store := s.docs.In(db)
	c, _, ok, err := store.LookupTx(tx, t.Collection)
	if err != nil {
		return out, err
	}
	if !ok {
		return out, dberr.SQL(dberr.StateUndefinedTable, "there is no collection %q to search", t.Collection).WithField("collection").WithHint("%s", manage)
	}
	for _, x := range store.Extents(c) {
		if tx.WroteWithin(x[0], x[1]) {
			return out, dberr.SQL(dberr.StateFeatureNotSupported, "a search of collection %q does not see what the transaction itself has written to it, and is refused", c.Name).
				WithHint("Search before the writes, or commit them first.")
		}
		if err := tx.ReadRange(x[0], x[1]); err != nil {
			return out, err
		}
	}
	query := doc.Of(doc.AppendString(nil, t.Query))
	if t.Clause {
		if query, err = doc.Parse([]byte(t.Query)); err != nil {
			return out, err
		}
	}
	limit := t.Hits
	if limit == 0 || limit > fulltext.MaxHits {
		limit = fulltext.MaxHits
	}
	hits, total, err := store.SearchIDs(ctx, c.Name, query, limit)
	if err != nil {
		return out, err
	}
	if total > limit && limit != t.Hits {
		return out, dberr.SQL(dberr.StateProgramLimit, "the search of collection %q finds %d documents, more than %d", c.Name, total, limit).
			WithHint("Ask for the best ones: fts.search(collection, query, hits).")
	}
	for i := range hits {
		out.IDs, out.Scores = append(out.IDs, hits[i].ID), append(out.Scores, hits[i].Score)
	}
	return out, nil
}
