package jsonin

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// RangeError says that a field is no whole number within its bounds.
func RangeError(field, got string, low, high int64) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_FIELD", "field %q must be a whole number from %d to %d, not %s", field, low, high, got).WithField(field)
}

// UnknownField refuses a field and names those there are.
func UnknownField(name string, known []string) error {
	return dberr.New(dberr.ErrInvalid, "UNKNOWN_FIELD", "unknown field %q", name).WithField(name).
		WithHint("known fields: %s", strings.Join(known, ", "))
}
