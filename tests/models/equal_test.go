package models_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft/document"
)

// The same rows are in a plain table, in a collection without indexes, and in one with
// them; whatever is asked, all answer alike. The plain table knows of no push-down.

var mixed = []string{`"x"`, `"m"`, `"5"`, `"-7"`, `"true"`, `"[1]"`, `"{"`, `""`, `"zz"`, "5", "5.0", "-7", "1e1", "0", "10", "12345678901234567890.5", "true", "false", "null",
	`{"b":5}`, `{"b":"x"}`, `{"b":[5,"x"]}`, `[1,5]`, `["x"]`, `[{"b":"x"}]`, `[]`, `{}`, `[[5]]`}

var numeric = []string{"5", "5.0", "-7", "1e1", "0", "10", "99999999", `"5"`, `"-7"`, `" 8 "`, "null", "3", "4"}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func randomDocument(r *rand.Rand, id int) string {
	fields := []string{fmt.Sprintf(`"_id":"%c%d"`, 'a'+rune(r.IntN(4)), id)}
	for _, f := range []string{"a", "b.c", "s"} {
		if r.IntN(5) > 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", f, pick(r, mixed)))
		}
	}
	if r.IntN(5) > 0 {
		fields = append(fields, `"o":{"b":`+pick(r, mixed)+`,"p":{"q":`+pick(r, mixed)+`}}`)
	}
	if r.IntN(6) > 0 {
		fields = append(fields, `"n":`+pick(r, numeric))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func sqlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func randomPredicate(r *rand.Rand) string {
	path := pick(r, []string{"data->>'a'", "data->>'s'", "data->'o'->>'b'", "data#>>'{o,p,q}'", "data->>'b.c'", "data#>>'{a,0}'", "data->'o'->'p'->>'q'", "data->>'_id'"})
	text := func() string {
		s := pick(r, mixed)
		if len(s) > 1 && s[0] == '"' {
			s = s[1 : len(s)-1]
		}
		return sqlText(strings.ReplaceAll(strings.ReplaceAll(s, ":", ": "), ",", ", "))
	}
	num := func() string { return pick(r, []string{"5", "-7", "0", "10", "4", "8", "100"}) }
	op := pick(r, []string{"=", "<", "<=", ">", ">=", "="})
	cast := pick(r, []string{"int", "bigint", "numeric", "float8"})
	switch r.IntN(11) {
	case 0, 1:
		return path + " " + op + " " + text()
	case 2:
		return path + " IN (" + text() + ", " + text() + ", " + text() + ")"
	case 3:
		return path + " BETWEEN " + text() + " AND " + text()
	case 4:
		return path + " LIKE " + pick(r, []string{"'x%'", "'5%'", "'t%e'", "'[%'", "'{\"b\"%'", "'x'", "'-%'"})
	case 5:
		return "(data->>'n')::" + cast + " " + op + " " + num()
	case 6:
		return num() + " " + op + " (data->>'n')::" + cast + " AND (data->>'n')::int < 50"
	case 7:
		return "(data->>'n')::int IN (" + num() + ", " + num() + ")"
	case 8:
		return strings.Replace(path, "->>", "->", 1) + " = " + sqlText(pick(r, mixed)) + "::jsonb AND data#>'{o,b}' <> '5'"
	case 9:
		field := pick(r, []string{"a", "s", "n"})
		return "data @> " + sqlText(`{"`+field+`":`+pick(r, mixed)+`}`)
	}
	return "data @> " + sqlText(`{"o":{"b":`+pick(r, mixed)+`}}`)
}

func TestDocsAnswerAsTables(t *testing.T) {
	queries := 4000
	if testing.Short() {
		queries = 600
	}
	r := rand.New(rand.NewPCG(7, uint64(queries)))
	db := open(t)
	ask(t, db, "CREATE TABLE plain (_id text PRIMARY KEY, data jsonb NOT NULL)")
	for i := range 400 {
		d := randomDocument(r, i)
		insert(t, db, "bare", d)
		insert(t, db, "indexed", d)
	}
	ask(t, db, "INSERT INTO plain SELECT _id, data FROM doc.bare")
	for i, p := range []string{"a", "s", "o.b", "o.p.q", "n"} {
		x := document.Index{Fields: []document.IndexField{{Path: p, Descending: i%2 == 1}}}
		index(t, db, "indexed", x)
	}
	index(t, db, "indexed", document.Index{Name: "h", Kind: document.Hash, Fields: []document.IndexField{{Path: "a"}}})
	index(t, db, "indexed", document.Index{Name: "two", Fields: []document.IndexField{{Path: "s"}, {Path: "n"}}})
	searched, answered := 0, 0
	for range queries {
		var where []string
		for range 1 + r.IntN(2) {
			where = append(where, "("+randomPredicate(r)+")")
		}
		cond := strings.Join(where, pick(r, []string{" AND ", " AND ", " OR "}))
		tail := " WHERE " + cond + " ORDER BY _id" + pick(r, []string{"", " DESC"})
		if r.IntN(4) == 0 {
			tail += " LIMIT 5"
		}
		want, err := try(t, db, "SELECT _id, data FROM plain"+tail)
		if err != nil {
			continue // a cast failed; where the model is asked first, it may not come to that
		}
		answered++
		for _, c := range []string{"bare", "indexed"} {
			got, err := try(t, db, "SELECT _id, data FROM doc."+c+tail)
			if err != nil && strings.Contains(tail, "LIMIT") {
				continue // it came to a row that the other did not need to look at
			}
			if err != nil || got != want {
				t.Fatalf("%s%s\ngot  %s\nwant %s, %v\n%s", c, tail, got, want, err, ask(t, db, "EXPLAIN SELECT _id FROM doc."+c+tail))
			}
		}
		if strings.Contains(ask(t, db, "EXPLAIN SELECT _id FROM doc.indexed"+tail), "Index Scan using") {
			searched++
		}
	}
	if searched < queries/5 || answered < queries/2 {
		t.Errorf("of %d statements %d were answered and %d searched an index", queries, answered, searched)
	}
}

// TestLongNumbers: numbers of more digits than a filter of the model is given are found by
// their text all the same.
func TestLongNumbers(t *testing.T) {
	db := open(t)
	long := "1" + strings.Repeat("0", 400)
	for i, n := range []string{"1e400", "-1e400", long, "7", `"` + long + `"`} {
		insert(t, db, "long", fmt.Sprintf(`{"_id":"%d","n":%s}`, i, n))
	}
	index(t, db, "long", document.Index{Fields: []document.IndexField{{Path: "n"}}})
	for where, want := range map[string]string{
		"data->>'n' = " + sqlText(long):                           "0 2 4",
		"data->>'n' IN ('7', " + sqlText("-"+long) + ")":          "1 3",
		"(data->>'n')::numeric >= " + long:                        "0 2 4",
		"data->'n' = " + sqlText(long) + "::jsonb":                "0 2",
		"data->>'n' BETWEEN '1' AND " + sqlText(long):             "0 2 4",
		"data @> " + sqlText(`{"n":`+long+`}`) + " AND _id > '0'": "2",
	} {
		if got := ask(t, db, "SELECT string_agg(_id, ' ' ORDER BY _id) FROM doc.long WHERE "+where); got != want {
			t.Errorf("%.60s: got %s, want %s", where, got, want)
		}
	}
}

func TestKVAnswersAsTables(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	db := open(t)
	ask(t, db, "CREATE TABLE plain (key text PRIMARY KEY, value jsonb)")
	texts := []string{"a", "ab", "abc", "abd", "b", "ba", "é", "éa", "z", "zz", "~", "A", "aB", "%", "_x"}
	for _, k := range texts {
		put(t, db, "users", k, `{"n":`+fmt.Sprint(r.IntN(5))+`}`)
	}
	ask(t, db, "INSERT INTO plain SELECT key, value FROM kv.users")
	one := func() string {
		k := func() string { return sqlText(pick(r, append(texts, "", "q", "abcd"))) }
		switch r.IntN(6) {
		case 0:
			return "key " + pick(r, []string{"=", "<", "<=", ">", ">="}) + k()
		case 1:
			return "key IN (" + k() + "," + k() + "," + k() + ")"
		case 2:
			return "key LIKE " + sqlText(pick(r, texts)+"%")
		case 3:
			return "key BETWEEN " + k() + " AND " + k()
		case 4:
			return "(value->>'n')::int > " + fmt.Sprint(r.IntN(5))
		}
		return "key = (SELECT max(key) FROM plain WHERE key < " + k() + ")"
	}
	for range 1500 {
		tail := " WHERE " + one() + pick(r, []string{" AND ", " OR "}) + one() + " ORDER BY key" + pick(r, []string{"", " DESC"}) + pick(r, []string{"", " LIMIT 2", " LIMIT 1 OFFSET 1"})
		if got, want := ask(t, db, "SELECT key, value FROM kv.users"+tail), ask(t, db, "SELECT key, value FROM plain"+tail); got != want {
			t.Fatalf("%s\ngot  %s\nwant %s", tail, got, want)
		}
	}
}
