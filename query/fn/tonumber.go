package fn

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// numFormat is a template of to_char and to_number for numbers.
type numFormat struct {
	items              []string
	pre, post          int // digit places before and after the point
	firstZero          int // place of the first 0 before the point, counted from the left; -1 none
	lastZero           int // number of places after the point that are always shown
	fill, blank        bool
	sign               string // "", S, MI, PL, SG, PR
	signFirst          bool
	point, roman, eeee bool
	multi              int // digits after V
}

var numWords = []string{"EEEE", "FM", "PR", "MI", "PL", "SG", "RN", "TH", "S", "L", "D", "G", "V", "B", "9", "0", ".", ","}

func errNumFormat(msg string) error { return dberr.SQL(dberr.StateSyntax, "%s", msg) }

func parseNumFormat(f string) (*numFormat, error) {
	nf := &numFormat{firstZero: -1}
	for f != "" {
		if f[0] == '"' {
			var lit string
			lit, f = quotedLiteral(f[1:])
			nf.items = append(nf.items, `"`+lit)
			continue
		}
		if strings.HasPrefix(f, `\"`) {
			nf.items, f = append(nf.items, `""`), f[2:]
			continue
		}
		word := ""
		for _, w := range numWords {
			if len(f) >= len(w) && strings.EqualFold(f[:len(w)], w) {
				word = w
				break
			}
		}
		if word == "" {
			nf.items, f = append(nf.items, `"`+f[:1]), f[1:]
			continue
		}
		if err := nf.add(word, f[:len(word)]); err != nil {
			return nil, err
		}
		f = f[len(word):]
	}
	return nf, nil
}

// quotedLiteral reads a template's literal up to its closing quote; a backslash stands for
// the byte after it.
func quotedLiteral(f string) (lit, rest string) {
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		switch {
		case f[i] == '"':
			return b.String(), f[i+1:]
		case f[i] == '\\' && i+1 < len(f):
			i++
		}
		b.WriteByte(f[i])
	}
	return b.String(), ""
}

func (nf *numFormat) add(word, raw string) error {
	if nf.eeee {
		return errNumFormat("\"EEEE\" must be the last pattern used")
	}
	switch word {
	case "FM":
		nf.fill = true
		return nil
	case "B": // without effect, in PostgreSQL too
		nf.blank = true
		return nil
	case "9", "0":
		switch {
		case nf.sign == "PR":
			return errNumFormat("\"" + word + "\" must be ahead of \"PR\"")
		case nf.multi > 0 || nf.hasV():
			nf.multi++
		case nf.point:
			nf.post++
			if word == "0" {
				nf.lastZero = nf.post
			}
		default:
			if word == "0" && nf.firstZero < 0 {
				nf.firstZero = nf.pre
			}
			nf.pre++
		}
	case ".", "D":
		if nf.point {
			return errNumFormat("multiple decimal points")
		}
		if nf.hasV() {
			return errNumFormat("cannot use \"V\" and decimal point together")
		}
		nf.point = true
	case "V":
		if nf.point {
			return errNumFormat("cannot use \"V\" and decimal point together")
		}
	case "S", "MI", "PL", "SG", "PR":
		if word == "S" && nf.sign == "S" {
			return errNumFormat("cannot use \"S\" twice")
		}
		if word != "PL" { // which leaves the usual place of the sign as it is
			nf.sign = word
		}
		nf.signFirst = nf.signFirst || word == "S" && nf.pre == 0 && nf.post == 0
	case "RN":
		nf.roman = true
	case "EEEE":
		if nf.fill || nf.blank || nf.sign != "" || nf.roman || nf.hasV() {
			return dberr.SQL(dberr.StateSyntax, "\"EEEE\" is incompatible with other formats").
				WithDetail("\"EEEE\" may only be used together with digit and decimal point patterns.")
		}
		nf.eeee = true
	}
	if word == "TH" {
		word = raw
	}
	nf.items = append(nf.items, word)
	return nil
}

func (nf *numFormat) hasV() bool {
	for _, it := range nf.items {
		if it == "V" {
			return true
		}
	}
	return false
}

