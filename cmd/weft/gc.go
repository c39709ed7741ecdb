package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// gcRoom is what the heap may grow by, at the least, between two collections. Records are
// off the heap, so what lives on it is small, and the default, to collect when it has
// doubled, would collect many times a second for the garbage of requests.
const gcRoom = 64 << 20

// gcPacer is garbage after each collection, when it sets the pace for the next one.
type gcPacer struct {
	sample  []metrics.Sample
	percent int
}

// paceGC gives the garbage collector room in a small heap, unless GOGC says otherwise.
func paceGC() {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &gcPacer{sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: 100}
	runtime.SetFinalizer(&struct{ p *gcPacer }{p}, func(s *struct{ p *gcPacer }) { s.p.collected() })
}

// collected is called once after each collection.
func (p *gcPacer) collected() {
	metrics.Read(p.sample)
	if next := gcPercent(p.sample[0].Value.Uint64()); next*10 < p.percent*9 || next*9 > p.percent*10 {
		debug.SetGCPercent(next)
		p.percent = next
	}
	runtime.SetFinalizer(&struct{ p *gcPacer }{p}, func(s *struct{ p *gcPacer }) { s.p.collected() })
}

// gcPercent is the growth, in percent of what lives, before the next collection.
func gcPercent(live uint64) int {
	return int(min(max(gcRoom*100/max(live, 1<<20), 100), 1600))
}
