package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/query/sqltype"
)

// importFlags are the flags of weft import.
type importFlags struct {
	target
	table, format, encoding, delimiter, path, nullText, ragged, rejects string
	noHeader, dryRun, atomic, quiet                                     bool
	columns, types, key                                                 []string
	batch                                                               int
	series                                                              seriesFlags
}

func newImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [flags] FILE",
		Short: "import a CSV, JSON or NDJSON file into a table or a metric",
		Long: "Imports a file, or standard input where FILE is -, into a table. Compression (gzip, zstd), format, delimiter and\n" +
			"character set are recognised. A table that does not exist is created, with types guessed from the whole file; for one\n" +
			"that exists, columns are matched by name. Records that cannot be imported are written to a file with line number and\n" +
			"reason, and the exit code is 5. With --metric the records are points of time series.",
		Example: "  weft import track.csv --table track\n" +
			"  weft import events.ndjson.gz --table event --primary-key id\n" +
			"  weft import cpu.csv --metric cpu --time at --tags host,dc\n" +
			"  cat data.json | weft import - --table data --dry-run",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			if f.series.metric != "" {
				return importSeries(ctx, cmd, f, args[0])
			}
			return runImport(ctx, cmd, f, args[0])
		},
	}
	f.target.flags(cmd)
	f.series.flags(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.table, "table", "t", "", "table to import into (default: the file's name)")
	fl.StringVarP(&f.format, "format", "f", "auto", "csv, json, ndjson or auto")
	fl.BoolVar(&f.dryRun, "dry-run", false, "print the guessed schema and write nothing")
	fl.BoolVar(&f.atomic, "atomic", false, "import all records in one transaction, or none")
	fl.StringSliceVar(&f.columns, "columns", nil, "names of the fields, for CSV without header and for JSON arrays")
	fl.BoolVar(&f.noHeader, "no-header", false, "the first CSV record is data")
	fl.StringArrayVar(&f.types, "type", nil, "column=type, for columns of a new table; repeatable")
	fl.StringSliceVar(&f.key, "primary-key", nil, "key columns of a new table")
	fl.StringVar(&f.delimiter, "delimiter", "", "CSV delimiter (default: guessed; tab may be written \\t)")
	fl.StringVar(&f.encoding, "encoding", "", "character set (default: utf-8, or what a byte order mark says)")
	fl.StringVar(&f.nullText, "null", "", "text that stands for NULL in CSV, beside an empty field")
	fl.StringVar(&f.ragged, "ragged", "reject", "CSV records with too few fields: reject, or fill with NULL")
	fl.StringVar(&f.path, "path", "", "path of the array in a JSON document, such as data.rows")
	fl.StringVar(&f.rejects, "rejects", "", "file for rejected records (default: TABLE.rejected.csv)")
	fl.IntVar(&f.batch, "batch", 0, "rows of a transaction (default 8192)")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	return cmd
}

// spec checks the flags and turns them into what the importer wants.
func (f *importFlags) spec(file string) (bulk.Spec, error) {
	s := bulk.Spec{Table: f.table, PrimaryKey: f.key, Atomic: f.atomic, BatchRows: f.batch, Types: map[string]sqltype.Type{}}
	if s.Table == "" {
		if file == "-" {
			return s, usage("--table is missing: standard input has no name to take it from")
		}
		s.Table = tableName(file)
	}
	if f.batch < 0 {
		return s, usage("--batch is %d: want a positive number of rows", f.batch)
	}
	format, err := bulk.ParseFormat(f.format)
	if err != nil {
		return s, usageError{err}
	}
	delim := f.delimiter
	if delim == `\t` {
		delim = "\t"
	}
	if len(delim) > 1 {
		return s, usage("--delimiter is %q: want one character", f.delimiter)
	}
	for _, def := range f.types {
		name, typ, ok := strings.Cut(def, "=")
		if !ok {
			return s, usage("--type is %q: want column=type", def)
		}
		t, err := bulk.ParseType(typ)
		if err != nil {
			return s, usageError{err}
		}
		s.Types[name] = t
	}
	s.Input = bulk.Options{Format: format, Name: filepath.Base(file), Encoding: f.encoding, NoHeader: f.noHeader || len(f.columns) > 0 && format == bulk.FormatCSV,
		Columns: f.columns, NullText: f.nullText, Ragged: bulk.Ragged(f.ragged), Path: f.path}
	if delim != "" {
		s.Input.Delimiter = delim[0]
	}
	return s, nil
}

