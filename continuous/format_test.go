package continuous

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/streaming"
)

// TestGolden: the stored bytes are those of docs/format/continuous.md, for good.
func TestGolden(t *testing.T) {
	partition := 1
	q := Query{Name: "q", Channel: "c", Window: window.Spec{Kind: window.Sliding, Size: time.Minute, Slide: time.Second}, Time: "t", Where: "w",
		Filter: streaming.Filter{Types: []string{"a"}, Partition: &partition, Where: []byte(`{"x":1}`)}, Keys: []Column{{Name: "k", SQL: "key", typeName: "text"}},
		Aggregates: []Aggregate{{Name: "n"}, {Name: "s", Function: window.Sum, SQL: "1", typeName: "integer"}}, Delay: time.Second, Lateness: 2 * time.Second, Idle: 3 * time.Second,
		OnChange: true, Output: Output{Schema: "s", Table: "t", View: 7}, LateTo: "l", SkipFaulty: true, MaxWindows: 9, Paused: true, Created: time.Unix(0, 5).UTC(), id: 16, forgotten: window.None}
	const want = `{"id":16,"channel":"c","window":"sliding","size_ms":60000,"slide_ms":1000,"time":"t","where":"w","filter":{"event_type":["a"],"partition":1,"filter":{"x":1}},` +
		`"keys":[{"name":"k","sql":"key","type":"text"}],"aggregates":[{"name":"n","function":"count"},{"name":"s","function":"sum","sql":"1","type":"integer"}],` +
		`"delay_ms":1000,"lateness_ms":2000,"idle_ms":3000,"on_change":true,"to_schema":"s","to_table":"t","view":7,"late_to":"l","skip":true,"max_windows":9,"paused":true,"created":5}`
	var back Query
	if err := back.decode("q", []byte("\x01"+want)); err != nil || !reflect.DeepEqual(back, q) {
		t.Fatalf("what version 1 has is read as\n%+v, want\n%+v (%v)", back, q, err)
	}
	q.forgotten = -5
	forgotten := strings.TrimSuffix(want, "}") + `,"forgotten":-5`
	if err := back.decode("q", []byte("\x02"+forgotten+"}")); err != nil || !reflect.DeepEqual(back, q) {
		t.Fatalf("what version 2 has is read as\n%+v, want\n%+v (%v)", back, q, err)
	}
	q.Aggregates[1].Hidden, q.Computed, q.Having = true, []Column{{Name: "x", SQL: "s / n"}}, "n > 1"
	now := strings.Replace(forgotten, `"type":"integer"`, `"type":"integer","hidden":true`, 1) + `,"computed":[{"name":"x","sql":"s / n"}],"having":"n \u003e 1"}`
	rec, err := q.record()
	if err != nil || string(rec) != "\x03"+now {
		t.Fatalf("the query is\n%s, want\n%s (%v)", rec, now, err)
	}
	if err := back.decode("q", rec); err != nil || !reflect.DeepEqual(back, q) {
		t.Fatalf("read back it is\n%+v, want\n%+v (%v)", back, q, err)
	}
	st := state{channel: 16, next: 300, watermark: window.None, newest: -1, read: 2, late: 3, faulty: 4, missed: 5, results: 6, windows: 7, bytes: 8, due: true}
	if got, want := hex.EncodeToString(st.record()), "0101"+"10"+"ac02"+"02030405060708"+"ffffffffffffffffff01"+"01"; got != want {
		t.Errorf("the state is %s, want %s", got, want)
	}
	for _, k := range []struct {
		want string
		key  []byte
	}{{"015400" + "44710001", queryKey(1, "q")}, {"015403" + "2910", appendOf(1, objStates, 16)}, {"015410", appendObject(nil, 1, 16)}} {
		if got := hex.EncodeToString(k.key); got != k.want {
			t.Errorf("a key is %s, want %s", got, k.want)
		}
	}
}

// FuzzState: what is read is written the same.
func FuzzState(f *testing.F) {
	f.Add((&state{channel: 16, next: 300, watermark: window.None}).record())
	f.Fuzz(func(t *testing.T, b []byte) {
		var st, again state
		if st.decode(b) != nil {
			return
		}
		if err := again.decode(st.record()); err != nil || again != st {
			t.Fatalf("%+v is written as %+v", st, again)
		}
	})
}

// TestDamage cuts and changes records: none is taken for another in silence that cannot be.
func TestDamage(t *testing.T) {
	rec := (&state{channel: 16, next: 300, watermark: 7}).record()
	for n := range rec {
		var st state
		if st.decode(rec[:n]) == nil {
			t.Errorf("a state cut at %d bytes is read", n)
		}
	}
	var q Query
	for _, b := range []string{"", "\x00{}", "\x04{}", "\x01{", "\x01{}", `` + "\x01" + `{"id":16,"window":"square"}`} {
		if q.decode("q", []byte(b)) == nil {
			t.Errorf("%q is read as a query", b)
		}
	}
}
