package parse

import "strings"

// ConstKind is the kind of a constant that Normalize took out. It is also in the key, so
// statements with one key agree on the types of their constants.
type ConstKind byte

// The kinds of constants.
const (
	ConstInt4    ConstKind = 'i' // fits in 32 bits, of which the sign is not a part
	ConstInt8    ConstKind = 'I' // fits in 63 bits
	ConstDecimal ConstKind = 'n'
	ConstString  ConstKind = 's'
)

// Const is a constant of a statement, as written: sql[Start:End]. A minus before a number is
// not a part of it, though the parser makes it one: the tree's literal then begins at the
// minus, before Start.
type Const struct {
	Kind       ConstKind
	Start, End int
}

// Value is the value of the constant as text, without quotes.
func (c Const) Value(sql string) string {
	text := sql[c.Start:c.End]
	if c.Kind == ConstString {
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	}
	return text
}

// Normalize makes a key for caches of plans by tokens alone: two texts with one key have the
// same tree but for the values of the constants, which are returned in order, and but for
// positions. White space, comments, and the case of key words and unquoted names make no
// difference to it.
//
// Constants are taken out of queries and statements that change data only, and not where
// their value decides more than itself: in a text with GROUP BY or DISTINCT (whose
// expressions must match others), after ORDER BY, in ON CONFLICT, in the modifiers of types, in
// typed literals. Strings other than plain '…' and numbers in other than decimal digits stay too.
//
// ok is false where the text cannot be cut into tokens; it then has no key.
func Normalize(sql string) (key string, consts []Const, ok bool) {
	for _, verbatim := range [...]bool{false, true} {
		n := normalizer{s: scanner{sql: sql}, verbatim: verbatim}
		n.buf = make([]byte, 0, len(sql)+16)
		if !n.run() {
			return "", nil, false
		}
		if verbatim || !n.mustKeep || len(n.consts) == 0 {
			return string(n.buf), n.consts, true
		}
	}
	return "", nil, false
}

type normalizer struct {
	s              scanner
	buf            []byte
	consts         []Const
	verbatim       bool // take no constants
	mustKeep       bool // the text has what needs its constants
	data           bool // the statement is a query or changes data
	begun          bool // the statement has begun
	junk           bool // a number runs into a word
	depth          int
	held           token // a constant that is not written yet: what follows may keep it
	hasHeld        bool
	prev, prevPrev token
	keep           []int // depths of the lists that keep their constants
}

func (n *normalizer) run() bool {
	for {
		t := n.s.next()
		if t.kind == kOpen {
			return false
		}
		if t.kind == kEOF {
			n.flush()
			return n.s.backtick == 0 && !n.junk
		}
		n.add(t)
	}
}

func (n *normalizer) add(t token) {
	sql := n.s.sql
	if !n.begun {
		n.begun, n.data = true, n.startsData(t)
	}
	if (n.prev.kind == kNumber || n.prev.kind == kParam) && n.prev.end == t.start && t.kind != kOp && t.kind != kPunct {
		n.junk = true
	}
	n.flushBefore(t)
	switch {
	case t.kind == kNumber || t.kind == kString:
		if n.takes(t) {
			n.held, n.hasHeld = t, true
		} else {
			n.write(sql[t.start:t.end])
		}
	case t.kind == kWord:
		n.word(t)
	case t.kind == kPunct && t.end-t.start == 1:
		n.punct(t)
	default:
		n.write(sql[t.start:t.end])
	}
	n.prevPrev, n.prev = n.prev, t
}

func (n *normalizer) startsData(t token) bool {
	for _, w := range [...]string{"select", "insert", "update", "delete", "with", "values", "merge"} {
		if t.is(n.s.sql, w) {
			return true
		}
	}
	return t.punct(n.s.sql, '(')
}

// takes says whether a constant at this place is one whose value may vary.
func (n *normalizer) takes(t token) bool {
	sql := n.s.sql
	if n.verbatim || !n.data || len(n.keep) > 0 || constKind(sql[t.start:t.end], t.kind) == 0 {
		return false
	}
	switch n.prev.kind {
	case kWord: // a word before a string may make it a typed literal
		return t.kind == kNumber || operandBefore[strings.ToLower(sql[n.prev.start:n.prev.end])] &&
			!n.prev.is(sql, "escape") && !n.prev.is(sql, "interval")
	case kQuoted:
		return false
	case kPunct: // interval(3) '…' is a typed literal
		return t.kind == kNumber || sql[n.prev.start] != ')'
	}
	return true
}

