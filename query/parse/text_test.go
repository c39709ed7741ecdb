package parse

import (
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// TestErrors checks SQLSTATE, position, message and hint of texts that are refused.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		sql, state string
		pos        int
		message    string
		hint       string
	}{
		{"SELECT 1 FROM", "42601", 14, "syntax error at end of input", ""},
		{"SELECT 1; SELECT 2 FROM; SELECT 3", "42601", 24, `syntax error at or near ";"`, ""},
		{"SELECT 'é', é FROM FROM", "42601", 22, `syntax error at or near "FROM"`, ""},
		{"SELECT ?, ? FROM FROM", "42601", 18, `syntax error at or near "FROM"`, ""},
		{"SELECT 'abc", "42601", 8, `unterminated quoted string at or near "'abc"`, ""},
		{"SELECT \"abc", "42601", 8, `unterminated quoted identifier at or near ""abc"`, ""},
		{"SELECT $a$abc", "42601", 8, `unterminated dollar-quoted string at or near "$a$abc"`, ""},
		{"SELECT 1 /* x", "42601", 10, `unterminated /* comment at or near "/* x"`, ""},
		{"SELECT `a`", "42601", 8, "syntax error at or near \"`\"", "mysql"},
		{"SELECT 1 LIMIT 1, 2", "42601", 10, "LIMIT #,# syntax is not supported", "LIMIT and OFFSET"},
		{"CREATE TABLE t (a int AUTO_INCREMENT)", "42601", 23, `syntax error at or near "AUTO_INCREMENT"`, "IDENTITY"},
		{"REPLACE INTO t VALUES (1)", "42601", 1, `syntax error at or near "REPLACE"`, "ON CONFLICT"},
		{"SELECT ? + $1", "42601", 0, "", ""},
		{"SELECT ?, :v1", "42601", 11, "the statement mixes kinds of placeholders", "$1"},
		{"SELECT $1, :v1", "42601", 12, "the statement mixes kinds of placeholders", "$1"},
		{"SELECT a\x00", "22021", 9, `invalid byte sequence for encoding "UTF8": 0x00`, ""},
		{"SELECT 'a\xff'", "22021", 10, `invalid byte sequence for encoding "UTF8": 0xff`, ""},
		{"SELECT 1 AS OF SYSTEM TIME '-1s'", "42601", 10, "AS OF SYSTEM TIME must follow a table's name, or BEGIN", ""},
		{"SELECT * FROM t AS OF SYSTEM TIME WHERE a", "42601", 17, "AS OF SYSTEM TIME needs a time", "Write"},
		{"EXPLAIN (FOO) SELECT 1", "42601", 10, `unrecognized EXPLAIN option "foo"`, ""},
		{"EXPLAIN (COSTS maybe) SELECT 1", "42601", 10, "costs requires a Boolean value", ""},
		{"EXPLAIN (FORMAT csv) SELECT 1", "22023", 10, `unrecognized value for EXPLAIN option "format": "csv"`, "json"},
		{"CREATE TABLE t (a int DEFERRABLE)", "42601", 23, "misplaced DEFERRABLE clause", ""},
		{"CREATE SEQUENCE s START 1 START 2", "42601", 27, "conflicting or redundant options", ""},
		{"DESCRIBE", "42601", 1, "DESCRIBE needs a table's name", ""},
		{"DESCRIBE 1", "42601", 10, `syntax error at or near "1"`, ""},
		{strings.Repeat("x", 101), "54000", 0, "the statement has 101 bytes, more than the limit of 100", "parameters"},
	} {
		_, err := Parse(c.sql, Limits{MaxBytes: 100})
		e := dberr.As(err)
		switch {
		case c.message == "" && err == nil: // a ? beside $1 is an operator
		case e == nil:
			t.Errorf("%s: got %v, want %s", c.sql, err, c.message)
		case e.SQLState != c.state || e.Position != c.pos && c.message != "" || c.message != "" && e.Message != c.message || !strings.Contains(e.Hint, c.hint):
			t.Errorf("%s: got %s %q at %d, hint %q", c.sql, e.SQLState, e.Message, e.Position, e.Hint)
		}
	}
}

