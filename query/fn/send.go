package fn

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

// The functions that give a value in the binary form in which PostgreSQL's protocol sends
// it.

// serverStart is when the process began.
var serverStart = time.Now()

func registerSend(t *tables) {
	send := func(sig string, form func(d sqltype.Datum) []byte) {
		t.def(sig+" bytea", rowwise(func(c *call) (sqltype.Datum, error) {
			return sqltype.Datum{Str: string(form(c.arg[0]))}, nil
		}))
	}
	two := func(d sqltype.Datum) []byte { return binary.BigEndian.AppendUint16(nil, uint16(d.Int)) }
	four := func(d sqltype.Datum) []byte { return binary.BigEndian.AppendUint32(nil, uint32(d.Int)) }
	eight := func(d sqltype.Datum) []byte { return binary.BigEndian.AppendUint64(nil, uint64(d.Int)) }
	text := func(d sqltype.Datum) []byte { return []byte(d.Str) }
	send("int2send(int2)", two)
	send("int4send(int4)", four)
	send("int8send(int8)", eight)
	send("oidsend(oid)", four)
	send("boolsend(bool)", func(d sqltype.Datum) []byte { return []byte{byte(d.Int)} })
	send("float4send(float4)", func(d sqltype.Datum) []byte {
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(d.Float)))
	})
	send("float8send(float8)", func(d sqltype.Datum) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(d.Float)) })
	send("textsend(text)", text)
	send("varcharsend(varchar)", text)
	send("namesend(name)", text)
	send("byteasend(bytea)", text)
	send("uuid_send(uuid)", text)
	send("json_send(json)", text)
	send("jsonb_send(jsonb)", func(d sqltype.Datum) []byte { return append([]byte{1}, d.Str...) })
	send("date_send(date)", four)
	send("time_send(time)", eight)
	send("timestamp_send(timestamp)", eight)
	send("timestamptz_send(timestamptz)", eight)
	send("interval_send(interval)", func(d sqltype.Datum) []byte {
		b := binary.BigEndian.AppendUint64(nil, uint64(d.Ivl.Micros))
		b = binary.BigEndian.AppendUint32(b, uint32(d.Ivl.Days))
		return binary.BigEndian.AppendUint32(b, uint32(d.Ivl.Months))
	})
	t.defs("pg_postmaster_start_time() timestamptz stable", n0(func(*Env) (int64, error) {
		return sqltype.TimestampFromGo(serverStart), nil
	}), "pg_conf_load_time")
}
