// Package parse turns SQL text into the syntax trees of package ast.
//
// It promises that no part of a statement is lost: a clause that ast has no node for, or
// that this package does not know, is refused by name with SQLSTATE 0A000 and its
// position. It never panics and never recurses deeper than its limits, whatever the
// text. Positions in trees and errors are 1-based byte offsets into the text as given,
// even where placeholders were rewritten.
//
// The grammar is PostgreSQL 18's, by way of the module oliphant, whose types do not leave
// this package. Beyond it there are: the placeholders ? and :v1 (see placeholders), AS OF
// SYSTEM TIME after a table's name or on BEGIN and SET TRANSACTION, SHOW TABLES, DESCRIBE,
// CREATE DATABASE IF NOT EXISTS, and CREATE STREAM and DROP STREAM.
//
// Normalize makes a key for caches, and Splitter finds where statements end, both by
// tokens alone.
package parse

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sqlc-dev/oliphant/parser"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// Limits bounds what Parse accepts. The zero value means the defaults.
type Limits struct {
	// MaxBytes is the longest text. Default 1 MiB.
	MaxBytes int
	// MaxNesting is the deepest nesting of parentheses, brackets and CASE, and the
	// longest run of prefix operators. Default 500.
	MaxNesting int
	// MaxDepth is the deepest tree, which long chains of operators make: a+b+c+… is as
	// deep as it is long; chains of AND and of OR are not. Default 10000.
	MaxDepth int
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 1 << 20
	}
	if l.MaxNesting <= 0 {
		l.MaxNesting = 500
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 10000
	}
	return l
}

// exprNode is ast.Expr, named so that the pre-scan need not import it.
type exprNode = ast.Expr

// Parse returns the statements of the text in order; none for an empty one.
func Parse(sql string, limits Limits) (stmts []ast.Stmt, err error) {
	limits = limits.withDefaults()
	if err := checkText(sql, limits); err != nil {
		return nil, err
	}
	toks, err := scanAll(sql, limits)
	if err != nil {
		return nil, err
	}
	edits, err := placeholders(sql, toks)
	if err != nil {
		return nil, err
	}
	for _, p := range cut(sql, toks) {
		s, err := parseOne(sql, toks[p.from:p.to], p, edits, limits)
		if err != nil {
			return nil, err
		}
		stmts = append(stmts, s)
	}
	return stmts, nil
}

// ParseExpr parses one expression, such as the stored text of a default or a check.
func ParseExpr(sql string, limits Limits) (ast.Expr, error) {
	limits = limits.withDefaults()
	if err := checkText(sql, limits); err != nil {
		return nil, err
	}
	toks, err := scanAll(sql, limits)
	if err != nil {
		return nil, err
	}
	for _, t := range toks {
		if t.punct(sql, ';') {
			return nil, dberr.SQL(dberr.StateSyntax, "syntax error at or near \";\"").At(t.start + 1)
		}
	}
	clauses, edits, err := takeAsOf(sql, toks, nil, limits)
	if err != nil {
		return nil, err
	}
	return parseExprText(rewrite(sql, "SELECT ", 0, len(sql), edits), clauses, limits)
}

