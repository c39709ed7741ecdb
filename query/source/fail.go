package source

import (
	"errors"

	"github.com/weftdb/weft/internal/dberr"
)

// Fail gives the error of a model the SQLSTATE that SQL's clients look at. Its code,
// text and class stay as they are.
func Fail(err error) error {
	e := dberr.As(err)
	if e == nil || e.SQLState != "" {
		return err
	}
	state := ""
	switch {
	case errors.Is(err, dberr.ErrExists):
		state = dberr.StateUniqueViolation
	case errors.Is(err, dberr.ErrConstraint):
		state = dberr.StateCheckViolation
	case errors.Is(err, dberr.ErrTooLarge):
		state = dberr.StateProgramLimit
	case errors.Is(err, dberr.ErrNotFound):
		state = dberr.StateUndefinedObject
	case errors.Is(err, dberr.ErrUnsupported):
		state = dberr.StateFeatureNotSupported
	case errors.Is(err, dberr.ErrInvalid):
		state = dberr.StateInvalidParameterValue
	default:
		return err
	}
	out := *e
	out.SQLState = state
	return &out
}
