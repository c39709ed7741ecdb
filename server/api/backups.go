package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/server/jsonin"
)

// Backups makes, keeps and restores backups.
type Backups interface {
	CreateBackup(ctx context.Context, r BackupRequest) (Backup, error)
	ListBackups(ctx context.Context) ([]Backup, error)
	GetBackup(ctx context.Context, id string) (Backup, error)
	// VerifyBackup reads all of a backup and checks it.
	VerifyBackup(ctx context.Context, id string) (Backup, error)
	// DeleteBackup removes a backup, with children also those that follow it, and
	// returns their ids.
	DeleteBackup(ctx context.Context, id string, children bool) ([]string, error)
	// ReadBackup is the backup as one file, and how long it is.
	ReadBackup(ctx context.Context, id string) (io.ReadCloser, int64, error)
	// Restore replaces the database by what a backup holds.
	Restore(ctx context.Context, r RestoreRequest) (Restored, error)
	BackupStatus(ctx context.Context) (BackupStatus, error)
}

// BackupRequest says how a backup is to be made.
type BackupRequest struct {
	Description   string
	Compress      *bool // nil: as configured
	Encrypt       *bool // nil: where there is a key
	EncryptionKey string
	Incremental   bool
	Parent        string
}

// Backup describes a backup to clients.
type Backup struct {
	ID                  string    `json:"id"`
	Timestamp           time.Time `json:"timestamp"` // when the making of it began
	Version             string    `json:"version"`
	SizeBytes           int64     `json:"size_bytes"`
	Checksum            string    `json:"checksum"` // SHA-256
	Compressed          bool      `json:"compressed"`
	Compression         string    `json:"compression"`
	Status              string    `json:"status"` // inprogress, completed, corrupted
	FilesCount          int       `json:"files_count"`
	CreatedBy           *string   `json:"created_by"`
	Description         *string   `json:"description"`
	Encrypted           bool      `json:"encrypted"`
	EncryptionAlgorithm *string   `json:"encryption_algorithm"`
	EncryptionKeyID     *string   `json:"encryption_key_id"`
	Kind                string    `json:"kind"` // full or incremental
	ParentID            *string   `json:"parent_id"`
	// From and To bound what it holds; From is null for a full backup, To until it is
	// known.
	From    *time.Time `json:"from"`
	To      *time.Time `json:"to"`
	Items   int64      `json:"items"` // entries or log records
	StoreID string     `json:"store_id"`
	Error   *string    `json:"error"` // why it is corrupted
}

// RestoreRequest says what is to be restored.
type RestoreRequest struct {
	BackupID string
	// To is the time that is restored, by what was logged after the backup; empty: that
	// of the backup.
	To string
	// Force tries a backup again that was found to be damaged.
	Force bool
}

// Restored says what a restore brought back.
type Restored struct {
	To         time.Time
	Files      int
	Entries    int64
	Records    int64
	DowntimeMS float64
	StoreID    string
	Uncleaned  string
}

// BackupStatus is what is planned, and how it went.
type BackupStatus struct {
	Enabled     bool           `json:"enabled"`
	Directory   string         `json:"directory"`
	Full        ScheduleStatus `json:"full"`
	Incremental ScheduleStatus `json:"incremental"`
	Keep        int            `json:"keep"`
	KeepSeconds float64        `json:"keep_seconds"`
	// HeldLogBytes is the log that is kept for the next incremental backup.
	HeldLogBytes int64          `json:"held_log_bytes"`
	Archive      *ArchiveStatus `json:"archive"` // null where the log is not archived
	Failing      *string        `json:"failing"` // what is wrong, or null
}

// ScheduleStatus is one schedule.
type ScheduleStatus struct {
	Schedule string     `json:"schedule"` // empty: never
	Next     *time.Time `json:"next"`
	Last     *RunStatus `json:"last"` // since the server started
}

// RunStatus is how a backup by schedule ended.
type RunStatus struct {
	At         time.Time `json:"at"`
	DurationMS float64   `json:"duration_ms"`
	BackupID   *string   `json:"backup_id"`
	Error      *string   `json:"error"`
}

