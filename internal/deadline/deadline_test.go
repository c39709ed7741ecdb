package deadline

import (
	"context"
	"errors"
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
