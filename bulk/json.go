package bulk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/weftdb/weft/internal/dberr"
)

// jsonScanner finds where a JSON value ends without looking into it. It only
// counts brackets outside strings; whether the value is valid is checked afterwards.
type jsonScanner struct {
	depth            int
	inString, escape bool
	started, scalar  bool
}

// scan returns the offset just after the value, or -1 where b does not hold its
// end; scanning then goes on with the bytes that follow b. A number or literal ends before
// the first byte that cannot be part of it.
func (s *jsonScanner) scan(b []byte) int {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case s.inString:
			if s.escape {
				s.escape = false
			} else if c == '\\' {
				s.escape = true
			} else if c == '"' {
				s.inString = false
				if s.depth == 0 {
					return i + 1
				}
			}
		case s.scalar:
			if c == ',' || c == ']' || c == '}' || c <= ' ' {
				return i
			}
		case c == '"':
			s.started, s.inString = true, true
		case c == '{' || c == '[':
			s.started = true
			s.depth++
		case c == '}' || c == ']':
			if s.depth--; s.depth <= 0 {
				return i + 1
			}
		case c > ' ' && s.depth == 0:
			s.started, s.scalar = true, true
		}
	}
	return -1
}

// jsonColumns gives the keys of objects their places, in order of appearance.
type jsonColumns struct {
	names []string
	index map[string]int
}

func (c *jsonColumns) of(key string) (int, bool) {
	if i, ok := c.index[key]; ok {
		return i, true
	}
	if len(c.names) >= maxColumns {
		return 0, false
	}
	if c.index == nil {
		c.index = make(map[string]int)
	}
	c.index[key] = len(c.names)
	c.names = append(c.names, key)
	return len(c.names) - 1, true
}

// record turns one JSON value into fields, or says why it cannot.
func (c *jsonColumns) record(raw []byte, rec *Record) (reason string) {
	if !utf8.Valid(raw) {
		return "not valid UTF-8"
	}
	if !json.Valid(raw) {
		var v any
		return "invalid JSON: " + strings.TrimPrefix(fmt.Sprint(json.Unmarshal(raw, &v)), "json: ")
	}
	v := gjson.ParseBytes(raw)
	rec.Fields = rec.Fields[:0]
	switch {
	case v.IsObject():
		return c.object(v, rec)
	case v.IsArray():
		return c.array(v, rec)
	}
	return "the record is neither an object nor an array"
}

func (c *jsonColumns) object(v gjson.Result, rec *Record) (reason string) {
	for range c.names {
		rec.Fields = append(rec.Fields, Field{Kind: Missing})
	}
	v.ForEach(func(key, val gjson.Result) bool {
		i, ok := c.of(key.Str)
		if reason = badText(val); reason != "" {
			reason = fmt.Sprintf("key %q: %s", key.Str, reason)
			return false
		}
		if !ok {
			reason = fmt.Sprintf("key %q would be column %d; a table has at most %d", key.Str, maxColumns+1, maxColumns)
			return false
		}
		for len(rec.Fields) <= i {
			rec.Fields = append(rec.Fields, Field{Kind: Missing})
		}
		if rec.Fields[i].Kind != Missing {
			reason = fmt.Sprintf("key %q comes twice", key.Str)
			return false
		}
		rec.Fields[i] = jsonField(val)
		return true
	})
	return reason
}

func (c *jsonColumns) array(v gjson.Result, rec *Record) (reason string) {
	named := len(c.names)
	v.ForEach(func(_, val gjson.Result) bool {
		if reason = badText(val); reason != "" {
			return false
		}
		rec.Fields = append(rec.Fields, jsonField(val))
		return true
	})
	if reason != "" {
		return reason
	}
	if named == 0 {
		if len(rec.Fields) > maxColumns {
			return fmt.Sprintf("the record has %d values; a table has at most %d columns", len(rec.Fields), maxColumns)
		}
		for i := range rec.Fields {
			c.of(fmt.Sprintf("column_%d", i+1))
		}
		return ""
	}
	if len(rec.Fields) != named {
		return fmt.Sprintf("record has %d values for %d columns", len(rec.Fields), named)
	}
	return ""
}

