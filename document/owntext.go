package document

import (
	"context"
	"errors"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// MatchOwnTx says which documents of a collection with a full-text index a transaction has
// itself written, and for which of them, as they are in it, a query holds; one that it
// removed is among the first only. Whether a query holds for a document depends on nothing
// but the document, so an index of these alone, in memory, answers that; what its score
// would be among the others it cannot tell. More than fulltext.MaxHits of them are an error.
func (s *Store) MatchOwnTx(ctx context.Context, tx *txn.Tx, c *Collection, query doc.Value) (own map[string]bool, found []string, err error) {
	type written struct{ id, value []byte }
	var list []written
	own = map[string]bool{}
	prefix := appendObject(nil, s.db, c.ID)
	tx.Own(prefix, keyspace.End(prefix), func(key, value []byte, deleted bool) bool {
		id := slices.Clone(key[len(prefix):])
		own[string(id)] = true
		if !deleted {
			list = append(list, written{id, slices.Clone(value)})
		}
		return len(own) <= fulltext.MaxHits
	})
	switch {
	case len(own) > fulltext.MaxHits:
		return nil, nil, dberr.SQL(dberr.StateProgramLimit, "the transaction has written more than %d documents of collection %q, which are too many to search", fulltext.MaxHits, shorten(c.Name)).
			WithHint("Search before the writes, or commit them first.")
	case len(list) == 0 || c.Text == nil:
		return own, nil, nil
	}
	changes := make([]fulltext.Change, len(list))
	for i, w := range list {
		if changes[i], err = s.textChange(tx, c.ID, w.id, w.value); err != nil {
			return nil, nil, err
		}
	}
	index, err := fulltext.Open("", *c.Text)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	if err := index.Apply(changes, 0); err != nil {
		return nil, nil, err
	}
	hits, err := index.Search(ctx, fulltext.Request{Query: query, Limit: fulltext.MaxHits})
	for i := range hits.Hits {
		found = append(found, hits.Hits[i].ID)
	}
	return own, found, err
}
