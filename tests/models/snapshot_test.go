package models_test

import (
	"strings"
	"testing"

	"github.com/weftdb/weft/document"
)

// TestPartsSeeOneSnapshot: where a part of a statement changes entries or documents, every
// read of another part sees them as they were, as the same statements on a table do.
func TestPartsSeeOneSnapshot(t *testing.T) {
	db := open(t)
	ask(t, db, "CREATE TABLE plain (k text PRIMARY KEY, v jsonb); CREATE TABLE nums (k text PRIMARY KEY); INSERT INTO nums VALUES ('a'), ('b'), ('d'), ('x')")
	put(t, db, "users", "a", "1")
	index(t, db, "people", document.Index{Name: "n", Fields: []document.IndexField{{Path: "n"}}})
	writes := []string{
		`INSERT INTO {T} ({K}, {V}) VALUES ('d', '{"n":2}') RETURNING {K}`,
		`UPDATE {T} SET {V} = '{"n":2}' WHERE {K} = 'b' RETURNING {K}`,
		`DELETE FROM {T} WHERE {K} < 'c' RETURNING {K}`,
		`INSERT INTO {T} ({K}, {V}) VALUES ('a', '{"n":5}'), ('x', '{"n":6}') ON CONFLICT ({K}) DO UPDATE SET {V} = excluded.{V} RETURNING {K}`,
	}
	reads := []string{
		`SELECT (SELECT count(*) FROM {T}), (SELECT sum(({V}->>'n')::int) FROM {T})`,
		`SELECT string_agg({K} || ({V}->>'n'), ',' ORDER BY {K}) FROM {T}`,
		`SELECT EXISTS (SELECT FROM {T} WHERE {K} = 'd'), EXISTS (SELECT FROM {T} WHERE {K} = 'a'), (SELECT {V}->>'n' FROM {T} WHERE {K} = 'b')`,
		`SELECT count(*) FROM {T} WHERE {V}->>'n' = '2'`,
		`SELECT count(*) FROM {T} WHERE {V}->>'n' = '1'`,
		`SELECT nums.k, s.{V}->>'n' FROM nums LEFT JOIN {T} s ON s.{K} = nums.k ORDER BY 1`,
		`SELECT nums.k, (SELECT {V}->>'n' FROM {T} WHERE {K} = nums.k) FROM nums ORDER BY 1`,
		`SELECT nums.k, l.{K} FROM nums CROSS JOIN LATERAL (SELECT {K} FROM {T} WHERE {K} >= nums.k ORDER BY {K} LIMIT 1) l ORDER BY 1`,
		`SELECT k FROM nums WHERE k IN (SELECT {K} FROM {T}) ORDER BY 1`,
		`SELECT w.{K}, s.{K} FROM w LEFT JOIN {T} s USING ({K}) ORDER BY 1`,
		`SELECT w.{K}, s.n FROM w, (SELECT count(*) AS n FROM {T}) s ORDER BY 1`,
	}
	tables := []*strings.Replacer{
		strings.NewReplacer("{T}", "plain", "{K}", "k", "{V}", "v"),
		strings.NewReplacer("{T}", "kv.users", "{K}", "key", "{V}", "value"),
		strings.NewReplacer("{T}", "doc.people", "{K}", "_id", "{V}", "data"),
	}
	for _, w := range writes {
		statements := []string{strings.TrimSuffix(w, "RETURNING {K}") + "RETURNING {K}, (SELECT count(*) FROM {T}), (SELECT sum(({V}->>'n')::int) FROM {T})"}
		for _, r := range reads {
			statements = append(statements, "WITH w AS ("+w+") "+r)
		}
		for _, s := range statements {
			var answers, after []string
			for _, r := range tables {
				ask(t, db, r.Replace(`DELETE FROM {T}; INSERT INTO {T} ({K}, {V}) VALUES ('a', '{"n":1}'), ('b', '{"n":1}'), ('c', '{"n":1}')`))
				answers = append(answers, ask(t, db, r.Replace(s)))
				after = append(after, ask(t, db, r.Replace("SELECT {K}, {V}->>'n' FROM {T} ORDER BY 1")))
			}
			for i := range tables {
				if answers[i] != answers[0] || after[i] != after[0] {
					t.Errorf("%s: got\n%s\nwith then\n%s\nwhere a table gives\n%s\nwith then\n%s", tables[i].Replace(s), answers[i], after[i], answers[0], after[0])
				}
			}
		}
	}
}
