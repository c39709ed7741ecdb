// Package dberr holds the failure classes of the database and the one error
// type that carries what a user may see.
//
// A caller decides what to do from the class (errors.Is with a sentinel) and
// tells the user from the fields of Error (errors.As). The HTTP status, the
// exit code and the SDK exception all follow from these two; nothing else maps
// errors. An error of no class is a bug and becomes a 500.
package dberr

import (
	"errors"
	"fmt"
)

// The classes. Each says what the caller may do next.
var (
	ErrNotFound     = errors.New("not found")                 // the thing named is not there
	ErrExists       = errors.New("already exists")            // the thing named is there already
	ErrInvalid      = errors.New("invalid request")           // fix the request
	ErrUnsupported  = errors.New("not supported")             // a feature this version refuses
	ErrConstraint   = errors.New("constraint violation")      // the data does not allow it
	ErrConflict     = errors.New("write conflict")            // run the transaction again
	ErrUndetermined = errors.New("outcome undetermined")      // it may or may not have committed: look before retrying
	ErrUnavailable  = errors.New("unavailable, retry later")  // try again, or elsewhere
	ErrTooLarge     = errors.New("too large")                 // make the request smaller
	ErrCanceled     = errors.New("canceled")                  // the caller gave up
	ErrTimeout      = errors.New("timeout")                   // the deadline passed
	ErrFull         = errors.New("no space left on device")   // free space, then retry
	ErrReadOnly     = errors.New("read-only")                 // the store or the transaction takes no writes
	ErrCorrupt      = errors.New("data corruption")           // stop writing, restore
	ErrLocked       = errors.New("locked by another process") // stop the other process
)

// Error is a failure with everything a user may be told. Class is required and
// is one of the sentinels above; errors.Is(err, class) holds. Other fields are
// optional. Err is the private cause: it is logged, and never sent to a client
// when the status is 5xx.
type Error struct {
	Class    error
	Code     string // stable upper-case code, such as UNIQUE_VIOLATION; empty means the class's own code
	SQLState string // five characters, for SQL errors
	Message  string // one sentence, lower-case start, naming the field, the value and the limit
	Detail   string
	Hint     string // what to do
	Field    string // request field or column at fault, where one is
	Position int    // 1-based byte offset into the SQL text; 0 means unknown
	Text     string // the SQL text, where it is not the statement that was sent but, say, a filter
	Err      error
}

// Error gives the message and, where there is one, the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Is makes errors.Is(err, class) true for the class of e.
func (e *Error) Is(target error) bool { return target == e.Class }

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an Error of a class with a code and a formatted message.
func New(class error, code, format string, args ...any) *Error {
	return &Error{Class: class, Code: code, Message: fmt.Sprintf(format, args...)}
}

// SQL returns an Error with a SQLSTATE; its class and code follow from the
// SQLSTATE (see sqlstate.go).
func SQL(sqlstate, format string, args ...any) *Error {
	code, class := classOfSQLState(sqlstate)
	return &Error{Class: class, Code: code, SQLState: sqlstate, Message: fmt.Sprintf(format, args...)}
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithDetail sets the detail and returns e.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// At sets the position (1-based byte offset into the SQL text) if none is set
// yet, and returns e.
func (e *Error) At(pos int) *Error {
	if e.Position == 0 {
		e.Position = pos
	}
	return e
}

// WithField names the request field or column at fault and returns e.
func (e *Error) WithField(name string) *Error {
	e.Field = name
	return e
}

// Wrap sets the private cause and returns e.
func (e *Error) Wrap(err error) *Error {
	e.Err = err
	return e
}

// As returns the Error inside err, or nil.
func As(err error) *Error {
	if err == nil { // the common case, which e would be on the heap for
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// ClassOf returns the class of err, or nil where it has none.
func ClassOf(err error) error {
	if e := As(err); e != nil {
		return e.Class
	}
	for _, c := range classes {
		if errors.Is(err, c) {
			return c
		}
	}
	return nil
}

// Retryable says whether running the same transaction again may succeed with
// nothing else changed.
func Retryable(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrUnavailable)
}

// RunAgain says whether whoever runs transactions in a loop should run this one
// again by itself: it met a conflict, and not one that it asked to be told of
// instead of waiting.
func RunAgain(err error) bool {
	if !errors.Is(err, ErrConflict) {
		return false
	}
	e := As(err)
	return e == nil || e.SQLState != StateLockNotAvailable
}

var classes = []error{
	ErrNotFound, ErrExists, ErrInvalid, ErrUnsupported, ErrConstraint, ErrConflict,
	ErrUndetermined, ErrUnavailable, ErrTooLarge, ErrCanceled, ErrTimeout, ErrFull,
	ErrReadOnly, ErrCorrupt, ErrLocked,
}

// CorruptError says where stored bytes stopped making sense.
type CorruptError struct {
	File   string
	Offset int64 // bytes from the start of File
	Reason string
}

// Error names file, offset and reason.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: damaged at offset %d: %s", e.File, e.Offset, e.Reason)
}

// Is makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }
