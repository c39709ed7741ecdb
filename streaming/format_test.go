package streaming

import (
	"encoding/hex"
	"testing"
	"time"
)

// TestGolden: the stored bytes are those of docs/format/streaming.md, for good.
func TestGolden(t *testing.T) {
	full := Content{Key: "k", Type: "t", Source: "s", Headers: []Header{{"h", "v"}, {"e", ""}}, Data: []byte("{}"), JSON: true, Producer: "p", Sequence: 300}
	ch := Channel{id: 16, created: 1, Options: ChannelOptions{MaxAge: time.Second, MaxBytes: 2, MaxCount: 3, Compact: true, Partitions: 4}}
	st := state{first: 1, tallied: 2, bytes: 300, compacted: 4}
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
