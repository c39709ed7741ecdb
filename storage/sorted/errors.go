package sorted

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// explain gives an error of the engine its class: damage with file and offset, a
// full disk, the failure of the store.
func (s *Store) explain(err error) error {
	switch {
	case err == nil || dberr.ClassOf(err) != nil:
		return err
	case pebble.IsCorruptionError(err):
		file := s.dir
		if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
			file = info.Path
		}
		return corrupt(file, 0, err)
	}
	return vfs.MapError(err)
}

var blockAt = regexp.MustCompile(`block (\d+)/\d+`)

// damage is a CorruptError with the engine's error behind it.
type damage struct {
	*dberr.CorruptError
	cause error
}

// Unwrap makes both be found.
func (d damage) Unwrap() []error { return []error{d.CorruptError, d.cause} }

// corrupt is the error for damage in a file. The engine says where a block with a
// wrong checksum begins in words only; elsewhere is the offset for other damage.
func corrupt(file string, elsewhere int64, err error) error {
	e := &dberr.CorruptError{File: file, Offset: elsewhere, Reason: err.Error()}
	if m := blockAt.FindStringSubmatch(e.Reason); m != nil {
		e.Offset, _ = strconv.ParseInt(m[1], 10, 64)
	}
	return damage{e, err}
}

// damaged is the error for content that checksums allow and the store does not.
func (s *Store) damaged(format string, args ...any) error {
	return &dberr.CorruptError{File: s.fs.PathJoin(s.dir, engineDir), Reason: fmt.Sprintf(format, args...)}
}

// badInput is the error for entries and bounds that break the contract.
func badInput(format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, "", format, args...)
}

// historyGone is the error for reads before the horizon.
func historyGone(ts, horizon uint64) error {
	return dberr.New(dberr.ErrInvalid, "HISTORY_GONE", "timestamp %d is before %d, the earliest that can still be read", ts, horizon).
		WithHint("read at a later timestamp, or keep more history")
}

// isMissing says that a file is not there.
func isMissing(err error) bool { return errors.Is(vfs.MapError(err), dberr.ErrNotFound) }
