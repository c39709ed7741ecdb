package enc

// Kind is the kind of an encoded element.
type Kind uint8

const (
	KindInvalid Kind = iota
	KindNull
	KindEnd
	KindBool
	KindInt
	KindFloat
	KindDecimal
	KindString
	KindBytes
	KindTime
	KindUUID
	KindBegin
)

// KindOf returns the kind of the element at the front of src.
func KindOf(src []byte) Kind {
	tag, _, err := head(src)
	switch {
	case err != nil:
		return KindInvalid
	case src[0] == tagNullFirst, src[0] == tagNullLast:
		return KindNull
	case tag == tagEnd:
		return KindEnd
	case tag == tagFalse, tag == tagTrue:
		return KindBool
	case tag >= tagIntZero-8 && tag <= tagIntZero+8:
		return KindInt
	case tag == tagFloat:
		return KindFloat
	case tag >= tagDecNegInf && tag <= tagDecNaN:
		return KindDecimal
	case tag == tagString:
		return KindString
	case tag == tagBytes:
		return KindBytes
	case tag == tagTime:
		return KindTime
	case tag == tagUUID:
		return KindUUID
	case tag == tagBegin:
		return KindBegin
	}
	return KindInvalid
}

// Skip returns what follows the element at the front of src, whatever it is. The
// marks around a nested tuple are elements of their own.
func Skip(src []byte) (rest []byte, err error) {
	tag, mask, err := head(src)
	if err != nil {
		return nil, err
	}
	n := 1
	switch KindOf(src) {
	case KindNull, KindBegin, KindEnd, KindBool:
	case KindInt:
		if n = 1 + int(tag) - tagIntZero; n < 1 {
			n = 2 - n
		}
	case KindFloat, KindTime:
		n = 9
	case KindUUID:
		n = 17
	case KindString, KindBytes:
		return skipEscaped(src[1:], mask)
	case KindDecimal:
		return skipDecimal(src[1:], tag, mask)
	default:
		return nil, ErrFormat
	}
	if len(src) < n {
		return nil, ErrShort
	}
	return src[n:], nil
}

func skipDecimal(src []byte, tag, mask byte) ([]byte, error) {
	switch tag {
	case tagDecNeg:
		mask = ^mask
	case tagDecPos:
	default:
		return src, nil
	}
	if KindOf(src) != KindInt {
		return nil, formatOrShort(src)
	}
	src, err := Skip(src)
	if err != nil {
		return nil, err
	}
	n, err := mantissaLen(src, mask)
	if err != nil {
		return nil, err
	}
	return src[n:], nil
}
