package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// frame is an operation on a WebSocket.
type frame struct {
	op, id         string
	channel, group string
	member         string
	from           streaming.Start
	filter         streaming.Filter
	ackIDs         []string
	delay          time.Duration
	max            int
	publish        publishInput
}

// frameOp says what an operation takes, what one needs a ticket for, and does it.
type frameOp struct {
	fields []string
	needs  string
	do     func(k *socket, f *frame) ([]byte, error)
}

var frameOps map[string]*frameOp

func init() { // they name one another's types
	frameOps = map[string]*frameOp{
		"subscribe":   {append([]string{"channel", "from", "time"}, filterFields...), "subscribe", (*socket).subscribe},
		"unsubscribe": {nil, "", (*socket).unsubscribe},
		"publish":     {nil, "publish", (*socket).publish},
		"consume":     {[]string{"channel", "group", "member", "max_in_flight"}, "consume", (*socket).consume},
		"ack":         {[]string{"channel", "group", "ack_ids"}, "consume", (*socket).settle},
		"nack":        {[]string{"channel", "group", "ack_ids", "delay_ms"}, "consume", (*socket).settle},
		"extend":      {[]string{"channel", "group", "ack_ids", "delay_ms"}, "consume", (*socket).settle},
		"ping":        {nil, "", func(_ *socket, f *frame) ([]byte, error) { return f.answer("pong"), nil }},
	}
}

var opNames = []string{"subscribe", "unsubscribe", "publish", "consume", "ack", "nack", "extend", "ping"}

// operation does what a frame asks for, and returns the answer.
func (k *socket) operation(b []byte) []byte {
	f := frame{op: gjson.GetBytes(b, "op").String(), id: gjson.GetBytes(b, "id").String()}
	out, err := k.perform(&f, b)
	if err != nil {
		return f.failed("error", k.x.describe(err).AppendJSON(nil))
	}
	return out
}

// perform holds a frame against what its operation takes, and does it.
func (k *socket) perform(f *frame, b []byte) ([]byte, error) {
	op := frameOps[f.op]
	if op == nil {
		if err := f.decode(b, &frameOp{}); err != nil && f.op == "" {
			return nil, err
		}
		return nil, invalid("INVALID_FIELD", `field "op" is %q, want one of %v`, shorten(f.op, 40), opNames).WithField("op")
	}
	f.channel = k.channel
	var err error
	if f.op == "publish" {
		if err = f.publish.decodeWith(b, []string{"op", "id"}, f.field); f.publish.channel != "" {
			f.channel = f.publish.channel
		}
	} else {
		err = f.decode(b, op)
	}
	if err != nil {
		return nil, err
	}
	k.resolveMember(f)
	if isField("channel", op.fields) || f.op == "publish" {
		if f.channel == "" {
			return nil, invalid("MISSING_FIELD", `the frame needs the field "channel"`).WithField("channel")
		}
		if err := k.ticket.allows(op.needs, f.channel); err != nil {
			return nil, err
		}
	}
	return op.do(k, f)
}