// ArchiveStatus is how far the archive of the log is.
type ArchiveStatus struct {
	Directory  string     `json:"directory"`
	Begins     *time.Time `json:"begins"`
	Archived   *time.Time `json:"archived"`
	LagSeconds float64    `json:"lag_seconds"`
	LagBytes   int64      `json:"lag_bytes"`
	Pieces     int64      `json:"pieces"`
	Gap        bool       `json:"gap"`
	Error      *string    `json:"error"`
}

func (s *Server) bindBackups(g *echo.Group) {
	g.POST("/admin/backup", s.createBackup)
	get(g, "/admin/backups", s.listBackups)
	get(g, "/admin/backups/status", s.backupStatus)
	get(g, "/admin/backup/:id", s.getBackup)
	g.DELETE("/admin/backup/:id", s.deleteBackup)
	g.POST("/admin/backup/:id/verify", s.verifyBackup)
	get(g, "/admin/backup/:id/download", s.downloadBackup)
	g.POST("/admin/restore", s.restore)
}

func (s *Server) backups() (Backups, error) {
	if s.opts.Backups == nil {
		return nil, invalid("BACKUPS_OFF", "this server keeps no backups: it has no data directory").WithHint("set backup.dir")
	}
	return s.opts.Backups, nil
}

// backupCheck is the part of the health that tells of backups.
func backupCheck(b Backups) healthCheck {
	st, err := b.BackupStatus(context.Background())
	c := healthCheck{Name: "backups", Status: "healthy"}
	switch {
	case err != nil:
		c.Status, c.Message = "unavailable", "the status of the backups is not known yet"
	case st.Failing != nil:
		c.Status, c.Message = "failing", *st.Failing
	}
	return c
}

func (s *Server) createBackup(c echo.Context) error {
	b, err := s.backups()
	if err != nil {
		return err
	}
	r, err := s.bindBackup(of(c))
	if err != nil {
		return err
	}
	info, err := b.CreateBackup(c.Request().Context(), r)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/admin/backup/"+info.ID)
	return c.JSON(http.StatusCreated, map[string]any{"success": true, "backup": info, "error": nil})
}

var backupFields = []string{"compress", "description", "encrypt", "encryption_key_id", "incremental", "parent_id"}

func (s *Server) bindBackup(x *exchange) (r BackupRequest, err error) {
	err = s.bindObject(x, true, backupFields, func(in *jsonin.Scanner, field string) (err error) {
		switch field {
		case "compress":
			r.Compress, err = optionalBool(in)
		case "encrypt":
			r.Encrypt, err = optionalBool(in)
		case "description":
			r.Description, err = optionalStr(in, field)
		case "encryption_key_id":
			r.EncryptionKey, err = optionalStr(in, field)
		case "incremental":
			r.Incremental, err = in.Bool()
		case "parent_id":
			r.Parent, err = optionalStr(in, field)
		}
		return err
	})
	if err == nil && len(r.Description) > 4096 {
		err = invalid("INVALID_DESCRIPTION", "the description has %d bytes, over the maximum of 4096", len(r.Description)).WithField("description")
	}
	if err == nil && r.Parent != "" && !r.Incremental {
		err = invalid("PARENT_WITHOUT_INCREMENTAL", "parent_id is given for a full backup").WithField("parent_id").WithHint(`say "incremental": true`)
	}
	return r, err
}

// bindObject reads a JSON object of known fields. Where empty is set, no body is as
// good as an empty object.
func (s *Server) bindObject(x *exchange, empty bool, fields []string, take func(in *jsonin.Scanner, field string) error) (err error) {
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	if empty && len(buf.b) == 0 {
		return nil
	}
	var in jsonin.Scanner
	in.Reset(buf.b)
	err = in.Object(func(name []byte) error {
		for _, f := range fields {
			if f == string(name) {
				return take(&in, f)
			}
		}
		return jsonin.UnknownField(string(name), fields)
	})
	if err != nil {
		return err
	}
	return in.End()
}

