package buffer

import (
	"sync/atomic"
	"unsafe"
)

// A key has a node, and the node a chain of versions, newest first. Both are
// blocks of slab memory:
//
//	node      head version (8, atomic) · key length (4) · marks (4, atomic) · key
//	version   previous version (8, atomic) · timestamp (8) · value length and flags (4) · unused (4) · value
//
// All but the atomic words is written before the block is published and never
// changed after.
const (
	nodeHeader    = 16
	versionHeader = 24
	deletedFlag   = 1 << 31
	droppedFlag   = 1 << 30 // a deletion that a range drop made: the drop is stored, it is not
	lengthMask    = droppedFlag - 1
)

// The marks of a node.
const (
	markBottom = 1 << iota // no version behind the chain is anywhere
	markStored             // a version of the key is, or was, in the sorted store
	markTomb               // it is in the queue of deletions
	markUsed               // it was read since the eviction came by
)

func (s *slabs) newNode(key []byte) addr {
	a := s.alloc(nodeHeader + len(key))
	p := s.at(a)
	*(*uint32)(unsafe.Add(p, 8)) = uint32(len(key))
	atomic.StoreUint32((*uint32)(unsafe.Add(p, 12)), 0)
	copy(unsafe.Slice((*byte)(unsafe.Add(p, nodeHeader)), len(key)), key)
	return a
}

func (s *slabs) marks(node addr) uint32 {
	return atomic.LoadUint32((*uint32)(unsafe.Add(s.at(node), 12)))
}

func (s *slabs) mark(node addr, marks uint32) {
	atomic.OrUint32((*uint32)(unsafe.Add(s.at(node), 12)), marks)
}

func (s *slabs) unmark(node addr, marks uint32) {
	atomic.AndUint32((*uint32)(unsafe.Add(s.at(node), 12)), ^marks)
}

// newVersion makes a version; flags say what it is beside a value.
func (s *slabs) newVersion(prev addr, ts uint64, value []byte, flags uint32) addr {
	a := s.alloc(versionHeader + len(value))
	p := s.at(a)
	atomic.StoreUint64((*uint64)(p), uint64(prev))
	*(*uint64)(unsafe.Add(p, 8)) = ts
	*(*uint32)(unsafe.Add(p, 16)) = uint32(len(value)) | flags
	copy(unsafe.Slice((*byte)(unsafe.Add(p, versionHeader)), len(value)), value)
	return a
}

func (s *slabs) key(node addr) []byte {
	p := s.at(node)
	n := *(*uint32)(unsafe.Add(p, 8))
	return unsafe.Slice((*byte)(unsafe.Add(p, nodeHeader)), n)
}

func (s *slabs) head(node addr) addr {
	return addr(atomic.LoadUint64((*uint64)(s.at(node))))
}

func (s *slabs) setHead(node, version addr) {
	atomic.StoreUint64((*uint64)(s.at(node)), uint64(version))
}

func (s *slabs) prev(version addr) addr {
	return addr(atomic.LoadUint64((*uint64)(s.at(version))))
}

func (s *slabs) cut(version addr) {
	atomic.StoreUint64((*uint64)(s.at(version)), 0)
}

func (s *slabs) timestamp(version addr) uint64 {
	return *(*uint64)(unsafe.Add(s.at(version), 8))
}

func (s *slabs) value(version addr) (value []byte, deleted bool) {
	p := s.at(version)
	n := *(*uint32)(unsafe.Add(p, 16))
	if n&deletedFlag != 0 {
		return nil, true
	}
	return unsafe.Slice((*byte)(unsafe.Add(p, versionHeader)), n), false
}

func (s *slabs) deleted(version addr) bool {
	return *(*uint32)(unsafe.Add(s.at(version), 16))&deletedFlag != 0
}

// dropped says that a version is the mark of a range drop.
func (s *slabs) dropped(version addr) bool {
	return *(*uint32)(unsafe.Add(s.at(version), 16))&droppedFlag != 0
}

// size is what a version takes.
func (s *slabs) size(version addr) int {
	return versionHeader + int(*(*uint32)(unsafe.Add(s.at(version), 16))&lengthMask)
}

// Seen says what memory knows of a key at a timestamp.
type Seen uint8

// What memory may know.
const (
	// Elsewhere: the version, if there is one, is not in memory.
	Elsewhere Seen = iota
	// Absent: the key has no value.
	Absent
	// Present: the value is here.
	Present
)

// see returns the value that a node has at ts, and the timestamp of its version.
func (s *slabs) see(node addr, ts uint64) (value []byte, at uint64, seen Seen) {
	for v := s.head(node); v != 0; {
		p := s.at(v)
		if at = *(*uint64)(unsafe.Add(p, 8)); at <= ts {
			n := *(*uint32)(unsafe.Add(p, 16))
			if n&deletedFlag != 0 {
				return nil, at, Absent
			}
			return unsafe.Slice((*byte)(unsafe.Add(p, versionHeader)), n), at, Present
		}
		v = addr(atomic.LoadUint64((*uint64)(p)))
	}
	if s.marks(node)&markBottom != 0 {
		return nil, 0, Absent
	}
	return nil, 0, Elsewhere
}

// content is the value of a version that is no deletion, and its timestamp.
func (s *slabs) content(version addr) (value []byte, at uint64) {
	p := s.at(version)
	n := *(*uint32)(unsafe.Add(p, 16))
	return unsafe.Slice((*byte)(unsafe.Add(p, versionHeader)), n), *(*uint64)(unsafe.Add(p, 8))
}

// visible is see for whoever wants the version alone: seenElsewhere or seenAbsent
// where it is not there.
func (s *slabs) visible(node addr, ts uint64) addr {
	for v := s.head(node); v != 0; v = s.prev(v) {
		if s.timestamp(v) <= ts {
			if s.deleted(v) {
				return seenAbsent
			}
			return v
		}
	}
	if s.marks(node)&markBottom != 0 {
		return seenAbsent
	}
	return seenElsewhere
}
