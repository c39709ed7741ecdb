package backup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// Delete removes a backup. One that incremental backups follow is refused with code
// BACKUP_HAS_CHILDREN, unless they are to go, too.
func (m *Manager) Delete(id string, children bool) (deleted []string, err error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	list, err := m.List()
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(s Status) bool { return s.ID == id }) {
		return nil, errNoBackup(id)
	}
	doomed := descendants(list, id)
	if len(doomed) > 1 && !children {
		return nil, dberr.New(dberr.ErrConflict, "BACKUP_HAS_CHILDREN", "backup %s is needed by %s", id, strings.Join(doomed[1:], ", ")).
			WithHint("delete those first, or all at once with ?children=true")
	}
	for _, d := range slices.Backward(doomed) {
		if err := m.remove(d); err != nil {
			return deleted, err
		}
		deleted = append(deleted, d)
	}
	return deleted, nil
}

// descendants is id and all that follows it, parents before children.
func descendants(list []Status, id string) []string {
	ids := []string{id}
	for i := 0; i < len(ids); i++ {
		for _, s := range list {
			if s.Parent == ids[i] && !slices.Contains(ids, s.ID) {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}

// remove takes the name first, so that a backup is there whole or not at all.
func (m *Manager) remove(id string) error {
	m.mu.Lock()
	running := m.mu.running != nil && m.mu.running.ID == id
	if running || m.mu.busy[id] > 0 {
		m.mu.Unlock()
		return dberr.New(dberr.ErrConflict, "BACKUP_IN_USE", "backup %s is in use", id).WithHint("try again when it is not")
	}
	// Nobody opens it from here on: its name goes before the lock does.
	fs, path := m.opts.FS, m.path(id)
	err := removeAll(fs, unfinished(path))
	if err == nil {
		err = vfs.MapError(fs.Rename(path, unfinished(path)))
	}
	delete(m.mu.bad, id)
	m.mu.Unlock()
	if err == nil {
		err = vfs.SyncDir(fs, m.opts.Dir)
	}
	if err == nil {
		err = removeAll(fs, unfinished(path))
	}
	if err != nil {
		return fmt.Errorf("delete backup %s: %w", id, err)
	}
	return nil
}
