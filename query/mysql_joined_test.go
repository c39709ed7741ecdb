package query

import "testing"

// TestMySQLJoined: UPDATE and DELETE of several tables change each row once, by the values
// from before.
func TestMySQLJoined(t *testing.T) {
	for _, c := range []struct{ sql, a, b, want string }{
		{sql: "UPDATE a JOIN b ON a.id = b.a SET a.n = a.n + 1", a: "1|11;2|21;3|30", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "UPDATE a, b SET a.n = b.m WHERE a.id = b.a AND b.id = 3", a: "1|10;2|300;3|30", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "UPDATE a x INNER JOIN b AS y ON x.id = y.a SET y.m = y.m + x.n, x.n = 0 WHERE x.id < 3", a: "1|0;2|0;3|30", b: "1|1|110;2|1|210;3|2|320;4|9|400"},
		{sql: "UPDATE b LEFT JOIN a ON a.id = b.a SET b.m = COALESCE(a.n, -1)", a: "1|10;2|20;3|30", b: "1|1|10;2|1|10;3|2|20;4|9|-1"},
		{sql: "UPDATE b LEFT JOIN a ON a.id = b.a SET a.n = 7, m = 8", a: "1|7;2|7;3|30", b: "1|1|8;2|1|8;3|2|8;4|9|8"},
		{sql: "UPDATE a RIGHT JOIN b ON a.id = b.a SET a.n = a.n * 2 WHERE b.id > 2", a: "1|10;2|40;3|30", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "UPDATE a, (SELECT a, SUM(m) AS s FROM b GROUP BY a) t SET n = t.s WHERE a.id = t.a", a: "1|300;2|300;3|30", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "UPDATE a x JOIN a y ON x.id = y.id + 1 SET x.n = y.n", a: "1|10;2|10;3|20", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "DELETE a FROM a JOIN b ON a.id = b.a", a: "3|30", b: "1|1|100;2|1|200;3|2|300;4|9|400"},
		{sql: "DELETE b FROM a LEFT JOIN b ON a.id = b.a WHERE a.id <> 2", a: "1|10;2|20;3|30", b: "3|2|300;4|9|400"},
		{sql: "DELETE a, b FROM a INNER JOIN b ON a.id = b.a WHERE b.m < 300", a: "2|20;3|30", b: "3|2|300;4|9|400"},
		{sql: "DELETE FROM y USING b y LEFT JOIN a ON a.id = y.a WHERE a.id IS NULL", a: "1|10;2|20;3|30", b: "1|1|100;2|1|200;3|2|300"},
		{sql: "DELETE FROM x, b USING a x JOIN b USING (id) WHERE b.m > 100", a: "1|10", b: "1|1|100;4|9|400"},

		{sql: "UPDATE a JOIN b ON a.id = b.a SET id = 1", want: "42702"},
		{sql: "UPDATE a JOIN b ON a.id = b.a SET c.n = 1", want: "42P01"},
		{sql: "UPDATE a JOIN b ON a.id = b.a SET nope = 1", want: "42703"},
		{sql: "UPDATE a JOIN (SELECT 1 AS k) t ON a.id = t.k SET t.k = 2", want: "42809"},
		{sql: "UPDATE a JOIN b ON a.id = b.a SET n = 1 LIMIT 1", want: "0A000"},
		{sql: "UPDATE a x JOIN a y ON x.id = y.id SET x.n = 1, y.n = 2", want: "0A000"},
		{sql: "DELETE c FROM a JOIN b ON a.id = b.a", want: "42P01"},
		{sql: "UPDATE a SET n = 5, id = n", want: "0A000"},
		{sql: "UPDATE a JOIN b ON a.id = b.a SET n = m, m = n", want: "0A000"},
		{sql: "INSERT INTO a VALUES (1, 2) ON DUPLICATE KEY UPDATE n = 5, id = n + 1", want: "0A000"},
	} {
		e := testEngine(t, Options{})
		mustExec(t, e, "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, a int, m int)")
		mustExec(t, e, "INSERT INTO a VALUES (1, 10), (2, 20), (3, 30); INSERT INTO b VALUES (1, 1, 100), (2, 1, 200), (3, 2, 300), (4, 9, 400)")
		got := mysql(e, c.sql)
		if c.want != "" {
			if len(got) < 11 || got[6:11] != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
			continue
		}
		if a, b := mysql(e, "SELECT * FROM a ORDER BY id"), mysql(e, "SELECT * FROM b ORDER BY id"); got != "" || a != c.a || b != c.b {
			t.Errorf("%s: %s\ngot  %s and %s\nwant %s and %s", c.sql, got, a, b, c.a, c.b)
		}
	}
}

// TestRowsOfSeveralChanges: the rows that changes in WITH make together are counted.
func TestRowsOfSeveralChanges(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, "CREATE TABLE a (id int PRIMARY KEY, n int); INSERT INTO a VALUES (1, 10), (2, 20); CREATE TABLE c (id int, n int); INSERT INTO c VALUES (1, 1)")
	for _, c := range []struct {
		dialect, sql string
		want         int64
	}{
		{"", "MERGE INTO a USING (VALUES (1), (2), (3)) v(k) ON a.id = k WHEN MATCHED THEN UPDATE SET n = 0 WHEN NOT MATCHED THEN INSERT VALUES (k, 0)", 3},
		{"mysql", "UPDATE a JOIN a b ON a.id <> b.id SET a.n = 1", 3},
		{"mysql", "UPDATE a x LEFT JOIN c y ON x.id = y.id + 1 SET x.n = 1, y.n = 2", 4},
		{"mysql", "DELETE x, y FROM a x JOIN a y ON x.id = y.id + 1 WHERE x.id = 2", 2},
	} {
		s, err := e.NewSession(bg, "")
		if err != nil {
			t.Fatal(err)
		}
		m := &MemorySink{}
		if err := s.Execute(bg, Request{SQL: c.sql, Dialect: c.dialect}, m); err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		if got := m.Results[0].Tag.Rows; got != c.want {
			t.Errorf("%s: %d rows, want %d", c.sql, got, c.want)
		}
		s.Close()
	}
}
