package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/server/arrowout"
)

const (
	streamChunk = 32 << 10               // bytes that are sent at once
	streamPause = 200 * time.Millisecond // rows are not held back longer while more come
	streamStall = 60 * time.Second       // how long a client may take nothing, or send nothing
)

// streamSink sends rows as they come, as NDJSON, CSV or Arrow. CSV and Arrow hold one result; in
// NDJSON each result begins with its own header line, and each statement but the last, which the
// end line tells of, ends with a line that says what it did.
type streamSink struct {
	x       *exchange
	format  format
	rows    rowWriter
	buf     *buffer
	arrow   *arrowout.Writer // of formatArrow, into buf
	control *http.ResponseController
	sent    time.Time // last write
	started bool      // the header line is rendered
	active  bool      // the current statement has columns
	count   int64
	tags    []query.Tag
	names   []string
	types   []string
}

func newStreamSink(x *exchange, q *queryRequest) *streamSink {
	s := &streamSink{x: x, format: q.format, buf: getBuffer(), sent: time.Now(), control: http.NewResponseController(x.Response())}
	s.rows.objects, s.rows.text, s.rows.opts = q.objects && q.format == formatNDJSON, q.textValues, sqltype.JSONOptions{Int64AsString: q.int64String}
	return s
}

// Begin renders the header of a result that has rows.
func (s *streamSink) Begin(_ int, cols []query.Column) error {
	if n := len(s.tags); n > 0 && s.format == formatNDJSON {
		s.statement(s.tags[n-1])
	}
	s.active, s.count = len(cols) > 0, 0
	if !s.active {
		return nil
	}
	if s.started && s.format != formatNDJSON {
		return dberr.New(dberr.ErrInvalid, "SEVERAL_RESULTS", "only one statement of a streamed request may return rows").
			WithHint("ask for application/json, or send the statements one by one")
	}
	s.names, s.types = s.names[:0], s.types[:0]
	for _, c := range cols {
		s.names, s.types = append(s.names, c.Name), append(s.types, c.Type.Name())
	}
	if err := s.rows.begin(cols); err != nil {
		return err
	}
	s.header(cols)
	return nil
}

// statement renders what a statement did that is not the last.
func (s *streamSink) statement(tag query.Tag) {
	b := append(s.buf.b, `{"statement":{"rows":`...)
	b = strconv.AppendInt(b, s.count, 10)
	s.buf.b = append(appendTag(append(b, ','), tag), "}}\n"...)
}

func (s *streamSink) header(cols []query.Column) {
	s.started = true
	switch s.format {
	case formatArrow:
		s.arrow = arrowout.New(s.buf, cols, s.rows.text)
		return
	case formatNDJSON:
		s.buf.b = append(appendColumns(append(s.buf.b, '{'), s.names, s.types), '}', '\n')
		return
	}
	for i, name := range s.names {
		if i > 0 {
			s.buf.b = append(s.buf.b, ',')
		}
		s.buf.b = appendCSVText(s.buf.b, name)
	}
	s.buf.b = append(s.buf.b, '\n')
}

// Batch renders rows and sends them once there are enough, or once the client
// has waited.
func (s *streamSink) Batch(b *vec.Batch) error {
	if s.format == formatArrow {
		return s.arrowBatch(b)
	}
	for _, row := range vec.Live(b.Len, b.Sel) {
		if s.format == formatNDJSON {
			s.buf.b = append(s.rows.appendRow(s.buf.b, b.Cols, int(row)), '\n')
		} else {
			s.csvRow(b, int(row))
		}
		if len(s.buf.b) >= streamChunk {
			if err := s.send(false); err != nil {
				return err
			}
		}
	}
	s.count += int64(b.Rows())
	if len(s.buf.b) > 0 && time.Since(s.sent) > streamPause {
		return s.send(true)
	}
	return nil
}

// arrowBatch is Batch for Arrow, whose rows go out by record batches.
func (s *streamSink) arrowBatch(b *vec.Batch) error {
	if err := s.arrow.Add(b); err != nil {
		return err
	}
	late := time.Since(s.sent) > streamPause
	if late {
		if err := s.arrow.Flush(); err != nil {
			return err
		}
	}
	if len(s.buf.b) >= streamChunk || late && len(s.buf.b) > 0 {
		return s.send(late)
	}
	return nil
}

func (s *streamSink) csvRow(b *vec.Batch, row int) {
	for i, v := range b.Cols {
		if i > 0 {
			s.buf.b = append(s.buf.b, ',')
		}
		s.buf.b = appendCSVCell(s.buf.b, v, row)
	}
	s.buf.b = append(s.buf.b, '\n')
}

// End notes what the statement did.
func (s *streamSink) End(tag query.Tag) error {
	s.tags = append(s.tags, tag)
	return nil
}

var streamTypes = [...][]string{
	formatNDJSON: {"application/x-ndjson"},
	formatCSV:    {"text/csv; charset=utf-8; header=present"},
	formatArrow:  {arrowout.MediaType},
}

// send writes what is rendered; the first time it commits the status.
func (s *streamSink) send(flush bool) error {
	res := s.x.Response()
	if !res.Committed {
		h := res.Header()
		h["Content-Type"] = streamTypes[s.format]
		res.WriteHeader(http.StatusOK)
	}
	s.sent = time.Now()
	s.control.SetWriteDeadline(s.sent.Add(streamStall)) //nolint:errcheck // a recorder in a test has none
	_, err := res.Write(s.buf.b)
	s.buf.b = s.buf.b[:0]
	if err == nil && flush {
		res.Flush()
	}
	if err != nil {
		return clientGone(err)
	}
	return nil
}

// finish ends a stream that went well.
func (s *streamSink) finish(elapsedUS int64) error {
	if !s.started && s.format != formatCSV {
		s.header(nil)
	}
	if s.arrow != nil {
		if err := s.arrow.Close(); err != nil {
			return err
		}
	}
	if s.format == formatNDJSON {
		b := append(s.buf.b, `{"end":{"rows":`...)
		b = strconv.AppendInt(b, s.count, 10)
		var last query.Tag
		if len(s.tags) > 0 {
			last = s.tags[len(s.tags)-1]
		}
		b = appendTag(append(b, ','), last)
		b = append(b, `,"execution_time_ms":`...)
		b = appendMS(b, elapsedUS)
		s.buf.b = append(b, "}}\n"...)
	}
	return s.send(false)
}

// free ends the sink; the connection goes on to other requests.
func (s *streamSink) free() {
	s.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // a recorder in a test has none
	if s.arrow != nil {
		s.arrow.Free()
	}
	putBuffer(s.buf)
}
