package sqldiff

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

// spellings turn selectors of RFC 9535 into PostgreSQL's language, where it has them.
var spellings = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`\['([^'\\]*)'\]`), `."$1"`},
	{regexp.MustCompile(`\["([^"\\]*)"\]`), `."$1"`},
	{regexp.MustCompile(`^(.*)\[\?(.*)\]$`), `$1[*] ? ($2)`},
	{regexp.MustCompile(`\.\.\[`), `.**[`},
	{regexp.MustCompile(`\.\.`), `.**.`},
	{regexp.MustCompile(`\[(\d+):(\d+)\]`), `[$1 to $2]`},
	{regexp.MustCompile(`'([^'\\]*)'`), `"$1"`},
	{regexp.MustCompile(`(@[\w.]*) *\)$`), `exists($1))`},
}

// TestJSONPathSuite: on every selector and document of the compliance suite of RFC 9535,
// as it stands and in PostgreSQL's spelling, in both of its modes, the functions of
// jsonpath give what PostgreSQL's give, and refuse what it refuses, with its code.
func TestJSONPathSuite(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	text, err := os.ReadFile(filepath.Join(root, "jsonpath_cts", "cts.json"))
	if err != nil {
		t.Skip("the test data jsonpath_cts is not there")
	}
	var suite struct {
		Tests []struct {
			Name, Selector string
			Document       json.RawMessage
			Result         json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &suite); err != nil {
		t.Fatal(err)
	}
	pg, err := dialPostgres(pgtest.Start(t).Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.close()
	w := bareWeft(t)
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	asked, taken, standard := 0, 0, 0
	for _, c := range suite.Tests {
		document := string(c.Document)
		if document == "" {
			document = "{}"
		}
		native := c.Selector
		for _, s := range spellings {
			native = s.from.ReplaceAllString(native, s.to)
		}
		for _, selector := range []string{c.Selector, "strict " + c.Selector, native, "strict " + native} {
			if strings.ContainsRune(selector+document, 0) {
				continue // no statement can hold it
			}
			sql := "SELECT jsonb_path_query_array(" + quote(document) + ", " + quote(selector) + ")"
			want, got := ask(t, pg, sql), ask(t, w, sql)
			if asked++; want.state == "" {
				taken++
			}
			if got.state != want.state || !reflect.DeepEqual(got.rows, want.rows) {
				t.Errorf("%s: %s\ngot  %s\nwant %s", c.Name, sql, goldenText(got), goldenText(want))
			}
			if want.state == "" && sameJSON(*want.rows[0][0], string(c.Result)) {
				standard++
			}
		}
	}
	t.Logf("%d selectors, %d of PostgreSQL's language, %d that give what the RFC has them give", asked, taken, standard)
	if asked < 2500 || taken < 450 {
		t.Errorf("only %d of %d selectors are taken", taken, asked)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
