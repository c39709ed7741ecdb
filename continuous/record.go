package continuous

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// Objects of keyspace.SpaceContinuous. Part of the format: docs/format/continuous.md.
const (
	objQueries keyspace.ObjectID = 0  // name → definition
	objNextID  keyspace.ObjectID = 1  // one record: the next query's id
	objDropped keyspace.ObjectID = 2  // query id → nothing: what it has is to be removed
	objStates  keyspace.ObjectID = 3  // query id → how far it is
	objFills   keyspace.ObjectID = 4  // name → definition of a query that fills a metric
	firstID    keyspace.ObjectID = 16 // of queries: keys, start → window
)

func appendObject(dst []byte, db keyspace.DatabaseID, obj keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(dst, db, keyspace.SpaceContinuous, obj)
}

func queryKey(db keyspace.DatabaseID, name string) []byte {
	return enc.AppendString(appendObject(nil, db, objQueries), name)
}

func appendOf(db keyspace.DatabaseID, obj, id keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(nil, db, obj), uint64(id))
}

func within(prefix []byte) txn.IterOptions {
	return txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)}
}

// The versions of definitions. What fills metrics is of the first.
const (
	fillVersion  = 1
	queryVersion = 3
)

// storedQuery is a definition as its record has it.
type storedQuery struct {
	ID         uint64            `json:"id"`
	Channel    string            `json:"channel"`
	Window     string            `json:"window"`
	SizeMS     int64             `json:"size_ms,omitempty"`
	SlideMS    int64             `json:"slide_ms,omitempty"`
	GapMS      int64             `json:"gap_ms,omitempty"`
	Time       string            `json:"time,omitempty"`
	Where      string            `json:"where,omitempty"`
	Filter     *streaming.Filter `json:"filter,omitempty"`
	Keys       []storedColumn    `json:"keys,omitempty"`
	Aggregates []storedColumn    `json:"aggregates"`
	DelayMS    int64             `json:"delay_ms,omitempty"`
	LatenessMS int64             `json:"lateness_ms,omitempty"`
	IdleMS     int64             `json:"idle_ms,omitempty"`
	OnChange   bool              `json:"on_change,omitempty"`
	ToChannel  string            `json:"to_channel,omitempty"`
	ToSchema   string            `json:"to_schema,omitempty"`
	ToTable    string            `json:"to_table,omitempty"`
	View       uint64            `json:"view,omitempty"`
	LateTo     string            `json:"late_to,omitempty"`
	Skip       bool              `json:"skip,omitempty"`
	MaxWindows int               `json:"max_windows"`
	Paused     bool              `json:"paused,omitempty"`
	Created    int64             `json:"created"`
	Forgotten  *int64            `json:"forgotten,omitempty"` // since version 2: in microseconds since 1970

	Computed []storedColumn `json:"computed,omitempty"` // since version 3
	Having   string         `json:"having,omitempty"`   // since version 3
}

type storedColumn struct {
	Name     string `json:"name"`
	Function string `json:"function,omitempty"`
	SQL      string `json:"sql,omitempty"`
	Type     string `json:"type,omitempty"`   // of the values of SQL
	Hidden   bool   `json:"hidden,omitempty"` // since version 3
}

func (q *Query) record() ([]byte, error) {
	st := storedQuery{ID: uint64(q.id), Channel: q.Channel, Window: q.Window.Kind.String(), SizeMS: q.Window.Size.Milliseconds(),
		SlideMS: q.Window.Slide.Milliseconds(), GapMS: q.Window.Gap.Milliseconds(), Time: q.Time, Where: q.Where,
		DelayMS: q.Delay.Milliseconds(), LatenessMS: q.Lateness.Milliseconds(), IdleMS: q.Idle.Milliseconds(), OnChange: q.OnChange,
		ToChannel: q.Output.Channel, ToSchema: q.Output.Schema, ToTable: q.Output.Table, View: uint64(q.Output.View),
		Having: q.Having, LateTo: q.LateTo, Skip: q.SkipFaulty, MaxWindows: q.MaxWindows, Paused: q.Paused, Created: q.Created.UnixNano()}
	if q.filtered() {
		st.Filter = &q.Filter
	}
	if q.forgotten != window.None {
		st.Forgotten = &q.forgotten
	}
	for _, k := range q.Keys {
		st.Keys = append(st.Keys, storedColumn{Name: k.Name, SQL: k.SQL, Type: k.typeName})
	}
	for _, a := range q.Aggregates {
		st.Aggregates = append(st.Aggregates, storedColumn{Name: a.Name, Function: a.Function.String(), SQL: a.SQL, Type: a.typeName, Hidden: a.Hidden})
	}
	for _, k := range q.Computed {
		st.Computed = append(st.Computed, storedColumn{Name: k.Name, SQL: k.SQL})
	}
	b, err := json.Marshal(st)
	return append([]byte{queryVersion}, b...), err
}

// decodeQuery reads the record of a definition, of whichever kind, whose newest version is
// given. What a former one did not have is left as it is in into.
func decodeQuery(name string, v []byte, newest byte, into any) error {
	if len(v) == 0 {
		return errQuery(name, "is empty")
	}
	if v[0] == 0 || v[0] > newest {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a continuous query has version %d, and this program knows those up to %d", v[0], newest)
	}
	if err := json.Unmarshal(v[1:], into); err != nil {
		return errQuery(name, "is malformed")
	}
	return nil
}

func errQuery(name, why string) error {
	return fmt.Errorf("%w: the record of continuous query %q %s", dberr.ErrCorrupt, name, why)
}

