package fn

import (
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/vec"
)

// likePattern is a LIKE pattern made ready. Patterns of plain text with % at
// either end are answered by comparing or searching bytes.
type likePattern struct {
	kind  likeKind
	lit   string   // of the simple kinds
	parts []string // of likeGeneral: what stands between the %s, with escapes
}

type likeKind uint8

const (
	likeExact likeKind = iota
	likePrefix
	likeSuffix
	likeContains
	likeAll
	likeGeneral
	likeBroken // ends with the escape character
)

func errLikeEscape() error {
	return dberr.SQL(dberr.StateInvalidEscape, "LIKE pattern must not end with escape character")
}

// compileLike reads a pattern whose escape character is the backslash.
func compileLike(p string) *likePattern {
	var lit strings.Builder
	head, tail, inner := false, false, false
	wild := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; c {
		case '\\':
			i++
			if i == len(p) {
				return &likePattern{kind: likeBroken, lit: p}
			}
			inner = inner || tail
			lit.WriteByte(p[i])
		case '_':
			wild = true
		case '%':
			if lit.Len() == 0 {
				head = true
			} else {
				tail = true
			}
		default:
			inner = inner || tail
			lit.WriteByte(c)
		}
	}
	l := &likePattern{lit: lit.String()}
	switch {
	case wild || inner:
		l.kind, l.parts = likeGeneral, splitLike(p)
	case l.lit == "" && head:
		l.kind = likeAll
	case head && tail:
		l.kind = likeContains
	case head:
		l.kind = likeSuffix
	case tail:
		l.kind = likePrefix
	}
	return l
}

// splitLike cuts a pattern at its %s.
func splitLike(p string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '%':
			parts = append(parts, p[start:i])
			start = i + 1
		}
	}
	return append(parts, p[start:])
}

func (l *likePattern) match(s string) bool {
	switch l.kind {
	case likeExact:
		return s == l.lit
	case likePrefix:
		return strings.HasPrefix(s, l.lit)
	case likeSuffix:
		return strings.HasSuffix(s, l.lit)
	case likeContains:
		return strings.Contains(s, l.lit)
	case likeAll:
		return true
	}
	n, ok := likeHere(s, l.parts[0])
	if !ok {
		return false
	}
	s = s[n:]
	last := len(l.parts) - 1
	if last == 0 {
		return s == ""
	}
	for _, p := range l.parts[1:last] {
		at, n := likeFind(s, p)
		if at < 0 {
			return false
		}
		s = s[at+n:]
	}
	return likeTail(s, l.parts[last])
}

// likeAnswer is what matching from some place came to.
type likeAnswer uint8

const (
	likeNo   likeAnswer = iota
	likeOver            // the text has ended: no later place matches either
	likeYes
)

// likeSteps matches byte by byte as PostgreSQL does, a pattern that ends with the escape character: it is an
// error where the text comes to the end of the pattern, and nothing where it does not.
func likeSteps(s, p string) (likeAnswer, error) {
	for s != "" && p != "" {
		switch p[0] {
		case '\\':
			if p = p[1:]; p == "" {
				return likeNo, errLikeEscape()
			}
			if s[0] != p[0] {
				return likeNo, nil
			}
			s = s[1:]
		case '%':
			return likeRest(s, p[1:])
		case '_':
			_, w := utf8.DecodeRuneInString(s)
			s = s[w:]
		default:
			if s[0] != p[0] {
				return likeNo, nil
			}
			s = s[1:]
		}
		p = p[1:]
	}
	if s != "" {
		return likeNo, nil
	}
	if strings.Trim(p, "%") == "" {
		return likeYes, nil
	}
	return likeOver, nil
}

// likeRest matches what comes after a %.
func likeRest(s, p string) (likeAnswer, error) {
	for ; p != "" && (p[0] == '%' || p[0] == '_'); p = p[1:] {
		if p[0] == '%' {
			continue
		}
		if s == "" {
			return likeOver, nil
		}
		_, w := utf8.DecodeRuneInString(s)
		s = s[w:]
	}
	if p == "" {
		return likeYes, nil
	}
	first := p[0]
	if first == '\\' {
		if len(p) < 2 {
			return likeNo, errLikeEscape()
		}
		first = p[1]
	}
	for s != "" {
		if s[0] == first {
			if met, err := likeSteps(s, p); met != likeNo || err != nil {
				return met, err
			}
		}
		_, w := utf8.DecodeRuneInString(s)
		s = s[w:]
	}
	return likeOver, nil
}

