package streaming

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"mime"
	"time"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// Content is what a publisher says.
type Content struct {
	Key     string // messages with the same key are in one partition; empty: none
	Type    string // of event
	Source  string
	Headers []Header
	Data    []byte
	JSON    bool // Data is JSON text
	// ContentType of Data that is not JSON; empty means application/octet-stream.
	ContentType string
	// Producer and Sequence make it safe to publish again: of one producer's messages a
	// channel takes each sequence once. They rise by 1.
	Producer string
	Sequence uint64
}

// Header is a name and a value.
type Header struct{ Name, Value string }

// Message is one of a channel. It must not be changed: subscribers share it.
type Message struct {
	Content
	Offset    uint64 // in its channel, from 1
	Timestamp txn.Timestamp
	Partition int
}

// Time is when the message was committed.
func (m *Message) Time() time.Time { return m.Timestamp.Time() }

// MediaType is the media type of the data.
func (c *Content) MediaType() string {
	switch {
	case c.JSON:
		return "application/json"
	case c.ContentType == "":
		return "application/octet-stream"
	}
	return c.ContentType
}

const messageVersion = 1

// The flags of a record: which fields it has.
const (
	hasJSON = 1 << iota
	hasKey
	hasType
	hasSource
	hasHeaders
	hasProducer
	hasContentType
	isRemoved // the message is removed; the record keeps its number
)

// removedRecord stands for the last message of a channel where retention took it.
var removedRecord = []byte{messageVersion, isRemoved}

// append appends the record of a message, which docs/format/streaming.md describes.
func (c *Content) append(dst []byte) []byte {
	at := len(dst) + 1
	dst = append(dst, messageVersion, 0)
	var flags byte
	text := func(flag byte, s string) {
		if s != "" {
			flags |= flag
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	}
	if c.JSON {
		flags |= hasJSON
	}
	text(hasKey, c.Key)
	text(hasType, c.Type)
	text(hasSource, c.Source)
	if len(c.Headers) > 0 {
		flags |= hasHeaders
		dst = binary.AppendUvarint(dst, uint64(len(c.Headers)))
		for _, h := range c.Headers {
			text(0, h.Name)
			dst = append(binary.AppendUvarint(dst, uint64(len(h.Value))), h.Value...)
		}
	}
	if c.Producer != "" {
		text(hasProducer, c.Producer)
		dst = binary.AppendUvarint(dst, c.Sequence)
	}
	text(hasContentType, c.ContentType)
	dst[at] = flags
	return append(dst, c.Data...)
}

// removed says whether a record only keeps the number of a message.
func removed(rec []byte) bool { return len(rec) == 2 && rec[1] == isRemoved }

// decode reads a record. Data is a piece of b.
func (c *Content) decode(b []byte) error {
	if len(b) < 2 {
		return damaged("is cut short at %d bytes", len(b))
	}
	if b[0] != messageVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a message has version %d, and this program knows %d", b[0], messageVersion)
	}
	flags := b[1]
	if flags&isRemoved != 0 {
		return damaged("has the flags %#x", flags)
	}
	r := enc.NewReader(b[2:])
	*c = Content{JSON: flags&hasJSON != 0}
	if flags&hasKey != 0 {
		c.Key = someText(&r)
	}
	if flags&hasType != 0 {
		c.Type = someText(&r)
	}
	if flags&hasSource != 0 {
		c.Source = someText(&r)
	}
	if flags&hasHeaders != 0 {
		n := r.Uvarint()
		if n == 0 || n > MaxHeaders {
			return damaged("has %d headers", n)
		}
		c.Headers = make([]Header, n)
		for i := range c.Headers {
			c.Headers[i] = Header{Name: someText(&r), Value: r.Text()}
		}
	}
	if flags&hasProducer != 0 {
		c.Producer, c.Sequence = someText(&r), r.Uvarint()
	}
	if flags&hasContentType != 0 {
		c.ContentType = someText(&r)
	}
	if r.Bad() {
		return damaged("is cut short in its fields")
	}
	c.Data = r.Rest()
	return nil
}

