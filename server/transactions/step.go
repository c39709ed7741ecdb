package transactions

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Digest tells requests apart.
type Digest [32]byte

// Answer is what a numbered step answered, kept in case that it is sent again.
type Answer struct {
	Status int
	Header map[string][]string
	Body   []byte
}

// keptAnswer is the largest answer that is kept.
const keptAnswer = 4 << 20

func (a *Answer) size() int64 {
	if a == nil {
		return 0
	}
	return int64(len(a.Body)) + 512
}

// Step is the right to use a transaction until Leave.
type Step struct {
	Tx Tx
	// Repeated is the answer of the same step, which was done before. Then there is
	// nothing to do, and nothing to leave.
	Repeated *Answer

	r      *Registry
	e      *entry
	seq    int64
	digest func() (Digest, error)
	cancel context.CancelCauseFunc
}

// StepAsk is what a client asks of a step: a number from 1, or 0 for none, and with a number the digest of the
// request, which is asked for when it is known.
type StepAsk struct {
	Seq    int64
	Digest func() (Digest, error)
	// Cancel ends what the step does, where the transaction is to be ended at once.
	Cancel context.CancelCauseFunc
}

// Enter begins a step. A step with the number of the one that still runs waits for it.
func (r *Registry) Enter(ctx context.Context, id string, ask StepAsk) (*Step, error) {
	for {
		r.mu.Lock()
		e := r.mu.all[id]
		if e == nil {
			r.mu.Unlock()
			return nil, r.unknown(id)
		}
		if e.State != Open {
			err := e.endedLocked()
			r.mu.Unlock()
			return nil, err
		}
		if e.busy != nil {
			free, same := e.free, ask.Seq != 0 && e.busy.seq == ask.Seq
			r.mu.Unlock()
			if !same {
				return nil, errBusy()
			}
			if err := wait(ctx, free); err != nil {
				return nil, err
			}
			continue
		}
		if ask.Seq != 0 && ask.Seq == e.seq {
			return r.repeat(e, ask) // unlocks
		}
		if ask.Seq != 0 && ask.Seq != e.seq+1 {
			err := dberr.New(dberr.ErrExists, "TRANSACTION_SEQUENCE", "Weft-Transaction-Seq is %d, but the last step was %d", ask.Seq, e.seq).
				WithHint("Send %d next, or %d again to get its answer.", e.seq+1, e.seq)
			r.mu.Unlock()
			return nil, err
		}
		st := &Step{Tx: e.tx, r: r, e: e, seq: ask.Seq, digest: ask.Digest, cancel: ask.Cancel}
		e.busy, e.free = st, make(chan struct{})
		r.mu.Unlock()
		return st, nil
	}
}

// repeat answers a step that was done before. It is called under r.mu and unlocks it.
func (r *Registry) repeat(e *entry, ask StepAsk) (*Step, error) {
	answer, digest, seq := e.answer, e.digest, e.seq
	r.mu.Unlock()
	got, err := ask.Digest() // reads the body
	if err != nil {
		return nil, err
	}
	if got != digest {
		return nil, dberr.New(dberr.ErrConstraint, "TRANSACTION_SEQUENCE_REUSED", "step %d of the transaction was another request", seq).
			WithHint("Send the same request again, or the next one with number %d.", seq+1)
	}
	if answer == nil {
		return nil, dberr.New(dberr.ErrExists, "ANSWER_NOT_KEPT", "step %d of the transaction was done, but its answer was too large to keep", seq).
			WithHint("Go on with number %d; a step that only reads can be sent again under it.", seq+1)
	}
	r.mu.Lock()
	if e.State == Open {
		r.waitLocked(e)
	}
	r.mu.Unlock()
	return &Step{Repeated: answer}, nil
}

func wait(ctx context.Context, free <-chan struct{}) error {
	select {
	case <-free:
		return nil
	case <-ctx.Done():
		return dberr.New(dberr.ErrCanceled, "CANCELED", "the request was given up").Wrap(context.Cause(ctx))
	}
}

func errBusy() error {
	return dberr.New(dberr.ErrExists, "TRANSACTION_BUSY", "the transaction runs another request").
		WithHint("Send its requests one after the other; DELETE /api/v1/transactions/:id cancels what runs and rolls back.")
}

// Leave ends a step that was done, with its answer where it has a number. A nil
// answer means that it was not kept.
func (st *Step) Leave(answer *Answer) {
	var digest Digest
	if st.seq != 0 {
		var err error
		if digest, err = st.digest(); err != nil {
			st.Undone() // the request did not come whole
			return
		}
	}
	st.r.mu.Lock()
	defer st.r.mu.Unlock()
	e := st.e
	e.Steps++
	if d := st.Tx.IdleTimeout(); d > 0 {
		e.idle = min(d, st.r.opts.MaxIdle)
	}
	if st.seq != 0 {
		st.r.dropAnswerLocked(e)
		e.seq, e.digest = st.seq, digest
		if n := answer.size(); answer != nil && n <= keptAnswer && st.r.mu.answers+n <= st.r.opts.KeepAnswers {
			e.answer = answer
			st.r.mu.answers += n
		}
	}
	st.r.freeLocked(e)
}

