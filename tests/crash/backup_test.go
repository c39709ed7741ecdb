package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// admin sends a request to the routes of backups.
func admin(method, url, body string) (status int, answer string) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Minute}
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error() // killed
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

// backupIDs lists the backups, all of which must be whole.
func backupIDs(t *testing.T, s *serve.Server) (ids []string) {
	t.Helper()
	status, body := admin("GET", s.URL+"/api/v1/admin/backups", "")
	if status != 200 {
		t.Fatalf("list: %d %s", status, body)
	}
	var list struct {
		Backups []struct{ ID, Status string }
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	for _, b := range list.Backups {
		if b.Status != "completed" {
			t.Fatalf("backup %s is %s", b.ID, b.Status)
		}
		ids = append(ids, b.ID)
	}
	return ids
}

// leftovers looks for what half a backup or half a restore has left.
func leftovers(t *testing.T, dir string) {
	t.Helper()
	patience := time.After(2 * time.Minute)
	for pattern, most := range map[string]int{"restored-*": 1, "backups/*.tmp": 0, "*.tmp": 0} {
		for {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err == nil && len(found) <= most {
				break
			}
			select {
			case <-patience:
				t.Fatalf("left behind: %v, %v", found, err)
			case <-time.After(5 * time.Millisecond): // the server, which runs, may be about to rename it
			}
		}
	}
}

// TestKillWhileBackingUp kills the server while it backs up and restores under load:
// every backup that is listed is whole and verifies, money neither appears nor goes,
// an acknowledged backup is there, and an acknowledged restore has happened.
func TestKillWhileBackingUp(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 200
	}
	bin, dir := serve.Build(t), t.TempDir()
	data := filepath.Join(dir, "data")
	args := []string{"--set", "backup.archive_dir=" + filepath.Join(dir, "archive"), "--set", "backup.incremental_schedule=@monthly", "--set", "backup.archive_interval=200ms"}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	s := serve.Start(t, bin, data, args...)
	must(t, s, "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)")
	must(t, s, fmt.Sprintf("INSERT INTO account SELECT g, %d FROM generate_series(1, %d) g", balance, accounts))
	must(t, s, "CREATE TABLE pad (id int PRIMARY KEY, s text); INSERT INTO pad SELECT g, md5(g::text) || md5((g + 1)::text) FROM generate_series(1, 20000) g; CREATE INDEX pad_s ON pad (s)")
	if status, body := admin("POST", s.URL+"/api/v1/admin/backup", ""); status != 201 {
		t.Fatal(body)
	}
	done := map[string]int{}
	for round := 1; round <= rounds; round++ {
		ids := backupIDs(t, s)
		ctx, stop := context.WithCancel(context.Background())
		var clients sync.WaitGroup
		for range 4 {
			rc := rand.New(rand.NewPCG(seed, r.Uint64()))
			clients.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					query(ctx, client, s.URL, fmt.Sprintf("BEGIN; UPDATE account SET balance = balance - 1 WHERE id = %d; UPDATE account SET balance = balance + 1 WHERE id = %d; COMMIT", 1+rc.IntN(accounts), 1+rc.IntN(accounts)))
				}
			})
		}
		marker := fmt.Sprint("marker_", round)
		what, path, body, want := "full", "/api/v1/admin/backup", "", 201
		switch r.IntN(3) {
		case 0:
			what, body = "incremental", `{"incremental":true}`
		case 1:
			what, path, want = "restore", "/api/v1/admin/restore", 200
			body = `{"backup_id":"` + ids[r.IntN(len(ids))] + `"}`
			must(t, s, "CREATE TABLE "+marker+" (id int)") // which is in none of them
		}
		acked := make(chan string, 1)
		go func() {
			status, answer := admin("POST", s.URL+path, body)
			if status != want {
				answer = ""
			}
			acked <- answer
		}()
		<-time.After(time.Duration(r.IntN(400)) * time.Millisecond) // the moment of the crash is the point of the test
		s.Kill()
		answer := <-acked
		stop()
		clients.Wait()
		s = serve.Start(t, bin, data, args...)
		if answer != "" {
			done[what]++
		}
		now := backupIDs(t, s)
		if want == 201 && answer != "" && len(now) != len(ids)+1 || len(now) < len(ids) {
			t.Fatalf("round %d, %s: %d backups, and then %d; answered %q", round, what, len(ids), len(now), answer)
		}
		for _, id := range now {
			if status, body := admin("POST", s.URL+"/api/v1/admin/backup/"+id+"/verify", ""); status != 200 {
				t.Fatalf("round %d: verify %s: %d %s", round, id, status, body)
			}
		}
		if total := number(t, must(t, s, "SELECT sum(balance) FROM account")[0][0]); total != accounts*balance {
			t.Fatalf("round %d, %s: balances add up to %d", round, what, total)
		}
		if n := number(t, must(t, s, "SELECT count(*) FROM pad WHERE s >= ''")[0][0]); n != 20000 {
			t.Fatalf("round %d, %s: %d rows of 20000", round, what, n)
		}
		if n := number(t, must(t, s, "SELECT count(*) FROM information_schema.tables WHERE table_name = '"+marker+"'")[0][0]); what == "restore" && answer != "" && n != 0 {
			t.Fatalf("round %d: the restore was acknowledged, and has not happened", round)
		}
		leftovers(t, data)
	}
	// What the archive has leads to the state of now.
	full := ""
	if status, body := admin("POST", s.URL+"/api/v1/admin/backup", ""); status == 201 {
		full = body[strings.Index(body, `"id":"`)+6:]
		full = full[:strings.Index(full, `"`)]
	}
	must(t, s, "UPDATE account SET balance = 0; CREATE TABLE last (id int)")
	if status, body := admin("POST", s.URL+"/api/v1/admin/restore", `{"backup_id":"`+full+`","to":"latest"}`); status != 200 {
		t.Fatalf("restore: %d %s", status, body)
	}
	if total := number(t, must(t, s, "SELECT sum(balance) FROM account")[0][0]); total != 0 {
		t.Fatalf("balances add up to %d after a restore to the last moment", total)
	}
	s.Kill()
	t.Logf("acknowledged: %v", done)
}
