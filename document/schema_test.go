package document

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weftdb/weft/document/doc"
)

// remotes answers for the server of the suite, from its files.
type remotes struct{ dir string }

func (r remotes) Load(url string) (any, error) {
	name, ok := strings.CutPrefix(url, "http://localhost:1234/")
	if !ok {
		return nil, fmt.Errorf("%s is not of the suite", url)
	}
	f, err := os.Open(filepath.Join(r.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return jsonschema.UnmarshalJSON(f)
}

// TestJSONSchemaSuite: the required tests of the public suite for draft 2020-12 hold, all
// of them, for documents in their binary form.
func TestJSONSchemaSuite(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpora")
	}
	root = filepath.Join(root, "json_schema")
	files, _ := filepath.Glob(filepath.Join(root, "tests", "draft2020-12", "*.json"))
	if len(files) == 0 {
		t.Skip("the test data json_schema is not there")
	}
	ran := 0
	for _, file := range files {
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
			s, err := compileSchemaWith(string(g.Schema), false, remotes{filepath.Join(root, "remotes")})
			if err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(file), g.Description, err)
				continue
			}
			for _, c := range g.Tests {
				ran++
				v, err := doc.Parse(c.Data)
				if err != nil {
					t.Fatal(err)
				}
				if problem := s.check(v); (problem == nil) != c.Valid {
					t.Errorf("%s: %s: %s: got %v, want valid %v", filepath.Base(file), g.Description, c.Description, problem, c.Valid)
				}
			}
		}
	}
	if ran < 1299 {
		t.Errorf("only %d tests ran", ran)
	}
}

// TestSchemaStaysInside: a schema of a collection cannot fetch anything.
func TestSchemaStaysInside(t *testing.T) {
	for _, ref := range []string{"http://localhost:1234/integer.json", "file:///etc/passwd", "other.json"} {
		if _, err := compileSchema(`{"$ref":"`+ref+`"}`, false); err == nil {
			t.Errorf("%s is taken", ref)
		}
	}
}

// TestFormats: format describes, and holds only where the collection wants it; a schema at
// fault is told of without the name it has inside.
func TestFormats(t *testing.T) {
	for _, formats := range []bool{false, true} {
		s, err := compileSchema(`{"properties":{"at":{"format":"date-time"}}}`, formats)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := doc.Parse([]byte(`{"at":"yesterday"}`))
		if problem := s.check(v); (problem != nil) != formats {
			t.Errorf("formats %v: %v", formats, problem)
		}
	}
	_, err := compileSchema(`{"type":"thing"}`, false)
	if err == nil || strings.Contains(err.Error(), "weft:") || strings.Contains(err.Error(), "file:") {
		t.Errorf("got %v", err)
	}
}
