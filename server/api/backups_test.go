package api

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// fakeBackups has one backup, and remembers what it was asked for.
type fakeBackups struct {
	request BackupRequest
	restore RestoreRequest
}

var aBackup = Backup{ID: "backup_20260102_030405", Timestamp: time.Unix(1767323045, 0).UTC(), Version: "1", SizeBytes: 4, Checksum: "00", Status: "completed", FilesCount: 1,
	Kind: "full", To: &[]time.Time{time.Unix(1767323044, 5).UTC()}[0], StoreID: "07"}

func (f *fakeBackups) find(id string) error {
	if id != aBackup.ID {
		return dberr.New(dberr.ErrNotFound, "BACKUP_NOT_FOUND", "there is no backup %q", id)
	}
	return nil
}

func (f *fakeBackups) CreateBackup(_ context.Context, r BackupRequest) (Backup, error) {
	f.request = r
	return aBackup, nil
}

func (f *fakeBackups) ListBackups(context.Context) ([]Backup, error) { return []Backup{aBackup}, nil }

func (f *fakeBackups) GetBackup(_ context.Context, id string) (Backup, error) {
	return aBackup, f.find(id)
}

func (f *fakeBackups) VerifyBackup(_ context.Context, id string) (Backup, error) {
	return aBackup, f.find(id)
}

func (f *fakeBackups) DeleteBackup(_ context.Context, id string, children bool) ([]string, error) {
	if !children {
		return nil, dberr.New(dberr.ErrConflict, "BACKUP_HAS_CHILDREN", "it has children")
	}
	return []string{id}, f.find(id)
}

func (f *fakeBackups) ReadBackup(_ context.Context, id string) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader("data")), 4, f.find(id)
}

func (f *fakeBackups) Restore(_ context.Context, r RestoreRequest) (Restored, error) {
	f.restore = r
	return Restored{To: time.Unix(1767323044, 5).UTC(), Files: 1}, f.find(r.BackupID)
}

func (f *fakeBackups) BackupStatus(context.Context) (BackupStatus, error) {
	now, text := time.Unix(9, 0).UTC(), "the disk is full"
	return BackupStatus{Full: ScheduleStatus{Schedule: "0 2 * * *", Next: &now, Last: &RunStatus{At: now, Error: &text}}, Archive: &ArchiveStatus{}, Failing: &text}, nil
}

var withBackups = Options{Backups: &fakeBackups{}}

var backupScenarios = []scenario{
	{name: "backup", method: "POST", url: "/api/v1/admin/backup", opts: withBackups, status: 201, has: []string{`"success":true`, `"id":"backup_20260102_030405"`, `"error":null`, `"to":"2026-01-02T03:04:04.000000005Z"`},
		header: map[string]string{"Location": "/api/v1/admin/backup/backup_20260102_030405"}},
	{name: "backup with all there is", url: "/api/v1/admin/backup", opts: withBackups, body: `{"compress":false,"description":"x","encrypt":true,"encryption_key_id":"k","incremental":true,"parent_id":"p"}`, status: 201,
		check: func(t *testing.T, _ *fake) {
			r := withBackups.Backups.(*fakeBackups).request
			if *r.Compress || r.Description != "x" || !*r.Encrypt || r.EncryptionKey != "k" || !r.Incremental || r.Parent != "p" {
				t.Errorf("got %+v", r)
			}
		}},
	{name: "backup with nulls", url: "/api/v1/admin/backup", opts: withBackups, body: `{"compress":null,"description":null,"encrypt":null,"encryption_key_id":null,"parent_id":null}`, status: 201},
	{name: "backup: unknown field", url: "/api/v1/admin/backup", opts: withBackups, body: `{"compres":true}`, status: 400, has: []string{"compress"}},
	{name: "backup: wrong type", url: "/api/v1/admin/backup", opts: withBackups, body: `{"encrypt":"yes"}`, status: 400},
	{name: "backup: parent of a full one", url: "/api/v1/admin/backup", opts: withBackups, body: `{"parent_id":"x"}`, status: 400, has: []string{"PARENT_WITHOUT_INCREMENTAL"}},
	{name: "backup: long description", url: "/api/v1/admin/backup", opts: withBackups, body: `{"description":"` + strings.Repeat("x", 4097) + `"}`, status: 400, has: []string{"4097", "4096"}},
	{name: "backups off", method: "POST", url: "/api/v1/admin/backup", status: 400, has: []string{"BACKUPS_OFF"}},
	{name: "backups", url: "/api/v1/admin/backups", opts: withBackups, status: 200, has: []string{`"total":1`, `"created_by":null`}},
	{name: "backups status", url: "/api/v1/admin/backups/status", opts: withBackups, status: 200, has: []string{`"failing":"the disk is full"`}},
	{name: "one backup", url: "/api/v1/admin/backup/backup_20260102_030405", opts: withBackups, status: 200},
	{name: "no backup", url: "/api/v1/admin/backup/x", opts: withBackups, status: 404, has: []string{"BACKUP_NOT_FOUND"}},
	{name: "verify", method: "POST", url: "/api/v1/admin/backup/backup_20260102_030405/verify", opts: withBackups, status: 200},
	{name: "download", url: "/api/v1/admin/backup/backup_20260102_030405/download", opts: withBackups, status: 200, has: []string{"data"},
		header: map[string]string{"Content-Type": "application/octet-stream", "Content-Length": "4", "Content-Disposition": `attachment; filename="backup_20260102_030405.wbk"`}},
	{name: "delete with children", method: "DELETE", url: "/api/v1/admin/backup/backup_20260102_030405?children=true", opts: withBackups, status: 200, has: []string{`"deleted":["backup_20260102_030405"]`}},
	{name: "delete what is needed", method: "DELETE", url: "/api/v1/admin/backup/backup_20260102_030405", opts: withBackups, status: 409, has: []string{"BACKUP_HAS_CHILDREN"}},
	{name: "restore", url: "/api/v1/admin/restore", opts: withBackups, body: `{"backup_id":"backup_20260102_030405","force":true,"to":"latest"}`, status: 200, has: []string{`"files_restored":1`, `"restored_to":"2026-01-02T03:04:04.000000005Z"`},
		check: func(t *testing.T, _ *fake) {
			if r := withBackups.Backups.(*fakeBackups).restore; !r.Force || r.To != "latest" {
				t.Errorf("got %+v", r)
			}
		}},
	{name: "restore nothing", url: "/api/v1/admin/restore", opts: withBackups, body: `{}`, status: 400, has: []string{"MISSING_FIELD", "backup_id"}},
	{name: "restoring: query", url: "/api/v1/query", body: `{"sql":"SELECT 1"}`, state: func(s *Server, _ *fake) { s.gate.close() }, status: 503, has: []string{"RESTORING", `"retryable":true`}},
	{name: "restoring: readyz", url: "/readyz", state: func(s *Server, _ *fake) { s.gate.close() }, status: 503, has: []string{"restoring"}},
	{name: "restoring: backups", url: "/api/v1/admin/backups", opts: withBackups, state: func(s *Server, _ *fake) { s.gate.close() }, status: 200},
	{name: "failing backups show", url: "/health/detailed", opts: withBackups, status: 200, has: []string{`{"name":"backups","status":"failing","message":"the disk is full"}`}},
}

