package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/server/answers"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/server/transactions"
	"github.com/weftdb/weft/storage/txn"
)

func (s *Server) bindTransactions(g *echo.Group) {
	g.POST("/transactions", s.beginTransaction)
	get(g, "/transactions", s.listTransactions)
	get(g, "/transactions/:id", s.getTransaction)
	g.POST("/transactions/:id/commit", s.commitTransaction)
	g.POST("/transactions/:id/rollback", s.rollbackTransaction)
	g.DELETE("/transactions/:id", s.abortTransaction)
}

// transactionAnswer describes a transaction to clients.
type transactionAnswer struct {
	Success   *bool      `json:"success,omitempty"`
	ID        string     `json:"transaction_id"`
	State     string     `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Database  string     `json:"database"`
	Isolation string     `json:"isolation"`
	ReadOnly  bool       `json:"read_only"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Steps     int64      `json:"steps"`
	Running   bool       `json:"running"`
	Aborted   bool       `json:"aborted"`
	CommitTS  string     `json:"commit_timestamp,omitempty"`
	Client    string     `json:"client"`
}

func describeTransaction(i transactions.Info) transactionAnswer {
	a := transactionAnswer{ID: i.ID, State: string(i.State), Reason: i.Reason, Database: i.Database, Isolation: i.Isolation, ReadOnly: i.ReadOnly,
		CreatedAt: i.Created.UTC(), Steps: i.Steps, Running: i.Running, Aborted: i.Aborted, Client: i.Client}
	if i.State == transactions.Open {
		at := i.Expires.UTC()
		a.ExpiresAt = &at
	}
	if i.CommitTS != 0 {
		a.CommitTS = strconv.FormatUint(uint64(i.CommitTS), 10)
	}
	return a
}

func (a transactionAnswer) ok() transactionAnswer {
	yes := true
	a.Success = &yes
	return a
}

// beginInput is the body of POST /transactions.
type beginInput struct {
	ask  transactions.Ask
	opts txn.TxOptions
}

var beginFields = []string{"isolation", "read_only", "idle_timeout_ms", "database", "as_of"}

