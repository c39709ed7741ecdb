package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
)

// ServiceOptions tunes a Service. Manager is required.
type ServiceOptions struct {
	Manager *Manager
	// FullSchedule and IncrementalSchedule are when backups are made. The zero value
	// is never.
	FullSchedule, IncrementalSchedule Schedule
	// Keep is how many full backups, each with the incremental ones that follow it,
	// retention leaves in any case. Zero keeps all.
	Keep int
	// KeepFor is how long they are left beyond that: a chain goes when Keep newer ones
	// are there and its newest backup is older than this. Zero is no time.
	KeepFor time.Duration
	// MaxLogBytes bounds the log that is kept for the next incremental backup. Beyond
	// it the next one is a full one. Default 16 GiB.
	MaxLogBytes int64
	// Archive, where set, has the log archived.
	Archive *ArchiveOptions
	// Clock tells when something is due. Default the system's.
	Clock  clock.Clock
	Events Events
}

// Service makes backups of a store by schedule, archives its log, and removes what
// is past its time. It belongs to a server, which may exchange the store.
type Service struct {
	o ServiceOptions

	// mu guards the rest. Held over no I/O.
	mu struct {
		sync.Mutex
		att  *attached
		last map[Kind]Run
	}
}

// attached is what a Service has going with one store.
type attached struct {
	s        *storage.Store
	archiver *Archiver
	hold     *storage.KeptLog // nil where no incremental backup is to follow
	held     txn.Timestamp
	ctx      context.Context
	quit     context.CancelFunc
	done     sync.WaitGroup
}

// Run is how a backup by schedule ended.
type Run struct {
	At       time.Time
	Duration time.Duration
	ID       string // of the backup that was made
	Err      error
}

