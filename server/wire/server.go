package wire

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Options tune a Server. Those that net/http has mean what they mean there.
type Options struct {
	// ReadHeaderTimeout is how long the head of a request may take, and each wait for a part of
	// its body until the handler sets a deadline of its own. 0: no bound.
	ReadHeaderTimeout time.Duration
	// IdleTimeout is how long a connection may wait for the next request. 0: no bound.
	IdleTimeout time.Duration
	// MaxHeaderBytes bounds the head of a request.
	MaxHeaderBytes int
	// ErrorLog takes what goes wrong beside the handlers. Required.
	ErrorLog *log.Logger
}

// Server serves a handler: plain requests itself, all others by net/http. It promises what
// http.Server does. Safe for concurrent use.
type Server struct {
	handler http.Handler
	opts    Options
	others  *http.Server // serves what is not plain
	passed  passed       // how it gets there

	closing atomic.Bool // no connection waits for another request any more

	// mu guards the connections whose requests are read here, and is a leaf.
	mu        sync.Mutex
	listeners map[*Listener]struct{}
	conns     map[*plain]struct{}
	none      chan struct{} // closed once there are no conns, where somebody waits for that
}

// NewServer returns a server that serves h. A handler may not use its ResponseWriter, with its
// headers, and the body of its request after it has returned; nor may it use the request and
// its context, unless it has asked for the context's Done channel by then. Trailers are not
// sent.
func NewServer(h http.Handler, opts Options) *Server {
	s := &Server{handler: h, opts: opts, listeners: make(map[*Listener]struct{}), conns: make(map[*plain]struct{})}
	s.passed = passed{conns: make(chan *Conn), closed: make(chan struct{})}
	s.others = &http.Server{
		Handler:           h,
		ConnContext:       Context,
		ReadHeaderTimeout: opts.ReadHeaderTimeout,
		IdleTimeout:       opts.IdleTimeout,
		MaxHeaderBytes:    opts.MaxHeaderBytes,
		ErrorLog:          opts.ErrorLog,
	}
	return s
}

// Serve serves the connections of a listener until Shutdown or Close, after which it returns
// http.ErrServerClosed. It is for one call.
func (s *Server) Serve(l *Listener) error {
	defer l.Close() //nolint:errcheck // nobody accepts any more
	if !s.listen(l) {
		return http.ErrServerClosed
	}
	s.passed.addr = l.Addr()
	go s.others.Serve(&s.passed) //nolint:errcheck // it ends by Shutdown or Close alone
	pause := time.Duration(0)
	for {
		c, err := l.accept()
		if s.closing.Load() {
			if err == nil {
				c.Close() //nolint:errcheck // nothing has come of it
			}
			return http.ErrServerClosed
		}
		if err != nil {
			if !passes(err) {
				return err
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.opts.ErrorLog.Printf("wire: %v; next try in %v", err, pause)
			time.Sleep(pause)
			continue
		}
		pause = 0
		p := newPlain(s, c)
		if s.add(p) {
			go p.serve()
		} else {
			c.Close() //nolint:errcheck // as above
		}
	}
}

func (s *Server) listen(l *Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = struct{}{}
	return !s.closing.Load()
}

// passes says whether it makes sense to accept again after an error.
func passes(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (s *Server) add(p *plain) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[p] = struct{}{}
	return true
}

// remove forgets a connection that has ended, or goes on elsewhere.
func (s *Server) remove(p *plain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, p)
	s.tellNone()
}

// tellNone tells who waits that no connection is left. The caller holds mu.
func (s *Server) tellNone() {
	if s.none != nil && len(s.conns) == 0 {
		close(s.none)
		s.none = nil
	}
}

// Shutdown closes the listeners and the connections that wait for a request, waits until the
// others have answered theirs, and closes them. Where ctx ends first, its error is returned;
// Shutdown may be called again then. Connections that were hijacked are not waited for.
func (s *Server) Shutdown(ctx context.Context) error {
	ended := s.end(func(p *plain) { p.endIdle() })
	err := s.others.Shutdown(ctx)
	select {
	case <-ended:
		return err //nolint:wrapcheck // net/http's
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // as net/http does
	}
}

// Close closes the listeners and all connections but those that were hijacked.
func (s *Server) Close() error {
	s.end(func(p *plain) { p.conn.Close() }) //nolint:errcheck // it is of no more use
	return s.others.Close()                  //nolint:wrapcheck // net/http's
}

// end lets no connection in any more, ends each that there is, and returns a channel that is
// closed once all have ended.
func (s *Server) end(each func(p *plain)) <-chan struct{} {
	s.closing.Store(true)
	s.passed.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		l.Close() //nolint:errcheck // nobody accepts any more
	}
	for p := range s.conns {
		each(p)
	}
	if s.none == nil {
		s.none = make(chan struct{})
	}
	none := s.none
	s.tellNone()
	return none
}

// passed is a listener whose connections come from a Server.
type passed struct {
	addr   net.Addr
	conns  chan *Conn
	closed chan struct{}
	once   sync.Once
}

// pass gives a connection to net/http, and closes it where that takes no more.
func (l *passed) pass(c *Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		c.Close() //nolint:errcheck // nobody hears of it
	}
}

// Accept implements net.Listener.
func (l *passed) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (l *passed) Addr() net.Addr { return l.addr }

func (l *passed) close() { l.once.Do(func() { close(l.closed) }) }

// Close implements net.Listener. The Server closes it by close: net/http closes its listeners
// only while it shuts down.
func (l *passed) Close() error {
	l.close()
	return nil
}
