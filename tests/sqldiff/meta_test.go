package sqldiff

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/opt"
)

// predicate makes FROM, a condition over it, and a column list, for checks that
// compare a query with itself.
func (g *gen) predicate() (from, cond, cols *node) {
	o := queryOptions{subs: 1}
	from, sc := g.from(o)
	sc.depth, sc.subs = 3, 1
	cond = seq(g.condition(sc))
	var list []*node
	for range 1 + g.r.IntN(3) {
		list = append(list, lit(pick(g, sc.cols).ref))
	}
	return from, cond, listOf(", ", 1, list)
}

// TestPartition checks ternary logic: the rows for which a condition is true, false
// and unknown are together all rows.
func TestPartition(t *testing.T) {
	weft := startWeft(t, query.Options{})
	metamorphic(t, func(g *gen) (string, func(*testing.T, answer) string, *node) {
		from, cond, cols := g.predicate()
		whole := seq("SELECT ", cols, from)
		parts := seq(whole, " WHERE ", cond, " UNION ALL ", whole, " WHERE NOT (", cond, ") UNION ALL ", whole, " WHERE (", cond, ") IS NULL")
		check := func(t *testing.T, all answer) string {
			got := ask(t, weft, parts.String())
			return bags(all, got)
		}
		return whole.String(), check, parts
	}, weft)
}

// TestUnoptimized checks that a condition keeps the rows for which it is true when it
// is computed as a value, where no index or join can make use of it.
func TestUnoptimized(t *testing.T) {
	weft := startWeft(t, query.Options{})
	metamorphic(t, func(g *gen) (string, func(*testing.T, answer) string, *node) {
		from, cond, _ := g.predicate()
		filtered := seq("SELECT count(*)", from, " WHERE ", cond)
		check := func(t *testing.T, want answer) string {
			got := ask(t, weft, seq("SELECT count(CASE WHEN c THEN 1 END) FROM (SELECT (", cond, ") AS c", from, " OFFSET 0) AS q").String())
			return bags(want, got)
		}
		return filtered.String(), check, filtered
	}, weft)
}

// metamorphic runs a check on many statements.
func metamorphic(t *testing.T, form func(g *gen) (string, func(*testing.T, answer) string, *node), weft engine) {
	first, n := uint64(setting(t, "WEFT_SEED", 1)), count(t, 300, 10_000)
	skips := 0
	for seed := first; seed < first+uint64(n); seed++ {
		g := newGen(seed)
		sql, check, shown := form(g)
		a := ask(t, weft, sql)
		if a.state != "" {
			if a.state == "XX000" {
				t.Errorf("seed %d: %s\n%s", seed, a, sql)
			}
			skips++
			continue
		}
		if d := check(t, a); d != "" {
			t.Errorf("seed %d: %s\n%s\nin\n%s", seed, d, sql, shown)
		}
	}
	t.Logf("%d statements from seed %d, %d of them failed", n, first, skips)
}

// bags compares two answers without order; "" means equal.
func bags(want, got answer) string {
	switch {
	case strings.HasPrefix(got.state, "42"), got.state == "0A000", got.state == "57014":
		return "" // not a statement at all, or one that takes too long
	case got.state != "":
		return got.String()
	}
	w, g := keys(want, nil), keys(got, nil)
	slices.Sort(w)
	slices.Sort(g)
	if !slices.Equal(w, g) {
		return fmt.Sprintf("%d rows, want %d, or other values\ngot:  %s\nwant: %s", len(g), len(w), got, want)
	}
	return ""
}

// TestPlans checks that all plans of a statement agree.
func TestPlans(t *testing.T) {
	base := startWeft(t, query.Options{})
	others := map[string]*embedded{}
	for name, o := range map[string]query.Options{
		"no hash join":          {Planner: opt.Settings{NoHashJoin: true}},
		"no hash or merge join": {Planner: opt.Settings{NoHashJoin: true, NoMergeJoin: true}},
		"no index":              {Planner: opt.Settings{NoIndexScan: true, NoIndexJoin: true}},
		"as written":            {Planner: opt.Settings{NoDecorrelate: true, NoReorder: true}},
		"loops as written":      {Planner: opt.Settings{NoHashJoin: true, NoMergeJoin: true, NoIndexJoin: true, NoDecorrelate: true, NoReorder: true}},
		"merge joins":           {Planner: opt.Settings{NoHashJoin: true, NoNestLoop: true, NoIndexJoin: true}},
		"sorted groups":         {Planner: opt.Settings{NoHashAgg: true, NoHashJoin: true}},
		"rescans":               {Planner: opt.Settings{NoMaterial: true, NoHashJoin: true, NoMergeJoin: true, NoSeqScan: true}},
		"little memory":         {MemoryBytes: 1 << 20},
		"no plan cache":         {PlanCache: -1},
	} {
		others[name] = startWeft(t, o)
	}
	first, n := uint64(setting(t, "WEFT_SEED", 1)), count(t, 100, 10_000)
	for seed := first; seed < first+uint64(n); seed++ {
		st := newGen(seed).selectStatement()
		for name, e := range others {
			if v, why := judgePlan(t, base, e, st); v == differs {
				shrink(st.root, 200, func(string) bool {
					v, w := judgePlan(t, base, e, st)
					if v == differs && faultKey(w) == faultKey(why) {
						why = w
						return true
					}
					return false
				})
				sql := st.root.String()
				t.Errorf("seed %d, %s: %s\n%s\ngot:  %s\nwant: %s", seed, name, why, sql, ask(t, e, sql), ask(t, base, sql))
				break
			}
		}
	}
}

func judgePlan(t *testing.T, base, other engine, st statement) (verdict, string) {
	sql := st.root.String()
	want, got := ask(t, base, sql), ask(t, other, sql)
	if got.state == "57014" {
		return skipped, "" // without its better methods a plan may take too long
	}
	return compare(st, want, got)
}

// TestStatementsAlone checks that statements whose sessions use memory again, many at a
// time and each several times, give what they give in one session.
func TestStatementsAlone(t *testing.T) {
	one, many := startWeft(t, query.Options{}), alone{startWeft(t, query.Options{})}
	first, n := uint64(setting(t, "WEFT_SEED", 1)), count(t, 100, 10_000)
	type asked struct {
		seed uint64
		statement
		want answer
	}
	var list []asked
	for seed := first; seed < first+uint64(n); seed++ {
		if st := makeStatement(seed); !changes(st.root.String()) {
			list = append(list, asked{seed, st, ask(t, one, st.root.String())})
		}
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range list {
				a := list[(i+w*len(list)/4)%len(list)]
				for range 3 { // the first may be planned, the second may leave its memory to the third
					got, _ := many.query(a.root.String()) // it gives no error
					if v, why := compare(a.statement, a.want, got); v == differs {
						t.Errorf("seed %d: %s\n%s", a.seed, why, a.root)
						break
					}
				}
			}
		})
	}
	all.Wait()
	for seed := first; seed < first+uint64(n); seed++ {
		st := newGen(seed).changeStatement()
		for range 3 {
			want, got := ask(t, one, st.root.String()), ask(t, many, st.root.String())
			v, why := compare(st, want, got)
			if v == same {
				v, why = compare(statement{}, ask(t, one, "SELECT * FROM w"), ask(t, many, "SELECT * FROM w"))
			}
			if v == differs {
				t.Fatalf("seed %d: %s\n%s", seed, why, st.root)
			}
		}
		if seed%10 == 0 { // lest it grows
			for _, e := range []engine{one, many} {
				ask(t, e, "DELETE FROM w WHERE id > 40 OR id % 3 = 0")
			}
		}
	}
}