// likeFind finds the first place in s that matches a piece, and the length of the
// match; the text before the piece's first special character is searched for by bytes.
func likeFind(s, p string) (at, n int) {
	lead := strings.IndexAny(p, `_\`)
	if lead < 0 {
		return strings.Index(s, p), len(p)
	}
	for at <= len(s) {
		if lead > 0 {
			i := strings.Index(s[at:], p[:lead])
			if i < 0 {
				return -1, 0
			}
			at += i
		}
		if n, ok := likeHere(s[at:], p); ok {
			return at, n
		}
		_, w := utf8.DecodeRuneInString(s[at:])
		at += max(w, 1)
	}
	return -1, 0
}

// likeHere matches a piece without % at the start of s and returns how much it took.
func likeHere(s, p string) (int, bool) {
	at := 0
	for i := 0; i < len(p); i++ {
		if at >= len(s) {
			return 0, false
		}
		switch c := p[i]; c {
		case '_':
			_, w := utf8.DecodeRuneInString(s[at:])
			at += w
		case '\\':
			i++
			c = p[i]
			fallthrough
		default:
			if s[at] != c {
				return 0, false
			}
			at++
		}
	}
	return at, true
}

// likeTail matches the last piece, which must reach the end of s.
func likeTail(s, p string) bool {
	length := int64(0)
	for i := 0; i < len(p); {
		if p[i] == '\\' {
			i++
		}
		_, w := utf8.DecodeRuneInString(p[i:])
		i += w
		length++
	}
	s = right(s, length)
	n, ok := likeHere(s, p)
	return ok && n == len(s)
}

// like is the Eval of LIKE and its relatives. A constant pattern is compiled once.
func like(fold bool, neg int64) Eval {
	return func(_ *Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
		x, y, o := args[0].S, args[1].S, out.I
		mx, my := args[0].Mask(), args[1].Mask()
		var pat *likePattern
		var last string
		for _, i := range vec.Live(n, sel) {
			if p := y[int(i)&my]; pat == nil || p != last {
				last = p
				if fold {
					p = strings.ToLower(p)
				}
				pat = compileLike(p)
			}
			s := x[int(i)&mx]
			if fold {
				s = strings.ToLower(s)
			}
			if pat.kind == likeBroken {
				met, err := likeSteps(s, pat.lit)
				if err != nil {
					return err
				}
				o[i] = b2i(met == likeYes) ^ neg
				continue
			}
			o[i] = b2i(pat.match(s)) ^ neg
		}
		return nil
	}
}

// likeEscape rewrites a pattern with another escape character to one with the backslash.
func likeEscape(p, esc string) (string, error) {
	if esc == `\` {
		return p, nil
	}
	if utf8.RuneCountInString(esc) > 1 {
		return "", dberr.SQL(dberr.StateInvalidEscape, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	for p != "" {
		switch {
		case esc != "" && strings.HasPrefix(p, esc):
			p = p[len(esc):]
			b.WriteByte('\\')
			if p != "" {
				_, w := utf8.DecodeRuneInString(p)
				b.WriteString(p[:w])
				p = p[w:]
			}
		case p[0] == '\\':
			b.WriteString(`\\`)
			p = p[1:]
		default:
			b.WriteByte(p[0])
			p = p[1:]
		}
	}
	return b.String(), nil
}

// LikePrefix returns the literal text with which every match of a LIKE pattern
// begins, and whether the pattern is that text followed by % alone (or nothing:
// exact), so that a planner can turn it into a key range.
func LikePrefix(pattern string) (prefix string, exact, whole bool) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%':
			return b.String(), false, strings.Trim(pattern[i:], "%") == ""
		case '_':
			return b.String(), false, false
		case '\\':
			i++
			if i == len(pattern) {
				return b.String(), false, false
			}
			b.WriteByte(pattern[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true, true
}

func registerLike(t *tables) {
	for _, o := range []struct {
		op    string
		names []string
		fold  bool
		neg   int64
	}{
		{"~~", []string{"like"}, false, 0}, {"!~~", []string{"notlike"}, false, 1},
		{"~~*", nil, true, 0}, {"!~~*", nil, true, 1},
	} {
		sig := "(text,text) bool"
		t.op(o.op+sig, like(o.fold, o.neg))
		for _, n := range o.names {
			t.def(n+sig, like(o.fold, o.neg))
		}
	}
	t.op("~~(bpchar,text) bool", like(false, 0))
	t.op("!~~(bpchar,text) bool", like(false, 1))
	t.op("~~*(bpchar,text) bool", like(true, 0))
	t.op("!~~*(bpchar,text) bool", like(true, 1))
	t.op("~~(bytea,bytea) bool", like(false, 0))
	t.op("!~~(bytea,bytea) bool", like(false, 1))
	t.def("like_escape(text,text) text", e2(likeEscape))
	t.def("like_escape(bytea,bytea) bytea", e2(likeEscape))
}
