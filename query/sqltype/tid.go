package sqltype

import (
	"strconv"
	"strings"
)

// A tid is the place of a row, as PostgreSQL's: (block,offset). Blocks may have 48 bits
// here, since the ids of rows outgrow 32.

func appendTID(dst []byte, v int64) []byte {
	dst = strconv.AppendUint(append(dst, '('), uint64(v)>>16, 10)
	return append(strconv.AppendUint(append(dst, ','), uint64(v)&0xffff, 10), ')')
}

func parseTID(s string) (int64, error) {
	block, offset, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "("), ")"), ",")
	if ok && len(s) == len(block)+len(offset)+3 {
		b, err1 := strconv.ParseUint(block, 10, 48)
		o, err2 := strconv.ParseUint(offset, 10, 16)
		if err1 == nil && err2 == nil {
			return int64(b<<16 | o), nil
		}
	}
	return 0, errSyntax("tid", s)
}
