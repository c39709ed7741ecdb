package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// A WebSocket takes operations as frames of JSON text and answers each with one, in the
// order in which they came: the next is not read before one is done, which is what
// holds a publisher back. Messages come in between, from subscriptions and members of
// groups that were opened on it. docs/streaming.md lists the frames.
//
// What is sent of messages is held back by the client: once socketWindow bytes are sent
// that a ping has not been answered behind, nothing more goes out. So there is room left
// to tell a client that takes nothing for streamStall why it is cut off.

const (
	socketWindow = 256 << 10
	// socketFrame is the size at which a frame of messages ends.
	socketFrame = 64 << 10
	// maxSocketStreams bounds the subscriptions and members of one socket.
	maxSocketStreams = 100

	closeSlow websocket.StatusCode = 4008 // a client took nothing for too long
)

// socket is one WebSocket.
type socket struct {
	s        *Server
	x        *exchange
	conn     *websocket.Conn
	ctx      context.Context // ends with the socket, and when the server begins to stop
	cancel   context.CancelCauseFunc
	database string
	channel  string // of operations that name none; empty: they must
	ticket   *ticket
	leave    func() // of detach

	sent atomic.Int64 // bytes since the last answered ping

	// flow is held by who sends messages, over the wait for the answer of a ping. The
	// reader of the socket, which takes that answer in, must not take it.
	flow sync.Mutex

	mu struct {
		sync.Mutex
		streams map[string]*socketStream
	}
	work sync.WaitGroup // streams that run
}

// socketStream is a subscription, or a member of a group.
type socketStream struct {
	cancel   context.CancelCauseFunc
	consumer *consumer // of a member
}

func (s *Server) bindSockets(g *echo.Group) {
	g.GET("/streaming/ws", s.openSocket)
	g.GET("/streaming/channels/:channel/ws", s.openChannelSocket)
	g.GET("/streaming/:channel", s.openChannelSocket)
	g.POST("/streaming/tickets", s.createTicket)
}

// openSocket opens a WebSocket.
func (s *Server) openSocket(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "ticket"})
	if err != nil {
		return err
	}
	return s.serveSocket(c, q.Get("database"), "", q.Get("ticket"), nil)
}

// openChannelSocket opens a WebSocket that is subscribed to the channel of the path, and
// whose operations concern it unless they name another.
func (s *Server) openChannelSocket(c echo.Context) error {
	name, err := pathParam(c, "channel")
	if err != nil {
		return err
	}
	q, err := queryParams(c, append([]string{"ticket", "subscribe"}, readParams...))
	if err != nil {
		return err
	}
	o := &streaming.SubscribeOptions{}
	if o.From, err = parseStart(q); err != nil {
		return err
	}
	if o.Filter, err = parseFilter(q); err != nil {
		return err
	}
	if q.Has("subscribe") {
		on, err := boolParam(q, "subscribe")
		if err != nil {
			return err
		}
		if !on {
			o = nil
		}
	}
	return s.serveSocket(c, q.Get("database"), name, q.Get("ticket"), o)
}

// serveSocket serves a WebSocket until it ends. first, where set, subscribes to channel.
func (s *Server) serveSocket(c echo.Context, database, channel, token string, first *streaming.SubscribeOptions) error {
	x := of(c)
	if err := s.checkUpgrade(x.Request()); err != nil {
		return err
	}
	store, err := s.streaming(c, database, false)
	if err != nil {
		return err
	}
	k := &socket{s: s, x: x, database: database, channel: channel}
	if k.ticket, err = s.admitTicket(x, token, database); err != nil {
		return err
	}
	if first != nil {
		if err := k.ticket.allows("subscribe", channel); err != nil {
			return err
		}
	}
	k.ctx, k.cancel = s.streamContext(context.Background())
	var sub *streaming.Subscription
	if first != nil {
		if sub, err = store.Subscribe(k.ctx, channel, *first); err != nil {
			k.cancel(nil)
			return err
		}
	}
	err = k.detach()
	if err == nil {
		if k.conn, err = s.accept(x); err == nil {
			go func() { // so that what net/http keeps of the request can go
				defer k.over()
				k.run(sub)
			}()
			return nil
		}
		k.over()
		err = nil // the answer is written
	}
	k.cancel(nil)
	if sub != nil {
		sub.Close()
	}
	return err
}

