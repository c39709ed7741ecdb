package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/vfs"
)

// interruptible is the context of a command that Ctrl-C ends.
func interruptible(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(cmd.Context(), os.Interrupt)
}

func newBackupListCommand() *cobra.Command {
	var f adminTarget
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the backups, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			list, err := f.list(ctx)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), list)
			}
			return printBackups(cmd.OutOrStdout(), list)
		},
	}
	f.flags(cmd)
	return cmd
}

func (t *adminTarget) list(ctx context.Context) ([]api.Backup, error) {
	if t.dataDir == "" {
		r, err := t.remote(ctx)
		if err != nil {
			return nil, err
		}
		defer r.close() //nolint:errcheck // it closes idle connections
		var out struct {
			Backups []api.Backup `json:"backups"`
		}
		return out.Backups, r.call(ctx, http.MethodGet, "/api/v1/admin/backups", nil, nil, &out)
	}
	m, err := t.manager(nil)
	if err != nil {
		return nil, err
	}
	list, err := m.List()
	out := make([]api.Backup, len(list))
	for i, s := range list {
		out[i] = describeInfo(s)
	}
	return out, errors.Join(err, m.Close())
}

func printBackups(w io.Writer, list []api.Backup) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "There are no backups.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tKIND\tSTATUS\tSTATE OF\tBYTES\tFOLLOWS\tDESCRIPTION")
	for _, b := range list {
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", b.ID, b.Kind, b.Status, momentText(b.To), b.SizeBytes, text(b.ParentID), text(b.Description))
	}
	return t.Flush()
}

func newBackupVerifyCommand() *cobra.Command {
	var f adminTarget
	var k keyFlags
	cmd := &cobra.Command{
		Use:   "verify BACKUP",
		Short: "read all of a backup and check it",
		Long: "Reads all of a backup and checks every checksum, and every item where it is not encrypted or the key is given. BACKUP is a\n" +
			"file or a directory, or else the id of one that the server has. Damage is named by file and offset; the exit code is then 6.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			b, err := verifyBackup(ctx, &f, &k, args[0])
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), b)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %s backup, state of %s, %d items, %d bytes\n", args[0], b.Kind, momentText(b.To), b.Items, b.SizeBytes)
			return err
		},
	}
	f.flags(cmd)
	k.flags(cmd)
	return cmd
}

func verifyBackup(ctx context.Context, f *adminTarget, k *keyFlags, name string) (b api.Backup, err error) {
	ring, err := k.ring()
	if err != nil {
		return b, err
	}
	if _, serr := os.Stat(name); serr == nil {
		r, err := backup.Open(vfs.OS(), name, ring)
		if err == nil {
			err = r.Verify(ctx)
		}
		if err != nil {
			return b, damageFound(err)
		}
		return describeInfo(backup.Status{Info: r.Info(), State: backup.Completed}), nil
	}
	if err := backup.CheckID(name); err != nil {
		return b, dberr.New(dberr.ErrNotFound, "BACKUP_NOT_FOUND", "%q is neither a file here nor an id of a backup", name)
	}
	if f.dataDir != "" {
		m, err := f.manager(ring)
		if err != nil {
			return b, err
		}
		info, err := m.Verify(ctx, name)
		return describeInfo(backup.Status{Info: info, State: backup.Completed}), errors.Join(damageFound(err), m.Close())
	}
	r, err := f.remote(ctx)
	if err != nil {
		return b, err
	}
	defer r.close() //nolint:errcheck // it closes idle connections
	var out struct {
		Backup api.Backup `json:"backup"`
	}
	err = r.call(ctx, http.MethodPost, "/api/v1/admin/backup/"+name+"/verify", nil, nil, &out)
	return out.Backup, damageFound(err)
}

func newBackupDeleteCommand() *cobra.Command {
	var f adminTarget
	var children bool
	cmd := &cobra.Command{
		Use:   "delete ID",
		Short: "delete a backup",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			deleted, err := f.delete(ctx, args[0], children)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), deleted)
			}
			for _, id := range deleted {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), "deleted", id); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.flags(cmd)
	cmd.Flags().BoolVar(&children, "children", false, "delete the incremental backups that need it, too")
	return cmd
}

