// Package compress turns blocks of bytes into self-describing frames and back.
//
// A frame says by itself how it was compressed and how long its content was, and
// carries a checksum, so what reads it needs no setting of what wrote it:
//
//	+-----------+----------------+------------+------+
//	| codec (1) | raw length (4) | crc32c (4) | data |
//	+-----------+----------------+------------+------+
//
// Integers are little-endian; the checksum covers the codec, the raw length and
// the data. Codec numbers are part of the format and never change meaning. The
// frame ends where its container says. The package refuses to allocate for a
// length that it has not checked, and never makes a frame longer than the raw
// bytes and a header: what does not shrink is stored as it is.
package compress

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"sync"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/weftdb/weft/internal/dberr"
)

// Algorithm says how data is compressed. The numbers are stored.
type Algorithm uint8

// The algorithms.
const (
	None   Algorithm = 0
	Snappy Algorithm = 1 // fast, about half on text
	LZ4    Algorithm = 2 // as fast, quicker to decompress
	Zstd   Algorithm = 3 // smallest; has levels
)

var algorithmNames = [...]string{None: "none", Snappy: "snappy", LZ4: "lz4", Zstd: "zstd"}

// Codec is an algorithm and how hard it tries. The zero value compresses nothing.
type Codec struct {
	Algorithm Algorithm
	// Level is 1 (fastest) to 22 (smallest) for zstd; 0 means its default, 3.
	// Other algorithms have no levels.
	Level int
}

// HeaderLen is the number of bytes in front of the data of a frame.
const HeaderLen = 9

// MaxRaw is the most that one frame holds.
const MaxRaw = 1 << 30

// Parse reads what String writes: none, snappy, lz4, zstd or zstd:7.
func Parse(s string) (Codec, error) {
	name, level, leveled := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	for a, n := range algorithmNames {
		if n != name {
			continue
		}
		c := Codec{Algorithm: Algorithm(a)}
		if leveled {
			n, err := strconv.Atoi(level)
			if err != nil {
				return Codec{}, fmt.Errorf("%w: compression %q: level %q is not a number", dberr.ErrInvalid, s, level)
			}
			if c.Level = n; n == 0 {
				return Codec{}, fmt.Errorf("%w: compression %q: levels start at 1", dberr.ErrInvalid, s)
			}
		}
		return c, c.Validate()
	}
	return Codec{}, fmt.Errorf("%w: compression %q is none of none, snappy, lz4, zstd, zstd:<level>", dberr.ErrInvalid, s)
}

// String is the name that Parse reads.
func (c Codec) String() string {
	if int(c.Algorithm) >= len(algorithmNames) {
		return fmt.Sprintf("codec(%d)", c.Algorithm)
	}
	if c.Level != 0 {
		return fmt.Sprintf("%s:%d", algorithmNames[c.Algorithm], c.Level)
	}
	return algorithmNames[c.Algorithm]
}

// UnmarshalText lets configuration name a codec.
func (c *Codec) UnmarshalText(text []byte) (err error) {
	*c, err = Parse(string(text))
	return err
}

// MarshalText is the inverse of UnmarshalText.
func (c Codec) MarshalText() ([]byte, error) { return []byte(c.String()), c.Validate() }

// Validate says what is wrong with c, if anything is.
func (c Codec) Validate() error {
	switch {
	case int(c.Algorithm) >= len(algorithmNames):
		return fmt.Errorf("%w: compression codec %d is not known", dberr.ErrInvalid, c.Algorithm)
	case c.Algorithm == Zstd && (c.Level < 0 || c.Level > 22):
		return fmt.Errorf("%w: zstd level %d is not within 1 and 22", dberr.ErrInvalid, c.Level)
	case c.Algorithm != Zstd && c.Level != 0:
		return fmt.Errorf("%w: %s has no levels", dberr.ErrInvalid, algorithmNames[c.Algorithm])
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(frame []byte) uint32 {
	crc := crc32.Update(0, castagnoli, frame[:5])
	return crc32.Update(crc, castagnoli, frame[HeaderLen:])
}

// AppendFrame appends src as a frame, compressed by c where that makes it
// shorter. It panics where c is not valid or src is longer than MaxRaw: both are
// for the caller's options and limits to refuse.
func AppendFrame(dst, src []byte, c Codec) []byte {
	if err := c.Validate(); err != nil {
		panic(err)
	}
	if len(src) > MaxRaw {
		panic(fmt.Sprintf("compress: %d bytes in one frame", len(src)))
	}
	start := len(dst)
	dst = append(dst, make([]byte, HeaderLen)...)
	dst = appendData(dst, src, c)
	algorithm := c.Algorithm
	if algorithm != None && len(dst)-start-HeaderLen >= len(src) {
		algorithm = None
		dst = append(dst[:start+HeaderLen], src...)
	}
	frame := dst[start:]
	frame[0] = byte(algorithm)
	binary.LittleEndian.PutUint32(frame[1:], uint32(len(src)))
	binary.LittleEndian.PutUint32(frame[5:], checksum(frame))
	return dst
}

// appendData appends src compressed by c, or something as long as src where it
// does not shrink.
func appendData(dst, src []byte, c Codec) []byte {
	n := len(dst)
	switch c.Algorithm {
	case Snappy:
		dst = grow(dst, snappy.MaxEncodedLen(len(src)))
		return dst[:n+len(snappy.Encode(dst[n:cap(dst)], src))]
	case LZ4:
		dst = grow(dst, lz4.CompressBlockBound(len(src)))
		z := lz4Pool.Get().(*lz4.Compressor)
		defer lz4Pool.Put(z)
		m, err := z.CompressBlock(src, dst[n:cap(dst)])
		if err != nil || m == 0 { // 0: incompressible
			return append(dst, src...)
		}
		return dst[:n+m]
	case Zstd:
		return zstdEncoder(c.Level).EncodeAll(src, dst)
	}
	return append(dst, src...)
}

func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	bigger := make([]byte, len(dst), len(dst)+n)
	copy(bigger, dst)
	return bigger
}

var lz4Pool = sync.Pool{New: func() any { return new(lz4.Compressor) }}

// zstdEncoders holds one encoder for each speed the library has; EncodeAll may
// be called at once from many goroutines.
var zstdEncoders [zstd.SpeedBestCompression + 1]struct {
	sync.Once
	*zstd.Encoder
}

func zstdEncoder(level int) *zstd.Encoder {
	speed := zstd.SpeedDefault
	if level != 0 {
		speed = zstd.EncoderLevelFromZstd(level)
	}
	e := &zstdEncoders[speed]
	e.Do(func() {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(speed), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
		if err != nil {
			panic(fmt.Sprintf("compress: zstd options: %v", err)) // constant options: cannot happen
		}
		e.Encoder = enc
	})
	return e.Encoder
}

var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(MaxRaw), zstd.WithDecoderConcurrency(0),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(fmt.Sprintf("compress: zstd options: %v", err)) // constant options: cannot happen
	}
	return dec
})

