package continuous_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

var epoch = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

// fillLife is a database whose clock is turned by hand, on a disk that may lose power.
type fillLife struct {
	t    *testing.T
	disk *vfs.Mem
	now  *clock.Manual
	db   *weft.DB
	runs *continuous.FillRunner
	errs []string
}

func newFillLife(t *testing.T) *fillLife {
	l := &fillLife{t: t, disk: vfs.NewCrashableMem(), now: clock.NewManual(epoch)}
	l.open()
	t.Cleanup(func() { l.db.Close() })
	return l
}

func (l *fillLife) options() weft.Options {
	o := weft.Options{FS: l.disk}
	o.Storage.Clock = l.now
	o.TimeSeries.SealEvery = -1
	o.Continuous.Idle = true
	o.Continuous.Failed = func(_, name string, err error) { l.errs = append(l.errs, name+": "+err.Error()) }
	return o
}

func (l *fillLife) open() {
	l.t.Helper()
	db, err := weft.Open("d", l.options())
	if err != nil {
		l.t.Fatal(err)
	}
	l.db, l.runs = db, db.Continuous().NewFillRunner()
}

func (l *fillLife) reopen() {
	l.t.Helper()
	l.must(l.db.Close())
	l.open()
}

func (l *fillLife) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *fillLife) write(metric, host string, at time.Time, v float64) {
	l.t.Helper()
	l.must(l.db.TimeSeries().Write(l.t.Context(), []timeseries.Point{{Metric: metric, Time: at.UnixNano(), Tags: []timeseries.Tag{{Key: "host", Value: host}},
		Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(v)}}}}))
}

func (l *fillLife) run() time.Duration {
	l.t.Helper()
	wait, err := l.runs.RunDue(l.t.Context())
	l.must(err)
	return wait
}

func (l *fillLife) fills() *continuous.Fills {
	l.t.Helper()
	f, err := l.db.Continuous().Fills(l.t.Context(), "")
	l.must(err)
	return f
}

// rows shows a metric: time after epoch, tag and value of each point.
func (l *fillLife) rows(metric string) string {
	l.t.Helper()
	a, err := l.db.TimeSeries().Query(l.t.Context(), timeseries.Query{Metric: metric, From: -1 << 62, To: 1 << 62})
	if errors.Is(err, dberr.ErrNotFound) {
		return ""
	}
	l.must(err)
	var out []string
	for _, s := range a.Series {
		for _, x := range s.Samples {
			host := ""
			for _, tag := range s.Tags {
				host += tag.Value
			}
			out = append(out, fmt.Sprintf("%v %s.%s=%v", time.Duration(x.Time-epoch.UnixNano()), host, s.Field, x.Value))
		}
	}
	return strings.Join(out, "; ")
}

