package api

import (
	"container/list"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

func (s *Server) bindPrepared(g *echo.Group) {
	g.POST("/prepare", s.prepare)
	g.POST("/prepared/execute", s.executePrepared)
	get(g, "/prepared", s.listPrepared)
	g.DELETE("/prepared/:id", s.dropPrepared)
}

// prepared is a statement that a client has prepared.
type prepared struct {
	id, database, sql, dialect string
	about                      query.Prepared
	created, used              time.Time
	uses                       int64
}

// preparedSet keeps prepared statements in memory: those that were not used for
// longest go when there are too many, and each goes when it was not used for a while.
type preparedSet struct {
	max  int
	idle time.Duration

	// mu is a leaf, held over no call.
	mu struct {
		sync.Mutex
		byID  map[string]*list.Element
		order *list.List // of *prepared, most recently used first
	}
}

func newPreparedSet(most int, idle time.Duration) *preparedSet {
	p := &preparedSet{max: most, idle: idle}
	p.mu.byID, p.mu.order = map[string]*list.Element{}, list.New()
	return p
}

func (p *preparedSet) add(st *prepared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.byID[st.id] = p.mu.order.PushFront(st)
	p.trimLocked()
}

// trimLocked forgets what is too old or too much.
func (p *preparedSet) trimLocked() {
	for e := p.mu.order.Back(); e != nil; e = p.mu.order.Back() {
		st := e.Value.(*prepared)
		if p.mu.order.Len() <= p.max && time.Since(st.used) < p.idle {
			return
		}
		p.mu.order.Remove(e)
		delete(p.mu.byID, st.id)
	}
}

// use finds a statement and notes that it is used. The copy is the caller's.
func (p *preparedSet) use(id string) (st prepared, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trimLocked()
	e := p.mu.byID[id]
	if e == nil {
		return st, false
	}
	p.mu.order.MoveToFront(e)
	found := e.Value.(*prepared)
	found.used = time.Now()
	found.uses++
	return *found, true
}

func (p *preparedSet) drop(id, database string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.mu.byID[id]
	if e == nil || database != "" && e.Value.(*prepared).database != database {
		return false
	}
	p.mu.order.Remove(e)
	delete(p.mu.byID, id)
	return true
}

func (p *preparedSet) list(database string) (all []prepared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trimLocked()
	for e := p.mu.order.Front(); e != nil; e = e.Next() {
		if st := e.Value.(*prepared); database == "" || st.database == database {
			all = append(all, *st)
		}
	}
	slices.SortStableFunc(all, func(a, b prepared) int { return a.created.Compare(b.created) })
	return all
}

// preparedAnswer describes a prepared statement to clients.
type preparedAnswer struct {
	Success    *bool     `json:"success,omitempty"`
	ID         string    `json:"statement_id"`
	Database   string    `json:"database"`
	SQL        string    `json:"sql"`
	Dialect    string    `json:"dialect"`
	Parameters []string  `json:"parameters"` // their types
	Columns    []string  `json:"columns"`
	Types      []string  `json:"types"`
	Command    *string   `json:"command"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Uses       int64     `json:"uses"`
}

func (p *preparedSet) describe(st *prepared) preparedAnswer {
	a := preparedAnswer{ID: st.id, Database: st.database, SQL: st.sql, Dialect: st.dialect, Command: &st.about.Command, Uses: st.uses,
		Parameters: []string{}, Columns: []string{}, Types: []string{}, CreatedAt: st.created.UTC(), ExpiresAt: st.used.Add(p.idle).UTC()}
	if a.Dialect == "" {
		a.Dialect = "postgresql"
	}
	if st.about.Command == "" {
		a.Command = nil
	}
	for _, t := range st.about.Params {
		a.Parameters = append(a.Parameters, t.Name())
	}
	for _, c := range st.about.Columns {
		a.Columns, a.Types = append(a.Columns, c.Name), append(a.Types, c.Type.Name())
	}
	return a
}

// prepare takes {"sql","database"?,"dialect"?}.
func (s *Server) prepare(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	var q queryRequest
	if err := s.bindFields(x, []string{"sql", "database", "dialect"}, func(sc *jsonin.Scanner, name string) error { return q.field(sc, name) }); err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	if q.database == "" {
		q.database = "default"
	}
	x.sql = q.sql
	about, err := db.Prepare(c.Request().Context(), q.database, q.sql, q.dialect)
	if err != nil {
		return err
	}
	now := time.Now()
	st := prepared{id: "stmt_" + requestID(&http.Request{}), database: q.database, sql: q.sql, dialect: q.dialect, about: about, created: now, used: now}
	a := s.prepared.describe(&st) // before others can use it
	s.prepared.add(&st)
	yes := true
	a.Success = &yes
	return c.JSON(http.StatusCreated, a)
}

// bindFields reads an object whose members are among fields.
func (s *Server) bindFields(x *exchange, fields []string, take func(sc *jsonin.Scanner, name string) error) error {
	body, err := s.readBody(x, nil)
	if err != nil {
		return err
	}
	var sc jsonin.Scanner
	sc.Reset(body)
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return invalid("INVALID_JSON", "the body must be a JSON object, not %s", k)
	}
	err = sc.Object(func(name []byte) error {
		if field := string(name); isField(field, fields) {
			return take(&sc, field)
		}
		return jsonin.UnknownField(string(name), fields)
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

// executeFields are the fields of POST /prepared/execute.
var executeFields = []string{"statement_id", "params", "database", "timeout_ms", "max_rows", "rows", "int64", "values"}

// executePrepared takes {"statement_id","params"?} and answers as POST /query does.
func (s *Server) executePrepared(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	q := queryRequest{}
	id, hasID := "", false
	var params []byte
	err = s.bindFields(x, executeFields, func(sc *jsonin.Scanner, name string) (err error) {
		switch name {
		case "statement_id":
			hasID = true
			id, err = sc.StrField(name)
		case "params":
			params, err = sc.Raw()
		default:
			err = q.field(sc, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !hasID {
		return invalid("MISSING_FIELD", `the body needs the field "statement_id"`).WithField("statement_id")
	}
	if err := q.options(x.Request(), false); err != nil {
		return err
	}
	st, ok := s.prepared.use(id)
	if !ok || q.database != "" && q.database != st.database {
		return unknownPrepared(id)
	}
	q.sql, q.dialect, q.database = st.sql, st.dialect, st.database
	if q.params, err = preparedParams(params, st.about.Params); err != nil {
		return err
	}
	return s.answer(x, db, &q)
}

func unknownPrepared(id string) error {
	return dberr.SQL(dberr.StateInvalidStatementName, "unknown prepared statement %q", shorten(id, 64)).WithField("statement_id").
		WithHint("Prepare it again: statements are kept in memory, and not for ever.")
}

// preparedParams reads the values of parameters whose types are known.
func preparedParams(raw []byte, types []sqltype.Type) ([]query.Param, error) {
	params := make([]query.Param, 0, len(types))
	if len(raw) > 0 {
		var sc jsonin.Scanner
		sc.Reset(raw)
		if k := sc.Peek(); k != jsonin.Array && k != jsonin.Null {
			return nil, jsonin.WantError("params", "an array", k)
		}
		if sc.Peek() == jsonin.Array {
			err := sc.Array(func(i int) error {
				v, err := sc.Raw()
				if err != nil || i >= len(types) {
					params = append(params, query.Param{}) // one too many, which is told below
					return err
				}
				p, err := preparedParam(v, types[i])
				if e := dberr.As(err); e != nil {
					_ = e.WithField(fmt.Sprintf("params[%d]", i))
				}
				params = append(params, p)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if len(params) != len(types) {
		return nil, dberr.SQL(dberr.StateUndefinedParameter, "the statement has %d parameters, but %d values were given", len(types), len(params)).WithField("params")
	}
	return params, nil
}

// preparedParam reads one value. A string is a literal, also of a document.
func preparedParam(raw []byte, t sqltype.Type) (query.Param, error) {
	if (t.ID == sqltype.JSON || t.ID == sqltype.JSONB) && raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return query.Param{}, err
		}
		d, err := sqltype.Parse(t, text)
		return query.Param{Type: t, Datum: d}, err
	}
	d, t, err := sqltype.ParamFromJSON(raw, t)
	return query.Param{Type: t, Datum: d}, err
}

func (s *Server) listPrepared(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	out := []preparedAnswer{}
	for _, st := range s.prepared.list(database) {
		out = append(out, s.prepared.describe(&st))
	}
	return c.JSON(http.StatusOK, map[string]any{"statements": out})
}

func (s *Server) dropPrepared(c echo.Context) error {
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	if !s.prepared.drop(id, database) {
		return unknownPrepared(id)
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "statement_id": id})
}
