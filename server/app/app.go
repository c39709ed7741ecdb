// Package app runs a server: it listens, opens the database behind the listener,
// and takes both down in order.
//
// It promises that the process answers /livez from its first moment, that a
// server told to stop acknowledges nothing it then loses, and that Stop ends in
// bounded time: readyz says no, no connection is accepted any more, running
// requests are waited for, then canceled, the log is synced, the directory let go.
// Signals and exit codes are cmd's.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/answers"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/server/config"
	"github.com/weftdb/weft/server/webhooks"
	"github.com/weftdb/weft/server/wire"
	"github.com/weftdb/weft/storage/backup"
)

// Options are what a server needs besides its configuration.
type Options struct {
	Version, Commit string
	// Log takes the log. Default: discard.
	Log *slog.Logger
	// Out takes the screen that is shown once the server is ready. Default: discard.
	Out io.Writer
	// Open opens the database. Default weft.Open; a test puts delay or failure here.
	Open func(dir string, opts weft.Options) (*weft.DB, error)
}

// App is a running server.
type App struct {
	cfg      *config.Config
	opts     Options
	api      *api.Server
	listener *wire.Listener
	http     *wire.Server
	progress atomic.Pointer[api.Progress]

	ready  chan struct{} // closed once requests are served
	loaded chan struct{} // closed once the log has been replayed, or could not be
	opened chan struct{} // closed once opening has ended, well or not
	done   chan struct{} // closed once everything has ended
	failed chan error    // why the server cannot go on: opening or serving failed
	stop   sync.Once

	backups atomic.Pointer[backup.Service] // nil until opened, and where there is no place for backups

	// exchange is held while the database is exchanged for another, or closed for
	// good. It is held over I/O.
	exchange  sync.Mutex
	closed    bool     // under exchange: no exchange any more
	db        *weft.DB // set before opened is closed, then under exchange
	stopSweep func()   // set with db
	sender    *webhooks.Sender
	result    error // set before done is closed
}

// Start listens and returns; the database is opened behind the listener.
func Start(cfg *config.Config, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Out == nil {
		opts.Out = io.Discard
	}
	if opts.Open == nil {
		opts.Open = weft.Open
	}
	a := &App{cfg: cfg, opts: opts, ready: make(chan struct{}), loaded: make(chan struct{}), opened: make(chan struct{}), done: make(chan struct{}), failed: make(chan error, 3)}
	a.progress.Store(&api.Progress{})
	a.sender = a.newSender()
	a.api = api.New(a.apiOptions())
	listener, err := wire.Listen(cfg.Server.Listen)
	if err != nil {
		return nil, err
	}
	a.listener = listener
	a.http = wire.NewServer(a.api.Handler(), wire.Options{
		ReadHeaderTimeout: cfg.Server.ReadHeaderTimeout,
		IdleTimeout:       cfg.Server.IdleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(opts.Log.Handler(), slog.LevelDebug),
	})
	opts.Log.Info("listening", "url", a.URL())
	go a.serve()
	go a.open()
	return a, nil
}

// URL is where the server can be reached.
func (a *App) URL() string { return "http://" + a.listener.Addr().String() }

// Ready is closed once requests are served.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Failed delivers why the server cannot go on. Stop must still be called.
func (a *App) Failed() <-chan error { return a.failed }

// DB is the database; nil before Ready.
func (a *App) DB() *weft.DB {
	select {
	case <-a.ready:
		a.exchange.Lock()
		defer a.exchange.Unlock()
		return a.db
	default:
		return nil
	}
}

func (a *App) serve() {
	if err := a.http.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		a.failed <- fmt.Errorf("serve on %s: %w", a.listener.Addr(), err)
	}
}

