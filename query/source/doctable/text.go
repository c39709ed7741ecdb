package doctable

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/source/jsonb"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

var _ source.TextSearcher = (*Source)(nil)

// SearchText implements source.TextSearcher. What is found depends on every document of
// the collection, so a serializable transaction has read them all.
func (s *Source) SearchText(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, t fn.TextSearch) (out fn.TextHits, err error) {
	store, what := s.docs.In(db), "collection"
	if t.Alone {
		store, what = store.Texts().Collections(), "full-text index"
	}
	c, _, ok, err := store.LookupTx(tx, t.Collection)
	if err != nil {
		return out, err
	}
	switch {
	case !ok && t.Alone:
		return out, dberr.SQL(dberr.StateUndefinedTable, "there is no full-text index %q to search", t.Collection).WithField("index").
			WithHint("One is made by POST /api/v1/fts/indexes; the full text of a collection is searched with fts.search(collection, query).")
	case !ok:
		return out, dberr.SQL(dberr.StateUndefinedTable, "there is no collection %q to search", t.Collection).WithField("collection").WithHint("%s", manage)
	}
	wrote := false
	for _, x := range store.Extents(c) {
		wrote = wrote || tx.WroteWithin(x[0], x[1])
		if wrote && !t.Unranked {
			return out, dberr.SQL(dberr.StateFeatureNotSupported, "a search of %s %q cannot rank what the transaction itself has written to it, and is refused", what, c.Name).
				WithHint("Search before the writes, or commit them first. A condition on a collection with @@, which ranks nothing, sees them.")
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
		return out, dberr.SQL(dberr.StateProgramLimit, "the search of %s %q finds %d documents, more than %d", what, c.Name, total, limit).
			WithHint("Ask for the best ones, with a number of hits as the third argument.")
	}
	if t.Alone {
		return texts(tx, store, c.Name, hits)
	}
	var own map[string]bool
	if wrote {
		if own, out.IDs, err = store.MatchOwnTx(ctx, tx, &c, query); err != nil {
			return out, err
		}
	}
	for i := range hits {
		if !own[hits[i].ID] {
			out.IDs, out.Scores = append(out.IDs, hits[i].ID), append(out.Scores, hits[i].Score)
		}
	}
	return out, nil
}

// texts reads what was found of an index that stands alone, as the transaction sees it:
// what was written since its snapshot is left out.
func texts(tx *txn.Tx, store *document.Store, name string, hits []fulltext.Hit) (out fn.TextHits, err error) {
	for i := range hits {
		d, ok, err := store.GetTx(tx, name, hits[i].ID)
		if err != nil {
			return out, err
		}
		if !ok {
			continue
		}
		item, metadata := document.ItemOf(&d), sqltype.NullDatum
		if item.Metadata.Exists() {
			text, err := jsonb.Of(item.Metadata)
			if err != nil {
				return out, fmt.Errorf("make jsonb of the metadata of %q: %w", item.ID, err)
			}
			metadata = sqltype.Datum{Str: text}
		}
		out.IDs, out.Scores = append(out.IDs, item.ID), append(out.Scores, hits[i].Score)
		out.Texts, out.Metadata = append(out.Texts, item.Text), append(out.Metadata, metadata)
	}
	return out, nil
}
