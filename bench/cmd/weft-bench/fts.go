package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bench/cranfield"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
)

// The figures of full text: a collection with an index of one text, against bleve alone,
// given the same texts in batches of the same size, with the same analyzer and ranking.

type textBench struct {
	config
	words []string
	texts []string
}

func benchFTS(c config) error {
	b := &textBench{config: c}
	r := rand.New(rand.NewPCG(1, 2))
	for range 30_000 {
		word := make([]byte, 3+r.IntN(9))
		for i := range word {
			word[i] = "etaoinshrdlucmfwypvbgkjqxz"[min(r.IntN(26), r.IntN(26))]
		}
		b.words = append(b.words, string(word))
	}
	zipf := rand.NewZipf(r, 1.1, 10, uint64(len(b.words)-1))
	for range min(c.docs/50, 20_000) {
		var text strings.Builder
		for range 60 + r.IntN(80) {
			text.WriteString(b.words[zipf.Uint64()])
			text.WriteByte(' ')
		}
		b.texts = append(b.texts, text.String())
	}
	return c.steps("Full text", step{"index", b.indexing}, step{"query", b.queries}, step{"lag", b.lag}, step{"cranfield", b.cranfield})
}

func textMapping() mapping.IndexMapping {
	m := bleve.NewIndexMapping()
	m.ScoringModel = index.BM25Scoring
	d := bleve.NewDocumentStaticMapping()
	f := bleve.NewTextFieldMapping()
	f.Analyzer = "en"
	d.AddFieldMappingsAt("t", f)
	m.DefaultMapping = d
	return m
}

// alone makes an index of bleve's and fills it.
func (b *textBench) alone(dir string) (bleve.Index, time.Duration, error) {
	x, err := bleve.New(dir, textMapping())
	if err != nil {
		return nil, 0, err
	}
	start := time.Now()
	batch := x.NewBatch()
	for i, text := range b.texts {
		if err := batch.Index(fmt.Sprint(i), map[string]any{"t": text}); err != nil {
			return nil, 0, errors.Join(err, x.Close())
		}
		if batch.Size() == 1000 || i == len(b.texts)-1 {
			if err := x.Batch(batch); err != nil {
				return nil, 0, errors.Join(err, x.Close())
			}
			batch.Reset()
		}
	}
	return x, time.Since(start), nil
}

// filled is a database with the texts in a collection, without an index yet.
func (b *textBench) filled() (*weft.DB, func(), error) {
	db, done, err := b.embedded(false)
	if err != nil {
		return nil, nil, err
	}
	for from := 0; from < len(b.texts); from += 1000 {
		var list []doc.Value
		for i := from; i < min(from+1000, len(b.texts)); i++ {
			list = append(list, doc.FromFields([]doc.Field{{Name: "_id", Value: doc.FromText(fmt.Sprint(i))}, {Name: "t", Value: doc.FromText(b.texts[i])}}))
		}
		if _, _, err := db.Documents().InsertMany(context.Background(), "c", list); err != nil {
			done()
			return nil, nil, err
		}
	}
	return db, done, nil
}

func textConfig() *fulltext.Config { return &fulltext.Config{Fields: []fulltext.Field{{Path: "t"}}} }

// indexing builds the index of the collection, and follows what is inserted.
func (b *textBench) indexing() error {
	var build, follow, peer []float64
	n := float64(len(b.texts))
	for range b.rounds {
		dir, err := os.MkdirTemp("", "weft-bench")
		if err != nil {
			return err
		}
		x, took, err := b.alone(filepath.Join(dir, "x"))
		if err != nil {
			return err
		}
		peer = append(peer, n/took.Seconds())
		if err := errors.Join(x.Close(), os.RemoveAll(dir)); err != nil {
			return err
		}
		for _, first := range []bool{false, true} {
			took, err := b.index(first)
			if err != nil {
				return err
			}
			if first {
				follow = append(follow, n/took.Seconds())
			} else {
				build = append(build, n/took.Seconds())
			}
		}
	}
	what := fmt.Sprintf(" of %d texts", len(b.texts))
	row("build the index"+what, rate(median(build)), "bleve alone "+rate(median(peer)), times(median(build), median(peer)), "≥ 0.9 ×")
	row("insert with an index, until all is found,"+what, rate(median(follow)), "bleve alone "+rate(median(peer)), times(median(follow), median(peer)), "")
	return nil
}

