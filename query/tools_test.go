package query

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

// toolQueries reads the queries of a script: their titles and texts.
func toolQueries(t *testing.T, path string) (list [][2]string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(b), "-- ")[1:] {
		title, sql, ok := strings.Cut(part, "\n")
		if !ok {
			t.Fatalf("%s: no query under %q", path, title)
		}
		list = append(list, [2]string{title, strings.TrimSuffix(strings.TrimSpace(sql), ";")})
	}
	return list
}

// TestToolsDescribe runs queries by which drivers and tools look into a database, and wants the rows
// that PostgreSQL gives.
func TestToolsDescribe(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql is installed")
	}
	c := pgtest.Start(t)
	run := func(sql string) (string, error) {
		b, err := exec.Command(psql, "-h", c.Dir, "-U", "postgres", "-X", "-q", "-A", "-t", "-c", sql).CombinedOutput()
		return string(b), err
	}
	if out, err := run(describedSchema); err != nil {
		t.Fatal(out)
	}
	e := testEngine(t, Options{})
	mustExec(t, e, describedSchema)
	for _, q := range toolQueries(t, "testdata/tools/queries.sql") {
		want, err := run(q[1])
		if err != nil {
			t.Errorf("%s: PostgreSQL refuses it: %s", q[0], want)
			continue
		}
		got, err := fieldsOf(e, q[1])
		if err != nil {
			t.Errorf("%s: %v", q[0], err)
			continue
		}
		if a, b := masked(got), masked(want); a != b {
			t.Errorf("%s:\n%s\ngot:\n%s\nwant:\n%s", q[0], q[1], a, b)
		}
	}
}

