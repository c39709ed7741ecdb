package api

import (
	"net/http"
	"runtime"
	"time"

	"github.com/labstack/echo/v4"
)

func (s *Server) bindHealth(e *echo.Echo) {
	get(e, "/health", s.health)
	get(e, "/healthz", s.health)
	get(e, "/livez", s.live)
	get(e, "/health/live", s.live)
	get(e, "/readyz", s.ready)
	get(e, "/health/ready", s.ready)
	get(e, "/health/detailed", s.healthDetailed)
}

// progressBody tells how far recovery is.
type progressBody struct {
	Records    int64      `json:"records"`
	Bytes      int64      `json:"bytes"`
	LastCommit *time.Time `json:"last_commit"` // what was committed until then is back
}

// condition is the state of the server in one word, with why.
type condition struct {
	Status   string        `json:"status"`
	Reason   string        `json:"reason,omitempty"`
	Progress *progressBody `json:"progress,omitempty"`
}

// The words of condition.Status.
const (
	statusReady      = "ready"
	statusRecovering = "recovering"
	statusDraining   = "shutting_down"
	statusReadOnly   = "read_only"
	statusRestoring  = "restoring"
)

func (s *Server) condition() condition {
	switch b := s.backend.Load(); {
	case s.draining.Load():
		return condition{Status: statusDraining, Reason: "the server was told to stop"}
	case s.gate.closed.Load():
		return condition{Status: statusRestoring, Reason: "the database is being replaced by a backup"}
	case b == nil:
		p := s.opts.Progress()
		body := &progressBody{Records: p.Records, Bytes: p.Bytes}
		if !p.LastCommit.IsZero() {
			at := p.LastCommit.UTC()
			body.LastCommit = &at
		}
		return condition{Status: statusRecovering, Reason: "the log is being replayed", Progress: body}
	default:
		if err := (*b).Health(); err != nil {
			return condition{Status: statusReadOnly, Reason: "the store takes no writes since one failed; the log has the cause; restart once it is mended"}
		}
		return condition{Status: statusReady}
	}
}

// live says that the process answers.
func (s *Server) live(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "alive"})
}

// ready says whether to send requests.
func (s *Server) ready(c echo.Context) error {
	state := s.condition()
	return c.JSON(readyStatus(c, state), state)
}

func readyStatus(c echo.Context, state condition) int {
	if state.Status == statusReady {
		return http.StatusOK
	}
	c.Response().Header().Set("Retry-After", "1")
	return http.StatusServiceUnavailable
}

// health is ready in the words that Grafana and older clients expect.
func (s *Server) health(c echo.Context) error {
	state := s.condition()
	status := readyStatus(c, state)
	if state.Status == statusReady {
		state.Status = "healthy"
	}
	return c.JSON(status, map[string]string{"status": state.Status, "version": s.opts.Version})
}

type healthCheck struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

type detailedHealth struct {
	Status          string        `json:"status"`
	Version         string        `json:"version"`
	Timestamp       time.Time     `json:"timestamp"`
	UptimeSeconds   float64       `json:"uptime_seconds"`
	Checks          []healthCheck `json:"checks"`
	Progress        *progressBody `json:"progress,omitempty"`
	RequestsRunning int64         `json:"requests_running"`
	QueriesRunning  int           `json:"queries_running"`
	Goroutines      int           `json:"goroutines"`
	HeapBytes       uint64        `json:"heap_bytes"`
}

// healthDetailed tells the state of each part.
func (s *Server) healthDetailed(c echo.Context) error {
	state := s.condition()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	d := detailedHealth{Status: state.Status, Version: s.opts.Version, Timestamp: time.Now().UTC(),
		UptimeSeconds: time.Since(s.started).Round(time.Millisecond).Seconds(), Progress: state.Progress,
		RequestsRunning: s.inFlight.Load(), QueriesRunning: len(s.running.list()),
		Goroutines: runtime.NumGoroutine(), HeapBytes: mem.HeapAlloc}
	status := readyStatus(c, state)
	storage := healthCheck{Name: "storage", Status: "healthy"}
	if state.Status == statusReady {
		d.Status = "healthy"
	} else {
		storage.Status, storage.Message = state.Status, state.Reason
	}
	load := healthCheck{Name: "load", Status: "healthy"}
	if s.inFlight.Load() >= int64(s.opts.MaxInFlight) {
		load.Status, load.Message = "overloaded", "as many requests run as are allowed"
	}
	d.Checks = []healthCheck{storage, load}
	if b := s.opts.Backups; b != nil {
		d.Checks = append(d.Checks, backupCheck(b))
	}
	return c.JSON(status, d)
}