// badText says why the text of a JSON string cannot be kept as it is: text
// columns hold neither the zero character nor half of a surrogate pair.
func badText(v gjson.Result) string {
	if v.Type != gjson.String || !strings.Contains(v.Raw, `\u`) {
		return ""
	}
	if strings.IndexByte(v.Str, 0) >= 0 {
		return `the string holds \u0000, which text cannot`
	}
	if strings.Count(v.Str, "\ufffd") > strings.Count(v.Raw, "\ufffd")+strings.Count(strings.ToLower(v.Raw), `\ufffd`) {
		return "the string holds half of a surrogate pair"
	}
	return ""
}

func jsonField(v gjson.Result) Field {
	switch v.Type {
	case gjson.Null:
		return Field{Kind: Null}
	case gjson.String:
		return Field{Kind: JSONString, Text: []byte(v.Str)}
	case gjson.Number:
		return Field{Kind: JSONNumber, Text: []byte(v.Raw)}
	case gjson.True, gjson.False:
		return Field{Kind: JSONBool, Text: []byte(v.Raw)}
	default:
		return Field{Kind: JSONRaw, Text: []byte(v.Raw)}
	}
}

// ndjsonReader reads one JSON value a line.
type ndjsonReader struct {
	jsonColumns
	br   *bufio.Reader
	opts Options
	line int64
	raw  []byte
}

func newNDJSONReader(br *bufio.Reader, opts Options) *ndjsonReader {
	r := &ndjsonReader{br: br, opts: opts, line: opts.FirstLine}
	for _, n := range opts.Columns {
		r.of(n)
	}
	return r
}

func (r *ndjsonReader) Columns() []string { return r.names }

func (r *ndjsonReader) Read(rec *Record) error {
	for {
		r.raw = r.raw[:0]
		rec.Line = r.line
		if err := r.readLine(); err != nil {
			return err
		}
		if text := bytes.TrimSpace(r.raw); len(text) > 0 {
			rec.Raw = text
			if reason := r.record(text, rec); reason != "" {
				return &RecordError{Line: rec.Line, Reason: reason, Raw: text}
			}
			return nil
		}
	}
}

func (r *ndjsonReader) readLine() error {
	for {
		part, err := r.br.ReadSlice('\n')
		r.raw = append(r.raw, part...)
		switch {
		case len(r.raw) > r.opts.MaxRecordBytes:
			return inputError(r.line, "the record is longer than %d bytes", r.opts.MaxRecordBytes)
		case err == nil:
			r.line++
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			if len(r.raw) == 0 {
				return io.EOF
			}
			return nil
		default:
			return fmt.Errorf("read input: %w", err)
		}
	}
}

// jsonReader reads the elements of an array, or a lone object as one record.
type jsonReader struct {
	jsonColumns
	br    *bufio.Reader
	opts  Options
	line  int64
	raw   []byte
	array bool // inside the array to read
	first bool // no element has been read
	done  bool
	// outer is the number of containers around the array that Path named.
	outer int
}

func newJSONReader(br *bufio.Reader, opts Options) (*jsonReader, error) {
	r := &jsonReader{br: br, opts: opts, line: opts.FirstLine, first: true}
	for _, n := range opts.Columns {
		r.of(n)
	}
	if opts.Path != "" {
		for _, key := range strings.Split(opts.Path, ".") {
			if err := r.descend(key); err != nil {
				return nil, err
			}
		}
	}
	c, err := r.peek()
	switch {
	case errors.Is(err, io.EOF):
		return nil, dberr.New(dberr.ErrInvalid, "EMPTY_INPUT", "the input is empty: it holds no JSON value")
	case err != nil:
		return nil, err
	case c == '[':
		r.array = true
		return r, r.take(1)
	case c == '{':
		return r, nil
	}
	return nil, inputError(r.line, "expected a JSON array or object, found %q", c)
}

func (r *jsonReader) Columns() []string { return r.names }

func (r *jsonReader) Read(rec *Record) error {
	if r.done {
		return io.EOF
	}
	if r.array {
		more, err := r.nextElement()
		if err != nil {
			return err
		}
		if !more {
			r.done = true
			return r.expectEnd()
		}
	}
	if _, err := r.peek(); err != nil {
		return r.cut(err)
	}
	rec.Line = r.line
	if err := r.value(); err != nil {
		return err
	}
	if !r.array {
		r.done = true
		if err := r.expectEnd(); !errors.Is(err, io.EOF) {
			return err
		}
	}
	rec.Raw = r.raw
	if reason := r.record(r.raw, rec); reason != "" {
		return &RecordError{Line: rec.Line, Reason: reason, Raw: r.raw}
	}
	return nil
}

