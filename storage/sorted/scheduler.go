package sorted

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// scheduler decides when compactions run. Unlike the engine's own it pauses after
// a failure, twice as long each time, so that a disk that is full or gone is not
// asked without end; and it starts none once the store has failed.
type scheduler struct {
	db   pebble.DBForCompaction // set by Register, before anything else is called
	poke chan struct{}          // something changed: look for what can be started
	done chan struct{}          // closed by stop or Unregister
	idle chan struct{}          // closed when the granter has ended

	// mu guards the rest. It is innermost, held over no call to db but the one that
	// takes no locks.
	mu struct {
		sync.Mutex
		running  int
		stopped  bool
		failures int       // in a row
		until    time.Time // no compaction starts before
	}
}

var (
	_ pebble.CompactionScheduler   = (*scheduler)(nil)
	_ pebble.CompactionGrantHandle = (*scheduler)(nil)
)

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 30 * time.Second
)

func newScheduler() *scheduler {
	return &scheduler{poke: make(chan struct{}, 1), done: make(chan struct{})}
}

// Register implements pebble.CompactionScheduler.
func (s *scheduler) Register(_ int, db pebble.DBForCompaction) {
	s.db = db
	s.idle = make(chan struct{})
	go s.granter()
}

// Unregister implements pebble.CompactionScheduler.
func (s *scheduler) Unregister() {
	s.stop()
	<-s.idle
}

// stop lets no more compactions start. It may be called more than once.
func (s *scheduler) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mu.stopped {
		s.mu.stopped = true
		close(s.done)
	}
}

// TrySchedule implements pebble.CompactionScheduler.
func (s *scheduler) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mayStartLocked() {
		s.mu.running++
		return true, s
	}
	return false, nil
}

func (s *scheduler) mayStartLocked() bool {
	return !s.mu.stopped && s.mu.running < s.db.GetAllowedWithoutPermission() && !time.Now().Before(s.mu.until)
}

// UpdateGetAllowedWithoutPermission implements pebble.CompactionScheduler.
func (s *scheduler) UpdateGetAllowedWithoutPermission() { s.wake() }

// Done implements pebble.CompactionGrantHandle.
func (s *scheduler) Done() {
	s.mu.Lock()
	s.mu.running--
	s.mu.Unlock()
	s.wake()
}

// Started, MeasureCPU and CumulativeStats implement pebble.CompactionGrantHandle.
func (s *scheduler) Started()                                          {}
func (s *scheduler) MeasureCPU(pebble.CompactionGoroutineKind)         {}
func (s *scheduler) CumulativeStats(pebble.CompactionGrantHandleStats) {}
func (s *scheduler) ended(failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !failed {
		s.mu.failures, s.mu.until = 0, time.Time{}
		return
	}
	pause := min(firstPause<<min(s.mu.failures, 16), lastPause)
	s.mu.failures++
	s.mu.until = time.Now().Add(pause)
}

func (s *scheduler) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// granter starts what is waiting, when there is room and after pauses.
func (s *scheduler) granter() {
	defer close(s.idle)
	tick := time.NewTicker(100 * time.Millisecond) // backlog grows without a call
	defer tick.Stop()
	for {
		select {
		case <-s.poke:
		case <-tick.C:
		case <-s.done:
			return
		}
		for s.grant() {
		}
	}
}

// grant starts one compaction, if one is waiting and may run.
func (s *scheduler) grant() bool {
	s.mu.Lock()
	if !s.mayStartLocked() {
		s.mu.Unlock()
		return false
	}
	s.mu.running++
	s.mu.Unlock()
	if waiting, _ := s.db.GetWaitingCompaction(); waiting && s.db.Schedule(s) {
		return true
	}
	s.mu.Lock()
	s.mu.running--
	s.mu.Unlock()
	return false
}
