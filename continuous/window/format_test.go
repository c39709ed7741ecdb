package window

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
)

func goldenConfig() *Config {
	return &Config{Spec: Spec{Kind: Session, Gap: 10 * us}, Lateness: 100 * us, Keys: []sqltype.Type{sqltype.TText, sqltype.TInt4}, Aggregates: []Aggregate{
		{Function: Count}, {Sum, sqltype.TFloat8}, {Sum, sqltype.TInt4}, {Max, sqltype.TText}, {First, sqltype.TInt4}, {Last, sqltype.TInt4}}}
}

// TestGolden: the stored bytes are those of docs/format/continuous.md, for good.
func TestGolden(t *testing.T) {
	m := New(goldenConfig(), None)
	text, null := sqltype.Datum{Str: "x"}, sqltype.NullDatum
	for _, e := range []Event{
		{Time: 5, Keys: []sqltype.Datum{text, null}, Args: []sqltype.Datum{null, {Float: 0.5}, {Int: 300}, text, {Int: 1}, null}},
		{Time: 50, Keys: []sqltype.Datum{text, {Int: 1}}, Args: []sqltype.Datum{null, null, null, null, null, null}},
	} {
		if _, err := m.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Drain(9); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := m.Changes(func(k, rec []byte) error {
		got = append(got, hex.EncodeToString(k)+" "+hex.EncodeToString(rec))
		return nil
	}, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"44780001" + "2901" + "8000000000000032" + " " + "01" + "00" + "64" + "0a" + "00" + "0278" + "0201" + "01" + "00" + "00" + "00" + "00" + "00",
		"44780001" + "fa" + "8000000000000005" + " " + "01" + "01" + "0a" + "0a" + "010a" + "0278" + "00" + "01" + "013fe0000000000000" + "0104002c01" + "010278" + "010a0201" + "00",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the records are\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDamage: a record that is cut, or whose bits are flipped, is refused, or written the
// same again.
func TestDamage(t *testing.T) {
	const text = "01010a0a010a02780001013fe00000000000000104002c01010278010a020100"
	rec, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for n := range rec {
		if New(goldenConfig(), None).Load(rec[:n]) == nil {
			t.Errorf("a record cut at %d bytes is read", n)
		}
	}
	for bit := range 8 * len(rec) {
		bad := slices.Clone(rec)
		bad[bit/8] ^= 1 << (bit % 8)
		if m := New(goldenConfig(), None); m.Load(bad) == nil && m.Windows() != 1 {
			t.Errorf("with bit %d flipped there are %d windows", bit, m.Windows())
		}
	}
}

// FuzzLoad: no record makes it fail badly, and what is read is written in a form that is
// read again.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("\x01\x01\x0a\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := New(goldenConfig(), None)
		if m.Load(b) != nil {
			return
		}
		for _, g := range m.groups {
			if err := New(goldenConfig(), None).Load(m.record(g.items[0])); err != nil {
				t.Fatalf("%x is written as %x: %v", b, m.record(g.items[0]), err)
			}
		}
	})
}
