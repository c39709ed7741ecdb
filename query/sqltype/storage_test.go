package sqltype

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
)

// samples are values of every type, in ascending order where the comment on a
// group of equal values does not say otherwise.
var samples = []struct {
	typ  string
	text []string
}{
	{"bool", []string{"f", "t"}},
	{"int2", []string{"-32768", "-1", "0", "1", "255", "256", "32767"}},
	{"int4", []string{"-2147483648", "-257", "-256", "-1", "0", "1", "2147483647"}},
	{"int8", []string{"-9223372036854775808", "-1", "0", "65536", "9223372036854775807"}},
	{"oid", []string{"0", "4294967295"}},
	{"float4", []string{"-Infinity", "-1.5", "0", "0.1", "3e38", "Infinity", "NaN"}},
	{"float8", []string{"-Infinity", "-1e300", "-0.1", "0", "5e-324", "0.1", "1", "1e300", "Infinity", "NaN"}},
	{"numeric", []string{"-Infinity", "-1e30", "-100.5", "-0.001", "0", "0.0000000000000000000000000001", "0.10", "0.5", "1.0", "9.99", "10", "123456789012345678901234567890.5", "1e200", "Infinity", "NaN"}},
	{"numeric(10,2)", []string{"-99999999.99", "-0.01", "0.00", "0.10", "12345.67"}},
	{"text", []string{"", " ", "a", "a ", "ab", "b", "é", "日本"}},
	{"varchar(10)", []string{"", "x", "xy"}},
	{"char(5)", []string{"", "a", "a b", "b"}},
	{"bytea", []string{"", "\\x00", "\\x0000", "\\x0001", "\\x00ff", "\\x01", "\\xff", "\\xff00"}},
	{"date", []string{"-infinity", "4713-01-01 BC", "1969-12-31", "2000-01-01", "2024-02-29", "5874897-12-31", "infinity"}},
	{"time", []string{"00:00", "00:00:00.000001", "23:59:59.999999", "24:00"}},
	{"timetz", []string{"00:00+15:59", "12:00:00+01", "11:00:00+00", "10:00:00-01", "12:00:00+00", "24:00-15"}},
	{"timestamp", []string{"-infinity", "4713-01-01 00:00:00 BC", "1999-12-31 23:59:59.999999", "2000-01-01 00:00:00", "294276-12-31 23:59:59", "infinity"}},
	{"timestamptz", []string{"-infinity", "1999-12-31 23:59:59.999999+00", "2000-01-01 00:00:00+00", "infinity"}},
	{"interval", []string{"-178956970 years", "-1 mon", "-29 days", "00:00:00", "00:00:00.000001", "23:59:59", "1 day", "29 days 24:00:01", "31 days", "1 year", "178956970 years"}},
	{"uuid", []string{"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
	{"json", []string{`{"a": 1}`}},
	{"jsonb", []string{"[]", "null", `""`, `"a"`, `"b"`, "-1", "0", "1.5", "100", "false", "true", "[1]", "[2]", "[true]", "[1, 1]", "{}", `{"a": 1}`, `{"a": 2}`, `{"b": 0}`, `{"a": 1, "b": []}`}},
	{"int4[]", []string{"{}", "{1}", "{1,1}", "[2:3]={1,1}", "{1,2}", "{{1},{2}}", "{1,NULL}", "{2}", "{NULL}"}},
	{"text[]", []string{"{}", `{""}`, "{a}", "{a,b}", "{b}"}},
	{"numeric[]", []string{"{-1.5}", "{0}", "{1.50,2}"}},
	{"name", []string{"a", "pg_class"}},
	{"int4range", []string{"empty", "(,-5)", "(,3)", "(,)", "[-2147483648,0)", "[1,2)", "[1,3)", "[1,)", "[2,3)", "[2147483646,2147483647)"}},
	{"numrange", []string{"empty", "(,1]", "(,)", "[1,1]", "[1,1.50)", "[1,1.5]", "[1,)", "(1,2)", "(1,2]", "[1.000000000000000000001,2)"}},
	{"daterange", []string{"empty", "[-infinity,2024-01-01)", "[2024-01-01,2024-01-02)", "[2024-01-01,infinity)", "[2024-01-01,infinity]", "[2024-01-01,)"}},
	{"tstzrange", []string{"empty", "(,\"2024-01-01 00:00:00+00\")", "[\"2024-01-01 00:00:00+00\",\"2024-01-01 00:00:00.000001+00\")", "(\"2024-01-01 00:00:00+00\",)"}},
	{"int8multirange", []string{"{}", "{(,1)}", "{(,1),[5,9)}", "{(,1),[5,)}", "{(,)}", "{[0,1)}", "{[0,1),[2,3)}", "{[0,2)}"}},
	{"nummultirange", []string{"{}", "{[1,1]}", "{[1,1],(2.50,3]}", "{(1,2)}"}},
}

func sampleDatums(t testing.TB, f func(typ Type, vals []Datum)) {
	for _, s := range samples {
		typ := typeOf(t, s.typ)
		var vals []Datum
		for _, x := range s.text {
			d, err := Parse(typ, x)
			if err != nil {
				t.Fatalf("%s %q: %v", s.typ, x, err)
			}
			vals = append(vals, d)
		}
		f(typ, vals)
	}
}

// TestOrderAndKeys holds that Compare, Hash and keys of both directions agree with
// the order in which the samples are written.
func TestOrderAndKeys(t *testing.T) {
	sampleDatums(t, func(typ Type, vals []Datum) {
		for _, desc := range []bool{false, true} {
			for i, a := range vals {
				ka := AppendKey(nil, typ, a, desc, false)
				for j, b := range vals {
					want := cmpInt(int64(i), int64(j))
					if got := Compare(typ, a, b); got != want {
						t.Errorf("%s: Compare(%s, %s) = %d, want %d", typ, FormatText(typ, a), FormatText(typ, b), got, want)
					}
					if (want == 0) != Equal(typ, a, b) || want == 0 && Hash(typ, a) != Hash(typ, b) {
						t.Errorf("%s: Equal or Hash of %s and %s", typ, FormatText(typ, a), FormatText(typ, b))
					}
					if desc {
						want = -want
					}
					kb := AppendKey(nil, typ, b, desc, false)
					if got := bytes.Compare(ka, kb); got != want {
						t.Errorf("%s desc=%v: keys of %s and %s give %d, want %d", typ, desc, FormatText(typ, a), FormatText(typ, b), got, want)
					}
				}
				checkKey(t, typ, a, ka)
			}
		}
	})
}

func checkKey(t *testing.T, typ Type, d Datum, key []byte) {
	t.Helper()
	got, rest, err := DecodeKey(typ, append(append([]byte(nil), key...), 7))
	if err != nil || !bytes.Equal(rest, []byte{7}) {
		t.Fatalf("%s %s: DecodeKey: rest %x, %v", typ, FormatText(typ, d), rest, err)
	}
	if !Equal(typ, got, d) {
		t.Errorf("%s: key of %s restores %s", typ, FormatText(typ, d), FormatText(typ, got))
	}
	if KeyRestores(typ) && FormatText(typ, got) != FormatText(typ, d) {
		t.Errorf("%s: key must restore %q, gives %q", typ, FormatText(typ, d), FormatText(typ, got))
	}
	for i := range key {
		if _, _, err := DecodeKey(typ, key[:i]); err == nil {
			t.Errorf("%s %s: DecodeKey accepts %d of %d bytes", typ, FormatText(typ, d), i, len(key))
		} else if !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("cut key: %v is not ErrCorrupt", err)
		}
	}
}

// TestEqualValuesShareKeys takes values that differ in form only.
func TestEqualValuesShareKeys(t *testing.T) {
	for _, c := range []struct{ typ, a, b string }{
		{"numeric", "1.0", "1.000"}, {"numeric", "0", "0.00"}, {"numeric", "1e3", "1000.0"}, {"numeric", "12345678901234567890.0", "12345678901234567890"},
		{"float8", "-0", "0"}, {"interval", "1 mon", "30 days"}, {"interval", "1 day", "24:00:00"},
		{"jsonb", "1.0", "1"}, {"jsonb", `{"a":1.10}`, `{"a":1.1}`}, {"bpchar", "a", "a  "}, {"numeric[]", "{1.0}", "{1}"},
		{"numrange", "[1.0,2)", "[1,2.00)"}, {"nummultirange", "{[1.0,2)}", "{[1,2.00)}"}, {"int4range", "(0,2]", "[1,3)"}, {"numrange", "(1,1)", "empty"},
	} {
		typ := typeOf(t, c.typ)
		a, _ := Parse(typ, c.a)
		b, _ := Parse(typ, c.b)
		if !Equal(typ, a, b) || Hash(typ, a) != Hash(typ, b) {
			t.Errorf("%s: %s and %s are not equal, or hash apart", c.typ, c.a, c.b)
		}
		if x, y := AppendKey(nil, typ, a, false, false), AppendKey(nil, typ, b, false, false); !bytes.Equal(x, y) {
			t.Errorf("%s: keys of %s and %s: %x, %x", c.typ, c.a, c.b, x, y)
		}
	}
}

// TestTextRoundTrip reads back what is written, through text, rows and values.
func TestTextRoundTrip(t *testing.T) {
	sampleDatums(t, func(typ Type, vals []Datum) {
		for _, d := range vals {
			s := FormatText(typ, d)
			back, err := Parse(typ, s)
			if err != nil || FormatText(typ, back) != s || Compare(typ, d, back) != 0 {
				t.Errorf("%s: %q reads back as %q, %v", typ, s, FormatText(typ, back), err)
			}
			v := AppendValue(nil, typ, d)
			stored, err := DecodeValue(typ, v)
			if err != nil || !sameDatum(typ, stored, d) {
				t.Errorf("%s: %q is stored as %q (%x), %v", typ, s, FormatText(typ, stored), v, err)
			}
		}
	})
}

// sameDatum compares exactly, display scales and NaN included.
func sameDatum(t Type, a, b Datum) bool {
	if a.Null || b.Null {
		return a.Null == b.Null
	}
	if t.Phys() == PhysFloat {
		return math.Float64bits(a.Float) == math.Float64bits(b.Float)
	}
	return FormatText(t, a) == FormatText(t, b) && Compare(t, a, b) == 0
}

func rowFixture(t testing.TB) (cols []RowColumn, vals []Datum) {
	id := uint32(1)
	sampleDatums(t, func(typ Type, v []Datum) {
		cols = append(cols, RowColumn{ID: id, Type: typ}, RowColumn{ID: id + 1, Type: typ})
		vals = append(vals, v[len(v)-1], NullDatum)
		id += 3 // leaves the ids of dropped columns
	})
	return cols, vals
}

func destFor(cols []RowColumn, rows int) []Dest {
	dst := make([]Dest, len(cols))
	for i, c := range cols {
		dst[i].Nulls = make([]uint64, (rows+63)/64)
		switch c.Type.Phys() {
		case PhysInt:
			dst[i].I = make([]int64, rows)
		case PhysFloat:
			dst[i].F = make([]float64, rows)
		case PhysString:
			dst[i].S = make([]string, rows)
		case PhysNumeric:
			dst[i].N = make([]Num, rows)
		case PhysInterval:
			dst[i].V = make([]IntervalValue, rows)
		default:
			dst[i].A = make([]any, rows)
		}
	}
	return dst
}

func (d *Dest) datum(at int, p Phys) Datum {
	if d.Nulls[at>>6]&(1<<(uint(at)&63)) != 0 {
		return NullDatum
	}
	switch p {
	case PhysInt:
		return Datum{Int: d.I[at]}
	case PhysFloat:
		return Datum{Float: d.F[at]}
	case PhysString:
		return Datum{Str: d.S[at]}
	case PhysNumeric:
		return Datum{Num: d.N[at]}
	case PhysInterval:
		return Datum{Ivl: d.V[at]}
	}
	return Datum{Any: d.A[at]}
}

// TestRow writes rows of every type and width of offsets and reads all columns,
// vectorized and one by one, and columns that were added later.
func TestRow(t *testing.T) {
	cols, vals := rowFixture(t)
	last := cols[len(cols)-1].ID
	def := Datum{Int: 42}
	read := append(append([]RowColumn(nil), cols...),
		RowColumn{ID: last + 5, Type: TInt4, Default: &def}, RowColumn{ID: last + 6, Type: TText})
	want := append(append([]Datum(nil), vals...), def, NullDatum)
	for _, size := range []int{0, 300, 70000} {
		for i := range cols {
			if cols[i].Type.ID == Text && !vals[i].Null {
				vals[i].Str = string(bytes.Repeat([]byte{'x'}, size))
				want[i] = vals[i]
			}
		}
		row := AppendRow([]byte("prefix"), last+2, cols, vals)[6:]
		dec := NewRowDecoder(read)
		dst := destFor(read, 70)
		if err := dec.Decode(69, row, dst); err != nil {
			t.Fatal(err)
		}
		one := make([]Datum, len(read))
		if err := dec.Datums(row, one); err != nil {
			t.Fatal(err)
		}
		for i, c := range read {
			if got := dst[i].datum(69, c.Type.Phys()); !sameDatum(c.Type, got, want[i]) || !sameDatum(c.Type, one[i], want[i]) {
				t.Errorf("size %d column %d %s: got %v and %v, want %v", size, c.ID, c.Type, got, one[i], want[i])
			}
			if dst[i].HasNull != want[i].Null {
				t.Errorf("column %d: HasNull = %v", c.ID, dst[i].HasNull)
			}
		}
		if size < 1000 {
			cutAndFlip(t, row, read)
		}
	}
}

// cutAndFlip damages a row everywhere: the decoder must refuse it or give some
// value, and never panic.
func cutAndFlip(t *testing.T, row []byte, cols []RowColumn) {
	for i := range row {
		dst := destFor(cols, 1)
		if err := NewRowDecoder(cols).Decode(0, row[:i], dst); err == nil {
			t.Errorf("row of %d bytes is accepted with %d", len(row), i)
		}
		for _, bit := range []byte{1, 0x80, 0xff} {
			bad := append([]byte(nil), row...)
			bad[i] ^= bit
			one := make([]Datum, len(cols))
			_ = NewRowDecoder(cols).Decode(0, bad, destFor(cols, 1))
			_ = NewRowDecoder(cols).Datums(bad, one)
		}
	}
}

// TestRowGolden pins the bytes. It may only gain lines.
func TestRowGolden(t *testing.T) {
	cols := []RowColumn{{ID: 1, Type: TInt4}, {ID: 2, Type: TText}, {ID: 4, Type: TNumeric}, {ID: 5, Type: TFloat8}, {ID: 6, Type: TInterval}, {ID: 7, Type: ArrayOf(TInt4)}}
	arr, _ := Parse(ArrayOf(TInt4), "{1,NULL}")
	row := AppendRow(nil, 8, cols, []Datum{{Int: 300}, {Str: "hi"}, {Num: NumScaled(-150, 2)}, NullDatum, {Ivl: IntervalValue{1, -2, 3}}, arr})
	const want = "1108" + // format 1 with 1-byte ends, count 8
		"d6" + // ids 1, 2, 4, 6, 7
		"02" + "04" + "07" + "0a" + "13" + // ends
		"2c01" + "6869" + "026aff" + "020306" + "030000" + "01" + "0202" + "020100"
	if got := hex.EncodeToString(row); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	wide := AppendRow(nil, 3, cols[:2], []Datum{{}, {Str: string(make([]byte, 256))}})
	if got := hex.EncodeToString(wide[:7]); got != "12030600000001" {
		t.Errorf("wide row starts %s", got)
	}
}

// TestDecoderReusesHeader changes the set of NULLs from row to row.
func TestDecoderReusesHeader(t *testing.T) {
	cols := []RowColumn{{ID: 1, Type: TInt8}, {ID: 2, Type: TText}, {ID: 3, Type: TInt8}}
	dec := NewRowDecoder(cols)
	dst := destFor(cols, 64)
	var want [64][]Datum
	for i := range want {
		vals := []Datum{{Int: int64(i)}, {Str: string(rune('a' + i))}, {Int: -int64(i)}}
		for k := range vals {
			if i>>k&1 == 1 {
				vals[k] = NullDatum
			}
		}
		want[i] = vals
		count := uint32(4)
		if i%5 == 0 && vals[2].Null {
			count = 3 // older than the third column
		}
		if err := dec.Decode(i, AppendRow(nil, count, cols, vals), dst); err != nil {
			t.Fatal(err)
		}
	}
	for i := range want {
		for k, c := range cols {
			if got := dst[k].datum(i, c.Type.Phys()); !reflect.DeepEqual(got, want[i][k]) {
				t.Errorf("row %d column %d: got %v, want %v", i, k, got, want[i][k])
			}
		}
	}
}

func FuzzRow(f *testing.F) {
	cols, vals := rowFixture(f)
	f.Add(AppendRow(nil, 100, cols, vals))
	f.Add(AppendRow(nil, 2, cols[:1], vals[:1]))
	f.Fuzz(func(t *testing.T, b []byte) {
		dec := NewRowDecoder(cols)
		dst := destFor(cols, 1)
		err := dec.Decode(0, b, dst)
		one := make([]Datum, len(cols))
		if err2 := NewRowDecoder(cols).Datums(b, one); (err == nil) != (err2 == nil) {
			t.Fatalf("vectorized: %v; one by one: %v", err, err2)
		}
		if err != nil {
			if !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("%v is not ErrCorrupt", err)
			}
			return
		}
		for i, c := range cols {
			if got := dst[i].datum(0, c.Type.Phys()); FormatText(c.Type, got) != FormatText(c.Type, one[i]) {
				t.Fatalf("column %d: %v and %v", c.ID, got, one[i])
			}
		}
	})
}

func FuzzKey(f *testing.F) {
	sampleDatums(f, func(typ Type, vals []Datum) {
		for _, d := range vals {
			f.Add(uint8(typ.ID), AppendKey(nil, typ, d, false, false))
			f.Add(uint8(typ.ID), AppendKey(nil, typ, d, true, true))
		}
	})
	f.Fuzz(func(t *testing.T, id uint8, b []byte) {
		typ := Type{ID: ID(id) % 26}
		if typ.ID == Array {
			typ.Elem = Int4
		}
		d, rest, err := DecodeKey(typ, b)
		if err != nil || d.Null {
			return
		}
		used := b[:len(b)-len(rest)]
		if typ.Phys() == PhysInt || typ.ID == Numeric || typ.ID == Text {
			if again := AppendKey(nil, typ, d, enc.Descending(b), false); !bytes.Equal(again, used) {
				t.Fatalf("%s: %x decodes to what encodes as %x", typ, used, again)
			}
		}
	})
}
