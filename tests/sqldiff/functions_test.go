package sqldiff

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

// functionsOf lists the functions of a server that applications call by name, with the
// types of their arguments: not those behind operators, casts, input and output, index
// methods, aggregates and large objects, and not those that ask about or steer the server itself.
const functionsOf = `
SELECT p.proname, p.prokind, coalesce(array_to_string(ARRAY(SELECT format_type(CASE WHEN n = p.pronargs AND p.provariadic <> 0 THEN p.provariadic ELSE a END, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY x(a, n) ORDER BY n), '|'), '')
FROM pg_proc p
WHERE pronamespace = 'pg_catalog'::regnamespace
AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
	'index_am_handler'::regtype, 'tsm_handler'::regtype, 'language_handler'::regtype, 'fdw_handler'::regtype, 'table_am_handler'::regtype)
AND NOT proargtypes::oid[] && ARRAY['internal'::regtype::oid, 'cstring'::regtype::oid]
AND proname !~ '^(json|jsonb)_to_record'
AND NOT EXISTS (SELECT 1 FROM pg_cast c WHERE c.castfunc = p.oid)
AND NOT EXISTS (SELECT 1 FROM pg_amproc a WHERE a.amproc = p.oid)
AND NOT EXISTS (SELECT 1 FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn) AND p.proname NOT IN ('array_append', 'array_cat'))
AND NOT EXISTS (SELECT 1 FROM pg_aggregate a WHERE a.aggfnoid = p.oid AND a.aggkind <> 'n')
AND NOT EXISTS (SELECT 1 FROM pg_operator o WHERE o.oprcode = p.oid AND obj_description(p.oid, 'pg_proc') LIKE 'implementation of %')
AND p.proname !~ '(send|recv|typmodin|typmodout|_accum|_combine|_serialize|_inv|sel|_subdiff|_canonical)$'
AND p.proname !~ '^(lo_|pg_stat_|pg_replication|pg_logical|pg_ls_|pg_read|binary_upgrade|brin_|gin_|pg_wal|pg_show|pg_stop|pg_backup|pg_current_wal|pg_control|pg_create|pg_drop|pg_copy_|pg_last|pg_get_replica|pg_get_wal|ts_|_)'
ORDER BY 1, 3`

// sampleOf is a value of a type for a call.
func sampleOf(typ string) string {
	switch typ {
	case `"any"`, "anyelement", "anycompatible", "anynonarray", "anycompatiblenonarray":
		return "NULL::integer"
	case "anyarray", "anycompatiblearray":
		return "NULL::integer[]"
	case "anyrange", "anycompatiblerange":
		return "NULL::int4range"
	case "anymultirange", "anycompatiblemultirange":
		return "NULL::int4multirange"
	case "record":
		return "ROW(1, 2)"
	case "regclass":
		return "'item_id_seq'::regclass"
	case "text[]", "\"any\"[]":
		return "ARRAY['a']"
	case "anyenum":
		return "NULL::mood"
	}
	return "NULL::" + typ
}

// TestFunctionsOfPostgres asks a real PostgreSQL which functions it has, and compares: each is
// here, or in the list of those that are refused, which says nothing of one that is here.
func TestFunctionsOfPostgres(t *testing.T) {
	pg, err := dialPostgres(pgtest.Start(t).Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.close()
	all := ask(t, pg, functionsOf)
	if len(all.rows) < 400 {
		t.Fatalf("%d functions %s", len(all.rows), all.message)
	}
	w := bareWeft(t)
	ask(t, w, "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE SEQUENCE item_id_seq")
	var missing []string
	for _, row := range all.rows {
		name, kind, sig := *row[0], *row[1], *row[2]
		var args []string
		for _, typ := range strings.Split(sig, "|") {
			if typ != "" {
				args = append(args, sampleOf(typ))
			}
		}
		call := `SELECT "` + name + `"(` + strings.Join(args, ", ") + ")"
		if kind == "a" && len(args) == 0 {
			call = "SELECT count(*)"
		}
		if kind == "w" {
			call += " OVER ()"
		}
		a := ask(t, w, "EXPLAIN "+call)
		switch a.state {
		case "42883", "42704", "0A000", "42P02":
			missing = append(missing, name+"("+strings.ReplaceAll(sig, "|", ", ")+")")
		case "XX000":
			t.Errorf("%s: %s", call, a.message)
		}
	}
	const file = "testdata/functions_refused.txt"
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(missing, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, m := range missing {
		if !slices.Contains(listed, m) {
			t.Errorf("%s is neither here nor refused", m)
		}
	}
	for _, l := range listed {
		if !slices.Contains(missing, l) {
			t.Errorf("%s is listed as refused", l)
		}
	}
}
