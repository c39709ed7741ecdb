package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// command runs the binary in dir and returns what it says and its exit code.
func command(t *testing.T, dir string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(serve.Build(t), args...)
	cmd.Dir = dir
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// TestCheckSealedBackups: with its key every item of an encrypted backup is checked,
// without it the checksums, which it says; damage is found either way.
func TestCheckSealedBackups(t *testing.T) {
	dir := t.TempDir()
	key, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	for name, text := range map[string]string{"key": key, "other": other} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ok := func(args ...string) string {
		t.Helper()
		out, code := command(t, dir, args...)
		if code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, out)
		}
		return out
	}
	ok("query", "--data-dir", "d", "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)")
	ok("backup", "create", "--data-dir", "d", "--key-file", "key")
	ok("backup", "create", "--data-dir", "d")
	check := func(wantCode int, args ...string) (r checkReport) {
		t.Helper()
		out, code := command(t, dir, append([]string{"check", "--data-dir", "d", "--backups", "--json"}, args...)...)
		if code != wantCode {
			t.Fatalf("%v: exit code %d, want %d\n%s", args, code, wantCode, out)
		}
		if err := json.NewDecoder(strings.NewReader(out)).Decode(&r); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return r
	}
	for _, c := range []struct {
		args   []string
		sealed int64
	}{{nil, 1}, {[]string{"--key-file", "other"}, 1}, {[]string{"--key-file", "other", "--key-file", "key"}, 0}} {
		if r := check(0, c.args...); r.Checked.Backups != 2 || r.Checked.Sealed != c.sealed || !r.OK {
			t.Errorf("%v: %+v, want %d sealed of 2", c.args, r, c.sealed)
		}
	}
	if out := ok("check", "--data-dir", "d", "--backups"); !strings.Contains(out, "give their keys with --key-file") {
		t.Errorf("it does not say what was not checked:\n%s", out)
	}
	if out, code := command(t, dir, "check", "--data-dir", "d", "--key-file", "key"); code != exitUsage || !strings.Contains(out, "add --backups") {
		t.Errorf("a key without --backups: %d\n%s", code, out)
	}
	if out, code := command(t, dir, "check", "--data-dir", "d", "--backups", "--key-file", "none"); code == 0 || !strings.Contains(out, "none") {
		t.Errorf("a key file that is not there: %d\n%s", code, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "d", "backups", "backup_*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/3] ^= 4
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{nil, {"--key-file", "key"}} {
		if r := check(exitDamaged, args...); len(r.Findings) != 2 || r.Findings[0].Part != "backup" {
			t.Errorf("%v: damage in two backups: %+v", args, r.Findings)
		}
	}
}
