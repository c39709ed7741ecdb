package timeseries

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/block"
)

// TestGoldenRecords holds keys and records against the bytes of the format.
func TestGoldenRecords(t *testing.T) {
	s := &Store{core: &core{}, db: 1}
	m := &Metric{Name: "m", Type: Counter, Duplicates: Most, Unit: "B", Description: "d", Created: time.Unix(0, 1000), Fields: []FieldInfo{{"value", block.Int}}, id: 17}
	_, canon, err := canonical([]Tag{{"b", "2"}, {"a", "1"}, {"c", ""}})
	if err != nil {
		t.Fatal(err)
	}
	c := column{17, 300, 1}
	for name, x := range map[string][2]string{
		"metric":    {hex.EncodeToString(m.append(nil)), "01110103e807014201640105" + hex.EncodeToString([]byte("value")) + "02"},
		"metricKey": {hex.EncodeToString(s.metricKey("m")), "014000446d0001"},
		"seriesKey": {hex.EncodeToString(s.seriesKey(17, canon)), "014002291144610001443100014462000144320001"},
		"tagsKey":   {hex.EncodeToString(s.tagsKey(17, 300)), "0140032911" + "2a012c"},
		"indexKey":  {hex.EncodeToString(s.indexKey(17, Tag{"a", "1"}, 300)), "0140042911" + "44610001" + "44310001" + "2a012c"},
		"open":      {hex.EncodeToString(s.openPrefix(c)), "0140052911" + "2a012c" + "2901"},
		"blockKey":  {hex.EncodeToString(s.blockKey(c, 5)), "014011" + "2a012c" + "2901" + "508000000000000005"},
	} {
		if x[0] != x[1] {
			t.Errorf("%s is\n%s, want\n%s", name, x[0], x[1])
		}
	}
	got := &Metric{Name: "m"}
	if err := got.decode(m.append(nil)); err != nil || got.id != 17 || got.Fields[0] != m.Fields[0] || !got.Created.Equal(m.Created) {
		t.Errorf("%+v, %v", got, err)
	}
	b := m.append(nil)
	for i := range b {
		if err := new(Metric).decode(b[:i]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
}

// FuzzRecords reads any bytes as records: nothing panics.
func FuzzRecords(f *testing.F) {
	m := &Metric{Name: "m", Created: time.Unix(0, 1000), Fields: []FieldInfo{{"value", block.Int}}, id: 17}
	f.Add(m.append(nil))
	f.Add([]byte{openDeletion, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		var l layer
		if err := new(Metric).decode(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if err := l.read(b, -1<<63, 1<<63-1); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if _, err := decodeTags(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		_, _, _ = cutOpen(b)
	})
}
