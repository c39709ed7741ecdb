package fulltext

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
)

// best is Search of words alone, the best first. Bleve's collector reads the id of every
// document that is found, since ids decide between equal scores; here only those are read
// that are among the best, or have as much as the last of them.
func (x *Index) best(ctx context.Context, q *matchQuery, offset, limit int) (out Result, err error) {
	inner, err := x.bleve.Advanced()
	if err != nil {
		return out, err
	}
	r, err := inner.Reader()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s, err := q.searcher(ctx, r, x.bleve.Mapping(), search.SearcherOptions{})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	h := heap{reader: r, size: offset + limit}
	for {
		at, score, err := s.step(nil)
		if err != nil {
			return out, err
		}
		if at == ended {
			break
		}
		if out.Total++; out.Total%1024 == 0 && ctx.Err() != nil {
			return out, canceled(ctx)
		}
		h.offer(at, score)
	}
	list := h.sorted()
	if h.err != nil {
		return out, h.err
	}
	list = list[min(offset, len(list)):]
	out.Hits = make([]Hit, len(list))
	for i, f := range list {
		out.Hits[i] = Hit{ID: h.id(&f), Score: f.score}
		out.Hits[i].Place = appendPlace(appendPlace(nil, formatScore(f.score)), out.Hits[i].ID)
	}
	return out, h.err
}

// scored is a document that was found.
type scored struct {
	at    uint64
	score float64
	id    string // empty until it is asked for
}

// heap keeps the best documents, the worst of them at the root. Before others of the same
// score are those whose id is less.
type heap struct {
	reader index.IndexReader
	size   int
	list   []scored
	err    error // the first of reading ids
}

func (h *heap) id(f *scored) string {
	if f.id == "" {
		var internal [8]byte
		binary.BigEndian.PutUint64(internal[:], f.at)
		id, err := h.reader.ExternalID(internal[:])
		if err != nil && h.err == nil {
			h.err = err
		}
		f.id = id
	}
	return f.id
}

// worse says whether a comes after b.
func (h *heap) worse(a, b *scored) bool {
	if a.score != b.score {
		return a.score < b.score
	}
	return h.id(a) > h.id(b)
}

func (h *heap) offer(at uint64, score float64) {
	if h.size == 0 {
		return
	}
	f := scored{at: at, score: score}
	if len(h.list) < h.size {
		h.list = append(h.list, f)
		for i := len(h.list) - 1; i > 0; {
			parent := (i - 1) / 2
			if !h.worse(&h.list[i], &h.list[parent]) {
				break
			}
			h.list[i], h.list[parent] = h.list[parent], h.list[i]
			i = parent
		}
		return
	}
	if score < h.list[0].score || !h.worse(&h.list[0], &f) {
		return
	}
	h.list[0] = f
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h.list) {
			return
		}
		if child+1 < len(h.list) && h.worse(&h.list[child+1], &h.list[child]) {
			child++
		}
		if !h.worse(&h.list[child], &h.list[i]) {
			return
		}
		h.list[i], h.list[child] = h.list[child], h.list[i]
		i = child
	}
}

// sorted gives the documents, the best first.
func (h *heap) sorted() []scored {
	slices.SortFunc(h.list, func(a, b scored) int {
		switch {
		case a.at == b.at:
			return 0
		case h.worse(&b, &a):
			return -1
		}
		return 1
	})
	return h.list
}
