package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// dumpFlags are the flags that the dumps share.
type dumpFlags struct {
	dataDir string
	json    bool
	values  bool
	limit   int
	from    string
	out     *bufio.Writer
	shown   int
}

func newDumpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "show what is stored: log records, keys, SSTables, figures, backups",
		Long:  "Shows what a data directory that no server is using holds, or a backup, for people (or with --json for programs) who want to see the bytes.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, d := range []struct {
		use, short, long string
		args             cobra.PositionalArgs
		store            bool // of a data directory
		run              func(ctx context.Context, f *dumpFlags, args []string) error
	}{
		{"wal", "show the records of the log, as they lie in the files", "The log is read as it is: nothing is locked, recovered or changed, so this works on a damaged directory, too.", cobra.NoArgs, true, dumpWAL},
		{"keys", "show every key as of now, with its value and when it was written", "", cobra.NoArgs, true, dumpKeys},
		{"sst", "list the SSTables with their level, size and keys", "", cobra.NoArgs, true, dumpSST},
		{"stats", "show figures of the store: log, SSTables, memory", "", cobra.NoArgs, true, dumpStats},
		{"backup", "show a backup's manifest, and with --values what it holds", "BACKUP is a file or a directory.", cobra.ExactArgs(1), false, dumpBackup},
	} {
		var f dumpFlags
		var k keyFlags
		use := d.use
		if !d.store {
			use += " BACKUP"
		}
		sub := &cobra.Command{Use: use, Short: d.short, Long: d.long, Args: d.args, RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			f.out = bufio.NewWriter(cmd.OutOrStdout())
			err := d.run(withKeys(ctx, &k), &f, args)
			if errors.Is(err, errLimit) {
				err = nil
			}
			return errors.Join(damageFound(err), f.out.Flush())
		}}
		fl := sub.Flags()
		fl.BoolVar(&f.json, "json", false, "one JSON object a line")
		if d.store {
			fl.StringVar(&f.dataDir, "data-dir", "./weft-data", "data directory")
		} else {
			k.flags(sub)
		}
		if d.use != "sst" && d.use != "stats" {
			fl.IntVar(&f.limit, "limit", 0, "most records or keys to show (default: all)")
			fl.BoolVar(&f.values, "values", false, "show values, in hex")
		}
		if d.use == "wal" {
			fl.StringVar(&f.from, "from", "", "show what was committed at or after this time (RFC 3339)")
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

type keysOf struct{}

func withKeys(ctx context.Context, k *keyFlags) context.Context {
	return context.WithValue(ctx, keysOf{}, k)
}

// errLimit ends a dump that has shown as much as was asked for.
var errLimit = errors.New("enough")

// line shows one item in one of two forms.
func (f *dumpFlags) line(v any, format string, args ...any) error {
	if f.json {
		return writeJSONLine(f.out, v)
	}
	_, err := fmt.Fprintf(f.out, format+"\n", args...)
	return err
}

// count ends the dump at its limit.
func (f *dumpFlags) count() error {
	if f.shown++; f.limit > 0 && f.shown > f.limit {
		return errLimit
	}
	return nil
}

// shownKey is a key for people and programs.
type shownKey struct {
	Key      string `json:"key"` // hex
	Database uint32 `json:"database"`
	Space    string `json:"space"`
	Object   uint64 `json:"object"`
	Tuple    string `json:"tuple"`
}

func showKey(key []byte) shownKey {
	s := shownKey{Key: hex.EncodeToString(key)}
	db, space, obj, tuple, ok := keyspace.Split(key)
	if !ok {
		s.Tuple = fmt.Sprintf("%q", key)
		return s
	}
	s.Database, s.Space, s.Object, s.Tuple = uint32(db), space.String(), uint64(obj), showTuple(tuple)
	return s
}

func (s shownKey) String() string {
	return fmt.Sprintf("%d/%s/%d%s", s.Database, s.Space, s.Object, s.Tuple)
}

func (f *dumpFlags) value(v []byte) string {
	if !f.values {
		return fmt.Sprintf("%d bytes", len(v))
	}
	return hex.EncodeToString(v)
}

func timeText(ts uint64) string { return txn.Timestamp(ts).Time().Format(time.RFC3339Nano) }

type shownWrite struct {
	shownKey
	Deleted bool   `json:"deleted,omitempty"`
	Bytes   int    `json:"bytes"`
	Value   string `json:"value,omitempty"` // hex
}

type shownRecord struct {
	File      string       `json:"file,omitempty"`
	Offset    int64        `json:"offset"`
	Timestamp uint64       `json:"timestamp"`
	Time      string       `json:"time"`
	Kind      string       `json:"kind"`
	Bytes     int          `json:"bytes"`
	Writes    []shownWrite `json:"writes,omitempty"`
	Lower     *shownKey    `json:"lower,omitempty"`
	Upper     *shownKey    `json:"upper,omitempty"`
	Error     string       `json:"error,omitempty"`
}

// record shows a log record.
func (f *dumpFlags) record(file string, offset int64, r wal.Record) error {
	if err := f.count(); err != nil {
		return err
	}
	d, err := txn.DecodeRecord(r)
	s := shownRecord{File: file, Offset: offset, Timestamp: r.Timestamp, Time: timeText(r.Timestamp), Kind: d.Kind, Bytes: len(r.Payload)}
	if err != nil {
		s.Error = err.Error()
	}
	text := fmt.Sprintf("%d %s %s, %d bytes", r.Timestamp, s.Time, d.Kind, len(r.Payload))
	if file != "" {
		text = fmt.Sprintf("%s+%d %s", file, offset, text)
	}
	for _, op := range d.Ops {
		w := shownWrite{shownKey: showKey(op.Key), Deleted: op.Deleted, Bytes: len(op.Value)}
		what := "= " + f.value(op.Value)
		if op.Deleted {
			what = "deleted"
		} else if f.values {
			w.Value = hex.EncodeToString(op.Value)
		}
		s.Writes = append(s.Writes, w)
		text += fmt.Sprintf("\n  %s %s", w.shownKey, what)
	}
	if d.Kind == "drop" && err == nil {
		lower := showKey(d.Lower)
		s.Lower = &lower
		text += fmt.Sprintf("\n  from %s", lower)
		if d.Upper != nil {
			upper := showKey(d.Upper)
			s.Upper = &upper
			text += fmt.Sprintf(" to before %s", upper)
		}
	}
	if err != nil {
		text += "\n  " + s.Error
	}
	return f.line(s, "%s", text)
}

func dumpWAL(_ context.Context, f *dumpFlags, _ []string) error {
	from := txn.Timestamp(0)
	if f.from != "" {
		var err error
		if from, err = backup.ParseTime(f.from); err != nil {
			return usageError{err}
		}
	}
	key, err := storageKey()
	if err != nil {
		return err
	}
	fs, dir, err := storage.LogDirOf(vfs.OS(), f.dataDir, key)
	if err != nil {
		return err
	}
	segments, err := wal.Dump(fs, dir, func(name string, offset int64, r wal.Record) error {
		if r.Timestamp < uint64(from) {
			return nil
		}
		return f.record(name, offset, r)
	})
	if err != nil {
		return err
	}
	for _, s := range segments {
		end := "sealed"
		if !s.Sealed {
			end = s.Ends
		}
		err := f.line(map[string]any{"file": s.Name, "sequence": s.Sequence, "first": s.First, "previous": s.Previous, "records": s.Records, "bytes": s.Bytes, "size": s.Size, "sealed": s.Sealed, "ends": s.Ends},
			"%s: %d records in %d of %d bytes; %s", s.Name, s.Records, s.Bytes, s.Size, end)
		if err != nil {
			return err
		}
	}
	return nil
}

func dumpKeys(ctx context.Context, f *dumpFlags, _ []string) (err error) {
	s, err := openStore(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			if ctx.Err() != nil {
				return errInterrupted
			}
			if err := f.entry(it.Key(), it.Value(), uint64(it.Timestamp())); err != nil {
				return err
			}
		}
		return it.Err()
	})
}

