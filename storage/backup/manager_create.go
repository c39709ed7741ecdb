package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

// CreateOptions say how a backup is made.
type CreateOptions struct {
	Incremental bool
	// Parent is the id of the backup that an incremental one follows. Empty: the
	// newest of the same store.
	Parent      string
	Description string
	CreatedBy   string
	// Compression replaces that of the Manager.
	Compression *compress.Codec
	// Encrypt is whether to encrypt. Nil: where there is a key.
	Encrypt *bool
	// KeyID names the key, where it is not to be the current one.
	KeyID string
}

// Create makes a backup. One is made at a time; a second is refused with code
// BACKUP_RUNNING.
func (m *Manager) Create(ctx context.Context, s *storage.Store, o CreateOptions) (info Info, err error) {
	kind := Full
	if o.Incremental {
		kind = Incremental
	}
	began := m.opts.Clock.Now()
	defer func() {
		switch e := m.opts.Events; {
		case err != nil && e.Failed != nil:
			e.Failed(kind, err)
		case err == nil && e.Created != nil:
			e.Created(info, m.opts.Clock.Now().Sub(began))
		}
	}()
	key, err := m.chooseKey(o)
	if err != nil {
		return Info{}, err
	}
	req := Request{Description: o.Description, CreatedBy: o.CreatedBy, Version: m.opts.Version}
	if req.ID, err = m.begin(kind, s.ID(), began); err != nil {
		return Info{}, err
	}
	defer m.end()
	if o.Incremental {
		if req.Parent, err = m.parent(s.ID(), o.Parent); err != nil {
			return Info{}, err
		}
		defer m.release(req.Parent.ID)
	}
	t := Target{FS: m.opts.FS, Path: m.path(req.ID), PartBytes: m.opts.PartBytes, Compression: *m.opts.Compression, Key: key}
	if o.Compression != nil {
		t.Compression = *o.Compression
	}
	req.Progress = m.progress
	return Create(ctx, s, t, req)
}

func (m *Manager) chooseKey(o CreateOptions) (*Key, error) {
	k, ok := m.opts.Keys.Current()
	if o.Encrypt != nil && !*o.Encrypt {
		if o.KeyID != "" {
			return nil, invalid("ENCRYPTION_KEY_UNUSED", "a key is named for a backup that is not to be encrypted").WithField("encryption_key_id")
		}
		return nil, nil
	}
	if o.KeyID != "" {
		if k, ok = m.opts.Keys.Find(o.KeyID); !ok {
			return nil, invalid("ENCRYPTION_KEY_UNKNOWN", "there is no backup key %q", o.KeyID).WithField("encryption_key_id")
		}
	}
	if !ok && (o.Encrypt != nil || m.opts.MustEncrypt) {
		return nil, invalid("ENCRYPTION_KEY_MISSING", "the backup is to be encrypted, as its store is or as was asked for, and there is no key").
			WithField("encrypt").WithHint("set backup.key_file, or say \"encrypt\": false")
	}
	if !ok {
		return nil, nil
	}
	return &k, nil
}

// begin takes the right to make a backup, and an id for it that is not in use.
func (m *Manager) begin(kind Kind, store [16]byte, now time.Time) (id string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed {
		return "", dberr.New(dberr.ErrUnavailable, "BACKUPS_CLOSED", "the server is stopping")
	}
	if r := m.mu.running; r != nil {
		return "", dberr.New(dberr.ErrConflict, "BACKUP_RUNNING", "backup %s is being made", r.ID).WithHint("wait until it is there")
	}
	stem := now.UTC().Format("backup_20060102_150405")
	id = stem
	for n := 2; ; n++ {
		if _, err := m.opts.FS.Stat(m.path(id)); errors.Is(vfs.MapError(err), dberr.ErrNotFound) {
			break
		} else if err != nil {
			return "", fmt.Errorf("look for backup %s: %w", id, vfs.MapError(err))
		}
		id = fmt.Sprintf("%s_%d", stem, n)
	}
	m.mu.running = &Status{State: Running, Info: Info{ID: id, Kind: kind, Store: store, Created: now.UTC()}}
	return id, nil
}

func (m *Manager) progress(items int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.running != nil {
		m.mu.running.Items = items
	}
}

func (m *Manager) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.running = nil
}

// parent finds what an incremental backup follows, and keeps it from being deleted.
func (m *Manager) parent(store [16]byte, id string) (*Info, error) {
	if id != "" {
		r, err := m.Open(id)
		if err != nil {
			return nil, fmt.Errorf("parent: %w", err)
		}
		i := r.Info()
		return &i, nil
	}
	list, err := m.List()
	if err != nil {
		return nil, err
	}
	best := Newest(list, store)
	if best == nil {
		return nil, invalid("BACKUP_PARENT", "there is no backup of this store that an incremental one could follow").WithHint("make a full backup first")
	}
	return best, m.keep(best.ID)
}

// Newest is the good backup of a store that reaches farthest, or nil.
func Newest(list []Status, store [16]byte) (best *Info) {
	for i := range list {
		if s := &list[i]; s.State == Completed && s.Store == store && (best == nil || s.To > best.To) {
			best = &s.Info
		}
	}
	return best
}
