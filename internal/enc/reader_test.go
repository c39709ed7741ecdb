package enc

import (
	"encoding/binary"
	"math"
	"testing"
)

func TestReaderGivesWhatWasAppended(t *testing.T) {
	rec := []byte{7}
	unsigned := []uint64{0, 1, 127, 128, 300, math.MaxUint64}
	signed := []int64{0, -1, 1, 63, 64, -64, -65, math.MaxInt64, math.MinInt64}
	texts := []string{"", "a", "weft\x00"}
	for _, v := range unsigned {
		rec = binary.AppendUvarint(rec, v)
	}
	for _, v := range signed {
		rec = binary.AppendVarint(rec, v)
	}
	for _, s := range texts {
		rec = append(binary.AppendUvarint(rec, uint64(len(s))), s...)
	}
	rec = append(rec, "rest"...)
	r := NewReader(rec)
	if c := r.Byte(); c != 7 {
		t.Fatalf("the byte is %d", c)
	}
	for _, v := range unsigned {
		if got := r.Uvarint(); got != v {
			t.Errorf("%d came back as %d", v, got)
		}
	}
	for _, v := range signed {
		if got := r.Varint(); got != v {
			t.Errorf("%d came back as %d", v, got)
		}
	}
	for _, s := range texts {
		if got := r.Text(); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
	if string(r.Rest()) != "rest" || r.Len() != 4 || r.Done() || r.Bad() {
		t.Errorf("left is %q, bad %v", r.Rest(), r.Bad())
	}
	if got := r.Take(4); string(got) != "rest" || cap(got) != 4 || !r.Done() {
		t.Errorf("took %q of capacity %d, done %v", got, cap(got), r.Done())
	}
}

func TestReaderRefusesWhatIsShortOrNoForm(t *testing.T) {
	for name, c := range map[string]struct {
		rec  []byte
		read func(r *Reader)
	}{
		"no byte":            {nil, func(r *Reader) { r.Byte() }},
		"no number":          {nil, func(r *Reader) { r.Uvarint() }},
		"half a number":      {[]byte{0x80}, func(r *Reader) { r.Uvarint() }},
		"longer than needed": {[]byte{0x81, 0x00}, func(r *Reader) { r.Uvarint() }},
		"signed, longer":     {[]byte{0x81, 0x00}, func(r *Reader) { r.Varint() }},
		"beyond 64 bits":     {[]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, func(r *Reader) { r.Uvarint() }},
		"a text cut short":   {[]byte{3, 'a', 'b'}, func(r *Reader) { r.Text() }},
		"a great length":     {append(binary.AppendUvarint(nil, math.MaxUint64), 'a'), func(r *Reader) { r.Bytes() }},
		"what the caller refuses": {[]byte{1, 2}, func(r *Reader) {
			r.Byte()
			r.Fail()
		}},
	} {
		r := NewReader(c.rec)
		c.read(&r)
		if !r.Bad() || r.Done() || r.Len() != 0 {
			t.Errorf("%s: bad %v, done %v, %d left", name, r.Bad(), r.Done(), r.Len())
		}
		if r.Byte() != 0 || r.Uvarint() != 0 || r.Varint() != 0 || r.Text() != "" || !r.Bad() {
			t.Errorf("%s: there is more behind it", name)
		}
	}
}
