package sqltype

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// The types "char", int2vector and oidvector, which system catalogs have.

// parseChar reads a "char": the first byte, or an octal number of three digits after a
// backslash. The byte 0 is none.
func parseChar(s string) string {
	if len(s) == 4 && s[0] == '\\' {
		if v, err := strconv.ParseUint(s[1:], 8, 8); err == nil {
			s = string([]byte{byte(v)})
		}
	}
	if s == "" || s[0] == 0 {
		return ""
	}
	return s[:1]
}

func appendChar(dst []byte, s string) []byte {
	if s != "" && s[0] >= 0x80 {
		return append(dst, '\\', '0'+s[0]>>6, '0'+s[0]>>3&7, '0'+s[0]&7)
	}
	return append(dst, s...)
}

// charInt is a "char" as a number, which has a sign.
func charInt(s string) int64 {
	if s == "" {
		return 0
	}
	return int64(int8(s[0]))
}

func intChar(v int64) (string, error) {
	if v < -128 || v > 127 {
		return "", dberr.SQL(dberr.StateNumericOutOfRange, "\"char\" out of range")
	}
	if v == 0 {
		return "", nil
	}
	return string([]byte{byte(v)}), nil
}

// parseVector reads an int2vector or oidvector.
func parseVector(t Type, s string) (Datum, error) {
	a := &ArrayValue{Elem: t.ElemType()}
	for _, w := range strings.Fields(s) {
		v, err := parseInt(t.Elem, w)
		if err != nil {
			return Datum{}, err
		}
		a.Vals = append(a.Vals, Datum{Int: v})
	}
	a.Dims, a.Lower = []int{len(a.Vals)}, []int{0}
	return Datum{Any: a}, nil
}
