package buffer

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
)

// hashIndex finds nodes by key: shards of open addressing tables, so that growing
// one is short. A slot holds the address of a node and the upper bits of the hash
// of its key. Readers take no lock.
type hashIndex struct {
	s      *slabs
	seed   maphash.Seed
	shards [hashShards]hashShard
	bytes  atomic.Int64 // of the tables
}

type hashShard struct {
	table atomic.Pointer[[]uint64] // a power of two of slots
	taken int                      // slots that are not empty
	keys  int
}

const (
	hashShards = 256
	firstSlots = 8
	slotEmpty  = 0
	slotGone   = 1 // no block has this address
	tagShift   = addrBits
	tagMask    = 1<<(64-addrBits) - 1
)

func (h *hashIndex) init(s *slabs) {
	h.s, h.seed = s, maphash.MakeSeed()
}

func (h *hashIndex) hash(key []byte) uint64 { return maphash.Bytes(h.seed, key) }

// find returns the node of key, whose hash is given, or 0.
func (h *hashIndex) find(hash uint64, key []byte) addr {
	table := h.shards[hash%hashShards].table.Load()
	if table == nil {
		return 0
	}
	if i := h.probe(*table, hash, key); i >= 0 {
		return addr(atomic.LoadUint64(&(*table)[i]) & addrMask)
	}
	return 0
}

// home is where the search for a hash begins. As long as the tag has the bits for
// it, it is the tag, so that a table is rebuilt without a look at the keys.
func home(hash, mask uint64) uint64 {
	if mask <= tagMask {
		return hash >> tagShift & mask
	}
	return hash / hashShards & mask
}

// probe returns the slot of key, or -1.
func (h *hashIndex) probe(table []uint64, hash uint64, key []byte) int {
	mask := uint64(len(table) - 1)
	for i := home(hash, mask); ; i = (i + 1) & mask {
		slot := atomic.LoadUint64(&table[i&mask])
		if slot == slotEmpty {
			return -1
		}
		if slot>>tagShift == hash>>tagShift && slot != slotGone && bytes.Equal(h.s.key(addr(slot&addrMask)), key) {
			return int(i)
		}
	}
}

// add adds a node whose key, with the hash given, is not there.
func (h *hashIndex) add(hash uint64, node addr) {
	shard := &h.shards[hash%hashShards]
	table := shard.table.Load()
	if table == nil || (shard.taken+1)*4 > len(*table)*3 {
		table = h.rebuild(shard)
	}
	if place(*table, hash, node) {
		shard.taken++
	}
	shard.keys++
}

// place puts a node into the first slot that is free for it and says whether
// that was an empty one.
func place(table []uint64, hash uint64, node addr) (empty bool) {
	mask := uint64(len(table) - 1)
	for i := home(hash, mask); ; i = (i + 1) & mask {
		if old := table[i]; old == slotEmpty || old == slotGone {
			atomic.StoreUint64(&table[i], hash>>tagShift<<tagShift|uint64(node))
			return old == slotEmpty
		}
	}
}

// rebuild gives a shard a table with room, and without slots of gone keys.
func (h *hashIndex) rebuild(shard *hashShard) *[]uint64 {
	size := firstSlots
	for size < (shard.keys+1)*2 {
		size *= 2
	}
	fresh := make([]uint64, size)
	h.bytes.Add(int64(8 * size))
	if old := shard.table.Load(); old != nil {
		h.bytes.Add(int64(-8 * len(*old)))
		for _, slot := range *old {
			if slot != slotEmpty && slot != slotGone {
				hash := slot
				if size-1 > tagMask {
					hash = h.hash(h.s.key(addr(slot & addrMask)))
				}
				place(fresh, hash, addr(slot&addrMask))
			}
		}
	}
	shard.taken = shard.keys
	shard.table.Store(&fresh)
	return &fresh
}

func (h *hashIndex) remove(key []byte) {
	hash := h.hash(key)
	shard := &h.shards[hash%hashShards]
	table := shard.table.Load()
	if table == nil {
		return
	}
	if i := h.probe(*table, hash, key); i >= 0 {
		atomic.StoreUint64(&(*table)[i], slotGone)
		shard.keys--
	}
}
