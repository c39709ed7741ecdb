package continuous_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/streaming"
)

// BenchmarkCatchUp takes in messages of a hundred groups, which a query counts and sums up
// in windows of a second, 1,000 messages each.
func BenchmarkCatchUp(b *testing.B) {
	const messages = 20_000
	for _, out := range []continuous.Output{{Channel: "out"}, {Table: "out"}} {
		b.Run("output="+map[bool]string{true: "channel", false: "table"}[out.Table == ""], func(b *testing.B) {
			db, err := weft.OpenMemory(weft.Options{Continuous: continuous.Options{Idle: true}})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			for from := 0; from < messages; from += 1000 {
				var list []streaming.Content
				for i := from; i < from+1000; i++ {
					list = append(list, streaming.Content{JSON: true, Data: fmt.Appendf(nil, `{"k":"key%d","v":%d,"at":%d}`, i%100, i%1000, 1_700_000_000_000+i)})
				}
				if _, err := db.Streaming().Publish(b.Context(), "in", list...); err != nil {
					b.Fatal(err)
				}
			}
			q := sums("q")
			q.Window.Size, q.Output = time.Second, out
			q.Aggregates = append(q.Aggregates, continuous.Aggregate{Name: "n", Function: window.Count})
			n := 0
			for b.Loop() {
				n++
				q.Name = fmt.Sprint("q", n)
				if _, err := db.Continuous().Create(b.Context(), "", q, streaming.Earliest); err != nil {
					b.Fatal(err)
				}
				r, err := db.Continuous().NewRunner(b.Context(), "", q.Name, 1000)
				if err != nil {
					b.Fatal(err)
				}
				if err := r.CatchUp(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(messages*n)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