// detach counts the socket, and gives it what it needs once its request is gone.
func (k *socket) detach() (err error) {
	k.x, k.leave, err = k.s.detach(k.x)
	return err
}

// detach counts a subscriber whose connection is to go on without net/http, and returns an
// exchange for what it says when its request is gone. leave ends it.
func (s *Server) detach(x *exchange) (later *exchange, leave func(), err error) {
	if s.subscribers.Add(1) > maxSubscribers {
		s.subscribers.Add(-1)
		return nil, nil, errSubscribers()
	}
	if !s.gate.enter() {
		s.subscribers.Add(-1)
		return nil, nil, errExchanging()
	}
	s.counting.Lock()
	s.sockets.Add(1)
	s.counting.Unlock()
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: x.Request().URL.Path}, Header: http.Header{}}
	return &exchange{Context: s.echo.NewContext(r, nil), id: x.id}, s.attached, nil
}

// attached is the end of what detach has counted.
func (s *Server) attached() {
	s.subscribers.Add(-1)
	s.gate.leave()
	s.sockets.Done()
}

func errSubscribers() error {
	return dberr.New(dberr.ErrUnavailable, "OVERLOADED", "the server has %d subscribers, as many as it takes", maxSubscribers)
}

// over is the end of a socket that detach has counted.
func (k *socket) over() {
	k.cancel(nil)
	k.leave()
}

// checkUpgrade refuses what is no handshake, and pages of other sites: a browser opens
// sockets for any page, without asking first.
func (s *Server) checkUpgrade(r *http.Request) error {
	if r.Header.Get("Sec-Websocket-Key") == "" {
		return dberr.New(dberr.ErrInvalid, "UPGRADE_REQUIRED", "this path is a WebSocket, and the request is no handshake of one").
			WithHint("open it with a WebSocket client, or follow a channel by …/sse or …/ndjson")
	}
	return s.checkPage(r)
}

// accept answers the handshake.
func (s *Server) accept(x *exchange) (*websocket.Conn, error) {
	res := x.Response()
	if w, ok := res.Writer.(*compressWriter); ok {
		w.plain = true
		res.Writer = w.ResponseWriter
	}
	x.ownHeaders()
	res.Header().Del("Content-Security-Policy")
	conn, err := websocket.Accept(smallHijack{res.Writer}, x.Request(), &websocket.AcceptOptions{InsecureSkipVerify: true}) // checkPage has
	if err != nil {
		return nil, err
	}
	res.Status, res.Committed = http.StatusSwitchingProtocols, true
	conn.SetReadLimit(s.opts.BodyBytes)
	return conn, nil
}

// smallHijack hands a connection over with small buffers: most sockets wait, and there
// may be very many.
type smallHijack struct{ http.ResponseWriter }

const socketBuffer = 512

// Hijack implements http.Hijacker.
func (w smallHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered()) // what the client sent without waiting
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(socketBuffer, len(early)))
	if _, err := in.Peek(len(early)); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, socketBuffer)), nil
}

// run reads operations until the socket ends.
func (k *socket) run(first *streaming.Subscription) {
	stop := context.AfterFunc(k.ctx, k.goAway)
	if first != nil {
		k.begin(k.channel, &socketStream{}, func(ctx context.Context) { k.follow(ctx, k.channel, first) }) //nolint:errcheck // it is the first
	}
	for {
		kind, b, err := k.conn.Read(context.Background())
		if err != nil {
			break
		}
		if kind != websocket.MessageText {
			k.close(websocket.StatusUnsupportedData, "frames are JSON text")
			break
		}
		if k.reply(k.operation(b)) != nil {
			break
		}
	}
	stop()
	k.cancel(nil)
	k.conn.CloseNow() //nolint:errcheck // it is over in any case
	k.work.Wait()
}

