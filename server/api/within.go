package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/server/transactions"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// Transaction is a transaction in which the handlers of several requests run.
type Transaction interface {
	Engine
	Importer(database string) bulk.Target
	KeyValue(ctx context.Context, database string, create bool) (*kv.Store, error)
	Documents(ctx context.Context, database string, create bool) (*document.Store, error)
	TimeSeries(ctx context.Context, database string, create bool) (*timeseries.Store, error)
	Streaming(ctx context.Context, database string, create bool) (*streaming.Store, error)
	// Do runs a step; where it fails, what it wrote is undone.
	Do(fn func() error) error
	// Tx is the transaction in the key space.
	Tx() *txn.Tx
	Commit(ctx context.Context) (txn.Timestamp, error)
	Rollback()
	// Failed says that only a rollback is possible.
	Failed() bool
	// IdleTimeout is how long it is to wait for its next request, where SET has changed
	// that; else 0.
	IdleTimeout() time.Duration
}

// joining are the routes whose handlers run in a transaction of their caller: those
// that take Weft-Transaction and Idempotency-Key, and may be operations of a batch.
// Everything they do to the database goes through Server.db.
var joining = map[string]bool{
	"/api/v1/query":                 true,
	"/api/v1/query-builder/execute": true,
	"/api/v1/prepared/execute":      true,
	"/api/v1/import/sql":            true,
	"/api/v1/import/timeseries":     true,
	"/api/v1/import/kv":             true,
	"/api/v1/kv/keys":               true,
	"/api/v1/kv/keys/*":             true,
	"/api/v1/kv/count":              true,
	"/api/v1/kv/increment":          true,
	"/api/v1/kv/cas":                true,
	"/api/v1/kv/append":             true,
	"/api/v1/kv/getset":             true,
	"/api/v1/kv/touch":              true,
	"/api/v1/kv/batch":              true,
	"/api/v1/kv/batch/get":          true,
	"/api/v1/kv/batch/set":          true,
	"/api/v1/kv/batch/delete":       true,
	"/api/v1/kv/buckets":            true,
	"/api/v1/kv/buckets/:name":      true,
	"/api/v1/batch":                 true,

	"/api/v1/documents/collections":                       true,
	"/api/v1/documents/collections/:name":                 true,
	"/api/v1/documents/collections/:name/stats":           true,
	"/api/v1/documents/collections/:name/documents":       true,
	"/api/v1/documents/collections/:name/documents/:id":   true,
	"/api/v1/documents/collections/:name/query":           true,
	"/api/v1/documents/:name/query":                       true,
	"/api/v1/documents/collections/:name/aggregate":       true,
	"/api/v1/documents/collections/:name/count":           true,
	"/api/v1/documents/collections/:name/update":          true,
	"/api/v1/documents/collections/:name/delete":          true,
	"/api/v1/documents/collections/:name/find-and-modify": true,
	"/api/v1/documents/collections/:name/batch-insert":    true,
	"/api/v1/documents/collections/:name/batch-delete":    true,
	"/api/v1/import/documents":                            true,

	"/api/v1/streaming/channels":                  true,
	"/api/v1/streaming/channels/:channel":         true,
	"/api/v1/streaming/channels/:channel/history": true,
	"/api/v1/streaming/channels/:channel/publish": true,
	"/api/v1/streaming/publish":                   true,

	"/api/v1/streaming/channels/:channel/groups":               true,
	"/api/v1/streaming/channels/:channel/groups/:group":        true,
	"/api/v1/streaming/channels/:channel/groups/:group/pull":   true,
	"/api/v1/streaming/channels/:channel/groups/:group/ack":    true,
	"/api/v1/streaming/channels/:channel/groups/:group/nack":   true,
	"/api/v1/streaming/channels/:channel/groups/:group/extend": true,
	"/api/v1/streaming/channels/:channel/groups/:group/leave":  true,

	"/api/v1/timeseries/write":                   true,
	"/api/v1/timeseries/query":                   true,
	"/api/v1/timeseries/delete":                  true,
	"/api/v1/timeseries/metrics":                 true,
	"/api/v1/timeseries/metrics/:name":           true,
	"/api/v1/timeseries/metrics/:name/tags/:tag": true,
	"/api/v1/timeseries/retention":               true,
	"/api/v1/timeseries/retention/:name":         true,
}

