package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// ddlSchema has a table of each kind that the clients fight over.
const ddlSchema = `CREATE SEQUENCE numbers;
CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE, n int CHECK (n BETWEEN 0 AND 5));
CREATE TABLE child (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, v bigint NOT NULL UNIQUE);
CREATE INDEX child_p ON child (p);
CREATE TABLE node (id int PRIMARY KEY, next int REFERENCES node DEFERRABLE INITIALLY DEFERRED, k int, UNIQUE (k) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE wide (id int PRIMARY KEY, a int NOT NULL, b text NOT NULL);
INSERT INTO wide SELECT i, i % 97, repeat('w', 60) || i FROM generate_series(1, 4000) i;
CREATE MATERIALIZED VIEW sums AS SELECT a % 5 AS k, count(*) AS n FROM wide GROUP BY 1;
CREATE UNIQUE INDEX sums_k ON sums (k)`

// ddlChanges are made and taken back all the time, each by any client; those that are not possible
// just now are refused.
var ddlChanges = []string{
	"CREATE INDEX wide_a ON wide (a)",
	"CREATE UNIQUE INDEX CONCURRENTLY wide_b ON wide (b, id)",
	"CREATE INDEX wide_e ON wide (lower(b)) WHERE a > 40",
	"CREATE UNIQUE INDEX wide_dup ON wide (a)", // fails: there are duplicates
	"DROP INDEX wide_a", "DROP INDEX wide_b", "DROP INDEX wide_e",
	"ALTER TABLE wide ALTER b TYPE varchar(200)", "ALTER TABLE wide ALTER b TYPE text",
	"ALTER TABLE wide ADD COLUMN c int NOT NULL DEFAULT 7", "ALTER TABLE wide DROP COLUMN c",
	"CREATE TABLE copy AS SELECT * FROM wide", "DROP TABLE copy", "TRUNCATE copy",
	"CREATE TABLE seq (id serial PRIMARY KEY, v int); INSERT INTO seq (v) SELECT 1 FROM generate_series(1, 100)", "INSERT INTO seq (v) VALUES (2)", "DROP TABLE seq",
	"REFRESH MATERIALIZED VIEW sums", "REFRESH MATERIALIZED VIEW CONCURRENTLY sums", "REINDEX TABLE wide",
	"BEGIN; ALTER TABLE wide RENAME TO wider; ALTER TABLE wider RENAME TO wide; CREATE TABLE copy AS SELECT 1 AS x; COMMIT",
	"BEGIN; DROP TABLE IF EXISTS copy; CREATE INDEX wide_e ON wide (a, b); ROLLBACK",
}

// hammer is one client's life among those that fight over constraints.
func hammer(ctx context.Context, s *serve.Server, r *rand.Rand, given *sync.Map, done *atomic.Int64, t *testing.T) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		a, b := r.IntN(8), r.IntN(8)
		sql := [...]string{
			fmt.Sprintf("INSERT INTO parent VALUES (%d, %d, %d)", a, b, r.IntN(7)),
			fmt.Sprintf("INSERT INTO child (p, v) VALUES (%d, nextval('numbers'))", a),
			fmt.Sprintf("DELETE FROM parent WHERE id = %d", a),
			fmt.Sprintf("UPDATE parent SET u = %d, n = n + 1 WHERE id = %d", b, a),
			fmt.Sprintf("UPDATE parent SET id = %d WHERE id = %d", b, a),
			fmt.Sprintf("BEGIN; INSERT INTO node VALUES (%d, %d, %d); INSERT INTO node VALUES (%d, %d, %d); COMMIT", a, b, a, b, a, b),
			fmt.Sprintf("DELETE FROM node WHERE id = %d", a),
			fmt.Sprintf("UPDATE node SET k = %d WHERE id = %d", b, a),
			fmt.Sprintf("UPDATE wide SET a = (a + 1) %% 97 WHERE id = %d", r.IntN(4000)),
			"SELECT nextval('numbers')",
		}[r.IntN(10)]
		a1, ok := query(ctx, client, s.URL, sql)
		if !ok {
			continue
		}
		done.Add(1)
		if strings.HasPrefix(sql, "SELECT") {
			if v, twice := given.LoadOrStore(number(t, a1.Data.Rows[0][0]), true); twice {
				t.Errorf("nextval has given %v twice", v)
			}
		}
	}
}

