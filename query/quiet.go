package query

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/storage/keyspace"
)

// quiet lets a change of the catalog that conflicts with writers again and again have
// a database to itself: while it holds the quiet, transactions that may write wait
// before they begin. Those that are open go on, and whoever holds it waits for nobody,
// so there are no deadlocks.
type quiet struct {
	held atomic.Int32 // databases that are held: 0 costs a transaction nothing

	// mu is a leaf.
	mu struct {
		sync.Mutex
		ends map[keyspace.DatabaseID]chan struct{} // closed when the holder is done
	}
}

// wait waits until nobody holds the quiet of a database.
func (q *quiet) wait(ctx context.Context, db keyspace.DatabaseID) error {
	for q.held.Load() > 0 {
		q.mu.Lock()
		end := q.mu.ends[db]
		q.mu.Unlock()
		if end == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
		}
	}
	return nil
}

// hold takes the quiet of a database once nobody else holds it.
func (q *quiet) hold(ctx context.Context, db keyspace.DatabaseID) (release func(), err error) {
	for {
		q.mu.Lock()
		end := q.mu.ends[db]
		if end == nil {
			if q.mu.ends == nil {
				q.mu.ends = map[keyspace.DatabaseID]chan struct{}{}
			}
			end = make(chan struct{})
			q.mu.ends[db] = end
			q.held.Add(1)
			q.mu.Unlock()
			return func() {
				q.mu.Lock()
				delete(q.mu.ends, db)
				q.mu.Unlock()
				q.held.Add(-1)
				close(end)
			}, nil
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end:
		}
	}
}