func (n *normalizer) word(t token) {
	sql := n.s.sql
	switch {
	case t.is(sql, "distinct") && !n.prev.is(sql, "is") && !n.prev.is(sql, "not"), t.is(sql, "by") && n.prev.is(sql, "group"):
		n.mustKeep = true
	case t.is(sql, "by") && n.prev.is(sql, "order"), t.is(sql, "conflict") && n.prev.is(sql, "on"):
		n.keep = append(n.keep, n.depth)
	case len(n.keep) > 0 && n.keep[len(n.keep)-1] == n.depth && endsKeep(sql, t):
		n.keep = n.keep[:len(n.keep)-1]
	}
	n.writeLower(sql[t.start:t.end])
}

// endsKeep says whether the word ends ORDER BY or ON CONFLICT at their own depth.
func endsKeep(sql string, t token) bool {
	for _, w := range [...]string{"limit", "offset", "fetch", "for", "union", "intersect", "except", "do",
		"rows", "range", "groups", "returning"} {
		if t.is(sql, w) {
			return true
		}
	}
	return false
}

func (n *normalizer) punct(t token) {
	sql := n.s.sql
	switch sql[t.start] {
	case '(':
		n.depth++
		if n.modifiers() {
			n.keep = append(n.keep, n.depth)
		}
	case ')':
		for len(n.keep) > 0 && n.keep[len(n.keep)-1] >= n.depth {
			n.keep = n.keep[:len(n.keep)-1]
		}
		n.depth = max(0, n.depth-1)
	case ';':
		if n.depth == 0 {
			n.keep, n.begun = n.keep[:0], false
		}
	}
	n.write(sql[t.start:t.end])
}

// modifiers says whether the parenthesis just opened holds the modifiers of a type: after
// x::name, AS name of CAST, or a name that is a type.
func (n *normalizer) modifiers() bool {
	sql := n.s.sql
	if n.prev.kind != kWord {
		return false
	}
	if n.prevPrev.kind == kPunct && sql[n.prevPrev.start:n.prevPrev.end] == "::" || n.prevPrev.is(sql, "as") {
		return true
	}
	for _, w := range [...]string{"numeric", "decimal", "dec", "varchar", "char", "character", "varying", "bpchar", "bit",
		"time", "timestamp", "timestamptz", "timetz", "interval", "float", "second", "nchar",
		"current_time", "current_timestamp", "localtime", "localtimestamp"} {
		if n.prev.is(sql, w) {
			return true
		}
	}
	return false
}

// flushBefore writes the held constant: as itself where the token after it is a constant
// too, which only bad SQL has.
func (n *normalizer) flushBefore(t token) {
	if n.hasHeld && (t.kind == kString || t.kind == kNumber) {
		n.hasHeld = false
		n.write(n.s.sql[n.held.start:n.held.end])
	}
	n.flush()
}

func (n *normalizer) flush() {
	if !n.hasHeld {
		return
	}
	n.hasHeld = false
	k := constKind(n.s.sql[n.held.start:n.held.end], n.held.kind)
	n.consts = append(n.consts, Const{k, n.held.start, n.held.end})
	n.buf = append(n.buf, ' ', '?', byte(k))
}

// constKind is the kind of a constant, 0 for one that stays.
func constKind(text string, k kind) ConstKind {
	if k == kString {
		return plainString(text)
	}
	if strings.ContainsAny(text, "xXoObB_") {
		return 0
	}
	if strings.ContainsAny(text, ".eE") {
		return ConstDecimal
	}
	text = strings.TrimLeft(text, "0")
	switch {
	case text == "2147483648" || text == "9223372036854775808":
		return 0 // with a minus they are of the smaller type
	case len(text) < 10 || len(text) == 10 && text <= "2147483647":
		return ConstInt4
	case len(text) < 19 || len(text) == 19 && text <= "9223372036854775807":
		return ConstInt8
	}
	return ConstDecimal
}

// plainString takes '…' in one piece, without a prefix.
func plainString(text string) ConstKind {
	if text[0] != '\'' {
		return 0
	}
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '\'' {
			if text[i+1] != '\'' || i+1 == len(text)-1 {
				return 0
			}
			i++
		}
	}
	return ConstString
}

// write puts a token after a blank, so that tokens do not run together.
func (n *normalizer) write(s string) {
	n.buf = append(append(n.buf, ' '), s...)
}

func (n *normalizer) writeLower(s string) {
	n.buf = append(n.buf, ' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		n.buf = append(n.buf, c)
	}
}
