package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weft.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLayers(t *testing.T) {
	path := writeFile(t, "[server]\nlisten = '127.0.0.1:1'\nbody_bytes = '1MiB'\nmax_in_flight = 5\ncors_origins = ['https://a.example', 'https://b.example']\n[query]\ntimeout = '1s'\n[storage]\nhistory = 'off'\ndurability = 'interval'\n")
	c, err := Load(Sources{File: path,
		Environ: []string{"WEFT_SERVER_BODY_BYTES=2MiB", "WEFT_QUERY_TIMEOUT=2s", "PATH=x", "WEFT_SERVER=http://x", "WEFT_LONG=1"},
		Flags:   map[string]string{"server.listen": "127.0.0.1:3"},
		Set:     []string{"query.timeout=off", "query.max_rows=off", "log.level=warn"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"server.listen": "127.0.0.1:3 flag", "server.body_bytes": "2MiB environment WEFT_SERVER_BODY_BYTES", "server.max_in_flight": "5 " + path,
		"query.timeout": "off --set", "query.max_rows": "off --set", "storage.history": "off " + path, "log.level": "warn --set", "log.format": "text default",
		"server.cors_origins": "https://a.example,https://b.example " + path, "storage.durability": "interval " + path,
	} {
		if got := lookup(key).get(c) + " " + c.Origin(key); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
	if c.Query.Timeout != -1 || c.Storage.History != -1 || c.Server.BodyBytes != 2<<20 || c.Storage.Durability != txn.DurabilityInterval || c.Server.MaxInFlight != 5 {
		t.Errorf("%+v", c)
	}
}

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Listen != "127.0.0.1:7600" || !c.Loopback() || c.DataDir != "./weft-data" || c.Storage.Backend != storage.BackendLocal || c.Query.Timeout != 30*time.Second {
		t.Errorf("%+v", c)
	}
	for _, k := range keys { // what is shown can be given back
		if err := k.set(c, k.get(c)); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
		if k.help == "" || k.unit == "" {
			t.Errorf("%s has no help or unit", k.name)
		}
	}
	if c.Origin("log.level") != "default" || c.Log.Level != 0 {
		t.Errorf("log.level: %v from %s", c.Log.Level, c.Origin("log.level"))
	}
	if c, err = Load(Sources{Flags: map[string]string{"server.dev": "true"}}); err != nil || c.Log.Level >= 0 {
		t.Errorf("--dev: log level %v, %v", c.Log.Level, err)
	}
}

func TestDefaultFileIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(DefaultFile, []byte("[log]\nformat='json'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(Sources{}); err != nil || c.Log.Format != "json" {
		t.Errorf("%v %v", c, err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	path := writeFile(t, "[server]\nbodybytes = 1\n[storage]\nsegment_bytes = '7 pounds'\ndurability='sometimes'\n[query]\nmax_rows = 1.5\n")
	_, err := Load(Sources{File: path,
		Environ: []string{"WEFT_QUERY_TIMEOT=1s", "WEFT_LOG_LEVEL=loud"},
		Set:     []string{"histori=1s", "storage.history", "server.cors_origins=nonsense", "query.timeout=5", "query.max_nesting=9999", "no_such_thing_at_all=1"}})
	if !errors.Is(err, dberr.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"has 12 fault(s)",
		"server.bodybytes (" + path + "): there is no such key; did you mean server.body_bytes?",
		`storage.segment_bytes (` + path + `): "7 pounds" is no size`,
		`"sometimes" is not one of sync, interval`,
		"query.max_rows (" + path + "): 1.5: want a string, a number",
		"environment variable WEFT_QUERY_TIMEOT: there is no key query.timeot; did you mean query.timeout?",
		`log.level (environment WEFT_LOG_LEVEL): "loud" is not one of debug`,
		"histori (--set): there is no such key",
		"--set storage.history: want key=value",
		`server.cors_origins (--set): "nonsense" is no origin`,
		`query.timeout (--set): "5" is no duration: want a number with a unit`,
		"query.max_nesting (--set): 9999 is not between 1 and 5000",
		"no_such_thing_at_all (--set): there is no such key; weft serve --print-config lists them",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("lacks %q\n%v", want, err)
		}
	}
}

func TestFileFaults(t *testing.T) {
	if _, err := Load(Sources{File: "/nonexistent/weft.toml"}); err == nil || !strings.Contains(err.Error(), "/nonexistent/weft.toml") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(Sources{File: writeFile(t, "[server\n")}); err == nil {
		t.Error("accepted a broken file")
	}
}

// TestListenNeedsLoopback: without users nobody else may reach the server.
func TestListenNeedsLoopback(t *testing.T) {
	t.Chdir(t.TempDir())
	for addr, ok := range map[string]bool{
		"127.0.0.1:0": true, "127.8.8.8:1": true, "[::1]:7600": true, "localhost:7600": true,
		"0.0.0.0:7600": false, ":7600": false, "192.168.1.1:7600": false, "[::]:7600": false, "db.example:7600": false, "7600": false, "localhost.evil.example:1": false,
	} {
		_, err := Load(Sources{Flags: map[string]string{"server.listen": addr, "server.dev": "true"}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
		if err != nil && strings.Contains(addr, ":") && !strings.Contains(err.Error(), "weft serve --listen "+addr+" --insecure-listen") {
			t.Errorf("%s: the error names no way out: %v", addr, err)
		}
		_, err = Load(Sources{Flags: map[string]string{"server.listen": addr, "server.insecure_listen": "true"}})
		if (err == nil) != strings.Contains(addr, ":") {
			t.Errorf("%s with --insecure-listen: %v", addr, err)
		}
	}
}

func TestPrint(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(Sources{Set: []string{"storage.history=1h"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		if !strings.Contains(out.String(), "\n"+key+" ") {
			t.Errorf("%s is not printed", key)
		}
	}
	line := out.String()[strings.Index(out.String(), "storage.history"):]
	if got := strings.Fields(line)[:4]; !slices.Equal(got, []string{"storage.history", "1h0m0s", "duration|off", "--set"}) {
		t.Errorf("got %v", got)
	}
}

func TestUnits(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "12": 12, "12B": 12, "1KiB": 1024, "1 MiB": 1 << 20, "1MB": 1e6, "3kB": 3000, "2TiB": 2 << 40,
		"-1": -1, "1.5MiB": -1, "MiB": -1, "1 pound": -1, "9999999TiB": -1, "": -1} {
		got, err := parseSize(in)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("size %q: got %d, want %d", in, got, want)
		}
		if want >= 0 {
			if back, err := parseSize(formatSize(want)); err != nil || back != want {
				t.Errorf("size %d is written %s", want, formatSize(want))
			}
		}
	}
	for in, want := range map[string]string{"1s": "1s", "1500ms": "1.5s", "2d": "48h0m0s", "0": "0s", "5": "bad", "-1s": "bad", "d": "bad", "1h30m": "1h30m0s"} {
		got := "bad"
		if d, err := parseDuration(in); err == nil {
			got = fmt.Sprint(d)
		}
		if got != want {
			t.Errorf("duration %q: got %s, want %s", in, got, want)
		}
	}
}
