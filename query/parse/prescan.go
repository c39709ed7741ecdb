package parse

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// piece is one statement among the tokens: toks[from:to], without its semicolon.
type piece struct {
	from, to int
	// end is the end of the text that the grammar is given: after the semicolon, if any,
	// so that its messages are about the same token as PostgreSQL's.
	end int
}

// scanAll cuts the text into tokens and refuses what the grammar must not be given:
// nesting beyond the limit, found without recursion.
func scanAll(sql string, limits Limits) ([]token, error) {
	toks := make([]token, 0, len(sql)/6+8)
	s := scanner{sql: sql}
	n := nesting{sql: sql, limit: limits.MaxNesting}
	for {
		t := s.next()
		if t.kind == kEOF {
			break
		}
		if t.kind == kOpen {
			return nil, openError(sql, t)
		}
		if err := n.add(t); err != nil {
			return nil, err
		}
		toks = append(toks, t)
	}
	if s.backtick > 0 {
		return nil, dberr.SQL(dberr.StateSyntax, "syntax error at or near \"`\"").At(s.backtick).
			WithHint("Quote names with double quotes, or send the statement with \"dialect\":\"mysql\".")
	}
	return toks, nil
}

// openError is PostgreSQL's message for what does not end.
func openError(sql string, t token) error {
	what := "quoted string"
	rest := sql[t.start:]
	switch {
	case strings.HasPrefix(rest, "/*"):
		return dberr.SQL(dberr.StateSyntax, "unterminated /* comment at or near %q", clip(rest)).At(t.start + 1)
	case rest[0] == '$':
		what = "dollar-quoted string"
	case rest[0] == '"' || len(rest) > 2 && rest[2] == '"' && rest[1] == '&':
		what = "quoted identifier"
	case rest[0] == 'b' || rest[0] == 'B':
		what = "bit string literal"
	case rest[0] == 'x' || rest[0] == 'X':
		what = "hexadecimal string literal"
	}
	return dberr.SQL(dberr.StateSyntax, "unterminated %s at or near \"%s\"", what, clip(rest)).At(t.start + 1)
}

// clip shortens a piece of the text for a message.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// nesting measures how deep the grammar would go.
type nesting struct {
	sql          string
	limit        int
	depth, cases int
	run          int // operators in a row
	joins        int // in the statement
}

func (n *nesting) add(t token) error {
	operator := false
	switch t.kind {
	case kPunct:
		switch n.sql[t.start] {
		case '(', '[':
			n.depth++
		case ')', ']':
			n.depth = max(0, n.depth-1)
		case ';':
			n.joins = 0
			if n.depth == 0 {
				n.cases = 0
			}
		}
	case kOp:
		operator = true
	case kWord:
		switch {
		case t.is(n.sql, "case"):
			n.cases++
		case t.is(n.sql, "end"):
			n.cases = max(0, n.cases-1)
		case t.is(n.sql, "not"):
			operator = true
		case t.is(n.sql, "join"):
			n.joins++
		}
	}
	n.run++
	if !operator {
		n.run = 0
	}
	if n.depth+n.cases <= n.limit && n.run <= n.limit && n.joins <= 2*n.limit {
		return nil
	}
	what := "parentheses, brackets and CASE"
	if n.run > n.limit {
		what = "prefix operators"
	} else if n.joins > 2*n.limit {
		what = "joins"
	}
	return dberr.SQL(dberr.StateStatementTooComplex, "the statement has more than %d nested %s", n.limit, what).At(t.start + 1)
}

// cut divides the tokens into statements. Semicolons within parentheses, and within the
// BEGIN ATOMIC body of a function, do not divide.
func cut(sql string, toks []token) []piece {
	var out []piece
	c := cutter{sql: sql}
	from := 0
	for i, t := range toks {
		if !c.ends(t) {
			continue
		}
		if i > from {
			out = append(out, piece{from, i, t.end})
		}
		from = i + 1
	}
	if from < len(toks) {
		out = append(out, piece{from, len(toks), len(sql)})
	}
	return out
}

// cutter finds the semicolons that end statements.
type cutter struct {
	sql    string
	depth  int
	atomic int // BEGIN ATOMIC and CASE that wait for their END
	prev   token
}

