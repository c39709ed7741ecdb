package query

import (
	"strings"
	"testing"
)

// TestShownQueriesRun makes views anew of what the catalogs show of them: the new ones are
// shown in the same way, pretty or not.
func TestShownQueriesRun(t *testing.T) {
	e := testEngine(t, Options{})
	s := session(t, e)
	steps, _ := readScript(t, "testdata/viewtext.sql")
	for _, step := range steps {
		if step.head == "statement" {
			must(t, s, step.sql)
		}
	}
	views := strings.Fields(must(t, s, "SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY 1"))
	if len(views) < 30 {
		t.Fatalf("%d views, want those of the script", len(views))
	}
	for _, v := range views {
		show := func(name, pretty string) string {
			return must(t, s, "SELECT pg_get_viewdef('"+name+"'::regclass, "+pretty+")")
		}
		want := show(v, "true")
		for _, pretty := range []string{"true", "false"} {
			must(t, s, "CREATE OR REPLACE VIEW "+v+" AS "+show(v, pretty))
			if got := show(v, "true"); got != want && v != "v30" { // whose IN of a varchar gets its casts one by one, in PostgreSQL, too
				t.Errorf("%s is\n%s\nand made anew of its text\n%s", v, want, got)
			}
		}
	}
}
