package sorted

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/gcpace"
	"github.com/weftdb/weft/storage/vfs"
)

// What a store's directory holds.
const (
	lockName   = "LOCK"
	nameFile   = "STORE"
	engineDir  = "db"
	stagingDir = "new"
)

// Open opens the store in dir, or makes one where there is none. The store id must
// be the one that it was made with. A store of a newer format is refused with class
// dberr.ErrUnsupported, one of another id with dberr.ErrInvalid, one that is open
// with dberr.ErrLocked; none of these changes the directory.
func Open(fs vfs.FS, dir string, storeID [16]byte, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, id: storeID, opts: opts, write: make(chan struct{}, 1), use: newUsers(), sched: newScheduler(), broken: make(chan struct{})}
	s.fs = &guard{FS: fs, books: fs.PathJoin(dir, engineDir), failed: s.Failed, fail: s.fail}
	if err := s.open(); err != nil {
		if s.db != nil {
			s.abandon()
		}
		if s.lock != nil {
			_ = s.lock.Close() // the reason is being returned
		}
		if failed := s.Failed(); failed != nil {
			err = errors.Unwrap(failed) // nothing is open that could be read-only
		}
		return nil, fmt.Errorf("open sorted store %s: %w", dir, s.explain(err))
	}
	return s, nil
}

func (s *Store) open() error {
	err := vfs.MkdirAll(s.fs, s.dir)
	if err != nil {
		return err
	}
	if s.lock, err = vfs.Lock(s.fs, s.fs.PathJoin(s.dir, lockName)); err != nil {
		return err
	}
	named, err := s.checkName()
	if err != nil {
		return err
	}
	if err := s.clearStaging(); err != nil {
		return err
	}
	if err := s.clearLogs(); err != nil {
		return err
	}
	if err := s.openEngine(named); err != nil {
		return err
	}
	if err := s.loadBooks(named); err != nil {
		return err
	}
	if !named {
		if err := s.writeName(s.fs, s.dir); err != nil {
			return err
		}
	}
	s.look()
	return s.Failed()
}

// clearStaging removes what flushes left behind that did not get to their end.
func (s *Store) clearStaging() error {
	dir := s.fs.PathJoin(s.dir, stagingDir)
	if err := vfs.MkdirAll(s.fs, dir); err != nil {
		return err
	}
	names, err := s.fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.fs.Remove(s.fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// clearLogs removes the engine's own logs. Nothing is ever written to them, but it
// replays them when it opens and flushes nothing at all because of that; where the
// disk fails then, it would try for ever.
func (s *Store) clearLogs() error {
	dir := s.fs.PathJoin(s.dir, engineDir)
	names, err := s.fs.List(dir)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			if err := s.fs.Remove(s.fs.PathJoin(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// openEngine starts Pebble and what goes with it.
func (s *Store) openEngine(exists bool) error {
	cache := pebble.NewCache(s.opts.CacheBytes)
	defer cache.Unref() // the engine holds its own reference
	// The engine may call back before Open returns.
	s.points = cursorPool{limit: 2 * runtime.GOMAXPROCS(0), open: s.openPoints}
	s.ranges = cursorPool{limit: 2 * runtime.GOMAXPROCS(0), open: s.openRanges}
	s.upkeep = newUpkeep()
	s.popts = s.engineOptions(cache)
	s.popts.ErrorIfNotExists = exists
	db, err := pebble.Open(s.fs.PathJoin(s.dir, engineDir), s.popts)
	if err != nil {
		s.sched.stop()
		return s.explainOpen(err, exists)
	}
	s.db, s.table = db, db.TableFormat()
	s.uncount = gcpace.Blocks(cache.Size) // the engine keeps it until it is closed
	s.upkeep.start(func() {
		s.points.drop()
		s.ranges.drop()
		s.look()
	})
	return nil
}

var tableAt = regexp.MustCompile(`L\d: (\d+): ([^\n]*)`)

// explainOpen gives an error of opening the engine its class. SSTables that are
// missing or of the wrong length are damage, which the engine says in words only.
func (s *Store) explainOpen(err error, exists bool) error {
	dir := s.fs.PathJoin(s.dir, engineDir)
	var found []error
	for _, m := range tableAt.FindAllStringSubmatch(err.Error(), -1) {
		if strings.Contains(m[2], "size mismatch") || strings.Contains(m[2], "not exist") {
			found = append(found, &dberr.CorruptError{File: s.fs.PathJoin(dir, m[1]+".sst"), Reason: m[2]})
		}
	}
	switch {
	case len(found) > 0:
		return errors.Join(found...)
	case exists && errors.Is(err, pebble.ErrDBDoesNotExist):
		return &dberr.CorruptError{File: dir, Reason: "the SSTables are missing"}
	case exists && isMissing(err):
		return &dberr.CorruptError{File: dir, Reason: err.Error()}
	}
	return err
}

// abandon closes the engine of a store that could not be opened.
func (s *Store) abandon() {
	s.use.close()
	s.upkeep.end()
	s.points.drain()
	s.ranges.drain()
	s.uncount()
	_ = s.db.Close() // the reason is being returned
}

func (s *Store) openPoints() (*pebble.Iterator, error) {
	return s.db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, UseL6Filters: true})
}

func (s *Store) openRanges() (*pebble.Iterator, error) {
	return s.db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, LowerBound: firstKey})
}

// loadBooks reads the books, and makes the first ones in a store that is new.
func (s *Store) loadBooks(named bool) error {
	value, closer, err := s.db.Get(booksKey)
	switch {
	case err == nil:
		b, id, err := decodeBooks(value)
		err = errors.Join(err, closer.Close())
		if err != nil {
			return &dberr.CorruptError{File: s.fs.PathJoin(s.dir, engineDir), Reason: "its books: " + err.Error()}
		}
		if id != s.id {
			return wrongID(s.dir, id, s.id)
		}
		if !named && (b.applied != 0 || b.horizon != 0 || len(b.drops) > 0) {
			return &dberr.CorruptError{File: s.fs.PathJoin(s.dir, nameFile), Reason: "missing, though there are data"}
		}
		s.books.Store(&b)
		return nil
	case !errors.Is(err, pebble.ErrNotFound):
		return err
	case named:
		return &dberr.CorruptError{File: s.fs.PathJoin(s.dir, engineDir), Reason: "the books are missing"}
	}
	tables, err := s.db.SSTables()
	if err != nil {
		return err
	}
	for _, level := range tables {
		if len(level) > 0 {
			return &dberr.CorruptError{File: s.fs.PathJoin(s.dir, nameFile), Reason: "missing, though there are SSTables"}
		}
	}
	s.books.Store(&books{})
	w := s.newWriter()
	defer w.abort()
	return w.ingest(context.Background(), books{})
}
