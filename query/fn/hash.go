package fn

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

// The functions behind PostgreSQL's hash operator classes, which applications call for keys
// of locks and to spread rows over shards: Bob Jenkins' lookup3 with PostgreSQL's beginning.

type jenkins struct{ a, b, c uint32 }

func newJenkins(length int, seed uint64) jenkins {
	start := 0x9e3779b9 + uint32(length) + 3923095
	j := jenkins{start, start, start}
	if seed != 0 {
		j.a += uint32(seed >> 32)
		j.b += uint32(seed)
		j.mix()
	}
	return j
}

func (j *jenkins) mix() {
	for _, r := range [2][3]int{{4, 6, 8}, {16, 19, 4}} {
		j.a = (j.a - j.c) ^ bits.RotateLeft32(j.c, r[0])
		j.c += j.b
		j.b = (j.b - j.a) ^ bits.RotateLeft32(j.a, r[1])
		j.a += j.c
		j.c = (j.c - j.b) ^ bits.RotateLeft32(j.b, r[2])
		j.b += j.a
	}
}

func (j *jenkins) final() uint64 {
	turn := func(x *uint32, y uint32, n int) { *x = (*x ^ y) - bits.RotateLeft32(y, n) }
	turn(&j.c, j.b, 14)
	turn(&j.a, j.c, 11)
	turn(&j.b, j.a, 25)
	turn(&j.c, j.b, 16)
	turn(&j.a, j.c, 4)
	turn(&j.b, j.a, 14)
	turn(&j.c, j.b, 24)
	return uint64(j.b)<<32 | uint64(j.c)
}

func hashBytes(k string, seed uint64) uint64 {
	j := newJenkins(len(k), seed)
	for len(k) >= 12 {
		j.a += binary.LittleEndian.Uint32([]byte(k[:4]))
		j.b += binary.LittleEndian.Uint32([]byte(k[4:8]))
		j.c += binary.LittleEndian.Uint32([]byte(k[8:12]))
		j.mix()
		k = k[12:]
	}
	for i := range len(k) { // the lowest byte of c is that of the length
		switch {
		case i < 4:
			j.a += uint32(k[i]) << (8 * i)
		case i < 8:
			j.b += uint32(k[i]) << (8 * (i - 4))
		default:
			j.c += uint32(k[i]) << (8 * (i - 7))
		}
	}
	return j.final()
}

func hashWord(n uint32, seed uint64) uint64 {
	j := newJenkins(4, seed)
	j.a += n
	return j.final()
}

// hashLong hashes an integer so that it has the hash of an equal one of fewer bits.
func hashLong(n int64, seed uint64) uint64 {
	low, high := uint32(n), uint32(n>>32)
	if n < 0 {
		high = ^high
	}
	return hashWord(low^high, seed)
}

func hashFloat(f float64, seed uint64) uint64 {
	if f == 0 { // negative zero is equal to it
		return seed
	}
	if f != f {
		f = math.Float64frombits(0x7ff8000000000000)
	}
	return hashBytes(string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))), seed)
}

// hashes defines name(typ) of 32 bits, and extended(typ, seed) of 64.
func hashes[A any](t *tables, name, extended, typ string, hash func(v A, seed uint64) uint64) {
	t.def(name+"("+typ+") int4", e1(func(v A) (int64, error) { return int64(int32(hash(v, 0))), nil }))
	t.def(extended+"("+typ+",int8) int8", e2(func(v A, seed int64) (int64, error) { return int64(hash(v, uint64(seed))), nil }))
}

func registerHashes(t *tables) {
	word := func(n int64, seed uint64) uint64 { return hashWord(uint32(n), seed) }
	hashes(t, "hashint2", "hashint2extended", "int2", word)
	hashes(t, "hashint4", "hashint4extended", "int4", word)
	hashes(t, "hashoid", "hashoidextended", "oid", word)
	hashes(t, "hashint8", "hashint8extended", "int8", hashLong)
	hashes(t, "time_hash", "time_hash_extended", "time", hashLong)
	hashes(t, "timestamp_hash", "timestamp_hash_extended", "timestamp", hashLong)
	hashes(t, "hashfloat4", "hashfloat4extended", "float4", hashFloat)
	hashes(t, "hashfloat8", "hashfloat8extended", "float8", hashFloat)
	hashes(t, "hashtext", "hashtextextended", "text", hashBytes)
	hashes(t, "hashname", "hashnameextended", "name", hashBytes)
	hashes(t, "hashbpchar", "hashbpcharextended", "bpchar", func(s string, seed uint64) uint64 { return hashBytes(strings.TrimRight(s, " "), seed) })
	t.def("uuid_hash(uuid) int4", rowwise(func(c *call) (sqltype.Datum, error) {
		return sqltype.Datum{Int: int64(int32(hashBytes(c.arg[0].Str, 0)))}, nil
	}))
	t.def("uuid_hash_extended(uuid,int8) int8", rowwise(func(c *call) (sqltype.Datum, error) {
		return sqltype.Datum{Int: int64(hashBytes(c.arg[0].Str, uint64(c.arg[1].Int)))}, nil
	}))
}