// TestDeep gives texts that would overflow a stack or take quadratic time, and wants a
// refusal or an answer, soon.
func TestDeep(t *testing.T) {
	const n = 100000
	for name, sql := range map[string]string{
		"parentheses": "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"brackets":    "SELECT a" + strings.Repeat("[a", n),
		"case":        "SELECT " + strings.Repeat("CASE WHEN ", n),
		"not":         "SELECT " + strings.Repeat("NOT ", n) + "true",
		"minus":       "SELECT " + strings.Repeat("- ", n) + "1",
		"plus":        "SELECT 1" + strings.Repeat("+1", n),
		"casts":       "SELECT 1" + strings.Repeat("::int", n),
		"joins":       "SELECT * FROM a" + strings.Repeat(" JOIN a", n),
		"unions":      "SELECT 1" + strings.Repeat(" UNION SELECT 1", n/2),
		"collate":     "SELECT a" + strings.Repeat(" COLLATE x", n/2),
		"is null":     "SELECT a" + strings.Repeat(" IS NULL", n),
		"at zone":     "SELECT a" + strings.Repeat(" AT TIME ZONE x", n/2),
	} {
		_, err := Parse(sql, Limits{})
		if e := dberr.As(err); e == nil || e.SQLState != "54001" && e.SQLState != "42601" || e.Position == 0 {
			t.Errorf("%s: got %.100v, want 54001 with a position", name, err)
		}
	}
	for name, sql := range map[string]string{
		"and":  "SELECT a" + strings.Repeat(" AND a", n),
		"or":   "SELECT a" + strings.Repeat(" OR a", n),
		"list": "SELECT a IN (1" + strings.Repeat(",1", n) + ")",
		"rows": "INSERT INTO t VALUES (1)" + strings.Repeat(",(1)", n),
		"many": strings.Repeat("SELECT 1;", n/2),
	} {
		if _, err := Parse(sql, Limits{}); err != nil {
			t.Errorf("%s: %.100v", name, err)
		}
	}
}

// TestPlaceholders shows which question marks are placeholders, by what is printed.
func TestPlaceholders(t *testing.T) {
	for _, c := range [][2]string{
		{"SELECT ?, ? + ?", "SELECT $1, $2 + $3"},
		{"SELECT a ? 'k', a ?| b, a ?& b", "SELECT a ? 'k', a ?| b, a ?& b"},
		{"SELECT * FROM t WHERE a=? AND b->? = 'x' AND c ? ?", "SELECT * FROM t WHERE (a = $1) AND ((b -> $2) = 'x') AND (c ? $3)"},
		{"SELECT a ? $1, b=$2", "SELECT a ? $1, b = $2"},
		{"SELECT '?', \"?\", $$?$$ /* ? */ -- ?\n, ?", "SELECT '?', \"?\", '?', $1"},
		{"SELECT ?::int, (?), ARRAY[?], f(?, x => ?), CASE ? WHEN ? THEN ? ELSE ? END",
			"SELECT $1::int4, $2, ARRAY[$3], f($4, x => $5), CASE $6 WHEN $7 THEN $8 ELSE $9 END"},
		{"SELECT a @? b, ?+1, ?||'x', -?", "SELECT a @? b, $1 + 1, $2 || 'x', - $3"},
		{"SELECT 1 FROM t LIMIT ? OFFSET ?", "SELECT 1 FROM t OFFSET $2 LIMIT $1"},
		{"SELECT 1 FROM t FETCH FIRST ? ROWS ONLY", "SELECT 1 FROM t LIMIT $1"},
		{"SELECT a BETWEEN ? AND ?, a LIKE ? ESCAPE ?, a IN (?, ?), a = ANY(?)",
			"SELECT a BETWEEN $1 AND $2, a LIKE $3 ESCAPE $4, a IN ($5, $6), a = ANY ($7)"},
		{"SELECT ? ? ?", "SELECT $1 ? $2"},
		{"UPDATE t SET a=?, b = ? WHERE c = ? RETURNING ?", "UPDATE t SET a = $1, b = $2 WHERE c = $3 RETURNING $4"},
		{"SELECT :v1, :v2 + :v1, a[1:v3], b::v4", "SELECT $1, $2 + $1, (a)[1:v3], b::v4"},
		{"SELECT first ? 'k', rows ? x FROM t", "SELECT first ? 'k', rows ? x FROM t"},
	} {
		stmts, err := Parse(c[0], Limits{})
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
		} else if got := ast.QueryString(stmts[0]); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

// TestPositions checks that nodes stand where the text says, around rewritten placeholders.
func TestPositions(t *testing.T) {
	sql := "/* é */ SELECT ?, aé, ? + bb FROM tt AS OF SYSTEM TIME ? WHERE cc = ?; SELECT dd"
	stmts, err := Parse(sql, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range stmts {
		ast.Walk(s, func(n any) bool {
			switch n := n.(type) {
			case *ast.ColumnRef:
				seen[n.Names[0]] = strings.HasPrefix(sql[n.Pos()-1:], n.Names[0])
			case *ast.TableRef:
				seen[n.Name.Name] = strings.HasPrefix(sql[n.Pos()-1:], n.Name.Name) && n.AsOf.(*ast.Param).Number == 3
			case *ast.Param:
				seen["$"] = sql[n.Pos()-1] == '?'
			case *ast.Binary:
				seen[n.Op] = strings.HasPrefix(sql[n.Pos()-1:], n.Op)
			}
			return true
		})
	}
	for _, want := range []string{"aé", "bb", "tt", "cc", "dd", "$", "+", "="} {
		if !seen[want] {
			t.Errorf("%s is not where it says", want)
		}
	}
	if start, end := stmts[1].Range(); sql[start:end] != "SELECT dd" {
		t.Errorf("the second statement spans %q", sql[start:end])
	}
}

func TestNormalize(t *testing.T) {
	same := func(same bool, a, b string) {
		t.Helper()
		ka, _, oka := Normalize(a)
		kb, _, okb := Normalize(b)
		if !oka || !okb || (ka == kb) != same {
			t.Errorf("%s\n%s\nhave keys %q and %q", a, b, ka, kb)
		}
	}
	same(true, "SELECT * FROM t WHERE a = 1 AND b = 'x'", "select *\n\tfrom T -- c\nwhere A=22 and b='it''s'")
	same(true, "SELECT 1.5 LIMIT 5", "SELECT 2e7 LIMIT 6")
	same(true, "INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (2, 'b')")
	same(true, "SELECT a OVER (ORDER BY b ROWS 1 PRECEDING)", "SELECT a OVER (ORDER BY b ROWS 2 PRECEDING)")
	same(true, "SELECT a FROM t ORDER BY 1 LIMIT 5", "SELECT a FROM t ORDER BY 1 LIMIT 6")
	same(false, "SELECT 1", "SELECT 3000000000")
	same(false, "SELECT 1", "SELECT 1.0")
	same(false, "SELECT -2147483648", "SELECT -2147483649")
	same(false, "SELECT 0x10", "SELECT 0x11")
	same(false, "SELECT a FROM t ORDER BY 1", "SELECT a FROM t ORDER BY 2")
	same(false, "SELECT a + 1 FROM t GROUP BY a + 1", "SELECT a + 2 FROM t GROUP BY a + 1")
	same(false, "SELECT a::varchar(1)", "SELECT a::varchar(2)")
	same(false, "SELECT CAST(a AS decimal(5,2))", "SELECT CAST(a AS decimal(5,3))")
	same(false, "SELECT date '2020-01-01'", "SELECT date '2020-01-02'")
	same(false, "SELECT interval '1' day", "SELECT interval '2' day")
	same(false, "SELECT E'a'", "SELECT E'b'")
	same(false, "SELECT \"a\"", "SELECT \"A\"")
	same(false, "SELECT 'a'\n'b'", "SELECT 'a' 'b'")
	same(false, "CREATE TABLE t (a int DEFAULT 1)", "CREATE TABLE t (a int DEFAULT 2)")
	same(false, "INSERT INTO t VALUES (1) ON CONFLICT ((a + 1)) DO NOTHING", "INSERT INTO t VALUES (1) ON CONFLICT ((a + 2)) DO NOTHING")
	sql := "SELECT 'it''s', -12, a FROM t WHERE b = 1.50"
	_, consts, _ := Normalize(sql)
	var got []string
	for _, c := range consts {
		got = append(got, string(c.Kind)+c.Value(sql))
	}
	if want := []string{"sit's", "i12", "n1.50"}; !slices.Equal(got, want) {
		t.Errorf("got constants %q, want %q", got, want)
	}
	if _, _, ok := Normalize("SELECT 'open"); ok {
		t.Error("a text that does not end has a key")
	}
}

func TestSplit(t *testing.T) {
	text := "SELECT 1; ;-- a; b\nSELECT ';', \";\", $x$;$x$ /* ; /* ; */ */ , (1;2);\n" +
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END; SELECT 'it''s;\n'; tail -- end"
	want := []string{"SELECT 1", "SELECT ';', \";\", $x$;$x$ /* ; /* ; */ */ , (1;2)",
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END", "SELECT 'it''s;\n'", "tail"}
	if got := Split(text); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for step := 1; step < 9; step++ { // in pieces of any size
		var s Splitter
		var got []string
		for i := 0; i < len(text); i += step {
			got = append(got, s.Add(text[i:min(i+step, len(text))])...)
		}
		if !slices.Equal(got, want[:4]) {
			t.Errorf("in steps of %d: got %q", step, got)
		}
		if rest, pending := s.Rest(); !pending || strings.TrimSpace(rest) != "tail -- end" {
			t.Errorf("in steps of %d: the rest is %q", step, rest)
		}
	}
	for in, want := range map[string]byte{"SELECT 'a": '\'', "SELECT E'a\\'": '\'', "SELECT (1": '(', "SELECT $q$ a": '$',
		"/* x": '*', "SELECT \"a": '"', "SELECT 1": 0, "": 0} {
		var s Splitter
		s.Add(in)
		if got := s.Open(); got != want {
			t.Errorf("%q: open is %q, want %q", in, got, want)
		}
	}
}
