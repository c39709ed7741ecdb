package continuous

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/continuous/window"
)

// path is the array of SQL that a path such as customer.id stands for.
func path(field string) (string, error) {
	parts := strings.Split(field, ".")
	for i, p := range parts {
		if p == "" {
			return "", invalid("INVALID_FIELD", "field", "the path %q has an empty part", field)
		}
		parts[i] = literal(p)
	}
	return "ARRAY[" + strings.Join(parts, ", ") + "]", nil
}

// FieldText is the expression of a field of the data as a text: NULL where it is not there.
func FieldText(field string) (string, error) {
	p, err := path(field)
	return fmt.Sprintf("data #>> %s", p), err
}

// FieldOf is the expression of a field of the data as a function takes it: numbers for
// sums, averages, the least and the greatest, and any value for the others. What is not
// there, or is no number, counts as NULL.
func FieldOf(f window.Function, field string) (string, error) {
	p, err := path(field)
	switch f {
	case window.Count, window.First, window.Last:
		return fmt.Sprintf("nullif(data #> %s, 'null'::jsonb)", p), err
	}
	return fmt.Sprintf("CASE WHEN jsonb_typeof(data #> %s) = 'number' THEN (data #>> %[1]s)::numeric END", p), err
}

// FieldTime is the expression of a field of the data as a time: a text such as
// 2026-01-31T12:00:00Z, or a number since 1970 whose magnitude tells whether it is of
// seconds, milliseconds, microseconds or nanoseconds.
func FieldTime(field string) (string, error) {
	p, err := path(field)
	n := fmt.Sprintf("(data #>> %s)::numeric", p)
	return fmt.Sprintf("CASE jsonb_typeof(data #> %s) WHEN 'string' THEN (data #>> %[1]s)::timestamptz WHEN 'number' THEN "+
		"to_timestamp((%s / CASE WHEN abs(%[2]s) < 1e11 THEN 1 WHEN abs(%[2]s) < 1e14 THEN 1e3 WHEN abs(%[2]s) < 1e17 THEN 1e6 ELSE 1e9 END)::double precision) END", p, n), err
}