// streamed are those of them whose bodies may be of any length, and are read only once.
var streamed = map[string]bool{"/api/v1/import/sql": true, "/api/v1/import/timeseries": true}

// joined is the database as a transaction gives it.
type joined struct {
	Backend
	tx Transaction
}

// Execute implements Engine.
func (j joined) Execute(ctx context.Context, req query.Request, sink query.Sink) error {
	return j.tx.Execute(ctx, req, sink)
}

// Importer implements Backend.
func (j joined) Importer(database string) bulk.Target { return j.tx.Importer(database) }

// KeyValue implements Backend.
func (j joined) KeyValue(ctx context.Context, database string, create bool) (*kv.Store, error) {
	return j.tx.KeyValue(ctx, database, create)
}

// Documents implements Backend.
func (j joined) Documents(ctx context.Context, database string, create bool) (*document.Store, error) {
	return j.tx.Documents(ctx, database, create)
}

// TimeSeries implements Backend.
func (j joined) TimeSeries(ctx context.Context, database string, create bool) (*timeseries.Store, error) {
	return j.tx.TimeSeries(ctx, database, create)
}

// Streaming implements Backend.
func (j joined) Streaming(ctx context.Context, database string, create bool) (*streaming.Store, error) {
	return j.tx.Streaming(ctx, database, create)
}

// dispatch runs the handler: in the transaction that the request names, once where it
// has a key for that, or just so.
func (s *Server) dispatch(x *exchange, next echo.HandlerFunc) error {
	h := x.Request().Header
	if v := h[durabilityHeader]; len(v) > 0 {
		d, ok := txn.ParseDurability(v[0])
		if !ok || len(v) > 1 {
			return invalid("INVALID_HEADER", "Weft-Durability is %q, want sync, interval or async", shorten(strings.Join(v, ", "), 40)).WithField(durabilityHeader)
		}
		x.SetRequest(x.Request().WithContext(txn.WithDurability(x.Request().Context(), d)))
	}
	ids, keys := h["Weft-Transaction"], h["Idempotency-Key"]
	switch {
	case len(ids) == 0 && len(keys) == 0:
		if v := h[seqHeader]; len(v) > 0 && v[0] != "" {
			return invalid("INVALID_HEADER", "Weft-Transaction-Seq stands without Weft-Transaction").WithField("Weft-Transaction-Seq")
		}
		return next(x)
	case len(ids) > 1 || len(keys) > 1:
		return invalid("INVALID_HEADER", "Weft-Transaction or Idempotency-Key comes more than once")
	case len(ids) == 1 && len(keys) == 1:
		return invalid("INVALID_HEADER", "a step of a transaction cannot have an Idempotency-Key").WithField("Idempotency-Key").
			WithHint("Weft-Transaction-Seq makes a step safe to send again.")
	}
	if len(keys) == 1 && readsOnly(x.Request().Method) {
		return next(x) // reading twice does nothing twice
	}
	if !joining[x.Path()] {
		what := "a transaction"
		if len(keys) == 1 {
			what = "Idempotency-Key"
		}
		return dberr.New(dberr.ErrUnsupported, "NOT_IN_TRANSACTION", "%s does not take %s", x.Request().URL.Path, what)
	}
	if len(ids) == 1 {
		return s.within(x, ids[0], next)
	}
	return s.once(x, keys[0], next)
}

// durabilityHeader says what the commit of a request has survived when it is answered.
const durabilityHeader = "Weft-Durability"

