package api

import (
	"net/http"
	"runtime"
	"time"

	"github.com/labstack/echo/v4"
)

func (s *Server) bindVersion(e *echo.Echo) {
	get(e, "/version", s.version)
	get(e, "/api/v1/version", s.version)
}

// version names the build and what clients may count on.
func (s *Server) version(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{
		"name":           "weft",
		"version":        s.opts.Version,
		"commit":         s.opts.Commit,
		"go":             runtime.Version(),
		"os":             runtime.GOOS,
		"arch":           runtime.GOARCH,
		"api_versions":   []string{"v1"},
		"capabilities":   []string{"sql", "params", "multi-statement", "ndjson", "csv", "arrow", "cursors", "cancel", "databases"},
		"uptime_seconds": time.Since(s.started).Round(time.Millisecond).Seconds(),
	})
}
