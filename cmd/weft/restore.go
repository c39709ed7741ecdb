package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

type restoreFlags struct {
	adminTarget
	keyFlags
	to, archive    string
	replace, force bool
}

func newRestoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore BACKUP...",
		Short: "bring back the state of a backup, or of any moment after it",
		Long: "With --data-dir makes a data directory out of backups: a full one, and any number that follow it, as files, directories, or\n" +
			"ids of those in the data directory's own backups. Without, has a running server replace its data by one of its own\n" +
			"backups. --to brings back a later moment, by incremental backups and archived log. Everything is read and checked\n" +
			"before anything is replaced; a restore that fails leaves what was there.",
		Example: "  weft restore monday.wbk tuesday.wbk --data-dir ./new-data\n" +
			"  weft restore monday.wbk --data-dir ./new-data --archive /mnt/archive --to 2026-01-31T11:59:00Z\n" +
			"  weft restore backup_20260131_020000 --to latest",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			if f.dataDir != "" {
				return f.locally(ctx, cmd, args)
			}
			return f.remotely(ctx, cmd, args)
		},
	}
	f.adminTarget.flags(cmd)
	f.keyFlags.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "moment to bring back: RFC 3339, such as 2026-01-31T12:00:00Z, or latest (default: that of the last backup named)")
	fl.StringVar(&f.archive, "archive", "", "directory of archived log, for --to; with --data-dir only, a server knows its own")
	fl.BoolVar(&f.replace, "replace", false, "replace the store that is in --data-dir; what it holds is lost")
	fl.BoolVar(&f.force, "force", false, "have the server try a backup again that it has found damaged")
	return cmd
}

func (f *restoreFlags) remotely(ctx context.Context, cmd *cobra.Command, args []string) error {
	switch {
	case len(args) != 1:
		return usage("%d backups are named: a server finds what goes with one by itself; name --data-dir to restore from files", len(args))
	case f.replace || f.archive != "" || len(f.files) > 0:
		return usage("--replace, --archive and --key-file are for --data-dir: a server replaces its own data, and knows its archive and keys")
	}
	if err := backup.CheckID(args[0]); err != nil {
		return err
	}
	body := map[string]any{"backup_id": args[0], "force": f.force}
	if f.to != "" {
		body["to"] = f.to
	}
	r, err := f.remote(ctx)
	if err != nil {
		return err
	}
	defer r.close() //nolint:errcheck // it closes idle connections
	var out struct {
		RestoredTo time.Time `json:"restored_to"`
		Files      int       `json:"files_restored"`
		Entries    int64     `json:"entries"`
		Records    int64     `json:"log_records"`
		DowntimeMS float64   `json:"downtime_ms"`
	}
	if err := r.call(ctx, http.MethodPost, "/api/v1/admin/restore", nil, body, &out); err != nil {
		return damageFound(err)
	}
	return f.report(cmd, out.RestoredTo, out.Files, out.Entries, out.Records)
}

func (f *restoreFlags) report(cmd *cobra.Command, to time.Time, files int, entries, records int64) error {
	if f.json {
		return printJSON(cmd.OutOrStdout(), map[string]any{"restored_to": to, "files": files, "entries": entries, "log_records": records})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "restored the state of %s: %d entries and %d log records, from %d files\n", to.Format(time.RFC3339Nano), entries, records, files)
	return err
}

func (f *restoreFlags) locally(ctx context.Context, cmd *cobra.Command, args []string) error {
	if f.force {
		return usage("--force is for servers: here every backup is read anew")
	}
	to, err := f.moment()
	if err != nil {
		return err
	}
	ring, err := f.ring()
	if err != nil {
		return err
	}
	var all []*backup.Reader
	for _, name := range args {
		path := name
		if _, err := os.Stat(path); err != nil && backup.CheckID(name) == nil {
			path = filepath.Join(f.dataDir, "backups", name)
		}
		r, err := backup.Open(vfs.OS(), path, ring)
		if err != nil {
			return damageFound(err)
		}
		all = append(all, r)
	}
	c, err := f.chain(all, to, ring)
	if err != nil {
		return damageFound(err)
	}
	key, err := storageKey()
	if err != nil {
		return err
	}
	done, err := backup.RestoreInto(ctx, vfs.OS(), f.dataDir, storage.Options{Encryption: key}, c, f.replace)
	if ctx.Err() != nil {
		return fmt.Errorf("%w; %s is as it was", errInterrupted, f.dataDir)
	}
	if err != nil {
		if e := dberr.As(err); e != nil && e.Code == "STORE_EXISTS" {
			e.WithHint("name another directory, or replace what is there with --replace")
		}
		return damageFound(err)
	}
	return f.report(cmd, c.To.Time(), done.Files, done.Entries, done.Records)
}

func (f *restoreFlags) moment() (txn.Timestamp, error) {
	if f.to == "" {
		if f.archive != "" {
			return 0, usage("--archive without --to: say which moment, or --to latest")
		}
		return backup.Latest, nil
	}
	to, err := backup.ParseTime(f.to)
	if err != nil {
		return 0, usageError{err}
	}
	return to, nil
}

// chain puts the named backups together, every one of which must be of use where no
// moment was named.
func (f *restoreFlags) chain(all []*backup.Reader, to txn.Timestamp, keys backup.Keys) (*backup.Chain, error) {
	if f.archive != "" {
		base := backup.Base(all, to)
		if base == nil {
			_, err := backup.NewChain(all, to)
			return nil, err
		}
		i := base.Info()
		pieces, err := backup.OpenArchive(vfs.OS(), f.archive, i.Store, i.To, to, keys)
		if err != nil {
			return nil, err
		}
		all = append(all, pieces...)
	}
	c, err := backup.NewChain(all, to)
	if err != nil {
		return nil, err
	}
	if f.to == "" && len(c.Logs)+1 < len(all) {
		return nil, dberr.New(dberr.ErrInvalid, "RESTORE_GAP", "only %d of the %d backups named go together, up to %s", len(c.Logs)+1, len(all), c.To.Time().Format(time.RFC3339Nano)).
			WithHint("name the ones in between, or say --to latest to go as far as they lead")
	}
	return c, nil
}
