package fulltext

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/document/doc"
)

// TestBest: the best documents by our own collector are those of bleve's, in the same order,
// with the same places, though many have the same score; and pages by places go on where
// the ones before end.
func TestBest(t *testing.T) {
	x, err := Open("", Config{Fields: []Field{{Path: "a", Boost: 2}, {Path: "b"}}, Analyzer: "simple"})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"warp", "weft", "loom", "yarn", "silk"}
	text := func() doc.Value {
		var b []byte
		for range r.IntN(4) {
			b = append(append(b, words[r.IntN(len(words))]...), ' ')
		}
		return doc.FromText(string(b))
	}
	for batch := range 5 {
		var changes []Change
		for range 60 {
			c := Change{ID: fmt.Sprint(r.IntN(200))}
			if r.IntN(5) > 0 {
				c.Value = doc.FromFields([]doc.Field{{Name: "a", Value: text()}, {Name: "b", Value: text()}})
			}
			changes = append(changes, c)
		}
		if err := x.Apply(changes, uint64(batch+1)); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		q := doc.FromText(words[r.IntN(5)] + " " + words[r.IntN(5)] + " " + words[r.IntN(5)])
		if r.IntN(2) == 0 {
			q = doc.FromFields([]doc.Field{{Name: "match", Value: q}, {Name: "operator", Value: doc.FromText("and")}})
		}
		req := Request{Query: q, Offset: r.IntN(3) * r.IntN(20), Limit: r.IntN(30)}
		ours, err := x.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		req.Highlight = true
		theirs, err := x.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if ours.Total != theirs.Total || len(ours.Hits) != len(theirs.Hits) {
			t.Fatalf("%s from %d for %d: %d of %d hits, bleve has %d of %d", q.JSON(), req.Offset, req.Limit, len(ours.Hits), ours.Total, len(theirs.Hits), theirs.Total)
		}
		for i := range ours.Hits {
			if a, b := ours.Hits[i], theirs.Hits[i]; a.ID != b.ID || a.Score != b.Score || !bytes.Equal(a.Place, b.Place) {
				t.Fatalf("%s from %d, hit %d: %s %v %q, bleve has %s %v %q", q.JSON(), req.Offset, i, a.ID, a.Score, a.Place, b.ID, b.Score, b.Place)
			}
		}
	}
}
