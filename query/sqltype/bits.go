package sqltype

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// Bit strings are held as their digits, 0 and 1, whose order is PostgreSQL's.

const maxBits = 83886080

// ParseBits reads a bit string: digits, or b or x and binary or hexadecimal digits.
func ParseBits(s string) (string, error) {
	digits := s
	if s != "" && (s[0]|0x20 == 'b' || s[0]|0x20 == 'x') {
		digits = s[1:]
		if s[0]|0x20 == 'x' {
			return hexBits(digits)
		}
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] != '0' && digits[i] != '1' {
			return "", dberr.SQL(dberr.StateInvalidTextRepr, "\"%s\" is not a valid binary digit", firstRune(digits[i:]))
		}
	}
	return digits, nil
}

func hexBits(s string) (string, error) {
	b := make([]byte, 0, 4*len(s))
	for i := 0; i < len(s); i++ {
		v, ok := hexDigit(s[i])
		if !ok {
			return "", dberr.SQL(dberr.StateInvalidTextRepr, "\"%s\" is not a valid hexadecimal digit", firstRune(s[i:]))
		}
		for k := 3; k >= 0; k-- {
			b = append(b, '0'+v>>k&1)
		}
	}
	return string(b), nil
}

// applyBitLength applies the length of bit(n) and varbit(n).
func applyBitLength(t Type, s string, explicit bool) (string, error) {
	n := int(t.Mod)
	switch {
	case n <= 0 || len(s) == n || t.ID == Varbit && len(s) < n:
		return s, nil
	case !explicit && t.ID == Bit:
		return "", dberr.SQL("22026", "bit string length %d does not match type bit(%d)", len(s), n)
	case !explicit:
		return "", dberr.SQL(dberr.StateStringTruncation, "bit string too long for type bit varying(%d)", n)
	case len(s) > n:
		return s[:n], nil
	}
	return s + strings.Repeat("0", n-len(s)), nil
}

// IntBits gives the last n digits of an integer of two's complement.
func IntBits(v int64, n int) string {
	if n <= 0 {
		n = 1
	}
	b := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		b[i] = '0' + byte(v&1)
		v >>= 1
	}
	return string(b)
}

// bitsInt gives the integer whose digits those are.
func bitsInt(s string, to ID) (int64, error) {
	size := 64
	if to == Int4 {
		size = 32
	}
	if len(s) > size {
		return 0, errRange(to.info().name)
	}
	var u uint64
	for i := 0; i < len(s); i++ {
		u = u<<1 | uint64(s[i]-'0')
	}
	if to == Int4 {
		return int64(int32(uint32(u))), nil
	}
	return int64(u), nil
}
