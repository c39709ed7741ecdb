package crypt

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	reference "golang.org/x/crypto/xts"
)

// TestXTS holds the cipher to the one of golang.org/x/crypto, for every length, place
// and beginning, and to a vector of IEEE 1619 (number 10).
func TestXTS(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	rng := rand.New(r)
	key := make([]byte, xtsKeyLen)
	for range 20 {
		r.Read(key)
		x := must(newXTS(key))(t)
		ref := must(reference.NewCipher(aes.NewCipher, key))(t)
		for n := unit; n <= sectorLen; n += unit * (1 + rng.IntN(5)) {
			plain, want, sector := make([]byte, n), make([]byte, n), rng.Uint64()
			r.Read(plain)
			ref.Encrypt(want, plain, sector)
			got := bytes.Clone(plain)
			if x.encrypt(got, sector); !bytes.Equal(got, want) {
				t.Fatalf("%d bytes of sector %d are enciphered otherwise", n, sector)
			}
			from := rng.IntN(n/unit) * unit
			x.decrypt(got, sector, from)
			if !bytes.Equal(got[from:], plain[from:]) || !bytes.Equal(got[:from], want[:from]) {
				t.Fatalf("%d bytes of sector %d, deciphered from %d on, are others", n, sector, from)
			}
		}
	}
	vector := must(hex.DecodeString("2718281828459045235360287471352662497757247093699959574966967627" +
		"3141592653589793238462643383279502884197169399375105820974944592"))(t)
	p := make([]byte, 512)
	for i := range p {
		p[i] = byte(i)
	}
	must(newXTS(vector))(t).encrypt(p, 0xff)
	if want := "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"; hex.EncodeToString(p[:32]) != want {
		t.Errorf("the vector begins with %x, want %s", p[:32], want)
	}
}
