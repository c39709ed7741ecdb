package crash

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// TestKillRetention: a server that is killed again and again rolls up what a policy found
// there and removes it, while points come in. In the end the tiers have all of it, each
// point once, and what is old is gone.
func TestKillRetention(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 3
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 100
	}
	bin, dir := serve.Build(t), t.TempDir()
	args := []string{"--set", "storage.checkpoint_bytes=256KiB"}
	s := serve.Start(t, bin, dir, args...)
	base := func() string { return s.URL }
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	do := func(method, path, body string) {
		t.Helper()
		if status, text := send(t, base, client, method, path, body); status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	const series, old = 30, 2000
	began := time.Now().Unix()
	count, sum := 0, 0
	for n := range series {
		var list []string
		for i := range old {
			list = append(list, fmt.Sprintf(`[%d,%d]`, began-3600+int64(i), i%97))
			count, sum = count+1, sum+i%97
		}
		do("POST", "/timeseries/write", fmt.Sprintf(`{"metric":"kept","tags":{"n":"%d"},"precision":"s","points":[%s]}`, n, pairs(list)))
	}
	do("PUT", "/timeseries/retention/p", `{"pattern":"kept","raw":"1m","tiers":[{"interval":"10s","keep":"2h"},{"interval":"1m","keep":"forever"}]}`)
	r := rand.New(rand.NewPCG(uint64(began), 1))
	for round := range rounds {
		for i := range 20 { // new ones, which are sent until they are acknowledged
			do("POST", "/timeseries/write", fmt.Sprintf(`{"metric":"kept","tags":{"n":"%d"},"precision":"s","value":1,"timestamp":%d}`, i, began-int64(round)))
			count, sum = count+1, sum+1
		}
		<-time.After(time.Duration(r.IntN(1500)) * time.Millisecond) // the moment of the crash is the point of the test
		s.Kill()
		if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
			t.Errorf("round %d: weft check: %v\n%s", round, err, out)
		}
		s = serve.Start(t, bin, dir, args...)
	}
	waitRetained(t, base)
	for fn, want := range map[string]int{"count": count, "sum": sum} {
		var got struct {
			Series []struct {
				Points []struct {
					Value float64 `json:"value"`
				} `json:"points"`
			} `json:"series"`
		}
		ask(t, base, "POST", "/timeseries/query", fmt.Sprintf(`{"metric":"kept","aggregation":{"function":%q},"group_by":[]}`, fn), &got)
		if len(got.Series) != 1 || got.Series[0].Points[0].Value != float64(want) {
			t.Errorf("%s is %+v, want %d", fn, got.Series, want)
		}
	}
	var raw struct {
		Points int `json:"points_returned"`
	}
	ask(t, base, "POST", "/timeseries/query", fmt.Sprintf(`{"metric":"kept","end":%d}`, began-120), &raw)
	if raw.Points != 0 {
		t.Errorf("%d old points are left", raw.Points)
	}
	if t.Failed() {
		t.Logf("the server says:\n%s", s.Log())
	}
}

// pairs makes points of [time,value].
func pairs(list []string) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		at, value, _ := strings.Cut(strings.Trim(p, "[]"), ",")
		fmt.Fprintf(&b, `{"timestamp":%s,"value":%s}`, at, value)
	}
	return b.String()
}

// waitRetained waits until the policy has been carried out.
func waitRetained(t *testing.T, base func() string) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		var got struct {
			Metrics []struct {
				Raw   *string `json:"raw_from"`
				Tiers []struct {
					Ready bool `json:"ready"`
				} `json:"tiers"`
			} `json:"metrics"`
		}
		ask(t, base, "GET", "/timeseries/retention/p", "", &got)
		if len(got.Metrics) == 1 && got.Metrics[0].Raw != nil && len(got.Metrics[0].Tiers) == 2 && got.Metrics[0].Tiers[1].Ready {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Error("the policy was not carried out")
}
