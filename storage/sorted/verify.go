package sorted

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// Verify reads everything and checks it: each checksum of each file from the disk,
// past the cache; that the levels are in order; and that each version is one that
// this store can have. It returns the first damage found in each file (class
// dberr.ErrCorrupt, with file and offset), joined. Other work goes on meanwhile.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.beginRead(); err != nil {
		return err
	}
	defer s.endRead()
	var found []error
	steps := []func(context.Context) error{s.verifyName, s.verifyManifest, s.verifyTables, s.verifyLevels, s.verifyVersions}
	for i, step := range steps {
		err := step(ctx)
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if err != nil {
			found = append(found, err)
		}
		if i == 2 && len(found) > 0 {
			break // the rest reads the same bytes, and knows less
		}
	}
	err := errors.Join(found...)
	if errors.Is(err, dberr.ErrCorrupt) && s.opts.Events.Corrupt != nil {
		s.opts.Events.Corrupt(err)
	}
	return s.wrapIf("verify", err)
}

func (s *Store) verifyName(context.Context) error {
	named, err := s.checkName()
	if err == nil && !named {
		err = &dberr.CorruptError{File: s.fs.PathJoin(s.dir, nameFile), Reason: "missing"}
	}
	return err
}

// verifyManifest reads the list of SSTables, which the engine reads when it opens
// only. It may be written to meanwhile, so its last record may be half there.
func (s *Store) verifyManifest(context.Context) error {
	dir := s.fs.PathJoin(s.dir, engineDir)
	names, err := s.fs.List(dir)
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		mark, ok := strings.CutPrefix(name, "marker.manifest.")
		if !ok {
			continue
		}
		_, manifest, _ := strings.Cut(mark, ".")
		err := s.verifyRecords(s.fs.PathJoin(dir, manifest))
		if err != nil && !isMissing(err) { // replaced meanwhile
			return err
		}
	}
	return nil
}

func (s *Store) verifyRecords(name string) error {
	f, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r := record.NewReader(io.LimitReader(f, info.Size()), 0)
	for {
		at := r.Offset()
		rec, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, rec)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		}
		return &dberr.CorruptError{File: name, Offset: at, Reason: err.Error()}
	}
}

// verifyTables checks the checksums of all SSTables, each file once.
func (s *Store) verifyTables(ctx context.Context) error {
	var found []error
	done := map[string]bool{}
	for {
		live, err := s.tables()
		if err != nil {
			return err
		}
		again := false
		for _, name := range live {
			if done[name] {
				continue
			}
			err := s.verifyTable(ctx, name)
			if ctx.Err() != nil {
				return canceled(ctx)
			}
			if isMissing(err) {
				// Compacted since it was listed, or gone: the next list tells.
				gone, lerr := s.listed(name)
				if lerr != nil {
					return lerr
				}
				if again = true; gone {
					continue
				}
				err = &dberr.CorruptError{File: name, Reason: "missing"}
			}
			done[name] = true
			if err != nil {
				found = append(found, err)
			}
		}
		if !again {
			return errors.Join(found...)
		}
	}
}

// listed says that name is not among the live SSTables any more.
func (s *Store) listed(name string) (gone bool, err error) {
	live, err := s.tables()
	for _, n := range live {
		if n == name {
			return false, err
		}
	}
	return true, err
}

// tables lists the files of the live SSTables.
func (s *Store) tables() ([]string, error) {
	levels, err := s.db.SSTables()
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for _, level := range levels {
		for _, t := range level {
			name := s.fs.PathJoin(s.dir, engineDir, fmt.Sprintf("%s.sst", t.BackingSSTNum))
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// verifyTable checks every byte of an SSTable: the blocks, which lie one after the
// other up to the footer, and the footer, which the engine checks when it opens.
func (s *Store) verifyTable(ctx context.Context, name string) error {
	f, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	footer := max(info.Size()-int64(s.table.FooterSize()), 0)
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(ctx, readable, s.popts.MakeReaderOptions())
	if err != nil {
		_ = readable.Close() // only read
		return tableError(name, footer, err)
	}
	defer func() { _ = r.Close() }() // only read
	layout, err := r.Layout()
	if err != nil {
		return tableError(name, footer, err)
	}
	blocks := append([]block.Handle{layout.TopIndex, layout.RangeDel, layout.RangeKey, layout.ValueIndex,
		layout.Properties, layout.MetaIndex, layout.BlobReferenceIndex}, layout.Index...)
	blocks = append(blocks, layout.ValueBlock...)
	for _, b := range layout.Data {
		blocks = append(blocks, b.Handle)
	}
	for _, b := range layout.Filter {
		blocks = append(blocks, b.Handle)
	}
	sort.Slice(blocks, func(i, j int) bool { return blocks[i].Offset < blocks[j].Offset })
	return verifyBlocks(ctx, name, f, blocks, layout.Footer)
}

func verifyBlocks(ctx context.Context, name string, f vfs.File, blocks []block.Handle, footer block.Handle) error {
	at := uint64(0)
	var buf []byte
	for _, b := range blocks {
		if b.Length == 0 && b.Offset == 0 {
			continue // there is none of its kind
		}
		if b.Offset < at {
			continue // one that two kinds share
		}
		if b.Offset != at {
			return &dberr.CorruptError{File: name, Offset: int64(at), Reason: fmt.Sprintf("%d bytes that belong to no block", b.Offset-at)}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		n := b.Length + block.TrailerLen
		buf = append(buf[:0], make([]byte, n)...)
		if _, err := f.ReadAt(buf, int64(b.Offset)); err != nil {
			return tableError(name, int64(b.Offset), err)
		}
		if err := block.ValidateChecksum(block.ChecksumTypeCRC32c, buf, b); err != nil {
			return tableError(name, int64(b.Offset), err)
		}
		at = b.Offset + n
	}
	if at != footer.Offset {
		return &dberr.CorruptError{File: name, Offset: int64(at), Reason: "bytes before the footer that belong to no block"}
	}
	return nil
}

// tableError gives an error in reading an SSTable its class. The offset is for those
// that name no block.
func tableError(name string, at int64, err error) error {
	if isMissing(err) || dberr.ClassOf(vfs.MapError(err)) != nil || !pebble.IsCorruptionError(err) {
		return err
	}
	return corrupt(name, at, err)
}

func (s *Store) verifyLevels(context.Context) error { return s.explain(s.db.CheckLevels(nil)) }

// verifyVersions reads all versions as reads do.
func (s *Store) verifyVersions(ctx context.Context) error {
	applied := s.Applied() // before the iterator is opened, so newer versions may show
	v := s.NewVersions(VersionOptions{})
	defer func() { _ = v.Close() }() // Err is looked at
	var key []byte
	var last uint64
	for n := 0; v.Next(); n++ {
		if n%ctxEvery == 0 && ctx.Err() != nil {
			return canceled(ctx)
		}
		if v.TS() > applied {
			applied = s.Applied()
		}
		switch c := bytes.Compare(v.Key(), key); {
		case c < 0:
			return s.damaged("key %x comes after %x", v.Key(), key)
		case c == 0 && v.TS() >= last:
			return s.damaged("version %d of key %x comes after version %d", v.TS(), key, last)
		case v.TS() == 0 || v.TS() > applied:
			return s.damaged("version %d of key %x is after %d, up to which was flushed", v.TS(), v.Key(), applied)
		}
		v.Value()
		key, last = append(key[:0], v.Key()...), v.TS()
	}
	return v.Err()
}
