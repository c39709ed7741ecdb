package buffer

import (
	"sync/atomic"
	"unsafe"
)

// A key has a node, and the node a chain of versions, newest first. Both are
// blocks of slab memory:
//
//	node      head version (8, atomic) · key length (4) · unused (4) · key
//	version   previous version (8, atomic) · timestamp (8) · value length and flag (4) · unused (4) · value
//
// All but the atomic words is written before the block is published and never
// changed after.
const (
	nodeHeader    = 16
	versionHeader = 24
	deletedFlag   = 1 << 31
)

func (s *slabs) newNode(key []byte) addr {
	a := s.alloc(nodeHeader + len(key))
	p := s.at(a)
	*(*uint32)(unsafe.Add(p, 8)) = uint32(len(key))
	copy(unsafe.Slice((*byte)(unsafe.Add(p, nodeHeader)), len(key)), key)
	return a
}

func (s *slabs) newVersion(prev addr, ts uint64, value []byte, deleted bool) addr {
	a := s.alloc(versionHeader + len(value))
	p := s.at(a)
	atomic.StoreUint64((*uint64)(p), uint64(prev))
	*(*uint64)(unsafe.Add(p, 8)) = ts
	n := uint32(len(value))
	if deleted {
		n |= deletedFlag
	}
	*(*uint32)(unsafe.Add(p, 16)) = n
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

// see returns the value that a node has at ts, and the timestamp of its version.
func (s *slabs) see(node addr, ts uint64) (value []byte, at uint64, ok bool) {
	for v := s.head(node); v != 0; {
		p := s.at(v)
		if at = *(*uint64)(unsafe.Add(p, 8)); at <= ts {
			n := *(*uint32)(unsafe.Add(p, 16))
			if n&deletedFlag != 0 {
				return nil, at, false
			}
			return unsafe.Slice((*byte)(unsafe.Add(p, versionHeader)), n), at, true
		}
		v = addr(atomic.LoadUint64((*uint64)(p)))
	}
	return nil, 0, false
}
