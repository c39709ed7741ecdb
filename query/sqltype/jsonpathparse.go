package sqltype

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/are"
)

// maxPathNesting bounds how deep a path's expressions nest.
const maxPathNesting = 500

// pathParser reads a path by recursive descent. Its errors are thrown as panics of
// pathFailure and do not leave ParseJSONPath.
type pathParser struct {
	lex     pathLexer
	tok     pathToken
	depth   int
	filters int // filters around, in which @ is allowed
	indexes int // subscripts around, in which last is allowed
}

type pathFailure struct{ err error }

// ParseJSONPath reads a path of the SQL/JSON path language.
func ParseJSONPath(s string) (p *JSONPath, err error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return nil, invalidUTF8(s)
	}
	if strings.TrimSpace(s) == "" {
		return nil, dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type jsonpath: \"%s\"", s)
	}
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(pathFailure)
			if !ok {
				panic(r)
			}
			p, err = nil, f.err
		}
	}()
	ps := &pathParser{lex: pathLexer{src: s}}
	ps.advance()
	p = &JSONPath{}
	switch {
	case ps.word("strict"):
		p.Strict = true
		ps.advance()
	case ps.word("lax"):
		ps.advance()
	}
	p.Root = ps.or()
	if ps.tok.kind != pathEnd {
		ps.unexpected()
	}
	return p, nil
}

func (p *pathParser) fail(err error) { panic(pathFailure{err}) }

func (p *pathParser) unexpected() {
	if p.tok.kind == pathEnd {
		p.fail(errPath("syntax error at end of jsonpath input"))
	}
	p.fail(errPath("syntax error at or near \"%s\" of jsonpath input", p.lex.src[p.tok.from:max(p.lex.i, p.tok.from)]))
}

func (p *pathParser) advance() {
	t, err := p.lex.next()
	if err != nil {
		p.fail(err)
	}
	p.tok = t
}

// word reports whether the token is the key word w.
func (p *pathParser) word(w string) bool {
	return p.tok.kind == pathIdent && strings.EqualFold(p.tok.text, w)
}

func (p *pathParser) punct(s string) bool { return p.tok.kind == pathPunct && p.tok.text == s }

func (p *pathParser) expect(s string) {
	if !p.punct(s) {
		p.unexpected()
	}
	p.advance()
}

func (p *pathParser) enter() func() {
	if p.depth++; p.depth > maxPathNesting {
		p.fail(dberr.SQL(dberr.StateStatementTooComplex, "jsonpath nested deeper than %d levels", maxPathNesting))
	}
	return func() { p.depth-- }
}

// want refuses an item of the wrong sort as an operand.
func (p *pathParser) want(e *JSONPathItem, predicate bool) *JSONPathItem {
	if (e.IsPredicate() && e.Next == nil) != predicate {
		p.unexpected()
	}
	return e
}

func (p *pathParser) or() *JSONPathItem {
	defer p.enter()()
	l := p.and()
	for p.punct("||") {
		p.want(l, true)
		p.advance()
		l = &JSONPathItem{Op: PathOr, Args: []*JSONPathItem{l, p.want(p.and(), true)}}
	}
	return l
}

func (p *pathParser) and() *JSONPathItem {
	l := p.comparison()
	for p.punct("&&") {
		p.want(l, true)
		p.advance()
		l = &JSONPathItem{Op: PathAnd, Args: []*JSONPathItem{l, p.want(p.comparison(), true)}}
	}
	return l
}

var pathComparisons = map[string]string{"==": "==", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}

func (p *pathParser) comparison() *JSONPathItem {
	if p.punct("!") {
		p.advance()
		arg := p.primary()
		if !arg.IsPredicate() || arg.Next != nil {
			p.unexpected()
		}
		return &JSONPathItem{Op: PathNot, Args: []*JSONPathItem{arg}}
	}
	l := p.additive()
	op := pathComparisons[p.tok.text]
	switch {
	case p.tok.kind == pathPunct && op != "":
		p.want(l, false)
		p.advance()
		return &JSONPathItem{Op: PathCompare, Text: op, Args: []*JSONPathItem{l, p.want(p.additive(), false)}}
	case p.word("starts"):
		p.want(l, false)
		p.advance()
		if !p.word("with") {
			p.unexpected()
		}
		p.advance()
		r := &JSONPathItem{Op: PathString, Text: p.tok.text}
		switch p.tok.kind {
		case pathVar:
			r.Op = PathVariable
		case pathText:
		default:
			p.unexpected()
		}
		p.advance()
		return &JSONPathItem{Op: PathStartsWith, Args: []*JSONPathItem{l, r}}
	case p.word("like_regex"):
		p.want(l, false)
		p.advance()
		return p.likeRegex(l)
	}
	return l
}

