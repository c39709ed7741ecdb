package bulk

import "github.com/weftdb/weft/internal/dberr"

// Describe writes an error with its detail in one line.
func Describe(err error) string {
	e := dberr.As(err)
	switch {
	case e == nil:
		return err.Error()
	case e.Detail != "":
		return e.Message + ": " + e.Detail
	}
	return e.Message
}
