package continuous

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// keptRuns is how many of the last runs a record has.
const keptRuns = 20

// Run is one run of one window.
type Run struct {
	From, To time.Time // the window
	At       time.Time // when it began
	Took     time.Duration
	Points   int    // that it wrote
	Again    bool   // for what had come late
	Error    string // "" where it succeeded
}

// FillStatus describes a query that fills a metric and what it has done.
type FillStatus struct {
	Fill
	Target  string // the metric that it fills
	Created time.Time
	Next    time.Time // the window that is next begins then
	NextRun time.Time // when it is run; zero where the query is paused
	Runs    uint64    // that succeeded, without those again
	Again   uint64    // runs again that succeeded
	Points  uint64    // written by all of them
	Failed  uint64    // runs that did not succeed
	TooLate uint64    // writes into windows that were not run again for them
	Last    []Run     // the newest first
}

// fillRecord is a definition and how far it is.
type fillRecord struct {
	Fill
	id      keyspace.ObjectID // 0: it is still as version 1 has it
	target  string
	created time.Time
	version txn.Timestamp // when the definition was written last; of lists alone
	fillState
}

// fillState is how far a query is.
type fillState struct {
	next    time.Time     // windows before it have run
	seen    txn.Timestamp // what was committed up to it is in the windows that have run
	runs    uint64
	again   uint64
	points  uint64
	failed  uint64
	tooLate uint64
	last    []Run // the newest first
}

func (r *fillRecord) status() FillStatus {
	s := FillStatus{Fill: r.Fill, Target: r.target, Created: r.created, Next: r.next, NextRun: r.due(),
		Runs: r.runs, Again: r.again, Points: r.points, Failed: r.failed, TooLate: r.tooLate, Last: r.last}
	if r.Paused {
		s.NextRun = time.Time{}
	}
	return s
}

// due is when the next window is to be run.
func (r *fillRecord) due() time.Time { return r.next.Add(r.Every + r.Delay) }

// note adds a run to the last ones.
func (r *fillState) note(x Run) {
	r.last = append([]Run{x}, r.last[:min(len(r.last), keptRuns-1)]...)
	switch {
	case x.Error != "":
		r.failed++
		return
	case x.Again:
		r.again++
	default:
		r.runs++
	}
	r.points += uint64(x.Points)
}

// storedFill is a definition as its record has it. Spans and times are nanoseconds.
type storedFill struct {
	ID      uint64 `json:"id"`
	Query   string `json:"query"`
	Every   int64  `json:"every"`
	Delay   int64  `json:"delay,omitempty"`
	Late    int64  `json:"late,omitempty"`
	Start   int64  `json:"start"`
	Paused  bool   `json:"paused,omitempty"`
	Target  string `json:"target"`
	Created int64  `json:"created"`
}

func (r *fillRecord) record() ([]byte, error) {
	b, err := json.Marshal(storedFill{ID: uint64(r.id), Query: r.Query, Every: int64(r.Every), Delay: int64(r.Delay), Late: int64(r.Late),
		Start: r.Start.UnixNano(), Paused: r.Paused, Target: r.target, Created: r.created.UnixNano()})
	return append([]byte{fillVersion}, b...), err
}

func (r *fillRecord) decode(name string, v []byte) error {
	var st storedFill
	if err := decodeQuery(name, v, fillVersion, &st); err != nil {
		return err
	}
	if st.ID < uint64(firstID) || time.Duration(st.Every) < MinEvery {
		return errQuery(name, "holds what cannot be")
	}
	at := func(ns int64) time.Time { return time.Unix(0, ns).UTC() }
	r.Fill = Fill{Name: name, Query: st.Query, Every: time.Duration(st.Every), Delay: time.Duration(st.Delay), Late: time.Duration(st.Late), Start: at(st.Start), Paused: st.Paused}
	r.id, r.target, r.created = keyspace.ObjectID(st.ID), st.Target, at(st.Created)
	return nil
}

// fillStateVersion is beside that of the states of queries over channels.
const fillStateVersion = 1

func (st *fillState) record() []byte {
	w := writer{fillStateVersion}
	w.times(st.next)
	w.numbers(uint64(st.seen), st.runs, st.again, st.points, st.failed, st.tooLate)
	w.runs(st.last)
	return w
}

func (st *fillState) decode(v []byte) error {
	rd := reader{enc.NewReader(v)}
	if version := rd.Byte(); len(v) > 0 && version != fillStateVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "the state of a continuous query has version %d, and this program knows %d", version, fillStateVersion)
	}
	st.next, st.seen = rd.time(), txn.Timestamp(rd.Uvarint())
	rd.counts(st)
	if !rd.Done() {
		return fmt.Errorf("%w: the state of a continuous query is malformed", dberr.ErrCorrupt)
	}
	return nil
}

// writer appends numbers and texts. Times are nanoseconds since 1970 as varints, texts are
// preceded by their length.
type writer []byte

func (w *writer) text(s string) { *w = append(binary.AppendUvarint(*w, uint64(len(s))), s...) }

func (w *writer) times(list ...time.Time) {
	for _, t := range list {
		*w = binary.AppendVarint(*w, t.UnixNano())
	}
}

func (w *writer) numbers(list ...uint64) {
	for _, n := range list {
		*w = binary.AppendUvarint(*w, n)
	}
}

func (w *writer) runs(list []Run) {
	w.numbers(uint64(len(list)))
	for _, x := range list {
		w.times(x.From, x.To, x.At)
		w.numbers(uint64(x.Took), uint64(x.Points))
		again := byte(0)
		if x.Again {
			again = 1
		}
		*w = append(*w, again)
		w.text(x.Error)
	}
}

// counts reads what a query has done.
func (r *reader) counts(st *fillState) {
	st.runs, st.again, st.points, st.failed, st.tooLate = r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint()
	n := r.Uvarint()
	if n > keptRuns {
		r.Fail()
	}
	for range min(n, keptRuns) {
		x := Run{From: r.time(), To: r.time(), At: r.time(), Took: r.span(), Points: int(r.Uvarint()), Again: r.Byte()&1 != 0, Error: r.Text()}
		st.last = append(st.last, x)
	}
}

// reader reads what writer wrote: times and spans, too.
type reader struct{ enc.Reader }

func (r *reader) time() time.Time { return time.Unix(0, r.Varint()).UTC() }

func (r *reader) span() time.Duration {
	v := r.Uvarint()
	if v > 1<<62 {
		r.Fail()
	}
	return time.Duration(v)
}