// fieldsOf runs a query and gives its rows as psql -A -t shows them.
func fieldsOf(e *Engine, sql string) (string, error) {
	rows, err := e.Query(bg, "", sql)
	if err != nil {
		return "", err
	}
	var lines []string
	for rows.Next() {
		fields := rows.Strings()
		for i, f := range fields {
			if f == "NULL" {
				fields[i] = ""
			}
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	return strings.Join(lines, "\n"), nil
}

var userOID = regexp.MustCompile(`\b(1[6-9]\d{3}|[2-9]\d{4,9}|1\d{5,9})\b`)

// masked is loose without the object ids of users' objects.
func masked(s string) string {
	s = strings.NewReplacer("_not_null", " _not_null", "::text", "", "2200_", "2200 ").Replace(loose(catalogName(s)))
	return strings.ReplaceAll(userOID.ReplaceAllString(strings.ReplaceAll(s, "_", " "), "oid"), "oid ", "oid_")
}

// catalogName calls the database as PostgreSQL's is called.
func catalogName(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		fields := strings.Split(l, "|")
		for k, f := range fields {
			if f == "default" {
				fields[k] = "postgres"
			}
		}
		lines[i] = strings.Join(fields, "|")
	}
	return strings.Join(lines, "\n")
}

// TestSystemViewColumns wants the columns of every system view to be PostgreSQL's, by name,
// order and type, but for types that are held as others.
func TestSystemViewColumns(t *testing.T) {
	c := pgtest.Start(t)
	if c.Version() != 15 {
		t.Skipf("systemviews.txt has the columns of PostgreSQL 15, and this is %d", c.Version())
	}
	out, err := c.CSV(`SELECT n.nspname || '.' || relname || ' ' || relkind::text, string_agg(attname || ' ' || coalesce(b.typname, t.typname), ', ' ORDER BY attnum)
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid JOIN pg_type t ON t.oid = atttypid
		LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE nspname IN ('pg_catalog', 'information_schema') AND attnum > 0 GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		name, cols, _ := strings.Cut(strings.TrimSuffix(line, "\""), ",")
		want[name] = strings.TrimPrefix(cols, "\"")
	}
	held := map[string]string{"pg_node_tree": "text", "_aclitem": "_text", "anyarray": "text",
		"_char": "_text", "pg_lsn": "text", "pg_ndistinct": "bytea", "pg_dependencies": "bytea",
		"pg_mcv_list": "bytea"}
	e := testEngine(t, Options{})
	mustExec(t, e, describedSchema)
	mustExec(t, e, "ANALYZE")
	for _, v := range systemList {
		var ours, theirs []string
		for _, c := range v.columns {
			ours = append(ours, c.Name+" "+c.Type.ShortName())
		}
		for _, c := range strings.Split(want[v.schema+"."+v.name+" "+v.kind], ", ") {
			name, typ, _ := strings.Cut(c, " ")
			if h := held[typ]; h != "" {
				typ = h
			}
			if v.name == "pg_stats" && typ == "_float4" {
				typ = "text"
			}
			theirs = append(theirs, name+" "+typ)
		}
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s.%s: columns\n%v\nwant\n%v", v.schema, v.name, ours, theirs)
		}
		if _, err := fieldsOf(e, "SELECT * FROM "+v.schema+"."+v.name); err != nil {
			t.Errorf("%s.%s: %v", v.schema, v.name, err)
		}
	}
}

// TestInformationSchema compares what information_schema and the views of pg_catalog say of
// a schema with what PostgreSQL's do.
func TestInformationSchema(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql is installed")
	}
	c := pgtest.Start(t)
	run := func(sql string) string {
		b, err := exec.Command(psql, "-h", c.Dir, "-U", "postgres", "-X", "-q", "-A", "-t", "-c", sql).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %s", sql, b)
		}
		return string(b)
	}
	const more = `CREATE TABLE kinds (a smallint, b bigint, c real, d double precision, e numeric, f char(3), g text, h bytea, i date, j time(3), k timetz,
		l timestamp(2), m timestamptz, n interval, o uuid, p json, q jsonb, r bit(4), s varbit, t inet, u boolean, v varchar, w int[] NOT NULL,
		x numeric(5,1)[], z char, "A b" text DEFAULT 'x', UNIQUE NULLS NOT DISTINCT (a, b));
		CREATE TABLE refers (x bigint, y smallint, FOREIGN KEY (y, x) REFERENCES kinds (a, b) MATCH FULL ON UPDATE SET NULL);
		CREATE DOMAIN code AS varchar(3) NOT NULL DEFAULT 'a'; CREATE SEQUENCE small AS smallint INCREMENT 2 MAXVALUE 9 CYCLE;`
	run(describedSchema + more)
	e := testEngine(t, Options{})
	mustExec(t, e, describedSchema+more)
	for view, where := range map[string]string{
		"information_schema.schemata": "schema_name <> 'pg_toast'", "information_schema.tables": "table_schema = 'public' AND table_type = 'BASE TABLE'",
		"information_schema.columns": "table_schema = 'public' AND table_name <> 'v'", "information_schema.table_constraints": "table_schema = 'public'",
		"information_schema.key_column_usage": "constraint_schema = 'public'", "information_schema.referential_constraints": "constraint_schema = 'public'", "information_schema.constraint_column_usage": "constraint_schema = 'public'",
		"information_schema.constraint_table_usage": "constraint_schema = 'public'", "information_schema.check_constraints": "constraint_schema = 'public'", "information_schema.sequences": "",
		"information_schema.domains": "domain_schema = 'public'", "information_schema.domain_constraints": "domain_schema = 'public'",
		"information_schema.domain_udt_usage": "domain_schema = 'public'", "information_schema.element_types": "object_schema = 'public'",
		"information_schema.column_domain_usage": "domain_schema = 'public'", "information_schema.column_udt_usage": "table_schema = 'public'",
		"information_schema.column_column_usage": "", "information_schema.view_table_usage": "view_schema = 'public'", "information_schema.triggers": "false",
		"information_schema.information_schema_catalog_name": "", "information_schema.character_sets": "false",
		"information_schema.table_privileges": "table_schema = 'public' AND grantee <> 'PUBLIC'", "information_schema.role_table_grants": "table_schema = 'public'",
		"information_schema.column_privileges": "table_schema = 'public' AND grantee <> 'PUBLIC'", "information_schema.foreign_tables": "",
		"information_schema.routines": "routine_schema NOT IN ('pg_catalog', 'information_schema')",
		"pg_catalog.pg_tables":        "schemaname = 'public'", "pg_catalog.pg_matviews": "", "pg_catalog.pg_indexes": "schemaname = 'public'",
		"pg_catalog.pg_opclass": "opcname = 'int4_ops'", "pg_catalog.pg_policies": "",
		"pg_catalog.pg_stat_user_indexes": "false", "pg_catalog.pg_rules": "schemaname = 'public' AND false",
	} {
		sql := "SELECT * FROM " + view
		if where != "" {
			sql += " WHERE " + where
		}
		got, err := fieldsOf(e, sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		a, b := strings.Split(masked(got), "\n"), strings.Split(masked(run(sql)), "\n")
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			for _, l := range a {
				if !slices.Contains(b, l) {
					t.Errorf("%s: unexpected row\n%s", view, l)
				}
			}
			for _, l := range b {
				if !slices.Contains(a, l) {
					t.Errorf("%s: missing row\n%s", view, l)
				}
			}
		}
	}
}
