package are

import (
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// runeRange is from lo to hi.
type runeRange struct{ lo, hi rune }

// set is a set of characters.
type set struct {
	ranges  []runeRange // sorted once built
	classes []string    // names of classes
	outside []string    // complements of classes
	not     bool
	noLine  bool // negated, it does not hold newline
	any     bool // every character
	ascii   [2]uint64
}

// classFns are the character classes, as the C.UTF-8 locale has them.
var classFns = map[string]func(rune) bool{
	"alpha": isAlpha, "digit": isDigit, "alnum": func(r rune) bool { return isAlpha(r) || isDigit(r) },
	"upper": func(r rune) bool { return unicode.In(r, unicode.Lu, unicode.Lt, unicode.Other_Uppercase) },
	"lower": func(r rune) bool {
		return unicode.In(r, unicode.Ll, unicode.Other_Lowercase) && r != 0x10fc || unicode.Is(unicode.Lt, r) && r < 0x1f88
	},
	"space": isSpace, "blank": func(r rune) bool { return r == ' ' || r == '\t' },
	"punct": func(r rune) bool { return isGraph(r) && !isAlpha(r) && !isDigit(r) },
	"cntrl": func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 },
	"graph": isGraph, "print": func(r rune) bool { return isGraph(r) || isSpace(r) && r >= ' ' && r != 0x2028 && r != 0x2029 },
	"xdigit": func(r rune) bool { return isDigit(r) || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F' },
	"word":   isWordRune,
}

func isAlpha(r rune) bool {
	if r < 0x80 {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Nd, unicode.Other_Alphabetic)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isWordRune(r rune) bool { return r == '_' || isAlpha(r) || isDigit(r) }

// isSpace leaves out the blanks at which lines must not break.
func isSpace(r rune) bool {
	return r == ' ' || r >= 9 && r <= 13 || r > 0x7f && unicode.IsSpace(r) && r != 0x85 && r != 0xa0 && r != 0x2007 && r != 0x202f
}

func isGraph(r rune) bool {
	if r < 0x80 {
		return r > ' ' && r < 0x7f
	}
	return !isSpace(r) && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf, unicode.Co)
}

// classSource says the classes that Go's regexp can, within brackets.
var classSource = map[string]string{
	"digit": "0-9", "xdigit": "0-9A-Fa-f", "blank": ` \t`,
	"space": ` \t-\r\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`,
	"alpha": alphaSource, "alnum": alphaSource + "0-9", "word": alphaSource + "0-9_",
}

var alphaSource = `\pL\p{Nl}` + tableSource(unicode.Other_Alphabetic) + tableSource(unicode.Nd)

// tableSource writes what a table holds beyond ASCII.
func tableSource(t *unicode.RangeTable) string {
	var b strings.Builder
	add := func(lo, hi, stride rune) {
		for r := lo; r <= hi; r += stride {
			if r < 0x80 {
				continue
			}
			end := r
			if stride == 1 {
				end = hi
			}
			b.WriteString(`\x{` + strconv.FormatInt(int64(r), 16) + `}-\x{` + strconv.FormatInt(int64(end), 16) + "}")
			if stride == 1 {
				break
			}
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return b.String()
}

func (s *set) add(lo, hi rune) { s.ranges = append(s.ranges, runeRange{lo, hi}) }

// addFolded adds a character and what differs from it by case only.
func (s *set) addFolded(r rune, fold bool) {
	s.add(r, r)
	if fold {
		s.add(unicode.ToLower(r), unicode.ToLower(r))
		s.add(unicode.ToUpper(r), unicode.ToUpper(r))
	}
}

// done prepares a set for questions.
func (s *set) done() *set {
	sort.Slice(s.ranges, func(i, j int) bool { return s.ranges[i].lo < s.ranges[j].lo })
	merged := s.ranges[:0]
	for _, r := range s.ranges {
		if n := len(merged); n > 0 && r.lo <= merged[n-1].hi+1 {
			merged[n-1].hi = max(merged[n-1].hi, r.hi)
			continue
		}
		merged = append(merged, r)
	}
	s.ranges = merged
	for r := rune(0); r < 128; r++ {
		if s.slow(r) {
			s.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return s
}

func (s *set) has(r rune) bool {
	if r < 128 {
		return s.ascii[r>>6]>>(r&63)&1 != 0
	}
	return s.slow(r)
}

func (s *set) slow(r rune) bool {
	if s.any {
		return !s.noLine || r != '\n'
	}
	if s.noLine && r == '\n' && s.not {
		return false
	}
	return s.holds(r) != s.not
}

func (s *set) holds(r rune) bool {
	i := sort.Search(len(s.ranges), func(i int) bool { return s.ranges[i].hi >= r })
	if i < len(s.ranges) && s.ranges[i].lo <= r {
		return true
	}
	for _, c := range s.classes {
		if classFns[c](r) {
			return true
		}
	}
	for _, c := range s.outside {
		if !classFns[c](r) {
			return true
		}
	}
	return false
}

// simple reports whether Go's regexp can say the set.
func (s *set) simple() bool {
	for _, c := range s.classes {
		if classSource[c] == "" {
			return false
		}
	}
	for _, c := range s.outside {
		if classSource[c] == "" || len(s.outside) > 1 || len(s.ranges)+len(s.classes) > 0 {
			return false
		}
	}
	return true
}

// source writes a simple set in Go's syntax.
func (s *set) source(b *strings.Builder) {
	switch {
	case s.any && s.noLine:
		b.WriteString(`[^\n]`)
		return
	case s.any:
		b.WriteString(`(?s:.)`)
		return
	case !s.not && len(s.ranges) == 1 && s.ranges[0].lo == s.ranges[0].hi:
		b.WriteString(quoteRune(s.ranges[0].lo))
		return
	}
	b.WriteByte('[')
	if s.not != (len(s.outside) > 0) {
		b.WriteByte('^')
		if s.noLine && s.not {
			b.WriteString(`\n`)
		}
	}
	for _, c := range append(s.classes, s.outside...) {
		b.WriteString(classSource[c])
	}
	for _, r := range s.ranges {
		b.WriteString(quoteRune(r.lo))
		if r.hi > r.lo {
			b.WriteString("-" + quoteRune(r.hi))
		}
	}
	b.WriteByte(']')
}