// entry shows a key with its value.
func (f *dumpFlags) entry(key, value []byte, ts uint64) error {
	if err := f.count(); err != nil {
		return err
	}
	k := showKey(key)
	w := shownWrite{shownKey: k, Bytes: len(value)}
	if f.values {
		w.Value = hex.EncodeToString(value)
	}
	return f.line(struct {
		shownWrite
		Timestamp uint64 `json:"timestamp"`
	}{w, ts}, "%s = %s, written %s", k, f.value(value), timeText(ts))
}

func dumpSST(_ context.Context, f *dumpFlags, _ []string) (err error) {
	s, err := openStore(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	sorted := s.Sorted()
	if sorted == nil {
		return f.line(map[string]any{"sstables": 0}, "there are no SSTables: no checkpoint has been made yet")
	}
	tables, err := sorted.Tables()
	if err != nil {
		return err
	}
	for _, t := range tables {
		v := map[string]any{"file": t.File, "level": t.Level, "bytes": t.Bytes}
		text := "the books"
		if t.Smallest != nil && t.Largest != nil {
			low, high := showKey(t.Smallest), showKey(t.Largest)
			v["smallest"], v["largest"] = low, high
			text = fmt.Sprintf("%s to %s", low, high)
		}
		if err := f.line(v, "%s: level %d, %d bytes, %s", t.File, t.Level, t.Bytes, text); err != nil {
			return err
		}
	}
	return nil
}

func dumpStats(_ context.Context, f *dumpFlags, _ []string) (err error) {
	s, err := openStore(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	id := s.ID()
	rec, mem := s.Recovery(), s.Stats()
	type figure struct {
		name  string
		value any
	}
	figures := []figure{
		{"store_id", hex.EncodeToString(id[:])}, {"last_commit", timeText(uint64(rec.LastCommit))}, {"in_sorted_store_up_to", timeText(uint64(rec.Applied))},
		{"log_bytes", s.Log().DiskBytes()}, {"log_records_replayed", rec.Records}, {"log_bytes_replayed", rec.Bytes},
		{"memory_keys", mem.Keys}, {"memory_superseded_versions", mem.Stale}, {"memory_used_bytes", mem.UsedBytes}, {"memory_held_bytes", mem.HeldBytes},
	}
	if sorted := s.Sorted(); sorted != nil {
		st := sorted.Stats()
		figures = append(figures, figure{"sstables", st.Files}, figure{"sstable_bytes", st.Bytes}, figure{"read_amplification", st.ReadAmp}, figure{"compaction_debt_bytes", st.CompactionDebt})
		for i, l := range st.Levels {
			if l.Files > 0 {
				figures = append(figures, figure{fmt.Sprintf("level_%d_files", i), l.Files}, figure{fmt.Sprintf("level_%d_bytes", i), l.Bytes})
			}
		}
	}
	for _, h := range s.LogHolds() {
		figures = append(figures, figure{"log_held_for_" + h.Name + "_from", timeText(uint64(h.From))})
	}
	if f.json {
		all := map[string]any{}
		for _, x := range figures {
			all[x.name] = x.value
		}
		return writeJSONLine(f.out, all)
	}
	for _, x := range figures {
		if _, err := fmt.Fprintf(f.out, "%-32s %v\n", x.name, x.value); err != nil {
			return err
		}
	}
	return nil
}

func dumpBackup(ctx context.Context, f *dumpFlags, args []string) error {
	ring, err := ctx.Value(keysOf{}).(*keyFlags).ring()
	if err != nil {
		return err
	}
	r, err := backup.Open(vfs.OS(), args[0], ring)
	if err != nil {
		return err
	}
	i := r.Info()
	b := describeInfo(backup.Status{Info: i, State: backup.Completed})
	if f.json {
		err = writeJSONLine(f.out, b)
	} else {
		_, err = fmt.Fprintf(f.out, "%s backup%s of store %s\n  made %s by weft %s%s\n  holds %s to %s: %d items, %d bytes before compression (%s), %d blocks\n  %d bytes in %d files, encrypted: %v, SHA-256 %s\n",
			i.Kind, before(" ", i.ID), b.StoreID, i.Created.Format(time.RFC3339), i.Version, before(", ", i.Description), momentText(b.From), momentText(b.To), i.Items, i.RawBytes, i.Compression, i.Blocks, i.Bytes, i.Files, i.Encrypted, i.SHA256)
	}
	if err != nil || !f.values && f.limit == 0 {
		return err
	}
	if i.Kind == backup.Full {
		return r.Entries(ctx, func(e *backup.Entry) error { return f.entry(e.Key, e.Value, e.TS) })
	}
	return r.Records(ctx, func(rec *wal.Record) error { return f.record("", 0, *rec) })
}

// before puts something in front of a text that is not empty.
func before(what, text string) string {
	if text == "" {
		return ""
	}
	return what + text
}
