package fulltext

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
)

// matchQuery finds documents by words and ranks them by BM25 (Robertson and Zaragoza,
// 2009): of each word, once over all fields, the sum of what the fields give it. It is
// our own since bleve's multiplies by the rarity of a word twice, takes the root of
// its frequency before BM25 saturates it, and weighs by how many words match.
type matchQuery struct {
	x      *Index
	text   string
	fields []weighted
	all    bool // every word must be there
}

// weighted is a field with the boost of what is found in it.
type weighted struct {
	path     string
	boost    float64
	analyzer string
}

// The parameters of BM25, as they are usual.
const (
	k1 = 1.2
	b  = 0.75
)

// Searcher implements query.Query.
func (q *matchQuery) Searcher(ctx context.Context, r index.IndexReader, m mapping.IndexMapping, o search.SearcherOptions) (search.Searcher, error) {
	s, err := q.searcher(ctx, r, m, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (q *matchQuery) searcher(ctx context.Context, r index.IndexReader, m mapping.IndexMapping, o search.SearcherOptions) (*matchSearcher, error) {
	total, err := r.DocCount()
	if err != nil {
		return nil, err
	}
	s := &matchSearcher{all: q.all, boost: 1, vectors: o.IncludeTermVectors}
	terms := map[string]int{}
	for _, f := range q.fields {
		length, err := q.x.average(ctx, r, f.path, total)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		for _, tok := range m.AnalyzerNamed(f.analyzer).Analyze([]byte(q.text)) {
			at, known := terms[string(tok.Term)]
			if !known {
				at = len(terms)
				terms[string(tok.Term)] = at
			}
			if known && s.has(at, f.path) {
				continue // the text has the word twice
			}
			p, err := newPosting(ctx, r, string(tok.Term), at, f, o)
			if err != nil {
				return nil, errors.Join(err, s.Close())
			}
			p.length = length
			s.postings = append(s.postings, p)
		}
	}
	s.words, s.marks = len(terms), make([]uint64, len(terms))
	s.rarity(total)
	return s, nil
}

// average is how many words the documents that have a field have in it. It is read
// anew once their number has changed by a tenth.
func (x *Index) average(ctx context.Context, r index.IndexReader, field string, total uint64) (float64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if a, ok := x.lengths[field]; ok && total <= a.docs+a.docs/10 && total >= a.docs-a.docs/10 {
		return a.length, nil
	}
	p, err := r.TermFieldReader(ctx, []byte(everyDocument), field, true, true, false)
	if err != nil {
		return 0, err
	}
	sum, n := 0.0, 0.0
	var at index.TermFieldDoc
	for {
		d, err := p.Next(at.Reset())
		if err != nil {
			return 0, errors.Join(err, p.Close())
		}
		if d == nil {
			break
		}
		if d.Norm > 0 {
			sum += 1 / (d.Norm * d.Norm)
			n++
		}
	}
	length := 1.0
	if n > 0 {
		length = sum / n
	}
	x.lengths[field] = averaged{total, length}
	return length, p.Close()
}

// posting walks the documents that have a word in a field.
type posting struct {
	reader index.TermFieldReader
	doc    *index.TermFieldDoc // where it stands, nil at the end
	at     uint64              // its number, beyond all others at the end
	next   index.TermFieldDoc
	term   string
	word   int // which word of the query it is
	field  weighted
	length float64 // average of the field
	idf    float64
}

// ended is where a posting stands that has no more documents.
const ended = math.MaxUint64

// number is the number of a document in the index, which is what its internal id holds:
// ids are in its order.
func number(id index.IndexInternalID) (uint64, error) {
	if len(id) != 8 {
		return 0, fmt.Errorf("the full-text index has a document whose number is of %d bytes", len(id))
	}
	return binary.BigEndian.Uint64(id), nil
}

func newPosting(ctx context.Context, r index.IndexReader, term string, word int, f weighted, o search.SearcherOptions) (*posting, error) {
	reader, err := r.TermFieldReader(ctx, []byte(term), f.path, true, true, o.IncludeTermVectors)
	if err != nil {
		return nil, err
	}
	p := &posting{reader: reader, term: term, word: word, field: f}
	if err := p.step(); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	return p, nil
}

func (p *posting) step() error {
	d, err := p.reader.Next(p.next.Reset())
	return p.stand(d, err)
}

// stand notes where the reader has come to.
func (p *posting) stand(d *index.TermFieldDoc, err error) error {
	if p.doc, p.at = d, ended; err != nil || d == nil {
		return err
	}
	p.at, err = number(d.ID)
	return err
}

// score is what the word gives the document that it stands on.
func (p *posting) score() float64 {
	tf, length := float64(p.doc.Freq), p.length
	if p.doc.Norm > 0 {
		length = 1 / (p.doc.Norm * p.doc.Norm)
	}
	return p.field.boost * p.idf * tf * (k1 + 1) / (tf + k1*(1-b+b*length/p.length))
}

// matchSearcher gives the documents in the order of their numbers.
type matchSearcher struct {
	postings []*posting
	words    int
	all      bool
	boost    float64
	vectors  bool
	marks    []uint64 // of each word, the round in which it was last met
	round    uint64
}

func (s *matchSearcher) has(word int, field string) bool {
	for _, p := range s.postings {
		if p.word == word && p.field.path == field {
			return true
		}
	}
	return false
}

// rarity sets the weight of each word: of the field in which it is most frequent, so
// that one that is rare in titles and common in texts is common.
func (s *matchSearcher) rarity(total uint64) {
	most := map[int]uint64{}
	for _, p := range s.postings {
		most[p.word] = max(most[p.word], p.reader.Count())
	}
	for _, p := range s.postings {
		n := float64(most[p.word])
		p.idf = math.Log(1 + (float64(total)-n+0.5)/(n+0.5))
	}
}

// step moves to the next document, ended after the last, and gives its score. Where m is
// given, it is told where the words are.
func (s *matchSearcher) step(m *search.DocumentMatch) (at uint64, score float64, err error) {
	for {
		at, score = ended, 0
		for _, p := range s.postings {
			at = min(at, p.at)
		}
		if at == ended {
			return at, 0, nil
		}
		words := 0
		s.round++
		for _, p := range s.postings {
			if p.at != at {
				continue
			}
			if s.marks[p.word] != s.round {
				s.marks[p.word] = s.round
				words++
			}
			score += s.boost * p.score()
			if m != nil && s.vectors {
				p.locate(m)
			}
			if err := p.step(); err != nil {
				return 0, 0, err
			}
		}
		if !s.all || words == s.words {
			return at, score, nil
		}
		if m != nil {
			m.FieldTermLocations = m.FieldTermLocations[:0]
		}
	}
}

// Next implements search.Searcher.
func (s *matchSearcher) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	m := ctx.DocumentMatchPool.Get()
	at, score, err := s.step(m)
	if err != nil || at == ended {
		ctx.DocumentMatchPool.Put(m)
		return nil, err
	}
	m.IndexInternalID = binary.BigEndian.AppendUint64(m.IndexInternalID[:0], at)
	m.Score = score
	return m, nil
}

// locate notes where the word is, for highlighting.
func (p *posting) locate(m *search.DocumentMatch) {
	for _, v := range p.doc.Vectors {
		m.FieldTermLocations = append(m.FieldTermLocations, search.FieldTermLocation{
			Field: v.Field, Term: p.term,
			Location: search.Location{Pos: v.Pos, Start: v.Start, End: v.End, ArrayPositions: append(search.ArrayPositions(nil), v.ArrayPositions...)},
		})
	}
}

// Advance implements search.Searcher.
func (s *matchSearcher) Advance(ctx *search.SearchContext, id index.IndexInternalID) (*search.DocumentMatch, error) {
	to, err := number(id)
	if err != nil {
		return nil, err
	}
	for _, p := range s.postings {
		if p.at >= to {
			continue
		}
		d, err := p.reader.Advance(id, p.next.Reset())
		if err := p.stand(d, err); err != nil {
			return nil, err
		}
	}
	return s.Next(ctx)
}

// Close implements search.Searcher.
func (s *matchSearcher) Close() error {
	var errs []error
	for _, p := range s.postings {
		errs = append(errs, p.reader.Close())
	}
	return errors.Join(errs...)
}

// Count implements search.Searcher: about how many documents it gives.
func (s *matchSearcher) Count() (n uint64) {
	for _, p := range s.postings {
		n += p.reader.Count()
	}
	return n
}

// Weight and SetQueryNorm implement search.Searcher. Scores stay as they are: BM25
// needs no norm.
func (s *matchSearcher) Weight() float64      { return 1 }
func (s *matchSearcher) SetQueryNorm(float64) {}

// Min, Size and DocumentMatchPoolSize implement search.Searcher.
func (s *matchSearcher) Min() int                   { return 0 }
func (s *matchSearcher) Size() int                  { return 64 + 256*len(s.postings) }
func (s *matchSearcher) DocumentMatchPoolSize() int { return 1 }
