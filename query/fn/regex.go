package fn

import (
	"regexp"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
)

// A pattern is a compiled regular expression with what its flags ask for.
type pattern struct {
	*regexp.Regexp
	// startsAtBegin says that it matches nowhere but at the start of a string.
	startsAtBegin bool
}

type patternKey struct{ src, flags string }

// patterns keeps compiled expressions; it is emptied when full, which costs less
// than keeping an order.
var patterns = struct {
	sync.RWMutex
	m map[patternKey]*pattern
}{m: map[patternKey]*pattern{}}

const maxPatterns = 512

// compileRegex compiles a regular expression of PostgreSQL's dialect (ARE).
// What RE2 cannot do in linear time, back references and look-around, is refused by name.
func compileRegex(src, flags string) (*pattern, error) {
	key := patternKey{src, flags}
	patterns.RLock()
	p := patterns.m[key]
	patterns.RUnlock()
	if p != nil {
		return p, nil
	}
	tr := &regexTranslator{src: src}
	if err := tr.flags(flags, "regular expression option"); err != nil {
		return nil, err
	}
	goSrc, err := tr.translate()
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(goSrc)
	if err != nil {
		return nil, dberr.SQL(dberr.StateInvalidRegexp, "invalid regular expression: %s", regexReason(err))
	}
	if !tr.lazy {
		re.Longest()
	}
	p = &pattern{re, !tr.anchor && (strings.HasPrefix(tr.src, "^") || strings.HasPrefix(tr.src, `\A`))}
	patterns.Lock()
	if len(patterns.m) >= maxPatterns {
		clear(patterns.m)
	}
	patterns.m[key] = p
	patterns.Unlock()
	return p, nil
}

func regexReason(err error) string {
	s := err.Error()
	switch {
	case strings.Contains(s, "missing closing )"), strings.Contains(s, "unexpected )"):
		return "parentheses () not balanced"
	case strings.Contains(s, "missing closing ]"):
		return "brackets [] not balanced"
	case strings.Contains(s, "missing argument to repetition"), strings.Contains(s, "invalid nested repetition"):
		return "quantifier operand invalid"
	case strings.Contains(s, "invalid repeat count"):
		return "invalid repetition count(s)"
	case strings.Contains(s, "invalid character class range"):
		return "invalid character range"
	}
	return strings.TrimPrefix(s, "error parsing regexp: ")
}

// regexTranslator turns an ARE into RE2 syntax.
type regexTranslator struct {
	src     string
	i       int
	out     strings.Builder
	fold    bool // i
	dotLine bool // p: . stops at newlines
	anchor  bool // w: ^ and $ match at lines
	expand  bool // x
	literal bool // q
	lazy    bool // a non-greedy quantifier was seen
}

func (t *regexTranslator) flags(flags, what string) error {
	for _, f := range flags {
		switch f {
		case 'i':
			t.fold = true
		case 'c':
			t.fold = false
		case 'n', 'm':
			t.dotLine, t.anchor = true, true
		case 's':
			t.dotLine, t.anchor = false, false
		case 'p':
			t.dotLine, t.anchor = true, false
		case 'w':
			t.dotLine, t.anchor = false, true
		case 'x':
			t.expand = true
		case 't':
			t.expand = false
		case 'q':
			t.literal = true
		case 'g', 'e', 'a': // g is the caller's business
		case 'b':
			return dberr.SQL(dberr.StateFeatureNotSupported, "basic regular expressions (option \"b\") are not supported")
		default:
			return errParam("invalid %s: \"%c\"", what, f)
		}
	}
	return nil
}

func errRegex(reason string) error {
	return dberr.SQL(dberr.StateInvalidRegexp, "invalid regular expression: %s", reason)
}

func errRegexUnsupported(what string) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "regular expressions with %s are not supported", what)
}

func (t *regexTranslator) translate() (string, error) {
	switch {
	case strings.HasPrefix(t.src, "***="):
		t.src, t.literal = t.src[4:], true
	case strings.HasPrefix(t.src, "***:"):
		t.src = t.src[4:]
	case strings.HasPrefix(t.src, "***"):
		return "", errRegex("invalid regexp (reg version 0.8)")
	}
	if !t.literal && strings.HasPrefix(t.src, "(?") {
		if end := strings.IndexByte(t.src, ')'); end > 2 && isLetters(t.src[2:end]) {
			if err := t.flags(t.src[2:end], "embedded option"); err != nil {
				return "", errRegex("invalid embedded option")
			}
			t.src = t.src[end+1:]
		}
	}
	prefix := ""
	if t.fold {
		prefix += "i"
	}
	if !t.dotLine {
		prefix += "s"
	}
	if t.anchor {
		prefix += "m"
	}
	if prefix != "" {
		prefix = "(?" + prefix + ")"
	}
	if t.literal {
		return prefix + regexp.QuoteMeta(t.src), nil
	}
	for t.i < len(t.src) {
		if err := t.one(); err != nil {
			return "", err
		}
	}
	return prefix + t.out.String(), nil
}

func isLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// one translates the construct at t.i.
func (t *regexTranslator) one() error {
	c := t.src[t.i]
	rest := t.src[t.i:]
	switch {
	case c == '\\':
		return t.escape()
	case strings.HasPrefix(rest, "[[:<:]]"), strings.HasPrefix(rest, "[[:>:]]"):
		t.out.WriteString(`\b`)
		t.i += 7
		return nil
	case c == '[':
		return t.bracket()
	case c == '(':
		return t.group()
	case t.expand && strings.IndexByte(" \t\n\r\v\f", c) >= 0:
		t.i++
		return nil
	case t.expand && c == '#':
		for t.i < len(t.src) && t.src[t.i] != '\n' {
			t.i++
		}
		return nil
	case c == '*' || c == '+' || c == '?':
		t.i++
		t.out.WriteByte(c)
		t.quantified()
		return nil
	case c == '{' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return errRegex("braces {} not balanced")
		}
		t.out.WriteString(rest[:end+1])
		t.i += end + 1
		t.quantified()
		return nil
	case c == '{':
		t.out.WriteString(`\{`)
		t.i++
		return nil
	}
	t.out.WriteByte(c)
	t.i++
	return nil
}

// quantified looks for the ? that makes a quantifier non-greedy.
func (t *regexTranslator) quantified() {
	if t.i < len(t.src) && t.src[t.i] == '?' {
		t.out.WriteByte('?')
		t.i++
		t.lazy = true
	}
}

func (t *regexTranslator) group() error {
	rest := t.src[t.i:]
	switch {
	case strings.HasPrefix(rest, "(?#"):
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return errRegex("parentheses () not balanced")
		}
		t.i += end + 1
		return nil
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"):
		return errRegexUnsupported("lookahead constraints")
	case strings.HasPrefix(rest, "(?<"):
		return errRegexUnsupported("lookbehind constraints")
	case strings.HasPrefix(rest, "(?:"):
		t.out.WriteString("(?:")
		t.i += 3
		return nil
	case strings.HasPrefix(rest, "(?"):
		return errRegex("invalid embedded option")
	}
	t.out.WriteByte('(')
	t.i++
	return nil
}
