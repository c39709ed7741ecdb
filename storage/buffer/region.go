package buffer

import (
	"runtime"
	"sync"
	"unsafe"
)

// Chunks beyond the first few are cut from regions that the operating system gives,
// outside of the collector's heap: it neither looks into them nor lets as much garbage
// pile up as they are large. A region is never given back while anything might still
// look into it: when its pool is gone it is emptied, and serves the next pool. So a
// value that is used after its transaction ended is wrong, and not a fault.

const (
	regionBytes = 8 << 20
	heapChunks  = 4 // of a pool come from the heap, so that a small store stays small

)

// regions are those of one pool.
type regions struct {
	all   [][]byte
	rest  []byte      // of the last one, not cut yet
	next  chan []byte // the one that is being made ready; nil before the first
	ended bool        // there are no more
}

// cut returns a chunk, nil where the operating system has none to give.
func (r *regions) cut() unsafe.Pointer {
	if len(r.rest) == 0 {
		if r.rest = r.take(); r.rest == nil {
			return nil
		}
		r.all = append(r.all, r.rest)
	}
	chunk := unsafe.Pointer(unsafe.SliceData(r.rest))
	r.rest = r.rest[chunkBytes:]
	return chunk
}

// take returns a region: the one that was made ready, if there is one. It has the one
// after it made ready, since the first touch of memory is most of what a write to it
// costs.
func (r *regions) take() []byte {
	if r.ended {
		return nil
	}
	var region []byte
	if r.next == nil {
		r.next = make(chan []byte, 1)
		region = spareRegions.get()
	} else {
		region = <-r.next
	}
	if r.ended = region == nil; !r.ended {
		next := r.next
		go func() { next <- spareRegions.get() }()
	}
	return region
}

// give gives all regions up.
func (r *regions) give() {
	if r.next != nil && !r.ended {
		if region := <-r.next; region != nil {
			r.all = append(r.all, region)
		}
	}
	for _, region := range r.all {
		spareRegions.put(region)
	}
}

// spareRegions are those of pools that are gone.
var spareRegions regionPool

type regionPool struct {
	mu   sync.Mutex // guards free; innermost
	free [][]byte
}

// get returns a region whose memory is there.
func (p *regionPool) get() []byte {
	p.mu.Lock()
	n := len(p.free)
	var region []byte
	if n > 0 {
		region, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if region == nil {
		region = mapRegion(regionBytes)
	}
	for i := 0; i < len(region); i += 4096 {
		region[i] = 0
	}
	return region
}

func (p *regionPool) put(region []byte) {
	emptyRegion(region)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, region)
}

// keepRegions gives the regions of a pool up when it is gone.
func keepRegions(p *Pool) {
	r := &regions{}
	p.s.regions = r
	runtime.AddCleanup(p, func(r *regions) { r.give() }, r)
}
