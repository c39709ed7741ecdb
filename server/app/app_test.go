package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/config"
)

// screen is an io.Writer that can be read while it is written.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func configure(t testing.TB, set ...string) *config.Config {
	t.Helper()
	t.Chdir(t.TempDir())
	c, err := config.Load(config.Sources{Set: append([]string{"server.listen=127.0.0.1:0", "server.shutdown_timeout=10s"}, set...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// start starts a server that is stopped when the test ends.
func start(t testing.TB, c *config.Config, opts Options) *App {
	t.Helper()
	a, err := Start(c, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(context.Background()) }) //nolint:errcheck // tests that care look themselves
	return a
}

func waitReady(t *testing.T, a *App) {
	t.Helper()
	select {
	case <-a.Ready():
	case err := <-a.Failed():
		t.Fatal(err)
	}
}

// call sends a request and gives status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

func sql(t *testing.T, a *App, text string) (int, string) {
	t.Helper()
	return call(t, "POST", a.URL()+"/api/v1/query", fmt.Sprintf(`{"sql":%q}`, text))
}

func TestServesAndStops(t *testing.T) {
	var out screen
	a := start(t, configure(t, "storage.backend=memory"), Options{Out: &out, Version: "1.2.3"})
	waitReady(t, a)
	if status, body := sql(t, a, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); SELECT id FROM t ORDER BY id"); status != 200 || !strings.Contains(body, "[[1],[2]]") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := call(t, "GET", a.URL()+"/api/v1/tables/t", ""); status != 200 || !strings.Contains(body, `"row_count":2`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := call(t, "GET", a.URL()+"/metrics", ""); status != 200 || strings.Contains(body, "weft_commits_total 0\n") || !strings.Contains(body, "weft_ready 1\n") {
		t.Errorf("%d %s", status, body)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	if status, body := call(t, "GET", a.URL()+"/livez", ""); status != 0 {
		t.Errorf("still answers: %d %s", status, body)
	}
	for _, want := range []string{"Weft 1.2.3", a.URL(), "in memory", "a new store", "no users exist", "Try: curl"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the screen lacks %q:\n%s", want, &out)
		}
	}
}

// TestAnswersWhileOpening: the server is there before its database is.
func TestAnswersWhileOpening(t *testing.T) {
	release := make(chan struct{})
	a := start(t, configure(t, "storage.backend=memory"), Options{Open: func(dir string, opts weft.Options) (*weft.DB, error) {
		<-release
		return weft.Open(dir, opts)
	}})
	for url, want := range map[string]string{"/livez": "200 alive", "/readyz": `503 "status":"recovering"`, "/health": "503 recovering", "/api/v1/tables": `503 "code":"RECOVERING"`, "/version": "200 weft"} {
		status, body := call(t, "GET", a.URL()+url, "")
		code, piece, _ := strings.Cut(want, " ")
		if fmt.Sprint(status) != code || !strings.Contains(body, piece) {
			t.Errorf("%s: got %d %s, want %s", url, status, body, want)
		}
	}
	if a.DB() != nil {
		t.Error("there is a database already")
	}
	close(release)
	waitReady(t, a)
	if status, body := sql(t, a, "SELECT 1"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

// TestStopWhileOpening: a server that replays a long log can be stopped.
func TestStopWhileOpening(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	a := start(t, configure(t), Options{Open: func(string, weft.Options) (*weft.DB, error) {
		<-release
		return nil, errors.New("released")
	}})
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenFails(t *testing.T) {
	a := start(t, configure(t), Options{Open: func(string, weft.Options) (*weft.DB, error) {
		return nil, dberr.New(dberr.ErrLocked, "", "locked")
	}})
	if err := <-a.Failed(); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("got %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestListenFails(t *testing.T) {
	c := configure(t, "storage.backend=memory")
	a := start(t, c, Options{})
	same := *c
	same.Server.Listen = strings.TrimPrefix(a.URL(), "http://")
	if b, err := Start(&same, Options{}); err == nil {
		b.Stop(t.Context()) //nolint:errcheck // the test has failed
		t.Fatal("two servers on one address")
	}
}

// TestStopLosesNothing: what was acknowledged is there after a restart, and a
// directory in use is refused to a second server.
func TestStopLosesNothing(t *testing.T) {
	c := configure(t)
	a := start(t, c, Options{})
	waitReady(t, a)
	if status, body := sql(t, a, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	second := start(t, c, Options{})
	if err := <-second.Failed(); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("a second server got %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out screen
	b := start(t, c, Options{Out: &out})
	waitReady(t, b)
	if status, body := sql(t, b, "SELECT id FROM t"); status != 200 || !strings.Contains(body, "[[1]]") {
		t.Errorf("%d %s", status, body)
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "commits (") {
		t.Errorf("the screen tells nothing of the recovery:\n%s", &out)
	}
}

// long is a statement that runs until it is canceled.
const long = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"

// running returns true once a query is listed, or false where it has got its answer.
func running(t *testing.T, a *App, answer <-chan string) bool {
	t.Helper()
	for {
		if _, body := call(t, "GET", a.URL()+"/api/v1/queries", ""); strings.Contains(body, "generate_series") {
			return true
		}
		select {
		case <-answer:
			return false
		default:
		}
	}
}

// TestStopCancelsWhatDoesNotEnd: after the deadline running statements are told
// that the server stops, and the server does stop.
func TestStopCancelsWhatDoesNotEnd(t *testing.T) {
	a := start(t, configure(t, "storage.backend=memory", "server.shutdown_timeout=50ms"), Options{})
	waitReady(t, a)
	answer := make(chan string, 1)
	go func() {
		status, body := sql(t, a, long)
		answer <- fmt.Sprint(status, body)
	}()
	if !running(t, a, answer) {
		t.Fatal("the statement has ended")
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := <-answer; !strings.HasPrefix(got, "503") || !strings.Contains(got, "SHUTTING_DOWN") {
		t.Errorf("the statement got %s", got)
	}
}

// TestStopWaits: a running request is answered before the server ends.
func TestStopWaits(t *testing.T) {
	a := start(t, configure(t, "storage.backend=memory"), Options{})
	waitReady(t, a)
	answer := make(chan string, 1)
	for ms := 300; ; ms *= 2 { // until it is seen running
		go func() {
			status, body := call(t, "POST", a.URL()+"/api/v1/query", fmt.Sprintf(`{"sql":%q,"timeout_ms":%d}`, long, ms))
			answer <- fmt.Sprint(status, body)
		}()
		if running(t, a, answer) {
			break
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := <-answer; !strings.HasPrefix(got, "504") || !strings.Contains(got, "STATEMENT_TIMEOUT") {
		t.Errorf("the statement got %s", got)
	}
}
