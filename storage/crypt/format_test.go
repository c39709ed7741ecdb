package crypt

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// The golden bytes: a header, a slot, the file of keys, and whole files of each kind
// that every later version must read. This test may only gain lines.
const (
	goldenSealedCRC   = 0x6464a660
	goldenInPlaceCRC  = 0xe7bd2641
	goldenHeaderBytes = "77656674637279700100010000112233445566770102030405060708090a0b0c856bd85668117601c42be9cc9c9e64a7d2d2736d03f8c65239c663bf022be85a23661c221a8bfbba825b051f5b1fdc9d31bcdb04"
	goldenSlotBytes   = "0300000000000000c01200000000000009080700000000000000000000000000d1f89c7a2df848039490c75699768e51"
	goldenKeysFile    = "weft encryption\nversion 1\nkey 0011223344556677 aes256gcm:00:AAAA\ncheck ba95384f\n"
)

func fixedRing() *Keyring {
	k := storeKey{id: keyID{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}}
	for i := range k.key {
		k.key[i] = byte(i)
	}
	return newKeyring([]storeKey{k})
}

func fixedHeader(kind byte) (header, fileKey) {
	var fk fileKey
	for i := range fk {
		fk[i] = byte(0x80 + i)
	}
	r := fixedRing()
	h := header{kind: kind, key: r.current().id, nonce: [12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	copy(h.wrapped[:], r.aead[h.key].Seal(nil, h.nonce[:], fk[:], h.aad()))
	return h, fk
}

// golden builds the file that the format document describes.
func golden(t *testing.T, kind byte) []byte {
	t.Helper()
	mem := vfs.NewMem()
	h, fk := fixedHeader(kind)
	base := must(mem.OpenReadWrite("f", "test"))(t)
	block := make([]byte, headerLen)
	h.put(block)
	must(base.WriteAt(block, 0))(t)
	content := bytes.Repeat([]byte("golden weft "), 400)
	if kind == kindSealed {
		f := newSealedWriter(base, "f", fk)
		must(f.Write(content))(t)
		check(t, f.Sync())
		check(t, f.Close())
	} else {
		f := newInPlace(base, "f", fk)
		must(f.WriteAt(content, 100))(t)
		check(t, f.Close())
	}
	return must(readAll(mem, "f"))(t)
}

func TestGoldenFiles(t *testing.T) {
	for kind, want := range map[byte]struct {
		crc  uint32
		size int
	}{kindSealed: {goldenSealedCRC, headerLen + 4800 + 16}, kindInPlace: {goldenInPlaceCRC, headerLen + 4912}} {
		b := golden(t, kind)
		if got := crc32.Checksum(b, crcTable); got != want.crc || len(b) != want.size {
			t.Errorf("kind %d: crc %#x of %d bytes, want %#x of %d", kind, got, len(b), want.crc, want.size)
		}
	}
	h, _ := fixedHeader(kindSealed)
	if got := hex.EncodeToString(h.bytes()); got != goldenHeaderBytes {
		t.Errorf("header: got %s", got)
	}
	s := slot{seq: 3, length: 4800, tail: [16]byte{9, 8, 7}}
	if got := hex.EncodeToString(s.bytes([]byte("mac key"))); got != goldenSlotBytes {
		t.Errorf("slot: got %s", got)
	}
	keys := encodeKeys([]storeKey{{id: keyID{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, wrapped: "aes256gcm:00:AAAA"}})
	if string(keys) != goldenKeysFile {
		t.Errorf("keys: got %q", keys)
	}
}

func TestHeaderRefuses(t *testing.T) {
	h, _ := fixedHeader(kindSealed)
	block := make([]byte, headerLen)
	h.put(block)
	for i := range headerSize { // either copy will do
		c := bytes.Clone(block)
		c[i] ^= 0xff
		if got, reason := decodeHeader(c); reason != "" || got != h {
			t.Fatalf("byte %d of the first copy: %q", i, reason)
		}
		c[secondHeader+i] ^= 0xff
		if _, reason := decodeHeader(c); reason == "" {
			t.Fatalf("byte %d of both copies: not found", i)
		}
	}
	for n := range headerSize {
		if _, reason := decodeHeader(block[:n]); reason == "" {
			t.Fatalf("cut to %d: not found", n)
		}
	}
	newer := h.bytes()
	binary.LittleEndian.PutUint16(newer[8:], 2)
	binary.LittleEndian.PutUint32(newer[headerSize-4:], crc32.Checksum(newer[:headerSize-4], crcTable))
	if _, reason := decodeHeader(newer); reason == "" {
		t.Error("a newer version: accepted")
	}
}

func TestKeysFileRefuses(t *testing.T) {
	good := encodeKeys([]storeKey{{wrapped: "a"}, {id: keyID{1}, wrapped: "b"}})
	if keys, err := decodeKeys("f", good); err != nil || len(keys) != 2 || keys[1].wrapped != "b" {
		t.Fatalf("got %v, %v", keys, err)
	}
	for i := range good {
		c := bytes.Clone(good)
		c[i] ^= 1
		if _, err := decodeKeys("f", c); !errors.Is(err, dberr.ErrCorrupt) && !errors.Is(err, dberr.ErrUnsupported) {
			t.Errorf("byte %d: got %v", i, err)
		}
		if _, err := decodeKeys("f", good[:i]); !errors.Is(err, dberr.ErrCorrupt) && !errors.Is(err, dberr.ErrUnsupported) {
			t.Errorf("cut to %d: got %v", i, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	h, _ := fixedHeader(kindInPlace)
	block := make([]byte, headerLen)
	h.put(block)
	f.Add(block[:headerSize])
	f.Add(block)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, reason := decodeHeader(b)
		if reason == "" && !bytes.Equal(h.bytes(), b[:headerSize]) && (len(b) < secondHeader+headerSize || !bytes.Equal(h.bytes(), b[secondHeader:][:headerSize])) {
			t.Fatal("accepted header does not encode back to itself")
		}
	})
}

func FuzzKeysFile(f *testing.F) {
	f.Add(encodeKeys([]storeKey{{wrapped: "a"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if keys, err := decodeKeys("f", b); err == nil && !bytes.Equal(encodeKeys(keys), b) {
			t.Fatal("accepted file does not encode back to itself")
		}
	})
}