// ends takes the next token and says whether it ends the statement.
func (c *cutter) ends(t token) bool {
	prev := c.prev
	c.prev = t
	switch {
	case t.kind == kPunct && (c.sql[t.start] == '(' || c.sql[t.start] == '['):
		c.depth++
	case t.kind == kPunct && (c.sql[t.start] == ')' || c.sql[t.start] == ']'):
		c.depth = max(0, c.depth-1)
	case t.is(c.sql, "atomic") && prev.is(c.sql, "begin"):
		c.atomic++
	case c.atomic > 0 && t.is(c.sql, "case"):
		c.atomic++
	case c.atomic > 0 && t.is(c.sql, "end"):
		c.atomic--
	case t.kind == kPunct && t.end-t.start == 1 && c.sql[t.start] == ';' && c.depth == 0 && c.atomic == 0:
		c.prev = token{}
		return true
	}
	return false
}

// asOfClause is an AS OF SYSTEM TIME that was taken out of a statement.
type asOfClause struct {
	pos        int // of the word AS
	start, end int // of its expression
	tables     []int
	alone      bool // SET TRANSACTION has nothing else, which the grammar does not take
	expr       exprNode
	claimed    bool
}

// findAsOf finds AS OF SYSTEM TIME among the tokens of a statement. The tables that it may
// be about are the dotted names before it: the table's own, or an alias and the table's.
func findAsOf(sql string, toks []token) ([]*asOfClause, error) {
	var out []*asOfClause
	for i := 0; i+4 < len(toks); i++ {
		if !toks[i].is(sql, "as") || !toks[i+1].is(sql, "of") || !toks[i+2].is(sql, "system") || !toks[i+3].is(sql, "time") {
			continue
		}
		last := operandEnd(sql, toks, i+4)
		if last < 0 {
			return nil, dberr.SQL(dberr.StateSyntax, "AS OF SYSTEM TIME needs a time").At(toks[i].start + 1).
				WithHint("Write AS OF SYSTEM TIME '2026-01-31 12:00:00+00' or '-10s', a parameter, or an expression in parentheses.")
		}
		c := &asOfClause{pos: toks[i].start, start: toks[i+4].start, end: toks[last].end}
		c.alone = i == 2 && last == len(toks)-1 && toks[0].is(sql, "set") && toks[1].is(sql, "transaction")
		before := nameStart(sql, toks, i-1)
		if before >= 0 {
			c.tables = append(c.tables, toks[before].start)
			prev := before - 1
			if prev >= 0 && toks[prev].is(sql, "as") {
				prev--
			}
			if t := nameStart(sql, toks, prev); t >= 0 {
				c.tables = append(c.tables, toks[t].start)
			}
		}
		out = append(out, c)
		i = last
	}
	return out, nil
}

// nameStart walks back over a dotted name that ends at token i; -1 where there is none.
func nameStart(sql string, toks []token, i int) int {
	isName := func(i int) bool { return i >= 0 && (toks[i].kind == kWord || toks[i].kind == kQuoted) }
	if !isName(i) {
		return -1
	}
	for i >= 2 && toks[i-1].punct(sql, '.') && isName(i-2) {
		i -= 2
	}
	return i
}

// operandEnd finds the last token of the operand that begins at token i: a constant, a
// typed constant, a signed number, a parameter, something in parentheses, or a call.
func operandEnd(sql string, toks []token, i int) int {
	if i >= len(toks) {
		return -1
	}
	t := toks[i]
	switch {
	case t.kind == kString, t.kind == kNumber, t.kind == kParam:
		return i
	case t.kind == kOp && t.end-t.start == 1 && sql[t.start] == '?':
		return i
	case t.kind == kOp && i+1 < len(toks) && toks[i+1].kind == kNumber:
		return i + 1
	case t.punct(sql, ':') && i+1 < len(toks) && toks[i+1].kind == kWord:
		return i + 1
	case t.punct(sql, '('):
		return closing(sql, toks, i)
	case t.kind == kWord && i+1 < len(toks) && toks[i+1].kind == kString:
		return i + 1
	case t.kind == kWord && i+1 < len(toks) && toks[i+1].punct(sql, '('):
		return closing(sql, toks, i+1)
	case t.is(sql, "current_timestamp"), t.is(sql, "localtimestamp"), t.is(sql, "current_date"):
		return i
	}
	return -1
}

func closing(sql string, toks []token, i int) int {
	depth := 0
	for ; i < len(toks); i++ {
		if toks[i].punct(sql, '(') {
			depth++
		} else if toks[i].punct(sql, ')') {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// blanks is as many spaces as there are bytes in the range.
func blanks(start, end int) edit { return edit{start, end, strings.Repeat(" ", end-start)} }

// dollarNumber is the text of parameter n.
func dollarNumber(n int) string { return "$" + strconv.Itoa(n) }
