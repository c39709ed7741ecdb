package query

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

const describedSchema = `CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN pos AS int CHECK (VALUE > 0);
CREATE SEQUENCE sq;
CREATE TABLE parent (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', price numeric(8,2) CHECK (price > 0), m mood, d pos, tags text[], UNIQUE (name, m));
CREATE TABLE child (a int GENERATED ALWAYS AS IDENTITY, p int REFERENCES parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, t timestamptz DEFAULT now(), g int GENERATED ALWAYS AS (p * 2) STORED);
CREATE INDEX child_p ON child (p DESC, a);
CREATE INDEX child_x ON child USING hash (p) WHERE p > 3;
CREATE VIEW v AS SELECT id, name FROM parent;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
CREATE FUNCTION addf(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION tabf(OUT x mood, INOUT y text[]) RETURNS SETOF record LANGUAGE sql STRICT AS $$SELECT 'ok'::mood, y$$;
COMMENT ON FUNCTION addf(int, int) IS 'adds';
COMMENT ON TABLE parent IS 'a parent'; COMMENT ON COLUMN parent.name IS 'its name';`

// shown are commands whose queries must run, though their rows differ: databases and roles
// are others, sizes are estimates, and there are fewer system tables and settings.
var shown = map[string]bool{`\l`: true, `\du`: true, `\dx`: true, `\dn+`: true, `\dt+`: true, `\di+`: true, `\dv+`: true, `\ds+`: true, `\dm+`: true,
	`\d pg_class`: true, `\d information_schema.columns`: true, `\dconfig`: true, `\dA`: true, `\dtS`: true, `\dL`: true}

var psqlQuery = regexp.MustCompile(`(?s)\*{9} QUERY \*{10}\n(.*?)\*{26}`)

// TestPsqlDescribes runs the very queries that psql sends for its \d commands, with the
// object ids that it puts into them replaced, and wants the rows that PostgreSQL gives.
func TestPsqlDescribes(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql is installed")
	}
	c := pgtest.Start(t)
	run := func(args ...string) string {
		cmd := exec.Command(psql, append([]string{"-h", c.Dir, "-U", "postgres", "-X", "-q", "-A", "-t"}, args...)...)
		b, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("psql: %v\n%s", err, b)
		}
		return string(b)
	}
	run("-c", describedSchema)
	e := testEngine(t, Options{})
	mustExec(t, e, describedSchema)
	number := regexp.MustCompile(`'(\d{5,})'`)
	n := 0
	for _, command := range []string{`\d parent`, `\d child`, `\d v`, `\d mv`, `\d child_p`, `\d sq`, `\dt`, `\di`, `\dv`, `\dm`, `\ds`, `\dn`, `\d`, `\dT`, `\dD`, `\df`, `\df+`, `\df add*`,
		`\db`, `\dp`, `\dy`, `\dRp`, `\dRs`, `\des`, `\dew`, `\det`, `\dE`, `\ddp`, `\drds`, `\dT+`, `\dD+`, `\d+ parent`, `\d+ v`, `\dX`, `\dP`, `\dAc btree int4`,
	} {
		for _, m := range psqlQuery.FindAllStringSubmatch(run("-E", "-c", command), -1) {
			sql := strings.TrimSpace(m[1])
			want := run("-c", sql)
			if strings.Contains(sql, "relname OPERATOR") { // it gives the object id
				want = regexp.MustCompile(`(?m)^\d+\|`).ReplaceAllString(want, "")
			}
			ours := number.ReplaceAllStringFunc(sql, func(oid string) string {
				name := strings.TrimSpace(run("-c", "SELECT "+oid+"::regclass"))
				return "'" + one(t, e, "SELECT '"+name+"'::regclass::oid") + "'"
			})
			rows, err := e.Query(bg, "", ours)
			if err != nil {
				t.Errorf("%s: %v\n%s", command, err, ours)
				continue
			}
			var got []string
			for rows.Next() {
				line := strings.Join(rows.Strings(), "|")
				got = append(got, strings.ReplaceAll(line, "NULL", ""))
			}
			text := strings.Join(got, "\n")
			if strings.Contains(sql, "relname OPERATOR") {
				text = regexp.MustCompile(`(?m)^\d+\|`).ReplaceAllString(text, "")
			}
			n++
			if shown[command] {
				continue
			}
			if a, b := loose(text), loose(want); a != b {
				t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", command, ours, a, b)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d queries were compared", n)
	}
}

// loose leaves out what differs for good: owners, parentheses of stored expressions,
// the layout of view texts, and access methods' handlers.
func loose(s string) string {
	s = strings.NewReplacer("postgres", "weft", "pg_database_owner", "weft", "(", "", ")", "", "\n ", " ", "public.", "", "::regclass", "", "::numeric", "", "::character varying", "", "\"", "").Replace(s)
	s = regexp.MustCompile(`\s+\n`).ReplaceAllString(s, "\n")
	s = strings.ToLower(s)
	return strings.TrimSpace(regexp.MustCompile(` +`).ReplaceAllString(s, " "))
}
