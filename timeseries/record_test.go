package timeseries

import (
	"encoding/hex"
	"errors"
	"reflect"
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
	policy := RetentionPolicy{Name: "p", Pattern: "*", Keep: time.Hour, Tiers: []Tier{{time.Minute, 0}}}
	kept := retained{keep: time.Hour, cut: -5, ranAt: 9, tiers: []retainedTier{{Tier{time.Minute, 0}, 18, 7, true}}}
	row := rollup{start: 60, part: part{grew: 2}}
	row.points(&block.Points{Kind: block.Int, Times: []int64{61, 63}, Ints: []int64{5, 7}})
	rows, err := appendRows(nil, []rollup{row})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := readRows(nil, rows, block.Int); err != nil || len(back) != 1 || back[0].n != 2 || back[0].grew != 4 || back[0].firstAt != 61 || back[0].lastAt != 63 || back[0].isum != 12 || back[0].first.Int != 5 || back[0].m2 != 2 {
		t.Errorf("rows %+v, %v", back, err)
	}
	// The second form: a row with a point in its first millisecond, and one that is not plain.
	edge, mixed := rollup{start: 60 * millisecond}, rollup{start: 120 * millisecond}
	edge.points(&block.Points{Kind: block.Int, Times: []int64{60 * millisecond, 61 * millisecond, 63 * millisecond}, Ints: []int64{5, 7, 4}})
	mixed.points(&block.Points{Kind: block.Int, Times: []int64{120 * millisecond, 120*millisecond + 1}, Ints: []int64{1, 2}})
	plain, err := appendRows(nil, []rollup{edge, mixed})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := readRows(nil, plain, block.Int); err != nil || !reflect.DeepEqual(back, []rollup{edge, mixed}) || back[0].rest.n != 2 || back[0].rest.isum != 11 {
		t.Errorf("rows %+v, %v", back, err)
	}
	at := mark{done: 5, now: 300, series: 17, field: 1}
	batch := []byte{batchVersion}
	for field, kind := range []block.Kind{block.Int, block.Text} {
		b := slab{field: field, points: block.Points{Kind: kind}}
		for i, v := range []Value{IntValue(5), IntValue(-7)} {
			if kind == block.Text {
				v = TextValue("t")
			}
			b.add(300-uint64(i), 60, v)
		}
		b.settle(Last)
		if batch, err = b.append(batch); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := columnsOf(batch, 17); err != nil || len(list) != 4 || list[0].column != (column{17, 299, 0}) || list[0].points.Ints[0] != -7 || list[3].points.Texts[0] != "t" {
		t.Errorf("batch %+v, %v", list, err)
	}
	for name, x := range map[string][2]string{
		"batch":     {hex.EncodeToString(batch), "010002d604021100000001020402780000ff0c0d010200e738269b0102d604021c0000000104060278000001020000020002000100000034d039d974b5d1c48c"},
		"mark":      {hex.EncodeToString(at.append(nil)), "0105ac021101"},
		"batchKey":  {hex.EncodeToString(s.batchKey(17, 300)), "0140092911" + "2a012c"},
		"markKey":   {hex.EncodeToString(s.markKey(17)), "01400a2911"},
		"metric":    {hex.EncodeToString(m.append(nil)), "01110103e807014201640105" + hex.EncodeToString([]byte("value")) + "02"},
		"policy":    {hex.EncodeToString(policy.append(nil)), "01012a80c0e285e3680180b09dc2df0100"},
		"policyKey": {hex.EncodeToString(s.policyKey("p")), "01400744700001"},
		"retained":  {hex.EncodeToString(kept.append(nil)), "0180c0e285e3680909011280b09dc2df01000e01"},
		"keptKey":   {hex.EncodeToString(s.retainedKey(17)), "0140082911"},
		"rows":      {hex.EncodeToString(rows), "010d010204017800000004c9c855360d010204017800000002212ff4100d0102040178000000063eb86ed70d01020401780000000aee772d9a0d01020401780000000ef1e0b75d0f01010201780000000000184881465d0d01020401780000000aee772d9a0d01020401780000000ef1e0b75d0f010102017800000000000c38d1828a0f0101020178000000000004f7895b000f01010201780000000000082746184d0d01020401780000001876c0486b0d010304017800000000f122f3b8"},
		"plainRows": {hex.EncodeToString(plain), "02031401020402809c9c39808ece1c000101064c024f581301020402809c9c39808ece1c000000185c23f71d01020402809c9c39808ece1c00ffbf8db701809bee02010100d82171d61701020402809c9c39808ece1c00ff040a0101007764f9841701020402809c9c39808ece1c00ff02080101001e26f9ab1901010202809c9c39808ece1c000000ff0d200101009da1077a1701020402809c9c39808ece1c00ff0308010100b249e8931701020402809c9c39808ece1c00ff050e010100283acac72301010102809c9c39808ece1c005555555555551540c3f7fed55555555555502929c8c52301010102809c9c39808ece1c00aaaaaaaaaaaa1240c3efff2aaaaaaaaaaaa0135e67471901010202809c9c39808ece1c000000ff050c01010092ec23e51701020402809c9c39808ece1c00ff0d20010100a65489e71301030402809c9c39808ece1c0000005e0924a31401030402809c9c39808ece1c0001010252685bf81b01020402809c9c39808ece1c00ffc0843d80897a0101009d8703df1701020402809c9c39808ece1c00ff070e01010070e5e8b71901010202809c9c39808ece1c000000ff0b16010100b17764101701020402809c9c39808ece1c00ff0408010100f6479e3b1701020402809c9c39808ece1c00ff070e01010070e5e8b71901010202809c9c39808ece1c000100ff376e01010084f2538b1901010202809c9c39808ece1c000100ff2d5a010100dbd357f41901010202809c9c39808ece1c000000ff0408010100cdb210a61701020402809c9c39808ece1c00ff0b160101008a82ea8d1301030402809c9c39808ece1c0000005e0924a3"},
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
	var back mark
	if err := back.decode(at.append(nil)); err != nil || back != at {
		t.Errorf("%+v, %v", back, err)
	}
	for i := range batch {
		if _, err := columnsOf(batch[:i], 17); err == nil && i > 1 && i != 27 { // where the first field ends
			t.Errorf("%d bytes of a batch are read", i)
		}
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
	f.Add((&mark{done: 5, now: 300, series: 17, field: 1}).append(nil))
	of := slab{points: block.Points{Kind: block.Float}}
	of.add(17, 60, FloatValue(1))
	of.add(18, 60, FloatValue(2))
	if b, err := of.append([]byte{batchVersion}); err == nil {
		f.Add(b)
	}
	row := rollup{start: 60}
	row.points(&block.Points{Kind: block.Int, Times: []int64{61, 63}, Ints: []int64{5, 7}})
	rows, err := appendRows(nil, []rollup{row})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rows)
	row = rollup{start: 60}
	row.points(&block.Points{Kind: block.Int, Times: []int64{61, 63 * millisecond}, Ints: []int64{5, 7}})
	if rows, err = appendRows(nil, []rollup{row}); err != nil {
		f.Fatal(err)
	}
	f.Add(rows)
	f.Add((&RetentionPolicy{Pattern: "*", Keep: time.Hour, Tiers: []Tier{{time.Minute, 0}}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l layer
		if err := new(Metric).decode(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if err := l.read(b, -1<<63, 1<<63-1); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if _, err := columnsOf(b, 17); err != nil && !errors.Is(err, dberr.ErrCorrupt) && !errors.Is(err, dberr.ErrInvalid) {
			t.Error(err)
		}
		if err := new(mark).decode(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if _, err := decodeTags(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if err := (&RetentionPolicy{Name: "p"}).decode(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		if err := new(retained).decode(b); err != nil && !errors.Is(err, dberr.ErrCorrupt) {
			t.Error(err)
		}
		for kind := block.Float; kind <= block.Text; kind++ {
			if _, err := readRows(nil, b, kind); err != nil && !errors.Is(err, dberr.ErrCorrupt) && !errors.Is(err, dberr.ErrInvalid) {
				t.Error(err)
			}
		}
		_, _, _ = cutOpen(b)
	})
}
