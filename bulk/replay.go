package bulk

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/weftdb/weft/storage/vfs"
)

// keepInMemory is how much of a stream a Replay holds in memory.
const keepInMemory = 1 << 20

// Replay makes a stream that comes once readable twice: what has been read is kept,
// in memory at first and then in a temporary file, and a later Open gives it again, followed by
// what has not been read yet. Where only the header is read before the second Open, next to
// nothing is kept.
type Replay struct {
	src  io.Reader
	dir  string // for the temporary file
	mem  bytes.Buffer
	file *os.File
	key  [16]byte      // of the file, which is of no use to others: it is gone with the process
	seal cipher.Stream // of what is written
	kept int64         // bytes in file
	last bool          // the stream is being read for the last time: nothing more is kept
}

// NewReplay wraps a stream. Its temporary file, where it needs one, is made in
// dir ("" is the system's folder), and enciphered with a key that is kept in memory only.
func NewReplay(src io.Reader, dir string) *Replay { return &Replay{src: src, dir: dir} }

// Open gives the stream from its start. The second Open is the last.
func (r *Replay) Open() (io.ReadCloser, error) {
	if r.mem.Len() == 0 && r.kept == 0 && !r.last {
		return io.NopCloser(keeper{r}), nil
	}
	if r.last {
		return nil, errors.New("the stream has been read to its end")
	}
	r.last = true
	parts := []io.Reader{bytes.NewReader(r.mem.Bytes())}
	if r.file != nil {
		stream, err := r.stream()
		if err != nil {
			return nil, err
		}
		parts = append(parts, cipher.StreamReader{S: stream, R: io.NewSectionReader(r.file, 0, r.kept)})
	}
	return io.NopCloser(io.MultiReader(append(parts, r.src)...)), nil
}

// Close removes the temporary file.
func (r *Replay) Close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.file.Close(), os.Remove(r.file.Name()))
	r.file = nil
	return err
}

// keeper keeps what is read through it.
type keeper struct{ r *Replay }

func (k keeper) Read(p []byte) (int, error) {
	n, err := k.r.src.Read(p)
	if n > 0 {
		if kerr := k.r.keep(p[:n]); kerr != nil {
			return 0, kerr
		}
	}
	return n, err
}

func (r *Replay) keep(p []byte) error {
	if r.file == nil && r.mem.Len()+len(p) <= keepInMemory {
		r.mem.Write(p)
		return nil
	}
	if r.file == nil {
		f, err := os.CreateTemp(r.dir, "weft-import-*")
		if err != nil {
			return fmt.Errorf("keep the input in a temporary file: %w", err)
		}
		r.file = f
		rand.Read(r.key[:]) // never fails
		if r.seal, err = r.stream(); err != nil {
			return err
		}
	}
	sealed := make([]byte, len(p))
	r.seal.XORKeyStream(sealed, p)
	n, err := r.file.Write(sealed)
	r.kept += int64(n)
	if err != nil {
		return fmt.Errorf("keep the input in a temporary file: %w", vfs.MapError(err))
	}
	return nil
}

// stream enciphers or deciphers the file from its start.
func (r *Replay) stream() (cipher.Stream, error) {
	block, err := aes.NewCipher(r.key[:])
	if err != nil {
		return nil, fmt.Errorf("keep the input in a temporary file: %w", err)
	}
	return cipher.NewCTR(block, make([]byte, aes.BlockSize)), nil
}