// NewService returns a service without a store.
func NewService(o ServiceOptions) *Service {
	if o.MaxLogBytes == 0 {
		o.MaxLogBytes = 16 << 30
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	s := &Service{o: o}
	s.mu.last = map[Kind]Run{}
	return s
}

// Manager is where the backups are.
func (s *Service) Manager() *Manager { return s.o.Manager }

// Attach begins to work for a store.
func (s *Service) Attach(store *storage.Store) (err error) {
	a := &attached{s: store}
	a.ctx, a.quit = context.WithCancel(context.Background())
	if !s.o.IncrementalSchedule.Never() {
		a.held = store.LastCommit()
		list, err := s.o.Manager.List()
		if err != nil {
			return fmt.Errorf("begin scheduled backups: %w", err)
		}
		if newest := Newest(list, store.ID()); newest != nil {
			a.held = newest.To
		}
		if a.hold, err = store.KeepLog(backupHold, a.held); err != nil {
			return fmt.Errorf("begin scheduled backups: %w", err)
		}
	} else if err := store.DropKept(backupHold); err != nil {
		return fmt.Errorf("begin scheduled backups: %w", err)
	}
	if s.o.Archive != nil {
		if err := s.o.Manager.remember(store.ID()); err != nil {
			return fmt.Errorf("archive the log: %w", err)
		}
		if a.archiver, err = StartArchive(store, *s.o.Archive); err != nil {
			return err
		}
	} else if err := store.DropKept(archiveHold); err != nil {
		return fmt.Errorf("begin scheduled backups: %w", err)
	}
	s.mu.Lock()
	s.mu.att = a
	s.mu.Unlock()
	a.done.Go(func() { s.loop(a) })
	return nil
}

// Detach ends the work for the store, which may be closed then. The context bounds
// the last copy of the log to the archive.
func (s *Service) Detach(ctx context.Context) error {
	s.mu.Lock()
	a := s.mu.att
	s.mu.att = nil
	s.mu.Unlock()
	if a == nil {
		return nil
	}
	return a.end(ctx)
}

func (a *attached) end(ctx context.Context) (err error) {
	a.quit()
	a.done.Wait()
	if a.archiver != nil {
		err = a.archiver.Stop(ctx)
	}
	return err
}

// backupHold is the name under which the log is kept for the next incremental backup.
const backupHold = "backup"

func (s *Service) attached() (*attached, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.att == nil {
		return nil, dberr.New(dberr.ErrUnavailable, "NO_STORE", "the store is being opened, exchanged, or closed")
	}
	s.mu.att.done.Add(1)
	return s.mu.att, nil
}

// Create makes a backup of the store.
func (s *Service) Create(ctx context.Context, o CreateOptions) (Info, error) {
	a, err := s.attached()
	if err != nil {
		return Info{}, err
	}
	defer a.done.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(a.ctx, func() {
		cancel(dberr.New(dberr.ErrUnavailable, "STOPPING", "the store is being exchanged or closed"))
	})()
	info, err := s.o.Manager.Create(ctx, a.s, o)
	if err == nil && a.hold != nil {
		s.mu.Lock()
		a.held = max(a.held, info.To)
		s.mu.Unlock()
		if herr := a.hold.Advance(info.To); herr != nil && s.o.Events.Failed != nil {
			s.o.Events.Failed(Incremental, herr) // more log is kept than needs to be
		}
	}
	return info, err
}

// FlushArchive archives what has been committed before the call, where there is an
// archive.
func (s *Service) FlushArchive(ctx context.Context) error {
	a, err := s.attached()
	if err != nil {
		return err
	}
	defer a.done.Done()
	if a.archiver == nil {
		return nil
	}
	return a.archiver.Flush(ctx)
}

// ArchiveDir is where the log is archived, or empty.
func (s *Service) ArchiveDir() string {
	if s.o.Archive == nil {
		return ""
	}
	return s.o.Archive.Dir
}

// ServiceStatus says what is planned, and how it went.
type ServiceStatus struct {
	FullSchedule, IncrementalSchedule string
	NextFull, NextIncremental         time.Time // zero where never
	LastFull, LastIncremental         *Run      // by schedule, in this life of the process
	Keep                              int
	KeepFor                           time.Duration
	HeldLogBytes                      int64          // of log that is kept for the next incremental backup
	Archive                           *ArchiveStatus // nil where the log is not archived
}

// Failing is why backups are not what they should be: the last run of a schedule or
// the archive failed. Nil where all is well.
func (s *ServiceStatus) Failing() error {
	var errs []error
	for _, r := range []*Run{s.LastFull, s.LastIncremental} {
		if r != nil && r.Err != nil {
			errs = append(errs, r.Err)
		}
	}
	if s.Archive != nil && s.Archive.Err != nil {
		errs = append(errs, s.Archive.Err)
	}
	return errors.Join(errs...)
}

// Status says how things are.
func (s *Service) Status() ServiceStatus {
	now := s.o.Clock.Now()
	st := ServiceStatus{
		FullSchedule: s.o.FullSchedule.String(), IncrementalSchedule: s.o.IncrementalSchedule.String(),
		NextFull: s.o.FullSchedule.Next(now), NextIncremental: s.o.IncrementalSchedule.Next(now), Keep: s.o.Keep, KeepFor: s.o.KeepFor,
	}
	s.mu.Lock()
	if r, ok := s.mu.last[Full]; ok {
		st.LastFull = &r
	}
	if r, ok := s.mu.last[Incremental]; ok {
		st.LastIncremental = &r
	}
	a := s.mu.att
	held := txn.Timestamp(0)
	if a != nil {
		held = a.held
		a.done.Add(1)
		defer a.done.Done()
	}
	s.mu.Unlock()
	if a == nil {
		return st
	}
	if a.hold != nil {
		st.HeldLogBytes = a.s.LogBytes(held)
	}
	if a.archiver != nil {
		as := a.archiver.Status()
		st.Archive = &as
	}
	return st
}

// lookEvery is how often the log that is held is looked at.
const lookEvery = time.Minute

// loop runs the schedules.
func (s *Service) loop(a *attached) {
	for {
		now := s.o.Clock.Now()
		kind, due := s.nextRun(now)
		wait := lookEvery
		if !due.IsZero() {
			wait = min(wait, max(due.Sub(now), 0))
		}
		t := time.NewTimer(wait)
		select {
		case <-a.ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if !due.IsZero() && !s.o.Clock.Now().Before(due) {
			s.scheduled(a, kind)
		}
		s.boundHold(a)
	}
}

// nextRun is what is due next, and when. Of two at once the full backup is made.
func (s *Service) nextRun(now time.Time) (Kind, time.Time) {
	full, inc := s.o.FullSchedule.Next(now), s.o.IncrementalSchedule.Next(now)
	if full.IsZero() || !inc.IsZero() && inc.Before(full) {
		return Incremental, inc
	}
	return Full, full
}

// scheduled makes a backup that is due, and then removes what is past its time.
func (s *Service) scheduled(a *attached, kind Kind) {
	run := Run{At: s.o.Clock.Now().UTC()}
	o := CreateOptions{Incremental: kind == Incremental, CreatedBy: "schedule"}
	info, err := s.Create(a.ctx, o)
	if e := dberr.As(err); kind == Incremental && e != nil && (e.Code == "LOG_TRUNCATED" || e.Code == "BACKUP_PARENT") {
		// There is nothing that an incremental one could follow.
		o.Incremental = false
		info, err = s.Create(a.ctx, o)
	}
	if err == nil {
		_, err = s.Retain()
	}
	run.Duration, run.ID, run.Err = s.o.Clock.Now().Sub(run.At), info.ID, err
	if a.ctx.Err() != nil {
		return // stopped half-way: no failure
	}
	s.mu.Lock()
	s.mu.last[kind] = run
	s.mu.Unlock()
}

// boundHold lets the log for the next incremental backup go where it is too much.
func (s *Service) boundHold(a *attached) {
	if a.hold == nil {
		return
	}
	s.mu.Lock()
	held := a.held
	s.mu.Unlock()
	if a.s.LogBytes(held) <= s.o.MaxLogBytes {
		return
	}
	now := a.s.LastCommit()
	s.mu.Lock()
	a.held = now
	s.mu.Unlock()
	err := a.hold.Advance(now)
	if f := s.o.Events.Failed; f != nil {
		f(Incremental, errors.Join(err, dberr.New(dberr.ErrTooLarge, "BACKUP_LOG_BOUND", "more than %d bytes of log were kept for the next incremental backup; they may go now, and the next one is a full one", s.o.MaxLogBytes)))
	}
}

// Retain removes the chains that are past their time, and the archived log that no
// backup needs. It returns the ids of the backups that it removed.
func (s *Service) Retain() (removed []string, err error) {
	if s.o.Keep == 0 {
		return nil, nil
	}
	m := s.o.Manager
	list, err := m.List()
	if err != nil {
		return nil, err
	}
	chains := chainsOf(list)
	limit := s.o.Clock.Now().Add(-s.o.KeepFor)
	kept := 0
	for _, c := range chains {
		if kept < s.o.Keep || c.newest.After(limit) {
			if c.good {
				kept++
			}
			continue
		}
		ids, derr := m.Delete(c.full.ID, true)
		removed = append(removed, ids...)
		if derr != nil {
			err = errors.Join(err, derr)
			continue
		}
		if f := s.o.Events.Deleted; f != nil {
			f(c.full.Info)
		}
	}
	return removed, errors.Join(err, s.trimArchive())
}

// chain is a full backup with all that follows it.
type chain struct {
	full   Status
	good   bool
	newest time.Time
}

// chainsOf finds the chains among backups, the newest first.
func chainsOf(list []Status) (chains []chain) {
	for _, s := range list {
		if s.State == Running || s.Kind != Full {
			continue // what is damaged beyond its manifest has no kind, and is left for people
		}
		c := chain{full: s, good: s.State == Completed, newest: s.Created}
		ids := descendants(list, s.ID)
		for _, o := range list {
			if slices.Contains(ids, o.ID) && o.Created.After(c.newest) {
				c.newest = o.Created
			}
		}
		chains = append(chains, c)
	}
	return chains
}