// format writes digits: neg is the sign, whole and frac the rounded number.
func (nf *numFormat) format(neg bool, whole, frac string) string {
	over := len(whole) > nf.pre+nf.multi
	if over {
		whole, frac = strings.Repeat("#", nf.pre), strings.Repeat("#", nf.post)
	}
	places := nf.pre + nf.multi
	if whole == "0" && (nf.post > 0 || nf.multi > 0 || nf.pre == 0) && nf.firstZero < 0 && frac != "" {
		whole = ""
	}
	limit := len(frac)
	pad := places - len(whole)
	zeroFrom := places
	if nf.firstZero >= 0 {
		zeroFrom = nf.firstZero
	}
	if nf.fill && !over {
		keep := len(frac)
		for keep > nf.lastZero && frac[keep-1] == '0' {
			keep--
		}
		frac = frac[:keep]
		if frac == "" && whole == "" {
			whole, pad = "0", pad-1
		}
	}
	w := &numWriter{nf: nf, neg: neg, zeroFrom: zeroFrom, pad: pad, whole: whole, frac: frac, limit: limit, over: over}
	return w.run()
}

type numWriter struct {
	nf            *numFormat
	neg           bool
	zeroFrom, pad int
	whole, frac   string
	b             strings.Builder
	place, fracAt int
	limit         int // digits after the point that the number has: where there are no more, nothing follows
	started, over bool
}

// begin writes the sign where the number begins, unless the template places it.
func (w *numWriter) begin() {
	if w.started {
		return
	}
	w.started = true
	switch {
	case w.nf.sign == "PR" && w.neg:
		w.b.WriteByte('<')
	case w.nf.sign == "S" && w.nf.signFirst:
		w.b.WriteByte("+-"[b2i(w.neg)])
	case w.nf.sign == "" || w.nf.sign == "PR":
		if w.neg {
			w.b.WriteByte('-')
		} else if !w.nf.fill {
			w.b.WriteByte(' ')
		}
	}
}

func (w *numWriter) blank() {
	if !w.nf.fill {
		w.b.WriteByte(' ')
	}
}

// digit writes the next place before the point.
func (w *numWriter) digit() {
	i := w.place
	w.place++
	switch {
	case i >= w.pad:
		w.begin()
		w.b.WriteByte(w.whole[i-w.pad])
	case i >= w.zeroFrom:
		w.begin()
		w.b.WriteByte('0')
	default:
		w.blank()
	}
}

func (w *numWriter) run() string {
	afterPoint := false
	for k, it := range w.nf.items {
		switch it {
		case "9", "0":
			if !afterPoint {
				w.digit()
			} else {
				if w.fracAt >= w.limit {
					return w.b.String()
				}
				if w.fracAt < len(w.frac) {
					w.b.WriteByte(w.frac[w.fracAt])
				}
				w.fracAt++
			}
		case ".", "D":
			w.begin()
			if w.limit == 0 && !w.over {
				return w.b.String()
			}
			afterPoint = true
			w.b.WriteByte('.')
		case ",", "G":
			if w.started {
				w.b.WriteByte(',')
			} else {
				w.blank()
			}
		case "S":
			if !w.nf.signFirst || k > 0 && w.started {
				w.b.WriteByte("+-"[b2i(w.neg)])
			}
		case "MI":
			if w.neg {
				w.b.WriteByte('-')
			} else {
				w.blank()
			}
		case "PL":
			if !w.neg {
				w.b.WriteByte('+')
			} else {
				w.blank()
			}
		case "SG":
			w.b.WriteByte("+-"[b2i(w.neg)])
		case "PR":
			if w.neg {
				w.b.WriteByte('>')
			} else {
				w.blank()
			}
		case "L":
			w.b.WriteByte(' ')
		case "TH", "th", "Th", "tH":
			if !w.neg && w.whole != "" && !w.nf.point && !w.over {
				th := ordinal(w.whole)
				if it == "TH" {
					th = strings.ToUpper(th)
				}
				w.b.WriteString(th)
			}
		case "V":
		default:
			w.b.WriteString(strings.TrimPrefix(it, `"`))
		}
	}
	return w.b.String()
}

func toRoman(n int64) string {
	if n < 1 || n > 3999 {
		return strings.Repeat("#", 15)
	}
	var b strings.Builder
	vals := []int64{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	for i, s := range []string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"} {
		for n >= vals[i] {
			b.WriteString(s)
			n -= vals[i]
		}
	}
	return b.String()
}