func (p *pathParser) likeRegex(l *JSONPathItem) *JSONPathItem {
	if p.tok.kind != pathText {
		p.unexpected()
	}
	e := &JSONPathItem{Op: PathLikeRegex, Text: p.tok.text, Args: []*JSONPathItem{l}}
	p.advance()
	given := ""
	if p.word("flag") {
		p.advance()
		if p.tok.kind != pathText {
			p.unexpected()
		}
		given = p.tok.text
		p.advance()
	}
	for _, f := range given {
		if !strings.ContainsRune("ismxq", f) {
			p.fail(errPath("invalid input syntax for type jsonpath").WithDetail("Unrecognized flag character \"%c\" in LIKE_REGEX predicate.", f))
		}
	}
	for _, f := range "ismxq" { // in this order
		if strings.ContainsRune(given, f) {
			e.Flags += string(f)
		}
	}
	flags := are.Flags{Fold: strings.Contains(e.Flags, "i")}
	if strings.Contains(e.Flags, "q") {
		flags.Literal = true
	} else {
		if strings.Contains(e.Flags, "x") {
			p.fail(dberr.SQL(dberr.StateFeatureNotSupported, "XQuery \"x\" flag (expanded regular expressions) is not implemented"))
		}
		flags.DotLine, flags.Anchor = !strings.Contains(e.Flags, "s"), strings.Contains(e.Flags, "m")
	}
	re, err := are.Compile(e.Text, flags)
	if err != nil {
		p.fail(dberr.SQL(dberr.StateInvalidRegexp, "invalid regular expression: %s", err.Error()))
	}
	e.Regex = re
	return e
}

func (p *pathParser) additive() *JSONPathItem {
	l := p.multiplicative()
	for p.punct("+") || p.punct("-") {
		op := p.tok.text
		p.want(l, false)
		p.advance()
		l = &JSONPathItem{Op: PathArith, Text: op, Args: []*JSONPathItem{l, p.want(p.multiplicative(), false)}}
	}
	return l
}

func (p *pathParser) multiplicative() *JSONPathItem {
	l := p.sign()
	for p.punct("*") || p.punct("/") || p.punct("%") {
		op := p.tok.text
		p.want(l, false)
		p.advance()
		l = &JSONPathItem{Op: PathArith, Text: op, Args: []*JSONPathItem{l, p.want(p.sign(), false)}}
	}
	return l
}

func (p *pathParser) sign() *JSONPathItem {
	if !p.punct("+") && !p.punct("-") {
		return p.primary()
	}
	defer p.enter()()
	op := p.tok.text
	p.advance()
	arg := p.want(p.sign(), false)
	if arg.Op == PathNumber && arg.Next == nil { // a constant, with its sign
		if op == "-" {
			arg.Num = arg.Num.Neg()
		}
		return arg
	}
	return &JSONPathItem{Op: PathSign, Text: op, Args: []*JSONPathItem{arg}}
}

// primary reads what accessors may follow, and those.
func (p *pathParser) primary() *JSONPathItem {
	var e *JSONPathItem
	switch {
	case p.punct("("):
		p.advance()
		e = p.or()
		p.expect(")")
		if e.IsPredicate() && e.Next == nil && p.word("is") {
			p.advance()
			if !p.word("unknown") {
				p.unexpected()
			}
			p.advance()
			return &JSONPathItem{Op: PathIsUnknown, Args: []*JSONPathItem{e}}
		}
		if p.punct(".") || p.punct("[") || p.punct("?") { // a copy, as e may have steps of its own
			last := e
			for last.Next != nil {
				last = last.Next
			}
			p.steps(last)
		}
		return e
	case p.word("exists"):
		p.advance()
		p.expect("(")
		arg := p.want(p.or(), false)
		p.expect(")")
		return &JSONPathItem{Op: PathExists, Args: []*JSONPathItem{arg}}
	default:
		e = p.value()
	}
	p.steps(e)
	return e
}

// value reads a literal, a variable, $, @ or last.
func (p *pathParser) value() *JSONPathItem {
	e := &JSONPathItem{Text: p.tok.text}
	switch {
	case p.tok.kind == pathText:
		e.Op = PathString
	case p.tok.kind == pathVar:
		e.Op = PathVariable
	case p.tok.kind == pathInt || p.tok.kind == pathNumeric:
		n, err := ParseNum(p.tok.text)
		if err != nil {
			p.fail(err)
		}
		e.Op, e.Num = PathNumber, n
	case p.punct("$"):
		e.Op = PathRoot
	case p.punct("@"):
		if p.filters == 0 {
			p.fail(errPath("@ is not allowed in root expressions"))
		}
		e.Op = PathCurrent
	case p.word("last"):
		if p.indexes == 0 {
			p.fail(errPath("LAST is allowed only in array subscripts"))
		}
		e.Op = PathLast
	case p.tok.kind == pathIdent && p.tok.text == "null":
	case p.tok.kind == pathIdent && (p.tok.text == "true" || p.tok.text == "false"):
		e.Op, e.Flag = PathBool, p.tok.text == "true"
	default:
		p.unexpected()
	}
	p.advance()
	return e
}

