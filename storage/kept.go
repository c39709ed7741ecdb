package storage

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

const keptName = "HOLDS"

const keptMagic = "weft holds"

// kept is what is held of the log beyond the life of a process: an archive or the
// next incremental backup needs it, whoever opens the store meanwhile.
type kept struct {
	// mu guards the rest. Held over the writing of the file.
	mu   sync.Mutex
	list map[string]*KeptLog
}

// KeptLog is a hold on the log that outlives the process.
type KeptLog struct {
	s    *Store
	name string
	from txn.Timestamp
	hold *txn.LogHold
}

// KeepLog keeps the records of the log after a timestamp, in this process and in
// those after it, until Advance or Drop. A hold of the same name that there is
// already is moved to there. Names are letters.
func (s *Store) KeepLog(name string, after txn.Timestamp) (*KeptLog, error) {
	if s.log == nil {
		return nil, dberr.New(dberr.ErrUnsupported, "NO_LOG", "a store in memory has no log")
	}
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	k := &KeptLog{s: s, name: name, from: after, hold: s.HoldLog(name, after+1)}
	old := s.kept.list[name]
	s.kept.list[name] = k
	if err := s.writeKept(); err != nil {
		s.kept.list[name] = old
		if old == nil {
			delete(s.kept.list, name)
		}
		return nil, errors.Join(fmt.Errorf("keep log: %w", err), k.hold.Release())
	}
	if old != nil {
		return k, old.hold.Release()
	}
	return k, nil
}

// After is the timestamp after which records are kept.
func (k *KeptLog) After() txn.Timestamp {
	k.s.kept.mu.Lock()
	defer k.s.kept.mu.Unlock()
	return k.from
}

// Advance says that records up to a timestamp are no longer needed. It never goes back.
func (k *KeptLog) Advance(after txn.Timestamp) error {
	k.s.kept.mu.Lock()
	if k.s.kept.list[k.name] != k || after <= k.from {
		k.s.kept.mu.Unlock()
		return nil
	}
	old := k.from
	k.from = after
	err := k.s.writeKept()
	if err != nil {
		k.from = old
	}
	k.s.kept.mu.Unlock()
	if err != nil {
		return fmt.Errorf("keep log: %w", err)
	}
	return k.hold.Advance(after + 1)
}

// DropKept ends the hold of a name, where there is one.
func (s *Store) DropKept(name string) error {
	s.kept.mu.Lock()
	k := s.kept.list[name]
	if k == nil {
		s.kept.mu.Unlock()
		return nil
	}
	delete(s.kept.list, name)
	err := s.writeKept()
	if err != nil {
		s.kept.list[name] = k
	}
	s.kept.mu.Unlock()
	if err != nil {
		return fmt.Errorf("let go of log: %w", err)
	}
	return k.hold.Release()
}

func (s *Store) keptPath() string { return s.fs.PathJoin(s.base, keptName) }

// openKept takes the holds that processes before have left. It is called before
// anything can cut the log.
func (s *Store) openKept() error {
	s.kept.list = map[string]*KeptLog{}
	b, err := readFile(s.fs, s.keptPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", s.keptPath(), vfs.MapError(err))
	}
	held, reason := decodeKept(string(b))
	if reason != "" {
		return &dberr.CorruptError{File: s.keptPath(), Reason: reason}
	}
	for name, from := range held {
		s.kept.list[name] = &KeptLog{s: s, name: name, from: from, hold: s.HoldLog(name, from+1)}
	}
	return nil
}

// encodeKept is the content of the file:
//
//	weft holds
//	version 1
//	archive 1767323045000000000      a name, and the timestamp after which log is kept
//	check 1c2d3e4f                   crc32c of the lines before
func encodeKept(held map[string]txn.Timestamp) []byte {
	names := make([]string, 0, len(held))
	for name := range held {
		names = append(names, name)
	}
	sort.Strings(names)
	text := keptMagic + "\nversion 1\n"
	for _, name := range names {
		text += fmt.Sprintf("%s %d\n", name, held[name])
	}
	return fmt.Appendf(nil, "%scheck %08x\n", text, checksum(text))
}

func decodeKept(text string) (held map[string]txn.Timestamp, reason string) {
	lines := strings.SplitAfter(text, "\n")
	n := len(lines) - 2
	switch {
	case n < 2 || lines[0] != keptMagic+"\n" || lines[n+1] != "":
		return nil, "it does not begin with " + strconv.Quote(keptMagic)
	case lines[n] != fmt.Sprintf("check %08x\n", checksum(strings.Join(lines[:n], ""))):
		return nil, "the checksum does not match"
	case lines[1] != "version 1\n":
		return nil, "its version is not one that this program knows"
	}
	held = map[string]txn.Timestamp{}
	for _, line := range lines[2:n] {
		name, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		ts, err := strconv.ParseUint(number, 10, 64)
		if err != nil || name == "" {
			return nil, "it has a line that is no hold"
		}
		held[name] = txn.Timestamp(ts)
	}
	return held, ""
}

func (s *Store) writeKept() error {
	held := map[string]txn.Timestamp{}
	for name, k := range s.kept.list {
		held[name] = k.from
	}
	return writeFile(s.fs, s.keptPath(), encodeKept(held))
}
