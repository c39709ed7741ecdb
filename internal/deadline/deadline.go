// Package deadline has contexts that cost little until somebody waits on them: no timer
// runs and no parent knows of them before Done is called. A request that ends in
// microseconds only ever asks whether it has ended.
//
// A Context promises what context.WithTimeoutCause and WithCancelCause do, but for one
// thing: context.Cause of it is the cause of its parent, or its error; its own cause is
// Cause. It owns a timer from the first Done to its end, so whoever makes one calls Cancel.
package deadline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Context ends when it is canceled, when its parent ends, and when its time is up.
type Context struct {
	parent context.Context
	at     time.Time // zero: never
	end    atomic.Pointer[ending]

	// mu guards what is there once somebody waits. Held over no call out of this package but
	// those that stop a timer and leave the parent.
	mu     sync.Mutex
	done   chan struct{}
	timer  *time.Timer
	leave  func() bool // the parent, where that is no Context
	waited bool
	first  *Context // of those that wait for this one as their parent

	next, prev *Context // in the parent's list; guarded by the parent's mu
	listed     bool     // likewise
}

// ending is how a context ended.
type ending struct{ err, cause error }

// canceled is how most contexts end: when what they are for is done.
var canceled = &ending{context.Canceled, context.Canceled}

// New returns a context that ends after d, or only with its parent or by Cancel where d is
// not positive.
func New(parent context.Context, d time.Duration) *Context {
	c := &Context{parent: parent}
	if d > 0 {
		c.at = time.Now().Add(d)
	}
	return c
}

// Cancel ends the context; a nil cause means context.Canceled. It does nothing to one that
// has ended.
func (c *Context) Cancel(cause error) {
	if c.Err() != nil {
		return
	}
	if cause == nil {
		c.endAs(canceled)
		return
	}
	c.finish(context.Canceled, cause)
}

// Cause is why the context ended, nil before that.
func (c *Context) Cause() error {
	if c.Err() == nil {
		return nil
	}
	return c.end.Load().cause
}

// Err implements context.Context.
func (c *Context) Err() error {
	if e := c.end.Load(); e != nil {
		return e.err
	}
	if err := c.parent.Err(); err != nil {
		c.finish(err, context.Cause(c.parent))
	} else if !c.at.IsZero() && time.Until(c.at) <= 0 { // this reads one clock, Now reads two
		c.finish(context.DeadlineExceeded, context.DeadlineExceeded)
	} else {
		return nil
	}
	return c.end.Load().err
}

// Done implements context.Context.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	c.done = make(chan struct{})
	if c.end.Load() != nil {
		close(c.done)
		return c.done
	}
	c.watch()
	return c.done
}

// watch has the context end by its clock and with its parent from now on. The caller holds
// mu. A parent of this package is told directly: context.AfterFunc would start a goroutine
// that waits for it.
func (c *Context) watch() {
	if c.waited {
		return
	}
	c.waited = true
	if p, ok := c.parent.(*Context); ok {
		p.follow(c)
	} else {
		c.leave = context.AfterFunc(c.parent, func() { c.finish(c.parent.Err(), context.Cause(c.parent)) })
	}
	if !c.at.IsZero() {
		c.timer = time.AfterFunc(time.Until(c.at), func() { c.finish(context.DeadlineExceeded, context.DeadlineExceeded) })
	}
}

// follow has child end when c does. The caller holds the child's mu, so locks are taken from
// child to parent, and a child is ended without its parent's lock.
func (c *Context) follow(child *Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end.Load() != nil {
		go child.endWith(c)
		return
	}
	if child.next = c.first; child.next != nil {
		child.next.prev = child
	}
	c.first, child.listed = child, true
	c.watch()
}

// unfollow takes child off the list of those that end with c, unless c has ended.
func (c *Context) unfollow(child *Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !child.listed {
		return
	}
	if child.prev != nil {
		child.prev.next = child.next
	} else {
		c.first = child.next
	}
	if child.next != nil {
		child.next.prev = child.prev
	}
	child.next, child.prev, child.listed = nil, nil, false
}

// endWith ends a context because its parent has ended.
func (c *Context) endWith(parent *Context) { c.finish(parent.Err(), context.Cause(parent)) }

// finish ends the context, once.
func (c *Context) finish(err, cause error) { c.endAs(&ending{err, cause}) }

func (c *Context) endAs(e *ending) {
	if !c.end.CompareAndSwap(nil, e) {
		return
	}
	for child := c.settle(); child != nil; {
		next := child.next // nobody changes the list of a context that has ended
		child.next = nil
		child.endWith(c)
		child = next
	}
}

// settle tells who waits that the context has ended, and returns the list of those that are to
// end with it.
func (c *Context) settle() (children *Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.waited {
		return nil
	}
	c.waited = false
	if c.done != nil {
		close(c.done)
	}
	if p, ok := c.parent.(*Context); ok {
		p.unfollow(c)
	} else {
		c.leave()
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	children, c.first = c.first, nil
	for child := children; child != nil; child = child.next {
		child.prev, child.listed = nil, false
	}
	return children
}

// Deadline implements context.Context.
func (c *Context) Deadline() (time.Time, bool) {
	at, ok := c.parent.Deadline()
	if c.at.IsZero() || ok && at.Before(c.at) {
		return at, ok
	}
	return c.at, true
}

// Value implements context.Context.
func (c *Context) Value(key any) any { return c.parent.Value(key) }
