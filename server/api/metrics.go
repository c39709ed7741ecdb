package api

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weftdb/weft/query"
)

// Metrics counts what the server does. Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	routes   map[string]*routeMetrics // by pattern; fixed once served
	other    *routeMetrics

	commands   map[string]prometheus.Counter
	unknown    prometheus.Counter
	queryTime  prometheus.Histogram
	commits    prometheus.Counter
	conflicts  prometheus.Counter
	retries    prometheus.Counter
	planned    [2]prometheus.Counter // misses and hits of the plan cache
	logBytes   prometheus.Counter
	fsync      prometheus.Histogram
	backups    *backupMetrics
	queries    atomic.Int64
	failed     atomic.Int64
	queryNanos atomic.Int64
}

// routeMetrics are the ready-made counters of one route: a label lookup costs more
// than the count.
type routeMetrics struct {
	pattern string
	latency prometheus.Observer
	codes   [len(countedMethods)][600]atomic.Pointer[prometheus.Counter]
}

var countedMethods = [...]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, "other"}

var latencyBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// commandTags are the command tags with a counter of their own; others share "other".
var commandTags = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "BEGIN", "COMMIT", "ROLLBACK", "CREATE TABLE",
	"DROP TABLE", "ALTER TABLE", "CREATE INDEX", "DROP INDEX", "TRUNCATE TABLE", "EXPLAIN", "ANALYZE", "SET", "SHOW"}

func newMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), commands: make(map[string]prometheus.Counter)}
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weft_http_requests_total",
		Help: "HTTP requests answered."}, []string{"method", "route", "status"})
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "weft_http_request_duration_seconds",
		Help: "Time from taking a request to the end of its answer.", Buckets: latencyBuckets}, []string{"route"})
	m.backups = newBackupMetrics(m.registry)
	m.queryTime = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "weft_query_duration_seconds",
		Help: "Time in which the engine ran the statements of a request.", Buckets: latencyBuckets})
	statements := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weft_statements_total",
		Help: "Statements that were executed, by command; of requests that failed, those before the fault."}, []string{"command"})
	m.commits = prometheus.NewCounter(prometheus.CounterOpts{Name: "weft_commits_total", Help: "Transactions committed."})
	m.fsync = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "weft_log_fsync_duration_seconds",
		Help: "Time of each flush of the commit log to disk.", Buckets: latencyBuckets})
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	m.conflicts = counter("weft_conflicts_total", "Transactions refused at commit because of another's writes.")
	m.retries = counter("weft_retries_total", "Transactions that the engine ran again after a conflict.")
	m.logBytes = counter("weft_log_bytes_total", "Bytes written to the commit log.")
	m.planned[0] = counter("weft_plan_cache_misses_total", "Statements that had to be planned.")
	m.planned[1] = counter("weft_plan_cache_hits_total", "Statements whose plan was kept from before.")
	m.registry.MustRegister(m.requests, m.latency, m.queryTime, statements, m.commits, m.fsync,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, tag := range commandTags {
		m.commands[tag] = statements.WithLabelValues(tag)
	}
	m.unknown = statements.WithLabelValues("other")
	return m
}

// Gauge adds a number that is asked for when the metrics are.
func (m *Metrics) Gauge(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
}

// Counter adds a count that is asked for when the metrics are.
func (m *Metrics) Counter(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f))
}

// watch adds what is read from the server and prepares the counters of its routes.
func (m *Metrics) watch(s *Server) {
	gauge := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	gauge("weft_http_requests_in_flight", "Requests that run now.", func() float64 { return float64(s.inFlight.Load()) })
	gauge("weft_stream_subscribers", "Subscriptions to channels over HTTP that run now.", func() float64 { return float64(s.subscribers.Load()) })
	gauge("weft_queries_running", "Queries that run now.", func() float64 { return float64(len(s.running.list())) })
	gauge("weft_cursors_open", "Cursors that clients have open.", func() float64 { return float64(len(s.cursors.List())) })
	gauge("weft_ready", "1 while the server takes requests.", func() float64 {
		if s.condition().Status == statusReady {
			return 1
		}
		return 0
	})
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "weft_queries_failed_total",
		Help: "Query requests that failed."}, func() float64 { return float64(m.failed.Load()) }))
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "weft_build_info", Help: "The build.",
		ConstLabels: prometheus.Labels{"version": s.opts.Version, "commit": s.opts.Commit}})
	info.Set(1)
	m.registry.MustRegister(info)
	m.routes = make(map[string]*routeMetrics)
	for _, r := range s.echo.Routes() {
		if m.routes[r.Path] == nil && r.Path != "/*" {
			m.routes[r.Path] = m.route(r.Path)
		}
	}
	m.other = m.route("none")
}