var storageScenarios = []scenario{
	{name: "storage", url: "/api/v1/admin/storage", status: 200, has: []string{`"total_bytes":100`, `"data_bytes":7`, `"objects":[{"name":"t","disk_bytes":5,"index_bytes":2}]`}},
	{name: "storage: unknown parameter", url: "/api/v1/admin/storage?x=1", status: 400, has: []string{"UNKNOWN_FIELD"}},
	{name: "checkpoint", method: "POST", url: "/api/v1/admin/checkpoint", status: 200, has: []string{`"applied":"1970-01-01T00:00:05Z"`, `"wal_bytes":9`}},
	{name: "stats", url: "/api/v1/admin/stats", status: 200, has: []string{`"total_queries":0`, `"p99_duration_ms":0`, `"slow_queries":0`}},
	{name: "compact", method: "POST", url: "/api/v1/admin/compact", status: 200, has: []string{`"versions_removed":3`, `"bytes_before":20`, `"bytes_after":10`}},
	{name: "compact: unknown parameter", method: "POST", url: "/api/v1/admin/compact?collection=x", status: 400, has: []string{"UNKNOWN_FIELD", "collection"}},
	{name: "recovering: compact", method: "POST", url: "/api/v1/admin/compact", state: recovering, status: 503, has: []string{"RECOVERING"}},
	{name: "recovering: checkpoint", method: "POST", url: "/api/v1/admin/checkpoint", state: recovering, status: 503, has: []string{"RECOVERING"}},
}

// TestQuantiles: they are estimated within the right bucket, and slow ones counted.
func TestQuantiles(t *testing.T) {
	m := newMetrics()
	for i := range 100 {
		m.query(time.Duration(1+i)*3*time.Millisecond, nil) // 3 ms to 300 ms
	}
	h := readHistogram(m.queryTime)
	for q, want := range map[float64][2]float64{0.5: {0.1, 0.25}, 0.95: {0.25, 0.5}, 0.01: {0.0025, 0.005}, 1: {0.25, 0.5}} {
		if got := h.quantile(q); got < want[0] || got > want[1] {
			t.Errorf("quantile %v: got %v, want within %v", q, got, want)
		}
	}
	if got := h.over(slowQuery); got != 67 {
		t.Errorf("%d slow ones, want 67", got)
	}
}

