package sdks_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// follower is a page that follows a channel by an EventSource and tells the server that it
// came from what it gets, in order.
const follower = `<!doctype html><title>follower</title><script>
let told = Promise.resolve();
const tell = (text) => { told = told.then(() => fetch("/told", { method: "POST", body: text })); };
const events = new EventSource("%s/api/v1/streaming/channels/c/sse?from=earliest");
events.addEventListener("message", (e) => tell("message " + JSON.parse(e.data).data.n));
events.addEventListener("error", () => tell(events.readyState === EventSource.CLOSED ? "closed" : "interrupted"));
</script>`

// browse has a headless Chromium show a page until the test ends.
func browse(t *testing.T, url string) {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not there, so no browser is tested")
	}
	profile, err := os.MkdirTemp("", "weft-browser") // not the test's, since its last processes may still write there
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile, "--remote-debugging-port=0", url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // it may have ended by itself
		cmd.Wait()                                      //nolint:errcheck // it was killed
		os.RemoveAll(profile)                           //nolint:errcheck // see above
	})
}

// TestBrowser: an EventSource of a browser, on a page of another origin, goes on after the
// server was killed and started again, with every message once and in order.
func TestBrowser(t *testing.T) {
	told := make(chan string, 100)
	var api string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/told" {
			fmt.Fprintf(w, follower, api)
			return
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			b = []byte(err.Error())
		}
		told <- string(b)
	}))
	defer site.Close()
	bin, dir := serve.Build(t), t.TempDir()
	origin := "server.cors_origins=" + site.URL
	address := serve.Address(t)
	s := serve.Start(t, bin, dir, "--set", origin, "--listen", address)
	api = s.URL
	publish := func(n int) {
		t.Helper()
		res, err := http.Post(s.URL+"/api/v1/streaming/publish", "application/json", strings.NewReader(fmt.Sprintf(`{"channel":"c","event_type":"e","data":{"n":%d}}`, n)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode >= 300 {
			t.Fatalf("%d %s %v", res.StatusCode, b, err)
		}
	}
	heard := func(want string) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Fatalf("the page says %q and not %q\n%s", got, want, s.Log())
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("the page does not say %q\n%s", want, s.Log())
		}
	}
	publish(1)
	publish(2)
	browse(t, site.URL)
	heard("message 1")
	heard("message 2")
	s.Kill()
	heard("interrupted")
	s = serve.Start(t, bin, dir, "--set", origin, "--listen", address)
	publish(3)
	for { // it tries again, perhaps before the server is there
		got := <-told
		if got == "interrupted" {
			continue
		}
		if got != "message 3" {
			t.Fatalf("after the restart the page says %q\n%s", got, s.Log())
		}
		break
	}
	publish(4)
	heard("message 4")
}
