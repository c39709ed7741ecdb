// Package serve runs the real weft binary for tests: built once for each test
// process, listening on a free port, killed when the test ends.
package serve

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	buildOnce sync.Once
	built     string
	buildErr  error
	buildOut  []byte
)

// Build returns the path of a freshly built binary, shared by the tests of the
// process.
func Build(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "weft-bin")
		if err != nil {
			buildErr = err
			return
		}
		built = filepath.Join(dir, "weft")
		if buildErr = lookAtSources(); buildErr != nil {
			return
		}
		buildOut, buildErr = exec.Command("go", "build", "-o", built, "github.com/weftdb/weft/cmd/weft").CombinedOutput()
	})
	if buildErr != nil {
		t.Fatalf("build: %v\n%s", buildErr, buildOut)
	}
	return built
}

// lookAtSources looks at every file and folder that the binary is built of. The go
// command keeps the result of a test for as long as the files that it looked at, and the
// packages that it imports, are the same; the binary is neither.
func lookAtSources() error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || apart[name]):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		_, err = os.Stat(path)
		return err
	})
}

// apart are folders without a part of the binary, some of which change all the time.
var apart = map[string]bool{"bin": true, "tests": true, "testdata": true, "docs": true, "bench": true, "node_modules": true, ".deps": true}

// Server is one life of the binary.
type Server struct {
	URL string // http://127.0.0.1:port
	cmd *exec.Cmd
	log *log
}

type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Address returns an address of this machine where nobody listens. Its port is none of those
// that the system gives away by itself, so that nobody gets it by chance before it is used,
// or between two uses.
func Address(t testing.TB) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(12_000)))
		if err != nil {
			continue // somebody's
		}
		defer l.Close()
		return l.Addr().String()
	}
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// Start runs `weft serve` on a data directory and returns once it is ready. The
// process is killed when the test ends.
func Start(t testing.TB, bin, dataDir string, args ...string) *Server {
	t.Helper()
	s := &Server{log: &log{}}
	s.cmd = exec.Command(bin, append([]string{"serve", "--data-dir", dataDir, "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		if s.URL == "" {
			s.URL = listening.FindString(s.log.String())
		}
		if s.URL != "" && s.ready() {
			return s
		}
		<-time.After(2 * time.Millisecond) // another process gives no event to wait for
	}
	t.Fatalf("the server did not get ready:\n%s", s.log)
	return nil
}

func (s *Server) ready() bool {
	res, err := http.Get(s.URL + "/readyz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

// Kill ends the process at once, as a crash would.
func (s *Server) Kill() {
	if s.cmd.ProcessState != nil {
		return
	}
	s.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
	s.cmd.Wait()         //nolint:errcheck // it was killed
}

// Process is the running process, for signals and measurements.
func (s *Server) Process() *exec.Cmd { return s.cmd }

// Log is what the process has printed.
func (s *Server) Log() string { return s.log.String() }
