package streaming

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"
)

// TestGolden: the stored bytes are those of docs/format/streaming.md, for good.
func TestGolden(t *testing.T) {
	full := Content{Key: "k", Type: "t", Source: "s", Headers: []Header{{"h", "v"}, {"e", ""}}, Data: []byte("{}"), JSON: true, Producer: "p", Sequence: 300}
	ch := Channel{id: 16, created: 1, Options: ChannelOptions{MaxAge: time.Second, MaxBytes: 2, MaxCount: 3, Compact: true, Partitions: 4}}
	st := state{first: 1, tallied: 2, bytes: 300, compacted: 4}
	two := 2
	for _, x := range []struct {
		what, want string
		got        []byte
	}{
		{"message", "013f016b0174017302016801760165000170ac027b7d", full.append(nil)},
		{"bytes", "01400378" + "2f79ff", (&Content{ContentType: "x/y", Data: []byte{0xff}}).append(nil)},
		{"nothing", "0100", (&Content{}).append(nil)},
		{"removed", "0180", removedRecord},
		{"channel", "0110" + "01" + "04" + "8094ebdc03" + "02" + "03" + "01", ch.append(nil)},
		{"group", "0107" + "01" + "c0843d" + "00" + "03" + "64", (&Group{epoch: 7, Options: GroupOptions{NoAck: true, AckWait: time.Millisecond, MaxDeliver: NoLimit, MaxInFlight: 3, DeadLetter: "d"}}).append(nil)},
		{"group with a filter", "0207" + "02" + "c0843d" + "04" + "64" + "80897a" + "01" + "64" + hex.EncodeToString([]byte(`{"event_type":["t"],"partition":2,"header":{"h":"v"},"filter":{"n":1}}`)),
			(&Group{epoch: 7, Options: GroupOptions{Ordered: true, AckWait: time.Millisecond, MaxDeliver: 3, MaxInFlight: 100, MemberTimeout: 2 * time.Millisecond, DeadLetter: "d",
				Filter: Filter{Types: []string{"t"}, Partition: &two, Headers: map[string]string{"h": "v"}, Where: []byte(`{"n":1}`)}}}).append(nil)},
		{"group with a filter of SQL", "0207" + "00" + "c0843d" + "04" + "64" + "00" + "00" + hex.EncodeToString([]byte(`{"where":"key='k'"}`)),
			(&Group{epoch: 7, Options: GroupOptions{AckWait: time.Millisecond, MaxDeliver: 3, MaxInFlight: 100, Filter: Filter{SQL: "key='k'"}}}).append(nil)},
		{"group in the order of keys", "0207" + "02" + "c0843d" + "04" + "64" + "80897a" + "00",
			(&Group{epoch: 7, Options: GroupOptions{Ordered: true, AckWait: time.Millisecond, MaxDeliver: 3, MaxInFlight: 100, MemberTimeout: 2 * time.Millisecond}}).append(nil)},
		{"delivery in the order of keys", "02" + "ac02" + "03" + "02" + "ff01" + "09" + "6d", (&pending{due: 300, delivery: 3, member: "m", ordered: true, tries: 2, hash: 255, partition: 9}).append(nil)},
		{"delivery whose turn has not come", "02" + "00" + "00" + "00" + "07" + "01", (&pending{ordered: true, hash: 7, partition: 1}).append(nil)},
		{"member", "01" + "02" + "ac02" + "07", (&share{generation: 2, advanced: 300, until: 7}).append(nil)},
		{"shares", "01" + "02" + "02" + "0161" + "0162" + "03" + "01" + "ac02" + "02" + "05" + "00" + "01",
			(&shares{generation: 2, owner: []string{"b", "", "a"}, start: []uint64{300, 5, 1}, members: map[string]*share{"a": {}, "b": {}}}).append(nil)},
		{"webhook", "01" + "c0843d" + "80897a" + "c08db701" + "0a" + hex.EncodeToString([]byte("http://a/b")) + hex.EncodeToString([]byte("secret")),
			(&Webhook{URL: "http://a/b", Secret: []byte("secret"), Timeout: time.Millisecond, Backoff: 2 * time.Millisecond, MaxBackoff: 3 * time.Millisecond}).append(nil)},
		{"delivery", "01ac02026d", (&pending{due: 300, delivery: 2, member: "m"}).append(nil)},
		{"state", "010102ac0204", st.append(nil)},
		{"key of a message", "0150100000000000000007", appendMessageKey(nil, 1, 16, 7)},
		{"key of a channel", hex.EncodeToString(appendChannelKey(nil, 1, "")), appendChannelKey(nil, 1, "")},
	} {
		if got := hex.EncodeToString(x.got); got != x.want {
			t.Errorf("%s is %s, want %s", x.what, got, x.want)
		}
	}
}

