package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/server/cursors"
	"github.com/weftdb/weft/server/jsonin"
)

func (s *Server) bindCursors(g *echo.Group) {
	g.POST("/cursors", s.openCursor)
	get(g, "/cursors", s.listCursors)
	get(g, "/cursors/:id", s.getCursor)
	g.GET("/cursors/:id/pages/:page", s.getPage)
	g.DELETE("/cursors/:id", s.closeCursor)
}

// cursorAnswer describes a cursor to clients.
type cursorAnswer struct {
	Success   *bool      `json:"success,omitempty"`
	ID        string     `json:"cursor_id"`
	State     string     `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Database  string     `json:"database"`
	SQL       string     `json:"sql"`
	Columns   []string   `json:"columns"`
	Types     []string   `json:"types"`
	PageRows  int        `json:"page_rows"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Page      int64      `json:"page"`
	Rows      int64      `json:"rows"`
	Complete  bool       `json:"complete"`
	Running   bool       `json:"running"`
	Client    string     `json:"client"`
}

func describeCursor(i cursors.Info) cursorAnswer {
	a := cursorAnswer{ID: i.ID, State: string(i.State), Reason: i.Reason, Database: i.Database, SQL: i.SQL, Columns: []string{}, Types: []string{},
		PageRows: i.PageRows, CreatedAt: i.Created.UTC(), Page: i.Page, Rows: i.Rows, Complete: i.Complete, Running: i.Running, Client: i.Client}
	for _, c := range i.Columns {
		a.Columns, a.Types = append(a.Columns, c.Name), append(a.Types, c.Type.Name())
	}
	if i.State == cursors.Open {
		at := i.Expires.UTC()
		a.ExpiresAt = &at
	}
	return a
}

func (a cursorAnswer) ok() cursorAnswer {
	yes := true
	a.Success = &yes
	return a
}

var cursorFields = []string{"sql", "params", "database", "dialect", "page_rows", "idle_timeout_ms", "timeout_ms"}

// cursorInput is the body of POST /cursors.
type cursorInput struct {
	queryRequest
	ask cursors.Ask
}

