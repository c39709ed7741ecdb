package main

import (
	"errors"

	"github.com/weftdb/weft/internal/dberr"
)

// silent says of an error that the command itself has told all there is to tell.
func silent(err error) bool { return errors.Is(err, errRejected) }

// explain gives an error with its hint.
func explain(err error) string {
	s := err.Error()
	e := dberr.As(err)
	if e == nil {
		return s
	}
	if e.Detail != "" {
		s += "\n  " + e.Detail
	}
	if e.Hint != "" {
		s += "\n  hint: " + e.Hint
	}
	return s
}