func (q *Query) decode(name string, v []byte) error {
	var st storedQuery
	if err := decodeQuery(name, v, queryVersion, &st); err != nil {
		return err
	}
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	kind, ok := window.KindOf(st.Window)
	if !ok || st.ID < uint64(firstID) {
		return errQuery(name, "holds what cannot be")
	}
	*q = Query{version: q.version, Name: name, Channel: st.Channel, Window: window.Spec{Kind: kind, Size: ms(st.SizeMS), Slide: ms(st.SlideMS), Gap: ms(st.GapMS)},
		Time: st.Time, Where: st.Where, Delay: ms(st.DelayMS), Lateness: ms(st.LatenessMS), Idle: ms(st.IdleMS), OnChange: st.OnChange,
		Output: Output{Channel: st.ToChannel, Schema: st.ToSchema, Table: st.ToTable, View: keyspace.ObjectID(st.View)},
		Having: st.Having, LateTo: st.LateTo, SkipFaulty: st.Skip, MaxWindows: st.MaxWindows, Paused: st.Paused, Created: time.Unix(0, st.Created).UTC(), id: keyspace.ObjectID(st.ID), forgotten: window.None}
	if st.Forgotten != nil {
		q.forgotten = *st.Forgotten
	}
	if st.Filter != nil {
		q.Filter = *st.Filter
	}
	for _, k := range st.Keys {
		q.Keys = append(q.Keys, Column{Name: k.Name, SQL: k.SQL, typeName: k.Type})
	}
	for _, a := range st.Aggregates {
		f, ok := window.FunctionOf(a.Function)
		if !ok {
			return errQuery(name, "names a function that is not known")
		}
		q.Aggregates = append(q.Aggregates, Aggregate{Name: a.Name, Function: f, SQL: a.SQL, Hidden: a.Hidden, typeName: a.Type})
	}
	for _, k := range st.Computed {
		q.Computed = append(q.Computed, Column{Name: k.Name, SQL: k.SQL})
	}
	return nil
}

const stateVersion = 1

// state is how far a query is.
type state struct {
	channel   keyspace.ObjectID // whose offset it is
	next      uint64            // the first message that was not read
	watermark int64
	newest    int64 // the greatest time of an event
	read      uint64
	late      uint64
	faulty    uint64 // could not be evaluated, and were skipped
	missed    uint64 // were removed before they were read
	results   uint64
	windows   uint64
	bytes     uint64
	due       bool // windows are to be closed before more is read
}

func (st *state) record() []byte {
	dst := []byte{stateVersion, 0}
	if st.due {
		dst[1] = 1
	}
	for _, v := range []uint64{uint64(st.channel), st.next, st.read, st.late, st.faulty, st.missed, st.results, st.windows, st.bytes} {
		dst = binary.AppendUvarint(dst, v)
	}
	return binary.AppendVarint(binary.AppendVarint(dst, st.watermark), st.newest)
}

func (st *state) decode(v []byte) error {
	bad := fmt.Errorf("%w: the state of a continuous query is malformed", dberr.ErrCorrupt)
	if len(v) < 2 {
		return bad
	}
	if v[0] != stateVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "the state of a continuous query has version %d, and this program knows %d", v[0], stateVersion)
	}
	due := v[1] == 1
	if v[1] > 1 {
		return bad
	}
	v = v[2:]
	var f [9]uint64
	for i := range f {
		n := 0
		if f[i], n = binary.Uvarint(v); n <= 0 {
			return bad
		}
		v = v[n:]
	}
	var g [2]int64
	for i := range g {
		n := 0
		if g[i], n = binary.Varint(v); n <= 0 {
			return bad
		}
		v = v[n:]
	}
	if len(v) != 0 || f[0] > math.MaxInt64 {
		return bad
	}
	*st = state{channel: keyspace.ObjectID(f[0]), next: f[1], read: f[2], late: f[3], faulty: f[4], missed: f[5], results: f[6], windows: f[7], bytes: f[8], watermark: g[0], newest: g[1], due: due}
	return nil
}

// lookup reads a definition; nil where there is none.
func lookup(tx *txn.Tx, db keyspace.DatabaseID, name string) (*Query, error) {
	if name == "" || len(name) > MaxNameBytes {
		return nil, nil
	}
	v, ok, err := tx.Get(queryKey(db, name))
	if err != nil || !ok {
		return nil, err
	}
	q := &Query{}
	return q, q.decode(name, v)
}

// queries reads the definitions of a database, by name.
func queries(tx *txn.Tx, db keyspace.DatabaseID) (list []*Query, err error) {
	prefix := appendObject(nil, db, objQueries)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		name, rest, err := enc.DecodeString(it.Key()[len(prefix):])
		if err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("%w: the key %x of a continuous query is malformed", dberr.ErrCorrupt, it.Key())
		}
		q := &Query{version: it.Timestamp()}
		if err := q.decode(name, it.Value()); err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, it.Err()
}

// readState reads how far a query is.
func readState(tx *txn.Tx, db keyspace.DatabaseID, id keyspace.ObjectID) (st state, err error) {
	v, ok, err := tx.Get(appendOf(db, objStates, id))
	if err == nil && !ok {
		err = fmt.Errorf("%w: a continuous query has no state", dberr.ErrCorrupt)
	}
	if err != nil {
		return st, err
	}
	return st, st.decode(v)
}

// droppedID reads what is behind the prefix of a query that was dropped.
func droppedID(b []byte) (keyspace.ObjectID, error) {
	id, rest, err := enc.DecodeUint(b)
	if err != nil || len(rest) != 0 || id < uint64(firstID) {
		return 0, fmt.Errorf("%w: the key of a dropped continuous query is malformed", dberr.ErrCorrupt)
	}
	return keyspace.ObjectID(id), nil
}
