package cdc

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

func under(prefix []byte) []txn.Range {
	return []txn.Range{{Lower: prefix, Upper: keyspace.End(prefix)}}
}

// bucket reads the changes of keys.
type bucket struct {
	store *kv.Store
	b     kv.Bucket
}

func (x *bucket) version() uint64     { return 1 }
func (x *bucket) prefix() []byte      { return x.store.StoreKey(nil, x.b, nil) }
func (x *bucket) ranges() []txn.Range { return under(x.prefix()) }

func (x *bucket) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	var c change
	key := op.Key[len(x.prefix()):]
	before, err := at.Before()
	if err != nil {
		return err
	}
	old, alive, had, err := x.store.EntryTx(before, x.b, key)
	if err != nil {
		return err
	}
	if had && (alive || op.Deleted) {
		c.before, c.expired = appendEntry(nil, &old), !alive
	}
	if !op.Deleted {
		after, err := at.After()
		if err != nil {
			return err
		}
		e, _, _, err := x.store.EntryTx(after, x.b, key)
		if err != nil {
			return err
		}
		c.after = appendEntry(nil, &e)
	}
	c.keyJSON, c.key = bytesJSON(key), textOf(key)
	s.add(&c)
	return nil
}

func (x *bucket) rows(tx *txn.Tx, fn func(c change) error) error {
	w, err := x.store.WalkTx(tx, x.b.Name, kv.Scan{})
	if err != nil {
		return err
	}
	defer w.Close() //nolint:errcheck // it only read
	for w.Next() {
		e := w.Entry()
		if err := fn(change{after: appendEntry(nil, e), keyJSON: bytesJSON(e.Key), key: textOf(e.Key)}); err != nil {
			return err
		}
	}
	return w.Err()
}

// bytesJSON is a text, or an object with what is none in base64.
func bytesJSON(b []byte) []byte {
	if utf8.Valid(b) {
		return sqltype.AppendJSONString(nil, string(b))
	}
	return append(base64.StdEncoding.AppendEncode([]byte(`{"base64":"`), b), `"}`...)
}

func textOf(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func appendEntry(dst []byte, e *kv.Entry) []byte {
	dst = append(append(dst, `{"key":`...), bytesJSON(e.Key)...)
	dst = append(dst, `,"value":`...)
	dst = appendValue(dst, e.Value.JSON, e.Value.Type(), e.Value.Data)
	dst = append(dst, `,"expires_at":`...)
	if e.Expires.IsZero() {
		dst = append(dst, "null"...)
	} else {
		dst = append(e.Expires.UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
	}
	return append(strconv.AppendUint(append(dst, `,"version":"`...), uint64(e.Version), 10), `"}`...)
}

// appendValue appends JSON as it is, text as a string and bytes as base64, and what they
// are.
func appendValue(dst []byte, json bool, typ string, data []byte) []byte {
	if json {
		from := len(dst)
		dst = append(dst, data...)
		oneLine(dst[from:])
		return dst
	}
	if strings.HasPrefix(typ, "text/") && utf8.Valid(data) {
		dst = append(sqltype.AppendJSONString(dst, string(data)), `,"encoding":"text"`...)
	} else {
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), data)
		dst = append(dst, `","encoding":"base64"`...)
	}
	return sqltype.AppendJSONString(append(dst, `,"content_type":`...), typ)
}

// collection reads the changes of documents.
type collection struct {
	store *document.Store
	c     document.Collection
}

func (x *collection) version() uint64     { return 1 }
func (x *collection) prefix() []byte      { return x.store.StoreKey(nil, &x.c, "") }
func (x *collection) ranges() []txn.Range { return under(x.prefix()) }

func (x *collection) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	var c change
	id := string(op.Key[len(x.prefix()):])
	before, err := at.Before()
	if err != nil {
		return err
	}
	old, had, err := x.store.GetTx(before, x.c.Name, id)
	if errors.Is(err, dberr.ErrNotFound) { // the commit made the collection
		had, err = false, nil
	}
	if err != nil {
		return err
	}
	if had {
		c.before = old.Value.AppendJSON(nil)
	}
	if !op.Deleted {
		after, err := at.After()
		if err != nil {
			return err
		}
		d, there, err := x.store.GetTx(after, x.c.Name, id)
		if err != nil || !there {
			return err
		}
		c.after = d.Value.AppendJSON(nil)
	}
	c.keyJSON, c.key = sqltype.AppendJSONString(nil, id), id
	s.add(&c)
	return nil
}

func (x *collection) rows(tx *txn.Tx, fn func(c change) error) error {
	w, err := x.store.WalkTx(tx, x.c.Name, document.Walk{})
	if err != nil {
		return err
	}
	defer w.Close() //nolint:errcheck // it only read
	for w.Next() {
		d := w.Document()
		if err := fn(change{after: d.Value.AppendJSON(nil), keyJSON: sqltype.AppendJSONString(nil, d.ID), key: d.ID}); err != nil {
			return err
		}
	}
	return w.Err()
}

// metric reads what is written to series and removed from them.
type metric struct {
	store *timeseries.Store
	m     *timeseries.Metric
}

func (x *metric) version() uint64     { return uint64(len(x.m.Fields)) }
func (x *metric) ranges() []txn.Range { return x.store.ChangeRanges(x.m) }

