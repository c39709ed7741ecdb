package continuous_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
)

var smallStore = storage.Options{SegmentBytes: 32 << 10, CheckpointBytes: 16 << 10, BufferBytes: 256 << 10}

// life is a store whose disk fails now and then, with a query over channel "in".
type life struct {
	rnd  *rand.Rand
	q    continuous.Query
	disk *vfs.Mem
	sent int
	// conflicts are how many steps met one.
	conflicts int
	alter     func(db *weft.DB) error // now and then, where it is set
}

// event is the data of a message.
type event struct {
	K  string   `json:"k,omitempty"`
	V  *float64 `json:"v"`
	At int64    `json:"at"` // in milliseconds since 1970
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// randomQuery makes a query of any kind that writes to a channel or a table.
func randomQuery(r *rand.Rand) continuous.Query {
	ms := func(n int) time.Duration { return time.Duration(1+r.IntN(n)) * time.Millisecond }
	field := func(name, field string, f window.Function) continuous.Aggregate {
		return continuous.Aggregate{Name: name, Function: f, SQL: must(continuous.FieldOf(f, field))}
	}
	q := continuous.Query{Name: "q", Channel: "in", Time: must(continuous.FieldTime("at")), Delay: ms(30),
		Keys: []continuous.Column{{Name: "k", SQL: must(continuous.FieldText("k"))}},
		Aggregates: []continuous.Aggregate{{Name: "n", Function: window.Count}, field("nv", "v", window.Count), field("total", "v", window.Sum), field("mean", "v", window.Avg),
			field("least", "v", window.Min), field("most", "v", window.Max)},
		OnChange: r.IntN(3) == 0, LateTo: "late", Where: "type IS DISTINCT FROM 'noise'"}
	switch r.IntN(3) {
	case 0:
		q.Window = window.Spec{Kind: window.Tumbling, Size: ms(40)}
	case 1:
		q.Window = window.Spec{Kind: window.Sliding, Slide: ms(20)}
		q.Window.Size = q.Window.Slide + ms(40)
	case 2:
		q.Window = window.Spec{Kind: window.Session, Gap: ms(15)}
	}
	if r.IntN(2) == 0 {
		q.Lateness = ms(60)
	}
	if q.Output.Channel = "out"; r.IntN(2) == 0 || q.OnChange {
		q.Output = continuous.Output{Table: "out"}
	}
	return q
}

// messages makes some messages, out of order.
func (l *life) messages() (list []streaming.Content) {
	for range 1 + l.rnd.IntN(6) {
		l.sent++
		e := event{At: 1_700_000_000_000 + int64(5*l.sent-l.rnd.IntN(60)*l.rnd.IntN(3))}
		if l.rnd.IntN(8) > 0 {
			e.K = string(rune('a' + l.rnd.IntN(3)))
		}
		if l.rnd.IntN(6) > 0 {
			v := float64(l.rnd.IntN(200)-100) / 4
			e.V = &v
		}
		c := streaming.Content{JSON: true, Data: must(json.Marshal(e))}
		if l.rnd.IntN(10) == 0 {
			c.Type = "noise"
		}
		list = append(list, c)
	}
	return list
}

// run publishes and steps in turns, on a disk that may fail.
func (l *life) run(disk vfs.FS, rounds int) error {
	ctx := context.Background()
	db, err := weft.Open("d", weft.Options{FS: disk, Storage: smallStore, Streaming: streaming.Options{SweepEvery: -1}, Continuous: continuous.Options{Idle: true}})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Streaming().Publish(ctx, "in", l.messages()...); err != nil {
		return err
	}
	if _, err := db.Continuous().Status(ctx, "", "q"); err != nil {
		if _, err := db.Continuous().Create(ctx, "", l.q, streaming.Earliest); err != nil {
			return err
		}
	}
	var r *continuous.Runner
	conflicts := func() {
		if r != nil {
			l.conflicts += r.Conflicts
		}
	}
	defer func() { conflicts() }()
	for range rounds {
		if _, err := db.Streaming().Publish(ctx, "in", l.messages()...); err != nil {
			return err
		}
		if r == nil || l.rnd.IntN(4) == 0 {
			conflicts()
			if r, err = db.Continuous().NewRunner(ctx, "", "q", 1+l.rnd.IntN(10)); err != nil {
				return err
			}
			r.Disturb(func() bool { return l.rnd.IntN(3) == 0 }, l.change(db))
		}
		if err := r.CatchUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// change is how a step is disturbed: nil writes the definition as it is.
func (l *life) change(db *weft.DB) func() error {
	if l.alter == nil {
		return nil
	}
	return func() error { return l.alter(db) }
}

// throughFailures lives three lives that end with a disk that fails and a power failure, and
// one that does not; it returns how many steps met a conflict.
func (l *life) throughFailures(t *testing.T, seed uint64) int {
	t.Helper()
	for range 3 {
		n := 20 + l.rnd.IntN(400)
		//nolint:errcheck // it fails by design
		l.run(vfs.NewFault(l.disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil)), 8)
		l.disk = l.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: l.rnd.IntN(101), RNG: l.rnd})
	}
	if err := l.run(l.disk, 3); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	l.check(t, seed)
	return l.conflicts
}

