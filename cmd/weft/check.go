package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/wal"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

type checkFlags struct {
	dataDir string
	json    bool
	backups bool
	keys    keyFlags
}

func newCheckCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "check a data directory: every checksum, every row, every index",
		Long: "Reads everything in a data directory that no server is using, and checks it: the checksums of the log and of the SSTables, the\n" +
			"order of keys, the records of every catalog, every row, key and document, and every index against them. With --backups the backups in the\n" +
			"directory, too: of an encrypted one the checksums, and with its key every item. Opening the directory does\n" +
			"what starting a server does, which finishes what a crash left unfinished.\n" +
			"The exit code is 0 where all is well, 6 where something is not, 3 where a server is using the directory.",
		Example: "  weft check --data-dir ./weft-data\n" +
			"  weft check --data-dir ./weft-data --backups --key-file backup.key",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.keys.files) > 0 && !f.backups {
				return usage("--key-file: it is the key of backups; add --backups, or leave it out")
			}
			ctx, stop := interruptible(cmd)
			defer stop()
			return f.run(ctx, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.dataDir, "data-dir", "./weft-data", "data directory")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.backups, "backups", false, "verify the backups in the directory, too")
	f.keys.flags(cmd)
	return cmd
}

// checkReport is what a check has to say.
type checkReport struct {
	OK       bool           `json:"ok"`
	Findings []checkFinding `json:"findings"`
	Checked  checked        `json:"checked"`
}

// checkFinding is something that is wrong, and what to do.
type checkFinding struct {
	Part    string `json:"part"` // log, store, sql, kv, documents, timeseries, channels, continuous or backup
	Problem string `json:"problem"`
	Advice  string `json:"advice"`
}

// checked counts what was looked at.
type checked struct {
	LogSegments int64 `json:"log_segments"`
	LogRecords  int64 `json:"log_records"`
	SSTables    int64 `json:"sstables"`
	Databases   int64 `json:"databases"`
	Tables      int64 `json:"tables"`
	Rows        int64 `json:"rows"`
	Indexes     int64 `json:"indexes"`
	Entries     int64 `json:"index_entries"`
	Buckets     int64 `json:"buckets"`
	Keys        int64 `json:"keys"`
	Collections int64 `json:"collections"`
	Documents   int64 `json:"documents"`
	Metrics     int64 `json:"metrics"`
	Series      int64 `json:"series"`
	Points      int64 `json:"points"`
	Channels    int64 `json:"channels"`
	Messages    int64 `json:"messages"`
	Queries     int64 `json:"continuous_queries"`
	Windows     int64 `json:"windows"`
	Backups     int64 `json:"backups"`
	// Sealed are those of the backups whose key was not given: their checksums were
	// checked, their items were not.
	Sealed int64 `json:"backups_sealed"`
}

// What to do about damage.
const (
	adviceStore      = "copy the directory away before anything else, check the disk, and restore from a backup: weft restore BACKUP --data-dir OTHER"
	adviceIndex      = "drop the index and create it anew, then check again; where rows are damaged, restore from a backup"
	adviceContinuous = "drop the continuous query and make it again, from the earliest message; where more is damaged, restore from a backup"
	adviceBackup     = "do not rely on this backup: make a new full one, and check the disk that it is on"
)

func (r *checkReport) found(part, advice string, err error) {
	var list interface{ Unwrap() []error }
	if errors.As(err, &list) {
		for _, e := range list.Unwrap() {
			r.found(part, advice, e)
		}
		return
	}
	r.Findings = append(r.Findings, checkFinding{part, err.Error(), advice})
}

// take keeps damage as a finding and returns any other error.
func (r *checkReport) take(part, advice string, err error) error {
	if err == nil || !errors.Is(err, dberr.ErrCorrupt) {
		return err
	}
	r.found(part, advice, err)
	return nil
}

