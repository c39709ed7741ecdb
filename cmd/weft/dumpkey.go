package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/weftdb/weft/internal/enc"
)

func writeJSONLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// showTuple shows the elements of a tuple, each after a slash, and what is none in
// hex.
func showTuple(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		text, rest, ok := showElement(b)
		if !ok {
			s.WriteString("/" + hex.EncodeToString(b))
			break
		}
		s.WriteString("/" + text)
		b = rest
	}
	return s.String()
}

func showElement(b []byte) (text string, rest []byte, ok bool) {
	var err error
	switch enc.KindOf(b) {
	case enc.KindNull:
		_, rest = enc.DecodeNull(b)
		return "null", rest, true
	case enc.KindBegin:
		rest, err = enc.DecodeBegin(b)
		return "(", rest, err == nil
	case enc.KindEnd:
		_, rest = enc.DecodeEnd(b)
		return ")", rest, true
	case enc.KindBool:
		var v bool
		v, rest, err = enc.DecodeBool(b)
		text = fmt.Sprint(v)
	case enc.KindInt:
		var v int64
		if v, rest, err = enc.DecodeInt(b); err != nil { // beyond int64
			var u uint64
			u, rest, err = enc.DecodeUint(b)
			return fmt.Sprint(u), rest, err == nil
		}
		text = fmt.Sprint(v)
	case enc.KindFloat:
		var v float64
		v, rest, err = enc.DecodeFloat(b)
		text = fmt.Sprint(v)
	case enc.KindString:
		var v string
		v, rest, err = enc.DecodeString(b)
		text = fmt.Sprintf("%q", v)
	case enc.KindBytes:
		var v []byte
		v, rest, err = enc.DecodeBytes(b)
		text = "x" + hex.EncodeToString(v)
	case enc.KindTime:
		var v int64
		v, rest, err = enc.DecodeTime(b)
		text = fmt.Sprintf("time %d", v)
	case enc.KindUUID:
		var v [16]byte
		v, rest, err = enc.DecodeUUID(b)
		text = hex.EncodeToString(v[:])
	case enc.KindDecimal:
		if rest, err = enc.Skip(b); err == nil {
			text = "decimal " + hex.EncodeToString(b[:len(b)-len(rest)])
		}
	default:
		return "", nil, false
	}
	return text, rest, err == nil
}
