// Package config is the configuration of a server: every key there is, where its
// value came from, and whether it is right.
//
// Values come from, each over the one before: the defaults, weft.toml, the
// environment (WEFT_STORAGE_HISTORY=1h), the flags (--set storage.history=1h). It
// promises to name every fault at once, to refuse a key that does not exist with
// the nearest that does, and to hold no key that nothing reads. It is the only
// reader of configuration files and environment.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// Config is all that a server is told.
type Config struct {
	Server  Server
	DataDir string // of storage.Backend local
	Storage storage.Options
	// Encryption says where the key of Storage.Encryption comes from.
	Encryption Encryption
	Query      query.Options
	TimeSeries timeseries.Options
	PromQL     prom.Options
	Backup     Backup
	Log        Log

	origin map[string]string
}

// Server holds the keys of the section server.
type Server struct {
	Listen            string // host:port; port 0 takes a free one
	InsecureListen    bool   // lets Listen be reached from other machines though there are no users
	Dev               bool   // says that running without users is meant
	BodyBytes         int64
	ResultBytes       int64
	MaxInFlight       int
	CompressMin       int64 // -1 is off
	CORSOrigins       []string
	AllowedHosts      []string
	ReadHeaderTimeout time.Duration
	IdleTimeout       time.Duration
	DrainDelay        time.Duration // between readyz saying no and the end of accepting
	ShutdownTimeout   time.Duration

	MaxTransactions          int
	MaxTransactionsPerClient int
	TransactionMaxIdle       time.Duration
	TransactionMaxAge        time.Duration
	WebhookNetworks          []string // that are not public, and may be sent to
	MaxCursors               int
	MaxCursorsPerClient      int
	CursorMaxIdle            time.Duration
	CursorMaxAge             time.Duration
	IdempotencyTTL           time.Duration // of answers kept for Idempotency-Key
	MaxPrepared              int
	PreparedIdle             time.Duration
}

// Backup holds the keys of the section backup.
type Backup struct {
	Dir                               string // empty: backups in the data directory
	Compression                       compress.Codec
	Key                               string // 64 hex digits
	KeyFile                           string
	OldKeyFiles                       []string // of keys that only old backups need
	FullSchedule, IncrementalSchedule backup.Schedule
	Keep                              int           // -1 keeps all
	KeepFor                           time.Duration // -1 is no time beyond Keep
	MaxLogBytes                       int64
	ArchiveDir                        string // empty: no archive
	ArchiveInterval                   time.Duration
}

// Log holds the keys of the section log.
type Log struct {
	Level       slog.Level
	Format      string // text or json
	AccessLevel slog.Level
	SlowRequest time.Duration // 0 is never
}

// Origin says where a key's value came from.
func (c *Config) Origin(key string) string {
	if o := c.origin[key]; o != "" {
		return o
	}
	return "default"
}

// Loopback says whether the server can be reached from this machine only.
func (c *Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Server.Listen)
	return err == nil && loopback(host)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// BackupDir is where backups are kept; empty where there is no place for them.
func (c *Config) BackupDir() string {
	if c.Backup.Dir != "" || c.Storage.Backend == storage.BackendMemory || c.DataDir == "" {
		return c.Backup.Dir
	}
	return filepath.Join(c.DataDir, "backups")
}

// Validate names what is wrong beyond single values, all faults at once.
func (c *Config) Validate() error {
	var errs []error
	host, _, err := net.SplitHostPort(c.Server.Listen)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("server.listen is %q: want host:port, such as 127.0.0.1:7600", c.Server.Listen))
	case !loopback(host) && !c.Server.InsecureListen:
		errs = append(errs, fmt.Errorf("server.listen is %q, which other machines can reach, but this version has no users: anyone there could read, change and delete everything (--dev does not change that). "+
			"Listen on this machine only: weft serve --listen 127.0.0.1:7600. Or, where the network itself is guarded, say so: weft serve --listen %s --insecure-listen", c.Server.Listen, c.Server.Listen))
	}
	for _, d := range []struct {
		key string
		v   time.Duration
	}{{"server.transaction_max_idle", c.Server.TransactionMaxIdle}, {"server.transaction_max_age", c.Server.TransactionMaxAge},
		{"server.cursor_max_idle", c.Server.CursorMaxIdle}, {"server.cursor_max_age", c.Server.CursorMaxAge},
		{"server.idempotency_ttl", c.Server.IdempotencyTTL}, {"server.prepared_idle", c.Server.PreparedIdle}} {
		if d.v < time.Millisecond {
			errs = append(errs, fmt.Errorf("%s is %v: want at least 1ms", d.key, d.v))
		}
	}
	if c.Storage.Backend == storage.BackendLocal && c.DataDir == "" {
		errs = append(errs, errors.New("storage.dir is empty: name a directory, or keep everything in memory with --memory"))
	}
	if c.Backup.Key != "" && c.Backup.KeyFile != "" {
		errs = append(errs, errors.New("backup.key and backup.key_file are both set: want one of them"))
	}
	if c.Storage.Backend == storage.BackendMemory && c.Backup.ArchiveDir != "" {
		errs = append(errs, errors.New("backup.archive_dir is set, but a store in memory has no log to archive"))
	}
	if c.Storage.Backend == storage.BackendMemory && !c.Backup.IncrementalSchedule.Never() {
		errs = append(errs, errors.New("backup.incremental_schedule is set, but a store in memory has no log for incremental backups"))
	}
	if c.Storage.Encryption != nil && c.Backup.Key == "" && c.Backup.KeyFile == "" && (c.Backup.ArchiveDir != "" || !c.Backup.FullSchedule.Never() || !c.Backup.IncrementalSchedule.Never()) {
		errs = append(errs, errors.New("the store is encrypted, but its scheduled backups and its archive would not be: set backup.key_file"))
	}
	if c.Backup.ArchiveInterval < 100*time.Millisecond {
		errs = append(errs, fmt.Errorf("backup.archive_interval is %v: want at least 100ms", c.Backup.ArchiveInterval))
	}
	if c.BackupDir() == "" && !(c.Backup.FullSchedule.Never() && c.Backup.IncrementalSchedule.Never()) {
		errs = append(errs, errors.New("backups are scheduled, but a store in memory has no place for them: set backup.dir"))
	}
	if err := c.Storage.Validate(); err != nil {
		errs = append(errs, err)
	}
	return joined(errs)
}

// joined makes one error of class ErrInvalid with a line for each fault.
func joined(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return dberr.New(dberr.ErrInvalid, "INVALID_CONFIG", "the configuration has %d fault(s):\n  %s", len(errs), lines(errs))
}

func lines(errs []error) string {
	s := ""
	for i, err := range errs {
		if i > 0 {
			s += "\n  "
		}
		s += err.Error()
	}
	return s
}
