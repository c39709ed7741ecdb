package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/weftdb/weft/storage/vfs"
)

// The bytes of a segment. docs/format/wal.md draws them; everything here is part
// of the format and never changes meaning within a version.
const (
	magic         = "WEFTWAL\n"
	formatVersion = 1

	headerLen  = 64            // what of the first block means anything; the rest of it is zero
	firstFrame = vfs.BlockSize // where frames start
	frameLen   = 32            // the header of a frame
)

// frameKind says what a frame is for.
type frameKind byte

const (
	kindRecord frameKind = 1 // a record, from Append
	kindMark   frameKind = 2 // nothing but the news that all before it is synced
	kindSeal   frameKind = 3 // the segment ends here and another follows
)

// How the payload of a frame is stored.
const (
	storedRaw        = 0
	storedCompressed = 1 // a frame of package compress
)

// MaxPayload is the most bytes that one record holds.
const MaxPayload = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the first block of a segment.
type header struct {
	Version uint32
	StoreID [16]byte
	Seq     uint64 // 1 for the first segment of a log, then one more each
	First   uint64 // timestamp of the first record
	Prev    uint64 // timestamp of the last record before it; 0 at the start of time
	Salt    uint64 // drawn for each life of a file, mixed into every checksum
}

func (h header) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, h.Version)
	dst = append(dst, h.StoreID[:]...)
	for _, v := range []uint64{h.Seq, h.First, h.Prev, h.Salt} {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseHeader reads a header. A reason other than "" says why these bytes are none.
func parseHeader(b []byte) (h header, reason string) {
	if len(b) < headerLen {
		return h, "segment header is cut short"
	}
	if string(b[:8]) != magic {
		return h, "segment header has no magic number"
	}
	if crc32.Checksum(b[:60], castagnoli) != binary.LittleEndian.Uint32(b[60:]) {
		return h, "segment header checksum mismatch"
	}
	h.Version = binary.LittleEndian.Uint32(b[8:])
	copy(h.StoreID[:], b[12:])
	h.Seq = binary.LittleEndian.Uint64(b[28:])
	h.First = binary.LittleEndian.Uint64(b[36:])
	h.Prev = binary.LittleEndian.Uint64(b[44:])
	h.Salt = binary.LittleEndian.Uint64(b[52:])
	return h, ""
}

// life identifies one use of a segment file; frames of another one, left behind
// in a recycled file, do not pass its checksum.
type life struct {
	seq  uint64
	seed uint32 // checksum state after store id, sequence and salt
}

func (h header) life() life {
	var b [32]byte
	copy(b[:], h.StoreID[:])
	binary.LittleEndian.PutUint64(b[16:], h.Seq)
	binary.LittleEndian.PutUint64(b[24:], h.Salt)
	return life{seq: h.Seq, seed: crc32.Checksum(b[:], castagnoli)}
}

// frame is the header of one frame.
type frame struct {
	payloadCRC uint32
	length     uint32 // of the stored payload
	synced     uint32 // the segment was on stable storage up to here when this was framed
	kind       frameKind
	typ        byte
	stored     byte
	ts         uint64
}

func (f frame) size() int64 { return frameLen + int64(f.length) }

// checksum covers the life, the offset and the frame header behind the checksum.
func (lf life) checksum(off int64, b []byte) uint32 {
	crc := ^lf.seed
	for o, i := uint64(off), 0; i < 8; i++ { // by table: a slice of the offset would be allocated for each frame
		crc = castagnoli[byte(crc)^byte(o)] ^ crc>>8
		o >>= 8
	}
	return crc32.Update(^crc, castagnoli, b[4:frameLen])
}

// put writes the frame header for offset off to b[:frameLen].
func (lf life) put(b []byte, f frame, off int64) {
	_ = b[frameLen-1]
	binary.LittleEndian.PutUint32(b[4:], f.payloadCRC)
	binary.LittleEndian.PutUint32(b[8:], f.length)
	binary.LittleEndian.PutUint32(b[12:], f.synced)
	b[16], b[17], b[18], b[19] = byte(f.kind), f.typ, f.stored, 0
	binary.LittleEndian.PutUint64(b[20:], f.ts)
	binary.LittleEndian.PutUint32(b[28:], uint32(lf.seq))
	binary.LittleEndian.PutUint32(b, lf.checksum(off, b))
}

// parse reads the frame header at offset off from b. A reason other than "" says
// why these bytes are none of this life.
func (lf life) parse(b []byte, off int64) (f frame, reason string) {
	if len(b) < frameLen {
		return f, "frame header is cut short"
	}
	if binary.LittleEndian.Uint32(b[28:]) != uint32(lf.seq) {
		return f, "frame is not of this segment"
	}
	if lf.checksum(off, b) != binary.LittleEndian.Uint32(b) {
		return f, "frame header checksum mismatch"
	}
	f = frame{
		payloadCRC: binary.LittleEndian.Uint32(b[4:]),
		length:     binary.LittleEndian.Uint32(b[8:]),
		synced:     binary.LittleEndian.Uint32(b[12:]),
		kind:       frameKind(b[16]),
		typ:        b[17],
		stored:     b[18],
		ts:         binary.LittleEndian.Uint64(b[20:]),
	}
	switch {
	case f.kind < kindRecord || f.kind > kindSeal || f.stored > storedCompressed || b[19] != 0:
		return f, fmt.Sprintf("frame of unknown kind %d.%d.%d", f.kind, f.stored, b[19])
	case f.length > MaxPayload+maxOverhead || (f.kind != kindRecord && f.length != 0):
		return f, fmt.Sprintf("frame length %d is out of bounds", f.length)
	case int64(f.synced) > off:
		return f, fmt.Sprintf("frame says that %d bytes were synced before it", f.synced)
	}
	return f, ""
}

// maxOverhead is what storing a payload may add to it.
const maxOverhead = 64
