package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// csvReader reads RFC 4180 records. Unlike encoding/csv it tells an empty quoted
// field from an empty unquoted one (the empty string from NULL), keeps CR LF inside
// quotes as it is, and goes on after a bad record.
type csvReader struct {
	br      *bufio.Reader
	delim   byte
	opts    Options
	columns []string
	line    int64  // line of the next byte
	raw     []byte // the record being read
	text    []byte // unescaped text of quoted fields of the record
	spans   []span // fields of the record
	lone    bool   // CR alone ends a line (old Macintosh files)
}

// span is a field: bytes [from, to) of raw, or of text where escaped.
type span struct {
	from, to int
	kind     Kind
	escaped  bool
}

func newCSVReader(br *bufio.Reader, delim byte, opts Options) (*csvReader, error) {
	c := &csvReader{br: br, delim: delim, opts: opts, line: opts.FirstLine}
	head, err := br.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("read input: %w", err)
	}
	c.lone = bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0
	if opts.NoHeader {
		c.columns = append([]string(nil), opts.Columns...)
		return c, nil
	}
	if err := c.readHeader(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *csvReader) readHeader() error {
	var rec Record
	err := c.next(&rec)
	var bad *RecordError
	switch {
	case errors.Is(err, io.EOF):
		return dberr.New(dberr.ErrInvalid, "EMPTY_INPUT", "the input is empty: it has no header line")
	case errors.As(err, &bad):
		return inputError(bad.Line, "the header cannot be read: %s", bad.Reason)
	case err != nil:
		return err
	}
	names := make([]string, len(rec.Fields))
	for i, f := range rec.Fields {
		names[i] = string(f.Text)
	}
	if len(names) > maxColumns {
		return inputError(rec.Line, "the header has %d columns; a table has at most %d", len(names), maxColumns)
	}
	c.columns = uniqueNames(names)
	return nil
}

// uniqueNames gives empty names a number and repeated ones a suffix.
func uniqueNames(names []string) []string {
	out := make([]string, len(names))
	seen := make(map[string]bool, len(names))
	for i, n := range names {
		n = strings.TrimSpace(n)
		if n == "" {
			n = "column_" + strconv.Itoa(i+1)
		}
		base := n
		for k := 2; seen[strings.ToLower(n)]; k++ {
			n = base + "_" + strconv.Itoa(k)
		}
		seen[strings.ToLower(n)] = true
		out[i] = n
	}
	return out
}

func (c *csvReader) Columns() []string { return c.columns }

// Read returns the next record; blank lines are skipped where there are several
// columns (with one column a blank line is a record with a NULL).
func (c *csvReader) Read(rec *Record) error {
	for {
		if err := c.next(rec); err != nil {
			return err
		}
		if len(rec.Raw) > 0 || len(c.columns) == 1 {
			break
		}
	}
	if len(c.columns) == 0 && c.opts.NoHeader {
		for i := range rec.Fields {
			c.columns = append(c.columns, "column_"+strconv.Itoa(i+1))
		}
	}
	return c.check(rec)
}

func (c *csvReader) check(rec *Record) error {
	got, want := len(rec.Fields), len(c.columns)
	if got < want && c.opts.Ragged == RaggedFill {
		for len(rec.Fields) < want {
			rec.Fields = append(rec.Fields, Field{Kind: Missing})
		}
		got = want
	}
	if got != want {
		return &RecordError{Line: rec.Line, Raw: rec.Raw, Reason: fmt.Sprintf("record has %d fields, the header has %d", got, want)}
	}
	for i, f := range rec.Fields {
		if !utf8.Valid(f.Text) {
			return &RecordError{Line: rec.Line, Raw: rec.Raw, Reason: fmt.Sprintf("column %q is not valid UTF-8 (give the file's encoding)", c.columns[i])}
		}
		if bytes.IndexByte(f.Text, 0) >= 0 {
			return &RecordError{Line: rec.Line, Raw: rec.Raw, Reason: fmt.Sprintf("column %q holds a zero byte, which text cannot", c.columns[i])}
		}
	}
	return nil
}

