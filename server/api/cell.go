package api

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// appendCell appends the value of a row as JSON. The common types are written
// here without going through a Datum.
func appendCell(dst []byte, v *vec.Vector, row int, o sqltype.JSONOptions) []byte {
	i := v.At(row)
	if v.Nulls.Get(i) {
		return append(dst, "null"...)
	}
	switch v.Type.ID {
	case sqltype.Int2, sqltype.Int4:
		return strconv.AppendInt(dst, v.I[i], 10)
	case sqltype.Int8:
		if !o.Int64AsString {
			return strconv.AppendInt(dst, v.I[i], 10)
		}
	case sqltype.Text, sqltype.Varchar:
		return sqltype.AppendJSONString(dst, v.S[i])
	case sqltype.JSON:
		return appendOneLine(dst, v.S[i])
	}
	return sqltype.AppendJSON(dst, v.Type, v.Get(row), o)
}

// appendOneLine appends JSON text without its line breaks, which can only be
// white space between tokens, so that a row of NDJSON stays one line.
func appendOneLine(dst []byte, text string) []byte {
	from := len(dst)
	dst = append(dst, text...)
	if strings.ContainsAny(text, "\n\r") {
		for i, c := range dst[from:] {
			if c == '\n' || c == '\r' {
				dst[from+i] = ' '
			}
		}
	}
	return dst
}

// appendCSVCell appends the value of a row as a CSV field: NULL is empty and the
// empty string is quoted.
func appendCSVCell(dst []byte, v *vec.Vector, row int) []byte {
	if v.IsNull(row) {
		return dst
	}
	switch v.Type.ID {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		return strconv.AppendInt(dst, v.I[v.At(row)], 10)
	case sqltype.Text, sqltype.Varchar:
		return appendCSVText(dst, v.S[v.At(row)])
	}
	from := len(dst)
	dst = sqltype.AppendText(dst, v.Type, v.Get(row))
	if text := dst[from:]; len(text) == 0 || needsQuotes(string(text)) {
		return appendCSVText(dst[:from], string(text))
	}
	return dst
}

// needsQuotes says, as PostgreSQL's COPY does, which text would not be read back
// without quotes.
func needsQuotes(s string) bool {
	return s == "" || strings.ContainsAny(s, ",\"\n\r") || s == `\.`
}

func appendCSVText(dst []byte, s string) []byte {
	if !needsQuotes(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			break
		}
		dst = append(append(dst, s[:at+1]...), '"')
		s = s[at+1:]
	}
	return append(append(dst, s...), '"')
}

// appendColumns appends the members "columns" and "types".
func appendColumns(dst []byte, names, types []string) []byte {
	dst = append(dst, `"columns":`...)
	dst = appendStrings(dst, names)
	dst = append(dst, `,"types":`...)
	return appendStrings(dst, types)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(dst, v)
	}
	return append(dst, ']')
}

// appendMS appends a duration in milliseconds with three digits.
func appendMS(dst []byte, us int64) []byte {
	return strconv.AppendFloat(dst, float64(us)/1000, 'f', 3, 64)
}
