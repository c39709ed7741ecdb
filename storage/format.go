package storage

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// The names in a store's directory.
const (
	lockName   = "LOCK"
	formatName = "FORMAT"
	logName    = "log"
	sortedName = "sorted"
)

// FormatVersion is the format of the directory that this version writes. It
// reads this one and all before it.
const FormatVersion = 2

// formatPlain is the version of a store that is in the directory itself; version 2
// may be in a directory below.
const formatPlain = 1

const formatMagic = "weft store"

// categoryFormat is counted in the statistics of disk writes.
const categoryFormat vfs.Category = "weft-format"

// encodeFormat is the content of the format file: text, so that a person who
// looks into the directory learns what it is.
//
//	weft store
//	version 1
//	id 00112233445566778899aabbccddeeff
//	at restored-0011223344556677      only where the store is not in the directory itself, but in one below
//	check 1c2d3e4f      crc32c of the lines before
func encodeFormat(id [16]byte, at string) []byte {
	version := formatPlain
	if at != "" {
		version = FormatVersion
	}
	text := fmt.Sprintf("%s\nversion %d\nid %s\n", formatMagic, version, hex.EncodeToString(id[:]))
	if at != "" {
		text += "at " + at + "\n"
	}
	return fmt.Appendf(nil, "%scheck %08x\n", text, checksum(text))
}

func checksum(text string) uint32 {
	return crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
}

// decodeFormat reads what encodeFormat wrote. The version is looked at before
// the rest, since a newer format may have more lines.
func decodeFormat(name string, b []byte) (id [16]byte, at string, err error) {
	corrupt := func(reason string) error { return &dberr.CorruptError{File: name, Reason: reason} }
	lines := strings.SplitAfter(string(b), "\n")
	if len(lines) < 2 || lines[0] != formatMagic+"\n" {
		return id, "", corrupt("it does not begin with " + strconv.Quote(formatMagic))
	}
	number, ok := strings.CutPrefix(strings.TrimSuffix(lines[1], "\n"), "version ")
	version, err := strconv.Atoi(number)
	if !ok || err != nil || version < 1 {
		return id, "", corrupt("its second line is no version")
	}
	if version > FormatVersion {
		return id, "", dberr.New(dberr.ErrUnsupported, "STORE_VERSION", "the store has format %d; this version of weft reads formats up to %d", version, FormatVersion).
			WithHint("open it with a newer version of weft")
	}
	n := len(lines) - 2 // lines before the check
	if n != 2+version || lines[n+1] != "" {
		return id, "", corrupt(fmt.Sprintf("it has %d lines, want %d", len(lines)-1, 3+version))
	}
	if want := fmt.Sprintf("check %08x\n", checksum(strings.Join(lines[:n], ""))); lines[n] != want {
		return id, "", corrupt("the checksum does not match")
	}
	if n == 4 {
		if at, ok = strings.CutPrefix(strings.TrimSuffix(lines[3], "\n"), "at "); !ok || !validAt(at) {
			return id, "", corrupt("its fourth line does not say where the store is")
		}
	}
	text, ok := strings.CutPrefix(strings.TrimSuffix(lines[2], "\n"), "id ")
	raw, err := hex.DecodeString(text)
	if !ok || err != nil || len(raw) != len(id) {
		return id, "", corrupt("its third line is no id")
	}
	return [16]byte(raw), at, nil
}

// openFormat reads the format file, or makes one in a directory that has neither
// that nor a log. The log is made first, so a store without one is damaged.
func (s *Store) openFormat(fs vfs.FS) (created bool, err error) {
	name := fs.PathJoin(s.dir, formatName)
	b, err := readFile(fs, name)
	known := err == nil
	if known {
		at := ""
		if s.id, at, err = decodeFormat(name, b); err != nil {
			return false, err
		}
		s.base = fs.PathJoin(s.dir, at)
	} else if !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("read %s: %w", name, vfs.MapError(err))
	}
	logDir := fs.PathJoin(s.base, logName)
	exists, opened, err := wal.Look(fs, logDir)
	switch {
	case err != nil:
		return false, err
	case known && !exists:
		return false, &dberr.CorruptError{File: logDir, Reason: "the log is missing: the directory has no segment, though there is a store around it"}
	case known:
		// The process that gave the file its name may have ended before it synced the
		// directory. What follows relies on the name.
		return false, vfs.SyncDir(fs, s.dir)
	case opened:
		return false, &dberr.CorruptError{File: name, Reason: "it is missing, though there is a log beside it"}
	}
	if unfinished, err := rebuiltDirs(fs, s.dir); err != nil || len(unfinished) > 0 && !exists {
		return false, errors.Join(err, errUnfinished(s.dir))
	}
	if err := wal.Create(fs, logDir); err != nil {
		return false, err
	}
	rand.Read(s.id[:]) // never fails
	return true, writeFile(fs, name, encodeFormat(s.id, ""))
}

const maxFormatBytes = 4096

func readFile(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFormatBytes))
	return b, errors.Join(err, f.Close())
}

// writeFile makes a file so that after a crash it is there whole or not at all.
func writeFile(fs vfs.FS, name string, content []byte) error {
	tmp := name + ".tmp"
	f, err := fs.Create(tmp, categoryFormat)
	if err != nil {
		return fmt.Errorf("create %s: %w", tmp, vfs.MapError(err))
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", tmp, vfs.MapError(err))
	}
	if err := fs.Rename(tmp, name); err != nil {
		return fmt.Errorf("rename %s: %w", tmp, vfs.MapError(err))
	}
	return vfs.SyncDir(fs, fs.PathDir(name))
}
