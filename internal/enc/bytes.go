package enc

import "bytes"

// AppendString appends text in the order of its bytes.
func AppendString(dst []byte, v string) []byte { return appendEscaped(append(dst, tagString), v) }

// AppendStringDesc is AppendString in descending order.
func AppendStringDesc(dst []byte, v string) []byte { return Invert(AppendString(dst, v), len(dst)) }

// AppendBytes appends bytes in their order.
func AppendBytes(dst []byte, v []byte) []byte { return appendEscaped(append(dst, tagBytes), v) }

// AppendBytesDesc is AppendBytes in descending order.
func AppendBytesDesc(dst []byte, v []byte) []byte { return Invert(AppendBytes(dst, v), len(dst)) }

// appendEscaped writes 00 as 00 ff and ends with 00 01, which is smaller than
// anything that can follow in a longer string.
func appendEscaped[T string | []byte](dst []byte, v T) []byte {
	for i := 0; i < len(v); {
		j := i
		for j < len(v) && v[j] != escape {
			j++
		}
		dst = append(dst, v[i:j]...)
		if j == len(v) {
			break
		}
		dst = append(dst, escape, escapedNul)
		i = j + 1
	}
	return append(dst, escape, terminator)
}

// DecodeString reads text of either direction.
func DecodeString(src []byte) (v string, rest []byte, err error) {
	b, rest, err := decodeEscaped(nil, src, tagString)
	return string(b), rest, err
}

// DecodeBytes reads bytes of either direction into fresh memory.
func DecodeBytes(src []byte) (v []byte, rest []byte, err error) {
	return decodeEscaped(make([]byte, 0, 16), src, tagBytes)
}

// AppendDecodedString appends the text at the front of src to dst, for callers
// that keep an arena.
func AppendDecodedString(dst, src []byte) (out []byte, rest []byte, err error) {
	return decodeEscaped(dst, src, tagString)
}

func decodeEscaped(dst, src []byte, want byte) (out []byte, rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return nil, nil, err
	}
	if tag != want {
		return nil, nil, ErrFormat
	}
	src = src[1:]
	for {
		i := bytes.IndexByte(src, escape^mask)
		if i < 0 || i+1 >= len(src) {
			return nil, nil, ErrShort
		}
		from := len(dst)
		dst = append(dst, src[:i]...)
		if mask != 0 {
			invert(dst[from:])
		}
		mark := src[i+1] ^ mask
		src = src[i+2:]
		switch mark {
		case terminator:
			return dst, src, nil
		case escapedNul:
			dst = append(dst, escape)
		default:
			return nil, nil, ErrFormat
		}
	}
}

// skipEscaped returns what follows the string whose body starts at src.
func skipEscaped(src []byte, mask byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(src, escape^mask)
		if i < 0 || i+1 >= len(src) {
			return nil, ErrShort
		}
		mark := src[i+1] ^ mask
		src = src[i+2:]
		switch mark {
		case terminator:
			return src, nil
		case escapedNul:
		default:
			return nil, ErrFormat
		}
	}
}
