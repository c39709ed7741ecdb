package streamtable

import (
	"context"
	"encoding/json"
	"maps"
	"mime"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// writer publishes rows to a channel.
type writer struct {
	store *streaming.Store
	tx    *txn.Tx
	name  string
}

// Writer implements source.Source.
func (s *Source) Writer(_ context.Context, tx *txn.Tx, t *catalog.Table) (source.Writer, error) {
	return &writer{store: s.channels.In(t.DB), tx: tx, name: t.External.Object}, nil
}

// Find implements source.Writer: a row that is written has no offset yet.
func (w *writer) Find([]sqltype.Datum) ([]sqltype.Datum, error) { return nil, nil }

// Insert implements source.Writer.
func (w *writer) Insert(row []sqltype.Datum) ([]sqltype.Datum, error) {
	c, err := contentOf(row)
	if err != nil {
		return nil, err
	}
	if _, err := w.store.PublishTx(w.tx, w.name, c); err != nil {
		return nil, source.Fail(err)
	}
	var out [numCols]sqltype.Datum
	err = fill(&out, &streaming.Message{Content: c}, true)
	return append([]sqltype.Datum(nil), out[:]...), err
}

func errFixed(what string) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "the messages of a channel cannot be %s", what).
		WithHint("Publish another message; retention (PATCH /api/v1/streaming/channels/:channel) removes old ones.")
}

// Update implements source.Writer.
func (w *writer) Update(_, _ []sqltype.Datum, _ []bool) ([]sqltype.Datum, error) {
	return nil, errFixed("changed")
}

// Delete implements source.Writer.
func (w *writer) Delete([]sqltype.Datum) error { return errFixed("deleted") }

// contentOf reads a row that is written.
func contentOf(row []sqltype.Datum) (c streaming.Content, err error) {
	c = streaming.Content{Key: row[colKey].Str, Type: row[colType].Str, Source: row[colSource].Str}
	data, raw, typ := row[colData], row[colRaw], row[colContentType]
	switch {
	case !data.Null && !raw.Null:
		return c, dberr.SQL(dberr.StateCheckViolation, "a message has both data and raw").WithField("raw").
			WithHint("A message is JSON, in data, or bytes, in raw.")
	case !raw.Null:
		c.Data = []byte(raw.Str)
		if !typ.Null {
			if name, _, err := mime.ParseMediaType(typ.Str); err == nil && name == "application/json" {
				c.JSON = true
			} else {
				c.ContentType = typ.Str
			}
		}
	default:
		if c.JSON, c.Data = true, []byte("null"); !data.Null {
			c.Data = []byte(data.Str)
		}
		if name, _, err := mime.ParseMediaType(typ.Str); !typ.Null && (err != nil || name != "application/json") {
			return c, dberr.SQL(dberr.StateCheckViolation, "the content type of JSON is application/json, not %q", typ.Str).WithField("content_type").
				WithHint("Put bytes of another content type into raw.")
		}
	}
	if row[colHeaders].Null {
		return c, nil
	}
	c.Headers, err = headersOf(row[colHeaders].Str)
	return c, err
}

// headersOf reads an object of texts, in the order of its names.
func headersOf(text string) (list []streaming.Header, err error) {
	var m map[string]*string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, dberr.SQL(dberr.StateCheckViolation, "headers must be an object of texts, not %s", text[:min(len(text), 64)]).WithField("headers")
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if m[name] == nil {
			return nil, dberr.SQL(dberr.StateCheckViolation, "the header %q is null, want a text", name).WithField("headers")
		}
		list = append(list, streaming.Header{Name: name, Value: *m[name]})
	}
	return list, nil
}
