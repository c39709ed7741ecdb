package deadline

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errMine = errors.New("mine")

// TestEnds: a context ends by its clock, by its parent and by Cancel, asked or waited for,
// with the error and the cause that go with it, and keeps them.
func TestEnds(t *testing.T) {
	for _, wait := range []bool{false, true} {
		for _, c := range []struct {
			name       string
			end        func(parent context.CancelCauseFunc, c *Context)
			err, cause error
		}{
			{"clock", func(context.CancelCauseFunc, *Context) { time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
			{"parent", func(p context.CancelCauseFunc, _ *Context) { p(errMine) }, context.Canceled, errMine},
			{"cancel", func(_ context.CancelCauseFunc, c *Context) { c.Cancel(errMine) }, context.Canceled, errMine},
			{"plain", func(_ context.CancelCauseFunc, c *Context) { c.Cancel(nil) }, context.Canceled, context.Canceled},
		} {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine or timer outlives it
				parent, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				ctx := New(parent, time.Second)
				if wait {
					select {
					case <-ctx.Done():
						t.Fatalf("%s: ended at once", c.name)
					default:
					}
				}
				if ctx.Err() != nil || ctx.Cause() != nil {
					t.Fatalf("%s: %v before the end", c.name, ctx.Err())
				}
				c.end(cancel, ctx)
				if wait {
					<-ctx.Done()
				}
				ctx.Cancel(errors.New("too late"))
				if ctx.Err() != c.err || ctx.Cause() != c.cause {
					t.Errorf("%s, waited %t: got %v because of %v, want %v because of %v", c.name, wait, ctx.Err(), ctx.Cause(), c.err, c.cause)
				}
				<-ctx.Done() // also where nobody has waited before
			})
		}
	}
}

func TestNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := New(t.Context(), 0)
		time.Sleep(1000 * time.Hour)
		if _, ok := ctx.Deadline(); ok || ctx.Err() != nil {
			t.Errorf("it ended: %v", ctx.Err())
		}
		ctx.Cancel(nil)
	})
}

func TestDeadlineIsTheEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, d := range []time.Duration{time.Second, time.Hour} {
			ctx := New(parent, d)
			at, ok := ctx.Deadline()
			if want := time.Now().Add(min(d, time.Minute)); !ok || !at.Equal(want) {
				t.Errorf("deadline %v, want %v", at, want)
			}
			ctx.Cancel(nil)
		}
	})
}

// TestChildren: contexts made of it end with it, and its values are its parent's.
func TestChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx := New(context.WithValue(t.Context(), key{}, 7), time.Minute)
		child, cancel := context.WithCancel(ctx)
		defer cancel()
		if child.Value(key{}) != 7 {
			t.Error("a value is lost")
		}
		ctx.Cancel(nil)
		<-child.Done()
	})
}

// TestNested: a context of this package whose parent is one ends as any other, the middle
// one waited for or not, and one that has ended is forgotten by its parent.
func TestNested(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(top context.CancelCauseFunc, middle *Context)
		err  error
	}{
		{"top", func(top context.CancelCauseFunc, _ *Context) { top(errMine) }, context.Canceled},
		{"middle", func(_ context.CancelCauseFunc, m *Context) { m.Cancel(errMine) }, context.Canceled},
		{"clock of the middle", func(context.CancelCauseFunc, *Context) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
	} {
		for _, waited := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				top, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				middle := New(top, time.Minute)
				if waited {
					middle.Done()
				}
				gone, a, b := New(middle, time.Second), New(middle, time.Hour), New(middle, 0)
				for _, ctx := range []*Context{a, gone, b} {
					ctx.Done()
				}
				gone.Cancel(nil)
				middle.mu.Lock()
				if middle.first != b || b.next != a || a.next != nil || a.prev != b {
					t.Error("the parent does not have those that wait")
				}
				middle.mu.Unlock()
				c.end(cancel, middle)
				for _, ctx := range []*Context{a, b, middle} {
					<-ctx.Done()
					if ctx.Err() != c.err {
						t.Errorf("%s: got %v, want %v", c.name, ctx.Err(), c.err)
					}
				}
				<-New(middle, 0).Done() // also of one that has ended before
				middle.mu.Lock()
				if middle.first != nil {
					t.Error("an ended parent keeps children")
				}
				middle.mu.Unlock()
			})
		}
	}
}

// TestNestedStartsNothing: a child that waits costs no goroutine.
func TestNestedStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		middle := New(t.Context(), 0)
		defer middle.Cancel(nil)
		before := runtime.NumGoroutine()
		for range 50 {
			ctx := New(middle, 0)
			defer ctx.Cancel(nil)
			ctx.Done()
		}
		if n := runtime.NumGoroutine() - before; n >= 50 {
			t.Errorf("50 contexts that wait have started %d goroutines", n)
		}
	})
}

// TestNestedConcurrent: children come, go and end while their parent ends.
func TestNestedConcurrent(t *testing.T) {
	for range 200 {
		parent, cancel := context.WithCancel(t.Context())
		middle := New(parent, time.Hour)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ctx := New(middle, time.Hour)
				switch {
				case i == 0:
					middle.Cancel(errMine)
				case i == 1:
					cancel()
				case i < 5:
					ctx.Done()
					ctx.Cancel(nil)
				}
				<-ctx.Done()
			})
		}
		wg.Wait()
		cancel()
		middle.mu.Lock()
		if middle.first != nil {
			t.Error("the parent has kept a child")
		}
		middle.mu.Unlock()
	}
}

// TestConcurrent: many wait, ask and cancel at once.
func TestConcurrent(t *testing.T) {
	for range 200 {
		parent, cancel := context.WithCancel(t.Context())
		ctx := New(parent, time.Hour)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				switch i {
				case 0:
					ctx.Cancel(errMine)
				case 1:
					cancel()
				default:
					<-ctx.Done()
				}
				if ctx.Err() == nil && i > 1 {
					t.Error("done and not ended")
				}
			})
		}
		wg.Wait()
		cancel()
	}
}