// decode reads the fields of a frame.
func (f *frame) decode(b []byte, op *frameOp) error {
	known := append([]string{"op", "id"}, op.fields...)
	var sc jsonin.Scanner
	sc.Reset(b)
	err := sc.Object(func(name []byte) error {
		field := string(name)
		if !isField(field, known) {
			return jsonin.UnknownField(field, known)
		}
		return f.field(&sc, field)
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

func (f *frame) field(sc *jsonin.Scanner, field string) (err error) {
	var n int64
	switch field {
	case "op", "id":
		_, err = sc.StrField(field) // they are known
	case "channel":
		f.channel, err = sc.StrField(field)
	case "group":
		f.group, err = sc.StrField(field)
	case "member":
		f.member, err = sc.StrField(field)
	case "from", "time":
		f.from, err = fromField(sc, field)
	case "ack_ids":
		f.ackIDs, err = textsField(sc, field)
	case "delay_ms":
		n, err = sc.IntField(field, 0, streaming.MaxAckWait.Milliseconds())
		f.delay = time.Duration(n) * time.Millisecond
	case "max_in_flight":
		n, err = sc.IntField(field, 1, streaming.MaxInFlight)
		f.max = int(n)
	default:
		err = filterField(sc, field, &f.filter)
	}
	return err
}

// fromField reads where to begin: earliest, latest, an offset or a time.
func fromField(sc *jsonin.Scanner, field string) (streaming.Start, error) {
	raw, err := sc.Raw()
	if err != nil {
		return streaming.Start{}, err
	}
	text := string(raw)
	if len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	return parseStart(map[string][]string{field: {text}})
}

// open begins the answer of an operation.
func (f *frame) open(kind string) []byte {
	out := append(append([]byte(`{"type":"`), kind...), '"')
	if f.id != "" {
		out = sqltype.AppendJSONString(append(out, `,"id":`...), f.id)
	}
	return out
}

func (f *frame) answer(kind string) []byte { return append(f.open(kind), '}') }

// failed is a frame that tells of a failure.
func (f *frame) failed(kind string, problem []byte) []byte {
	return append(append(append(f.open(kind), `,"error":`...), problem...), '}')
}

func (k *socket) store(channel string, create bool) (*streaming.Store, error) {
	db, err := k.s.db(k.x)
	if err != nil {
		return nil, err
	}
	database := k.database
	if database == "" {
		database = feedDatabase(channel)
	}
	return db.Streaming(k.ctx, database, create)
}

func (k *socket) publish(f *frame) ([]byte, error) {
	in := &f.publish
	if in.channel = f.channel; in.database != "" && in.database != k.database {
		return nil, invalid("INVALID_FIELD", `field "database" is %q, and the socket is of another`, shorten(in.database, 40)).WithField("database")
	}
	store, err := k.store(f.channel, true)
	if err != nil {
		return nil, err
	}
	receipts, err := store.Publish(k.ctx, in.channel, in.many...)
	if err != nil {
		return nil, err
	}
	answer := appendReceipts(nil, in, receipts, store.Subscribers(in.channel))
	return append(append(f.open("published"), ','), answer[1:len(answer)-1]...), nil // without its brace and its line end
}

func (k *socket) subscribe(f *frame) ([]byte, error) {
	store, err := k.store(f.channel, false)
	if err != nil {
		return nil, err
	}
	sub, err := store.Subscribe(k.ctx, f.channel, streaming.SubscribeOptions{From: f.from, Filter: f.filter})
	if err != nil {
		return nil, err
	}
	id := f.id
	if id == "" {
		id = f.channel
	}
	if err := k.begin(id, &socketStream{}, func(ctx context.Context) { k.follow(ctx, id, sub) }); err != nil {
		sub.Close()
		return nil, err
	}
	return nil, nil // the stream says so itself
}

func (k *socket) unsubscribe(f *frame) ([]byte, error) {
	k.mu.Lock()
	st := k.mu.streams[f.id]
	delete(k.mu.streams, f.id)
	k.mu.Unlock()
	if st == nil {
		return nil, dberr.New(dberr.ErrNotFound, "SUBSCRIPTION_NOT_FOUND", "this socket has no subscription %q", shorten(f.id, 40)).WithField("id")
	}
	st.cancel(nil)
	return f.answer("unsubscribed"), nil
}

// follow sends the messages of a subscription.
func (k *socket) follow(ctx context.Context, id string, sub *streaming.Subscription) {
	defer sub.Close()
	f := frame{id: id}
	if k.deliver(append(append(f.open("subscribed"), ','), appendNext(nil, sub.Position())[1:]...)) != nil {
		return
	}
	for {
		d, waited, err := nextLive(ctx, sub)
		switch {
		case err != nil:
			k.endStream(ctx, &f, err)
			return
		case waited:
			err = k.beat()
		default:
			err = k.messages(&f, &d)
		}
		if err != nil {
			return
		}
	}
}

// endStream tells why a stream ended, unless the client knows.
func (k *socket) endStream(ctx context.Context, f *frame, err error) {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errStreamEnds):
		err = cause
	case ctx.Err() != nil:
		return
	}
	k.deliver(f.failed("end", k.x.describe(err).AppendJSON(nil))) //nolint:errcheck // it is over in any case
}

// messages sends a delivery, in frames of bounded size.
func (k *socket) messages(f *frame, d *streaming.Delivery) error {
	if d.Gap != (streaming.Gap{}) {
		if err := k.deliver(append(append(f.open("gap"), ','), appendGap(nil, d.Gap)[1:]...)); err != nil {
			return err
		}
	}
	var out []byte
	for i, m := range d.Messages {
		if out == nil {
			out = append(f.open("messages"), `,"messages":[`...)
		} else {
			out = append(out, ',')
		}
		out = appendMessage(out, m)
		if last := i == len(d.Messages)-1; last || len(out) >= socketFrame {
			next := m.Offset + 1
			if last || m.Offset == 0 { // of a snapshot
				next = d.Next
			}
			out = append(strconv.AppendUint(append(out, `],"next_offset":`...), next, 10), '}')
			if err := k.deliver(out); err != nil {
				return err
			}
			out = nil
		}
	}
	return nil
}
