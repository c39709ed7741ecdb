package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

const lockName = "LOCK"

// ManagerOptions tunes a Manager. FS and Dir are required.
type ManagerOptions struct {
	FS  vfs.FS
	Dir string
	// Compression of backups that do not say. Nil means zstd.
	Compression *compress.Codec
	// PartBytes is the most that one file of a backup holds. Default 1 GiB.
	PartBytes int64
	// Keys encrypt new backups and read old ones. Nil has none.
	Keys Keys
	// MustEncrypt refuses to make a backup in clear that nobody asked for, since the
	// store itself is encrypted.
	MustEncrypt bool
	// Version is that of the program, for the manifest.
	Version string
	// Clock gives backups their names. Default the system's.
	Clock clock.Clock
	// Events, where set, is told what happens.
	Events Events
}

// Events are told what is done with backups. Any may be nil. They must be quick.
type Events struct {
	// Created is called for each backup that was made, with what it took.
	Created func(Info, time.Duration)
	// Failed is called for each backup that was not, with what kind it was to be.
	Failed func(Kind, error)
	// Deleted is called for each backup that retention removed.
	Deleted func(Info)
	// Archived is called for each piece of log that was archived.
	Archived func(Info)
	// ArchiveFailed is called for each attempt to archive that failed.
	ArchiveFailed func(error)
}

