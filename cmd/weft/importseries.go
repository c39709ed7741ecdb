package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/bulk/points"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// seriesFlags are the flags of weft import that say what the columns of points are.
type seriesFlags struct {
	metric, time, timeFormat, precision, timezone string
	tags, fields, fieldTypes                      []string
}

func (f *seriesFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.metric, "metric", "m", "", "import points into this metric of time series instead of rows into a table")
	fl.StringVar(&f.time, "time", "", "column with the time of points (default: time, or timestamp)")
	fl.StringVar(&f.timeFormat, "time-format", "", "how times are written, such as '%d/%m/%Y %H:%M' (default: RFC 3339, a date, or a number since 1970)")
	fl.StringVar(&f.precision, "precision", "", "unit of times that are numbers: s, ms, us or ns (default: as their magnitude tells)")
	fl.StringVar(&f.timezone, "timezone", "", "time zone of times without one (default: UTC)")
	fl.StringSliceVar(&f.tags, "tags", nil, "columns that are tags")
	fl.StringSliceVar(&f.fields, "fields", nil, "columns that are fields (default: all others)")
	fl.StringArrayVar(&f.fieldTypes, "field-type", nil, "field=float, int, bool or string, for new fields; repeatable")
}

// options are the flags as the server takes them.
func (f *importFlags) seriesOptions() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	s := &f.series
	set("metric", s.metric)
	set("time", s.time)
	set("time_format", s.timeFormat)
	set("precision", s.precision)
	set("timezone", s.timezone)
	set("tags", strings.Join(s.tags, ","))
	set("fields", strings.Join(s.fields, ","))
	set("types", strings.Join(s.fieldTypes, ";"))
	if f.atomic {
		set("mode", "atomic")
	}
	if f.format != "auto" {
		set("format", f.format)
	}
	set("columns", strings.Join(f.columns, ","))
	if f.noHeader {
		set("header", "false")
	}
	set("delimiter", f.delimiter)
	set("encoding", f.encoding)
	set("null", f.nullText)
	if f.ragged != "reject" {
		set("ragged", f.ragged)
	}
	set("path", f.path)
	return q
}

// seriesSpec is the import that the flags ask for.
func (f *importFlags) seriesSpec(file string) (spec points.Spec, err error) {
	table, err := f.spec(file)
	if err != nil {
		return spec, err
	}
	s := &f.series
	spec = points.Spec{Input: table.Input, Metric: s.metric, Time: s.time, TimeFormat: s.timeFormat, Tags: s.tags, Fields: s.fields, Atomic: f.atomic, Types: map[string]block.Kind{}}
	units := map[string]int64{"": 0, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}
	unit, ok := units[s.precision]
	if !ok {
		return spec, usage("--precision is %q: want s, ms, us or ns", s.precision)
	}
	spec.Unit = unit
	if spec.Zone, err = timeseries.LoadZone(s.timezone); err != nil {
		return spec, usageError{err}
	}
	kinds := map[string]block.Kind{"float": block.Float, "int": block.Int, "bool": block.Bool, "string": block.Text}
	for _, def := range s.fieldTypes {
		name, kind, _ := strings.Cut(def, "=")
		if spec.Types[name] = kinds[kind]; kinds[kind] == 0 {
			return spec, usage("--field-type is %q: want field=float, int, bool or string", def)
		}
	}
	return spec, nil
}

// importSeries imports points.
func importSeries(ctx context.Context, cmd *cobra.Command, f importFlags, file string) (err error) {
	for _, name := range []string{"table", "type", "primary-key", "batch", "dry-run"} {
		if cmd.Flags().Changed(name) {
			return usage("--%s is of imports into tables, and --metric of those into time series", name)
		}
	}
	spec, err := f.seriesSpec(file)
	if err != nil {
		return err
	}
	in, err := openInput(ctx, file, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer in.remove()
	path := f.rejects
	if path == "" {
		path = tableName(spec.Metric) + ".rejected.csv"
	}
	rejects := &rejectFile{path: path}
	if err := rejects.check(in); err != nil {
		return err
	}
	spec.Reject = rejects.add
	c, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	body, err := in.open()
	if err != nil {
		return err
	}
	defer body.Close()
	start := time.Now()
	var res points.Result
	switch c := c.(type) {
	case *remote:
		res, err = c.importPoints(ctx, body, f.seriesOptions(), rejects.add)
	case *local:
		var store *timeseries.Store
		if store, err = c.db.TimeSeriesIn(ctx, c.database, true); err == nil {
			res, err = points.Import(ctx, store, body, spec)
		}
	}
	if cerr := rejects.close(); err == nil {
		err = cerr
	}
	if err != nil {
		if res.Points > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d points had been imported into %s before this\n", res.Points, spec.Metric)
		}
		return err
	}
	took := time.Since(start)
	fmt.Fprintf(cmd.OutOrStdout(), "imported %d points into metric %s in %s (%.0f points/s)\n", res.Points, spec.Metric, took.Round(time.Millisecond), float64(res.Points)/took.Seconds())
	if res.Rejected == 0 {
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "rejected %d records: see %s\n", res.Rejected, rejects.path)
	return errRejected
}

// importPoints has the server import a file.
func (r *remote) importPoints(ctx context.Context, body io.Reader, q url.Values, reject func(bulk.Reject) error) (res points.Result, err error) {
	q.Set("max_rejects", "100000")
	answer, err := r.do(ctx, "POST", r.url("/api/v1/import/timeseries", q), "application/octet-stream", body, "")
	if err != nil {
		return res, err
	}
	defer answer.Body.Close()
	var a struct {
		Imported int64 `json:"points_imported"`
		Rejected int64 `json:"points_rejected"`
		List     []struct {
			Line   int64
			Record int64
			Reason string
			Text   string
		} `json:"rejected"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil {
		return res, fmt.Errorf("read the server's answer: %w", err)
	}
	for _, x := range a.List {
		if err := reject(bulk.Reject{Line: x.Line, Record: x.Record, Reason: x.Reason, Raw: []byte(x.Text)}); err != nil {
			return res, err
		}
	}
	return points.Result{Points: a.Imported, Rejected: a.Rejected}, nil
}
