package continuous

import (
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

func exampleFill(id uint64) *fillRecord {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	r := &fillRecord{Fill: Fill{Name: "q", Query: "I", Every: time.Minute, Delay: time.Second, Late: time.Hour, Start: at(60), Paused: true}, target: "x", created: at(59)}
	if id != 0 {
		r.id = firstID
	}
	r.fillState = fillState{next: at(180), seen: 77, runs: 2, again: 1, points: 5, failed: 3, tooLate: 4,
		last: []Run{{From: at(60), To: at(120), At: at(121), Took: 1000, Points: 2, Again: true}, {From: at(60), To: at(120), At: at(120), Took: 9, Error: "e"}}}
	return r
}

// runsBytes are the counts and runs of exampleFill, in all versions.
const runsBytes = "0201050304" + "02" +
	"80e0ba84bf03" + "80c0f588fe06" + "80e8cbc28507" + "e807" + "02" + "01" + "00" +
	"80e0ba84bf03" + "80c0f588fe06" + "80c0f588fe06" + "09" + "00" + "00" + "0165"

// formerBytes is exampleFill as former versions wrote it.
const formerBytes = "01" + "0171" + "0149" + // version, name, query
	"80b09dc2df01" + "8094ebdc03" + "80c0e285e368" + "80e0ba84bf03" + // every, delay, late, start
	"01" + "0178" + "80b8e4cab703" + "80a0b08dbd0a" + "4d" + runsBytes // paused, target, created, next, seen

// TestGoldenFill holds definition and state against the bytes of the format.
func TestGoldenFill(t *testing.T) {
	r := exampleFill(1)
	const want = "\x01" + `{"id":16,"query":"I","every":60000000000,"delay":1000000000,"late":3600000000000,"start":60000000000,"paused":true,"target":"x","created":59000000000}`
	rec, err := r.record()
	if err != nil || string(rec) != want {
		t.Errorf("got  %s\nwant %s, %v", rec, want, err)
	}
	if got, want := hex.EncodeToString(r.fillState.record()), "01"+"80a0b08dbd0a"+"4d"+runsBytes; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := hex.EncodeToString(fillKey(1, "q")); got != "015404"+"44710001" {
		t.Errorf("the key is %s", got)
	}
	var back fillRecord
	if err := errors.Join(back.decode("q", rec), back.fillState.decode(r.fillState.record())); err != nil || !reflect.DeepEqual(&back, r) {
		t.Errorf("%+v, %v", back, err)
	}
}

// TestFormerFill: what former versions wrote is read, and no part of it is taken for all.
func TestFormerFill(t *testing.T) {
	v, err := hex.DecodeString(formerBytes)
	if err != nil {
		t.Fatal(err)
	}
	var r fillRecord
	if err := r.decodeFormer(v); err != nil || !reflect.DeepEqual(&r, exampleFill(0)) {
		t.Errorf("%+v, %v", r, err)
	}
	for n := range v {
		if err := new(fillRecord).decodeFormer(v[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := new(fillRecord).decodeFormer(append(v, 0)); !errors.Is(err, dberr.ErrCorrupt) {
		t.Error(err)
	}
}

// TestFillDamage: no record of another version, and no part of one, is read.
func TestFillDamage(t *testing.T) {
	state := exampleFill(1).fillState.record()
	for n := range state {
		if err := new(fillState).decode(state[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := new(fillState).decode(append(state, 0)); !errors.Is(err, dberr.ErrCorrupt) {
		t.Error(err)
	}
	state[0] = 2
	former, _ := hex.DecodeString("02" + formerBytes[2:]) //nolint:errcheck // it is hexadecimal
	for _, err := range []error{new(fillState).decode(state), new(fillRecord).decodeFormer(former), new(fillRecord).decode("q", []byte("\x02{}"))} {
		if e := dberr.As(err); e == nil || e.Code != "RECORD_VERSION" {
			t.Error(err)
		}
	}
	for _, b := range []string{"", "\x01{", "\x01{}", "\x01" + `{"id":16}`} {
		if err := new(fillRecord).decode("q", []byte(b)); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%q: %v", b, err)
		}
	}
}

// FuzzFillState: what is read is written the same.
func FuzzFillState(f *testing.F) {
	f.Add(exampleFill(1).fillState.record())
	f.Fuzz(func(t *testing.T, v []byte) {
		var st, again fillState
		if st.decode(v) != nil {
			return
		}
		if err := again.decode(st.record()); err != nil || !reflect.DeepEqual(st, again) {
			t.Errorf("%x: %+v, %+v, %v", v, st, again, err)
		}
	})
}

// FuzzFormerFill: no bytes bring the reader down.
func FuzzFormerFill(f *testing.F) {
	v, _ := hex.DecodeString(formerBytes) //nolint:errcheck // it is hexadecimal
	f.Add(v)
	f.Fuzz(func(_ *testing.T, v []byte) { _ = new(fillRecord).decodeFormer(v) })
}
