package parse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// FuzzMySQL: whatever the text, there is a tree or an error that a user can use; never
// a panic. What is accepted has as many statements as the text, and the trees can be
// walked.
func FuzzMySQL(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "SELECT a, `b``c` FROM t WHERE x = 'it''s' AND y LIKE \"%\\_\" ORDER BY 1 DESC LIMIT 1, 2",
		"INSERT INTO t (a, b) VALUES (1, DEFAULT), (?, NULL) ON DUPLICATE KEY UPDATE a = VALUES(a) + 1", "REPLACE INTO t SET a = 1",
		"INSERT IGNORE INTO t SELECT * FROM u", "UPDATE t SET a = a + INTERVAL 1 DAY ORDER BY b LIMIT 3", "DELETE FROM t WHERE a <=> NULL LIMIT 1",
		"SELECT GROUP_CONCAT(DISTINCT a ORDER BY b SEPARATOR ';'), CAST(x AS DECIMAL(5,2)) FROM a JOIN b USING (c) GROUP BY 1 HAVING n > 2",
		"(SELECT 1) UNION ALL (SELECT 2) LIMIT 3; SHOW TABLES; BEGIN; COMMIT", "SELECT DATE '2020-01-01'", "SELECT 5--1", "SELECT /*! 1 */ 2",
		"SELECT -1, - -1, !a, ~b, NOT c, a->'$.b[0]', x'4d', 1e5, .5", "SELECT CASE a WHEN 1 THEN 2 END, IF(a, b, c), (1, 2) IN ((1, 2))",
		"UPDATE a x LEFT JOIN b USING (c), d SET x.n = 1, m = x.n WHERE y", "DELETE a, b FROM a JOIN b ON a.c = b.c WHERE d", "DELETE FROM a USING a JOIN b USING (c)",
		"ALTER TABLE t ADD x int", "CREATE TABLE t (a int REFERENCES b)", "EXPLAIN SELECT 1", strings.Repeat("(", 600) + "SELECT 1", "SELECT 'a' 'b' \"c\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		late := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("%q takes too long", sql)) })
		defer late.Stop()
		stmts, err := ParseMySQL(sql, Limits{MaxBytes: 4 << 10})
		if err != nil {
			e := dberr.As(err)
			if e == nil || len(e.SQLState) != 5 || e.SQLState == dberr.StateInternal || e.Position < 0 || e.Position > len(sql)+1 {
				t.Fatalf("%q: %#v", sql, err)
			}
			return
		}
		for _, st := range stmts {
			ast.Walk(st, func(any) bool { return true })
			if from, to := st.Range(); from < 0 || to > len(sql) || from >= to {
				t.Fatalf("%q: a statement at %d to %d", sql, from, to)
			}
		}
	})
}

// TestMySQLTokensAreKept: the check that no token was lost finds one that is taken out
// or changed, wherever it stands.
func TestMySQLTokensAreKept(t *testing.T) {
	for _, sql := range []string{
		"SELECT a + 1 , 'x' FROM t WHERE b <> 5 AND c IS NOT NULL GROUP BY d HAVING e ORDER BY f DESC LIMIT 3 , 4 FOR UPDATE",
		"INSERT IGNORE INTO t ( a ) VALUES ( 1 ) , ( DEFAULT ) ON DUPLICATE KEY UPDATE a = VALUES ( a )",
		"UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END WHERE c = ? ORDER BY d LIMIT 5",
		"DELETE FROM t WHERE a NOT IN ( 1 , 2 ) LIMIT 5",
		"UPDATE t LEFT JOIN u ON t . a = u . b SET t . c = 1 , d = 2 WHERE e",
		"DELETE t , u FROM t JOIN u ON t . a = u . b WHERE t . c = 3",
	} {
		toks, err := scanMySQL(sql, Limits{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		tree, err := sqlparser.Parse(joinMySQL(toks))
		if err != nil {
			t.Fatal(err)
		}
		m := &mysqlMapper{sql: sql, toks: toks}
		if err := m.complete(tree); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		for i := range toks {
			if _, counts := tokenKey(toks[i]); !counts || toks[i].is("+") {
				continue
			}
			more := append(append([]mysqlToken{}, toks[:i+1]...), toks[i:]...) // as if the grammar had lost one
			if err := (&mysqlMapper{sql: sql, toks: more}).complete(tree); err == nil && !(i+1 < len(toks) && toks[i].is("-")) {
				t.Errorf("%s: %q twice was not noticed", sql, toks[i].text)
			}
			less := append(append([]mysqlToken{}, toks[:i]...), toks[i+1:]...)
			if len(less) > 0 && (&mysqlMapper{sql: sql, toks: less}).complete(tree) == nil {
				t.Errorf("%s: %q that was never there was not noticed", sql, toks[i].text)
			}
		}
	}
}

// TestMySQLLimits: long and deep texts are refused before they cost much.
func TestMySQLLimits(t *testing.T) {
	for _, sql := range []string{
		"SELECT " + strings.Repeat("(", 501) + "1" + strings.Repeat(")", 501),
		"SELECT " + strings.Repeat("NOT ", 600) + "1",
		"SELECT 1" + strings.Repeat(" + 1", 20000),
		"SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 501) + "1" + strings.Repeat(" END", 501),
		"SELECT '" + strings.Repeat("x", 1<<20) + "'",
	} {
		if _, err := ParseMySQL(sql, Limits{}); dberr.As(err) == nil {
			t.Errorf("%.40s: %v", sql, err)
		}
	}
	if _, err := ParseMySQL("SELECT 1"+strings.Repeat(" OR 1", 20000), Limits{}); err != nil {
		t.Errorf("a long chain of OR: %v", err)
	}
	stmts, err := ParseMySQL("SELECT ?; SELECT ?, ?", Limits{})
	if err != nil || len(stmts) != 2 || ast.MaxParam(stmts[1]) != 3 {
		t.Errorf("placeholders are counted over the statements: %v", err)
	}
}
