package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// TextSearch is a call of fts.search, or with Alone of fts.search_index, or with Unranked of
// fts.found, which is what @@ becomes.
type TextSearch struct {
	Collection string // or the index that stands alone
	Alone      bool
	Query      string // words, or with Clause a clause in JSON
	Clause     bool
	Hits       int // at most so many; 0 is all
	Unranked   bool
}

// TextHits are what a search found, the best first; without Scores in no order.
type TextHits struct {
	IDs    []string
	Scores []float64

	// Of an index that stands alone also:
	Texts    []string
	Metadata []sqltype.Datum // jsonb
}

// registerFullText registers the search in full-text indexes of other models.
func registerFullText(t *tables) {
	const cols = "_id text,score float8"
	for _, clause := range []bool{false, true} {
		typ := map[bool]string{false: "text", true: "jsonb"}[clause]
		t.set("fts.found(collection text,query "+typ+") text stable", "_id text", searchText(TextSearch{Clause: clause, Unranked: true}))
		for _, hits := range []string{"", ",hits int4"} {
			t.set("fts.search(collection text,query "+typ+hits+") text stable", cols, searchText(TextSearch{Clause: clause}))
			t.set("fts.search_index(index text,query "+typ+hits+") text stable", cols+",text text,metadata jsonb", searchText(TextSearch{Clause: clause, Alone: true}))
		}
	}
}

func searchText(t TextSearch) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		if c.env == nil || c.env.Host == nil {
			return nil, dberr.SQL(dberr.StateFeatureNotSupported, "full-text search is not supported here")
		}
		hits := int64(0)
		if len(c.arg) > 2 {
			hits = c.arg[2].Int
		}
		if hits < 0 {
			return nil, dberr.SQL(dberr.StateInvalidParameterValue, "the number of hits is %d, which is negative", hits).WithField("hits")
		}
		t := t
		t.Collection, t.Query, t.Hits = c.arg[0].Str, c.arg[1].Str, int(hits)
		found, err := c.env.Host.Search(t)
		if err != nil {
			return nil, err
		}
		return &textHits{found: found}, nil
	}
}

// textHits gives what was found.
type textHits struct {
	found TextHits
	at    int
}

func (h *textHits) Next(out []*vec.Vector, limit int) (n int, err error) {
	for ; n < limit && h.at < len(h.found.IDs); n++ {
		out[0].AppendDatum(sqltype.Datum{Str: h.found.IDs[h.at]})
		if len(out) > 1 {
			out[1].AppendDatum(sqltype.Datum{Float: h.found.Scores[h.at]})
		}
		if len(out) > 2 {
			out[2].AppendDatum(sqltype.Datum{Str: h.found.Texts[h.at]})
			out[3].AppendDatum(h.found.Metadata[h.at])
		}
		h.at++
	}
	return n, nil
}