func (t *adminTarget) delete(ctx context.Context, id string, children bool) ([]string, error) {
	if err := backup.CheckID(id); err != nil {
		return nil, err
	}
	if t.dataDir != "" {
		m, err := t.manager(nil)
		if err != nil {
			return nil, err
		}
		deleted, err := m.Delete(id, children)
		return deleted, errors.Join(err, m.Close())
	}
	r, err := t.remote(ctx)
	if err != nil {
		return nil, err
	}
	defer r.close() //nolint:errcheck // it closes idle connections
	var out struct {
		Deleted []string `json:"deleted"`
	}
	return out.Deleted, r.call(ctx, http.MethodDelete, "/api/v1/admin/backup/"+id, url.Values{"children": {fmt.Sprint(children)}}, nil, &out)
}

func newBackupDownloadCommand() *cobra.Command {
	var f adminTarget
	var k keyFlags
	var output string
	cmd := &cobra.Command{
		Use:   "download ID",
		Short: "get a backup from a server, as one file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.dataDir != "" {
				return usage("--data-dir: download is from a server; in a data directory the backup is in backups/%s", args[0])
			}
			ring, err := k.ring()
			if err != nil {
				return err
			}
			if output == "" {
				output = args[0] + ".wbk"
			}
			ctx, stop := interruptible(cmd)
			defer stop()
			r, err := f.remote(ctx)
			if err != nil {
				return err
			}
			defer r.close() //nolint:errcheck // it closes idle connections
			if err := download(ctx, r, args[0], output, ring); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), output)
			return err
		},
	}
	f.flags(cmd)
	k.flags(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write it to (default: ID.wbk)")
	return cmd
}

func newBackupStatusCommand() *cobra.Command {
	var f adminTarget
	cmd := &cobra.Command{
		Use:   "status",
		Short: "show a server's schedules, how they went, and its archive of the log",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dataDir != "" {
				return usage("--data-dir: schedules belong to a server")
			}
			ctx, stop := interruptible(cmd)
			defer stop()
			r, err := f.remote(ctx)
			if err != nil {
				return err
			}
			defer r.close() //nolint:errcheck // it closes idle connections
			var st api.BackupStatus
			if err := r.call(ctx, http.MethodGet, "/api/v1/admin/backups/status", nil, nil, &st); err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), st)
			}
			return printBackupStatus(cmd.OutOrStdout(), st)
		},
	}
	f.flags(cmd)
	return cmd
}

func printBackupStatus(w io.Writer, st api.BackupStatus) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "directory\t%s\n", st.Directory)
	for i, name := range []string{"full", "incremental"} {
		s := []api.ScheduleStatus{st.Full, st.Incremental}[i]
		switch {
		case s.Next == nil:
			fmt.Fprintf(t, "%s\tnot scheduled\n", name)
		default:
			fmt.Fprintf(t, "%s\t%s, next %s\n", name, s.Schedule, s.Next.Format(time.RFC3339))
		}
		if r := s.Last; r != nil && r.Error != nil {
			fmt.Fprintf(t, "\tlast %s failed: %s\n", r.At.Format(time.RFC3339), *r.Error)
		} else if r != nil && r.BackupID != nil {
			fmt.Fprintf(t, "\tlast %s: %s\n", r.At.Format(time.RFC3339), *r.BackupID)
		}
	}
	if a := st.Archive; a == nil {
		fmt.Fprintf(t, "archive\toff\n")
	} else {
		fmt.Fprintf(t, "archive\t%s, up to %s, %.0f s and %d bytes behind\n", a.Directory, momentText(a.Archived), a.LagSeconds, a.LagBytes)
		if a.Error != nil {
			fmt.Fprintf(t, "\tfailing: %s\n", *a.Error)
		}
	}
	return t.Flush()
}

// errDamaged ends a command that has found damage.
type errDamaged struct{ err error }

func (e errDamaged) Error() string { return e.err.Error() }
func (e errDamaged) Unwrap() error { return e.err }

// damageFound gives damage its exit code.
func damageFound(err error) error {
	if e := dberr.As(err); errors.Is(err, dberr.ErrCorrupt) || e != nil && e.Code == "BACKUP_DAMAGED" {
		return errDamaged{err}
	}
	return err
}
