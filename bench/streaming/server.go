package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weftdb/weft/bench/load"
	"github.com/weftdb/weft/bench/report"
)

// process is a server of the program.
type process struct {
	cmd  *exec.Cmd
	addr string
}

var addressRE = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// startServer runs the program on a directory until it is ready.
func (c *config) startServer(dir string, settings ...string) (*process, error) {
	bin, err := filepath.Abs(c.bin)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(bin, append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir}, settings...)...)}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout = p.cmd.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (make build makes it, or name another by -bin)", err)
	}
	lines := bufio.NewScanner(out)
	for p.addr == "" && lines.Scan() {
		if m := addressRE.FindStringSubmatch(lines.Text()); m != nil {
			p.addr = m[1]
		}
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the process
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + p.addr + "/readyz")
		if err != nil {
			continue
		}
		res.Body.Close() //nolint:errcheck // nothing is read of it
		if res.StatusCode == http.StatusOK {
			return p, nil
		}
	}
	p.stop()
	return nil, errors.New("the server did not get ready")
}

func (p *process) stop() {
	p.cmd.Process.Kill() //nolint:errcheck // it may have ended
	p.cmd.Wait()         //nolint:errcheck // it was killed
}

// resident is the memory of the process, and the most that it had.
func (p *process) resident() (now, most float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, err := strconv.ParseFloat(fields[1], 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			now = n * 1024
		case fields[0] == "VmHWM:":
			most = n * 1024
		}
	}
	return now, most, nil
}

// benchHTTP publishes in batches over HTTP.
func benchHTTP(c *config, t *report.Table) error {
	const batch, conns = 1000, 4
	var body bytes.Buffer
	body.WriteString(`{"messages":[`)
	for i := range batch {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"event_type":"order","source":"web","key":"c%d","data":{"id":%d,"items":["book","lamp"],"total":12.5,"note":"as they come"}}`, i%100, i)
	}
	body.WriteString("]}")
	r := t.Row(fmt.Sprintf("publish over HTTP, batches of %d, %d connections, synced", batch, conns), report.PerSecond, report.Bound("≥ 200 k/s", 200e3))
	return c.turns(func(dir string) error {
		p, err := c.startServer(dir)
		if err != nil {
			return err
		}
		defer p.stop()
		request := load.Request("POST", p.addr, "/api/v1/streaming/channels/events/publish", body.Bytes())
		res, err := load.Run(p.addr, conns, c.round, func(int, int64) []byte { return request })
		if err == nil {
			r.Add(weftSide, res.PerSecond()*batch)
		}
		return err
	})
}

// benchIdle opens connections that wait, and looks at the memory of the server.
func benchIdle(c *config, t *report.Table) error {
	limit := raiseFiles(uint64(2*c.idle + 500))
	if limit < uint64(c.idle+100) {
		return fmt.Errorf("%d files may be open, and %d subscribers need more (ulimit -n)", limit, c.idle)
	}
	for _, w := range []struct{ name, path, header string }{
		{"SSE", "/sse", ""}, {"NDJSON", "/ndjson", ""},
		{"WebSocket", "/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
	} {
		idle := t.Row(fmt.Sprintf("memory of the server with %d idle subscribers, %s", c.idle, w.name), report.Megabytes, report.Bound("≤ 300 MB", 300e6))
		woken := t.Row("… once all had a message", report.Megabytes)
		err := c.turns(func(dir string) error {
			p, err := c.startServer(dir)
			if err != nil {
				return err
			}
			defer p.stop()
			before, after, err := c.waiting(p, w.path, w.header)
			idle.Add(weftSide, before)
			woken.Add(weftSide, after)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func raiseFiles(want uint64) uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	if l.Cur < want {
		l.Cur = min(want, l.Max)
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
			return 0
		}
	}
	return l.Cur
}

// waiting subscribes many, measures, sends each a message, and measures again.
func (c *config) waiting(p *process, path, header string) (idle, woken float64, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var started, got atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range c.idle {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			return 0, 0, err
		}
		context.AfterFunc(ctx, func() { conn.Close() }) //nolint:errcheck // it is over
		if _, err := fmt.Fprintf(conn, "GET /api/v1/streaming/channels/events%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, p.addr, header); err != nil {
			return 0, 0, err
		}
		wg.Go(func() { listen(conn, &started, &got) })
	}
	if err := reaches(&started, c.idle, "subscribed"); err != nil {
		return 0, 0, err
	}
	time.Sleep(time.Second) // for what opening them has left to be seen to
	if idle, _, err = p.resident(); err != nil {
		return 0, 0, err
	}
	res, err := http.Post("http://"+p.addr+"/api/v1/streaming/channels/events/publish", "application/json", strings.NewReader(`{"data":"the-one-message"}`))
	if err != nil {
		return 0, 0, err
	}
	res.Body.Close() //nolint:errcheck // nothing is read of it
	if err := reaches(&got, c.idle, "given a message"); err != nil {
		return 0, 0, err
	}
	woken, _, err = p.resident()
	return idle, woken, err
}

// listen counts a subscriber whose answer begins, and again when the message comes.
func listen(conn net.Conn, started, got *atomic.Int64) {
	buf, had := make([]byte, 2048), 0
	begun := false
	for had < len(buf) {
		n, err := conn.Read(buf[had:])
		if err != nil {
			return
		}
		had += n
		if !begun && bytes.Contains(buf[:had], []byte("\r\n\r\n")) {
			begun = true
			started.Add(1)
		}
		if bytes.Contains(buf[:had], []byte("the-one-message")) {
			got.Add(1)
			return
		}
	}
}

func reaches(n *atomic.Int64, want int, what string) error {
	for end := time.Now().Add(60 * time.Second); n.Load() < int64(want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d were %s", n.Load(), want, what)
		}
	}
	return nil
}
