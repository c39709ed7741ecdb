package fn

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/weftdb/weft/query/sqltype"
)

func micros(t time.Time) int64 { return sqltype.TimestampFromGo(t) }

// localNow is the start of the transaction as clocks in the session's zone show it.
func localNow(env *Env) int64 { return sqltype.FromUTC(location(env.types()), micros(env.Now)) }

func dayOf(us int64) (days, rest int64) {
	days, rest = us/sqltype.MicrosPerDay, us%sqltype.MicrosPerDay
	if rest < 0 {
		days, rest = days-1, rest+sqltype.MicrosPerDay
	}
	return days, rest
}

// newUUID returns a random (version 4) UUID as 16 bytes.
func newUUID(*Env) (string, error) {
	u, err := uuid.NewRandom()
	return string(u[:]), err
}

// newUUIDv7 returns a UUID that begins with the time, so that keys made later sort later.
func newUUIDv7(*Env) (string, error) {
	u, err := uuid.NewV7()
	return string(u[:]), err
}

func uuidTime(u string) (int64, error) {
	switch u[6] >> 4 {
	case 7:
		ms := binary.BigEndian.Uint64([]byte("\x00\x00" + u[:6]))
		return micros(time.UnixMilli(int64(ms))), nil
	case 1:
		sec, nsec := uuid.UUID([]byte(u)).Time().UnixTime()
		return micros(time.Unix(sec, nsec)), nil
	}
	return 0, errNull
}

func uuidVersion(u string) (int64, error) {
	if u[8]>>6 != 2 {
		return 0, errNull
	}
	return int64(u[6] >> 4), nil
}

func registerClock(t *tables) {
	now := n0(func(env *Env) (int64, error) { return micros(env.Now), nil })
	t.defs("now() timestamptz stable", now, "current_timestamp", "transaction_timestamp")
	t.def("statement_timestamp() timestamptz stable", n0(func(env *Env) (int64, error) { return micros(env.Statement), nil }))
	t.def("clock_timestamp() timestamptz volatile", n0(func(*Env) (int64, error) { return micros(time.Now()), nil }))
	t.def("localtimestamp() timestamp stable", n0(func(env *Env) (int64, error) { return localNow(env), nil }))
	t.def("current_date() date stable", n0(func(env *Env) (int64, error) { d, _ := dayOf(localNow(env)); return d, nil }))
	t.def("localtime() time stable", n0(func(env *Env) (int64, error) { _, r := dayOf(localNow(env)); return r, nil }))
	t.def("current_time() timetz stable", n0(func(env *Env) (any, error) {
		_, r := dayOf(localNow(env))
		return sqltype.TimeTZValue{Micros: r, OffsetSec: int32((localNow(env) - micros(env.Now)) / sqltype.MicrosPerSecond)}, nil
	}))
	t.def("timeofday() text volatile", n0(func(env *Env) (string, error) {
		return time.Now().In(location(env.types())).Format("Mon Jan 02 15:04:05.000000 2006 MST"), nil
	}))
	t.defs("gen_random_uuid() uuid volatile", n0(newUUID), "uuidv4")
	t.def("uuidv7() uuid volatile", n0(newUUIDv7))
	t.def("uuid_extract_timestamp(uuid) timestamptz", e1(uuidTime))
	t.def("uuid_extract_version(uuid) int2", e1(uuidVersion))
	t.def("gen_random_bytes(int4) bytea volatile", e1(func(n int64) (string, error) {
		if n < 1 || n > 1024 {
			return "", errParam("Length not in range")
		}
		b := make([]byte, n)
		if _, err := rand.Read(b); err != nil {
			return "", err
		}
		return string(b), nil
	}))
}
