package block_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/timeseries/block"
)

// gauges are like what monitoring collects: a value each 15 s, most of them close to
// the one before.
func gauges() map[string]*block.Points {
	r := rand.New(rand.NewPCG(1, 1))
	list := make(map[string]*block.Points)
	add := func(name string, f func(i int) float64) {
		p := &block.Points{Kind: block.Float}
		for i := range 4096 {
			p.Times = append(p.Times, 1_700_000_000e9+int64(i)*15e9)
			p.Floats = append(p.Floats, f(i))
		}
		list[name] = p
	}
	level := 500
	add("integers", func(int) float64 { level += r.IntN(7) - 3; return float64(level) })
	add("tenths", func(int) float64 { level += r.IntN(7) - 3; return float64(level) / 10 })
	add("constant", func(int) float64 { return 1 })
	total := 0
	add("counter", func(int) float64 { total += 100 + r.IntN(20); return float64(total) })
	add("uniform", func(int) float64 { return r.Float64() })
	return list
}

func report(b *testing.B, p *block.Points, bytes int) {
	b.ReportMetric(float64(p.Len())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
	b.ReportMetric(float64(bytes)/float64(p.Len()), "bytes/point")
}

func BenchmarkAppend(b *testing.B) {
	for name, p := range gauges() {
		for _, effort := range efforts {
			b.Run(fmt.Sprintf("%s/effort=%d", name, effort), func(b *testing.B) {
				var buf []byte
				for b.Loop() {
					buf, _ = block.Append(buf[:0], p, effort)
				}
				report(b, p, len(buf))
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, p := range gauges() {
		for _, effort := range efforts {
			b.Run(fmt.Sprintf("%s/effort=%d", name, effort), func(b *testing.B) {
				buf, err := block.Append(nil, p, effort)
				if err != nil {
					b.Fatal(err)
				}
				var q block.Points
				for b.Loop() {
					q.Reset(block.Float)
					if err := block.Decode(buf, &q); err != nil {
						b.Fatal(err)
					}
				}
				report(b, p, len(buf))
			})
		}
	}
}
