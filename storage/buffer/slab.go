package buffer

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// addr names a block of slab memory: chunk number and offset within the chunk.
// 0 is no block. It has 44 bits, which leaves room for a tag in a hash slot.
type addr uint64

const (
	chunkBits  = 20
	chunkBytes = 1 << chunkBits
	firstChunk = 64 << 10 // a small store stays small
	pageBits   = 12
	pageChunks = 1 << pageBits
	addrBits   = chunkBits + 2*pageBits
	addrMask   = 1<<addrBits - 1

	granule    = 16 // blocks are multiples of it
	smallMax   = 1 << 10
	blockMax   = 128 << 10 // larger blocks are chunks of their own
	smallSteps = smallMax / granule
	numClasses = smallSteps + 8*(17-10) + 1 // 17 and 10 are the logarithms of blockMax and smallMax
)

// slabs is the memory of the records: chunks without pointers, which the garbage
// collector does not look into, cut into blocks. Freed blocks are kept by size
// and used again. Allocation and freeing are the writer's; any goroutine may read
// a block whose address was published to it.
type slabs struct {
	dir      [pageChunks]*[pageChunks]unsafe.Pointer
	chunks   uint64   // given out
	unused   []uint64 // chunk numbers of large blocks that were freed
	cur, end addr     // the rest of the chunk that small blocks are cut from
	free     [numClasses]addr
	regions  *regions
	held     atomic.Int64 // bytes of chunks
	used     atomic.Int64 // bytes of blocks in use
}

// at is the memory of a block.
func (s *slabs) at(a addr) unsafe.Pointer {
	page := s.dir[a>>(chunkBits+pageBits)&(pageChunks-1)]
	return unsafe.Add(page[a>>chunkBits&(pageChunks-1)], a&(chunkBytes-1))
}

// class returns the size class of a block of n bytes, and its size.
func class(n int) (c, size int) {
	if n <= smallMax {
		c = (n + granule - 1) / granule
		return c, c * granule
	}
	n--
	log := bits.Len(uint(n)) - 1 // 10 to 16
	step := n >> (log - 3) & 7   // which eighth of the power of two
	return smallSteps + 8*(log-10) + step + 1, (8 + step + 1) << (log - 3)
}

// footprint is what a block of n bytes takes.
func footprint(n int) int {
	if n > blockMax {
		return n
	}
	_, size := class(n)
	return size
}

// alloc returns a block of at least n bytes with any content.
func (s *slabs) alloc(n int) addr {
	if n > blockMax {
		s.used.Add(int64(n))
		return s.chunk(n, false)
	}
	c, size := class(n)
	s.used.Add(int64(size))
	if a := s.free[c]; a != 0 {
		s.free[c] = *(*addr)(s.at(a))
		return a
	}
	if s.end-s.cur < addr(size) {
		s.spill()
		bytes := chunkBytes
		if s.chunks == 0 {
			bytes = firstChunk
			if size > bytes/2 {
				bytes = chunkBytes
			}
		}
		s.cur = s.chunk(bytes, bytes == chunkBytes)
		s.end = s.cur + addr(bytes)
		if s.cur == 0 {
			s.cur += granule // address 0 is none
			if s.end-s.cur < addr(size) {
				return s.alloc(n)
			}
		}
	}
	a := s.cur
	s.cur += addr(size)
	return a
}

// spill puts the rest of the current chunk on the free lists.
func (s *slabs) spill() {
	for rest := s.end - s.cur; rest >= granule; rest = s.end - s.cur {
		size := min(int(rest)&^(granule-1), smallMax)
		c, _ := class(size)
		s.link(c, s.cur)
		s.cur += addr(size)
	}
}

func (s *slabs) link(c int, a addr) {
	*(*addr)(s.at(a)) = s.free[c]
	s.free[c] = a
}

// chunk makes a chunk of n bytes, which may be more than chunkBytes. One that stays
// for good may be cut from a region.
func (s *slabs) chunk(n int, stays bool) addr {
	id := s.chunks
	if k := len(s.unused); k > 0 {
		id = s.unused[k-1]
		s.unused = s.unused[:k-1]
	} else {
		s.chunks++
	}
	page := s.dir[id>>pageBits]
	if page == nil {
		page = new([pageChunks]unsafe.Pointer)
		s.dir[id>>pageBits] = page
	}
	var memory unsafe.Pointer
	if stays && id >= heapChunks && s.regions != nil {
		memory = s.regions.cut()
	}
	if memory == nil {
		words := make([]uint64, (n+7)/8) // for the alignment
		memory = unsafe.Pointer(unsafe.SliceData(words))
	}
	page[id&(pageChunks-1)] = memory
	s.held.Add(int64(n))
	return addr(id << chunkBits)
}

// release makes a block of n bytes available again. Nobody may read it any more.
func (s *slabs) release(a addr, n int) {
	if n > blockMax {
		s.used.Add(-int64(n))
		s.held.Add(-int64(n))
		id := uint64(a >> chunkBits)
		s.dir[id>>pageBits][id&(pageChunks-1)] = nil
		s.unused = append(s.unused, id)
		return
	}
	c, size := class(n)
	if poison {
		copy(unsafe.Slice((*byte)(s.at(a)), size), poisoned)
	}
	s.used.Add(-int64(size))
	s.link(c, a)
}
