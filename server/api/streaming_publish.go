package api

import (
	"encoding/base64"
	"math"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// publishInput is the body of a publication: one message, or several.
type publishInput struct {
	channel, database string
	one               messageInput
	many              []streaming.Content
	several           bool
}

// messageInput is one message as the body has it.
type messageInput struct {
	streaming.Content
	data     []byte // JSON as it was written
	encoding string
	any      bool // a field came
}

var (
	messageFields = []string{"event_type", "source", "key", "data", "encoding", "content_type", "headers", "metadata", "producer", "sequence"}
	publishFields = append([]string{"channel", "database", "messages"}, messageFields...)
)

func (in *publishInput) decode(body []byte) error { return in.decodeWith(body, nil, nil) }

// decodeWith reads a body that has other fields, too.
func (in *publishInput) decodeWith(body []byte, others []string, other func(sc *jsonin.Scanner, field string) error) error {
	var sc jsonin.Scanner
	sc.Reset(body)
	err := sc.Object(func(name []byte) (err error) {
		switch field := string(name); field {
		case "channel":
			in.channel, err = sc.StrField(field)
		case "database":
			in.database, err = sc.StrField(field)
		case "messages":
			in.several = true
			if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
				return jsonin.WantError(field, "an array", k)
			}
			err = sc.Array(func(i int) error { return in.element(&sc, i) })
		default:
			if isField(field, others) {
				return other(&sc, field)
			}
			if !isField(field, messageFields) {
				return jsonin.UnknownField(field, publishFields)
			}
			err = in.one.field(&sc, field)
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	switch {
	case err != nil:
		return err
	case in.several && in.one.any:
		return invalid("INVALID_FIELD", `the fields of a message stand beside "messages", want one or the other`).WithField("messages")
	case in.several:
		return nil
	}
	if err := in.one.settle(); err != nil {
		return err
	}
	in.many = []streaming.Content{in.one.Content}
	return nil
}

func (in *publishInput) element(sc *jsonin.Scanner, i int) error {
	if i >= streaming.MaxBatch {
		return dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "messages holds more than %d", streaming.MaxBatch).WithField("messages")
	}
	var m messageInput
	err := sc.Object(func(name []byte) error {
		if field := string(name); isField(field, messageFields) {
			return m.field(sc, field)
		}
		return jsonin.UnknownField(string(name), messageFields)
	})
	if err == nil {
		err = m.settle()
	}
	if err != nil {
		return inElement("messages", i, err)
	}
	in.many = append(in.many, m.Content)
	return nil
}

func (m *messageInput) field(sc *jsonin.Scanner, field string) (err error) {
	m.any = true
	switch field {
	case "event_type":
		m.Type, err = sc.StrField(field)
	case "source":
		m.Source, err = sc.StrField(field)
	case "key":
		m.Key, err = optionalString(sc, field)
	case "data":
		m.data, err = sc.Raw()
	case "encoding":
		m.encoding, err = sc.StrField(field)
	case "content_type":
		m.ContentType, err = sc.StrField(field)
	case "producer":
		m.Producer, err = sc.StrField(field)
	case "sequence":
		var n int64
		n, err = sc.IntField(field, 1, math.MaxInt64)
		m.Sequence = uint64(n)
	default: // headers, which metadata is another name of
		if m.Headers != nil {
			return invalid("DUPLICATE_FIELD", `"headers" and "metadata" are the same, want one of them`).WithField(field)
		}
		m.Headers = []streaming.Header{}
		err = sc.Object(func(name []byte) error {
			v, err := sc.StrField(field + "." + string(name))
			m.Headers = append(m.Headers, streaming.Header{Name: string(name), Value: v})
			return err
		})
	}
	return err
}

// settle makes the data of what was written.
func (m *messageInput) settle() error {
	if m.encoding == "" {
		if m.data == nil {
			m.data = []byte("null")
		}
		m.Data, m.JSON = m.data, true
		return nil
	}
	var sc jsonin.Scanner
	sc.Reset(m.data)
	text, err := sc.StrField("data")
	if err != nil {
		return err
	}
	switch m.encoding {
	case "text":
		m.Data = []byte(text)
		if m.ContentType == "" {
			m.ContentType = "text/plain; charset=utf-8"
		}
	case "base64":
		if m.Data, err = base64.StdEncoding.DecodeString(text); err != nil {
			return invalid("INVALID_BASE64", `field "data" is not base64`).WithField("data")
		}
	default:
		return invalid("INVALID_FIELD", `field "encoding" must be "text" or "base64", not %q`, shorten(m.encoding, 40)).WithField("encoding")
	}
	return nil
}

// publish takes {"channel","event_type"?,"source"?,"data"?…} or {"channel","messages":[…]}.
func (s *Server) publish(c echo.Context) error { return s.publishInto(c, "") }

// publishTo takes the same without the channel, which the path names.
func (s *Server) publishTo(c echo.Context) error {
	name, err := pathParam(c, "channel")
	if err != nil {
		return err
	}
	return s.publishInto(c, name)
}

func (s *Server) publishInto(c echo.Context, channel string) error {
	x := of(c)
	q, err := queryParams(c, []string{"database"})
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	in := publishInput{database: q.Get("database")}
	if err := in.decode(buf.b); err != nil {
		return err
	}
	switch {
	case channel != "" && in.channel != "" && in.channel != channel:
		return invalid("INVALID_FIELD", `field "channel" is %q, and the path names %q`, shorten(in.channel, 40), shorten(channel, 40)).WithField("channel")
	case channel != "":
		in.channel = channel
	case in.channel == "":
		return invalid("MISSING_FIELD", `the body needs the field "channel"`).WithField("channel")
	}
	store, err := s.streaming(c, in.database, true)
	if err != nil {
		return err
	}
	receipts, err := store.Publish(x.Request().Context(), in.channel, in.many...)
	if err != nil {
		return err
	}
	out := getBuffer()
	defer putBuffer(out)
	out.b = appendReceipts(out.b, &in, receipts, store.Subscribers(in.channel))
	return writeJSON(x, out.b)
}

// appendReceipts appends the answer. Subscribers are those to this server now.
func appendReceipts(dst []byte, in *publishInput, receipts []streaming.Receipt, subscribers int) []byte {
	dst = sqltype.AppendJSONString(append(dst, `{"success":true,"channel":`...), in.channel)
	dst = strconv.AppendInt(append(dst, `,"receivers":`...), int64(subscribers), 10)
	if !in.several {
		return append(appendReceipt(append(dst, ','), &receipts[0]), "}\n"...)
	}
	dst = append(dst, `,"results":[`...)
	for i := range receipts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendReceipt(append(dst, '{'), &receipts[i]), '}')
	}
	return append(dst, "]}\n"...)
}

// appendReceipt appends offset and times; null where they come with the commit of the
// request's transaction.
func appendReceipt(dst []byte, r *streaming.Receipt) []byte {
	if r.Offset == 0 {
		dst = append(dst, `"offset":null,"timestamp":null,"commit_timestamp":null`...)
	} else {
		dst = strconv.AppendUint(append(dst, `"offset":`...), r.Offset, 10)
		dst = strconv.AppendInt(append(dst, `,"timestamp":`...), r.Timestamp.Time().UnixMilli(), 10)
		dst = append(strconv.AppendUint(append(dst, `,"commit_timestamp":"`...), uint64(r.Timestamp), 10), '"')
	}
	return strconv.AppendBool(append(dst, `,"duplicate":`...), r.Duplicate)
}
