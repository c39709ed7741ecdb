package app

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	testserve "github.com/weftdb/weft/internal/testkit/serve"
)

// runPrometheus runs Prometheus with a configuration, in which $self is its own address, and
// returns the base of its interface.
func runPrometheus(t *testing.T, config string) string {
	t.Helper()
	bin, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed")
	}
	self := testserve.Address(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "$self", self)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(bin, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+self)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	base := "http://" + self
	waitFor(t, "Prometheus to be ready", func() string {
		res, err := http.Get(base + "/-/ready")
		if err != nil {
			return err.Error()
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return res.Status
		}
		return ""
	})
	return base + "/api/v1"
}

// waitFor polls another process until it has nothing more to say against it.
func waitFor(t *testing.T, what string, fn func() string) {
	t.Helper()
	why := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if why = fn(); why == "" {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s: %s", what, why)
}

// promAsk returns the data of an answer, with the series in a fixed order.
func promAsk(t *testing.T, base, path string, q url.Values) any {
	t.Helper()
	res, err := http.Get(base + path + "?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Status string
		Data   any
	}
	if err := json.Unmarshal(b, &answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s%s?%s: %s", base, path, q.Encode(), b)
	}
	list, _ := answer.Data.([]any)
	if m, ok := answer.Data.(map[string]any); ok {
		list, _ = m["result"].([]any)
	}
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return answer.Data
}

// scrapedUntil is a time, in seconds, after a newest sample of all targets, at which no window
// of whole seconds begins or ends on a sample: there versions of Prometheus differ. They
// do, too, on counters that have only just begun, so it waits for some samples of each.
func scrapedUntil(t *testing.T, weft string) float64 {
	t.Helper()
	var at float64
	waitFor(t, "samples by remote write", func() string {
		data := promAsk(t, weft, "/query", url.Values{"query": {"timestamp(up) and count_over_time(up[1m]) > 16"}})
		list := data.(map[string]any)["result"].([]any)
		if len(list) < 2 {
			return fmt.Sprint(data)
		}
		taken := make(map[int64]bool)
		var newest int64
		for _, s := range list {
			var sec float64
			fmt.Sscan(s.(map[string]any)["value"].([]any)[1].(string), &sec)
			ms := int64(sec*1000 + 0.5)
			newest = max(newest, ms)
			taken[ms%1000] = true
		}
		for newest++; taken[newest%1000]; newest++ {
		}
		at = float64(newest) / 1000
		return ""
	})
	return at
}

// alike says that two answers are the same, but for the last digits of numbers: newer
// engines add up with less error.
func alike(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		same := ok && len(a) == len(b)
		for k, v := range a {
			same = same && alike(v, b[k])
		}
		return same
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, alike)
	case string:
		b, ok := b.(string)
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		return ok && (a == b || errX == nil && errY == nil && math.Abs(x-y) <= 1e-12*math.Abs(x))
	}
	return a == b
}

var promExpressions = []string{
	`up`,
	`count by (job) ({__name__=~".+"})`,
	`sum by (job, code) (rate(prometheus_http_requests_total[7s]))`,
	`histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[8s])))`,
	`sum without (instance) (go_goroutines) * on (job) group_left () count by (job) (up)`,
	`topk(3, process_resident_memory_bytes)`,
	`max_over_time(go_memstats_alloc_bytes[5s]) - min_over_time(go_memstats_alloc_bytes[5s])`,
	`avg_over_time(scrape_duration_seconds[6s:1s])`,
	`go_info{version!~"x.*"}`,
	`{job=~"weft|prometheus", __name__=~"go_gc_.*", quantile="0.5"}`,
	`absent(nothing)`,
	`changes(up[10s]) + 1`,
	`predict_linear(go_memstats_heap_objects[8s], 10)`,
}

// TestAnswersEqual: Prometheus scrapes itself and Weft, and writes to Weft. What it answers
// itself, what Weft answers, and what a second Prometheus answers that has no data but
// reads Weft's, must be the same.
func TestAnswersEqual(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twenty seconds of scrapes")
	}
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("prometheus is not installed")
	}
	server := serve(t)
	weft := server.url + "/prometheus/api/v1"
	prometheus := runPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: weft, static_configs: [{targets: [%q]}]}
  - {job_name: prometheus, static_configs: [{targets: ["$self"]}]}
remote_write:
  - {url: "%s/write", queue_config: {batch_send_deadline: 200ms, max_shards: 4}, metadata_config: {send_interval: 1s}}
`, strings.TrimPrefix(server.url, "http://"), weft))
	reader := runPrometheus(t, fmt.Sprintf("remote_read: [{url: %q, read_recent: true}]\n", weft+"/read"))

	at := scrapedUntil(t, weft)
	compared := 0
	same := func(path string, q url.Values) {
		t.Helper()
		for _, base := range []string{weft, reader} {
			if base == reader && !strings.HasPrefix(path, "/query") {
				continue
			}
			waitFor(t, base+path+"?"+q.Encode(), func() string {
				want, got := promAsk(t, prometheus, path, q), promAsk(t, base, path, q)
				if !alike(want, got) {
					return fmt.Sprintf("\nPrometheus %.3000v\nhere       %.3000v", want, got)
				}
				return ""
			})
			compared++
		}
	}
	for _, expr := range promExpressions {
		same("/query", url.Values{"query": {expr}, "time": {fmt.Sprintf("%.3f", at)}})
		same("/query_range", url.Values{"query": {expr}, "start": {fmt.Sprintf("%.3f", at-5)}, "end": {fmt.Sprintf("%.3f", at)}, "step": {"1"}})
	}
	same("/labels", nil)
	same("/label/job/values", nil)
	same("/label/__name__/values", url.Values{"match[]": {`{job="weft"}`}})
	same("/series", url.Values{"match[]": {`{__name__=~"go_.*"}`, `up`}})
	waitFor(t, "descriptions by remote write", func() string {
		data := promAsk(t, weft, "/metadata", url.Values{"metric": {"prometheus_http_requests_total"}})
		if s := fmt.Sprint(data); !strings.Contains(s, "type:counter") || !strings.Contains(s, "help:Counter of HTTP requests.") {
			return s
		}
		return ""
	})
	t.Logf("%d answers are the same", compared)
}
