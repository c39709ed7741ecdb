package compress

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

var codecs = []Codec{{}, {Algorithm: Snappy}, {Algorithm: LZ4}, {Algorithm: Zstd}, {Zstd, 1}, {Zstd, 9}, {Zstd, 22}}

func samples() map[string][]byte {
	random := make([]byte, 10_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	return map[string][]byte{
		"empty":  {},
		"one":    {7},
		"text":   []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 500)),
		"zeros":  make([]byte, 1<<20),
		"random": random,
	}
}

func TestRoundTrip(t *testing.T) {
	prefix := []byte("before")
	for name, raw := range samples() {
		for _, c := range codecs {
			frame := AppendFrame(nil, raw, c)
			if len(frame) > len(raw)+HeaderLen {
				t.Errorf("%s %s: frame of %d bytes for %d", c, name, len(frame), len(raw))
			}
			if c.Algorithm != None && (name == "text" || name == "zeros") && len(frame) > len(raw)/3 {
				t.Errorf("%s %s: frame of %d bytes for %d: nothing was compressed", c, name, len(frame), len(raw))
			}
			if after := AppendFrame(prefix, raw, c); !bytes.Equal(after, append(prefix[:len(prefix):len(prefix)], frame...)) {
				t.Errorf("%s %s: appending to bytes gives another frame", c, name)
			}
			got, err := AppendContent(prefix, frame, len(raw))
			if err != nil || !bytes.Equal(got[len(prefix):], raw) || !bytes.HasPrefix(got, prefix) {
				t.Errorf("%s %s: %d bytes come back as %d: %v", c, name, len(raw), len(got)-len(prefix), err)
			}
			if n, err := RawLen(frame); err != nil || n != len(raw) {
				t.Errorf("%s %s: RawLen got %d, %v", c, name, n, err)
			}
			if len(raw) > 0 {
				if _, err := AppendContent(nil, frame, len(raw)-1); !errors.Is(err, dberr.ErrCorrupt) {
					t.Errorf("%s %s: content over the limit: got %v", c, name, err)
				}
			}
		}
	}
}

// TestGolden decodes frames of every codec as they were first written. It may
// only gain lines: encoders may change, what they wrote must stay readable.
func TestGolden(t *testing.T) {
	raw := bytes.Repeat([]byte("weft "), 8)
	for name, golden := range map[string]string{
		"none":   "0028000000336fe85077656674207765667420776566742077656674207765667420776566742077656674207765667420",
		"snappy": "012800000057dd4622281077656674208a0500",
		"lz4":    "022800000007c1056d5f7765667420050001001400b02077656674207765667420",
		"zstd":   "0328000000ebc1aa0528b52ffd2028650000287765667420015405032010",
	} {
		c, err := Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := hex.DecodeString(golden)
		if err != nil {
			t.Errorf("%s: %v; a frame is now %x", name, err, AppendFrame(nil, raw, c))
			continue
		}
		if got, err := AppendContent(nil, frame, 100); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestDamage cuts a frame at every byte and flips every bit.
func TestDamage(t *testing.T) {
	raw := []byte(strings.Repeat("abcdefgh-", 30))
	for _, c := range codecs {
		frame := AppendFrame(nil, raw, c)
		for n := range frame {
			if _, err := AppendContent(nil, frame[:n], len(raw)); !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("%s cut to %d bytes: got %v", c, n, err)
			}
		}
		for i := range frame {
			for bit := range 8 {
				frame[i] ^= 1 << bit
				if _, err := AppendContent(nil, frame, len(raw)); !errors.Is(err, dberr.ErrCorrupt) {
					t.Fatalf("%s byte %d bit %d flipped: got %v", c, i, bit, err)
				}
				frame[i] ^= 1 << bit
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range codecs {
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Codec
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%s: got %v, %v", text, back, err)
		}
	}
	for _, bad := range []string{"", "gzip", "zstd:0", "zstd:23", "zstd:-1", "zstd:x", "snappy:3", "none:1"} {
		if c, err := Parse(bad); !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%q: got %v, %v, want class invalid", bad, c, err)
		}
	}
}

// FuzzContent: whatever decodes has the length it says, and nothing panics. With
// repair the checksum is made right, or fuzzing would never get behind it.
func FuzzContent(f *testing.F) {
	for _, c := range codecs {
		f.Add(AppendFrame(nil, []byte(strings.Repeat("seed", 20)), c), true)
	}
	f.Fuzz(func(t *testing.T, frame []byte, repair bool) {
		if repair && len(frame) >= HeaderLen {
			frame = bytes.Clone(frame)
			binary.LittleEndian.PutUint32(frame[5:], checksum(frame))
		}
		raw, err := AppendContent(nil, frame, 1<<16)
		if err != nil {
			if !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("got %v, want class corrupt", err)
			}
			return
		}
		if n, err := RawLen(frame); err != nil || n != len(raw) {
			t.Fatalf("decoded %d bytes, frame says %d, %v", len(raw), n, err)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	raw := samples()["text"]
	for _, c := range codecs {
		frame := AppendFrame(nil, raw, c)
		b.Run(fmt.Sprintf("op=append/codec=%s", c), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = AppendFrame(buf[:0], raw, c)
			}
		})
		b.Run(fmt.Sprintf("op=content/codec=%s", c), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				var err error
				if buf, err = AppendContent(buf[:0], frame, len(raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
