package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// Reader reads a backup.
type Reader struct {
	p    *parts
	head header
	foot footer
	info Info
	seal *sealer // nil where nothing is encrypted, or its key is not known
}

// Open reads the manifest of the backup at path: a file, or a directory. The key of
// one that is encrypted may be missing; then it can be described and its checksums
// be verified, but not read. Keys may be nil.
//
// Errors of class dberr.ErrNotFound: nothing is there. ErrCorrupt: damage, with file
// and offset. ErrInvalid: it is no backup. ErrUnsupported: of a newer format.
func Open(fs vfs.FS, path string, keys Keys) (*Reader, error) {
	p, err := openParts(fs, path)
	if err != nil {
		return nil, err
	}
	r := &Reader{p: p}
	if err := r.readHeader(keys); err != nil {
		return nil, err
	}
	return r, r.readManifest()
}

func (r *Reader) readHeader(keys Keys) error {
	if r.p.total < headerLen+blockLen+footerLen {
		return r.p.corrupt(r.p.total, "%d bytes are no backup", r.p.total)
	}
	var b [headerLen]byte
	if err := r.p.readAt(b[:], 0); err != nil {
		return err
	}
	reason, err := r.head.parse(b[:])
	if err != nil {
		return fmt.Errorf("open backup %s: %w", r.p.path, err)
	}
	if reason != "" {
		return r.p.corrupt(0, "%s", reason)
	}
	if !r.head.encrypted || keys == nil {
		return nil
	}
	if k, ok := keys.Find(hex.EncodeToString(r.head.key[:])); ok {
		r.seal, err = newSealer(k, r.head.stream)
	}
	return err
}

func (r *Reader) readManifest() error {
	var end [footerLen]byte
	at := r.p.total - footerLen
	if err := r.p.readAt(end[:], at); err != nil {
		return err
	}
	if reason := r.foot.parse(end[:]); reason != "" {
		return r.p.corrupt(at, "%s", reason)
	}
	size := at - r.foot.manifest - blockLen
	if r.foot.length != r.p.total || r.foot.manifest < headerLen || size < 0 || size > maxManifest+tagLen {
		return r.p.corrupt(at, "the footer is that of a stream of %d bytes with its manifest at %d, and not of one of %d", r.foot.length, r.foot.manifest, r.p.total)
	}
	b := make([]byte, blockLen+size)
	if err := r.p.readAt(b, r.foot.manifest); err != nil {
		return err
	}
	h, reason := parseBlock(b)
	stored := b[blockLen:]
	switch {
	case reason == "" && (h.kind != blockManifest || h.length != len(stored)):
		reason = "this is not the manifest"
	case reason == "" && binary.LittleEndian.Uint32(b) != blockChecksum(&r.head.stream, r.foot.manifest, b[:blockLen], stored):
		reason = "block checksum mismatch"
	}
	if reason != "" {
		return r.p.corrupt(r.foot.manifest, "%s", reason)
	}
	return r.decodeManifest(h, stored)
}

func (r *Reader) decodeManifest(h block, stored []byte) (err error) {
	if r.head.encrypted {
		if len(stored) < tagLen {
			return r.p.corrupt(r.foot.manifest, "the manifest is too short")
		}
		tag := stored[len(stored)-tagLen:]
		stored = stored[:len(stored)-tagLen]
		if r.seal != nil {
			if err := r.seal.checkSign(stored, tag, h); err != nil {
				return r.p.corrupt(r.foot.manifest, "%v", err)
			}
		}
	}
	if r.info, err = decodeManifest(stored, &r.head); err != nil {
		return r.p.corrupt(r.foot.manifest, "%v", err)
	}
	if int64(h.number) != r.info.Blocks {
		return r.p.corrupt(r.foot.manifest, "the manifest speaks of %d blocks and is number %d", r.info.Blocks, h.number)
	}
	r.info.Bytes, r.info.Files, r.info.SHA256 = r.p.total, len(r.p.list), hex.EncodeToString(r.foot.sum[:])
	return nil
}

// Info describes the backup.
func (r *Reader) Info() Info { return r.info }

// Readable says why the content cannot be read, or nil.
func (r *Reader) Readable() error {
	if r.head.encrypted && r.seal == nil {
		return errNoKey(r.info.KeyID)
	}
	return nil
}

// Stream reads the bytes of the backup as one file would have them.
func (r *Reader) Stream() io.ReadCloser { return r.p.from(0) }

// Entries hands every entry of a full backup to fn, keys ascending. An entry is
// valid during the call. Once it returned nil everything has been checked.
func (r *Reader) Entries(ctx context.Context, fn func(*Entry) error) error {
	if r.head.content != contentState {
		return invalid("BACKUP_KIND", "the backup %s holds log records and no entries", r.p.path)
	}
	return r.each(ctx, fn, nil)
}

// Records hands every record of a backup of the log to fn, in order. A record is
// valid during the call. Once it returned nil everything has been checked.
func (r *Reader) Records(ctx context.Context, fn func(*wal.Record) error) error {
	if r.head.content != contentLog {
		return invalid("BACKUP_KIND", "the backup %s holds entries and no log records", r.p.path)
	}
	return r.each(ctx, nil, fn)
}

// Verify reads everything and checks every checksum, and every item where the key
// is known. Damage is of class dberr.ErrCorrupt and names file and offset.
func (r *Reader) Verify(ctx context.Context) error { return r.each(ctx, nil, nil) }

