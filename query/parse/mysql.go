package parse

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// ParseMySQL returns the statements of a text in MySQL's dialect: SELECT, INSERT,
// REPLACE, UPDATE and DELETE, with MySQL's meaning in the same trees, and the few
// others that clients send (transactions, SHOW, DESCRIBE). Everything else is refused
// with a hint to use the default dialect.
//
// The grammar is that of the module sqlparser, which accepts more than it keeps. So it is
// given a text that is made anew of our own tokens, without comments and with every
// string and name quoted, and its tree is turned into text again and held against those
// tokens: a statement of which a token was lost is refused.
func ParseMySQL(sql string, limits Limits) ([]ast.Stmt, error) {
	limits = limits.withDefaults()
	if err := checkText(sql, limits); err != nil {
		return nil, err
	}
	toks, err := scanMySQL(sql, limits)
	if err != nil {
		return nil, err
	}
	var out []ast.Stmt
	params := 0
	for len(toks) > 0 {
		n := 0
		for n < len(toks) && !toks[n].is(";") {
			n++
		}
		if n > 0 {
			m := &mysqlMapper{sql: sql, toks: toks[:n], maxDepth: limits.MaxDepth, firstParam: params}
			st, err := m.statement(limits)
			if err != nil {
				return nil, err
			}
			setSpan(st, ast.Span{Start: toks[0].start, End: toks[n-1].end})
			out = append(out, st)
			params += m.params
		}
		if n < len(toks) {
			n++
		}
		toks = toks[n:]
	}
	return out, nil
}

const mysqlHint = `Send it without "dialect":"mysql": the default dialect, PostgreSQL's, has it in full.`

// refuseMySQL refuses a feature by name.
func refuseMySQL(pos int, format string, args ...any) *dberr.Error {
	return dberr.SQL(dberr.StateFeatureNotSupported, format+" is not supported in the MySQL dialect", args...).At(pos).WithHint(mysqlHint)
}

// mysqlMapper turns one statement into our tree.
type mysqlMapper struct {
	sql        string
	toks       []mysqlToken
	firstParam int // placeholders in the statements before
	params     int // in this one
	depth      int
	maxDepth   int
	err        error
	// aliases are the select list's names where HAVING and ORDER BY may mean them.
	aliases []ast.Target
}

// pos is where the statement begins.
func (m *mysqlMapper) pos() int { return m.toks[0].start + 1 }

// at is where a name is first used, which is where it is at fault most of the time.
func (m *mysqlMapper) at(name string) ast.Loc {
	for _, t := range m.toks {
		if (t.kind == myWord || t.kind == myName) && strings.EqualFold(t.text, name) {
			return ast.Loc(t.start + 1)
		}
	}
	return ast.Loc(m.pos())
}

// refuse notes the first fault.
func (m *mysqlMapper) refuse(format string, args ...any) {
	if m.err == nil {
		m.err = refuseMySQL(m.pos(), format, args...)
	}
}

func (m *mysqlMapper) refuseIf(bad bool, format string, args ...any) {
	if bad {
		m.refuse(format, args...)
	}
}

// statement maps the statement.
func (m *mysqlMapper) statement(limits Limits) (st ast.Stmt, err error) {
	first := m.toks[0].word()
	switch first {
	case "begin", "start", "commit", "rollback", "savepoint", "release":
		return m.asDefault(limits)
	case "show", "describe", "desc":
		return m.show(limits)
	case "select", "insert", "replace", "update", "delete", "(":
	default:
		return nil, refuseMySQL(m.pos(), "%s", strings.ToUpper(m.toks[0].shown()))
	}
	if err := m.modifiers(first); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			st, err = nil, dberr.SQL(dberr.StateInternal, "the parser failed on this statement").At(m.pos()).Wrap(fmt.Errorf("parse: panic: %v", r))
		}
	}()
	if first == "insert" || first == "replace" {
		m.noColumns()
	}
	text := joinMySQL(m.toks)
	tree, err := sqlparser.Parse(text)
	if err != nil {
		return nil, m.syntaxError(err)
	}
	switch t := tree.(type) {
	case sqlparser.SelectStatement:
		st = m.query(t, true)
	case *sqlparser.Insert:
		st = m.insert(t)
	case *sqlparser.Update:
		st = m.update(t)
	case *sqlparser.Delete:
		st = m.delete(t)
	default:
		m.refuse("%s", strings.ToUpper(first))
	}
	if m.err != nil {
		return nil, m.err
	}
	return st, m.complete(tree)
}

