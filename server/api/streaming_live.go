package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// maxSubscribers bounds the subscriptions to channels that run at once. They are not
// counted with the requests that run: most of them wait.
const maxSubscribers = 16 << 10

// liveSink sends what a subscription gives, in one form or another.
type liveSink interface {
	begin(next uint64)
	message(m *streaming.Message)
	gap(g streaming.Gap)
	beat()
	end(next uint64, err error) // nil: all that was asked for was sent
	flush() error
}

// subscribeEvents sends messages as server-sent events, whose ids are offsets: a client
// that comes back with Last-Event-ID goes on behind that one.
func (s *Server) subscribeEvents(c echo.Context) error {
	return s.subscribeTo(c, readParams, "text/event-stream", func(st *eventStream) liveSink { return &eventSink{st} })
}

// subscribeLines sends messages as lines of JSON. With ?follow=false it ends with those
// that are there.
func (s *Server) subscribeLines(c echo.Context) error {
	return s.subscribeTo(c, append([]string{"follow"}, readParams...), "application/x-ndjson", func(st *eventStream) liveSink { return &lineSink{eventStream: st} })
}

func (s *Server) subscribeTo(c echo.Context, params []string, media string, open func(st *eventStream) liveSink) error {
	name, err := pathParam(c, "channel")
	if err != nil {
		return err
	}
	q, err := queryParams(c, append([]string{"ticket"}, params...))
	if err != nil {
		return err
	}
	var o streaming.SubscribeOptions
	if o.From, err = parseStart(q); err != nil {
		return err
	}
	if id := c.Request().Header.Get("Last-Event-ID"); id != "" && (id != "0" || o.From != streaming.Snapshot) { // 0: within the snapshot
		n, err := strconv.ParseUint(id, 10, 63)
		if err != nil {
			return invalid("INVALID_HEADER", "Last-Event-ID %q is no offset", shorten(id, 40)).WithField("Last-Event-ID")
		}
		o.From = streaming.AtOffset(n + 1)
	}
	if o.Filter, err = parseFilter(q); err != nil {
		return err
	}
	follow := !q.Has("follow")
	if !follow {
		if follow, err = boolParam(q, "follow"); err != nil {
			return err
		}
	}
	store, err := s.streaming(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	t, err := s.admitTicket(of(c), q.Get("ticket"), q.Get("database"))
	if err == nil {
		err = t.allows("subscribe", name)
	}
	if err != nil {
		return err
	}
	// Not the context of the request, which ends where its connection is taken over.
	ctx, cancel := s.streamContext(context.Background())
	sub, err := store.Subscribe(ctx, name, o)
	if err != nil {
		cancel(nil)
		return err
	}
	l := &liveRun{s: s, ctx: ctx, cancel: cancel, sub: sub}
	st := s.stream(of(c))
	st.x.Response().Header()["Content-Type"] = []string{media}
	switch {
	case c.Request().Method == http.MethodHead:
		l.end()
		return nil
	case !follow:
		info, err := store.Info(ctx, name)
		if err != nil {
			l.end()
			return err
		}
		l.last = info.Next
	case canTakeOver(c.Request()):
		return l.takeOver(st, open)
	}
	return l.serve(st, open)
}

// liveRun is a subscription that is sent to a client.
type liveRun struct {
	s      *Server
	ctx    context.Context
	cancel context.CancelCauseFunc
	sub    *streaming.Subscription
	last   uint64 // the offset to stop before; 0: never
}

func (l *liveRun) end() {
	l.sub.Close()
	l.cancel(nil)
}

// serve sends as the answer of the request.
func (l *liveRun) serve(st *eventStream, open func(st *eventStream) liveSink) error {
	defer l.end()
	gone := context.AfterFunc(st.x.Request().Context(), func() { l.cancel(nil) })
	defer gone()
	leave, err := l.s.subscribed()
	if err != nil {
		return err
	}
	defer leave()
	return runLive(l.ctx, l.sub, open(st), l.last)
}

// takeOver sends in a goroutine of its own, with the connection of the request.
func (l *liveRun) takeOver(st *eventStream, open func(st *eventStream) liveSink) error {
	x := st.x
	later, leave, err := l.s.detach(x)
	if err != nil {
		l.end()
		return err
	}
	st.taken, err = takeOver(x)
	if err != nil {
		leave()
		if errors.Is(err, http.ErrNotSupported) { // a recorder of a test, or another protocol
			return l.serve(st, open)
		}
		l.end()
		l.s.opts.Log.Debug("a subscriber went before it had an answer", "request_id", x.id, "error", err)
		return nil
	}
	st.x, st.control = later, nil
	sink := open(st)
	go l.s.runTaken(l, st.taken, sink, leave)
	return nil
}

// runTaken sends until the subscription ends, or the client goes.
func (s *Server) runTaken(l *liveRun, t *takenOver, sink liveSink, leave func()) {
	defer leave()
	defer l.end()
	stop := context.AfterFunc(l.ctx, t.hasten)
	defer stop()
	go t.watch(l.cancel)
	runLive(l.ctx, l.sub, sink, 0) //nolint:errcheck // it has told the client
	t.close()
}

// subscribed counts a subscription in, and its request out of those that run.
func (s *Server) subscribed() (leave func(), err error) {
	if s.subscribers.Add(1) > maxSubscribers {
		s.subscribers.Add(-1)
		return nil, errSubscribers()
	}
	s.inFlight.Add(-1)
	return func() {
		s.subscribers.Add(-1)
		s.inFlight.Add(1)
	}, nil
}

// runLive sends until the subscription ends, or reaches last, and then says why.
func runLive(ctx context.Context, sub *streaming.Subscription, sink liveSink, last uint64) error {
	sink.begin(sub.Position())
	for sink.flush() == nil {
		if last != 0 && sub.Position() >= last {
			sink.end(sub.Position(), nil)
			sink.flush() //nolint:errcheck // it is over in any case
			return nil
		}
		d, waited, err := nextLive(ctx, sub)
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errStreamEnds) {
				err = cause
			}
			sink.end(sub.Position(), err)
			sink.flush() //nolint:errcheck // as above
			return nil
		}
		if waited {
			sink.beat()
			continue
		}
		if d.Gap != (streaming.Gap{}) {
			sink.gap(d.Gap)
		}
		for _, m := range d.Messages {
			sink.message(m)
		}
	}
	return nil // the client is gone, or took nothing for too long
}