// define is the life of a client that changes the schema.
func define(ctx context.Context, s *serve.Server, r *rand.Rand, done []atomic.Int64) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		i := r.IntN(len(ddlChanges))
		if _, ok := query(ctx, client, s.URL, ddlChanges[i]); ok {
			done[i].Add(1)
		}
	}
}

// ddlRules are queries that find something only where a promise is broken.
var ddlRules = map[string]string{
	"children without parent":    "SELECT count(*) FROM child WHERE p IS NOT NULL AND p NOT IN (SELECT id FROM parent)",
	"duplicate unique values":    "SELECT count(*) FROM (SELECT u FROM parent WHERE u IS NOT NULL GROUP BY u HAVING count(*) > 1) x",
	"rows beyond the check":      "SELECT count(*) FROM parent WHERE n NOT BETWEEN 0 AND 5",
	"nodes without next":         "SELECT count(*) FROM node WHERE next NOT IN (SELECT id FROM node)",
	"duplicate deferred keys":    "SELECT count(*) FROM (SELECT k FROM node GROUP BY k HAVING count(*) > 1) x",
	"values of a sequence twice": "SELECT count(*) FROM (SELECT v FROM child GROUP BY v HAVING count(*) > 1) x",
	"half built indexes":         "SELECT count(*) FROM pg_index WHERE NOT indisvalid",
	"indexes that failed":        "SELECT count(*) FROM pg_indexes WHERE indexname = 'wide_dup'",
	"lost rows of wide":          "SELECT 4000 - count(*) FROM wide",
	"wide by its indexes":        "SELECT count(*) FROM (SELECT a, count(*) AS n FROM wide GROUP BY a) x WHERE n <> (SELECT count(*) FROM wide w WHERE w.a = x.a)",
	"a view that is not whole":   "SELECT 4000 - sum(n) FROM sums",
}

// TestKillInSchemaChanges: 16 clients, four of which change the schema, and the server is killed among
// them. After each start the constraints hold, and `weft check` finds nothing: no entry is missing or too
// many, and nothing is left of what was dropped or was not finished.
func TestKillInSchemaChanges(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 200
	}
	bin, dir := serve.Build(t), t.TempDir()
	args := []string{"--set", "storage.buffer_bytes=1MiB", "--set", "storage.checkpoint_bytes=128KiB", "--set", "storage.segment_bytes=1MiB", "--set", "storage.history=off"}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s := serve.Start(t, bin, dir, args...)
	for _, sql := range strings.Split(ddlSchema, ";\n") {
		must(t, s, sql)
	}
	var given sync.Map
	var writes atomic.Int64
	changes := make([]atomic.Int64, len(ddlChanges))
	for round := 1; round <= rounds; round++ {
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for c := range 16 {
			cr := rand.New(rand.NewPCG(seed, uint64(round*16+c)))
			if c < 4 {
				wg.Go(func() { define(ctx, s, cr, changes) })
			} else {
				wg.Go(func() { hammer(ctx, s, cr, &given, &writes, t) })
			}
		}
		<-time.After(time.Duration(50+r.IntN(900)) * time.Millisecond) // the moment of the crash is the point of the test
		s.Kill()
		stop()
		wg.Wait()
		if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
			t.Fatalf("round %d: weft check: %v\n%s", round, err, out)
		}
		s = serve.Start(t, bin, dir, args...)
		for what, sql := range ddlRules {
			if n := number(t, must(t, s, sql)[0][0]); n != 0 {
				t.Fatalf("round %d: %s: %d", round, what, n)
			}
		}
	}
	s.Kill()
	made := 0
	for i := range changes {
		if changes[i].Load() > 0 {
			made++
		}
	}
	t.Logf("%d writes succeeded, and %d of %d changes of the schema at some time", writes.Load(), made, len(ddlChanges))
	if made < len(ddlChanges)/3 || writes.Load() < int64(rounds) {
		t.Fatal("the clients did next to nothing")
	}
}
