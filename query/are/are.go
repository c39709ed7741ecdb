// Package are implements PostgreSQL's regular expressions: advanced, extended and
// basic ones, with back references, look-around and word constraints.
//
// What a match is follows Henry Spencer's rules, as PostgreSQL's documentation gives
// them: the leftmost match, of it the longest or the shortest as the whole expression
// prefers, and within it each part in turn as long or as short as it prefers. Expressions
// that need no such rule to know where they match run on Go's regexp; others on
// simulations of finite automata, of which the parts of a match are found by trying
// divisions. Only back references can make that slow, so the work is counted: past
// MaxSteps a search ends with ErrSteps, and no expression can hang a server.
package are

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxSteps bounds the work of one search, in moves of an automaton.
const MaxSteps = 20_000_000

// maxProgram bounds the automaton of an expression, whose counted repetitions are
// written out.
const maxProgram = 20_000

// maxNesting bounds how deep parentheses nest.
const maxNesting = 1000

// ErrSteps says that a search took more than MaxSteps.
var ErrSteps = errors.New("regular expression takes more than " + strconv.Itoa(MaxSteps) + " steps on this text")

// SyntaxError says what is wrong with an expression, in PostgreSQL's words.
type SyntaxError string

// Error gives the reason.
func (e SyntaxError) Error() string { return string(e) }

// Flags choose the kind of expression and how it matches.
type Flags struct {
	Fold    bool // case does not matter
	DotLine bool // . and negated brackets do not match newlines
	Anchor  bool // ^ and $ match at the ends of lines
	Expand  bool // blanks and comments are skipped
	Literal bool // every character stands for itself
	Basic   bool // the language of grep
	NoARE   bool // extended, as of egrep: without the escapes of advanced ones
}

// Regexp is a compiled expression. It may be used by many at once.
type Regexp struct {
	root   *node
	groups int // with group 0
	backs  bool
	fast   *regexp.Regexp // finds where root matches, or nil
	free   bool           // no constraint looks around
	behind []*node        // look-behind constraints, by number
}

// Compile reads an expression.
func Compile(src string, f Flags) (*Regexp, error) {
	p := &parser{src: src, f: f}
	if err := p.prefix(); err != nil {
		return nil, err
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	re := &Regexp{root: root, groups: p.groups + 1, backs: root.flags&hasBack != 0, behind: p.behind}
	re.free = unconstrained(root)
	c := &compiler{}
	if err := c.program(root); err != nil {
		return nil, err
	}
	for _, b := range p.behind {
		if err := c.program(b); err != nil {
			return nil, err
		}
	}
	if src, ok := p.translate(root); ok {
		if re.fast, err = regexp.Compile(src); err != nil {
			re.fast = nil // too many repetitions for it, which the automaton takes
		} else {
			re.fast.Longest()
		}
	}
	return re, nil
}

func unconstrained(n *node) bool {
	for _, k := range n.kids {
		if !unconstrained(k) {
			return false
		}
	}
	return n.kind != kAssert
}

// Groups is the number of groups, with group 0, which is all of a match.
func (re *Regexp) Groups() int { return re.groups }

// Match reports whether s holds a match.
func (re *Regexp) Match(s string) (bool, error) {
	if re.fast != nil {
		return re.fast.MatchString(s), nil
	}
	m, err := newMatcher(re, s).find(0, false)
	return m != nil, err
}

// Find gives the first match at byte offset from or after it: the beginnings and ends
// of the groups, -1 for those that took no part. What stands before from is seen by
// constraints.
func (re *Regexp) Find(s string, from int) ([]int, error) {
	return re.Finder(s).Find(from)
}

// Finder searches one text several times.
type Finder struct {
	re *Regexp
	s  string
	m  *matcher
}

// Finder prepares a text for searches.
func (re *Regexp) Finder(s string) *Finder { return &Finder{re: re, s: s} }

// Find is Regexp.Find on the text.
func (f *Finder) Find(from int) ([]int, error) {
	if f.re.fast != nil && (from == 0 || f.re.free) {
		loc := f.re.fast.FindStringIndex(f.s[from:])
		if loc == nil {
			return nil, nil
		}
		loc[0], loc[1] = loc[0]+from, loc[1]+from
		if f.re.groups == 1 {
			return loc, nil
		}
		return f.matcher().groupsOf(loc)
	}
	return f.matcher().find(from, true)
}

func (f *Finder) matcher() *matcher {
	if f.m == nil {
		f.m = newMatcher(f.re, f.s)
	}
	return f.m
}

// text is a string by characters.
type text struct {
	runes   []rune
	offsets []int32 // of each character, and the length
}

func newText(s string) text {
	t := text{runes: make([]rune, 0, len(s)), offsets: make([]int32, 0, len(s)+1)}
	for i, r := range s {
		t.runes, t.offsets = append(t.runes, r), append(t.offsets, int32(i))
	}
	t.offsets = append(t.offsets, int32(len(s)))
	return t
}

// index is the number of the character at a byte offset.
func (t text) index(offset int) int {
	lo, hi := 0, len(t.offsets)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if int(t.offsets[mid]) < offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func quoteRune(r rune) string {
	if r < utf8.RuneSelf && strings.ContainsRune(`\.+*?()|[]{}^$-`, r) {
		return `\` + string(r)
	}
	if r < ' ' || r == utf8.RuneError {
		return `\x{` + strconv.FormatInt(int64(r), 16) + `}`
	}
	return string(r)
}