func (o ManagerOptions) withDefaults() ManagerOptions {
	if o.Compression == nil {
		o.Compression = &compress.Codec{Algorithm: compress.Zstd}
	}
	if o.PartBytes == 0 {
		o.PartBytes = 1 << 30
	}
	if o.Keys == nil {
		o.Keys = KeyRing(nil)
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	return o
}

// Manager keeps backups in a directory, each in one of its own whose name is the
// backup's id. It is safe for concurrent use.
type Manager struct {
	opts ManagerOptions
	lock io.Closer

	// mu guards the rest. It is held over a look at a name and the change of one, and
	// over no other I/O.
	mu struct {
		sync.Mutex
		running *Status          // the backup that is being made
		busy    map[string]int   // readers of a backup
		bad     map[string]error // why a backup that can be listed is damaged all the same
		closed  bool
	}
}

// State says what has become of a backup.
type State string

// The states.
const (
	Running   State = "inprogress"
	Completed State = "completed"
	Corrupted State = "corrupted"
)

// Status is a backup of a Manager.
type Status struct {
	Info
	State State // of a running backup, Items counts what has been read so far
	Err   error // why it is corrupted
}

var idForm = regexp.MustCompile(`^backup_[0-9]{8}_[0-9]{6}(_[1-9][0-9]{0,3})?$`)

// CheckID refuses what is no id of a backup, and with it every path that leads
// elsewhere.
func CheckID(id string) error {
	if idForm.MatchString(id) {
		return nil
	}
	shown := id
	if len(shown) > 64 {
		shown = strings.ToValidUTF8(shown[:64], "") + "…"
	}
	return invalid("INVALID_BACKUP_ID", "%q is no id of a backup: want the form backup_20260131_020000", shown).WithField("backup_id")
}

// OpenManager opens the directory of backups, making it where it is missing, and
// removes what backups left there that did not get to their end. A directory that
// another process has open is class dberr.ErrLocked.
func OpenManager(o ManagerOptions) (*Manager, error) {
	m := &Manager{opts: o.withDefaults()}
	m.mu.busy, m.mu.bad = map[string]int{}, map[string]error{}
	fs := m.opts.FS
	if err := vfs.MkdirAll(fs, o.Dir); err != nil {
		return nil, err
	}
	lock, err := vfs.Lock(fs, fs.PathJoin(o.Dir, lockName))
	if err != nil {
		return nil, err
	}
	m.lock = lock
	if err := m.clean(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return m, nil
}

// clean removes what was being written, or removed, when a process ended.
func (m *Manager) clean() error {
	names, err := m.opts.FS.List(m.opts.Dir)
	if err != nil {
		return fmt.Errorf("list backups: %w", vfs.MapError(err))
	}
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, ".tmp"); ok && CheckID(id) == nil {
			if err := removeAll(m.opts.FS, m.path(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close lets go of the directory. Calls that run must have ended.
func (m *Manager) Close() error {
	m.mu.Lock()
	was := m.mu.closed
	m.mu.closed = true
	m.mu.Unlock()
	if was {
		return nil
	}
	return m.lock.Close()
}

// Dir is the directory of the backups.
func (m *Manager) Dir() string { return m.opts.Dir }

// Keys are the keys that backups are made and read with.
func (m *Manager) Keys() Keys { return m.opts.Keys }

func (m *Manager) path(name string) string { return m.opts.FS.PathJoin(m.opts.Dir, name) }

func (m *Manager) keep(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed {
		return dberr.New(dberr.ErrUnavailable, "BACKUPS_CLOSED", "the server is stopping")
	}
	m.mu.busy[id]++
	return nil
}

func (m *Manager) release(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.busy[id]--; m.mu.busy[id] <= 0 {
		delete(m.mu.busy, id)
	}
}

func errNoBackup(id string) error {
	return dberr.New(dberr.ErrNotFound, "BACKUP_NOT_FOUND", "there is no backup %q", id).WithField("backup_id")
}

// Open opens a backup, which is not deleted until Release is called with its id.
func (m *Manager) Open(id string) (*Reader, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	if err := m.keep(id); err != nil {
		return nil, err
	}
	r, err := m.open(id)
	if err != nil {
		m.release(id)
	}
	return r, err
}

// Release ends what Open began.
func (m *Manager) Release(id string) { m.release(id) }

func (m *Manager) open(id string) (*Reader, error) {
	r, err := Open(m.opts.FS, m.path(id), m.opts.Keys)
	if errors.Is(err, dberr.ErrNotFound) {
		return nil, errNoBackup(id)
	}
	if err == nil && r.info.ID != id {
		err = r.p.corrupt(r.foot.manifest, "the backup calls itself %q", r.info.ID)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// List describes all backups, the newest first. What is damaged is among them.
func (m *Manager) List() ([]Status, error) {
	names, err := m.opts.FS.List(m.opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", vfs.MapError(err))
	}
	var list []Status
	m.mu.Lock()
	running := m.mu.running
	if running != nil {
		list = append(list, *running)
	}
	m.mu.Unlock()
	for _, name := range names {
		if CheckID(name) != nil || running != nil && name == running.ID {
			continue
		}
		s, err := m.Get(name)
		if errors.Is(err, dberr.ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Status) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return compareIDs(b.ID, a.ID)
	})
	return list, nil
}

// compareIDs orders ids by time and, of one second, by number.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Get describes a backup.
func (m *Manager) Get(id string) (Status, error) {
	if err := CheckID(id); err != nil {
		return Status{}, err
	}
	m.mu.Lock()
	if r := m.mu.running; r != nil && r.ID == id {
		defer m.mu.Unlock()
		return *r, nil
	}
	bad := m.mu.bad[id]
	m.mu.Unlock()
	r, err := m.open(id)
	switch {
	case err == nil && bad == nil:
		return Status{Info: r.info, State: Completed}, nil
	case err == nil:
		return Status{Info: r.info, State: Corrupted, Err: bad}, nil
	case errors.Is(err, dberr.ErrCorrupt), errors.Is(err, dberr.ErrUnsupported), errors.Is(err, dberr.ErrInvalid):
		at, _ := time.Parse("backup_20060102_150405", id[:len("backup_20060102_150405")]) // the zero time where there is no such day
		return Status{Info: Info{ID: id, Created: at}, State: Corrupted, Err: err}, nil
	}
	return Status{}, err
}

// Verify reads a backup to its end. Damage is remembered in its status.
func (m *Manager) Verify(ctx context.Context, id string) (Info, error) {
	r, err := m.Open(id)
	if err == nil {
		defer m.release(id)
		err = r.Verify(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		delete(m.mu.bad, id)
		return r.info, nil
	case errors.Is(err, dberr.ErrCorrupt):
		m.mu.bad[id] = err
	}
	return Info{}, err
}

// Chain puts together what it takes to restore: the state of the backup with id,
// where to is 0, or of the time to, for which archive, where not empty, is the
// directory of archived log. The backups that it uses are not deleted until done is
// called.
func (m *Manager) Chain(id string, to txn.Timestamp, archive string) (c *Chain, done func(), err error) {
	var kept []string
	release := func() {
		for _, id := range kept {
			m.release(id)
		}
	}
	first, err := m.Open(id)
	if err != nil {
		return nil, nil, err
	}
	kept = append(kept, id)
	if to == 0 {
		to = first.info.To
	}
	c, err = m.chain(first, to, archive, &kept)
	if err != nil {
		release()
		return nil, nil, err
	}
	return c, release, nil
}

func (m *Manager) chain(first *Reader, to txn.Timestamp, archive string, kept *[]string) (*Chain, error) {
	list, err := m.List()
	if err != nil {
		return nil, err
	}
	all := []*Reader{first}
	var damage error // of a backup that might have been needed
	for _, s := range list {
		after := s.To > first.info.To && to <= first.info.To
		switch {
		case s.ID == first.info.ID || s.State == Running || after:
			continue
		case s.State == Corrupted && (s.Store == first.info.Store || s.Store == [16]byte{}):
			damage = errors.Join(damage, s.Err)
		case s.State == Completed && s.Store == first.info.Store:
			r, err := m.Open(s.ID)
			if err != nil {
				return nil, err
			}
			*kept, all = append(*kept, s.ID), append(all, r)
		}
	}
	if archive != "" && to > first.info.To {
		pieces, err := openPieces(m.opts.FS, archive, first.info.Store, first.info.From, to, m.opts.Keys)
		if err != nil {
			return nil, err
		}
		all = append(all, pieces...)
	}
	c, err := NewChain(all, to)
	if err != nil && damage != nil {
		return nil, fmt.Errorf("%w (and there is damage: %w)", err, damage)
	}
	return c, err
}
