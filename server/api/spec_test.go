package api

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// spec is the parsed specification with a compiler for its schemas.
type spec struct {
	root     *yaml.Node
	compiler *jsonschema.Compiler
}

func loadSpec(t *testing.T) *spec {
	t.Helper()
	b, err := specJSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("spec.json", doc); err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(specYAML, &n); err != nil {
		t.Fatal(err)
	}
	return &spec{root: n.Content[0], compiler: c}
}

var pathParamRE = regexp.MustCompile(`:(\w+)`)

// TestRoutesAndSpecAgree: every route is described, and everything described is
// a route.
func TestRoutesAndSpecAgree(t *testing.T) {
	sp := loadSpec(t)
	var routes, described []string
	for _, r := range New(Options{}).echo.Routes() {
		if r.Path == "/*" || r.Method == "HEAD" {
			continue // HEAD is GET without the body
		}
		path := strings.Replace(pathParamRE.ReplaceAllString(r.Path, "{$1}"), "/*", "/{key}", 1)
		routes = append(routes, r.Method+" "+path)
	}
	ids := make(map[string]bool)
	for _, p := range members(lookup(sp.root, sp.root, "paths")) {
		for _, op := range members(p.value) {
			described = append(described, strings.ToUpper(op.name)+" "+p.name)
			id := text(lookup(sp.root, op.value, "operationId"))
			if id == "" || ids[id] {
				t.Errorf("%s %s: operationId %q is missing or comes twice", op.name, p.name, id)
			}
			ids[id] = true
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("routes    %v\ndescribed %v", routes, described)
	}
}

// TestReferencesResolve: each $ref of the specification leads somewhere.
func TestReferencesResolve(t *testing.T) {
	sp := loadSpec(t)
	refs := regexp.MustCompile(`'#/([\w/]+)'`).FindAllSubmatch(specYAML, -1)
	if len(refs) < 20 {
		t.Fatalf("found %d references", len(refs))
	}
	for _, ref := range refs {
		if lookup(sp.root, sp.root, strings.Split(string(ref[1]), "/")...) == nil {
			t.Errorf("%s leads nowhere", ref[0])
		}
	}
}

// schemaPointer finds the schema of an answer.
func (sp *spec) schemaPointer(method, path, status, media string) string {
	ops := lookup(sp.root, sp.root, "paths", path)
	if ops == nil {
		return ""
	}
	op := lookup(sp.root, ops, strings.ToLower(method))
	if op == nil {
		return ""
	}
	given := media
	for _, code := range []string{status, "default"} {
		media := given
		if lookup(sp.root, op, "responses", code, "content", media, "schema") == nil {
			media = "*/*"
		}
		if lookup(sp.root, op, "responses", code, "content", media, "schema") != nil {
			esc := strings.NewReplacer("~", "~0", "/", "~1")
			at := "/paths/" + esc.Replace(path) + "/" + strings.ToLower(method) + "/responses/" + code
			if code == "default" {
				at = "/components/responses/Problem"
			}
			return at + "/content/" + esc.Replace(media) + "/schema"
		}
	}
	return ""
}

// TestAnswersMatchSpec runs every scenario and validates its answer, and the body
// that it sent where it was accepted.
func TestAnswersMatchSpec(t *testing.T) {
	if testing.Short() {
		t.Skip("the same requests as TestScenarios, and a minute of schemas under the race detector")
	}
	sp := loadSpec(t)
	validated := make(map[string]bool)
	for _, list := range [][]scenario{queryScenarios, bodyScenarios, errorScenarios, catalogScenarios, operationScenarios, kvScenarios, transactionScenarios, backupScenarios, storageScenarios, documentScenarios, textScenarios, seriesScenarios, lineScenarios, promScenarios, otlpScenarios, streamingScenarios, groupScenarios, continuousScenarios, cursorScenarios} {
		for _, sc := range list {
			w := sc.run(t)
			method, url, body := sc.request()
			if method == "HEAD" || method == "OPTIONS" || w.Code == 304 {
				continue
			}
			media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
			pattern := specPath(sp, url)
			if pattern == "" || w.Code == 405 {
				pattern, method = "/api/v1/query", "POST" // what the router itself answers
			}
			if w.Code == 204 { // an answer without a body
				op := lookup(sp.root, lookup(sp.root, sp.root, "paths", pattern), strings.ToLower(method))
				if lookup(sp.root, op, "responses", "204") == nil {
					t.Errorf("%s: %s %s with status 204 is not described", sc.name, method, pattern)
				}
				validated[method+" "+pattern+" 2"] = true
				continue
			}
			at := sp.schemaPointer(method, pattern, strconv.Itoa(w.Code), media)
			if at == "" {
				t.Errorf("%s: %s %s with status %d and type %s is not described", sc.name, method, pattern, w.Code, media)
				continue
			}
			validated[method+" "+pattern+" "+strconv.Itoa(w.Code/100)] = true
			if strings.HasSuffix(media, "json") && !strings.HasSuffix(at, "/*~1*/schema") && media != "application/x-ndjson" {
				sp.validate(t, sc.name, at, w.Body.Bytes())
			}
			if method == "POST" && pattern == "/api/v1/query" && w.Code == 200 && body != "" {
				sp.validate(t, sc.name+" (request)", "/components/schemas/QueryRequest", []byte(body))
			}
		}
	}
	for _, p := range members(lookup(sp.root, sp.root, "paths")) {
		for _, op := range members(p.value) {
			if lookup(sp.root, op.value, "responses", "101") != nil {
				continue // a WebSocket, which a recorder cannot be
			}
			if key := strings.ToUpper(op.name) + " " + p.name + " 2"; !validated[key] && !alias(p.name) && key != "DELETE /api/v1/queries/{id} 2" && key != "GET /api/v1/kv/watch 2" && !strings.HasSuffix(p.name, "/live") && key != "GET /api/v1/streaming/channels/{channel}/sse 2" && !strings.Contains(p.name, "/transactions/{id}") && key != "POST /api/v1/cursors 2" && !strings.Contains(p.name, "/cursors/{id}") {
				t.Errorf("no scenario has a successful answer of %s", key)
			}
		}
	}
}

// alias says which paths are another's handler under a second name.
func alias(path string) bool {
	return path == "/health/live" || path == "/health/ready" || path == "/api/v1/version"
}

// specPath finds the described path of a URL.
func specPath(sp *spec, url string) string {
	url, _, _ = strings.Cut(url, "?")
	best := ""
	for _, p := range members(lookup(sp.root, sp.root, "paths")) {
		re := regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(p.name), func(name string) string {
			if name == `\{key\}` {
				return ".+"
			}
			return "[^/]+"
		}) + "$")
		if re.MatchString(url) && (best == "" || strings.Contains(best, "{")) {
			best = p.name
		}
	}
	return best
}

func (sp *spec) validate(t *testing.T, name, pointer string, body []byte) {
	t.Helper()
	schema, err := sp.compiler.Compile("spec.json#" + pointer)
	if err != nil {
		t.Fatalf("%s: %v", pointer, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v in %s", name, err, body)
		return
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
}

// TestValidatorBites: the schemas refuse what they must.
func TestValidatorBites(t *testing.T) {
	sp := loadSpec(t)
	schema, err := sp.compiler.Compile("spec.json#/components/schemas/QueryAnswer")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`{}`, `{"success":false}`, `{"success":true,"data":{"columns":[1],"types":[],"rows":[],"rows_affected":0,"command":""},"execution_time_ms":1}`} {
		var v any
		if err := json.Unmarshal([]byte(bad), &v); err != nil {
			t.Fatal(err)
		}
		if schema.Validate(v) == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}
