package api

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// statement is a request whose SQL runs.
type statement struct {
	id, sql, database, client string
	start                     time.Time
	cancel                    context.CancelCauseFunc

	before, after *statement // in running; guarded by its lock
}

// running knows the statements that run. Its lock is a leaf and never held over
// a call.
type running struct {
	mu        sync.Mutex
	first     *statement
	ended     error // why all that come are canceled at once: the server stops
	suspended error // likewise, until resume
}

// add lists a statement. Where all were canceled, so is this one, whose request had come
// before, and had got no further.
func (r *running) add(st *statement) {
	r.mu.Lock()
	cause := cmp.Or(r.ended, r.suspended)
	if st.after = r.first; st.after != nil {
		st.after.before = st
	}
	r.first = st
	r.mu.Unlock()
	if cause != nil {
		st.cancel(cause)
	}
}

func (r *running) remove(st *statement) {
	r.mu.Lock()
	if st.before != nil {
		st.before.after = st.after
	} else {
		r.first = st.after
	}
	if st.after != nil {
		st.after.before = st.before
	}
	st.before, st.after = nil, nil
	r.mu.Unlock()
}

// list returns the statements, oldest first.
func (r *running) list() []*statement {
	r.mu.Lock()
	var all []*statement
	for st := r.first; st != nil; st = st.after {
		all = append(all, st)
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *statement) int { return a.start.Compare(b.start) })
	return all
}

// cancel ends the statements of an id and says how many there were.
func (r *running) cancel(id string) (n int) {
	for _, st := range r.list() {
		if st.id == id {
			st.cancel(dberr.SQL(dberr.StateQueryCanceled, "canceled by request"))
			n++
		}
	}
	return n
}

// end cancels the statements that run and those that are yet to come.
func (r *running) end(cause error) { r.cancelAll(&r.ended, cause) }

// suspend is end until resume.
func (r *running) suspend(cause error) { r.cancelAll(&r.suspended, cause) }

func (r *running) resume() {
	r.mu.Lock()
	r.suspended = nil
	r.mu.Unlock()
}

func (r *running) cancelAll(why *error, cause error) {
	r.mu.Lock()
	*why = cause
	r.mu.Unlock()
	for _, st := range r.list() {
		st.cancel(cause)
	}
}
