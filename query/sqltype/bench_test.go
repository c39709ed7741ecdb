package sqltype

import "testing"

func BenchmarkNum(b *testing.B) {
	x, y := NumScaled(1234567, 2), NumScaled(89, 1)
	b.Run("op=add", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Add(y); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=mul", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Mul(y); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=div", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Div(y); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=cmp", func(b *testing.B) {
		for b.Loop() {
			x.Cmp(y)
		}
	})
	b.Run("op=parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := ParseNum("12345.67"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=sum", func(b *testing.B) {
		var s NumSum
		for b.Loop() {
			s.Add(x)
		}
	})
}

func BenchmarkText(b *testing.B) {
	for _, c := range []struct{ typ, text string }{
		{"int4", "12345"}, {"float8", "1.25"}, {"timestamp", "2024-02-29 12:34:56.789"}, {"timestamptz", "2024-02-29T12:34:56Z"},
		{"date", "2024-02-29"}, {"interval", "1 day 02:03:04"}, {"jsonb", `{"a":1,"b":[true,null,"x"]}`},
	} {
		typ := typeOf(b, c.typ)
		d, err := Parse(typ, c.text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("parse="+c.typ, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(typ, c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
		buf := make([]byte, 0, 128)
		b.Run("append="+c.typ, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendText(buf[:0], typ, d)
			}
		})
	}
}

// BenchmarkRowDecode reads columns of a row of 16: the time is per row.
func BenchmarkRowDecode(b *testing.B) {
	types := []Type{TInt8, TInt4, TText, TNumeric, TFloat8, TTimestamp, TBool, TText, TInt4, TInt8, TDate, TText, TNumeric, TInt4, TFloat8, TText}
	var cols []RowColumn
	var vals []Datum
	for i, typ := range types {
		cols = append(cols, RowColumn{ID: uint32(i + 1), Type: typ})
		vals = append(vals, Datum{Int: int64(i) * 1000, Float: 1.5, Str: "some text", Num: NumScaled(12345, 2)})
	}
	rows := make([][]byte, 1024)
	for i := range rows {
		vals[0].Int = int64(i)
		rows[i] = AppendRow(nil, 17, cols, vals)
	}
	for _, c := range []struct {
		name string
		want []RowColumn
	}{
		{"columns=2ints", []RowColumn{cols[0], cols[8]}},
		{"columns=text", []RowColumn{cols[2]}},
		{"columns=all", cols},
	} {
		b.Run(c.name, func(b *testing.B) {
			dec := NewRowDecoder(c.want)
			dst := destFor(c.want, len(rows))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := i & 1023
				if err := dec.Decode(at, rows[at], dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("append", func(b *testing.B) {
		buf := make([]byte, 0, 512)
		for b.Loop() {
			buf = AppendRow(buf[:0], 17, cols, vals)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	buf := make([]byte, 0, 64)
	for _, c := range []struct{ typ, text string }{{"int8", "123456"}, {"text", "some text"}, {"numeric", "12345.67"}, {"timestamp", "2024-02-29 12:34:56"}} {
		typ := typeOf(b, c.typ)
		d, err := Parse(typ, c.text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("type="+c.typ, func(b *testing.B) {
			for b.Loop() {
				buf = AppendKey(buf[:0], typ, d, false, false)
			}
		})
	}
}