// index is how long it takes until all texts are in the index, which is there first, or
// made when they are.
func (b *textBench) index(first bool) (time.Duration, error) {
	ctx := context.Background()
	if !first {
		db, done, err := b.filled()
		if err != nil {
			return 0, err
		}
		defer done()
		start := time.Now()
		err = db.Documents().SetText(ctx, "c", textConfig())
		return time.Since(start), err
	}
	db, done, err := b.embedded(false)
	if err != nil {
		return 0, err
	}
	defer done()
	docs := db.Documents()
	if err := docs.SetText(ctx, "c", textConfig()); err != nil {
		return 0, err
	}
	start := time.Now()
	for from := 0; from < len(b.texts); from += 1000 {
		var list []doc.Value
		for _, text := range b.texts[from:min(from+1000, len(b.texts))] {
			list = append(list, doc.FromFields([]doc.Field{{Name: "t", Value: doc.FromText(text)}}))
		}
		if _, _, err := docs.InsertMany(ctx, "c", list); err != nil {
			return 0, err
		}
	}
	_, err = docs.Search(ctx, "c", document.Search{Request: fulltext.Request{Query: doc.FromText("none"), Limit: 1}, Strong: true})
	return time.Since(start), err
}

// queries are two words, the ten best; ours bring the documents, too.
func (b *textBench) queries() error {
	dir, err := os.MkdirTemp("", "weft-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	x, _, err := b.alone(filepath.Join(dir, "x"))
	if err != nil {
		return err
	}
	defer x.Close()
	db, done, err := b.filled()
	if err != nil {
		return err
	}
	defer done()
	ctx, docs := context.Background(), db.Documents()
	if err := docs.SetText(ctx, "c", textConfig()); err != nil {
		return err
	}
	for _, kind := range []struct {
		name string
		from int // of the words by how frequent they are
	}{{"frequent words", 10}, {"rare words", 3000}} {
		pick := func(r *rand.Rand) string {
			return b.words[kind.from+r.IntN(kind.from)] + " " + b.words[kind.from+r.IntN(kind.from)]
		}
		var ours, peer []float64
		for range b.rounds {
			n, err := b.repeat(func(r *rand.Rand) error {
				_, err := docs.Search(ctx, "c", document.Search{Request: fulltext.Request{Query: doc.FromText(pick(r)), Limit: 10}})
				return err
			})
			if err != nil {
				return err
			}
			ours = append(ours, n)
			n, err = b.repeat(func(r *rand.Rand) error {
				q := bleve.NewMatchQuery(pick(r))
				q.SetField("t")
				_, err := x.Search(bleve.NewSearchRequest(q))
				return err
			})
			if err != nil {
				return err
			}
			peer = append(peer, n)
		}
		row("query of two "+kind.name+", best ten", rate(median(ours)), "bleve alone "+rate(median(peer)), times(median(ours), median(peer)), "≥ 0.9 ×")
	}
	return nil
}

// repeat does something for half a round, and gives how often a second.
func (b *textBench) repeat(fn func(r *rand.Rand) error) (float64, error) {
	r := rand.New(rand.NewPCG(3, 4))
	n, start := 0, time.Now()
	for time.Since(start) < b.round/2 {
		if err := fn(r); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// lag is how long after its commit a document is found by a search that does not wait.
func (b *textBench) lag() error {
	db, done, err := b.filled()
	if err != nil {
		return err
	}
	defer done()
	ctx, docs := context.Background(), db.Documents()
	if err := docs.SetText(ctx, "c", textConfig()); err != nil {
		return err
	}
	var lags []float64
	for i := range 200 {
		word := fmt.Sprintf("lagword%d", i)
		if _, _, err := docs.Insert(ctx, "c", "", doc.FromFields([]doc.Field{{Name: "t", Value: doc.FromText(word)}})); err != nil {
			return err
		}
		for start := time.Now(); ; {
			page, err := docs.Search(ctx, "c", document.Search{Request: fulltext.Request{Query: doc.FromText(word), Limit: 1}})
			if err != nil {
				return err
			}
			if page.Total == 1 {
				lags = append(lags, float64(time.Since(start))/1e6)
				break
			}
		}
	}
	worst := 0.0
	for _, l := range lags {
		worst = max(worst, l)
	}
	row("a document is found after its commit", fmt.Sprintf("%.1f ms, at worst %.1f ms", median(lags), worst), "", "", "≤ 1 s")
	return nil
}

// cranfield ranks the Cranfield collection, which is not part of this repository.
func (b *textBench) cranfield() error {
	c, err := cranfield.Load(b.corpus)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(os.Stderr, "the Cranfield collection is not in %s: name its directory by -cranfield\n", b.corpus)
		return nil
	}
	if err != nil {
		return err
	}
	ndcg, precision, err := c.Measure(context.Background(), "")
	row("Cranfield, default analyzer", fmt.Sprintf("nDCG@10 %.3f, MAP@100 %.3f", ndcg, precision), "SQLite FTS5 .377, PostgreSQL .339", "", "nDCG@10 ≥ 0.40")
	return err
}
