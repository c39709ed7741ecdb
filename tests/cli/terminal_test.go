//go:build linux

package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is the shell in a pseudo terminal.
type terminal struct {
	t    *testing.T
	ptmx *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	got  bytes.Buffer
	more chan struct{}
	seen int
}

func openTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(ptmx.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	term := &terminal{t: t, ptmx: ptmx, cmd: cmd, more: make(chan struct{}, 1)}
	go term.read()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); ptmx.Close() }) //nolint:errcheck // it may have ended
	return term
}

func (x *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := x.ptmx.Read(buf)
		x.mu.Lock()
		x.got.Write(buf[:n])
		x.mu.Unlock()
		select {
		case x.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (x *terminal) typeIn(s string) {
	x.t.Helper()
	if _, err := x.ptmx.WriteString(s); err != nil {
		x.t.Fatal(err)
	}
}

// expect waits until text appears after what earlier calls found.
func (x *terminal) expect(text string) {
	x.t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		x.mu.Lock()
		rest := x.got.String()[x.seen:]
		at := strings.Index(rest, text)
		if at >= 0 {
			x.seen += at + len(text)
		}
		x.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-x.more:
		case <-deadline:
			x.t.Fatalf("no %q in %q", text, rest)
		}
	}
}

func TestInteractiveShell(t *testing.T) {
	e := start(t)
	e.ok("", "query", "CREATE TABLE n (i int)")
	e.ok("", "query", "INSERT INTO n SELECT * FROM generate_series(1, 3000)")
	newShell := func() *terminal {
		cmd := exec.Command(e.bin, "shell")
		cmd.Dir = e.dir
		cmd.Env = append(os.Environ(), "WEFT_SERVER="+e.url, "HOME="+e.dir, "TERM=xterm")
		return openTerminal(t, cmd)
	}
	x := newShell()
	x.expect("default=> ")
	x.typeIn("SELECT 40 +\r")
	x.expect("default-> ")
	x.typeIn("2 AS answer;\r")
	x.expect("42")
	x.expect("(1 row)")
	x.expect("default=> ")

	// Ctrl-C cancels the query, and the shell goes on.
	x.typeIn("SELECT count(*) FROM n a, n b, n c, n d WHERE a.i + b.i + c.i + d.i = 7;\r")
	x.expect("= 7;")
	waitForQuery(t, e)
	x.typeIn("\x03")
	x.expect("cancel")
	x.expect("default=> ")

	// Ctrl-C at the prompt drops what was typed.
	x.typeIn("SELECT 'never")
	x.expect("'never")
	x.typeIn("\x03")
	x.expect("default=> ")
	x.typeIn("SELECT 'still ' || 'here' AS s;\r")
	x.expect("still here")
	x.expect("default=> ")
	x.typeIn("\\q\r")
	if err := x.cmd.Wait(); err != nil {
		t.Fatalf("the shell ended with %v", err)
	}

	// The history outlives the shell.
	st, err := os.Stat(filepath.Join(e.dir, ".weft_history"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("history: %v, %v", st, err)
	}
	y := newShell()
	y.expect("default=> ")
	y.typeIn("\x1b[A\x1b[A") // up, past \q
	y.expect("'still '")
	y.typeIn("\r")
	y.expect("still here")
	y.typeIn("\x04")
	if err := y.cmd.Wait(); err != nil {
		t.Fatalf("the shell ended with %v", err)
	}
}

// waitForQuery waits until the server runs the query.
func waitForQuery(t *testing.T, e *env) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		out, err := exec.Command("curl", "-s", e.url+"/api/v1/queries").Output()
		if err == nil && strings.Contains(string(out), "a.i + b.i") {
			return
		}
	}
	t.Fatal("the query does not run")
}