// TestGoldenIsRead: the records of groups and webhooks are read as what they were written of.
func TestGoldenIsRead(t *testing.T) {
	two := 2
	g := Group{Name: "g", epoch: 7, Options: GroupOptions{Ordered: true, AckWait: time.Millisecond, MaxDeliver: 3, MaxInFlight: 100, MemberTimeout: 2 * time.Millisecond, DeadLetter: "d",
		Filter: Filter{Types: []string{"t"}, Partition: &two, Headers: map[string]string{"h": "v"}, Where: []byte(`{"n":1}`)}}}
	read := Group{Name: "g"}
	if err := read.decode(g.append(nil), 0); err != nil || !reflect.DeepEqual(read, g) {
		t.Errorf("group %+v is read as %+v, %v", g, read, err)
	}
	p, readP := pending{due: 300, delivery: 3, member: "m", ordered: true, tries: 2, hash: 255, partition: 9}, pending{}
	if err := readP.decode(p.append(nil)); err != nil || readP != p {
		t.Errorf("delivery %+v is read as %+v, %v", p, readP, err)
	}
	sh := shares{generation: 2, owner: []string{"b", "", "a"}, start: []uint64{300, 5, 1}, members: map[string]*share{"a": {}, "b": {}}}
	readS := shares{members: sh.members}
	if err := readS.decode(sh.append(nil), 3); err != nil || !reflect.DeepEqual(readS, sh) {
		t.Errorf("shares %+v are read as %+v, %v", sh, readS, err)
	}
	w := Webhook{URL: "http://a/b", Secret: []byte("secret"), Timeout: time.Millisecond, Backoff: 2 * time.Millisecond, MaxBackoff: 3 * time.Millisecond}
	var readW Webhook
	if err := readW.decode(w.append(nil)); err != nil || !reflect.DeepEqual(readW, w) {
		t.Errorf("webhook %+v is read as %+v, %v", w, readW, err)
	}
}

// FuzzMessage: a record that is read is written the same, and none makes it fail badly.
func FuzzMessage(f *testing.F) {
	f.Add((&Content{Key: "k", Headers: []Header{{"h", "v"}}, Producer: "p", Sequence: 1, Data: []byte("x")}).append(nil))
	f.Add(removedRecord)
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Content
		if c.decode(b) != nil {
			return
		}
		if again := c.append(nil); string(again) != string(b) {
			t.Errorf("%x was read and written as %x", b, again)
		}
	})
}

// TestDamage: every record that is cut short is told, but in its data.
func TestDamage(t *testing.T) {
	full := Content{Key: "k", Type: "t", Source: "s", Headers: []Header{{"h", "v"}}, ContentType: "x/y", Producer: "p", Sequence: 300}
	rec := full.append(nil)
	for n := range rec {
		if err := (&Content{}).decode(rec[:n]); err == nil {
			t.Errorf("cut at %d it is read", n)
		}
	}
	for _, bad := range [][]byte{{2, 0}, {1, 0x81}, removedRecord, {1, 0x10, 0}, {1, 2, 0}, {1, 2, 0x81, 0, 'k'}} {
		if err := (&Content{}).decode(bad); err == nil {
			t.Errorf("%x is read", bad)
		}
	}
}