func (r *Registry) dropAnswerLocked(e *entry) {
	r.mu.answers -= e.answer.size()
	e.answer = nil
}

// Undone ends a step that has done nothing, so that it can be sent again.
func (st *Step) Undone() {
	st.r.mu.Lock()
	defer st.r.mu.Unlock()
	st.r.freeLocked(st.e)
}

// Broken ends a step that was left in the middle, and with it the transaction.
func (st *Step) Broken(reason string) {
	tx := st.Tx
	tx.Rollback()
	st.r.mu.Lock()
	st.r.endLocked(st.e, RolledBack, reason)
	close(st.e.free)
	st.e.busy = nil
	st.r.mu.Unlock()
	st.r.tell(st.e.ID, RolledBack, reason)
}

func (r *Registry) freeLocked(e *entry) {
	e.busy = nil
	close(e.free)
	if e.State == Open {
		r.waitLocked(e)
	}
}

// endedLocked is the error of a step that comes too late.
func (e *entry) endedLocked() error {
	switch e.State {
	case Committed:
		return gone("the transaction has been committed")
	case Failed:
		return gone("the transaction has ended: %s", e.Reason)
	}
	return gone("the transaction was rolled back: %s", e.Reason)
}

// claim takes an open transaction for its end, waiting for a step that runs if asked to.
func (r *Registry) claim(ctx context.Context, id string, cancel error) (*entry, *Step, error) {
	for {
		r.mu.Lock()
		e := r.mu.all[id]
		if e == nil {
			r.mu.Unlock()
			return nil, nil, r.unknown(id)
		}
		if e.State != Open || e.busy == nil {
			st := &Step{Tx: e.tx, r: r, e: e, seq: ending}
			if e.State == Open {
				e.busy, e.free = st, make(chan struct{})
			}
			r.mu.Unlock()
			return e, st, nil
		}
		free, busy := e.free, e.busy
		r.mu.Unlock()
		if busy.seq != ending { // a step, not another end
			if cancel == nil {
				return nil, nil, errBusy()
			}
			if busy.cancel != nil {
				busy.cancel(cancel)
			}
		}
		if err := wait(ctx, free); err != nil {
			return nil, nil, err
		}
	}
}

// ending stands for the number of a step that ends the transaction.
const ending = -1

// commitPatience bounds a commit, which may wait for locks of other transactions.
const commitPatience = time.Minute

// Commit commits a transaction. Asked for again it tells the same outcome.
func (r *Registry) Commit(ctx context.Context, id string) (Info, error) {
	e, st, err := r.claim(ctx, id, nil)
	if err != nil {
		return Info{}, err
	}
	if st.Tx == nil {
		return r.outcome(e)
	}
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitPatience) // a client that leaves does not make the outcome unknown
	defer cancel()
	ts, err := st.Tx.Commit(patient)
	state, reason := Committed, ""
	if err != nil {
		state, reason = Failed, "its commit failed"
		if d := dberr.As(err); d != nil {
			reason += ": " + d.Message
		}
		if errors.Is(err, dberr.ErrInvalid) {
			state = RolledBack
		}
	}
	r.mu.Lock()
	e.CommitTS, e.err = ts, err
	r.endLocked(e, state, reason)
	e.busy = nil
	close(e.free)
	info := e.Info
	r.mu.Unlock()
	r.tell(e.ID, state, reason)
	return info, err
}

// outcome tells again how a transaction ended that is asked to commit.
func (r *Registry) outcome(e *entry) (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.State == Committed:
		return e.Info, nil
	case e.err != nil:
		return e.Info, e.err
	}
	return e.Info, e.endedLocked()
}

// Rollback rolls a transaction back; asked for again it says so again.
func (r *Registry) Rollback(ctx context.Context, id string) (Info, error) {
	e, st, err := r.claim(ctx, id, nil)
	if err != nil {
		return Info{}, err
	}
	return r.undo(e, st, "as asked for")
}

// Abort cancels what the transaction runs and rolls it back.
func (r *Registry) Abort(ctx context.Context, id string) (Info, error) {
	r.mu.Lock()
	e := r.mu.all[id]
	r.mu.Unlock()
	if e == nil {
		return Info{}, r.unknown(id)
	}
	return r.abort(ctx, e, "as asked for")
}

func (r *Registry) abort(ctx context.Context, e *entry, reason string) (Info, error) {
	e, st, err := r.claim(ctx, e.ID, dberr.SQL(dberr.StateQueryCanceled, "the transaction was ended"))
	if err != nil {
		return Info{}, err
	}
	return r.undo(e, st, reason)
}

func (r *Registry) undo(e *entry, st *Step, reason string) (Info, error) {
	if st.Tx != nil {
		st.Broken(reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.State == Committed {
		return e.Info, dberr.New(dberr.ErrExists, "TRANSACTION_COMMITTED", "the transaction has been committed, at %d", e.CommitTS)
	}
	return e.Info, nil
}

func sortInfos(list []Info) {
	slices.SortFunc(list, func(a, b Info) int { return a.Created.Compare(b.Created) })
}