// TestExactlyOnce pulls the plug at every few disk operations, in several lives of a
// store, has every third step meet a conflict at its commit, and holds what the query has written against the machine, run once over all
// messages: no result is lost, none repeated, and each is as it should be.
func TestExactlyOnce(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	conflicts := 0
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 3))
		l := &life{rnd: rnd, q: randomQuery(rnd), disk: vfs.NewCrashableMem()}
		conflicts += l.throughFailures(t, seed)
	}
	if conflicts < int(seeds) {
		t.Errorf("only %d steps met a conflict", conflicts)
	}
}

// config is that of the machine that the query has.
func (l *life) config() *window.Config {
	c := &window.Config{Spec: l.q.Window, Keys: []sqltype.Type{sqltype.TText}, Delay: l.q.Delay, Lateness: l.q.Lateness}
	for _, a := range l.q.Aggregates {
		w := window.Aggregate{Function: a.Function}
		switch {
		case a.Name == "nv":
			w.Type = sqltype.TJSONB
		case a.SQL != "":
			w.Type = sqltype.TNumeric
		}
		c.Aggregates = append(c.Aggregates, w)
	}
	return c
}

// expect runs the machine over all messages.
func (l *life) expect(t *testing.T, list []*streaming.Message) (results []window.Result, late int) {
	t.Helper()
	m := window.New(l.config(), window.None)
	for _, msg := range list {
		var e event
		if err := json.Unmarshal(msg.Data, &e); err != nil {
			t.Fatal(err)
		}
		if msg.Type == "noise" {
			continue
		}
		key, v := sqltype.Datum{Str: e.K, Null: e.K == ""}, sqltype.NullDatum
		if e.V != nil {
			v = sqltype.Datum{Num: must(sqltype.ParseNum(fmt.Sprint(*e.V)))}
		}
		was, err := m.Apply(&window.Event{Time: e.At * 1000, Offset: msg.Offset, Keys: []sqltype.Datum{key}, Args: []sqltype.Datum{{}, v, v, v, v, v}})
		if err == nil {
			err = m.Drain(1 << 30)
		}
		if err != nil {
			t.Fatal(err)
		}
		if was {
			late++
		}
	}
	return m.Take(), late
}

// line writes a result as the outputs below do.
func line(r *window.Result) string {
	k := r.Keys[0].Str
	if r.Keys[0].Null {
		k = "NULL"
	}
	num := func(d sqltype.Datum) string {
		if d.Null {
			return "NULL"
		}
		return d.Num.TrimScale().String()
	}
	return fmt.Sprint(r.Start, " ", r.End, " ", k, " ", r.Values[0].Int, " ", r.Values[1].Int, " ", num(r.Values[2]), " ", num(r.Values[3]), " ", num(r.Values[4]), " ", num(r.Values[5]))
}

