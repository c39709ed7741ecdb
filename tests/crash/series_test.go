package crash

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// seriesClient writes points and knows which of them must be there: its series are its
// own, and a request is sent until it is answered.
type seriesClient struct {
	t    *testing.T
	base func() string
	http *http.Client
	rand *rand.Rand
	name string
	want map[int]int // second → value
	next int
}

func (c *seriesClient) do(path, body string) {
	status, text := send(c.t, c.base, c.http, "POST", path, body)
	if status != http.StatusOK {
		c.t.Errorf("%s %s: %d %s", path, body, status, text)
	}
}

// write sends some points, mostly new ones, some late or once more.
func (c *seriesClient) write() {
	var list []string
	for range 1 + c.rand.IntN(30) {
		at := c.next
		if c.rand.IntN(5) == 0 {
			at = c.rand.IntN(c.next + 1)
		} else {
			c.next++
		}
		c.want[at] = c.rand.IntN(1000)
		list = append(list, fmt.Sprintf(`{"timestamp":%d,"value":%d}`, at, c.want[at]))
	}
	c.do("/timeseries/write", fmt.Sprintf(`{"metric":"load","tags":{"client":%q},"precision":"s","points":[%s]}`, c.name, strings.Join(list, ",")))
}

// remove deletes a span of time.
func (c *seriesClient) remove() {
	from := c.rand.IntN(c.next + 1)
	to := from + 1 + c.rand.IntN(20)
	c.do("/timeseries/delete", fmt.Sprintf(`{"metric":"load","tags":{"client":%q},"start":%d,"end":%d}`, c.name, from, to))
	for at := from; at < to; at++ {
		delete(c.want, at)
	}
}

func (c *seriesClient) live(stop <-chan struct{}) {
	defer c.http.CloseIdleConnections()
	for c.write(); ; {
		select {
		case <-stop:
			return
		default:
		}
		if c.rand.IntN(6) == 0 {
			c.remove()
		} else {
			c.write()
		}
	}
}

// check holds what the server has of the series against what was acknowledged.
func (c *seriesClient) check() int {
	var got struct {
		Series []struct {
			Points []struct {
				Timestamp int `json:"timestamp"`
				Value     int `json:"value"`
			} `json:"points"`
		} `json:"series"`
	}
	ask(c.t, c.base, "POST", "/timeseries/query", fmt.Sprintf(`{"metric":"load","tags":{"client":%q},"precision":"s"}`, c.name), &got)
	n := 0
	for _, s := range got.Series {
		for _, p := range s.Points {
			n++
			if v, ok := c.want[p.Timestamp]; !ok || v != p.Value {
				c.t.Errorf("%s has %d at %d, want %d (%v)", c.name, p.Value, p.Timestamp, v, ok)
			}
		}
	}
	if n != len(c.want) {
		c.t.Errorf("%s has %d points, want %d", c.name, n, len(c.want))
	}
	return n
}

// TestKillSeries: clients write and delete points, while the server seals them and is
// killed again and again. In the end each series has the points that were acknowledged
// last, and no other.
func TestKillSeries(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 200
	}
	bin, dir := serve.Build(t), t.TempDir()
	args := []string{"--set", "storage.checkpoint_bytes=256KiB"}
	s := serve.Start(t, bin, dir, args...)
	var mu sync.Mutex
	url := s.URL
	base := func() string {
		mu.Lock()
		defer mu.Unlock()
		return url
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var list []*seriesClient
	for i := range 8 {
		c := &seriesClient{t: t, base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute},
			rand: rand.New(rand.NewPCG(seed, uint64(i))), name: fmt.Sprintf("c%d", i), want: map[int]int{}}
		list = append(list, c)
		wg.Go(func() { c.live(stop) })
	}
	r := rand.New(rand.NewPCG(seed, 8))
	for round := range rounds {
		<-time.After(time.Duration(50+r.IntN(1500)) * time.Millisecond) // the moment of the crash is the point of the test
		mu.Lock()                                                       // until there is another: its port may become one of anybody's
		s.Kill()
		if out, err := exec.Command(bin, "check", "--data-dir", dir).CombinedOutput(); err != nil {
			t.Errorf("round %d: weft check: %v\n%s", round, err, out)
		}
		s = serve.Start(t, bin, dir, args...)
		url = s.URL
		mu.Unlock()
	}
	close(stop)
	wg.Wait()
	total := 0
	for _, c := range list {
		total += c.check()
	}
	t.Logf("%d points in the end", total)
	if total < 100 {
		t.Error("the clients did next to nothing")
	}
	if t.Failed() {
		t.Logf("the server says:\n%s", s.Log())
	}
}