// RawLen is the length of the content of a frame, as its header says.
func RawLen(frame []byte) (int, error) {
	if len(frame) < HeaderLen {
		return 0, corrupt("%d bytes are no frame", len(frame))
	}
	n := binary.LittleEndian.Uint32(frame[1:])
	if n > MaxRaw {
		return 0, corrupt("raw length %d is over the maximum of %d", n, MaxRaw)
	}
	return int(n), nil
}

// AppendContent appends the content of a frame to dst. Content over maxRaw bytes
// is refused before anything is allocated for it. Errors are of class
// dberr.ErrCorrupt; the caller knows the file and the offset.
func AppendContent(dst, frame []byte, maxRaw int) ([]byte, error) {
	n, err := RawLen(frame)
	if err != nil {
		return nil, err
	}
	if n > maxRaw {
		return nil, corrupt("raw length %d is over the limit of %d", n, maxRaw)
	}
	if got, want := checksum(frame), binary.LittleEndian.Uint32(frame[5:]); got != want {
		return nil, corrupt("checksum is %08x, should be %08x", got, want)
	}
	algorithm, data := Algorithm(frame[0]), frame[HeaderLen:]
	if err := plausible(algorithm, n, data); err != nil {
		return nil, err
	}
	return decode(dst, algorithm, n, data)
}

// plausible refuses lengths that data cannot have, before memory is taken.
func plausible(algorithm Algorithm, n int, data []byte) error {
	if algorithm != None && len(data) >= n {
		return corrupt("%d bytes compressed to %d: such are stored as they are", n, len(data))
	}
	switch algorithm {
	case None:
		if n != len(data) {
			return corrupt("raw length %d, but %d bytes stored", n, len(data))
		}
	case Snappy:
		if m, err := snappy.DecodedLen(data); err != nil || m != n {
			return corrupt("snappy says %d bytes (%v), header says %d", m, err, n)
		}
	case LZ4: // one more byte of input gives at most 255 more of output
		if n > 255*len(data) {
			return corrupt("%d bytes cannot come of %d of lz4", n, len(data))
		}
	case Zstd:
		var h zstd.Header
		if err := h.Decode(data); err != nil || (h.HasFCS && h.FrameContentSize != uint64(n)) {
			return corrupt("zstd says %d bytes (%v), header says %d", h.FrameContentSize, err, n)
		}
	default:
		return corrupt("codec %d is not known", algorithm)
	}
	return nil
}

func decode(dst []byte, algorithm Algorithm, n int, data []byte) ([]byte, error) {
	start := len(dst)
	dst = grow(dst, n)
	room := dst[start : start+n : start+n]
	var got int
	var err error
	switch algorithm {
	case None:
		got = copy(room, data)
	case Snappy:
		var out []byte
		out, err = snappy.Decode(room, data)
		got = len(out)
	case LZ4:
		got, err = lz4.UncompressBlock(data, room)
	case Zstd:
		var out []byte
		out, err = zstdDecoder().DecodeAll(data, room[:0])
		got = len(out)
	}
	if err != nil {
		return nil, corrupt("%s: %v", Codec{Algorithm: algorithm}, err)
	}
	if got != n {
		return nil, corrupt("%d bytes decompressed, header says %d", got, n)
	}
	return dst[:start+n], nil
}

func corrupt(format string, args ...any) error {
	return dberr.New(dberr.ErrCorrupt, "", "compressed frame: "+format, args...)
}
