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

// discard is an http.ResponseWriter that keeps nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkPointSelect is all that the server adds to a statement: the handler on
// an engine that answers at once, beside an echo handler that answers a constant.
func BenchmarkPointSelect(b *testing.B) {
	s, f := New(Options{}), newFake(b)
	s.Attach(f)
	e := echo.New()
	answer := []byte(`{"success":true,"data":{"columns":["n"],"types":["bigint"],"rows":[[1]],"rows_affected":0},"execution_time_ms":0.041}`)
	e.POST("/api/v1/query", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, answer) })
	for name, h := range map[string]http.Handler{"handler=query": s.Handler(), "handler=constant": e} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			body := `{"sql":"SELECT 1","params":[4711]}`
			r := httptest.NewRequest("POST", "/api/v1/query", nil)
			r.Header.Set("Content-Type", "application/json")
			for b.Loop() {
				r.Body = io.NopCloser(iotest.DataErrReader(strings.NewReader(body))) // as net/http reads bodies of known length
				r.ContentLength = int64(len(body))
				h.ServeHTTP(&discard{h: make(http.Header, 10)}, r)
			}
		})
	}
}

// BenchmarkRender is the writing of rows as JSON and CSV.
func BenchmarkRender(b *testing.B) {
	s, f := New(Options{CompressMin: -1}), newFake(b)
	s.Attach(f)
	for _, format := range []string{"json", "ndjson", "csv"} {
		b.Run("format="+format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/api/v1/query?format="+format, strings.NewReader(`{"sql":"big"}`))
				r.Header.Set("Content-Type", "application/json")
				s.Handler().ServeHTTP(&discard{h: make(http.Header, 10)}, r)
			}
			b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
