package block

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"

	"github.com/klauspost/compress/fse"
)

// Entropy coding: each residual is a class, which is coded by how often it occurs
// (tANS), and the bits that the class leaves open, as they are:
//
//	coded classes: form (1) · length (uvarint) · bytes · open bits, low first
//
// Numbers below 16 have a class each, and larger ones one for each number of bits and
// for the two bits below the highest, so four in each octave and 256 in all. The ranks
// of a dictionary are their classes.

const minEntropic = 48 // fewer residuals are not worth the table

const (
	classesCoded = 0 // by the library
	classesRun   = 1 // one class: 1 byte
	classesPlain = 2 // a byte each
)

// classOf returns the class of u and how many bits it leaves open.
func classOf(u uint64) (class byte, open uint) {
	if u < 16 {
		return byte(u), 0
	}
	n := uint(bits.Len64(u))
	return byte(16 + (n-5)*4 + uint(u>>(n-3)&3)), n - 3
}

// base is the smallest number of each class, open how many bits are left.
var classBase, classOpen = func() (base [256]uint64, open [256]uint8) {
	for i := range base {
		if i < 16 {
			base[i] = uint64(i)
			continue
		}
		n := uint(i-16)/4 + 5
		base[i] = (4 | uint64(i)&3) << (n - 3)
		open[i] = uint8(n - 3)
	}
	return base, open
}()

// entropicLen is about how long appendEntropic makes u.
func (c *coder) entropicLen(u []uint64, ranks bool) int {
	var hist [256]uint32
	open := 0
	for _, x := range u {
		class, n := byte(x), uint(0)
		if !ranks {
			class, n = classOf(x)
		}
		hist[class]++
		open += int(n)
	}
	cost, n := 0.0, float64(len(u))
	distinct := 0
	for _, h := range hist {
		if h > 0 {
			cost += float64(h) * math.Log2(n/float64(h))
			distinct++
		}
	}
	return 6 + distinct*5/8 + (int(cost)+open)/8
}

func (c *coder) appendEntropic(dst []byte, u []uint64, ranks bool) []byte {
	c.classes = c.classes[:0]
	for _, x := range u {
		class := byte(x)
		if !ranks {
			class, _ = classOf(x)
		}
		c.classes = append(c.classes, class)
	}
	c.fse.Out = c.fse.Out[:0]
	coded, err := fse.Compress(c.classes, &c.fse)
	switch {
	case errors.Is(err, fse.ErrUseRLE):
		dst = append(dst, classesRun, 1, c.classes[0])
	case err != nil || len(coded) >= len(c.classes):
		dst = append(dst, classesPlain)
		dst = binary.AppendUvarint(dst, uint64(len(c.classes)))
		dst = append(dst, c.classes...)
	default:
		dst = append(dst, classesCoded)
		dst = binary.AppendUvarint(dst, uint64(len(coded)))
		dst = append(dst, coded...)
	}
	if ranks {
		return dst
	}
	var acc uint64
	n := uint(0)
	for _, x := range u {
		_, open := classOf(x)
		x &= 1<<open - 1
		acc |= x << n
		if n += open; n >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			n -= 64
			acc = x >> (open - n)
		}
	}
	for ; n > 0; n -= min(n, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

func (c *coder) readEntropic(u []uint64, ranks bool, r *reader) error {
	classes, err := c.readClasses(len(u), r)
	if err != nil {
		return err
	}
	if ranks {
		for i, class := range classes {
			u[i] = uint64(class)
		}
		return nil
	}
	total := uint(0)
	for _, class := range classes {
		total += uint(classOpen[class])
	}
	src := r.take(uint64(total+7) / 8)
	if r.bad {
		return corrupt("is cut short")
	}
	at := uint(0)
	i := 0
	if len(src) >= 16 {
		last := uint(len(src)-8) * 8
		for ; i < len(classes); i++ {
			class := classes[i]
			n := uint(classOpen[class])
			if at > last || n > 56 {
				break
			}
			u[i] = classBase[class] + binary.LittleEndian.Uint64(src[at>>3:])>>(at&7)&(1<<n-1)
			at += n
		}
	}
	for ; i < len(classes); i++ {
		n := uint(classOpen[classes[i]])
		u[i] = classBase[classes[i]]
		if n > 0 {
			u[i] += load(src, at) & (1<<n - 1)
			at += n
		}
	}
	return nil
}

func (c *coder) readClasses(n int, r *reader) ([]byte, error) {
	kind := r.byte()
	b := r.take(r.uvarint())
	if r.bad || len(b) == 0 {
		return nil, corrupt("is cut short")
	}
	switch kind {
	case classesCoded:
		c.fse.DecompressLimit = n
		out, err := fse.Decompress(b, &c.fse)
		if err != nil || len(out) != n {
			return nil, corrupt("has classes that cannot be read")
		}
		return out, nil
	case classesRun:
		c.classes = c.classes[:0]
		for range n {
			c.classes = append(c.classes, b[0])
		}
		return c.classes, nil
	case classesPlain:
		if len(b) != n {
			return nil, corrupt("has %d classes for %d numbers", len(b), n)
		}
		return b, nil
	}
	return nil, corrupt("has classes of form %d", kind)
}