func toCharNum(n sqltype.Num, f string) (string, error) {
	nf, err := parseNumFormat(f)
	if err != nil {
		return "", err
	}
	if nf.roman {
		v, err := n.Int64("integer")
		if err != nil {
			return "", err
		}
		if nf.fill {
			return toRoman(v), nil
		}
		r := toRoman(v)
		return strings.Repeat(" ", max(15-len(r), 0)) + r, nil
	}
	if nf.eeee {
		return toScientific(n, nf), nil
	}
	if !n.Finite() {
		return nf.format(n.Sign() < 0, strings.TrimPrefix(n.String(), "-"), ""), nil
	}
	if nf.multi > 0 {
		for range nf.multi {
			if n, err = n.Mul(sqltype.NumInt(10)); err != nil {
				return "", err
			}
		}
	}
	s := n.Round(nf.post).Abs().String()
	whole, frac, _ := strings.Cut(s, ".")
	neg := n.Sign() < 0
	if neg && n.Round(nf.post).Sign() == 0 {
		neg = false
	}
	return nf.format(neg, whole, frac), nil
}

// toCharFloat is to_char of a float, which has no more digits than are sure.
func toCharFloat(v float64, bits int, f string) (string, error) {
	nf, err := parseNumFormat(f)
	if err != nil {
		return "", err
	}
	if nf.roman && (math.IsNaN(v) || math.Abs(v) > math.MaxInt32) {
		return toRoman(0), nil
	}
	if nf.roman {
		return toCharNum(sqltype.NumFloat(v, bits), f)
	}
	if nf.eeee {
		return scientific(v < 0, strings.TrimPrefix(strconv.FormatFloat(v, 'e', nf.post, 64), "-"), nf), nil
	}
	v *= math.Pow10(nf.multi)
	sure := 15
	if bits == 32 {
		sure = 6
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		n := sqltype.NumFloat(v, bits)
		word := strings.TrimPrefix(n.String(), "-")
		nf.post = max(0, min(nf.post, sure-len(word)))
		return nf.format(v < 0, word, ""), nil
	}
	nf.post = max(0, min(nf.post, sure-len(strconv.FormatFloat(math.Abs(v), 'f', 0, 64))))
	s := strconv.FormatFloat(v, 'f', nf.post, 64)
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return nf.format(s[0] == '-', whole, frac), nil
}

// toScientific is the EEEE form, with all digits that the number has.
func toScientific(n sqltype.Num, nf *numFormat) string {
	if !n.Finite() {
		return scientific(false, "NaN", nf)
	}
	whole, frac, _ := strings.Cut(n.Abs().String(), ".")
	digits := strings.TrimLeft(whole+frac, "0")
	exp := len(whole) - 1 - (len(whole+frac) - len(digits))
	if digits == "" {
		digits, exp = "0", 0
	}
	if len(digits) > nf.post+1 {
		up := digits[nf.post+1] >= '5'
		digits = digits[:nf.post+1]
		if up {
			digits = increment(digits) // 9.9995 is 10.000e+00
		}
	}
	digits += strings.Repeat("0", max(nf.post+1-len(digits), 0))
	s := digits[:len(digits)-nf.post]
	if nf.post > 0 {
		s += "." + digits[len(digits)-nf.post:]
	}
	sign := "+"
	if exp < 0 {
		sign, exp = "-", -exp
	}
	if exp < 10 {
		sign += "0"
	}
	return scientific(n.Sign() < 0, s+"e"+sign+strconv.Itoa(exp), nf)
}