// steps reads accessors and appends them to e.
func (p *pathParser) steps(e *JSONPathItem) {
	for {
		switch {
		case p.punct("."):
			p.advance()
			e.Next = p.member()
		case p.punct("["):
			p.advance()
			e.Next = p.subscripts()
		case p.punct("?"):
			p.advance()
			p.expect("(")
			p.filters++
			cond := p.want(p.or(), true)
			p.filters--
			p.expect(")")
			e.Next = &JSONPathItem{Op: PathFilter, Args: []*JSONPathItem{cond}}
		default:
			return
		}
		e = e.Next
	}
}

func (p *pathParser) subscripts() *JSONPathItem {
	if p.punct("*") {
		p.advance()
		p.expect("]")
		return &JSONPathItem{Op: PathAnyArray}
	}
	defer p.enter()()
	e := &JSONPathItem{Op: PathIndex}
	p.indexes++
	for {
		r := JSONPathRange{From: p.want(p.additive(), false)}
		if p.word("to") {
			p.advance()
			r.To = p.want(p.additive(), false)
		}
		e.Ranges = append(e.Ranges, r)
		if !p.punct(",") {
			break
		}
		p.advance()
	}
	p.indexes--
	p.expect("]")
	return e
}

// member reads what follows a point: a key, *, **, or a method.
func (p *pathParser) member() *JSONPathItem {
	switch {
	case p.punct("*"):
		p.advance()
		return &JSONPathItem{Op: PathAnyKey}
	case p.punct("**"):
		p.advance()
		return p.levels()
	case p.tok.kind == pathText:
		e := &JSONPathItem{Op: PathKey, Text: p.tok.text}
		p.advance()
		return e
	case p.tok.kind != pathIdent:
		p.unexpected()
	}
	name := p.tok.text
	p.advance()
	if !p.punct("(") {
		return &JSONPathItem{Op: PathKey, Text: name}
	}
	most, ok := pathMethods[strings.ToLower(name)]
	if !ok {
		p.unexpected()
	}
	p.advance()
	e := &JSONPathItem{Op: PathMethod, Text: strings.ToLower(name)}
	for !p.punct(")") {
		if len(e.Args) == most {
			p.unexpected()
		}
		if len(e.Args) > 0 {
			p.expect(",")
		}
		e.Args = append(e.Args, p.methodArg(e.Text))
	}
	p.advance()
	return e
}

// pathMethods are the methods, with how many arguments they may have.
var pathMethods = map[string]int{
	"type": 0, "size": 0, "abs": 0, "floor": 0, "ceiling": 0, "double": 0, "keyvalue": 0, "datetime": 1,
	"bigint": 0, "boolean": 0, "integer": 0, "number": 0, "string": 0, "decimal": 2, "date": 0,
	"time": 1, "time_tz": 1, "timestamp": 1, "timestamp_tz": 1,
}

func (p *pathParser) methodArg(method string) *JSONPathItem {
	if method == "datetime" {
		if p.tok.kind != pathText {
			p.unexpected()
		}
		return p.value()
	}
	negative := p.punct("-") && method == "decimal"
	if negative || p.punct("+") && method == "decimal" {
		p.advance()
	}
	if p.tok.kind != pathInt {
		p.unexpected()
	}
	e := p.value()
	if negative {
		e.Num = e.Num.Neg()
	}
	return e
}

// levels reads the levels of **.
func (p *pathParser) levels() *JSONPathItem {
	e := &JSONPathItem{Op: PathAny, Last: PathLeaves}
	if !p.punct("{") {
		return e
	}
	p.advance()
	e.First = p.level()
	e.Last = e.First
	if p.word("to") {
		p.advance()
		e.Last = p.level()
	}
	p.expect("}")
	return e
}

func (p *pathParser) level() uint32 {
	if p.word("last") {
		p.advance()
		return PathLeaves
	}
	if p.tok.kind != pathInt {
		p.unexpected()
	}
	v, err := strconv.ParseInt(p.tok.text, 10, 32)
	if err != nil {
		p.fail(errValueRange("integer", p.tok.text))
	}
	p.advance()
	return uint32(v)
}