func (in *beginInput) decode(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	var sc jsonin.Scanner
	sc.Reset(body)
	err := sc.Object(func(name []byte) (err error) {
		field := string(name)
		if sc.Peek() == jsonin.Null {
			if !isField(field, beginFields) {
				return jsonin.UnknownField(field, beginFields)
			}
			return sc.Null()
		}
		switch field {
		case "isolation":
			var v string
			if v, err = sc.StrField(field); err == nil {
				in.opts.Isolation, err = parseIsolation(v)
			}
		case "read_only":
			if k := sc.Peek(); k != jsonin.Bool {
				return jsonin.WantError(field, "a boolean", k)
			}
			in.opts.ReadOnly, err = sc.Bool()
		case "idle_timeout_ms":
			var ms int64
			ms, err = sc.IntField(field, 1, math.MaxInt64/int64(time.Millisecond))
			in.ask.Idle = time.Duration(ms) * time.Millisecond
		case "database":
			in.ask.Database, err = sc.StrField(field)
		case "as_of":
			err = in.setAsOf(&sc)
		default:
			err = jsonin.UnknownField(field, beginFields)
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

func isField(name string, fields []string) bool {
	for _, f := range fields {
		if f == name {
			return true
		}
	}
	return false
}

// setAsOf takes an RFC 3339 time, or a timestamp as commits have it.
func (in *beginInput) setAsOf(sc *jsonin.Scanner) error {
	v, err := sc.StrField("as_of")
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(v, 10, 63); err == nil && n > 0 {
		in.opts.AsOf = txn.Timestamp(n)
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, v)
	if err != nil || at.Year() < 1971 || at.Year() > 2261 {
		return invalid("INVALID_FIELD", `field "as_of" is %q, want a time such as "2026-01-31T12:00:00Z" or a commit timestamp`, shorten(v, 60)).WithField("as_of")
	}
	in.opts.AsOf = txn.Timestamp(at.UnixNano())
	return nil
}

// beginTransaction takes {"isolation"?,"read_only"?,"idle_timeout_ms"?,"database"?,"as_of"?}.
func (s *Server) beginTransaction(c echo.Context) error {
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
	var in beginInput
	if err := in.decode(buf.b); err != nil {
		return err
	}
	if in.ask.Database == "" {
		in.ask.Database = "default"
	}
	in.opts.ReadOnly = in.opts.ReadOnly || in.opts.AsOf != 0
	in.ask.Client, in.ask.ReadOnly, in.ask.Isolation = clientOf(c.Request()), in.opts.ReadOnly, isolationName(in.opts.Isolation)
	var made *keptTx
	info, err := s.transactions.Open(in.ask, func() (transactions.Tx, error) {
		tx, err := db.Begin(c.Request().Context(), in.ask.Database, in.opts)
		if err != nil {
			return nil, err
		}
		made = &keptTx{Transaction: tx, keep: s.opts.Transactions.Keep}
		return made, nil
	})
	if err != nil {
		return err
	}
	made.id.Store(&info.ID)
	c.Response().Header().Set("Location", "/api/v1/transactions/"+info.ID)
	return c.JSON(http.StatusCreated, describeTransaction(info).ok())
}

func (s *Server) listTransactions(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	list := []transactionAnswer{}
	for _, i := range s.transactions.List() {
		list = append(list, describeTransaction(i))
	}
	return c.JSON(http.StatusOK, map[string]any{"transactions": list})
}

func (s *Server) getTransaction(c echo.Context) error {
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	info, err := s.transactions.Get(id)
	if err != nil {
		return s.elsewhere(c.Request().Context(), id, err)
	}
	return c.JSON(http.StatusOK, describeTransaction(info))
}

// commitTransaction commits. Asked again it tells the same outcome, for a while also
// after the server was started again.
func (s *Server) commitTransaction(c echo.Context) error {
	id, err := s.ending(c)
	if err != nil {
		return err
	}
	info, err := s.transactions.Commit(c.Request().Context(), id)
	if err != nil && info.ID == "" {
		ts, ok, lerr := s.lookCommit(c.Request().Context(), id)
		if lerr != nil {
			return lerr
		}
		if ok {
			return c.JSON(http.StatusOK, map[string]any{"success": true, "transaction_id": id, "state": transactions.Committed,
				"commit_timestamp": strconv.FormatUint(uint64(ts), 10)})
		}
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeTransaction(info).ok())
}

func (s *Server) rollbackTransaction(c echo.Context) error {
	id, err := s.ending(c)
	if err != nil {
		return err
	}
	info, err := s.transactions.Rollback(c.Request().Context(), id)
	if err != nil {
		return s.elsewhere(c.Request().Context(), id, err)
	}
	return c.JSON(http.StatusOK, describeTransaction(info).ok())
}

// abortTransaction cancels what the transaction runs and rolls it back.
func (s *Server) abortTransaction(c echo.Context) error {
	id, err := s.ending(c)
	if err != nil {
		return err
	}
	info, err := s.transactions.Abort(c.Request().Context(), id)
	if err != nil {
		return s.elsewhere(c.Request().Context(), id, err)
	}
	return c.JSON(http.StatusOK, describeTransaction(info).ok())
}

// ending reads the id of a transaction that is to end. A body may be empty or {}.
func (s *Server) ending(c echo.Context) (string, error) {
	if _, err := s.db(of(c)); err != nil {
		return "", err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if buf.b, err = s.readBody(of(c), buf.b); err != nil {
		return "", err
	}
	if len(buf.b) > 0 {
		var sc jsonin.Scanner
		sc.Reset(buf.b)
		err := sc.Object(func(name []byte) error { return jsonin.UnknownField(string(name), nil) })
		if err == nil {
			err = sc.End()
		}
		if err != nil {
			return "", err
		}
	}
	return pathParam(c, "id")
}

// commitScope is that of the records that say that a transaction was committed.
const commitScope = "transaction"

// lookCommit looks for the record that a transaction of another run of the server left.
func (s *Server) lookCommit(ctx context.Context, id string) (at txn.Timestamp, ok bool, err error) {
	b := s.backend.Load()
	if b == nil {
		return 0, false, nil
	}
	err = (*b).View(ctx, func(tx *txn.Tx) error {
		_, at, ok, err = answers.Get(tx, commitScope, id)
		return err
	})
	return at, ok, err
}