// goAway ends the socket when the server stops: its streams say so, and then it does.
func (k *socket) goAway() {
	k.mu.Lock()
	for _, st := range k.mu.streams { // under the lock, so whoever begins a stream is done with it
		st.cancel(errStreamEnds)
	}
	k.mu.Unlock()
	k.work.Wait()
	k.close(websocket.StatusGoingAway, "SHUTTING_DOWN: the server is stopping")
}

func (k *socket) close(code websocket.StatusCode, reason string) {
	k.conn.Close(code, reason) //nolint:errcheck // it is over in any case
}

// begin runs a stream of messages under a name of the client.
func (k *socket) begin(id string, st *socketStream, run func(ctx context.Context)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.ctx.Err() != nil:
		return errStreamEnds
	case k.mu.streams[id] != nil:
		return dberr.New(dberr.ErrExists, "SUBSCRIPTION_EXISTS", "this socket has a subscription %q already", shorten(id, 40)).WithField("id").
			WithHint("give each an id of its own")
	case len(k.mu.streams) >= maxSocketStreams:
		return dberr.New(dberr.ErrTooLarge, "TOO_MANY_SUBSCRIPTIONS", "a socket takes %d subscriptions", maxSocketStreams).WithField("id")
	}
	if k.mu.streams == nil {
		k.mu.streams = map[string]*socketStream{}
	}
	ctx, cancel := context.WithCancelCause(k.ctx)
	st.cancel = cancel
	k.mu.streams[id] = st
	k.work.Go(func() {
		defer func() {
			cancel(nil)
			k.mu.Lock()
			if k.mu.streams[id] == st {
				delete(k.mu.streams, id)
			}
			k.mu.Unlock()
		}()
		run(ctx)
	})
	return nil
}

// reply sends the answer of an operation. It waits as long as the connection takes no
// more, and so do the operations behind it.
func (k *socket) reply(frame []byte) error {
	if frame == nil {
		return nil // a stream answers
	}
	ctx, cancel := context.WithTimeout(context.Background(), streamStall)
	defer cancel()
	k.sent.Add(int64(len(frame)))
	return k.conn.Write(ctx, websocket.MessageText, frame)
}

var errTookNothing = errors.New("the client takes nothing")

// deliver sends messages, once the client has taken those before.
func (k *socket) deliver(frame []byte) error {
	k.flow.Lock()
	defer k.flow.Unlock()
	if n := k.sent.Load(); n > 0 && n+int64(len(frame)) > socketWindow {
		if err := k.pingLocked(); err != nil {
			return err
		}
	}
	return k.reply(frame)
}

// beat asks whether the client is there.
func (k *socket) beat() error {
	k.flow.Lock()
	defer k.flow.Unlock()
	return k.pingLocked()
}

// pingLocked waits for the answer of a ping, which comes behind all that was sent. A
// client that does not give it for streamStall is cut off.
func (k *socket) pingLocked() error {
	before := k.sent.Load()
	ctx, cancel := context.WithTimeout(context.Background(), k.s.stall())
	defer cancel()
	err := k.conn.Ping(ctx)
	if err == nil {
		k.sent.Add(-before)
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		k.close(closeSlow, "SLOW_CONSUMER: nothing was taken for "+k.s.stall().String()+"; go on from the last message")
		return errTookNothing
	}
	return err
}

// stall is how long a client may take nothing.
func (s *Server) stall() time.Duration {
	if s.opts.SlowClient > 0 {
		return s.opts.SlowClient
	}
	return streamStall
}

// EndSockets waits until the sockets that Drain has told to end have ended, or ctx has.
// net/http does not know them any more.
func (s *Server) EndSockets(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		s.counting.Lock()
		s.counting.Unlock() //lint:ignore SA2001 nothing is to be done under it
		s.sockets.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
