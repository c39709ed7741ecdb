// Package bulk brings files into tables: CSV, JSON arrays and NDJSON, plain or
// compressed by gzip or zstd.
//
// It promises that no record is lost silently: each one either becomes a row or is
// handed to the caller with its line number and the reason. It promises to stream:
// memory is bounded by one batch and the largest record, whatever the size of the
// input. Types are guessed from every record of the input (see Infer), and only where
// the value can be given back exactly: a number with a leading zero stays text.
//
// It owns the readers, the guessing and the conversion to typed batches. It
// refuses records over Options.MaxRecordBytes and text that is not valid in the
// stated encoding.
package bulk

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// Format is the syntax of an input.
type Format string

// The formats.
const (
	FormatAuto   Format = "auto"
	FormatCSV    Format = "csv"
	FormatJSON   Format = "json"   // an array of objects or of arrays, or one object
	FormatNDJSON Format = "ndjson" // one JSON value a line
)

// ParseFormat reads a format's name; "" means auto, "jsonl" is NDJSON, "tsv" is
// CSV (the delimiter is guessed).
func ParseFormat(s string) (Format, error) {
	switch f := strings.ToLower(s); f {
	case "", "auto":
		return FormatAuto, nil
	case "csv", "tsv":
		return FormatCSV, nil
	case "json":
		return FormatJSON, nil
	case "ndjson", "jsonl", "jsonlines":
		return FormatNDJSON, nil
	default:
		return "", dberr.New(dberr.ErrInvalid, "INVALID_FORMAT", "format %q is not known", s).
			WithField("format").WithHint("use csv, json, ndjson or auto")
	}
}

// Ragged says what becomes of a CSV record with fewer or more fields than the header.
type Ragged string

const (
	RaggedReject Ragged = "reject" // the record is rejected
	RaggedFill   Ragged = "fill"   // missing fields are NULL; a record with more fields is still rejected
)

// Options says how an input is to be read. The zero value guesses everything.
type Options struct {
	Format Format // default auto
	// Name is the file's name, a hint for guessing; it may be empty.
	Name string
	// Encoding is the character set of the text by its IANA name. Default: UTF-8,
	// or what a byte order mark says.
	Encoding string
	// Delimiter of CSV fields; 0 means guess among , ; tab and |.
	Delimiter byte
	// NoHeader says that the first CSV record is data; the columns are then Columns,
	// or column_1, column_2 …
	NoHeader bool
	// Columns names the fields of CSV records without header and of JSON arrays.
	Columns []string
	// NullText, beside an empty unquoted field, stands for NULL in CSV where unquoted.
	NullText string
	// Ragged, default reject.
	Ragged Ragged
	// Path is the dot-separated path of the array to read in a JSON document; empty
	// means the document itself.
	Path string
	// MaxRecordBytes bounds one record. Default 16 MiB.
	MaxRecordBytes int
	// FirstLine numbers the first line of the input, default 1; for inputs that are
	// parts of a larger one.
	FirstLine int64
}

const (
	defaultMaxRecord = 16 << 20
	maxColumns       = 1600
)

func (o Options) withDefaults() Options {
	if o.Format == "" {
		o.Format = FormatAuto
	}
	if o.Ragged == "" {
		o.Ragged = RaggedReject
	}
	if o.MaxRecordBytes == 0 {
		o.MaxRecordBytes = defaultMaxRecord
	}
	if o.FirstLine == 0 {
		o.FirstLine = 1
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Ragged != RaggedReject && o.Ragged != RaggedFill:
		return dberr.New(dberr.ErrInvalid, "INVALID_OPTION", "ragged is %q: want reject or fill", o.Ragged).WithField("ragged")
	case o.MaxRecordBytes < 1024:
		return dberr.New(dberr.ErrInvalid, "INVALID_OPTION", "max record bytes is %d: want at least 1024", o.MaxRecordBytes).WithField("max_record_bytes")
	case o.Delimiter == '"' || o.Delimiter == '\n' || o.Delimiter == '\r' || o.Delimiter >= 0x80:
		return dberr.New(dberr.ErrInvalid, "INVALID_OPTION", "delimiter %q cannot separate fields", o.Delimiter).
			WithField("delimiter").WithHint("use one ASCII character other than a quote or a line end")
	case len(o.Columns) > maxColumns:
		return dberr.New(dberr.ErrInvalid, "TOO_MANY_COLUMNS", "%d columns are named; a table has at most %d", len(o.Columns), maxColumns).WithField("columns")
	}
	return nil
}

// Kind says how a field was written, which decides what it may become.
type Kind uint8

const (
	Missing    Kind = iota // no such field in this record
	Null                   // JSON null, or CSV's empty unquoted field
	Bare                   // CSV text without quotes
	Quoted                 // CSV text in quotes
	JSONString             // the decoded text of a JSON string
	JSONNumber             // the number as written
	JSONBool               // true or false
	JSONRaw                // an object or array as written
)

// Field is one value of a record. Text is valid until the next record is read.
type Field struct {
	Kind Kind
	Text []byte
}

// Record is one record of an input; its fields line up with the source's columns.
// It is reused by the next Read.
type Record struct {
	Line   int64 // line on which it starts, 1-based
	Fields []Field
	Raw    []byte // the record as it stands in the (decoded) input, without its line end
}

// RecordError says why one record cannot be read; reading can go on after it.
type RecordError struct {
	Line   int64
	Reason string
	Raw    []byte // valid until the next record is read
}

// Error gives line and reason.
func (e *RecordError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Reader reads the records of an input in order.
type Reader interface {
	// Columns names the fields. For JSON objects it grows while new keys appear, and
	// names keep their places.
	Columns() []string
	// Read fills rec with the next record. It returns io.EOF after the last, a
	// *RecordError where only this record is bad, and any other error where the rest
	// cannot be read.
	Read(rec *Record) error
}

func inputError(line int64, format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_INPUT", "line %d: %s", line, fmt.Sprintf(format, args...))
}
