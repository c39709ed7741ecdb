package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// predicates makes conditions over a few columns with a few values, so that one often
// implies another and nearly does still more often.
type predicates struct{ r *rand.Rand }

func (p predicates) pick(list ...string) string { return list[p.r.IntN(len(list))] }

func (p predicates) number() string { return fmt.Sprint(p.r.IntN(7) - 1) }

func (p predicates) text() string { return p.pick("''", "'a'", "'A'", "'b'", "'ab'", "'B'") }

func (p predicates) one() string {
	switch p.r.IntN(11) {
	case 0:
		return p.pick("i", "n", "t", "o", "lower(t)", "i + k") + p.pick(" IS NOT NULL", " IS NOT NULL", " IS NULL")
	case 1:
		return p.pick("o", "NOT o", "o IS TRUE", "o IS NOT TRUE", "o IS FALSE", "o = true")
	case 2:
		return p.pick("t", "lower(t)") + p.pick(" = ", " > ", " <= ", " <> ") + p.text()
	case 3:
		return fmt.Sprintf("t %sIN (%s, %s)", p.pick("", "", "NOT "), p.text(), p.text())
	case 4:
		return fmt.Sprintf("%s %sIN (%s, %s, %s)", p.pick("i", "k"), p.pick("", "", "", "NOT "), p.number(), p.number(), p.number())
	case 5:
		return fmt.Sprintf("%s BETWEEN %s AND %s", p.pick("i", "n"), p.number(), p.number())
	case 6:
		return fmt.Sprintf("n %s %s.%d", p.pick("=", "<", ">=", "<>"), p.number(), p.r.IntN(2)*5)
	case 7:
		return "t LIKE " + p.pick("'a%'", "'A'", "'%b'")
	}
	return p.pick("i", "k", "i + k") + p.pick(" = ", " = ", " < ", " <= ", " > ", " >= ", " <> ") + p.number()
}

func (p predicates) many(n int, word string) string {
	list := make([]string, 1+p.r.IntN(n))
	for i := range list {
		list[i] = p.one()
		if p.r.IntN(4) == 0 {
			list[i] = "(" + p.one() + " OR " + list[i] + ")"
		}
	}
	return strings.Join(list, word)
}

func (p predicates) index(i int) string {
	cols := p.pick("k", "i, k", "lower(t)", "(i + k) DESC", "t", "n", "upper(t), i", "length(t) NULLS FIRST", "o, i")
	def := fmt.Sprintf("CREATE INDEX x%d ON p (%s)", i, cols)
	if p.r.IntN(4) > 0 {
		def += " WHERE " + p.many(2, p.pick(" AND ", " OR "))
	}
	return def
}

// TestIndexesChangeNoAnswer makes partial and expression indexes at random and asks at random:
// the answers with and without the indexes are the same, before and after changes.
func TestIndexesChangeNoAnswer(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	partial, byExpr, unions := 0, 0, 0
	for seed := range rounds {
		p := predicates{rand.New(rand.NewPCG(uint64(seed), 7))}
		e := testEngine(t, Options{})
		mustExec(t, e, `CREATE TABLE p (id serial PRIMARY KEY, i int, k int NOT NULL, n numeric, t text, o boolean);
			INSERT INTO p (i, k, n, t, o) SELECT nullif(s % 8, 7), s % 5, nullif((s * 7 % 13) / 2.0, 6), (ARRAY['', 'a', 'A', 'b', 'ab', 'B', NULL])[1 + s * 3 % 7], nullif(s % 3, 2) = 1
			FROM generate_series(1, 400) AS s`)
		for i := range 8 {
			mustExec(t, e, p.index(i))
		}
		mustExec(t, e, "ANALYZE p")
		with, without := sessionWith(t, e, "SET enable_seqscan = off"), sessionWith(t, e, "SET enable_indexscan = off; SET enable_indexonlyscan = off")
		for range 120 {
			cond := p.many(3, " AND ")
			order := p.pick("", "", " ORDER BY lower(t), id", " ORDER BY i + k DESC, id", " ORDER BY k, i, id", " ORDER BY length(t) NULLS FIRST, id")
			sql := "SELECT id, i, k, lower(t), i + k FROM p WHERE " + cond + order
			if order == "" {
				sql = "SELECT count(*), sum(id), min(i + k) FROM p WHERE " + cond
			}
			plan := ask(t, with, "EXPLAIN (COSTS OFF) "+sql)
			if strings.Contains(plan, "using x") {
				partial++
			}
			if strings.Contains(plan, "Index Cond: ((") {
				byExpr++
			}
			if strings.Contains(plan, "Index Union Scan") {
				unions++
			}
			if got, want := ask(t, with, sql), ask(t, without, sql); got != want {
				t.Fatalf("seed %d: %s\ngot:\n%s\nwant:\n%s\n%s", seed, sql, got, want, plan)
			}
			if p.r.IntN(10) == 0 {
				ask(t, with, fmt.Sprintf("UPDATE p SET i = %s, t = %s, o = NOT o WHERE %s", p.number(), p.text(), p.one()))
			}
		}
	}
	t.Logf("%d plans by an index, %d by an expression, %d by a union", partial, byExpr, unions)
	if partial < 30*rounds || byExpr < 3*rounds {
		t.Errorf("%d plans went by an index and %d by an expression: too few to prove anything", partial, byExpr)
	}
}

