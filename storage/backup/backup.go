// Package backup copies a running store, keeps its log, and makes stores out of
// such copies again.
//
// # What it promises
//
//   - A full backup is the state at one timestamp, each entry with the timestamp of
//     the commit that wrote it, however much is written meanwhile. An incremental one
//     is the log records between its parent's timestamp and its own. An archive is a
//     chain of such pieces of log without a gap.
//   - Every byte is under a checksum, and what is encrypted is authenticated.
//     Reading names file and offset of damage, checks everything that it hands on,
//     and needs memory for one block, whatever the size of the backup.
//   - A backup is there whole, under its name, or not at all; and a restore either
//     took place as a whole or left what was there before.
//
// # What it owns
//
// The format of a backup (docs/format/backup.md), the directory in which a Manager
// keeps backups, and the archive of the log. What is in a store's directory is
// storage's, which takes what a backup holds through storage.Rebuild.
//
// # What it refuses
//
// An incremental backup whose parent is of another store, or whose log is gone; a
// restore from a chain with a gap; a wrong key, before anything is written; ids
// that are not ids.
package backup

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Kind says what a backup holds.
type Kind string

// The kinds.
const (
	Full        Kind = "full"        // the state at To
	Incremental Kind = "incremental" // the log after From, which is the parent's To, up to To
	Archive     Kind = "archive"     // the log after From up to To: a piece of a chain
)

// holdsLog says that the content is log records and not entries.
func (k Kind) holdsLog() bool { return k == Incremental || k == Archive }

// Info describes a backup.
type Info struct {
	ID     string // what a Manager calls it; empty for one outside
	Kind   Kind
	Store  [16]byte // the store that it is of
	Parent string   // id of the backup that an incremental one follows
	// From and To bound what it holds: after From, up to To. From is 0 for full ones.
	From, To txn.Timestamp

	Created     time.Time // when the making of it began
	Version     string    // of the program that made it
	Description string
	CreatedBy   string
	Compression string
	Encrypted   bool
	KeyID       string // hex; names the key, and tells nothing of it

	Items    int64 // entries or log records
	RawBytes int64 // of their blocks before compression
	Blocks   int64

	Bytes  int64  // of all files
	Files  int    // there are
	SHA256 string // hex, of all bytes before the footer
}

// StoreID is the id of the store in hex.
func (i *Info) StoreID() string { return hex.EncodeToString(i.Store[:]) }

// Summary is the backup in a few words.
func (i *Info) Summary() string {
	return fmt.Sprintf("%s backup of %s, %d bytes", i.Kind, i.To.Time().Format(time.RFC3339Nano), i.Bytes)
}

func invalid(code, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...)
}
