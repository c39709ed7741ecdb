package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var docsBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```\n(?:^```(?:json|text)\n(.*?)^```$)?")

// TestDocumentedCommands runs every shell block of the pages of the models, in order,
// on one server each, and wants the answers that the page shows; … stands for anything.
func TestDocumentedCommands(t *testing.T) {
	for _, name := range []string{"kv.md", "documents.md", "timeseries.md", "prometheus.md", "continuous.md"} {
		t.Run(name, func(t *testing.T) { runPage(t, name) })
	}
}

func runPage(t *testing.T, name string) {
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not there")
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t)
	blocks := docsBlock.FindAllStringSubmatch(string(page), -1)
	for _, m := range blocks {
		script := strings.ReplaceAll(m[1], "127.0.0.1:7600", strings.TrimPrefix(c.url, "http://"))
		out, err := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script).CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, m[1], out)
			continue
		}
		if m[2] == "" {
			t.Errorf("the page does not show what this answers:\n%s", m[1])
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(m[2])), "…", ".*")
		if !regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(string(out))) {
			t.Errorf("%s\nanswers\n%s\nwant\n%s", m[1], out, m[2])
		}
	}
	if n := strings.Count(string(page), "\n```sh\n"); len(blocks) != n || n < 3 {
		t.Errorf("ran %d of %d blocks", len(blocks), n)
	}
}
