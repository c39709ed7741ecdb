package archtest

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImportsPointDown reads the imports of every package of the module, and of
// its tests' own packages no more than that, and holds them against the table.
func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, Module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []Package
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		p := Package{Path: relative(fields[0])}
		for _, imp := range fields[1:] {
			if imp == Module || strings.HasPrefix(imp, Module+"/") {
				p.Imports = append(p.Imports, relative(imp))
			}
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("go list gave %d packages, so the check saw next to nothing", len(packages))
	}
	for _, fault := range Check(Rules, packages) {
		t.Error(fault)
	}
}

func relative(path string) string {
	if path == Module {
		return "."
	}
	return strings.TrimPrefix(path, Module+"/")
}

func TestCheckFindsBreaches(t *testing.T) {
	rules := []Rule{
		{Path: "low", Layer: 0},
		{Path: "mid/a", Layer: 1, Not: map[string]string{"low": "a must stay clean"}},
		{Path: "mid/b", Layer: 1, Also: []string{"mid/a"}},
		{Path: "top/...", Layer: 2, Also: []string{"top/..."}},
	}
	for _, c := range []struct {
		from, to, want string
	}{
		{"top/x", "low", ""},
		{"top/x", "top/y", ""},
		{"mid/b", "mid/a", ""},
		{"mid/a", "mid/b", "never go sideways"},
		{"low", "mid/a", "imports point down"},
		{"mid/a", "low", "must stay clean"},
		{"new", "low", "no line in the import table"},
	} {
		got := strings.Join(Check(rules, []Package{{Path: c.from, Imports: []string{c.to}}}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
