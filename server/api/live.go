package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

// bindLive binds live queries.
func (s *Server) bindLive(g *echo.Group) {
	get(g, "/live", s.getLive)
	g.POST("/live", s.postLive)
}

var liveFields = []string{"database", "sql", "params", "key", "collection", "filter"}

// getLive takes the query in the URL, as an EventSource can send it.
func (s *Server) getLive(c echo.Context) error {
	q, err := queryParams(c, liveFields)
	if err != nil {
		return err
	}
	o := live.Options{Database: q.Get("database"), SQL: q.Get("sql"), Collection: q.Get("collection")}
	if q.Has("key") {
		o.Key = strings.Split(q.Get("key"), ",")
	}
	if q.Has("filter") {
		o.Filter = []byte(q.Get("filter"))
	}
	if q.Has("params") {
		var sc jsonin.Scanner
		sc.Reset([]byte(q.Get("params")))
		var r queryRequest
		if err := r.decodeParams(&sc); err != nil {
			return err
		}
		if err := sc.End(); err != nil {
			return err
		}
		o.Params = r.params
	}
	return s.runLiveQuery(c, o)
}

// postLive takes it in the body.
func (s *Server) postLive(c echo.Context) error {
	var o live.Options
	var r queryRequest
	if err := s.object(of(c), liveFields, func(sc *jsonin.Scanner, field string) (err error) {
		switch field {
		case "database":
			o.Database, err = optionalString(sc, field)
		case "sql":
			o.SQL, err = optionalString(sc, field)
		case "params":
			err = r.decodeParams(sc)
		case "key":
			if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
				return jsonin.WantError(field, "an array of names", k)
			}
			err = sc.Array(func(int) error {
				name, err := sc.StrField(field)
				o.Key = append(o.Key, name)
				return err
			})
		case "collection":
			o.Collection, err = optionalString(sc, field)
		case "filter":
			o.Filter, err = sc.Raw()
		}
		return err
	}); err != nil {
		return err
	}
	o.Params = r.params
	return s.runLiveQuery(c, o)
}

// runLiveQuery sends the result and what changes of it as server-sent events.
func (s *Server) runLiveQuery(c echo.Context, o live.Options) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	ctx, cancel := s.streamContext(c.Request().Context())
	defer cancel(nil)
	q, err := db.Live(ctx, o)
	if err != nil {
		return err
	}
	defer q.Close()
	if c.Request().Method == http.MethodHead {
		c.Response().Header()["Content-Type"] = []string{"text/event-stream"}
		return nil
	}
	leave, err := s.subscribed()
	if err != nil {
		return err
	}
	defer leave()
	st := s.stream(x)
	defer st.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // a recorder in a test has none
	for name := "result"; ; name = "change" {
		b, err := nextBatch(ctx, q, st)
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errStreamEnds) {
				err = cause
			}
			st.event("end", "", x.describe(err).AppendJSON(nil))
			st.flush() //nolint:errcheck // it is over in any case
			return nil
		}
		if b == nil {
			return nil // the client is gone
		}
		st.event(name, strconv.FormatUint(uint64(b.At), 10), appendBatch(nil, b))
		if st.flush() != nil {
			return nil
		}
	}
}

// nextBatch waits for a batch, and gives signs of life; nil where nobody takes them.
func nextBatch(ctx context.Context, q *live.Query, st *eventStream) (*live.Batch, error) {
	for {
		beat, cancel := context.WithTimeout(ctx, watchBeat)
		err := q.Wait(beat)
		cancel()
		switch {
		case err == nil:
			if b, ok, err := q.Step(ctx); ok || err != nil {
				return &b, err
			}
			continue
		case ctx.Err() != nil || !errors.Is(err, dberr.ErrCanceled):
			return nil, err
		}
		st.buf = append(st.buf, ": alive\n\n"...)
		if st.flush() != nil {
			return nil, nil
		}
	}
}

// appendBatch appends the data of an event.
func appendBatch(dst []byte, b *live.Batch) []byte {
	dst = strconv.AppendUint(append(dst, `{"commit_timestamp":"`...), uint64(b.At), 10)
	dst = append(dst, `","events":[`...)
	for i := range b.Events {
		e := &b.Events[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(append(dst, `{"op":`...), e.Kind.String())
		dst = append(append(dst, `,"key":`...), e.Key...)
		if e.Old != nil {
			dst = append(append(dst, `,"old":`...), e.Old...)
		}
		if e.Row != nil {
			dst = append(append(dst, `,"row":`...), e.Row...)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}