func (in *cursorInput) decode(body []byte) error {
	var sc jsonin.Scanner
	sc.Reset(body)
	err := sc.Object(func(name []byte) (err error) {
		switch field := string(name); field {
		case "page_rows":
			var n int64
			n, err = sc.IntField(field, 1, math.MaxInt32)
			in.ask.PageRows = int(n)
		case "idle_timeout_ms":
			var ms int64
			ms, err = sc.IntField(field, 1, math.MaxInt64/int64(time.Millisecond))
			in.ask.Idle = time.Duration(ms) * time.Millisecond
		default:
			if !isField(field, cursorFields) {
				return jsonin.UnknownField(field, cursorFields)
			}
			err = in.field(&sc, field)
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

// openCursor takes {"sql","params"?,"database"?,"dialect"?,"page_rows"?,"idle_timeout_ms"?,"timeout_ms"?}.
func (s *Server) openCursor(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	var in cursorInput
	if err := in.decode(buf.b); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	x.sql = in.sql
	if in.database == "" {
		in.database = "default"
	}
	in.ask.Client, in.ask.Database, in.ask.SQL, in.ask.PageTime = clientOf(x.Request()), in.database, in.sql, in.timeout
	req := in.execution()
	req.ReadOnly, req.OneStatement, req.MaxRows = true, true, -1
	req.Timeout = cursorTime // its pages have their own
	info, err := s.open(x, &in, func(ctx context.Context, sink query.Sink) error { return db.Execute(ctx, req, sink) })
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/cursors/"+info.ID)
	return c.JSON(http.StatusCreated, describeCursor(info).ok())
}

// open opens a cursor as a query that can be canceled until its columns are known.
func (s *Server) open(x *exchange, in *cursorInput, run cursors.Run) (cursors.Info, error) {
	ctx, cancel := context.WithCancelCause(x.Request().Context())
	defer cancel(nil)
	st := statement{id: x.id, sql: in.sql, database: in.database, client: x.Request().RemoteAddr, start: time.Now(), cancel: cancel}
	s.running.add(&st)
	info, err := s.cursors.Open(ctx, in.ask, run)
	s.running.remove(&st)
	cause := context.Cause(ctx)
	if cause == nil {
		return info, err
	}
	if err == nil { // it was canceled as it was opened, and nobody would come for it
		_, _ = s.cursors.Close(ctx, info.ID) // it may have ended by itself
		err = dberr.New(dberr.ErrCanceled, "CANCELED", "the request was given up").Wrap(cause)
	}
	if dberr.As(cause) != nil {
		err = cause // who canceled knows better than what was canceled
	}
	return cursors.Info{}, err
}

// cursorTime is more than the age to which any cursor lives.
const cursorTime = 1000 * time.Hour

func (s *Server) listCursors(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	list := []cursorAnswer{}
	for _, i := range s.cursors.List() {
		list = append(list, describeCursor(i))
	}
	return c.JSON(http.StatusOK, map[string]any{"cursors": list})
}

func (s *Server) getCursor(c echo.Context) error {
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	info, err := s.cursors.Get(id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeCursor(info))
}

// closeCursor ends a cursor and gives back what it holds.
func (s *Server) closeCursor(c echo.Context) error {
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	info, err := s.cursors.Close(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeCursor(info).ok())
}

// getPage gives a page in the format that the request wants.
func (s *Server) getPage(c echo.Context) error {
	x := of(c)
	if _, err := s.db(x); err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(c.Param("page"), 10, 64)
	if err != nil || number < 1 {
		return invalid("INVALID_FIELD", "page %q is not a whole number from 1", shorten(c.Param("page"), 40)).WithField("page")
	}
	var q queryRequest
	if err := q.options(x.Request(), false); err != nil {
		return err
	}
	if q.database != "" || q.maxRows != 0 || q.timeout != 0 {
		return invalid("UNKNOWN_FIELD", "a page of a cursor takes only format, rows, int64 and values").WithHint("What else there is belongs to POST /api/v1/cursors.")
	}
	page, info, err := s.page(x, id, number)
	if err != nil {
		return err
	}
	h := x.Response().Header()
	h["Weft-Cursor-Page"] = []string{strconv.FormatInt(page.Number, 10)}
	h["Weft-Cursor-Last"] = []string{strconv.FormatBool(page.Last)}
	h["Weft-Cursor-Expires"] = []string{info.Expires.UTC().Format(time.RFC3339Nano)}
	if q.format != formatJSON {
		return s.pageStream(x, &q, page, info)
	}
	return pageJSON(x, &q, page, info)
}

// page waits for a page as a query that can be canceled.
func (s *Server) page(x *exchange, id string, number int64) (cursors.Page, cursors.Info, error) {
	about, err := s.cursors.Get(id)
	if err != nil {
		return cursors.Page{}, about, err
	}
	x.sql = about.SQL
	st := statement{id: x.id, sql: about.SQL, database: about.Database, client: x.Request().RemoteAddr, start: time.Now(),
		cancel: func(cause error) { s.cursors.Cancel(id, cause) }}
	s.running.add(&st)
	defer s.running.remove(&st)
	page, info, err := s.cursors.Page(x.Request().Context(), id, number)
	s.metrics.query(time.Since(st.start), err)
	return page, info, err
}

func pageJSON(x *exchange, q *queryRequest, page cursors.Page, info cursors.Info) error {
	w := rowWriter{objects: q.objects, text: q.textValues, opts: sqltype.JSONOptions{Int64AsString: q.int64String}}
	if err := w.begin(info.Columns); err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	b := append(buf.b, `{"success":true,"cursor_id":"`...)
	b = append(append(b, info.ID...), `","page":`...)
	b = append(strconv.AppendInt(b, page.Number, 10), `,"last":`...)
	b = append(strconv.AppendBool(b, page.Last), `,"expires_at":"`...)
	b = append(info.Expires.UTC().AppendFormat(b, time.RFC3339Nano), `","data":{`...)
	about := describeCursor(info)
	b = append(appendColumns(b, about.Columns, about.Types), `,"rows":[`...)
	b = w.appendRows(b, page.Rows, ',', true)
	buf.b = append(b, "]}}\n"...)
	return writeJSON(x, buf.b)
}

// pageStream sends a page as a result of its own.
func (s *Server) pageStream(x *exchange, q *queryRequest, page cursors.Page, info cursors.Info) error {
	start := time.Now()
	sink := newStreamSink(x, q)
	defer sink.free()
	err := sink.Begin(0, info.Columns)
	for from := 0; err == nil && from < page.Rows.Len; from += vec.BatchSize { // as batches come from a query
		err = sink.Batch(part(page.Rows, from, min(from+vec.BatchSize, page.Rows.Len)))
	}
	if err == nil {
		err = sink.End(query.Tag{Command: "SELECT", Rows: int64(page.Rows.Len)})
	}
	return s.ended(x, sink, time.Since(start).Microseconds(), err)
}

// part selects rows of a batch.
func part(b *vec.Batch, from, to int) *vec.Batch {
	p := &vec.Batch{Len: b.Len, Cols: b.Cols, Sel: make([]int32, 0, to-from)}
	for i := from; i < to; i++ {
		p.Sel = append(p.Sel, int32(i))
	}
	return p
}
