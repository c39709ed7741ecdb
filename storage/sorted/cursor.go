package sorted

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// cursor is an engine iterator with the buffers that go with it.
type cursor struct {
	it    *pebble.Iterator
	epoch uint64 // of its pool when it was opened
	key   []byte
	value []byte
}

// cursorPool keeps engine iterators for use again, since opening one costs about as
// much as the read that it is for. An iterator sees the store as it was when it was
// opened and holds on to the files of then; so the pool has an epoch, which moves
// when the content or the files change, and cursors of earlier ones are closed.
type cursorPool struct {
	open  func() (*pebble.Iterator, error)
	limit int
	epoch atomic.Uint64

	mu   sync.Mutex // guards idle; innermost
	idle []*cursor
}

// take returns a cursor that sees everything that was there when take was called.
func (p *cursorPool) take() (*cursor, error) {
	epoch := p.epoch.Load()
	for {
		c := p.pop()
		if c == nil {
			break
		}
		if c.epoch == epoch {
			return c, nil
		}
		_ = c.it.Close() // an error of an earlier read, told then
	}
	it, err := p.open()
	if err != nil {
		return nil, err
	}
	return &cursor{it: it, epoch: epoch}, nil
}

func (p *cursorPool) pop() *cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// give puts a cursor back. One that met an error is closed.
func (p *cursorPool) give(c *cursor) {
	if c.it.Error() == nil && cap(c.value) <= 1<<20 {
		p.mu.Lock()
		// The epoch is read under the lock, so that drop, which runs after it moved,
		// finds every cursor of before.
		if c.epoch == p.epoch.Load() && len(p.idle) < p.limit {
			p.idle = append(p.idle, c)
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
	_ = c.it.Close() // its error was told by the read
}

// stale ends the use of the cursors opened before. It takes no locks.
func (p *cursorPool) stale() { p.epoch.Add(1) }

// drop closes idle cursors of earlier epochs, which hold files that are not used
// any more.
func (p *cursorPool) drop() {
	epoch := p.epoch.Load()
	p.mu.Lock()
	var old []*cursor
	kept := p.idle[:0]
	for _, c := range p.idle {
		if c.epoch == epoch {
			kept = append(kept, c)
		} else {
			old = append(old, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	p.mu.Unlock()
	for _, c := range old {
		_ = c.it.Close()
	}
}

// drain closes all idle cursors.
func (p *cursorPool) drain() {
	p.stale()
	p.drop()
}