// TestSuspendEndsWhatIsYetToCome: requests that were let in before, and of which nothing ran
// that could be canceled, end as those do which ran; nothing that they opened is left.
func TestSuspendEndsWhatIsYetToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Attach(newFake(t))
		begun := time.Now()
		type late struct {
			path, body string
			w          *httptest.ResponseRecorder
			in         *io.PipeWriter
		}
		list := []late{{path: "query", body: `{"sql":"wait"}`}, {path: "cursors", body: `{"sql":"wait"}`}, {path: "cursors", body: `{"sql":"SELECT 1"}`}, {path: "transactions", body: `{}`}}
		var all sync.WaitGroup
		for i := range list {
			l := &list[i]
			body, in := io.Pipe()
			l.w, l.in = httptest.NewRecorder(), in
			all.Go(func() { s.Handler().ServeHTTP(l.w, httptest.NewRequest("POST", "/api/v1/"+l.path, body)) })
		}
		synctest.Wait() // they are inside, and wait for their bodies
		suspended := make(chan error)
		go func() { suspended <- s.Suspend(t.Context(), dberr.SQL(dberr.StateAdminShutdown, "the reason")) }()
		synctest.Wait()
		subscription, end := s.streamContext(t.Context())
		defer end(nil)
		if synctest.Wait(); subscription.Err() == nil {
			t.Error("a subscription goes on")
		}
		for _, l := range list {
			io.WriteString(l.in, l.body)
			l.in.Close()
		}
		if err := <-suspended; err != nil {
			t.Error(err)
		}
		all.Wait()
		if took := time.Since(begun); took != 0 {
			t.Errorf("it took %v", took)
		}
		for _, l := range list {
			if l.path != "transactions" && (l.w.Code != 503 || !strings.Contains(l.w.Body.String(), "the reason")) {
				t.Errorf("%s %s: %d %s", l.path, l.body, l.w.Code, l.w.Body)
			}
		}
		if c, tx := s.cursors.List(), s.transactions.List(); len(c)+len(tx) != 0 {
			t.Errorf("left are the cursors %v and the transactions %v", c, tx)
		}
		s.Resume()
		after, end := s.streamContext(t.Context())
		defer end(nil)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(`{"sql":"SELECT 1"}`)))
		if synctest.Wait(); after.Err() != nil || w.Code != 200 {
			t.Errorf("afterwards a subscription has %v, and a query %d %s", after.Err(), w.Code, w.Body)
		}

		s.CancelAll(dberr.SQL(dberr.StateAdminShutdown, "the end"))
		s.Resume() // which does not undo it
		w = httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(`{"sql":"wait"}`)))
		if w.Code != 503 || !strings.Contains(w.Body.String(), "the end") {
			t.Errorf("after the end a query got %d %s", w.Code, w.Body)
		}
		s.Drain()
	})
}

// TestOpeningIsCanceled: a cursor that is being opened is a query that can be canceled.
func TestOpeningIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Attach(newFake(t))
		answer := make(chan *httptest.ResponseRecorder)
		go func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/api/v1/cursors", strings.NewReader(`{"sql":"wait"}`))
			r.Header.Set("X-Request-Id", "opening")
			s.Handler().ServeHTTP(w, r)
			answer <- w
		}()
		synctest.Wait()
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("DELETE", "/api/v1/queries/opening", nil))
		if w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := <-answer; w.Code != 499 || !strings.Contains(w.Body.String(), "canceled by request") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		s.Drain()
	})
}

// TestSuspend: it cancels what runs, waits for it, and lets nobody in meanwhile.
func TestSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Attach(newFake(t))
		query := func(sql string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(`{"sql":"`+sql+`"}`))
			s.Handler().ServeHTTP(w, r)
			return w
		}
		answer := make(chan *httptest.ResponseRecorder)
		go func() { answer <- query("wait") }()
		synctest.Wait()
		suspended := make(chan error)
		go func() {
			suspended <- s.Suspend(context.Background(), dberr.SQL(dberr.StateAdminShutdown, "the reason"))
		}()
		if w := <-answer; w.Code < 400 {
			t.Errorf("the running query: %d %s", w.Code, w.Body)
		}
		if err := <-suspended; err != nil {
			t.Fatal(err)
		}
		if w := query("SELECT 1"); w.Code != 503 || !strings.Contains(w.Body.String(), "RESTORING") {
			t.Errorf("a query meanwhile: %d %s", w.Code, w.Body)
		}
		s.Resume()
		if w := query("SELECT 1"); w.Code != 200 {
			t.Errorf("a query afterwards: %d %s", w.Code, w.Body)
		}

		// One that does not end keeps the database where it is.
		s.gate.enter()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Suspend(ctx, nil); dberr.As(err) == nil || dberr.As(err).Code != "REQUESTS_RUNNING" {
			t.Errorf("got %v", err)
		}
		s.gate.leave()
		if w := query("SELECT 1"); w.Code != 200 {
			t.Errorf("a query after it was given up: %d %s", w.Code, w.Body)
		}
		s.Drain()
	})
}
