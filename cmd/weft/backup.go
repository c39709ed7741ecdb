package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

// keyFlags are the flags that say with which keys backups are made and read.
type keyFlags struct{ files []string }

func (k *keyFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&k.files, "key-file", nil, "file of a key, 64 hex digits or 32 bytes; repeatable, the first encrypts (environment: WEFT_BACKUP_KEY holds a key)")
}

func (k *keyFlags) ring() (ring backup.KeyRing, err error) {
	for _, name := range k.files {
		key, err := backup.ReadKeyFile(name)
		if err != nil {
			return nil, err
		}
		ring = append(ring, key)
	}
	if text := os.Getenv("WEFT_BACKUP_KEY"); text != "" {
		key, err := backup.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("WEFT_BACKUP_KEY: %w", err)
		}
		ring = append(ring, key)
	}
	return ring, nil
}

func newBackupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "make, list, verify and delete backups",
		Long: "Makes and keeps backups, through a server, or with --data-dir in a data directory that no server is using. A backup is\n" +
			"made while the database is used and holds its state at one moment. weft restore brings one back.",
		Example: "  weft backup create --output monday.wbk\n" +
			"  weft backup create --incremental\n" +
			"  weft backup list\n" +
			"  weft backup verify monday.wbk",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBackupCreateCommand(), newBackupListCommand(), newBackupVerifyCommand(), newBackupDeleteCommand(), newBackupDownloadCommand(), newBackupStatusCommand())
	return cmd
}

// adminTarget holds the flags that say whose backups are meant.
type adminTarget struct {
	server, dataDir string
	json            bool
}

func (t *adminTarget) flags(cmd *cobra.Command) {
	server := os.Getenv("WEFT_SERVER")
	if server == "" {
		server = defaultServer
	}
	cmd.Flags().StringVarP(&t.server, "server", "s", server, "URL of the server (environment: WEFT_SERVER)")
	cmd.Flags().StringVar(&t.dataDir, "data-dir", "", "use this data directory instead of a server; no server may be using it")
	cmd.Flags().BoolVar(&t.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("server", "data-dir")
}

func (t *adminTarget) remote(ctx context.Context) (*remote, error) {
	return openRemote(ctx, t.server, "")
}

// manager opens the backups beside a data directory.
func (t *adminTarget) manager(keys backup.KeyRing) (*backup.Manager, error) {
	if _, err := os.Stat(t.dataDir); err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	return backup.OpenManager(backup.ManagerOptions{FS: vfs.OS(), Dir: filepath.Join(t.dataDir, "backups"), Keys: keys, Version: version})
}

// call sends a request with a JSON body, and reads the answer into out.
func (r *remote) call(ctx context.Context, method, path string, q url.Values, body, out any) error {
	var reader io.Reader
	kind := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader, kind = bytes.NewReader(b), "application/json"
	}
	res, err := r.do(ctx, method, r.url(path, q), kind, reader, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return r.unreachable(ctx, err)
	}
	return nil
}

// printJSON shows a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

type backupCreateFlags struct {
	adminTarget
	keyFlags
	output, description, parent, compression string
	incremental, noEncrypt                   bool
}

func newBackupCreateCommand() *cobra.Command {
	var f backupCreateFlags
	cmd := &cobra.Command{
		Use:   "create",
		Short: "make a backup",
		Long: "Makes a backup. Through a server it is put into the server's directory of backups, and with --output it is downloaded\n" +
			"and verified as well. With --data-dir it goes to --output alone where that is given, else into backups in that directory.",
		Example: "  weft backup create --description 'before the upgrade'\n" +
			"  weft backup create --incremental --output tuesday.wbk\n" +
			"  weft backup create --data-dir ./weft-data --output all.wbk --compression zstd:9",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			return f.run(ctx, cmd)
		},
	}
	f.adminTarget.flags(cmd)
	f.keyFlags.flags(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "file to write the backup to")
	fl.StringVar(&f.description, "description", "", "what the backup is for")
	fl.BoolVar(&f.incremental, "incremental", false, "only what was committed after the newest backup, or --parent")
	fl.StringVar(&f.parent, "parent", "", "backup that an incremental one follows: an id, or with --output and --data-dir a file")
	fl.StringVar(&f.compression, "compression", "", "none, or what the server is set to; with --data-dir none, snappy, lz4, zstd or zstd:LEVEL (default zstd)")
	fl.BoolVar(&f.noEncrypt, "no-encrypt", false, "do not encrypt, though there is a key")
	return cmd
}

func (f *backupCreateFlags) run(ctx context.Context, cmd *cobra.Command) error {
	if f.parent != "" && !f.incremental {
		return usage("--parent is for incremental backups: say --incremental, too")
	}
	if f.dataDir == "" {
		return f.remotely(ctx, cmd)
	}
	return f.locally(ctx, cmd)
}

func (f *backupCreateFlags) remotely(ctx context.Context, cmd *cobra.Command) error {
	body := map[string]any{"incremental": f.incremental}
	switch f.compression {
	case "":
	case "none":
		body["compress"] = false
	default:
		return usage("--compression is %q: a server takes none, or leave it out for what backup.compression says", f.compression)
	}
	if f.description != "" {
		body["description"] = f.description
	}
	if f.parent != "" {
		body["parent_id"] = f.parent
	}
	if f.noEncrypt {
		body["encrypt"] = false
	}
	r, err := f.remote(ctx)
	if err != nil {
		return err
	}
	defer r.close() //nolint:errcheck // it closes idle connections
	var out struct {
		Backup api.Backup `json:"backup"`
	}
	if err := r.call(ctx, http.MethodPost, "/api/v1/admin/backup", nil, body, &out); err != nil {
		return err
	}
	if f.output != "" {
		ring, err := f.ring()
		if err != nil {
			return err
		}
		if err := download(ctx, r, out.Backup.ID, f.output, ring); err != nil {
			return fmt.Errorf("backup %s was made; download it: %w", out.Backup.ID, err)
		}
	}
	return f.report(cmd.OutOrStdout(), out.Backup)
}

