package api

import (
	"mime"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/arrowout"
)

// format is how a result goes out.
type format uint8

const (
	formatJSON format = iota
	formatNDJSON
	formatCSV
	formatArrow
)

// formatNames are the values of ?format=.
var formatNames = map[string]format{"json": formatJSON, "ndjson": formatNDJSON, "csv": formatCSV, "arrow": formatArrow}

// mediaFormats are the media types of Accept.
var mediaFormats = map[string]format{
	"application/json":     formatJSON,
	"application/x-ndjson": formatNDJSON,
	"application/ndjson":   formatNDJSON,
	"text/csv":             formatCSV,
	arrowout.MediaType:     formatArrow,
	"*/*":                  formatJSON,
	"application/*":        formatJSON,
	"text/*":               formatCSV,
	"text/html":            formatJSON, // a browser's address bar
}

// pickFormat chooses by ?format=, else by Accept: the highest weight wins, then
// the first. Without either it is JSON.
func pickFormat(name, accept string) (format, error) {
	if name != "" {
		f, ok := formatNames[strings.ToLower(name)]
		if !ok {
			return 0, dberr.New(dberr.ErrInvalid, "NOT_ACCEPTABLE", "format %q is not one of json, ndjson, csv, arrow", name).WithField("format")
		}
		return f, nil
	}
	if accept == "" || accept == "*/*" || accept == "application/json" {
		return formatJSON, nil
	}
	best, bestWeight := formatJSON, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		f, known := mediaFormats[media]
		if err != nil || !known {
			continue
		}
		weight := 1.0
		if q, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		if weight > bestWeight {
			best, bestWeight = f, weight
		}
	}
	if bestWeight == 0 {
		return 0, dberr.New(dberr.ErrInvalid, "NOT_ACCEPTABLE", "none of the media types %q can be answered with", accept).
			WithHint("application/json, application/x-ndjson, text/csv or %s", arrowout.MediaType)
	}
	return best, nil
}