func (l *life) check(t *testing.T, seed uint64) {
	t.Helper()
	db, err := weft.Open("d", weft.Options{FS: l.disk, Storage: smallStore, Continuous: continuous.Options{Idle: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sound(t, db)
	page, err := db.Streaming().History(t.Context(), "in", streaming.HistoryOptions{From: streaming.Earliest, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	want, late := l.expect(t, page.Messages)
	st, err := db.Continuous().Status(t.Context(), "", "q")
	if err != nil {
		t.Fatal(err)
	}
	lost, err := db.Streaming().History(t.Context(), "late", streaming.HistoryOptions{From: streaming.Earliest, Limit: 10_000})
	if late > 0 && err != nil {
		t.Fatal(err)
	}
	if st.Late != uint64(late) || len(lost.Messages) != late || st.Lag != 0 {
		t.Fatalf("seed %d: %d are late and %d in their channel, want %d; %d behind", seed, st.Late, len(lost.Messages), late, st.Lag)
	}
	if l.q.Output.Channel != "" {
		l.checkChannel(t, seed, db, want)
		return
	}
	l.checkTable(t, seed, db, want)
}

// sound says that a check finds nothing.
func sound(t *testing.T, db *weft.DB) continuous.Checked {
	t.Helper()
	n, err := continuous.Check(t.Context(), db.Store().Store, func(problem string) { t.Error(problem) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (l *life) checkChannel(t *testing.T, seed uint64, db *weft.DB, want []window.Result) {
	t.Helper()
	if len(want) == 0 {
		return
	}
	from := `stream.out ORDER BY "offset"`
	if l.alter != nil {
		if err := errors.Join(channel(db, "out"), channel(db, "out2")); err != nil {
			t.Fatal(err)
		}
		from = unionOut
	}
	rows, err := db.Query(t.Context(), `SELECT type, (extract(epoch FROM (data->>'window_start')::timestamptz)*1000000)::bigint, (extract(epoch FROM (data->>'window_end')::timestamptz)*1000000)::bigint,
		coalesce(data->>'k', 'NULL'), data->>'n', data->>'nv', coalesce(trim_scale((data->>'total')::numeric)::text, 'NULL'), coalesce(trim_scale((data->>'mean')::numeric)::text, 'NULL'),
		coalesce(data->>'least', 'NULL'), coalesce(data->>'most', 'NULL') FROM `+from)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for v := range rows.All() {
		if i >= len(want) {
			t.Fatalf("seed %d: %d results, want %d", seed, rows.Len(), len(want))
		}
		w := want[i].Outcome.String()
		got := fmt.Sprint(v[0])
		if want[i].Outcome != window.Retract {
			w += " " + line(&want[i])
			got = fmt.Sprint(v[0], " ", v[1], " ", v[2], " ", v[3], " ", v[4], " ", v[5], " ", v[6], " ", v[7], " ", v[8], " ", v[9])
		}
		if got != w {
			t.Fatalf("seed %d: result %d is\n %s, want\n %s", seed, i, got, w)
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("seed %d: %d results, want %d", seed, i, len(want))
	}
}

// channel makes a channel where it is missing.
func channel(db *weft.DB, name string) error {
	_, err := db.Streaming().CreateChannel(context.Background(), name, streaming.ChannelOptions{})
	if errors.Is(err, weft.ErrExists) {
		return nil
	}
	return err
}

func (l *life) checkTable(t *testing.T, seed uint64, db *weft.DB, want []window.Result) {
	t.Helper()
	holds := map[string]string{}
	for i := range want {
		r := &want[i]
		key := fmt.Sprint(r.Start, r.Keys[0].Str, r.Keys[0].Null)
		if delete(holds, key); r.Outcome != window.Retract {
			holds[key] = line(r)
		}
	}
	lines := map[string]bool{}
	for _, l := range holds {
		lines[l] = true
	}
	where := "" // with OnChange the table has open windows, too
	if l.q.OnChange {
		where = fmt.Sprintf("WHERE window_end <= to_timestamp(%f)", float64(l.watermark(t, db))/1e6)
	}
	rows, err := db.Query(t.Context(), `SELECT (extract(epoch FROM window_start)*1000000)::bigint, (extract(epoch FROM window_end)*1000000)::bigint, coalesce(k, 'NULL'), n, nv,
		coalesce(trim_scale(total)::text, 'NULL'), coalesce(trim_scale(mean)::text, 'NULL'), coalesce(trim_scale(least)::text, 'NULL'), coalesce(trim_scale(most)::text, 'NULL') FROM out `+where)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for v := range rows.All() {
		n++
		got := fmt.Sprint(v[0], " ", v[1], " ", v[2], " ", v[3], " ", v[4], " ", v[5], " ", v[6], " ", v[7], " ", v[8])
		if !lines[got] {
			t.Fatalf("seed %d: the table has a row that no result is:\n %s", seed, got)
		}
	}
	if n != len(lines) {
		t.Fatalf("seed %d %v %v: %d rows, want %d", seed, l.q.Window, l.q.OnChange, n, len(lines))
	}
}

func (l *life) watermark(t *testing.T, db *weft.DB) int64 {
	t.Helper()
	st, err := db.Continuous().Status(t.Context(), "", "q")
	if err != nil {
		t.Fatal(err)
	}
	return st.Watermark.UnixMicro()
}
