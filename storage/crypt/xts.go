package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"sync"
)

// xts is XTS (IEEE 1619) with AES-256, over sectors of up to sectorLen bytes and in
// multiples of 16. It is golang.org/x/crypto/xts, which its test holds it to, but for
// the pace: there each block of 16 bytes goes through the mode by itself, here the masks of
// a sector are made first and put over all of it at once.
type xts struct{ data, tweak cipher.Block }

// xtsKeyLen is the length of a key: one for the data and one for the tweaks.
const xtsKeyLen = 64

func newXTS(key []byte) (*xts, error) {
	if len(key) != xtsKeyLen {
		return nil, fmt.Errorf("a key of %d bytes, want %d", len(key), xtsKeyLen)
	}
	data, err := aes.NewCipher(key[:xtsKeyLen/2])
	if err != nil {
		return nil, err
	}
	tweak, err := aes.NewCipher(key[xtsKeyLen/2:])
	if err != nil {
		return nil, err
	}
	return &xts{data: data, tweak: tweak}, nil
}

// masks are those of a sector, one for each 16 bytes.
type masks [sectorLen]byte

var masksPool = sync.Pool{New: func() any { return new(masks) }}

// encrypt enciphers p, a sector or the beginning of one, in its place.
func (x *xts) encrypt(p []byte, sector uint64) { x.crypt(p, sector, 0, x.data.Encrypt) }

// decrypt undoes encrypt for p[from:], where from is a multiple of 16.
func (x *xts) decrypt(p []byte, sector uint64, from int) {
	x.crypt(p, sector, from, x.data.Decrypt)
}

func (x *xts) crypt(p []byte, sector uint64, from int, block func(dst, src []byte)) {
	m := masksPool.Get().(*masks)
	defer masksPool.Put(m)
	binary.LittleEndian.PutUint64(m[:], sector)
	clear(m[8:unit])
	x.tweak.Encrypt(m[:unit], m[:unit])
	lo, hi := binary.LittleEndian.Uint64(m[:]), binary.LittleEndian.Uint64(m[8:])
	for i := unit; i < len(p); i += unit { // each is the one before times two, in GF(2^128)
		carry := hi >> 63
		hi = hi<<1 | lo>>63
		lo = lo<<1 ^ carry*0x87
		binary.LittleEndian.PutUint64(m[i:], lo)
		binary.LittleEndian.PutUint64(m[i+8:], hi)
	}
	part, mask := p[from:], m[from:]
	subtle.XORBytes(part, part, mask)
	for i := 0; i < len(part); i += unit {
		block(part[i:i+unit], part[i:i+unit])
	}
	subtle.XORBytes(part, part, mask)
}
