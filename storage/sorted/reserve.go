package sorted

import (
	"sync"

	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// The room that is kept ahead of a manifest. A change of the tables takes some 100
// bytes for each table in it, so a few hundred changes fit, where a handful can be
// under way when the disk fills up. From low on, more is asked for.
const (
	reserveBytes = 256 << 10
	reserveLow   = 192 << 10
)

// reserve is the disk space allocated ahead of the end of a manifest. A nil reserve is
// that of a file which has none. It is safe for concurrent use.
type reserve struct {
	mu     sync.Mutex
	file   vfs.File // nil once it was closed
	at     int64    // how much was written to the file
	until  int64    // how much is allocated
	none   bool     // the file system has no reservations
	failed error    // why there is too little ahead, and there was when last asked for
}

// use says that n bytes more are about to be written, and has room allocated behind
// them. That there is none is told by refused: these bytes are in what was allocated
// before.
func (r *reserve) use(n int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at += int64(n)
	r.extend()
}

// refused says why no file may be created now: there is no room ahead of the manifest,
// still.
func (r *reserve) refused() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		r.extend()
	}
	return r.failed
}

// end says that the file is being closed.
func (r *reserve) end() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.file, r.failed = nil, nil
}

// extend allocates up to reserveBytes ahead, where less than reserveLow are.
func (r *reserve) extend() {
	if r.file == nil || r.none || r.until >= r.at+reserveLow {
		r.failed = nil
		return
	}
	from := max(r.at, r.until)
	to := r.at + reserveBytes
	r.failed = r.file.Preallocate(from, to-from)
	if r.failed == nil {
		r.until = to
	} else if !pvfs.IsNoSpaceError(r.failed) {
		r.none, r.failed = true, nil // where it cannot be had, it is done without
	}
}
