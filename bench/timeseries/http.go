package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/weftdb/weft/bench/load"
	"github.com/weftdb/weft/bench/report"
)

// Lines are written over so many connections.
const lineClients = 2

// server is a process that takes lines.
type server struct {
	cmd  *exec.Cmd
	addr string
	path string
}

func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt) //nolint:errcheck // it may have ended
	s.cmd.Wait()                       //nolint:errcheck // by the signal
}

// output keeps what a process says.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) find(re *regexp.Regexp) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := re.FindSubmatch(o.buf.Bytes()); m != nil {
		return string(m[1])
	}
	return ""
}

var addressRE = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

func start(cmd *exec.Cmd) (*output, error) {
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	return out, cmd.Start()
}

// answers waits until a path of a server answers.
func answers(addr, path string) error {
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + addr + path)
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode < 300 {
			return nil
		}
	}
	return fmt.Errorf("nothing answers at %s%s", addr, path)
}

func (c *config) binary() error {
	if c.bin != "" {
		return nil
	}
	c.bin = filepath.Join(c.dir, "weft")
	cmd := exec.Command("go", "build", "-o", c.bin, "./cmd/weft")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func startWeft(c *config) (*server, error) {
	if err := c.binary(); err != nil {
		return nil, err
	}
	dir, err := c.fresh("weft-http")
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(c.bin, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--set", "storage.durability=interval"), path: "/write?db=default"}
	out, err := start(s.cmd)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(20 * time.Second); s.addr == "" && time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		s.addr = out.find(addressRE)
	}
	if s.addr == "" {
		s.stop()
		return nil, fmt.Errorf("weft did not come up: %s", out.buf.String())
	}
	return s, answers(s.addr, "/readyz")
}

// errNotInstalled says that a peer is not there.
var errNotInstalled = errors.New("not installed")

func startInflux(c *config) (*server, error) {
	name, err := exec.LookPath("influxd")
	if err != nil {
		return nil, errNotInstalled
	}
	dir, err := c.fresh("influxdb")
	if err != nil {
		return nil, err
	}
	var addrs [2]string
	for i := range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		addrs[i] = l.Addr().String()
		l.Close()
	}
	s := &server{cmd: exec.Command(name, "run"), addr: addrs[0], path: "/write?db=bench"}
	s.cmd.Env = append(os.Environ(), "INFLUXDB_CONFIG_PATH=/dev/null", "INFLUXDB_HTTP_BIND_ADDRESS="+addrs[0], "INFLUXDB_BIND_ADDRESS="+addrs[1],
		"INFLUXDB_META_DIR="+dir+"/meta", "INFLUXDB_DATA_DIR="+dir+"/data", "INFLUXDB_DATA_WAL_DIR="+dir+"/wal", "INFLUXDB_REPORTING_DISABLED=true",
		"INFLUXDB_HTTP_LOG_ENABLED=false", "INFLUXDB_MONITOR_STORE_ENABLED=false", "INFLUXDB_DATA_WAL_FSYNC_DELAY=50ms")
	if _, err := start(s.cmd); err != nil {
		return nil, err
	}
	if err := answers(s.addr, "/ping"); err != nil {
		s.stop()
		return nil, err
	}
	res, err := http.PostForm("http://"+s.addr+"/query", url.Values{"q": {"CREATE DATABASE bench"}})
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, res.Body.Close()
}

// lines makes requests of 1,000 lines: one point of each of 1,000 series, then of the next.
type lines struct {
	src    *source
	prefix []string
	round  int
	at     int
	body   []byte
	req    []byte
	host   string
	path   string
}

func newLines(s *server, client, series int) *lines {
	l := &lines{src: newSource(series), host: s.addr, path: s.path}
	for i := range series {
		text := "usage"
		for _, t := range tagsOf(client*series + i) {
			text += "," + t.Key + "=" + t.Value
		}
		l.prefix = append(l.prefix, text+" value=")
	}
	return l
}

func (l *lines) next() []byte {
	l.body = l.body[:0]
	for range ingestBatch {
		l.body = append(l.body, l.prefix[l.at]...)
		l.body = strconv.AppendFloat(l.body, l.src.next(l.at), 'f', 1, 64)
		l.body = strconv.AppendInt(append(l.body, ' '), ingestStart+int64(l.round)*ingestStep, 10)
		l.body = append(l.body, '\n')
		if l.at++; l.at == len(l.prefix) {
			l.at, l.round = 0, l.round+1
		}
	}
	l.req = append(l.req[:0], load.Request("POST", l.host, l.path, l.body)...)
	return l.req
}

func benchHTTP(c *config, t *report.Table) error {
	r := t.Row(fmt.Sprintf("ingest over HTTP, lines, %d connections, requests of 1,000 points, points", lineClients), report.PerSecond,
		report.Bound("≥ 500 k/s", 500e3), report.AtLeast(3, "influxdb"))
	long := 4 * time.Second
	if c.quick {
		long = time.Second / 2
	}
	for range c.rounds {
		for _, side := range []struct {
			name  string
			start func(*config) (*server, error)
		}{{"weft", startWeft}, {"influxdb", startInflux}} {
			if !c.wants(side.name) {
				continue
			}
			s, err := side.start(c)
			if errors.Is(err, errNotInstalled) {
				t.Note(side.name + " is not installed, so the row of lines is without it.")
				continue
			}
			if err != nil {
				return err
			}
			rate, err := writeLines(c, s, long)
			s.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
			r.Add(side.name, rate)
		}
	}
	return nil
}

func writeLines(c *config, s *server, long time.Duration) (float64, error) {
	var clients []*lines
	for n := range lineClients {
		clients = append(clients, newLines(s, n, c.series/lineClients))
	}
	next := func(n int, _ int64) []byte { return clients[n].next() }
	if _, err := load.Run(s.addr, lineClients, long/4, next); err != nil { // makes the series
		return 0, err
	}
	res, err := load.Run(s.addr, lineClients, long, next)
	return res.PerSecond() * ingestBatch, err
}
