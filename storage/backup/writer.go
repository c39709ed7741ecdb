package backup

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// blockBytes is about how much a block holds before compression.
const blockBytes = 256 << 10

// Target says where and how a backup is written.
type Target struct {
	FS   vfs.FS
	Path string // of the file, or of the directory
	// PartBytes makes it a directory of files of at most so many bytes; 0 makes it
	// one file.
	PartBytes int64
	// Compression of the blocks.
	Compression compress.Codec
	// Key, where set, encrypts.
	Key *Key
}

// Validate says what is wrong with the target, all faults at once.
func (t Target) Validate() error {
	var errs []error
	if t.Path == "" {
		errs = append(errs, invalid("BACKUP_PATH", "the path of the backup is empty"))
	}
	if t.PartBytes != 0 && t.PartBytes < 4096 {
		errs = append(errs, invalid("BACKUP_PART_BYTES", "files of %d bytes are too small: want at least 4096, or 0 for one file", t.PartBytes))
	}
	errs = append(errs, t.Compression.Validate())
	return errors.Join(errs...)
}

// writer makes a stream. Use: add entries or records, then finish; abort in any case.
type writer struct {
	out    *partWriter
	target Target
	head   header
	seal   *sealer // nil where nothing is encrypted
	enc    encoder
	info   Info
	sum    hash.Hash
	number uint32
	frame  []byte
	stored []byte
	block  []byte
	ended  bool
}

// newWriter begins the stream of a backup that info describes.
func newWriter(t Target, info Info) (_ *writer, err error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	w := &writer{target: t, info: info, sum: sha256.New()}
	w.head = header{content: contentState, store: info.Store, from: uint64(info.From), to: uint64(info.To)}
	if info.Kind.holdsLog() {
		w.head.content = contentLog
	}
	rand.Read(w.head.stream[:]) // never fails
	w.info.Compression = t.Compression.String()
	if t.Key != nil {
		w.head.encrypted, w.head.key = true, t.Key.id()
		w.info.Encrypted, w.info.KeyID = true, t.Key.ID()
		if w.seal, err = newSealer(*t.Key, w.head.stream); err != nil {
			return nil, err
		}
	}
	if w.out, err = newPartWriter(t.FS, t.Path, t.PartBytes); err != nil {
		return nil, err
	}
	return w, w.write(w.head.append(nil))
}

func (w *writer) write(b []byte) error {
	w.sum.Write(b)
	_, err := w.out.Write(b)
	return err
}

// entry adds an entry; keys ascend.
func (w *writer) entry(x *Entry) error {
	w.enc.entry(x)
	return w.full()
}

// record adds a log record; timestamps ascend.
func (w *writer) record(r *wal.Record) error {
	w.enc.record(r)
	return w.full()
}

// full writes the block if it holds enough.
func (w *writer) full() error {
	if len(w.enc.buf) < blockBytes {
		return nil
	}
	return w.flush()
}

func (w *writer) flush() error {
	if len(w.enc.buf) == 0 {
		return nil
	}
	if len(w.enc.buf) > compress.MaxRaw {
		return invalid("BACKUP_ITEM_TOO_LARGE", "a log record of %d bytes is larger than a block can be", len(w.enc.buf))
	}
	w.info.RawBytes += int64(len(w.enc.buf))
	w.info.Blocks++
	w.frame = compress.AppendFrame(w.frame[:0], w.enc.buf, w.target.Compression)
	w.enc.reset()
	b := block{kind: blockData, number: w.number}
	stored := w.frame
	if w.seal != nil {
		w.stored = w.seal.seal(w.stored[:0], w.frame, b)
		stored = w.stored
	}
	if err := w.writeBlock(b, stored); err != nil {
		return err
	}
	w.shrink()
	return nil
}

// shrink lets go of what one large item took.
func (w *writer) shrink() {
	if cap(w.enc.buf) > 8*blockBytes {
		w.enc.buf, w.frame, w.stored, w.block = nil, nil, nil, nil
	}
}

func (w *writer) writeBlock(b block, stored []byte) error {
	w.number++
	w.block = b.append(w.block[:0], &w.head.stream, w.out.total, stored)
	if err := w.write(w.block); err != nil {
		return err
	}
	return w.write(stored)
}

// finish ends the stream and gives it its name. The backup is there from then on.
func (w *writer) finish() (Info, error) {
	if err := w.flush(); err != nil {
		return Info{}, err
	}
	w.info.Items = w.enc.items
	f := footer{manifest: w.out.total}
	b := block{kind: blockManifest, number: w.number}
	text := encodeManifest(&w.info)
	if len(text) > maxManifest {
		return Info{}, invalid("BACKUP_DESCRIPTION", "the description of the backup is too long")
	}
	stored := text
	if w.seal != nil {
		stored = append(text[:len(text):len(text)], w.seal.sign(text, b)...)
	}
	if err := w.writeBlock(b, stored); err != nil {
		return Info{}, err
	}
	w.sum.Sum(f.sum[:0])
	f.length = w.out.total + footerLen
	if _, err := w.out.Write(f.append(nil)); err != nil {
		return Info{}, err
	}
	if err := w.out.finish(); err != nil {
		return Info{}, err
	}
	w.ended = true
	w.info.Bytes, w.info.Files, w.info.SHA256 = f.length, w.out.files, hex.EncodeToString(f.sum[:])
	return w.info, nil
}

// abort removes what was written, unless it was finished.
func (w *writer) abort(cause *error) {
	if w.ended {
		return
	}
	if err := w.out.abort(); err != nil && *cause != nil {
		*cause = fmt.Errorf("%w (and what was written of it could not be removed: %w)", *cause, err)
	}
}
