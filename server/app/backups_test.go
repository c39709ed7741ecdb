package app

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/vfs"
)

func post(t *testing.T, a *App, path, body string) (int, string) {
	t.Helper()
	return call(t, "POST", a.URL()+"/api/v1"+path, body)
}

// field is a field of an answer.
func field(t *testing.T, body string, names ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, n := range names {
		m, _ := v.(map[string]any)
		v = m[n]
	}
	return fmt.Sprint(v)
}

// makeBackup makes a backup and returns its id.
func makeBackup(t *testing.T, a *App, body string) string {
	t.Helper()
	status, answer := post(t, a, "/admin/backup", body)
	if status != 201 {
		t.Fatalf("backup: %d %s", status, answer)
	}
	return field(t, answer, "backup", "id")
}

func count(t *testing.T, a *App) string {
	t.Helper()
	status, body := sql(t, a, "SELECT count(*), sum(n) FROM t")
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	body = body[strings.Index(body, `"rows":`):]
	return body[len(`"rows":[`):strings.Index(body, "],\"rows_affected")]
}

// TestBackupAndRestore: every model comes back, to the backup and to a moment after
// it, while the server runs; then it goes on, backups and archive too.
func TestBackupAndRestore(t *testing.T) {
	cfg := configure(t, "backup.archive_dir=archive", "backup.incremental_schedule=@monthly", "storage.history=off")
	a := start(t, cfg, Options{Version: "1.2.3"})
	waitReady(t, a)
	must := func(status int, body string) string {
		t.Helper()
		if status/100 != 2 {
			t.Fatalf("%d %s", status, body)
		}
		return body
	}
	must(sql(t, a, "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE INDEX t_n ON t (n); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g"))
	must(call(t, "PUT", a.URL()+"/api/v1/kv/keys/k", `{"value":"first"}`))
	must(post(t, a, "/databases", `{"name":"other"}`))
	full := makeBackup(t, a, `{"description":"before"}`)
	must(sql(t, a, "DELETE FROM t WHERE id > 500"))
	must(call(t, "PUT", a.URL()+"/api/v1/kv/keys/k", `{"value":"second"}`))
	inc := makeBackup(t, a, `{"incremental":true}`)
	must(sql(t, a, "INSERT INTO t VALUES (5000, 7)"))
	now := field(t, must(sql(t, a, "SELECT clock_timestamp() AS now")), "data", "rows")
	now = strings.Trim(now, "[]")
	must(sql(t, a, "DROP TABLE t"))
	must(call(t, "DELETE", a.URL()+"/api/v1/databases/other", ""))

	for _, c := range []struct{ body, count, value string }{
		{`{"backup_id":"` + full + `"}`, "[1000,500500]", "first"},
		{`{"backup_id":"` + inc + `"}`, "[500,125250]", "second"},
		{`{"backup_id":"` + full + `","to":"` + now + `"}`, "[501,125257]", "second"},
	} {
		must(post(t, a, "/admin/restore", c.body))
		if got := count(t, a); got != c.count {
			t.Errorf("%s: table is %s, want %s", c.body, got, c.count)
		}
		if got := must(call(t, "GET", a.URL()+"/api/v1/kv/keys/k", "")); !strings.Contains(got, c.value) {
			t.Errorf("%s: key is %s, want %s", c.body, got, c.value)
		}
		if got := must(call(t, "GET", a.URL()+"/api/v1/databases", "")); !strings.Contains(got, "other") {
			t.Errorf("%s: databases are %s", c.body, got)
		}
	}
	// It goes on: the new store takes writes, backups, and is archived.
	must(sql(t, a, "INSERT INTO t VALUES (6000, 1)"))
	if status, body := post(t, a, "/admin/backup", `{"incremental":true}`); status != 400 || !strings.Contains(body, "BACKUP_PARENT") {
		t.Errorf("incremental backup after a restore: %d %s", status, body)
	}
	third := makeBackup(t, a, "")
	must(sql(t, a, "DELETE FROM t"))
	must(post(t, a, "/admin/restore", `{"backup_id":"`+third+`","to":"latest"}`))
	if got := count(t, a); got != "[0,null]" {
		t.Errorf("latest: table is %s", got)
	}
	must(post(t, a, "/admin/backup/"+full+"/verify", ""))
	list := must(call(t, "GET", a.URL()+"/api/v1/admin/backups", ""))
	if field(t, list, "total") != "3" || strings.Index(list, third) > strings.Index(list, full) {
		t.Errorf("list: %s", list)
	}
	st := must(call(t, "GET", a.URL()+"/api/v1/admin/backups/status", ""))
	if field(t, st, "failing") != "<nil>" || field(t, st, "incremental", "schedule") != "@monthly" || field(t, st, "archive", "error") != "<nil>" {
		t.Errorf("status: %s", st)
	}
	if got := must(call(t, "GET", a.URL()+"/metrics", "")); !strings.Contains(got, `weft_backups_total{kind="full"} 2`) {
		t.Error("backups are not counted")
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := start(t, cfg, Options{})
	waitReady(t, b)
	if got := count(t, b); got != "[0,null]" {
		t.Errorf("after a restart: table is %s", got)
	}
}

// TestBackupErrors: hostile ids lead nowhere, damage is named, what is needed stays.
func TestBackupErrors(t *testing.T) {
	a := start(t, configure(t), Options{})
	waitReady(t, a)
	sql(t, a, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	full := makeBackup(t, a, "")
	inc := makeBackup(t, a, `{"incremental":true}`)
	if err := os.WriteFile("secret", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"..", "../../secret", "%2e%2e%2fsecret", "/etc/passwd", full + "/..", full + "\x00", "LOCK", "backup_1", strings.Repeat("x", 5000), "backup_20260101_000000_0", ".", full + ".tmp"} {
		q := url.PathEscape(id)
		for _, try := range [][2]string{{"GET", "/admin/backup/" + q}, {"DELETE", "/admin/backup/" + q + "?children=true"}, {"POST", "/admin/backup/" + q + "/verify"}, {"GET", "/admin/backup/" + q + "/download"}} {
			if status, body := call(t, try[0], a.URL()+"/api/v1"+try[1], ""); status != 400 && status != 404 && status != 405 {
				t.Errorf("%s %s: %d %s", try[0], try[1], status, body)
			}
		}
		j, err := json.Marshal(map[string]string{"backup_id": id})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := post(t, a, "/admin/restore", string(j)); status != 400 || !strings.Contains(body, "INVALID_BACKUP_ID") {
			t.Errorf("restore %q: %d %s", id, status, body)
		}
		j, err = json.Marshal(map[string]any{"parent_id": id, "incremental": true})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := post(t, a, "/admin/backup", string(j)); status != 400 || !strings.Contains(body, "INVALID_BACKUP_ID") {
			t.Errorf("parent %q: %d %s", id, status, body)
		}
	}
	if _, err := os.Stat("secret"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/admin/restore", `{"backup_id":"backup_20200101_000000"}`, 404, "BACKUP_NOT_FOUND"},
		{"GET", "/admin/backup/backup_20200101_000000", "", 404, "BACKUP_NOT_FOUND"},
		{"DELETE", "/admin/backup/backup_20200101_000000", "", 404, "BACKUP_NOT_FOUND"},
		{"DELETE", "/admin/backup/" + full, "", 409, "BACKUP_HAS_CHILDREN"},
		{"POST", "/admin/backup", `{"encrypt":true}`, 400, "ENCRYPTION_KEY_MISSING"},
		{"POST", "/admin/backup", `{"encryption_key_id":"x"}`, 400, "ENCRYPTION_KEY_UNKNOWN"},
		{"POST", "/admin/restore", `{"backup_id":"` + full + `","to":"2020-01-01T00:00:00Z"}`, 400, "INVALID_TIME"},
		{"POST", "/admin/restore", `{"backup_id":"` + full + `","to":"soon"}`, 400, "INVALID_TIME"},
		{"POST", "/admin/restore", `{"backup_id":"` + full + `","to":"2200-01-01T00:00:00Z"}`, 400, "RESTORE_GAP"},
	} {
		if status, body := call(t, c.method, a.URL()+"/api/v1"+c.path, c.body); status != c.status || !strings.Contains(body, `"code":"`+c.code+`"`) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, status, body, c.status, c.code)
		}
	}
	// Damage.
	name := filepath.Join("weft-data", "backups", full, "part-00001.wbk")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, try := range [][2]string{{"/admin/restore", `{"backup_id":"` + full + `"}`}, {"/admin/restore", `{"backup_id":"` + inc + `"}`}, {"/admin/backup/" + full + "/verify", ""}, {"/admin/restore", `{"backup_id":"` + full + `"}`}, {"/admin/restore", `{"backup_id":"` + full + `","force":true}`}} {
		if status, body := post(t, a, try[0], try[1]); status != 422 || !strings.Contains(body, "BACKUP_DAMAGED") || !strings.Contains(body, "part-00001.wbk: damaged at offset ") {
			t.Errorf("%v: %d %s", try, status, body)
		}
	}
	if _, body := call(t, "GET", a.URL()+"/api/v1/admin/backup/"+full, ""); field(t, body, "status") != "corrupted" {
		t.Errorf("status: %s", body)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, body := post(t, a, "/admin/restore", `{"backup_id":"`+full+`","force":true}`); status != 200 {
		t.Errorf("by force, once it is mended: %d %s", status, body)
	}
	if status, body := call(t, "DELETE", a.URL()+"/api/v1/admin/backup/"+full+"?children=true", ""); status != 200 || !strings.Contains(body, inc) {
		t.Errorf("delete: %d %s", status, body)
	}
	if names, err := os.ReadDir(filepath.Join("weft-data", "backups")); err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// TestRestoreUnderLoad: while clients write, a restore is one step: no answer is
// anything but a success or a refusal, and afterwards the table is that of the
// backup and what was written after it.
func TestRestoreUnderLoad(t *testing.T) {
	a := start(t, configure(t), Options{})
	waitReady(t, a)
	if status, body := sql(t, a, "CREATE TABLE t (id bigint PRIMARY KEY, n int); INSERT INTO t VALUES (0, 0)"); status != 200 {
		t.Fatal(body)
	}
	id := makeBackup(t, a, "")
	stop := make(chan struct{})
	var clients sync.WaitGroup
	wrote := make(chan struct{}, 1)
	for c := range 4 {
		clients.Go(func() {
			for i := 1; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				status, body := sql(t, a, fmt.Sprintf("BEGIN; INSERT INTO t VALUES (%d, 1); INSERT INTO t VALUES (%d, -1); COMMIT", 2*(c*1_000_000+i), 2*(c*1_000_000+i)+1))
				if status != 200 && status != 503 {
					t.Errorf("%d %s", status, body)
				}
				if status == 200 {
					select {
					case wrote <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	for range 3 {
		<-wrote
		if status, body := post(t, a, "/admin/restore", `{"backup_id":"`+id+`"}`); status != 200 {
			t.Errorf("restore: %d %s", status, body)
		}
		status, body := sql(t, a, "SELECT sum(n), count(*) % 2 FROM t")
		if status != 200 || !strings.Contains(body, "[[0,1]]") {
			t.Errorf("%d %s", status, body)
		}
		<-wrote
	}
	close(stop)
	clients.Wait()
}

// TestDownload: what is downloaded is a backup, encrypted with the key that the
// server was given.
func TestDownload(t *testing.T) {
	key := strings.Repeat("5a", backup.KeyLen)
	cfg := configure(t, "backup.key="+key)
	a := start(t, cfg, Options{})
	waitReady(t, a)
	sql(t, a, "CREATE TABLE t (s text); INSERT INTO t VALUES ('plain to see')")
	id := makeBackup(t, a, `{"compress":false}`)
	status, body := call(t, "GET", a.URL()+"/api/v1/admin/backup/"+id+"/download", "")
	if status != 200 {
		t.Fatal(body)
	}
	if strings.Contains(body, "plain to see") {
		t.Error("it is not encrypted")
	}
	if err := os.WriteFile("b.wbk", []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := backup.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := backup.Open(vfs.OS(), "b.wbk", backup.KeyRing{k})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(t.Context()); err != nil || r.Info().ID != id || !r.Info().Encrypted {
		t.Errorf("%+v, %v", r.Info(), err)
	}
}

// TestStorageFigures: what is stored shows where it is, once a checkpoint has brought
// it to the disk.
func TestStorageFigures(t *testing.T) {
	a := start(t, configure(t), Options{})
	waitReady(t, a)
	for _, text := range []string{"CREATE TABLE t (id int PRIMARY KEY, s text); CREATE INDEX t_s ON t (s)", "INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 20000) g"} {
		if status, body := sql(t, a, text); status != 200 {
			t.Fatal(body)
		}
	}
	if status, body := call(t, "PUT", a.URL()+"/api/v1/kv/keys/k?bucket=b", `{"value":"`+strings.Repeat("v", 100_000)+`"}`); status/100 != 2 {
		t.Fatal(body)
	}
	_, before := call(t, "GET", a.URL()+"/api/v1/admin/storage", "")
	if field(t, before, "data_bytes") != "0" || field(t, before, "memory_keys") == "0" {
		t.Errorf("before a checkpoint: %s", before)
	}
	if status, body := post(t, a, "/admin/checkpoint", ""); status != 200 || field(t, body, "applied") == "<nil>" {
		t.Fatalf("%d %s", status, body)
	}
	_, body := call(t, "GET", a.URL()+"/api/v1/admin/storage", "")
	var u struct {
		Total, Available int64
		Data             int64 `json:"data_bytes"`
		Index            int64 `json:"index_bytes"`
		WAL              int64 `json:"wal_bytes"`
		Databases        []struct {
			Name   string
			Bytes  int64 `json:"disk_bytes"`
			Models []struct {
				Model   string
				Objects []struct {
					Name  string
					Bytes int64 `json:"disk_bytes"`
					Index int64 `json:"index_bytes"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &u); err != nil {
		t.Fatal(err)
	}
	found := map[string][2]int64{}
	for _, d := range u.Databases {
		for _, m := range d.Models {
			for _, o := range m.Objects {
				found[d.Name+"/"+m.Model+"/"+o.Name] = [2]int64{o.Bytes, o.Index}
			}
		}
	}
	table, bucket := found["default/sql/t"], found["default/kv/b"]
	if table[0] < 500_000 || table[1] < 300_000 || table[1] >= table[0] || u.Index != table[1] || u.Data < 200_000 || u.WAL < 1<<20 || bucket[0] < 1000 || bucket[0] > 300_000 {
		t.Errorf("%s", body)
	}
	sql(t, a, "DELETE FROM t")
	status, done := post(t, a, "/admin/compact", "")
	if status != 200 || field(t, done, "bytes_before") == "0" {
		t.Errorf("compact: %d %s", status, done)
	}
}
