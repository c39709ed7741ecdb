package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
)

const (
	ingestBatch = 1000
	ingestStart = 1_700_000_000e9
	ingestStep  = 10e9
)

// source makes the points of the ingest: gauges of tenths that walk.
type source struct {
	r      *rand.Rand
	levels []int
}

func newSource(series int) *source {
	s := &source{r: rand.New(rand.NewPCG(1, 2)), levels: make([]int, series)}
	for i := range s.levels {
		s.levels[i] = s.r.IntN(1000)
	}
	return s
}

func (s *source) next(i int) float64 {
	s.levels[i] += s.r.IntN(7) - 3
	return float64(s.levels[i]) / 10
}

func tagsOf(i int) []timeseries.Tag {
	return []timeseries.Tag{{Key: "cpu", Value: "cpu" + strconv.Itoa(i%8)}, {Key: "host", Value: "host-" + strconv.Itoa(i/8)}, {Key: "region", Value: "region-" + strconv.Itoa(i%5)}}
}

func labelsOf(metric string, i int) labels.Labels {
	list := []labels.Label{{Name: "__name__", Value: metric}}
	for _, t := range tagsOf(i) {
		list = append(list, labels.Label{Name: t.Key, Value: t.Value})
	}
	return labels.New(list...)
}

// weft is a store in a directory.
type weft struct {
	txns *storage.Store
	ts   *timeseries.Store
}

func openWeft(dir string) (*weft, error) {
	s, err := storage.Open(vfs.OS(), dir, storage.Options{Durability: txn.DurabilityInterval, BufferBytes: 1 << 30})
	if err != nil {
		return nil, err
	}
	ts, err := timeseries.Open(s.Store, timeseries.Options{MaxSeries: 1 << 20})
	if err != nil {
		return nil, err
	}
	return &weft{s, ts}, nil
}

func (w *weft) close() error {
	if err := w.ts.Close(); err != nil {
		return err
	}
	return w.txns.Close()
}

func openPrometheus(dir string, edit func(*tsdb.Options)) (*tsdb.DB, error) {
	o := tsdb.DefaultOptions()
	o.RetentionDuration = 0
	edit(o)
	return tsdb.Open(dir, slog.New(slog.NewTextHandler(io.Discard, nil)), nil, o, nil)
}

// ingestRows are the rows of one way to name series.
type ingestRows struct{ first, settled, disk *report.Row }

func benchIngest(c *config, t *report.Table) error {
	name := fmt.Sprintf("%d k series, batches of 1,000, interval durability, points", c.series/1000)
	goals := []report.Goal{report.Bound("≥ 2 M/s", 2e6), report.AtLeast(2, "prometheus")}
	byName := ingestRows{
		t.Row("ingest by tags, "+name, report.PerSecond, goals...),
		t.Row("… and brought to rest (sealed; head compacted)", report.PerSecond),
		t.Row("… then on disk, a point", eachPoint),
	}
	byRef := ingestRows{first: t.Row("ingest by references, "+name, report.PerSecond, goals...)}
	for range c.rounds {
		if c.wants("weft") {
			if err := ingestWeft(c, byName, false); err != nil {
				return err
			}
			if err := ingestWeft(c, byRef, true); err != nil {
				return err
			}
		}
		if !c.wants("prometheus") {
			continue
		}
		if err := ingestPrometheus(c, byName, false); err != nil {
			return err
		}
		if err := ingestPrometheus(c, byRef, true); err != nil {
			return err
		}
	}
	t.Note("Prometheus' appender is given the labels of each point, as Weft's Write is given its tags; by references, the number that it gave the series before, and Weft's Appender what NewRef made of its tags. Neither side seals within the first rows: Prometheus compacts its head after three hours of points, Weft what is more than 6 million.")
	return nil
}

