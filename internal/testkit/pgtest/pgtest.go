// Package pgtest runs a real PostgreSQL for tests that ask it what the right
// answer is: a throw-away cluster on a Unix socket in the test's own directory, without
// fsync, gone when the test ends. Where no server is installed the test is skipped with
// one line. WEFT_PG_BIN names the folder of another server's programs.
package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Cluster is a running server. Its methods fail the test on errors of the server
// itself; errors of SQL are returned.
type Cluster struct {
	t   testing.TB
	bin string
	// Dir is the socket directory, for clients: host=Dir user=postgres.
	Dir  string
	cred *syscall.Credential
}

// Start starts a cluster that compares text byte by byte, knows Unicode's letters,
// and has UTC and UTF-8. Settings are further ones, as name=value.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	where := "/usr/lib/postgresql/*/bin/initdb"
	if bin := os.Getenv("WEFT_PG_BIN"); bin != "" {
		where = filepath.Join(bin, "initdb")
	}
	bins, err := filepath.Glob(where)
	if err != nil || len(bins) == 0 {
		t.Skip("no PostgreSQL server is installed")
	}
	sort.Strings(bins)
	dir, err := os.MkdirTemp("", "pg") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, bin: filepath.Dir(bins[len(bins)-1]), Dir: dir}
	c.dropRoot()
	t.Cleanup(func() { os.RemoveAll(dir) })
	c.run("initdb", "-D", dir+"/data", "-A", "trust", "-U", "postgres", "--lc-collate=C", "--lc-ctype=C.UTF-8", "-E", "UTF8", "--no-sync")
	options := "-c listen_addresses='' -c unix_socket_directories=" + dir + " -c fsync=off -c timezone=UTC"
	for _, s := range settings {
		options += " -c " + s
	}
	c.run("pg_ctl", "-D", dir+"/data", "-w", "-l", dir+"/log", "-o", options, "start")
	t.Cleanup(func() { c.run("pg_ctl", "-D", dir+"/data", "-m", "immediate", "stop") })
	return c
}

// dropRoot makes the commands run as a user that PostgreSQL accepts.
func (c *Cluster) dropRoot() {
	if os.Getuid() != 0 {
		return
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		c.t.Skip("PostgreSQL does not run as root and there is no user postgres")
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		c.t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(c.Dir, uid, gid); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.Dir
	if c.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	}
	return cmd
}

func (c *Cluster) run(name string, args ...string) {
	c.t.Helper()
	cmd := c.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, out.String())
	}
}

// Version is the server's major version.
func (c *Cluster) Version() int {
	c.t.Helper()
	out, err := c.command("postgres", "--version").Output()
	if err != nil {
		c.t.Fatal(err)
	}
	words := strings.Fields(string(out))
	major, _, _ := strings.Cut(words[min(2, len(words)-1)], ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		c.t.Fatalf("version of %q: %v", out, err)
	}
	return n
}

// Exec runs a script, statement by statement, until the first error.
func (c *Cluster) Exec(script string) error {
	_, err := c.psql(strings.NewReader(script))
	return err
}

// Script runs a script of psql and returns what it prints.
func (c *Cluster) Script(script string) (string, error) { return c.psql(strings.NewReader(script)) }

// CSV runs one query and returns its result as PostgreSQL's COPY … CSV HEADER
// writes it: NULL as nothing, the empty string in quotes.
func (c *Cluster) CSV(query string) (string, error) {
	return c.psql(strings.NewReader("COPY (" + strings.TrimRight(strings.TrimSpace(query), ";") + "\n) TO STDOUT WITH (FORMAT csv, HEADER)"))
}

// CopyCSV loads CSV text with a header into a table.
func (c *Cluster) CopyCSV(table, csv string) error {
	_, err := c.psql(strings.NewReader("COPY " + table + " FROM STDIN WITH (FORMAT csv, HEADER);\n" + strings.TrimRight(csv, "\r\n") + "\n\\.\n"))
	return err
}

func (c *Cluster) psql(in *strings.Reader) (string, error) {
	cmd := c.command("psql", "-h", c.Dir, "-U", "postgres", "-X", "-q", "-v", "ON_ERROR_STOP=1")
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}
