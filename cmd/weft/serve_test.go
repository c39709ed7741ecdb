package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// TestServeSignals: SIGTERM and SIGINT stop the server in order, with code 0.
func TestServeSignals(t *testing.T) {
	bin := serve.Build(t)
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		s := serve.Start(t, bin, t.TempDir())
		cmd := s.Process()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", sig, err, s.Log())
		}
		for _, want := range []string{"Weft ", "address   http://127.0.0.1:", "a new store", "stopped"} {
			if !strings.Contains(s.Log(), want) {
				t.Errorf("the output lacks %q:\n%s", want, s.Log())
			}
		}
	}
}

// TestServeRefuses: what cannot work ends at once with the code of its kind.
func TestServeRefuses(t *testing.T) {
	bin := serve.Build(t)
	dir := t.TempDir()
	busy := serve.Start(t, bin, filepath.Join(dir, "busy"))
	if err := os.MkdirAll(filepath.Join(dir, "damaged", "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "damaged", "FORMAT"), []byte("no store\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--listen", "127.0.0.1:0", "--data-dir", "damaged"}, exitFailed, "hint: nothing was changed; copy the data directory"},
		{[]string{"--listen", "0.0.0.0:7600"}, exitUsage, "weft serve --listen 0.0.0.0:7600 --insecure-listen"},
		{[]string{"--listen", "0.0.0.0:7600", "--dev"}, exitUsage, "--dev does not change that"},
		{[]string{"--set", "query.timeot=1s", "--set", "log.level=loud"}, exitUsage, "did you mean query.timeout?"},
		{[]string{"--no-such-flag"}, exitUsage, "serve --help"},
		{[]string{"--listen", strings.TrimPrefix(busy.URL, "http://")}, exitFailed, "address already in use"},
		{[]string{"--listen", "127.0.0.1:0", "--data-dir", "busy"}, exitUnavailable, "another process is using the data directory busy"},
	} {
		cmd := exec.Command(bin, append([]string{"serve"}, c.args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != c.code || !bytes.Contains(out, []byte(c.want)) {
			t.Errorf("serve %v: %v, want exit code %d and %q\n%s", c.args, err, c.code, c.want, out)
		}
	}
}

func TestPrintConfig(t *testing.T) {
	cmd := exec.Command(serve.Build(t), "serve", "--memory", "--set", "query.timeout=5s", "--print-config")
	cmd.Env = append(os.Environ(), "WEFT_LOG_FORMAT=json")
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"storage.backend": "memory local|memory flag", "query.timeout": "5s duration|off --set", "log.format": "json text|json environment"} {
		for line := range strings.Lines(string(out)) {
			f := strings.Fields(line)
			if f[0] == key && strings.Join(f[1:4], " ") != want {
				t.Errorf("%s: got %v, want %s", key, f[1:4], want)
			}
		}
		if !strings.Contains(string(out), "\n"+key+" ") {
			t.Errorf("%s is missing:\n%s", key, out)
		}
	}
}

func TestVersion(t *testing.T) {
	out, err := exec.Command(serve.Build(t), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "weft dev (commit ") {
		t.Errorf("%q %v", out, err)
	}
}
