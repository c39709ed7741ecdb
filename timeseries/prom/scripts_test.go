package prom_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/prom"
)

// over is the model as the storage that the scripts load and query.
type over struct {
	storage.Storage
	ctx    context.Context
	txns   *txn.Store
	model  *timeseries.Store
	sealed bool // what is loaded is sealed at once
}

var readOnly = txn.TxOptions{ReadOnly: true}

func newOver(tb testing.TB, sealed bool) *over {
	txns, err := txn.NewMemory(txn.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	model, err := timeseries.Open(txns, timeseries.Options{SealEvery: -1})
	if err != nil {
		tb.Fatal(err)
	}
	return &over{ctx: context.Background(), txns: txns, model: model, sealed: sealed}
}

func (o *over) Close() error {
	o.model.Close()
	return o.txns.Close()
}

func (o *over) Querier(mint, maxt int64) (storage.Querier, error) {
	tx, err := o.txns.Begin(o.ctx, readOnly)
	if err != nil {
		return nil, err
	}
	q, err := prom.Over(o.model, tx).Querier(mint, maxt)
	return ending{q, tx}, err
}

// ending ends its transaction.
type ending struct {
	storage.Querier
	tx *txn.Tx
}

func (e ending) Close() error {
	e.tx.Rollback()
	return nil
}

func (o *over) AppenderV2(context.Context) storage.AppenderV2 {
	return &appender{o: o, batch: prom.Batch{KeepStart: true}}
}

type appender struct {
	o     *over
	batch prom.Batch
}

func (a *appender) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	s, err := a.batch.Series(ls)
	if err != nil {
		return 0, err
	}
	return 0, s.Add(prom.Sample{Time: t, Start: st, Float: v, Histogram: prom.Histogram{Int: h, Float: fh}})
}

func (a *appender) Commit() error {
	if err := a.o.model.Write(a.o.ctx, a.batch.Points); err != nil {
		return err
	}
	if !a.o.sealed {
		return nil
	}
	_, err := a.o.model.Seal(a.o.ctx)
	return err
}

func (a *appender) Rollback() error { return nil }

// TestBuiltinScripts runs the scripts of the engine that is linked, all of them.
func TestBuiltinScripts(t *testing.T) {
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	for name, sealed := range map[string]bool{"open": false, "sealed": true} {
		t.Run(name, func(t *testing.T) {
			promqltest.RunBuiltinTestsWithStorage(t, engine, func(tb testing.TB) storage.Storage { return newOver(tb, sealed) })
		})
	}
}

// since are lines of the corpus for which the engine gives another answer since its day:
// samples that are older than the start of their counter, which no longer count.
var since = map[string][2]string{
	`{type="st_after_t"}                               6`:                 {"6", "5"},
	`{type="st_after_t_extrapolate_both"}              6.333333333333333`: {"6.333333333333333", "5"},
	`{type="st_after_t_extrapolate_both_limit_range"}  6`:                 {"6", "2"},
}

// settled is a script with the answers of this day.
func settled(script string) string {
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		if to, ok := since[strings.TrimSpace(line)]; ok {
			lines[i] = strings.TrimSuffix(line, to[0]) + to[1]
		}
	}
	return strings.Join(lines, "\n")
}

// TestScripts runs the scripts of the corpus, which are of another day than the engine.
func TestScripts(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "promqltest", "promql", "promqltest", "testdata", "*.test"))
	if len(files) == 0 {
		t.Skip("the corpus promqltest is not at hand (WEFT_CORPORA)")
	}
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	changed := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := settled(string(text))
			if script != string(text) {
				changed++
			}
			promqltest.RunTestWithStorage(t, script, engine, func(tb testing.TB) storage.Storage { return newOver(tb, false) })
		})
	}
	if changed != 1 {
		t.Errorf("%d scripts have other answers, want 1", changed)
	}
}
