// Package readme runs every snippet of README.md as a newcomer would: a copy of the
// tracked files, `make run` in the background, then each shell block in order, with the
// output that the page shows.
package readme

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

type block struct{ lang, text string }

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

func blocks(t *testing.T, root string) []block {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range fence.FindAllStringSubmatch(string(data), -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// copyTracked copies the files that a clone would have.
func copyTracked(t *testing.T, root, dir string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", `set -o pipefail; git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c 'test ! -f "$1" || echo "$1"' _ {} | tar -cf - -T - | tar -xf - -C "$0"`, dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
}

// makeRun starts `make run` and waits until the server is ready.
func makeRun(t *testing.T, dir, addr string) {
	t.Helper()
	cmd := exec.Command("make", "run")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WEFT_SERVER_LISTEN="+addr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := os.Create(filepath.Join(t.TempDir(), "run.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() //nolint:errcheck // it is killed, or its log is shown
		close(ended)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
		<-ended
		out.Close()
	})
	for deadline := time.Now().Add(8 * time.Minute); time.Now().Before(deadline); {
		if res, err := http.Get("http://" + addr + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ended:
			log, _ := os.ReadFile(out.Name())
			t.Fatalf("make run ended:\n%s", log)
		case <-time.After(50 * time.Millisecond): // another process gives no event to wait for
		}
	}
	log, _ := os.ReadFile(out.Name())
	t.Fatalf("make run did not get ready:\n%s", log)
}

var changing = regexp.MustCompile(`"execution_time_ms":[0-9.e-]+`)

func normal(s string) string {
	lines := strings.Split(strings.TrimRight(changing.ReplaceAllString(s, `"execution_time_ms":0`), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the whole product in a copy")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all := blocks(t, root)
	if len(all) < 8 || !strings.Contains(all[0].text, "make run") || !strings.Contains(all[0].text, "make test") {
		t.Fatal("the first block of README.md is not the two commands")
	}
	dir := t.TempDir()
	copyTracked(t, root, dir)
	addr := serve.Address(t)
	makeRun(t, dir, addr)
	ran := 0
	for i, b := range all[1:] {
		if b.lang != "sh" {
			continue
		}
		script := strings.ReplaceAll(b.text, "127.0.0.1:7600", addr)
		cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "WEFT_SERVER=http://"+addr)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v\n%s", b.text, err, out)
		}
		ran++
		if strings.Contains(string(out), `"success":false`) {
			t.Errorf("%s\nanswered\n%s", b.text, out)
		}
		if next := i + 2; next < len(all) && all[next].lang != "sh" {
			if got, want := normal(string(out)), normal(all[next].text); got != want {
				t.Errorf("%s\ngot\n%s\nthe page shows\n%s", b.text, got, want)
			}
		}
	}
	if ran < 7 {
		t.Fatalf("%d snippets ran: the page has lost some", ran)
	}
}
