package api

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/deadline"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

func (s *Server) bindQuery(g *echo.Group) {
	g.POST("/query", s.postQuery)
	g.GET("/query", s.getQuery)
}

// postQuery runs SQL from a JSON body.
func (s *Server) postQuery(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	q := queryRequest{mayCreateDB: true}
	if err := s.bindBody(x, &q); err != nil {
		return err
	}
	if err := q.options(x.Request(), false); err != nil {
		return err
	}
	return s.answer(x, db, &q)
}

// bindBody reads and decodes the body of a query.
func (s *Server) bindBody(x *exchange, q *queryRequest) error {
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	if err := q.decode(buf.b); err != nil {
		return err
	}
	return q.check()
}

// getQuery runs a statement that reads, from the URL.
func (s *Server) getQuery(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	q := queryRequest{readOnly: true}
	if err := q.options(x.Request(), true); err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	return s.answer(x, db, &q)
}

// urlOptions are the options that the URL may carry.
var urlOptions = []string{"database", "format", "rows", "int64", "values", "max_rows", "timeout_ms"}

// options takes the options of the URL and the format; withSQL says whether the
// statement and its parameters may stand there too.
func (q *queryRequest) options(r *http.Request, withSQL bool) (err error) {
	name := ""
	if r.URL.RawQuery != "" {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return invalid("INVALID_URL", "the query string of the URL cannot be read").Wrap(err)
		}
		for key, v := range values {
			if len(v) > 1 {
				return invalid("DUPLICATE_FIELD", "the URL names %q %d times", key, len(v)).WithField(key)
			}
			if err := q.option(key, v[0], withSQL); err != nil {
				return err
			}
		}
		name = values.Get("format")
	}
	accept := r.Header["Accept"]
	if len(accept) == 0 {
		q.format, err = pickFormat(name, "")
	} else {
		q.format, err = pickFormat(name, accept[0])
	}
	return err
}

func (q *queryRequest) option(key, v string, withSQL bool) (err error) {
	switch {
	case key == "sql" && withSQL:
		q.sql, q.hasSQL = v, true
	case key == "params" && withSQL:
		var s jsonin.Scanner
		s.Reset([]byte(v))
		if err = q.decodeParams(&s); err == nil {
			err = s.End()
		}
	case key == "format":
	case key == "database":
		if q.database != "" && q.database != v {
			return invalid("INVALID_FIELD", "the body names database %q, the URL %q", q.database, v).WithField("database")
		}
		q.database = v
	case key == "rows":
		err = q.setRows(v)
	case key == "int64":
		err = q.setInt64(v)
	case key == "values":
		err = q.setValues(v)
	case key == "max_rows":
		var n int64
		n, err = intOption(key, v, math.MaxInt32)
		q.maxRows = int(n)
	case key == "timeout_ms":
		var n int64
		n, err = intOption(key, v, maxTimeoutMS)
		q.timeout = time.Duration(n) * time.Millisecond
	default:
		known := urlOptions
		if withSQL {
			known = append([]string{"sql", "params"}, known...)
		}
		return invalid("UNKNOWN_FIELD", "unknown parameter %q in the URL", key).WithField(key).WithHint("known: %s", quoted(known))
	}
	return err
}

func intOption(key, v string, high int64) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 || n > high {
		return 0, jsonin.RangeError(key, v, 1, high)
	}
	return n, nil
}

// answer runs a query and renders it in its format.
func (s *Server) answer(x *exchange, db Backend, q *queryRequest) error {
	x.sql = q.sql
	if q.format == formatJSON {
		return s.answerJSON(x, db, q)
	}
	return s.answerStream(x, db, q)
}

func (s *Server) answerJSON(x *exchange, db Backend, q *queryRequest) error {
	sink := newJSONSink(s.opts.ResultBytes)
	defer sink.free()
	sink.rows.objects, sink.rows.text, sink.rows.opts = q.objects, q.textValues, sqltype.JSONOptions{Int64AsString: q.int64String}
	us, err := s.execute(x, db, q, sink)
	s.metrics.statements(sink.tags)
	if err != nil {
		return err
	}
	sink.finish(us, q.hasText)
	return writeJSON(x, sink.buf.b)
}

// writeJSON sends a rendered answer.
func writeJSON(x *exchange, b []byte) error { return writeJSONStatus(x, http.StatusOK, b) }

// writeJSONStatus is writeJSON with another status.
func writeJSONStatus(x *exchange, status int, b []byte) error {
	res := x.Response()
	h := res.Header()
	h["Content-Type"] = typeJSON
	if len(b) >= countedBytes {
		h["Content-Length"] = []string{strconv.Itoa(len(b))}
	}
	res.WriteHeader(status)
	if len(b) > patientBytes {
		control := http.NewResponseController(res)
		defer control.SetWriteDeadline(time.Time{}) //nolint:errcheck // a recorder in a test has none
		for len(b) > patientBytes {
			control.SetWriteDeadline(time.Now().Add(streamStall)) //nolint:errcheck // as above
			if _, err := res.Write(b[:patientBytes]); err != nil {
				return clientGone(err)
			}
			b = b[patientBytes:]
		}
	}
	if _, err := res.Write(b); err != nil {
		return clientGone(err)
	}
	return nil
}

// countedBytes of an answer are more than net/http holds back, which else finds its length
// by itself.
const countedBytes = 2 << 10

// patientBytes of an answer are written with streamStall to take them; less fits
// into the buffers of the connection.
const patientBytes = 256 << 10

func clientGone(err error) error {
	return dberr.New(dberr.ErrCanceled, "CLIENT_GONE", "the client takes no more").Wrap(err)
}

func (s *Server) answerStream(x *exchange, db Backend, q *queryRequest) error {
	sink := newStreamSink(x, q)
	defer sink.free()
	us, err := s.execute(x, db, q, sink)
	s.metrics.statements(sink.tags)
	return s.ended(x, sink, us, err)
}

// ended ends a stream, well or not.
func (s *Server) ended(x *exchange, sink *streamSink, us int64, err error) error {
	if err == nil {
		return sink.finish(us)
	}
	if sink.format == formatNDJSON && x.Response().Committed {
		p := x.describe(err)
		s.logFailure(x, p, err)
		sink.buf.b = append(p.AppendJSON(append(sink.buf.b, `{"error":`...)), "}\n"...)
		return sink.send(false)
	}
	return err // a problem document, or, once rows are out, the end of the connection
}

// execute runs the statements under an id by which they can be canceled, and
// tells how long they took in microseconds.
func (s *Server) execute(x *exchange, db Backend, q *queryRequest, sink query.Sink) (int64, error) {
	ctx := deadline.New(x.Request().Context(), 0)
	defer ctx.Cancel(nil)
	st := statement{id: x.id, sql: q.sql, database: q.database, client: x.Request().RemoteAddr, start: time.Now(), cancel: ctx.Cancel}
	if st.database == "" {
		st.database = "default"
	}
	s.running.add(&st)
	err := db.Execute(ctx, q.execution(), sink)
	s.running.remove(&st)
	took := time.Since(st.start)
	s.metrics.query(took, err)
	if err != nil && ctx.Err() != nil {
		if cause := ctx.Cause(); dberr.As(cause) != nil {
			err = cause // who canceled knows better than what was canceled
		}
	}
	return took.Microseconds(), err
}
