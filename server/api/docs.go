package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS string

// docs serves the specification as a page that needs nothing but itself.
func (s *Server) docs(c echo.Context) error {
	page, err := docsPage()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(docsCSS))
	of(c).ownHeaders()
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; frame-ancestors 'none'")
	return c.HTMLBlob(http.StatusOK, page)
}

type docsOperation struct {
	Method, Path, Summary, Description, Example string
	Params                                      []docsField
	Body                                        []docsField
	Answers                                     []docsField
}

type docsField struct{ Name, Type, Text string }

type docsSection struct {
	Name, Text string
	Operations []docsOperation
}

// docsPage renders the page once.
var docsPage = sync.OnceValues(func() ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(specYAML, &doc); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	root := doc.Content[0]
	tmpl, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("read docs.html: %w", err)
	}
	var out bytes.Buffer
	err = tmpl.Execute(&out, map[string]any{
		"Style":    template.CSS(docsCSS),
		"Title":    text(lookup(root, root, "info", "title")),
		"Text":     text(lookup(root, root, "info", "description")),
		"Sections": docsSections(root),
	})
	return out.Bytes(), err
})

func docsSections(root *yaml.Node) (list []docsSection) {
	for _, tag := range lookup(root, root, "tags").Content {
		section := docsSection{Name: text(lookup(root, tag, "name")), Text: text(lookup(root, tag, "description"))}
		for _, path := range members(lookup(root, root, "paths")) {
			for _, op := range members(path.value) {
				if tags := lookup(root, op.value, "tags"); tags != nil && tags.Content[0].Value == section.Name {
					section.Operations = append(section.Operations, docsOperationOf(root, strings.ToUpper(op.name), path.name, op.value))
				}
			}
		}
		list = append(list, section)
	}
	return list
}

func docsOperationOf(root *yaml.Node, method, path string, n *yaml.Node) docsOperation {
	op := docsOperation{Method: method, Path: path, Summary: text(lookup(root, n, "summary")),
		Description: text(lookup(root, n, "description")), Example: docsExample(root, method, path, n)}
	if params := lookup(root, n, "parameters"); params != nil {
		for _, p := range params.Content {
			op.Params = append(op.Params, docsField{Name: text(lookup(root, p, "name")) + " in " + text(lookup(root, p, "in")),
				Type: docsType(root, lookup(root, p, "schema")), Text: text(lookup(root, p, "description"))})
		}
	}
	op.Body = docsFields(root, lookup(root, n, "requestBody", "content", "application/json", "schema"))
	for _, r := range members(lookup(root, n, "responses")) {
		var media []string
		if content := lookup(root, r.value, "content"); content != nil {
			for _, m := range members(content) {
				media = append(media, m.name)
			}
		}
		op.Answers = append(op.Answers, docsField{Name: r.name, Type: strings.Join(media, ", "), Text: text(lookup(root, r.value, "description"))})
	}
	return op
}

func docsFields(root, schema *yaml.Node) (list []docsField) {
	if schema == nil {
		return nil
	}
	if props := lookup(root, schema, "properties"); props != nil {
		for _, p := range members(props) {
			list = append(list, docsField{Name: p.name, Type: docsType(root, p.value), Text: text(lookup(root, p.value, "description"))})
		}
	}
	return list
}

// docsType says in a few words what a schema allows.
func docsType(root, schema *yaml.Node) string {
	if schema == nil {
		return ""
	}
	for _, key := range []string{"enum", "type"} {
		n := lookup(root, schema, key)
		if n == nil {
			continue
		}
		if n.Kind != yaml.SequenceNode {
			return n.Value
		}
		var words []string
		for _, v := range n.Content {
			words = append(words, v.Value)
		}
		return strings.Join(words, " | ")
	}
	return text(lookup(root, schema, "const"))
}

// docsExample is a command that works as it stands where the specification has an example.
func docsExample(root *yaml.Node, method, path string, n *yaml.Node) string {
	cmd := "curl -s"
	if method != http.MethodGet && method != http.MethodPost {
		cmd += " -X " + method
	}
	url := "http://127.0.0.1:7600" + strings.NewReplacer("{name}", "NAME", "{id}", "ID").Replace(path)
	switch {
	case method == http.MethodGet && path == "/api/v1/query":
		return cmd + " -G " + url + " --data-urlencode 'sql=SELECT 1 AS one'"
	case method == http.MethodPost:
		return cmd + " " + url + " --json '" + docsBody(root, n) + "'"
	}
	return cmd + " " + url
}

func docsBody(root, n *yaml.Node) string {
	if examples := lookup(root, n, "requestBody", "content", "application/json", "examples"); examples != nil {
		for _, e := range members(examples) {
			var v map[string]any
			if err := lookup(root, e.value, "value").Decode(&v); err == nil {
				if b, err := json.Marshal(v); err == nil {
					return string(b)
				}
			}
		}
	}
	for _, f := range docsFields(root, lookup(root, n, "requestBody", "content", "application/json", "schema")) {
		if f.Name == "query" {
			return `{"query":"SELECT 1"}`
		}
	}
	return `{"name":"NAME"}`
}
