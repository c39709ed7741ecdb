package document

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// benchPeople is a collection of n documents of about 300 bytes with two indexes.
func benchPeople(b *testing.B, n int) *Store {
	b.Helper()
	s := open(b)
	for _, x := range []Index{{Fields: []IndexField{{Path: "email"}}, Unique: true}, {Fields: []IndexField{{Path: "group"}, {Path: "age"}}}} {
		createIndex(b, s, "people", x)
	}
	for from := 0; from < n; from += 1000 {
		var list []doc.Value
		for i := from; i < from+1000; i++ {
			list = append(list, value(b, fmt.Sprintf(`{"_id":"p%09d","email":"person%d@example.org","group":%d,"age":%d,"score":%.3f,"active":true,"tags":["t%d","t%d"],"address":{"city":"city %d","zip":"%05d"},"about":"%0100d"}`,
				i, i, i%1000, 18+i*7%70, rand.Float64()*1000, i%50, i%49, i%500, i%100_000, i)))
		}
		if _, _, err := s.InsertMany(b.Context(), "people", list); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkFind(b *testing.B) {
	const n = 100_000
	s := benchPeople(b, n)
	var dst []byte
	for _, c := range []struct {
		name  string
		query func() Query
	}{
		{"point", func() Query {
			return Query{Filter: mustFilter(b, fmt.Sprintf(`{"email":"person%d@example.org"}`, rand.IntN(n)))}
		}},
		{"range", func() Query {
			return Query{Filter: mustFilter(b, fmt.Sprintf(`{"group":%d,"age":{"$gte":%d}}`, rand.IntN(1000), 18+rand.IntN(40))), Sort: []SortField{{"age", false}}, Limit: 20}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			docs := 0
			for b.Loop() {
				q := c.query()
				err := s.View(b.Context(), func(tx *txn.Tx) error {
					page, err := s.FindTx(tx, "people", q)
					for i := range page.Documents {
						dst = page.Documents[i].Value.AppendJSON(dst[:0])
						docs++
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(docs)/float64(b.N), "docs/op")
		})
	}
}

func mustFilter(b *testing.B, text string) *match.Filter {
	f, err := match.Parse([]byte(text))
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// BenchmarkHotDocument: 64 clients change one document, each commit synced.
func BenchmarkHotDocument(b *testing.B) {
	txns, err := storage.Open(vfs.OS(), b.TempDir(), storage.Options{MaxRetries: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer txns.Close()
	s, err := Open(txns.Store, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	insert(b, s, "c", `{"_id":"a","n":0}`)
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range 64 {
		wg.Go(func() {
			for i := range (b.N + c) / 64 {
				next := value(b, fmt.Sprintf(`{"_id":"a","n":%d}`, i))
				if _, _, _, err := s.Modify(b.Context(), "c", "a", Condition{}, func(doc.Value) (doc.Value, error) { return next, nil }); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
