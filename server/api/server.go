// Package api is the HTTP interface: routes, request decoding, rendering, and
// what surrounds every request (ids, limits, compression, logging, metrics).
//
// A handler binds, calls, renders. It returns errors as they come; the pipeline
// renders them through server/problem, the one place that knows statuses. The
// routes are listed in router.go and described in openapi.yaml, and a test holds
// the two against each other.
//
// The server answers from its first moment: until Attach gives it a database,
// /livez is 200, /readyz tells the progress of recovery, and everything else that
// needs data is a 503. It refuses what it would have to ignore: unknown fields,
// unknown formats, dialects and clauses that it does not speak.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/server/cursors"
	"github.com/weftdb/weft/server/transactions"
	"github.com/weftdb/weft/server/webhooks"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/line"
	"github.com/weftdb/weft/timeseries/prom"
)

// Engine runs SQL.
type Engine interface {
	Execute(ctx context.Context, req query.Request, sink query.Sink) error
}

// Catalog tells what tables there are.
type Catalog interface {
	Tables(ctx context.Context, database string) ([]Table, error)
	Table(ctx context.Context, database, name string) (Table, error)
}

// Databases keeps the list of databases.
type Databases interface {
	Databases(ctx context.Context) ([]Database, error)
	CreateDatabase(ctx context.Context, name string) error
	DropDatabase(ctx context.Context, name string) error
}

// Backend is all that the handlers need of the database.
type Backend interface {
	Engine
	Catalog
	Databases
	Storage
	// Importer fills tables of a database.
	Importer(database string) bulk.Target
	// KeyValue is the key-value model of a database, which is made where it is missing
	// and create is set.
	KeyValue(ctx context.Context, database string, create bool) (*kv.Store, error)
	// Documents is the document model of a database, likewise.
	Documents(ctx context.Context, database string, create bool) (*document.Store, error)
	// TimeSeries is the time-series model of a database, likewise.
	TimeSeries(ctx context.Context, database string, create bool) (*timeseries.Store, error)
	// Fills are the continuous queries of a database that fill metrics.
	Fills(ctx context.Context, database string) (Fills, error)
	// Streaming is the channels of a database, likewise.
	Streaming(ctx context.Context, database string, create bool) (*streaming.Store, error)
	// Continuous is the continuous queries of all databases over channels.
	Continuous() ContinuousQueries
	// Live follows the result of a query.
	Live(ctx context.Context, o live.Options) (*live.Query, error)
	// Prepare checks a statement and tells what it takes and gives.
	Prepare(ctx context.Context, database, sql, dialect string) (query.Prepared, error)
	// Begin opens a transaction that spans requests, whose SQL runs in a database.
	Begin(ctx context.Context, database string, opts txn.TxOptions) (Transaction, error)
	// View runs fn in a transaction that only reads.
	View(ctx context.Context, fn func(tx *txn.Tx) error) error
	// Health is nil while the store takes reads and writes.
	Health() error
}

// Options tunes a Server. The zero value is usable; see the defaults.
type Options struct {
	// Version and Commit name the build.
	Version, Commit string
	// Log takes the access log and the private causes of failures. Default: discard.
	Log *slog.Logger
	// AccessLevel is the level at which ordinary requests are logged. Default info.
	AccessLevel slog.Level
	// SlowRequest is the duration from which a request is logged as a warning; 0 means never.
	SlowRequest time.Duration
	// BodyBytes bounds the body of a request. Default 16 MiB.
	BodyBytes int64
	// ResultBytes bounds a JSON answer, which is held in memory; streams have no bound. Default 64 MiB.
	ResultBytes int64
	// MaxInFlight bounds the requests that run at once; more are refused with 503. Default 1024.
	MaxInFlight int
	// CompressMin is the size in bytes from which answers are compressed where the
	// client accepts it; negative means never. Default 1 KiB.
	CompressMin int
	// CORSOrigins are the origins that may read answers in a browser; "*" is any. Default none.
	CORSOrigins []string
	// Webhooks sends for webhooks. Nil: this server has none.
	Webhooks *webhooks.Sender
	// SlowClient is how long a WebSocket may take nothing before it is cut off. Default 60 s.
	SlowClient time.Duration
	// Hosts are the names by which clients may address the server; IP addresses and
	// localhost always may. nil means any.
	Hosts []string
	// TempDir is where an import keeps a body that it reads twice. Default the system's place.
	TempDir string
	// Transactions tunes those that span requests.
	Transactions transactions.Options
	// Cursors tunes those of results.
	Cursors cursors.Options
	// AnswerTTL is how long the answer of a request with an Idempotency-Key is kept.
	// Default 24 h.
	AnswerTTL time.Duration
	// MaxPrepared bounds the prepared statements that are kept; those not used for
	// longest go first. Default 10,000.
	MaxPrepared int
	// PreparedIdle is how long one is kept that is not used. Default 1 h.
	PreparedIdle time.Duration
	// PromQL tunes the engine of Prometheus' queries.
	PromQL prom.Options
	// Progress tells how far recovery is, until Attach.
	Progress func() Progress
	// Backups makes, keeps and restores backups. Nil: this server has none.
	Backups Backups
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.BodyBytes <= 0 {
		o.BodyBytes = 16 << 20
	}
	if o.ResultBytes <= 0 {
		o.ResultBytes = 64 << 20
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = 1024
	}
	if o.CompressMin == 0 {
		o.CompressMin = 1 << 10
	}
	if o.AnswerTTL <= 0 {
		o.AnswerTTL = 24 * time.Hour
	}
	if o.Transactions.Keep <= 0 {
		o.Transactions.Keep = 10 * time.Minute
	}
	if o.MaxPrepared <= 0 {
		o.MaxPrepared = 10_000
	}
	if o.PreparedIdle <= 0 {
		o.PreparedIdle = time.Hour
	}
	if o.Progress == nil {
		o.Progress = func() Progress { return Progress{} }
	}
	return o
}