// TestIndexUnion asks for rows by several columns that have an index each.
func TestIndexUnion(t *testing.T) {
	e := testEngine(t, Options{})
	mustExec(t, e, `CREATE TABLE u (id int PRIMARY KEY, a int, b int, c text); CREATE INDEX u_a ON u (a); CREATE INDEX u_b ON u (b, a);
		INSERT INTO u SELECT s, s % 1000, s % 977, 'c' || s FROM generate_series(1, 120000) AS s; ANALYZE u;
		CREATE TABLE v (x int, y int); INSERT INTO v VALUES (3, 4), (7, 7), (NULL, 5), (999, NULL); ANALYZE v`)
	s, plain := sessionWith(t, e, "SET enable_seqscan = on"), sessionWith(t, e, "SET enable_indexscan = off")
	for _, sql := range []string{
		"SELECT count(*), sum(id) FROM u WHERE a = 5 OR b = 7",
		"SELECT id, c FROM u WHERE a IN (5, 6) OR b = 7 AND a > 500 OR id = 77 ORDER BY id",
		"SELECT id FROM u WHERE (a = 5 OR b = 5) AND c > 'c5' ORDER BY id LIMIT 70",
		"SELECT id FROM u WHERE a = 5 OR b IS NULL ORDER BY id LIMIT 3",
		"SELECT v.x, v.y, count(*), sum(u.id) FROM v JOIN u ON u.a = v.x OR u.b = v.y GROUP BY 1, 2 ORDER BY 1, 2",
		"SELECT v.x, (SELECT count(*) FROM u WHERE u.a = v.x OR u.b = v.y) FROM v ORDER BY 1",
		"SELECT v.x FROM v WHERE EXISTS (SELECT FROM u WHERE u.a = v.x OR u.b = v.y) ORDER BY 1",
	} {
		if plan := ask(t, s, "EXPLAIN (COSTS OFF) "+sql); !strings.Contains(plan, "Index Union Scan on u") {
			t.Errorf("%s: no union in the plan\n%s", sql, plan)
		}
		if got, want := ask(t, s, sql), ask(t, plain, sql); got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", sql, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var cond func(depth int) string
	cond = func(depth int) string {
		if depth > 0 && r.IntN(4) > 0 {
			word := []string{" OR ", " OR ", " AND "}[r.IntN(3)]
			return "(" + cond(depth-1) + word + cond(depth-1) + ")"
		}
		n := r.IntN(1000)
		return fmt.Sprintf([]string{"a = %d", "b = %d", "id = %d", "b BETWEEN %d AND %[1]d + 1", "a IN (%d, 8, 9)", "b = %d AND a > 300", "c = 'c%d'", "a IS NULL AND b < %d"}[r.IntN(8)], n)
	}
	unions := 0
	for range 150 {
		sql := "SELECT count(*), sum(id) FROM u WHERE " + cond(2)
		if strings.Contains(ask(t, s, "EXPLAIN "+sql), "Index Union Scan on u") {
			unions++
		}
		if got, want := ask(t, s, sql), ask(t, plain, sql); got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", sql, got, want)
		}
	}
	if unions < 40 {
		t.Errorf("%d of 150 plans have a union: too few to prove anything", unions)
	}
	// More keys than a union keeps: the table is read after all.
	const most = "SELECT count(*), sum(id), min(c) FROM u WHERE a >= 0 OR b >= 0"
	ask(t, s, "SET enable_seqscan = off")
	if plan := ask(t, s, "EXPLAIN "+most); !strings.Contains(plan, "Index Union Scan on u") {
		t.Errorf("no union in the plan\n%s", plan)
	}
	if got, want := ask(t, s, most), ask(t, plain, most); got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", most, got, want)
	}
	ask(t, s, "UPDATE u SET a = a + 1, b = b + 1 WHERE a = 5 OR b = 7")
	const after = "SELECT count(*), sum(a), sum(b) FROM u WHERE a IN (5, 6) OR b IN (7, 8)"
	if got, want := ask(t, s, after), ask(t, plain, after); got != want {
		t.Errorf("after an update: %s\ngot:\n%s\nwant:\n%s", after, got, want)
	}
	ask(t, s, "DELETE FROM u WHERE a = 6 OR b = 8")
	if got, want := ask(t, s, after), ask(t, plain, after); got != want {
		t.Errorf("after a delete: %s\ngot:\n%s\nwant:\n%s", after, got, want)
	}
}

func sessionWith(t *testing.T, e *Engine, set string) *Session {
	t.Helper()
	s, err := e.NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ask(t, s, set)
	return s
}

// ask runs a statement in a session and gives its rows as lines.
func ask(t *testing.T, s *Session, sql string) string {
	t.Helper()
	m := &MemorySink{}
	if err := s.Execute(context.Background(), Request{SQL: sql, MaxRows: -1}, m); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	last := m.Results[len(m.Results)-1]
	rows := &Rows{Columns: last.Columns, batches: last.Batches, row: -1}
	var out []string
	for rows.Next() {
		out = append(out, strings.Join(rows.Strings(), "|"))
	}
	return strings.Join(out, "\n")
}
