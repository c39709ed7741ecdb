package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
)

// watchBeat is how often a watch without events says that it is alive.
const watchBeat = 15 * time.Second

// watchKeys sends the changes of a bucket as server-sent events, each with the
// position from which Last-Event-ID or ?since= goes on.
func (s *Server) watchKeys(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "bucket", "prefix", "since", "keys_only"})
	if err != nil {
		return err
	}
	o := kv.WatchOptions{Prefix: []byte(q.Get("prefix"))}
	if o.KeysOnly, err = boolParam(q, "keys_only"); err != nil {
		return err
	}
	since := q.Get("since")
	if id := c.Request().Header.Get("Last-Event-ID"); id != "" {
		since = id
	}
	if since != "" {
		if o.Since, err = kv.ParsePosition(since); err != nil {
			return err
		}
	}
	store, err := s.keyValue(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	ctx, cancel := s.streamContext(c.Request().Context())
	defer cancel(nil)
	w, err := store.Watch(ctx, q.Get("bucket"), o)
	if err != nil {
		return err
	}
	defer w.Close()
	if c.Request().Method == http.MethodHead {
		c.Response().Header()["Content-Type"] = []string{"text/event-stream"}
		return nil
	}
	st := s.stream(of(c))
	st.event("watching", w.From().String(), []byte("{}"))
	return st.run(ctx, w, store, !o.KeysOnly)
}

// streamContext ends with the request, and when the server begins to stop.
func (s *Server) streamContext(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.streams.Load().ctx, func() { cancel(errStreamEnds) })
	return ctx, func(cause error) {
		stop()
		cancel(cause)
	}
}

var errStreamEnds = dberr.New(dberr.ErrUnavailable, "SHUTTING_DOWN", "the server is stopping").WithHint("go on from the last event on another server, or once it is back")

// eventStream writes server-sent events.
type eventStream struct {
	x       *exchange
	control *http.ResponseController
	taken   *takenOver // instead of control, where net/http is out of it
	buf     []byte
}

func (s *Server) stream(x *exchange) *eventStream {
	h := x.Response().Header()
	h["Content-Type"] = []string{"text/event-stream"}
	h.Set("X-Accel-Buffering", "no")
	return &eventStream{x: x, control: http.NewResponseController(x.Response())}
}

// event appends an event, with an id where that is not empty.
func (st *eventStream) event(name, id string, data []byte) {
	if id != "" {
		st.buf = append(append(append(st.buf, "id: "...), id...), '\n')
	}
	st.buf = append(append(append(st.buf, "event: "...), name...), "\ndata: "...)
	st.buf = append(append(st.buf, data...), "\n\n"...)
}

// flush sends what was appended.
func (st *eventStream) flush() error {
	if len(st.buf) == 0 {
		return nil
	}
	if st.taken != nil {
		err := st.taken.write(st.buf)
		if st.buf = st.buf[:0]; cap(st.buf) > keptBuffer {
			st.buf = nil
		}
		return err
	}
	st.control.SetWriteDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
	_, err := st.x.Response().Write(st.buf)
	st.buf = st.buf[:0]
	if err == nil {
		err = st.control.Flush()
	}
	return err
}

// run sends events until the watch ends, and then says why.
func (st *eventStream) run(ctx context.Context, w *kv.Watcher, store *kv.Store, values bool) error {
	defer st.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // as above
	if st.flush() != nil {
		return nil // the client is gone
	}
	var data []byte
	for {
		e, err := st.next(ctx, w)
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errStreamEnds) {
				err = cause
			}
			st.event("end", "", st.x.describe(err).AppendJSON(nil))
			st.flush() //nolint:errcheck // it is over in any case
			return nil
		}
		if e == nil {
			st.buf = append(st.buf, ": alive\n\n"...)
		} else {
			data = appendChange(data[:0], e, store, values)
			st.event(e.Kind.String(), e.At.String(), data)
		}
		if st.flush() != nil {
			return nil
		}
	}
}

// next waits for an event, or for the time of a sign of life, which is nil.
func (st *eventStream) next(ctx context.Context, w *kv.Watcher) (*kv.Event, error) {
	beat, cancel := context.WithTimeout(ctx, watchBeat)
	defer cancel()
	e, err := w.Next(beat)
	if err != nil && ctx.Err() == nil && errors.Is(err, dberr.ErrCanceled) {
		return nil, nil
	}
	return &e, err
}

// appendChange appends the data of an event: the entry, or of a removal the key.
func appendChange(dst []byte, e *kv.Event, store *kv.Store, values bool) []byte {
	switch e.Kind {
	case kv.EventPut:
		return appendEntry(dst, &e.Entry, store.Now(), values)
	case kv.EventDelete:
		dst = appendKeyField(append(dst, '{'), e.Entry.Key)
		return append(appendTime(append(dst, `,"deleted_at":`...), e.Entry.Updated), '}')
	}
	return append(appendTime(append(dst, `{"dropped_at":`...), e.Entry.Updated), '}')
}