func (f *backupCreateFlags) report(w io.Writer, b api.Backup) error {
	if f.json {
		return printJSON(w, b)
	}
	name := b.ID
	if f.output != "" {
		name = f.output
		if b.ID != "" {
			name += " (" + b.ID + ")"
		}
	}
	_, err := fmt.Fprintf(w, "%s backup %s: state of %s, %d items, %d bytes\n", b.Kind, name, momentText(b.To), b.Items, b.SizeBytes)
	return err
}

func momentText(t *time.Time) string {
	if t == nil {
		return "an empty store"
	}
	return t.Format(time.RFC3339Nano)
}

func (f *backupCreateFlags) locally(ctx context.Context, cmd *cobra.Command) (err error) {
	ring, err := f.ring()
	if err != nil {
		return err
	}
	codec := compress.Codec{Algorithm: compress.Zstd}
	if f.compression != "" {
		if codec, err = compress.Parse(f.compression); err != nil {
			return usageError{err}
		}
	}
	s, err := openStore(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if key, err := storageKey(); err != nil || key != nil && len(ring) == 0 && !f.noEncrypt {
		return errors.Join(err, dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_MISSING", "the store is encrypted, and its backup would not be: there is no backup key").
			WithHint("give one with --key-file, or say --no-encrypt"))
	}
	info, err := f.create(ctx, s, ring, codec)
	if err != nil {
		return err
	}
	return f.report(cmd.OutOrStdout(), describeInfo(backup.Status{Info: info, State: backup.Completed}))
}

// openStore opens the store of a data directory, which must have one.
func openStore(dir string) (*storage.Store, error) {
	exists, err := storage.Exists(vfs.OS(), dir)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, dberr.New(dberr.ErrNotFound, "NO_STORE", "there is no store in %s", dir).WithHint("name the directory with --data-dir")
	}
	key, err := storageKey()
	if err != nil {
		return nil, err
	}
	return storage.Open(vfs.OS(), dir, storage.Options{Encryption: key})
}

// create makes the backup of an open store, in a file or beside it.
func (f *backupCreateFlags) create(ctx context.Context, s *storage.Store, ring backup.KeyRing, codec compress.Codec) (backup.Info, error) {
	if f.output == "" {
		m, err := f.manager(ring)
		if err != nil {
			return backup.Info{}, err
		}
		defer m.Close() //nolint:errcheck // it lets go of a lock
		o := backup.CreateOptions{Incremental: f.incremental, Parent: f.parent, Description: f.description, CreatedBy: "weft backup", Compression: &codec}
		if f.noEncrypt {
			o.Encrypt = new(bool)
		}
		return m.Create(ctx, s, o)
	}
	t := backup.Target{FS: vfs.OS(), Path: f.output, Compression: codec}
	if key, ok := ring.Current(); ok && !f.noEncrypt {
		t.Key = &key
	}
	req := backup.Request{Description: f.description, CreatedBy: "weft backup", Version: version}
	if f.incremental {
		if f.parent == "" {
			return backup.Info{}, usage("--parent is missing: name the file of the backup that this one follows")
		}
		r, err := backup.Open(vfs.OS(), f.parent, ring)
		if err != nil {
			return backup.Info{}, err
		}
		parent := r.Info()
		req.Parent = &parent
	}
	if _, err := os.Stat(f.output); err == nil {
		return backup.Info{}, dberr.New(dberr.ErrExists, "FILE_EXISTS", "%s is there already", f.output).WithHint("name another file")
	}
	return backup.Create(ctx, s, t, req)
}

// describeInfo gives a backup the form that a server gives it.
func describeInfo(s backup.Status) api.Backup {
	text := func(v string) *string {
		if v == "" {
			return nil
		}
		return &v
	}
	b := api.Backup{ID: s.ID, Timestamp: s.Created.UTC(), Version: s.Version, SizeBytes: s.Bytes, Checksum: s.SHA256, Compressed: s.Compression != "none",
		Compression: s.Compression, Status: string(s.State), FilesCount: s.Files, CreatedBy: text(s.CreatedBy), Description: text(s.Description), Encrypted: s.Encrypted,
		EncryptionKeyID: text(s.KeyID), Kind: string(s.Kind), ParentID: text(s.Parent), Items: s.Items, StoreID: s.StoreID()}
	if s.Encrypted {
		b.EncryptionAlgorithm = text("AES-256-GCM")
	}
	if s.From != 0 {
		at := s.From.Time()
		b.From = &at
	}
	if s.To != 0 {
		at := s.To.Time()
		b.To = &at
	}
	if s.Err != nil {
		b.Error = text(s.Err.Error())
	}
	return b
}

// download gets a backup from a server, whole and verified, or nothing.
func download(ctx context.Context, r *remote, id, output string, keys backup.Keys) (err error) {
	if _, err := os.Stat(output); err == nil {
		return dberr.New(dberr.ErrExists, "FILE_EXISTS", "%s is there already", output).WithHint("name another file")
	}
	res, err := r.do(ctx, http.MethodGet, r.url("/api/v1/admin/backup/"+url.PathEscape(id)+"/download", nil), "", nil, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	tmp := output + ".part"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp))
		}
	}()
	if _, err = io.Copy(f, res.Body); err != nil {
		return errors.Join(r.unreachable(ctx, err), f.Close())
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	b, err := backup.Open(vfs.OS(), tmp, keys)
	if err == nil {
		err = b.Verify(ctx)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, output)
}
