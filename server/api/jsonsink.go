package api

import (
	"strconv"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/vec"
)

// span is a part of a buffer.
type span struct{ from, to int }

// jsonSink renders results into one buffer. A JSON answer is held whole, so that
// a failure at the last row still is a clean error; its size is bounded.
type jsonSink struct {
	rows    rowWriter
	buf     *buffer
	limit   int64
	count   int64  // rows of the current result
	results []span // each result's object
	columns span   // of the last result
	data    span   // rows of the last result
	tags    []query.Tag
	names   []string
	types   []string
}

var jsonSinks = sync.Pool{New: func() any { return new(jsonSink) }}

// jsonHead opens every answer; the first result follows it in place.
const jsonHead = `{"success":true,"data":`

func newJSONSink(limit int64) *jsonSink {
	s := jsonSinks.Get().(*jsonSink)
	s.buf, s.limit = getBuffer(), limit
	s.results, s.tags = s.results[:0], s.tags[:0]
	s.buf.b = append(s.buf.b, jsonHead...)
	return s
}

func (s *jsonSink) free() {
	putBuffer(s.buf)
	s.buf = nil
	jsonSinks.Put(s)
}

// Begin opens a result.
func (s *jsonSink) Begin(_ int, cols []query.Column) error {
	s.count = 0
	s.names, s.types = s.names[:0], s.types[:0]
	for _, c := range cols {
		s.names, s.types = append(s.names, c.Name), append(s.types, c.Type.Name())
	}
	if err := s.rows.begin(cols); err != nil {
		return err
	}
	b := s.buf.b
	s.results = append(s.results, span{from: len(b)})
	b = append(b, '{')
	s.columns.from = len(b)
	b = appendColumns(b, s.names, s.types)
	s.columns.to = len(b)
	b = append(b, `,"rows":`...)
	s.data.from = len(b)
	s.buf.b = append(b, '[')
	return nil
}

// Batch renders rows.
func (s *jsonSink) Batch(b *vec.Batch) error {
	s.buf.b = s.rows.appendRows(s.buf.b, b, ',', s.count == 0)
	s.count += int64(b.Rows())
	if int64(len(s.buf.b)) > s.limit {
		return dberr.New(dberr.ErrTooLarge, "RESULT_TOO_LARGE", "the result is larger than %d bytes, the bound of a JSON answer", s.limit).
			WithHint("ask for application/x-ndjson, text/csv or Arrow, which stream without a bound, or page by page from POST /api/v1/cursors, or add LIMIT")
	}
	return nil
}

// End closes a result.
func (s *jsonSink) End(tag query.Tag) error {
	b := append(s.buf.b, ']')
	s.data.to = len(b)
	b = appendTag(append(b, ','), tag)
	b = append(b, '}')
	s.results[len(s.results)-1].to = len(b)
	s.tags = append(s.tags, tag)
	s.buf.b = b
	return nil
}

// appendTag appends the members that say what a statement did.
func appendTag(dst []byte, tag query.Tag) []byte {
	affected := tag.Rows
	if !tag.Write {
		affected = 0
	}
	dst = append(dst, `"rows_affected":`...)
	dst = strconv.AppendInt(dst, affected, 10)
	dst = append(dst, `,"command":"`...)
	dst = append(dst, tag.Command...)
	return append(dst, '"')
}

// finish completes the answer: the last result is data, and where there were
// several all of them are results.
func (s *jsonSink) finish(elapsedUS int64, topLevel bool) {
	if len(s.results) == 0 { // nothing but white space and comments
		s.Begin(0, nil)    //nolint:errcheck // no columns, so no fault
		s.End(query.Tag{}) //nolint:errcheck // never fails
	}
	last := s.results[len(s.results)-1]
	b := s.buf.b
	if len(s.results) > 1 {
		whole := getBuffer()
		w := append(append(whole.b, jsonHead...), b[last.from:last.to]...)
		w = append(w, `,"results":[`...)
		for i, r := range s.results {
			if i > 0 {
				w = append(w, ',')
			}
			w = append(w, b[r.from:r.to]...)
		}
		whole.b = append(w, ']')
		if topLevel {
			whole.b = s.appendTop(whole.b, b)
		}
		putBuffer(s.buf)
		s.buf, b = whole, whole.b
	} else if topLevel {
		b = s.appendTop(b, b)
	}
	b = append(b, `,"execution_time_ms":`...)
	b = appendMS(b, elapsedUS)
	s.buf.b = append(b, '}', '\n')
}

// appendTop repeats the last result's columns and rows at the top level.
func (s *jsonSink) appendTop(dst, src []byte) []byte {
	dst = append(dst, ',')
	dst = append(dst, src[s.columns.from:s.columns.to]...)
	dst = append(dst, `,"rows":`...)
	return append(dst, src[s.data.from:s.data.to]...)
}
