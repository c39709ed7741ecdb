package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/serve"
)

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestBackupPage runs the commands of docs/backup.md in order.
func TestBackupPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := shellBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 8 {
		t.Fatalf("%d blocks: the page has lost some", len(blocks))
	}
	bin, dir := serve.Build(t), t.TempDir()
	s := serve.Start(t, bin, filepath.Join(dir, "weft-data"), "--set", "backup.archive_dir="+filepath.Join(dir, "archive"))
	var out strings.Builder
	for _, b := range blocks {
		cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", b[1])
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "WEFT_SERVER="+s.URL, "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"))
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v\n%s", b[1], err, text)
		}
		out.Write(text)
	}
	for _, want := range []string{"before the upgrade", "monday.wbk is good: full backup", "all is well", "     3\n", "     2\n", " Bern\n", " Oslo\n", "not scheduled", "up to 2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing says %q in\n%s", want, &out)
		}
	}
	if rest := out.String()[strings.LastIndex(out.String(), "count"):]; !strings.Contains(rest, "     3\n") { // Bern, Oslo and Wien
		t.Errorf("the moment before the deletion has\n%s", rest)
	}
}

// TestBackupCommands: exit codes, refusals, and that nothing is left half made.
func TestBackupCommands(t *testing.T) {
	bin := serve.Build(t)
	e := &env{t: t, bin: bin, dir: t.TempDir(), url: "http://127.0.0.1:1"}
	data := filepath.Join(e.dir, "data")
	e.ok("", "query", "--data-dir", data, "CREATE TABLE t (id int PRIMARY KEY, s text); CREATE INDEX t_s ON t (s); INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 500) g")
	e.ok("", "backup", "create", "--data-dir", data, "-o", "full.wbk", "--compression", "none")
	e.ok("", "query", "--data-dir", data, "DELETE FROM t WHERE id > 400")
	e.ok("", "backup", "create", "--data-dir", data, "-o", "inc.wbk", "--incremental", "--parent", "full.wbk")
	e.ok("", "query", "--data-dir", data, "DELETE FROM t WHERE id > 300")
	e.ok("", "backup", "create", "--data-dir", data, "-o", "inc2.wbk", "--incremental", "--parent", "inc.wbk")
	e.ok("", "backup", "create", "--data-dir", data)
	if out := e.ok("", "backup", "list", "--data-dir", data); !strings.Contains(out, "full") || !strings.Contains(out, "completed") {
		t.Errorf("list: %s", out)
	}
	key := e.file("key", strings.Repeat("ab", 32)+"\n")
	e.ok("", "backup", "create", "--data-dir", data, "-o", "sealed.wbk", "--key-file", key)
	whole, err := os.ReadFile(filepath.Join(e.dir, "full.wbk"))
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	e.file("bad.wbk", string(whole))
	e.file("text.wbk", strings.Repeat("this is no backup\n", 100))
	s := serve.Start(t, bin, filepath.Join(e.dir, "served"))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "full.wbk is there already", []string{"backup", "create", "--data-dir", data, "-o", "full.wbk"}},
		{2, "--parent is missing", []string{"backup", "create", "--data-dir", data, "-o", "x.wbk", "--incremental"}},
		{2, "--incremental", []string{"backup", "create", "--parent", "full.wbk"}},
		{1, "there is no store in", []string{"backup", "create", "--data-dir", filepath.Join(e.dir, "nowhere")}},
		{3, "no server answers", []string{"backup", "create"}},
		{3, "in use", []string{"backup", "create", "--data-dir", filepath.Join(e.dir, "served")}},
		{3, "in use", []string{"check", "--data-dir", filepath.Join(e.dir, "served")}},
		{6, "bad.wbk: damaged at offset 96", []string{"backup", "verify", "bad.wbk"}},
		{6, "no backup", []string{"backup", "verify", "text.wbk"}},
		{6, "bad.wbk: damaged at offset 96", []string{"restore", "bad.wbk", "--data-dir", "r0"}},
		{1, "neither a file here nor an id", []string{"backup", "verify", "nothing.wbk"}},
		{1, "STORE_EXISTS|--replace", []string{"restore", "full.wbk", "--data-dir", data}},
		{1, "only 1 of the 2 backups", []string{"restore", "full.wbk", "inc2.wbk", "--data-dir", "r0"}},
		{1, "is a full one", []string{"restore", "inc.wbk", "--data-dir", "r0"}},
		{1, "is missing", []string{"restore", "full.wbk", "--data-dir", "r0", "--to", "2200-01-01T00:00:00Z"}},
		{2, "no time", []string{"restore", "full.wbk", "--data-dir", "r0", "--to", "noon"}},
		{1, "encrypted with key", []string{"restore", "sealed.wbk", "--data-dir", "r0"}},
		{2, "--replace", []string{"restore", "backup_20260101_000000", "--replace"}},
		{1, "no id of a backup", []string{"restore", "../x"}},
		{2, "weft restore --help", []string{"restore"}},
		{1, "there is no store in", []string{"dump", "keys", "--data-dir", "nowhere"}},
	} {
		r := e.run("", c.args...)
		ok := false
		for want := range strings.SplitSeq(c.want, "|") {
			ok = ok || strings.Contains(r.errs, want)
		}
		if r.code != c.code || !ok {
			t.Errorf("weft %s: exit code %d, want %d and %q\n%s%s", strings.Join(c.args, " "), r.code, c.code, c.want, r.out, r.errs)
		}
	}
	if names, err := os.ReadDir(filepath.Join(e.dir, "r0")); err == nil && len(names) > 1 { // the lock may stay
		t.Errorf("left behind: %v", names)
	}
	s.Kill()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"500", []string{"full.wbk"}}, {"400", []string{"inc.wbk", "full.wbk"}}, {"300", []string{"full.wbk", "inc.wbk", "inc2.wbk"}},
		{"400", []string{"full.wbk", "inc.wbk", "--to", "latest"}}, {"300", []string{"sealed.wbk", "--key-file", key}},
	} {
		dir := filepath.Join(t.TempDir(), "new")
		e.ok("", append([]string{"restore", "--data-dir", dir}, c.args...)...)
		e.want(e.ok("", "query", "--data-dir", dir, "--format", "csv", "SELECT count(*) FROM t"), "count\n"+c.want+"\n")
		if out := e.ok("", "check", "--data-dir", dir, "--json"); !strings.Contains(out, `"ok": true`) || !strings.Contains(out, `"rows": `+c.want) {
			t.Errorf("check: %s", out)
		}
	}
	e.ok("", "restore", "full.wbk", "--data-dir", data, "--replace")
	e.want(e.ok("", "query", "--data-dir", data, "--format", "csv", "SELECT count(*) FROM t"), "count\n500\n")
	if out := e.ok("", "check", "--data-dir", data, "--backups"); !strings.Contains(out, "1 backups") || !strings.Contains(out, "all is well") {
		t.Errorf("check: %s", out)
	}
	for _, args := range [][]string{{"wal"}, {"keys", "--limit", "3"}, {"sst"}, {"stats"}} {
		for _, json := range []string{"", "--json"} {
			all := append(append([]string{"dump"}, args...), "--data-dir", data)
			if json != "" {
				all = append(all, json)
			}
			if out := e.ok("", all...); out == "" || json != "" && !strings.HasPrefix(out, "{") {
				t.Errorf("%v: %q", all, out)
			}
		}
	}
	if out := e.ok("", "dump", "backup", "inc.wbk", "--limit", "5"); !strings.Contains(out, "incremental backup") || !strings.Contains(out, "deleted") {
		t.Errorf("dump backup: %s", out)
	}
}