// asDefault parses a statement that both dialects write alike.
func (m *mysqlMapper) asDefault(limits Limits) (ast.Stmt, error) {
	from, to := m.toks[0].start, m.toks[len(m.toks)-1].end
	stmts, err := Parse(m.sql[from:to], limits)
	if e := dberr.As(err); e != nil && e.Position > 0 {
		e.Position += from
	}
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, refuseMySQL(m.pos(), "this statement")
	}
	return stmts[0], nil
}

// modifiers refuses the words after the first that the grammar would take for names.
func (m *mysqlMapper) modifiers(first string) error {
	if len(m.toks) < 2 {
		return nil
	}
	t := m.toks[1]
	if t.kind != myWord || !mysqlModifiers[t.text] {
		return nil
	}
	return refuseMySQL(t.start+1, "%s %s", strings.ToUpper(first), strings.ToUpper(t.text))
}

// noColumns takes an empty list of columns out, which stands for all of them.
func (m *mysqlMapper) noColumns() {
	for i := 0; i+2 < len(m.toks); i++ {
		if m.toks[i].is("(") && m.toks[i+1].is(")") && m.toks[i+2].word() == "values" {
			m.toks = append(m.toks[:i:i], m.toks[i+2:]...)
			return
		}
	}
}

var mysqlModifiers = map[string]bool{"low_priority": true, "high_priority": true, "delayed": true, "quick": true, "sql_calc_found_rows": true,
	"sql_small_result": true, "sql_big_result": true, "sql_buffer_result": true, "sql_cache": true, "sql_no_cache": true, "straight_join": true}

var mysqlPosition = regexp.MustCompile(`at position (\d+)`)

// syntaxError finds the token that the grammar stumbled over.
func (m *mysqlMapper) syntaxError(err error) error {
	pos, near := len(m.sql), "end of statement"
	if at := mysqlPosition.FindStringSubmatch(err.Error()); at != nil {
		n, _ := strconv.Atoi(at[1]) // of digits, and a wrong one only points elsewhere
		sum := 0
		for _, t := range m.toks {
			sum += len(t.emit()) + 1
			if sum >= n-1 {
				pos, near = t.start, strconv.Quote(clip(m.sql[t.start:t.end]))
				break
			}
		}
	}
	return dberr.SQL(dberr.StateSyntax, "syntax error in the MySQL dialect at or near %s", near).At(pos+1).
		Wrap(errors.New(err.Error())).WithHint("The dialect serves plain SELECT, INSERT, REPLACE, UPDATE and DELETE. %s", mysqlHint)
}

// show serves the statements by which clients look around, as queries of the catalog.
func (m *mysqlMapper) show(limits Limits) (ast.Stmt, error) {
	words := make([]string, len(m.toks))
	for i, t := range m.toks {
		words[i] = t.word()
	}
	text := strings.Join(words, " ")
	query := ""
	table := ""
	switch {
	case text == "show tables" || text == "show full tables":
		query = `SELECT table_name AS "Tables"`
		if words[1] == "full" {
			query += `, table_type AS "Table_type"`
		}
		query += ` FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	case text == "show databases" || text == "show schemas":
		query = `SELECT current_database()::text AS "Database"`
	case (words[0] == "describe" || words[0] == "desc") && len(words) == 2:
		table = m.toks[1].text
	case len(words) == 4 && words[0] == "show" && (words[1] == "columns" || words[1] == "fields") && (words[2] == "from" || words[2] == "in"):
		table = m.toks[3].text
	default:
		return nil, refuseMySQL(m.pos(), "this form of %s", strings.ToUpper(words[0]))
	}
	if table != "" {
		name := "'" + strings.ReplaceAll(table, "'", "''") + "'"
		query = `SELECT c.column_name AS "Field", c.data_type AS "Type", c.is_nullable AS "Null",
			CASE WHEN EXISTS (SELECT 1 FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k
				ON k.constraint_name = t.constraint_name AND k.table_name = t.table_name AND k.table_schema = t.table_schema
				WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_name = c.table_name AND t.table_schema = c.table_schema AND k.column_name = c.column_name) THEN 'PRI' ELSE '' END AS "Key",
			c.column_default AS "Default", CASE WHEN c.is_identity = 'YES' THEN 'auto_increment' ELSE '' END AS "Extra"
			FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = ` + name + ` ORDER BY c.ordinal_position`
	}
	stmts, err := Parse(query, limits)
	if err != nil {
		return nil, err
	}
	return stmts[0], nil
}
