package main

import (
	"errors"

	"github.com/weftdb/weft/internal/dberr"
)

// silent says of an error that the command itself has told all there is to tell.
func silent(err error) bool { return errors.Is(err, errRejected) || errors.Is(err, errFindings) }

// damageHint says what to do where stored bytes are damaged. Nothing has been
// changed: a store that does not read back whole is not opened.
const damageHint = "nothing was changed; copy the data directory before anything else, check the disk, and put it back from a backup"

// explain gives an error with its hint.
func explain(err error) string {
	s := err.Error()
	e := dberr.As(err)
	var damage *dberr.CorruptError
	if errors.As(err, &damage) && (e == nil || e.Hint == "") {
		return s + "\n  hint: " + damageHint
	}
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