// open opens the database and puts it behind the listener.
func (a *App) open() {
	defer close(a.opened)
	began := time.Now()
	db, err := a.opts.Open(a.cfg.DataDir, a.dbOptions())
	close(a.loaded)
	if err != nil {
		a.failed <- err
		return
	}
	if err := a.openBackups(db); err != nil {
		a.failed <- errors.Join(err, db.Close())
		return
	}
	a.exchange.Lock() // requests may ask for an exchange from here on
	defer a.exchange.Unlock()
	a.db = db
	watchStore(a.api.Metrics(), db.Store())
	watchDocuments(a.api.Metrics(), db.Documents())
	a.api.Attach(backend{db})
	rec := db.Recovery()
	a.opts.Log.Info("ready", "url", a.URL(), "replayed", rec.Records, "torn_bytes", rec.TornBytes, "took", time.Since(began).Round(time.Millisecond).String())
	a.screen(rec)
	a.sweepAnswers(db)
	a.sendWebhooks(db)
	close(a.ready)
}

// answersEvery is how often answers that have expired are removed.
const answersEvery = 10 * time.Minute

// sweepAnswers removes kept answers when they have expired, until the server stops.
func (a *App) sweepAnswers(db *weft.DB) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	a.stopSweep = func() {
		cancel()
		<-ended
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(answersEvery)
		defer tick.Stop()
		for {
			if _, err := answers.Sweep(ctx, db.Store().Store); err != nil && ctx.Err() == nil {
				a.opts.Log.Error("expired answers could not be removed", "error", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// errStopping is why what still runs at the end of the deadline is canceled.
var errStopping = dberr.SQL(dberr.StateAdminShutdown, "the server is stopping").WithHint("retry on another server, or once it is back")

// cancelGrace is how long canceled requests get to answer.
const cancelGrace = 5 * time.Second

// Stop ends the server and returns once it has. It may be called more than once.
// The context cuts the waiting for running requests short; nothing acknowledged
// is lost by that.
func (a *App) Stop(ctx context.Context) error {
	a.stop.Do(func() {
		a.result = a.shutdown(ctx)
		close(a.done)
	})
	<-a.done
	return a.result
}

func (a *App) shutdown(ctx context.Context) error {
	a.api.Drain()
	a.opts.Log.Info("stopping", "wait", a.cfg.Server.ShutdownTimeout.String())
	wait(ctx, a.cfg.Server.DrainDelay)
	errs := []error{a.drain(ctx)}
	a.endSockets(ctx)
	if n := a.endTransactions(ctx); n > 0 {
		a.opts.Log.Warn("transactions that clients had left open were rolled back", "count", n)
	}
	if n := a.endCursors(ctx); n > 0 {
		a.opts.Log.Info("cursors that clients had left open were closed", "count", n)
	}
	select {
	case <-a.loaded:
		<-a.opened
	default:
		// The log is still being replayed, which writes nothing: there is nothing to
		// sync, and the directory is let go with the process.
		a.opts.Log.Info("stopped while recovering")
		return errors.Join(errs...)
	}
	a.exchange.Lock()
	defer a.exchange.Unlock()
	a.closed = true
	errs = append(errs, a.closeBackups(ctx))
	if a.db != nil {
		a.stopWork()
		errs = append(errs, a.db.Close())
	}
	a.sender.Close()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	a.opts.Log.Info("stopped")
	return nil
}

// endSockets waits for the WebSockets, which have been told to end.
func (a *App) endSockets(ctx context.Context) {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	a.api.EndSockets(grace)
}

// endTransactions rolls back what clients have left open. What still runs in one has
// been canceled, so this does not wait long.
func (a *App) endTransactions(ctx context.Context) int {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	return a.api.EndTransactions(grace)
}

// endCursors ends the results that clients have not fetched to their ends, and waits
// until their queries no longer use the database.
func (a *App) endCursors(ctx context.Context) int {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	return a.api.EndCursors(grace)
}

// drain stops accepting and waits for running requests, for a while as they are
// and a short while canceled.
func (a *App) drain(ctx context.Context) error {
	calm, cancel := context.WithTimeout(ctx, a.cfg.Server.ShutdownTimeout)
	defer cancel()
	if a.http.Shutdown(calm) == nil {
		return nil
	}
	a.opts.Log.Warn("canceling what still runs")
	a.api.CancelAll(errStopping)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	if a.http.Shutdown(grace) == nil {
		return nil
	}
	a.opts.Log.Warn("closing connections that would not end")
	return a.http.Close()
}

// wait returns after d or once ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
