package feeds_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/txn"
)

func openLive(t *testing.T, db *weft.DB, o live.Options) *live.Query {
	t.Helper()
	q, err := db.Live().Open(t.Context(), o)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	t.Cleanup(q.Close)
	return q
}

// batch is the next batch as lines of text.
func batch(t *testing.T, q *live.Query) string {
	t.Helper()
	b, err := q.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range b.Events {
		out = append(out, fmt.Sprintf("%s %s %s > %s", e.Kind, e.Key, e.Old, e.Row))
	}
	return strings.Join(out, "\n")
}

// TestLive: what enters, changes and leaves the results of queries.
func TestLive(t *testing.T) {
	db := open(t, weft.Options{})
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY, v int); CREATE TABLE other (id int); INSERT INTO x VALUES (1,10),(2,20)")
	byKey := openLive(t, db, live.Options{SQL: "SELECT id, v FROM x WHERE v >= $1", Key: []string{"id"}, Params: must(query.Params(20))})
	sum := openLive(t, db, live.Options{SQL: "SELECT sum(v) AS s FROM x"})
	same(t, []string{batch(t, byKey), batch(t, sum)}, `enter [2]  > {"id":2,"v":20}`, `enter [30]  > {"s":30}`)
	exec(t, db, "INSERT INTO other VALUES (1)") // nothing that was read
	exec(t, db, "UPDATE x SET v = v + 15")
	same(t, []string{batch(t, byKey), batch(t, sum)}, "update [2] {\"id\":2,\"v\":20} > {\"id\":2,\"v\":35}\nenter [1]  > {\"id\":1,\"v\":25}",
		"leave [30] {\"s\":30} > \nenter [60]  > {\"s\":60}")
	exec(t, db, "TRUNCATE x")
	if got := batch(t, byKey); !strings.HasPrefix(got, "leave [1]") || strings.Count(got, "leave") != 2 {
		t.Error(got)
	}
	for _, q := range []string{"SELECT generate_series(1, 10001)", "SELECT repeat('x', 10000) FROM generate_series(1, 2000)"} {
		if _, err := db.Live().Open(t.Context(), live.Options{SQL: q}); code(err) != "RESULT_TOO_LARGE" {
			t.Errorf("%s: %v", q, err)
		}
	}
	for want, o := range map[string]live.Options{
		"MISSING_FIELD":         {},
		"INVALID_FIELD":         {SQL: "SELECT 1 AS a", Key: []string{"b"}},
		"KEY_NOT_UNIQUE":        {SQL: "SELECT 1 AS a UNION ALL SELECT 1", Key: []string{"a"}},
		"READ_ONLY_TRANSACTION": {SQL: "INSERT INTO x VALUES (1) RETURNING id"},
		"UNDEFINED_TABLE":       {SQL: "SELECT * FROM nothing"},
		"COLLECTION_NOT_FOUND":  {Collection: "nothing"},
	} {
		if _, err := db.Live().Open(t.Context(), o); code(err) != want {
			t.Errorf("%+v: %v is %s, want %s", o, err, code(err), want)
		}
	}
}

