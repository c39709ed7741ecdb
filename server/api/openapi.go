package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var specYAML []byte

func (s *Server) bindDocs(e *echo.Echo) {
	get(e, "/openapi.json", func(c echo.Context) error {
		spec, err := specJSON()
		if err != nil {
			return err
		}
		return c.JSONBlob(http.StatusOK, spec)
	})
	get(e, "/docs", s.docs)
}

// specJSON is the specification as JSON, in the order of the YAML.
var specJSON = sync.OnceValues(func() ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(specYAML, &doc); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	return appendYAML(nil, &doc)
})

// appendYAML appends a node as JSON, keeping the order of its members and
// resolving anchors and merges.
func appendYAML(dst []byte, n *yaml.Node) ([]byte, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return appendYAML(dst, n.Content[0])
	case yaml.AliasNode:
		return appendYAML(dst, n.Alias)
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i, item := range n.Content {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendYAML(dst, item); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case yaml.MappingNode:
		return appendMapping(dst, n)
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

func appendMapping(dst []byte, n *yaml.Node) ([]byte, error) {
	dst = append(dst, '{')
	for i, m := range members(n) {
		if i > 0 {
			dst = append(dst, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		dst = append(append(dst, name...), ':')
		if dst, err = appendYAML(dst, m.value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// member is one entry of a mapping.
type member struct {
	name  string
	value *yaml.Node
}

// members lists a mapping's entries with those of "<<" merged under its own.
func members(n *yaml.Node) (list []member) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	own := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		own[n.Content[i].Value] = true
	}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		if name != "<<" {
			list = append(list, member{name, value})
			continue
		}
		for _, m := range members(value) {
			if !own[m.name] {
				list = append(list, m)
			}
		}
	}
	return list
}

// lookup returns a member of a mapping, following aliases and local references.
func lookup(root, n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		n = resolve(root, n)
		var found *yaml.Node
		if n != nil {
			for _, m := range members(n) {
				if m.name == name {
					found = m.value
				}
			}
		}
		n = found
	}
	return resolve(root, n)
}

// resolve follows aliases and "$ref".
func resolve(root, n *yaml.Node) *yaml.Node {
	for n != nil {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
			continue
		}
		if n.Kind != yaml.MappingNode {
			return n
		}
		ref := ""
		for _, m := range members(n) {
			if m.name == "$ref" {
				ref = m.value.Value
			}
		}
		if ref == "" {
			return n
		}
		n = lookup(root, root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}