// TestCheckFindsDamage: a flipped bit in an SSTable or in the log is found and named.
func TestCheckFindsDamage(t *testing.T) {
	e := &env{t: t, bin: serve.Build(t), dir: t.TempDir()}
	data := filepath.Join(e.dir, "data")
	e.ok("", "query", "--data-dir", data, "CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t SELECT g, repeat('x', 100) || g FROM generate_series(1, 5000) g")
	e.ok("", "backup", "create", "--data-dir", data, "-o", "full.wbk")
	e.ok("", "restore", "full.wbk", "--data-dir", data, "--replace") // now it has SSTables
	e.ok("", "query", "--data-dir", data, "INSERT INTO t VALUES (9999, 'in the log')")
	for pattern, at := range map[string]int64{"restored-*/sorted/db/*.sst": 2000, "restored-*/log/wal-*.log": 4100} {
		files, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		name := files[0]
		for _, f := range files { // the largest: the others may be all books
			if a, err := os.Stat(f); err == nil {
				if b, err := os.Stat(name); err == nil && a.Size() > b.Size() {
					name = f
				}
			}
		}
		flip(t, name, at)
		r := e.run("", "check", "--data-dir", data)
		if r.code != 6 || !strings.Contains(r.out, filepath.Base(name)+": damaged at offset") || !strings.Contains(r.out, "what to do:") {
			t.Errorf("%s: exit code %d\n%s%s", name, r.code, r.out, r.errs)
		}
		flip(t, name, at)
		if out := e.ok("", "check", "--data-dir", data); !strings.Contains(out, "5001 rows") {
			t.Errorf("mended: %s", out)
		}
	}
}

func flip(t *testing.T, name string, at int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
