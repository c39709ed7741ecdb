package fn

import (
	"errors"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/are"
)

type patternKey struct{ src, flags string }

// patterns keeps compiled expressions; it is emptied when full, which costs less
// than keeping an order.
var patterns = struct {
	sync.RWMutex
	m map[patternKey]*are.Regexp
}{m: map[patternKey]*are.Regexp{}}

const maxPatterns = 512

// compileRegex compiles a regular expression with options by their letters; g is the
// caller's business.
func compileRegex(src, flags string) (*are.Regexp, error) {
	key := patternKey{src, flags}
	patterns.RLock()
	p := patterns.m[key]
	patterns.RUnlock()
	if p != nil {
		return p, nil
	}
	f := are.Flags{}
	for _, c := range flags {
		if c != 'g' && !f.Set(string(c), false) {
			return nil, errParam("invalid regular expression option: \"%c\"", c)
		}
	}
	p, err := are.Compile(src, f)
	if err != nil {
		return nil, dberr.SQL(dberr.StateInvalidRegexp, "invalid regular expression: %s", err.Error())
	}
	patterns.Lock()
	if len(patterns.m) >= maxPatterns {
		clear(patterns.m)
	}
	patterns.m[key] = p
	patterns.Unlock()
	return p, nil
}

// regexError gives an error of a search its state.
func regexError(err error) error {
	if errors.Is(err, are.ErrSteps) {
		return dberr.SQL(dberr.StateStatementTooComplex, "%s", err.Error()).
			WithHint("Back references and nested repetitions are what takes long.")
	}
	return err
}

// allMatches returns the matches of re in s from byte offset at on, up to limit (-1
// for all). The search goes on after each match, one character later after an empty one.
func allMatches(re *are.Regexp, s string, at, limit int) ([][]int, error) {
	var ms [][]int
	f := re.Finder(s)
	for at <= len(s) && (limit < 0 || len(ms) < limit) {
		m, err := f.Find(at)
		if err != nil {
			return nil, regexError(err)
		}
		if m == nil {
			break
		}
		ms = append(ms, m)
		at = m[1]
		if m[0] == m[1] {
			at += max(1, runeLen(s[at:]))
		}
	}
	return ms, nil
}

// firstMatch is the first match of re in s, or nil.
func firstMatch(re *are.Regexp, s string) ([]int, error) {
	m, err := re.Find(s, 0)
	return m, regexError(err)
}

// noGlobal refuses the option g for functions that find one match.
func noGlobal(fn, flags string) error {
	if strings.ContainsRune(flags, 'g') {
		return errParam("%s does not support the \"global\" option", fn+"()")
	}
	return nil
}
