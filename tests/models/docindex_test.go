package models_test

import (
	"strings"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
)

func explained(t *testing.T, db *weft.DB, sql, index string, args ...any) {
	t.Helper()
	if plan := ask(t, db, "EXPLAIN "+sql, args...); !strings.Contains(plan, "Index Scan using "+index+" on") {
		t.Errorf("%s does not go by %s:\n%s", sql, index, plan)
	}
}

func refused(t *testing.T, db *weft.DB, state, sql string, args ...any) {
	t.Helper()
	_, err := try(t, db, sql, args...)
	if e := dberr.As(err); e == nil || e.SQLState != state {
		t.Errorf("%s: %v, want SQLSTATE %s", sql, err, state)
	}
}

// TestIndexesBySQL: CREATE INDEX and DROP INDEX make and remove the collection's indexes, of
// every kind, which queries then go by.
func TestIndexesBySQL(t *testing.T) {
	db := open(t)
	for _, d := range []string{`{"_id":"a","mail":"a@x","n":5,"on":true,"at":{"c":"Rome"},"tags":["x","y"]}`,
		`{"_id":"b","mail":"b@x","n":7,"on":false,"at":{"c":"Oslo"},"tags":["y"]}`, `{"_id":"c","n":7}`, `{"_id":"d","n":9}`} {
		insert(t, db, "people", d)
	}
	for _, sql := range []string{
		"CREATE UNIQUE INDEX mail ON doc.people ((data->>'mail'))",
		"CREATE INDEX by_n ON doc.people USING btree (((data->>'n')::int) DESC, (data->'at'->>'c'))",
		"CREATE INDEX ON doc.people USING hash ((data#>>'{at,c}'))",
		"CREATE INDEX CONCURRENTLY IF NOT EXISTS tags ON doc.people ((data->'tags'))",
		"CREATE INDEX IF NOT EXISTS tags ON doc.people ((data->'other'))",
		"CREATE INDEX part ON doc.people ((data->>'kind'), _id) WHERE data->>'state' = 'on' AND data->'kind' IS NOT NULL",
		"CREATE INDEX old ON doc.people ((data->>'until')) WITH (ttl_seconds = 60)",
	} {
		ask(t, db, sql)
	}
	list := map[string]string{}
	c, err := db.Documents().Collection(t.Context(), "people")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range c.Indexes {
		text := string(x.Kind)
		for _, f := range x.Fields {
			text += " " + f.Path
			if f.Descending {
				text += "-"
			}
		}
		if x.Unique {
			text += " unique"
		}
		if x.TTL != nil && *x.TTL == 60 {
			text += " ttl"
		}
		list[x.Name] = text + x.Partial
	}
	for name, want := range map[string]string{
		"mail": `ordered mail unique{"mail":{"$exists":true}}`, "by_n": "ordered n- at.c", "people_c_idx": "hash at.c", "tags": "ordered tags",
		"part": `ordered kind _id{"$and":[{"state":{"$eq":"on"}},{"kind":{"$exists":true}}]}`, "old": "ordered until ttl",
	} {
		if list[name] != want {
			t.Errorf("index %s is %q, want %q", name, list[name], want)
		}
	}
	explained(t, db, "SELECT _id FROM doc.people WHERE data->>'mail' = $1", "mail", "a@x")
	explained(t, db, "SELECT _id FROM doc.people WHERE (data->>'n')::int > 8", "by_n")
	explained(t, db, "SELECT _id FROM doc.people WHERE data->'at'->>'c' = 'Rome'", "people_c_idx")
	explained(t, db, "SELECT _id FROM doc.people WHERE data->>'state' = 'on' AND data->>'kind' = 'k'", "part")
	if plan := ask(t, db, "EXPLAIN SELECT _id FROM doc.people WHERE data->>'kind' = 'k'"); strings.Contains(plan, "part") {
		t.Errorf("a partial index serves what its filter leaves out:\n%s", plan)
	}
	want(t, ask(t, db, "SELECT _id FROM doc.people WHERE data->>'mail' IS NULL ORDER BY 1"), "c\nd")

	refused(t, db, dberr.StateUniqueViolation, `INSERT INTO doc.people (data) VALUES ('{"mail":"a@x"}')`)
	want(t, ask(t, db, `INSERT INTO doc.people (_id, data) VALUES ('e', '{"mail":"a@x","n":1}'), ('f', '{"mail":"f@x"}')
		ON CONFLICT ((data->>'mail')) DO UPDATE SET data = doc.people.data || '{"n":6}' RETURNING _id, data->'n'`), "a|6\nf|NULL")
	want(t, ask(t, db, `INSERT INTO doc.people (_id, data) VALUES ('g', '{"mail":"a@x"}') ON CONFLICT ((data->>'mail')) DO NOTHING RETURNING _id`), "")
	refused(t, db, dberr.StateInvalidColumnRef, `INSERT INTO doc.people (_id, data) VALUES ('g', '{"mail":"a@x"}') ON CONFLICT ((data->>'n')) DO NOTHING`)

	refused(t, db, dberr.StateDuplicateTable, "CREATE INDEX tags ON doc.people ((data->'x'))")
	refused(t, db, dberr.StateUniqueViolation, "CREATE UNIQUE INDEX dup ON doc.people ((data->>'n'))")
	refused(t, db, dberr.StateUniqueViolation, "CREATE UNIQUE INDEX dup ON doc.people ((data->>'mail')) NULLS NOT DISTINCT")
	refused(t, db, dberr.StateFeatureNotSupported, "CREATE INDEX ON doc.people (lower(data->>'n'))")
	refused(t, db, dberr.StateFeatureNotSupported, "CREATE INDEX ON doc.people USING gin (data)")
	refused(t, db, dberr.StateFeatureNotSupported, "CREATE INDEX ON doc.people ((data->>'a.b'))")
	refused(t, db, dberr.StateFeatureNotSupported, "CREATE INDEX ON doc.people ((data->>'a')) WHERE length(data->>'a') > 3")
	refused(t, db, dberr.StateFeatureNotSupported, "CREATE INDEX ON doc.people ((data->>'a')) WITH (fillfactor = 70)")
	refused(t, db, dberr.StateActiveTransaction, "BEGIN; CREATE INDEX ON doc.people ((data->>'a')); COMMIT")
	refused(t, db, dberr.StateUndefinedTable, "CREATE INDEX ON doc.nobody ((data->>'a'))")

	refused(t, db, dberr.StateUndefinedObject, "DROP INDEX doc.nothing")
	refused(t, db, dberr.StateDependentObjects, "DROP INDEX doc.people_pkey")
	ask(t, db, "DROP INDEX IF EXISTS doc.nothing, doc.tags")
	ask(t, db, "DROP INDEX doc.mail")
	ask(t, db, `INSERT INTO doc.people (data) VALUES ('{"mail":"a@x"}')`)
	want(t, ask(t, db, "SELECT indexname FROM pg_indexes WHERE tablename = 'people' AND indexname IN ('mail', 'tags', 'part')"), "part")
}

// TestConflictByExpression: ON CONFLICT finds a unique index by its expressions.
func TestConflictByExpression(t *testing.T) {
	db := open(t)
	ask(t, db, "CREATE TABLE u (id int PRIMARY KEY, mail text, n int DEFAULT 0)")
	ask(t, db, "CREATE UNIQUE INDEX ON u (lower(mail), n)")
	ask(t, db, "INSERT INTO u VALUES (1, 'A@x')")
	want(t, ask(t, db, "INSERT INTO u VALUES (2, 'a@X') ON CONFLICT (n, lower(mail)) DO UPDATE SET mail = excluded.mail RETURNING id, mail"), "1|a@X")
	refused(t, db, dberr.StateInvalidColumnRef, "INSERT INTO u VALUES (2, 'a@X') ON CONFLICT (lower(mail)) DO NOTHING")
}
