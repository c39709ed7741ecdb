package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// isHostname holds a name against RFC 1123, its labels that are encoded against RFC 5891.
func isHostname(s string) bool {
	return len(s) <= 253 && allLabels(strings.Split(s, "."), func(label string) bool { return isASCII(label) && isLabel(label) })
}

// labelDots are the dots that separate the labels of a name in any script.
var labelDots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// isIDNHostname holds a name in any script against RFC 5890 and its like.
func isIDNHostname(s string) bool {
	labels := strings.Split(labelDots.Replace(s), ".")
	size, rightToLeft := len(labels)-1, false
	plain := make([]string, len(labels))
	for i, label := range labels {
		encoded, err := idna.Punycode.ToASCII(label)
		if err != nil {
			return false
		}
		size += len(encoded)
		if plain[i], err = idna.Punycode.ToUnicode(strings.ToLower(label)); err != nil {
			return false
		}
		rightToLeft = rightToLeft || hasRightToLeft(plain[i])
	}
	if size > 253 || !allLabels(labels, isLabel) {
		return false
	}
	return !rightToLeft || allLabels(plain, keepsDirection)
}

func allLabels(labels []string, holds func(string) bool) bool {
	for _, label := range labels {
		if !holds(label) {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// isLabel holds one label against the rules, encoded or not.
func isLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	if !isASCII(s) {
		return isULabel(s)
	}
	if len(s) > 63 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return false
	}
	if len(s) < 4 || s[2:4] != "--" {
		return true
	}
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, "xn--") {
		return false
	}
	u, err := idna.Punycode.ToUnicode(lower)
	if err != nil || isASCII(u) {
		return false
	}
	back, err := idna.Punycode.ToASCII(u)
	return err == nil && back == lower && isULabel(u)
}

// isULabel holds a label that is not ASCII against RFC 5891, 5892 and 5893.
func isULabel(s string) bool {
	if strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") || !norm.NFC.IsNormalString(s) {
		return false
	}
	runes := []rune(s)
	if len(runes) > 3 && runes[2] == '-' && runes[3] == '-' || unicode.Is(unicode.M, runes[0]) {
		return false
	}
	for i, r := range runes {
		if !allowedRune(r) || !allowedHere(runes, i) {
			return false
		}
	}
	encoded, err := idna.Punycode.ToASCII(s)
	return err == nil && len(encoded) <= 63 && (!hasRightToLeft(s) || keepsDirection(s))
}

// allowedRune says whether a letter may stand in labels, at least somewhere (RFC 5892,
// PVALID and CONTEXT).
func allowedRune(r rune) bool {
	switch r {
	case 0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007, 0xb7, 0x375, 0x5f3, 0x5f4, 0x30fb, 0x200c, 0x200d:
		return true
	case 0x640, 0x7fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b:
		return false
	}
	if r < utf8.RuneSelf {
		return r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z'
	}
	if !unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd) {
		return false
	}
	folded := norm.NFKC.String(strings.ToLower(norm.NFKC.String(string(r))))
	return folded == string(r)
}

// allowedHere holds the letters that may stand only beside others to their rules.
func allowedHere(s []rune, i int) bool {
	before, after := rune(-1), rune(-1)
	if i > 0 {
		before = s[i-1]
	}
	if i+1 < len(s) {
		after = s[i+1]
	}
	switch r := s[i]; {
	case r == 0xb7:
		return before == 'l' && after == 'l'
	case r == 0x375:
		return unicode.Is(unicode.Greek, after)
	case r == 0x5f3 || r == 0x5f4:
		return unicode.Is(unicode.Hebrew, before)
	case r == 0x30fb:
		for _, other := range s {
			if other != 0x30fb && unicode.In(other, unicode.Hiragana, unicode.Katakana, unicode.Han) {
				return true
			}
		}
		return false
	case r >= 0x660 && r <= 0x669:
		return !hasBetween(s, 0x6f0, 0x6f9)
	case r >= 0x6f0 && r <= 0x6f9:
		return !hasBetween(s, 0x660, 0x669)
	case r == 0x200d:
		return before >= 0 && norm.NFC.PropertiesString(string(before)).CCC() == 9 // a virama
	case r == 0x200c:
		if before >= 0 && norm.NFC.PropertiesString(string(before)).CCC() == 9 {
			return true
		}
		_, err := joiners.ToASCII(string(s[:i+1]) + string(s[i+1:]))
		return err == nil
	}
	return true
}

// joiners knows which letters join, for the other rule of U+200C.
var joiners = idna.New(idna.CheckJoiners(true))

func hasBetween(s []rune, low, high rune) bool {
	for _, r := range s {
		if r >= low && r <= high {
			return true
		}
	}
	return false
}

func classOf(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

func hasRightToLeft(s string) bool {
	for _, r := range s {
		if c := classOf(r); c == bidi.R || c == bidi.AL || c == bidi.AN {
			return true
		}
	}
	return false
}

// keepsDirection is the rule of RFC 5893 for a label.
func keepsDirection(s string) bool {
	if s == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	right := classOf(first) == bidi.R || classOf(first) == bidi.AL
	if !right && classOf(first) != bidi.L {
		return false
	}
	last, european, arabic := bidi.ON, false, false
	for _, r := range s {
		c := classOf(r)
		switch c {
		case bidi.EN, bidi.ES, bidi.CS, bidi.ET, bidi.ON, bidi.BN, bidi.NSM:
			european = european || c == bidi.EN
		case bidi.R, bidi.AL, bidi.AN:
			if arabic = arabic || c == bidi.AN; !right {
				return false
			}
		case bidi.L:
			if right {
				return false
			}
		default:
			return false
		}
		if c != bidi.NSM {
			last = c
		}
	}
	if right {
		return !(european && arabic) && (last == bidi.R || last == bidi.AL || last == bidi.EN || last == bidi.AN)
	}
	return last == bidi.L || last == bidi.EN
}