// each walks the blocks from front to back.
func (r *Reader) each(ctx context.Context, entry func(*Entry) error, record func(*wal.Record) error) (err error) {
	if entry != nil || record != nil {
		if err := r.Readable(); err != nil {
			return err
		}
	}
	src := r.p.from(0)
	defer func() { err = errors.Join(err, src.Close()) }()
	s := &scan{r: r, in: bufio.NewReaderSize(src, 1<<20), sum: sha256.New(), entry: entry, record: record}
	var head [headerLen]byte
	if err := s.read(head[:]); err != nil {
		return err
	}
	for s.at < r.foot.manifest {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if err := s.block(); err != nil {
			return err
		}
	}
	rest := make([]byte, r.p.total-footerLen-s.at)
	if err := s.read(rest); err != nil {
		return err
	}
	if !bytes.Equal(s.sum.Sum(nil), r.foot.sum[:]) {
		return r.p.corrupt(r.p.total-footerLen, "the SHA-256 of the whole does not match the one in the footer")
	}
	if int64(s.number) != r.info.Blocks || !r.head.encrypted && s.items != r.info.Items || r.seal != nil && s.items != r.info.Items {
		return r.p.corrupt(r.foot.manifest, "the manifest speaks of %d items in %d blocks; there are %d in %d", r.info.Items, r.info.Blocks, s.items, s.number)
	}
	return nil
}

// scan is a reading of the whole stream.
type scan struct {
	r      *Reader
	in     io.Reader
	at     int64
	sum    hash.Hash
	number uint32
	items  int64
	entry  func(*Entry) error
	record func(*wal.Record) error

	stored, frame, raw []byte
	dec                decoder
	last               []byte // key before the block
	lastTS             uint64 // of the record before
}

func (s *scan) read(b []byte) error {
	n, err := io.ReadFull(s.in, b)
	s.at += int64(n)
	s.sum.Write(b[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.r.p.corrupt(s.at, "it ends in the middle of a block")
	}
	return err
}

// block reads one data block and hands on what it holds.
func (s *scan) block() error {
	offset := s.at
	var head [blockLen]byte
	if err := s.read(head[:]); err != nil {
		return err
	}
	h, reason := parseBlock(head[:])
	if reason == "" && (h.kind != blockData || h.number != s.number || s.at+int64(h.length) > s.r.foot.manifest) {
		reason = fmt.Sprintf("block %d of kind %d and %d bytes where block %d is due", h.number, h.kind, h.length, s.number)
	}
	if reason != "" {
		return s.r.p.corrupt(offset, "%s", reason)
	}
	s.number++
	if cap(s.stored) < h.length || cap(s.stored) > 8*blockBytes && h.length < blockBytes {
		s.stored = make([]byte, h.length)
	}
	s.stored = s.stored[:h.length]
	if err := s.read(s.stored); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(head[:]) != blockChecksum(&s.r.head.stream, offset, head[:], s.stored) {
		return s.r.p.corrupt(offset, "block checksum mismatch")
	}
	if err := s.open(h); err != nil {
		var c *dberr.CorruptError
		if errors.Is(err, dberr.ErrCorrupt) && !errors.As(err, &c) {
			return s.r.p.corrupt(offset, "%v", err)
		}
		return err
	}
	return nil
}

// open decrypts, decompresses and decodes the block in stored.
func (s *scan) open(h block) (err error) {
	frame := s.stored
	if s.r.head.encrypted {
		if s.r.seal == nil {
			return nil // its checksum is all that can be looked at
		}
		if s.frame, err = s.r.seal.open(s.frame[:0], s.stored, h); err != nil {
			return err
		}
		frame = s.frame
	}
	if s.raw, err = compress.AppendContent(s.raw[:0], frame, compress.MaxRaw); err != nil {
		return err
	}
	s.dec.reset(s.raw)
	if len(s.raw) == 0 {
		return malformed("a block is empty")
	}
	if s.r.head.content == contentState {
		err = s.entries()
	} else {
		err = s.records()
	}
	if cap(s.raw) > 8*blockBytes {
		s.raw, s.frame = nil, nil
	}
	return err
}

func (s *scan) entries() error {
	var x Entry
	for first := true; !s.dec.done(); first = false {
		if err := s.dec.entry(&x); err != nil {
			return err
		}
		if first && s.items > 0 && string(x.Key) <= string(s.last) {
			return malformed("the first key of a block is not after the last one of the block before")
		}
		if x.TS == 0 || x.TS > s.r.head.to {
			return malformed("an entry of timestamp %d in a backup of %d", x.TS, s.r.head.to)
		}
		s.items++
		if s.entry != nil {
			if err := s.entry(&x); err != nil {
				return err
			}
		}
	}
	s.last = append(s.last[:0], x.Key...)
	return nil
}

func (s *scan) records() error {
	var r wal.Record
	for !s.dec.done() {
		if err := s.dec.record(&r); err != nil {
			return err
		}
		if r.Timestamp <= max(s.lastTS, s.r.head.from) || r.Timestamp > s.r.head.to {
			return malformed("a record of timestamp %d after one of %d, in a backup of %d to %d", r.Timestamp, s.lastTS, s.r.head.from, s.r.head.to)
		}
		s.lastTS = r.Timestamp
		s.items++
		if s.record != nil {
			if err := s.record(&r); err != nil {
				return err
			}
		}
	}
	return nil
}

// canceled gives the end of ctx its class.
func canceled(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", dberr.ErrTimeout, cause)
	}
	return fmt.Errorf("%w: %w", dberr.ErrCanceled, cause)
}