// increment adds one to the last of decimal digits.
func increment(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// scientific writes the text of a number with its sign; what is not finite is signs of overflow.
func scientific(neg bool, s string, nf *numFormat) string {
	switch {
	case s[0] < '0' || s[0] > '9':
		return " " + strings.Repeat("#", nf.pre) + "." + strings.Repeat("#", nf.post+4)
	case neg:
		return "-" + s
	}
	return " " + s
}

// numReader reads a number by a template, as PostgreSQL's NUM_processor does: each part of the template
// takes what it may of the text, and where it takes nothing the text waits for the next.
type numReader struct {
	nf        *numFormat
	in        string
	sign      byte // ' ' before one was read
	digits    []byte
	pre, post int // digits read before and after the point
	point     bool
}

// number is what was read.
func (r *numReader) number() string {
	return string(r.sign) + strings.TrimSuffix(string(r.digits), ".")
}

// skip passes over n characters that are no part of a number.
func (r *numReader) skip(n int) {
	for ; n > 0 && r.in != "" && !strings.ContainsRune("0123456789.,+-", rune(r.in[0])); n-- {
		r.pass()
	}
}

func (r *numReader) pass() {
	_, w := utf8.DecodeRuneInString(r.in)
	r.in = r.in[w:]
}

// anchored says that the sign of the number stands where S is.
func (r *numReader) anchored() bool { return r.nf.sign == "S" }

// part reads for 9, 0 and the point, and leaves the character after which the text goes on.
func (r *numReader) part(digit bool) {
	if r.in[0] == ' ' {
		if r.in = r.in[1:]; r.in == "" {
			return
		}
	}
	if r.sign == ' ' && digit && r.pre+r.post == 0 {
		c := r.in[0]
		switch {
		case r.anchored() && !r.nf.signFirst:
			if c == '-' || c == '+' {
				r.sign, r.in = c, r.in[1:]
			}
		case c == '-' || r.nf.sign == "PR" && c == '<':
			r.sign, r.in = '-', r.in[1:]
		case c == '+':
			r.sign, r.in = '+', r.in[1:]
		}
		if r.in == "" {
			return
		}
	}
	read := false
	switch c := r.in[0]; {
	case c >= '0' && c <= '9':
		if r.point && r.post == r.nf.post {
			return
		}
		r.digits = append(r.digits, c)
		if read = true; r.point {
			r.post++
		} else {
			r.pre++
		}
	case c == '.' && r.nf.point && !r.point:
		r.digits, r.point, read = append(r.digits, '.'), true, true
	}
	if r.sign != ' ' || r.pre+r.post == 0 {
		return
	}
	switch {
	case r.anchored() && read && len(r.in) > 1 && (r.in[1] == '-' || r.in[1] == '+'):
		r.sign, r.in = r.in[1], r.in[1:]
	case !read && !r.anchored() && (r.signed("PL") || r.signed("MI")) && (r.in[0] == '-' || r.in[0] == '+'):
		r.sign = r.in[0]
	}
}

// signed says whether the template has a sign of a kind, of which SG is both.
func (r *numReader) signed(word string) bool {
	return slices.ContainsFunc(r.nf.items, func(it string) bool { return it == word || it == "SG" })
}

// step reads for one part of the template.
func (r *numReader) step(it string) {
	switch it {
	case "9", "0", ".", "D":
		r.part(it == "9" || it == "0")
	case ",", "G":
		if r.in[0] != ',' || r.nf.fill {
			return
		}
	case "L":
		r.skip(1)
		return
	case "TH", "th", "Th", "tH":
		if r.sign != '-' && !r.nf.point {
			r.skip(2)
		}
		return
	case "MI", "PL", "SG":
		if c := r.in[0]; c == '-' && it != "PL" || c == '+' && it != "MI" {
			r.sign = c
			break
		}
		r.skip(1)
		return
	default:
		if lit, ok := strings.CutPrefix(it, `"`); ok {
			for range utf8.RuneCountInString(lit) {
				r.pass()
			}
		}
		return
	}
	if r.in != "" {
		r.in = r.in[1:]
	}
}

// toNumber reads a number by a template.
func toNumber(s, f string) (sqltype.Num, error) {
	nf, err := parseNumFormat(f)
	if err != nil {
		return sqltype.Num{}, err
	}
	r := &numReader{nf: nf, in: s, sign: ' '}
	for _, it := range nf.items {
		if r.in == "" {
			break
		}
		r.step(it)
	}
	text := r.number()
	n, err := sqltype.ParseNum(strings.TrimSpace(text))
	if err != nil || len(r.digits) == 0 {
		return n, dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type numeric: \"%s\"", text)
	}
	for range nf.multi {
		if n, err = n.Div(sqltype.NumInt(10)); err != nil {
			return n, err
		}
	}
	return n, nil
}

func registerToNumber(t *tables) {
	t.def("to_char(numeric,text) text", e2(toCharNum))
	t.def("to_char(int4,text) text", e2(func(v int64, f string) (string, error) { return toCharNum(sqltype.NumInt(v), f) }))
	t.def("to_char(int8,text) text", e2(func(v int64, f string) (string, error) { return toCharNum(sqltype.NumInt(v), f) }))
	for typ, bits := range map[string]int{"float4": 32, "float8": 64} {
		t.def("to_char("+typ+",text) text", e2(func(v float64, f string) (string, error) {
			return toCharFloat(v, bits, f)
		}))
	}
	t.def("to_number(text,text) numeric", e2(toNumber))
}
