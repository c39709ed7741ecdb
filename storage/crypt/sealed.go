package crypt

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// A sealed file: blocks of 4 KiB, each followed by its GCM tag. The nonce is the
// number of the block, the key is the file's own. The last block, while it is not
// full, has no tag in its place, since what is synced must not be written again: its
// bytes are those that the full block will begin with (GCM encrypts with a key
// stream), and its tag is a MAC in a slot of the header together with the length.
// A slot is written before each sync, so that one sync makes both durable, and never
// over the one that the last sync made durable.
const (
	blockLen  = 4096
	sealedLen = blockLen + 16
)

// sealedFile is an open sealed file. A writer has one goroutine; readers of a file
// that is complete may be many.
type sealedFile struct {
	vfs.File // the base
	name     string
	aead     cipher.AEAD
	mac      []byte
	pos      int64 // of Read

	// mu guards what follows. Held over writes of the base, which are one at a time
	// in any case.
	mu      sync.Mutex
	writing bool
	size    int64
	last    slot   // the newest slot
	lastAt  int    // where it is
	durable int    // the slot that is on stable storage, or none
	synced  int64  // size at the last sync, or none
	tail    []byte // plain bytes of the last block while it is not full
}

const none = -1

func newSealedWriter(base vfs.File, name string, fk fileKey) *sealedFile {
	f := &sealedFile{File: base, name: name, writing: true, durable: none, synced: none, last: slot{length: none}}
	f.aead, f.mac = fk.sealing()
	return f
}

// blockAt is where block i begins on disk.
func blockAt(i int64) int64 { return headerLen + i*sealedLen }

func nonce(block int64) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[4:], uint64(block))
	return n[:]
}

// openSealed opens a file for reading. Which slot holds is decided here: the newer
// one, unless a crash kept it and not the blocks that were on their way with it.
func openSealed(base vfs.File, name string, fk fileKey) (*sealedFile, error) {
	f := &sealedFile{File: base, name: name}
	f.aead, f.mac = fk.sealing()
	var slots []slot
	damaged := false
	for _, at := range slotAt {
		b := make([]byte, slotSize)
		if _, err := base.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if s, ok := decodeSlot(b, f.mac); ok {
			slots = append(slots, s)
		} else if !isZero(b) {
			damaged = true
		}
	}
	switch {
	case len(slots) == 0 && damaged:
		return nil, &dberr.CorruptError{File: name, Offset: slotAt[0], Reason: "the length of the encrypted file is damaged"}
	case len(slots) == 0: // neither synced nor closed
		return f, nil
	case len(slots) == 1:
		f.last = slots[0]
	default:
		newer, older := slots[0], slots[1]
		if older.seq > newer.seq {
			newer, older = older, newer
		}
		f.last, f.size = newer, newer.length
		if newer.length != older.length && f.check(older.length) != nil {
			f.last = older
		}
	}
	f.size = f.last.length
	return f, nil
}