// tableName makes a table's name of a file's: its base name without extensions.
func tableName(file string) string {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	var b strings.Builder
	for i, r := range strings.ToLower(base) {
		switch {
		case r >= 'a' && r <= 'z', r == '_', r >= '0' && r <= '9' && i > 0:
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}

func runImport(ctx context.Context, cmd *cobra.Command, f importFlags, file string) (err error) {
	spec, err := f.spec(file)
	if err != nil {
		return err
	}
	in, err := openInput(ctx, file, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer in.remove()
	if f.dryRun {
		return dryRun(ctx, cmd, f, spec, in)
	}
	c, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := c.close(); err == nil {
			err = cerr
		}
	}()
	return importInto(ctx, c, importJob{spec: spec, in: in, rejects: f.rejects, quiet: f.quiet, out: cmd.OutOrStdout(), errs: cmd.ErrOrStderr()})
}

// importJob is one import, from the command or from \copy.
type importJob struct {
	spec      bulk.Spec
	in        *input
	rejects   string
	quiet     bool
	out, errs io.Writer
}

func importInto(ctx context.Context, c bulk.Target, j importJob) error {
	start := time.Now()
	if _, ok := c.(*remote); ok && j.spec.BatchRows == 0 {
		// A request for each few batches of the server keeps both sides busy.
		j.spec.BatchRows, j.spec.BatchBytes = 50_000, 8<<20
	}
	path := j.rejects
	if path == "" {
		path = tableName(j.spec.Table) + ".rejected.csv"
	}
	rejects := &rejectFile{path: path}
	if err := rejects.check(j.in); err != nil {
		return err
	}
	bar := newProgressBar(j.errs, j.in, j.quiet)
	res, err := bulk.Import(ctx, c, j.in.open, j.spec, bulk.Observer{Reject: rejects.add, Progress: bar.show})
	bar.clear()
	if cerr := rejects.close(); err == nil {
		err = cerr
	}
	if err != nil {
		if res.Rows > 0 {
			fmt.Fprintf(j.errs, "%d rows had been imported into %s before this\n", res.Rows, j.spec.Table)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w; the batch that was on its way may have been imported too (%w)", errInterrupted, err)
		}
		return err
	}
	took := time.Since(start)
	verb := "into"
	if res.Created {
		verb = "into new table"
	}
	fmt.Fprintf(j.out, "imported %d rows %s %s in %s (%.0f rows/s, %s)\n", res.Rows, verb, j.spec.Table, took.Round(time.Millisecond),
		float64(res.Rows)/took.Seconds(), rate(j.in.read.Load()/passes(res), took))
	if res.Rejected == 0 {
		return nil
	}
	fmt.Fprintf(j.out, "rejected %d records: see %s\n", res.Rejected, rejects.path)
	return errRejected
}

// passes is how often the input was read.
func passes(res bulk.Result) int64 {
	if res.Created {
		return 2
	}
	return 1
}

// dryRun reads the whole input and prints what would be created.
func dryRun(ctx context.Context, cmd *cobra.Command, f importFlags, spec bulk.Spec, in *input) error {
	bar := newProgressBar(cmd.ErrOrStderr(), in, f.quiet)
	plan, guess, err := bulk.DryRun(ctx, in.open, spec, bar.show)
	bar.clear()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s;\n-- %d records", plan.Create, guess.Records)
	if guess.Bad > 0 {
		fmt.Fprintf(out, ", and %d that cannot be read", guess.Bad)
	}
	fmt.Fprintln(out)
	for i, c := range guess.Columns {
		fmt.Fprintf(out, "-- %s: %s, %d null, longest %d bytes\n", plan.Columns[i].Name, plan.Columns[i].Type, c.Nulls, c.MaxBytes)
	}
	return nil
}

// rejectFile gets the rejected records as CSV; it is created with the first one.
type rejectFile struct {
	path string
	f    *os.File
}

// check sees that the file can be written before anything is imported, and that it
// is not the input itself, of which it would take what has not been read.
func (r *rejectFile) check(in *input) error {
	if there, err := os.Stat(r.path); err == nil {
		if from, err := os.Stat(in.path); err == nil && os.SameFile(there, from) {
			return usage("rejected records would be written over the input, %s: name another file with --rejects", r.path)
		}
		f, err := os.OpenFile(r.path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write rejected records: %w", err)
		}
		return f.Close()
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write rejected records: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(r.path))
}

func (r *rejectFile) add(x bulk.Reject) error {
	if r.f == nil {
		f, err := os.Create(r.path)
		if err != nil {
			return fmt.Errorf("write rejected records: %w", err)
		}
		r.f = f
		if _, err := f.WriteString("line,reason,record\n"); err != nil {
			return fmt.Errorf("write rejected records: %w", err)
		}
	}
	line := fmt.Appendf(nil, "%d,", x.Line)
	line = append(appendCSVField(line, []byte(x.Reason)), ',')
	line = append(appendCSVField(line, x.Raw), '\n')
	if _, err := r.f.Write(line); err != nil {
		return fmt.Errorf("write rejected records: %w", err)
	}
	return nil
}

func (r *rejectFile) close() error {
	if r.f == nil {
		return nil
	}
	return errors.Join(r.f.Sync(), r.f.Close())
}
