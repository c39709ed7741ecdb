package api

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/internal/dberr"
)

// gate counts the requests that use the database, so that it can be exchanged
// while none does.
type gate struct {
	inside atomic.Int64
	closed atomic.Bool
	mu     sync.Mutex
	empty  chan struct{} // closed when the last one leaves a closed gate; nil while it is open
}

// enter lets a request in, unless the gate is closed.
func (g *gate) enter() bool {
	g.inside.Add(1)
	if g.closed.Load() {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() {
	if g.inside.Add(-1) == 0 && g.closed.Load() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.empty != nil && g.inside.Load() == 0 {
			select {
			case <-g.empty:
			default:
				close(g.empty)
			}
		}
	}
}

// close lets nobody in any more and returns a channel that is closed once all have
// left. It is for one caller at a time.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	empty := make(chan struct{})
	g.empty = empty
	g.closed.Store(true)
	if g.inside.Load() == 0 {
		close(empty)
	}
	return empty
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed.Store(false)
	g.empty = nil
}

// usesDatabase says whether a route needs the database to stay as it is while its
// handler runs. Those that exchange it, and those that can do without, do not.
func usesDatabase(path string) bool {
	rest, ok := strings.CutPrefix(path, "/api/v1/")
	if !ok { // the interfaces of other servers
		return strings.HasPrefix(path, "/prometheus/") || strings.HasPrefix(path, "/otlp/") || path == "/write" || path == "/api/v2/write"
	}
	first, _, _ := strings.Cut(rest, "/")
	switch first {
	case "queries", "metrics", "version":
		return false
	case "admin":
		return !strings.HasPrefix(rest, "admin/backup") && rest != "admin/restore"
	}
	return true
}

// errExchanging is why no request is let in.
func errExchanging() error {
	return dberr.New(dberr.ErrUnavailable, "RESTORING", "the database is being replaced by a backup").WithHint("retry in a moment")
}

// Suspend keeps requests away from the database, cancels the statements that run,
// rolls back open transactions and ends cursors and subscriptions, telling them the cause,
// and returns once no request uses the database any more, or ctx ends. Resume, or Attach, lets requests in again.
// What requests that were let in before come to begin only now ends likewise.
func (s *Server) Suspend(ctx context.Context, cause error) error {
	empty := s.gate.close()
	s.streams.Load().end()
	s.running.suspend(cause)
	s.endKept(ctx)
	select {
	case <-empty:
		s.endKept(ctx) // what the last of them have opened
		return nil
	case <-ctx.Done():
		s.Resume()
		return dberr.New(dberr.ErrUnavailable, "REQUESTS_RUNNING", "%d requests that use the database would not end", s.gate.inside.Load()).
			WithHint("end them, or try again later")
	}
}

// endKept ends what is open between the requests of a client. None of it outlives the
// database. Transactions end at the same time, as one may wait for what another has locked.
func (s *Server) endKept(ctx context.Context) {
	s.cursors.EndAll(ctx, "the database was replaced")
	var all sync.WaitGroup
	for _, t := range s.transactions.List() {
		all.Go(func() { _, _ = s.transactions.Abort(ctx, t.ID) }) // it may have ended by itself
	}
	all.Wait()
}

// Resume lets requests in again after Suspend.
func (s *Server) Resume() {
	s.running.resume()
	if st := s.streams.Load(); st.ctx.Err() != nil {
		fresh := newStreams()
		s.streams.Store(fresh)
		if s.draining.Load() { // Drain may have ended the former ones
			fresh.end()
		}
	}
	s.gate.open()
}