// check reads everything behind the block that holds from.
func (f *sealedFile) check(from int64) error {
	buf := make([]byte, blockLen)
	for at := from - from%blockLen; at < f.size; at += blockLen {
		if _, err := f.readAt(buf[:min(blockLen, f.size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// Write appends.
func (f *sealedFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.writing {
		return 0, fmt.Errorf("write %s: it was opened for reading: %w", f.name, dberr.ErrUnsupported)
	}
	if len(p) == 0 {
		return 0, nil
	}
	block, skip := f.size/blockLen, len(f.tail)
	out := make([]byte, 0, (len(p)+skip)/blockLen*sealedLen+sealedLen)
	plain := append(f.tail[:skip:skip], p...)
	for len(plain) >= blockLen {
		out = f.aead.Seal(out, nonce(block), plain[:blockLen], nil)
		plain = plain[blockLen:]
		block++
	}
	if n := len(plain); n > 0 {
		out = f.aead.Seal(out, nonce(block), plain, nil)
		out = out[:len(out)-16] // a tag of less than a block must not be seen: the nonce is used again
	}
	if _, err := f.File.WriteAt(out[skip:], blockAt(f.size/blockLen)+int64(skip)); err != nil {
		return 0, err
	}
	f.size += int64(len(p))
	f.tail = append(make([]byte, 0, blockLen), plain...)
	return len(p), nil
}

// WriteAt is refused: the nonce of a block is used for one content.
func (f *sealedFile) WriteAt([]byte, int64) (int, error) {
	return 0, fmt.Errorf("write %s in place: it was made to be written once: %w", f.name, dberr.ErrUnsupported)
}

// tailTag authenticates the last block, of ciphertext c, while it is not full.
func (f *sealedFile) tailTag(block int64, c []byte) (t [16]byte) {
	if len(c) > 0 {
		copy(t[:], tag(f.mac, "tail", binary.LittleEndian.AppendUint64(nil, uint64(block)), c))
	}
	return t
}

// seal writes the length into the slot that is not durable. Under mu.
func (f *sealedFile) seal() error {
	if f.last.length == f.size {
		return nil
	}
	s := slot{seq: f.last.seq + 1, length: f.size}
	if n := len(f.tail); n > 0 {
		block := f.size / blockLen
		c := f.aead.Seal(nil, nonce(block), f.tail, nil)
		s.tail = f.tailTag(block, c[:n])
	}
	return f.putSlot(s, f.spare())
}

// spare is the slot that may be overwritten.
func (f *sealedFile) spare() int {
	if f.durable == 0 {
		return 1
	}
	return 0
}

func (f *sealedFile) putSlot(s slot, at int) error {
	if _, err := f.File.WriteAt(s.bytes(f.mac), slotAt[at]); err != nil {
		return err
	}
	f.last, f.lastAt = s, at
	return nil
}

// syncWith seals, syncs and then has both slots say the same, so that what is found
// damaged later is not taken for something that was never synced.
func (f *sealedFile) syncWith(sync func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.writing || f.synced == f.size {
		return sync()
	}
	if err := f.seal(); err != nil {
		return err
	}
	if err := sync(); err != nil {
		return err
	}
	f.durable, f.synced = f.lastAt, f.size
	again := f.last
	again.seq++
	return f.putSlot(again, f.spare())
}

// Sync implements vfs.File.
func (f *sealedFile) Sync() error { return f.syncWith(f.File.Sync) }

// SyncData implements vfs.File.
func (f *sealedFile) SyncData() error { return f.syncWith(f.File.SyncData) }

// SyncTo has the disk begin to write; it never promises that it has.
func (f *sealedFile) SyncTo(length int64) (bool, error) {
	_, err := f.File.SyncTo(blockAt(length/blockLen) + length%blockLen)
	return false, err
}

// Close seals what was written.
func (f *sealedFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.writing {
		err = f.seal()
	}
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}

// Read implements vfs.File.
func (f *sealedFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// ReadAt implements vfs.File.
func (f *sealedFile) ReadAt(p []byte, off int64) (int, error) {
	if !f.writing {
		return f.readAt(p, off)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readAt(p, off)
}

var scratch = sync.Pool{New: func() any { return new([]byte) }}

func (f *sealedFile) readAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read %s: offset %d is negative: %w", f.name, off, dberr.ErrInvalid)
	}
	if off >= f.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), f.size-off)]
	first := off / blockLen
	last := (off + int64(len(want)) - 1) / blockLen
	if len(want) == 0 {
		return 0, nil
	}
	bp := scratch.Get().(*[]byte)
	defer scratch.Put(bp)
	end := f.blockEnd(last)
	need := int(end - blockAt(first))
	if cap(*bp) < need {
		*bp = make([]byte, need)
	}
	buf := (*bp)[:need]
	n, err := f.File.ReadAt(buf, blockAt(first))
	if n < need {
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		return 0, &dberr.CorruptError{File: f.name, Offset: blockAt(first) + int64(n), Reason: "the encrypted file is cut short"}
	}
	done := 0
	for b := first; b <= last; b++ {
		c := buf[blockAt(b)-blockAt(first):]
		plain, err := f.openBlock(b, c[:f.blockEnd(b)-blockAt(b)])
		if err != nil {
			return done, err
		}
		from := int64(0)
		if b == first {
			from = off % blockLen
		}
		done += copy(want[done:], plain[from:])
	}
	if len(want) < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// blockEnd is where block i ends on disk.
func (f *sealedFile) blockEnd(i int64) int64 {
	if n := f.size - i*blockLen; n < blockLen {
		return blockAt(i) + n
	}
	return blockAt(i + 1)
}

// openBlock decrypts block i, in place.
func (f *sealedFile) openBlock(i int64, c []byte) ([]byte, error) {
	if len(c) == sealedLen {
		plain, err := f.aead.Open(c[:0], nonce(i), c, nil)
		if err != nil {
			return nil, f.damaged(i)
		}
		return plain, nil
	}
	if f.writing { // the tag is made when it is sealed
		return f.tail, nil
	}
	want := f.tailTag(i, c)
	if !hmac.Equal(want[:], f.last.tail[:]) {
		return nil, f.damaged(i)
	}
	// The key stream of GCM: encrypting again decrypts.
	return f.aead.Seal(nil, nonce(i), c, nil)[:len(c)], nil
}

func (f *sealedFile) damaged(block int64) error {
	return &dberr.CorruptError{File: f.name, Offset: blockAt(block), Reason: "an encrypted block was changed"}
}

// Stat implements vfs.File.
func (f *sealedFile) Stat() (vfs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return sized(f.File, func(int64) int64 { return f.size })
}

// Preallocate implements vfs.File.
func (f *sealedFile) Preallocate(offset, length int64) error {
	from, to := offset/blockLen, (offset+length+blockLen-1)/blockLen
	return f.File.Preallocate(blockAt(from), blockAt(to)-blockAt(from))
}

// Prefetch implements vfs.File.
func (f *sealedFile) Prefetch(offset, length int64) error {
	from, to := offset/blockLen, (offset+length+blockLen-1)/blockLen
	return f.File.Prefetch(blockAt(from), blockAt(to)-blockAt(from))
}
