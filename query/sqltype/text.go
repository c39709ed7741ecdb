package sqltype

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// Parse reads the text form of a value as a session in UTC would.
func Parse(t Type, s string) (Datum, error) { return ParseEnv(nil, t, s) }

// ParseEnv reads the text form of a value as PostgreSQL's input functions do and
// applies the type's modifiers as an explicit length does: char(n) is padded,
// what is too long for varchar(n) is refused.
func ParseEnv(env *Env, t Type, s string) (Datum, error) {
	switch t.ID {
	case Bool:
		return parseBool(s)
	case Int2, Int4, Int8, OID:
		if t.Reg() != 0 {
			return env.regOID(t, s)
		}
		v, err := parseInt(t.ID, s)
		return Datum{Int: v}, err
	case Char:
		return Datum{Str: parseChar(s)}, nil
	case TID:
		v, err := parseTID(s)
		return Datum{Int: v}, err
	case Float4, Float8:
		f, err := ParseFloat(s, t.ID == Float4)
		return Datum{Float: f}, err
	case Numeric:
		n, err := ParseNum(s)
		if err == nil && t.Mod != 0 {
			n, err = n.ApplyMod(t.Mod)
		}
		return Datum{Num: n}, err
	case Unknown, Text, Name, Varchar, Bpchar:
		return parseString(t, s)
	case Bytea:
		b, err := ParseBytea(s)
		return Datum{Str: b}, err
	case Date, Time, TimeTZ, Timestamp, TimestampTZ, Interval:
		return parseDatetimeType(env, t, s)
	case UUID:
		u, err := ParseUUID(s)
		return Datum{Str: u}, err
	case JSON:
		return Datum{Str: s}, ValidateJSON(s)
	case JSONB:
		c, err := CanonicalJSON(s)
		return Datum{Str: c}, err
	case Bit, Varbit:
		b, err := ParseBits(s)
		if err == nil {
			b, err = applyBitLength(t, b, false)
		}
		return Datum{Str: b}, err
	case Inet, Cidr:
		v, err := ParseInet(s, t.ID == Cidr)
		return Datum{Str: v}, err
	case Macaddr:
		v, err := ParseMAC(s, 6)
		return Datum{Str: v}, err
	case Macaddr8:
		v, err := ParseMAC(s, 8)
		return Datum{Str: v}, err
	case Jsonpath:
		c, err := CanonicalJSONPath(s)
		return Datum{Str: c}, err
	case Array:
		if t.IsVector() {
			return parseVector(t, s)
		}
		return parseArray(env, t, s)
	case Enum:
		return parseEnum(t, s)
	case Int4range, Int8range, Numrange, Tsrange, Tstzrange, Daterange:
		return parseRange(env, t, s)
	case Int4multirange, Int8multirange, Nummultirange, Tsmultirange, Tstzmultirange, Datemultirange:
		return parseMultirange(env, t, s)
	case Void:
		return Datum{}, nil
	case Record:
		return parseRecord(env, t, s)
	}
	return Datum{}, dberr.SQL(dberr.StateFeatureNotSupported, "input of type %s is not implemented", t.Name())
}

func parseString(t Type, s string) (Datum, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return Datum{}, invalidUTF8(s)
	}
	switch t.ID {
	case Varchar, Bpchar:
		s, err := applyLength(t, s, false)
		return Datum{Str: s}, err
	case Name:
		s = truncateName(s)
	}
	return Datum{Str: s}, nil
}

func invalidUTF8(s string) error {
	i := strings.IndexByte(s, 0)
	for j := 0; j < len(s) && (i < 0 || j < i); {
		r, n := utf8.DecodeRuneInString(s[j:])
		if r == utf8.RuneError && n == 1 {
			i = j
			break
		}
		j += n
	}
	return dberr.SQL("22021", "invalid byte sequence for encoding \"UTF8\": 0x%02x", s[max(i, 0)])
}

