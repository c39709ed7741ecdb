// Package sdks runs the contract tests of the client libraries against a real server.
package sdks

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not there, so its client is not tested")
	}
	s := serve.Start(t, serve.Build(t), t.TempDir())
	cmd := exec.Command(python, "test_contract.py")
	cmd.Dir = "../../sdks/python"
	cmd.Env = append(os.Environ(), "WEFT_URL="+s.URL, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

const javascript = "../../sdks/javascript"

// TestJavaScript runs the contract tests, and every example of the sources and the README.
func TestJavaScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not there, so the client for JavaScript is not tested")
	}
	s := serve.Start(t, serve.Build(t), t.TempDir())
	cmd := exec.Command(node, "--test", "test/contract.test.js", "test/examples.test.js")
	cmd.Dir = javascript
	cmd.Env = append(os.Environ(), "WEFT_URL="+s.URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestJavaScriptTypes checks the types in the sources, that the declarations for
// TypeScript are what the sources say, and that a program in TypeScript compiles with them.
func TestJavaScriptTypes(t *testing.T) {
	tsc, err := filepath.Abs(javascript + "/node_modules/typescript/bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tsc); err != nil {
		t.Skip("TypeScript is not installed, so types are not checked; `npm ci` in sdks/javascript installs it")
	}
	made := t.TempDir()
	for _, args := range [][]string{{"--outDir", made}, {"-p", "test"}} {
		cmd := exec.Command("node", append([]string{tsc}, args...)...)
		cmd.Dir = javascript
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("tsc %v: %v\n%s", args, err, out)
		}
	}
	want, err := filepath.Glob(made + "/*.d.ts")
	if err != nil || len(want) == 0 {
		t.Fatal("no declarations", err)
	}
	have, err := filepath.Glob(javascript + "/types/*.d.ts")
	if err != nil || len(have) != len(want) {
		t.Fatalf("%d files in types, want %d: run `npm run types` in sdks/javascript (%v)", len(have), len(want), err)
	}
	for _, file := range want {
		a, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(javascript, "types", filepath.Base(file))); err != nil || !bytes.Equal(a, b) {
			t.Errorf("types/%s is not what the sources say: run `npm run types` in sdks/javascript (%v)", filepath.Base(file), err)
		}
	}
}

// TestSockets has the usual libraries of Node.js and Python talk to WebSockets.
func TestSockets(t *testing.T) {
	for _, c := range []struct{ name, dir, needs, install, program string }{
		{"node", javascript, javascript + "/node_modules/ws/package.json", "npm ci in sdks/javascript", "test/socket.test.js"},
		{"python3", "../../sdks/python", "../../sdks/python/.deps/websockets/__init__.py", "make sdks/python/.deps", "test_socket.py"},
	} {
		t.Run(c.name, func(t *testing.T) {
			program, err := exec.LookPath(c.name)
			if err != nil {
				t.Skipf("%s is not there, so its library for WebSockets is not tested", c.name)
			}
			if _, err := os.Stat(c.needs); err != nil {
				t.Skipf("the library for WebSockets is not installed; %s does that", c.install)
			}
			s := serve.Start(t, serve.Build(t), t.TempDir())
			args := []string{c.program}
			if c.name == "node" {
				args = append([]string{"--test"}, args...)
			}
			cmd := exec.Command(program, args...)
			cmd.Dir = c.dir
			cmd.Env = append(os.Environ(), "WEFT_URL="+s.URL, "PYTHONDONTWRITEBYTECODE=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
