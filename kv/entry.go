package kv

import (
	"bytes"
	"encoding/json"
	"mime"
	"time"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
)

// Value is what a key has: JSON text, or bytes of some content type.
type Value struct {
	Data []byte
	JSON bool
	// ContentType of bytes; empty means application/octet-stream. JSON has none.
	ContentType string

	parsed bool // Data is known to be JSON
}

// JSON returns a value of JSON text, which is kept as it is.
func JSON(text []byte) Value { return Value{Data: text, JSON: true} }

// ParsedJSON is JSON for who has parsed the text and found it to be JSON in UTF-8, so that
// it is not looked at again.
func ParsedJSON(text []byte) Value { return Value{Data: text, JSON: true, parsed: true} }

// Raw returns a value of bytes.
func Raw(b []byte) Value { return Value{Data: b} }

// Type is the media type of the value.
func (v Value) Type() string {
	switch {
	case v.JSON:
		return "application/json"
	case v.ContentType == "":
		return "application/octet-stream"
	}
	return v.ContentType
}

// Equal says whether two values are the same bytes of the same kind.
func (v Value) Equal(o Value) bool {
	return v.JSON == o.JSON && bytes.Equal(v.Data, o.Data)
}

// check holds a value against the limits.
func (v Value) check() error {
	if len(v.Data) > MaxValueBytes {
		return dberr.New(dberr.ErrTooLarge, "VALUE_TOO_LARGE", "a value of %d bytes is over the maximum of %d", len(v.Data), MaxValueBytes).WithField("value")
	}
	if v.JSON {
		if v.ContentType != "" {
			return invalid("INVALID_CONTENT_TYPE", "content_type", "a JSON value has no content type of its own, but %q was given", v.ContentType)
		}
		if !v.parsed && (!json.Valid(v.Data) || !utf8.Valid(v.Data)) {
			return invalid("INVALID_JSON", "value", "the value is not JSON")
		}
		return nil
	}
	if len(v.ContentType) > MaxContentTypeBytes {
		return invalid("INVALID_CONTENT_TYPE", "content_type", "a content type of %d bytes is over the maximum of %d", len(v.ContentType), MaxContentTypeBytes)
	}
	if v.ContentType != "" {
		if _, _, err := mime.ParseMediaType(v.ContentType); err != nil {
			return invalid("INVALID_CONTENT_TYPE", "content_type", "%q is not a content type", v.ContentType)
		}
	}
	return nil
}

// Entry is a key as a transaction sees it.
type Entry struct {
	Key   []byte
	Value Value // Data is nil where only keys were asked for
	Size  int   // of Value.Data, also where that is nil
	// Stored is how many bytes are stored for the value, and Compression what made them
	// of it: that of the bucket, where it made the value shorter.
	Stored      int
	Compression compress.Algorithm
	// Version is the timestamp of the commit that wrote the entry. It is 0 where the
	// transaction itself did, before its commit.
	Version txn.Timestamp
	Created time.Time // zero where the transaction itself created it
	Updated time.Time
	Expires time.Time // zero: never
}

// TTL is how long the entry has to live at an instant, and whether it ends at all.
func (e *Entry) TTL(at time.Time) (left time.Duration, ends bool) {
	if e.Expires.IsZero() {
		return 0, false
	}
	return max(e.Expires.Sub(at), 0), true
}

// fill sets everything but key and value from a record and its version.
func (e *Entry) fill(r *record, version txn.Timestamp) {
	e.Size, e.Stored, e.Compression, e.Version = r.size, r.stored, r.algorithm, version
	e.Value.JSON, e.Value.ContentType = r.json(), r.contentType
	if version != 0 {
		e.Updated = version.Time()
		e.Created = e.Updated
	}
	if r.created != 0 {
		e.Created = time.Unix(0, r.created).UTC()
	}
	if r.expires != 0 {
		e.Expires = time.Unix(0, r.expires).UTC()
	}
}

// committed completes an entry that a transaction wrote with the timestamp of its commit.
func (e *Entry) committed(ts txn.Timestamp) {
	if e.Version != 0 || ts == 0 {
		return
	}
	e.Version, e.Updated = ts, ts.Time()
	if e.Created.IsZero() {
		e.Created = e.Updated
	}
}

// own gives the entry memory of its own, so that it outlives the transaction.
func (e *Entry) own() {
	e.Key = bytes.Clone(e.Key)
	e.Value.Data = bytes.Clone(e.Value.Data)
}

// checkKey holds a key against the limits.
func checkKey(key []byte) error {
	if len(key) == 0 {
		return invalid("EMPTY_KEY", "key", "a key must have at least one byte")
	}
	if len(key) > MaxKeyBytes {
		return dberr.New(dberr.ErrTooLarge, "KEY_TOO_LARGE", "a key of %d bytes is over the maximum of %d", len(key), MaxKeyBytes).WithField("key")
	}
	return nil
}
