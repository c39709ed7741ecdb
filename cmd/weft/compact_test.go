package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// TestCompactCommand: it has a server compact, and says where there is none.
func TestCompactCommand(t *testing.T) {
	s := serve.Start(t, serve.Build(t), t.TempDir(), "--set", "storage.history=off")
	dir := t.TempDir()
	for _, text := range []string{"CREATE TABLE t (n int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 2000)", "DELETE FROM t WHERE n > 10"} {
		if out, code := command(t, dir, "query", "--server", s.URL, text); code != 0 {
			t.Fatal(out)
		}
	}
	out, code := command(t, dir, "compact", "--server", s.URL, "--json")
	var done compacted
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&done); code != 0 || err != nil || done.Before == 0 || done.After == 0 {
		t.Errorf("exit code %d, %v:\n%s", code, err, out)
	}
	if out, code := command(t, dir, "compact", "--server", s.URL); code != 0 || !strings.Contains(out, "0 versions removed") {
		t.Errorf("again: exit code %d\n%s", code, out)
	}
	if out, code := command(t, dir, "compact", "--server", "127.0.0.1:1"); code != exitUnavailable {
		t.Errorf("no server: exit code %d\n%s", code, out)
	}
}
