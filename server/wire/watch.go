package wire

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a request runs before its connection is watched. Most that wait for the
// disk have ended by then.
const patience = 10 * time.Millisecond

// life is the context of a request. It ends with the request, and when the client goes, which
// is looked for once the request has run for patience.
type life struct {
	p     *plain // of use only before the end
	ended atomic.Bool

	// mu guards what is there once somebody waits. It is a leaf.
	mu    sync.Mutex
	done  chan struct{}
	after map[*func()]struct{}
}

// Deadline implements context.Context.
func (l *life) Deadline() (time.Time, bool) { return time.Time{}, false }

// Err implements context.Context.
func (l *life) Err() error {
	if l.ended.Load() {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context.
func (l *life) Value(k any) any {
	switch k {
	case key{}:
		return l.p.conn
	case http.LocalAddrContextKey:
		return l.p.conn.LocalAddr()
	case http.ServerContextKey:
		return l.p.server.others
	}
	return nil
}

// Done implements context.Context.
func (l *life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil {
		return l.done
	}
	l.done = make(chan struct{})
	if l.ended.Load() {
		close(l.done)
	}
	return l.done
}

// AfterFunc is what package context looks for, to start no goroutine for a context that is
// made of this one.
func (l *life) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended.Load() {
		go f()
		return func() bool { return false }
	}
	if l.done == nil {
		l.done = make(chan struct{})
	}
	if l.after == nil {
		l.after = make(map[*func()]struct{})
	}
	k := &f
	l.after[k] = struct{}{}
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, there := l.after[k]
		delete(l.after, k)
		return there
	}
}

// end ends the context.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended.Swap(true) {
		return
	}
	if l.done != nil {
		close(l.done)
	}
	for f := range l.after {
		go (*f)()
	}
	clear(l.after)
}

// finish ends the context of a request that is over if anybody may have kept it, and says so.
// Else it is the context of the next one.
func (l *life) finish() (kept bool) {
	l.mu.Lock()
	kept = l.done != nil || l.ended.Load()
	l.mu.Unlock()
	if kept {
		l.end()
	}
	return kept
}

// watched begins a request, whose client is looked for once it has run for patience. The timer
// goes on through requests, since to set it for each would have the scheduler look at it for each.
func (p *plain) watched(read bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serving, p.read = true, read
	p.served++
	if p.ticking {
		return
	}
	p.ticking, p.seen = true, p.served
	if p.timer == nil {
		p.timer = time.AfterFunc(patience, p.tick)
	} else {
		p.timer.Reset(patience)
	}
}

// tick begins the watch if the request that it saw at its last time still runs. It comes again
// unless no other has begun meanwhile.
func (p *plain) tick() {
	p.mu.Lock()
	fresh := p.served != p.seen
	if fresh {
		p.seen = p.served
		p.timer.Reset(patience)
	} else {
		p.ticking = false
	}
	p.mu.Unlock()
	if !fresh {
		p.watch()
	}
}

// watch reads from the connection while a request runs, which tells when the client goes. Where
// the client has sent more, it is there.
func (p *plain) watch() {
	p.mu.Lock()
	if !p.serving || p.reading || p.earlier > 0 {
		p.mu.Unlock()
		return
	}
	if !p.read {
		p.due = true
		p.mu.Unlock()
		return
	}
	p.reading = true
	l := &p.call.life
	p.mu.Unlock()
	n, err := p.conn.Read(p.early[:])
	p.mu.Lock()
	p.reading, p.earlier = false, n
	gone := err != nil && !p.ending
	p.rested.Broadcast()
	p.mu.Unlock()
	if gone {
		l.end()
	}
}

// bodyRead says that nothing more of the body is to be read from the connection.
func (p *plain) bodyRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = true
	if p.due {
		p.due = false
		go p.watch()
	}
}

// rest ends the watch, so that the connection may be read from.
func (p *plain) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serving, p.due = false, false
	if p.reading {
		p.ending = true
		p.conn.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // then the read has failed
		for p.reading {
			p.rested.Wait()
		}
		p.ending = false
		p.conn.SetReadDeadline(time.Time{}) //nolint:errcheck // who reads next hears of it
	}
	if p.earlier > 0 { // behind what was read before it
		p.earlier = 0
		if p.r == p.w {
			p.r, p.w = 0, 0
		}
		p.buf = append(p.buf[:p.w], p.early[0])
		p.w++
		p.buf = p.buf[:cap(p.buf)]
	}
}
