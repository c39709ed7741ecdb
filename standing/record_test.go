package standing

import (
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

func example() *record {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	return &record{Definition: Definition{Name: "q", Query: "I", Every: time.Minute, Delay: time.Second, Late: time.Hour, Start: at(60), Paused: true},
		target: "x", created: at(59), next: at(180), seen: 77, runs: 2, again: 1, points: 5, failed: 3, tooLate: 4,
		last: []Run{{From: at(60), To: at(120), At: at(121), Took: 1000, Points: 2, Again: true}, {From: at(60), To: at(120), At: at(120), Took: 9, Error: "e"}}}
}

// TestGoldenRecord holds the record against the bytes of the format.
func TestGoldenRecord(t *testing.T) {
	const want = "" +
		"01" + "0171" + "0149" + // version, name, query
		"80b09dc2df01" + "8094ebdc03" + "80c0e285e368" + "80e0ba84bf03" + // every, delay, late, start
		"01" + "0178" + "80b8e4cab703" + "80a0b08dbd0a" + // paused, target, created, next
		"4d" + "0201050304" + "02" + // seen, counts, two runs
		"80e0ba84bf03" + "80c0f588fe06" + "80e8cbc28507" + "e807" + "02" + "01" + "00" +
		"80e0ba84bf03" + "80c0f588fe06" + "80c0f588fe06" + "09" + "00" + "00" + "0165"
	got := hex.EncodeToString(example().append(nil))
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestRecordDecodes: what is written is read, and no part of it is taken for all.
func TestRecordDecodes(t *testing.T) {
	v := example().append(nil)
	var r record
	if err := r.decode(v); err != nil || !reflect.DeepEqual(&r, example()) {
		t.Errorf("%+v, %v", r, err)
	}
	for n := range v {
		var r record
		if err := r.decode(v[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := (&record{}).decode(append(v, 0)); !errors.Is(err, dberr.ErrCorrupt) {
		t.Error(err)
	}
	v[0] = 2
	err := (&record{}).decode(v)
	if e := dberr.As(err); e == nil || e.Code != "RECORD_VERSION" {
		t.Error(err)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(example().append(nil))
	f.Fuzz(func(t *testing.T, v []byte) {
		var r, again record
		if r.decode(v) != nil {
			return
		}
		if err := again.decode(r.append(nil)); err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%x: %+v, %+v, %v", v, r, again, err)
		}
	})
}
