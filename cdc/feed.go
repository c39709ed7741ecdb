package cdc

import (
	"bytes"
	"strconv"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// change is what a write did to an object.
type change struct {
	op            string
	key           string // of the message, empty for none
	keyJSON       []byte // nil: null
	before, after []byte // JSON; nil: null
	expired       bool   // it was removed since its time was over
}

// The changes.
const (
	opInsert   = "insert"
	opUpdate   = "update"
	opDelete   = "delete"
	opRead     = "read"     // of a snapshot
	opTruncate = "truncate" // all that was there is gone; rows that follow are all there is
	opSchema   = "schema"   // the columns of a table are others; no row has changed
)

// scratch is the memory in which the changes of a commit are gathered before they are
// messages.
type scratch struct {
	list []change
	buf  []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch is the memory that is kept for the next commit, in bytes and in changes.
const maxScratch, maxScratchChanges = 64 << 10, 1 << 10

func (s *scratch) free() {
	if cap(s.buf) > maxScratch || cap(s.list) > maxScratchChanges {
		return
	}
	clear(s.list)
	s.list, s.buf = s.list[:0], s.buf[:0]
	scratches.Put(s)
}

// add takes in a change, if it is one.
func (s *scratch) add(c *change) {
	if c.settle() {
		s.list = append(s.list, *c)
	}
}

// piece returns what was appended to the memory, which buf is now, nil for nothing.
func (s *scratch) piece(buf []byte, err error) ([]byte, error) {
	at := len(s.buf)
	if err != nil || len(buf) == at {
		return nil, err
	}
	s.buf = buf
	return buf[at:len(buf):len(buf)], nil
}

// settle names a change by what there was before and after; false where that is nothing.
func (c *change) settle() bool {
	switch {
	case c.before == nil && c.after == nil:
		return false
	case c.before == nil:
		c.op = opInsert
	case c.after == nil:
		c.op = opDelete
	default:
		c.op = opUpdate
	}
	return true
}

// Database implements streaming.Feed.
func (o *object) Database() keyspace.DatabaseID { return o.db.ID }

// Object implements streaming.Feed.
func (o *object) Object() keyspace.ObjectID {
	return streaming.FirstFeed | keyspace.ObjectID(o.kind)<<56 | o.id
}

// definition is the key under which the object is defined.
func (o *object) definition() []byte {
	switch o.kind {
	case kindBucket:
		return o.s.kv.In(o.db.ID).DefinitionKey(o.name)
	case kindCollection:
		return o.s.docs.In(o.db.ID).DefinitionKey(o.name)
	case kindMetric:
		return o.s.series.In(o.db.ID).DefinitionKey(o.name)
	case kindChannel:
		return o.s.channels.In(o.db.ID).DefinitionKey(o.name)
	}
	return catalog.TableKey(o.db.ID, o.id)
}

// Ranges implements streaming.Feed.
func (o *object) Ranges() []txn.Range {
	list := []txn.Range{{Lower: o.key, Upper: append(bytes.Clone(o.key), 0)}}
	if o.model != nil {
		list = append(list, o.model.ranges()...)
	}
	return list
}

// At implements streaming.Feed.
func (o *object) At(tx *txn.Tx) (streaming.Feed, error) {
	past := *o
	past.turned, past.before = 0, nil
	m, id, err := o.look(tx)
	if err != nil {
		return nil, err
	}
	if past.model = m; id != o.id { // the name stood for another, or nothing
		past.model = nil
	}
	return &past, nil
}

// Messages implements streaming.Feed.
func (o *object) Messages(dst []*streaming.Message, at *streaming.Moment, set *txn.ChangeSet) ([]*streaming.Message, streaming.Feed, error) {
	ops := set.Ops
	if len(ops) > 0 && bytes.Equal(ops[0].Key, o.key) {
		ops = ops[1:]
		if o.turned != set.Timestamp {
			after, err := at.After()
			if err != nil {
				return dst, nil, err
			}
			next, err := o.turn(after, set.Timestamp)
			return dst, next, err
		}
	}
	s := scratches.Get().(*scratch) //nolint:forcetypeassert // nothing else is in it
	defer s.free()
	if o.turned == set.Timestamp {
		if c, ok := o.turnedTo(); ok {
			s.list = append(s.list, c)
		}
	}
	for i := range ops {
		if o.model == nil {
			break
		}
		if err := o.model.changes(s, at, &ops[i]); err != nil {
			return dst, nil, err
		}
	}
	var text [20]byte
	stamp := strconv.AppendUint(text[:0], uint64(set.Timestamp), 10)
	for i := range s.list {
		c := &s.list[i]
		m := at.Message(o.room(c, len(s.list)))
		o.fill(m, c, stamp, i+1, len(s.list))
		dst = append(dst, m)
	}
	return dst, nil, nil
}

// turn is the feed from the commit on that wrote the definition, which after sees.
func (o *object) turn(after *txn.Tx, at txn.Timestamp) (streaming.Feed, error) {
	m, id, err := o.look(after)
	if err != nil {
		return nil, err
	}
	next := *o
	next.turned, next.before = at, nil
	switch {
	case m != nil && id == o.id:
		next.model, next.before = m, o.model
	case o.model != nil:
		return nil, streaming.Dropped(streaming.FeedPrefix + o.db.Name + "." + o.schema + "." + o.name)
	}
	if t, ok := m.(*table); ok {
		next.schema, next.name = t.t.Schema, t.t.Name
	}
	return next.ready(), nil
}

// turnedTo is the change that a new definition is by itself, of tables.
func (o *object) turnedTo() (c change, ok bool) {
	now, is := o.model.(*table)
	was, had := o.before.(*table)
	if !is || !had {
		return c, false
	}
	switch {
	case now.t.Indexes[0].ID != was.t.Indexes[0].ID:
		c.op = opTruncate
	case !now.sameColumns(was):
		c.op = opSchema
	default:
		return c, false
	}
	if !now.sameColumns(was) {
		c.before, c.after = was.columns(), now.columns()
	}
	return c, true
}

// Rows implements streaming.Feed.
func (o *object) Rows(tx *txn.Tx, fn func(m *streaming.Message) error) error {
	if o.model == nil {
		return nil
	}
	stamp := strconv.AppendUint(nil, uint64(tx.ReadTimestamp()), 10)
	return o.model.rows(tx, func(c change) error {
		c.op = opRead
		m := &streaming.Message{Content: streaming.Content{Data: make([]byte, 0, o.room(&c, 0))}}
		o.fill(m, &c, stamp, 0, 0)
		return fn(m)
	})
}

// ready prepares what all messages of the object have, of its name.
func (o *object) ready() *object {
	o.key, o.source = o.definition(), o.schema+"."+o.name
	b := sqltype.AppendJSONString([]byte(`","source":{"database":`), o.db.Name)
	b = append(append(b, `,"kind":"`...), o.noun...)
	b = sqltype.AppendJSONString(append(b, `","schema":`...), o.schema)
	b = sqltype.AppendJSONString(append(b, `,"table":`...), o.name)
	o.head = append(b, `},"key":`...)
	return o
}

// room is what the data of the message of a change, one of so many, take: beside what is
// counted 145 bytes around five numbers.
func (o *object) room(c *change, of int) int {
	numbers := 3*20 + 2
	if of > 9 {
		numbers += 2 * 19
	}
	return 145 + numbers + len(o.head) + len(c.keyJSON) + len(c.before) + len(c.after)
}

// fill makes m, whose data have room, the message of a change, the nth of those that its
// commit has here.
func (o *object) fill(m *streaming.Message, c *change, at []byte, nth, of int) {
	b := append(m.Data, `{"op":"`...)
	b = append(append(b, c.op...), o.head...)
	b = orNull(b, c.keyJSON)
	b = orNull(append(b, `,"before":`...), c.before)
	b = orNull(append(b, `,"after":`...), c.after)
	if c.expired {
		b = append(b, `,"expired":true`...)
	}
	b = append(append(b, `,"commit_timestamp":"`...), at...)
	if of > 0 {
		b = append(append(b, `","transaction":{"id":"`...), at...)
		b = strconv.AppendInt(append(b, `","event":`...), int64(nth), 10)
		b = append(strconv.AppendInt(append(b, `,"events":`...), int64(of), 10), '}')
	} else {
		b = append(b, '"')
	}
	version := uint64(0)
	if o.model != nil {
		version = o.model.version()
	}
	b = append(strconv.AppendUint(append(b, `,"schema_version":`...), version, 10), '}')
	m.Key, m.Type, m.Source, m.JSON, m.Data = c.key, c.op, o.source, true, b
}

func orNull(dst, json []byte) []byte {
	if json == nil {
		return append(dst, "null"...)
	}
	return append(dst, json...)
}

// oneLine takes line breaks out of JSON text, which can only be white space between
// tokens.
func oneLine(json []byte) []byte {
	for i, c := range json {
		if c == '\n' || c == '\r' {
			json[i] = ' '
		}
	}
	return json
}
