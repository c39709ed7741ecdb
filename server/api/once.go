package api

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/answers"
	"github.com/weftdb/weft/storage/txn"
)

// onceScope is that of the answers of requests with an Idempotency-Key.
const onceScope = "idempotency"

// onceAttempts is how often a request with a key is run again after a conflict.
const onceAttempts = 20

// once runs a request that has a key in one transaction with the record of its answer.
// Where the record is there already the answer is given again. A request that fails has
// done nothing, so nothing is kept of it.
func (s *Server) once(x *exchange, key string, next echo.HandlerFunc) error {
	if err := answers.CheckKey(key); err != nil {
		return err
	}
	db, err := s.db(x)
	if err != nil {
		return err
	}
	body, err := s.wholeBody(x)
	if err != nil {
		return err
	}
	var met txn.Contended
	for attempt := 1; ; attempt++ {
		if body != nil {
			x.Request().Body = io.NopCloser(bytes.NewReader(body.b))
		}
		err := s.onceTry(x, db, key, &met, next)
		if !dberr.RunAgain(err) || body == nil || attempt == onceAttempts {
			return err
		}
		if met.Learn(err) {
			continue // it waits for the key instead of some time
		}
		if err := pause(x.Request().Context(), attempt); err != nil {
			return err
		}
	}
}

// wholeBody reads the body, unless it may be of any length.
func (s *Server) wholeBody(x *exchange) (*buffer, error) {
	if streamed[x.Path()] {
		return nil, nil
	}
	b, err := s.readWhole(x, nil, s.opts.BodyBytes)
	return &buffer{b: b}, err
}

// pause waits a random time that grows with the attempts.
func pause(ctx context.Context, attempt int) error {
	t := time.NewTimer(rand.N(min(time.Millisecond<<min(attempt, 6), 50*time.Millisecond)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return dberr.New(dberr.ErrCanceled, "CANCELED", "the request was given up").Wrap(context.Cause(ctx))
	}
}

func (s *Server) onceTry(x *exchange, db Backend, key string, met *txn.Contended, next echo.HandlerFunc) error {
	ctx := x.Request().Context()
	tx, err := db.Begin(ctx, "", txn.TxOptions{After: met})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	d := digest(x.Request())
	old, _, ok, err := answers.Get(tx.Tx(), onceScope, key)
	if err != nil {
		return err
	}
	if ok {
		sum, err := d.sum()
		if err != nil {
			return err
		}
		if sum != old.Request {
			return dberr.New(dberr.ErrConstraint, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key %q belongs to another request", shorten(key, 64)).
				WithField("Idempotency-Key").WithHint("Use a new key for a new request.")
		}
		return replay(x, old.Status, old.Header, old.Body)
	}
	w, err := s.captured(x, tx, answers.MaxAnswerBytes, next)
	if err != nil {
		return err
	}
	a := answers.Answer{Status: w.status, Header: kept(w.header), Body: w.body}
	if a.Request, err = d.sum(); err != nil {
		return err
	}
	if err := answers.Put(tx.Tx(), onceScope, key, a, s.opts.AnswerTTL); err != nil {
		return err
	}
	if _, err := tx.Commit(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return send(x, w)
}

// captured runs the handler in a transaction and keeps what it answers.
func (s *Server) captured(x *exchange, tx Transaction, limit int, next echo.HandlerFunc) (*capture, error) {
	w := newCapture(limit)
	real := x.Response()
	x.SetResponse(echo.NewResponse(w, s.echo))
	x.tx = tx
	defer func() {
		x.SetResponse(real)
		x.tx = nil
	}()
	if err := next(x); err != nil {
		return nil, err
	}
	if w.over {
		return nil, answers.TooLarge()
	}
	if tx.Failed() {
		return nil, dberr.SQL(dberr.StateFailedTransaction, "a statement of the request has failed")
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w, nil
}

// send sends a captured answer.
func send(x *exchange, w *capture) error {
	res := x.Response()
	h := res.Header()
	for _, kv := range kept(w.header) {
		h.Set(kv[0], kv[1])
	}
	res.WriteHeader(w.status)
	if _, err := res.Write(w.body); err != nil {
		return clientGone(err)
	}
	return nil
}
