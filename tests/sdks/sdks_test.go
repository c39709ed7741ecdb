// Package sdks runs the contract tests of the client libraries against a real server.
package sdks

import (
	"os"
	"os/exec"
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