// truncateName cuts identifiers to 63 bytes.
func truncateName(s string) string {
	if len(s) <= 63 {
		return s
	}
	n := 63
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// applyLength applies the length of varchar(n) and char(n). What is too long is
// cut where explicit, and otherwise refused unless only blanks would be lost.
func applyLength(t Type, s string, explicit bool) (string, error) {
	if t.Mod <= 0 {
		return s, nil
	}
	limit := int(t.Mod)
	if len(s) > limit { // may still fit, counted in characters
		n, i := 0, 0
		for i < len(s) && n < limit {
			_, w := utf8.DecodeRuneInString(s[i:])
			i += w
			n++
		}
		if i < len(s) {
			if !explicit && TrimBlanks(s[i:]) != "" {
				return "", dberr.SQL(dberr.StateStringTruncation, "value too long for type %s", t.String())
			}
			return s[:i], nil
		}
	}
	if t.ID == Bpchar {
		if n := utf8.RuneCountInString(s); n < limit {
			s += strings.Repeat(" ", limit-n)
		}
	}
	return s, nil
}

func parseBool(s string) (Datum, error) {
	t := strings.ToLower(strings.Trim(s, " \t\n\r\v\f"))
	prefix := func(word string, atLeast int) bool { return len(t) >= atLeast && strings.HasPrefix(word, t) }
	switch {
	case t == "":
	case prefix("true", 1), prefix("yes", 1), t == "on", t == "1":
		return Datum{Int: 1}, nil
	case prefix("false", 1), prefix("no", 1), prefix("off", 2), t == "0":
		return Datum{Int: 0}, nil
	}
	return Datum{}, errSyntax("boolean", s)
}

func parseInt(id ID, s string) (int64, error) {
	name := id.info().name
	t := strings.Trim(s, " \t\n\r\v\f")
	lo, hi := intRange(id)
	digits := strings.TrimPrefix(t, "-")
	if digits == t {
		digits = strings.TrimPrefix(t, "+")
	}
	if digits == "" || !allDigits(digits) {
		return 0, errSyntax(name, s)
	}
	v, err := strconv.ParseInt(t, 10, 64)
	if err != nil || v < lo || v > hi {
		if id == OID && err == nil && v >= math.MinInt32 && v < 0 {
			return int64(uint32(int32(v))), nil
		}
		return 0, errValueRange(name, s)
	}
	return v, nil
}

func intRange(id ID) (lo, hi int64) {
	switch id {
	case Int2:
		return math.MinInt16, math.MaxInt16
	case Int4:
		return math.MinInt32, math.MaxInt32
	case OID:
		return 0, math.MaxUint32
	}
	return math.MinInt64, math.MaxInt64
}

// ParseFloat reads PostgreSQL's float text form; single means float4.
func ParseFloat(s string, single bool) (float64, error) {
	t := strings.Trim(s, " \t\n\r\v\f")
	name, size := "double precision", 64
	if single {
		name, size = "real", 32
	}
	switch strings.ToLower(t) {
	case "nan":
		return math.NaN(), nil
	case "infinity", "+infinity", "inf", "+inf":
		return math.Inf(1), nil
	case "-infinity", "-inf":
		return math.Inf(-1), nil
	}
	if t == "" || strings.ContainsAny(t, "_nN") || strings.ContainsAny(t, "pP") && !strings.ContainsAny(t, "xX") {
		return 0, errSyntax(name, s)
	}
	if strings.ContainsAny(t, "xX") && !strings.ContainsAny(t, "pP") {
		t += "p0" // strtod reads 0x10 without an exponent
	}
	f, err := strconv.ParseFloat(t, size)
	if err != nil {
		if math.IsInf(f, 0) {
			return 0, dberr.SQL(dberr.StateNumericOutOfRange, "\"%s\" is out of range for type %s", strings.TrimSpace(s), name)
		}
		return 0, errSyntax(name, s)
	}
	if f == 0 && hasNonzeroDigit(t) {
		return 0, dberr.SQL(dberr.StateNumericOutOfRange, "\"%s\" is out of range for type %s", strings.TrimSpace(s), name)
	}
	return f, nil
}

func hasNonzeroDigit(t string) bool {
	if i := strings.IndexAny(t, "eEpP"); i >= 0 {
		t = t[:i]
	}
	return strings.ContainsAny(t, "123456789")
}

// AppendFloat appends the shortest text that reads back as f; single means float4.
func AppendFloat(dst []byte, f float64, single bool) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	size, top := 64, 15
	if single {
		size, top = 32, 6
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e6 || a == 0 {
		return strconv.AppendFloat(dst, f, 'f', -1, size)
	}
	var buf [32]byte
	b := strconv.AppendFloat(buf[:0], f, 'e', -1, size)
	i := bytes.IndexByte(b, 'e')
	exp, _ := strconv.Atoi(string(b[i+1:]))
	if exp >= -4 && exp < top {
		return strconv.AppendFloat(dst, f, 'f', -1, size)
	}
	if exp >= size/4 && isMidpoint(f, b, size) {
		b = offMidpoint(f, i, size)
	}
	return append(dst, b...)
}

// isMidpoint reports whether the text of an integral f lies just between f and
// the next float, so that it reads back as f only because ties go to even.
// PostgreSQL does not write such texts.
func isMidpoint(f float64, text []byte, size int) bool {
	v, _, err := big.ParseFloat(string(text), 10, 1200, big.ToNearestEven)
	if err != nil {
		return false
	}
	var lo, hi float64
	if size == 32 {
		lo, hi = float64(math.Nextafter32(float32(f), float32(math.Inf(-1)))), float64(math.Nextafter32(float32(f), float32(math.Inf(1))))
	} else {
		lo, hi = math.Nextafter(f, math.Inf(-1)), math.Nextafter(f, math.Inf(1))
	}
	for _, n := range [2]float64{lo, hi} {
		if math.IsInf(n, 0) {
			continue
		}
		mid := new(big.Float).SetPrec(1200).Add(big.NewFloat(f), big.NewFloat(n))
		if mid.Quo(mid, big.NewFloat(2)).Cmp(v) == 0 {
			return true
		}
	}
	return false
}

// offMidpoint takes as many more digits as it needs.
func offMidpoint(f float64, digits, size int) []byte {
	for prec := max(digits-2, 0); ; prec++ {
		b := strconv.AppendFloat(nil, f, 'e', prec, 64)
		g, err := strconv.ParseFloat(string(b), size)
		if prec > 17 || err == nil && g == f && !isMidpoint(f, b, size) {
			return b
		}
	}
}

// ParseBytea reads the hex and escape forms.
func ParseBytea(s string) (string, error) {
	if strings.HasPrefix(s, "\\x") {
		return parseByteaHex(s[2:])
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		switch {
		case i+1 < len(s) && s[i+1] == '\\':
			b = append(b, '\\')
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		default:
			return "", dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type bytea")
		}
	}
	return string(b), nil
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

func parseByteaHex(s string) (string, error) {
	b := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			i++
			continue
		}
		hi, ok := hexDigit(s[i])
		if !ok {
			return "", dberr.SQL(dberr.StateInvalidParameterValue, "invalid hexadecimal digit: \"%s\"", firstRune(s[i:]))
		}
		if i+1 == len(s) {
			return "", dberr.SQL(dberr.StateInvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		lo, ok := hexDigit(s[i+1])
		if !ok {
			return "", dberr.SQL(dberr.StateInvalidParameterValue, "invalid hexadecimal digit: \"%s\"", firstRune(s[i+1:]))
		}
		b = append(b, hi<<4|lo)
		i += 2
	}
	return string(b), nil
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// ParseUUID reads the 16 bytes of a UUID in any of PostgreSQL's forms.
func ParseUUID(s string) (string, error) {
	t := s
	if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") {
		t = t[1 : len(t)-1]
	}
	var b [16]byte
	i := 0
	for n := range b {
		if i+1 >= len(t) {
			return "", errSyntax("uuid", s)
		}
		hi, ok1 := hexDigit(t[i])
		lo, ok2 := hexDigit(t[i+1])
		if !ok1 || !ok2 {
			return "", errSyntax("uuid", s)
		}
		b[n] = hi<<4 | lo
		i += 2
		if n%2 == 1 && n < 15 && i < len(t) && t[i] == '-' {
			i++
		}
	}
	if i != len(t) {
		return "", errSyntax("uuid", s)
	}
	return string(b[:]), nil
}

func appendUUID(dst []byte, s string) []byte {
	if len(s) != 16 {
		return hex.AppendEncode(dst, []byte(s))
	}
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return dst
}

func parseDatetimeType(env *Env, t Type, s string) (Datum, error) {
	switch t.ID {
	case Date:
		v, code := parseDate(env, s)
		if code == dtFieldRange && isWideDate(s) {
			return Datum{}, dberr.SQL(dberr.StateDatetimeOverflow, "date out of range: \"%s\"", s)
		}
		return Datum{Int: v}, dtError(code, "date", s)
	case Timestamp, TimestampTZ:
		v, code := parseTimestamp(env, s, t.ID == TimestampTZ)
		if code == dtFieldRange && isWideDate(s) {
			return Datum{}, dberr.SQL(dberr.StateDatetimeOverflow, "timestamp out of range: \"%s\"", s)
		}
		if code != dtOK {
			return Datum{}, dtError(code, inputName(t.ID), s)
		}
		v, err := applyTimestampMod(t, v)
		return Datum{Int: v}, err
	case Time:
		v, _, code := parseTime(env, s, false)
		return Datum{Int: roundMicros(v, t.Mod)}, dtError(code, "time", s)
	case TimeTZ:
		v, off, code := parseTime(env, s, true)
		return Datum{Any: TimeTZValue{Micros: roundMicros(v, t.Mod), OffsetSec: int32(off)}}, dtError(code, "time with time zone", s)
	}
	v, err := parseStyledInterval(env, s)
	v.Micros = roundMicros(v.Micros, t.Mod)
	return Datum{Ivl: v}, err
}

// inputName is how messages about input name a type.
func inputName(id ID) string {
	if id == Timestamp {
		return "timestamp"
	}
	return id.info().name
}

// isWideDate reports whether the fields of s are sound, so that only the date's
// place on the time line is at fault.
func isWideDate(s string) bool {
	d, code := decodeDatetime(s, OrderMDY)
	return code == dtOK && d.special == 0
}

// roundMicros rounds to the precision of a time type's modifier.
func roundMicros(us int64, mod int32) int64 {
	if mod == 0 || mod > 6 {
		return us
	}
	p := int64(pow10u[6-(mod-1)])
	if us < 0 {
		return -((-us + p/2) / p * p)
	}
	return (us + p/2) / p * p
}

// RoundMicros rounds to a number of digits of the second.
func RoundMicros(us int64, digits int) int64 { return roundMicros(us, int32(digits)+1) }

func applyTimestampMod(t Type, us int64) (int64, error) {
	if us == IntInfinity || us == IntNInfinity {
		return us, nil
	}
	return roundMicros(us, t.Mod), nil
}