// next reads one record of any width.
func (c *csvReader) next(rec *Record) error {
	c.raw, c.text, c.spans = c.raw[:0], c.text[:0], c.spans[:0]
	rec.Line = c.line
	if _, err := c.fill(); err != nil {
		return err
	}
	reason, err := c.fields()
	if err != nil {
		return err
	}
	rec.Raw = c.raw
	if reason != "" {
		return &RecordError{Line: rec.Line, Raw: c.raw, Reason: reason}
	}
	rec.Fields = rec.Fields[:0]
	for _, s := range c.spans {
		f := Field{Kind: s.kind}
		if s.escaped {
			f.Text = c.text[s.from:s.to]
		} else {
			f.Text = c.raw[s.from:s.to]
		}
		if f.Kind == Bare && (len(f.Text) == 0 || c.opts.NullText != "" && string(f.Text) == c.opts.NullText) {
			f.Kind, f.Text = Null, nil
		}
		rec.Fields = append(rec.Fields, f)
	}
	return nil
}

// fill appends the next line with its end to raw. It returns the number of bytes
// added, and io.EOF where there are none left.
func (c *csvReader) fill() (int, error) {
	start := len(c.raw)
	end := byte('\n')
	if c.lone {
		end = '\r'
	}
	for {
		part, err := c.br.ReadSlice(end)
		c.raw = append(c.raw, part...)
		switch {
		case len(c.raw) > c.opts.MaxRecordBytes:
			return 0, inputError(c.line, "the record is longer than %d bytes (is a quote missing?)", c.opts.MaxRecordBytes)
		case err == nil:
			c.line++
			return len(c.raw) - start, nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			if len(c.raw) == start {
				return 0, io.EOF
			}
			return len(c.raw) - start, nil
		default:
			return 0, fmt.Errorf("read input: %w", err)
		}
	}
}

// fields splits raw, which holds one line, reading on where a quoted field goes
// over line ends. It cuts the record's own line end off raw. reason is set where the
// record is malformed.
func (c *csvReader) fields() (reason string, err error) {
	pos := 0
	for {
		if pos < len(c.raw) && c.raw[pos] == '"' {
			next, why, err := c.quoted(pos)
			if err != nil {
				return "", err
			}
			if why != "" && reason == "" {
				reason = why
			}
			pos = next
		} else {
			n := bytes.IndexByte(c.raw[pos:], c.delim)
			if n < 0 {
				n = len(c.trimEnd()) - pos
			}
			c.spans = append(c.spans, span{from: pos, to: pos + n, kind: Bare})
			pos += n
		}
		if pos >= len(c.raw) || c.raw[pos] != c.delim {
			c.raw = c.trimEnd()
			return reason, nil
		}
		pos++
	}
}

// trimEnd returns raw without its last line end.
func (c *csvReader) trimEnd() []byte {
	raw := c.raw
	if n := len(raw); n > 0 && raw[n-1] == '\n' {
		raw = raw[:n-1]
	}
	if n := len(raw); n > 0 && raw[n-1] == '\r' {
		raw = raw[:n-1]
	}
	return raw
}

// quoted reads the quoted field that starts at pos and returns the position after
// it, which is a delimiter or the record's end.
func (c *csvReader) quoted(pos int) (next int, reason string, err error) {
	from, at, start := len(c.text), pos+1, c.line
	for {
		n := bytes.IndexByte(c.raw[at:], '"')
		if n < 0 {
			c.text = append(c.text, c.raw[at:]...)
			at = len(c.raw)
			if _, err := c.fill(); errors.Is(err, io.EOF) {
				c.spans = append(c.spans, span{from: from, to: len(c.text), kind: Quoted, escaped: true})
				return len(c.raw), fmt.Sprintf("the quoted field that begins on line %d has no closing quote", start-1), nil
			} else if err != nil {
				return 0, "", err
			}
			continue
		}
		c.text = append(c.text, c.raw[at:at+n]...)
		at += n + 1
		if at < len(c.raw) && c.raw[at] == '"' { // "" is one quote
			c.text = append(c.text, '"')
			at++
			continue
		}
		break
	}
	c.spans = append(c.spans, span{from: from, to: len(c.text), kind: Quoted, escaped: true})
	end := len(c.trimEnd())
	if at >= end || c.raw[at] == c.delim {
		return at, "", nil
	}
	stop := bytes.IndexByte(c.raw[at:], c.delim)
	if stop < 0 {
		stop = end - at
	}
	junk := c.raw[at : at+stop]
	if len(junk) > 20 {
		junk = junk[:20]
	}
	return at + stop, fmt.Sprintf("text %q follows the closing quote of field %d", junk, len(c.spans)), nil
}
