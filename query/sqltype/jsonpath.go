package sqltype

import (
	"strconv"

	"github.com/weftdb/weft/query/are"
)

// JSONPathOp is what an item of a path does.
type JSONPathOp uint8

// The items of a path.
const (
	PathNull JSONPathOp = iota
	PathString
	PathNumber
	PathBool
	PathVariable // $name
	PathRoot     // $
	PathCurrent  // @
	PathLast     // last
	PathKey      // .name
	PathAnyKey   // .*
	PathAnyArray // [*]
	PathIndex    // [from to to, …]
	PathAny      // .**{First to Last}
	PathFilter   // ? (Args[0])
	PathMethod   // .name()
	PathAnd
	PathOr
	PathNot
	PathIsUnknown
	PathExists
	PathCompare // by Text
	PathStartsWith
	PathLikeRegex
	PathArith // by Text
	PathSign  // by Text
)

// PathLeaves is the level of PathAny that stands for last.
const PathLeaves = 1<<32 - 1

// JSONPathItem is one step of a path, or an operator of its expressions. Next is the
// step after it.
type JSONPathItem struct {
	Op          JSONPathOp
	Text        string // a name, string, operator or method
	Num         Num
	Flag        bool            // of PathBool
	Args        []*JSONPathItem // operands
	Ranges      []JSONPathRange // of PathIndex
	First, Last uint32          // of PathAny
	Flags       string          // of PathLikeRegex
	Regex       *are.Regexp     // likewise
	Next        *JSONPathItem
}

// JSONPathRange is one subscript; To is nil where it is no range.
type JSONPathRange struct{ From, To *JSONPathItem }

// JSONPath is a parsed path.
type JSONPath struct {
	Strict bool
	Root   *JSONPathItem
}

// IsPredicate reports whether an item gives true, false or unknown.
func (p *JSONPathItem) IsPredicate() bool {
	switch p.Op {
	case PathAnd, PathOr, PathNot, PathIsUnknown, PathExists, PathCompare, PathStartsWith, PathLikeRegex:
		return true
	}
	return false
}

// AppendText appends the path as PostgreSQL prints it.
func (p *JSONPath) AppendText(dst []byte) []byte {
	if p.Strict {
		dst = append(dst, "strict "...)
	}
	return p.Root.appendText(dst, false, true)
}

func (p *JSONPathItem) priority() int {
	switch p.Op {
	case PathOr:
		return 0
	case PathAnd:
		return 1
	case PathCompare, PathStartsWith:
		return 2
	case PathArith:
		if p.Text == "+" || p.Text == "-" {
			return 3
		}
		return 4
	case PathSign:
		return 5
	}
	return 6
}

var pathOperators = map[JSONPathOp]string{PathAnd: "&&", PathOr: "||", PathStartsWith: "starts with"}

func (p *JSONPathItem) appendText(dst []byte, inKey, brackets bool) []byte {
	operand := func(a *JSONPathItem) { dst = a.appendText(dst, false, a.priority() <= p.priority()) }
	if inKey && (p.Op == PathKey || p.Op == PathAnyKey || p.Op == PathAny) {
		dst = append(dst, '.')
	}
	switch p.Op {
	case PathNull:
		dst = append(dst, "null"...)
	case PathString, PathKey:
		dst = AppendJSONString(dst, p.Text)
	case PathVariable:
		dst = AppendJSONString(append(dst, '$'), p.Text)
	case PathNumber:
		if p.Next != nil {
			dst = append(p.Num.AppendText(append(dst, '(')), ')')
		} else {
			dst = p.Num.AppendText(dst)
		}
	case PathBool:
		dst = strconv.AppendBool(dst, p.Flag)
	case PathRoot:
		dst = append(dst, '$')
	case PathCurrent:
		dst = append(dst, '@')
	case PathLast:
		dst = append(dst, "last"...)
	case PathAnyKey:
		dst = append(dst, '*')
	case PathAnyArray:
		dst = append(dst, "[*]"...)
	case PathIndex:
		dst = p.appendSubscripts(dst)
	case PathAny:
		dst = p.appendLevels(dst)
	case PathFilter:
		dst = append(p.Args[0].appendText(append(dst, "?("...), false, false), ')')
	case PathNot:
		dst = append(p.Args[0].appendText(append(dst, "!("...), false, false), ')')
	case PathIsUnknown:
		dst = append(p.Args[0].appendText(append(dst, '('), false, false), ") is unknown"...)
	case PathExists:
		dst = append(p.Args[0].appendText(append(dst, "exists ("...), false, false), ')')
	case PathMethod:
		dst = append(append(append(dst, '.'), p.Text...), '(')
		for i, a := range p.Args {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = a.appendText(dst, false, false)
		}
		dst = append(dst, ')')
	default:
		if brackets {
			dst = append(dst, '(')
		}
		switch p.Op {
		case PathSign:
			dst = append(dst, p.Text...)
			operand(p.Args[0])
		case PathLikeRegex:
			operand(p.Args[0])
			dst = AppendJSONString(append(dst, " like_regex "...), p.Text)
			if p.Flags != "" {
				dst = append(append(append(dst, ` flag "`...), p.Flags...), '"')
			}
		default:
			op := p.Text
			if pathOperators[p.Op] != "" {
				op = pathOperators[p.Op]
			}
			operand(p.Args[0])
			dst = append(append(append(dst, ' '), op...), ' ')
			operand(p.Args[1])
		}
		if brackets {
			dst = append(dst, ')')
		}
	}
	if p.Next != nil {
		dst = p.Next.appendText(dst, true, true)
	}
	return dst
}

func (p *JSONPathItem) appendSubscripts(dst []byte) []byte {
	dst = append(dst, '[')
	for i, r := range p.Ranges {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = r.From.appendText(dst, false, false)
		if r.To != nil {
			dst = r.To.appendText(append(dst, " to "...), false, false)
		}
	}
	return append(dst, ']')
}

func (p *JSONPathItem) appendLevels(dst []byte) []byte {
	level := func(n uint32) {
		if n == PathLeaves {
			dst = append(dst, "last"...)
		} else {
			dst = strconv.AppendUint(dst, uint64(n), 10)
		}
	}
	dst = append(dst, "**"...)
	if p.First == 0 && p.Last == PathLeaves {
		return dst
	}
	dst = append(dst, '{')
	level(p.First)
	if p.First != p.Last {
		dst = append(dst, " to "...)
		level(p.Last)
	}
	return append(dst, '}')
}

// CanonicalJSONPath returns the text form of a path.
func CanonicalJSONPath(s string) (string, error) {
	p, err := ParseJSONPath(s)
	if err != nil {
		return "", err
	}
	return string(p.AppendText(make([]byte, 0, len(s)+8))), nil
}