func (l *fillLife) want(got, want string) {
	l.t.Helper()
	if got != want {
		l.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func code(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

const sumsFill = "INSERT INTO ts.sums SELECT $1 AS time, host, sum(value) AS value, count(*) AS n FROM ts.m WHERE time >= $1 AND time < $2 GROUP BY host"

func minutely(name, query string) continuous.Fill {
	return continuous.Fill{Name: name, Query: query, Every: time.Minute}
}

// TestFillWindows: each window is run once it has ended and its delay has passed, with
// exactly what is in it, and what ran can be seen.
func TestFillWindows(t *testing.T) {
	l := newFillLife(t)
	s := l.fills()
	l.write("m", "a", epoch.Add(-time.Second), 99) // before the first window
	d := minutely("q", sumsFill)
	d.Delay = 10 * time.Second
	st, err := s.Create(t.Context(), d)
	l.must(err)
	if st.Target != "sums" || !st.Next.Equal(epoch) || !st.NextRun.Equal(epoch.Add(70*time.Second)) {
		t.Errorf("made %+v", st)
	}
	l.write("m", "a", epoch, 1)
	l.write("m", "a", epoch.Add(59*time.Second), 2)
	l.write("m", "b", epoch.Add(30*time.Second), 4)
	l.write("m", "a", epoch.Add(time.Minute), 8)
	l.now.Advance(69 * time.Second)
	if wait := l.run(); wait != time.Second {
		t.Errorf("waits %v", wait)
	}
	l.want(l.rows("sums"), "")
	l.now.Advance(time.Second)
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 0s a.n=2; 0s b.value=4; 0s b.n=1")
	l.run()
	l.now.Advance(3 * time.Minute) // three windows are due at once
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 1m0s a.value=8; 0s a.n=2; 1m0s a.n=1; 0s b.value=4; 0s b.n=1")
	st, err = s.Get(t.Context(), "q")
	l.must(err)
	if st.Runs != 4 || st.Points != 3 || st.Failed+st.Again != 0 || len(st.Last) != 4 || !st.Last[0].From.Equal(epoch.Add(3*time.Minute)) || st.Last[3].Points != 2 || !st.Last[3].At.Equal(epoch.Add(70*time.Second)) {
		t.Errorf("%+v", st)
	}
	if len(l.errs) > 0 {
		t.Error(l.errs)
	}
}

// TestFillLate: a window is run again for what comes late within the bound, and not for what
// comes later than that, or in time.
func TestFillLate(t *testing.T) {
	l := newFillLife(t)
	s := l.fills()
	l.write("m", "a", epoch, 1)
	d := minutely("q", sumsFill)
	d.Late = 10 * time.Minute
	_, err := s.Create(t.Context(), d)
	l.must(err)
	l.now.Advance(5 * time.Minute)
	l.run()
	l.want(l.rows("sums"), "0s a.value=1; 0s a.n=1")
	l.write("m", "a", epoch.Add(time.Second), 2)
	l.write("other", "a", epoch.Add(time.Second), 2)
	l.run()
	l.want(l.rows("sums"), "0s a.value=1; 0s a.n=1") // it may not be the last
	l.now.Advance(6 * time.Second)
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 0s a.n=2")
	l.now.Advance(20 * time.Minute)
	l.write("m", "a", epoch.Add(2*time.Second), 4)
	l.run()
	l.now.Advance(time.Minute)
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 0s a.n=2")
	st, err := s.Get(t.Context(), "q")
	l.must(err)
	if st.Again != 1 || st.Runs != 26 || st.TooLate != 1 {
		t.Errorf("%+v", st)
	}
	// What comes while the program is down is found when it is back.
	l.write("m", "a", epoch.Add(25*time.Minute), 1)
	l.reopen()
	l.run()
	l.now.Advance(6 * time.Second)
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 25m0s a.value=1; 0s a.n=2; 25m0s a.n=1")
	// And a deletion changes a window, too.
	_, err = l.db.TimeSeries().Delete(t.Context(), timeseries.Deletion{Metric: "m", From: epoch.Add(25 * time.Minute).UnixNano(), To: epoch.Add(26 * time.Minute).UnixNano()})
	l.must(err)
	l.write("m", "a", epoch.Add(25*time.Minute+time.Second), 7)
	l.now.Advance(20 * time.Second)
	l.run()
	l.now.Advance(20 * time.Second)
	l.run()
	l.want(l.rows("sums"), "0s a.value=3; 25m0s a.value=7; 0s a.n=2; 25m0s a.n=1")
}

func TestFillPauseResumeDelete(t *testing.T) {
	l := newFillLife(t)
	s := l.fills()
	l.write("m", "a", epoch, 1)
	_, err := s.Create(t.Context(), minutely("q", sumsFill))
	l.must(err)
	if _, err := s.Create(t.Context(), minutely("q", sumsFill)); code(err) != "CONTINUOUS_QUERY_EXISTS" {
		t.Error(err)
	}
	st, err := s.Pause(t.Context(), "q")
	l.must(err)
	if !st.Paused || !st.NextRun.IsZero() {
		t.Errorf("%+v", st)
	}
	l.now.Advance(5 * time.Minute)
	l.run()
	l.want(l.rows("sums"), "")
	l.reopen()
	s = l.fills()
	l.run()
	l.want(l.rows("sums"), "")
	_, err = s.Resume(t.Context(), "q", time.Time{})
	l.must(err)
	l.run()
	l.want(l.rows("sums"), "0s a.value=1; 0s a.n=1")
	// From an earlier time on, windows are run once more, and of a later one left out.
	l.write("m", "a", epoch.Add(-3*time.Minute), 5)
	_, err = s.Resume(t.Context(), "q", epoch.Add(-3*time.Minute-time.Second))
	l.must(err)
	l.run()
	l.want(l.rows("sums"), "-3m0s a.value=5; 0s a.value=1; -3m0s a.n=1; 0s a.n=1")
	st, err = s.Resume(t.Context(), "q", epoch.Add(time.Hour))
	l.must(err)
	l.now.Advance(30 * time.Minute)
	l.run()
	if st.Runs != 13 || !st.Next.Equal(epoch.Add(time.Hour)) {
		t.Errorf("%+v", st)
	}
	l.must(s.Delete(t.Context(), "q"))
	l.now.Advance(2 * time.Hour)
	l.run()
	if _, err := s.Get(t.Context(), "q"); code(err) != "CONTINUOUS_QUERY_NOT_FOUND" {
		t.Error(err)
	}
	for _, err := range []error{s.Delete(t.Context(), "q"), func() error { _, err := s.Pause(t.Context(), "q"); return err }(), func() error { _, err := s.Resume(t.Context(), "q", epoch); return err }()} {
		if code(err) != "CONTINUOUS_QUERY_NOT_FOUND" {
			t.Error(err)
		}
	}
	if _, err = s.Create(t.Context(), minutely("q", sumsFill)); err != nil {
		t.Error(err)
	}
	if list, err := s.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestFillFails: a run that fails writes nothing, is tried again with pauses that grow, and
// goes on where it was.
func TestFillFails(t *testing.T) {
	l := newFillLife(t)
	s := l.fills()
	l.write("m", "a", epoch, 0)
	_, err := s.Create(t.Context(), minutely("q", "INSERT INTO ts.sums SELECT $1 AS time, host, 10 / sum(value)::int AS value FROM ts.m WHERE time >= $1 AND time < $2 GROUP BY host"))
	l.must(err)
	l.now.Advance(time.Minute)
	var waits []time.Duration
	for range 10 {
		waits = append(waits, l.run())
		l.now.Advance(waits[len(waits)-1])
	}
	if fmt.Sprint(waits[:7]) != "[1s 2s 4s 8s 16s 32s 1m0s]" {
		t.Errorf("waits %v", waits)
	}
	st, err := s.Get(t.Context(), "q")
	l.must(err)
	if st.Failed < 6 || st.Runs != 0 || !strings.Contains(st.Last[0].Error, "division by zero") || len(l.errs) == 0 {
		t.Errorf("%+v, %v", st, l.errs)
	}
	l.write("m", "a", epoch, 5)
	l.now.Advance(10 * time.Minute)
	l.run()
	l.want(l.rows("sums"), "0s a.value=2")
}

func TestFillRefused(t *testing.T) {
	l := newFillLife(t)
	s := l.fills()
	l.write("m", "a", epoch, 0)
	_, err := l.db.TimeSeries().Register(t.Context(), timeseries.Metric{Name: "first", Duplicates: timeseries.First})
	l.must(err)
	_, err = l.db.TimeSeries().Register(t.Context(), timeseries.Metric{Name: "texts", Fields: []timeseries.FieldInfo{{Name: "state", Kind: block.Text}}})
	l.must(err)
	where := " FROM ts.m WHERE time >= $1 AND time < $2"
	for query, want := range map[string]string{
		"":                      "MISSING_FIELD",
		"INSERT":                "SYNTAX_ERROR",
		"SELECT 1":              "INVALID_CONTINUOUS_QUERY",
		sumsFill + "; SELECT 1": "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO t SELECT time, value" + where:                                                     "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.m SELECT time, value" + where:                                                  "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value FROM ts.m":                                                "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value FROM ts.m WHERE time >= $1":                               "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value" + where + " AND value > $3":                              "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT value" + where:                                                        "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, host" + where:                                                   "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value, value" + where:                                           "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, time AS t, value" + where:                                       "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value, time::date AS d" + where:                                 "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x (time) SELECT time, value" + where:                                           "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.first SELECT time, value" + where:                                              "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value" + where + " ON CONFLICT DO NOTHING":                      "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, value" + where + " RETURNING time":                              "INVALID_CONTINUOUS_QUERY",
		"INSERT INTO ts.x SELECT time, nothing" + where:                                                "UNDEFINED_COLUMN",
		"INSERT INTO ts.x SELECT time, value FROM ts.gone WHERE time BETWEEN $1 AND $2":                "UNDEFINED_TABLE",
		"INSERT INTO ts.x SELECT time, value FROM ts.m WHERE time >= now() AND $1 = 'a' AND time < $2": "INVALID_CONTINUOUS_QUERY",
	} {
		if _, err := s.Create(t.Context(), minutely("q", query)); code(err) != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	for what, change := range map[string]func(d *continuous.Fill){
		"no name":       func(d *continuous.Fill) { d.Name = "" },
		"long name":     func(d *continuous.Fill) { d.Name = strings.Repeat("x", 256) },
		"slash":         func(d *continuous.Fill) { d.Name = "a/b" },
		"no every":      func(d *continuous.Fill) { d.Every = 0 },
		"short":         func(d *continuous.Fill) { d.Every = 1500 * time.Millisecond },
		"long":          func(d *continuous.Fill) { d.Every = 367 * 24 * time.Hour },
		"delay":         func(d *continuous.Fill) { d.Delay = -1 },
		"late":          func(d *continuous.Fill) { d.Late = 10_001 * time.Minute },
		"much too late": func(d *continuous.Fill) { d.Every, d.Late = continuous.MaxEvery, 1<<63-1; d.Delay = -1 },
		"start":         func(d *continuous.Fill) { d.Start = time.Unix(0, 0) },
	} {
		d := minutely("q", sumsFill)
		change(&d)
		if _, err := s.Create(t.Context(), d); !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Texts are tags unless the metric has a field of the name.
	_, err = s.Create(t.Context(), minutely("q", "INSERT INTO ts.texts SELECT $1::timestamptz AS time, max(host) AS state"+where))
	l.must(err)
	l.now.Advance(time.Minute)
	l.run()
	l.want(l.rows("texts"), "0s .state=a")
	// A bucket that is longer than the window would have a part of its points only.
	_, err = s.Create(t.Context(), minutely("r", "INSERT INTO ts.x SELECT time_bucket('5 min', time) AS time, sum(value) AS value"+where+" GROUP BY 1"))
	l.must(err)
	l.write("m", "a", epoch.Add(61*time.Second), 1)
	l.now.Advance(time.Minute)
	l.run()
	if st, err := s.Get(t.Context(), "r"); err != nil || st.Failed == 0 || !strings.Contains(st.Last[0].Error, "outside of the window") {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestFillOtherDatabases: a query belongs to a database, and goes with it.
func TestFillOtherDatabases(t *testing.T) {
	l := newFillLife(t)
	series, err := l.db.TimeSeriesIn(t.Context(), "other", true)
	l.must(err)
	l.must(series.Write(t.Context(), []timeseries.Point{{Metric: "m", Time: epoch.UnixNano(), Fields: []timeseries.Field{{Name: "value", Value: timeseries.IntValue(3)}}}}))
	s, err := l.db.Continuous().Fills(t.Context(), "other")
	l.must(err)
	_, err = s.Create(t.Context(), minutely("q", "INSERT INTO ts.x (time, total) SELECT $1::timestamptz, sum(value) FROM ts.m WHERE time >= $1 AND time < $2"))
	l.must(err)
	l.now.Advance(time.Minute)
	l.run()
	a, err := series.Query(t.Context(), timeseries.Query{Metric: "x", From: -1 << 62, To: 1 << 62})
	l.must(err)
	if len(a.Series) != 1 || a.Series[0].Field != "total" || a.Series[0].Samples[0].Value.Float != 3 {
		t.Errorf("%+v", a.Series)
	}
	l.reopen()
	_, err = l.db.Exec(t.Context(), "DROP DATABASE other")
	l.must(err)
	l.now.Advance(time.Hour)
	l.run()
	if len(l.errs) > 0 {
		t.Error(l.errs)
	}
}

// TestFillModel: points come in time and late, and the database is closed and loses power at
// any moment. In the end each window has what all its points come to, and each has been
// run once, but for those that were run again.
func TestFillModel(t *testing.T) {
	seeds := 6
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l, r := newFillLife(t), rand.New(rand.NewPCG(uint64(seed), 1))
			l.write("m", "a", epoch.Add(-time.Hour), 1)
			d := minutely("q", sumsFill)
			d.Late, d.Delay = time.Hour, time.Duration(r.IntN(90))*time.Second
			_, err := l.fills().Create(t.Context(), d)
			l.must(err)
			total := make(map[time.Duration]float64)
			for range 150 {
				switch r.IntN(9) {
				case 0:
					l.reopen()
				case 1:
					disk := l.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
					l.must(l.db.Close())
					l.disk = disk
					l.open()
				case 2, 3, 4:
					l.run()
				default:
					for range r.IntN(5) {
						at := l.now.Now().Add(-time.Duration(r.IntN(50*60)) * time.Second).Add(time.Duration(r.IntN(60)) * time.Second)
						if r.IntN(2) == 0 {
							at = l.now.Now().Add(-time.Duration(r.IntN(60)) * time.Second)
						}
						if at.Before(epoch) {
							continue
						}
						v := float64(1 + r.IntN(5))
						l.write("m", "a", at.Add(time.Duration(r.IntN(1e9))), v)
						total[at.Truncate(time.Minute).Sub(epoch)] += v
					}
				}
				l.now.Advance(time.Duration(r.IntN(30)) * time.Second)
			}
			for range 3 {
				l.now.Advance(3 * time.Minute)
				l.run()
			}
			a, err := l.db.TimeSeries().Query(t.Context(), timeseries.Query{Metric: "sums", Fields: []string{"value"}, From: -1 << 62, To: 1 << 62})
			l.must(err)
			n := 0
			for _, x := range a.Series[0].Samples {
				if w := time.Duration(x.Time - epoch.UnixNano()); total[w] != x.Value.Float {
					t.Errorf("the window at %v is %v, want %v", w, x.Value, total[w])
				}
				n++
			}
			if n != len(total) {
				t.Errorf("%d windows, want %d", n, len(total))
			}
			st, err := l.fills().Get(t.Context(), "q")
			l.must(err)
			if want := st.Next.Sub(epoch) / time.Minute; st.Runs != uint64(want) || st.Failed+st.TooLate > 0 {
				t.Errorf("%d runs of %d windows: %+v, %v", st.Runs, want, st, l.errs)
			}
		})
	}
}

// TestFillBackground: queries run by themselves, and Close waits for what runs.
func TestFillBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := weft.OpenMemory(weft.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		write := func(at time.Time, v float64) {
			if err := db.TimeSeries().Write(ctx, []timeseries.Point{{Metric: "m", Time: at.UnixNano(), Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(v)}}}}); err != nil {
				t.Fatal(err)
			}
		}
		fills, err := db.Continuous().Fills(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		write(start, 1)
		d := minutely("q", "INSERT INTO ts.x SELECT $1 AS time, sum(value) AS value FROM ts.m WHERE time >= $1 AND time < $2")
		d.Late = time.Hour
		if _, err := fills.Create(ctx, d); err != nil {
			t.Fatal(err)
		}
		write(start.Add(2*time.Minute), 2)
		time.Sleep(5*time.Minute + time.Second)
		st, err := fills.Get(ctx, "q")
		if err != nil || st.Runs != 5 || st.Again != 0 {
			t.Errorf("%+v, %v", st, err)
		}
		write(start.Add(2*time.Minute), 3)
		time.Sleep(30 * time.Second)
		if st, err = fills.Get(ctx, "q"); err != nil || st.Again != 1 {
			t.Errorf("%+v, %v", st, err)
		}
		// One that waits for its next window goes back at once where it is told to, and one
		// that is paused runs no more.
		if _, err := fills.Resume(ctx, "q", start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if st, err = fills.Get(ctx, "q"); err != nil || st.Runs < 9 || st.Next.Sub(start) < 5*time.Minute {
			t.Errorf("%+v, %v", st, err)
		}
		if _, err := fills.Pause(ctx, "q"); err != nil {
			t.Fatal(err)
		}
		runs := st.Runs
		time.Sleep(time.Hour)
		if st, err = fills.Get(ctx, "q"); err != nil || st.Runs != runs || !st.Paused {
			t.Errorf("%+v, %v", st, err)
		}
		if err := fills.Delete(ctx, "q"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFormerFills: queries of former versions are told of, changed, run on from where they
// were, and moved.
func TestFormerFills(t *testing.T) {
	l := newFillLife(t)
	l.write("m", "a", epoch, 1)
	for _, name := range []string{"gone", "paused", "q"} {
		_, err := l.fills().Create(t.Context(), minutely(name, strings.Replace(sumsFill, "sums", name, 1)))
		l.must(err)
	}
	l.now.Advance(time.Minute)
	l.run()
	l.write("m", "a", epoch.Add(time.Minute), 2)
	before, err := l.fills().List(t.Context())
	l.must(err)
	for _, name := range []string{"gone", "paused", "q"} {
		l.must(l.db.Continuous().PutFormerFill(t.Context(), "", name))
	}
	l.reopen()
	after, err := l.fills().List(t.Context())
	l.must(err)
	l.want(fmt.Sprintf("%+v", after), fmt.Sprintf("%+v", before))
	if _, err := l.fills().Create(t.Context(), minutely("q", sumsFill)); code(err) != "CONTINUOUS_QUERY_EXISTS" {
		t.Error(err)
	}
	l.must(l.fills().Delete(t.Context(), "gone"))
	st, err := l.fills().Pause(t.Context(), "paused")
	l.must(err)
	if !st.Paused || st.Runs != 1 {
		t.Errorf("%+v", st)
	}
	l.now.Advance(time.Minute)
	l.run()
	if n, err := l.db.Continuous().FormerFills(t.Context(), ""); n != 0 || err != nil {
		t.Errorf("%d records of former versions are left, %v", n, err)
	}
	l.want(l.rows("q")+"|"+l.rows("paused")+"|"+l.rows("gone"), "0s a.value=1; 1m0s a.value=2; 0s a.n=1; 1m0s a.n=1|0s a.value=1; 0s a.n=1|0s a.value=1; 0s a.n=1")
	st, err = l.fills().Get(t.Context(), "q")
	l.must(err)
	if st.Runs != 2 || len(st.Last) != 2 {
		t.Errorf("%+v", st)
	}
}