func (m *Metrics) route(pattern string) *routeMetrics {
	return &routeMetrics{pattern: pattern, latency: m.latency.WithLabelValues(pattern)}
}

// request counts one answer.
func (m *Metrics) request(method, pattern string, status int, took time.Duration) {
	r := m.routes[pattern]
	if r == nil {
		r = m.other
	}
	r.latency.Observe(took.Seconds())
	i := 0
	for i < len(countedMethods)-1 && countedMethods[i] != method {
		i++
	}
	if status < 0 || status >= len(r.codes[i]) {
		status = 0
	}
	c := r.codes[i][status].Load()
	if c == nil {
		counter := m.requests.WithLabelValues(countedMethods[i], r.pattern, strconv.Itoa(status))
		c = &counter
		r.codes[i][status].Store(c)
	}
	(*c).Inc()
}

// query counts one request to the engine.
func (m *Metrics) query(took time.Duration, err error) {
	m.queries.Add(1)
	m.queryNanos.Add(int64(took))
	m.queryTime.Observe(took.Seconds())
	if err != nil {
		m.failed.Add(1)
	}
}

// statements counts the statements of a request by their command.
func (m *Metrics) statements(tags []query.Tag) {
	for _, t := range tags {
		if c := m.commands[t.Command]; c != nil {
			c.Inc()
		} else {
			m.unknown.Inc()
		}
	}
}

// Commit counts a committed transaction.
func (m *Metrics) Commit() { m.commits.Inc() }

// Conflict counts a transaction that was refused at commit.
func (m *Metrics) Conflict() { m.conflicts.Inc() }

// Retry counts a transaction that is run again.
func (m *Metrics) Retry() { m.retries.Inc() }

// Planned counts a statement by whether its plan was kept.
func (m *Metrics) Planned(cached bool) {
	if cached {
		m.planned[1].Inc()
		return
	}
	m.planned[0].Inc()
}

// LogWrite counts bytes written to the log.
func (m *Metrics) LogWrite(bytes int64) { m.logBytes.Add(float64(bytes)) }

// Fsync counts a flush of the log to disk.
func (m *Metrics) Fsync(took time.Duration) { m.fsync.Observe(took.Seconds()) }

func (s *Server) bindMetrics(e *echo.Echo) {
	prom := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{DisableCompression: true})
	get(e, "/metrics", func(c echo.Context) error {
		prom.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	get(e, "/api/v1/metrics", s.metricsJSON)
}

// metricsJSON tells about the queries since the start in four numbers.
func (s *Server) metricsJSON(c echo.Context) error {
	m := s.metrics
	total, failed := m.queries.Load(), m.failed.Load()
	avg, rate := 0.0, 1.0
	if total > 0 {
		avg = float64(m.queryNanos.Load()) / float64(total) / 1e6
		rate = float64(total-failed) / float64(total)
	}
	return c.JSON(http.StatusOK, map[string]any{
		"total_requests": total, "failed_requests": failed, "avg_duration_ms": avg, "success_rate": rate,
		"uptime_seconds": time.Since(s.started).Round(time.Millisecond).Seconds(),
	})
}

// observe counts and logs an answer that is complete or given up.
func (s *Server) observe(x *exchange) {
	took := time.Since(x.start)
	status := x.Response().Status
	r := x.Request()
	s.metrics.request(r.Method, x.Path(), status, took)
	level, what := s.opts.AccessLevel, "request"
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case s.opts.SlowRequest > 0 && took >= s.opts.SlowRequest:
		level, what = slog.LevelWarn, "slow request"
	}
	if ctx := r.Context(); s.opts.Log.Enabled(ctx, level) {
		s.opts.Log.LogAttrs(ctx, level, what, slog.String("request_id", x.id), slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", status), slog.Int64("bytes", x.Response().Size),
			slog.Float64("ms", milliseconds(took)), slog.String("client", r.RemoteAddr))
	}
}
