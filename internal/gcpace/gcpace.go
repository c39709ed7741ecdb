// Package gcpace decides how far the heap of a process with a store may grow between two
// garbage collections. Records are off the heap, so what lives on it is small, and the
// default, to collect when it has doubled, would collect many times a second for the
// garbage of requests. Blocks of SSTables are on it where the program is built without
// cgo; they are large and have no pointers, so to let as much garbage pile up as there are
// blocks would take much memory and spare little work.
//
// It is for the one who owns the process: there is one heap, so a library must leave it
// alone.
package gcpace

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	mostRoom  = 64 << 20
	leastRoom = 16 << 20
)

// blocks are of what holds blocks of SSTables.
var blocks struct {
	mu    sync.Mutex // guards the rest; held over calls of sizes, which take locks of their own
	sizes map[*func() int64]struct{}
}

// Blocks has size, which says how many bytes of blocks something holds, asked as long as
// done is not called.
func Blocks(size func() int64) (done func()) {
	blocks.mu.Lock()
	defer blocks.mu.Unlock()
	if blocks.sizes == nil {
		blocks.sizes = map[*func() int64]struct{}{}
	}
	blocks.sizes[&size] = struct{}{}
	return func() {
		blocks.mu.Lock()
		defer blocks.mu.Unlock()
		delete(blocks.sizes, &size)
	}
}

// blocksOnHeap is how many bytes of blocks there are on the heap.
func blocksOnHeap() (n int64) {
	if !fromHeap {
		return 0
	}
	blocks.mu.Lock()
	defer blocks.mu.Unlock()
	for size := range blocks.sizes {
		n += (*size)()
	}
	return n
}

// pacer is garbage after each collection, when it sets the pace for the next one.
type pacer struct {
	buffer  int64
	sample  []metrics.Sample
	percent int
}

// Set sets the pace from now on, by how many bytes a store may take for data. Where the
// environment has GOGC, it does nothing.
func Set(buffer int64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pacer{buffer: buffer, sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: 100}
	p.next()
}

// next has collected called after the next collection.
func (p *pacer) next() {
	runtime.SetFinalizer(&struct{ p *pacer }{p}, func(s *struct{ p *pacer }) { s.p.collected() })
}

func (p *pacer) collected() {
	metrics.Read(p.sample)
	if next := percent(int64(p.sample[0].Value.Uint64()), p.buffer, blocksOnHeap()); next*10 < p.percent*9 || next*9 > p.percent*10 {
		debug.SetGCPercent(next)
		p.percent = next
	}
	p.next()
}

// percent is the growth, in percent of what lives, before the next collection: an eighth
// of the buffer within bounds, or as much as there is beside blocks.
func percent(live, buffer, blocks int64) int {
	live = max(live, 1<<20)
	room := min(max(buffer/8, leastRoom), mostRoom)
	room = max(room, live-blocks)
	return int(min(max(room*100/live, 10), 1600))
}