func ingestWeft(c *config, rows ingestRows, known bool) error {
	dir, err := c.fresh("weft")
	if err != nil {
		return err
	}
	w, err := openWeft(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	src := newSource(c.series)
	round, err := writeByTags(ctx, w.ts, src)
	if known {
		round, err = writeByRefs(ctx, w.ts, src)
	}
	if err != nil {
		return err
	}
	if err := round(0); err != nil { // makes the series
		return err
	}
	total := float64(c.series * c.each)
	first, err := timed(func() error {
		for n := range c.each {
			if err := round(1 + n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	rows.first.Add("weft", total/first.Seconds())
	if rows.settled == nil {
		return errors.Join(w.close(), os.RemoveAll(dir))
	}
	more, err := timed(func() error {
		if _, err := w.ts.Seal(ctx); err != nil {
			return err
		}
		_, err := w.txns.Checkpoint(ctx)
		return err
	})
	if err != nil {
		return err
	}
	rows.settled.Add("weft", total/(first+more).Seconds())
	if _, err := w.txns.Compact(ctx); err != nil {
		return err
	}
	if err := w.close(); err != nil {
		return err
	}
	return measureDisk(rows.disk, "weft", dir, total)
}

// writeByTags returns what writes the n-th point of each series, as points with their tags.
func writeByTags(ctx context.Context, ts *timeseries.Store, src *source) (round func(n int) error, err error) {
	points := make([]timeseries.Point, len(src.levels))
	fields := make([]timeseries.Field, len(points))
	for i := range points {
		points[i] = timeseries.Point{Metric: "usage", Tags: tagsOf(i), Fields: fields[i : i+1]}
	}
	return func(n int) error {
		for i := range points {
			points[i].Time = ingestStart + int64(n)*ingestStep
			fields[i] = timeseries.Field{Name: timeseries.DefaultField, Value: timeseries.FloatValue(src.next(i))}
		}
		for from := 0; from < len(points); from += ingestBatch {
			if err := ts.Write(ctx, points[from:min(from+ingestBatch, len(points))]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// writeByRefs is writeByTags by an appender.
func writeByRefs(ctx context.Context, ts *timeseries.Store, src *source) (round func(n int) error, err error) {
	refs := make([]*timeseries.Ref, len(src.levels))
	for i := range refs {
		if refs[i], err = timeseries.NewRef("usage", tagsOf(i)); err != nil {
			return nil, err
		}
	}
	a := ts.Appender(timeseries.DefaultField)
	return func(n int) error {
		at := ingestStart + int64(n)*ingestStep
		for from := 0; from < len(refs); from += ingestBatch {
			for i := from; i < min(from+ingestBatch, len(refs)); i++ {
				a.Append(refs[i], at, src.next(i))
			}
			if err := a.Commit(ctx); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func ingestPrometheus(c *config, rows ingestRows, known bool) error {
	dir, err := c.fresh("prometheus")
	if err != nil {
		return err
	}
	db, err := openPrometheus(dir, func(*tsdb.Options) {})
	if err != nil {
		return err
	}
	db.DisableCompactions()
	ctx := context.Background()
	refs := make([]promstorage.SeriesRef, c.series)
	names := make([]labels.Labels, c.series)
	for i := range names {
		names[i] = labelsOf("usage", i)
	}
	src := newSource(c.series)
	round := func(n int) error {
		at := (ingestStart + int64(n)*ingestStep) / 1e6
		for from := 0; from < c.series; from += ingestBatch {
			a := db.Appender(ctx)
			for i := from; i < min(from+ingestBatch, c.series); i++ {
				var err error
				ref := refs[i]
				if !known {
					ref = 0
				}
				if refs[i], err = a.Append(ref, names[i], at, src.next(i)); err != nil {
					return err
				}
			}
			if err := a.Commit(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := round(0); err != nil {
		return err
	}
	total := float64(c.series * c.each)
	first, err := timed(func() error {
		for n := range c.each {
			if err := round(1 + n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	rows.first.Add("prometheus", total/first.Seconds())
	if rows.settled == nil {
		return errors.Join(db.Close(), os.RemoveAll(dir))
	}
	more, err := timed(func() error {
		return db.CompactHead(tsdb.NewRangeHead(db.Head(), db.Head().MinTime(), db.Head().MaxTime()))
	})
	if err != nil {
		return err
	}
	rows.settled.Add("prometheus", total/(first+more).Seconds())
	if err := db.Close(); err != nil {
		return err
	}
	for _, name := range []string{"wal", "chunks_head"} { // what the block has by now
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return measureDisk(rows.disk, "prometheus", dir, total)
}

// measureDisk adds what a directory takes without logs, and removes it.
func measureDisk(r *report.Row, side, dir string, points float64) error {
	var bytes int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && !isLog(path) {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	r.Add(side, float64(bytes)/points)
	return os.RemoveAll(dir)
}

func isLog(path string) bool {
	return filepath.Base(filepath.Dir(path)) == "wal" || filepath.Ext(path) == ".log"
}