func checkText(sql string, limits Limits) error {
	if len(sql) > limits.MaxBytes {
		return dberr.SQL(dberr.StateProgramLimit, "the statement has %d bytes, more than the limit of %d", len(sql), limits.MaxBytes).
			WithHint("Send large values as parameters, or load data with an import.")
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return dberr.SQL("22021", "invalid byte sequence for encoding \"UTF8\": 0x00").At(i + 1)
	}
	if !utf8.ValidString(sql) {
		i := 0
		for i < len(sql) {
			r, n := utf8.DecodeRuneInString(sql[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		return dberr.SQL("22021", "invalid byte sequence for encoding \"UTF8\": 0x%02x", sql[i]).At(i + 1)
	}
	return nil
}

// parseOne parses the statement that has the given tokens.
func parseOne(sql string, toks []token, p piece, edits []edit, limits Limits) (ast.Stmt, error) {
	span := ast.Span{Start: toks[0].start, End: toks[len(toks)-1].end}
	if s, err := describe(sql, toks, span); s != nil || err != nil {
		return s, err
	}
	ine := ifNotExists(sql, toks)
	if ine != nil {
		edits = []edit{*ine}
	}
	stream, edits, err := streamStatement(sql, toks, edits)
	if err != nil {
		return nil, err
	}
	clauses, edits, err := takeAsOf(sql, toks, edits, limits)
	if err != nil {
		return nil, err
	}
	m := &mapper{text: rewrite(sql, "", span.Start, p.end, edits), maxDepth: limits.MaxDepth}
	s, err := m.parse(clauses)
	if err != nil {
		return nil, err
	}
	if d, ok := s.(*ast.CreateDatabase); ok {
		d.IfNotExists = ine != nil
	}
	stream.mark(s)
	setSpan(s, span)
	return s, nil
}

// takeAsOf finds the AS OF SYSTEM TIME clauses, parses their times, and adds the edits
// that take them out of the text.
func takeAsOf(sql string, toks []token, edits []edit, limits Limits) ([]*asOfClause, []edit, error) {
	clauses, err := findAsOf(sql, toks)
	if err != nil || len(clauses) == 0 {
		return nil, edits, err
	}
	for _, c := range clauses {
		if c.expr, err = parseExprText(rewrite(sql, "SELECT ", c.start, c.end, edits), nil, limits); err != nil {
			return nil, nil, err
		}
	}
	return clauses, mergeEdits(edits, clauses), nil
}

// addAsOf makes the clause known to the tables that it may be about.
func (m *mapper) addAsOf(c *asOfClause) {
	if m.asOf == nil {
		m.asOf = map[int]*asOfClause{}
	}
	for _, t := range c.tables {
		if m.asOf[t] == nil {
			m.asOf[t] = c
		}
	}
	if m.stmtAsOf == nil {
		m.stmtAsOf = c
	}
}

// parse runs the grammar on the mapper's text, which holds one statement, out of which
// the clauses have been taken.
func (m *mapper) parse(clauses []*asOfClause) (s ast.Stmt, err error) {
	for _, c := range clauses {
		m.addAsOf(c)
	}
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, dberr.SQL(dberr.StateInternal, "the parser failed on this statement").
				At(m.text.start+1).Wrap(fmt.Errorf("parse: panic: %v", r))
		}
	}()
	tree, err := parser.ParseToTree(m.text.text)
	if err != nil {
		return nil, grammarError(err, m.text)
	}
	if len(tree.Stmts) != 1 {
		return nil, dberr.SQL(dberr.StateSyntax, "a statement was expected").At(m.text.start + 1)
	}
	s = m.statement(tree.Stmts[0].Stmt)
	if m.err != nil {
		return nil, m.err
	}
	for _, c := range clauses {
		if !c.claimed {
			return nil, dberr.SQL(dberr.StateSyntax, "AS OF SYSTEM TIME must follow a table's name, or BEGIN").At(c.pos + 1)
		}
	}
	return s, nil
}

// parseExprText parses a text that is SELECT and one expression.
func parseExprText(text *rewritten, clauses []*asOfClause, limits Limits) (ast.Expr, error) {
	m := &mapper{text: text, maxDepth: limits.MaxDepth}
	s, err := m.parse(clauses)
	if err != nil {
		return nil, err
	}
	q, ok := s.(*ast.Select)
	if !ok || len(q.Targets) != 1 || q.Targets[0].Alias != "" || q.Op != ast.NoSetOp || q.Distinct || q.From != nil ||
		q.Where != nil || q.GroupBy != nil || q.Having != nil || q.Windows != nil || q.OrderBy != nil ||
		q.Limit != nil || q.Offset != nil || q.Locking != nil {
		return nil, dberr.SQL(dberr.StateSyntax, "one expression was expected").At(text.start + 1)
	}
	return q.Targets[0].Expr, nil
}

// describe recognises DESCRIBE and DESC, which the grammar does not have.
func describe(sql string, toks []token, span ast.Span) (ast.Stmt, error) {
	if !toks[0].is(sql, "describe") && !toks[0].is(sql, "desc") {
		return nil, nil
	}
	rest := toks[1:]
	if len(rest) > 0 && rest[0].is(sql, "table") && len(rest) > 1 {
		rest = rest[1:]
	}
	var parts []string
	for i, t := range rest {
		switch {
		case i%2 == 1 && t.punct(sql, '.'):
			continue
		case i%2 == 0 && t.kind == kWord:
			parts = append(parts, strings.ToLower(sql[t.start:t.end]))
		case i%2 == 0 && t.kind == kQuoted && sql[t.start] == '"':
			parts = append(parts, strings.ReplaceAll(sql[t.start+1:t.end-1], `""`, `"`))
		default:
			return nil, nearError(sql, t)
		}
	}
	if len(rest)%2 == 0 || len(parts) > 3 {
		return nil, dberr.SQL(dberr.StateSyntax, "DESCRIBE needs a table's name").At(span.Start + 1)
	}
	m := &mapper{text: &rewritten{start: rest[0].start, end: span.End}}
	return &ast.Describe{Span: span, Name: m.nameOf(parts, 0)}, nil
}

// ifNotExists finds IF NOT EXISTS in CREATE DATABASE.
func ifNotExists(sql string, toks []token) *edit {
	for i, w := range []string{"create", "database", "if", "not", "exists"} {
		if i >= len(toks) || !toks[i].is(sql, w) {
			return nil
		}
	}
	e := blanks(toks[2].start, toks[4].end)
	return &e
}

// gap is what the grammar is given in place of the clause: nothing, or where something
// must stand what the clause means anyway.
func (c *asOfClause) gap() edit {
	e := blanks(c.pos, c.end)
	if c.alone {
		e.text = "READ ONLY" + e.text[len("READ ONLY"):]
	}
	return e
}

// mergeEdits puts the blanks for the clauses taken out among the edits, in order.
// Edits within a clause give way to its blanks.
func mergeEdits(edits []edit, clauses []*asOfClause) []edit {
	var out []edit
	for _, e := range edits {
		for len(clauses) > 0 && clauses[0].end <= e.start {
			out, clauses = append(out, clauses[0].gap()), clauses[1:]
		}
		if len(clauses) == 0 || e.end <= clauses[0].pos {
			out = append(out, e)
		}
	}
	for _, c := range clauses {
		out = append(out, c.gap())
	}
	return out
}
