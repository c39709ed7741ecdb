package api

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// readParams are the parameters of the URL that say what to read of a channel.
var readParams = []string{"database", "from", "time", "event_type", "source", "key", "partition", "header", "filter", "where"}

// parseFilter reads which messages are wanted.
func parseFilter(q url.Values) (f streaming.Filter, err error) {
	list := func(name string) []string {
		if !q.Has(name) {
			return nil
		}
		return strings.Split(q.Get(name), ",")
	}
	f.Types, f.Sources, f.Keys = list("event_type"), list("source"), list("key")
	if q.Has("partition") {
		n, err := intParam(q, "partition", 0, streaming.MaxPartitions-1)
		if err != nil {
			return f, err
		}
		f.Partition = &n
	}
	for _, h := range list("header") {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return f, invalid("INVALID_FIELD", `the parameter "header" must be name:value, or several with commas, not %q`, shorten(h, 40)).WithField("header")
		}
		if f.Headers == nil {
			f.Headers = map[string]string{}
		}
		f.Headers[name] = value
	}
	if q.Has("filter") {
		f.Where = []byte(q.Get("filter"))
	}
	if q.Has("where") {
		if f.SQL = q.Get("where"); f.SQL == "" {
			return f, invalid("INVALID_FIELD", `the parameter "where" must be a predicate of SQL over the columns of a message, such as key = 'a'`).WithField("where")
		}
	}
	return f, nil
}

// filterFields are the fields of a body that say the same as parameters do.
var filterFields = []string{"event_type", "source", "key", "partition", "header", "filter", "where"}

// filterField reads one of them: a text or several, names with texts, a filter of documents.
func filterField(sc *jsonin.Scanner, field string, f *streaming.Filter) (err error) {
	switch field {
	case "event_type":
		f.Types, err = textsField(sc, field)
	case "source":
		f.Sources, err = textsField(sc, field)
	case "key":
		f.Keys, err = textsField(sc, field)
	case "partition":
		var n int64
		n, err = sc.IntField(field, 0, streaming.MaxPartitions-1)
		p := int(n)
		f.Partition = &p
	case "header":
		f.Headers = map[string]string{}
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError(field, "an object", k)
		}
		err = sc.Object(func(name []byte) error {
			v, err := sc.StrField(field + "." + string(name))
			f.Headers[string(name)] = v
			return err
		})
	case "filter":
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError(field, "an object", k)
		}
		f.Where, err = sc.Raw()
		f.Where = bytes.Clone(f.Where)
	case "where":
		if f.SQL, err = sc.StrField(field); err == nil && f.SQL == "" {
			err = invalid("INVALID_FIELD", `the field "where" must be a predicate of SQL over the columns of a message, such as key = 'a'`).WithField(field)
		}
	}
	return err
}

// textsField reads a text, or an array of them.
func textsField(sc *jsonin.Scanner, field string) ([]string, error) {
	if sc.Peek() != jsonin.Array {
		v, err := sc.StrField(field)
		return []string{v}, err
	}
	list := []string{}
	err := sc.Array(func(int) error {
		v, err := sc.StrField(field)
		list = append(list, v)
		return err
	})
	return list, err
}

// channelHistory answers with the last messages, or those from a place on.
func (s *Server) channelHistory(c echo.Context) error {
	name, err := pathParam(c, "channel")
	if err != nil {
		return err
	}
	q, err := queryParams(c, append([]string{"count", "limit"}, readParams...))
	if err != nil {
		return err
	}
	var o streaming.HistoryOptions
	if o.From, err = parseStart(q); err != nil {
		return err
	}
	if o.Filter, err = parseFilter(q); err != nil {
		return err
	}
	if q.Has("count") && q.Has("limit") {
		return invalid("INVALID_FIELD", `the parameters "count" and "limit" are the same, want one of them`).WithField("limit")
	}
	for _, param := range []string{"count", "limit"} {
		n, err := intParam(q, param, 1, streaming.MaxBatch)
		if err != nil {
			return err
		}
		o.Limit = max(o.Limit, n)
	}
	store, err := s.streaming(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	p, err := store.History(c.Request().Context(), name, o)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(buf.b, `{"events":[`...)
	for i, m := range p.Messages {
		if i > 0 {
			buf.b = append(buf.b, ',')
		}
		buf.b = appendMessage(buf.b, m)
		if int64(len(buf.b)) > s.opts.ResultBytes { // the next page goes on here
			p.Next = m.Offset + 1
			break
		}
	}
	buf.b = strconv.AppendUint(append(buf.b, `],"first_offset":`...), p.First, 10)
	buf.b = strconv.AppendUint(append(buf.b, `,"next_offset":`...), p.Next, 10)
	buf.b = strconv.AppendUint(append(buf.b, `,"end_offset":`...), p.End, 10)
	buf.b = append(buf.b, "}\n"...)
	return writeJSON(of(c), buf.b)
}

// appendMessage appends a message, on one line.
func appendMessage(dst []byte, m *streaming.Message) []byte {
	dst = strconv.AppendUint(append(dst, `{"id":"`...), m.Offset, 10)
	dst = strconv.AppendUint(append(dst, `","offset":`...), m.Offset, 10)
	dst = sqltype.AppendJSONString(append(dst, `,"event_type":`...), m.Type)
	dst = sqltype.AppendJSONString(append(dst, `,"source":`...), m.Source)
	dst = strconv.AppendInt(append(dst, `,"timestamp":`...), m.Time().UnixMilli(), 10)
	dst = append(strconv.AppendUint(append(dst, `,"commit_timestamp":"`...), uint64(m.Timestamp), 10), '"')
	dst = append(dst, `,"key":`...)
	if m.Key == "" {
		dst = append(dst, "null"...)
	} else {
		dst = sqltype.AppendJSONString(dst, m.Key)
	}
	dst = strconv.AppendInt(append(dst, `,"partition":`...), int64(m.Partition), 10)
	if m.Producer != "" {
		dst = sqltype.AppendJSONString(append(dst, `,"producer":`...), m.Producer)
		dst = strconv.AppendUint(append(dst, `,"sequence":`...), m.Sequence, 10)
	}
	at := len(dst)
	dst = append(dst, `,"headers":{`...)
	for i, h := range m.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(append(sqltype.AppendJSONString(dst, h.Name), ':'), h.Value)
	}
	dst = append(dst, '}')
	end := len(dst)
	dst = append(append(dst, `,"metadata"`...), dst[at+len(`,"headers"`):end]...)
	return append(appendData(dst, m), '}')
}

// appendData appends the data: JSON as it is but for line breaks, text as a string,
// bytes as base64.
func appendData(dst []byte, m *streaming.Message) []byte {
	dst = append(dst, `,"data":`...)
	if m.JSON {
		at := len(dst)
		dst = append(dst, m.Data...)
		for i, c := range dst[at:] { // a line break between two tokens would end a line of a stream
			if c == '\n' || c == '\r' {
				dst[at+i] = ' '
			}
		}
		return dst
	}
	if strings.HasPrefix(m.ContentType, "text/") && utf8.Valid(m.Data) {
		dst = append(sqltype.AppendJSONString(dst, string(m.Data)), `,"encoding":"text"`...)
	} else {
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), m.Data)
		dst = append(dst, `","encoding":"base64"`...)
	}
	return sqltype.AppendJSONString(append(dst, `,"content_type":`...), m.MediaType())
}
