package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bench/load"
)

// constant serves the ceiling of the HTTP stack: an echo handler that reads the
// body and answers a constant of the size of a point select's answer.
func constant() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	body := []byte(`{"success":true,"data":{"columns":["id","name","balance"],"types":["bigint","text","bigint"],"rows":[[4711,"account 4711",1000]],"rows_affected":0},"execution_time_ms":0.041}` + "\n")
	e.POST("/api/v1/query", func(c echo.Context) error {
		if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
			return err
		}
		return c.JSONBlob(http.StatusOK, body)
	})
	entry := []byte(`{"key":"user:0000004711","value":"` + kvText + `","ttl":null,"expires_at":null,"created_at":"2026-01-01T00:00:00.000000000Z","updated_at":"2026-01-01T00:00:00.000000000Z","version":"1770000000000000000","size":102}` + "\n")
	key := func(c echo.Context) error {
		if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
			return err
		}
		return c.JSONBlob(http.StatusOK, entry)
	}
	e.GET("/api/v1/kv/keys/*", key)
	e.PUT("/api/v1/kv/keys/*", key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("http://%s\n", l.Addr())
	e.Listener = l
	if err := e.Start(""); err != nil && !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a server under test.
type process struct {
	cmd  *exec.Cmd
	addr string
	out  *output
}

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) find(re *regexp.Regexp) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := re.FindSubmatch(o.buf.Bytes()); m != nil {
		return bytes.Clone(m[1])
	}
	return nil
}

var addressRE = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

func startProcess(name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), out: &output{}}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		addr := p.out.find(addressRE)
		if addr == nil {
			continue
		}
		p.addr = string(addr)
		if c, err := net.Dial("tcp", p.addr); err == nil {
			return p, c.Close()
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s did not start: %s", name, p.out.buf.String())
}

func (p *process) stop() {
	p.cmd.Process.Kill() //nolint:errcheck // it may have ended
	p.cmd.Wait()         //nolint:errcheck // it was killed
}

func startWeft(c config, args ...string) (*process, func(), error) {
	dir, err := os.MkdirTemp("", "weft-bench")
	if err != nil {
		return nil, nil, err
	}
	p, err := startProcess(c.bin, append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir}, args...)...)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	if err := p.ready(); err != nil {
		p.stop()
		return nil, nil, err
	}
	return p, func() { p.stop(); os.RemoveAll(dir) }, nil
}

func (p *process) ready() error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + p.addr + "/readyz")
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("weft did not get ready")
}

func (p *process) sql(sql string, params ...any) error {
	body, err := json.Marshal(map[string]any{"sql": sql, "params": append([]any{}, params...)})
	if err != nil {
		return err
	}
	res, err := http.Post("http://"+p.addr+"/api/v1/query", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %s", sql, text)
	}
	return nil
}

const benchAccounts = 100_000

func fillAccounts(p *process) error {
	if err := p.sql("CREATE TABLE account (id bigint PRIMARY KEY, name text NOT NULL, balance bigint NOT NULL)"); err != nil {
		return err
	}
	for from := 0; from < benchAccounts; from += 1000 {
		var b bytes.Buffer
		b.WriteString("INSERT INTO account VALUES ")
		for i := from; i < from+1000; i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "(%d,'account %d',1000)", i, i)
		}
		if err := p.sql(b.String()); err != nil {
			return err
		}
	}
	return p.sql("CREATE TABLE entry (id bigint PRIMARY KEY, note text)")
}

func benchHTTP(c config) error {
	weft, stop, err := startWeft(c)
	if err != nil {
		return err
	}
	defer stop()
	if err := fillAccounts(weft); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ceiling, err := startProcess(self, "constant")
	if err != nil {
		return err
	}
	defer ceiling.stop()

	fmt.Println("\n## HTTP (requests/s, median of rounds; ratio to an echo handler that answers a constant)")
	fmt.Println("| work | connections | weft | constant | ratio | p50 | p99 |")
	fmt.Println("|---|---|---|---|---|---|---|")
	var id atomic.Int64
	point := func(host string) func(int, int64) []byte {
		return func(int, int64) []byte {
			return load.Request("POST", host, "/api/v1/query", fmt.Appendf(nil, `{"sql":"SELECT id, name, balance FROM account WHERE id = $1","params":[%d]}`, rand.IntN(benchAccounts)))
		}
	}
	insert := func(host string) func(int, int64) []byte {
		return func(int, int64) []byte {
			return load.Request("POST", host, "/api/v1/query", fmt.Appendf(nil, `{"sql":"INSERT INTO entry VALUES ($1, $2)","params":[%d,"a note of some length"]}`, id.Add(1)))
		}
	}
	for _, w := range []struct {
		name string
		next func(string) func(int, int64) []byte
	}{{"select by primary key", point}, {"insert one row, fsync", insert}} {
		for _, conns := range []int{1, 64} {
			var ours, theirs []float64
			var last load.Result
			for range c.rounds {
				r, err := load.Run(weft.addr, conns, c.round, w.next(weft.addr))
				if err != nil {
					return err
				}
				k, err := load.Run(ceiling.addr, conns, c.round, w.next(ceiling.addr))
				if err != nil {
					return err
				}
				ours, theirs, last = append(ours, r.PerSecond()), append(theirs, k.PerSecond()), r
			}
			fmt.Printf("| %s | %d | %.0f | %.0f | %.2f | %v | %v |\n", w.name, conns, median(ours), median(theirs),
				median(ours)/median(theirs), last.P50.Round(time.Microsecond), last.P99.Round(time.Microsecond))
		}
	}
	return nil
}