func (x *metric) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	before, err := at.Before()
	if err != nil {
		return err
	}
	after, err := at.After()
	if err != nil {
		return err
	}
	found, err := x.store.ChangesOf(before, after, x.m, op)
	for i := range found {
		var c change
		tags := appendTags(nil, found[i].Tags)
		c.key, c.keyJSON = string(tags), tags
		if found[i].Points != nil {
			c.after = appendPoints(nil, &found[i], tags)
		} else {
			c.before = appendSpan(append(append([]byte(`{"tags":`), tags...), ','), &found[i])
		}
		s.add(&c)
	}
	return err
}

func (x *metric) rows(tx *txn.Tx, fn func(c change) error) error {
	return x.store.EachTx(tx, x.m, func(ch *timeseries.Change) error {
		tags := appendTags(nil, ch.Tags)
		return fn(change{after: appendPoints(nil, ch, tags), keyJSON: tags, key: string(tags)})
	})
}

func appendTags(dst []byte, tags []timeseries.Tag) []byte {
	dst = append(dst, '{')
	for i, t := range tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(append(sqltype.AppendJSONString(dst, t.Key), ':'), t.Value)
	}
	return append(dst, '}')
}

// appendPoints appends the points of a field: [nanoseconds since 1970, value] each.
func appendPoints(dst []byte, ch *timeseries.Change, tags []byte) []byte {
	dst = append(append(dst, `{"tags":`...), tags...)
	dst = sqltype.AppendJSONString(append(dst, `,"field":`...), ch.Field)
	dst = append(append(append(dst, `,"type":"`...), ch.Points.Kind.String()...), `","points":[`...)
	p := ch.Points
	for i, t := range p.Times {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendInt(append(dst, '['), t, 10), ',')
		switch p.Kind {
		case block.Float:
			dst = sqltype.AppendJSON(dst, sqltype.TFloat8, sqltype.Datum{Float: p.Floats[i]}, sqltype.JSONOptions{})
		case block.Int:
			dst = strconv.AppendInt(dst, p.Ints[i], 10)
		case block.Bool:
			dst = strconv.AppendBool(dst, p.Bools[i])
		default:
			dst = sqltype.AppendJSONString(dst, p.Texts[i])
		}
		dst = append(dst, ']')
	}
	return append(dst, "]}"...)
}

// appendSpan appends what a removal is of; null is without bound.
func appendSpan(dst []byte, ch *timeseries.Change) []byte {
	dst = append(dst, `"field":`...)
	if ch.Field == "" {
		dst = append(dst, "null"...)
	} else {
		dst = sqltype.AppendJSONString(dst, ch.Field)
	}
	for _, end := range []struct {
		name string
		at   int64
		open bool
	}{{`,"from":`, ch.From, ch.From == math.MinInt64}, {`,"to":`, ch.To, ch.To == math.MaxInt64}} {
		if dst = append(dst, end.name...); end.open {
			dst = append(dst, "null"...)
		} else {
			dst = strconv.AppendInt(dst, end.at, 10)
		}
	}
	return append(dst, '}')
}

// channel reads what is published to a channel and removed from it.
type channel struct {
	store *streaming.Store
	c     streaming.Channel
}

func (x *channel) version() uint64     { return 1 }
func (x *channel) ranges() []txn.Range { return []txn.Range{x.store.Messages(&x.c)} }

func (x *channel) changes(s *scratch, at *streaming.Moment, op *txn.Op) error {
	var c change
	before, err := at.Before()
	if err != nil {
		return err
	}
	old, had, err := before.Get(op.Key)
	if err != nil {
		return err
	}
	for _, side := range []struct {
		there  bool
		record []byte
		into   *[]byte
	}{{had, old, &c.before}, {!op.Deleted, op.Value, &c.after}} {
		if !side.there {
			continue
		}
		m, err := x.c.MessageOf(op.Key, side.record, at.Timestamp())
		if err != nil {
			return err
		}
		if m != nil {
			*side.into = appendMessage(nil, m)
			c.key, c.keyJSON = strconv.FormatUint(m.Offset, 10), strconv.AppendUint(nil, m.Offset, 10)
		}
	}
	s.add(&c)
	return nil
}

func (x *channel) rows(tx *txn.Tx, fn func(c change) error) error {
	return x.store.EachTx(tx, &x.c, func(m *streaming.Message) error {
		return fn(change{after: appendMessage(nil, m), key: strconv.FormatUint(m.Offset, 10), keyJSON: strconv.AppendUint(nil, m.Offset, 10)})
	})
}

func appendMessage(dst []byte, m *streaming.Message) []byte {
	dst = strconv.AppendUint(append(dst, `{"offset":`...), m.Offset, 10)
	dst = sqltype.AppendJSONString(append(dst, `,"event_type":`...), m.Type)
	dst = sqltype.AppendJSONString(append(dst, `,"source":`...), m.Source)
	if dst = append(dst, `,"key":`...); m.Key == "" {
		dst = append(dst, "null"...)
	} else {
		dst = sqltype.AppendJSONString(dst, m.Key)
	}
	dst = append(dst, `,"headers":{`...)
	for i, h := range m.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = sqltype.AppendJSONString(append(sqltype.AppendJSONString(dst, h.Name), ':'), h.Value)
	}
	return append(appendValue(append(dst, `},"data":`...), m.JSON, m.MediaType(), m.Data), '}')
}