func optionalBool(in *jsonin.Scanner) (*bool, error) {
	if in.Peek() == jsonin.Null {
		return nil, in.Null()
	}
	v, err := in.Bool()
	return &v, err
}

func optionalStr(in *jsonin.Scanner, field string) (string, error) {
	if in.Peek() == jsonin.Null {
		return "", in.Null()
	}
	return in.StrField(field)
}

func (s *Server) listBackups(c echo.Context) error {
	b, err := s.backups()
	if err != nil {
		return err
	}
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	list, err := b.ListBackups(c.Request().Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Backup{}
	}
	return c.JSON(http.StatusOK, map[string]any{"backups": list, "total": len(list)})
}

func (s *Server) backupStatus(c echo.Context) error {
	b, err := s.backups()
	if err != nil {
		return err
	}
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	st, err := b.BackupStatus(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, st)
}

// backupOf is the backend and the id of the path.
func (s *Server) backupOf(c echo.Context, params []string) (b Backups, id string, err error) {
	if b, err = s.backups(); err != nil {
		return nil, "", err
	}
	if _, err = queryParams(c, params); err != nil {
		return nil, "", err
	}
	id, err = pathParam(c, "id")
	return b, id, err
}

func (s *Server) getBackup(c echo.Context) error {
	b, id, err := s.backupOf(c, nil)
	if err != nil {
		return err
	}
	info, err := b.GetBackup(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, info)
}

func (s *Server) deleteBackup(c echo.Context) error {
	b, id, err := s.backupOf(c, []string{"children"})
	if err != nil {
		return err
	}
	children, err := boolParam(c.QueryParams(), "children")
	if err != nil {
		return err
	}
	deleted, err := b.DeleteBackup(c.Request().Context(), id, children)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "message": "deleted " + quoted(deleted), "deleted": deleted})
}

func (s *Server) verifyBackup(c echo.Context) error {
	b, id, err := s.backupOf(c, nil)
	if err != nil {
		return err
	}
	info, err := b.VerifyBackup(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "backup": info, "message": "every checksum of " + id + " is right"})
}

// downloadBackup sends a backup as one file.
func (s *Server) downloadBackup(c echo.Context) (err error) {
	b, id, err := s.backupOf(c, nil)
	if err != nil {
		return err
	}
	r, size, err := b.ReadBackup(c.Request().Context(), id)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h["Content-Type"] = []string{"application/octet-stream"}
	h["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	h["Content-Disposition"] = []string{`attachment; filename="` + id + `.wbk"`}
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return r.Close()
	}
	c.Response().Flush() // it is compressed already, so it goes out as it is
	return s.send(c, r)
}

// send copies to the client, which is given up where it takes nothing for a while.
func (s *Server) send(c echo.Context, r io.ReadCloser) error {
	defer r.Close() //nolint:errcheck // only read; a short answer is what the client sees
	control := http.NewResponseController(c.Response())
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			control.SetWriteDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
			if _, werr := c.Response().Write(buf[:n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var restoreFields = []string{"backup_id", "force", "to"}

// restore replaces the running database.
func (s *Server) restore(c echo.Context) error {
	b, err := s.backups()
	if err != nil {
		return err
	}
	var r RestoreRequest
	err = s.bindObject(of(c), false, restoreFields, func(in *jsonin.Scanner, field string) (err error) {
		switch field {
		case "backup_id":
			r.BackupID, err = in.StrField(field)
		case "to":
			r.To, err = optionalStr(in, field)
		case "force":
			r.Force, err = in.Bool()
		}
		return err
	})
	if err == nil && r.BackupID == "" {
		err = invalid("MISSING_FIELD", `the body needs the field "backup_id"`).WithField("backup_id")
	}
	if err != nil {
		return err
	}
	done, err := b.Restore(c.Request().Context(), r)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{
		"success": true, "message": "the database is that of " + done.To.Format(time.RFC3339Nano), "restored_to": done.To,
		"files_restored": done.Files, "entries": done.Entries, "log_records": done.Records, "downtime_ms": done.DowntimeMS, "store_id": done.StoreID,
	})
}
