package api

import (
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
}

// running knows the statements that run. Its lock is a leaf and never held over
// a call.
type running struct {
	mu  sync.Mutex
	set map[*statement]struct{}
}

func (r *running) add(st *statement) {
	r.mu.Lock()
	if r.set == nil {
		r.set = make(map[*statement]struct{})
	}
	r.set[st] = struct{}{}
	r.mu.Unlock()
}

func (r *running) remove(st *statement) {
	r.mu.Lock()
	delete(r.set, st)
	r.mu.Unlock()
}

// list returns the statements, oldest first.
func (r *running) list() []*statement {
	r.mu.Lock()
	all := make([]*statement, 0, len(r.set))
	for st := range r.set {
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

func (r *running) cancelAll(cause error) {
	for _, st := range r.list() {
		st.cancel(cause)
	}
}