// Progress is how far the replay of the log is.
type Progress struct {
	Records    int64
	Bytes      int64
	LastCommit time.Time // the time of the newest commit replayed; zero before the first
}

// Server is the HTTP interface of one database. Safe for concurrent use.
type Server struct {
	opts         Options
	echo         *echo.Echo
	started      time.Time
	backend      atomic.Pointer[Backend] // nil while recovering
	draining     atomic.Bool
	gate         gate
	streams      atomic.Pointer[streams]
	inFlight     atomic.Int64
	subscribers  atomic.Int64 // subscriptions that run, which are not in inFlight
	sockets      sync.WaitGroup
	counting     sync.Mutex // has who waits for sockets see those that were counted before
	running      running
	transactions *transactions.Registry
	cursors      *cursors.Registry
	prepared     *preparedSet
	promql       *prom.Engine
	lineRefs     line.Refs
	metrics      *Metrics
	origins      map[string]bool
	hosts        map[string]bool
	lastHost     atomic.Pointer[string] // that hostAllowed has let pass
}

// New returns a server that is recovering until Attach.
func New(opts Options) *Server {
	s := &Server{opts: opts.withDefaults(), echo: echo.New(), started: time.Now(), metrics: newMetrics()}
	s.transactions = transactions.New(s.opts.Transactions)
	s.cursors = cursors.New(s.opts.Cursors)
	s.prepared = newPreparedSet(s.opts.MaxPrepared, s.opts.PreparedIdle)
	s.promql = prom.NewEngine(s.opts.PromQL)
	s.streams.Store(newStreams())
	s.origins, s.hosts = setOf(opts.CORSOrigins), setOf(opts.Hosts)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.lastResort
	s.routes()
	s.metrics.watch(s)
	return s
}

func setOf(list []string) map[string]bool {
	if list == nil {
		return nil
	}
	m := make(map[string]bool, len(list))
	for _, v := range list {
		m[v] = true
	}
	return m
}

// Handler serves the whole interface.
func (s *Server) Handler() http.Handler { return s.echo }

// Metrics is what the server counts, and where others may add to it.
func (s *Server) Metrics() *Metrics { return s.metrics }

// Attach gives the server its database: it is ready from now on.
func (s *Server) Attach(b Backend) {
	s.backend.Store(&b)
	s.Resume()
}

// streams is how long subscriptions last: until the server begins to stop, or the
// database is exchanged. Those that begin while it does end at once.
type streams struct {
	ctx context.Context
	end context.CancelFunc
}

func newStreams() *streams {
	ctx, end := context.WithCancel(context.Background())
	return &streams{ctx, end}
}

// Drain makes readyz say no, so that nobody sends more, and ends subscriptions.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.streams.Load().end()
}

// CancelAll ends the queries that still run, telling them why, and those that requests
// which are there come to begin.
func (s *Server) CancelAll(cause error) { s.running.end(cause) }

// EndTransactions rolls back the transactions that clients have left open and
// returns how many there were. No more can be begun.
func (s *Server) EndTransactions(ctx context.Context) int {
	return s.transactions.Close(ctx, "the server stopped")
}

// EndCursors ends the cursors that clients have left open, waits for their queries until
// ctx ends, and returns how many there were. No more can be opened.
func (s *Server) EndCursors(ctx context.Context) int {
	return s.cursors.Shut(ctx, "the server stopped")
}

// db returns the database as the request is to see it, or why there is none yet.
func (s *Server) db(x *exchange) (Backend, error) {
	if b := s.backend.Load(); b != nil {
		if x.tx != nil {
			return joined{*b, x.tx}, nil
		}
		return *b, nil
	}
	return nil, dberr.SQL(dberr.StateCannotConnectNow, "the server is replaying its log and takes no requests yet").
		WithHint("GET /readyz tells how far it is")
}
