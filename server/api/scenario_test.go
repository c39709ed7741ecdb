package api

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// scenario is one request and what its answer must be like.
type scenario struct {
	name    string
	method  string // POST where there is a body, else GET
	url     string
	body    string
	headers map[string]string
	opts    Options
	state   func(s *Server, f *fake) // before the request
	status  int
	has     []string // pieces of the body
	hasNot  []string
	header  map[string]string // headers of the answer
	check   func(t *testing.T, f *fake)
}

func (sc scenario) request() (method, url, body string) {
	method, url = sc.method, sc.url
	if method == "" {
		method = "GET"
		if sc.body != "" {
			method = "POST"
		}
	}
	if url == "" {
		url = "/api/v1/query"
	}
	return method, url, sc.body
}

func (sc scenario) run(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	f := newFake(t)
	s := New(sc.opts)
	s.Attach(f)
	if sc.state != nil {
		sc.state(s, f)
	}
	method, url, body := sc.request()
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range sc.headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	got := w.Body.String()
	if w.Code != sc.status {
		t.Errorf("%s: status %d, want %d: %s", sc.name, w.Code, sc.status, got)
	}
	for _, piece := range sc.has {
		if !strings.Contains(got, piece) {
			t.Errorf("%s: the answer lacks %s\n%s", sc.name, piece, got)
		}
	}
	for _, piece := range sc.hasNot {
		if strings.Contains(got, piece) {
			t.Errorf("%s: the answer has %s\n%s", sc.name, piece, got)
		}
	}
	for k, v := range sc.header {
		if h := w.Header().Get(k); h != v {
			t.Errorf("%s: header %s is %q, want %q", sc.name, k, h, v)
		}
	}
	if sc.check != nil {
		sc.check(t, f)
	}
	if f.db != nil {
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	}
	if w.Code >= 400 && method != "HEAD" && !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") && !strings.Contains(got, `"status"`) {
		t.Errorf("%s: a failure of type %s", sc.name, w.Header().Get("Content-Type"))
	}
	return w
}

func TestScenarios(t *testing.T) {
	for _, list := range [][]scenario{queryScenarios, bodyScenarios, errorScenarios, catalogScenarios, operationScenarios, wrapScenarios, kvScenarios, transactionScenarios, backupScenarios, storageScenarios, documentScenarios, textScenarios, seriesScenarios, lineScenarios, promScenarios, otlpScenarios, streamingScenarios, groupScenarios, continuousScenarios, cursorScenarios} {
		for _, sc := range list {
			t.Run(sc.name, func(t *testing.T) { sc.run(t) })
		}
	}
}