// nextLive waits for messages, or for the time of a sign of life.
func nextLive(ctx context.Context, sub *streaming.Subscription) (d streaming.Delivery, waited bool, err error) {
	beat, cancel := context.WithTimeout(ctx, watchBeat)
	defer cancel()
	d, err = sub.Next(beat)
	if err != nil && ctx.Err() == nil && errors.Is(err, dberr.ErrCanceled) {
		return d, true, nil
	}
	return d, false, err
}

// eventSink sends server-sent events.
type eventSink struct{ *eventStream }

func (k *eventSink) begin(next uint64) {
	k.event("subscribed", strconv.FormatUint(next-1, 10), appendNext(nil, next))
}

func (k *eventSink) message(m *streaming.Message) {
	k.buf = strconv.AppendUint(append(k.buf, "id: "...), m.Offset, 10)
	k.buf = append(k.buf, "\nevent: message\ndata: "...)
	k.buf = append(appendMessage(k.buf, m), "\n\n"...)
}

func (k *eventSink) gap(g streaming.Gap) {
	k.event("gap", strconv.FormatUint(g.To, 10), appendGap(nil, g))
}

func (k *eventSink) beat() { k.buf = append(k.buf, ": alive\n\n"...) }

func (k *eventSink) end(next uint64, err error) {
	k.event("end", "", k.x.describe(err).AppendJSON(nil))
}

// lineSink sends lines of JSON.
type lineSink struct {
	*eventStream
	sent int64
}

func (k *lineSink) line(name string, value []byte) {
	k.buf = append(append(append(k.buf, `{"`...), name...), `":`...)
	k.buf = append(append(k.buf, value...), "}\n"...)
}

func (k *lineSink) begin(next uint64) { k.line("subscribed", appendNext(nil, next)) }

func (k *lineSink) message(m *streaming.Message) {
	k.buf = append(appendMessage(k.buf, m), '\n')
	k.sent++
}

func (k *lineSink) gap(g streaming.Gap) { k.line("gap", appendGap(nil, g)) }

func (k *lineSink) beat() {
	k.line("alive", strconv.AppendInt(nil, time.Now().UnixMilli(), 10))
}

func (k *lineSink) end(next uint64, err error) {
	if err != nil {
		k.line("error", k.x.describe(err).AppendJSON(nil))
		return
	}
	out := strconv.AppendInt([]byte(`{"messages":`), k.sent, 10)
	k.line("end", append(strconv.AppendUint(append(out, `,"next_offset":`...), next, 10), '}'))
}

func appendNext(dst []byte, next uint64) []byte {
	return append(strconv.AppendUint(append(dst, `{"next_offset":`...), next, 10), '}')
}

func appendGap(dst []byte, g streaming.Gap) []byte {
	dst = strconv.AppendUint(append(dst, `{"from":`...), g.From, 10)
	return append(strconv.AppendUint(append(dst, `,"to":`...), g.To, 10), '}')
}
