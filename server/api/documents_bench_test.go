package api

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
)

// BenchmarkDocuments is what finding documents costs in the server: one by an index,
// and 20 of a range in order.
func BenchmarkDocuments(b *testing.B) {
	const n = 20_000
	s, f := New(Options{}), newFake(b)
	s.Attach(f)
	ctx, docs := context.Background(), f.docs()
	for _, x := range []document.Index{{Fields: []document.IndexField{{Path: "email"}}, Unique: true}, {Fields: []document.IndexField{{Path: "group"}, {Path: "age"}}}} {
		if _, _, err := docs.CreateIndex(ctx, "c", x); err != nil {
			b.Fatal(err)
		}
	}
	for from := 0; from < n; from += 1000 {
		var list []doc.Value
		for i := from; i < from+1000; i++ {
			v, err := doc.Parse(fmt.Appendf(nil, `{"_id":"p%09d","email":"person%d@example.org","group":%d,"age":%d,"score":%.3f,"tags":["a","b"],"address":{"city":"city %d"},"about":"%0150d"}`, i, i, i%200, 18+i*7%70, rand.Float64(), i%500, i))
			if err != nil {
				b.Fatal(err)
			}
			list = append(list, v)
		}
		if _, _, err := docs.InsertMany(ctx, "c", list); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		body func() string
	}{
		{"point", func() string { return fmt.Sprintf(`{"filter":{"email":"person%d@example.org"}}`, rand.IntN(n)) }},
		{"range", func() string {
			return fmt.Sprintf(`{"filter":{"group":%d,"age":{"$gte":%d}},"sort":{"age":1},"limit":20}`, rand.IntN(200), 18+rand.IntN(40))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest("POST", docsURL+"/c/query", nil)
			r.Header.Set("Content-Type", "application/json")
			for b.Loop() {
				body := c.body()
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
				s.Handler().ServeHTTP(&discard{h: make(http.Header, 10)}, r)
			}
		})
	}
}
