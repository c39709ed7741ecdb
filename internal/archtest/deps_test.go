package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDependenciesAreNamed: each direct dependency has a line in docs/DEPENDENCIES.md.
func TestDependenciesAreNamed(t *testing.T) {
	root := filepath.Join("..", "..")
	doc, err := os.ReadFile(filepath.Join(root, "docs", "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	if len(modules) < 10 {
		t.Fatalf("go list gave %d direct dependencies", len(modules))
	}
	for _, m := range modules {
		// The parts of one project share its line.
		if base, _, ok := strings.Cut(m, "/parsers/"); ok {
			m = base
		}
		if base, _, ok := strings.Cut(m, "/providers/"); ok {
			m = base
		}
		if !strings.Contains(string(doc), m) {
			t.Errorf("docs/DEPENDENCIES.md has no line for %s", m)
		}
	}
}
