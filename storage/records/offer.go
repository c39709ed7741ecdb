package records

import (
	"hash/maphash"
	"math"
	"sync/atomic"

	"github.com/weftdb/weft/storage/sorted"
)

// Offer is a version that a read found in the sorted store, for the writer to admit.
type Offer struct {
	Key, Value []byte
	TS         uint64
	Applied    uint64 // what the sorted store had at least when it was asked
}

// maxOffers is how many wait to be admitted; what comes then is not.
const maxOffers = 1024

// offer hands a version to the writer, if it is worth it: while memory has room, and
// after that from the second read on, so that reads which touch everything once do
// not push out what is read again and again.
func (s *Store) offer(key []byte, v sorted.Version, applied uint64) {
	ch := s.offered.Load()
	if ch == nil || len(v.Value) > maxAdmitted {
		return
	}
	if !s.roomy.Load() && !s.ghost.seen(key) {
		return
	}
	select {
	case *ch <- Offer{Key: append([]byte(nil), key...), Value: v.Value, TS: v.TS, Applied: applied}:
	default:
	}
}

// maxAdmitted is the largest value that is admitted on read.
const maxAdmitted = 64 << 10

// Offers are what reads found in the sorted store, for Admit, and where they began
// to read ranges, for LoadRange. Before it is called, nothing is offered.
func (s *Store) Offers() (<-chan Offer, <-chan []byte) {
	ch, ranges := make(chan Offer, maxOffers), make(chan []byte, maxRanges)
	s.offered.Store(&ch)
	s.ranges.Store(&ranges)
	return ch, ranges
}

// Roomy says whether memory has room for all that is read. It may be called at any
// time.
func (s *Store) Roomy(yes bool) { s.roomy.Store(yes) }

// Admit lets an offer into memory, unless something newer came in between. It is
// the writer's.
func (s *Store) Admit(o Offer) bool {
	if s.drops.Load().hides(o.Key, o.TS, math.MaxUint64) {
		return false
	}
	return s.Pool.Admit(o.Key, o.Value, o.TS, o.Applied)
}

// ghost remembers keys that were read lately, in bounded memory and with errors.
type ghost struct {
	seed  maphash.Seed
	slots []atomic.Uint32
}

const ghostSlots = 1 << 16

func (g *ghost) init() {
	g.seed, g.slots = maphash.MakeSeed(), make([]atomic.Uint32, ghostSlots)
}

// seen says whether key was read lately, and notes that it was.
func (g *ghost) seen(key []byte) bool {
	h := maphash.Bytes(g.seed, key)
	slot, mark := &g.slots[h%uint64(len(g.slots))], uint32(h>>32)|1
	if slot.Load() == mark {
		slot.Store(0)
		return true
	}
	slot.Store(mark)
	return false
}