// nextElement stands on the next element, past the comma; false at the end.
func (r *jsonReader) nextElement() (bool, error) {
	c, err := r.peek()
	if err != nil {
		return false, r.cut(err)
	}
	if c == ']' {
		return false, r.take(1)
	}
	if r.first {
		r.first = false
		return true, nil
	}
	if c != ',' {
		return false, inputError(r.line, "expected , or ] after an array element, found %q", c)
	}
	if err := r.take(1); err != nil {
		return false, err
	}
	if c, err = r.peek(); err != nil {
		return false, r.cut(err)
	}
	if c == ']' {
		return false, inputError(r.line, "a comma is followed by the end of the array")
	}
	return true, nil
}

// expectEnd returns io.EOF where nothing but white space follows.
func (r *jsonReader) expectEnd() error {
	if r.outer > 0 {
		return io.EOF // the rest of the enclosing document is of no interest
	}
	c, err := r.peek()
	if err != nil {
		return err
	}
	return inputError(r.line, "text follows the end of the JSON document, beginning with %q", c)
}

// descend enters the object that comes next and stands on the value of key.
func (r *jsonReader) descend(key string) error {
	if c, err := r.peek(); err != nil {
		return r.cut(err)
	} else if c != '{' {
		return inputError(r.line, "path %q: expected an object with key %q, found %q", r.opts.Path, key, c)
	}
	if err := r.take(1); err != nil {
		return err
	}
	r.outer++
	for {
		c, err := r.peek()
		if err != nil {
			return r.cut(err)
		}
		if c == ',' {
			if err := r.take(1); err != nil {
				return err
			}
			continue
		}
		if c != '"' {
			return inputError(r.line, "path %q: key %q is not there", r.opts.Path, key)
		}
		if err := r.value(); err != nil {
			return err
		}
		var got string
		if err := json.Unmarshal(r.raw, &got); err != nil {
			return inputError(r.line, "invalid JSON string: %v", err)
		}
		if c, err := r.peek(); err != nil {
			return r.cut(err)
		} else if c != ':' {
			return inputError(r.line, "expected : after a key, found %q", c)
		}
		if err := r.take(1); err != nil {
			return err
		}
		if _, err := r.peek(); err != nil {
			return r.cut(err)
		}
		if got == key {
			return nil
		}
		if err := r.value(); err != nil {
			return err
		}
	}
}

// peek skips white space and returns the next byte without taking it.
func (r *jsonReader) peek() (byte, error) {
	for {
		b, err := r.br.Peek(1)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			return 0, fmt.Errorf("read input: %w", err)
		}
		switch b[0] {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		default:
			return b[0], nil
		}
		if err := r.take(1); err != nil {
			return 0, err
		}
	}
}

func (r *jsonReader) take(n int) error {
	if _, err := r.br.Discard(n); err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	return nil
}

// value reads one whole value into raw.
func (r *jsonReader) value() error {
	r.raw = r.raw[:0]
	var sc jsonScanner
	for {
		if _, err := r.br.Peek(1); err != nil {
			if errors.Is(err, io.EOF) && sc.scalar {
				return nil
			}
			return r.cut(err)
		}
		part, err := r.br.Peek(r.br.Buffered())
		if err != nil {
			return fmt.Errorf("read input: %w", err)
		}
		end := sc.scan(part)
		n := end
		if n < 0 {
			n = len(part)
		}
		r.raw = append(r.raw, part[:n]...)
		r.line += int64(bytes.Count(part[:n], []byte{'\n'}))
		if err := r.take(n); err != nil {
			return err
		}
		if len(r.raw) > r.opts.MaxRecordBytes {
			return inputError(r.line, "the record is longer than %d bytes", r.opts.MaxRecordBytes)
		}
		if end >= 0 {
			return nil
		}
	}
}

// cut turns an early end of input into an error that says so.
func (r *jsonReader) cut(err error) error {
	if errors.Is(err, io.EOF) {
		return inputError(r.line, "the JSON document ends before it is complete")
	}
	return err
}
