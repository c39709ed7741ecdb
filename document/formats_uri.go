package document

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	uriParts  = regexp.MustCompile(`(?s)^(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$`)
	uriScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	uriFuture = regexp.MustCompile(`^[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$`)
)

const (
	unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	subDelims  = "!$&'()*+,;="
)

// isURI holds a text against RFC 3986, or with letters of all scripts RFC 3987. One that
// is absolute has a scheme.
func isURI(s string, absolute, letters bool) bool {
	m := uriParts.FindStringSubmatch(s)
	if m == nil || m[1] == "" && (absolute || strings.HasPrefix(s, ":")) {
		return false
	}
	if m[1] != "" && !uriScheme.MatchString(m[1]) {
		return false
	}
	return isAuthority(m[2], letters) && made(m[3], ":@/", letters, false) &&
		made(m[4], ":@/?", letters, letters) && made(m[5], ":@/?", letters, false)
}

// isAuthority: user@host:port, where all but the host may be missing.
func isAuthority(s string, letters bool) bool {
	if at := strings.IndexByte(s, '@'); at >= 0 {
		if !made(s[:at], ":", letters, false) {
			return false
		}
		s = s[at+1:]
	}
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		literal, rest := s[1:end], s[end+1:]
		if rest != "" && rest[0] != ':' {
			return false
		}
		a, err := netip.ParseAddr(literal)
		if !uriFuture.MatchString(literal) && (err != nil || !a.Is6() || a.Zone() != "") {
			return false
		}
		host, port = "", strings.TrimPrefix(rest, ":")
	} else if at := strings.IndexByte(s, ':'); at >= 0 {
		host, port = s[:at], s[at+1:]
	}
	return made(host, "", letters, false) && strings.Trim(port, "0123456789") == ""
}

// made says whether a part is made of what may stand in it.
func made(s, more string, letters, private bool) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '%':
			if len(s) < i+3 || !isHex(s[i+1:i+3]) {
				return false
			}
		case r < utf8.RuneSelf:
			if !strings.ContainsRune(unreserved, r) && !strings.ContainsRune(subDelims, r) && !strings.ContainsRune(more, r) {
				return false
			}
		case !letters || n == 1 || !isLetterOfIRI(r) && (!private || !isPrivate(r)):
			return false
		}
		i += n
	}
	return true
}

func isPrivate(r rune) bool { return r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000 }

// isLetterOfIRI is ucschar of RFC 3987.
func isLetterOfIRI(r rune) bool {
	switch {
	case r < 0xA0, isPrivate(r), r >= 0xFDD0 && r <= 0xFDEF, r >= 0xFFF0 && r <= 0xFFFF:
		return false
	case r > 0xFFFF:
		return r&0xFFFF < 0xFFFE && (r < 0xE0000 || r >= 0xE1000)
	}
	return true
}

var templateExpression = regexp.MustCompile(`^[+#./;?&]?` + templateVariable + `(?:,` + templateVariable + `)*$`)

const templateVariable = `(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9][0-9]{0,3}|\*)?`

// isTemplate holds a text against RFC 6570.
func isTemplate(s string) bool {
	for s != "" {
		literal, rest, open := strings.Cut(s, "{")
		for i, r := range literal {
			switch {
			case r == '%':
				if len(literal) < i+3 || !isHex(literal[i+1:i+3]) {
					return false
				}
			case r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>\^`+"`|}", r), r >= 0x80 && !isLetterOfIRI(r) && !isPrivate(r):
				return false
			}
		}
		if !open {
			return true
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed || !templateExpression.MatchString(expression) {
			return false
		}
		s = after
	}
	return true
}