func (f *checkFlags) run(ctx context.Context, out io.Writer) error {
	r := &checkReport{Findings: []checkFinding{}}
	if err := f.check(ctx, r); err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	if f.backups {
		if err := f.checkBackups(ctx, r); err != nil {
			return err
		}
	}
	r.OK = len(r.Findings) == 0
	if err := f.print(out, r); err != nil {
		return err
	}
	if !r.OK {
		return errDamaged{errFindings}
	}
	return nil
}

// errFindings ends a check that has printed what it found.
var errFindings = errors.New("the check has found damage")

// check opens the store, which reads the log that is needed and checks it, and then
// goes from the bytes up: what lies on damage is not looked at.
func (f *checkFlags) check(ctx context.Context, r *checkReport) (err error) {
	s, err := openStore(f.dataDir)
	if err != nil {
		return r.take("store", adviceStore, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := checkLog(s, r); err != nil {
		return err
	}
	if sorted := s.Sorted(); sorted != nil {
		r.Checked.SSTables = int64(sorted.Stats().Files)
		if err := r.take("store", adviceStore, sorted.Verify(ctx)); err != nil {
			return err
		}
	}
	if len(r.Findings) > 0 {
		return nil
	}
	e, err := query.New(s.Store, query.Options{})
	if err != nil {
		return r.take("sql", adviceStore, err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	n, err := e.Check(ctx, func(x query.Finding) {
		r.Findings = append(r.Findings, checkFinding{"sql", x.String(), adviceIndex})
	})
	r.Checked.Databases, r.Checked.Tables, r.Checked.Rows, r.Checked.Indexes, r.Checked.Entries = n.Databases, n.Tables, n.Rows, n.Indexes, n.Entries
	if err := r.take("sql", adviceStore, err); err != nil {
		return err
	}
	if err := checkKeys(ctx, s, r); err != nil {
		return err
	}
	if err := checkDocuments(ctx, s, r); err != nil {
		return err
	}
	if err := checkSeries(ctx, s, r); err != nil {
		return err
	}
	if err := checkChannels(ctx, s, r); err != nil {
		return err
	}
	return checkContinuous(ctx, s, r)
}

// checkContinuous checks the continuous queries.
func checkContinuous(ctx context.Context, s *storage.Store, r *checkReport) error {
	n, err := continuous.Check(ctx, s.Store, func(problem string) {
		r.Findings = append(r.Findings, checkFinding{"continuous", problem, adviceContinuous})
	})
	r.Checked.Queries, r.Checked.Windows = n.Queries, n.Windows
	return r.take("continuous", adviceStore, err)
}

// checkChannels checks the model of channels.
func checkChannels(ctx context.Context, s *storage.Store, r *checkReport) error {
	channels, err := streaming.Open(s.Store, streaming.Options{SweepEvery: -1})
	if err != nil {
		return err
	}
	n, err := channels.Check(ctx, func(problem string) {
		r.Findings = append(r.Findings, checkFinding{"channels", problem, adviceStore})
	})
	r.Checked.Channels, r.Checked.Messages = n.Channels, n.Messages
	return errors.Join(r.take("channels", adviceStore, err), channels.Close())
}

// checkSeries checks the time-series model.
func checkSeries(ctx context.Context, s *storage.Store, r *checkReport) error {
	series, err := timeseries.Open(s.Store, timeseries.Options{SealEvery: -1})
	if err != nil {
		return err
	}
	n, err := series.Check(ctx, func(problem string) {
		r.Findings = append(r.Findings, checkFinding{"timeseries", problem, adviceStore})
	})
	r.Checked.Metrics, r.Checked.Series, r.Checked.Points = n.Metrics, n.Series, n.Points
	return errors.Join(r.take("timeseries", adviceStore, err), series.Close())
}

// checkKeys checks the key-value model.
func checkKeys(ctx context.Context, s *storage.Store, r *checkReport) error {
	keys, err := kv.Open(s.Store, kv.Options{SweepEvery: -1})
	if err != nil {
		return err
	}
	n, err := keys.Check(ctx, func(problem string) {
		r.Findings = append(r.Findings, checkFinding{"kv", problem, adviceStore})
	})
	r.Checked.Buckets, r.Checked.Keys = n.Buckets, n.Keys
	return errors.Join(r.take("kv", adviceStore, err), keys.Close())
}

// checkDocuments checks the document model.
func checkDocuments(ctx context.Context, s *storage.Store, r *checkReport) error {
	docs, err := document.Open(s.Store, document.Options{SweepEvery: -1})
	if err != nil {
		return err
	}
	n, err := docs.Check(ctx, func(problem string) {
		r.Findings = append(r.Findings, checkFinding{"documents", problem, adviceIndex})
	})
	r.Checked.Collections, r.Checked.Documents = n.Collections, n.Documents
	r.Checked.Indexes += n.Indexes
	r.Checked.Entries += n.Entries
	return errors.Join(r.take("documents", adviceStore, err), docs.Close())
}

// checkLog reads the whole log, also what the sorted store has already, which is
// kept for backups and the archive.
func checkLog(s *storage.Store, r *checkReport) error {
	segments, err := wal.Dump(s.FS(), s.LogDir(), func(string, int64, wal.Record) error { return nil })
	for i, d := range segments {
		r.Checked.LogSegments++
		r.Checked.LogRecords += d.Records
		last := true // of those that were begun
		for _, later := range segments[i+1:] {
			last = last && later.First == 0
		}
		if d.First != 0 && !d.Sealed && !last {
			r.found("log", adviceStore, &dberr.CorruptError{File: d.Name, Offset: d.Bytes, Reason: d.Ends + ", though a later segment was begun"})
		}
	}
	return err
}

func (f *checkFlags) checkBackups(ctx context.Context, r *checkReport) error {
	t := adminTarget{dataDir: f.dataDir}
	if _, err := os.Stat(f.dataDir + "/backups"); err != nil {
		return nil // there are none
	}
	ring, err := f.keys.ring()
	if err != nil {
		return err
	}
	m, err := t.manager(ring)
	if err != nil {
		return err
	}
	defer m.Close() //nolint:errcheck // it lets go of a lock
	list, err := m.List()
	if err != nil {
		return err
	}
	for _, b := range list {
		r.Checked.Backups++
		if _, ok := ring.Find(b.KeyID); b.Encrypted && !ok {
			r.Checked.Sealed++
		}
		err := b.Err
		if b.State == backup.Completed {
			_, err = m.Verify(ctx, b.ID)
		}
		if err != nil && ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			r.found("backup", adviceBackup, err)
		}
	}
	return nil
}

func (f *checkFlags) print(out io.Writer, r *checkReport) error {
	if f.json {
		return printJSON(out, r)
	}
	c := r.Checked
	fmt.Fprintf(out, "checked %d log records in %d segments, %d SSTables, %d databases, %d tables, %d rows, %d keys in %d buckets, %d documents in %d collections, %d points in %d series, %d messages in %d channels, %d windows of %d continuous queries, %d indexes with %d entries",
		c.LogRecords, c.LogSegments, c.SSTables, c.Databases, c.Tables, c.Rows, c.Keys, c.Buckets, c.Documents, c.Collections, c.Points, c.Series, c.Messages, c.Channels, c.Windows, c.Queries, c.Indexes, c.Entries)
	if f.backups {
		fmt.Fprintf(out, ", %d backups", c.Backups)
	}
	fmt.Fprintln(out)
	if c.Sealed > 0 {
		fmt.Fprintf(out, "of %d encrypted backups only the checksums were checked: give their keys with --key-file to check what is in them\n", c.Sealed)
	}
	advice := ""
	for _, x := range r.Findings {
		fmt.Fprintf(out, "%s: %s\n", x.Part, x.Problem)
		if x.Advice != advice {
			fmt.Fprintf(out, "  what to do: %s\n", x.Advice)
		}
		advice = x.Advice
	}
	if r.OK {
		_, err := fmt.Fprintln(out, "all is well")
		return err
	}
	_, err := fmt.Fprintf(out, "%d findings\n", len(r.Findings))
	return err
}
