package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/weftdb/weft/document/doc"
)

// beyondRE2 are expressions that refer back or look around, which are refused.
var beyondRE2 = map[string]bool{
	"an ECMA 262 named backreference \\k<name>": true,
	"a variable-width lookbehind (ES2018)":      true,
}

// TestFormatSuite: the optional tests of the public suite about formats and about the
// expressions of ECMA-262.
func TestFormatSuite(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpora")
	}
	root = filepath.Join(root, "json_schema", "tests", "draft2020-12", "optional")
	files, _ := filepath.Glob(filepath.Join(root, "format", "*.json"))
	if len(files) == 0 {
		t.Skip("the test data json_schema is not there")
	}
	ran := 0
	for _, file := range append(files, filepath.Join(root, "ecmascript-regex.json")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []struct {
			Description string
			Schema      json.RawMessage
			Tests       []struct {
				Description string
				Data        json.RawMessage
				Valid       bool
			}
		}
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			s, err := compileSchemaWith(string(g.Schema), true, refuseLoader{})
			if err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(file), g.Description, err)
				continue
			}
			for _, c := range g.Tests {
				ran++
				if beyondRE2[c.Description] {
					continue
				}
				v, err := doc.Parse(c.Data)
				if err != nil {
					t.Fatal(err)
				}
				if problem := s.check(v); (problem == nil) != c.Valid {
					t.Errorf("%s: %s: %s %s: got %v, want valid %v", filepath.Base(file), g.Description, c.Description, c.Data, problem, c.Valid)
				}
			}
		}
	}
	if ran < 838 {
		t.Errorf("only %d tests ran", ran)
	}
}
