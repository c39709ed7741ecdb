package kv

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
)

// golden are stored bytes; the list may only gain lines.
var golden = []struct {
	name string
	rec  record
	hex  string
}{
	{"json", record{flags: flagJSON, value: []byte("{}"), size: 2}, "0101" + "7b7d"},
	{"empty bytes", record{value: []byte{}}, "0100"},
	{"all", record{flags: flagCreated | flagExpires | flagType, created: 1, expires: 2, contentType: "a/b", value: []byte("v"), size: 1},
		"010e" + "0100000000000000" + "0200000000000000" + "03612f62" + "76"},
	{"parts", record{flags: flagParts, parts: [16]byte{1, 15: 2}, size: partBytes + 1},
		"0110" + "01000000000000000000000000000002" + "818040"},
	{"packed", record{flags: flagPacked, value: packedX, size: 100}, "0120" + hex.EncodeToString(packedX)},
	{"packed in parts", record{flags: flagParts | flagPacked, parts: [16]byte{1, 15: 2}, size: partBytes + 2, stored: partBytes + 1, algorithm: compress.LZ4},
		"0130" + "01000000000000000000000000000002" + "828040" + "818040" + "02"},
}

// packedX is a frame of a hundred letters x.
var packedX = compress.AppendFrame(nil, bytes.Repeat([]byte("x"), 100), compress.Codec{Algorithm: compress.LZ4})

func TestRecordGolden(t *testing.T) {
	for _, c := range golden {
		b := c.rec.append(nil)
		if got := hex.EncodeToString(b); got != c.hex {
			t.Errorf("%s: got %s, want %s", c.name, got, c.hex)
		}
		var r record
		if err := r.decode(b); err != nil || !bytes.Equal(r.append(nil), b) || r.size != c.rec.size || r.created != c.rec.created || r.expires != c.rec.expires {
			t.Errorf("%s: decoded to %+v, %v", c.name, r, err)
		}
	}
}

// TestRecordDamage: a record that is cut in its header, of another version or with
// an unknown flag is refused.
func TestRecordDamage(t *testing.T) {
	whole, _ := hex.DecodeString(golden[2].hex)
	var r record
	for n := range len(whole) - 1 {
		if err := r.decode(whole[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	if err := r.decode([]byte{2, 0}); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("version 2: %v", err)
	}
	if err := r.decode([]byte{1, 0x80}); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("unknown flag: %v", err)
	}
}

// FuzzRecord: what is accepted encodes back to itself.
func FuzzRecord(f *testing.F) {
	for _, c := range golden {
		b, _ := hex.DecodeString(c.hex)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r record
		if err := r.decode(b); err == nil && !bytes.Equal(r.append(nil), b) {
			t.Fatalf("%x was read as %+v, which is %x", b, r, r.append(nil))
		}
	})
}

// TestKeyGolden pins the keys.
func TestKeyGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"bucket", appendBucketKey(nil, 1, "b"), "01200044620001"},
		{"key", appendDataKey(nil, 1, 16, []byte("k\x00")), "0120106b00"},
		{"expiry", appendExpiryKey(nil, 1, 1, 16, []byte("k")), "01200250" + "8000000000000001" + "29106b"},
		{"part", appendPartKey(nil, 1, 16, [16]byte{1}, 2), "0120032910" + "5401000000000000000000000000000000" + "2902"},
		{"dropped", appendDroppedKey(nil, 1, 16), "0120042910"},
		{"bucket record", (&Bucket{id: 16, Options: BucketOptions{DefaultTTL: time.Second}}).append(nil), "0110" + "8094ebdc03" + "00"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestCursor: a cursor opens for its scan, and for no other, and not where a bit of
// it was changed.
func TestCursor(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, secretBytes)
	c := cursor{scan: fingerprint([]byte("a"), []byte("b"), false), last: []byte("key")}
	text := c.seal(secret)
	same := cursor{scan: c.scan}
	if err := same.open(secret, text); err != nil || string(same.last) != "key" {
		t.Errorf("opened as %q, %v", same.last, err)
	}
	for _, other := range [][8]byte{fingerprint([]byte("a"), []byte("b"), true), fingerprint([]byte("ab"), nil, false), fingerprint([]byte("a"), nil, false)} {
		o := cursor{scan: other}
		if err := o.open(secret, text); err == nil {
			t.Errorf("opened for another scan")
		}
	}
	for i := range text {
		for _, with := range "Aa0_" {
			if byte(with) == text[i] {
				continue
			}
			bad := text[:i] + string(with) + text[i+1:]
			if err := same.open(secret, bad); err == nil {
				t.Errorf("opened %q, changed at %d", bad, i)
			}
		}
	}
	if err := same.open(bytes.Repeat([]byte{8}, secretBytes), text); err == nil {
		t.Error("opened with another secret")
	}
}
