package models_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/testkit/serve"
)

// promised are the codes that testdata/rows.txt has a promise for.
func promised() (codes []string) {
	for _, family := range []struct {
		name string
		n    int
	}{{"KV", 17}, {"DOC", 22}, {"FTS", 9}} {
		for i := range family.n {
			codes = append(codes, fmt.Sprintf("%s-%02d", family.name, i+1))
		}
	}
	return append(codes, "API-20", "23")
}

type row struct {
	code, words string
	steps       []step
}

type step struct {
	line         int
	method, path string
	body         string
	header       [][2]string
	status       int
	pieces       []string
}

// TestRows: each promise about keys, documents and full text, as the real server keeps it.
func TestRows(t *testing.T) {
	text, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := readRows(t, string(text))
	has := map[string]bool{}
	s := serve.Start(t, serve.Build(t), t.TempDir())
	for _, r := range rows {
		has[r.code] = true
		t.Run(r.code, func(t *testing.T) { r.check(t, s.URL) })
	}
	for _, code := range promised() {
		if !has[code] {
			t.Errorf("%s has no row", code)
		}
	}
}

var (
	repeats  = regexp.MustCompile(`\{(\d{3,})\}`)
	versions = regexp.MustCompile(`"version":"(\d+)"`)
	cursors  = regexp.MustCompile(`"next_cursor":"([^"]+)"`)
)

func readRows(t *testing.T, text string) (rows []row) {
	t.Helper()
	var s *step
	for n, line := range strings.Split(text, "\n") {
		last := len(rows) - 1
		switch {
		case line == "", line[0] == '#':
		case strings.HasPrefix(line, "== "):
			code, words, _ := strings.Cut(line[3:], " ")
			rows = append(rows, row{code: code, words: words})
		case strings.HasPrefix(line, "  ") && s != nil:
			name, value, _ := strings.Cut(line[2:], ": ")
			s.header = append(s.header, [2]string{name, value})
		case line[0] >= '0' && line[0] <= '9' && s != nil:
			status, pieces, _ := strings.Cut(line, " ")
			s.status, _ = strconv.Atoi(status)
			if pieces != "" {
				s.pieces = strings.Split(pieces, " ;; ")
			}
			rows[last].steps = append(rows[last].steps, *s)
			s = nil
		case last >= 0 && s == nil:
			s = &step{line: n + 1}
			s.method, line, _ = strings.Cut(line, " ")
			s.path, s.body, _ = strings.Cut(line, " ")
			s.body = strings.ReplaceAll(s.body, "⏎", "\n")
		default:
			t.Fatalf("rows.txt:%d: what is %q?", n+1, line)
		}
	}
	return rows
}

func (r row) check(t *testing.T, base string) {
	version, cursor := "", ""
	for _, s := range r.steps {
		fill := func(text string) string {
			text = strings.NewReplacer("{V}", version, "{C}", cursor).Replace(text)
			return repeats.ReplaceAllStringFunc(text, func(m string) string {
				n, _ := strconv.Atoi(m[1 : len(m)-1])
				return strings.Repeat("x", n)
			})
		}
		status, got := s.send(t, base, fill)
		if status != s.status {
			t.Errorf("rows.txt:%d: %s: %s %s: status %d, want %d: %s", s.line, r.words, s.method, s.path, status, s.status, got)
		}
		for _, p := range s.pieces {
			if p, not := strings.CutPrefix(p, "!"); strings.Contains(got, p) == not {
				t.Errorf("rows.txt:%d: %s: %s %s: want %q (and not it: %v) in %s", s.line, r.words, s.method, s.path, p, not, got)
			}
		}
		if m := versions.FindStringSubmatch(got); m != nil {
			version = m[1]
		}
		if m := cursors.FindStringSubmatch(got); m != nil {
			cursor = m[1]
		}
	}
}

func (s *step) send(t *testing.T, base string, fill func(string) string) (int, string) {
	t.Helper()
	body := s.body
	req, err := http.NewRequest(s.method, base+"/api/v1"+fill(s.path), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range s.header {
		if req.Header.Set(h[0], h[1]); strings.HasPrefix(h[1], "multipart/") {
			body = strings.ReplaceAll(body, "\n", "\r\n")
		}
	}
	b := []byte(fill(body))
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		t.Fatalf("rows.txt:%d: %v", s.line, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("rows.txt:%d: %v", s.line, err)
	}
	return res.StatusCode, string(got)
}
