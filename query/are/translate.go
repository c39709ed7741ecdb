package are

import (
	"strconv"
	"strings"
)

// translate writes an expression in the syntax of Go's regexp where that finds the same
// matches: leftmost and longest, of nothing that it does not know.
func (p *parser) translate(root *node) (string, bool) {
	if root.flags&(hasBack|shorter) != 0 {
		return "", false
	}
	var b strings.Builder
	if !translatable(root, &b) {
		return "", false
	}
	return b.String(), true
}

var assertSource = map[assertion]string{aBegin: `\A`, aEnd: `\z`}

func translatable(n *node, b *strings.Builder) bool {
	switch n.kind {
	case kSet:
		if !n.set.simple() {
			return false
		}
		n.set.source(b)
	case kAssert:
		src, ok := assertSource[n.assert]
		switch {
		case n.assert == aLineBegin && n.n == 0:
			src, ok = `\A`, true
		case n.assert == aLineEnd && n.n == 0:
			src, ok = `\z`, true
		case n.assert == aLineBegin:
			src, ok = `(?m:^)`, true
		case n.assert == aLineEnd:
			src, ok = `(?m:$)`, true
		}
		b.WriteString(src)
		return ok
	case kConcat:
		for _, k := range n.kids {
			if !translatable(k, b) {
				return false
			}
		}
	case kAlt:
		b.WriteString("(?:")
		for i, k := range n.kids {
			if i > 0 {
				b.WriteByte('|')
			}
			if !translatable(k, b) {
				return false
			}
		}
		b.WriteByte(')')
	case kRepeat:
		b.WriteString("(?:")
		ok := translatable(n.kids[0], b)
		b.WriteString(")" + quantifierSource(n.min, n.max))
		return ok
	case kGroup:
		return translatable(n.kids[0], b)
	}
	return true
}

func quantifierSource(least, most int) string {
	switch {
	case least == 0 && most == inf:
		return "*"
	case least == 1 && most == inf:
		return "+"
	case least == 0 && most == 1:
		return "?"
	case most == inf:
		return "{" + strconv.Itoa(least) + ",}"
	}
	return "{" + strconv.Itoa(least) + "," + strconv.Itoa(most) + "}"
}
