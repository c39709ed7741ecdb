package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/labstack/echo/v4"
)

// BenchmarkKV is what a get and a set of 100 bytes cost in the server, beside an
// echo handler that answers a constant of the same length.
func BenchmarkKV(b *testing.B) {
	s, f := New(Options{}), newFake(b)
	s.Attach(f)
	value := `"` + strings.Repeat("x", 98) + `"`
	have("user:1", value)(s, f)
	r := httptest.NewRequest("GET", keysURL+"/user:1", nil)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	answer := w.Body.Bytes()
	e := echo.New()
	constant := func(c echo.Context) error { return c.JSONBlob(http.StatusOK, answer) }
	e.GET(keysURL+"/*", constant)
	e.POST(keysURL, constant)
	for _, c := range []struct {
		name, method, url, body string
		h                       http.Handler
	}{
		{"op=get/handler=kv", "GET", keysURL + "/user:1", "", s.Handler()},
		{"op=get/handler=constant", "GET", keysURL + "/user:1", "", e},
		{"op=set/handler=kv", "POST", keysURL, `{"key":"user:1","value":` + value + `}`, s.Handler()},
		{"op=set/handler=constant", "POST", keysURL, `{"key":"user:1","value":` + value + `}`, e},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest(c.method, c.url, nil)
			r.Header.Set("Content-Type", "application/json")
			for b.Loop() {
				r.Body = io.NopCloser(iotest.DataErrReader(strings.NewReader(c.body)))
				r.ContentLength = int64(len(c.body))
				c.h.ServeHTTP(&discard{h: make(http.Header, 10)}, r)
			}
		})
	}
}