// someText reads a text that is not empty.
func someText(r *enc.Reader) string {
	s := r.Text()
	if s == "" {
		r.Fail()
	}
	return s
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: a message %s", dberr.ErrCorrupt, fmt.Sprintf(format, args...))
}

// message makes a message of a record.
func (c *Channel) message(offset uint64, at txn.Timestamp, rec []byte) (*Message, error) {
	m := &Message{Offset: offset, Timestamp: at}
	if err := m.decode(rec); err != nil {
		return nil, fmt.Errorf("channel %q, offset %d: %w", c.Name, offset, err)
	}
	m.Partition = c.partition(m.Key, offset)
	return m, nil
}

// partition is the part of the keys that a key belongs to. Messages without a key go
// round.
func (c *Channel) partition(key string, offset uint64) int {
	n := uint64(max(c.Options.Partitions, 1))
	if n == 1 {
		return 0
	}
	if key == "" {
		return int(offset % n)
	}
	h := fnv.New64a()
	h.Write([]byte(key)) //nolint:errcheck // it has none
	return int(h.Sum64() % n)
}

// check holds a message against the limits.
func (c *Content) check() error {
	for _, f := range []struct {
		field string
		text  string
		most  int
	}{{"key", c.Key, MaxKeyBytes}, {"event_type", c.Type, MaxTypeBytes}, {"source", c.Source, MaxTypeBytes}, {"producer", c.Producer, MaxTypeBytes}, {"content_type", c.ContentType, MaxTypeBytes}} {
		if err := checkText(f.field, f.text, f.most); err != nil {
			return err
		}
	}
	if len(c.Headers) > MaxHeaders {
		return tooLarge("TOO_MANY_HEADERS", "headers", "%d headers are over the maximum of %d", len(c.Headers), MaxHeaders)
	}
	for _, h := range c.Headers {
		if h.Name == "" {
			return invalid("INVALID_HEADER", "headers", "a header has no name")
		}
		if err := checkText("headers", h.Name, MaxTypeBytes); err != nil {
			return err
		}
		if err := checkText("headers", h.Value, MaxHeaderValueBytes); err != nil {
			return err
		}
	}
	if len(c.Data) > MaxDataBytes {
		return tooLarge("MESSAGE_TOO_LARGE", "data", "data of %d bytes are over the maximum of %d", len(c.Data), MaxDataBytes).
			WithHint("store them as a key or a document and publish its name")
	}
	switch {
	case c.JSON && c.ContentType != "":
		return invalid("INVALID_CONTENT_TYPE", "content_type", "data that are JSON have no content type of their own, but %q was given", shorten(c.ContentType))
	case c.JSON && (!json.Valid(c.Data) || !utf8.Valid(c.Data)):
		return invalid("INVALID_JSON", "data", "the data are not JSON")
	case c.Producer == "" && c.Sequence != 0:
		return invalid("MISSING_FIELD", "producer", "a sequence needs a producer")
	case c.Producer != "" && c.Sequence == 0:
		return invalid("MISSING_FIELD", "sequence", "the messages of a producer need a sequence, from 1")
	}
	if c.ContentType != "" {
		if _, _, err := mime.ParseMediaType(c.ContentType); err != nil {
			return invalid("INVALID_CONTENT_TYPE", "content_type", "%q is not a content type", shorten(c.ContentType))
		}
	}
	return nil
}

func checkText(field, text string, most int) error {
	if len(text) > most {
		return tooLarge("FIELD_TOO_LARGE", field, "%s of %d bytes is over the maximum of %d", field, len(text), most)
	}
	if !utf8.ValidString(text) {
		return invalid("INVALID_FIELD", field, "%s must be UTF-8", field)
	}
	return nil
}
