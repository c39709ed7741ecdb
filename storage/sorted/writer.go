package sorted

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// writer makes SSTables out of stored keys in ascending order and ingests them in
// one step. Use: set and delete, then ingest; abort in any case.
type writer struct {
	s       *Store
	level   int // whose codec is used
	paths   []string
	w       *sstable.Writer
	last    []byte // the key (without version) written last
	scratch []byte // a stored key
	value   []byte // a stored value, where it differs
	bytes   int64
	entries int
	written bool // ingested: the files are the engine's

	// drop, where it has an end, is a range of stored keys of which what was in the
	// store before goes. It reaches into every file.
	drop struct{ start, end []byte }
}

func (s *Store) newWriter() *writer { return &writer{s: s} }

// table makes room for a version of key: the versions of one key stay in one file.
func (w *writer) table(key []byte) error {
	if w.w != nil && int64(w.w.Raw().EstimatedSize()) >= w.s.opts.TargetFileBytes && string(key) != string(w.last) {
		if err := w.dropUpTo(appendPrefix(nil, key)); err != nil {
			return err
		}
		if err := w.finish(); err != nil {
			return err
		}
	}
	if w.w == nil {
		if err := w.create(); err != nil {
			return err
		}
	}
	w.last = append(w.last[:0], key...)
	return nil
}

// bytesPerSync is how much is written to a file before the disk is told to begin with it.
// A sync of the whole file at its end would have the syncs of the log wait behind it.
const bytesPerSync = 512 << 10

func (w *writer) create() error {
	fs := w.s.fs
	name := fs.PathJoin(w.s.dir, stagingDir, fmt.Sprintf("%016x.sst", w.s.staged.Add(1)))
	f, err := fs.Create(name, categoryStore)
	if err != nil {
		return err
	}
	w.paths = append(w.paths, name)
	f = pvfs.NewSyncingFile(f, pvfs.SyncingFileOptions{BytesPerSync: bytesPerSync})
	w.w = sstable.NewWriter(objstorageprovider.NewFileWritable(f), w.s.popts.MakeWriterOptions(w.level, w.s.table))
	return nil
}

// finish ends the file being written; it is on stable storage then.
func (w *writer) finish() error {
	if w.w == nil {
		return nil
	}
	err := w.w.Close()
	if err == nil {
		var m *sstable.WriterMetadata
		if m, err = w.w.Metadata(); err == nil {
			w.bytes += int64(m.Size)
		}
	}
	w.w = nil
	return err
}

// set writes a version of key.
func (w *writer) set(key []byte, ts uint64, value []byte, deleted bool) error {
	if err := w.table(key); err != nil {
		return err
	}
	w.entries++
	stored := appendVersion(w.scratch[:0], key, ts)
	w.scratch = stored
	if deleted {
		return w.w.Set(stored, nil)
	}
	return w.w.Set(stored, storedValue(&w.value, value))
}

// remove deletes a version of key that is in the store.
func (w *writer) remove(key []byte, ts uint64) error {
	if err := w.table(key); err != nil {
		return err
	}
	w.entries++
	w.scratch = appendVersion(w.scratch[:0], key, ts)
	return w.w.Delete(w.scratch)
}

// dropUpTo writes the part of drop that ends before end to the file being written.
func (w *writer) dropUpTo(end []byte) error {
	if w.drop.end == nil {
		return nil
	}
	start := w.drop.start
	w.drop.start = end
	return w.w.DeleteRange(start, end)
}

// ingest brings what was written into the store together with the books.
func (w *writer) ingest(ctx context.Context, b books) error {
	s := w.s
	if w.drop.end != nil {
		if w.w == nil {
			if err := w.create(); err != nil {
				return err
			}
		}
		if err := w.dropUpTo(w.drop.end); err != nil {
			return err
		}
	}
	if err := w.finish(); err != nil {
		return err
	}
	if err := w.create(); err != nil {
		return err
	}
	if err := w.w.Set(booksKey, encodeBooks(b, s.id)); err != nil {
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return canceled(ctx)
	}
	// From here on the context is not looked at: half-way there is no way back.
	ctx = context.WithoutCancel(ctx)
	if err := s.db.Ingest(ctx, w.paths); err != nil {
		return err
	}
	w.written = true
	err := s.Failed()
	if err != nil {
		// It is in the engine's memory, so in reads, and nobody knows whether it is on the
		// disk: what is applied is what was.
		b.applied = s.Applied()
	}
	s.books.Store(&b)
	s.points.stale()
	s.ranges.stale()
	s.upkeep.wake()
	return err
}

// abort removes what was not ingested. What cannot be removed is when the store is
// opened next.
func (w *writer) abort() {
	if w.w != nil {
		_ = w.w.Close() // the file goes
		w.w = nil
	}
	if w.written {
		return
	}
	for _, p := range w.paths {
		if err := w.s.fs.Remove(p); err != nil && !isMissing(err) && w.s.Failed() == nil {
			w.s.upkeepFailed(fmt.Errorf("remove %s: %w", p, vfs.MapError(err)))
		}
	}
}

func (s *Store) upkeepFailed(err error) {
	if f := s.opts.Events.BackgroundError; f != nil {
		f(err)
	}
}

// wrapIf is wrap where there may be no error.
func (s *Store) wrapIf(what string, err error) error {
	if err == nil {
		return nil
	}
	return s.wrap(what, err)
}

// wrap says what was being done when err came, and gives it its class.
func (s *Store) wrap(what string, err error) error {
	if failed := s.Failed(); failed != nil && !errors.Is(err, failed) {
		err = failed
	}
	return fmt.Errorf("%s in sorted store %s: %w", what, s.dir, s.explain(err))
}
