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
	partial, byExpr := 0, 0
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
			if got, want := ask(t, with, sql), ask(t, without, sql); got != want {
				t.Fatalf("seed %d: %s\ngot:\n%s\nwant:\n%s\n%s", seed, sql, got, want, plan)
			}
			if p.r.IntN(10) == 0 {
				ask(t, with, fmt.Sprintf("UPDATE p SET i = %s, t = %s, o = NOT o WHERE %s", p.number(), p.text(), p.one()))
			}
		}
	}
	t.Logf("%d plans by an index, %d by an expression", partial, byExpr)
	if partial < 30*rounds || byExpr < 3*rounds {
		t.Errorf("%d plans went by an index and %d by an expression: too few to prove anything", partial, byExpr)
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
