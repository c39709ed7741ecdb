package standing

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
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

// Status describes a query and what it has done.
type Status struct {
	Definition
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

// record is what is stored of a query.
type record struct {
	Definition
	target  string
	created time.Time
	next    time.Time     // windows before it have run
	seen    txn.Timestamp // what was committed up to it is in the windows that have run
	runs    uint64
	again   uint64
	points  uint64
	failed  uint64
	tooLate uint64
	last    []Run // the newest first
}

func (r *record) status() Status {
	s := Status{Definition: r.Definition, Target: r.target, Created: r.created, Next: r.next, NextRun: r.due(),
		Runs: r.runs, Again: r.again, Points: r.points, Failed: r.failed, TooLate: r.tooLate, Last: r.last}
	if r.Paused {
		s.NextRun = time.Time{}
	}
	return s
}

// due is when the next window is to be run.
func (r *record) due() time.Time { return r.next.Add(r.Every + r.Delay) }

// note adds a run to the last ones.
func (r *record) note(x Run) {
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

const recordVersion = 1

// append appends the stored form. Times are nanoseconds since 1970 as varints, texts are
// preceded by their length:
//
//	version (1) = 1 · name · query · every · delay · late · start · flags (1): 1 paused ·
//	target · created · next · seen · runs · again · points · failed · too late ·
//	number of runs · for each: from · to · at · took · points · flags (1): 1 again · error
func (r *record) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	text := func(s string) { dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...) }
	at := func(list ...time.Time) {
		for _, t := range list {
			dst = binary.AppendVarint(dst, t.UnixNano())
		}
	}
	numbers := func(list ...uint64) {
		for _, n := range list {
			dst = binary.AppendUvarint(dst, n)
		}
	}
	text(r.Name)
	text(r.Query)
	numbers(uint64(r.Every), uint64(r.Delay), uint64(r.Late))
	at(r.Start)
	dst = append(dst, flag(r.Paused))
	text(r.target)
	at(r.created, r.next)
	numbers(uint64(r.seen), r.runs, r.again, r.points, r.failed, r.tooLate, uint64(len(r.last)))
	for _, x := range r.last {
		at(x.From, x.To, x.At)
		numbers(uint64(x.Took), uint64(x.Points))
		dst = append(dst, flag(x.Again))
		text(x.Error)
	}
	return dst
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func (r *record) decode(v []byte) error {
	if len(v) > 0 && v[0] != recordVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a continuous query has version %d, and this program knows %d", v[0], recordVersion)
	}
	rd := reader{bad: len(v) == 0}
	if !rd.bad {
		rd.b = v[1:]
	}
	r.Name, r.Query = rd.text(), rd.text()
	r.Every, r.Delay, r.Late = rd.span(), rd.span(), rd.span()
	r.Start, r.Paused, r.target = rd.time(), rd.byte()&1 != 0, rd.text()
	r.created, r.next, r.seen = rd.time(), rd.time(), txn.Timestamp(rd.uvarint())
	r.runs, r.again, r.points, r.failed, r.tooLate = rd.uvarint(), rd.uvarint(), rd.uvarint(), rd.uvarint(), rd.uvarint()
	n := rd.uvarint()
	for range min(n, keptRuns) {
		x := Run{From: rd.time(), To: rd.time(), At: rd.time(), Took: rd.span(), Points: int(rd.uvarint()), Again: rd.byte()&1 != 0, Error: rd.text()}
		r.last = append(r.last, x)
	}
	if rd.bad || len(rd.b) > 0 || n > keptRuns || r.Name == "" || r.Every < MinEvery {
		return fmt.Errorf("%w: its record is malformed", dberr.ErrCorrupt)
	}
	return nil
}

// reader takes numbers and texts off bytes; bad once they did not suffice.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) span() time.Duration {
	v := r.uvarint()
	r.bad = r.bad || v > 1<<62
	return time.Duration(v)
}

func (r *reader) time() time.Time {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return time.Time{}
	}
	r.b = r.b[n:]
	return time.Unix(0, v).UTC()
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
