package fulltext

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
)

// TestCranfield prints how well the default English analyzer ranks, by the judgements
// of the Cranfield collection, and holds it to what two well-known engines reach
// (SQLite's FTS5 .377, PostgreSQL .339).
func TestCranfield(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "corpora", "cranfield")
	docs, queries, judged := cranfield(t, dir)
	x, err := Open("", Config{Fields: []Field{{Path: "title"}, {Path: "text"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var changes []Change
	for id, d := range docs {
		changes = append(changes, Change{id, doc.Of(doc.AppendObject(nil, []doc.Field{
			{Name: "title", Value: doc.Of(doc.AppendString(nil, d[0]))}, {Name: "text", Value: doc.Of(doc.AppendString(nil, d[1]))}}))})
	}
	if err := x.Apply(changes, 1); err != nil {
		t.Fatal(err)
	}
	var ndcg, precision float64
	for i, q := range queries {
		r, err := x.Search(t.Context(), Request{Query: doc.Of(doc.AppendString(nil, q)), Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		n, p := rank(r.Hits, judged[i+1])
		ndcg += n
		precision += p
	}
	ndcg /= float64(len(queries))
	precision /= float64(len(queries))
	t.Logf("nDCG@10 %.3f, MAP@100 %.3f", ndcg, precision)
	if ndcg < 0.40 {
		t.Errorf("nDCG@10 is %.3f", ndcg)
	}
}

// rank gives nDCG@10 and average precision. A judgement of 1 is the most relevant, 4
// the least.
func rank(hits []Hit, judged map[string]int) (ndcg, precision float64) {
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

func cranfield(t *testing.T, dir string) (docs map[string][2]string, queries []string, judged map[int]map[string]int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cran.all.1400.xml"))
	if err != nil {
		t.Skip("the test data cranfield is not there")
	}
	var all struct {
		Docs []struct {
			No    string `xml:"docno"`
			Title string `xml:"title"`
			Text  string `xml:"text"`
		} `xml:"doc"`
	}
	if err := xml.Unmarshal([]byte("<r>"+strings.TrimPrefix(string(text), "<?xml version='1.0' encoding='UTF-8'?>")+"</r>"), &all); err != nil {
		t.Fatal(err)
	}
	docs = map[string][2]string{}
	for _, d := range all.Docs {
		docs[strings.TrimSpace(d.No)] = [2]string{d.Title, d.Text}
	}
	if text, err = os.ReadFile(filepath.Join(dir, "cran.qry.xml")); err != nil {
		t.Fatal(err)
	}
	var asked struct {
		Top []struct {
			Title string `xml:"title"`
		} `xml:"top"`
	}
	if err := xml.Unmarshal(text, &asked); err != nil {
		t.Fatal(err)
	}
	for _, q := range asked.Top {
		queries = append(queries, q.Title)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "cranqrel.trec.txt")); err != nil {
		t.Fatal(err)
	}
	judged = map[int]map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var q, zero, rel int
		var id string
		if _, err := fmt.Sscan(line, &q, &zero, &id, &rel); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if judged[q] == nil {
			judged[q] = map[string]int{}
		}
		judged[q][id] = rel
	}
	return docs, queries, judged
}