func readsOnly(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// within runs the handler as a step of a transaction.
func (s *Server) within(x *exchange, id string, next echo.HandlerFunc) error {
	if _, err := s.db(x); err != nil {
		return err
	}
	seq, err := sequence(x.Request().Header)
	if err != nil {
		return err
	}
	ctx := x.Request().Context()
	if seq != 0 { // its client may come back for the answer
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ask := transactions.StepAsk{Seq: seq, Cancel: cancel}
	if seq != 0 {
		d := digest(x.Request())
		ask.Digest = func() (transactions.Digest, error) { return d.sum() }
	}
	st, err := s.transactions.Enter(x.Request().Context(), id, ask)
	if seq != 0 && (err == nil || usedUp(err)) {
		x.Response().Header().Set(seqHeader, strconv.FormatInt(seq, 10))
	}
	if err != nil {
		return s.elsewhere(ctx, id, err)
	}
	if a := st.Repeated; a != nil {
		var header [][2]string
		for name, values := range a.Header {
			for _, v := range values {
				header = append(header, [2]string{name, v})
			}
		}
		return replay(x, a.Status, header, a.Body)
	}
	x.SetRequest(x.Request().WithContext(ctx))
	x.tx = st.Tx.(*keptTx).Transaction
	defer func() {
		x.tx = nil
		if v := recover(); v != nil {
			st.Broken("a step of it broke off")
			panic(v)
		}
	}()
	return s.step(x, st, seq, next)
}

// step runs the handler and leaves the step.
func (s *Server) step(x *exchange, st *transactions.Step, seq int64, next echo.HandlerFunc) error {
	if seq == 0 {
		err := x.tx.Do(func() error { return next(x) })
		st.Leave(nil)
		return err
	}
	res := x.Response()
	w := &tee{ResponseWriter: res.Writer, limit: keptAnswer}
	res.Writer = w
	err := x.tx.Do(func() error { return next(x) })
	if incomplete(err) {
		res.Header().Del(seqHeader)
		st.Undone()
		return err
	}
	if err != nil && !res.Committed {
		s.renderError(x, err)
		err = nil
	}
	if err != nil {
		st.Leave(nil) // its answer broke off, and so cannot be given again
		return err
	}
	st.Leave(w.answer())
	return nil
}

// seqHeader comes back with the number of a step that was done, well or not, so that the
// client goes on behind it. An answer without it means that the number is still to be used.
const seqHeader = "Weft-Transaction-Seq"

// usedUp says that a step was done under its number, though not as this request.
func usedUp(err error) bool {
	e := dberr.As(err)
	return e != nil && (e.Code == "TRANSACTION_SEQUENCE_REUSED" || e.Code == "ANSWER_NOT_KEPT")
}

// keptAnswer is the longest answer of a numbered step that is kept.
const keptAnswer = 4 << 20

// incomplete says that a request broke off before it was all there.
func incomplete(err error) bool {
	e := dberr.As(err)
	return e != nil && e.Code == "BODY_INCOMPLETE"
}

func sequence(h http.Header) (int64, error) {
	v := h.Get(seqHeader)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 {
		return 0, invalid("INVALID_HEADER", "Weft-Transaction-Seq is %q, want a whole number from 1 that rises by 1", shorten(v, 40)).WithField("Weft-Transaction-Seq")
	}
	return n, nil
}

// clientOf tells clients apart: by their address, as long as there are no users.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// isolationNames are the values of "isolation". The weaker levels of SQL get snapshot
// isolation, which promises more.
func parseIsolation(v string) (txn.Isolation, error) {
	switch strings.ReplaceAll(strings.ToLower(v), "_", " ") {
	case "", "default", "serializable":
		return txn.Serializable, nil
	case "snapshot", "repeatable read", "read committed", "read uncommitted":
		return txn.Snapshot, nil
	}
	return 0, invalid("INVALID_FIELD", `field "isolation" must be "serializable" or "snapshot", not %q`, shorten(v, 40)).WithField("isolation").
		WithHint("repeatable read, read committed and read uncommitted are taken for snapshot, which promises more.")
}

func isolationName(i txn.Isolation) string {
	if i == txn.Snapshot {
		return "snapshot"
	}
	return "serializable"
}

// elsewhere completes what is known of a transaction that is not here: another run of
// the server may have committed it.
func (s *Server) elsewhere(ctx context.Context, id string, err error) error {
	e := dberr.As(err)
	if e == nil || e.Code != "TRANSACTION_ENDED" && !errors.Is(err, dberr.ErrNotFound) {
		return err
	}
	if ts, ok, lerr := s.lookCommit(ctx, id); lerr == nil && ok {
		return dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", "the transaction has been committed, at %d", ts).
			WithHint("Begin another one.")
	}
	return err
}
