package crypt

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The first 4 KiB of a file. Part of the format (docs/format/encryption.md), never
// to be changed; integers are little endian.
//
//	0     header
//	512   the header again, so that one torn while it is written again does not matter
//	1024  slot 0 of a sealed file
//	2048  slot 1
//
//	header: +------------+-------------+----------+-----------+------------+------------+-----------------+-----------+
//	        | magic (8)  | version (2) | kind (1) | zero (1)  | key id (8) | nonce (12) | wrapped key (48)| crc32c (4)|
//	        +------------+-------------+----------+-----------+------------+------------+-----------------+-----------+
//	slot:   +------------+-------------+----------------+-----------+
//	        | seq (8)    | length (8)  | tail tag (16)  | mac (16)  |
//	        +------------+-------------+----------------+-----------+
const (
	headerLen     = 4096
	headerSize    = 84
	secondHeader  = 512
	slotSize      = 48
	formatVersion = 1

	kindSealed  = 1 // AES-256-GCM, written once
	kindInPlace = 2 // AES-256-XTS
)

var (
	magic    = []byte("weftcryp")
	slotAt   = [2]int64{1024, 2048}
	crcTable = crc32.MakeTable(crc32.Castagnoli)
)

// keyID names a store key.
type keyID [8]byte

func (k keyID) String() string { return fmt.Sprintf("%x", k[:]) }

// header says how a file is encrypted.
type header struct {
	kind    byte
	key     keyID // the store key that wraps the file's
	nonce   [12]byte
	wrapped [48]byte
}

// aad is what the wrapped key is bound to.
func (h *header) aad() []byte {
	b := append([]byte{}, magic...)
	b = binary.LittleEndian.AppendUint16(b, formatVersion)
	b = append(b, h.kind, 0)
	return append(b, h.key[:]...)
}

func (h *header) bytes() []byte {
	b := h.aad()
	b = append(b, h.nonce[:]...)
	b = append(b, h.wrapped[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crcTable))
}

// put writes both copies into the first block of a file.
func (h *header) put(block []byte) {
	copy(block, h.bytes())
	copy(block[secondHeader:], h.bytes())
}

// decodeHeader reads a header out of the first block of a file: the first copy, or
// else the second. The reason says what is wrong with the first.
func decodeHeader(block []byte) (header, string) {
	h, reason := decodeCopy(block)
	if reason != "" && len(block) >= secondHeader+headerSize {
		if second, r := decodeCopy(block[secondHeader:]); r == "" {
			return second, ""
		}
	}
	return h, reason
}

func decodeCopy(b []byte) (h header, reason string) {
	switch {
	case len(b) < headerSize:
		return h, "the file is too short for its encryption header"
	case !bytes.Equal(b[:8], magic):
		return h, "the file does not begin with an encryption header"
	case binary.LittleEndian.Uint32(b[headerSize-4:]) != crc32.Checksum(b[:headerSize-4], crcTable):
		return h, "the checksum of the encryption header does not match"
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != formatVersion {
		return h, fmt.Sprintf("the encryption header has version %d, this version of weft reads %d", v, formatVersion)
	}
	h.kind = b[10]
	if h.kind != kindSealed && h.kind != kindInPlace || b[11] != 0 {
		return h, fmt.Sprintf("the encryption header has kind %d, which there is not", h.kind)
	}
	copy(h.key[:], b[12:])
	copy(h.nonce[:], b[20:])
	copy(h.wrapped[:], b[32:])
	return h, ""
}

// slot says how long a sealed file was when it was last sealed. There are two, of
// which one is overwritten only when the other is on stable storage.
type slot struct {
	seq    uint64
	length int64
	tail   [16]byte // tag of the last block, where it is not full
}

func (s *slot) bytes(mac []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, s.seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.length))
	b = append(b, s.tail[:]...)
	return append(b, tag(mac, "slot", b)...)
}

// decodeSlot returns false for one that was never written, or that is damaged.
func decodeSlot(b, mac []byte) (s slot, ok bool) {
	if len(b) < slotSize || !hmac.Equal(b[32:48], tag(mac, "slot", b[:32])) {
		return s, false
	}
	s.seq = binary.LittleEndian.Uint64(b)
	s.length = int64(binary.LittleEndian.Uint64(b[8:]))
	copy(s.tail[:], b[16:])
	return s, s.length >= 0
}

// tag is a truncated HMAC-SHA-256 of what, under a purpose.
func tag(key []byte, purpose string, what ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(purpose))
	for _, b := range what {
		m.Write(b)
	}
	return m.Sum(nil)[:16]
}
