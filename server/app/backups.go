package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// backupKeys reads the keys that the configuration names.
func (a *App) backupKeys() (backup.KeyRing, error) {
	var ring backup.KeyRing
	add := func(key string, k backup.Key, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		ring = append(ring, k)
		return nil
	}
	b := a.cfg.Backup
	if b.Key != "" {
		k, err := backup.ParseKey(b.Key)
		if err := add("backup.key", k, err); err != nil {
			return nil, err
		}
	}
	if b.KeyFile != "" {
		k, err := backup.ReadKeyFile(b.KeyFile)
		if err := add("backup.key_file", k, err); err != nil {
			return nil, err
		}
	}
	if len(ring) == 0 && len(b.OldKeyFiles) > 0 {
		return nil, dberr.New(dberr.ErrInvalid, "BACKUP_KEYS", "backup.old_key_files is set, but no key for new backups").WithHint("set backup.key_file, too")
	}
	for _, name := range b.OldKeyFiles {
		k, err := backup.ReadKeyFile(name)
		if err := add("backup.old_key_files", k, err); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// openBackups opens the directory of backups and begins what is scheduled.
func (a *App) openBackups(db *weft.DB) error {
	dir := a.cfg.BackupDir()
	if dir == "" {
		return nil
	}
	keys, err := a.backupKeys()
	if err != nil {
		return err
	}
	if a.cfg.Storage.Encryption != nil && len(keys) == 0 {
		a.opts.Log.Warn("the store is encrypted, but its backups are not", "dir", dir, "hint", "set backup.key_file")
	}
	b := a.cfg.Backup
	events := a.backupEvents()
	m, err := backup.OpenManager(backup.ManagerOptions{FS: vfs.OS(), Dir: dir, Compression: &b.Compression, Keys: keys,
		MustEncrypt: a.cfg.Storage.Encryption != nil, Version: a.opts.Version, Events: events})
	if err != nil {
		return fmt.Errorf("open backups: %w", err)
	}
	o := backup.ServiceOptions{Manager: m, FullSchedule: b.FullSchedule, IncrementalSchedule: b.IncrementalSchedule,
		Keep: max(b.Keep, 0), KeepFor: max(b.KeepFor, 0), MaxLogBytes: b.MaxLogBytes, Events: events}
	if b.ArchiveDir != "" {
		o.Archive = &backup.ArchiveOptions{FS: vfs.OS(), Dir: b.ArchiveDir, Interval: b.ArchiveInterval, MaxLogBytes: b.MaxLogBytes,
			Compression: &b.Compression, Keys: keys, Version: a.opts.Version, Events: events}
	}
	s := backup.NewService(o)
	if err := s.Attach(db.Store()); err != nil {
		return errors.Join(fmt.Errorf("open backups: %w", err), m.Close())
	}
	a.backups.Store(s)
	return nil
}

// closeBackups ends what is scheduled, after a last copy of the log to the archive.
func (a *App) closeBackups(ctx context.Context) error {
	s := a.backups.Load()
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	return errors.Join(s.Detach(ctx), s.Manager().Close())
}

func (a *App) backupEvents() backup.Events {
	m, log := a.api.Metrics(), a.opts.Log
	return backup.Events{
		Created: func(i backup.Info, took time.Duration) {
			m.BackupMade(string(i.Kind), i.Bytes, i.To.Time())
			log.Info("backup made", "id", i.ID, "kind", string(i.Kind), "bytes", i.Bytes, "took", took.String())
		},
		Failed: func(k backup.Kind, err error) {
			m.BackupFailed(string(k))
			log.Error("backup failed", "kind", string(k), "error", err)
		},
		Deleted:  func(i backup.Info) { log.Info("backup past its time deleted", "id", i.ID) },
		Archived: func(i backup.Info) { m.Archived(i.Bytes, i.To.Time()) },
		ArchiveFailed: func(err error) {
			m.ArchiveFailed()
			log.Error("the log could not be archived", "error", err)
		},
	}
}

// backups is the App as the HTTP interface wants it for backups.
type backups struct{ a *App }

var _ api.Backups = backups{}

func (b backups) service() (*backup.Service, error) {
	if s := b.a.backups.Load(); s != nil {
		return s, nil
	}
	return nil, dberr.SQL(dberr.StateCannotConnectNow, "the server is replaying its log and takes no requests yet").WithHint("GET /readyz tells how far it is")
}

// CreateBackup implements api.Backups.
func (b backups) CreateBackup(ctx context.Context, r api.BackupRequest) (api.Backup, error) {
	s, err := b.service()
	if err != nil {
		return api.Backup{}, err
	}
	o := backup.CreateOptions{Incremental: r.Incremental, Parent: r.Parent, Description: r.Description, Encrypt: r.Encrypt, KeyID: r.EncryptionKey}
	if r.Compress != nil {
		c := b.a.cfg.Backup.Compression
		switch {
		case !*r.Compress:
			c = compress.Codec{}
		case c.Algorithm == compress.None:
			c = compress.Codec{Algorithm: compress.Zstd}
		}
		o.Compression = &c
	}
	info, err := s.Create(ctx, o)
	if err != nil {
		return api.Backup{}, err
	}
	return describeBackup(backup.Status{Info: info, State: backup.Completed}), nil
}

// ListBackups implements api.Backups.
func (b backups) ListBackups(context.Context) ([]api.Backup, error) {
	s, err := b.service()
	if err != nil {
		return nil, err
	}
	list, err := s.Manager().List()
	out := make([]api.Backup, len(list))
	for i, st := range list {
		out[i] = describeBackup(st)
	}
	return out, err
}

// GetBackup implements api.Backups.
func (b backups) GetBackup(_ context.Context, id string) (api.Backup, error) {
	s, err := b.service()
	if err != nil {
		return api.Backup{}, err
	}
	st, err := s.Manager().Get(id)
	if err != nil {
		return api.Backup{}, err
	}
	return describeBackup(st), nil
}

// VerifyBackup implements api.Backups.
func (b backups) VerifyBackup(ctx context.Context, id string) (api.Backup, error) {
	s, err := b.service()
	if err != nil {
		return api.Backup{}, err
	}
	info, err := s.Manager().Verify(ctx, id)
	if err != nil {
		return api.Backup{}, damaged(id, err)
	}
	return describeBackup(backup.Status{Info: info, State: backup.Completed}), nil
}

// damaged tells the client of damage in a backup, which is nobody's secret: file and
// offset are what it needs.
func damaged(id string, err error) error {
	var c *dberr.CorruptError
	if !errors.As(err, &c) {
		return err
	}
	return dberr.New(dberr.ErrConstraint, "BACKUP_DAMAGED", "backup %s is damaged", id).WithDetail("%v", c).
		WithHint("use another backup; GET /api/v1/admin/backups lists them")
}

// DeleteBackup implements api.Backups.
func (b backups) DeleteBackup(_ context.Context, id string, children bool) ([]string, error) {
	s, err := b.service()
	if err != nil {
		return nil, err
	}
	return s.Manager().Delete(id, children)
}

// held is a backup that is being read, and is not deleted until it is closed.
type held struct {
	io.ReadCloser
	release func()
}

func (h held) Close() error {
	defer h.release()
	return h.ReadCloser.Close()
}

// ReadBackup implements api.Backups.
func (b backups) ReadBackup(_ context.Context, id string) (io.ReadCloser, int64, error) {
	s, err := b.service()
	if err != nil {
		return nil, 0, err
	}
	r, err := s.Manager().Open(id)
	if err != nil {
		return nil, 0, damaged(id, err)
	}
	return held{r.Stream(), func() { s.Manager().Release(id) }}, r.Info().Bytes, nil
}

// BackupStatus implements api.Backups.
func (b backups) BackupStatus(context.Context) (api.BackupStatus, error) {
	s, err := b.service()
	if err != nil {
		return api.BackupStatus{}, err
	}
	st := s.Status()
	out := api.BackupStatus{
		Enabled: st.FullSchedule != "" || st.IncrementalSchedule != "", Directory: s.Manager().Dir(),
		Full:        api.ScheduleStatus{Schedule: st.FullSchedule, Next: instant(st.NextFull), Last: runStatus(st.LastFull)},
		Incremental: api.ScheduleStatus{Schedule: st.IncrementalSchedule, Next: instant(st.NextIncremental), Last: runStatus(st.LastIncremental)},
		Keep:        st.Keep, KeepSeconds: st.KeepFor.Seconds(), HeldLogBytes: st.HeldLogBytes, Failing: failure(st.Failing()),
	}
	if x := st.Archive; x != nil {
		out.Archive = &api.ArchiveStatus{Directory: x.Dir, Begins: moment(x.Begins), Archived: moment(x.Archived), LagSeconds: x.Lag().Seconds(),
			LagBytes: x.LagBytes, Pieces: x.Pieces, Gap: x.Gap, Error: failure(x.Err)}
	}
	return out, nil
}

func runStatus(r *backup.Run) *api.RunStatus {
	if r == nil {
		return nil
	}
	return &api.RunStatus{At: r.At, DurationMS: float64(r.Duration) / 1e6, BackupID: optional(r.ID), Error: failure(r.Err)}
}

func failure(err error) *string {
	if err == nil {
		return nil
	}
	return optional(err.Error())
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func moment(ts txn.Timestamp) *time.Time {
	if ts == 0 {
		return nil
	}
	return instant(ts.Time())
}

func describeBackup(s backup.Status) api.Backup {
	b := api.Backup{
		ID: s.ID, Timestamp: s.Created.UTC(), Version: s.Version, SizeBytes: s.Bytes, Checksum: s.SHA256,
		Compressed: s.Compression != "" && s.Compression != "none", Compression: s.Compression, Status: string(s.State), FilesCount: s.Files,
		CreatedBy: optional(s.CreatedBy), Description: optional(s.Description), Encrypted: s.Encrypted, Kind: string(s.Kind), ParentID: optional(s.Parent),
		From: moment(s.From), To: moment(s.To), Items: s.Items, StoreID: s.StoreID(), Error: failure(s.Err),
	}
	if s.Encrypted {
		b.EncryptionAlgorithm, b.EncryptionKeyID = optional("AES-256-GCM"), optional(s.KeyID)
	}
	return b
}

// errRestoring is why what runs is canceled when the database is replaced.
var errRestoring = dberr.SQL(dberr.StateAdminShutdown, "the database is being replaced by a backup").WithHint("run it again in a moment")

// Restore implements api.Backups: it makes the new store beside the running one, and
// exchanges the two between requests.
func (b backups) Restore(ctx context.Context, r api.RestoreRequest) (out api.Restored, err error) {
	s, err := b.service()
	if err != nil {
		return out, err
	}
	a := b.a
	if a.cfg.Storage.Backend == storage.BackendMemory {
		return out, dberr.New(dberr.ErrInvalid, "NO_DATA_DIR", "a server in memory has no data directory to restore into")
	}
	c, done, err := restoreChain(ctx, s, r)
	if err != nil {
		return out, damaged(r.BackupID, err)
	}
	defer done()
	restored, err := backup.Restore(ctx, vfs.OS(), a.cfg.DataDir, a.cfg.Storage, c, true)
	if err != nil {
		return out, damaged(r.BackupID, err)
	}
	down, err := a.exchangeStore(ctx, s, restored.Rebuild)
	if err != nil {
		return out, errors.Join(err, restored.Rebuild.Abort())
	}
	id := restored.Rebuild.ID()
	a.opts.Log.Info("restored", "backup", r.BackupID, "to", c.To.Time().Format(time.RFC3339Nano), "entries", restored.Entries, "records", restored.Records, "down", down.String())
	return api.Restored{To: c.To.Time(), Files: restored.Files, Entries: restored.Entries, Records: restored.Records,
		DowntimeMS: float64(down) / 1e6, StoreID: fmt.Sprintf("%x", id[:])}, nil
}

// restoreChain finds what is to be restored.
func restoreChain(ctx context.Context, s *backup.Service, r api.RestoreRequest) (*backup.Chain, func(), error) {
	st, err := s.Manager().Get(r.BackupID)
	if err != nil {
		return nil, nil, err
	}
	if st.State == backup.Corrupted && !r.Force {
		return nil, nil, st.Err
	}
	to := txn.Timestamp(0)
	if r.To != "" {
		if to, err = backup.ParseTime(r.To); err != nil {
			return nil, nil, err
		}
		if to < st.To {
			return nil, nil, dberr.New(dberr.ErrInvalid, "INVALID_TIME", "the time %s is before the backup, which is of %s", to.Time().Format(time.RFC3339Nano), st.To.Time().Format(time.RFC3339Nano)).
				WithField("to").WithHint("restore an earlier backup to that time")
		}
		if err := s.FlushArchive(ctx); err != nil && ctx.Err() != nil {
			return nil, nil, err
		} // else what is archived is what there is, and a gap is told
	}
	return s.Manager().Chain(r.BackupID, to, s.ArchiveDir())
}

// exchangeWait is how long requests that run get to end before a restore gives up.
const exchangeWait = 30 * time.Second

// exchangeStore puts a rebuilt store in the place of the running one. An error of the
// exchange itself leaves the old one running; where neither can be opened the server
// ends.
func (a *App) exchangeStore(ctx context.Context, s *backup.Service, r *storage.Rebuild) (down time.Duration, err error) {
	a.exchange.Lock()
	defer a.exchange.Unlock()
	if a.closed {
		return 0, errStopping
	}
	began := time.Now()
	wait, cancel := context.WithTimeout(ctx, exchangeWait)
	defer cancel()
	if err := a.api.Suspend(wait, errRestoring); err != nil {
		return 0, err
	}
	// From here on there is no way back in the middle: the caller's context is not looked at.
	ctx = context.WithoutCancel(ctx)
	last, cancel := context.WithTimeout(ctx, exchangeWait)
	defer cancel()
	if err := s.Detach(last); err != nil {
		a.opts.Log.Error("the last copy of the log to the archive failed before a restore", "error", err)
	}
	a.stopWork()
	if err := a.db.Close(); err != nil {
		a.opts.Log.Error("the database that is being replaced did not close well", "error", err)
	}
	committed := r.Commit()
	db, err := a.opts.Open(a.cfg.DataDir, a.dbOptions())
	if err == nil {
		a.db = db
		if err = s.Attach(db.Store()); err != nil {
			a.opts.Log.Error("scheduled backups and the archive did not go on after a restore", "error", err)
		}
		a.sweepAnswers(db)
		a.sendWebhooks(db)
		a.api.Attach(backend{db})
		return time.Since(began), committed
	}
	a.db = nil
	err = errors.Join(committed, fmt.Errorf("open the database after a restore: %w", err))
	a.failed <- err
	return 0, err
}
