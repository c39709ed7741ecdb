package sorted

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// pressure is how far compaction is behind.
type pressure struct {
	sublevels atomic.Int64 // layers of the first level, as of the last look

	mu      sync.Mutex // guards the rest; innermost
	changed chan struct{}
	trouble error // why the last compaction failed
}

// wake ends the waits for a change.
func (p *pressure) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *pressure) setTrouble(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = err
}

func (p *pressure) getTrouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// wait returns a channel that is closed at the next change.
func (p *pressure) wait() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// Overloaded says that reads have to look at so many generations that are not
// merged yet that the next Flush should wait. It costs next to nothing.
func (s *Store) Overloaded() bool { return s.over(false) }

// over is Overloaded, or in a hurry that it is so twice.
func (s *Store) over(hurry bool) bool {
	limit := int64(s.opts.MaxSublevels)
	if hurry {
		limit *= 2
	}
	return s.pressure.sublevels.Load() >= limit
}

// Moved changes as flushes and compactions get on: where it stays, the disk hangs.
func (s *Store) Moved() int64 { return s.fs.moved.Load() }

// WaitReady waits until the store is not overloaded, or while hurry is true, which is asked
// as compactions end, not twice as much. It returns early, with the reason, where
// compactions do not get on or the store has failed.
func (s *Store) WaitReady(ctx context.Context, hurry func() bool) error {
	if err := s.beginRead(); err != nil {
		return err
	}
	defer s.endRead()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		changed := s.pressure.wait()
		if err := s.Failed(); err != nil {
			return err
		}
		if !s.over(false) || hurry() && !s.over(true) {
			return nil
		}
		if err := s.pressure.getTrouble(); err != nil {
			s.nudge()
			return dberr.New(dberr.ErrUnavailable, "COMPACTION_FAILED", "the sorted store %s cannot merge its files", s.dir).Wrap(err)
		}
		select {
		case <-changed:
		case <-again.C:
			s.nudge()
		case <-s.use.closing():
			return errClosed
		case <-ctx.Done():
			return canceled(ctx)
		}
	}
}

// lookAgain is how often the engine is asked for compactions where one is waited for.
const lookAgain = time.Second

// nudge has the engine look for compactions. Files that one has failed with it leaves alone
// for half a minute, and looks for others with the next flush, which may be what waits.
func (s *Store) nudge() { _ = s.db.NewSnapshot().Close() } // it never fails

// look takes note of the state of the first level.
func (s *Store) look() {
	s.pressure.sublevels.Store(int64(s.db.Metrics().Levels[0].Sublevels))
	s.pressure.wake()
}

// upkeep is the goroutine that does what the engine's callbacks must not: they run
// under its locks.
type upkeep struct {
	poke chan struct{}
	stop chan struct{}
	done chan struct{}
}

func newUpkeep() *upkeep {
	return &upkeep{poke: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

// start runs do in a goroutine of its own after each wake, also of before, until end.
func (u *upkeep) start(do func()) {
	go func() {
		defer close(u.done)
		for {
			select {
			case <-u.poke:
				do()
			case <-u.stop:
				return
			}
		}
	}()
}

func (u *upkeep) wake() {
	select {
	case u.poke <- struct{}{}:
	default:
	}
}

// end returns when do will not run again.
func (u *upkeep) end() {
	close(u.stop)
	<-u.done
}
