package query

import (
	"context"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// turn is a session for one request and what its first statement takes, as one piece of
// memory, which is used again where it is sure that nobody else knows of it.
type turn struct {
	session Session
	request Request
	held    heldSink
	run     running
	stage   stage
	env     fn.Env
	params  [4]exec.Param
	counts  [2]tableCount
	ended   *txn.Tx // the last transaction, which has committed
	wait    exec.Deferral
	waits   func(table keyspace.ObjectID, name string, initially bool) bool // that of wait, which stays

	begun  bool // run is taken
	staged bool // stage is
	told   bool // env is
	valued bool // params are

	kept  bool // its statement has run, by a plan that was kept
	well  bool // the request has ended well
	known bool // somebody else may know of the session
}

var turns = sync.Pool{New: func() any { return new(turn) }}

// turn returns a session that is to be given back with done.
func (e *Engine) turn(db catalog.Database) *turn {
	t := turns.Get().(*turn)
	t.session.e, t.session.db, t.session.set, t.session.turn = e, db, e.defaultSettings(), t
	t.session.number = e.nextSession()
	return t
}

// execute runs the request.
func (t *turn) execute(ctx context.Context, req Request, sink Sink) error {
	s := &t.session
	if err := s.Execute(ctx, req, sink); err != nil {
		return err
	}
	if s.block {
		return dberr.SQL(dberr.StateActiveTransaction, "the transaction was begun but not committed, and has been rolled back").
			WithHint("End the text with COMMIT, or use a transaction that spans calls.")
	}
	t.well = true
	return nil
}

// reusable says that nobody else knows of the memory. Of a statement that was planned both
// kept and known say that somebody does, since much hangs on it.
func (t *turn) reusable() bool { return t.well && t.kept && !t.known }

// done closes the session. Its memory is used again only after one statement whose plan was
// kept: a plan knows the session that it was made in, and of what fails, or changes
// settings, it is not worth to know whether something does.
func (t *turn) done() {
	t.session.Close()
	if t.reusable() {
		if t.ended != nil {
			t.ended.Release()
		}
		*t = turn{waits: t.waits}
		turns.Put(t)
	}
}

// ranWell notes that a statement has run by a plan.
func (r *running) ranWell(c *compiled) {
	if t := r.s.turn; t != nil {
		t.kept = r == &t.run && r.cached && len(c.external) == 0 && r.pasts == nil
	}
}

// isKnown notes that something that stays knows the session.
func (s *Session) isKnown() {
	if s.turn != nil {
		s.turn.known = true
	}
}

// counting gives the counts of a new transaction room for one table.
func (t *turn) counting(w *txWork) {
	w.rows, w.changed = t.counts[0:0:1], t.counts[1:1:2]
}

// deferral is what Session.deferral begins with.
func (t *turn) deferral() *exec.Deferral {
	if t.waits == nil {
		t.waits = t.session.constraintWaits
	}
	t.wait = exec.Deferral{Waits: t.waits}
	return &t.wait
}

// called keeps the request that the session runs.
func (s *Session) called(req Request) *Request {
	if t := s.turn; t != nil {
		t.request = req
		return &t.request
	}
	return &req
}

// hold returns what keeps results until the transaction has ended.
func (s *Session) hold(sink Sink) *heldSink {
	if t := s.turn; t != nil {
		t.held = heldSink{to: sink}
		return &t.held
	}
	return &heldSink{to: sink}
}

// running returns memory for a statement on its way.
func (s *Session) running() *running {
	if t := s.turn; t != nil && !t.begun {
		t.begun = true
		return &t.run
	}
	s.isKnown() // it is no matter of one statement
	return new(running)
}

// stage returns memory for the run of a plan.
func (s *Session) stage() *stage {
	if t := s.turn; t != nil && !t.staged {
		t.staged = true
		return &t.stage
	}
	return new(stage)
}

// environment returns memory for what functions are told of the session.
func (s *Session) environment() *fn.Env {
	if t := s.turn; t != nil && !t.told {
		t.told = true
		return &t.env
	}
	return new(fn.Env)
}

// room returns memory for n parameters.
func (s *Session) room(n int) []exec.Param {
	if t := s.turn; t != nil && !t.valued && n <= len(t.params) {
		t.valued = true
		return t.params[:n:n]
	}
	return make([]exec.Param, n)
}