// first makes the bucket and the collection that writer writes to.
func first(t *testing.T, db *weft.DB) {
	t.Helper()
	if _, err := db.KV().Put(t.Context(), "keys", []byte("k1"), kv.Raw([]byte("v")), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Documents().Insert(t.Context(), "docs", "k1", must(doc.ParseObject([]byte(`{"v":"v"}`)))); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var liveSQL = []string{
	"SELECT k, v FROM rows_",
	"SELECT k, v FROM rows_ WHERE v > '5' ORDER BY v, k LIMIT 5",
	"SELECT v, count(*) AS n FROM rows_ GROUP BY v",
	"SELECT left(k, 2) AS k FROM rows_",
	"SELECT r.k, r.v, d.data->>'v' AS d, convert_from(b.raw, 'UTF8') AS b FROM rows_ r LEFT JOIN doc.docs d ON d._id = r.k LEFT JOIN kv.keys b ON b.key = r.k",
	"SELECT max(v) AS m, count(*) AS n FROM rows_ WHERE k NOT IN (SELECT key FROM kv.keys)",
	"SELECT k FROM rows_ WHERE k = 'k7'",
}

// TestLiveAtEveryCommit: after each commit, the batches that have come make the result
// that there is then.
func TestLiveAtEveryCommit(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	db := open(t, weft.Options{})
	ctx := t.Context()
	exec(t, db, "CREATE TABLE rows_ (k text PRIMARY KEY, v text); CREATE INDEX ON rows_ (v)")
	first(t, db)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	writer(ctx, t, db, r, 20)
	var list []*live.Query
	states := make([]map[string][]string, len(liveSQL))
	for i, sql := range liveSQL {
		list = append(list, openLive(t, db, live.Options{SQL: sql}))
		states[i] = map[string][]string{}
		b, err := list[i].Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, states[i], b)
	}
	batches := 0
	for range rounds {
		if err := db.Update(ctx, func(tx *weft.Tx) error { return change(ctx, tx, r, r.IntN(100)) }); err != nil {
			t.Fatal(err)
		}
		at := db.Store().LastCommit()
		for i, sql := range liveSQL {
			if have, want := flat(states[i]), now(t, db, sql, at); maps.Equal(have, want) {
				continue
			}
			b, err := list[i].Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			batches++
			if b.At > at {
				t.Errorf("a batch of %d, and the last commit was %d", b.At, at)
			}
			apply(t, states[i], b)
			holds(t, db, sql, at, states[i])
		}
	}
	t.Logf("%d batches", batches)
}

// TestLiveEquals: while rows, keys and documents change, the batches of live queries of
// many kinds, applied to what came before, make what the query gives as of their commits.
func TestLiveEquals(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 50
	}
	db := open(t, weft.Options{})
	ctx := t.Context()
	exec(t, db, "CREATE TABLE rows_ (k text PRIMARY KEY, v text); CREATE INDEX ON rows_ (v)")
	first(t, db)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	writer(ctx, t, db, rand.New(rand.NewPCG(seed, 99)), 20)
	var list []*live.Query
	sqls := slices.Clone(liveSQL)
	for _, sql := range sqls {
		list = append(list, openLive(t, db, live.Options{SQL: sql}))
	}
	list = append(list, openLive(t, db, live.Options{SQL: sqls[0], Key: []string{"k"}}))
	sqls = append(sqls, sqls[0])
	done, cancel := context.WithCancel(ctx)
	var writers, readers sync.WaitGroup
	for i := range 3 {
		writers.Go(func() { writer(ctx, t, db, rand.New(rand.NewPCG(seed, uint64(i))), rounds) })
	}
	batches := make([]int, len(list))
	for i, q := range list {
		readers.Go(func() {
			state := map[string][]string{}
			for {
				b, err := q.Next(done)
				if err != nil && done.Err() != nil {
					break
				}
				if err != nil {
					t.Error(err)
					return
				}
				batches[i]++
				apply(t, state, b)
				holds(t, db, sqls[i], b.At, state)
			}
			for range 2 { // the first may be the whole result
				b, _, err := q.Step(ctx)
				if err != nil {
					t.Error(err)
				}
				apply(t, state, b)
			}
			holds(t, db, sqls[i], db.Store().LastCommit(), state)
		})
	}
	writers.Wait()
	cancel()
	readers.Wait()
	t.Logf("batches %v", batches)
}

func apply(t *testing.T, state map[string][]string, b live.Batch) {
	t.Helper()
	for _, e := range b.Events {
		have := state[e.Key]
		at := slices.Index(have, string(e.Old))
		if e.Kind != live.Enter && at < 0 {
			t.Errorf("%s of %s, which is not there: %v", e.Kind, e.Old, have)
			continue
		}
		switch e.Kind {
		case live.Enter:
			state[e.Key] = append(have, string(e.Row))
		case live.Update:
			have[at] = string(e.Row)
		case live.Leave:
			if state[e.Key] = slices.Delete(have, at, at+1); len(state[e.Key]) == 0 {
				delete(state, e.Key)
			}
		}
	}
}

// now is what a query gives as of a commit.
func now(t *testing.T, db *weft.DB, sql string, at txn.Timestamp) map[string]int {
	t.Helper()
	want := map[string]int{}
	err := db.Run(t.Context(), txn.TxOptions{AsOf: at}, func(tx *weft.Tx) error {
		rows, err := tx.Query(t.Context(), "SELECT to_json(q)::text FROM ("+sql+") q")
		if err != nil {
			return err
		}
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			want[text]++
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return want
}

func flat(state map[string][]string) map[string]int {
	have := map[string]int{}
	for _, list := range state {
		for _, text := range list {
			have[text]++
		}
	}
	return have
}

// holds says where the state is not what the query gives as of a commit.
func holds(t *testing.T, db *weft.DB, sql string, at txn.Timestamp, state map[string][]string) {
	t.Helper()
	if have, want := flat(state), now(t, db, sql, at); !maps.Equal(have, want) {
		t.Errorf("%s at %d: have %v, want %v", sql, at, have, want)
	}
}
