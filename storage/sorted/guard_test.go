package sorted

import (
	"errors"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

// badClose is a file whose Close fails, as that of an encrypted file does which cannot
// be sealed.
type badClose struct{ vfs.File }

var errClose = errors.New("cannot be closed")

func (badClose) Close() error { return errClose }

// TestGuardClose checks that a marker or manifest that cannot be closed fails the store
// and is not told to the engine, and that any other file's error is told.
func TestGuardClose(t *testing.T) {
	var failure error
	g := &guard{failed: func() error { return failure }, fail: func(err error) { failure = err }}
	if err := (&guardFile{File: badClose{}, guard: g}).Close(); !errors.Is(err, errClose) || failure != nil {
		t.Errorf("a table: got %v, failure %v; want the error, and no failure", err, failure)
	}
	if err := (&guardFile{File: badClose{}, guard: g, official: true}).Close(); err != nil || !errors.Is(failure, errClose) {
		t.Errorf("a marker: got %v, failure %v; want no error, and the failure", err, failure)
	}
}
