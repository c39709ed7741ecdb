// Package cranfield measures how well a full-text index ranks, by the Cranfield
// collection: 1400 abstracts, 225 questions and the judgements which abstracts answer
// them.
package cranfield

import (
	"context"
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
)

// Collection is what was read of the directory of the collection.
type Collection struct {
	Documents map[string]Document
	Questions []string
	Judged    map[int]map[string]int // question, from 1 → document → 1 (the best) to 4
}

// Document is an abstract.
type Document struct{ Title, Text string }

// Load reads cran.all.1400.xml, cran.qry.xml and cranqrel.trec.txt.
func Load(dir string) (*Collection, error) {
	var all struct {
		Docs []struct {
			No    string `xml:"docno"`
			Title string `xml:"title"`
			Text  string `xml:"text"`
		} `xml:"doc"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "cran.all.1400.xml"))
	if err != nil {
		return nil, err
	}
	if err := xml.Unmarshal([]byte("<r>"+strings.TrimPrefix(string(text), "<?xml version='1.0' encoding='UTF-8'?>")+"</r>"), &all); err != nil {
		return nil, fmt.Errorf("read the abstracts: %w", err)
	}
	c := &Collection{Documents: map[string]Document{}, Judged: map[int]map[string]int{}}
	for _, d := range all.Docs {
		c.Documents[strings.TrimSpace(d.No)] = Document{d.Title, d.Text}
	}
	var asked struct {
		Top []struct {
			Title string `xml:"title"`
		} `xml:"top"`
	}
	if text, err = os.ReadFile(filepath.Join(dir, "cran.qry.xml")); err != nil {
		return nil, err
	}
	if err := xml.Unmarshal(text, &asked); err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	for _, q := range asked.Top {
		c.Questions = append(c.Questions, q.Title)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "cranqrel.trec.txt")); err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var q, zero, rel int
		var id string
		if _, err := fmt.Sscan(line, &q, &zero, &id, &rel); err != nil {
			return nil, fmt.Errorf("read the judgement %q: %w", line, err)
		}
		if c.Judged[q] == nil {
			c.Judged[q] = map[string]int{}
		}
		c.Judged[q][id] = rel
	}
	return c, nil
}

// Measure indexes the abstracts, by title and text with an analyzer, empty for the
// default, asks the questions as they are, and gives the means of nDCG@10 and of the
// average precision of the first 100.
func (c *Collection) Measure(ctx context.Context, analyzer string) (ndcg, precision float64, err error) {
	x, err := fulltext.Open("", fulltext.Config{Fields: []fulltext.Field{{Path: "title"}, {Path: "text"}}, Analyzer: analyzer})
	if err != nil {
		return 0, 0, err
	}
	defer x.Close()
	var changes []fulltext.Change
	for id, d := range c.Documents {
		v := doc.FromFields([]doc.Field{{Name: "title", Value: doc.FromText(d.Title)}, {Name: "text", Value: doc.FromText(d.Text)}})
		changes = append(changes, fulltext.Change{ID: id, Value: v})
	}
	if err := x.Apply(changes, 1); err != nil {
		return 0, 0, err
	}
	for i, q := range c.Questions {
		r, err := x.Search(ctx, fulltext.Request{Query: doc.FromText(q), Limit: 100})
		if err != nil {
			return 0, 0, err
		}
		n, p := rank(r.Hits, c.Judged[i+1])
		ndcg += n
		precision += p
	}
	n := float64(len(c.Questions))
	return ndcg / n, precision / n, nil
}

// rank gives nDCG@10 and average precision. A judgement of 1 is the most relevant, 4
// the least.
func rank(hits []fulltext.Hit, judged map[string]int) (ndcg, precision float64) {
	gain := func(id string) float64 {
		if j, ok := judged[id]; ok && j >= 1 {
			return float64(5 - j)
		}
		return 0
	}
	dcg, found := 0.0, 0.0
	for i, h := range hits {
		g := gain(h.ID)
		if i < 10 {
			dcg += g / math.Log2(float64(i+2))
		}
		if g > 0 {
			found++
			precision += found / float64(i+1)
		}
	}
	var ideal []float64
	for id := range judged {
		if g := gain(id); g > 0 {
			ideal = append(ideal, g)
		}
	}
	if len(ideal) == 0 {
		return 0, 0
	}
	precision /= float64(len(ideal))
	sort.Sort(sort.Reverse(sort.Float64Slice(ideal)))
	best := 0.0
	for i := 0; i < len(ideal) && i < 10; i++ {
		best += ideal[i] / math.Log2(float64(i+2))
	}
	return dcg / best, precision
}
